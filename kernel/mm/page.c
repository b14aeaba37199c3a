/* SPDX-License-Identifier: MIT */
/*
 * The page allocator, a buddy allocator.
 *
 * mm_init() <- kernel_main(), before all other subsystems. alloc_pages()/put_page() <- slab, page
 * fragments, rings, pipes, stacks.  Any context: buddy_lock is taken with interrupts off, and held
 * only while the free lists change.
 *
 * A free block of 2^order pages is in the list of its order and has PG_BUDDY in its first struct
 * page.  Two buddies are the halves of a block of the next order.  A block is aligned to its size,
 * so the numbers of two buddies differ in one bit.  When both buddies are free, they are joined.
 * The first struct page of an allocated block has the reference count; the others point to it.
 * Compare Linux's mm/page_alloc.c.
 */
#include "kernel/mm/page.h"

#include "boot/boot_info.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/sched/spinlock.h"

static DEFINE_SPINLOCK(buddy_lock);
static struct list_head free_area[MAX_ORDER + 1];
static struct page *mem_map; /* one for each page frame below max_pfn */
static u64 max_pfn;
static u64 free_count;
static u64 total_count;
static u64 min_free;         /* pages in reserve: see page.h */
static LIST_HEAD(shrinkers); /* changed at boot only */

/* ---- one struct page for each frame --------------------------------------------------------- */

static u64 page_to_pfn(const struct page *page)
{
	return page - mem_map;
}

void *page_address(const struct page *page)
{
	return hal_phys_to_virt(page_to_pfn(page) << PAGE_SHIFT);
}

struct page *virt_to_page(const void *addr)
{
	u64 pfn = hal_virt_to_phys(addr) >> PAGE_SHIFT;

	BUG_ON(pfn >= max_pfn);
	return &mem_map[pfn];
}

struct page *compound_head(struct page *page)
{
	return page->flags & PG_TAIL ? page->head : page;
}

struct page *virt_to_head_page(const void *addr)
{
	return compound_head(virt_to_page(addr));
}

/* ---- allocation ----------------------------------------------------------------------------- */

static void free_area_add(struct page *page, unsigned int order)
{
	page->flags = PG_BUDDY;
	page->order = order;
	/*
	 * Also initialises the count: until a block is split, the struct pages inside the block
	 * have no values.
	 */
	refcount_set(&page->refs, 0);
	/* Add at the front: the block that was freed last is probably still in the CPU's cache. */
	list_add(&page->lru, &free_area[order]);
}

/*
 * Takes a free block of at least 2^@order pages, and puts the part beyond 2^@order pages back on
 * the free lists.  Returns NULL if there is none. buddy_lock held.
 */
static struct page *take_block(unsigned int order)
{
	unsigned int have = order;
	struct page *page;

	while (have <= MAX_ORDER && list_empty(&free_area[have]))
		have++;
	if (have > MAX_ORDER)
		return NULL;
	page = list_first_entry(&free_area[have], struct page, lru);
	list_del(&page->lru);
	while (have > order) {
		have--;
		free_area_add(page + (1UL << have), have);
	}
	page->flags = 0;
	page->order = order;
	free_count -= 1UL << order;
	return page;
}

/* Returns the number of free pages that must remain after an allocation with these flags. */
static u64 pages_to_leave(gfp_t gfp)
{
	if (gfp & __GFP_MEMALLOC)
		return 0;
	if (gfp & GFP_ATOMIC)
		return min_free / 2;
	return gfp & GFP_SEND ? min_free : min_free + min_free / 2;
}

static noinline void kick_shrinkers(void)
{
	struct shrinker *s;

	list_for_each_entry(s, &shrinkers, list)
		s->kick();
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	unsigned long flags;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock_irqsave(&buddy_lock, flags);
	if (free_count >= pages_to_leave(gfp) + (1UL << order))
		page = take_block(order);
	spin_unlock_irqrestore(&buddy_lock, flags);
	if (unlikely(mm_pages_are_short()))
		kick_shrinkers();
	if (!page)
		return NULL;

	BUG_ON(refcount_read(&page->refs) != 0);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page[i].flags = PG_TAIL;
		page[i].head = page;
	}
	page->slab = NULL;
	page->freelist = NULL;
	page->inuse = 0;
	refcount_set(&page->refs, 1);
	hal_unpoison(page_address(page), PAGE_SIZE << order);
	if (gfp & __GFP_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

struct page *alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget)
{
	u64 used = __atomic_add_fetch(&budget->used, 1UL << order, __ATOMIC_RELAXED);
	struct page *page = NULL;

	if (used <= budget->limit || gfp & __GFP_MEMALLOC)
		page = alloc_pages(gfp, order);
	if (!page) {
		__atomic_sub_fetch(&budget->used, 1UL << order, __ATOMIC_RELAXED);
		return NULL;
	}
	page->budget = budget;
	page->flags |= PG_BUDGET;
	return page;
}

/* ---- release -------------------------------------------------------------------------------- */

/*
 * Frees a block: while its buddy is free and not split, the two become one block of the next order.
 * buddy_lock held.
 */
static void give_block(struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	free_count += 1UL << order;
	for (; order < MAX_ORDER; order++) {
		u64 buddy_pfn = pfn ^ (1UL << order);
		struct page *buddy = &mem_map[buddy_pfn];

		if (buddy_pfn >= max_pfn || !(buddy->flags & PG_BUDDY) || buddy->order != order)
			break;
		list_del(&buddy->lru);
		buddy->flags = 0;
		pfn &= ~(1UL << order);
	}
	free_area_add(&mem_map[pfn], order);
}

/* Frees the block whose first page is @page.  Called when the last reference is gone. */
static void free_block(struct page *page)
{
	unsigned int order = page->order;
	unsigned long flags;

	BUG_ON(page->flags & (PG_BUDDY | PG_TAIL | PG_SLAB | PG_RESERVED));
	if (page->flags & PG_BUDGET)
		__atomic_sub_fetch(&page->budget->used, 1UL << order, __ATOMIC_RELAXED);
	for (unsigned long i = 1; i < 1UL << order; i++)
		page[i].flags = 0;
	hal_poison(page_address(page), PAGE_SIZE << order);
	spin_lock_irqsave(&buddy_lock, flags);
	give_block(page, order);
	spin_unlock_irqrestore(&buddy_lock, flags);
}

void __free_pages(struct page *page, unsigned int order)
{
	BUG_ON(page->flags & PG_TAIL || page->order != order);
	put_page(page);
}

void get_page(struct page *page)
{
	refcount_inc(&compound_head(page)->refs);
}

void put_page(struct page *page)
{
	page = compound_head(page);
	BUG_ON(page->flags & (PG_BUDDY | PG_RESERVED));
	if (refcount_dec_and_test(&page->refs))
		free_block(page);
}

int page_count(struct page *page)
{
	return refcount_read(&compound_head(page)->refs);
}

void *get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page ? page_address(page) : NULL;
}

void free_pages(void *addr, unsigned int order)
{
	if (addr)
		__free_pages(virt_to_page(addr), order);
}

u64 nr_free_pages(void)
{
	return READ_ONCE(free_count);
}

u64 nr_total_pages(void)
{
	return total_count;
}

/* ---- the reserve of pages -------------------------------------------------------------------- */

u64 mm_min_free(void)
{
	return min_free;
}

bool mm_pages_are_short(void)
{
	return READ_ONCE(free_count) < 2 * min_free;
}

bool mm_pages_are_scarce(void)
{
	return READ_ONCE(free_count) <= min_free + min_free / 4;
}

bool mm_pages_are_gone(void)
{
	return READ_ONCE(free_count) <= min_free;
}

void register_shrinker(struct shrinker *shrinker)
{
	list_add_tail(&shrinker->list, &shrinkers);
}

/*
 * Computes the reserve as Linux's init_per_zone_wmark_min() does, in proportion to the square root
 * of the memory, because network traffic does not grow in proportion to memory.
 */
static u64 min_free_pages(u64 total)
{
	u64 kib = total * (PAGE_SIZE / 1024), min_kib = 0;

	while ((min_kib + 1) * (min_kib + 1) <= MIN_FREE_FACTOR * kib)
		min_kib++;
	return min(min_kib * 1024 / PAGE_SIZE, total / MIN_FREE_PART);
}

/* ---- boot ----------------------------------------------------------------------------------- */

/*
 * Computes the page frames that lie completely inside a usable range of the memory map: [*first,
 * *end).  Returns false if there are none.
 */
static bool usable_frames(const struct boot_mem *mem, u64 *first, u64 *end)
{
	if (mem->type != BOOT_MEM_USABLE)
		return false;
	*first = (mem->base + PAGE_SIZE - 1) >> PAGE_SHIFT;
	*end = (mem->base + mem->size) >> PAGE_SHIFT;
	if (!*first)
		/* Frame 0 belongs to the firmware, so the allocator never returns it. */
		*first = 1;
	return *first < *end;
}

/*
 * Computes the page frames that a range of another type than usable touches: [*first, *end).
 * Returns false if @mem is usable or empty.
 */
static bool taken_frames(const struct boot_mem *mem, u64 *first, u64 *end)
{
	if (mem->type == BOOT_MEM_USABLE || !mem->size)
		return false;
	*first = mem->base >> PAGE_SHIFT;
	*end = (mem->base + mem->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	return true;
}

/*
 * Returns the first of the lowest @n consecutive frames that are usable and that no range of
 * another type overlaps.
 */
static u64 find_frames(const struct boot_info *boot, u64 n)
{
	for (unsigned int i = 0; i < boot->nr_mem; i++) {
		u64 first, end, other_first, other_end;
		bool moved = true;

		if (!usable_frames(&boot->mem[i], &first, &end))
			continue;
		while (moved && first + n <= end) {
			moved = false;
			for (unsigned int j = 0; j < boot->nr_mem; j++) {
				if (taken_frames(&boot->mem[j], &other_first, &other_end) &&
				    first < other_end && other_first < first + n) {
					first = other_end;
					moved = true;
				}
			}
		}
		if (first + n <= end)
			return first;
	}
	panic("no room for %llu pages of page structures", (unsigned long long)n);
}

/*
 * Returns true if the allocator manages frame @pfn: a range of the memory map calls it usable, and
 * no range of another type contains it.  The answer is the same for all frames up to *@run_end.
 */
static bool frame_run(const struct boot_info *boot, u64 pfn, u64 *run_end)
{
	bool usable = false, taken = false;

	*run_end = max_pfn;
	for (unsigned int i = 0; i < boot->nr_mem; i++) {
		bool is_usable = boot->mem[i].type == BOOT_MEM_USABLE;
		u64 first, end;

		if (!usable_frames(&boot->mem[i], &first, &end) &&
		    !taken_frames(&boot->mem[i], &first, &end))
			continue;
		if (pfn >= end)
			continue;
		if (pfn < first) {
			*run_end = min(*run_end, first);
			continue;
		}
		*run_end = min(*run_end, end);
		if (is_usable)
			usable = true;
		else
			taken = true;
	}
	return usable && !taken;
}

static void reserve_run(u64 first, u64 end)
{
	memset(&mem_map[first], 0, (end - first) * sizeof(struct page));
	for (u64 pfn = first; pfn < end; pfn++)
		mem_map[pfn].flags = PG_RESERVED;
}

/*
 * Frees the frames [first, end) as the largest aligned blocks that fit.  The frames on both sides
 * are not free, and no two of these blocks are buddies, so no blocks need to be joined.  Writes
 * only the first struct page of each block; mm_init() explains why.
 */
static void free_run(u64 first, u64 end)
{
	while (first < end) {
		unsigned int order = min_t(unsigned int, __builtin_ctzll(first), MAX_ORDER);

		while (first + (1UL << order) > end)
			order--;
		hal_poison(page_address(&mem_map[first]), PAGE_SIZE << order);
		free_area_add(&mem_map[first], order);
		free_count += 1UL << order;
		first += 1UL << order;
	}
}

/*
 * Frees all usable frames.  The array of page structures is not cleared: with 3 GiB of memory that
 * alone would take most of the boot time.  A struct page inside a free block is written when the
 * block is split (free_area_add) or allocated (alloc_pages). give_block() reads only the first
 * struct page of a buddy, which was written when that buddy was freed or reserved.
 */
void mm_init(const struct boot_info *boot)
{
	u64 map_first, map_end, first, end, next;
	unsigned long flags;

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		INIT_LIST_HEAD(&free_area[order]);
	max_pfn = 0;
	free_count = 0;
	min_free = 0;
	INIT_LIST_HEAD(&shrinkers);
	for (unsigned int i = 0; i < boot->nr_mem; i++)
		if (usable_frames(&boot->mem[i], &first, &end) ||
		    (boot->mem[i].type == BOOT_MEM_INITRD &&
		     taken_frames(&boot->mem[i], &first, &end)))
			max_pfn = max(max_pfn, end);

	map_end = DIV_ROUND_UP(max_pfn * sizeof(struct page), PAGE_SIZE);
	map_first = find_frames(boot, map_end);
	map_end += map_first;
	mem_map = hal_phys_to_virt(map_first << PAGE_SHIFT);

	spin_lock_irqsave(&buddy_lock, flags);
	for (first = 0; first < max_pfn; first = end) {
		bool usable = frame_run(boot, first, &end);

		/* Adjacent ranges with the same answer are handled as one. */
		while (end < max_pfn && frame_run(boot, end, &next) == usable)
			end = next;
		if (!usable) {
			reserve_run(first, end);
			continue;
		}
		/* The array of page structures lies in one of the usable runs. */
		if (map_first >= first && map_first < end) {
			free_run(first, map_first);
			reserve_run(map_first, map_end);
			free_run(map_end, end);
		} else {
			free_run(first, end);
		}
	}
	total_count = free_count;
	min_free = min_free_pages(total_count);
	spin_unlock_irqrestore(&buddy_lock, flags);
}

struct page *adopt_boot_page(phys_addr_t pa)
{
	struct page *page = &mem_map[pa >> PAGE_SHIFT];
	unsigned long flags;

	BUG_ON(pa >> PAGE_SHIFT >= max_pfn || page->flags != PG_RESERVED);
	page->flags = 0;
	page->order = 0;
	refcount_set(&page->refs, 1);
	spin_lock_irqsave(&buddy_lock, flags);
	total_count++;
	spin_unlock_irqrestore(&buddy_lock, flags);
	return page;
}

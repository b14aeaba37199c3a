/* SPDX-License-Identifier: MIT */
/* The buddy allocator, checked against a map of the owner of each page; compound pages; page fragments. */
#include "tests/unit/unit_hal.h"

#include "boot/boot_info.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_frag.h"

#define KIB   8192
#define PAGES (KIB / 4)
#define HELD  256

static u8 owner[PAGES]; /* 0: no owner */
static struct {
	char *addr;
	unsigned int order;
} held[HELD];

static size_t index_of(const char *addr)
{
	return (addr - unit_arena()) / PAGE_SIZE;
}

/* Changes the owner of the block's pages from @from to @to; each page must have had the owner @from. */
static void mark_block(char *addr, unsigned int order, u8 from, u8 to)
{
	for (size_t i = 0; i < 1UL << order; i++) {
		assert_int_equal(owner[index_of(addr) + i], from);
		owner[index_of(addr) + i] = to;
	}
}

static void take(unsigned int slot, unsigned int order)
{
	char *addr = get_free_pages(GFP_KERNEL, order);

	if (!addr)
		return;
	assert_int_equal((uintptr_t)addr % (PAGE_SIZE << order), 0);
	mark_block(addr, order, 0, 1);
	memset(addr, slot, PAGE_SIZE << order);
	held[slot].addr = addr;
	held[slot].order = order;
}

static void give(unsigned int slot)
{
	for (size_t i = 0; i < PAGE_SIZE << held[slot].order; i += 509)
		assert_int_equal((u8)held[slot].addr[i], (u8)slot);
	mark_block(held[slot].addr, held[slot].order, 1, 0);
	free_pages(held[slot].addr, held[slot].order);
	held[slot].addr = NULL;
}

static void test_random_against_ownership(void **state)
{
	u64 all;

	unit_memory(KIB, false);
	all = nr_free_pages();
	/* One page may be in use: the slab of the cache for kmem_cache objects. */
	assert_in_range(nr_total_pages() - all, 0, 1);
	assert_in_range(all, PAGES * 9 / 10, PAGES - 1);
	for (int round = 0; round < 30000; round++) {
		unsigned int slot = unit_random() % HELD;
		u64 used = 0;

		if (held[slot].addr)
			give(slot);
		else
			take(slot, unit_random() % 8 ? unit_random() % 4
						     : unit_random() % (MAX_ORDER + 1));
		if (round % 100)
			continue;
		for (size_t i = 0; i < PAGES; i++)
			used += owner[i];
		assert_int_equal(nr_free_pages(), all - used);
	}
	for (unsigned int slot = 0; slot < HELD; slot++)
		if (held[slot].addr)
			give(slot);
	assert_int_equal(nr_free_pages(), all);
}

/* After all pages were freed in random order, the buddies have merged: the largest block can be allocated. */
static void test_coalesces_to_the_largest(void **state)
{
	static void *pages[PAGES];
	unsigned int n = 0;
	void *large;
	u64 all;

	unit_memory(KIB, false);
	all = nr_free_pages();
	while ((pages[n] = get_free_pages(GFP_ATOMIC | __GFP_MEMALLOC, 0)))
		n++;
	assert_int_equal(nr_free_pages(), 0);
	assert_int_equal(n, all);
	assert_null(get_free_pages(GFP_ATOMIC, 0));
	for (unsigned int i = n; i > 1; i--) {
		unsigned int other = unit_random() % i;

		swap(pages[i - 1], pages[other]);
	}
	for (unsigned int i = 0; i < n; i++)
		free_pages(pages[i], 0);
	large = get_free_pages(GFP_KERNEL, MAX_ORDER);
	assert_non_null(large);
	free_pages(large, MAX_ORDER);
	assert_null(alloc_pages(GFP_KERNEL, MAX_ORDER + 1));
}

/* Allocates pages with @gfp until that fails; returns their number. */
static unsigned int take_all(gfp_t gfp, void **pages)
{
	unsigned int n = 0;

	while ((pages[n] = get_free_pages(gfp, 0)))
		n++;
	return n;
}

static unsigned int kicks;

static void count_kick(void)
{
	kicks++;
}

/*
 * The last mm_min_free() pages are reserved for softirqs (GFP_ATOMIC), half of them for the receive ring alone
 * (__GFP_MEMALLOC); shrinkers are called before that reserve is reached.  mm_min_free() is the smaller of two
 * values: a multiple of the square root of memory, which is 362 KiB for the 8 MiB of this test, and 1/32 of memory,
 * which is 256 KiB.  (With 64 MiB the first value is the smaller one: 1 MiB, as in test_pinned.py.)
 *
 * LIMIT(MIN_FREE_FACTOR) LIMIT(MIN_FREE_PART)
 */
static void test_the_last_pages(void **state)
{
	static struct shrinker shrinker = {.kick = count_kick};
	static void *pages[PAGES];
	unsigned int n, min;
	u64 all;

	unit_memory(KIB, false);
	register_shrinker(&shrinker);
	all = nr_free_pages();
	min = mm_min_free();
	/* min * 4 is in KiB.  It is less than 256, because the memory of the page structures does not count. */
	assert_in_range(min * 4, 240, 256);
	kicks = 0;
	for (n = 0; !mm_pages_are_short(); n++)
		assert_non_null(pages[n] = get_free_pages(GFP_KERNEL, 0));
	assert_int_equal(nr_free_pages(), 2 * min - 1);
	assert_int_equal(kicks, 1);
	n += take_all(GFP_KERNEL, pages + n);
	assert_int_equal(nr_free_pages(), min + min / 2);
	assert_null(get_free_pages(GFP_NOWAIT, 0));
	/*
	 * As pages run out, mm_pages_are_scarce() becomes true first: from then on, sockets refuse received data.
	 * Later mm_pages_are_gone() becomes true: from then on, GFP_SEND fails.
	 */
	while ((pages[n] = get_free_pages(GFP_SEND, 0))) {
		n++;
		assert_int_equal(mm_pages_are_scarce(), nr_free_pages() <= min + min / 4);
		assert_int_equal(mm_pages_are_gone(), nr_free_pages() <= min);
	}
	assert_int_equal(nr_free_pages(), min);
	n += take_all(GFP_ATOMIC, pages + n);
	assert_int_equal(nr_free_pages(), min / 2);
	n += take_all(GFP_ATOMIC | __GFP_MEMALLOC, pages + n);
	assert_int_equal(nr_free_pages(), 0);
	while (n--)
		free_pages(pages[n], 0);
	assert_int_equal(nr_free_pages(), all);
	/* The shrinker need not be unregistered: the next unit_memory() starts without it. */
}

/* A block counts in its budget until its last piece is freed, even when the page_frag no longer uses the block. */
static void test_blocks_have_a_budget(void **state)
{
	struct page_budget budget = {.limit = 2 << SKB_MAX_ORDER};
	struct page_frag frag = {.budget = &budget};
	void *kept[3], *p;

	unit_memory(KIB, false);
	for (unsigned int i = 0; i < 2; i++) {
		kept[i] = page_frag_alloc(&frag, 64, GFP_KERNEL);
		assert_non_null(kept[i]);
		/* Use up the rest of the block and free that piece at once: the first piece still holds the
		 * block. */
		p = page_frag_alloc(&frag, (PAGE_SIZE << SKB_MAX_ORDER) - 64, GFP_KERNEL);
		assert_non_null(p);
		page_frag_free(p);
	}
	assert_int_equal(budget.used, budget.limit);
	assert_null(page_frag_alloc(&frag, 64, GFP_KERNEL));
	/* __GFP_MEMALLOC may exceed the budget. */
	kept[2] = page_frag_alloc(&frag, 64, GFP_ATOMIC | __GFP_MEMALLOC);
	assert_non_null(kept[2]);
	for (unsigned int i = 0; i < 3; i++)
		page_frag_free(kept[i]);
	page_frag_drain(&frag);
	assert_int_equal(budget.used, 0);
	assert_ptr_equal(frag.budget, &budget);
}

static void test_compound_references(void **state)
{
	u64 before;
	struct page *page;
	char *addr;

	unit_memory(KIB, false);
	before = nr_free_pages();
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	assert_non_null(page);
	addr = page_address(page);
	for (size_t i = 0; i < PAGE_SIZE << 3; i++)
		assert_int_equal(addr[i], 0);
	assert_ptr_equal(compound_head(virt_to_page(addr + 5 * PAGE_SIZE + 1)), page);
	get_page(virt_to_page(addr + 7 * PAGE_SIZE));
	assert_int_equal(page_count(virt_to_page(addr + PAGE_SIZE)), 2);
	put_page(page);
	assert_int_equal(nr_free_pages(), before - 8);
	put_page(virt_to_page(addr + 3 * PAGE_SIZE));
	assert_int_equal(nr_free_pages(), before);
}

static void test_misuse_panics(void **state)
{
	struct page *page;

	unit_memory(KIB, false);
	page = alloc_page(GFP_KERNEL);
	put_page(page);
	assert_panics(put_page(page));
	page = alloc_pages(GFP_KERNEL, 1);
	assert_panics(__free_pages(page, 0));
	assert_panics(__free_pages(page + 1, 0));
	assert_panics(virt_to_page(&page));
	/* The pages that hold the page structures must never be freed. */
	assert_panics(put_page(virt_to_page(unit_arena())));
	put_page(page);
	assert_panics(get_page(page));
}

/* A boot map with overlapping, unaligned and far entries, and the kernel's image in the middle of usable memory. */
static void test_boot_map_is_taken_carefully(void **state)
{
	static struct boot_info boot;
	const u64 base = UNIT_PHYS;
	u64 pages = 0;
	void *p;

	unit_memory(4096, false);
	boot.nr_mem = 4;
	boot.mem[0] = (struct boot_mem){base + 0x80, 0x3ff000, BOOT_MEM_USABLE};
	boot.mem[1] = (struct boot_mem){base + 0x100000, 0x20001, BOOT_MEM_KERNEL};
	boot.mem[2] = (struct boot_mem){base + 0x2ffffff00, 0x200, BOOT_MEM_RESERVED};
	boot.mem[3] = (struct boot_mem){base + 0x10000, 0x10, BOOT_MEM_USABLE};
	mm_init(&boot);
	while ((p = get_free_pages(GFP_KERNEL | __GFP_MEMALLOC, 0))) {
		u64 offset = (char *)p - unit_arena();

		assert_true(offset >= 0x1000 && offset + PAGE_SIZE <= 0x3ff080);
		assert_true(offset < 0x100000 || offset >= 0x121000);
		memset(p, 0xee, PAGE_SIZE);
		pages++;
	}
	assert_int_equal(pages, nr_total_pages());
	assert_true(pages > 900);
}

static void test_page_frag(void **state)
{
	struct page_frag frag = {.page = NULL};
	char *pieces[400];
	u64 before;

	unit_memory(KIB, false);
	before = nr_free_pages();
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 400; i++) {
			unsigned int size = unit_random() % 4000;

			pieces[i] = page_frag_alloc(&frag, size, GFP_ATOMIC);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t)pieces[i] % 64, 0);
			memset(pieces[i], i, size);
			if (size)
				assert_int_equal((u8)pieces[i][size - 1], (u8)i);
			if (unit_random() % 2) {
				page_frag_free(pieces[i]);
				pieces[i] = NULL;
			}
		}
		for (int i = 0; i < 400; i++)
			page_frag_free(pieces[i]);
	}
	page_frag_drain(&frag);
	assert_null(frag.page);
	assert_int_equal(nr_free_pages(), before);
}

/* LIMIT(SKB_MAX_ORDER) */
static void test_page_frag_limits(void **state)
{
	struct page_frag frag = {.page = NULL};
	struct page *all[PAGES];
	unsigned int n = 0;
	char *first;
	u64 before;

	unit_memory(KIB, false);
	before = nr_free_pages();
	assert_null(page_frag_alloc(&frag, (PAGE_SIZE << SKB_MAX_ORDER) + 1, GFP_ATOMIC));
	assert_null(page_frag_alloc(&frag, ~0U, GFP_ATOMIC));
	first = page_frag_alloc(&frag, PAGE_SIZE << SKB_MAX_ORDER, GFP_ATOMIC);
	assert_non_null(first);
	page_frag_free(first);
	/* The page_frag's block was used up, but all its pieces are free: it is used again from its start. */
	assert_ptr_equal(page_frag_alloc(&frag, 100, GFP_ATOMIC), first);
	page_frag_free(first);
	page_frag_drain(&frag);

	while ((all[n] = alloc_page(GFP_KERNEL | __GFP_MEMALLOC)))
		n++;
	assert_null(page_frag_alloc(&frag, 100, GFP_ATOMIC | __GFP_MEMALLOC));
	/* Only one page is free, so the page_frag gets a block of one page instead of a larger one. */
	put_page(all[--n]);
	first = page_frag_alloc(&frag, 100, GFP_ATOMIC | __GFP_MEMALLOC);
	assert_non_null(first);
	assert_int_equal(frag.size, PAGE_SIZE);
	page_frag_free(first);
	page_frag_drain(&frag);
	while (n)
		put_page(all[--n]);
	assert_int_equal(nr_free_pages(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_ownership),
		cmocka_unit_test(test_coalesces_to_the_largest),
		cmocka_unit_test(test_the_last_pages),
		cmocka_unit_test(test_blocks_have_a_budget),
		cmocka_unit_test(test_compound_references),
		cmocka_unit_test(test_misuse_panics),
		cmocka_unit_test(test_boot_map_is_taken_carefully),
		cmocka_unit_test(test_page_frag),
		cmocka_unit_test(test_page_frag_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Object caches, which take their memory from the page allocator, and kmalloc(), which takes
 * objects from caches.
 *
 * kmem_cache_alloc()/kmem_cache_free() <- sk_buffs, sockets, files, threads.  Every packet needs
 * them, so the two functions only take a lock, change a few pointers and count.  Any context: the
 * lock of each cache is taken with interrupts off, and never held while pages are allocated or
 * freed.
 *
 * A slab is a compound block of pages, cut into objects of equal size.  Its state is in the block's
 * first struct page: the list of free objects (the first word of each points to the next one), the
 * number of objects in use, the cache.  The slab of an object is found through its address.  Slabs
 * with a free object are on cache->partial, the others on cache->full.  KEEP_EMPTY empty slabs are
 * not freed, for the next burst of allocations.  Compare Linux's mm/slub.c.
 */
#define LOG_SOURCE mm_log
#include "kernel/mm/slab.h"

#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"

/*
 * log2 of the pages of the largest slab, which is 32 KiB.  Larger blocks are hard to find in fragmented
 * memory.
 */
#define SLAB_MAX_ORDER    3
#define SLAB_MIN_OBJECTS  4
#define KEEP_EMPTY        2 /* empty slabs that a cache keeps */
#define KMALLOC_MIN_SHIFT 4
#define KMALLOC_MAX_SHIFT 13
#define KMALLOC_CACHES    (KMALLOC_MAX_SHIFT - KMALLOC_MIN_SHIFT + 1)
#define KMALLOC_LARGEST   (PAGE_SIZE << MAX_ORDER)

DEFINE_LOG_SOURCE(mm_log, "mm");
static LIST_HEAD(caches); /* changed at boot only */
static struct kmem_cache cache_of_caches;
static struct kmem_cache *kmalloc_caches[KMALLOC_CACHES];
/* Counts kmalloc() objects that are too large for a cache and have pages of their own. */
static struct kmem_cache *kmalloc_large;

/* Returns log2 of the number of pages that hold @size bytes. */
static unsigned int pages_order(size_t size)
{
	return size <= PAGE_SIZE ? 0 : 64 - __builtin_clzll((size - 1) >> PAGE_SHIFT);
}

/* ---- slabs ---------------------------------------------------------------------------------- */

/*
 * Allocates the pages of a slab: a block of the cache's order or, if memory is fragmented, a smaller
 * block that holds at least one object.
 */
static struct page *slab_pages(struct kmem_cache *cache, gfp_t gfp)
{
	for (int order = cache->order; order >= 0 && PAGE_SIZE << order >= cache->stride; order--) {
		struct page *page = alloc_pages(gfp & ~__GFP_ZERO, order);

		if (page)
			return page;
	}
	return NULL;
}

static u32 slab_objects(const struct kmem_cache *cache, const struct page *page)
{
	return (PAGE_SIZE << page->order) / cache->stride;
}

/* Returns a new slab without objects in use, on no list yet, or NULL if there is no memory. */
static struct page *slab_new(struct kmem_cache *cache, gfp_t gfp)
{
	struct page *page = slab_pages(cache, gfp);
	char *base;

	if (!page)
		return NULL;
	base = page_address(page);
	page->flags |= PG_SLAB;
	page->slab = cache;
	page->inuse = 0;
	page->freelist = NULL;
	for (u32 i = slab_objects(cache, page); i-- > 0;) {
		void **obj = (void **)(base + (size_t)i * cache->stride);

		*obj = page->freelist;
		page->freelist = obj;
	}
	return page;
}

static void slab_destroy(struct page *page)
{
	page->flags &= ~PG_SLAB;
	page->slab = NULL;
	put_page(page);
}

/*
 * Takes an object from the first slab of cache->partial, which must not be empty. cache->lock held.
 */
static void *slab_take(struct kmem_cache *cache)
{
	struct page *page = list_first_entry(&cache->partial, struct page, lru);
	void **obj = page->freelist;

	page->freelist = *obj;
	if (page->inuse++ == 0)
		cache->empty--;
	if (!page->freelist)
		list_move_tail(&page->lru, &cache->full);
	return obj;
}

/*
 * Puts an object back into its slab.  Returns the slab if no object of it is in use and the caller
 * must free it. cache->lock held.
 */
static struct page *slab_give(struct kmem_cache *cache, struct page *page, void **obj)
{
	bool was_full = !page->freelist;

	BUG_ON(page->freelist == obj || page->inuse == 0); /* freed twice */
	*obj = page->freelist;
	page->freelist = obj;
	if (--page->inuse > 0) {
		if (was_full)
			list_move_tail(&page->lru, &cache->partial);
		return NULL;
	}
	if (cache->empty >= KEEP_EMPTY) {
		list_del(&page->lru);
		cache->slabs--;
		return page;
	}
	/*
	 * Add at the tail: allocations fill slabs with objects in use first, so that empty slabs
	 * stay empty and can be freed.
	 */
	cache->empty++;
	list_move_tail(&page->lru, &cache->partial);
	return NULL;
}

/* ---- the caches ----------------------------------------------------------------------------- */

/* cache->lock held. */
static void count_failure(struct kmem_cache *cache)
{
	cache->failed++;
	pr_debug("%s has no object of %u bytes: %llu alive", cache->name, cache->size,
		 (unsigned long long)cache->live);
}

static void account_failure(struct kmem_cache *cache)
{
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	count_failure(cache);
	spin_unlock_irqrestore(&cache->lock, flags);
}

/* cache->lock held. */
static bool at_limit(const struct kmem_cache *cache)
{
	return cache->limit && cache->live >= cache->limit;
}

/*
 * Takes an object and counts it.  Returns NULL if the cache is at its limit, or no slab has a free object.
 * cache->lock held.
 */
static void *take_counted(struct kmem_cache *cache)
{
	if (unlikely(at_limit(cache) || list_empty(&cache->partial)))
		return NULL;
	if (++cache->live > cache->high)
		cache->high = cache->live;
	return slab_take(cache);
}

/* Adds a slab of free objects.  Returns false if there is no memory. */
static bool slab_grow(struct kmem_cache *cache, gfp_t gfp)
{
	struct page *page = slab_new(cache, gfp);
	unsigned long flags;

	if (!page)
		return false;
	spin_lock_irqsave(&cache->lock, flags);
	list_add(&page->lru, &cache->partial);
	cache->slabs++;
	cache->empty++;
	spin_unlock_irqrestore(&cache->lock, flags);
	return true;
}

/* Not inline, so that alloc_from_slabs() needs few registers. */
static noinline void *alloc_slowly(struct kmem_cache *cache, gfp_t gfp)
{
	unsigned long flags;
	bool limited;
	void *obj;

	do {
		spin_lock_irqsave(&cache->lock, flags);
		limited = at_limit(cache);
		obj = take_counted(cache);
		spin_unlock_irqrestore(&cache->lock, flags);
	} while (!obj && !limited && slab_grow(cache, gfp));
	if (!obj)
		account_failure(cache);
	return obj;
}

static void *alloc_from_slabs(struct kmem_cache *cache, gfp_t gfp)
{
	unsigned long flags;
	void *obj;

	spin_lock_irqsave(&cache->lock, flags);
	obj = take_counted(cache);
	spin_unlock_irqrestore(&cache->lock, flags);
	return likely(obj) ? obj : alloc_slowly(cache, gfp);
}

/* Allocates an object; with __GFP_ZERO its first @size bytes are cleared. */
static void *cache_alloc(struct kmem_cache *cache, size_t size, gfp_t gfp)
{
	void *obj = alloc_from_slabs(cache, gfp);

	if (obj && gfp & __GFP_ZERO)
		memset(obj, 0, size);
	return obj;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc(cache, cache->size, gfp);
}

static void free_to_slab(struct kmem_cache *cache, struct page *page, void *obj)
{
	struct page *surplus;
	unsigned long flags;

	BUG_ON(!(page->flags & PG_SLAB) || page->slab != cache);
	spin_lock_irqsave(&cache->lock, flags);
	cache->live--;
	surplus = slab_give(cache, page, obj);
	spin_unlock_irqrestore(&cache->lock, flags);
	if (surplus)
		slab_destroy(surplus);
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	if (!obj)
		return;
	free_to_slab(cache, virt_to_head_page(obj), obj);
}

/*
 * Chooses the smallest slab size that holds SLAB_MIN_OBJECTS and wastes at most an eighth, or else
 * the largest.
 */
static void choose_order(struct kmem_cache *cache)
{
	for (cache->order = 0; cache->order <= SLAB_MAX_ORDER; cache->order++) {
		u32 bytes = PAGE_SIZE << cache->order;

		cache->per_slab = bytes / cache->stride;
		if (cache->per_slab >= SLAB_MIN_OBJECTS && bytes % cache->stride <= bytes / 8)
			return;
	}
	cache->order = SLAB_MAX_ORDER;
	BUG_ON(cache->per_slab == 0);
}

static void cache_setup(struct kmem_cache *cache, const char *name, size_t size, size_t align,
			u64 limit)
{
	if (align < sizeof(void *))
		align = sizeof(void *);
	BUG_ON(!IS_POWER_OF_2(align) || align > PAGE_SIZE || size == 0);
	*cache = (struct kmem_cache){
		.name = name,
		.size = size,
		.stride = ALIGN_UP(size, align),
		.align = align,
		.limit = limit,
	};
	spin_lock_init(&cache->lock);
	INIT_LIST_HEAD(&cache->partial);
	INIT_LIST_HEAD(&cache->full);
	choose_order(cache);
	list_add_tail(&cache->caches, &caches);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u64 limit)
{
	struct kmem_cache *cache = kmem_cache_alloc(&cache_of_caches, GFP_KERNEL);

	if (!cache)
		panic("no memory for the cache %s", name);
	cache_setup(cache, name, size, align, limit);
	return cache;
}

struct list_head *kmem_caches(void)
{
	return &caches;
}

/* ---- kmalloc -------------------------------------------------------------------------------- */

static struct kmem_cache *kmalloc_cache(size_t size)
{
	if (size <= 1UL << KMALLOC_MIN_SHIFT)
		return kmalloc_caches[0];
	if (size > 1UL << KMALLOC_MAX_SHIFT)
		return NULL;
	return kmalloc_caches[64 - __builtin_clzll(size - 1) - KMALLOC_MIN_SHIFT];
}

static void count_large(int delta)
{
	struct kmem_cache *cache = kmalloc_large;
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	cache->live += delta;
	cache->high = max(cache->high, cache->live);
	spin_unlock_irqrestore(&cache->lock, flags);
}

static void *large_alloc(size_t size, gfp_t gfp)
{
	void *obj = NULL;

	if (size <= KMALLOC_LARGEST)
		obj = get_free_pages(gfp, pages_order(size));
	if (obj)
		count_large(1);
	else
		account_failure(kmalloc_large);
	return obj;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache = kmalloc_cache(size);

	if (likely(cache))
		return cache_alloc(cache, size, gfp);
	return large_alloc(size, gfp);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes, gfp);
}

void kfree(const void *obj)
{
	struct page *page;

	if (!obj)
		return;
	page = virt_to_head_page(obj);
	if (likely(page->flags & PG_SLAB)) {
		free_to_slab(page->slab, page, (void *)obj);
		return;
	}
	BUG_ON(page_address(page) != obj);
	count_large(-1);
	put_page(page);
}

size_t kmalloc_size_roundup(size_t size)
{
	struct kmem_cache *cache = kmalloc_cache(size);

	return cache ? cache->size : PAGE_SIZE << pages_order(size);
}

void slab_init(void)
{
	static const char *const names[KMALLOC_CACHES] = {
		"kmalloc-16",  "kmalloc-32",   "kmalloc-64",   "kmalloc-128",  "kmalloc-256",
		"kmalloc-512", "kmalloc-1024", "kmalloc-2048", "kmalloc-4096", "kmalloc-8192",
	};

	log_register(&mm_log);
	INIT_LIST_HEAD(&caches);
	cache_setup(&cache_of_caches, "kmem_cache", sizeof(struct kmem_cache), 0, 0);
	for (unsigned int i = 0; i < KMALLOC_CACHES; i++) {
		size_t size = 1UL << (i + KMALLOC_MIN_SHIFT);

		/*
		 * Objects of up to 64 bytes (a cache line) are aligned to their size, larger ones
		 * to 64 bytes.  Callers rely on this.
		 */
		kmalloc_caches[i] = kmem_cache_create(names[i], size, min_t(size_t, size, 64), 0);
	}
	kmalloc_large = kmem_cache_create("kmalloc-large", PAGE_SIZE, PAGE_SIZE, 0);
}

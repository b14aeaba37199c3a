/* SPDX-License-Identifier: MIT */
/*
 * Object caches and kmalloc.
 *
 * A cache allocates objects of one size from slabs of pages.  It counts the objects in use
 * (/proc/slabinfo), so that tests can verify that none leaked.  In the hosted build each object is
 * allocated by the host's malloc(), so that the sanitizer detects a use after free
 * (tests/host/separate.c).  Any context. An allocation returns NULL if there is no memory, or at
 * the cache's limit.
 */
#ifndef KERNEL_MM_SLAB_H
#define KERNEL_MM_SLAB_H

#include "kernel/lib/list.h"
#include "kernel/sched/spinlock.h"
#include "kernel/types.h"

extern struct log_source mm_log; /* slab.c */

struct kmem_cache {
	const char *name;
	u32 size;   /* bytes of an object: the size given to kmem_cache_create() */
	u32 stride; /* bytes an object takes in its slab */
	u32 align;
	u32 per_slab; /* objects in a slab */
	u8 order;     /* pages of a slab, log2 */
	spinlock_t lock;
	struct list_head partial; /* slabs with a free object */
	struct list_head full;
	u32 empty;  /* slabs kept though empty */
	u64 live;   /* objects in use */
	u64 high;   /* largest value of @live so far */
	u64 limit;  /* 0 = none */
	u64 failed; /* allocations refused */
	u64 slabs;
	struct list_head caches; /* link in the list of all caches */
};

/*
 * Creates a cache.  Panics if there is no memory: caches are created at boot.  @align 0 means 8.
 * @limit: the most objects in use at a time; 0: limited by memory only.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u64 limit);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}
void kmem_cache_free(struct kmem_cache *cache, void *obj);
struct list_head *kmem_caches(void);

/*
 * Sizes of 16 to 8192 bytes come from the caches kmalloc-N, larger ones (up to 4 MiB) from pages.
 * kfree(NULL) does nothing.
 */
void *kmalloc(size_t size, gfp_t gfp);
static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}
void *kcalloc(size_t n, size_t size, gfp_t gfp); /* NULL when n * size overflows */
void kfree(const void *obj);
/*
 * Returns the usable size of what kmalloc(@size) allocates: a caller that passes this size wastes
 * no bytes.
 */
size_t kmalloc_size_roundup(size_t size);

void slab_init(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Makes each slab object a separate allocation of the C library, so that AddressSanitizer finds
 * accesses outside of the object's bounds and after it was freed.
 *
 * The whole kernel calls __wrap_kmem_cache_alloc() and the other __wrap_ functions in place of the
 * functions of kernel/mm/slab.c (programs with this file are linked with --wrap: Makefile).  Any
 * context; slab's locks.
 *
 * Each allocation makes two objects.  The first comes from slab and is called the twin: so the cache's
 * counters, its limit and the free pages change exactly as on the machine; the twin's memory is not
 * used.  The second comes from the C library, and the kernel gets this one.  Freeing it frees the twin,
 * too.  A header (struct head) precedes the second object; the sanitizer forbids access to the header
 * as long as the object exists.  With sn_set("separate_objects", 0) the kernel gets slab's object.
 */
#include "tests/host/separate.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"

void *__real_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *__wrap_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void __real_kmem_cache_free(struct kmem_cache *cache, void *obj);
void __wrap_kmem_cache_free(struct kmem_cache *cache, void *obj);
void *__real_kmalloc(size_t size, gfp_t gfp);
void *__wrap_kmalloc(size_t size, gfp_t gfp);
void *__wrap_kcalloc(size_t n, size_t size, gfp_t gfp);
void __real_kfree(const void *obj);
void __wrap_kfree(const void *obj);

struct head {
	void *twin;  /* slab's object */
	size_t lead; /* bytes from the host's allocation to the object */
};
BUILD_BUG_ON(sizeof(struct head) != 16);

/* Slab gave the twin, but the C library had no memory: counts the failure in the twin's cache. */
static void count_failure(void *twin)
{
	struct page *page = compound_head(virt_to_page(twin));
	unsigned long flags;

	if (!(page->flags & PG_SLAB))
		return;
	spin_lock_irqsave(&page->slab->lock, flags);
	page->slab->failed++;
	spin_unlock_irqrestore(&page->slab->lock, flags);
}

/* Allocates the object of @size bytes that belongs to @twin.  On failure returns NULL; the caller
 * then frees @twin. */
static void *separate_alloc(void *twin, size_t size, size_t align, gfp_t gfp)
{
	size_t lead = max_t(size_t, align, sizeof(struct head));
	char *raw = host_object_alloc(lead + size, lead);

	if (!raw) {
		count_failure(twin);
		return NULL;
	}
	*((struct head *)(raw + lead) - 1) = (struct head){.twin = twin, .lead = lead};
	hal_poison(raw, lead);
	if (gfp & __GFP_ZERO)
		memset(raw + lead, 0, size);
	return raw + lead;
}

static struct head head_of(const void *obj)
{
	const struct head *head = (const struct head *)obj - 1;
	struct head copy;

	hal_unpoison(head, sizeof(*head));
	copy = *head;
	hal_poison(head, sizeof(*head));
	return copy;
}

static void separate_free(const void *obj, size_t lead)
{
	char *raw = (char *)obj - lead;

	hal_unpoison(raw, lead);
	host_object_free(raw);
}

void *__wrap_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *twin, *obj;

	if (!host_objects_are_separate())
		return __real_kmem_cache_alloc(cache, gfp);
	twin = __real_kmem_cache_alloc(cache, gfp & ~__GFP_ZERO);
	if (!twin)
		return NULL;
	obj = separate_alloc(twin, cache->size, cache->align, gfp);
	if (!obj)
		__real_kmem_cache_free(cache, twin);
	return obj;
}

/* Frees the twin first, so that slab checks @cache before the object's memory is gone. */
void __wrap_kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	struct head head;

	if (!obj || !host_objects_are_separate()) {
		__real_kmem_cache_free(cache, obj);
		return;
	}
	head = head_of(obj);
	__real_kmem_cache_free(cache, head.twin);
	separate_free(obj, head.lead);
}

/* The kernel's object has @size bytes, not the rounded size of slab's cache, so that the sanitizer
 * finds an access beyond the requested size. */
void *__wrap_kmalloc(size_t size, gfp_t gfp)
{
	size_t align = min_t(size_t, kmalloc_size_roundup(size), 64);
	void *twin, *obj;

	if (!host_objects_are_separate())
		return __real_kmalloc(size, gfp);
	twin = __real_kmalloc(size, gfp & ~__GFP_ZERO);
	if (!twin)
		return NULL;
	if (!(compound_head(virt_to_page(twin))->flags & PG_SLAB))
		align = PAGE_SIZE;
	obj = separate_alloc(twin, size, align, gfp);
	if (!obj)
		__real_kfree(twin);
	return obj;
}

void *__wrap_kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL
						       : __wrap_kmalloc(bytes, gfp | __GFP_ZERO);
}

void __wrap_kfree(const void *obj)
{
	struct head head;

	if (!obj || !host_objects_are_separate()) {
		__real_kfree(obj);
		return;
	}
	head = head_of(obj);
	__real_kfree(head.twin);
	separate_free(obj, head.lead);
}

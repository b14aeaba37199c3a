/* SPDX-License-Identifier: MIT */
/*
 * Physical pages: a buddy allocator over the boot memory map, with a struct page for each page
 * frame.
 *
 * Blocks of 2^order pages, order 0..MAX_ORDER; a block of order > 0 is a compound page with one
 * reference count in its head.  When memory is exhausted, allocations return NULL; they never
 * panic.  Any context (irq-safe lock).
 *
 * The last pages are reserved (Linux's min_free_kbytes).  With min = mm_min_free():
 *
 * 	free pages	allocations that still succeed, and the state
 * 	< 2 min		all. Pages are "short": shrinkers run, protocols take no more than they must
 * 	<= 3/2 min	GFP_SEND and GFP_ATOMIC. No lasting object is made: no thread, socket, file
 * 	<= 5/4 min	GFP_SEND and GFP_ATOMIC. Pages are "scarce": no more received data is queued
 * 	<= min		GFP_ATOMIC only: received frames, and the answers to them (ACK, RST, ARP, ICMP)
 * 	<= min / 2	__GFP_MEMALLOC only: buffers for the receive ring, without which no ACK, FIN or
 * 			RST arrives and no memory is ever freed
 *
 * An activity that is stopped at one level needs the pages below that level to release its memory.
 * For example, received data is freed when a thread reads it and sends an answer, and the answer is
 * freed by an ACK.  With one common level, threads could use up the pages that they all need to
 * continue.
 */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include "kernel/hal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
#include "kernel/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define MAX_ORDER  10 /* 4 MiB */

struct kmem_cache;

/*
 * A count and limit of pages: of the blocks that are cut into pieces (page_frag.h), or of the
 * program's memory (program_pages). A block counts until it is freed, with its last piece. @used
 * changes atomically.
 */
struct page_budget {
	u64 used;  /* pages of the blocks in use */
	u64 limit; /* pages; an allocation that would exceed it fails */
};

struct page {
	u8 flags; /* PG_* */
	u8 order; /* order of the block; valid in the block's first page only */
	/* references of the block, valid in its first page only; 0: the block is free */
	refcount_t refs;
	union {
		/* link in a free list, or in one of the lists of slabs of a cache */
		struct list_head lru;
		struct page *head; /* first page of the block, in its other pages (PG_TAIL) */
	};
	union {
		struct kmem_cache *slab; /* the cache, in the first page of a slab (PG_SLAB) */
		/* the budget in which the block's pages count until it is freed (PG_BUDGET) */
		struct page_budget *budget;
	};
	void *freelist; /* first free object; valid in the first page of a slab only */
	u32 inuse;      /* objects in use; valid in the first page of a slab only */
};

#define PG_BUDDY    0x01 /* free, head of a block */
#define PG_TAIL     0x02 /* inside a compound block */
#define PG_SLAB     0x04
#define PG_RESERVED 0x08 /* never given to the allocator */
/* First page of a block whose pages count in page->budget. */
#define PG_BUDGET 0x10
/* A packet is charged for the whole page, even if its data fills only a part. */
#define PG_WHOLE 0x20

struct boot_info;
/* Frees all usable ranges of the memory map.  The array of struct page is taken from them first. */
void mm_init(const struct boot_info *boot);

/*
 * Turns the page frame at @pa, which is in no usable range of the memory map, into an allocated page with
 * one reference; put_page() then gives it to the allocator.  Boot, once for a frame.
 */
struct page *adopt_boot_page(phys_addr_t pa);

struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
static inline struct page *alloc_page(gfp_t gfp)
{
	return alloc_pages(gfp, 0);
}

/*
 * Allocates a block whose pages count in @budget.  Returns NULL if there is no memory, or if the
 * budget is used up (which __GFP_MEMALLOC ignores).
 */
struct page *alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget);

/*
 * Returns the struct page of the page that contains @addr, which need not be the first page of its
 * block.
 */
struct page *virt_to_page(const void *addr);
void *page_address(const struct page *page);
struct page *compound_head(struct page *page);
struct page *virt_to_head_page(const void *addr); /* the first page of @addr's block */

/* Take, drop and count references of the compound block that @page belongs to. */
void get_page(struct page *page);
void put_page(struct page *page); /* frees the block when the last reference is dropped */
int page_count(struct page *page);

/*
 * Like alloc_pages() and __free_pages(), but with the address of the block instead of its struct
 * page.  The pages are zeroed only with __GFP_ZERO.
 */
void *get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(void *addr, unsigned int order);

u64 nr_free_pages(void);
u64 nr_total_pages(void);

/* ---- the reserve of pages ---- */
/*
 * Returns the reserve, in pages.  If no more than this is free, only GFP_ATOMIC allocations
 * succeed.  GFP_SEND may take all pages above the reserve; GFP_KERNEL must leave one and a half
 * times the reserve.
 */
u64 mm_min_free(void);
/*
 * Returns true if less than twice the reserve is free: caches then give memory back, and protocols
 * take only what they must.
 */
bool mm_pages_are_short(void);
/*
 * Returns true if no more than 5/4 of the reserve is free: protocols then queue no more received
 * data.
 */
bool mm_pages_are_scarce(void);
/* Returns true if no more than the reserve is free: GFP_SEND allocations fail. */
bool mm_pages_are_gone(void);
/*
 * A subsystem that can give memory back.  @kick is called when an allocation finds pages short or
 * makes them short, perhaps often, and in any context including hard interrupts, possibly with
 * locks of the allocating code held.  So @kick may only schedule the work.
 */
struct shrinker {
	void (*kick)(void);
	struct list_head list;
};
void register_shrinker(struct shrinker *shrinker); /* at boot */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Physical pages: a buddy allocator over the boot memory map, one struct page a frame.
 *
 * Blocks of 2^order pages, order 0..MAX_ORDER; a block of order > 0 is a compound page with one
 * reference count in its head.  Exhaustion is NULL, never a panic.  Any context (irq-safe lock).
 *
 * The last pages are reserved (Linux's min_free_kbytes).  With min = mm_min_free():
 *
 *	free pages	which allocations still succeed
 *	< 2 min		all; pages are short: shrinkers run, protocols take no more than they must
 *	<= 3/2 min	GFP_SEND and GFP_ATOMIC: nothing lasting is made: no thread, socket, file
 *	<= 5/4 min	the same; pages are scarce: no more received data is queued
 *	<= min		GFP_ATOMIC: the frames in hand, answers to them (ACK, RST, ARP, ICMP)
 *	<= min / 2	__GFP_MEMALLOC: buffers for the receive ring, without which no ACK, FIN or RST comes in
 *			and nothing is ever freed
 *
 * Each level stops an activity that needs the next levels to finish: received data is freed by a
 * thread that reads it and sends an answer, the answer by an ACK. With one level for all, threads
 * could use up the pages that each of them waits for.
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
 * Pages of a block that is cut into pieces (page_frag.h) stay allocated while one piece is in use.
 * A budget counts and bounds them; @used changes atomically.
 */
struct page_budget {
	u64 used;  /* pages of blocks that are not free yet */
	u64 limit; /* a block that would exceed it is refused */
};

struct page {
	u8 flags;        /* PG_* */
	u8 order;        /* of the block whose head this is */
	refcount_t refs; /* of a head; 0 while free */
	union {
		struct list_head lru; /* free lists; slab's lists */
		struct page *head;    /* of a tail page */
	};
	union {
		struct kmem_cache *slab;    /* PG_SLAB: of a slab's head page */
		struct page_budget *budget; /* PG_BUDGET: the block counts there until it is free */
	};
	void *freelist; /* slab: first free object */
	u32 inuse;      /* slab: objects given out */
};

#define PG_BUDDY    0x01 /* free, head of a block */
#define PG_TAIL     0x02 /* inside a compound block */
#define PG_SLAB     0x04
#define PG_RESERVED 0x08 /* not the allocator's */
#define PG_BUDGET   0x10 /* block for pieces, counted in page->budget */
#define PG_WHOLE    0x20 /* one packet is charged for all of it, however little of it holds data */

struct boot_info;
/* Takes the usable ranges.  The struct page array itself is carved out of them. */
void mm_init(const struct boot_info *boot);

struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
static inline struct page *alloc_page(gfp_t gfp)
{
	return alloc_pages(gfp, 0);
}

/* A block that counts in @budget.  NULL: no memory, or too many such blocks. */
struct page *alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget);

struct page *virt_to_page(const void *addr); /* any byte of a page; not of its head */
void *page_address(const struct page *page);
struct page *compound_head(struct page *page);

/* References of the compound block that @page belongs to. */
void get_page(struct page *page);
void put_page(struct page *page); /* the last one frees the block */
int page_count(struct page *page);

/* Address forms: pages of zeroed or dirty memory by address. */
void *get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(void *addr, unsigned int order);

u64 nr_free_pages(void);
u64 nr_total_pages(void);

/* ---- the last pages ---- */
/* So many are for GFP_ATOMIC only; half as much again for GFP_SEND, too. */
u64 mm_min_free(void);
/* Less than twice that is free: caches give memory back, and protocols take only what they must. */
bool mm_pages_are_short(void);
/* A quarter above mm_min_free(): no received data is queued. */
bool mm_pages_are_scarce(void);
/* Down to mm_min_free(): GFP_SEND gets no page. */
bool mm_pages_are_gone(void);
/*
 * @kick is called when an allocation finds pages short or leaves them short, in any context
 * including hard interrupts, possibly under the allocating caller's locks: it may only schedule the
 * work.  It may be called often.
 */
struct shrinker {
	void (*kick)(void);
	struct list_head list;
};
void register_shrinker(struct shrinker *shrinker); /* at boot */

#endif

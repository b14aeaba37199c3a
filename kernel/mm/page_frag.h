/* SPDX-License-Identifier: MIT */
/*
 * Fragments of pages: small variable pieces cut off a compound block, each holding a reference of
 * it.  Receive buffers and the data of sent packets come from here.
 */
#ifndef KERNEL_MM_PAGE_FRAG_H
#define KERNEL_MM_PAGE_FRAG_H

#include "kernel/mm/page.h"

/* A block being cut.  Zero-initialise; one owner (a device, a CPU, a socket) and its context. */
struct page_frag {
	struct page *page; /* NULL: none yet.  The owner holds one reference */
	u32 offset;        /* bytes used */
	u32 size;          /* bytes of the block */
	/* The budget that its blocks count in; NULL: none.  For pieces that a peer can keep alive:
	 * each keeps its whole block allocated. */
	struct page_budget *budget;
};

/*
 * Makes sure that at least @min bytes are left in @frag, taking a new block (of SKB_MAX_ORDER, else
 * smaller) when not.  False when memory is out.  The caller advances offset and takes references.
 */
bool page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp);
/* Cuts @size bytes (aligned to 64), with one reference for the caller.  NULL when memory is out. */
void *page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp);
/* Gives back what page_frag_alloc() returned. */
void page_frag_free(void *addr);
/* Drops the owner's reference of the block. */
void page_frag_drain(struct page_frag *frag);

#endif

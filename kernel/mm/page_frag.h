/* SPDX-License-Identifier: MIT */
/*
 * Page fragments: pieces of variable size, cut off a compound block of pages.  Each piece holds a
 * reference of its block.  Receive buffers and the data of sent packets are such pieces.
 */
#ifndef KERNEL_MM_PAGE_FRAG_H
#define KERNEL_MM_PAGE_FRAG_H

#include "kernel/mm/page.h"

/*
 * The block from which pieces are cut at present.  Zero-initialise it.  It belongs to one owner (a
 * device, a CPU, a socket), which uses it from one context at a time.
 */
struct page_frag {
	struct page *page; /* NULL: no block yet.  The owner holds one reference of the block */
	u32 offset;        /* bytes used */
	u32 size;          /* bytes of the block */
	/*
	 * The budget that limits the pages of all blocks taken through this page_frag; NULL: no
	 * limit.  Needed if a peer can keep pieces in use, because each piece keeps its whole block
	 * allocated.
	 */
	struct page_budget *budget;
};

/*
 * Ensures that at least @min bytes are left in @frag.  If not, takes a new block (of SKB_MAX_ORDER,
 * or smaller if there is none).  Returns false if there is no memory.  The caller itself advances
 * frag->offset and takes a reference for each piece.
 */
bool page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp);
/*
 * Cuts off a piece of @size bytes (aligned to 64), with one reference for the caller.  Returns NULL
 * if there is no memory.
 */
void *page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp);
/* Frees a piece that page_frag_alloc() returned. */
void page_frag_free(void *addr);
/* Drops the owner's reference of the block; it is freed with its last piece. */
void page_frag_drain(struct page_frag *frag);

#endif

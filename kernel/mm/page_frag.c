/* SPDX-License-Identifier: MIT */
/*
 * Page fragments: pieces cut off compound blocks of pages.
 *
 * page_frag_alloc()/page_frag_refill() <- receive buffers of a driver (softirq), tcp_sendmsg()
 * (process).  The owner of the struct page_frag serialises the calls; references are atomic.
 *
 * The owner of the struct page_frag holds one reference of the block, and each piece holds another.
 * When only the owner's reference is left, all pieces have been freed, and the owner uses the block
 * again from its start.  So a steady stream of packets needs no page from the allocator.  Compare
 * Linux's page_frag_alloc() in mm/page_alloc.c and sk_page_frag_refill().
 */
#include "kernel/mm/page_frag.h"
#include "kernel/mm/limits.h"

#define FRAG_ALIGN 64 /* bytes, a cache line: two pieces never share one */

bool page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp)
{
	if (frag->page) {
		if (frag->size - frag->offset >= min)
			return true;
		if (frag->size >= min && page_count(frag->page) == 1) {
			frag->offset = 0;
			return true;
		}
		page_frag_drain(frag);
	}
	/*
	 * A large block needs refilling rarely.  If memory is fragmented, take any smaller block
	 * that holds @min bytes.
	 */
	for (int order = SKB_MAX_ORDER; order >= 0 && PAGE_SIZE << order >= min; order--) {
		frag->page = frag->budget
				     ? alloc_budget_pages(gfp & ~__GFP_ZERO, order, frag->budget)
				     : alloc_pages(gfp & ~__GFP_ZERO, order);
		if (frag->page) {
			frag->offset = 0;
			frag->size = PAGE_SIZE << order;
			return true;
		}
	}
	return false;
}

void *page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp)
{
	char *p;

	if (size > PAGE_SIZE << SKB_MAX_ORDER)
		return NULL;
	/*
	 * Give out at least FRAG_ALIGN bytes even for size 0, so that two pieces never have the
	 * same address.
	 */
	size = ALIGN_UP(max(size, 1U), FRAG_ALIGN);
	frag->offset = ALIGN_UP(frag->offset, FRAG_ALIGN);
	if (frag->offset > frag->size)
		frag->offset = frag->size;
	if (!page_frag_refill(size, frag, gfp))
		return NULL;
	p = (char *)page_address(frag->page) + frag->offset;
	frag->offset += size;
	get_page(frag->page);
	return p;
}

void page_frag_free(void *addr)
{
	if (addr)
		put_page(virt_to_page(addr));
}

void page_frag_drain(struct page_frag *frag)
{
	if (frag->page)
		put_page(frag->page);
	*frag = (struct page_frag){.budget = frag->budget};
}

/* SPDX-License-Identifier: MIT */
/*
 * Makes the Nth allocation fail, and records the call sites of the allocations that it made fail
 * (softnet_host.h: fail_alloc, sn_refused()).
 *
 * Callers: separate.c asks host_refuses() for each object; the whole kernel allocates pages and
 * page fragments through the __wrap_ functions below (the libraries are linked with --wrap: Makefile).
 * Any context of the kernel.  Locks: none; one thread of the host runs everything.
 */
#include "kernel/mm/page_frag.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"

#define SITES_MAX 4096

static u64 sites[SITES_MAX]; /* different return addresses */
static u32 nr_sites;

static void note_site(u64 address)
{
	for (u32 i = 0; i < nr_sites; i++) {
		if (sites[i] == address)
			return;
	}
	if (nr_sites < SITES_MAX)
		sites[nr_sites++] = address;
}

/* Records the return addresses on the stack.  The checked builds have frame pointers. */
static void note_stack(void)
{
	u64 *frame = __builtin_frame_address(0);
	const void *lowest;
	size_t size;

	fiber_bounds(&lowest, &size);
	while ((u64)frame - (u64)lowest < size - 2 * sizeof(*frame) && !((u64)frame & 7)) {
		u64 *next = (u64 *)frame[0];

		note_site(frame[1]);
		if (next <= frame)
			break;
		frame = next;
	}
}

int sn_refused(uint32_t i, uint64_t *address)
{
	if (i >= nr_sites)
		return -1;
	*address = sites[i] - (u64)sn_boot;
	return 0;
}

bool host_refuses(void)
{
	if (likely(!host.fail_alloc) || host.sparing || --host.fail_alloc >= host.fail_row)
		return false;
	host.nr_refused++;
	note_stack();
	return true;
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* Weak: a program that is linked without --wrap has no such symbols, and never calls the wrappers. */
#pragma weak __real_alloc_pages
#pragma weak __real_alloc_budget_pages
#pragma weak __real_get_free_pages
#pragma weak __real_page_frag_refill
#pragma weak __real_page_frag_alloc
struct page *__real_alloc_pages(gfp_t gfp, unsigned int order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned int order);
struct page *__real_alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget);
struct page *__wrap_alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget);
void *__real_get_free_pages(gfp_t gfp, unsigned int order);
void *__wrap_get_free_pages(gfp_t gfp, unsigned int order);
bool __real_page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp);
bool __wrap_page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp);
void *__real_page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp);
void *__wrap_page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp);

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned int order)
{
	return host_refuses() ? NULL : __real_alloc_pages(gfp, order);
}

struct page *__wrap_alloc_budget_pages(gfp_t gfp, unsigned int order, struct page_budget *budget)
{
	return host_refuses() ? NULL : __real_alloc_budget_pages(gfp, order, budget);
}

void *__wrap_get_free_pages(gfp_t gfp, unsigned int order)
{
	return host_refuses() ? NULL : __real_get_free_pages(gfp, order);
}

/*
 * A fragment may be refused even if the block has room for it: whether the block has room depends
 * on earlier packets, and a caller must handle the failure in any case.
 */
bool __wrap_page_frag_refill(unsigned int min, struct page_frag *frag, gfp_t gfp)
{
	return !host_refuses() && __real_page_frag_refill(min, frag, gfp);
}

void *__wrap_page_frag_alloc(struct page_frag *frag, unsigned int size, gfp_t gfp)
{
	return host_refuses() ? NULL : __real_page_frag_alloc(frag, size, gfp);
}

/* SPDX-License-Identifier: MIT */
/*
 * malloc() and its relatives, from kmalloc().  A header before each allocation has its size, for
 * realloc().  Called by applications, in any thread; no state.
 */
#include "kernel/mm/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Has the size of malloc()'s alignment, 16, so that the memory behind the header is aligned, too. */
struct header {
	_Alignas(16) size_t size;
};

void *malloc(size_t n)
{
	struct header *h = NULL;
	size_t with_header;

	if (!__builtin_add_overflow(n, sizeof(*h), &with_header))
		h = kmalloc(with_header, GFP_KERNEL);
	if (!h) {
		errno = ENOMEM;
		return NULL;
	}
	h->size = n;
	return h + 1;
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

void *realloc(void *old, size_t n)
{
	void *new = malloc(n);

	if (new &&old) {
		size_t had = ((struct header *)old - 1)->size;

		memcpy(new, old, had < n ? had : n);
		free(old);
	}
	return new;
}

void free(void *p)
{
	if (p)
		kfree((struct header *)p - 1);
}

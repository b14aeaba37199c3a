/* SPDX-License-Identifier: MIT */
/*
 * Bottom-up merge sort of a linked list.  list_sort() <- tcp_rtx_unmark_lost().  Any context.
 *
 * pending[] has the runs that are sorted so far: pending[i] is empty or has 2^i entries of the
 * list.  A new entry is a run of length 1.  Like a carry in binary addition, a run of 2^i entries
 * is merged with pending[i] if that is not empty, and the result is carried to pending[i + 1].
 */
#include "kernel/lib/list_sort.h"

#define RUNS_MAX 32 /* enough for 2^32 entries */

/* Merges two sorted runs, which are linked by ->next only.  Of equal entries, those of @a come first. */
static struct list_head *merge(struct list_head *a, struct list_head *b, list_after_fn after)
{
	struct list_head *first, **tail = &first;

	while (a && b) {
		struct list_head **less = after(a, b) ? &b : &a;

		*tail = *less;
		tail = &(*less)->next;
		*less = (*less)->next;
	}
	*tail = a ? a : b;
	return first;
}

void list_sort(struct list_head *head, list_after_fn after)
{
	struct list_head *pending[RUNS_MAX] = {NULL}, *all = NULL, *next;
	struct list_head *entry = head->next;

	for (; entry != head; entry = next) {
		struct list_head *run = entry;
		unsigned int i = 0;

		next = entry->next;
		run->next = NULL;
		for (; i < RUNS_MAX - 1 && pending[i]; i++) {
			run = merge(pending[i], run, after);
			pending[i] = NULL;
		}
		pending[i] = pending[i] ? merge(pending[i], run, after) : run;
	}
	for (unsigned int i = 0; i < RUNS_MAX; i++) {
		if (pending[i])
			all = merge(pending[i], all, after);
	}

	INIT_LIST_HEAD(head);
	for (; all; all = next) {
		next = all->next;
		list_add_tail(all, head);
	}
}

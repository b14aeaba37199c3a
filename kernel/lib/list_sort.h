/* SPDX-License-Identifier: MIT */
/*
 * Sorts a list of struct list_head.  Any context; the caller holds the lock that protects the list.
 * The name is that of Linux's include/linux/list_sort.h.
 */
#ifndef KERNEL_LIB_LIST_SORT_H
#define KERNEL_LIB_LIST_SORT_H

#include "kernel/lib/list.h"

/* Returns true if @a is greater than @b, so that it must stand behind @b. */
typedef bool (*list_after_fn)(const struct list_head *a, const struct list_head *b);

/* Sorts in place, in O(n log n).  The sort is stable: equal entries keep their order. */
void list_sort(struct list_head *head, list_after_fn after);

#endif

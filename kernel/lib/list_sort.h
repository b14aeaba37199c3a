/* SPDX-License-Identifier: MIT */
/*
 * Sorts a list of struct list_head.  Any context; the caller holds the lock that protects the list.
 * The name is that of Linux's include/linux/list_sort.h.
 */
#ifndef KERNEL_LIB_LIST_SORT_H
#define KERNEL_LIB_LIST_SORT_H

#include "kernel/lib/list.h"

/* Returns true if @a must stand behind @b. */
typedef bool (*list_after_fn)(const struct list_head *a, const struct list_head *b);

/* O(n log n), in place; entries of which neither must stand behind the other keep their order. */
void list_sort(struct list_head *head, list_after_fn after);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A map from a 64-bit index to a pointer, for the pages of a file: sparse, and small for few items.
 *
 * Callers: kernel/fs/ramfs_file.c and initramfs.c.  Process context; the caller holds the lock that
 * protects the tree.  The names are those of Linux's include/linux/radix-tree.h.
 */
#ifndef KERNEL_LIB_RADIX_TREE_H
#define KERNEL_LIB_RADIX_TREE_H

#include "kernel/types.h"

/* The root of a tree.  If all fields are 0, the tree is empty. */
struct radix_tree_root {
	/* Levels of nodes.  0: @top is the item of index 0, so a file of one page needs no node. */
	unsigned int height;
	void *top;
};

void radix_tree_init(void); /* creates the cache of nodes, at boot */

/* Returns 0, -EEXIST if @index has an item, or -ENOMEM.  @item must not be NULL. */
int radix_tree_insert(struct radix_tree_root *root, u64 index, void *item);
void *radix_tree_lookup(const struct radix_tree_root *root, u64 index);
/* Removes the item of @index and returns it; NULL if there is none. */
void *radix_tree_delete(struct radix_tree_root *root, u64 index);
/* Returns the first item at or after *@index, and stores its index; NULL if there is none. */
void *radix_tree_next(const struct radix_tree_root *root, u64 *index);

#endif

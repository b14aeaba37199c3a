/* SPDX-License-Identifier: MIT */
/*
 * A map from a 64-bit index to a pointer.
 *
 * radix_tree_insert(), radix_tree_delete() <- a file gets or loses a page; radix_tree_lookup(),
 * radix_tree_next() <- reads, mappings, SEEK_DATA.  Process context, under the caller's lock.
 *
 * A node has 64 slots, so each level of nodes decides six bits of the index.  The height is the
 * least that reaches the largest index.  A node without items is freed at once.  Compare Linux's
 * lib/radix-tree.c.
 */
#include "kernel/lib/radix_tree.h"

#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/slab.h"

#define MAP_SHIFT  6
#define MAP_SIZE   (1U << MAP_SHIFT)
#define HEIGHT_MAX DIV_ROUND_UP(64, MAP_SHIFT)

struct radix_tree_node {
	unsigned int count; /* slots in use */
	void *slots[MAP_SIZE];
};

static struct kmem_cache *node_cache;

/* Returns the largest index that a tree of this height can hold. */
static u64 max_index(unsigned int height)
{
	return height * MAP_SHIFT >= 64 ? ~0ULL : (1ULL << height * MAP_SHIFT) - 1;
}

/* Returns the slot for @index in a node with @level levels of nodes below it. */
static unsigned int slot_of(u64 index, unsigned int level)
{
	return index >> level * MAP_SHIFT & (MAP_SIZE - 1);
}

/* Puts nodes above the top until the tree has room for @index. */
static int extend(struct radix_tree_root *root, u64 index)
{
	while (index > max_index(root->height)) {
		if (root->top) {
			struct radix_tree_node *node = kmem_cache_zalloc(node_cache, GFP_KERNEL);

			if (!node)
				return -ENOMEM;
			node->slots[0] = root->top;
			node->count = 1;
			root->top = node;
		}
		root->height++;
	}
	return 0;
}

/* Removes nodes at the top in which only slot 0 is in use. */
static void shrink(struct radix_tree_root *root)
{
	while (root->height > 0) {
		struct radix_tree_node *node = root->top;

		if (!node) {
			root->height = 0;
			return;
		}
		if (node->count != 1 || !node->slots[0])
			return;
		root->top = node->slots[0];
		root->height--;
		kmem_cache_free(node_cache, node);
	}
}

/*
 * Clears the slot of @index in path[@lowest], and frees this node and the nodes above it as far as
 * they are empty then.
 */
static void clear_slot(struct radix_tree_root *root, struct radix_tree_node **path,
		       unsigned int lowest, u64 index)
{
	for (unsigned int level = lowest; level < root->height; level++) {
		path[level]->slots[slot_of(index, level)] = NULL;
		if (--path[level]->count > 0)
			return;
		kmem_cache_free(node_cache, path[level]);
	}
	root->top = NULL;
}

int radix_tree_insert(struct radix_tree_root *root, u64 index, void *item)
{
	struct radix_tree_node *path[HEIGHT_MAX];
	void **slot = &root->top;
	unsigned int level;
	int err = extend(root, index);

	if (err)
		goto out_shrink;
	for (level = root->height; level-- > 0;) {
		if (!*slot) {
			*slot = kmem_cache_zalloc(node_cache, GFP_KERNEL);
			if (!*slot)
				goto out_undo;
			if (level + 1 < root->height)
				path[level + 1]->count++;
		}
		path[level] = *slot;
		slot = &path[level]->slots[slot_of(index, level)];
	}
	if (*slot)
		return -EEXIST;
	*slot = item;
	if (root->height)
		path[0]->count++;
	return 0;

out_undo:
	err = -ENOMEM;
	/* The nodes that were made here have no slot in use: free them, the lowest first. */
	for (level++; level < root->height && !path[level]->count; level++) {
		kmem_cache_free(node_cache, path[level]);
		if (level + 1 == root->height) {
			root->top = NULL;
			break;
		}
		path[level + 1]->slots[slot_of(index, level + 1)] = NULL;
		path[level + 1]->count--;
	}
out_shrink:
	shrink(root);
	return err;
}

void *radix_tree_lookup(const struct radix_tree_root *root, u64 index)
{
	void *item = root->top;

	if (index > max_index(root->height))
		return NULL;
	for (unsigned int level = root->height; level-- > 0 && item;)
		item = ((struct radix_tree_node *)item)->slots[slot_of(index, level)];
	return item;
}

void *radix_tree_delete(struct radix_tree_root *root, u64 index)
{
	struct radix_tree_node *path[HEIGHT_MAX];
	void *item = root->top;

	if (index > max_index(root->height))
		return NULL;
	for (unsigned int level = root->height; level-- > 0;) {
		if (!item)
			return NULL;
		path[level] = item;
		item = path[level]->slots[slot_of(index, level)];
	}
	if (!item)
		return NULL;
	clear_slot(root, path, 0, index);
	shrink(root);
	return item;
}

void *radix_tree_next(const struct radix_tree_root *root, u64 *index)
{
	u64 at = *index;

	while (at <= max_index(root->height)) {
		void *item = root->top;
		unsigned int level = root->height;

		while (item && level > 0) {
			level--;
			item = ((struct radix_tree_node *)item)->slots[slot_of(at, level)];
		}
		if (item) {
			*index = at;
			return item;
		}
		/* The slot at @level is empty: skip all indices that lie below it. */
		if ((at | max_index(level)) == ~0ULL)
			return NULL;
		at = (at | max_index(level)) + 1;
	}
	return NULL;
}

void radix_tree_init(void)
{
	node_cache = kmem_cache_create("radix_tree_node", sizeof(struct radix_tree_node), 0, 0);
}

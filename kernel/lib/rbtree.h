/* SPDX-License-Identifier: MIT */
/*
 * Intrusive red-black trees.  To insert a node, the caller descends from the root with its own
 * comparison, links the node with rb_link_node(), and rebalances with rb_insert_color().  Any
 * context; the caller holds the lock that protects the tree.  The names are those of Linux's
 * include/linux/rbtree.h.
 *
 * A tree may be augmented: each node then keeps a summary of its subtree, so that a search can skip
 * whole subtrees.  The caller passes the function that computes the summary, and calls
 * rb_propagate() when the entry itself changed.
 */
#ifndef KERNEL_LIB_RBTREE_H
#define KERNEL_LIB_RBTREE_H

#include "kernel/types.h"

struct rb_node {
	unsigned long rb_parent_color; /* parent pointer | 1 when black */
	struct rb_node *rb_right, *rb_left;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT                     ((struct rb_root){NULL})
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

/* Marks @n as a node that is in no tree: its parent pointer is itself. */
static inline void RB_CLEAR_NODE(struct rb_node *n)
{
	n->rb_parent_color = (unsigned long)n;
}
static inline bool RB_EMPTY_NODE(const struct rb_node *n)
{
	return n->rb_parent_color == (unsigned long)n;
}
static inline bool RB_EMPTY_ROOT(const struct rb_root *root)
{
	return !root->rb_node;
}

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->rb_parent_color = (unsigned long)parent; /* red */
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* Puts @new_node, which must have the same key, in the position of @victim. */
void rb_replace_node(struct rb_node *victim, struct rb_node *new_node, struct rb_root *root);

/*
 * Computes the summary of @node from its own entry and the summaries of its two children, stores
 * it, and returns true if it changed.
 */
typedef bool (*rb_summarise_fn)(struct rb_node *node);
/* Like rb_insert_color() and rb_erase(), for a tree whose nodes have summaries. */
void rb_insert_augmented(struct rb_node *node, struct rb_root *root, rb_summarise_fn summarise);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_summarise_fn summarise);
/* Updates the summaries of @node and its ancestors after the entry of @node has changed. */
void rb_propagate(struct rb_node *node, rb_summarise_fn summarise);

#endif

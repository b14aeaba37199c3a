/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree: insertion and removal with rebalancing.
 *
 * rb_insert_color() <- callers of rb_link_node(); rb_erase(), rb_next() ... <- the
 * retransmit queue, the out-of-order queue, epoll.  Any context; the caller's lock.
 *
 * The rules: the root is black; a red node has no red child; every path from a node down to a leaf
 * has the same number of black nodes.  A missing child counts as black.  Left and right are mirror
 * images, so each case is written once, with the side as a flag. Answers to Linux's lib/rbtree.c.
 */
#include "kernel/lib/rbtree.h"

#define RB_BLACK 1UL

static struct rb_node *parent_of(const struct rb_node *n)
{
	return (struct rb_node *)(n->rb_parent_color & ~RB_BLACK);
}

static bool is_black(const struct rb_node *n)
{
	return !n || n->rb_parent_color & RB_BLACK;
}

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->rb_parent_color = (unsigned long)parent | (n->rb_parent_color & RB_BLACK);
}

static void set_black(struct rb_node *n)
{
	n->rb_parent_color |= RB_BLACK;
}

static void set_red(struct rb_node *n)
{
	n->rb_parent_color &= ~RB_BLACK;
}

static struct rb_node **child_slot(struct rb_node *n, bool right)
{
	return right ? &n->rb_right : &n->rb_left;
}

/* The parent's link to @old now points to @new_node, which may be NULL. */
static void replace_child(struct rb_root *root, struct rb_node *parent, const struct rb_node *old,
			  struct rb_node *new_node)
{
	if (!parent)
		root->rb_node = new_node;
	else
		*child_slot(parent, parent->rb_right == old) = new_node;
}

/* @down sinks to the @right (or left); its child of the other side takes its place. */
static void rotate(struct rb_node *down, bool right, struct rb_root *root)
{
	struct rb_node *up = *child_slot(down, !right);
	struct rb_node *middle = *child_slot(up, right);
	struct rb_node *parent = parent_of(down);

	*child_slot(down, !right) = middle;
	if (middle)
		set_parent(middle, down);
	*child_slot(up, right) = down;
	replace_child(root, parent, down, up);
	set_parent(up, parent);
	set_parent(down, up);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent;

	/*
	 * @node is red; only a red parent breaks a rule.  It is not the root, so it has a parent
	 * too.
	 */
	while ((parent = parent_of(node)) && !is_black(parent)) {
		struct rb_node *grand = parent_of(parent);
		bool right = grand->rb_right == parent;
		struct rb_node *uncle = *child_slot(grand, !right);

		if (!is_black(uncle)) {
			/* Move the red one up two levels and look again. */
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (node == *child_slot(parent, !right)) {
			/* An inner grandchild: make it an outer one. */
			rotate(parent, right, root);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate(grand, !right, root);
		break;
	}
	set_black(root->rb_node);
}

/* The paths through @node (maybe NULL), a child of @parent, have one black node too few. */
static void erase_rebalance(struct rb_node *node, struct rb_node *parent, struct rb_root *root)
{
	while (parent && is_black(node)) {
		bool right = parent->rb_right == node;
		struct rb_node *sibling = *child_slot(parent, !right);
		struct rb_node *near, *far;

		if (!is_black(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate(parent, right, root);
			sibling = *child_slot(parent, !right);
		}
		near = *child_slot(sibling, right);
		far = *child_slot(sibling, !right);
		if (is_black(near) && is_black(far)) {
			/*
			 * Take one black node from the sibling's paths too; the missing one is then
			 * one level up.
			 */
			set_red(sibling);
			node = parent;
			parent = parent_of(node);
			continue;
		}
		if (is_black(far)) {
			set_black(near);
			set_red(sibling);
			rotate(sibling, !right, root);
			far = sibling;
			sibling = near;
		}
		if (is_black(parent))
			set_black(sibling);
		else
			set_red(sibling);
		set_black(parent);
		set_black(far);
		rotate(parent, right, root);
		return;
	}
	if (node)
		set_black(node);
}

static struct rb_node *outermost(struct rb_node *n, bool right)
{
	struct rb_node *next;

	while (n && (next = *child_slot(n, right)))
		n = next;
	return n;
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *gap = node; /* the node whose place disappears: it has at most one child */
	struct rb_node *child, *parent;
	bool lost_black;

	if (node->rb_left && node->rb_right)
		gap = outermost(node->rb_right, false);
	child = gap->rb_left ? gap->rb_left : gap->rb_right;
	parent = parent_of(gap);
	lost_black = is_black(gap);

	replace_child(root, parent, gap, child);
	if (child)
		set_parent(child, parent);
	if (gap != node) {
		/* The successor takes over the node's links and colour. */
		if (parent == node)
			parent = gap;
		rb_replace_node(node, gap, root);
	}
	if (lost_black)
		erase_rebalance(child, parent, root);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new_node, struct rb_root *root)
{
	replace_child(root, parent_of(victim), victim, new_node);
	*new_node = *victim;
	if (victim->rb_left)
		set_parent(victim->rb_left, new_node);
	if (victim->rb_right)
		set_parent(victim->rb_right, new_node);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, false);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, true);
}

/* In-order neighbour: down the other side if there is one, else up until a turn. */
static struct rb_node *neighbour(const struct rb_node *node, bool right)
{
	struct rb_node *n = (struct rb_node *)node;
	struct rb_node *parent;

	if (RB_EMPTY_NODE(n))
		return NULL;
	if (*child_slot(n, right))
		return outermost(*child_slot(n, right), !right);
	while ((parent = parent_of(n)) && n == *child_slot(parent, right))
		n = parent;
	return parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, true);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, false);
}

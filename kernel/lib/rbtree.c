/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree: insertion and removal with rebalancing.
 *
 * rb_insert_color() <- callers of rb_link_node(); rb_erase(), rb_next() ... <- the queues of TCP,
 * timers, VMAs, directories, epoll.  Any context; the caller holds the lock that protects the tree.
 *
 * The rules: the root is black; a red node has no red child; every path from a node down to a leaf
 * has the same number of black nodes.  A missing child counts as black.  Left and right are mirror
 * images, so the code handles both with a flag for the side.  Compare Linux's lib/rbtree.c.
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

/*
 * Makes @parent (or the root, if @parent is NULL) point to @new_node instead of its child @old.
 * @new_node may be NULL.
 */
static void replace_child(struct rb_root *root, struct rb_node *parent, const struct rb_node *old,
			  struct rb_node *new_node)
{
	if (!parent)
		root->rb_node = new_node;
	else
		*child_slot(parent, parent->rb_right == old) = new_node;
}

/*
 * Rotates at @down.  Its child on the side opposite to @right takes its position, and @down becomes
 * that child's @right child (its left child if @right is false).  The nodes above them keep their
 * summaries, because their subtrees have the same entries as before.
 */
static void rotate(struct rb_node *down, bool right, struct rb_root *root,
		   rb_summarise_fn summarise)
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
	if (summarise) {
		summarise(down);
		summarise(up);
	}
}

void rb_propagate(struct rb_node *node, rb_summarise_fn summarise)
{
	while (node && summarise(node))
		node = parent_of(node);
}

static __always_inline void insert(struct rb_node *node, struct rb_root *root,
				   rb_summarise_fn summarise)
{
	struct rb_node *parent;

	/*
	 * @node is red, so the only broken rule can be that its parent is red.  A red parent is not
	 * the root, so it has a parent of its own.
	 */
	while ((parent = parent_of(node)) && !is_black(parent)) {
		struct rb_node *grand = parent_of(parent);
		bool right = grand->rb_right == parent;
		struct rb_node *uncle = *child_slot(grand, !right);

		if (!is_black(uncle)) {
			/*
			 * Parent and uncle are red: colour them black and the grandparent red.  The
			 * grandparent may now have a red parent, so repeat the loop with it.
			 */
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (node == *child_slot(parent, !right)) {
			/*
			 * In key order, @node lies between its parent and its grandparent: rotate,
			 * so that it lies outside of them.
			 */
			rotate(parent, right, root, summarise);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate(grand, !right, root, summarise);
		break;
	}
	set_black(root->rb_node);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	insert(node, root, NULL);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root, rb_summarise_fn summarise)
{
	/*
	 * Compute the summary of the new leaf first.  It had no valid one before, so even an equal
	 * result must not stop the update of its ancestors.
	 */
	summarise(node);
	rb_propagate(parent_of(node), summarise);
	insert(node, root, summarise);
}

/*
 * Restores the rules after an erasure: the paths through @node (a child of @parent, or NULL) have
 * one black node less than other paths.
 */
static void erase_rebalance(struct rb_node *node, struct rb_node *parent, struct rb_root *root,
			    rb_summarise_fn summarise)
{
	while (parent && is_black(node)) {
		bool right = parent->rb_right == node;
		struct rb_node *sibling = *child_slot(parent, !right);
		struct rb_node *near, *far;

		if (!is_black(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate(parent, right, root, summarise);
			sibling = *child_slot(parent, !right);
		}
		near = *child_slot(sibling, right);
		far = *child_slot(sibling, !right);
		if (is_black(near) && is_black(far)) {
			/*
			 * Colour the sibling red: its paths lose one black node, too.  Now all
			 * paths through @parent have one too few, so repeat the loop there.
			 */
			set_red(sibling);
			node = parent;
			parent = parent_of(node);
			continue;
		}
		if (is_black(far)) {
			set_black(near);
			set_red(sibling);
			rotate(sibling, !right, root, summarise);
			far = sibling;
			sibling = near;
		}
		if (is_black(parent))
			set_black(sibling);
		else
			set_red(sibling);
		set_black(parent);
		set_black(far);
		rotate(parent, right, root, summarise);
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

static __always_inline void erase(struct rb_node *node, struct rb_root *root,
				  rb_summarise_fn summarise)
{
	/* The node that leaves its position in the tree; it has at most one child. */
	struct rb_node *gap = node;
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
		/* The successor takes the position, links and colour of @node. */
		if (parent == node)
			parent = gap;
		rb_replace_node(node, gap, root);
	}
	if (summarise) {
		rb_propagate(parent, summarise);
		if (gap != node) {
			/*
			 * @gap came here with the summary of its old subtree.  Even if its new
			 * summary equals the old one, the summaries of its new ancestors may be out
			 * of date.
			 */
			summarise(gap);
			rb_propagate(parent_of(gap), summarise);
		}
	}
	if (lost_black)
		erase_rebalance(child, parent, root, summarise);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	erase(node, root, NULL);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_summarise_fn summarise)
{
	erase(node, root, summarise);
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

/*
 * Returns the node after @node in key order if @right, else the node before it.  If @node has a
 * child on that side, this is the nearest node of the child's subtree; otherwise it is the first
 * ancestor that has @node in the subtree on its other side.
 */
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

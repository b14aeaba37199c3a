/* SPDX-License-Identifier: MIT */
/* The red-black tree, checked against an array of flags: order in both directions, and the colour rules. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/rbtree.h"

#define KEYS 512

struct item {
	struct rb_node node;
	int key;
};

static struct item items[KEYS], spare[KEYS];
static struct item *in_tree[KEYS];
static struct rb_root root;

static void insert(struct item *item)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < rb_entry(parent, struct item, node)->key ? &parent->rb_left
									    : &parent->rb_right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &root);
}

/* Checks the colour rules below @n; returns the number of black nodes on each path to a leaf. */
static int check_rules(const struct rb_node *n, const struct rb_node *parent)
{
	bool black = !n || n->rb_parent_color & 1;
	int left, right;

	if (!n)
		return 1;
	assert_ptr_equal((void *)(n->rb_parent_color & ~1UL), parent);
	if (!black && parent)
		assert_true(parent->rb_parent_color & 1);
	left = check_rules(n->rb_left, n);
	right = check_rules(n->rb_right, n);
	assert_int_equal(left, right);
	return left + black;
}

static void check_all(void)
{
	struct rb_node *n = rb_first(&root);

	if (root.rb_node)
		assert_true(root.rb_node->rb_parent_color & 1);
	check_rules(root.rb_node, NULL);
	for (int key = 0; key < KEYS; key++) {
		if (!in_tree[key])
			continue;
		assert_ptr_equal(n, &in_tree[key]->node);
		n = rb_next(n);
	}
	assert_null(n);
	n = rb_last(&root);
	for (int key = KEYS - 1; key >= 0; key--) {
		if (!in_tree[key])
			continue;
		assert_ptr_equal(n, &in_tree[key]->node);
		n = rb_prev(n);
	}
	assert_null(n);
}

static void reset(void)
{
	root = RB_ROOT;
	for (int i = 0; i < KEYS; i++) {
		in_tree[i] = NULL;
		items[i].key = spare[i].key = i;
		RB_CLEAR_NODE(&items[i].node);
	}
}

static void test_random_inserts_and_erases(void **state)
{
	reset();
	for (int round = 0; round < 20000; round++) {
		/* Alternate between mostly inserting and mostly erasing, so that full and empty trees occur. */
		int key = unit_random() % KEYS;
		bool grow = unit_random() % 100 < (round / 2000 % 2 ? 20 : 80);

		if (grow && !in_tree[key]) {
			in_tree[key] = &items[key];
			insert(in_tree[key]);
		} else if (!grow && in_tree[key]) {
			rb_erase(&in_tree[key]->node, &root);
			in_tree[key] = NULL;
		} else if (in_tree[key]) {
			struct item *other =
				in_tree[key] == &items[key] ? &spare[key] : &items[key];

			rb_replace_node(&in_tree[key]->node, &other->node, &root);
			in_tree[key] = other;
		}
		if (round % 7 == 0)
			check_all();
	}
	for (int key = 0; key < KEYS; key++)
		if (in_tree[key])
			rb_erase(&in_tree[key]->node, &root);
	assert_true(RB_EMPTY_ROOT(&root));
}

static void test_ascending_and_descending(void **state)
{
	for (int down = 0; down < 2; down++) {
		reset();
		for (int i = 0; i < KEYS; i++) {
			int key = down ? KEYS - 1 - i : i;

			in_tree[key] = &items[key];
			insert(in_tree[key]);
			check_rules(root.rb_node, NULL);
		}
		check_all();
		/*
		 * With 512 keys, a path has at most log2(513) = 9 black nodes and the black leaf, so it has at
		 * most 18 nodes before the leaf.
		 */
		assert_true(check_rules(root.rb_node, NULL) <= 10);
		while (!RB_EMPTY_ROOT(&root)) {
			struct rb_node *n = down ? rb_last(&root) : rb_first(&root);

			in_tree[rb_entry(n, struct item, node)->key] = NULL;
			rb_erase(n, &root);
			check_rules(root.rb_node, NULL);
		}
	}
}

/* ---- summaries: each node knows the largest weight in its subtree ------------------------------ */

struct weighted {
	struct rb_node node;
	int key, weight, heaviest;
};

static struct weighted weights[KEYS];

static int heaviest_of(const struct rb_node *n)
{
	return n ? rb_entry(n, struct weighted, node)->heaviest : -1;
}

static bool weigh(struct rb_node *n)
{
	struct weighted *w = rb_entry(n, struct weighted, node);
	int heaviest = w->weight, left = heaviest_of(n->rb_left), right = heaviest_of(n->rb_right);
	int before = w->heaviest;

	heaviest = left > heaviest ? left : heaviest;
	w->heaviest = right > heaviest ? right : heaviest;
	return w->heaviest != before;
}

static int check_weights(const struct rb_node *n)
{
	const struct weighted *w = rb_entry(n, struct weighted, node);
	int heaviest, left, right;

	if (!n)
		return -1;
	heaviest = w->weight;
	left = check_weights(n->rb_left);
	right = check_weights(n->rb_right);
	heaviest = left > heaviest ? left : heaviest;
	heaviest = right > heaviest ? right : heaviest;
	assert_int_equal(w->heaviest, heaviest);
	return heaviest;
}

static void test_summaries(void **state)
{
	bool present[KEYS] = {false};

	root = RB_ROOT;
	for (int round = 0; round < 20000; round++) {
		int key = unit_random() % KEYS;
		bool grow = unit_random() % 100 < (round / 2000 % 2 ? 20 : 80);
		struct weighted *w = &weights[key];

		if (grow && !present[key]) {
			struct rb_node **link = &root.rb_node, *parent = NULL;

			w->key = key;
			/* Use few different weights, so that a change often leaves the summaries equal. */
			w->weight = unit_random() % 4;
			while (*link) {
				parent = *link;
				link = key < rb_entry(parent, struct weighted, node)->key
					       ? &parent->rb_left
					       : &parent->rb_right;
			}
			rb_link_node(&w->node, parent, link);
			rb_insert_augmented(&w->node, &root, weigh);
			present[key] = true;
		} else if (!grow && present[key]) {
			rb_erase_augmented(&w->node, &root, weigh);
			present[key] = false;
		} else if (present[key]) {
			w->weight = unit_random() % 4;
			rb_propagate(&w->node, weigh);
		}
		check_rules(root.rb_node, NULL);
		check_weights(root.rb_node);
	}
}

static void test_node_in_no_tree(void **state)
{
	struct rb_root empty = RB_ROOT;
	struct rb_node n;

	RB_CLEAR_NODE(&n);
	assert_true(RB_EMPTY_NODE(&n));
	assert_null(rb_next(&n));
	assert_null(rb_first(&empty));
	assert_null(rb_last(&empty));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_inserts_and_erases),
		cmocka_unit_test(test_ascending_and_descending),
		cmocka_unit_test(test_summaries),
		cmocka_unit_test(test_node_in_no_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

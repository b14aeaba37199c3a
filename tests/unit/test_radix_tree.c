/* SPDX-License-Identifier: MIT */
/* The radix tree against an array, with indices from 0 to the largest, and with memory that runs out. */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/mm/slab.h"

static long objects_before;

static int set_up(void **state)
{
	unit_memory(8192, true);
	radix_tree_init();
	objects_before = unit_objects();
	return 0;
}

static int tear_down(void **state)
{
	assert_int_equal(unit_objects(), objects_before);
	return 0;
}

/* Returns the @i-th index that the tests use: all are near the indices at which the tree becomes one level higher. */
static u64 index_of(unsigned int i)
{
	unsigned int shift = i / 4 * 6;
	u64 border = shift >= 64 ? 0 : 1ULL << shift;

	return border + i % 4 - 2;
}
#define INDICES 48

static void test_one_item_needs_no_node(void **state)
{
	struct radix_tree_root root = {0};
	int item;

	assert_int_equal(radix_tree_insert(&root, 0, &item), 0);
	assert_int_equal(unit_objects(), objects_before);
	assert_int_equal(radix_tree_insert(&root, 0, &item), -EEXIST);
	assert_ptr_equal(radix_tree_lookup(&root, 0), &item);
	assert_null(radix_tree_lookup(&root, 1));
	assert_ptr_equal(radix_tree_delete(&root, 0), &item);
	assert_null(radix_tree_delete(&root, 0));
}

/* Returns the @i of the model's first index_of(i) at or after @from, or INDICES if there is none. */
static unsigned int model_next(void **model, u64 from)
{
	unsigned int best = INDICES;

	for (unsigned int i = 0; i < INDICES; i++)
		if (model[i] && index_of(i) >= from &&
		    (best == INDICES || index_of(i) < index_of(best)))
			best = i;
	return best;
}

static void test_against_an_array(void **state)
{
	static void *model[INDICES];
	static char items[INDICES];
	struct radix_tree_root root = {0};

	/* For two values of i, index_of() may be the same: the larger i is then not used. */
	for (int round = 0; round < 60000; round++) {
		unsigned int i = unit_random() % INDICES, next;
		u64 at = index_of(i), from = at;
		bool same = false;

		for (unsigned int j = 0; j < i; j++)
			same |= index_of(j) == at;
		if (same)
			continue;
		assert_ptr_equal(radix_tree_lookup(&root, at), model[i]);
		next = model_next(model, at);
		assert_ptr_equal(radix_tree_next(&root, &from),
				 next < INDICES ? model[next] : NULL);
		if (next < INDICES)
			assert_true(from == index_of(next));
		if (unit_random() % 2) {
			/* In every fifth round, at most two more allocations succeed. */
			unit_fail_after(round % 5 ? -1 : (long)(unit_random() % 3));
			switch (radix_tree_insert(&root, at, &items[i])) {
			case 0:
				assert_null(model[i]);
				model[i] = &items[i];
				break;
			case -EEXIST:
				assert_non_null(model[i]);
				break;
			default:
				assert_true(round % 5 == 0);
			}
			unit_fail_after(-1);
		} else {
			assert_ptr_equal(radix_tree_delete(&root, at), model[i]);
			model[i] = NULL;
		}
	}
	for (unsigned int i = 0; i < INDICES; i++)
		assert_ptr_equal(radix_tree_delete(&root, index_of(i)), model[i]);
	assert_null(root.top);
	assert_int_equal(root.height, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_item_needs_no_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_against_an_array, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* list_sort() against an insertion sort: order, stability, links in both directions. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/list_sort.h"

#define ENTRIES_MAX 300

struct item {
	struct list_head link;
	int key, place;
};

static bool key_is_larger(const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct item, link)->key > list_entry(b, struct item, link)->key;
}

static void sort_and_compare(unsigned int n, int keys)
{
	struct item items[ENTRIES_MAX], *sorted[ENTRIES_MAX], *item;
	unsigned int i = 0;
	LIST_HEAD(head);

	for (i = 0; i < n; i++) {
		unsigned int j = i;

		items[i].key = (int)(unit_random() % keys);
		items[i].place = i;
		list_add_tail(&items[i].link, &head);
		for (; j && sorted[j - 1]->key > items[i].key; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = &items[i];
	}
	list_sort(&head, key_is_larger);
	i = 0;
	list_for_each_entry(item, &head, link) {
		assert_ptr_equal(item, sorted[i]);
		assert_ptr_equal(item->link.next->prev, &item->link);
		i++;
	}
	assert_int_equal(i, n);
	assert_ptr_equal(head.prev, n ? &sorted[n - 1]->link : &head);
}

static void test_each_length(void **state)
{
	for (unsigned int n = 0; n <= ENTRIES_MAX; n++) {
		sort_and_compare(n, 1000);
		/* Many keys are equal: entries with equal keys must keep their order. */
		sort_and_compare(n, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

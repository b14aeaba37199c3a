/* SPDX-License-Identifier: MIT */
/* Object caches and kmalloc(): with slabs, as on the machine, and with each object allocated separately. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define HELD 600

static void random_life(struct kmem_cache *cache, size_t size, size_t align)
{
	static u8 *held[HELD];
	u64 live = 0;

	for (int round = 0; round < 20000; round++) {
		unsigned int i = unit_random() % HELD;

		if (held[i]) {
			for (size_t b = 0; b < size; b++)
				assert_int_equal(held[i][b], (u8)i);
			kmem_cache_free(cache, held[i]);
			held[i] = NULL;
			live--;
		} else {
			held[i] = kmem_cache_zalloc(cache, GFP_ATOMIC);
			assert_non_null(held[i]);
			assert_int_equal((uintptr_t)held[i] % align, 0);
			for (size_t b = 0; b < size; b++)
				assert_int_equal(held[i][b], 0);
			memset(held[i], i, size);
			live++;
		}
		assert_int_equal(cache->live, live);
	}
	for (unsigned int i = 0; i < HELD; i++) {
		if (held[i])
			kmem_cache_free(cache, held[i]);
		held[i] = NULL;
	}
	assert_int_equal(cache->live, 0);
}

static void test_random_lives(void **state)
{
	static const struct {
		size_t size, align;
	} kinds[] = {{1, 0}, {24, 0}, {40, 64}, {300, 8}, {1280, 64}, {5000, 0}};

	for (int separate = 0; separate < 2; separate++) {
		unit_memory(16384, separate);
		for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
			struct kmem_cache *cache =
				kmem_cache_create("test", kinds[i].size, kinds[i].align, 0);

			random_life(cache, kinds[i].size, kinds[i].align ? kinds[i].align : 8);
			if (!separate) {
				/* A cache keeps few empty slabs and frees the others. */
				assert_in_range(cache->slabs, 0, 2);
				assert_int_equal(cache->empty, cache->slabs);
			}
		}
	}
}

static void test_limit_refuses_and_counts(void **state)
{
	for (int separate = 0; separate < 2; separate++) {
		struct kmem_cache *cache;
		void *obj[10];

		unit_memory(8192, separate);
		cache = kmem_cache_create("limited", 100, 0, 10);
		for (int i = 0; i < 10; i++)
			assert_non_null(obj[i] = kmem_cache_alloc(cache, GFP_KERNEL));
		unit_console_clear();
		mm_log.level = LOG_DEBUG;
		assert_null(kmem_cache_alloc(cache, GFP_KERNEL));
		mm_log.level = LOG_AS_CONSOLE;
		assert_non_null(
			strstr(unit_console(), "mm: limited has no object of 100 bytes: 10 alive"));
		assert_int_equal(cache->failed, 1);
		kmem_cache_free(cache, obj[0]);
		assert_non_null(obj[0] = kmem_cache_alloc(cache, GFP_KERNEL));
		assert_int_equal(cache->high, 10);
		for (int i = 0; i < 10; i++)
			kmem_cache_free(cache, obj[i]);
		assert_int_equal(cache->live, 0);
	}
}

static void test_exhaustion_is_null_and_recovers(void **state)
{
	static void *obj[20000];
	struct kmem_cache *cache;
	u64 before;
	int n = 0;

	unit_memory(4096, false);
	before = nr_free_pages();
	cache = kmem_cache_create("big", 2000, 0, 0);
	while ((obj[n] = kmem_cache_alloc(cache, GFP_ATOMIC)))
		n++;
	assert_int_equal(cache->failed, 1);
	assert_null(kmalloc(100000, GFP_ATOMIC));
	while (n)
		kmem_cache_free(cache, obj[--n]);
	assert_true(nr_free_pages() + 8 >= before);
	assert_non_null(obj[0] = kmem_cache_alloc(cache, GFP_ATOMIC));
	kmem_cache_free(cache, obj[0]);
}

static void test_kmalloc_sizes(void **state)
{
	static const size_t sizes[] = {0,    1,    8,    16,   17,   32,    33,    100,    128,
				       1000, 4096, 4097, 8192, 8193, 16384, 65537, 1 << 20};

	for (int separate = 0; separate < 2; separate++) {
		u64 before;

		unit_memory(16384, separate);
		before = nr_free_pages();
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			char *p = kzalloc(sizes[i], GFP_KERNEL);
			size_t room = kmalloc_size_roundup(sizes[i]);

			assert_non_null(p);
			assert_true(room >= sizes[i]);
			for (size_t b = 0; b < sizes[i]; b++)
				assert_int_equal(p[b], 0);
			kfree(p);
			p = kmalloc(room, GFP_KERNEL);
			memset(p, 1, room);
			kfree(p);
		}
		kfree(NULL);
		assert_null(kmalloc((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL));
		assert_null(kmalloc(~0UL, GFP_KERNEL));
		assert_null(kcalloc(1UL << 33, 1UL << 33, GFP_KERNEL));
		assert_null(kcalloc(~0UL, 2, GFP_KERNEL));
		assert_true(nr_free_pages() + 64 >= before);
	}
}

static u64 all_live(void)
{
	struct kmem_cache *cache;
	u64 live = 0;

	list_for_each_entry(cache, kmem_caches(), caches)
		live += cache->live;
	return live;
}

static void test_live_objects_tell_a_leak(void **state)
{
	for (int separate = 0; separate < 2; separate++) {
		void *small, *large;
		u64 before;

		unit_memory(8192, separate);
		before = all_live();
		small = kmalloc(10, GFP_KERNEL);
		large = kmalloc(100000, GFP_KERNEL);
		assert_int_equal(all_live(), before + 2);
		kfree(small);
		kfree(large);
		assert_int_equal(all_live(), before);
	}
}

static void free_to_wrong_cache(bool separate)
{
	struct kmem_cache *a, *b;
	void *obj;

	unit_memory(8192, separate);
	a = kmem_cache_create("a", 64, 0, 0);
	b = kmem_cache_create("b", 64, 0, 0);
	obj = kmem_cache_alloc(a, GFP_KERNEL);
	assert_panics(kmem_cache_free(b, obj));
}

static void test_misuse_panics(void **state)
{
	struct kmem_cache *a;
	void *obj, *other;

	free_to_wrong_cache(false);
	free_to_wrong_cache(true);
	unit_memory(8192, false);
	a = kmem_cache_create("a", 64, 0, 0);
	other = kmem_cache_alloc(a, GFP_KERNEL);
	obj = kmem_cache_alloc(a, GFP_KERNEL);
	kmem_cache_free(a, obj);
	assert_panics(kmem_cache_free(a, obj));
	(void)other;
	assert_panics(kmem_cache_create("odd", 64, 24, 0));
}

static void test_host_out_of_memory(void **state)
{
	struct kmem_cache *cache;

	unit_memory(8192, true);
	cache = kmem_cache_create("c", 64, 0, 0);
	unit_fail_after(0);
	assert_null(kmem_cache_alloc(cache, GFP_KERNEL));
	assert_null(kmalloc(10, GFP_KERNEL));
	assert_int_equal(cache->failed, 1);
	assert_int_equal(cache->live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_lives),
		cmocka_unit_test(test_limit_refuses_and_counts),
		cmocka_unit_test(test_exhaustion_is_null_and_recovers),
		cmocka_unit_test(test_kmalloc_sizes),
		cmocka_unit_test(test_live_objects_tell_a_leak),
		cmocka_unit_test(test_misuse_panics),
		cmocka_unit_test(test_host_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

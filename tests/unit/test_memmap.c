/* SPDX-License-Identifier: MIT */
/*
 * The memory map that a boot entry fills: the order of its ranges, overlapping and adjacent ranges, and a full
 * map.
 */
#include "tests/unit/unit_hal.h"

#include <string.h>

#include "boot/boot_info.h"
#include "kernel/x86/memmap.h"

static struct boot_info boot;

static void empty(void)
{
	memset(&boot, 0, sizeof(boot));
}

static void expect(unsigned int i, u64 base, u64 end, enum boot_mem_type type)
{
	assert_in_range(i, 0, boot.nr_mem - 1);
	assert_int_equal(boot.mem[i].base, base);
	assert_int_equal(boot.mem[i].base + boot.mem[i].size, end);
	assert_int_equal(boot.mem[i].type, type);
}

static void test_neighbours_of_one_type_are_one_entry(void **state)
{
	empty();
	assert_true(memmap_set(&boot, 0x1000, 0x1000, BOOT_MEM_USABLE));
	assert_true(memmap_set(&boot, 0x3000, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, 2);
	/* A range that fills the gap merges with both neighbours: one entry is left. */
	assert_true(memmap_set(&boot, 0x2000, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, 1);
	expect(0, 0x1000, 0x4000, BOOT_MEM_USABLE);
	/* An adjacent range below is merged too. */
	assert_true(memmap_set(&boot, 0x0, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, 1);
	expect(0, 0x0, 0x4000, BOOT_MEM_USABLE);
}

static void test_another_type_stays_apart(void **state)
{
	empty();
	assert_true(memmap_set(&boot, 0x1000, 0x1000, BOOT_MEM_USABLE));
	assert_true(memmap_set(&boot, 0x2000, 0x1000, BOOT_MEM_RESERVED));
	assert_true(memmap_set(&boot, 0x3000, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, 3);
	expect(1, 0x2000, 0x3000, BOOT_MEM_RESERVED);
}

static void test_later_range_replaces_earlier(void **state)
{
	empty();
	assert_true(memmap_set(&boot, 0x1000, 0x9000, BOOT_MEM_USABLE));
	assert_true(memmap_set(&boot, 0x3000, 0x1000, BOOT_MEM_RESERVED));
	assert_int_equal(boot.nr_mem, 3);
	expect(0, 0x1000, 0x3000, BOOT_MEM_USABLE);
	expect(1, 0x3000, 0x4000, BOOT_MEM_RESERVED);
	expect(2, 0x4000, 0xa000, BOOT_MEM_USABLE);
	/* When the middle range becomes usable again, the three entries are merged. */
	assert_true(memmap_set(&boot, 0x3000, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, 1);
	expect(0, 0x1000, 0xa000, BOOT_MEM_USABLE);
}

/*
 * A firmware may report more ranges than BOOT_MEM_MAX: they fit into the map if enough adjacent ranges have the
 * same type and merge.
 */
static void test_many_pieces_fit(void **state)
{
	const unsigned int pieces = 16 * BOOT_MEM_MAX;
	unsigned int i, n;

	empty();
	for (i = 0; i < pieces; i++) {
		/* 5 and the number of pieces are coprime, so each piece occurs once */
		n = i * 5 % pieces;
		memmap_set(&boot, 0x1000 * (u64)n, 0x1000,
			   n / 64 % 2 ? BOOT_MEM_RESERVED : BOOT_MEM_USABLE);
	}
	/* Scattered pieces overflowed the map, so some were lost.  In ascending order all are merged and fit. */
	for (i = 0; i < pieces; i++)
		memmap_set(&boot, 0x1000 * (u64)i, 0x1000,
			   i / 64 % 2 ? BOOT_MEM_RESERVED : BOOT_MEM_USABLE);
	assert_int_equal(boot.nr_mem, pieces / 64);
	for (i = 0; i < boot.nr_mem; i++)
		expect(i, i * 64 * 0x1000UL, (i + 1) * 64 * 0x1000UL,
		       i % 2 ? BOOT_MEM_RESERVED : BOOT_MEM_USABLE);
}

static void test_full_map_fails_and_loses_usable_memory_only(void **state)
{
	unsigned int i;

	empty();
	for (i = 0; i < BOOT_MEM_MAX; i++)
		assert_true(memmap_set(&boot, 0x2000 * (u64)i, 0x1000, BOOT_MEM_USABLE));
	assert_false(memmap_set(&boot, 0x2000 * (u64)i, 0x1000, BOOT_MEM_USABLE));
	assert_int_equal(boot.nr_mem, BOOT_MEM_MAX);
	assert_null(memmap_find(&boot, 0x2000 * (u64)i));
	/* A range next to one of the same type needs no new entry. */
	assert_true(memmap_set(&boot, 0x2000 * (u64)(i - 1) + 0x1000, 0x1000, BOOT_MEM_USABLE));
	/* Reserving the middle of a range needs a new entry: it fails, but the reserved part must not stay usable. */
	assert_false(memmap_set(&boot, 0x400, 0x400, BOOT_MEM_RESERVED));
	assert_null(memmap_find(&boot, 0x400));
	assert_non_null(memmap_find(&boot, 0x3ff));
}

/* The initrd gets whole pages of its own. */
static void test_initrd(void **state)
{
	empty();
	assert_true(memmap_add_initrd(&boot)); /* there is no initrd */
	assert_true(memmap_set(&boot, 0x1000, 0x9000, BOOT_MEM_USABLE));
	boot.initrd = 0x8000;
	boot.initrd_size = 0x1001;
	assert_true(memmap_add_initrd(&boot));
	assert_int_equal(boot.nr_mem, 2);
	expect(0, 0x1000, 0x8000, BOOT_MEM_USABLE);
	expect(1, 0x8000, 0xa000, BOOT_MEM_INITRD);
	/* The initrd's address and size are not aligned. */
	empty();
	memmap_set(&boot, 0x1000, 0x9000, BOOT_MEM_USABLE);
	boot.initrd = 0x3010;
	boot.initrd_size = 0x10;
	assert_true(memmap_add_initrd(&boot));
	expect(1, 0x3000, 0x4000, BOOT_MEM_INITRD);
	assert_int_equal(boot.nr_mem, 3);
}

/* An initrd that does not lie wholly in usable memory is dropped. */
static void test_initrd_outside_usable_memory(void **state)
{
	static const struct {
		u64 at, size;
	} wrong[] = {
		{0x8000, 0x2001}, {0xa000, 1},      {0x9fff, 2},    {0, 0x1000},
		{0x4000, 1},      {0x3000, 0x1001}, {~0ULL - 5, 3}, {0x8000, ~0ULL},
	};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		empty();
		memmap_set(&boot, 0x1000, 0x9000, BOOT_MEM_USABLE);
		memmap_set(&boot, 0x4000, 0x1000, BOOT_MEM_RESERVED);
		boot.initrd = wrong[i].at;
		boot.initrd_size = wrong[i].size;
		assert_false(memmap_add_initrd(&boot));
		assert_int_equal(boot.initrd_size, 0);
		assert_int_equal(boot.nr_mem, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours_of_one_type_are_one_entry),
		cmocka_unit_test(test_another_type_stays_apart),
		cmocka_unit_test(test_later_range_replaces_earlier),
		cmocka_unit_test(test_initrd),
		cmocka_unit_test(test_initrd_outside_usable_memory),
		cmocka_unit_test(test_many_pieces_fit),
		cmocka_unit_test(test_full_map_fails_and_loses_usable_memory_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

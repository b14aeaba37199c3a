/* SPDX-License-Identifier: MIT */
/*
 * Reading the image's tables of symbol names, source lines and stack frames, as a panic does.  Small
 * tables are written by hand after the layouts in tools/ksyms.py, lines.py and unwind.py; then each one
 * is truncated at each byte and each byte is changed.  The sanitizer reports a read outside of a table.
 */
#include "tests/unit/unit_hal.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/x86/ksyms.h"
#include "kernel/x86/lines.h"
#include "kernel/x86/shipped/unwind_table.h"

#define TEXT 0xffffffff80100000

/* Dummies for the linker: ksyms.c and lines.c refer to the tables of the kernel image, which these tests do not use. */
const u8 __ksyms_start[1], __ksyms_end[1], __lines_start[1], __lines_end[1];
const u8 __text_start[1], __text_end[1];

/*
 * Three file names: 0 is empty (no file), 1 "a/b.c", 2 "a/d.h".  Each name has two length bytes: the number
 * of characters shared with the name before, and the number of those that follow.  N() makes a byte of two
 * 4-bit digits; the digit in the low half comes first. A number has three bits in each digit, the lowest bits
 * in the first digit; bit 3 of a digit (8) says that another digit follows.
 */
#define NAMES        0, 0, 0, 5, 'a', '/', 'b', '.', 'c', 2, 3, 'd', '.', 'h'
#define N(low, high) ((low) | (high) << 4)

/* A table of lines: 14 bytes of names, 3 names, then rows in the format that tools/lines.py describes. */
static const u8 lines[] = {
	14, 0, 3, 0, NAMES,
	/*
	 * Row at TEXT. The digits and their meaning: "0" the file changes; "8|0, 1" (the number 8) the new file
	 * was not used recently; "1" it has name 1; "1" the row is one byte after TEXT - 1; "8|4, 2" (20, the
	 * zigzag code of 10) the line is 0 + 10.
	 */
	N(0, 8), N(1, 1), N(1, 12), N(2, 0),
	/*
	 * Row at TEXT + 8: "0" (the last digit of the bytes above) the file changes; "8|0, 1" the new file was
	 * not used recently; "2" it has name 2; "8|0, 1" the row is 8 bytes after the last one; "8|0, 8|1, 3"
	 * (200, the zigzag code of 100) the line is 0 + 100.
	 */
	N(8, 1), N(2, 8), N(1, 8), N(9, 3),
	/*
	 * Row at TEXT + 11: "0" the file changes; "1" back to the file before the last change; "3" 3 bytes
	 * further; "5" (the zigzag code of -3) line 10 - 3 of that file.
	 */
	N(0, 1), N(3, 5),
	/* Row at TEXT + 15 in the same file: "4" 4 bytes further; "2" (the zigzag code of 1) the next line. */
	N(4, 2),
	/* Row at TEXT + 17, the end of the code: a change of file to name 0, which is no file; a step of 2 bytes. */
	N(0, 8), N(1, 0), N(2, 0)};

static const struct {
	u64 at;
	const char *file;
	unsigned int line;
} known[] = {
	{TEXT, "a/b.c", 10},       {TEXT + 7, "a/b.c", 10}, {TEXT + 8, "a/d.h", 100},
	{TEXT + 10, "a/d.h", 100}, {TEXT + 11, "a/b.c", 7}, {TEXT + 14, "a/b.c", 7},
	{TEXT + 15, "a/b.c", 8},   {TEXT + 16, "a/b.c", 8}, {TEXT + 17, NULL, 0},
	{TEXT + 5000, NULL, 0},    {TEXT - 1, NULL, 0},
};

static void test_lines_of_a_table_made_by_hand(void **state)
{
	struct line_table table = {lines, lines + sizeof(lines), TEXT};
	struct source_line found;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		bool there = line_find(&table, known[i].at, &found);

		assert_int_equal(there, known[i].file != NULL);
		if (there) {
			assert_string_equal(found.file, known[i].file);
			assert_int_equal(found.line, known[i].line);
		}
	}
}

static void ask_lines(const u8 *start, size_t size)
{
	struct line_table table = {start, start + size, TEXT};
	struct source_line found;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (line_find(&table, known[i].at, &found))
			assert_in_range(strlen(found.file), 0, LINE_NAME_MAX - 1);
}

/*
 * Two functions: "ab" at TEXT + 2, and "abab" at TEXT + 0x102, coded as two bytes 128; the pair code 128
 * expands to "ab".
 */
static const u8 symbols[4 + 256 + 3 + 2 + 4] = {
	[0] = 2,      [4] = 'a', [5] = 'b', [260] = 2,   [261] = 1,   [262] = 128,
	[263] = 0x80, [264] = 2, [265] = 2, [266] = 128, [267] = 128, [268] = 0};

static bool find_symbol(const u8 *start, size_t size, u64 at, struct ksym *sym)
{
	struct ksym_table table = {start, start + size, TEXT, TEXT + 0x1000};

	return ksym_find(&table, at, sym);
}

static void test_names_of_a_table_made_by_hand(void **state)
{
	struct ksym sym;

	assert_false(find_symbol(symbols, sizeof(symbols), TEXT + 1, &sym));
	assert_true(find_symbol(symbols, sizeof(symbols), TEXT + 0x101, &sym));
	assert_string_equal(sym.name, "ab");
	assert_int_equal(sym.offset, 0xff);
	assert_int_equal(sym.size, 0x100);
	assert_true(find_symbol(symbols, sizeof(symbols), TEXT + 0xfff, &sym));
	assert_string_equal(sym.name, "abab");
	assert_int_equal(sym.offset, 0xefd);
	assert_false(find_symbol(symbols, sizeof(symbols), TEXT + 0x1000, &sym));
}

static void ask_symbols(const u8 *start, size_t size)
{
	struct ksym sym;
	u64 at;

	for (at = TEXT - 1; at < TEXT + 0x1002; at += 0x101)
		if (find_symbol(start, size, at, &sym))
			assert_in_range(strlen(sym.name), 0, KSYM_NAME_MAX - 1);
}

/*
 * Four states.  0: no caller is known.  1: the CFA (the caller's rsp) is rsp + 8.  2: the CFA is rsp + 16, and the
 * caller's rbp is saved at CFA - 16.  3: the CFA is rbp + 24, and the caller's rbp is saved at CFA - 16.
 */
static const u8 frames[] = {
	4, 0, 0, 0, 0, 2, 0, 0, 4, 0, 2, 7, 0, 2,
	/* Each row is a step in bytes and a state: state 1 begins at TEXT, state 2 at TEXT + 1. */
	N(1, 1), N(1, 2),
	/* State 3 begins at TEXT + 11 (the step 10 has the digits 8|2 and 1), state 0 at TEXT + 18. */
	N(10, 1), N(3, 7), N(0, 0)};

static const struct {
	u64 at, cfa, bp_down;
	bool known, by_bp;
} rules[] = {
	{TEXT - 1},
	{TEXT, 8, 0, true, false},
	{TEXT + 1, 16, 16, true, false},
	{TEXT + 10, 16, 16, true, false},
	{TEXT + 11, 24, 16, true, true},
	{TEXT + 17, 24, 16, true, true},
	{TEXT + 18},
	{TEXT + 5000},
};

static void test_frames_of_a_table_made_by_hand(void **state)
{
	const struct unwind_table table = {frames, frames + sizeof(frames), TEXT};
	struct unwind_rule rule;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		assert_int_equal(unwind_rule_find(&table, rules[i].at, &rule), rules[i].known);
		if (rules[i].known) {
			assert_int_equal(rule.cfa, rules[i].cfa);
			assert_int_equal(rule.bp_down, rules[i].bp_down);
			assert_int_equal(rule.by_bp, rules[i].by_bp);
		}
	}
}

static void ask_frames(const u8 *start, size_t size)
{
	const struct unwind_table table = {start, start + size, TEXT};
	struct unwind_rule rule;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (unwind_rule_find(&table, rules[i].at, &rule))
			assert_int_not_equal(rule.cfa, 0);
}

/* Reads damaged copies of @table.  Each copy is allocated at its exact size, so that the sanitizer sees an overrun. */
static void damage(const u8 *table, size_t size, void (*ask)(const u8 *start, size_t size))
{
	size_t i;
	int value;

	for (i = 0; i <= size; i++) {
		u8 *cut = malloc(i ? i : 1);

		memcpy(cut, table, i);
		ask(cut, i);
		free(cut);
	}
	for (i = 0; i < size; i++) {
		for (value = 0; value < 256; value++) {
			u8 *changed = malloc(size);

			memcpy(changed, table, size);
			changed[i] = (u8)value;
			ask(changed, size);
			free(changed);
		}
	}
}

static void test_damaged_tables_are_read_within_their_bounds(void **state)
{
	damage(lines, sizeof(lines), ask_lines);
	damage(symbols, sizeof(symbols), ask_symbols);
	damage(frames, sizeof(frames), ask_frames);
}

/* Each pair code expands to itself twice: without a bound, expanding the name would never end. */
static void test_recursive_pair_code_ends(void **state)
{
	u8 endless[sizeof(symbols)];
	struct ksym sym;

	memset(endless, 128, sizeof(endless));
	memcpy(endless + 260, symbols + 260, sizeof(symbols) - 260);
	assert_true(find_symbol(endless, sizeof(endless), TEXT + 0x102, &sym));
	assert_int_equal(strlen(sym.name), KSYM_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_a_table_made_by_hand),
		cmocka_unit_test(test_names_of_a_table_made_by_hand),
		cmocka_unit_test(test_frames_of_a_table_made_by_hand),
		cmocka_unit_test(test_damaged_tables_are_read_within_their_bounds),
		cmocka_unit_test(test_recursive_pair_code_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

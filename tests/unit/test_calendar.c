/* SPDX-License-Identifier: MIT */
/*
 * Conversion between dates and seconds since 1970.  For error-prone days the expected values come from
 * `date -u -d DATE +%s`; all other days are checked by counting from one day to the next.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/time/calendar.h"

static const struct {
	struct calendar_time t;
	s64 seconds;
} known[] = {
	{{1970, 1, 1, 0, 0, 0}, 0},
	{{1972, 2, 29, 23, 59, 59}, 68255999},
	{{2000, 2, 29, 0, 0, 0}, 951782400}, /* divisible by 400: a leap year */
	{{2000, 12, 31, 23, 59, 59}, 978307199},
	{{2001, 9, 9, 1, 46, 40}, 1000000000},
	{{2024, 2, 29, 12, 0, 0}, 1709208000},
	{{2026, 11, 29, 12, 24, 16}, 1795955056},
	{{2038, 1, 19, 3, 14, 7}, 2147483647}, /* the last second of a signed 32-bit time_t */
	{{2038, 1, 19, 3, 14, 8}, 2147483648},
	{{2100, 2, 28, 23, 59, 59}, 4107542399}, /* divisible by 100, not by 400: no leap year */
	{{2100, 3, 1, 0, 0, 0}, 4107542400},
	{{2106, 2, 7, 6, 28, 16}, 4294967296},
	{{9999, 12, 31, 23, 59, 59}, 253402300799},
};

static void assert_same_time(const struct calendar_time *a, const struct calendar_time *b)
{
	assert_int_equal(a->year, b->year);
	assert_int_equal(a->month, b->month);
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->hour, b->hour);
	assert_int_equal(a->minute, b->minute);
	assert_int_equal(a->second, b->second);
}

static void test_known_days(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		struct calendar_time back;

		assert_true(calendar_valid(&known[i].t));
		assert_int_equal(calendar_to_seconds(&known[i].t), known[i].seconds);
		calendar_from_seconds(known[i].seconds, &back);
		assert_same_time(&back, &known[i].t);
	}
}

/* Every day of 8,030 years follows the day before by 86,400 seconds. */
static void test_day_by_day(void **state)
{
	struct calendar_time t = {1970, 1, 1, 7, 8, 9};
	s64 seconds = 7 * 3600 + 8 * 60 + 9;

	while (t.year <= 9999) {
		struct calendar_time back;

		assert_int_equal(calendar_to_seconds(&t), seconds);
		calendar_from_seconds(seconds, &back);
		assert_same_time(&back, &t);
		seconds += 86400;
		t.day++;
		if (calendar_valid(&t))
			continue;
		assert_in_range(t.day, 29, 32);
		t.day = 1;
		t.month++;
		if (t.month > 12) {
			t.month = 1;
			t.year++;
		}
	}
	assert_int_equal(seconds, 253402300800 + 7 * 3600 + 8 * 60 + 9);
}

static void test_invalid_dates(void **state)
{
	static const struct calendar_time bad[] = {
		{1969, 12, 31, 23, 59, 59}, {10000, 1, 1, 0, 0, 0},  {2026, 0, 1, 0, 0, 0},
		{2026, 13, 1, 0, 0, 0},     {2026, 1, 0, 0, 0, 0},   {2026, 1, 32, 0, 0, 0},
		{2026, 4, 31, 0, 0, 0},     {2026, 2, 29, 0, 0, 0},  {2100, 2, 29, 0, 0, 0},
		{2024, 2, 30, 0, 0, 0},     {2026, 1, 1, 24, 0, 0},  {2026, 1, 1, 0, 60, 0},
		{2026, 1, 1, 0, 0, 60},     {2026, ~0U, 1, 0, 0, 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(calendar_valid(&bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_days),
		cmocka_unit_test(test_day_by_day),
		cmocka_unit_test(test_invalid_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

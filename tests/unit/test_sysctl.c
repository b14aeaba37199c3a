/* SPDX-License-Identifier: MIT */
/* Registering an invalid table of sysctls panics, as does registering too many tables. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sysctl.h"

static int values[SYSCTL_VALUES_MAX + 1];

/* LIMIT(SYSCTL_VALUES_MAX) */
static void test_too_many_values(void **state)
{
	static const struct ctl_table most[] = {
		{.procname = "a/most", .value = values, .nr = SYSCTL_VALUES_MAX, .max = 9}};
	static const struct ctl_table more[] = {
		{.procname = "a/more", .value = values, .nr = SYSCTL_VALUES_MAX + 1, .max = 9}};

	sysctl_register(most, 1);
	assert_ptr_equal(sysctl_find("a.most", 6), most);
	assert_panics(sysctl_register(more, 1));
	assert_null(sysctl_find("a/more", 6));
}

/* LIMIT(SYSCTL_NAME_MAX) */
static void test_too_long_name(void **state)
{
	static char name[SYSCTL_NAME_MAX + 1] = "a/", text[256];
	static const struct ctl_table table[] = {
		{.procname = name, .unit = "", .value = values, .max = 9}};

	memset(name + 2, 'x', SYSCTL_NAME_MAX - 2);
	assert_panics(sysctl_register(table, 1));
	name[SYSCTL_NAME_MAX - 1] = '\0';
	sysctl_register(table, 1);
	sysctl_usage(table, text, sizeof(text));
	assert_int_equal(strlen(text), SYSCTL_NAME_MAX - 1 + strlen("=0..9"));
}

static void test_a_default_out_of_range_and_a_name_twice(void **state)
{
	static const struct ctl_table below[] = {
		{.procname = "a/below", .value = values, .min = 1, .max = 9}};
	static const struct ctl_table twice[] = {{.procname = "a/most", .value = values, .max = 9}};
	static const struct ctl_table nothing[] = {{.procname = "a/nothing"}};

	assert_panics(sysctl_register(below, 1));
	assert_panics(sysctl_register(twice, 1));
	assert_panics(sysctl_register(nothing, 1));
}

/* Must be the last test, because it fills the list of tables permanently.  LIMIT(SYSCTL_TABLES_MAX) */
static void test_too_many_tables(void **state)
{
	static const struct ctl_table none[1];

	/* The tests before have registered two tables. */
	for (unsigned int i = 2; i < SYSCTL_TABLES_MAX; i++)
		sysctl_register(none, 0);
	assert_panics(sysctl_register(none, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_too_long_name),
		cmocka_unit_test(test_a_default_out_of_range_and_a_name_twice),
		cmocka_unit_test(test_too_many_tables),
	};

	unit_memory(16384, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Memory and string functions, checked against byte loops at all small lengths and offsets; parsing of numbers. */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"

#define AREA 700

static u8 area[AREA], want[AREA];

static void fill(void)
{
	for (int i = 0; i < AREA; i++)
		want[i] = area[i] = unit_random();
}

static void same(void)
{
	for (int i = 0; i < AREA; i++)
		if (area[i] != want[i])
			fail_msg("byte %d is %02x, should be %02x", i, area[i], want[i]);
}

static void move_bytes(u8 *d, const u8 *s, size_t n)
{
	u8 tmp[AREA];

	for (size_t i = 0; i < n; i++)
		tmp[i] = s[i];
	for (size_t i = 0; i < n; i++)
		d[i] = tmp[i];
}

static void test_memcpy_every_length_and_offset(void **state)
{
	for (size_t n = 0; n <= 200; n++) {
		for (size_t off = 0; off < 9; off++) {
			fill();
			move_bytes(want + 300 + off, want + 8 - off, n);
			assert_ptr_equal(memcpy(area + 300 + off, area + 8 - off, n),
					 area + 300 + off);
			same();
		}
	}
}

static void test_memmove_every_overlap(void **state)
{
	for (size_t n = 0; n <= 200; n++) {
		for (int distance = -70; distance <= 70; distance++) {
			fill();
			move_bytes(want + 300 + distance, want + 300, n);
			assert_ptr_equal(memmove(area + 300 + distance, area + 300, n),
					 area + 300 + distance);
			same();
		}
	}
}

static void test_memset_every_length(void **state)
{
	for (size_t n = 0; n <= 300; n++) {
		size_t off = n % 9;

		fill();
		for (size_t i = 0; i < n; i++)
			want[off + i] = 0xa5;
		assert_ptr_equal(memset(area + off, 0x1a5, n), area + off);
		same();
	}
}

static void test_memcmp_orders_as_unsigned_bytes(void **state)
{
	u8 a[40], b[40];

	for (size_t n = 1; n <= sizeof(a); n++) {
		for (size_t at = 0; at < n; at++) {
			for (size_t i = 0; i < n; i++)
				a[i] = b[i] = unit_random();
			assert_int_equal(memcmp(a, b, n), 0);
			a[at] = 0x7f;
			b[at] = 0x80;
			if (at + 1 < n) {
				a[n - 1] = 0xff; /* a later difference must not count */
				b[n - 1] = 0;
			}
			assert_true(memcmp(a, b, n) < 0);
			assert_true(memcmp(b, a, n) > 0);
		}
	}
}

static void test_str_functions(void **state)
{
	char buf[8];

	assert_int_equal(strlen(""), 0);
	assert_int_equal(strlen("abc"), 3);
	assert_int_equal(strnlen("abc", 2), 2);
	assert_int_equal(strnlen("abc", 9), 3);
	assert_int_equal(strcmp("abc", "abc"), 0);
	assert_true(strcmp("abc", "abd") < 0);
	assert_true(strcmp("ab\xff", "ab\x01") > 0);
	assert_int_equal(strncmp("abcX", "abcY", 3), 0);
	assert_true(strncmp("ab", "abc", 3) < 0);
	assert_string_equal(strchr("a.b.c", '.'), ".b.c");
	assert_string_equal(strrchr("a.b.c", '.'), ".c");
	assert_string_equal(strchr("abc", 0), "");
	assert_null(strchr("abc", 'x'));
	assert_null(strrchr("abc", 'x'));
	assert_string_equal(strstr("aabaac", "aac"), "aac");
	assert_null(strstr("aabaa", "aac"));
	assert_string_equal(strstr("abc", ""), "abc");
	assert_null(memchr("abc", 'c', 2));
	assert_non_null(memchr("abc", 'c', 3));
	assert_int_equal(strscpy(buf, "1234567", sizeof(buf)), 7);
	assert_int_equal(strscpy(buf, "12345678", sizeof(buf)), -E2BIG);
	assert_string_equal(buf, "1234567");
	assert_int_equal(strscpy(buf, "x", 0), -E2BIG);
}

static void test_kstrtoul(void **state)
{
	static const struct {
		const char *s;
		unsigned int base;
		int err;
		unsigned long value;
	} cases[] = {
		{"0", 10, 0, 0},
		{"42", 10, 0, 42},
		{"+42", 10, 0, 42},
		{"0x1f", 0, 0, 31},
		{"0X1F", 16, 0, 31},
		{"1f", 16, 0, 31},
		{"017", 0, 0, 15},
		{"18446744073709551615", 10, 0, ~0UL},
		{"18446744073709551616", 10, -ERANGE, 0},
		{"99999999999999999999999", 10, -ERANGE, 0},
		{"", 10, -EINVAL, 0},
		{"+", 10, -EINVAL, 0},
		{"-1", 10, -EINVAL, 0},
		{"4x", 10, -EINVAL, 0},
		{"4 ", 10, -EINVAL, 0},
		{"0x", 16, -EINVAL, 0},
		{"08", 0, -EINVAL, 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long v = 0;

		assert_int_equal(kstrtoul(cases[i].s, cases[i].base, &v), cases[i].err);
		assert_int_equal(v, cases[i].value);
	}
}

static void test_kstrtol_limits(void **state)
{
	long v;

	assert_int_equal(kstrtol("-9223372036854775808", 10, &v), 0);
	assert_true(v == -0x7fffffffffffffffL - 1);
	assert_int_equal(kstrtol("-9223372036854775809", 10, &v), -ERANGE);
	assert_int_equal(kstrtol("9223372036854775807", 10, &v), 0);
	assert_int_equal(kstrtol("9223372036854775808", 10, &v), -ERANGE);
	assert_int_equal(kstrtol("-", 10, &v), -EINVAL);
	assert_int_equal(kstrtol("-+1", 10, &v), -EINVAL);
	assert_int_equal(kstrtol("-17", 10, &v), 0);
	assert_int_equal(v, -17);
}

static void test_in4_pton(void **state)
{
	static const char *const bad[] = {
		"",       "1.2.3",  "1.2.3.4.5", "1.2.3.256",  "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
		"1..3.4", "1.2.3.", "a.b.c.d",   "1.2.3.0004", "-1.2.3.4", "1.2.3.4."};
	__be32 addr;

	assert_int_equal(in4_pton("10.0.2.15", &addr), 0);
	assert_memory_equal(&addr, "\x0a\x00\x02\x0f", 4);
	assert_int_equal(in4_pton("255.255.255.255", &addr), 0);
	assert_int_equal(addr, ~0U);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(in4_pton(bad[i], &addr), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy_every_length_and_offset),
		cmocka_unit_test(test_memmove_every_overlap),
		cmocka_unit_test(test_memset_every_length),
		cmocka_unit_test(test_memcmp_orders_as_unsigned_bytes),
		cmocka_unit_test(test_str_functions),
		cmocka_unit_test(test_kstrtoul),
		cmocka_unit_test(test_kstrtol_limits),
		cmocka_unit_test(test_in4_pton),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

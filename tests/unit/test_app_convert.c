/* SPDX-License-Identifier: MIT */
/* Compares strtol() and strtoul() of the small C library (tests/host/app) with those of the host's
 * C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

long app_strtol(const char *s, char **end, int base);
unsigned long app_strtoul(const char *s, char **end, int base);
int app_atoi(const char *s);

static const char *const texts[] = {
	"",
	" ",
	"-",
	"+",
	"0",
	"7",
	"-7",
	"+7",
	" \t\n7x",
	"- 7",
	"--7",
	"0x",
	"0xg",
	"0x1F",
	"-0X1f",
	"010",
	"08",
	"z",
	"Zz",
	"@7",
	"[7",
	"`7",
	"{7",
	"9223372036854775807",
	"9223372036854775808",
	"-9223372036854775808",
	"-9223372036854775809",
	"18446744073709551615",
	"18446744073709551616",
	"-18446744073709551615",
	"-18446744073709551616",
	"99999999999999999999999x",
	"7fffffffffffffff",
	"-8000000000000000",
	"ffffffffffffffff",
	"10000000000000000",
};
static const int bases[] = {0, 2, 8, 10, 16, 36};

static void numbers_are_those_of_the_host(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
			char *end, *app_end;
			int base = bases[b], error;
			long n;
			unsigned long u;

			errno = 0;
			n = strtol(texts[i], &end, base);
			error = errno;
			errno = 0;
			assert_true(app_strtol(texts[i], &app_end, base) == n);
			assert_int_equal(errno, error);
			assert_ptr_equal(app_end, end);
			errno = 0;
			u = strtoul(texts[i], &end, base);
			error = errno;
			errno = 0;
			assert_true(app_strtoul(texts[i], &app_end, base) == u);
			assert_int_equal(errno, error);
			assert_ptr_equal(app_end, end);
		}
		assert_int_equal(app_atoi(texts[i]), atoi(texts[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_are_those_of_the_host)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

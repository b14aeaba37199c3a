/* SPDX-License-Identifier: MIT */
/*
 * vsnprintf(): random conversions compared with the host's C library, and the conversions that only the
 * kernel has.
 */
#include "tests/unit/unit_hal.h"

#include <dlfcn.h>

#include "kernel/lib/string.h"

static int (*libc_vsnprintf)(char *buf, size_t size, const char *fmt, va_list ap);

/* Formats with the kernel and with the C library; compares the text, the returned length and the bytes after @size. */
static void both(size_t size, const char *fmt, ...)
{
	char ours[256], theirs[256];
	int n, m;
	va_list ap;

	memset(ours, '#', sizeof(ours));
	memset(theirs, '#', sizeof(theirs));
	va_start(ap, fmt);
	n = vsnprintf(ours, size, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	m = libc_vsnprintf(theirs, size, fmt, ap);
	va_end(ap);
	if (n != m || memcmp(ours, theirs, sizeof(ours))) {
		ours[sizeof(ours) - 1] = theirs[sizeof(theirs) - 1] = '\0';
		fail_msg("\"%s\" (%zu): %d \"%s\", should be %d \"%s\"", fmt, size, n, ours, m,
			 theirs);
	}
}

static const char *random_flags(char *p, const char *allowed)
{
	const char *start = p;

	*p++ = '%';
	for (; *allowed; allowed++)
		if (unit_random() % 4 == 0)
			*p++ = *allowed;
	if (unit_random() % 2)
		*p++ = '1' + unit_random() % 9;
	if (unit_random() % 4 == 0)
		*p++ = '0' + unit_random() % 10;
	if (unit_random() % 3 == 0) {
		*p++ = '.';
		if (unit_random() % 4)
			*p++ = '0' + unit_random() % 10;
		if (unit_random() % 4 == 0)
			*p++ = '0' + unit_random() % 10;
	}
	*p = '\0';
	return start;
}

static u64 random_value(void)
{
	static const u64 edges[] = {0,     1,          7,          8,          9,  10,
				    ~0ULL, 1ULL << 63, 0x7fffffff, 0x80000000, 255};

	if (unit_random() % 3 == 0)
		return edges[unit_random() % ARRAY_SIZE(edges)];
	return ((u64)unit_random() << 32 | unit_random()) >> (unit_random() % 64);
}

static void test_integers_as_libc(void **state)
{
	static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z", "j", "t"};
	static const char convs[] = "diuxXo";

	for (int i = 0; i < 200000; i++) {
		char fmt[64], *end;
		char conv = convs[unit_random() % 6];
		const char *length = lengths[unit_random() % ARRAY_SIZE(lengths)];
		size_t size = unit_random() % 4 ? 256 : unit_random() % 20;

		/* Choose only among flags that are defined for this conversion. */
		random_flags(fmt, conv == 'd' || conv == 'i' ? "-+ 0" : conv == 'u' ? "-0" : "-#0");
		end = fmt + strlen(fmt);
		strscpy(end, length, 8);
		end += strlen(end);
		end[0] = conv;
		end[1] = '|';
		end[2] = '\0';
		if (*length == '\0' || *length == 'h')
			both(size, fmt, (unsigned int)random_value());
		else
			both(size, fmt, random_value());
	}
}

static void test_strings_as_libc(void **state)
{
	static const char *const texts[] = {"", "a", "hello", "a longer text than a width"};

	for (int i = 0; i < 20000; i++) {
		char fmt[64];
		size_t n;

		random_flags(fmt, "-");
		n = strlen(fmt);
		fmt[n] = unit_random() % 4 ? 's' : 'c';
		fmt[n + 1] = '\0';
		if (fmt[n] == 's')
			both(unit_random() % 40, fmt, texts[unit_random() % ARRAY_SIZE(texts)]);
		else if (!strchr(fmt, '.'))
			both(unit_random() % 40, fmt, 'A' + (int)(unit_random() % 26));
	}
	both(256, "%*d|%-*d|%*d", 6, 42, 6, 42, -6, 42);
	both(256, "%.*s|%.*s", 2, "abc", -1, "abc");
	both(256, "%.*d", -3, 7);
	both(256, "100%% of %s", "it");
	both(0, "%s", "abc");
	both(1, "%s", "abc");
}

static void test_addresses(void **state)
{
	const u8 ip[4] = {192, 168, 0, 255}, mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0xff};
	char buf[64];

	assert_int_equal(snprintf(buf, sizeof(buf), "%pI4:%u", ip, 80), 16);
	assert_string_equal(buf, "192.168.0.255:80");
	snprintf(buf, sizeof(buf), "[%-16pI4][%16pI4]", ip, ip);
	assert_string_equal(buf, "[192.168.0.255   ][   192.168.0.255]");
	snprintf(buf, sizeof(buf), "%pM", mac);
	assert_string_equal(buf, "52:54:00:12:34:ff");
	snprintf(buf, sizeof(buf), "%p %p", (void *)0x1234, NULL);
	assert_string_equal(buf, "0x1234 (nil)");
}

static void test_scnprintf_returns_the_bytes_written(void **state)
{
	char buf[4];

	assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "abcdef"), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(scnprintf(buf, sizeof(buf), "ab"), 2);
	assert_int_equal(scnprintf(buf, 0, "ab"), 0);
}

static int setup(void **state)
{
	libc_vsnprintf =
		(int (*)(char *, size_t, const char *, va_list))dlsym(RTLD_NEXT, "vsnprintf");
	return libc_vsnprintf ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_as_libc),
		cmocka_unit_test(test_strings_as_libc),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_scnprintf_returns_the_bytes_written),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

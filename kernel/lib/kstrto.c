/* SPDX-License-Identifier: MIT */
/*
 * Conversion of text to numbers and addresses.  The whole string must be valid, or the result is an
 * error.
 *
 * Called by the parsers of command-line options and sysctls.  Any context, no lock.  Compare
 * Linux's lib/kstrtox.c and in4_pton(), but a trailing newline is an error.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/string.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

/*
 * If *@base is 0, chooses 8, 10 or 16 by the prefix.  Returns the address of the first digit, after
 * a "0x" if the base is 16.
 */
static const char *skip_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

static int parse_magnitude(const char *s, unsigned int base, unsigned long *res)
{
	unsigned long v = 0;

	s = skip_prefix(s, &base);
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int d = digit_value(*s);

		if (d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, (unsigned long)base, &v) ||
		    __builtin_add_overflow(v, (unsigned long)d, &v))
			return -ERANGE;
	}
	*res = v;
	return 0;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	return parse_magnitude(*s == '+' ? s + 1 : s, base, res);
}

int kstrtol(const char *s, unsigned int base, long *res)
{
	const unsigned long min_magnitude = 1UL << 63;
	unsigned long v;
	int err;

	if (*s != '-') {
		err = kstrtoul(s, base, &v);
		if (err)
			return err;
		if (v >= min_magnitude)
			return -ERANGE;
		*res = (long)v;
		return 0;
	}
	err = parse_magnitude(s + 1, base, &v);
	if (err)
		return err;
	if (v > min_magnitude)
		return -ERANGE;
	*res = (long)(0 - v);
	return 0;
}

int in4_pton(const char *s, __be32 *addr)
{
	u8 octets[4];

	for (int i = 0; i < 4; i++) {
		unsigned int v = 0, n = 0;

		for (; *s >= '0' && *s <= '9'; s++, n++) {
			if (n == 3 || (n && !v))
				return -EINVAL; /* too long, or a leading zero (octal in other programs) */
			v = v * 10 + (*s - '0');
		}
		if (!n || v > 255)
			return -EINVAL;
		if (*s != (i < 3 ? '.' : '\0'))
			return -EINVAL;
		s++;
		octets[i] = v;
	}
	__builtin_memcpy(addr, octets, sizeof(octets));
	return 0;
}

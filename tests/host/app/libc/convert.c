/* SPDX-License-Identifier: MIT */
/* Converts numbers and addresses from and to text.  Called by applications; no state. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns the value of the digit @c, or 36 if @c is not a digit. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 36;
}

struct number {
	unsigned long n; /* the absolute value */
	int negative;
	int too_large;   /* the absolute value is above ULONG_MAX */
	const char *end; /* behind the number; the text itself if it has no number */
};

static struct number parse(const char *s, int base)
{
	struct number r = {.end = s};

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	r.negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
		base = 16;
		s += 2;
	}
	if (base == 0)
		base = *s == '0' ? 8 : 10;
	for (; digit(*s) < base; r.end = ++s) {
		r.too_large |= __builtin_mul_overflow(r.n, (unsigned long)base, &r.n);
		r.too_large |= __builtin_add_overflow(r.n, (unsigned long)digit(*s), &r.n);
	}
	return r;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	struct number r = parse(s, base);

	if (end)
		*end = (char *)r.end;
	if (r.too_large) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return r.negative ? -r.n : r.n;
}

long strtol(const char *s, char **end, int base)
{
	struct number r = parse(s, base);

	if (end)
		*end = (char *)r.end;
	if (r.too_large || r.n > (unsigned long)LONG_MAX + r.negative) {
		errno = ERANGE;
		return r.negative ? LONG_MIN : LONG_MAX;
	}
	return r.negative ? (long)-r.n : (long)r.n;
}

int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

/*
 * Parses one octet: at most three digits, no leading zero.  Returns a pointer to the first
 * character behind the octet, or NULL if the octet is invalid.
 */
static const char *octet(const char *s, unsigned char *res)
{
	unsigned int n = 0, digits = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if ((digits && !n) || ++digits > 3)
			return NULL;
		n = n * 10 + (*s - '0');
	}
	if (!digits || n > 255)
		return NULL;
	*res = n;
	return s;
}

int inet_pton(int family, const char *src, void *dst)
{
	unsigned char quad[4];
	unsigned char *out = dst;

	if (family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	for (int i = 0; i < 4; i++) {
		src = octet(src, &quad[i]);
		if (!src || *src != (i < 3 ? '.' : '\0'))
			return 0;
		src++;
	}
	for (int i = 0; i < 4; i++)
		out[i] = quad[i];
	return 1;
}

const char *inet_ntop(int family, const void *src, char *dst, socklen_t size)
{
	const unsigned char *a = src;

	if (family != AF_INET) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	if ((socklen_t)snprintf(dst, size, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]) >= size) {
		errno = ENOSPC;
		return NULL;
	}
	return dst;
}

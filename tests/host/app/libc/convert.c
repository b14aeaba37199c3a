/* SPDX-License-Identifier: MIT */
/* Converts numbers and addresses from and to text.  Called by applications; no state. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int atoi(const char *s)
{
	unsigned int n = 0;
	int negative;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return negative ? -n : n;
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

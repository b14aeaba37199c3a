/* SPDX-License-Identifier: MIT */
/*
 * Memory and string routines.
 *
 * Called by all code, and by the compiler itself for struct copies and initialisers.
 * Any context, no lock.
 *
 * Under TCG, QEMU's emulator, every guest instruction costs time, and `rep movs` takes one
 * iteration for each element.  So these functions move long areas in loops of eight 8-byte words,
 * and short areas in a few words that may overlap, without a loop.  Words are loaded and stored at
 * any alignment: x86 allows it, and aligning first costs more than it saves.
 */
#include "kernel/lib/string.h"

#include "include/uapi/errno.h"

/*
 * gcc recognises a loop that copies or fills memory and replaces it by a call to memcpy() or
 * memset().  In this file the function would then call itself. clang does not do so in a
 * freestanding build.
 */
#if !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* These are the functions that the compiler calls. */
#undef memcpy
#undef memset
#undef memcmp

/* Types to access memory of any type at any alignment: 8, 4 and 2 bytes. */
typedef u64 __attribute__((may_alias, aligned(1))) word_t;
typedef u32 __attribute__((may_alias, aligned(1))) half_t;
typedef u16 __attribute__((may_alias, aligned(1))) quarter_t;

#define WORD(p, off)     (*(word_t *)((char *)(p) + (off)))
#define HALF(p, off)     (*(half_t *)((char *)(p) + (off)))
#define QUARTER(p, off)  (*(quarter_t *)((char *)(p) + (off)))
#define CWORD(p, off)    (*(const word_t *)((const char *)(p) + (off)))
#define CHALF(p, off)    (*(const half_t *)((const char *)(p) + (off)))
#define CQUARTER(p, off) (*(const quarter_t *)((const char *)(p) + (off)))

/* Copies n <= 16 bytes.  All loads come before the first store, so the areas may overlap. */
static __always_inline void copy_short(char *d, const char *s, size_t n)
{
	if (n >= 8) {
		u64 a = CWORD(s, 0), b = CWORD(s, n - 8);

		WORD(d, 0) = a;
		WORD(d, n - 8) = b;
	} else if (n >= 4) {
		u32 a = CHALF(s, 0), b = CHALF(s, n - 4);

		HALF(d, 0) = a;
		HALF(d, n - 4) = b;
	} else if (n >= 2) {
		u16 a = CQUARTER(s, 0), b = CQUARTER(s, n - 2);

		QUARTER(d, 0) = a;
		QUARTER(d, n - 2) = b;
	} else if (n) {
		*d = *s;
	}
}

/* Copies eight words.  All loads come before the first store, so the 64-byte areas may overlap. */
static __always_inline void copy_64(char *d, const char *s)
{
	u64 a = CWORD(s, 0), b = CWORD(s, 8), c = CWORD(s, 16), e = CWORD(s, 24);
	u64 f = CWORD(s, 32), g = CWORD(s, 40), h = CWORD(s, 48), i = CWORD(s, 56);

	WORD(d, 0) = a;
	WORD(d, 8) = b;
	WORD(d, 16) = c;
	WORD(d, 24) = e;
	WORD(d, 32) = f;
	WORD(d, 40) = g;
	WORD(d, 48) = h;
	WORD(d, 56) = i;
}

static __always_inline void copy_16(char *d, const char *s)
{
	u64 a = CWORD(s, 0), b = CWORD(s, 8);

	WORD(d, 0) = a;
	WORD(d, 8) = b;
}

/*
 * Copies n > 16 bytes from the lowest to the highest address: correct for areas that do not
 * overlap, and for a destination below the source.  The last 16 bytes are loaded before the first
 * store, because the stores may overwrite them.
 */
static __always_inline void copy_up(char *d, const char *s, size_t n)
{
	char *last = d + n - 16;
	u64 tail0 = CWORD(s, n - 16), tail1 = CWORD(s, n - 8);

	for (; n >= 64; n -= 64) {
		copy_64(d, s);
		d += 64;
		s += 64;
	}
	for (; n > 16; n -= 16) {
		copy_16(d, s);
		d += 16;
		s += 16;
	}
	WORD(last, 0) = tail0;
	WORD(last, 8) = tail1;
}

/*
 * Copies n > 16 bytes from the highest to the lowest address: correct for a destination above the
 * source.
 */
static void copy_down(char *d, const char *s, size_t n)
{
	u64 head0 = CWORD(s, 0), head1 = CWORD(s, 8);

	for (; n >= 64; n -= 64)
		copy_64(d + n - 64, s + n - 64);
	for (; n > 16; n -= 16)
		copy_16(d + n - 16, s + n - 16);
	WORD(d, 0) = head0;
	WORD(d, 8) = head1;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	if (n <= 16)
		copy_short(dst, src, n);
	else
		copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n <= 16)
		copy_short(dst, src, n);
	else if ((uintptr_t)dst - (uintptr_t)src >= n)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	char *d = dst;
	u64 v = (u8)c * 0x0101010101010101ULL;

	if (n < 8) {
		if (n >= 4) {
			HALF(d, 0) = (u32)v;
			HALF(d, n - 4) = (u32)v;
		} else if (n >= 2) {
			QUARTER(d, 0) = (u16)v;
			QUARTER(d, n - 2) = (u16)v;
		} else if (n) {
			*d = (char)c;
		}
		return dst;
	}
	/*
	 * Store the last word first.  The loops below may leave up to 8 bytes at the end, which
	 * this word covers.
	 */
	WORD(d, n - 8) = v;
	for (; n >= 64; n -= 64) {
		WORD(d, 0) = v;
		WORD(d, 8) = v;
		WORD(d, 16) = v;
		WORD(d, 24) = v;
		WORD(d, 32) = v;
		WORD(d, 40) = v;
		WORD(d, 48) = v;
		WORD(d, 56) = v;
		d += 64;
	}
	for (; n > 8; n -= 8) {
		WORD(d, 0) = v;
		d += 8;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n >= 8; n -= 8) {
		u64 x = CWORD(p, 0), y = CWORD(q, 0);

		if (x != y)
			return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
		p += 8;
		q += 8;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	if (!n)
		return (char *)s;
	for (; (s = strchr(s, *what)); s++)
		if (!strncmp(s, what, n))
			return (char *)s;
	return NULL;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n;

	if (!size)
		return -E2BIG;
	n = strnlen(src, size);
	if (n == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dst, src, n + 1);
	return n;
}

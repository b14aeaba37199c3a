/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and formatting.  Any context; no allocation, no lock.
 *
 * Copies use plain wide moves: `rep movs` runs one element at a time under TCG.
 * The compiler emits calls to mem*; an application sees the same functions through include/.
 */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

#include "kernel/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most size-1 bytes and always ends with NUL; returns bytes copied or -E2BIG. */
ssize_t strscpy(char *dst, const char *src, size_t size);

/*
 * printf family (C99's without floats, plus %pI4: a __be32 by pointer as a.b.c.d, %pM: six bytes of
 * an Ethernet address by pointer).  Returns the length that the whole text has, like C99.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));
/* As snprintf, but returns the bytes written (< size). */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));

/* Whole-string conversions: 0 and *res, or -EINVAL (not a number, trailing bytes) / -ERANGE. */
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtol(const char *s, unsigned int base, long *res);
/* Dotted quad, exactly four decimal octets without leading zeros: 0 or -EINVAL. */
int in4_pton(const char *s, __be32 *addr);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and formatting.  Any context; no allocation, no lock.
 *
 * The copies use ordinary 8-byte moves, because under TCG, QEMU's emulator, `rep movs` moves one
 * element at a time.  The compiler itself emits calls to memcpy(), memset() and the like;
 * applications use the same functions through include/.
 */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

#include "kernel/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/*
 * In a freestanding build the compiler knows only the names __builtin_*.  With them a small area of
 * known size needs no call.
 */
#define memcpy(...) __builtin_memcpy(__VA_ARGS__)
#define memset(...) __builtin_memset(__VA_ARGS__)
#define memcmp(...) __builtin_memcmp(__VA_ARGS__)
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/*
 * Copies at most size-1 bytes and always adds a NUL.  Returns the number of bytes copied, or -E2BIG
 * if @src was cut.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);

/*
 * The printf family: C99's conversions without floats, plus %pI4, which prints the __be32 that the
 * argument points to as a.b.c.d, and %pM, which prints the six bytes of an Ethernet address.
 * Returns the length of the complete text even if @size cut it, as in C99.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));
/* Like snprintf(), but returns the number of bytes written without the NUL (< size). */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(__printf__, 3, 4)));

/*
 * Convert the whole string.  Return 0 and store the number in *@res, or return -EINVAL (not a
 * number, or trailing bytes) or -ERANGE.
 */
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtol(const char *s, unsigned int base, long *res);
/*
 * Converts four decimal numbers of 0 to 255 with dots between them and without leading zeros.
 * Returns 0 or -EINVAL.
 */
int in4_pton(const char *s, __be32 *addr);

#endif

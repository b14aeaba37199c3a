/* SPDX-License-Identifier: MIT */
/*
 * Formatted text.  No streams: printf() writes to number 1 at once.  A text of more than
 * PRINTF_MAX - 1 bytes is not written at all: -1 and EOVERFLOW.
 */
#ifndef STDIO_H
#define STDIO_H

#include <sys/cdefs.h>
#include <stdarg.h>
#include <stddef.h>

#define PRINTF_MAX 1024

int printf(const char *fmt, ...) __APP_NAME(printf) __attribute__((format(printf, 1, 2)));
int dprintf(int fd, const char *fmt, ...) __APP_NAME(dprintf) __attribute__((format(printf, 2, 3)));
int vdprintf(int fd, const char *fmt, va_list ap) __APP_NAME(vdprintf);
int puts(const char *s) __APP_NAME(puts);
/* The kernel's own (kernel/lib/vsprintf.c). */
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

#endif

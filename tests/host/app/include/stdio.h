/* SPDX-License-Identifier: MIT */
/*
 * Formatted text.  A stream is the name of a descriptor and has no buffer: printf() writes to
 * descriptor 1 at once.  A text longer than PRINTF_MAX - 1 bytes is not written at all; the call
 * returns -1 with EOVERFLOW.
 */
#ifndef STDIO_H
#define STDIO_H

#include <sys/cdefs.h>
#include <stdarg.h>
#include <stddef.h>

#define PRINTF_MAX 1024
#define EOF        (-1)

typedef struct {
	int fd;
} FILE;
extern FILE *const stdout __APP_NAME(stdout);
extern FILE *const stderr __APP_NAME(stderr);

int printf(const char *fmt, ...) __APP_NAME(printf) __attribute__((format(printf, 1, 2)));
int dprintf(int fd, const char *fmt, ...) __APP_NAME(dprintf) __attribute__((format(printf, 2, 3)));
int vdprintf(int fd, const char *fmt, va_list ap) __APP_NAME(vdprintf);
int puts(const char *s) __APP_NAME(puts);
int fprintf(FILE *f, const char *fmt, ...) __APP_NAME(fprintf)
	__attribute__((format(printf, 2, 3)));
int fputs(const char *s, FILE *f) __APP_NAME(fputs);
int fflush(FILE *f) __APP_NAME(fflush); /* does nothing */
/* Writes @what and the number of the error, not its text. */
void perror(const char *what) __APP_NAME(perror);
/* The kernel's functions (kernel/lib/vsprintf.c). */
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

#endif

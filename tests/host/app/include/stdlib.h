/* SPDX-License-Identifier: MIT */
/* Memory, conversion of text to numbers, the end of the program. */
#ifndef STDLIB_H
#define STDLIB_H

#include <stddef.h>
#include <sys/cdefs.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

/* These functions allocate from the kernel's memory; one allocation has at most 4 MiB. */
void *malloc(size_t n) __APP_NAME(malloc);
void *calloc(size_t n, size_t size) __APP_NAME(calloc);
void *realloc(void *old, size_t n) __APP_NAME(realloc);
void free(void *p) __APP_NAME(free);

int atoi(const char *s) __APP_NAME(atoi);
long strtol(const char *s, char **end, int base) __APP_NAME(strtol);
unsigned long strtoul(const char *s, char **end, int base) __APP_NAME(strtoul);

/* Powers the machine off, or ends the hosted kernel. */
void exit(int code) __APP_NAME(exit) __attribute__((noreturn));

#endif

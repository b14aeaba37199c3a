/* SPDX-License-Identifier: MIT */
/* Conversion of text to numbers. */
#ifndef STDLIB_H
#define STDLIB_H

#include <sys/cdefs.h>
#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

int atoi(const char *s) __APP_NAME(atoi);

#endif

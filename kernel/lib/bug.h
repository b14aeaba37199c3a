/* SPDX-License-Identifier: MIT */
/*
 * Assertions.  They check for bugs of the kernel, never for invalid packets of a peer.  Any
 * context.  BUG_ON ends the kernel through panic().  WARN_ON reports only the first failure of each
 * line of code, and continues.
 */
#ifndef KERNEL_LIB_BUG_H
#define KERNEL_LIB_BUG_H

#include "kernel/types.h"

/* kernel/panic.c */
void __noreturn panic(const char *fmt, ...) __printf_like(1, 2);
void warn_at(const char *file, int line, const char *what);
/* Number of warnings since boot.  Tests assert that it stays zero. */
extern unsigned int warn_count;

#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond);                      \
	} while (0)
#define BUG() panic("BUG at %s:%d", __FILE__, __LINE__)

#define WARN_ON(cond)                                                                              \
	({                                                                                         \
		bool _warn = (cond);                                                               \
		if (unlikely(_warn)) {                                                             \
			static bool warned;                                                        \
			if (!warned) {                                                             \
				warned = true;                                                     \
				warn_at(__FILE__, __LINE__, #cond);                                \
			}                                                                          \
		}                                                                                  \
		unlikely(_warn);                                                                   \
	})

#endif

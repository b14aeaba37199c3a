/* SPDX-License-Identifier: MIT */
/*
 * Strings of an application.
 *
 * strncpy_from_user() <- open() and other calls that take a name.  Process context, no lock.
 * Answers to Linux's lib/strncpy_from_user.c.
 */
#include "kernel/mm/uaccess.h"

#include "include/uapi/errno.h"

/*
 * A byte at a time: the bytes behind the NUL may not be mapped.  Names are short and rare.
 */
ssize_t strncpy_from_user(char *dst, const char __user *src, size_t max)
{
	for (size_t n = 0; n < max; n++) {
		if (copy_from_user(dst + n, src + n, 1))
			return -EFAULT;
		if (!dst[n])
			return n;
	}
	return -ENAMETOOLONG;
}

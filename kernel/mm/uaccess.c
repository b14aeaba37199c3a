/* SPDX-License-Identifier: MIT */
/*
 * Copying strings from an application.
 *
 * strncpy_from_user() <- open() and other calls that take a name.  Process context, no lock.
 * Compare Linux's lib/strncpy_from_user.c.
 */
#include "kernel/mm/uaccess.h"

#include "include/uapi/errno.h"

bool __weak access_is_exempt(void)
{
	return false;
}

/*
 * Copies one byte at a time, because the page behind the NUL may not be mapped.  Names are short
 * and such calls are rare, so speed does not matter.
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

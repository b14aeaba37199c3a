/* SPDX-License-Identifier: MIT */
/*
 * The only functions that access an application's memory.  Process context.  An invalid pointer
 * never crashes the kernel: the exception table makes the copy stop, and the system call returns
 * -EFAULT.
 */
#ifndef KERNEL_MM_UACCESS_H
#define KERNEL_MM_UACCESS_H

#include "kernel/hal.h"
#include "kernel/types.h"

/* Both return the number of bytes NOT copied (0 = all were copied), as in Linux. */
static inline size_t __must_check copy_from_user(void *to, const void __user *from, size_t n)
{
	return hal_copy_user(to, from, n);
}
static inline size_t __must_check copy_to_user(void __user *to, const void *from, size_t n)
{
	return hal_copy_user(to, from, n);
}
/*
 * Copies a NUL-terminated string of at most @max bytes with its NUL.  Returns its length, -EFAULT,
 * or -ENAMETOOLONG.
 */
ssize_t strncpy_from_user(char *dst, const char __user *src, size_t max);

#endif

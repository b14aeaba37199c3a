/* SPDX-License-Identifier: MIT */
/*
 * Copies between a system call and the application's memory. Process context.  An invalid pointer
 * never crashes the kernel: the exception table makes the copy stop, and the system call returns
 * -EFAULT.
 */
#ifndef KERNEL_MM_UACCESS_H
#define KERNEL_MM_UACCESS_H

#include "kernel/hal.h"
#include "kernel/types.h"

/*
 * Returns true if the calling thread is an application in ring 0 (init/ring0): such an
 * application's memory is part of the kernel's memory.  The weak definition, in images without such
 * applications, returns false.
 */
bool access_is_exempt(void);
static inline bool access_ok(const void __user *p, size_t n)
{
	return likely(hal_access_ok(p, n)) || access_is_exempt();
}

/*
 * copy_from_user() and copy_to_user() return the number of bytes NOT copied (0 = all were copied),
 * as in Linux.  Nothing is copied if a part of the range lies outside the application's half of the
 * address space.
 */
static inline size_t __must_check copy_from_user(void *to, const void __user *from, size_t n)
{
	return access_ok(from, n) ? hal_copy_user(to, from, n) : n;
}
static inline size_t __must_check copy_to_user(void __user *to, const void *from, size_t n)
{
	return access_ok(to, n) ? hal_copy_user(to, from, n) : n;
}
/*
 * Copies a NUL-terminated string of at most @max bytes with its NUL.  Returns its length, -EFAULT,
 * or -ENAMETOOLONG.
 */
ssize_t strncpy_from_user(char *dst, const char __user *src, size_t max);

#endif

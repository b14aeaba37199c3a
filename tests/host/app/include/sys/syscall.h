/* SPDX-License-Identifier: MIT */
/*
 * The entry to the kernel.  It takes a system call number and six arguments; it returns a result or
 * a negative errno.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include <uapi/unistd.h>

long kernel_syscall(long nr, long a, long b, long c, long d, long e, long f);

#endif

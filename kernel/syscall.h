/* SPDX-License-Identifier: MIT */
/*
 * The system call table.  The instruction SYSCALL, applications in ring 0 and the tests of the
 * hosted build enter it through one function.
 *
 * The numbers are Linux's for x86-64, with our own calls above them (include/uapi/unistd.h).  Each
 * subsystem registers its calls at boot, so that kernel/ does not depend on net/.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "kernel/types.h"

typedef long (*sys_call_t)(long a, long b, long c, long d, long e, long f);

struct syscall_def {
	unsigned int nr;
	sys_call_t fn;
	const char *name;
};

/* Registers system calls at boot.  A second registration of a number is a bug. */
void register_syscalls(const struct syscall_def *defs, unsigned int n);

/*
 * Calls the system call @nr.  Returns its result or -errno; -ENOSYS for an unregistered number.
 * Process context, in a thread with a file table.
 */
long kernel_syscall(long nr, long a, long b, long c, long d, long e, long f);

#define SYSCALL_DEF(number, function)                                                              \
	{                                                                                          \
		.nr = number, .fn = (sys_call_t)(void (*)(void))(function), .name = #function      \
	}

#endif

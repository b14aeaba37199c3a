/* SPDX-License-Identifier: MIT */
/*
 * The system call table: one entry for applications, for the hosted build's submitted calls, and
 * for the SYSCALL instruction later.
 *
 * Numbers are Linux's x86-64 ones; ours above them (include/uapi/unistd.h). kernel/ does not know
 * net/: each subsystem registers its calls at boot.
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

/* A second registration of a number is a bug. */
void register_syscalls(const struct syscall_def *defs, unsigned int n);

/* Process context of a thread with a file table.  -ENOSYS for an unregistered number. */
long kernel_syscall(long nr, long a, long b, long c, long d, long e, long f);

#define SYSCALL_DEF(number, function)                                                              \
	{                                                                                          \
		.nr = number, .fn = (sys_call_t)(void (*)(void))(function), .name = #function      \
	}

#endif

/* SPDX-License-Identifier: MIT */
/* The log of system calls (strace=1), and the count of missing ones.  Process context. */
#ifndef KERNEL_STRACE_H
#define KERNEL_STRACE_H

#include "kernel/types.h"

/* Set by strace=1. */
extern bool strace_on;

/* Registers the option, and /proc/syscalls.  Boot, after proc_init(). */
void strace_init(void);
/* Log a call at its start and at its end.  @name: for example "sys_read"; @args: its six arguments. */
void strace_enter(unsigned int nr, const char *name, const long *args);
void strace_leave(unsigned int nr, const char *name, const long *args, long result);
/* Counts the call @nr, for which no function is registered.  Returns -ENOSYS. */
long syscall_missing(long nr);
/* Says in the log, once, why @call fails with ENOSYS and what to do: the program wants a second process. */
void report_second_process(const char *call);

#endif

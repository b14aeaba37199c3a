/* SPDX-License-Identifier: MIT */
/*
 * Threads of the program in the hosted build: C functions that stand for the code in ring 3.
 *
 * Such a function runs on its thread's kernel stack, as a thread with PF_USER, and makes its system
 * calls with host_user_call(), which does what the machine's entry does around kernel_syscall():
 * signals are delivered at the end of the call, and an interrupted call starts again.  A handler is a
 * C function, called as handler(signal, siginfo, NULL) before host_user_call() returns.
 */
#ifndef TESTS_HOST_USER_H
#define TESTS_HOST_USER_H

#include "kernel/types.h"

struct task_struct;

/* Starts the process; its first thread runs fn(arg). */
struct task_struct *host_process_run(int (*fn)(void *arg), void *arg);
/*
 * Creates a thread with clone(): it runs fn(arg).  Returns its tid or -errno.
 */
long host_user_thread(int (*fn)(void *arg), void *arg);
/* Like host_user_thread(), with other flags (CLONE_*) and addresses. */
long host_user_clone(u64 flags, u64 parent_tid, u64 child_tid, int (*fn)(void *arg), void *arg);
long host_user_call(long nr, long a, long b, long c, long d, long e, long f);

/* From now on no signal frame of the current thread can be built, as if its stack could not be
 * used. */
void host_user_break_stack(void);
/* Sets the program's stack pointer, which sigaltstack() checks and below which signal frames are built. */
void host_user_set_sp(u64 sp);
/* Returns the address at which the innermost signal frame was built. */
u64 host_user_frame(void);

#endif

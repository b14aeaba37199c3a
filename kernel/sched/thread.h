/* SPDX-License-Identifier: MIT */
/*
 * Declarations of thread.c, sched.c and files of system calls.  For
 * kernel/sched/{thread,sched,sys_sched,sys_policy}.c, kernel/process/{clone,exit}.c,
 * kernel/time/sys_time.c and init/ring0/threads.c only.
 */
#ifndef KERNEL_SCHED_THREAD_H
#define KERNEL_SCHED_THREAD_H

#include "kernel/types.h"

struct files_struct;
struct task_struct;

/*
 * Returns a new thread with PF_USER that is not runnable yet: thread_publish() starts it, and
 * thread_free() frees it instead.  ERR_PTR(-ENOMEM) when memory is out, or at THREADS_MAX threads.
 * Process context.
 */
struct task_struct *user_thread_alloc(int (*fn)(void *arg), void *arg, struct files_struct *files);
void thread_publish(struct task_struct *p);
void thread_free(struct task_struct *p);

void rq_init(void);                      /* initialises this CPU's run queue; boot */
void sched_start(struct task_struct *p); /* makes a new thread runnable for the first time */
/* The last switch of current, whose state is TASK_DEAD; irq off. */
void __noreturn schedule_dead(void);
void sched_syscalls_init(void); /* kernel/sched/sys_sched.c */
void sched_policy_init(void);   /* kernel/sched/sys_policy.c */
void time_syscalls_init(void);  /* kernel/time/sys_time.c */

#endif

/* SPDX-License-Identifier: MIT */
/* Declarations that thread.c and sched.c share; for no other file. */
#ifndef KERNEL_SCHED_THREAD_H
#define KERNEL_SCHED_THREAD_H

#include "kernel/types.h"

struct task_struct;

void rq_init(void);                      /* this CPU's run queue.  Boot */
void sched_start(struct task_struct *p); /* a new thread's first turn is queued */
void __noreturn schedule_dead(void);     /* current is TASK_DEAD.  irq off */
void sched_syscalls_init(void);          /* kernel/sched/sys_sched.c */
void time_syscalls_init(void);           /* kernel/time/sys_time.c */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The limits of threads.
 */
#ifndef KERNEL_SCHED_LIMITS_H
#define KERNEL_SCHED_LIMITS_H

#define THREAD_STACK_SIZE  16384 /* bytes: a softirq runs on top of a thread's own use */
#define THREADS_MAX        4096  /* kthread_run: -ENOMEM; 64 MiB of stacks at most */
#define THREAD_STACKS_KEPT 64   /* stacks of ended threads kept for the next ones; more are freed */
#define TIME_SLICE_MS      10   /* an application thread that spins loses the CPU after it */
#define SOFT_LOCKUP_MS     2000 /* kernel code that does not yield: reported on the console */

#endif

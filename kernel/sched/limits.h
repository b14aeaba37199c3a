/* SPDX-License-Identifier: MIT */
/*
 * The limits of threads. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_SCHED_LIMITS_H
#define KERNEL_SCHED_LIMITS_H

/*
 * bytes of a thread's stack: besides the thread's own frames it must hold those of a softirq, which
 * runs on the interrupted thread's stack.
 */
#define THREAD_STACK_SIZE 16384
/*
 * threads: kthread_run() of one more fails with -ENOMEM, clone() with -EAGAIN. The stacks of all
 * threads take at most 64 MiB.
 */
#define THREADS_MAX 4096
/*
 * stacks of ended threads that are kept for new threads: further stacks are freed. The kept stacks
 * take 1 MiB. They are already mapped, ready for a burst of short-lived threads.
 */
#define THREAD_STACKS_KEPT 64
/*
 * ms: after this time slice an application thread that does not yield loses the CPU to the next
 * thread that waits. The slice is much longer than a thread switch takes, and so short that the
 * peers of the other threads need not wait long.
 */
#define TIME_SLICE_MS 10
/*
 * ms: kernel code that runs longer without yielding is reported on the console. These are 200 time
 * slices: no correct code takes so long, even under a slow emulator.
 */
#define SOFT_LOCKUP_MS 2000

#endif

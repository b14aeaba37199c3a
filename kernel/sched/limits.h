/* SPDX-License-Identifier: MIT */
/*
 * The limits of threads. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_SCHED_LIMITS_H
#define KERNEL_SCHED_LIMITS_H

/* bytes: of a thread's stack. It must also hold a softirq, which runs on the interrupted thread's stack. */
#define THREAD_STACK_SIZE 16384
/* threads: kthread_run() fails with -ENOMEM. Their stacks are 64 MiB at most. */
#define THREADS_MAX 4096
/*
 * stacks: of ended threads, kept for the next ones; more are freed. They are 1 MiB, mapped and
 * ready for a burst of short threads.
 */
#define THREAD_STACKS_KEPT 64
/*
 * ms: after which an application thread that does not yield loses the CPU to the next one. Much
 * longer than a switch costs, and short enough for the peers that wait for the other threads.
 */
#define TIME_SLICE_MS 10
/*
 * ms: kernel code that runs so long without yielding is reported on the console. 200 time
 * slices: no correct code takes so long, even under a slow emulator.
 */
#define SOFT_LOCKUP_MS 2000

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The soft-lockup watchdog: reports a thread, or a soft interrupt, that keeps the CPU in the
 * kernel.
 */
#ifndef KERNEL_SCHED_WATCHDOG_H
#define KERNEL_SCHED_WATCHDOG_H

#include "kernel/sched/cpu.h"
#include "kernel/types.h"

/* How many lockups were reported.  /proc/interrupts shows it. */
extern u64 soft_lockup_count;

/* The kernel made progress: a switch, a test whether others wait, the end of a call. */
static inline void watchdog_progress(void)
{
	this_cpu()->progress++;
}

/* A thread other than the idle one gets the CPU: watch it. irq off. */
void watchdog_arm(u64 now_ns);
/* Softirqs begin to run on the current thread's stack: watch them. irq off. */
void watchdog_softirq(u64 now_ns);
/* Timer interrupt, irq off. */
void watchdog_tick(u64 now_ns);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The soft-lockup watchdog: reports a thread or softirq that runs in the kernel for too long
 * without yielding.
 */
#ifndef KERNEL_SCHED_WATCHDOG_H
#define KERNEL_SCHED_WATCHDOG_H

#include "kernel/sched/cpu.h"
#include "kernel/types.h"

/* Number of lockups that were reported, shown in /proc/interrupts. */
extern u64 soft_lockup_count;

/*
 * Tells the watchdog that the kernel made progress: a thread switch, a cond_resched(), the end of a
 * system call.
 */
static inline void watchdog_progress(void)
{
	this_cpu()->progress++;
}

/* Begins to watch a thread, other than the idle thread, that gets the CPU. irq off. */
void watchdog_arm(u64 now_ns);
/* Begins to watch softirqs that start on the current thread's stack. irq off. */
void watchdog_softirq(u64 now_ns);
/* Timer interrupt, irq off. */
void watchdog_tick(u64 now_ns);

#endif

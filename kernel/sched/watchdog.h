/* SPDX-License-Identifier: MIT */
/*
 * The soft-lockup watchdog: names a thread, or a soft interrupt, that keeps the CPU in the kernel.
 */
#ifndef KERNEL_SCHED_WATCHDOG_H
#define KERNEL_SCHED_WATCHDOG_H

#include "kernel/sched/cpu.h"
#include "kernel/types.h"

/* How often somebody was named.  /proc/interrupts shows it. */
extern u64 soft_lockup_count;

/* The kernel got on: a switch, a look whether others wait, the end of a call, a turn of softirqs. */
static inline void watchdog_progress(void)
{
	this_cpu()->progress++;
}

/* A thread other than the idle one, or a soft interrupt, gets the CPU: it is looked after.  irq off. */
void watchdog_arm(u64 now_ns);
/* Timer interrupt, irq off. */
void watchdog_tick(u64 now_ns);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Soft interrupts (softirqs): work that a hard interrupt handler leaves for later, when interrupts
 * are on.
 *
 * Softirqs run at the end of a hard interrupt and at the outermost local_bh_enable().  If they are
 * not finished after MAX_SOFTIRQ_RESTART rounds or MAX_SOFTIRQ_MS, ksoftirqd continues.  A softirq
 * must not sleep, and no softirq interrupts another one.  Compare Linux's kernel/softirq.c.
 */
#ifndef KERNEL_TIME_SOFTIRQ_H
#define KERNEL_TIME_SOFTIRQ_H

#include "kernel/sched/cpu.h"
#include "kernel/types.h"

enum softirq {
	TIMER_SOFTIRQ,
	NET_TX_SOFTIRQ,
	NET_RX_SOFTIRQ,
	TASKLET_SOFTIRQ,
	HRTIMER_SOFTIRQ,
	NR_SOFTIRQS
};

void softirq_init(void); /* creates the thread ksoftirqd; after sched_init() */
void open_softirq(enum softirq nr, void (*action)(void));
/*
 * Mark softirq @nr as pending.  In process context with softirqs enabled, ksoftirqd is woken to run
 * it. raise_softirq(): any context; raise_softirq_irqoff(): irq off.
 */
void raise_softirq(enum softirq nr);
void raise_softirq_irqoff(enum softirq nr);
void do_softirq(void);
bool local_softirq_pending(void);

void local_bh_disable(void);
/*
 * Runs pending softirqs if this call ends the outermost local_bh_disable().  Interrupts must be on.
 */
void local_bh_enable(void);

void irq_enter(void); /* irq off */
void irq_exit(void);  /* irq off; runs softirqs */

/* How often each softirq has run, for /proc/softirqs. */
extern u64 softirq_count[NR_SOFTIRQS];

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Soft interrupts: work that a hard interrupt leaves for later, with interrupts on.
 *
 * Run on the way out of a hard interrupt, at the outermost local_bh_enable(), or by ksoftirqd when
 * a round (MAX_SOFTIRQ_RESTART rounds or MAX_SOFTIRQ_MS) did not finish.  Never sleep, never nest.
 * Linux's kernel/softirq.c.
 */
#ifndef KERNEL_TIME_SOFTIRQ_H
#define KERNEL_TIME_SOFTIRQ_H

#include "kernel/sched/cpu.h"
#include "kernel/types.h"

enum softirq { TIMER_SOFTIRQ, NET_TX_SOFTIRQ, NET_RX_SOFTIRQ, NR_SOFTIRQS };

void softirq_init(void); /* starts ksoftirqd; after sched_init() */
void open_softirq(enum softirq nr, void (*action)(void));
/* Marks @nr pending.  raise_softirq(): any context; _irqoff: irq off.  In process context with
 * softirqs on it runs at the next irq exit or is given to ksoftirqd. */
void raise_softirq(enum softirq nr);
void raise_softirq_irqoff(enum softirq nr);
void do_softirq(void);
bool local_softirq_pending(void);

void local_bh_disable(void);
/* Runs pending softirqs when it is the outermost one.  Not with irq off. */
void local_bh_enable(void);

void irq_enter(void); /* irq off */
void irq_exit(void);  /* irq off; runs softirqs */

/* Runs of each, for /proc/softirqs. */
extern u64 softirq_count[NR_SOFTIRQS];

#endif

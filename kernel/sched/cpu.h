/* SPDX-License-Identifier: MIT */
/*
 * The per-CPU data, and functions that tell in which context the caller runs.
 *
 * preempt_count has Linux's layout: bits 0-7 count the reasons why preemption is off (spinlocks
 * held), bits 8-15 are for softirqs (0x100 = a softirq is running, each local_bh_disable() adds
 * 0x200), bits 16-19 count hard interrupts.  It is kept per CPU, not per thread: code may sleep
 * only while it is 0 (schedule() asserts that), so a thread that does not run never needs a value
 * of its own.
 */
#ifndef KERNEL_SCHED_CPU_H
#define KERNEL_SCHED_CPU_H

#include "kernel/hal.h"
#include "kernel/types.h"

struct softnet_data;

struct cpu {
	struct cpu *self; /* must be the first field: the machine reads it at GS:0 */
	struct hal_cpu hal;
	struct task_struct *curr;
	struct task_struct *idle;
	unsigned int preempt_count;
	u32 softirq_pending; /* bit n: softirq n (enum softirq) is pending; changed with irq off */
	unsigned int id;
	bool need_resched;
	/* Increases whenever the kernel makes progress; the watchdog reads it. */
	u64 progress;
	struct softnet_data *softnet; /* per-CPU data of net/core: the NAPI instances to poll */
};

#define PREEMPT_OFFSET         0x00001u
#define SOFTIRQ_OFFSET         0x00100u
#define SOFTIRQ_DISABLE_OFFSET 0x00200u
#define HARDIRQ_OFFSET         0x10000u
#define PREEMPT_MASK           0x000ffu
#define SOFTIRQ_MASK           0x0ff00u
#define HARDIRQ_MASK           0xf0000u

static inline struct cpu *this_cpu(void)
{
	return hal_this_cpu();
}
static inline unsigned int preempt_count(void)
{
	return this_cpu()->preempt_count;
}
/* Returns true in a hard interrupt handler. */
static inline bool in_irq(void)
{
	return preempt_count() & HARDIRQ_MASK;
}
/* Returns true in a softirq, and where softirqs are disabled (local_bh_disable, spin_lock_bh). */
static inline bool in_softirq(void)
{
	return preempt_count() & SOFTIRQ_MASK;
}
static inline bool in_serving_softirq(void)
{
	return preempt_count() & SOFTIRQ_OFFSET;
}
static inline bool in_interrupt(void)
{
	return preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK);
}
/* Returns true in process context with preemption and softirqs enabled, where code may sleep. */
static inline bool may_sleep(void)
{
	return preempt_count() == 0;
}

static inline void preempt_disable(void)
{
	this_cpu()->preempt_count += PREEMPT_OFFSET;
	barrier();
}
static inline void preempt_enable(void)
{
	barrier();
	this_cpu()->preempt_count -= PREEMPT_OFFSET;
}

#define current (this_cpu()->curr)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The shipped build's spinlocks.
 *
 * With one CPU, a lock must only keep other contexts of this CPU from running: the preempt count
 * keeps out other threads, the softirq count keeps out softirqs, and RFLAGS.IF keeps out hard
 * interrupts.  Nothing is stored in the lock, so it has no size.  The checked build
 * (kernel/sched/checked) finds breaches of the rules in kernel/sched/spinlock.h.  Included by
 * kernel/sched/spinlock.h only.  Compare Linux's include/linux/spinlock_api_up.h.
 */
#ifndef VARIANT_LOCK_H
#define VARIANT_LOCK_H

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"
#include "kernel/time/softirq.h"
#include "kernel/types.h"

BUILD_BUG_ON(NR_CPUS != 1);

typedef struct spinlock {
} spinlock_t;

static inline void spin_lock(spinlock_t *lock)
{
	preempt_disable();
}

static inline void spin_unlock(spinlock_t *lock)
{
	preempt_enable();
}

static inline void spin_lock_bh(spinlock_t *lock)
{
	this_cpu()->preempt_count += SOFTIRQ_DISABLE_OFFSET + PREEMPT_OFFSET;
	barrier();
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	struct cpu *cpu = this_cpu();

	/*
	 * This is preempt_enable() and local_bh_enable() in one step, to save time: for each TCP echo
	 * ten locks are unlocked.
	 */
	barrier();
	cpu->preempt_count -= SOFTIRQ_DISABLE_OFFSET + PREEMPT_OFFSET;
	if (unlikely(cpu->softirq_pending) && !in_interrupt())
		do_softirq();
}

/* These are macros, because they set the caller's variable @flags. */
#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		(flags) = hal_irq_save();                                                          \
		spin_lock(lock);                                                                   \
	} while (0)
#define lockdep_assert_held(lock)     ((void)(lock))
#define lockdep_assert_irqs_enabled() ((void)0)

/*
 * These locks do not record their holder, so this always returns true, and assertions that a lock
 * is held succeed.
 */
static inline bool lockdep_is_held(const spinlock_t *lock)
{
	return true;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	hal_irq_restore(flags);
}

#endif

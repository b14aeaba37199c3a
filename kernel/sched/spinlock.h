/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks.
 *
 * The rules, a small part of those of Linux's lockdep; the checked build tests them at every
 * acquisition:
 *   - a lock that is ever taken in softirq must be taken with spin_lock_bh() in process context;
 *   - a lock that is ever taken in a hard interrupt must be taken with spin_lock_irqsave() elsewhere;
 *   - no context takes a lock that it holds already; only the holder unlocks; the holder does not sleep.
 *
 * spin_lock(lock), spin_unlock(lock): for a lock that no softirq or interrupt takes, or for a caller
 *   that cannot be interrupted by them.
 * spin_lock_bh(lock), spin_unlock_bh(lock): keep softirqs out, too.
 * spin_lock_irqsave(lock, flags), spin_unlock_irqrestore(lock, flags): keep hard interrupts out, too.
 * lockdep_assert_held(lock), lockdep_assert_irqs_enabled(): check what a function requires of its
 *   caller.
 * lockdep_is_held(lock): for assertions that combine it with other conditions.
 *
 * The Makefile's include path decides whether <variant/lock.h> is that of kernel/sched/checked or
 * of kernel/sched/shipped.
 */
#ifndef KERNEL_SCHED_SPINLOCK_H
#define KERNEL_SCHED_SPINLOCK_H

#include <variant/lock.h>

#define SPIN_LOCK_UNLOCKED    ((spinlock_t){})
#define DEFINE_SPINLOCK(name) spinlock_t name = {}

static inline void spin_lock_init(spinlock_t *lock)
{
	*lock = SPIN_LOCK_UNLOCKED;
}

#endif

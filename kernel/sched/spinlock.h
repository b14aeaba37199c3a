/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks.
 *
 * Rules (Linux's lockdep in small); the checked build tests them at every acquisition:
 *   - a lock that is ever taken in softirq must be taken with spin_lock_bh() in process context;
 *   - one that is ever taken in a hard interrupt must be taken with spin_lock_irqsave() elsewhere;
 *   - no context takes a lock that it holds already; the holder unlocks; the holder does not sleep.
 *
 * spin_lock(lock), spin_unlock(lock): the other contexts are kept out already.
 * spin_lock_bh(lock), spin_unlock_bh(lock): keep soft interrupts out, too.
 * spin_lock_irqsave(lock, flags), spin_unlock_irqrestore(lock, flags): keep hard interrupts out, too.
 * lockdep_assert_held(lock), lockdep_assert_irqs_enabled(): the caller's contract; lockdep_is_held(lock): for
 * assertions with more in them.
 *
 * <variant/lock.h> is kernel/sched/checked's or kernel/sched/shipped's, by the Makefile's include path.
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

/* SPDX-License-Identifier: MIT */
/*
 * The checked build's spinlocks.  Each lock records its holder, the line of code that took it, and
 * the contexts in which it was ever taken. kernel/sched/spinlock.h has the rules; a breach of a
 * rule panics with a message that names both lines of code.  Included by kernel/sched/spinlock.h
 * only.
 */
#ifndef VARIANT_LOCK_H
#define VARIANT_LOCK_H

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/cpu.h"
#include "kernel/types.h"

/*
 * A line of code that takes a lock.  The macros below define a struct lock_site for each such line.
 */
struct lock_site {
	const char *file;
	u32 line;
};

/* A lock.  At most 16 bytes, because every socket has several locks. */
typedef struct spinlock {
	u8 locked;
	/* SPIN_USED_*: the contexts in which the lock was ever taken. */
	u8 usage;
	/* Number of the CPU that holds the lock, plus 1; 0: no CPU holds it. */
	u8 holder;
	/*
	 * Low 16 bits of the pid of the thread that took the lock last; 0: the boot or the idle
	 * thread.
	 */
	u16 owner;
	const struct lock_site *site; /* the line of code that took the lock last */
} spinlock_t;
BUILD_BUG_ON(sizeof(spinlock_t) > 16);

#define SPIN_USED_HARDIRQ 0x1 /* taken in a hard interrupt */
#define SPIN_USED_SOFTIRQ 0x2 /* taken while serving a softirq */
#define SPIN_USED_IRQS_ON 0x4 /* taken with interrupts on */
/* Taken with softirqs enabled, so a softirq could interrupt the holder. */
#define SPIN_USED_SOFTIRQ_ON 0x8

/* kernel/sched/checked/spinlock.c */
void spin_lock_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock(spinlock_t *lock);
void spin_lock_bh_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_bh(spinlock_t *lock);
unsigned long spin_lock_irqsave_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);
/* Returns true if this CPU holds @lock. */
bool lockdep_is_held(const spinlock_t *lock);

/* LOCK_SITE is a macro, so that __FILE__ and __LINE__ are those of the caller. */
#define LOCK_SITE                                                                                  \
	({                                                                                         \
		static const struct lock_site here = {__FILE__, __LINE__};                         \
		&here;                                                                             \
	})
#define spin_lock(lock)                spin_lock_at(lock, LOCK_SITE)
#define spin_lock_bh(lock)             spin_lock_bh_at(lock, LOCK_SITE)
#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_irqsave_at(lock, LOCK_SITE))
#define lockdep_assert_held(lock)      BUG_ON(!lockdep_is_held(lock))
#define lockdep_assert_irqs_enabled()  WARN_ON(in_irq() || hal_irqs_disabled())

#endif

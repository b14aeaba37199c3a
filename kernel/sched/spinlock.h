/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks that know who holds them and from where.
 *
 * Rules, checked at every acquisition (Linux's lockdep in small):
 *   - a lock that is ever taken in softirq must be taken with spin_lock_bh() in process context;
 *   - one that is ever taken in a hard interrupt must be taken with spin_lock_irqsave() elsewhere;
 *   - nobody takes a lock that he holds; who unlocks is who locked; nobody sleeps with one held.
 * A breach is a panic that names both places.
 */
#ifndef KERNEL_SCHED_SPINLOCK_H
#define KERNEL_SCHED_SPINLOCK_H

#include "kernel/lib/bug.h"
#include "kernel/types.h"

/* Where a lock is taken: one for each line that does, made by the macros below. */
struct lock_site {
	const char *file;
	u32 line;
};

/* 16 bytes, since every socket carries several. */
typedef struct spinlock {
	u8 locked;
	u8 usage;                     /* SPIN_USED_*: contexts in which it has ever been taken */
	u8 cpu;                       /* holder's CPU */
	u16 owner;                    /* current's pid at that time (its low bits; 0: boot, idle) */
	const struct lock_site *site; /* where it was taken last */
} spinlock_t;
BUILD_BUG_ON(sizeof(spinlock_t) > 16);

#define SPIN_USED_HARDIRQ    0x1 /* taken in a hard interrupt */
#define SPIN_USED_SOFTIRQ    0x2 /* taken while serving a softirq */
#define SPIN_USED_IRQS_ON    0x4 /* taken with interrupts on */
#define SPIN_USED_SOFTIRQ_ON 0x8 /* taken where a softirq could have come in */

#define SPIN_LOCK_UNLOCKED    ((spinlock_t){0})
#define DEFINE_SPINLOCK(name) spinlock_t name = {0}

static inline void spin_lock_init(spinlock_t *lock)
{
	*lock = SPIN_LOCK_UNLOCKED;
}

/* kernel/sched/spinlock.c */
void spin_lock_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock(spinlock_t *lock);
void spin_lock_bh_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_bh(spinlock_t *lock);
unsigned long spin_lock_irqsave_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);
/* True when this CPU holds @lock. */
bool spin_is_held(const spinlock_t *lock);

/* A macro, since it must name the caller's line. */
#define LOCK_SITE                                                                                  \
	({                                                                                         \
		static const struct lock_site here = {__FILE__, __LINE__};                         \
		&here;                                                                             \
	})
#define spin_lock(lock)                spin_lock_at(lock, LOCK_SITE)
#define spin_lock_bh(lock)             spin_lock_bh_at(lock, LOCK_SITE)
#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_irqsave_at(lock, LOCK_SITE))
#define lockdep_assert_held(lock)      BUG_ON(!spin_is_held(lock))

#endif

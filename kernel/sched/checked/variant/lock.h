/* SPDX-License-Identifier: MIT */
/*
 * The checked build's spinlocks: each knows its holder, the place where it was taken, and the
 * contexts in which it was ever taken. kernel/sched/spinlock.h has the rules; a breach is a panic
 * that names both places.  Included by kernel/sched/spinlock.h only.
 */
#ifndef VARIANT_LOCK_H
#define VARIANT_LOCK_H

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/cpu.h"
#include "kernel/types.h"

/* A place that takes a lock: the macros below make one for each such line. */
struct lock_site {
	const char *file;
	u32 line;
};

/* 16 bytes, since every socket carries several. */
typedef struct spinlock {
	u8 locked;
	u8 usage;                     /* SPIN_USED_*: contexts in which it has ever been taken */
	u8 holder;                    /* holder's CPU, counted from 1; 0: no CPU holds it */
	u16 owner;                    /* current's pid at that time (its low bits; 0: boot, idle) */
	const struct lock_site *site; /* where it was taken last */
} spinlock_t;
BUILD_BUG_ON(sizeof(spinlock_t) > 16);

#define SPIN_USED_HARDIRQ    0x1 /* taken in a hard interrupt */
#define SPIN_USED_SOFTIRQ    0x2 /* taken while serving a softirq */
#define SPIN_USED_IRQS_ON    0x4 /* taken with interrupts on */
#define SPIN_USED_SOFTIRQ_ON 0x8 /* taken where a softirq could have come in */

/* kernel/sched/checked/spinlock.c */
void spin_lock_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock(spinlock_t *lock);
void spin_lock_bh_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_bh(spinlock_t *lock);
unsigned long spin_lock_irqsave_at(spinlock_t *lock, const struct lock_site *site);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);
/* True when this CPU holds @lock. */
bool lockdep_is_held(const spinlock_t *lock);

/* A macro, since it must name the caller's line. */
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

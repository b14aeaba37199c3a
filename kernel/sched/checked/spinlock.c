/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks that verify their rules at every acquisition.
 *
 * Callers: all code, through the macros of spinlock.h.  Any context.  A check costs a few loads and
 * one read of RFLAGS; it searches no list.
 *
 * Each lock records every kind of context in which it was ever taken.  Some pairs of contexts can
 * deadlock: for example, if a lock is taken in a hard interrupt, and elsewhere with interrupts on.
 * Such a pair is reported as soon as both contexts were recorded, even if no deadlock has happened
 * yet.  The line of code where each context was first recorded is kept in a small separate table,
 * so that the locks stay small (every socket has several).  If two locks share an entry of that
 * table, a report may name only one of the two lines of code.  Compare Linux's
 * kernel/locking/spinlock.c and a small part of lockdep.c.
 */
#include "kernel/sched/spinlock.h"

#include "kernel/hal.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"

#define USAGE_BITS 4
#define FIRST_SEEN 128 /* entries of first_seen[]; a power of two */

/* The line of code where each bit of a lock's usage was first set. */
struct first_seen {
	const spinlock_t *lock;
	const struct lock_site *site[USAGE_BITS];
};
static struct first_seen first_seen[FIRST_SEEN];

static const char *const usage_names[USAGE_BITS] = {
	"in a hard interrupt",
	"in a softirq",
	"with interrupts on",
	"where a softirq may come in",
};

static struct first_seen *first_seen_slot(const spinlock_t *lock)
{
	u64 h = (u64)(unsigned long)lock * 0x9e3779b97f4a7c15ULL;

	return &first_seen[h >> 57];
}
BUILD_BUG_ON(FIRST_SEEN != 1 << (64 - 57));

static void __noreturn usage_panic(const spinlock_t *lock, u8 a, u8 b, const struct lock_site *site)
{
	const struct first_seen *f = first_seen_slot(lock);
	unsigned int now = lock->usage & a ? __builtin_ctz(b) : __builtin_ctz(a);
	unsigned int old = lock->usage & a ? __builtin_ctz(a) : __builtin_ctz(b);

	if (f->lock == lock && f->site[old])
		panic("lock %p: taken %s at %s:%u, but %s at %s:%u", (const void *)lock,
		      usage_names[now], site->file, site->line, usage_names[old],
		      f->site[old]->file, f->site[old]->line);
	panic("lock %p: taken %s at %s:%u, but %s elsewhere", (const void *)lock, usage_names[now],
	      site->file, site->line, usage_names[old]);
}

static noinline void usage_grows(spinlock_t *lock, u8 fresh, const struct lock_site *site)
{
	struct first_seen *f = first_seen_slot(lock);
	u8 all = lock->usage | fresh;

	if ((all & SPIN_USED_HARDIRQ) && (all & SPIN_USED_IRQS_ON))
		usage_panic(lock, SPIN_USED_HARDIRQ, SPIN_USED_IRQS_ON, site);
	if ((all & SPIN_USED_SOFTIRQ) && (all & SPIN_USED_SOFTIRQ_ON))
		usage_panic(lock, SPIN_USED_SOFTIRQ, SPIN_USED_SOFTIRQ_ON, site);

	if (f->lock != lock || !lock->usage)
		*f = (struct first_seen){.lock = lock};
	for (unsigned int i = 0; i < USAGE_BITS; i++) {
		if (fresh & (1u << i))
			f->site[i] = site;
	}
	lock->usage = all;
}

/* Returns the context of this acquisition as SPIN_USED_* bits. */
static inline u8 usage_here(unsigned int count)
{
	u8 use = 0;

	if (count & HARDIRQ_MASK)
		return SPIN_USED_HARDIRQ;
	if (count & SOFTIRQ_OFFSET)
		use |= SPIN_USED_SOFTIRQ;
	if (!hal_irqs_disabled()) {
		use |= SPIN_USED_IRQS_ON;
		if (!(count & SOFTIRQ_MASK))
			use |= SPIN_USED_SOFTIRQ_ON;
	}
	return use;
}

/* Returns the current thread's pid for lock->owner, or 0 early in the boot. */
static inline u16 owner_here(const struct cpu *cpu)
{
	return cpu->curr ? cpu->curr->pid : 0;
}

/*
 * Returns this CPU's number plus 1 for lock->holder, in which 0 means that no CPU holds the lock.
 */
static inline u8 holder_here(const struct cpu *cpu)
{
	return (u8)(cpu->id + 1);
}
BUILD_BUG_ON(NR_CPUS > 254);

static const struct lock_site nowhere = {"?", 0};

static const struct lock_site *site_of(const spinlock_t *lock)
{
	return lock->site ? lock->site : &nowhere;
}

static noinline void lock_is_taken(spinlock_t *lock, const struct cpu *cpu,
				   const struct lock_site *site)
{
	if (NR_CPUS == 1 || READ_ONCE(lock->holder) == holder_here(cpu))
		panic("lock %p: wanted at %s:%u, but taken at %s:%u by thread %u on this CPU",
		      (void *)lock, site->file, site->line, site_of(lock)->file,
		      site_of(lock)->line, lock->owner);
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		hal_cpu_relax();
}

void spin_lock_at(spinlock_t *lock, const struct lock_site *site)
{
	struct cpu *cpu = this_cpu();
	unsigned int count = cpu->preempt_count;
	u8 use = usage_here(count);

	cpu->preempt_count = count + PREEMPT_OFFSET;
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		lock_is_taken(lock, cpu, site);
	WRITE_ONCE(lock->holder, holder_here(cpu));
	lock->owner = owner_here(cpu);
	lock->site = site;
	if (unlikely(use & ~lock->usage))
		usage_grows(lock, use & ~lock->usage, site);
}

static noinline void __noreturn unlock_panic(const spinlock_t *lock, const struct cpu *cpu)
{
	if (!lock->locked)
		panic("lock %p: released, but not held (last taken at %s:%u)", (const void *)lock,
		      site_of(lock)->file, site_of(lock)->line);
	panic("lock %p: taken at %s:%u by thread %u, released by thread %u", (const void *)lock,
	      site_of(lock)->file, site_of(lock)->line, lock->owner, owner_here(cpu));
}

void spin_unlock(spinlock_t *lock)
{
	struct cpu *cpu = this_cpu();

	if (unlikely(!lock->locked || lock->owner != owner_here(cpu) ||
		     lock->holder != holder_here(cpu)))
		unlock_panic(lock, cpu);
	BUG_ON(!(cpu->preempt_count & PREEMPT_MASK));
	/*
	 * Clear the holder before the lock is released.  Otherwise holder would still name this CPU
	 * for a moment after another CPU has taken the lock, and lock_is_taken() would report a
	 * wait of this CPU as a recursive lock.
	 */
	WRITE_ONCE(lock->holder, 0);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	cpu->preempt_count -= PREEMPT_OFFSET;
}

void spin_lock_bh_at(spinlock_t *lock, const struct lock_site *site)
{
	local_bh_disable();
	spin_lock_at(lock, site);
}

void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

unsigned long spin_lock_irqsave_at(spinlock_t *lock, const struct lock_site *site)
{
	unsigned long flags = hal_irq_save();

	spin_lock_at(lock, site);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	hal_irq_restore(flags);
}

bool lockdep_is_held(const spinlock_t *lock)
{
	return lock->locked && lock->holder == holder_here(this_cpu());
}

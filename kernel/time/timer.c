/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel.
 *
 * Callers, in order: mod_timer()/del_timer() from any context; do_timer_interrupt() raises
 * TIMER_SOFTIRQ when a timer is due; run_timers() in that softirq calls the functions of the due
 * timers, with no lock held.  The wheel's lock is taken with interrupts off.
 *
 * The wheel has LEVELS levels of 64 buckets each; a bucket of level n spans 8^n jiffies.  A timer
 * is put into the finest level whose 63 next buckets reach its time, into the bucket that begins at
 * or before its time.  When the clock reaches the beginning of that bucket, the timer is due or
 * moves to a finer level.  So every timer fires exactly in its jiffy, and a timer that is moved or
 * deleted earlier (nearly all of TCP's timers) costs one list operation.  The 64 buckets of a level
 * have one 64-bit bitmap, so a rotation and a bit scan find the next bucket that is not empty.
 *
 * mod_timer() to a later time does not change any list: the timer stays in its bucket, and moves to
 * the right one when the clock reaches the beginning of the old bucket.  A retransmission timer
 * that every ACK pushes back costs one store for each ACK, and one move for each timeout.  Compare
 * Linux's kernel/time/timer.c (which since 4.8 rounds the time up to a bucket instead, and never
 * moves a timer to a finer level).
 */
#include "kernel/time/timer.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/softirq.h"

#define LEVEL_BITS    6
#define LEVEL_BUCKETS (1u << LEVEL_BITS)
/* Each level's buckets span 2^3 times as many jiffies as those of the level below. */
#define LEVEL_SHIFT 3
/*
 * The coarsest level reaches 63 * 8^8 jiffies, which are twelve days. A timer for a later time is
 * inserted again when the clock reaches its bucket.
 */
#define LEVELS 9
#define SLOTS  (LEVELS * LEVEL_BUCKETS)
#define NEVER  (~0UL)

struct timer_base {
	spinlock_t lock;
	/*
	 * @clk and @next are in jiffies, and compared as 64-bit numbers, which do not wrap in 500
	 * million years.
	 */
	/* The next jiffy to handle; every bucket with a timer begins at or after it. */
	unsigned long clk;
	unsigned long next; /* no bucket with a timer begins before this jiffy */
	unsigned int armed; /* number of timers that are pending */
	/* The timer whose function is running; NULL: none is running. */
	const struct timer_list *running;
	u64 filled[LEVELS]; /* a bit for each bucket; 0: the bucket is empty */
	struct hlist_head slots[SLOTS];
};
static struct timer_base bases[NR_CPUS];

/*
 * timer->flags: the slot in the low 16 bits, and above them the number of the CPU whose wheel the
 * timer belongs to, which never changes.
 */
#define SLOT_MASK 0xffffu
#define CPU_SHIFT 16
BUILD_BUG_ON(SLOTS > SLOT_MASK);

static struct timer_base *this_base(void)
{
	return &bases[this_cpu()->id];
}

static struct timer_base *base_of(const struct timer_list *timer)
{
	return &bases[timer->flags >> CPU_SHIFT];
}

/* ---- the bucket for a time ------------------------------------------------------------------ */

static inline unsigned int level_shift(unsigned int level)
{
	return level * LEVEL_SHIFT;
}

/*
 * Returns the largest distance from base->clk, in jiffies, at which a timer of this level may
 * expire.
 */
static inline unsigned long level_reach(unsigned int level)
{
	return (unsigned long)(LEVEL_BUCKETS - 1) << level_shift(level);
}

/*
 * Returns the slot for a timer that expires at @expires, and in *@when the jiffy at which that
 * slot's bucket begins.
 */
static unsigned int slot_of(const struct timer_base *base, unsigned long expires,
			    unsigned long *when)
{
	unsigned long delta, bucket;
	unsigned int level = 0;

	if (time_before(expires, base->clk))
		expires = base->clk;
	delta = expires - base->clk;
	while (level < LEVELS - 1 && delta > level_reach(level))
		level++;
	/*
	 * The time is beyond the coarsest level: put the timer into the farthest bucket.  When the
	 * clock reaches that bucket, the timer is inserted again.
	 */
	if (delta > level_reach(level))
		expires = base->clk + level_reach(level);

	bucket = expires >> level_shift(level);
	*when = bucket << level_shift(level);
	return level * LEVEL_BUCKETS + (bucket & (LEVEL_BUCKETS - 1));
}

/*
 * Returns the jiffy at which the first bucket that may have timers begins, or NEVER. base->lock
 * held.
 */
static unsigned long first_bucket(const struct timer_base *base)
{
	unsigned long first = NEVER;

	for (unsigned int level = 0; level < LEVELS; level++) {
		unsigned int shift = level_shift(level);
		unsigned long pos, when;
		unsigned int turn;
		u64 bits = base->filled[level];

		if (!bits)
			continue;
		/* First bucket that begins at or after clk. */
		pos = (base->clk + (1UL << shift) - 1) >> shift;
		turn = pos & (LEVEL_BUCKETS - 1);
		bits = bits >> turn | bits << ((LEVEL_BUCKETS - turn) & (LEVEL_BUCKETS - 1));
		when = (pos + __builtin_ctzll(bits)) << shift;
		if (when < first)
			first = when;
	}
	return first;
}

/* ---- adding and removing timers (base->lock held) -------------------------------------------- */

static void wheel_insert(struct timer_base *base, struct timer_list *timer)
{
	unsigned long when;
	unsigned int slot = slot_of(base, timer->expires, &when);

	timer->flags = (timer->flags & ~SLOT_MASK) | slot;
	hlist_add_head(&timer->entry, &base->slots[slot]);
	base->filled[slot / LEVEL_BUCKETS] |= 1ULL << (slot % LEVEL_BUCKETS);
	if (when < base->next) {
		base->next = when;
		clockevent_program(jiffies_to_clock_ns(when));
	}
}

/*
 * Removes the timer from its list without marking it as not pending: the caller puts it into
 * another list at once.
 */
static void unlink_timer(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}

static void wheel_remove(struct timer_base *base, struct timer_list *timer)
{
	unsigned int slot = timer->flags & SLOT_MASK;

	unlink_timer(&timer->entry);
	if (hlist_empty(&base->slots[slot]))
		base->filled[slot / LEVEL_BUCKETS] &= ~(1ULL << (slot % LEVEL_BUCKETS));
}

/*
 * Moves base->clk forward to now, but not past the next bucket with a timer, which is still to be
 * handled.  An idle kernel has no periodic interrupt, so clk may be far behind.  Seen from such a
 * clk, a near time would seem far, and its timer would go into a coarse bucket.
 */
static void wheel_forward(struct timer_base *base)
{
	unsigned long now = jiffies;

	if (now > base->next)
		now = base->next;
	if (now > base->clk)
		base->clk = now;
}

/* ---- the interface -------------------------------------------------------------------------- */

void setup_timer(struct timer_list *timer, void (*function)(unsigned long), unsigned long data)
{
	INIT_HLIST_NODE(&timer->entry);
	timer->expires = 0;
	timer->function = function;
	timer->data = data;
	timer->flags = this_cpu()->id << CPU_SHIFT;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	struct timer_base *base = base_of(timer);
	unsigned long flags;
	int pending;

	BUG_ON(!timer->function);
	spin_lock_irqsave(&base->lock, flags);
	pending = timer_pending(timer);
	if (pending && time_after_eq(expires, timer->expires)) {
		timer->expires = expires;
		goto out_unlock;
	}
	if (pending)
		wheel_remove(base, timer);
	else
		base->armed++;
	timer->expires = expires;
	wheel_forward(base);
	wheel_insert(base, timer);
out_unlock:
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

static int detach(struct timer_base *base, struct timer_list *timer)
{
	if (!timer_pending(timer))
		return 0;
	wheel_remove(base, timer);
	INIT_HLIST_NODE(&timer->entry);
	base->armed--;
	return 1;
}

int del_timer(struct timer_list *timer)
{
	struct timer_base *base = base_of(timer);
	unsigned long flags;
	int pending;

	/*
	 * It is safe to test without the lock: if the caller races with mod_timer(), the result
	 * would depend on timing with the lock, too.
	 */
	if (!timer_pending(timer))
		return 0;
	spin_lock_irqsave(&base->lock, flags);
	pending = detach(base, timer);
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

int del_timer_sync(struct timer_list *timer)
{
	struct timer_base *base = base_of(timer);
	unsigned long flags;
	bool running;
	int pending = 0;

	/*
	 * Do not wait in a softirq: the timer's function might run on the CPU that the softirq
	 * interrupts, or need a lock that the softirq holds.  The softirq would wait forever.
	 */
	WARN_ON(in_interrupt());
	do {
		spin_lock_irqsave(&base->lock, flags);
		running = base->running == timer;
		/*
		 * A running function may arm its timer again, so delete the timer only after the
		 * function has returned.
		 */
		if (!running)
			pending |= detach(base, timer);
		spin_unlock_irqrestore(&base->lock, flags);
		if (running) {
			/*
			 * With one CPU, the timer's function can only be running if it called this
			 * function itself, and then this loop would never end.
			 */
			BUG_ON(NR_CPUS == 1);
			hal_cpu_relax();
		}
	} while (running);
	return pending;
}

unsigned int timers_armed(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NR_CPUS; i++)
		n += bases[i].armed;
	return n;
}

/* ---- when time has passed ------------------------------------------------------------------- */

/*
 * Called by the timer interrupt. base->next may be too early but never too late, so if it lies in
 * the future, no timer is due.  Hard interrupt, irq off.
 */
void timers_interrupt(u64 now_ns)
{
	struct timer_base *base = this_base();
	u64 next;

	if (base->next == NEVER)
		return;
	next = jiffies_to_clock_ns(base->next);
	if (next <= now_ns)
		raise_softirq_irqoff(TIMER_SOFTIRQ);
	else
		clockevent_program(next);
}

/*
 * Moves the timers of every bucket that begins at base->clk from the wheel to @due. base->lock
 * held.
 */
static void collect_due(struct timer_base *base, struct hlist_head *due)
{
	struct hlist_node *node, *next;

	for (unsigned int level = 0; level < LEVELS; level++) {
		unsigned int shift = level_shift(level);
		unsigned int bucket = (base->clk >> shift) & (LEVEL_BUCKETS - 1);

		if (base->clk & ((1UL << shift) - 1))
			/*
			 * base->clk is not the beginning of a bucket of this level, and so of no
			 * coarser one.
			 */
			break;
		if (!(base->filled[level] & (1ULL << bucket)))
			continue;
		base->filled[level] &= ~(1ULL << bucket);
		for (node = base->slots[level * LEVEL_BUCKETS + bucket].first; node; node = next) {
			next = node->next;
			unlink_timer(node);
			hlist_add_head(node, due);
		}
	}
}

/*
 * Calls the functions of the timers in @due that expire by @jiffy, and inserts the others into the
 * wheel again. base->lock is held, but released around each call.
 */
static void expire_timers(struct timer_base *base, struct hlist_head *due, unsigned long jiffy,
			  unsigned long *flags)
{
	while (!hlist_empty(due)) {
		struct timer_list *timer = hlist_entry(due->first, struct timer_list, entry);
		void (*function)(unsigned long) = timer->function;
		unsigned long data = timer->data;

		unlink_timer(&timer->entry);
		if (time_after(timer->expires, jiffy)) {
			wheel_insert(base, timer);
			continue;
		}
		INIT_HLIST_NODE(&timer->entry);
		base->armed--;
		/*
		 * This pointer is only compared, never followed: the function may free the timer.
		 */
		base->running = timer;
		spin_unlock_irqrestore(&base->lock, *flags);
		function(data);
		spin_lock_irqsave(&base->lock, *flags);
		base->running = NULL;
	}
}

/*
 * The function of TIMER_SOFTIRQ.  Handles all buckets that begin before or at the current jiffy, in
 * order of time.
 */
static void run_timers(void)
{
	struct timer_base *base = this_base();
	struct hlist_head due = {NULL};
	unsigned long flags, jiffy;

	spin_lock_irqsave(&base->lock, flags);
	for (;;) {
		base->next = first_bucket(base);
		if (base->next > jiffies)
			break;
		jiffy = base->clk = base->next;
		collect_due(base, &due);
		/*
		 * Advance clk first: a function that arms its timer for now or earlier gets the
		 * next jiffy, so the loop ends.
		 */
		base->clk = jiffy + 1;
		expire_timers(base, &due, jiffy, &flags);
	}
	if (base->next != NEVER)
		clockevent_program(jiffies_to_clock_ns(base->next));
	spin_unlock_irqrestore(&base->lock, flags);
}

void timers_init(void)
{
	for (unsigned int i = 0; i < NR_CPUS; i++) {
		spin_lock_init(&bases[i].lock);
		bases[i].clk = jiffies;
		bases[i].next = NEVER;
	}
	open_softirq(TIMER_SOFTIRQ, run_timers);
}

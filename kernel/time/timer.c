/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel.
 *
 * Callers, in order: mod_timer()/del_timer() from any context; do_timer_interrupt() raises
 * TIMER_SOFTIRQ when a timer is due; run_timers() in that softirq calls the functions, with no lock
 * held.  The wheel's lock is taken with interrupts off.
 *
 * Shape: LEVELS wheels of 64 buckets; a bucket of level n spans 8^n jiffies.  A timer goes to the
 * finest level whose 63 buckets reach its time, into the bucket that begins at or before its time.
 * When that bucket comes up, the timer is due or moves to a finer level.  So every timer fires in
 * its own jiffy, and a timer that is moved or deleted before (nearly all of TCP's) costs one list
 * operation. 64 buckets are one word of a bitmap: finding the next bucket of a level is a rotation
 * and a bit scan.
 *
 * mod_timer() to a later time does not touch the list: the timer stays in its old bucket, and moves
 * on when that bucket comes up.  A retransmission timer that every ACK pushes back costs one store
 * for each ACK, and one move for each timeout.  Answers to Linux's kernel/time/timer.c (which since
 * 4.8 rounds up instead, and never moves a timer).
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
#define LEVEL_SHIFT   3 /* each level is 2^3 times coarser */
#define LEVELS        9 /* the coarsest reaches 63 * 8^8 jiffies, twelve days; then it goes round */
#define SLOTS         (LEVELS * LEVEL_BUCKETS)
#define NEVER         (~0UL)

struct timer_base {
	spinlock_t lock;
	/* Jiffies, compared as 64-bit numbers: they do not wrap in 500 million years. */
	unsigned long clk;  /* the jiffy that is handled next; no bucket lies before it */
	unsigned long next; /* no bucket with a timer lies before it */
	unsigned int armed; /* timers pending */
	const struct timer_list *running; /* the timer whose function is being called */
	u64 filled[LEVELS];               /* a bit for each bucket that may have timers */
	struct hlist_head slots[SLOTS];
};
static struct timer_base bases[NR_CPUS];

/*
 * timer->flags: the slot, and above it the CPU whose wheel the timer belongs to, which never
 * changes.
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

/* ---- where a time belongs ------------------------------------------------------------------- */

static inline unsigned int level_shift(unsigned int level)
{
	return level * LEVEL_SHIFT;
}

/* Jiffies from now that a level can tell apart by their bucket. */
static inline unsigned long level_reach(unsigned int level)
{
	return (unsigned long)(LEVEL_BUCKETS - 1) << level_shift(level);
}

/* The slot for @expires, seen from base->clk; *@when becomes the jiffy at which it comes up. */
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
	/* Beyond the horizon: into the farthest bucket, and further from there when it comes up. */
	if (delta > level_reach(level))
		expires = base->clk + level_reach(level);

	bucket = expires >> level_shift(level);
	*when = bucket << level_shift(level);
	return level * LEVEL_BUCKETS + (bucket & (LEVEL_BUCKETS - 1));
}

/* The jiffy at which the first bucket that may have timers comes up.  Base locked. */
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
		pos = (base->clk + (1UL << shift) - 1) >> shift; /* first boundary not before clk */
		turn = pos & (LEVEL_BUCKETS - 1);
		bits = bits >> turn | bits << ((LEVEL_BUCKETS - turn) & (LEVEL_BUCKETS - 1));
		when = (pos + __builtin_ctzll(bits)) << shift;
		if (when < first)
			first = when;
	}
	return first;
}

/* ---- in and out of the wheel (base locked) -------------------------------------------------- */

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
 * Takes it out of its list, but it stays "pending": the caller puts it into the next list at once.
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
 * An idle kernel takes no tick, so clk may lag behind.  Seen from there a near time would look far,
 * and the timer would land in a coarse bucket.  Moves clk no further than the next bucket, which
 * must still come up.
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
	 * Test without the lock: a caller that races with mod_timer() gets either answer with a
	 * lock too.
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
	 * A softirq that waited here would stop its CPU, and might hold a lock that the function
	 * needs.
	 */
	WARN_ON(in_interrupt());
	do {
		spin_lock_irqsave(&base->lock, flags);
		running = base->running == timer;
		/*
		 * A running function may arm its timer again: delete it once the function has
		 * returned.
		 */
		if (!running)
			pending |= detach(base, timer);
		spin_unlock_irqrestore(&base->lock, flags);
		if (running) {
			/*
			 * With one CPU only the timer's own function could get here, and would wait
			 * for itself.
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
 * Hard interrupt, irq off. base->next may be too early, never too late, so "nothing is due" is
 * certain.
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

/* Takes every bucket that comes up at base->clk off the wheel, into @due. */
static void collect_due(struct timer_base *base, struct hlist_head *due)
{
	struct hlist_node *node, *next;

	for (unsigned int level = 0; level < LEVELS; level++) {
		unsigned int shift = level_shift(level);
		unsigned int bucket = (base->clk >> shift) & (LEVEL_BUCKETS - 1);

		if (base->clk & ((1UL << shift) - 1))
			break; /* not a boundary of this level, nor of a coarser one */
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

/* Calls the timers that are due, puts the others back.  Base locked; unlocked around each call. */
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
		base->running = timer; /* do not dereference: the function may free it */
		spin_unlock_irqrestore(&base->lock, *flags);
		function(data);
		spin_lock_irqsave(&base->lock, *flags);
		base->running = NULL;
	}
}

/* TIMER_SOFTIRQ. Handles all buckets up to now, in the order of time. */
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
		 * A timer armed again for now or earlier comes up in the next jiffy: no endless
		 * loop.
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

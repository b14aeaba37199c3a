/* SPDX-License-Identifier: MIT */
/*
 * Timers with the resolution of the clock: a red-black tree by time of expiry.
 *
 * Callers, in order: hrtimer_start() and hrtimer_try_to_cancel() from any context; do_timer_interrupt()
 * calls hrtimers_interrupt(), which raises HRTIMER_SOFTIRQ when the first timer is due;
 * run_hrtimers() in that softirq calls the functions.  The lock is taken with interrupts off.
 * Compare Linux's kernel/time/hrtimer.c, where the functions of timers by default run in the hard
 * interrupt.
 */
#include "kernel/time/hrtimer.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"

/* There is one tree, because there is one CPU. */
static DEFINE_SPINLOCK(lock);
static struct rb_root tree;
static struct rb_node *first; /* the leftmost node, which fires first; NULL: the tree is empty */
static unsigned int armed;
/* The timer whose function is running; NULL: none is running. */
static const struct hrtimer *running;

static struct hrtimer *timer_of(struct rb_node *node)
{
	return rb_entry(node, struct hrtimer, node);
}

/* ---- the tree (lock held) ------------------------------------------------------------------- */

/* Timers with the same time fire in the order in which they were started. */
static void insert(struct hrtimer *timer)
{
	struct rb_node **link = &tree.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (timer->expires < timer_of(parent)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&timer->node, parent, link);
	rb_insert_color(&timer->node, &tree);
	if (leftmost)
		first = &timer->node;
	armed++;
}

static void detach(struct hrtimer *timer)
{
	if (first == &timer->node)
		first = rb_next(first);
	rb_erase(&timer->node, &tree);
	RB_CLEAR_NODE(&timer->node);
	armed--;
}

/* ---- the interface -------------------------------------------------------------------------- */

void hrtimer_setup(struct hrtimer *timer, void (*function)(struct hrtimer *timer))
{
	RB_CLEAR_NODE(&timer->node);
	timer->expires = 0;
	timer->function = function;
}

bool hrtimer_start(struct hrtimer *timer, u64 expires)
{
	bool started = false;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (!hrtimer_is_queued(timer)) {
		timer->expires = expires;
		insert(timer);
		if (first == &timer->node)
			clockevent_program(expires);
		started = true;
	}
	spin_unlock_irqrestore(&lock, flags);
	return started;
}

bool hrtimer_try_to_cancel(struct hrtimer *timer)
{
	unsigned long flags;
	bool queued;

	spin_lock_irqsave(&lock, flags);
	queued = hrtimer_is_queued(timer);
	if (queued)
		detach(timer);
	spin_unlock_irqrestore(&lock, flags);
	return queued;
}

void hrtimer_cancel(struct hrtimer *timer)
{
	unsigned long flags;
	bool busy;

	WARN_ON(in_interrupt());
	do {
		spin_lock_irqsave(&lock, flags);
		busy = running == timer;
		/* A running function may start its timer again, so wait until it has returned. */
		if (!busy && hrtimer_is_queued(timer))
			detach(timer);
		spin_unlock_irqrestore(&lock, flags);
		if (busy) {
			/*
			 * With one CPU, the timer's function can be running only if it called
			 * hrtimer_cancel() itself.
			 */
			BUG_ON(NR_CPUS == 1);
			hal_cpu_relax();
		}
	} while (busy);
}

unsigned int hrtimers_armed(void)
{
	return armed;
}

/* ---- when time has passed ------------------------------------------------------------------- */

void hrtimers_interrupt(u64 now_ns)
{
	if (!first)
		return;
	if (timer_of(first)->expires <= now_ns)
		raise_softirq_irqoff(HRTIMER_SOFTIRQ);
	else
		clockevent_program(timer_of(first)->expires);
}

/*
 * The function of HRTIMER_SOFTIRQ. A function may start its timer again.  This loop runs that
 * timer, too, if its new time is at or before @now, which was read when the loop began.  A later
 * time is left to the next softirq, so the loop ends.
 */
static void run_hrtimers(void)
{
	unsigned long flags;
	u64 now = ktime_get_ns();

	spin_lock_irqsave(&lock, flags);
	while (first && timer_of(first)->expires <= now) {
		struct hrtimer *timer = timer_of(first);
		void (*function)(struct hrtimer *) = timer->function;

		detach(timer);
		running = timer;
		spin_unlock_irqrestore(&lock, flags);
		function(timer); /* may free the timer */
		spin_lock_irqsave(&lock, flags);
		running = NULL;
	}
	if (first)
		clockevent_program(timer_of(first)->expires);
	spin_unlock_irqrestore(&lock, flags);
}

void hrtimers_init(void)
{
	tree = RB_ROOT;
	first = NULL;
	armed = 0;
	open_softirq(HRTIMER_SOFTIRQ, run_hrtimers);
}

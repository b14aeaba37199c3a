/* SPDX-License-Identifier: MIT */
/*
 * Timers with the resolution of the clock, for times shorter than a jiffy.  For example, pacing
 * sends packets some microseconds apart.
 *
 * One-shot; the function runs in the HRTIMER softirq, with no lock held, and may start its timer
 * again.  A timer never fires early.  It fires late by at most the latency of interrupts and
 * softirqs.  For timeouts use the wheel (timer.h): there, moving a timer is cheaper.  While no
 * hrtimer is armed, this code adds only one comparison to a timer interrupt.  The names are those
 * of Linux's include/linux/hrtimer.h.
 */
#ifndef KERNEL_TIME_HRTIMER_H
#define KERNEL_TIME_HRTIMER_H

#include "kernel/lib/rbtree.h"

struct hrtimer {
	/* in the tree, ordered by @expires; cleared while the timer is not armed */
	struct rb_node node;
	u64 expires; /* when the timer fires: ns, as ktime_get_ns() counts */
	void (*function)(struct hrtimer *timer);
};

void hrtimers_init(void);
void hrtimer_setup(struct hrtimer *timer, void (*function)(struct hrtimer *timer));
/* Returns true if the timer is armed and its function has not begun. */
static inline bool hrtimer_is_queued(const struct hrtimer *timer)
{
	return !RB_EMPTY_NODE(&timer->node);
}
/*
 * Arms the timer for @expires, which may be in the past.  Returns false, and changes nothing, if the
 * timer is armed already.  Any context.
 */
bool hrtimer_start(struct hrtimer *timer, u64 expires);
/*
 * Disarms the timer; returns true if it was armed.  Its function may be running on another CPU. Any
 * context.
 */
bool hrtimer_try_to_cancel(struct hrtimer *timer);
/*
 * Disarms the timer, and waits until its function runs on no CPU.  The caller holds no lock that the
 * function takes.  Process context.
 */
void hrtimer_cancel(struct hrtimer *timer);

/*
 * Called by kernel/irq.c: raises HRTIMER_SOFTIRQ if a timer is due; else arms the hardware timer for
 * the next one.  Hard interrupt, irq off.
 */
void hrtimers_interrupt(u64 now_ns);
/* Returns the number of armed timers; tests check that none is armed at their end. */
unsigned int hrtimers_armed(void);

#endif

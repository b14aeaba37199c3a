/* SPDX-License-Identifier: MIT */
/*
 * Timers with the resolution of the clock, for times that a jiffy is too coarse for: pacing sends
 * packets some microseconds apart.
 *
 * One-shot; the function runs in the HRTIMER softirq, with no lock held, and may start its timer
 * again.  A timer never fires early; it fires late by the latency of interrupts and softirqs.  For
 * timeouts use the wheel (timer.h): there, moving a timer is cheaper.  Without a timer in the tree
 * an interrupt of the clock costs one comparison.  Names of Linux's include/linux/hrtimer.h.
 */
#ifndef KERNEL_TIME_HRTIMER_H
#define KERNEL_TIME_HRTIMER_H

#include "kernel/lib/rbtree.h"

struct hrtimer {
	struct rb_node node; /* in the tree by @expires, or empty */
	u64 expires;         /* ns of the clock */
	void (*function)(struct hrtimer *timer);
};

void hrtimers_init(void);
void hrtimer_setup(struct hrtimer *timer, void (*function)(struct hrtimer *timer));
/* Returns true if the timer is armed; its function has not begun then. */
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
 * Called by kernel/irq.c: raises HRTIMER_SOFTIRQ if a timer is due; else arms the hardware timer for
 * the next one.  Hard interrupt, irq off.
 */
void hrtimers_interrupt(u64 now_ns);
/* Returns the number of armed timers; tests check that none is armed at their end. */
unsigned int hrtimers_armed(void);

#endif

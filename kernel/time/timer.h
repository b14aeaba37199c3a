/* SPDX-License-Identifier: MIT */
/*
 * Timers: a hierarchical timer wheel for each CPU, run in the TIMER softirq.
 *
 * A timer never fires early, and fires in the jiffy that it is set for (in Linux since 4.8, a timer
 * far in the future may be late by an eighth of its time).  The one-shot hardware timer is armed
 * for the earliest timer; an idle kernel has no periodic interrupt. mod_timer/del_timer: any
 * context.  Callbacks: softirq, no lock held, may re-arm their timer.
 */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include "kernel/lib/list.h"
#include "kernel/time/time.h"

struct timer_list {
	struct hlist_node entry;
	unsigned long expires; /* jiffies */
	void (*function)(unsigned long data);
	unsigned long data;
	u32 flags; /* private to timer.c: the CPU and the slot */
};

void timers_init(void);
void setup_timer(struct timer_list *timer, void (*function)(unsigned long), unsigned long data);
static inline bool timer_pending(const struct timer_list *timer)
{
	return !hlist_unhashed(&timer->entry);
}
/*
 * Arms the timer, or moves an armed one, to the jiffy @expires.  A time in the past fires within a
 * jiffy.  Returns 1 if the timer was pending, else 0.  Moving an armed timer to a later time, the
 * most common case, costs a comparison and a store.
 */
int mod_timer(struct timer_list *timer, unsigned long expires);
/*
 * Disarms the timer.  Returns 1 if it was pending, else 0.  Its function may still be running on
 * another CPU.
 */
int del_timer(struct timer_list *timer);
/* Like del_timer(), and waits until the timer's function runs on no CPU.  Process context. */
int del_timer_sync(struct timer_list *timer);

/*
 * Called by kernel/irq.c: raises TIMER_SOFTIRQ if a timer is due; else arms the hardware timer for
 * the next one.  Hard interrupt, irq off.
 */
void timers_interrupt(u64 now_ns);

/*
 * Returns the number of armed timers.  Tests check that no timer of the network is armed at their
 * end.
 */
unsigned int timers_armed(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Timers: a hierarchical wheel, one a CPU, run in the TIMER softirq.
 *
 * A timer never fires early, and fires in the jiffy it is set for (Linux's wheel since 4.8 lets far
 * ones be an eighth late).  The one-shot hardware timer is armed for the earliest; an idle kernel
 * takes no tick.
 * mod_timer/del_timer: any context.  Callbacks: softirq, no lock held, may re-arm their timer.
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
	u32 flags; /* the wheel's own: CPU, slot */
};

void timers_init(void);
void setup_timer(struct timer_list *timer, void (*function)(unsigned long), unsigned long data);
static inline bool timer_pending(const struct timer_list *timer)
{
	return !hlist_unhashed(&timer->entry);
}
/* Arms or moves; returns 1 when it was pending.  A time in the past fires within a jiffy.  The
 * common case, moving an armed timer to a later time, costs a comparison and a store. */
int mod_timer(struct timer_list *timer, unsigned long expires);
/* Disarms; returns 1 when it was pending.  The callback may still be running on another CPU. */
int del_timer(struct timer_list *timer);
/* As above and waits until the callback is not running anywhere.  Process context. */
int del_timer_sync(struct timer_list *timer);

/* For kernel/irq.c: raises TIMER_SOFTIRQ when a timer is due, else arms for the next.  Hard interrupt, irq
 * off. */
void timers_interrupt(u64 now_ns);

/* How many timers are armed: tests end with none of the network's. */
unsigned int timers_armed(void);

#endif

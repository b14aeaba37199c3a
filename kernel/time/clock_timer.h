/* SPDX-License-Identifier: MIT */
/*
 * Timers on a clock that the program chooses: the monotonic clock, or the time of day.
 *
 * A timer on the time of day fires when that clock shows its time, also if clock_settime() moved
 * the clock meanwhile.  One-shot; the function runs in the HRTIMER softirq.  It may start its timer
 * again.  Used by sleeping system calls and by timers of the program.
 */
#ifndef KERNEL_TIME_CLOCK_TIMER_H
#define KERNEL_TIME_CLOCK_TIMER_H

#include "kernel/lib/list.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/time.h"
#include "kernel/types.h"

struct clock_timer {
	struct hrtimer timer;
	int clock;   /* CLOCK_MONOTONIC or CLOCK_REALTIME */
	u64 expires; /* on @clock, ns */
	void (*function)(struct clock_timer *timer);
	struct list_head realtime; /* link in the list of armed timers on CLOCK_REALTIME */
};

/* Returns the time of @clock in ns. */
u64 clock_now(int clock);
void clock_timer_setup(struct clock_timer *timer, int clock,
		       void (*function)(struct clock_timer *timer));
/* Arms the timer for @expires; KTIME_MAX: it never fires.  The timer must not be armed.  Any context. */
void clock_timer_start(struct clock_timer *timer, u64 expires);
/* Disarms the timer.  Returns true if it was armed.  Process context. */
bool clock_timer_cancel(struct clock_timer *timer);
/* Called when the time of day was set. */
void clock_was_set(void);

/* A function that runs when the time of day was set, with interrupts off and a lock held. */
struct clock_watch {
	void (*was_set)(struct clock_watch *watch);
	struct list_head list; /* empty while the watch is not added */
};
void clock_watch_setup(struct clock_watch *watch, void (*was_set)(struct clock_watch *watch));
/*
 * clock_watch_add() and clock_watch_remove() may be called whether @watch is added or not.  Process
 * context.
 */
void clock_watch_add(struct clock_watch *watch);
void clock_watch_remove(struct clock_watch *watch);

#endif

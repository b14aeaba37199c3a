/* SPDX-License-Identifier: MIT */
/*
 * Timers on the monotonic clock or on the time of day.
 *
 * clock_timer_start() <- sleep.c, kernel/process; wallclock_set() -> clock_was_set(); the HRTIMER
 * softirq -> fire().  An hrtimer counts on the monotonic clock, so a timer on the time of day is
 * moved when the time of day is set.  For that, armed timers on the time of day are in a list.  A
 * second list has the functions that are called when the time of day is set (timerfd).
 *
 * Lock: realtime_lock, interrupts off; the lock of the hrtimers and the locks of the watches'
 * functions are taken inside it.  Compare the clock bases of Linux's kernel/time/hrtimer.c.
 */
#include "kernel/time/clock_timer.h"

#include "include/uapi/time.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

static DEFINE_SPINLOCK(realtime_lock);
static LIST_HEAD(realtime_timers);
static LIST_HEAD(watches);

u64 clock_now(int clock)
{
	return clock == CLOCK_REALTIME ? ktime_get_real_ns() : ktime_get_ns();
}

/* Returns when the monotonic clock will be at @timer's time, if the time of day is not set again. */
static u64 monotonic_expiry(const struct clock_timer *timer)
{
	u64 now = clock_now(timer->clock);

	return timer->expires <= now ? 0 : ktime_get_ns() + (timer->expires - now);
}

static void leave_list(struct clock_timer *timer)
{
	unsigned long flags;

	spin_lock_irqsave(&realtime_lock, flags);
	list_del_init(&timer->realtime);
	spin_unlock_irqrestore(&realtime_lock, flags);
}

static void fire(struct hrtimer *hrtimer)
{
	struct clock_timer *timer = container_of(hrtimer, struct clock_timer, timer);

	leave_list(timer);
	timer->function(timer);
}

void clock_timer_setup(struct clock_timer *timer, int clock,
		       void (*function)(struct clock_timer *timer))
{
	hrtimer_setup(&timer->timer, fire);
	timer->clock = clock;
	timer->function = function;
	INIT_LIST_HEAD(&timer->realtime);
}

void clock_timer_start(struct clock_timer *timer, u64 expires)
{
	unsigned long flags;

	timer->expires = expires;
	if (expires == KTIME_MAX)
		return;
	spin_lock_irqsave(&realtime_lock, flags);
	if (timer->clock == CLOCK_REALTIME)
		list_add_tail(&timer->realtime, &realtime_timers);
	hrtimer_start(&timer->timer, monotonic_expiry(timer));
	spin_unlock_irqrestore(&realtime_lock, flags);
}

bool clock_timer_cancel(struct clock_timer *timer)
{
	unsigned long flags;
	bool armed;

	spin_lock_irqsave(&realtime_lock, flags);
	list_del_init(&timer->realtime);
	armed = hrtimer_try_to_cancel(&timer->timer);
	spin_unlock_irqrestore(&realtime_lock, flags);
	return armed;
}

void clock_watch_setup(struct clock_watch *watch, void (*was_set)(struct clock_watch *watch))
{
	watch->was_set = was_set;
	INIT_LIST_HEAD(&watch->list);
}

void clock_watch_add(struct clock_watch *watch)
{
	unsigned long flags;

	spin_lock_irqsave(&realtime_lock, flags);
	if (list_empty(&watch->list))
		list_add_tail(&watch->list, &watches);
	spin_unlock_irqrestore(&realtime_lock, flags);
}

void clock_watch_remove(struct clock_watch *watch)
{
	unsigned long flags;

	spin_lock_irqsave(&realtime_lock, flags);
	list_del_init(&watch->list);
	spin_unlock_irqrestore(&realtime_lock, flags);
}

void clock_was_set(void)
{
	struct clock_timer *timer;
	struct clock_watch *watch;
	unsigned long flags;

	spin_lock_irqsave(&realtime_lock, flags);
	list_for_each_entry(timer, &realtime_timers, realtime) {
		if (hrtimer_try_to_cancel(&timer->timer))
			hrtimer_start(&timer->timer, monotonic_expiry(timer));
	}
	list_for_each_entry(watch, &watches, list)
		watch->was_set(watch);
	spin_unlock_irqrestore(&realtime_lock, flags);
}

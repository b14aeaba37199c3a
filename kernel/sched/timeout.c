/* SPDX-License-Identifier: MIT */
/*
 * Sleeping with a time limit.
 *
 * Callers: every wait with a limit (socket timeouts, poll, nanosleep).  Process context, no lock.
 * The timer is on the sleeper's stack and is deleted before the function returns.  Compare
 * Linux's kernel/time/timer.c, schedule_timeout(), and hrtimer.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

static void wake_sleeper(unsigned long data)
{
	wake_up_process((struct task_struct *)data);
}

long schedule_timeout(long timeout)
{
	struct timer_list timer;
	unsigned long end;
	long left;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return MAX_SCHEDULE_TIMEOUT;
	}
	if (WARN_ON(timeout < 0)) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	/*
	 * @timeout counts whole jiffies: if a part of the current jiffy has passed, the timer ends
	 * one jiffy later.
	 */
	end = jiffies + timeout;
	setup_timer(&timer, wake_sleeper, (unsigned long)current);
	mod_timer(&timer, end + (ktime_get_ns() % NSEC_PER_JIFFY != 0));
	schedule();
	del_timer_sync(&timer);

	left = (long)(end - jiffies);
	return left < 0 ? 0 : left;
}

/* An hrtimer on the stack of a thread that sleeps. */
struct sleeper {
	struct hrtimer timer;
	struct task_struct *task;
	bool expired;
};

static void sleeper_expires(struct hrtimer *timer)
{
	struct sleeper *sleeper = container_of(timer, struct sleeper, timer);

	WRITE_ONCE(sleeper->expired, true);
	wake_up_process(sleeper->task);
}

bool schedule_hrtimeout(u64 deadline)
{
	struct sleeper sleeper;

	if (deadline == KTIME_MAX) {
		schedule();
		return false;
	}
	sleeper.task = current;
	sleeper.expired = false;
	hrtimer_setup(&sleeper.timer, sleeper_expires);
	hrtimer_start(&sleeper.timer, deadline);
	schedule();
	hrtimer_cancel(&sleeper.timer);
	return sleeper.expired;
}

long schedule_timeout_interruptible(long timeout)
{
	__set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

long schedule_timeout_uninterruptible(long timeout)
{
	__set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

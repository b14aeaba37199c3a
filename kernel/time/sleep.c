/* SPDX-License-Identifier: MIT */
/*
 * Sleeping until a time.
 *
 * sleep_until() <- nanosleep(), futex(), rt_sigtimedwait().  Process context; the timer is on the
 * sleeper's stack, and is disarmed before the function returns.  Compare Linux's
 * schedule_hrtimeout_range_clock() in kernel/time/sleep_timeout.c.
 */
#include "kernel/time/sleep.h"

#include "include/uapi/errno.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"

struct sleeper {
	struct clock_timer timer;
	struct task_struct *task; /* NULL: the timer has fired */
};

static void wake_sleeper(struct clock_timer *timer)
{
	struct sleeper *s = container_of(timer, struct sleeper, timer);
	struct task_struct *task = s->task;

	s->task = NULL;
	wake_up_process(task);
}

u64 deadline_after(u64 ns)
{
	u64 now = ktime_get_ns();

	return ns >= KTIME_MAX - now ? KTIME_MAX : now + ns;
}

bool sleep_until(int clock, u64 deadline)
{
	struct sleeper s = {.task = current};

	if (deadline <= clock_now(clock)) {
		__set_current_state(TASK_RUNNING);
		return false;
	}
	clock_timer_setup(&s.timer, clock, wake_sleeper);
	clock_timer_start(&s.timer, deadline);
	schedule();
	clock_timer_cancel(&s.timer);
	return READ_ONCE(s.task) != NULL;
}

int get_timespec(const struct timespec __user *ts, u64 *ns)
{
	struct timespec k;

	if (copy_from_user(&k, ts, sizeof(k)))
		return -EFAULT;
	if (k.tv_sec < 0 || k.tv_nsec < 0 || k.tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	*ns = KTIME_MAX;
	if (k.tv_sec < (long)(KTIME_MAX / NSEC_PER_SEC))
		*ns = k.tv_sec * NSEC_PER_SEC + k.tv_nsec;
	return 0;
}

int put_timespec(struct timespec __user *ts, u64 ns)
{
	struct timespec k = {.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};

	return copy_to_user(ts, &k, sizeof(k)) ? -EFAULT : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Timers that send a signal; timer_create() and its sisters.
 *
 * System calls and itimer.c (process context) -> posix_timer_set(); the HRTIMER softirq -> expire();
 * dequeue_signal() -> posix_timer_taken() (process context).
 *
 * No hardware timer counts a program's CPU time.  On one CPU the program's CPU time grows no faster
 * than time passes.  So a timer on CPU time waits for as long as the CPU time that is still
 * missing, and then compares again.
 *
 * Lock: timer_lock, with interrupts off; taken before siglock.  Compare Linux's kernel/time/posix-timers.c
 * and posix-cpu-timers.c.
 */
#include "kernel/process/posix_timers.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/clocks.h"
#include "kernel/time/sleep.h"

static DEFINE_SPINLOCK(timer_lock);
static struct kmem_cache *timer_cache;
static struct posix_timer *timers[POSIX_TIMERS_MAX]; /* by id */

/* ---- one timer ------------------------------------------------------------------------------ */

/* Starts t->timer for t->expires. timer_lock held. */
static void arm(struct posix_timer *t)
{
	u64 now, wait;

	if (!clock_is_cpu(t->clock)) {
		clock_timer_start(&t->timer, t->expires);
		return;
	}
	now = clock_read(t->clock);
	wait = t->expires > now ? t->expires - now : 0;
	clock_timer_start(&t->timer, deadline_after(max_t(u64, wait, CPU_TIMER_STEP)));
}

/*
 * Adds intervals to t->expires until it is later than @now.  Returns how many intervals have ended
 * between the old t->expires and @now.
 */
static u64 forward(struct posix_timer *t, u64 now)
{
	u64 passed = now < t->expires ? 0 : (now - t->expires) / t->interval;

	t->expires += (passed + 1) * t->interval;
	return passed;
}

static void expire(struct clock_timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	unsigned long flags;
	u64 now;

	spin_lock_irqsave(&timer_lock, flags);
	now = clock_read(t->clock);
	if (clock_is_cpu(t->clock) && now < t->expires) {
		arm(t);
		goto out_unlock;
	}
	switch (send_timer_signal(&t->signal, t->tid)) {
	case TIMER_SENT:
		if (!t->interval)
			t->expires = 0;
		break;
	case TIMER_IGNORED:
		if (t->interval) {
			forward(t, now + CPU_TIMER_STEP);
			arm(t);
			break;
		}
		fallthrough;
	case TIMER_NO_THREAD:
		t->expires = 0;
		break;
	}
out_unlock:
	spin_unlock_irqrestore(&timer_lock, flags);
}

void posix_timer_setup(struct posix_timer *t, int clock, int sig, int code)
{
	*t = (struct posix_timer){
		.clock = clock,
		.made_on = clock,
		.signal = {.info = {.si_signo = sig, .si_code = code}, .timer = t},
	};
	INIT_LIST_HEAD(&t->signal.list);
	clock_timer_setup(&t->timer, clock_is_real(clock) ? CLOCK_REALTIME : CLOCK_MONOTONIC,
			  expire);
}

void posix_timer_set(struct posix_timer *t, u64 expires, u64 interval)
{
	unsigned long flags;

	clock_timer_cancel(&t->timer);
	withdraw_timer_signal(&t->signal);
	spin_lock_irqsave(&timer_lock, flags);
	t->expires = expires;
	t->interval = interval;
	t->overrun_last = 0;
	if (expires && t->notify != SIGEV_NONE)
		arm(t);
	spin_unlock_irqrestore(&timer_lock, flags);
}

/*
 * If a timer has fired and its signal is not taken yet, returns the rest of the interval that has
 * begun since.
 */
u64 posix_timer_left(const struct posix_timer *t)
{
	u64 now = clock_read(t->clock);

	if (!t->expires)
		return 0;
	if (now < t->expires)
		return t->expires - now;
	if (t->interval)
		return t->interval - (now - t->expires) % t->interval;
	/*
	 * The timer is due, but the softirq has not run yet. Return 1, because 0 would mean "not
	 * armed".
	 */
	return t->notify == SIGEV_NONE ? 0 : 1;
}

void posix_timer_taken(struct posix_timer *t, struct user_siginfo *info)
{
	unsigned long flags;
	u64 passed;

	spin_lock_irqsave(&timer_lock, flags);
	if (t->interval && t->expires) {
		passed = forward(t, clock_read(t->clock));
		arm(t);
		t->overrun_last = min_t(u64, passed, INT32_MAX);
		if (info->si_code == SI_TIMER)
			info->si_overrun = (s32)t->overrun_last;
	}
	spin_unlock_irqrestore(&timer_lock, flags);
}

/* ---- the system calls ----------------------------------------------------------------------- */

static struct posix_timer *find(int id)
{
	return id >= 0 && id < POSIX_TIMERS_MAX ? timers[id] : NULL;
}

/* Returns the lowest free id. */
static int free_id(void)
{
	for (int id = 0; id < POSIX_TIMERS_MAX; id++) {
		if (!timers[id])
			return id;
	}
	return -EAGAIN;
}

static int check_event(const struct user_sigevent *event)
{
	int notify = event->sigev_notify;
	unsigned long flags;
	bool known;

	if (notify == SIGEV_NONE)
		return 0;
	if (event->sigev_signo < 1 || event->sigev_signo > NSIG)
		return -EINVAL;
	if (notify == SIGEV_SIGNAL || notify == SIGEV_THREAD)
		return 0;
	if (notify != SIGEV_THREAD_ID)
		return -EINVAL;
	spin_lock_irqsave(&process.siglock, flags);
	known = process_thread(event->sigev_tid);
	spin_unlock_irqrestore(&process.siglock, flags);
	return known ? 0 : -EINVAL;
}

static long sys_timer_create(int clock, const struct user_sigevent __user *uevent, int __user *uid)
{
	struct user_sigevent event = {.sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL};
	struct posix_timer *t;
	int id = free_id(), err;

	if (uevent && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	err = clock_can_wait(clock, true);
	if (!err)
		err = check_event(&event);
	if (!err && id < 0)
		err = id;
	if (err)
		return err;
	if (!uevent)
		event.sigev_value = id;
	t = kmem_cache_alloc(timer_cache, GFP_KERNEL);
	if (!t)
		return -EAGAIN;
	posix_timer_setup(t, clock_of_caller(clock), event.sigev_signo, SI_TIMER);
	t->signal.info.si_timerid = id;
	t->signal.info.si_timer_value = event.sigev_value;
	t->notify = event.sigev_notify;
	t->tid = event.sigev_notify == SIGEV_THREAD_ID ? event.sigev_tid : 0;
	if (copy_to_user(uid, &id, sizeof(id))) {
		kmem_cache_free(timer_cache, t);
		return -EFAULT;
	}
	/* copy_to_user() and copy_from_user() may have slept: another thread may have taken the id. */
	if (timers[id]) {
		kmem_cache_free(timer_cache, t);
		return -EAGAIN;
	}
	timers[id] = t;
	return 0;
}

static long sys_timer_delete(int id)
{
	struct posix_timer *t = find(id);

	if (!t)
		return -EINVAL;
	timers[id] = NULL;
	posix_timer_set(t, 0, 0);
	kmem_cache_free(timer_cache, t);
	return 0;
}

static struct timespec timespec_of(u64 ns)
{
	return (struct timespec){.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};
}

static struct itimerspec setting_of(const struct posix_timer *t)
{
	return (struct itimerspec){timespec_of(t->interval), timespec_of(posix_timer_left(t))};
}

static long sys_timer_gettime(int id, struct itimerspec __user *now)
{
	const struct posix_timer *t = find(id);
	struct itimerspec setting;

	if (!t)
		return -EINVAL;
	setting = setting_of(t);
	return copy_to_user(now, &setting, sizeof(setting)) ? -EFAULT : 0;
}

/*
 * As on Linux, a relative time of CLOCK_REALTIME is a time to wait: it does not move when the time of
 * day is set.
 */
static void choose_clock(struct posix_timer *t, bool relative)
{
	clock_timer_cancel(&t->timer);
	t->clock = relative && t->made_on == CLOCK_REALTIME ? CLOCK_MONOTONIC : t->made_on;
	t->timer.clock = clock_is_real(t->clock) ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

static long sys_timer_settime(int id, int flags, const struct itimerspec __user *new,
			      struct itimerspec __user *old)
{
	struct itimerspec before;
	struct posix_timer *t;
	u64 interval, value;
	int err;

	if (!new)
		return -EINVAL;
	err = get_timespec(&new->it_interval, &interval);
	if (!err)
		err = get_timespec(&new->it_value, &value);
	if (err)
		return err;
	t = find(id);
	if (!t)
		return -EINVAL;
	before = setting_of(t);
	choose_clock(t, !(flags & TIMER_ABSTIME));
	if (value && !(flags & TIMER_ABSTIME))
		value = clock_deadline(t->clock, value);
	posix_timer_set(t, value, interval);
	return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

static long sys_timer_getoverrun(int id)
{
	const struct posix_timer *t = find(id);

	return t ? (long)t->overrun_last : -EINVAL;
}

void posix_timers_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_timer_create, sys_timer_create),
		SYSCALL_DEF(__NR_timer_delete, sys_timer_delete),
		SYSCALL_DEF(__NR_timer_gettime, sys_timer_gettime),
		SYSCALL_DEF(__NR_timer_settime, sys_timer_settime),
		SYSCALL_DEF(__NR_timer_getoverrun, sys_timer_getoverrun),
	};

	timer_cache = kmem_cache_create("posix_timer", sizeof(struct posix_timer), 0, 0);
	register_syscalls(defs, ARRAY_SIZE(defs));
}

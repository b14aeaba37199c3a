/* SPDX-License-Identifier: MIT */
/*
 * System calls about time: clock_gettime, clock_settime, clock_getres, gettimeofday, time, times,
 * nanosleep, clock_nanosleep.
 *
 * Called through kernel_syscall() (process context).  Argument errors are tested in Linux's order.
 * Compare Linux's kernel/time/posix-timers.c, hrtimer.c and time.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall.h"
#include "kernel/time/clocks.h"
#include "kernel/time/sleep.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

#define USER_HZ 100 /* ticks a second in times() */

/* ---- reading and setting -------------------------------------------------------------------- */

static long sys_clock_gettime(int clock, struct timespec __user *ts)
{
	int err = clock_check(clock);

	return err ? err : put_timespec(ts, clock_read(clock));
}

/* Stores the clock's resolution, 1 ns. With a NULL @ts only the validity of @clock is checked. */
static long sys_clock_getres(int clock, struct timespec __user *ts)
{
	int err = clock_check(clock);

	return err || !ts ? err : put_timespec(ts, 1);
}

/* Only the time of day can be set.  Timeouts on the monotonic clock are not affected. */
static long sys_clock_settime(int clock, const struct timespec __user *ts)
{
	struct timespec k;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (copy_from_user(&k, ts, sizeof(k)))
		return -EFAULT;
	return wallclock_set(k.tv_sec, k.tv_nsec);
}

/* @tv and @tz may each be NULL. */
static long sys_gettimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	u64 ns = ktime_get_real_ns();
	struct timeval k = {.tv_sec = ns / NSEC_PER_SEC,
			    .tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC};
	struct timezone utc = {0};

	if (tv && copy_to_user(tv, &k, sizeof(k)))
		return -EFAULT;
	if (tz && copy_to_user(tz, &utc, sizeof(utc)))
		return -EFAULT;
	return 0;
}

static long sys_time(s64 __user *to)
{
	s64 seconds = ktime_get_real_ns() / NSEC_PER_SEC;

	if (to && copy_to_user(to, &seconds, sizeof(seconds)))
		return -EFAULT;
	return seconds;
}

struct tms {
	s64 tms_utime, tms_stime, tms_cutime, tms_cstime;
};

/* All CPU time counts as user time: time in system calls is not measured apart. */
static long sys_times(struct tms __user *to)
{
	struct tms k = {
		.tms_utime = clock_read(CLOCK_PROCESS_CPUTIME_ID) / (NSEC_PER_SEC / USER_HZ),
	};

	if (to && copy_to_user(to, &k, sizeof(k)))
		return -EFAULT;
	return ktime_get_ns() / (NSEC_PER_SEC / USER_HZ);
}

/* ---- sleeping ------------------------------------------------------------------------------- */

/*
 * Sleeps until the clock shows @deadline.  Returns false if a signal ended the sleep.  There is one
 * CPU, so a CPU-time clock runs no faster than real time.  If such a clock must still advance by d,
 * sleep for d of real time, read the clock again, and repeat until it shows @deadline.
 */
static bool sleep_on(int clock, u64 deadline)
{
	u64 now;

	while ((now = clock_read(clock)) < deadline) {
		if (signal_pending(current))
			return false;
		set_current_state(TASK_INTERRUPTIBLE);
		if (clock_is_cpu(clock))
			sleep_until(CLOCK_MONOTONIC, deadline_after(deadline - now));
		else
			sleep_until(clock_is_real(clock) ? CLOCK_REALTIME : CLOCK_MONOTONIC,
				    deadline);
	}
	return true;
}

static long sleep_restart(struct restart_block *restart);

/* A relative sleep.  If a signal ends it, *@left is the rest of the time. */
static long sleep_relative(int clock, u64 deadline, struct timespec __user *left)
{
	struct restart_block *restart = &current->sig.restart;
	u64 now;
	int err;

	if (sleep_on(clock, deadline))
		return 0;
	now = clock_read(clock);
	if (now >= deadline)
		return 0;
	err = left ? put_timespec(left, deadline - now) : 0;
	if (err)
		return err;
	restart->args[0] = clock;
	restart->args[1] = deadline;
	restart->args[2] = (u64)left;
	return set_restart_fn(sleep_restart);
}

static long sleep_restart(struct restart_block *restart)
{
	return sleep_relative((int)restart->args[0], restart->args[1], (void *)restart->args[2]);
}

static long sys_nanosleep(const struct timespec __user *time, struct timespec __user *left)
{
	int err;
	u64 ns;

	err = get_timespec(time, &ns);
	return err ? err : sleep_relative(CLOCK_MONOTONIC, deadline_after(ns), left);
}

static long sys_clock_nanosleep(int clock, int flags, const struct timespec __user *time,
				struct timespec __user *left)
{
	int err = clock_can_wait(clock, false);
	u64 ns;

	if (!err)
		err = get_timespec(time, &ns);
	if (err)
		return err;
	if (flags & TIMER_ABSTIME)
		return sleep_on(clock, ns) ? 0 : -ERESTARTNOHAND;
	/* Setting the time of day does not change how long a relative sleep lasts. */
	if (clock_is_real(clock))
		clock = CLOCK_MONOTONIC;
	return sleep_relative(clock, clock_deadline(clock, ns), left);
}

void time_syscalls_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_clock_gettime, sys_clock_gettime),
		SYSCALL_DEF(__NR_clock_settime, sys_clock_settime),
		SYSCALL_DEF(__NR_clock_getres, sys_clock_getres),
		SYSCALL_DEF(__NR_gettimeofday, sys_gettimeofday),
		SYSCALL_DEF(__NR_time, sys_time),
		SYSCALL_DEF(__NR_times, sys_times),
		SYSCALL_DEF(__NR_nanosleep, sys_nanosleep),
		SYSCALL_DEF(__NR_clock_nanosleep, sys_clock_nanosleep),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}

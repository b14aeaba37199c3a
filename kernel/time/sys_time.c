/* SPDX-License-Identifier: MIT */
/*
 * System calls about time: clock_gettime, clock_settime, clock_getres, gettimeofday, time,
 * nanosleep.
 *
 * Called through kernel_syscall() (process context).
 * Compare Linux's kernel/time/posix-timers.c and time.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

/* The application's struct timespec. */
struct user_timespec {
	s64 tv_sec;
	s64 tv_nsec;
};

struct user_timeval {
	s64 tv_sec;
	s64 tv_usec;
};

struct user_timezone {
	s32 minuteswest;
	s32 dsttime;
};

/*
 * Linux's clock ids.  The coarse clocks have the same resolution as the others.  BOOTTIME equals
 * MONOTONIC, because the machine cannot be suspended.
 */
enum {
	ID_REALTIME = 0,
	ID_MONOTONIC = 1,
	ID_MONOTONIC_RAW = 4,
	ID_REALTIME_COARSE = 5,
	ID_MONOTONIC_COARSE = 6,
	ID_BOOTTIME = 7,
};

static bool clock_read(int id, u64 *ns)
{
	switch (id) {
	case ID_REALTIME:
	case ID_REALTIME_COARSE:
		*ns = ktime_get_real_ns();
		return true;
	case ID_MONOTONIC:
	case ID_MONOTONIC_RAW:
	case ID_MONOTONIC_COARSE:
	case ID_BOOTTIME:
		*ns = ktime_get_ns();
		return true;
	default:
		return false;
	}
}

static long put_timespec(struct user_timespec __user *ts, u64 ns)
{
	struct user_timespec k = {.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};

	return copy_to_user(ts, &k, sizeof(k)) ? -EFAULT : 0;
}

static long sys_clock_gettime(int id, struct user_timespec __user *ts)
{
	u64 ns;

	return clock_read(id, &ns) ? put_timespec(ts, ns) : -EINVAL;
}

/* Returns the clock's resolution, 1 ns.  With a NULL @ts only the validity of @id is checked. */
static long sys_clock_getres(int id, struct user_timespec __user *ts)
{
	u64 ns;

	if (!clock_read(id, &ns))
		return -EINVAL;
	return ts ? put_timespec(ts, 1) : 0;
}

/* Only the time of day can be set.  Timeouts use the monotonic clock, so they are not affected. */
static long sys_clock_settime(int id, const struct user_timespec __user *ts)
{
	struct user_timespec k;

	if (id != ID_REALTIME)
		return -EINVAL;
	if (copy_from_user(&k, ts, sizeof(k)))
		return -EFAULT;
	return wallclock_set(k.tv_sec, k.tv_nsec);
}

/* @tv and @tz may each be NULL. */
static long sys_gettimeofday(struct user_timeval __user *tv, struct user_timezone __user *tz)
{
	u64 ns = ktime_get_real_ns();
	struct user_timeval k = {.tv_sec = ns / NSEC_PER_SEC,
				 .tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC};
	struct user_timezone utc = {0};

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

/* The longest sleep: 292 years.  A longer one would overflow in nanoseconds. */
#define SLEEP_MAX_SEC ((s64)(INT64_MAX / NSEC_PER_SEC))

static long sys_nanosleep(const struct user_timespec __user *req, struct user_timespec __user *rem)
{
	struct user_timespec k;
	u64 end, now;

	if (copy_from_user(&k, req, sizeof(k)))
		return -EFAULT;
	if (k.tv_sec < 0 || k.tv_nsec < 0 || k.tv_nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	k.tv_sec = min_t(s64, k.tv_sec, SLEEP_MAX_SEC);
	end = ktime_get_ns() + k.tv_sec * NSEC_PER_SEC + k.tv_nsec;

	for (;;) {
		now = ktime_get_ns();
		if (now >= end)
			return 0;
		if (signal_pending(current))
			break;
		/*
		 * Sleep for the whole jiffies that are left.  If a fraction of a jiffy is left
		 * afterwards, the loop runs once more.
		 */
		schedule_timeout_interruptible(max_t(u64, (end - now) / NSEC_PER_JIFFY, 1));
	}
	k = (struct user_timespec){.tv_sec = (end - now) / NSEC_PER_SEC,
				   .tv_nsec = (end - now) % NSEC_PER_SEC};
	if (rem && copy_to_user(rem, &k, sizeof(k)))
		return -EFAULT;
	return -EINTR;
}

void time_syscalls_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_clock_gettime, sys_clock_gettime),
		SYSCALL_DEF(__NR_clock_settime, sys_clock_settime),
		SYSCALL_DEF(__NR_clock_getres, sys_clock_getres),
		SYSCALL_DEF(__NR_gettimeofday, sys_gettimeofday),
		SYSCALL_DEF(__NR_time, sys_time),
		SYSCALL_DEF(__NR_nanosleep, sys_nanosleep),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}

/* SPDX-License-Identifier: MIT */
/*
 * System calls about time: clock_gettime, nanosleep.
 *
 * Called through kernel_syscall() (process context).  There is no battery clock: the wall clock
 * counts from boot like the others.
 */
#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

/* struct timespec as an application lays it out. */
struct user_timespec {
	s64 tv_sec;
	s64 tv_nsec;
};

/* Linux's clock ids: REALTIME, MONOTONIC; 4..7 are their raw, coarse and boot-time relatives. */
static bool clock_known(int id)
{
	return id == 0 || id == 1 || (id >= 4 && id <= 7);
}

static long sys_clock_gettime(int id, struct user_timespec __user *ts)
{
	u64 now = ktime_get_ns();
	struct user_timespec k = {.tv_sec = now / NSEC_PER_SEC, .tv_nsec = now % NSEC_PER_SEC};

	if (!clock_known(id))
		return -EINVAL;
	return copy_to_user(ts, &k, sizeof(k)) ? -EFAULT : 0;
}

/* Longer ones are as good as for ever (292 years), and must not overflow in nanoseconds. */
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
		/* At least this long; what a fraction of a jiffy lacks is one more round. */
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
		SYSCALL_DEF(__NR_nanosleep, sys_nanosleep),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}

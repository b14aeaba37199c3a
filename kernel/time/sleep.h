/* SPDX-License-Identifier: MIT */
/* Sleeping until a time, with the resolution of the clock, and a program's struct timespec. */
#ifndef KERNEL_TIME_SLEEP_H
#define KERNEL_TIME_SLEEP_H

#include "include/uapi/time.h"
#include "kernel/time/clock_timer.h"

/* Returns the monotonic time @ns from now, at most KTIME_MAX. */
u64 deadline_after(u64 ns);
/*
 * Sleeps in the state that the caller has set, until it is woken or @clock (CLOCK_MONOTONIC or
 * CLOCK_REALTIME) shows @deadline; KTIME_MAX: without a limit.  Returns false if the deadline has
 * come.  Process context.
 */
bool sleep_until(int clock, u64 deadline);

/*
 * Copies a timespec from the program, in ns; times beyond KTIME_MAX become KTIME_MAX.  Returns
 * -EFAULT, or -EINVAL for negative seconds and for nanoseconds outside of 0 ... 999999999.
 */
int get_timespec(const struct timespec __user *ts, u64 *ns);
/* Returns 0 or -EFAULT. */
int put_timespec(struct timespec __user *ts, u64 ns);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The time of day: the monotonic clock plus an offset.  The offset is set at boot from the
 * platform's clock or the option `clock=`, and later by clock_settime().
 *
 * Reading: any context.  Setting: process context, or boot.
 */
#ifndef KERNEL_TIME_WALLCLOCK_H
#define KERNEL_TIME_WALLCLOCK_H

#include "kernel/types.h"

/*
 * Reads the platform's clock, and registers the option `clock=`.  Boot, after hal_late_init(),
 * before cmdline_parse().
 */
void wallclock_init(void);
/* Logs the time and its source.  Boot, after cmdline_parse(). */
void wallclock_announce(void);

/*
 * Returns nanoseconds since 1970-01-01 00:00:00 UTC, or since boot if the time of day is not known.
 */
u64 ktime_get_real_ns(void);
/*
 * Sets the time of day.  Returns 0, or -EINVAL for the times that Linux rejects in
 * timespec64_valid_settod() and do_settimeofday64().
 */
int wallclock_set(s64 seconds, s64 nanoseconds);

#endif

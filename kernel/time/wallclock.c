/* SPDX-License-Identifier: MIT */
/*
 * The time of day.
 *
 * kernel_main() -> wallclock_init(), wallclock_announce(); cmdline_parse() -> parse_clock();
 * sys_time.c -> ktime_get_real_ns(), wallclock_set(). The offset is an aligned 64-bit word, so a
 * reader needs no lock. Compare Linux's kernel/time/timekeeping.c.
 */
#include "kernel/time/wallclock.h"
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/time/calendar.h"
#include "kernel/time/clock_timer.h"
#include "kernel/time/time.h"

/*
 * Nanoseconds since 1970 fit into 63 bits until the year 2262.  Linux rejects times in the last 30
 * of these years (TIME_SETTOD_SEC_MAX), so that a clock that was set does not overflow while the
 * machine runs.
 */
#define WALLCLOCK_MAX_SEC ((s64)(INT64_MAX / NSEC_PER_SEC) - 30LL * 365 * 24 * 3600)

static volatile u64 offset_ns; /* time of day minus monotonic clock, ns */
static const char *source;     /* name of the time's source; NULL: the time of day is not known */

u64 ktime_get_real_ns(void)
{
	return offset_ns + ktime_get_ns();
}

/*
 * Sets the offset so that the time of day is @seconds and @nanoseconds when the monotonic clock is
 * @at.
 */
static int set_at(s64 seconds, s64 nanoseconds, u64 at)
{
	u64 real;

	if (seconds < 0 || seconds >= WALLCLOCK_MAX_SEC || nanoseconds < 0 ||
	    nanoseconds >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	real = seconds * NSEC_PER_SEC + nanoseconds;
	/*
	 * Reject a time for which the boot would lie before 1970, as Linux does (wall_to_monotonic
	 * above zero).
	 */
	if (real < at)
		return -EINVAL;
	offset_ns = real - at;
	hal_set_wall_offset(offset_ns);
	return 0;
}

int wallclock_set(s64 seconds, s64 nanoseconds)
{
	int err = set_at(seconds, nanoseconds, ktime_get_ns());

	if (!err)
		clock_was_set();
	return err;
}

/* Parses `clock=`: the output of `date +%s` at the moment when the machine was started. */
static int parse_clock(const char *value)
{
	unsigned long seconds;

	if (kstrtoul(value, 10, &seconds) || seconds > INT64_MAX || set_at(seconds, 0, 0))
		return -EINVAL;
	source = "the command line";
	return 0;
}

void wallclock_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "clock",
		 .usage = "clock=SECONDS since 1970-01-01 UTC (date +%s), at most 8277292035",
		 .parse = parse_clock},
	};
	s64 seconds;
	u64 at;

	cmdline_register(params, ARRAY_SIZE(params));
	source = hal_wall_clock(&seconds, &at);
	if (source && set_at(seconds, 0, at))
		source = NULL;
}

void wallclock_announce(void)
{
	struct calendar_time t;

	if (!source) {
		pr_info("clock: the time of day is not known and counts from 1970; clock=SECONDS "
			"sets it\n");
		return;
	}
	calendar_from_seconds(ktime_get_real_ns() / NSEC_PER_SEC, &t);
	pr_info("clock: %u-%02u-%02u %02u:%02u:%02u UTC by %s\n", t.year, t.month, t.day, t.hour,
		t.minute, t.second, source);
}

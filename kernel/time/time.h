/* SPDX-License-Identifier: MIT */
/*
 * The clock and jiffies.  Any context.
 *
 * The kernel is tickless: no periodic interrupt counts jiffies; they are computed from the clock.
 * HZ is 1000, so a jiffy is a millisecond. jiffies starts at INITIAL_JIFFIES, so that 32-bit values
 * made from it (TCP timestamps) wrap 300 s after boot, as in Linux: an error at the wrap shows
 * early.
 */
#ifndef KERNEL_TIME_TIME_H
#define KERNEL_TIME_TIME_H

#include "kernel/hal.h"
#include "kernel/types.h"

#define HZ              1000
#define NSEC_PER_SEC    1000000000ULL
#define NSEC_PER_MSEC   1000000ULL
#define NSEC_PER_USEC   1000ULL
#define USEC_PER_SEC    1000000L
#define KTIME_MAX       ((u64)INT64_MAX) /* ns: a time that is never reached */
#define NSEC_PER_JIFFY  (NSEC_PER_SEC / HZ)
#define INITIAL_JIFFIES ((u64)(u32)(-300 * HZ))

static inline u64 ktime_get_ns(void)
{
	return hal_clock_ns();
}
static inline u64 ktime_get_us(void)
{
	return hal_clock_ns() / NSEC_PER_USEC;
}
static inline u64 get_jiffies_64(void)
{
	return INITIAL_JIFFIES + hal_clock_ns() / NSEC_PER_JIFFY;
}
#define jiffies ((unsigned long)get_jiffies_64())
/* Returns the value of the clock, in ns, at which jiffy @j begins. */
static inline u64 jiffies_to_clock_ns(u64 j)
{
	return (j - INITIAL_JIFFIES) * NSEC_PER_JIFFY;
}

static inline bool time_after(unsigned long a, unsigned long b)
{
	return (long)(b - a) < 0;
}
#define time_before(a, b) time_after(b, a)
static inline bool time_after_eq(unsigned long a, unsigned long b)
{
	return (long)(a - b) >= 0;
}
#define time_before_eq(a, b) time_after_eq(b, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (unsigned long)ms * HZ / 1000;
}
static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return j * 1000 / HZ;
}

#endif

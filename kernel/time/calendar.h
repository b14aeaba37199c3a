/* SPDX-License-Identifier: MIT */
/*
 * Dates and seconds since 1970-01-01 00:00:00 UTC, by the Gregorian calendar, without leap seconds
 * (as POSIX counts).
 *
 * Pure functions; any context.  Also linked into the UEFI application.
 * Compare Linux's mktime64() and time64_to_tm().
 */
#ifndef KERNEL_TIME_CALENDAR_H
#define KERNEL_TIME_CALENDAR_H

#include "kernel/types.h"

struct calendar_time {
	unsigned int year;   /* 1970..9999 */
	unsigned int month;  /* 1..12 */
	unsigned int day;    /* 1..31 */
	unsigned int hour;   /* 0..23 */
	unsigned int minute; /* 0..59 */
	unsigned int second; /* 0..59 */
};

/* Returns true if the date and the time of day exist and are within the ranges above. */
bool calendar_valid(const struct calendar_time *t);
/* @t must be valid (calendar_valid()). */
s64 calendar_to_seconds(const struct calendar_time *t);
/* @seconds must be >= 0, and not after the year 9999. */
void calendar_from_seconds(s64 seconds, struct calendar_time *t);

#endif

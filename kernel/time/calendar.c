/* SPDX-License-Identifier: MIT */
/*
 * Conversion between dates of the Gregorian calendar and seconds since 1970.
 *
 * calendar_valid(), calendar_to_seconds() <- kernel/x86/cmos.c, boot/efi_clock.c, at boot.
 * calendar_from_seconds() <- wallclock_announce().
 */
#include "kernel/time/calendar.h"

#define FIRST_YEAR      1970
#define LAST_YEAR       9999
#define SECONDS_PER_DAY 86400

static bool leap(unsigned int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned int days_of_month(unsigned int year, unsigned int month)
{
	static const u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

/* Returns the number of leap days from year 1 to the end of @year. */
static unsigned int leap_days(unsigned int year)
{
	return year / 4 - year / 100 + year / 400;
}

/* Returns the number of days from 1970-01-01 to the first day of @year. */
static unsigned int days_before(unsigned int year)
{
	return (year - FIRST_YEAR) * 365 + leap_days(year - 1) - leap_days(FIRST_YEAR - 1);
}

bool calendar_valid(const struct calendar_time *t)
{
	return t->year >= FIRST_YEAR && t->year <= LAST_YEAR && t->month >= 1 && t->month <= 12 &&
	       t->day >= 1 && t->day <= days_of_month(t->year, t->month) && t->hour < 24 &&
	       t->minute < 60 && t->second < 60;
}

s64 calendar_to_seconds(const struct calendar_time *t)
{
	s64 days = days_before(t->year) + t->day - 1;

	for (unsigned int month = 1; month < t->month; month++)
		days += days_of_month(t->year, month);
	return days * SECONDS_PER_DAY + t->hour * 3600 + t->minute * 60 + t->second;
}

void calendar_from_seconds(s64 seconds, struct calendar_time *t)
{
	unsigned int days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;

	/*
	 * No year has more than 366 days, so this first guess is the right year or an earlier one.
	 */
	t->year = FIRST_YEAR + days / 366;
	while (t->year < LAST_YEAR && days_before(t->year + 1) <= days)
		t->year++;
	days -= days_before(t->year);
	t->month = 1;
	while (days >= days_of_month(t->year, t->month))
		days -= days_of_month(t->year, t->month++);
	t->day = days + 1;
	t->hour = rest / 3600;
	t->minute = rest / 60 % 60;
	t->second = rest % 60;
}

/* SPDX-License-Identifier: MIT */
/*
 * Where the machine's time of day comes from, and the date that a PC's real-time clock (MC146818 and its
 * descendants) keeps.
 */
#ifndef KERNEL_X86_RTC_H
#define KERNEL_X86_RTC_H

#include "kernel/types.h"

struct boot_info;

/* Boot, after clock_init() and acpi_init().  @boot stays valid for good. */
void rtc_init(const struct boot_info *boot);

struct cmos_access {
	u8 (*read)(u8 reg);
	bool (*give_up)(void); /* the clock has had longer than any update takes */
	u8 century;            /* register of the century; 0: there is none */
};

/* cmos.c: seconds since 1970; false where there is no clock, or one that does not keep a date. */
bool cmos_read_clock(const struct cmos_access *cmos, s64 *seconds);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The machine's time of day, and a decoder for the real-time clock of a PC (MC146818 and its
 * successors).
 */
#ifndef KERNEL_X86_RTC_H
#define KERNEL_X86_RTC_H

#include "kernel/types.h"

struct boot_info;

/* Stores @boot, which must stay valid forever.  Boot, after clock_init() and acpi_init(). */
void rtc_init(const struct boot_info *boot);

struct cmos_access {
	u8 (*read)(u8 reg);
	/* Returns true when the clock has had more time than any update takes. */
	bool (*give_up)(void);
	u8 century; /* number of the century register; 0: there is none */
};

/*
 * Reads the clock as seconds since 1970 (cmos.c).  Returns false if there is no clock, or its date
 * is invalid.
 */
bool cmos_read_clock(const struct cmos_access *cmos, s64 *seconds);

#endif

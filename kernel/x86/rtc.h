/* SPDX-License-Identifier: MIT */
/*
 * Where the machine's time of day comes from.
 */
#ifndef KERNEL_X86_RTC_H
#define KERNEL_X86_RTC_H

struct boot_info;

/* Boot, after clock_init() and acpi_init().  @boot stays valid for good. */
void rtc_init(const struct boot_info *boot);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The time of day on the machine: from the UEFI firmware, else from the real-time clock, which is
 * read through ports 0x70 and 0x71.  The code assumes that the firmware and the clock keep UTC, as
 * on servers and virtual machines.
 *
 * Caller: hal_late_init() -> rtc_init(); wallclock_init() -> hal_wall_clock().  Boot, interrupts
 * off, no lock: no other code uses the ports.
 */
#include "kernel/x86/rtc.h"
#include "boot/boot_info.h"
#include "kernel/hal.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/io.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

/*
 * How long to wait for the end of an update, ns.  An update takes at most 2.3 ms (MC146818: 244 us
 * of warning, then 1,984 us) and comes once a second.  A clock that is still updating after this
 * time does not work.
 */
#define PATIENCE_NS 20000000

static const struct boot_info *boot_info;
static u64 give_up_at;

/* Reads a register.  Bit 7 of the index would mask the NMI, so it is always 0. */
static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg & 0x7f);
	return inb(CMOS_DATA);
}

static bool too_late(void)
{
	return hal_clock_ns() > give_up_at;
}

void rtc_init(const struct boot_info *boot)
{
	boot_info = boot;
}

const char *hal_wall_clock(s64 *seconds, u64 *at)
{
	struct cmos_access cmos = {cmos_read, too_late, acpi.rtc_century & 0x7f};

	if (boot_info->wall_tsc) {
		*seconds = boot_info->wall_seconds;
		*at = hal_clock_from_raw(boot_info->wall_tsc);
		return "the UEFI firmware";
	}
	give_up_at = hal_clock_ns() + PATIENCE_NS;
	if (acpi.no_cmos_rtc || !cmos_read_clock(&cmos, seconds))
		return NULL;
	*at = hal_clock_ns();
	return "the real-time clock";
}

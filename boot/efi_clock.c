/* SPDX-License-Identifier: MIT */
/*
 * Reads the time of day from UEFI firmware.
 *
 * Caller: efi_main(), before ExitBootServices(): afterwards the kernel would have to map the
 * firmware's services.  If the firmware has no clock, the kernel reads the machine's real-time
 * clock.
 * Compare UEFI 2.10, 8.3.1 (GetTime()).
 */
#include "boot/efi_app.h"
#include "kernel/time/calendar.h"

#define ZONE_UNKNOWN 2047 /* EFI_UNSPECIFIED_TIMEZONE: assume UTC, as Linux does */
#define ZONE_MAX     (24 * 60)

void efi_find_time(struct boot_info *boot)
{
	struct calendar_time t;
	EFI_STATUS status;
	EFI_TIME now;
	s64 seconds;

	status = efi_system->RuntimeServices->GetTime(&now, NULL);
	if (EFI_ERROR(status)) {
		efi_failed(status, "the firmware's clock");
		return;
	}
	t = (struct calendar_time){now.Year, now.Month, now.Day, now.Hour, now.Minute, now.Second};
	if (!calendar_valid(&t)) {
		efi_say("the firmware's clock has no date");
		return;
	}
	seconds = calendar_to_seconds(&t);
	/* UEFI 2.10, 8.3.1: "Localtime = UTC - TimeZone", in minutes. */
	if (now.TimeZone != ZONE_UNKNOWN && now.TimeZone >= -ZONE_MAX && now.TimeZone <= ZONE_MAX)
		seconds += now.TimeZone * 60;
	if (seconds < 0)
		return;
	boot->wall_seconds = seconds;
	boot->wall_tsc = efi_read_tsc();
}

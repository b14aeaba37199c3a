/* SPDX-License-Identifier: MIT */
/*
 * Reading the time of day under UEFI (boot/efi_clock.c) from a firmware that this file simulates.  The
 * expected seconds are from `date -u -d DATE +%s`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "boot/efi_app.h"

#define NOON     1795953600 /* 2026-11-29 12:00:00 UTC */
#define TSC      12345
#define ZONELESS 2047

EFI_SYSTEM_TABLE *efi_system;
EFI_BOOT_SERVICES *efi_boot;

static EFI_TIME now;
static EFI_STATUS status;
static unsigned int complaints;

static EFI_STATUS EFIAPI get_time(EFI_TIME *time, EFI_TIME_CAPABILITIES *capabilities)
{
	*time = now;
	return status;
}

u64 efi_read_tsc(void)
{
	return TSC;
}

void efi_say(const char *fmt, ...)
{
	complaints++;
}

EFI_STATUS efi_failed(EFI_STATUS why, const char *what)
{
	complaints++;
	return why;
}

static struct boot_info ask(void)
{
	static EFI_RUNTIME_SERVICES runtime = {.GetTime = get_time};
	static EFI_SYSTEM_TABLE system = {.RuntimeServices = &runtime};
	static struct boot_info boot;

	efi_system = &system;
	memset(&boot, 0, sizeof(boot));
	complaints = 0;
	efi_find_time(&boot);
	return boot;
}

static int setup(void **state)
{
	now = (EFI_TIME){.Year = 2026, .Month = 11, .Day = 29, .Hour = 12, .TimeZone = ZONELESS};
	status = EFI_SUCCESS;
	return 0;
}

static void expect(s64 seconds)
{
	struct boot_info boot = ask();

	assert_int_equal(boot.wall_tsc, TSC);
	assert_int_equal(boot.wall_seconds, seconds);
	assert_int_equal(complaints, 0);
}

static void test_time_zones(void **state)
{
	static const struct {
		INT16 zone; /* minutes: "Localtime = UTC - TimeZone" (UEFI 2.10, 8.3.1) */
		s64 utc;
	} zones[] = {
		{ZONELESS, NOON},
		{0, NOON},
		{-60, NOON - 3600},             /* Berlin in winter */
		{480, NOON + 8 * 3600},         /* Los Angeles in winter */
		{-345, NOON - 5 * 3600 - 2700}, /* Kathmandu */
		{1440, NOON + 86400},
		{1441, NOON}, /* out of range (-1440 to 1440): the zone is ignored */
		{-1441, NOON},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(zones); i++) {
		now.TimeZone = zones[i].zone;
		expect(zones[i].utc);
	}
}

static void test_no_time(void **state)
{
	struct boot_info boot;

	status = EFI_DEVICE_ERROR;
	boot = ask();
	assert_int_equal(boot.wall_tsc, 0);
	assert_int_equal(complaints, 1);

	status = EFI_SUCCESS;
	now.Month = 0; /* an invalid date, as after the battery of the clock ran empty */
	boot = ask();
	assert_int_equal(boot.wall_tsc, 0);
	assert_int_equal(complaints, 1);

	/* The time zone makes this an hour before 1970 in UTC, which is no valid time. */
	now = (EFI_TIME){.Year = 1970, .Month = 1, .Day = 1, .TimeZone = -60};
	boot = ask();
	assert_int_equal(boot.wall_tsc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_time_zones, setup),
		cmocka_unit_test_setup(test_no_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

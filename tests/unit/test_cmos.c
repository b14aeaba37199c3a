/* SPDX-License-Identifier: MIT */
/*
 * Reading the real-time clock of a PC, whose registers this test simulates: number formats, an update
 * of the clock during the read, and a machine without such a clock.  The expected seconds are from
 * `date -u -d DATE +%s`.
 */
#include "tests/unit/unit_hal.h"

#include <string.h>

#include "kernel/x86/rtc.h"

#define REG_A      0x0a
#define REG_B      0x0b
#define REG_D      0x0d
#define CENTURY    0x32
#define B_24_HOURS 0x02
#define B_BINARY   0x04
#define UPDATING   0x80

static u8 regs[128];
static unsigned int reads, tries;
/* Number of further reads of register A that show "update in progress". */
static unsigned int busy_reads;
/* The number of the read before which all registers change to after_update[]; 0: never. */
static unsigned int update_at;
static u8 after_update[128];
static bool stuck;

static u8 read_reg(u8 reg)
{
	reads++;
	if (update_at && reads == update_at)
		memcpy(regs, after_update, sizeof(regs));
	if (reg == REG_A && (stuck || busy_reads)) {
		busy_reads -= busy_reads != 0;
		return regs[REG_A] | UPDATING;
	}
	assert_in_range(reg, 0, 127);
	return regs[reg];
}

static bool give_up(void)
{
	return ++tries > 1000;
}

static const struct cmos_access cmos = {read_reg, give_up, CENTURY};
static const struct cmos_access no_century = {read_reg, give_up, 0};

static void set(u8 *to, u8 b, u8 century, u8 year, u8 month, u8 day, u8 hour, u8 minute, u8 second)
{
	memset(to, 0, sizeof(regs));
	to[0] = second;
	to[2] = minute;
	to[4] = hour;
	to[7] = day;
	to[8] = month;
	to[9] = year;
	to[REG_A] = 0x26;
	to[REG_B] = b;
	to[REG_D] = 0x80;
	to[CENTURY] = century;
}

static void start(void)
{
	reads = tries = busy_reads = update_at = 0;
	stuck = false;
}

static s64 clock_of(const struct cmos_access *c)
{
	s64 seconds;

	assert_true(cmos_read_clock(c, &seconds));
	return seconds;
}

static int setup(void **state)
{
	start();
	return 0;
}

static void test_decimal_and_binary(void **state)
{
	set(regs, B_24_HOURS, 0x20, 0x26, 0x11, 0x29, 0x12, 0x24, 0x16);
	assert_int_equal(clock_of(&cmos), 1795955056);
	set(regs, B_24_HOURS | B_BINARY, 20, 26, 11, 29, 12, 24, 16);
	assert_int_equal(clock_of(&cmos), 1795955056);
}

static void test_12_hour_form(void **state)
{
	static const u8 decimal[24] = {0x12, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
				       0x08, 0x09, 0x10, 0x11, 0x92, 0x81, 0x82, 0x83,
				       0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x90, 0x91};

	for (unsigned int hour = 0; hour < 24; hour++) {
		set(regs, 0, 0x20, 0x24, 0x02, 0x29, decimal[hour], 0, 0);
		assert_int_equal(clock_of(&cmos), 1709164800 + hour * 3600);
		set(regs, B_BINARY, 20, 24, 2, 29, (hour + 11) % 12 + 1 + (hour >= 12 ? 0x80 : 0),
		    0, 0);
		assert_int_equal(clock_of(&cmos), 1709164800 + hour * 3600);
	}
}

static void test_centuries(void **state)
{
	set(regs, B_24_HOURS, 0x20, 0x38, 0x01, 0x19, 0x03, 0x14, 0x08);
	assert_int_equal(clock_of(&cmos), 2147483648);
	assert_int_equal(clock_of(&no_century), 2147483648);
	set(regs, B_24_HOURS, 0x21, 0x00, 0x03, 0x01, 0, 0, 0);
	assert_int_equal(clock_of(&cmos), 4107542400);
	assert_int_equal(clock_of(&no_century), 951868800); /* 2000-03-01 */
	set(regs, B_24_HOURS, 0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
	assert_int_equal(clock_of(&cmos), 946684799);
}

/* The registers are undefined during an update, so the reader waits for its end (as Linux does). */
static void test_waits_for_the_end_of_an_update(void **state)
{
	set(regs, B_24_HOURS, 0x20, 0x26, 0x11, 0x29, 0x12, 0x24, 0x16);
	busy_reads = 500;
	assert_int_equal(clock_of(&cmos), 1795955056);
	assert_in_range(tries, 500, 510);
}

/*
 * The clock advances to a new year between any two register reads: the result is the last second of the old
 * year or the first of the new one, never a mixture of both.
 */
static void test_update_between_two_reads(void **state)
{
	for (unsigned int at = 1; at < 40; at++) {
		s64 seconds;

		start();
		set(regs, B_24_HOURS, 0x20, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
		set(after_update, B_24_HOURS, 0x21, 0, 1, 1, 0, 0, 0);
		update_at = at;
		seconds = clock_of(&cmos);
		assert_in_range(seconds, 4102444799, 4102444800);
	}
}

static void test_machine_without_such_a_clock(void **state)
{
	s64 seconds;

	memset(regs, 0xff, sizeof(regs));
	assert_false(cmos_read_clock(&cmos, &seconds));
	assert_in_range(reads, 1, 3); /* the reader did not wait for the end of an update */
	memset(regs, 0, sizeof(regs));
	assert_false(cmos_read_clock(&cmos, &seconds));
}

static void test_update_that_does_not_end(void **state)
{
	s64 seconds;

	set(regs, B_24_HOURS, 0x20, 0x26, 0x11, 0x29, 0x12, 0x24, 0x16);
	stuck = true;
	assert_false(cmos_read_clock(&cmos, &seconds));
	assert_int_equal(tries, 1001);
}

static void test_invalid_dates(void **state)
{
	static const struct {
		u8 reg, value;
	} bad[] = {
		{0, 0x60},       {0, 0x5a},
		{2, 0x60},       {4, 0x24},
		{7, 0x00},       {7, 0x31},
		{8, 0x00},       {8, 0x13},
		{9, 0xa0},       {9, 0x0f},
		{CENTURY, 0x1f}, {CENTURY, 0},
		{CENTURY, 0xff}, {REG_D, 0x00 /* says that the battery was empty */},
	};
	s64 seconds;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		set(regs, B_24_HOURS, 0x20, 0x26, 0x11, 0x29, 0x12, 0x24, 0x16);
		regs[bad[i].reg] = bad[i].value;
		assert_false(cmos_read_clock(&cmos, &seconds));
	}
	set(regs, 0, 0x20, 0x26, 0x11, 0x29, 0x00, 0x24, 0x16); /* no hour 0 in the 12-hour form */
	assert_false(cmos_read_clock(&cmos, &seconds));
	set(regs, 0, 0x20, 0x26, 0x11, 0x29, 0x93, 0x24, 0x16);
	assert_false(cmos_read_clock(&cmos, &seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_decimal_and_binary, setup),
		cmocka_unit_test_setup(test_12_hour_form, setup),
		cmocka_unit_test_setup(test_centuries, setup),
		cmocka_unit_test_setup(test_waits_for_the_end_of_an_update, setup),
		cmocka_unit_test_setup(test_update_between_two_reads, setup),
		cmocka_unit_test_setup(test_machine_without_such_a_clock, setup),
		cmocka_unit_test_setup(test_update_that_does_not_end, setup),
		cmocka_unit_test_setup(test_invalid_dates, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

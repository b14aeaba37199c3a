/* SPDX-License-Identifier: MIT */
/*
 * Decodes a PC's real-time clock.  The registers are read through functions of the caller (rtc.c),
 * so that a test can replace the ports.
 *
 * Caller: hal_wall_clock(), once, at boot.  Compare Linux's drivers/rtc/rtc-mc146818-lib.c; the
 * registers are the MC146818's.
 */
#include "kernel/x86/rtc.h"
#include "kernel/time/calendar.h"

#define REG_SECOND 0x00
#define REG_MINUTE 0x02
#define REG_HOUR   0x04
#define REG_DAY    0x07
#define REG_MONTH  0x08
#define REG_YEAR   0x09
#define REG_A      0x0a
#define REG_B      0x0b
#define REG_D      0x0d

#define A_UPDATE_IN_PROGRESS BIT(7)
#define B_24_HOURS           BIT(1)
#define B_BINARY             BIT(2)
#define D_VALID              BIT(7) /* the battery has not failed */
#define HOUR_PM              BIT(7) /* in the 12-hour form: the afternoon */

#define NOTHING_THERE 0xff /* value read from a port without a device */

struct cmos_registers {
	u8 second, minute, hour, day, month, year, century, b;
};

static struct cmos_registers read_registers(const struct cmos_access *cmos)
{
	struct cmos_registers r = {
		.second = cmos->read(REG_SECOND),
		.minute = cmos->read(REG_MINUTE),
		.hour = cmos->read(REG_HOUR),
		.day = cmos->read(REG_DAY),
		.month = cmos->read(REG_MONTH),
		.year = cmos->read(REG_YEAR),
		.b = cmos->read(REG_B),
	};

	if (cmos->century)
		r.century = cmos->read(cmos->century);
	return r;
}

/*
 * Reads all registers until two successive readings agree and no update was in progress before
 * either.  The registers change during an update, and an update may begin in the middle of a
 * reading.
 */
static bool read_stable(const struct cmos_access *cmos, struct cmos_registers *r)
{
	struct cmos_registers last;
	bool have_last = false;

	do {
		if (cmos->read(REG_A) & A_UPDATE_IN_PROGRESS) {
			have_last = false;
			continue;
		}
		*r = read_registers(cmos);
		if (have_last && !__builtin_memcmp(r, &last, sizeof(*r)))
			return true;
		last = *r;
		have_last = true;
	} while (!cmos->give_up());
	return false;
}

/*
 * Converts a register, binary or BCD, to a number.  Returns false if it is not a number of two
 * decimal digits.
 */
static bool number(u8 reg, bool binary, unsigned int *value)
{
	if (binary) {
		*value = reg;
		return reg < 100;
	}
	*value = (reg >> 4) * 10 + (reg & 0x0f);
	return reg >> 4 < 10 && (reg & 0x0f) < 10;
}

/*
 * Converts the hour register to 0..23.  In the 12-hour form, 12 means 0, and the top bit means the
 * afternoon.
 */
static bool hour_of_day(const struct cmos_registers *r, unsigned int *hour)
{
	bool twelve = !(r->b & B_24_HOURS), afternoon = twelve && (r->hour & HOUR_PM);

	if (!number(r->hour & ~(afternoon ? HOUR_PM : 0), r->b & B_BINARY, hour))
		return false;
	if (!twelve)
		return true;
	if (*hour < 1 || *hour > 12)
		return false;
	*hour = *hour % 12 + (afternoon ? 12 : 0);
	return true;
}

bool cmos_read_clock(const struct cmos_access *cmos, s64 *seconds)
{
	struct calendar_time t;
	struct cmos_registers r;
	unsigned int century = 20; /* Linux's value if ACPI names no century register */
	bool binary;

	if (cmos->read(REG_A) == NOTHING_THERE && cmos->read(REG_B) == NOTHING_THERE)
		return false;
	if (!(cmos->read(REG_D) & D_VALID) || !read_stable(cmos, &r))
		return false;
	binary = r.b & B_BINARY;
	if (!number(r.second, binary, &t.second) || !number(r.minute, binary, &t.minute) ||
	    !hour_of_day(&r, &t.hour) || !number(r.day, binary, &t.day) ||
	    !number(r.month, binary, &t.month) || !number(r.year, binary, &t.year))
		return false;
	if (cmos->century && !number(r.century, binary, &century))
		return false;
	t.year += century * 100;
	if (!calendar_valid(&t))
		return false;
	*seconds = calendar_to_seconds(&t);
	return true;
}

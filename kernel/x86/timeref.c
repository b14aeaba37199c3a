/* SPDX-License-Identifier: MIT */
/*
 * HPET, the ACPI timer, a hypervisor's APIC timer and the PIT: timers that are slow to read, but
 * whose frequency is known.
 *
 * Caller: tsc.c at boot, interrupts off, no lock. This file only reads their counts, and uses none
 * of their interrupts. Compare Linux's arch/x86/kernel/hpet.c, drivers/clocksource/acpi_pm.c,
 * i8253.c.
 */
#include "kernel/x86/timeref.h"
#include "kernel/hal.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"

#define HPET_SIZE       0x400
#define HPET_PERIOD     0x004 /* femtoseconds of a count */
#define HPET_CONFIG     0x010
#define HPET_COUNTER    0x0f0
#define HPET_CONFIG_RUN 0x1
#define HPET_PERIOD_MAX 100000000U /* the largest value in the specification */
#define FSEC_PER_SEC    1000000000000000ULL

#define PM_TIMER_HZ 3579545

#define APIC_HZ_VIRTUAL 1000000000 /* frequency of the APIC's bus clock in QEMU and KVM */
#define APIC_DIVISOR    16         /* apic_init() sets this divisor */

#define PIT_HZ        1193182
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
/* Channel 2, 16-bit values, rate generator: it counts down again and again. */
#define PIT_SET_2      0xb4
#define PIT_LATCH_2    0x80
#define PORT_B         0x61
#define PORT_B_GATE_2  0x01
#define PORT_B_SPEAKER 0x02

static volatile u8 *hpet;
static u16 pm_timer_port;

static u64 hpet_read(void)
{
	return readl(hpet + HPET_COUNTER);
}

static u64 pm_timer_read(void)
{
	return inl(pm_timer_port);
}

/*
 * Returns the count of the APIC timer, inverted.  The timer counts down from all ones (clock_init()
 * has started it), so the result counts up.
 */
static u64 apic_read_up(void)
{
	return ~apic_timer_remaining();
}

static u64 pit_read(void)
{
	unsigned int count;

	outb(PIT_COMMAND, PIT_LATCH_2);
	count = inb(PIT_CHANNEL_2);
	count |= inb(PIT_CHANNEL_2) << 8;
	return 0xffff - count; /* it counts down */
}

static const struct time_reference *hpet_reference(void)
{
	static struct time_reference ref = {"HPET", hpet_read, 0xffffffff, 0, 2000000};
	u32 period;

	if (!acpi.hpet)
		return NULL;
	hpet = hal_map_device(acpi.hpet, HPET_SIZE);
	if (!hpet)
		return NULL;
	period = readl(hpet + HPET_PERIOD);
	if (period == 0 || period > HPET_PERIOD_MAX)
		return NULL;
	writel(readl(hpet + HPET_CONFIG) | HPET_CONFIG_RUN, hpet + HPET_CONFIG);
	ref.hz = FSEC_PER_SEC / period;
	return &ref;
}

static const struct time_reference *pm_timer_reference(void)
{
	/* The counter has 24 or 32 bits; the mask keeps the lower 24 in both cases. */
	static const struct time_reference ref = {"the ACPI timer", pm_timer_read, 0xffffff,
						  PM_TIMER_HZ, 3000000};

	pm_timer_port = acpi.pm_timer_port;
	return pm_timer_port ? &ref : NULL;
}

/*
 * The APIC timer exists also on machines without the old timers (microvm, pit=off).  QEMU and KVM
 * define its frequency; on other machines it is unknown.
 */
static const struct time_reference *apic_reference(void)
{
	static const struct time_reference ref = {"the APIC's timer", apic_read_up, 0xffffffff,
						  APIC_HZ_VIRTUAL / APIC_DIVISOR, 1000000};

	if (!hypervisor_is("TCGTCGTCGTCG") && !hypervisor_is("KVMKVMKVM\0\0"))
		return NULL;
	return &ref;
}

static const struct time_reference *pit_reference(void)
{
	static const struct time_reference ref = {"the PIT", pit_read, 0xffff, PIT_HZ, 5000000};

	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE_2);
	outb(PIT_COMMAND, PIT_SET_2);
	outb(PIT_CHANNEL_2, 0); /* 65536 */
	outb(PIT_CHANNEL_2, 0);
	return &ref;
}

const struct time_reference *time_reference(unsigned int i)
{
	static const struct time_reference *(*const start[])(void) = {
		hpet_reference,
		pm_timer_reference,
		apic_reference,
		pit_reference,
	};
	const struct time_reference *ref;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(start); n++) {
		ref = start[n]();
		if (ref && i-- == 0)
			return ref;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed power button: a bit in the PM1 event registers, and the SCI that reports it.  The SCI
 * also reports PCI hot plug, by a general-purpose event.
 *
 * Callers in order: hal_probe_devices() -> power_button_init() once, then acpi_hotplug_enable(); then
 * sci_interrupt() in hard interrupt, which requests the orderly shutdown (kernel/shutdown.c) or calls
 * pci_hotplug.c.  No lock: there is
 * one interrupt line and one CPU.  On a machine without PM1 registers the button is described in
 * AML, and is not supported.  Compare Linux's drivers/acpi/button.c, acpica's evxfevnt.c; ACPI
 * 6.4, 4.8.3.1.
 */
#include "kernel/irq.h"
#include "kernel/printk.h"
#include "kernel/shutdown.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/io.h"
#include "kernel/x86/ioapic.h"

/*
 * The power button's bit in the status register, where writing 1 clears it, and in the enable
 * register.
 */
#define PM1_POWER_BUTTON BIT(8)
/* QEMU's general-purpose event for PCI hot plug is number 1. */
#define GPE_HOTPLUG BIT(1)
/* SCIs in a row that had none of these causes, after which the line is masked. */
#define UNCLAIMED_MAX 1000

static u32 sci_gsi;
static unsigned int unclaimed;
static bool sci_routed;
static void (*hotplug_event)(void); /* NULL: not enabled */

/*
 * Writes to the enable or the status register.  The status register is the first half of @block,
 * the enable register the second half.
 */
static void pm1_write(u16 block, bool enable, u16 value)
{
	if (block)
		outw(block + (enable ? acpi.pm1_event_length / 2 : 0), value);
}

static u16 pm1_status(void)
{
	u16 status = inw(acpi.pm1a_event);

	if (acpi.pm1b_event)
		status |= inw(acpi.pm1b_event);
	return status;
}

/* Returns true if the SCI was for PCI hot plug. */
static bool hotplug_interrupt(void)
{
	if (!hotplug_event || !(inb(acpi.gpe0) & GPE_HOTPLUG))
		return false;
	outb(acpi.gpe0, GPE_HOTPLUG); /* writing 1 clears it */
	hotplug_event();
	return true;
}

static void sci_interrupt(void *arg)
{
	bool hotplug = hotplug_interrupt();

	if (!(pm1_status() & PM1_POWER_BUTTON)) {
		if (hotplug) {
			unclaimed = 0;
			return;
		}
		/*
		 * This driver cannot clear the cause, and a level-triggered line would interrupt
		 * forever.
		 */
		if (++unclaimed < UNCLAIMED_MAX)
			return;
		pr_err("acpi: interrupt (SCI) without an event: masked; the power button and hot "
		       "unplug no longer work");
		ioapic_mask(sci_gsi);
		return;
	}
	unclaimed = 0;
	pm1_write(acpi.pm1a_event, false, PM1_POWER_BUTTON);
	pm1_write(acpi.pm1b_event, false, PM1_POWER_BUTTON);
	shutdown_request();
}

void power_button_init(void)
{
	/* The wiring of the SCI, unless the MADT says otherwise. */
	unsigned int flags = IOAPIC_LEVEL | IOAPIC_LOW;
	int irq, err;

	if (!acpi.power_button || !acpi.pm1a_event || !power_acpi_on())
		return;
	/* Disable all other events: without a handler, an event would keep the line active. */
	pm1_write(acpi.pm1a_event, true, 0);
	pm1_write(acpi.pm1b_event, true, 0);
	pm1_write(acpi.pm1a_event, false, PM1_POWER_BUTTON);
	pm1_write(acpi.pm1b_event, false, PM1_POWER_BUTTON);

	sci_gsi = ioapic_isa_line(acpi.sci, &flags);
	irq = request_irq("acpi", sci_interrupt, NULL);
	err = irq < 0 ? irq : ioapic_route(sci_gsi, irq, flags);
	if (err) {
		pr_warn("acpi: no interrupt for the power button (%d)", err);
		if (irq >= 0)
			free_irq(irq);
		return;
	}
	pm1_write(acpi.pm1a_event, true, PM1_POWER_BUTTON);
	pm1_write(acpi.pm1b_event, true, PM1_POWER_BUTTON);
	sci_routed = true;
}

bool acpi_hotplug_enable(void (*event)(void))
{
	u16 enable = acpi.gpe0 + acpi.gpe0_length / 2;

	if (!sci_routed || !acpi.gpe0 || acpi.gpe0_length < 2)
		return false;
	hotplug_event = event;
	outb(acpi.gpe0, GPE_HOTPLUG);
	outb(enable, inb(enable) | GPE_HOTPLUG);
	return true;
}

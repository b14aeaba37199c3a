/* SPDX-License-Identifier: MIT */
/*
 * PCI hot unplug: releases a device that the host wants to remove.
 *
 *   hal_probe_devices -> pci_hotplug_init           boot; starts a thread if a slot is hot-pluggable
 *   SCI -> hotplug_event (hard interrupt) -> the thread -> pci_remove_slot -> the driver's remove()
 *
 * The host sets the slot's bit in the register of removal requests and raises a general-purpose
 * event of ACPI. When the drivers have released the device, this code writes the slot's bit to the
 * ejection register; the host removes the device only then. The registers are QEMU's
 * (docs/specs/acpi_pci_hotplug there); acpi_devices.c finds their ports and the numbers of the
 * buses in the DSDT. A device that is plugged in after boot is not used. Compare Linux's
 * drivers/pci/hotplug/acpiphp_glue.c.
 */
#include "drivers/pci.h"
#include "kernel/lib/bug.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/io.h"

/*
 * Offset from status_port of the register of removal requests; at offset 0 is the register of new
 * devices.
 */
#define HOTPLUG_DOWN 4

static wait_queue_head_t event_wait = {.task_list = LIST_HEAD_INIT(event_wait.task_list)};
static bool event_pending;

/* Hard interrupt. */
static void hotplug_event(void)
{
	WRITE_ONCE(event_pending, true);
	wake_up(&event_wait);
}

/* Returns the number of the PCI bus that @bus describes. */
static u8 hotplug_bus_number(const struct acpi_hotplug_bus *bus)
{
	const struct pci_device bridge = {.slot = bus->slot, .fn = bus->fn};

	return bus->kind == ACPI_HOTPLUG_ROOT ? 0 : pci_read8(&bridge, PCI_SECONDARY_BUS);
}

static void hotplug_scan_bus(const struct acpi_hotplug *hp, unsigned int n)
{
	u8 number = hotplug_bus_number(&hp->bus[n]);
	u32 down;

	outl(hp->select_port, n);
	down = inl(hp->status_port + HOTPLUG_DOWN);
	for (unsigned int slot = 0; slot < 32; slot++) {
		if (!(down & BIT(slot)) || !pci_remove_slot(number, slot))
			continue;
		outl(hp->select_port, n);
		outl(hp->eject_port, BIT(slot));
		pr_notice("pci 0000:%02x:%02x: ejected", number, slot);
	}
}

static int hotplug_thread(void *arg)
{
	const struct acpi_hotplug *hp = &acpi_devices.hotplug;

	for (;;) {
		wait_event(event_wait, READ_ONCE(event_pending));
		WRITE_ONCE(event_pending, false);
		for (unsigned int n = 0; n < PCI_HOTPLUG_BUSES; n++) {
			if (hp->bus[n].kind != ACPI_HOTPLUG_NONE)
				hotplug_scan_bus(hp, n);
		}
	}
	return 0;
}

void pci_hotplug_init(void)
{
	const struct acpi_hotplug *hp = &acpi_devices.hotplug;
	bool any = false;

	for (unsigned int n = 0; n < PCI_HOTPLUG_BUSES; n++)
		any |= hp->bus[n].kind != ACPI_HOTPLUG_NONE;
	if (!any || !hp->status_port || !hp->eject_port || !hp->select_port)
		return;
	if (IS_ERR(kthread_run(hotplug_thread, NULL, "hotplug")) ||
	    !acpi_hotplug_enable(hotplug_event))
		pr_warn("pci: no hot unplug\n");
}

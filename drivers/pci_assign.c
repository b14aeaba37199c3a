/* SPDX-License-Identifier: MIT */
/*
 * Configures PCI where no firmware does: assigns addresses to devices and numbers to buses behind
 * bridges.
 *
 * Called from the scan (pci.c): pci_window_init() once, then pci_assign_bars() for each device that
 * has a driver, and pci_open_bridge() and pci_close_bridge() around the scan of the bus behind a
 * bridge. Context: process, at boot, one thread: no lock. These functions act only if configuration
 * space is in memory, as on QEMU's microvm: there no firmware configures PCI before the kernel, and
 * ACPI names the memory that is free for it. On a PC the firmware has configured PCI. Only AML,
 * which this kernel does not interpret, describes the addresses that are still free, so nothing is
 * assigned there. PCI Local Bus 3.0, 6.2.5; PCI-to-PCI Bridge Architecture 1.2, 3.2.5. Compare
 * Linux's drivers/pci/setup-bus.c.
 */
#include "drivers/pci.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi_devices.h"

/* four bytes: the numbers of the primary, secondary and subordinate bus, and the latency timer */
#define PCI_PRIMARY_BUS 0x18
#define PCI_IO_BASE     0x1c
/*
 * two fields of 16 bits: bits 31 to 20 of the window's first address, and those of its last address
 */
#define PCI_MEMORY_BASE   0x20
#define PCI_PREFETCH_BASE 0x24
#define PCI_WINDOW_CLOSED 0x0000fff0 /* limit below base: the bridge forwards no address */
/*
 * value of PCI_IO_BASE: the bridge forwards no I/O port; written as 16 bits, because the upper half
 * is the secondary status register
 */
#define PCI_IO_CLOSED 0x00f0

/* bytes for the devices behind a bridge; a virtio device needs less than 64 KiB */
#define BRIDGE_WINDOW (2ULL << 20)
#define BRIDGE_ALIGN  (1ULL << 20)

static u8 last_bus; /* the highest bus number assigned so far */

void pci_window_init(struct pci_window *window)
{
	const struct acpi_devices *acpi = &acpi_devices;

	*window = (struct pci_window){0, 0};
	if (!pci_config_in_memory())
		return;
	if (!acpi->window_size) {
		pr_warn("pci: ACPI names no free memory: devices without addresses are not used");
		return;
	}
	*window = (struct pci_window){acpi->window, acpi->window + acpi->window_size};
}

/*
 * Takes @size bytes from @window; @align is a power of two.  Returns the address, or 0 if there is
 * no room.
 */
static u64 pci_take(struct pci_window *window, u64 size, u64 align)
{
	u64 at = (window->next + align - 1) & ~(align - 1);

	if (!at || at < window->next || at > window->end || size > window->end - at)
		return 0;
	window->next = at + size;
	return at;
}

void pci_assign_bars(struct pci_device *pdev, struct pci_window *window)
{
	if (!window->end)
		return;
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &pdev->bar[i];
		u8 offset = PCI_BASE_ADDRESS_0 + i * 4;

		if (bar->io || !bar->size || bar->addr)
			continue;
		bar->addr = pci_take(window, bar->size, bar->size);
		if (!bar->addr) {
			pr_err("pci %s: no room for BAR %u of %#llx bytes", pdev->name, i,
			       (unsigned long long)bar->size);
			continue;
		}
		pci_write32(pdev, offset, (u32)bar->addr);
		if (bar->is_64)
			pci_write32(pdev, offset + 4, (u32)(bar->addr >> 32));
	}
}

/*
 * Returns the highest number that a bus behind a bridge of @bus may get. The number of the next
 * root bus and all higher numbers belong to that root bus and the buses behind it.
 */
static u8 pci_highest_bus(u8 bus)
{
	u8 highest = acpi_devices.ecam_last_bus;

	for (unsigned int i = 0; i < acpi_devices.nr_roots; i++) {
		if (acpi_devices.roots[i] > bus)
			highest = min_t(u8, highest, acpi_devices.roots[i] - 1);
	}
	return highest;
}

u8 pci_open_bridge(const struct pci_device *bridge, struct pci_window *window,
		   struct pci_window *behind)
{
	u16 command = pci_read16(bridge, PCI_COMMAND);
	u8 highest = pci_highest_bus(bridge->bus);
	u64 at;

	if (!window->end || last_bus >= highest)
		return 0;
	at = pci_take(window, BRIDGE_WINDOW, BRIDGE_ALIGN);
	if (!at)
		return 0;
	*behind = (struct pci_window){at, at + BRIDGE_WINDOW};
	last_bus++;
	/*
	 * The number of the last bus behind the bridge is known only after the scan:
	 * pci_close_bridge() sets it.
	 */
	pci_write32(bridge, PCI_PRIMARY_BUS, bridge->bus | (u32)last_bus << 8 | (u32)highest << 16);
	pci_write32(bridge, PCI_MEMORY_BASE, (u32)(at >> 16) | (u32)(behind->end - BRIDGE_ALIGN));
	pci_write32(bridge, PCI_PREFETCH_BASE, PCI_WINDOW_CLOSED);
	pci_write16(bridge, PCI_IO_BASE, PCI_IO_CLOSED);
	pci_write16(bridge, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return last_bus;
}

void pci_close_bridge(const struct pci_device *bridge, u8 secondary)
{
	pci_write32(bridge, PCI_PRIMARY_BUS,
		    bridge->bus | (u32)secondary << 8 | (u32)last_bus << 16);
}

/* SPDX-License-Identifier: MIT */
/*
 * PCI: finds devices, and gives drivers their registers and interrupts.
 *
 * Called: pci_init() from hal_probe_devices(); it scans bus 0, the other root buses that ACPI
 * names, and the buses behind bridges, and calls the driver's probe; the probe calls
 * pci_enable_device(), pci_map_bar(), pci_msix_enable(), pci_msix_route(). Context: process, at
 * boot, one thread: no lock. The firmware of a PC has assigned buses and base addresses: OVMF, or
 * SeaBIOS, which QEMU also runs before a PVH kernel. A device without an address is reported and
 * not used. On a machine without such firmware, pci_assign.c assigns buses and base addresses.
 * Compare Linux's drivers/pci/probe.c, msi.c.
 */
#include "drivers/pci.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/io.h"
#include "kernel/x86/limits.h"

#define PCI_SLOTS     32
#define PCI_FUNCTIONS 8
#define PCI_NO_DEVICE 0xffff /* vendor id read from a slot without a device */
/* most bridges between a bus and its root bus; deeper buses are not scanned */
#define PCI_DEPTH_MAX 8
/*
 * most capabilities that are read: the 192 bytes behind the header hold at most 48, of four bytes
 * each. The limit ends the walk of a list that has a loop.
 */
#define PCI_CAPS_MAX 48

#define PCI_HEADER_MULTI     0x80 /* the device has functions other than 0 */
#define PCI_HEADER_TYPE_MASK 0x7f
#define PCI_HEADER_BRIDGE    1
#define PCI_STATUS_CAPS      0x10

#define PCI_PORTS         0x10000
#define PCI_BAR_IO        0x1
#define PCI_BAR_TYPE_MASK 0x6
#define PCI_BAR_TYPE_64   0x4
#define PCI_BAR_IO_BITS   (~0x3ULL)
#define PCI_BAR_MEM_BITS  (~0xfULL)

/* Offsets and bits of the MSI-X capability and of an entry of its table (PCI 3.0, 6.8.2). */
#define MSIX_CONTROL         2
#define MSIX_CONTROL_SIZE    0x07ff
#define MSIX_CONTROL_MASKALL 0x4000
#define MSIX_CONTROL_ENABLE  0x8000
#define MSIX_TABLE           4
#define MSIX_TABLE_BAR       0x7u
#define MSIX_ENTRY_SIZE      16
#define MSIX_ENTRY_ADDR_LO   0
#define MSIX_ENTRY_ADDR_HI   4
#define MSIX_ENTRY_DATA      8
#define MSIX_ENTRY_CONTROL   12
#define MSIX_ENTRY_MASKED    1

static LIST_HEAD(pci_devices); /* the devices that have a driver */

static const struct pci_driver *const pci_drivers[] = {
	&virtio_pci_driver,
};

/* ---- capabilities ------------------------------------------------------------------------------ */

u8 pci_find_capability(const struct pci_device *pdev, u8 id, u8 after)
{
	u8 at;

	if (!(pci_read16(pdev, PCI_STATUS) & PCI_STATUS_CAPS))
		return 0;
	at = pci_read8(pdev, after ? after + 1 : PCI_CAPABILITY_LIST) & 0xfc;
	for (unsigned int i = 0; at >= 0x40 && i < PCI_CAPS_MAX; i++) {
		if (pci_read8(pdev, at) == id)
			return at;
		at = pci_read8(pdev, at + 1) & 0xfc;
	}
	return 0;
}

/* ---- base addresses -------------------------------------------------------------------------- */

/*
 * Returns the BAR's address mask: after a write of all ones, the BAR reads back ones in the bits
 * that it decodes.
 */
static u32 pci_bar_probe(const struct pci_device *pdev, u8 offset)
{
	u32 saved = pci_read32(pdev, offset);
	u32 mask;

	pci_write32(pdev, offset, 0xffffffff);
	mask = pci_read32(pdev, offset);
	pci_write32(pdev, offset, saved);
	return mask;
}

/* Reads BAR @i; returns how many BAR registers it uses: 2 if it is a 64-bit BAR, else 1. */
static unsigned int pci_read_bar(struct pci_device *pdev, unsigned int i)
{
	u8 offset = PCI_BASE_ADDRESS_0 + i * 4;
	struct pci_bar *bar = &pdev->bar[i];
	u32 low = pci_read32(pdev, offset);
	u64 mask = pci_bar_probe(pdev, offset);
	u64 addr = low;

	if (!mask)
		return 1;
	if (low & PCI_BAR_IO) {
		bar->io = true;
		bar->addr = addr & PCI_BAR_IO_BITS;
		/* Devices may leave the upper half of an I/O BAR's mask zero. */
		bar->size = -((mask & PCI_BAR_IO_BITS) | 0xffffffffffff0000ULL);
		return 1;
	}
	if ((low & PCI_BAR_TYPE_MASK) != PCI_BAR_TYPE_64 || i + 1 >= PCI_BARS) {
		bar->addr = addr & PCI_BAR_MEM_BITS;
		bar->size = -((mask & PCI_BAR_MEM_BITS) | 0xffffffff00000000ULL);
		return 1;
	}
	addr |= (u64)pci_read32(pdev, offset + 4) << 32;
	mask |= (u64)pci_bar_probe(pdev, offset + 4) << 32;
	bar->is_64 = true;
	bar->addr = addr & PCI_BAR_MEM_BITS;
	bar->size = -(mask & PCI_BAR_MEM_BITS);
	return 2;
}

/*
 * Reads all BARs.  Decoding is disabled meanwhile: a BAR full of ones would answer at another
 * device's address.
 */
static void pci_read_bars(struct pci_device *pdev)
{
	u16 command = pci_read16(pdev, PCI_COMMAND);
	unsigned int i = 0;

	pci_write16(pdev, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	while (i < PCI_BARS)
		i += pci_read_bar(pdev, i);
	pci_write16(pdev, PCI_COMMAND, command);
}

void pci_enable_device(const struct pci_device *pdev)
{
	u16 command = pci_read16(pdev, PCI_COMMAND);

	pci_write16(pdev, PCI_COMMAND,
		    command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			    PCI_COMMAND_INTX_DISABLE);
}

void *pci_map_bar(const struct pci_device *pdev, unsigned int i, u64 offset, u64 len)
{
	const struct pci_bar *bar;

	if (i >= PCI_BARS)
		return NULL;
	bar = &pdev->bar[i];
	if (bar->io || !len || len > bar->size || offset > bar->size - len)
		return NULL;
	if (!bar->addr) {
		pr_err("pci %s: the firmware gave BAR %u no address", pdev->name, i);
		return NULL;
	}
	return hal_map_device(bar->addr + offset, len);
}

u16 pci_io_bar(const struct pci_device *pdev, unsigned int i, u32 len)
{
	const struct pci_bar *bar;

	if (i >= PCI_BARS)
		return 0;
	bar = &pdev->bar[i];
	if (!bar->io || len > bar->size || bar->addr + bar->size > PCI_PORTS)
		return 0;
	if (!bar->addr)
		pr_err("pci %s: the firmware gave BAR %u no ports", pdev->name, i);
	return (u16)bar->addr;
}

/* ---- MSI-X ----------------------------------------------------------------------------------- */

int pci_msix_enable(struct pci_device *pdev)
{
	u16 control, entries;
	u32 table;

	pdev->msix_cap = pci_find_capability(pdev, PCI_CAP_ID_MSIX, 0);
	if (!pdev->msix_cap)
		return -ENODEV;
	control = pci_read16(pdev, pdev->msix_cap + MSIX_CONTROL);
	entries = (control & MSIX_CONTROL_SIZE) + 1;
	table = pci_read32(pdev, pdev->msix_cap + MSIX_TABLE);
	pdev->msix_table = pci_map_bar(pdev, table & MSIX_TABLE_BAR, table & ~MSIX_TABLE_BAR,
				       (u64)entries * MSIX_ENTRY_SIZE);
	if (!pdev->msix_table)
		return -EINVAL;
	pdev->msix_entries = entries;
	/* Keep the whole function masked until each entry is masked. */
	control |= MSIX_CONTROL_ENABLE;
	pci_write16(pdev, pdev->msix_cap + MSIX_CONTROL, control | MSIX_CONTROL_MASKALL);
	for (unsigned int i = 0; i < entries; i++)
		writel(MSIX_ENTRY_MASKED,
		       pdev->msix_table + i * MSIX_ENTRY_SIZE + MSIX_ENTRY_CONTROL);
	pci_write16(pdev, pdev->msix_cap + MSIX_CONTROL, control & ~MSIX_CONTROL_MASKALL);
	return 0;
}

int pci_msix_route(struct pci_device *pdev, unsigned int entry, unsigned int irq)
{
	u8 *slot;
	u64 address;
	u32 data;

	if (entry >= pdev->msix_entries)
		return -ENOSPC;
	slot = pdev->msix_table + entry * MSIX_ENTRY_SIZE;
	apic_msi_compose(irq, &address, &data);
	writel(MSIX_ENTRY_MASKED, slot + MSIX_ENTRY_CONTROL);
	writel((u32)address, slot + MSIX_ENTRY_ADDR_LO);
	writel((u32)(address >> 32), slot + MSIX_ENTRY_ADDR_HI);
	writel(data, slot + MSIX_ENTRY_DATA);
	writel(0, slot + MSIX_ENTRY_CONTROL);
	return 0;
}

/* ---- the scan -------------------------------------------------------------------------------- */

static const struct pci_driver *pci_find_driver(const struct pci_device *pdev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pci_drivers); i++) {
		if (pci_drivers[i]->match(pdev))
			return pci_drivers[i];
	}
	return NULL;
}

/*
 * Gives the function @found to its driver.  @found is on the scan's stack, so the driver gets an
 * allocated copy.
 */
static void pci_probe_function(const struct pci_device *found, struct pci_window *window)
{
	const struct pci_driver *driver = pci_find_driver(found);
	struct pci_device *pdev;

	if (!driver) {
		/*
		 * Disable the interrupt line of a device without a driver.  The firmware may have
		 * left it enabled, and no handler would make the device release the line, which
		 * other devices may share.
		 */
		pci_intx_disable(found);
		printk(LOG_DEBUG, "pci %s: %04x:%04x", found->name, found->vendor, found->device);
		return;
	}
	pdev = kmalloc(sizeof(*pdev), GFP_KERNEL);
	if (!pdev) {
		pr_err("pci %s: no memory", found->name);
		return;
	}
	*pdev = *found;
	pci_read_bars(pdev);
	pci_assign_bars(pdev, window);
	pr_info("pci %s: %04x:%04x: %s", pdev->name, pdev->vendor, pdev->device, driver->name);
	pdev->driver = driver;
	if (driver->probe(pdev))
		kfree(pdev);
	else
		list_add_tail(&pdev->list, &pci_devices);
}

bool pci_remove_slot(u8 bus, u8 slot)
{
	struct pci_device *pdev, *next;
	bool all = true;

	list_for_each_entry_safe(pdev, next, &pci_devices, list) {
		int err;

		if (pdev->bus != bus || pdev->slot != slot)
			continue;
		err = pdev->driver->remove(pdev);
		if (err) {
			pr_err("pci %s: %s cannot be removed (%d)", pdev->name, pdev->driver->name,
			       err);
			all = false;
			continue;
		}
		list_del(&pdev->list);
		kfree(pdev);
	}
	return all;
}

/*
 * A bus, and the path to it from its root bus.  The scan has one such struct on its stack for each
 * level of bridges.
 */
struct pci_bus {
	u8 number;
	u8 depth;     /* 0: a root bus */
	u8 root_slot; /* slot of the outermost bridge to this bus; that slot is on the root bus */
	u8 swizzle; /* sum of the slots of all bridges between that outermost bridge and this bus */
	bool extra_root;          /* the root bus above this bus is not bus 0 */
	struct pci_window window; /* memory that is free for BARs of devices on this bus */
};

static void pci_scan_bus(struct pci_bus *bus);

static void pci_scan_bridge(const struct pci_device *bridge, struct pci_bus *bus)
{
	u8 secondary = pci_read8(bridge, PCI_SECONDARY_BUS);
	struct pci_bus behind = {
		.depth = bus->depth + 1,
		.root_slot = bridge->intx_slot,
		.swizzle = bridge->intx_swizzle,
		.extra_root = bus->extra_root,
	};
	bool opened = false;

	/*
	 * A bus has a higher number than the bus above it.  If @secondary is not higher, the bridge
	 * was not configured, or the numbers form a loop.
	 */
	if (secondary <= bus->number && bus->depth < PCI_DEPTH_MAX) {
		secondary = pci_open_bridge(bridge, &bus->window, &behind.window);
		opened = secondary;
	}
	if (secondary <= bus->number || bus->depth >= PCI_DEPTH_MAX) {
		pr_warn("pci %s: a bridge without a bus number: devices behind it are not used",
			bridge->name);
		return;
	}
	behind.number = secondary;
	pci_scan_bus(&behind);
	if (opened)
		pci_close_bridge(bridge, secondary);
}

/* Scans one function of @bus; returns false if no function answers at @slot and @fn. */
static bool pci_scan_function(struct pci_bus *bus, u8 slot, u8 fn)
{
	struct pci_device pdev = {.bus = bus->number, .slot = slot, .fn = fn};

	pdev.vendor = pci_read16(&pdev, PCI_VENDOR_ID);
	if (pdev.vendor == PCI_NO_DEVICE)
		return false;
	pdev.device = pci_read16(&pdev, PCI_DEVICE_ID);
	pdev.intx_slot = bus->depth ? bus->root_slot : slot;
	pdev.intx_swizzle = bus->depth ? bus->swizzle + slot : 0;
	pdev.extra_root = bus->extra_root;
	scnprintf(pdev.name, sizeof(pdev.name), "0000:%02x:%02x.%u", bus->number, slot, fn);
	if ((pci_read8(&pdev, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK) == PCI_HEADER_BRIDGE) {
		pci_scan_bridge(&pdev, bus);
		return true;
	}
	pdev.subsystem = pci_read16(&pdev, PCI_SUBSYSTEM_ID);
	pci_probe_function(&pdev, &bus->window);
	return true;
}

static void pci_scan_bus(struct pci_bus *bus)
{
	for (u8 slot = 0; slot < PCI_SLOTS; slot++) {
		struct pci_device first = {.bus = bus->number, .slot = slot};

		if (!pci_scan_function(bus, slot, 0))
			continue;
		if (!(pci_read8(&first, PCI_HEADER_TYPE) & PCI_HEADER_MULTI))
			continue;
		for (u8 fn = 1; fn < PCI_FUNCTIONS; fn++)
			pci_scan_function(bus, slot, fn);
	}
}

void pci_init(void)
{
	const struct acpi_devices *acpi = &acpi_devices;
	struct pci_bus first = {.number = 0};

	if (!pci_config_init()) /* a machine without PCI */
		return;
	pci_window_init(&first.window);
	pci_scan_bus(&first);
	for (unsigned int i = 0; i < acpi->nr_roots; i++) {
		struct pci_bus root = {.number = acpi->roots[i], .extra_root = true};

		pci_scan_bus(&root);
	}
	if (acpi->roots_left_out)
		pr_warn("pci: %u root buses are not scanned: the limit is %u", acpi->roots_left_out,
			PCI_ROOTS_MAX);
}

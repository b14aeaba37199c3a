/* SPDX-License-Identifier: MIT */
/*
 * Devices that are described only in ACPI's tables: virtio-mmio slots, PCI root buses, and the PCI
 * configuration space in memory (ECAM).
 *
 * acpi.c fills acpi_devices at boot; the drivers of the buses read it afterwards.  The functions
 * never read outside of the bytes that they are given.
 */
#ifndef KERNEL_X86_ACPI_DEVICES_H
#define KERNEL_X86_ACPI_DEVICES_H

#include "kernel/types.h"
#include "kernel/x86/limits.h"

#define PCI_LINKS 4 /* interrupt pins INTA .. INTD of a root bus */

struct acpi_mmio_slot {
	phys_addr_t address;
	u32 size;
	u32 gsi;
};

/*
 * A PCI bus with hot-pluggable slots: bus 0, or the bus behind the bridge that is function @fn of
 * @slot on bus 0.
 */
enum acpi_hotplug_kind { ACPI_HOTPLUG_NONE, ACPI_HOTPLUG_ROOT, ACPI_HOTPLUG_BRIDGE };
struct acpi_hotplug_bus {
	u8 kind; /* enum acpi_hotplug_kind */
	u8 slot, fn;
};

/* QEMU's registers for hot plug, all of 32 bits; port 0: unknown. */
struct acpi_hotplug {
	u16 status_port; /* two registers: slots with a new device; slots whose device shall go */
	u16 eject_port;
	u16 select_port;                                /* selects a bus by its number */
	struct acpi_hotplug_bus bus[PCI_HOTPLUG_BUSES]; /* indexed by that number */
};

struct acpi_devices {
	struct acpi_mmio_slot mmio[VIRTIO_MMIO_MAX];
	unsigned int nr_mmio;
	/*
	 * Slots that were ignored, because VIRTIO_MMIO_MAX slots were found already or their
	 * description was not understood.
	 */
	unsigned int mmio_left_out;

	u8 roots[PCI_ROOTS_MAX]; /* numbers of the PCI root buses other than bus 0 */
	unsigned int nr_roots;
	unsigned int roots_left_out;

	/* Address of the PCI configuration space of bus 0 in memory; 0: unknown. */
	phys_addr_t ecam;
	u8 ecam_last_bus;
	/* Memory of bus 0 below 4 GiB that is free for BARs of devices; 0: unknown. */
	u64 window, window_size;
	struct acpi_hotplug hotplug;
	s64 links[PCI_LINKS]; /* GSI of each interrupt pin of bus 0; -1: unknown */
};
extern struct acpi_devices acpi_devices;

void acpi_devices_init(struct acpi_devices *devices);
/* Fills @devices from @aml, the DSDT without its header. */
void acpi_read_dsdt_devices(struct acpi_devices *devices, const u8 *aml, size_t len);
/*
 * Stores the address of the PCI configuration space.  @entries: the part of the MCFG after its
 * header and the 8 reserved bytes.
 */
void acpi_read_mcfg(struct acpi_devices *devices, const u8 *entries, size_t len);

#endif

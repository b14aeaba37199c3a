/* SPDX-License-Identifier: MIT */
/*
 * The devices that only ACPI's tables name: virtio-mmio slots, PCI's root buses, its configuration
 * space in memory.
 *
 * acpi.c fills acpi_devices at boot; the buses' drivers read it afterwards.  The functions read
 * only the bytes that they are given.
 */
#ifndef KERNEL_X86_ACPI_DEVICES_H
#define KERNEL_X86_ACPI_DEVICES_H

#include "kernel/types.h"
#include "kernel/x86/limits.h"

#define PCI_LINKS 4 /* INTA .. INTD of a root bus */

struct acpi_mmio_slot {
	phys_addr_t address;
	u32 size;
	u32 gsi;
};

struct acpi_devices {
	struct acpi_mmio_slot mmio[VIRTIO_MMIO_MAX];
	unsigned int nr_mmio;
	unsigned int mmio_left_out; /* beyond VIRTIO_MMIO_MAX, or described in another way */

	u8 roots[PCI_ROOTS_MAX]; /* PCI root buses besides bus 0 */
	unsigned int nr_roots;
	unsigned int roots_left_out;

	phys_addr_t ecam; /* PCI configuration space in memory from bus 0 on; 0: none */
	u8 ecam_last_bus;
	u64 window, window_size; /* of bus 0, below 4 GiB: free for devices' BARs; 0: not said */
	s64 links[PCI_LINKS];    /* GSIs that the pins of bus 0 lead to; -1: not said */
};
extern struct acpi_devices acpi_devices;

void acpi_devices_init(struct acpi_devices *devices);
/* @aml: the DSDT behind its header. */
void acpi_read_dsdt_devices(struct acpi_devices *devices, const u8 *aml, size_t len);
/* @entries: the MCFG behind its header and 8 reserved bytes. */
void acpi_read_mcfg(struct acpi_devices *devices, const u8 *entries, size_t len);

#endif

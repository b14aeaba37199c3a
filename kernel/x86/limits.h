/* SPDX-License-Identifier: MIT */
/*
 * The limits of kernel/x86: entries of the firmware's tables, devices, log lines about NMIs.
 * Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_X86_LIMITS_H
#define KERNEL_X86_LIMITS_H

/*
 * I/O APICs of the MADT: more are reported and not used. A machine with one CPU socket has one or
 * two.
 */
#define IOAPICS_MAX 4
/*
 * ms between two log lines about NMIs: NMIs in between are only counted. So a flood of NMIs does
 * not make the console unusable.
 */
#define NMI_REPORT_MS 1000
/*
 * PCI root buses besides bus 0: more are reported and not used. QEMU's pxb-pcie adds one for each
 * NUMA node.
 */
#define PCI_ROOTS_MAX 8
/*
 * hot-pluggable PCI buses: a device on one more cannot be removed at run time. A PC has one, or one
 * for each root port.
 */
#define PCI_HOTPLUG_BUSES 16
/*
 * virtio-mmio slots, from the command line or ACPI: one more on the command line fails with
 * -ENOSPC; one more from ACPI is reported and not used. microvm has 8 or 24.
 */
#define VIRTIO_MMIO_MAX 32

#endif

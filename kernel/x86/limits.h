/* SPDX-License-Identifier: MIT */
/*
 * The limits of the machine: what its tables and devices may make the kernel keep. Each comment
 * has the unit, what happens at the limit, and the reason for the value (tools/limits.py prints
 * docs/limits.md from it).
 */
#ifndef KERNEL_X86_LIMITS_H
#define KERNEL_X86_LIMITS_H

/*
 * interrupt controllers: of the MADT. More are reported and not used; machines with one CPU
 * socket have one or two.
 */
#define IOAPICS_MAX 4
/*
 * ms: between two lines about NMIs; NMIs in between are only counted. So many NMIs do not make the
 * console unusable.
 */
#define NMI_REPORT_MS 1000
/*
 * root buses: besides bus 0. More are reported and not used; QEMU's pxb-pcie adds one for each
 * NUMA node.
 */
#define PCI_ROOTS_MAX 8
/*
 * slots: of virtio-mmio, by the command line or ACPI; one more fails with -ENOSPC. microvm has 8
 * or 24.
 */
#define VIRTIO_MMIO_MAX 32

#endif

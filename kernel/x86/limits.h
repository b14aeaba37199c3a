/* SPDX-License-Identifier: MIT */
/*
 * The limits of the machine: what its tables and devices may make the kernel keep.
 */
#ifndef KERNEL_X86_LIMITS_H
#define KERNEL_X86_LIMITS_H

#define IOAPICS_MAX     4    /* interrupt controllers of the MADT: more are reported, not used */
#define NMI_REPORT_MS   1000 /* between two lines about NMIs: those in between are counted */
#define PCI_ROOTS_MAX   8    /* root buses besides bus 0: more are named, not used */
#define VIRTIO_MMIO_MAX 32   /* slots of the command line or ACPI (microvm: 8 or 24): -ENOSPC */

#endif

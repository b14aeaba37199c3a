/* SPDX-License-Identifier: MIT */
/*
 * What the machine remembers of the boot for the later stages of bringing it up.
 */
#ifndef KERNEL_X86_PLATFORM_H
#define KERNEL_X86_PLATFORM_H

struct boot_info;

/* Boot, before kernel_main(); @boot stays valid for good. */
void platform_init(const struct boot_info *boot);

/*
 * drivers/pci.c: finds the devices and hands them to their drivers.  Named here and not included,
 * because the kernel includes nothing of drivers/.
 */
void pci_init(void);

#endif

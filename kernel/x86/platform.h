/* SPDX-License-Identifier: MIT */
/*
 * Keeps what the later stages of the machine's start need from struct boot_info.
 */
#ifndef KERNEL_X86_PLATFORM_H
#define KERNEL_X86_PLATFORM_H

struct boot_info;

/* Stores @boot, which must stay valid forever.  Boot, before kernel_main(). */
void platform_init(const struct boot_info *boot);

/*
 * The drivers of the two buses (drivers/pci.c, drivers/virtio/virtio_mmio.c): they find the devices
 * and pass them to their drivers.  Declared here, because kernel/ includes no header of drivers/.
 */
void pci_init(void);
void pci_hotplug_init(void);     /* after power_button_init() */
void virtio_mmio_register(void); /* registers the command-line option, before cmdline_parse() */
void virtio_mmio_init(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Facts of the boot that later stages of bringing the machine up need.
 */
#ifndef KERNEL_X86_PLATFORM_H
#define KERNEL_X86_PLATFORM_H

struct boot_info;

/* Boot, before kernel_main(); @boot stays valid for good. */
void platform_init(const struct boot_info *boot);

/*
 * The buses' own (drivers/pci.c, drivers/virtio/virtio_mmio.c): find the devices and hand them to
 * their drivers.  Named here and not included, because the kernel includes nothing of drivers/.
 */
void pci_init(void);
void virtio_mmio_register(void); /* the command line's word, before it is parsed */
void virtio_mmio_init(void);

#endif

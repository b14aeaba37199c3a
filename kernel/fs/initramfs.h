/* SPDX-License-Identifier: MIT */
/* The initrd, which becomes the contents of the RAM file system.  Boot. */
#ifndef KERNEL_FS_INITRAMFS_H
#define KERNEL_FS_INITRAMFS_H

struct boot_info;

/*
 * Unpacks the initrd of the boot loader, or else the pack that is linked into the image, and frees
 * the memory of both that no file uses.  An error is reported, and files that were unpacked before
 * the error stay.
 */
void initramfs_init(const struct boot_info *boot);

#endif

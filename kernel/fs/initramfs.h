/* SPDX-License-Identifier: MIT */
/* The initrd, which becomes the contents of the RAM file system.  Boot. */
#ifndef KERNEL_FS_INITRAMFS_H
#define KERNEL_FS_INITRAMFS_H

struct boot_info;

/*
 * Unpacks the initrd that the boot loader passed.  Without an initrd, unpacks the pack that is
 * linked into the image.  The pages of the initrd and of the pack become pages of files, or are
 * freed.  After an error, which is reported, the files that were unpacked before it remain.
 */
void initramfs_init(const struct boot_info *boot);

#endif

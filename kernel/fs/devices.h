/* SPDX-License-Identifier: MIT */
/* The devices in /dev.  Process context. */
#ifndef KERNEL_FS_DEVICES_H
#define KERNEL_FS_DEVICES_H

#include "kernel/fs/inode.h"

struct file;

/*
 * Opens the device of the node @inode.  Returns a file with one reference, or ERR_PTR(-ENXIO) if
 * there is no such device.
 */
struct file *device_open(struct tree_inode *inode, unsigned int flags);
/* Creates /dev, its nodes and /tmp, as far as they do not exist yet. */
void devices_init(void);

#endif

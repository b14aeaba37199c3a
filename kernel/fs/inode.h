/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the inode number and mode of the object that an open file refers to.  There is no
 * directory tree and no disk.
 */
#ifndef KERNEL_FS_INODE_H
#define KERNEL_FS_INODE_H

#include "kernel/types.h"

#define S_IFMT    0170000
#define S_IFSOCK  0140000
#define S_IFREG   0100000
#define S_IFCHR   0020000
#define S_IFIFO   0010000
#define S_IRWXUGO 0777

struct inode {
	u64 i_ino;
	u32 i_mode;      /* S_IF* | permissions */
	void *i_private; /* data of the kind of file; in /proc, the struct proc_entry */
};

/* Returns an inode number that no other inode of this boot has had.  Any context. */
u64 get_next_ino(void);
/*
 * Initialises an inode that the caller allocated (a socket's inode, for example, lies in one
 * allocation with its struct socket).
 */
void inode_init(struct inode *inode, u32 mode);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the inode number and mode of the object that an open file refers to.
 *
 * inode_init() <- sock_alloc(), pipes, /proc, the console.  Any context, no lock.
 */
#include "kernel/fs/inode.h"

u64 get_next_ino(void)
{
	static u64 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

void inode_init(struct inode *inode, u32 mode)
{
	*inode = (struct inode){.i_ino = get_next_ino(), .i_mode = mode};
}

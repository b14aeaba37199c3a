/* SPDX-License-Identifier: MIT */
/*
 * Files that no path names: epoll, eventfd, timerfd.
 *
 * anon_inode_getfd() <- the system calls that create such a file.  Process context, no lock of its own.
 * All these files share one inode.  Compare Linux's fs/anon_inodes.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"

static struct inode anon_inode;

int anon_inode_getfd(const struct file_operations *fops, void *data, unsigned int flags,
		     struct file **filep)
{
	int fd = get_unused_fd_flags(flags);
	struct file *file;

	if (fd < 0)
		return fd;
	file = alloc_file(&anon_inode, flags, fops);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->private_data = data;
	if (filep)
		*filep = file;
	fd_install(fd, file);
	return fd;
}

void anon_inode_init(void)
{
	/* The mode has no file type, as on Linux. */
	inode_init(&anon_inode, 0600);
}

/* SPDX-License-Identifier: MIT */
/*
 * The object behind a file descriptor.
 *
 * Kinds of files: sockets (net/socket.c), /proc (kernel/fs/proc.c), the console, pipes, epoll.
 * Each brings a struct file_operations; read(), write(), poll(), close() do not know the kind.  A
 * struct file is reference-counted: one reference for each fget() of a system call in flight, one
 * for each slot of the table; the last fput() calls release().  Process context, except poll
 * wake-ups.
 */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include "kernel/lib/atomic.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/sched/wait.h"
#include "kernel/types.h"

struct file;
struct inode;

/* The wait queues of a poll(): ->poll calls poll_wait() for each queue that signals a change. */
struct poll_table {
	void (*qproc)(struct file *file, wait_queue_head_t *q, struct poll_table *pt);
};
static inline void poll_wait(struct file *file, wait_queue_head_t *q, struct poll_table *pt)
{
	if (pt && pt->qproc && q)
		pt->qproc(file, q, pt);
}

struct file_operations {
	/* Bytes moved, 0 = end of file, or -errno.  May sleep unless O_NONBLOCK is in f_flags. */
	ssize_t (*read_iter)(struct file *file, struct iov_iter *to);
	ssize_t (*write_iter)(struct file *file, struct iov_iter *from);
	/* Events that hold now (EPOLLIN ...). */
	unsigned int (*poll)(struct file *file, struct poll_table *pt);
	long (*ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	/* O_NONBLOCK and the like were changed by fcntl (f_flags has the new value). */
	int (*release)(struct inode *inode, struct file *file);
};

struct file {
	const struct file_operations *f_op;
	void *private_data; /* of a socket: struct socket */
	struct inode *f_inode;
	refcount_t f_count;
	unsigned int f_flags; /* O_* of open() and fcntl() */
	u64 f_pos;
	struct list_head f_ep_links; /* epoll items that watch it */
};
BUILD_BUG_ON(sizeof(struct file) > 128);

/* An open file with one reference, in no table yet.  ERR_PTR(-ENFILE) when memory is out. */
struct file *alloc_file(struct inode *inode, unsigned int flags,
			const struct file_operations *fops);
void get_file(struct file *file);
void fput(struct file *file);

/* ---- the table ------------------------------------------------------------------------------ */
struct files_struct;
struct files_struct *files_alloc(void);      /* empty; NULL when memory is out */
void files_free(struct files_struct *files); /* closes all */

/* Lowest free number, reserved: fd_install() or put_unused_fd() follows.  -EMFILE. */
int get_unused_fd_flags(unsigned int flags);
void put_unused_fd(unsigned int fd);
/* Gives @file (and the caller's reference of it) to @fd. */
void fd_install(unsigned int fd, struct file *file);
/* With a reference, NULL for a number that is not open.  Of current's table. */
struct file *fget(unsigned int fd);

/* ---- setting up ----------------------------------------------------------------------------- */
void files_init(void); /* caches; system calls read write readv writev close dup dup2 dup3 fcntl
			* ioctl open openat poll pipe2 lseek fstat */
/* fds 0, 1, 2 of @files on the console. */
int console_open_std(struct files_struct *files);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The object behind a file descriptor.
 *
 * The kinds of files are files and directories of the RAM file system (kernel/fs/ramfs_file.c),
 * sockets (net/socket.c), /proc (kernel/fs/proc.c), the console and other devices, pipes, epoll.
 * Each kind has a struct file_operations, so read(), write(), poll() and close() are the same for
 * all.  A struct file is reference-counted: one reference for each fget() of a system call in
 * flight, one for each slot of the table; the last fput() calls release().  All functions run in
 * process context, except the wake-ups of poll(), which come from any context.
 */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include "kernel/lib/atomic.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/sched/mutex.h"
#include "kernel/types.h"

struct dentry;
struct file;
struct inode;
struct page;

/*
 * poll() passes this to a file's ->poll, which passes the file's wait queue to poll_wait(). The
 * file wakes this queue when its events change. qproc, if not NULL, adds the caller to the queue.
 */
struct poll_table {
	void (*qproc)(struct file *file, wait_queue_head_t *q, struct poll_table *pt);
	unsigned int events; /* the events that the caller asks for */
};
/*
 * Returns true if the caller asks for one of @events; a NULL @pt asks for all events.  A ->poll
 * need not find out about events that the caller does not ask for.
 */
static inline bool poll_asks(const struct poll_table *pt, unsigned int events)
{
	return !pt || (pt->events & events);
}
static inline void poll_wait(struct file *file, wait_queue_head_t *q, struct poll_table *pt)
{
	if (pt && pt->qproc && q)
		pt->qproc(file, q, pt);
}

struct file_operations {
	/*
	 * read_iter() and write_iter() return the number of bytes moved, 0 for end of file, or
	 * -errno.  They may sleep unless O_NONBLOCK is in f_flags.
	 */
	ssize_t (*read_iter)(struct file *file, struct iov_iter *to);
	ssize_t (*write_iter)(struct file *file, struct iov_iter *from);
	/*
	 * A file with a position has read_at() and write_at() instead of read_iter() and
	 * write_iter().  They begin at *@pos, and advance *@pos by the bytes moved.  For a file
	 * that was opened with O_APPEND, write_at() first sets *@pos to the end of the file. read()
	 * passes the file's own position, pread() another one.
	 */
	ssize_t (*read_at)(struct file *file, struct iov_iter *to, u64 *pos);
	ssize_t (*write_at)(struct file *file, struct iov_iter *from, u64 *pos);
	/*
	 * Writes @size bytes of @page from @offset on, without a copy if the file can hold a reference
	 * of the page.  @more: the caller will write more immediately afterwards.  Returns the
	 * bytes written or -errno; -EOPNOTSUPP: only write_iter() or write_at() can write.  May be NULL.
	 */
	ssize_t (*sendpage)(struct file *file, struct page *page, unsigned int offset, size_t size,
			    bool more);
	/* Returns the new position or -errno.  NULL: lseek() fails with -ESPIPE. */
	s64 (*llseek)(struct file *file, s64 offset, unsigned int whence);
	/*
	 * Returns the events that are true now (EPOLLIN ...).  First calls poll_wait() for the
	 * file's wait queue.
	 */
	unsigned int (*poll)(struct file *file, struct poll_table *pt);
	long (*ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	/*
	 * Stores in *@page the page number @index of the file, counted from 0, with a reference
	 * that the caller drops with put_page().  Bytes beyond the end of the file
	 * in its last page are zero.  The page belongs to the file: a shared mapping writes to it,
	 * a private one must copy it before a write.  A hole gets a page.  Returns 0, -EFAULT if
	 * the page lies beyond the end of the file (SIGBUS), -ENOMEM or -ENOSPC.  May be called
	 * while a system call copies to or from the same file.  NULL: the file cannot be mapped
	 * (mmap() fails with -ENODEV).
	 */
	int (*mmap_page)(struct file *file, u64 index, struct page **page);
	bool mmap_anonymous; /* mmap() makes anonymous memory, without mmap_page(): /dev/zero */
	/* Called by the last fput(); frees what belongs to the file. */
	int (*release)(struct inode *inode, struct file *file);
};

struct file {
	const struct file_operations *f_op;
	void *private_data; /* of a socket: struct socket */
	struct inode *f_inode;
	/* The name by which it was opened, with a reference; NULL: a socket, a pipe ... */
	struct dentry *f_dentry;
	refcount_t f_count;
	unsigned int f_flags; /* O_* of open() and fcntl() */
	int f_owner;          /* fcntl(F_SETOWN): the process that gets SIGURG; 0: none */
	u64 f_pos;
	/*
	 * Held by calls that use and move f_pos, if the file has a position. Taken before i_mutex
	 * and tree_mutex.
	 */
	struct mutex f_pos_lock;
	struct list_head f_ep_links; /* the epoll items that watch this file */
};
BUILD_BUG_ON(sizeof(struct file) > 128);

/*
 * Returns an open file with one reference, which has no descriptor yet.  ERR_PTR(-ENFILE) when
 * memory is out, or FILES_MAX files are open.
 */
struct file *alloc_file(struct inode *inode, unsigned int flags,
			const struct file_operations *fops);
/*
 * Opens a path for the kernel itself (the program loader).  Returns an open file with one reference
 * and no descriptor, or ERR_PTR.  A relative @path begins at the working directory of current.
 */
struct file *filp_open(const char *path, unsigned int flags, unsigned int mode);
/*
 * Copies @n bytes of @file from position @pos to the kernel's memory.  Returns the bytes copied,
 * fewer at the end of the file, or -errno.  The file needs a mmap_page().
 */
ssize_t kernel_read(struct file *file, void *buf, size_t n, u64 pos);
void get_file(struct file *file);
/*
 * Sets f_owner to 0 (none), the PID, or the negative number of the process group.  Returns 0 or
 * -ESRCH.
 */
int file_set_owner(struct file *file, int owner);
void fput(struct file *file);

/* ---- the table ------------------------------------------------------------------------------ */
struct files_struct;
struct files_struct *files_alloc(void);      /* an empty table, or NULL if there is no memory */
void files_free(struct files_struct *files); /* also closes all files in it */

/*
 * Reserves the lowest free descriptor; the caller then calls fd_install() or put_unused_fd().
 * Returns -EMFILE if none is free.
 */
int get_unused_fd_flags(unsigned int flags);
void put_unused_fd(unsigned int fd);
/*
 * Makes the reserved descriptor @fd refer to @file.  The caller's reference of @file passes to the
 * table.
 */
void fd_install(unsigned int fd, struct file *file);
/*
 * Returns the file of descriptor @fd in current's table, with a reference that the caller drops
 * with fput().  NULL if @fd is not open, or was opened with O_PATH; fget_raw() also returns a file
 * that was opened with O_PATH.
 */
struct file *fget(unsigned int fd);
struct file *fget_raw(unsigned int fd);

/* ---- positions ------------------------------------------------------------------------------ */
/* Sets the position to @base + @offset and returns it; -EINVAL if that is out of range. */
s64 vfs_setpos(struct file *file, s64 offset, s64 base);
/* A llseek() with SEEK_SET and SEEK_CUR alone. */
s64 generic_llseek(struct file *file, s64 offset, unsigned int whence);
/* A llseek() that succeeds and moves nothing, as Linux's anonymous files have it. */
s64 noop_llseek(struct file *file, s64 offset, unsigned int whence);

/* ---- setting up ----------------------------------------------------------------------------- */
/* Creates the root directory and the caches, and registers the system calls of kernel/fs. */
void files_init(void);
/* Opens the console as descriptors 0, 1 and 2 of @files.  Returns 0 or -errno. */
int console_open_std(struct files_struct *files);

#endif

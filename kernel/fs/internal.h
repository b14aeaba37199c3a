/* SPDX-License-Identifier: MIT */
/* Declarations that the files of kernel/fs share.  Process context. */
#ifndef KERNEL_FS_INTERNAL_H
#define KERNEL_FS_INTERNAL_H

#include "include/uapi/time.h"
#include "kernel/fs/file.h"

/* files_init() calls these.  Each registers the system calls of its file and creates its caches. */
void fd_table_init(void);
void fcntl_init(void);
void read_write_init(void);
void open_init(void);
void names_init(void);
void stat_init(void);
void attr_init(void);
void readdir_init(void);
void sendfile_init(void);
void splice_init(void);
void pipe_init(void);
void poll_init(void);
void anon_inode_init(void);
void eventpoll_init(void);
void eventfd_init(void);
void timerfd_init(void);
void select_init(void);

/*
 * Opens a file that no path names, with @data as its private_data. Returns a new descriptor, or -errno;
 * after an error @data still belongs to the caller.  Stores the file in *@filep, if that is not NULL,
 * before another thread can use the descriptor.
 */
int anon_inode_getfd(const struct file_operations *fops, void *data, unsigned int flags,
		     struct file **filep);

/* Removes @file, whose last reference is gone, from the epolls that watch it. */
void eventpoll_release_file(struct file *file);

/*
 * Performs F_SETPIPE_SZ or F_GETPIPE_SZ (pipe.c).  Returns the size in bytes, or -errno; -EBADF if
 * @file is no pipe.
 */
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg);

/* Writes @n bytes of the kernel's memory to @out.  Returns the bytes written, or -errno (sendfile.c). */
ssize_t write_kernel(struct file *out, void *buf, size_t n, u64 *pos);

/* Functions of poll.c that poll(), select() and epoll_wait() share. */

struct pollfd;
/* The descriptors of one call, in chunks: the first on the caller's stack, the others a page each. */
struct poll_list {
	struct poll_list *next;
	struct poll_list *last; /* the last chunk; valid in the first chunk only */
	struct pollfd *fd;
	unsigned int len, size; /* @len: descriptors in use; @size: descriptors that fit */
};
/* Makes an empty list. Its first chunk is the array @fd, which has room for @size descriptors. */
void poll_list_init(struct poll_list *list, struct pollfd *fd, unsigned int size);
/* Returns the next unused descriptor, in a new chunk if necessary; NULL when memory is out. */
struct pollfd *poll_list_add(struct poll_list *list);
void poll_list_free(struct poll_list *list); /* frees all chunks but the first */
/*
 * Waits until one of the descriptors has one of the events that it asks for, or one of @always, and
 * stores the events in revents.  Returns the number of descriptors with events, 0 at the deadline,
 * or -errno.
 */
int poll_wait_for(struct poll_list *list, unsigned int always, u64 deadline);

/* Deadlines are on the clock of ktime_get_ns(); 0: do not wait, KTIME_MAX: without a limit. */
u64 poll_deadline_ms(int timeout_ms);
long poll_deadline(const struct timespec *timeout, u64 *deadline); /* 0 or -EINVAL */
/* A NULL @timeout has no limit.  Returns 0, -EFAULT or -EINVAL. */
long poll_deadline_timespec(const struct timespec __user *timeout, u64 *deadline);
/*
 * Replaces the thread's signal mask by *@mask until poll_sigmask_end(); a NULL @mask changes nothing.
 * Returns 0, -EINVAL if @size is not that of a mask, or -EFAULT.
 */
long poll_sigmask_begin(const void __user *mask, size_t size);
/*
 * Ends what poll_sigmask_begin() began. @res is the result of the system call; returns @res.  If
 * @res is -EINTR or -ERESTARTNOHAND, the temporary mask stays until the signal is delivered; else
 * the old mask returns at once.
 */
long poll_sigmask_end(long res);
/* Returns the time that is left, 0 at the least, as ppoll() and select() store it. */
struct timespec poll_time_left(u64 deadline);
/*
 * Stores the time that is left at @timeout, which may be NULL.  Returns @res, the result of the
 * call, also if the time cannot be stored.  But then an interrupted call cannot start again:
 * -ERESTARTNOHAND becomes -EINTR.
 */
long poll_store_left(struct timespec __user *timeout, u64 deadline, long res);

/* fd_table.c */

/* Descriptors must be below this number (RLIMIT_NOFILE). */
unsigned int fd_limit(void);

/*
 * Like get_unused_fd_flags() and fd_install(), but for the table @files. fd_alloc() takes the
 * lowest free number at or above @start.
 */
int fd_alloc(struct files_struct *files, unsigned int start, unsigned int flags);
void fd_install_in(struct files_struct *files, unsigned int fd, struct file *file);
struct fs_struct *files_fs(struct files_struct *files); /* the working directory: namei.h */
/* Returns the lowest open descriptor at or above @from, or -1. */
s64 fd_next(u32 from);
/* Returns the FD_CLOEXEC flag of an open descriptor, 0 or 1, or -EBADF. */
int fd_get_cloexec(unsigned int fd);
int fd_set_cloexec(unsigned int fd, bool on);

/*
 * Reads or writes through the file's own operation, which must exist.  @pos: NULL for the file's own
 * position (read_write.c).
 */
ssize_t vfs_iter(struct file *file, struct iov_iter *iter, bool writing, u64 *pos);

/*
 * Registers the /proc entries of the kernel itself: interrupts, meminfo and others (proc_kernel.c).
 */
void proc_kernel_init(void);

/*
 * Copies all bytes of one write() into @text and adds a NUL.  Returns the length, -EINVAL if the
 * bytes do not fit or contain a NUL, or -EFAULT.
 */
ssize_t proc_text_from_iter(char *text, size_t size, struct iov_iter *from);
/* Does the work of read_at() for a file whose whole text is @text. */
ssize_t text_to_iter(const char *text, size_t len, struct iov_iter *to, u64 *pos);

/* ---- the tree of /proc (proc_tree.c): the registered entries, then the sysctls ---- */
struct ctl_table;
struct proc_entry;
struct tree_inode;

/* Returns entry number @i in the order of registration, or NULL if there are no more. */
const struct proc_entry *proc_nth(unsigned int i);
/* Creates the directory /proc.  Boot. */
void proc_tree_init(void);
/*
 * Both functions open the file of an entry.  If the entry's path has a "#", @number stands in place
 * of the "#".  They return a file with one reference, or ERR_PTR.
 */
struct file *proc_open(struct tree_inode *inode, const struct proc_entry *entry, u32 number,
		       unsigned int flags);
struct file *proc_sys_open(struct tree_inode *inode, const struct ctl_table *table,
			   unsigned int flags);
void proc_self_init(void);

struct file *console_open(unsigned int flags);
/* The operations of an open directory. */
extern const struct file_operations dir_file_ops;

#endif

/* SPDX-License-Identifier: MIT */
/* Declarations that the files of kernel/fs share.  Process context. */
#ifndef KERNEL_FS_INTERNAL_H
#define KERNEL_FS_INTERNAL_H

#include "kernel/fs/file.h"

/* files_init() calls these.  Each registers the system calls of its file and creates its caches. */
void fd_table_init(void);
void fcntl_init(void);
void read_write_init(void);
void open_init(void);
void pipe_init(void);
void poll_init(void);

/* fd_table.c */

/*
 * Like get_unused_fd_flags() and fd_install(), but for the table @files, and fd_alloc() takes the
 * lowest free number at or above @start.
 */
int fd_alloc(struct files_struct *files, unsigned int start, unsigned int flags);
void fd_install_in(struct files_struct *files, unsigned int fd, struct file *file);
/* Returns the FD_CLOEXEC flag of an open descriptor, 0 or 1, or -EBADF. */
int fd_get_cloexec(unsigned int fd);
int fd_set_cloexec(unsigned int fd, bool on);

/*
 * Registers the /proc entries of the kernel itself: interrupts, meminfo and others (proc_kernel.c).
 */
void proc_kernel_init(void);

/* proc_sys_open() opens /proc/sys/@name (proc_sys.c). */
void proc_sys_init(void);
struct file *proc_sys_open(const char *name, unsigned int flags);

/*
 * Copies all bytes of one write() into @text and adds a NUL.  Returns the length, -EINVAL if the
 * bytes do not fit or contain a NUL, or -EFAULT.
 */
ssize_t proc_text_from_iter(char *text, size_t size, struct iov_iter *from);

/* Both return an open file with one reference, or ERR_PTR.  @path is relative to /proc/. */
struct file *proc_open(const char *path, unsigned int flags);
struct file *console_open(unsigned int flags);

#endif

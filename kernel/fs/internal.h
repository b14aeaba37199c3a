/* SPDX-License-Identifier: MIT */
/* Declarations that the files of kernel/fs share.  Process context. */
#ifndef KERNEL_FS_INTERNAL_H
#define KERNEL_FS_INTERNAL_H

#include "kernel/fs/file.h"

/* Called by files_init(): each registers its system calls and makes its caches. */
void fd_table_init(void);
void fcntl_init(void);
void read_write_init(void);
void open_init(void);
void pipe_init(void);
void poll_init(void);

/* fd_table.c */

/* As get_unused_fd_flags() and fd_install(), of a given table and from @start on. */
int fd_alloc(struct files_struct *files, unsigned int start, unsigned int flags);
void fd_install_in(struct files_struct *files, unsigned int fd, struct file *file);
/* FD_CLOEXEC of an open number: 0 or 1, -EBADF. */
int fd_get_cloexec(unsigned int fd);
int fd_set_cloexec(unsigned int fd, bool on);

/* The entries of the kernel itself (proc_kernel.c). */
void proc_kernel_init(void);

/* proc_sys.c: @name below /proc/sys/. */
void proc_sys_init(void);
struct file *proc_sys_open(const char *name, unsigned int flags);

/* All of a write() into @text, with its NUL: the length, -EINVAL (longer, or a NUL in it), -EFAULT. */
ssize_t proc_text_from_iter(char *text, size_t size, struct iov_iter *from);

/* An open file with one reference for a path below /proc/ or for the console, or ERR_PTR. */
struct file *proc_open(const char *path, unsigned int flags);
struct file *console_open(unsigned int flags);

#endif

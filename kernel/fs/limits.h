/* SPDX-License-Identifier: MIT */
/*
 * The limits of files.
 */
#ifndef KERNEL_FS_LIMITS_H
#define KERNEL_FS_LIMITS_H

#define NR_OPEN_MAX      131072 /* file descriptors: -EMFILE; 100,000 idle connections fit */
#define FILES_MAX        (NR_OPEN_MAX + 4096) /* struct file, also those in no table yet: -ENFILE */
#define PROC_ENTRIES_MAX 64                   /* paths below /proc: a bug of ours beyond */
#define PROC_BUF_MAX     (1 << 20) /* bytes a /proc file may render: cut, and said to be */
#define CONSOLE_IN_MAX   256       /* typed bytes not yet read: newer ones wait in the device */
#define PIPE_PAGES       16        /* pages a pipe buffers: a writer waits or gets -EAGAIN */
#define PATH_LENGTH_MAX  256       /* open: -ENAMETOOLONG */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The limits of files. Each comment has the unit, what happens at the limit, and the reason for
 * the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_FS_LIMITS_H
#define KERNEL_FS_LIMITS_H

/*
 * descriptors: open() and accept() fail with -EMFILE. 100,000 idle connections fit; a power of
 * two, because the table doubles.
 */
#define NR_OPEN_MAX 131072
/*
 * files: that are open; one more fails with -ENFILE. Those of a full table, and 4,096 that have no
 * descriptor yet.
 */
#define FILES_MAX (NR_OPEN_MAX + 4096)
/* paths: below /proc. More are a bug of ours, and a panic at boot. */
#define PROC_ENTRIES_MAX 64
/*
 * bytes: of the text of a file of /proc; a longer text is cut, and says so. 7,000
 * lines of /proc/net/tcp fit.
 */
#define PROC_BUF_MAX (1 << 20)
/* bytes: typed and not yet read; newer ones wait in the device. A line of a terminal fits. */
#define CONSOLE_IN_MAX 256
/* pages: that a pipe buffers; a writer then waits or gets -EAGAIN. Linux's PIPE_DEF_BUFFERS. */
#define PIPE_PAGES 16
/* bytes: of a path; open() fails with -ENAMETOOLONG. The longest path here, of /proc/sys, fits. */
#define PATH_LENGTH_MAX 256

#endif

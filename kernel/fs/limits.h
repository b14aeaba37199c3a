/* SPDX-License-Identifier: MIT */
/*
 * The limits of files. Each comment has the unit, what happens at the limit, and the reason for
 * the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_FS_LIMITS_H
#define KERNEL_FS_LIMITS_H

/*
 * file descriptors: with all of them in use, open() and accept() fail with -EMFILE. 100,000 idle
 * connections fit. The number is a power of two because the descriptor table doubles.
 */
#define NR_OPEN_MAX 1048576
/*
 * open files: one more fails with -ENFILE. This is enough for a full descriptor table and 4,096
 * files that have no descriptor yet.
 */
#define FILES_MAX (NR_OPEN_MAX + 4096)
/* entries of /proc: one more is a bug of the kernel and panics at boot. */
#define PROC_ENTRIES_MAX 96
/*
 * bytes of a /proc file: a longer text is cut and ends with a note that says so. 7,000 lines of
 * /proc/net/tcp fit.
 */
#define PROC_BUF_MAX (1 << 20)
/*
 * typed bytes that no program has read: further bytes wait in the serial port. A line of a terminal
 * fits.
 */
#define CONSOLE_IN_MAX 256
/*
 * pages buffered in a pipe: a writer to a full pipe waits, or gets -EAGAIN. The value is Linux's
 * PIPE_DEF_BUFFERS.
 */
#define PIPE_PAGES 16
/*
 * pages that F_SETPIPE_SZ can give a pipe: a larger size fails with -EPERM, as for a user of Linux
 * without privileges. The value is Linux's pipe-max-size.
 */
#define PIPE_PAGES_MAX 256
/*
 * pages that splice() reads from a file in one step: a longer request takes several steps.  A file without a
 * position, such as a socket, is read in one step only, so the call returns fewer bytes. The value is small
 * because the list of pages is on the stack.
 */
#define SPLICE_PAGES_MAX 16U
/*
 * bytes of a path with its NUL: a longer one fails with -ENAMETOOLONG, and so does a path that a
 * symbolic link makes longer. Linux's value.
 */
#define PATH_MAX 4096
/*
 * descriptors watched by all epolls together: one more fails with -ENOSPC. The limit is the number of
 * files that can be open, so one epoll can watch all of them.
 */
#define EPOLL_WATCHES_MAX FILES_MAX
/*
 * links in a chain of epolls, each of which watches the next: a longer chain, or a cycle, fails
 * with -ELOOP. An event passes up the chain by recursion. The value is Linux's EP_MAX_NESTS.
 */
#define EPOLL_NESTS_MAX 4
/*
 * epolls that one epoll can wake, directly or through others: EPOLL_CTL_ADD fails with -EINVAL if
 * one epoll could then wake more. An epoll that is reached on two paths counts twice. One event wakes all
 * these epolls with interrupts off, so their number must be bounded. Linux also permits 500 paths that
 * lead from a file through one epoll to a second epoll.
 */
#define EPOLL_PATHS_MAX 500
/* bytes of a file name: a longer one fails with -ENAMETOOLONG. Linux's value. */
#define NAME_MAX 255
/*
 * symbolic links followed in one path: one more fails with -ELOOP, which also ends a loop. The
 * value is Linux's MAXSYMLINKS.
 */
#define LINKS_FOLLOWED_MAX 40
/* bytes that one getdents64() returns: the rest comes with the next call. 14 of the longest names fit. */
#define GETDENTS_MAX 4096

/* ---- the RAM file system ---- */
/*
 * part of memory: the data of files may take one half of the memory; a write that needs more fails with
 * -ENOSPC. Linux's tmpfs has the same limit. The pages of the initrd do not count.
 */
#define RAMFS_PAGES_PART 2
/*
 * part of the number of pages of memory: files, directories, symbolic links and further names of files,
 * counted together, may be one half as many as memory has pages; one more fails with -ENOSPC. Linux's tmpfs
 * has the same limit.
 */
#define RAMFS_INODES_PART 2
/* names of one file: one more fails with -EMLINK. ext4 has the same limit. */
#define RAMFS_LINKS_MAX 65000
/*
 * bytes of a name in the initrd with its NULs: if a name is longer, only the entries before it are
 * unpacked. The limit has room for the longest path, and for the NULs with which tools/pack aligns
 * the data behind the name.
 */
#define CPIO_NAME_MAX (2 * 4096)
/* reports about the initrd's entries: further entries that are left out are only counted. */
#define INITRD_REPORTS_MAX 8
/*
 * bytes of a file: a write or a size beyond fails with -EFBIG. This is the largest offset of
 * lseek().
 */
#define FILE_SIZE_MAX 0x7fffffffffffffffULL

#endif

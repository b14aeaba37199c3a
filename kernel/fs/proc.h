/* SPDX-License-Identifier: MIT */
/*
 * A small /proc.  Its files are read-only, except those of /proc/sys (proc_sys.c) and entries with
 * a write().
 *
 * A subsystem registers a path and a function that prints the text. open() renders the whole text
 * once (at most PROC_BUF_MAX bytes), so that all read() calls of one open file return the state of
 * one moment.
 *
 * /proc/self is a symbolic link to the directory of the process's PID, whose entries are registered
 * with paths that begin with "self/".
 */
#ifndef KERNEL_FS_PROC_H
#define KERNEL_FS_PROC_H

#include "kernel/types.h"

/*
 * The text of a /proc file while it is made.  The buffer grows as needed.  If there is no memory,
 * the text is dropped and open() fails.  Process context.
 */
struct seq_file {
	char *buf;
	size_t count; /* bytes written */
	size_t size;  /* bytes of buf */
	int error;    /* 0, -ENOMEM or -EFBIG */
	u32 number;   /* in place of the "#" in the entry's path */
};

void seq_printf(struct seq_file *m, const char *fmt, ...) __attribute__((format(__printf__, 2, 3)));
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);

struct proc_entry {
	/*
	 * Relative to /proc/, for example "net/tcp".  A component "#" stands for each number that
	 * @next returns: "self/fd/#".
	 */
	const char *path;
	int (*show)(struct seq_file *m);
	/*
	 * NULL for a read-only file.  Receives the text of one write(), which it may modify;
	 * returns 0 or -errno.
	 */
	int (*write)(char *text);
	/*
	 * For a symbolic link, instead of show(): copies the target with NUL to @buf of PATH_MAX
	 * bytes.  Returns its length, or -errno.  tree_mutex held.
	 */
	ssize_t (*link)(u32 number, char *buf);
	/*
	 * For a path with "#": returns the least number that exists and is not less than @from, or
	 * -1.  Called with tree_mutex held.
	 */
	s64 (*next)(u32 from);
};

/* Boot.  The entries are not copied and must stay valid.  Registering a path twice is a bug. */
void proc_register(const struct proc_entry *entries, unsigned int n);
/*
 * Creates the directory /proc and registers the kernel's own files: interrupts softirqs slabinfo
 * meminfo uptime threads kmsg console, self/fd, self/cwd, self/root.
 */
void proc_init(void);

#endif

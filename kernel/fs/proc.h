/* SPDX-License-Identifier: MIT */
/*
 * A small /proc, read-only except /proc/sys (proc_sys.c) and entries with write(): the second kind
 * of file.
 *
 * A subsystem registers a path and a function that prints the text. open() renders the whole text
 * once (up to PROC_BUF_MAX), so that a reader sees one moment; read() copies it out.
 */
#ifndef KERNEL_FS_PROC_H
#define KERNEL_FS_PROC_H

#include "kernel/types.h"

/*
 * Text that grows.  Process context.  When memory runs out, all of it is dropped and open() fails.
 */
struct seq_file {
	char *buf;
	size_t count; /* bytes written */
	size_t size;  /* bytes there */
	int error;    /* 0, -ENOMEM or -EFBIG */
};

void seq_printf(struct seq_file *m, const char *fmt, ...) __attribute__((format(__printf__, 2, 3)));
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);

struct proc_entry {
	const char *path; /* below /proc/, as "net/tcp" */
	int (*show)(struct seq_file *m);
	/* Of a file that may be written: 0 or -errno for the text of one write(), which it may change. */
	int (*write)(char *text);
};

/* Kept by pointer.  Registering a path twice is a bug.  At boot. */
void proc_register(const struct proc_entry *entries, unsigned int n);
void proc_init(
	void); /* the kernel's own: interrupts softirqs slabinfo meminfo uptime threads kmsg */

#endif

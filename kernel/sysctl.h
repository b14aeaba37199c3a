/* SPDX-License-Identifier: MIT */
/*
 * Named values that may be changed while the kernel runs: sysctls.
 *
 * A subsystem keeps the values as plain ints that its code reads, under Linux's names
 * (sysctl_tcp_retries2), with their defaults and ranges in a limits.h; it registers a table
 * that names them.  A value is set through sysctl_set(), from the command line
 * (`sysctl.net.ipv4.tcp_retries2=8`) or by writing /proc/sys/net/ipv4/tcp_retries2.  Reading
 * returns the value itself. A value that would have no effect is not in a table.
 *
 * A reader takes an int as it stands, without a lock: it sees the old value or the new one; of a
 * vector possibly some of each, as in Linux.
 */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include "kernel/types.h"

struct ctl_table {
	const char *procname; /* "net/ipv4/tcp_retries2" */
	const char *unit;     /* "s", "bytes"; "" where a number is just that */
	const char *what;     /* in one line, and whose rule it is */
	int *value;           /* NULL: a word */
	unsigned int nr;      /* ints at @value, not falling; 0: one */
	int min, max;         /* of each */
	int scale;            /* *value is the text's number times this: HZ for seconds; 0: 1 */
	/* Of a word: sets it, 0 or -errno; shows the one in force. */
	int (*set)(const char *word);
	const char *(*get)(void);
};

/* .min and .max from a X_RANGE of a limits.h. */
#define SYSCTL_RANGE(...)      SYSCTL_MIN_MAX(__VA_ARGS__)
#define SYSCTL_MIN_MAX(lo, hi) .min = (lo), .max = (hi)

/* Kept by pointer.  A name twice, or a default out of its range, is a bug.  At boot. */
void sysctl_register(const struct ctl_table *table, unsigned int n);
/* The i-th in the order of registration; NULL past the last. */
const struct ctl_table *sysctl_nth(unsigned int i);
/* By "net/ipv4/tcp_retries2" or "net.ipv4.tcp_retries2", @len bytes of it; NULL: there is none. */
const struct ctl_table *sysctl_find(const char *name, size_t len);
/*
 * As many numbers as the value has, decimal, separated by blanks or commas; one newline may end them.
 * All of them or nothing: -EINVAL (not such numbers, too few, too many, out of range, falling).
 */
int sysctl_set(const struct ctl_table *table, const char *text);
/* The value in force, numbers separated by tabs, no newline.  Returns its length. */
int sysctl_show(const struct ctl_table *table, char *buf, size_t size);
/* "net.ipv4.tcp_retries2=0..255 (retransmissions)". */
int sysctl_usage(const struct ctl_table *table, char *buf, size_t size);

void sysctl_init(void); /* the command line's `sysctl.`, /proc/sysctl */

#endif

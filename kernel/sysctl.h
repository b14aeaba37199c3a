/* SPDX-License-Identifier: MIT */
/*
 * Sysctls: named values that can be changed while the kernel runs.
 *
 * A subsystem keeps each value in an int variable that its code reads, with Linux's name
 * (sysctl_tcp_retries2) and with its default and range in a limits.h.  It registers a table that
 * lists these variables.  A value is set through sysctl_set(), from the command line
 * (`sysctl.net.ipv4.tcp_retries2=8`) or by writing /proc/sys/net/ipv4/tcp_retries2.  Reading the
 * file returns the current value.  A sysctl of Linux that would have no effect here is left out.
 *
 * Code reads the int without a lock and so gets either the old value or the new one.  If a sysctl
 * has several numbers, it may get some old and some new ones, as in Linux.
 */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include "kernel/types.h"

struct ctl_table {
	const char *procname; /* "net/ipv4/tcp_retries2" */
	const char *unit;     /* "s", "bytes"; "" if the number has no unit */
	const char *what;     /* one line: the meaning, and the RFC or system that defines it */
	int *value;           /* NULL: the value is a word, for which @set and @get are used */
	/* Number of ints at @value; 0 means 1.  An int must not be less than the int before it. */
	unsigned int nr;
	int min, max; /* the range of each int */
	/* *value is the number in the text times this factor: HZ for a time in seconds; 0 means 1. */
	int scale;
	/*
	 * For a sysctl whose value is a word (@value is NULL). set() sets the word and returns 0 or
	 * -errno; get() returns the current word. @set is NULL: the sysctl can only be read.
	 */
	int (*set)(const char *word);
	const char *(*get)(void);
	/* The value is several words or none: set() gets one blank between two words. */
	bool list;
	/* The accepted words: choices() returns their names, or @form describes them. */
	const char *(*choices)(void);
	const char *form;
};

/* Sets .min and .max from an X_RANGE of a limits.h. */
#define SYSCTL_RANGE(...)      SYSCTL_MIN_MAX(__VA_ARGS__)
#define SYSCTL_MIN_MAX(lo, hi) .min = (lo), .max = (hi)

/*
 * Registers @n sysctls at boot.  The table is not copied and must stay valid.  A duplicate name, or
 * a default out of its range, is a bug.
 */
void sysctl_register(const struct ctl_table *table, unsigned int n);
/* Returns sysctl number @i in the order of registration, or NULL if there are no more. */
const struct ctl_table *sysctl_nth(unsigned int i);
/*
 * Finds a sysctl by the first @len bytes of @name, "net/ipv4/tcp_retries2" or
 * "net.ipv4.tcp_retries2".  Returns NULL if there is none.
 */
const struct ctl_table *sysctl_find(const char *name, size_t len);
/*
 * Sets a sysctl from @text: as many decimal numbers as the sysctl has, separated by blanks or
 * commas, perhaps with a newline at the end.  Returns 0, or without any change: -EINVAL if there
 * are too few or too many numbers, or if a number is invalid, out of range, or less than the number
 * before it; -EACCES if the sysctl can only be read.
 */
int sysctl_set(const struct ctl_table *table, const char *text);
/*
 * Writes the current value to @buf, several numbers separated by tabs, without a newline.  Returns
 * the length.
 */
int sysctl_show(const struct ctl_table *table, char *buf, size_t size);
/*
 * Writes the accepted values to @buf, for example "net.ipv4.tcp_retries2=0..255 (retransmissions)".
 * Returns the length.
 */
int sysctl_usage(const struct ctl_table *table, char *buf, size_t size);

void sysctl_init(void); /* registers the option `sysctl.NAME=` and /proc/sysctl */

#endif

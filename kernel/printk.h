/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: one line a call, to the console and to a ring that /proc/kmsg reads.
 * Any context, also while panicking; below `loglevel=` a line goes to the ring only.
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include "kernel/types.h"

/* Linux's numbers; the first three are for `loglevel=` only. */
enum loglevel {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG
};

/* Lines with level <= console_loglevel reach the console (default LOG_NOTICE; `loglevel=`). */
extern int console_loglevel;

void printk(enum loglevel level, const char *fmt, ...) __printf_like(2, 3);

/* Copies the newest whole lines of the log that fit, oldest first; returns the bytes.  Any context. */
size_t kmsg_copy(char *buf, size_t size);
/* From panic(): from now on lines go out without waiting for the log's lock. */
void printk_panicking(void);
/* Registers `loglevel=` and `panic=`.  Boot, before cmdline_parse(). */
void printk_init(void);
void panic_init(void); /* kernel/panic.c */

#define pr_err(...)    printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)   printk(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)   printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...)  printk(LOG_DEBUG, __VA_ARGS__)

#endif

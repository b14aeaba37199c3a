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

/*
 * A subsystem whose lines have a level of their own (`loglevel.NAME=`, /proc/loglevel).  A file of
 * the subsystem defines LOG_SOURCE as its log_source before the first include.
 */
struct log_source {
	const char *name;        /* "tcp" */
	s8 level;                /* as console_loglevel, for these lines; LOG_AS_CONSOLE */
	struct log_source *next; /* log_register()'s */
};
#define LOG_AS_CONSOLE (-2) /* console_loglevel is -1 and more */

#define DEFINE_LOG_SOURCE(symbol, source_name)                                                     \
	struct log_source symbol = {.name = (source_name), .level = LOG_AS_CONSOLE}

extern struct log_source kernel_log; /* of files that define none */
#ifndef LOG_SOURCE
#define LOG_SOURCE kernel_log
#endif

/* At boot.  The same source again is ignored; another one with its name is a bug. */
void log_register(struct log_source *source);

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
	__printf_like(3, 4);

/* Copies the newest whole lines of the log that fit, oldest first; returns the bytes.  Any context. */
size_t kmsg_copy(char *buf, size_t size);
/* From panic(): from now on lines go out without waiting for the log's lock. */
void printk_panicking(void);
/* Registers `loglevel=`, `loglevel.NAME=`, /proc/loglevel and `panic=`.  Boot, before cmdline_parse(). */
void printk_init(void); /* kernel/loglevel.c */
void panic_init(void);  /* kernel/panic.c */

#define printk(level, ...) printk_from(&LOG_SOURCE, level, __VA_ARGS__)
#define pr_err(...)        printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)       printk(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...)     printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)       printk(LOG_INFO, __VA_ARGS__)

/*
 * For each packet, call or object: no line is formatted, and no argument evaluated, unless the source's own level
 * is LOG_DEBUG.  `loglevel=debug` does not set that level: use printk(LOG_DEBUG, ...) for rare lines, as at boot.
 */
#define pr_debug_on() unlikely(READ_ONCE(LOG_SOURCE.level) >= LOG_DEBUG)
#define pr_debug(fmt, ...)                                                                         \
	do {                                                                                       \
		if (pr_debug_on())                                                                 \
			printk(LOG_DEBUG, "%s: " fmt, LOG_SOURCE.name, ##__VA_ARGS__);             \
	} while (0)

#endif

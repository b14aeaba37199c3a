/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log.  Each call writes one line to a ring, which /proc/kmsg shows, and to the
 * console if `loglevel=` selects the line's level.  Any context, also during a panic.
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include "kernel/types.h"

/*
 * The levels and their numbers are Linux's.  The kernel prints no line with one of the first three
 * levels, but `loglevel=` accepts their names.
 */
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

/*
 * Lines with level <= console_loglevel reach the console (the default is LOG_NOTICE; the option
 * `loglevel=` sets it).
 */
extern int console_loglevel;

/*
 * A subsystem whose lines can have their own log level (`loglevel.NAME=`, /proc/loglevel).  Each
 * file of the subsystem defines LOG_SOURCE as the log_source before its first #include.
 */
struct log_source {
	const char *name; /* "tcp" */
	/*
	 * The lines of this source up to this level reach the console.  LOG_AS_CONSOLE:
	 * console_loglevel decides.
	 */
	s8 level;
	struct log_source *next; /* next in the list of log_register() */
};
#define LOG_AS_CONSOLE (-2) /* not a level: console_loglevel is at least -1 */

#define DEFINE_LOG_SOURCE(symbol, source_name)                                                     \
	struct log_source symbol = {.name = (source_name), .level = LOG_AS_CONSOLE}

extern struct log_source kernel_log; /* the source of files that do not define LOG_SOURCE */
#ifndef LOG_SOURCE
#define LOG_SOURCE kernel_log
#endif

/*
 * Boot.  A second registration of the same source has no effect; another source with the same name
 * is a bug.
 */
void log_register(struct log_source *source);

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
	__printf_like(3, 4);

/*
 * Copies as many of the newest lines as fit, oldest first and only whole lines.  Returns the bytes
 * copied.  Any context.
 */
size_t kmsg_copy(char *buf, size_t size);
/* Called by panic(): later lines are written without taking the log's lock. */
void printk_panicking(void);
/*
 * Register the options `loglevel=` and `loglevel.NAME=`, /proc/loglevel, and the option `panic=`.
 * Boot, before cmdline_parse().
 */
void printk_init(void); /* kernel/loglevel.c */
void panic_init(void);  /* kernel/panic.c */

#define printk(level, ...) printk_from(&LOG_SOURCE, level, __VA_ARGS__)
#define pr_err(...)        printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)       printk(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...)     printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)       printk(LOG_INFO, __VA_ARGS__)

/*
 * For a line about each packet, call or object: unless the source's own level is LOG_DEBUG, the
 * line is not formatted and its arguments are not evaluated. `loglevel=debug` does not set that
 * level.  For rare lines, as at boot, use printk(LOG_DEBUG, ...).
 */
#define pr_debug_on() unlikely(READ_ONCE(LOG_SOURCE.level) >= LOG_DEBUG)
#define pr_debug(fmt, ...)                                                                         \
	do {                                                                                       \
		if (pr_debug_on())                                                                 \
			printk(LOG_DEBUG, "%s: " fmt, LOG_SOURCE.name, ##__VA_ARGS__);             \
	} while (0)

#endif

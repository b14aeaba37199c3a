/* SPDX-License-Identifier: MIT */
/*
 * Log levels: they decide which lines reach the console, and for which subsystems debug lines are
 * formatted.
 *
 * log_register() <- each subsystem's init; `loglevel=` and `loglevel.NAME=` (boot); reading and
 * writing /proc/loglevel (process).  The list of subsystems grows at boot and does not change
 * afterwards; a level is one byte, so any context reads it without a lock.  Compare Linux's
 * `loglevel=` and lib/dynamic_debug.c, and 9front's netlog.
 */
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"

/* The largest number that `loglevel=` accepts: Linux's CONSOLE_LOGLEVEL_MOTORMOUTH. */
#define LOGLEVEL_NUMBER_MAX 15
#define LEVEL_NAMES         "emerg|alert|crit|err|warning|notice|info|debug"
#define DEFAULT             "default"
#define CONSOLE             "console"

int console_loglevel = LOG_NOTICE;
DEFINE_LOG_SOURCE(kernel_log, "kernel");
/*
 * The accepted form of the option `loglevel.NAME=`. log_register() adds the name of each subsystem.
 */
static char usage[LOG_LINE_MAX] = "loglevel.kernel=" LEVEL_NAMES "|" DEFAULT;

void log_register(struct log_source *source)
{
	struct log_source **end = &kernel_log.next;
	size_t n;

	for (; *end; end = &(*end)->next) {
		if (*end == source)
			return;
		BUG_ON(!strcmp((*end)->name, source->name));
	}
	*end = source;
	n = scnprintf(usage, sizeof(usage), "loglevel.kernel");
	for (const struct log_source *s = kernel_log.next; s; s = s->next)
		n += scnprintf(usage + n, sizeof(usage) - n, "|%s", s->name);
	scnprintf(usage + n, sizeof(usage) - n, "=" LEVEL_NAMES "|" DEFAULT);
}

/* ---- text to level, level to text ----------------------------------------------------------------- */

static const struct {
	const char *name;
	int level;
} names[] = {{"emerg", LOG_EMERG},     {"alert", LOG_ALERT},  {"crit", LOG_CRIT},  {"err", LOG_ERR},
	     {"warning", LOG_WARNING}, {"warn", LOG_WARNING}, /* as in pr_warn() */
	     {"notice", LOG_NOTICE},   {"info", LOG_INFO},    {"debug", LOG_DEBUG}};

/*
 * Converts the value of `loglevel=`.  A name (those of syslog(3)) selects that level and the more
 * severe ones, as in syslogd's rules.  A number selects the levels below it, as on Linux, where 8
 * and more select all (Linux itself uses 10 and 15).
 */
static int parse_level(const char *value, int *level)
{
	unsigned long number;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i].name)) {
			*level = names[i].level;
			return 0;
		}
	}
	if (kstrtoul(value, 10, &number) || number > LOGLEVEL_NUMBER_MAX)
		return -EINVAL;
	*level = (int)number - 1;
	return 0;
}

/* Prints the level in the form that parse_level() accepts. */
static void show_level(struct seq_file *m, const char *name, int level)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].level == level) {
			seq_printf(m, "%s=%s\n", name, names[i].name);
			return;
		}
	}
	if (level == LOG_AS_CONSOLE)
		seq_printf(m, "%s=" DEFAULT "\n", name);
	else
		seq_printf(m, "%s=%d\n", name, level + 1);
}

/* ---- the command line, /proc/loglevel ------------------------------------------------------------- */

static int parse_console(const char *value)
{
	return parse_level(value, &console_loglevel);
}

/* Parses a subsystem's name and level, for example "tcp=debug". */
static int parse_source(const char *text)
{
	const char *equals = strchr(text, '=');
	struct log_source *s = &kernel_log;
	int level = LOG_AS_CONSOLE;

	if (!equals)
		return -EINVAL;
	while (s && (strncmp(text, s->name, equals - text) || s->name[equals - text]))
		s = s->next;
	if (!s)
		return -EINVAL;
	if (strcmp(equals + 1, DEFAULT) && parse_level(equals + 1, &level))
		return -EINVAL;
	WRITE_ONCE(s->level, level);
	return 0;
}

static int loglevel_show(struct seq_file *m)
{
	show_level(m, CONSOLE, console_loglevel);
	for (const struct log_source *s = &kernel_log; s; s = s->next)
		show_level(m, s->name, s->level);
	return 0;
}

/* Accepts a line in the form that loglevel_show() prints, with or without a newline. */
static int loglevel_write(char *text)
{
	static const char console[] = CONSOLE "=";
	size_t n = strlen(text);
	int err;

	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	if (!strncmp(text, console, sizeof(console) - 1))
		err = parse_console(text + sizeof(console) - 1);
	else
		err = parse_source(text);
	if (err)
		pr_warn("/proc/loglevel: invalid \"%.32s\": expected " CONSOLE " or one of %s",
			text, usage);
	return err;
}

void printk_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "loglevel",
		 .usage =
			 "loglevel=" LEVEL_NAMES ", or 0..15: as on Linux, levels below the number",
		 .parse = parse_console},
		{.name = "loglevel.", .usage = usage, .parse = parse_source, .prefix = true},
	};
	static const struct proc_entry entries[] = {{"loglevel", loglevel_show, loglevel_write}};

	cmdline_register(params, ARRAY_SIZE(params));
	proc_register(entries, ARRAY_SIZE(entries));
}

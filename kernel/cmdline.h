/* SPDX-License-Identifier: MIT */
/*
 * The command line: options of the form name or name=value, separated by spaces, then perhaps the word
 * "--" and the arguments of the program.
 *
 * A subsystem registers an option with a parser for its value. cmdline_parse() passes each option
 * of the command line to its parser.  An option whose value the parser rejects is reported on the
 * console with the accepted values, and parsing continues.  As in Linux, a word NAME=value that is not
 * registered is a variable of the program's environment, and a word in double quotes may contain
 * spaces.
 */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

#include "boot/boot_info.h"
#include "kernel/process/limits.h"
#include "kernel/types.h"

struct cmdline_param {
	const char *name;  /* "loglevel" */
	const char *usage; /* "panic=halt|reboot|poweroff" */
	/* Receives the value, NUL-terminated, "" if the option has no '='; returns 0 or -errno. */
	int (*parse)(const char *value);
	/*
	 * True: @name ends in '.', and every option that begins with @name matches; the rest of the
	 * option is the value.
	 */
	bool prefix;
};

void cmdline_register(const struct cmdline_param *params, unsigned int n);
/* The part of the command line that is for the program.  The strings lie in @text. */
struct cmdline_rest {
	/*
	 * Each list has room for one entry more than exec_load() accepts, so that exec_load() sees
	 * that a list is too long, and for the NULL at its end.
	 */
	const char *args[EXEC_ARGS_MAX + 2];
	const char *env[EXEC_ENV_MAX + 2];
	unsigned int nr_args, nr_env;
	char text[BOOT_CMDLINE_MAX];
	size_t used;
};

/*
 * Parses all options of @line, which is not changed.  Stores in @rest the arguments after "--" and
 * the variables of the environment, behind those that @rest already has; a variable of the same
 * name is replaced.  With @rest NULL there is no program, so an unregistered word is reported.
 * Called at boot, after all options were registered.
 */
void cmdline_parse(const char *line, struct cmdline_rest *rest);
/*
 * Called if no program will be started.  A variable in @rest is then a misspelt option: reports the
 * variables from number @first on as options that are not registered.
 */
void cmdline_report_env(const struct cmdline_rest *rest, unsigned int first);

#endif

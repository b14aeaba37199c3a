/* SPDX-License-Identifier: MIT */
/*
 * The command line: options of the form name or name=value, separated by spaces.
 *
 * A subsystem registers an option with a parser for its value. cmdline_parse() passes each option
 * of the command line to its parser.  An option that is not registered, or whose value the parser
 * rejects, is reported on the console with the accepted values, and parsing continues.
 */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

#include "kernel/types.h"

struct cmdline_param {
	const char *name;  /* "loglevel" */
	const char *usage; /* "panic=halt|reboot|poweroff" */
	/* Receives the value, NUL-terminated, "" if the option has no '='; returns 0 or -errno. */
	int (*parse)(const char *value);
	/*
	 * True: matches every option that begins with name, which ends in '.'; value is the rest of
	 * the option.
	 */
	bool prefix;
};

void cmdline_register(const struct cmdline_param *params, unsigned int n);
/*
 * Parses all options of @line, which is not changed.  Called once at boot, after all options were
 * registered.
 */
void cmdline_parse(const char *line);

#endif

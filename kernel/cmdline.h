/* SPDX-License-Identifier: MIT */
/*
 * The command line: words of the form name or name=value, separated by spaces.
 *
 * A floor that understands a word registers it with a parser; cmdline_parse() hands each word to its
 * parser and names an unknown or wrong one on the console, with what would be right, and goes on.
 */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

#include "kernel/types.h"

struct cmdline_param {
	const char *name;                /* "loglevel" */
	const char *usage;               /* "panic=halt|reboot|poweroff" */
	int (*parse)(const char *value); /* NUL-terminated, "" where there is no '='; 0 or -errno */
	bool prefix; /* name ends in '.' and matches "name*": value is the rest after name */
};

void cmdline_register(const struct cmdline_param *params, unsigned int n);
/* Boot, once, after all parameters were registered.  @line is not changed. */
void cmdline_parse(const char *line);

#endif

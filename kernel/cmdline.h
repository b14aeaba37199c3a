/* SPDX-License-Identifier: MIT */
/*
 * The command line: words of the form name or name=value, separated by spaces.
 *
 * A subsystem registers a word with a parser. cmdline_parse() passes each word to its parser; an
 * unknown word, or one that the parser refuses, is reported on the console with the accepted
 * values, and parsing continues.
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

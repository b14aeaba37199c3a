/* SPDX-License-Identifier: MIT */
/* The start of the program, for init/main.c.  Boot. */
#ifndef INIT_PROGRAM_H
#define INIT_PROGRAM_H

#include "kernel/types.h"

struct cmdline_rest;

/* Registers `init=`.  Returns where cmdline_parse() stores the arguments and the environment. */
struct cmdline_rest *program_init(void);
/*
 * Chooses the program: that of `init=`, else with @by_default /init if it exists.  If there is none, reports variables of
 * the command line as options that are not registered.  After cmdline_parse(), with the files of the
 * initrd in place.
 */
void program_choose(bool by_default);
/* Starts the chosen program in a thread of its own.  Returns false if there is none. */
bool program_start(void);

#endif

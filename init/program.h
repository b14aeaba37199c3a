/* SPDX-License-Identifier: MIT */
/* The start of the program, for init/main.c.  Boot. */
#ifndef INIT_PROGRAM_H
#define INIT_PROGRAM_H

#include "kernel/types.h"

struct cmdline_rest;

/* Registers `init=`.  Returns where cmdline_parse() stores the arguments and the environment. */
struct cmdline_rest *program_init(void);
/*
 * Chooses the program: the one that `init=` names; without `init=`, /init if @by_default is true
 * and the file exists.  Without a program, reports the variables of the command line as options
 * that are not registered.  Called after cmdline_parse(), and after the initrd was unpacked.
 */
void program_choose(bool by_default);
/* Starts the chosen program in a thread of its own.  Returns false if there is none. */
bool program_start(void);

#endif

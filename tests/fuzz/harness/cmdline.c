/* SPDX-License-Identifier: MIT */
/*
 * Each input is a command line, with which the kernel boots.
 *
 * The kernel may power off, or report that it cannot run the program that the line names; it must not fail
 * otherwise.  Callers and context: see engine.c.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define LINE_MAX 2048

void harness_setup(void)
{
	fuzz_boots_itself();
}

bool harness_may_halt(const char *message)
{
	return !message || strstr(message, "init") || strstr(message, "ring 3") ||
	       strstr(message, "halted with a failure code");
}

void harness_play(struct input *in)
{
	char line[LINE_MAX + 1];
	size_t len = take_bytes(in, line, LINE_MAX);

	line[len] = '\0';
	fuzz_boot(line, NULL, 0);
}

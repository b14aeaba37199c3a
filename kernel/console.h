/* SPDX-License-Identifier: MIT */
/*
 * Output to the console: text that the port does not take in time is lost and counted.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "kernel/types.h"

/* Writes all of it, or counts the lost bytes.  Any context. */
void console_write(const char *s, size_t n);
/* Called when the machine is about to end.  From now on a byte may wait for room even after earlier
 * ones waited in vain; all bytes together wait for at most CONSOLE_PANIC_POLLS_MAX polls.  No lock
 * is taken. */
void console_patient(void);

struct console_stats {
	u64 lost;  /* bytes, since boot */
	u64 waits; /* times that a byte waited CONSOLE_POLLS_MAX polls in vain */
};
struct console_stats console_stats(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Output to the console.  Text for which the serial port has no room in time is dropped, and its
 * bytes are counted.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "kernel/types.h"

/*
 * Writes @n bytes.  Bytes for which the port has no room in time are dropped and counted.  Any
 * context.
 */
void console_write(const char *s, size_t n);
/*
 * Called when the machine is about to end, for example by panic().  From then on each byte may wait
 * for room, even after earlier bytes waited without success; all bytes together wait for at most
 * CONSOLE_PANIC_POLLS_MAX polls. console_write() then takes no lock.
 */
void console_patient(void);

struct console_stats {
	u64 lost;  /* bytes, since boot */
	u64 waits; /* times that a byte waited CONSOLE_POLLS_MAX polls and still found no room */
};
struct console_stats console_stats(void);

#endif

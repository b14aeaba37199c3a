/* SPDX-License-Identifier: MIT */
/*
 * Timers of known frequency, against which the TSC can be measured.
 */
#ifndef KERNEL_X86_TIMEREF_H
#define KERNEL_X86_TIMEREF_H

#include "kernel/types.h"

struct time_reference {
	const char *name;
	u64 (*read)(void); /* counts upwards, modulo mask + 1 */
	u64 mask;
	u64 hz;
	/*
	 * how long the TSC is compared with this timer, in ns: longer for a timer of lower frequency
	 */
	u64 window_ns;
};

/*
 * Starts and returns the machine's timer number @i, the best one first; NULL after the last.  Boot,
 * after acpi_init().
 */
const struct time_reference *time_reference(unsigned int i);

#endif

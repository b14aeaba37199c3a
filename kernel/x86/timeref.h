/* SPDX-License-Identifier: MIT */
/*
 * Timers of known speed that the TSC can be measured against.
 */
#ifndef KERNEL_X86_TIMEREF_H
#define KERNEL_X86_TIMEREF_H

#include "kernel/types.h"

struct time_reference {
	const char *name;
	u64 (*read)(void); /* counts upwards, modulo mask + 1 */
	u64 mask;
	u64 hz;
	u64 window_ns; /* how long to compare with it: longer for a coarser timer */
};

/* The @i-th best that this machine has, running; NULL after the last.  Boot, after acpi_init(). */
const struct time_reference *time_reference(unsigned int i);

#endif

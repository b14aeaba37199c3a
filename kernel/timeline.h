/* SPDX-License-Identifier: MIT */
/*
 * The boot timeline: how long each stage takes between the kernel's first instruction and its
 * application.  Boot only, one thread.
 */
#ifndef KERNEL_TIMELINE_H
#define KERNEL_TIMELINE_H

#include "kernel/types.h"

/* Stage @name (a constant) ends here, and the next one begins. */
void boot_stage(const char *name);
/*
 * The stage ended when hal_clock_raw() was @raw: for the doors, which run before stages can be
 * noted.
 */
void boot_stage_at(const char *name, u64 raw);
/* All of them, to the log at level debug.  After hal_late_init(), and after `loglevel=` was read. */
void boot_stages_show(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The boot timeline: the time that each stage takes, from the kernel's first instruction to the
 * start of the application.  Boot only, one thread.
 */
#ifndef KERNEL_TIMELINE_H
#define KERNEL_TIMELINE_H

#include "kernel/types.h"

/*
 * Records the end of stage @name (a string constant that is not copied).  The next stage begins
 * here.
 */
void boot_stage(const char *name);
/*
 * Records that a stage ended when hal_clock_raw() was @raw: for the entry code of boot/, which runs
 * before stages can be recorded.
 */
void boot_stage_at(const char *name, u64 raw);
/*
 * Prints all stages to the log at level debug.  After hal_late_init(), and after `loglevel=` was
 * read.
 */
void boot_stages_show(void);

#endif

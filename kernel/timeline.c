/* SPDX-License-Identifier: MIT */
/*
 * The boot timeline.
 *
 * Callers in order: kernel/x86/setup.c, init/main.c and the platform's hal_late_init() and
 * hal_probe_devices() -> boot_stage(); init/main.c -> boot_stages_show().  Boot, one thread: no
 * lock.
 *
 * The end of each stage is recorded as a raw value of the clock's counter, so that the stages
 * before the calibration of the clock are measured, too.  The list is printed at the end of the
 * boot, because the option `loglevel=` is read late.
 */
#include "kernel/timeline.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/printk.h"

#define BOOT_STAGES_MAX 20

static struct {
	const char *name;
	u64 end; /* value of hal_clock_raw() */
} stages[BOOT_STAGES_MAX];
static unsigned int nr_stages;

void boot_stage_at(const char *name, u64 raw)
{
	BUG_ON(nr_stages == BOOT_STAGES_MAX);
	stages[nr_stages].name = name;
	stages[nr_stages++].end = raw;
}

void boot_stage(const char *name)
{
	boot_stage_at(name, hal_clock_raw());
}

void boot_stages_show(void)
{
	u64 before = 0;

	for (unsigned int i = 0; i < nr_stages; i++) {
		u64 end = hal_clock_from_raw(stages[i].end);

		printk(LOG_DEBUG, "boot: %-20s %6llu us, until %6llu us", stages[i].name,
		       (unsigned long long)(end - before) / 1000, (unsigned long long)end / 1000);
		before = end;
	}
}

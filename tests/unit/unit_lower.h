/* SPDX-License-Identifier: MIT */
/*
 * Initialises the kernel without the network (memory, threads, time, files) in the order of init/main.c,
 * for tests that have their own kernel_main().  Such a kernel_main() calls unit_lower_half() first, with
 * interrupts off.
 */
#ifndef TESTS_UNIT_UNIT_LOWER_H
#define TESTS_UNIT_UNIT_LOWER_H

#include "boot/boot_info.h"
#include "kernel/fs/file.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/random.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/timer.h"

static inline void unit_lower_half(const struct boot_info *boot)
{
	static struct cpu cpu;

	cpu.self = &cpu;
	hal_set_this_cpu(&cpu);
	mm_init(boot);
	slab_init();
	hal_late_init();
	random_init();
	sched_init(&cpu);
	timers_init();
	hrtimers_init();
	softirq_init();
	files_init();
	proc_init();
}

#endif

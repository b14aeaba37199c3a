/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases of a test program (tests/kernel/cases.h): main() forks for each case, which boots a
 * hosted kernel of its own; kernel_main() starts the case's thread.
 */
#include "tests/kernel/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/boot_info.h"
#include "kernel/fs/file.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"
#include "tests/host/user.h"

static const struct test_case *the_case;
static bool case_done;
static int irq_number;
static u64 irq_beside; /* the argument @at of raise_irq_beside(); 0: no interrupt is to be raised */

void raise_irq_beside(int irq, u64 at)
{
	irq_number = irq;
	irq_beside = at;
}

static int case_thread(void *arg)
{
	the_case->run();
	case_done = true;
	/* Do not return: when the process ends, the kernel powers off. */
	while (cases_are_programs)
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
	return 0;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	static struct cpu cpu;

	hal_set_this_cpu(&cpu);
	printk_init();
	mm_init(boot);
	slab_init();
	hal_late_init();
	random_init();
	sched_init(&cpu);
	timers_init();
	hrtimers_init();
	softirq_init();
	files_init();
	console_loglevel = LOG_WARNING;
	if (cases_are_programs)
		CHECK(!IS_ERR(host_process_run(case_thread, NULL)));
	else
		CHECK(!IS_ERR(kthread_run(case_thread, NULL, "case")));
	cpu_idle();
}

/* Advances the clock until the case is done, or the kernel has halted, or nothing can happen. */
static u64 play(void)
{
	u64 next = sn_step();

	for (u64 steps = 0; !case_done && next != SN_HALTED && steps < 1000000; steps++) {
		if (next == SN_NEVER)
			break;
		sn_set_clock(next);
		if (irq_beside && next >= irq_beside) {
			irq_beside = 0;
			host_raise_irq(irq_number);
		}
		next = sn_step();
	}
	return next;
}

/* Runs one case in a new kernel; the caller has forked, so a panic does not affect the other cases. */
static int run_case(u64 seed)
{
	unsigned int threads, expected = cases_are_programs ? 2 : 1;
	u64 next;

	sn_boot(seed, "");
	next = play();
	if (the_case->panic) {
		if (strstr(sn_panic_message(), the_case->panic))
			return 0;
		printf("  expected a panic with \"%s\", got \"%s\"\n", the_case->panic,
		       sn_panic_message());
		return 1;
	}
	threads = sn_threads();
	if (the_case->ends) {
		if (next == SN_HALTED && ENDS(sn_halt_code()) == the_case->ends &&
		    !strstr(sn_console(), "Kernel panic"))
			return 0;
	} else if (case_done && next != SN_HALTED && !sn_timers_armed() && !hrtimers_armed() &&
		   !sn_warn_count() && threads == expected) {
		return 0;
	}
	printf("  %s: %s; panic \"%s\", code %d, %u timers, %u warnings, %u threads\n%s",
	       the_case->name, case_done ? "done" : "not done", sn_panic_message(),
	       next == SN_HALTED ? sn_halt_code() : -1, sn_timers_armed(), sn_warn_count(), threads,
	       sn_console());
	return 1;
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned int run = 0;
	int failed = 0;

	for (the_case = cases; the_case->name; the_case++) {
		int status;

		if (argc > 2 && strcmp(argv[2], the_case->name))
			continue;
		run++;
		fflush(stdout);
		if (!fork()) {
			status = run_case(seed);
			fflush(stdout);
			_exit(status);
		}
		if (wait(&status) < 0 || status) {
			failed++;
			printf("FAIL  %s (seed %llu)\n", the_case->name, (unsigned long long)seed);
		}
	}
	printf("%u cases, %d failed\n", run, failed);
	return failed || !run;
}

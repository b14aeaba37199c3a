/* SPDX-License-Identifier: MIT */
/*
 * The idle thread: the boot context's afterlife.
 *
 * Called once, by kernel_main().  Never sleeps: it runs when all other threads do.
 * The hardware timer needs no look here: it is always armed for the next timer or before it
 * (kernel/time/clockevent.h).
 */
#include "kernel/sched/sched.h"

void __noreturn cpu_idle(void)
{
	for (;;) {
		reap_threads();
		/* From the question to the halt no interrupt may come: its wake-up would be slept over. */
		hal_irq_disable();
		if (sched_has_runnable()) {
			schedule();
			hal_irq_enable();
		} else {
			hal_idle();
		}
	}
}

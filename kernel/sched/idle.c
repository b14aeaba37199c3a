/* SPDX-License-Identifier: MIT */
/*
 * The idle thread: what the boot context becomes.
 *
 * Called once, by kernel_main().  Never sleeps: it runs when no other thread can.  It need not arm
 * the hardware timer, which is always armed for the next timer or earlier
 * (kernel/time/clockevent.h).
 */
#include "kernel/sched/sched.h"

void __noreturn cpu_idle(void)
{
	for (;;) {
		reap_threads();
		/*
		 * No interrupt between the check and the halt: the thread that it makes runnable
		 * would wait for the next interrupt.
		 */
		hal_irq_disable();
		if (sched_has_runnable()) {
			schedule();
			hal_irq_enable();
		} else {
			hal_idle();
		}
	}
}

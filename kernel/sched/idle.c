/* SPDX-License-Identifier: MIT */
/*
 * The idle thread, which the boot context becomes at the end of the boot.
 *
 * Called once, by kernel_main().  It never sleeps: it runs when no other thread is runnable.  It
 * need not arm the hardware timer, which is always armed for the next timer of the kernel or an
 * earlier time (kernel/time/clockevent.h).
 */
#include "kernel/sched/sched.h"

void __noreturn cpu_idle(void)
{
	for (;;) {
		reap_threads();
		/*
		 * Keep interrupts off from the check to the halt.  If an interrupt came in between
		 * and made a thread runnable, the CPU would halt although a thread waits.
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

/* SPDX-License-Identifier: MIT */
/*
 * The one-shot hardware timer.  This file remembers the deadline for which the device is armed, and
 * writes to the device only for an earlier deadline.
 *
 * Callers: the timer wheel (mod_timer, run_timers), the scheduler (the end of a slice while others
 * wait), do_timer_interrupt().  No lock: interrupts are off, and the data belongs to this CPU.
 */
#include "kernel/time/clockevent.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"

/*
 * For each CPU: 0 while its device is not armed, which is the initial value, else the deadline for
 * which it is armed, plus one.
 */
static u64 armed[NR_CPUS];

void clockevent_program(u64 deadline_ns)
{
	u64 *mine = &armed[this_cpu()->id];

	if (deadline_ns == HAL_TIMER_OFF || (*mine && *mine - 1 <= deadline_ns))
		return;
	*mine = deadline_ns + 1;
	hal_arm_timer(deadline_ns);
}

void clockevent_fired(void)
{
	armed[this_cpu()->id] = 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The one-shot hardware timer: remembers what is armed, and writes the device only for something
 * earlier.
 *
 * Callers: the wheel (mod_timer, run_timers), the scheduler (a slice that others wait for to end),
 * do_timer_interrupt().  Interrupts off, which is the whole locking: the data is this CPU's.
 */
#include "kernel/time/clockevent.h"

#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/cpu.h"

/* The time for which each CPU's device is armed, plus one; 0 = not armed, which is how it starts. */
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

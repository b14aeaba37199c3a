/* SPDX-License-Identifier: MIT */
/*
 * The one-shot hardware timer, shared by the timer wheel and the scheduler's slices.
 *
 * Arming it is a device write, which is slow under emulation.  So it is only moved to an earlier
 * time.  When a deadline is cancelled or moved later, the device stays as it is; the interrupt that
 * then comes too early finds nothing due and arms the next deadline.  All with interrupts off.
 * Linux's kernel/time/clockevents.c.
 */
#ifndef KERNEL_TIME_CLOCKEVENT_H
#define KERNEL_TIME_CLOCKEVENT_H

#include "kernel/types.h"

/* The next interrupt comes at @deadline_ns or earlier. */
void clockevent_program(u64 deadline_ns);
/* The interrupt came: the device is no longer armed. */
void clockevent_fired(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The one-shot hardware timer, shared by the timer wheel and the scheduler's slices.
 *
 * Arming it is a device write, which is slow under emulation.  So it is only ever moved towards the
 * present; a deadline that went away or later leaves it alone, and the early interrupt that follows
 * finds nothing due and arms the right one.
 * All with interrupts off.  Linux's kernel/time/clockevents.c.
 */
#ifndef KERNEL_TIME_CLOCKEVENT_H
#define KERNEL_TIME_CLOCKEVENT_H

#include "kernel/types.h"

/* An interrupt is wanted at @deadline_ns or before. */
void clockevent_program(u64 deadline_ns);
/* The interrupt came: nothing is armed any more. */
void clockevent_fired(void);

#endif

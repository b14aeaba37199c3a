/* SPDX-License-Identifier: MIT */
/*
 * The one-shot hardware timer, shared by the timer wheel and the scheduler's slices.
 *
 * Arming it is a device write, which is slow under emulation.  So the device is written only to set
 * an earlier time.  When a deadline is cancelled or moved to a later time, the device keeps its
 * time.  The interrupt then comes too early, finds no timer due, and arms the device for the next
 * deadline.  All functions run with interrupts off.  Compare Linux's kernel/time/clockevents.c.
 */
#ifndef KERNEL_TIME_CLOCKEVENT_H
#define KERNEL_TIME_CLOCKEVENT_H

#include "kernel/types.h"

/* Ensures that the next timer interrupt comes at @deadline_ns or earlier. */
void clockevent_program(u64 deadline_ns);
/* Called by the timer interrupt: the device is no longer armed. */
void clockevent_fired(void);

#endif

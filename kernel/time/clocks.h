/* SPDX-License-Identifier: MIT */
/*
 * The clocks that a program can read and wait for, by the ids of clock_gettime().
 *
 * A negative id names the CPU time of the process or of a thread (clock_getcpuclockid()).  Process
 * context, except clock_read() and clock_is_*(): any context.
 */
#ifndef KERNEL_TIME_CLOCKS_H
#define KERNEL_TIME_CLOCKS_H

#include "kernel/types.h"

/* Returns 0, or -EINVAL: there is no such clock. */
int clock_check(int clock);
/*
 * Returns 0 if clock_nanosleep() or, with @timer, timer_create() accepts the clock; -EOPNOTSUPP if the
 * clock can only be read; else -EINVAL.
 */
int clock_can_wait(int clock, bool timer);
/*
 * Returns an id for @clock that other threads may use, too: replaces CLOCK_*_CPUTIME_ID, which mean
 * the caller's clock, by an id that contains the caller's tid.
 */
int clock_of_caller(int clock);
/* Returns the clock's time in ns; 0 for the CPU time of a thread that has ended. */
u64 clock_read(int clock);
bool clock_is_cpu(int clock);
/* Returns true for clocks that clock_settime() moves. */
bool clock_is_real(int clock);
/* Returns the clock's time plus @ns, at most KTIME_MAX. */
u64 clock_deadline(int clock, u64 ns);

#endif

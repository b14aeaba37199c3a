/* SPDX-License-Identifier: MIT */
/*
 * The limits of softirqs. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_TIME_LIMITS_H
#define KERNEL_TIME_LIMITS_H

/*
 * rounds of one __do_softirq(): after them ksoftirqd does the rest, so that threads can run.
 * Linux's value.
 */
#define MAX_SOFTIRQ_RESTART 10
/*
 * ms of one __do_softirq(): after this time ksoftirqd does the rest, so that threads can run.
 * Linux's value.
 */
#define MAX_SOFTIRQ_MS 2

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The limits of softirqs. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_TIME_LIMITS_H
#define KERNEL_TIME_LIMITS_H

/* rounds: then ksoftirqd does the rest, and threads get their turn. Linux's. */
#define MAX_SOFTIRQ_RESTART 10
/* ms: likewise. Linux's. */
#define MAX_SOFTIRQ_MS 2

#endif

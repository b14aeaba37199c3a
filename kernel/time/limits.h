/* SPDX-License-Identifier: MIT */
/*
 * The limits of softirqs.
 */
#ifndef KERNEL_TIME_LIMITS_H
#define KERNEL_TIME_LIMITS_H

#define MAX_SOFTIRQ_RESTART 10 /* rounds before ksoftirqd takes over (Linux) */
#define MAX_SOFTIRQ_MS      2  /* time before it does */

#endif

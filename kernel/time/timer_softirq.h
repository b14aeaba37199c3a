/* SPDX-License-Identifier: MIT */
/* The wheel's share of the timer interrupt; for kernel/irq.c alone. */
#ifndef KERNEL_TIME_TIMER_SOFTIRQ_H
#define KERNEL_TIME_TIMER_SOFTIRQ_H

#include "kernel/types.h"

/* Raises TIMER_SOFTIRQ when a timer is due, else arms for the next.  Hard interrupt, irq off. */
void timers_interrupt(u64 now_ns);

#endif

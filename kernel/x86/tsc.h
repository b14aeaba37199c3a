/* SPDX-License-Identifier: MIT */
/*
 * The clock (TSC), and the one-shot timer that uses its time.  hal_clock_ns() and hal_arm_timer()
 * are in kernel/hal.h.
 */
#ifndef KERNEL_X86_TSC_H
#define KERNEL_X86_TSC_H

#include "kernel/types.h"

/*
 * Finds the frequency of the TSC; from then on hal_clock_ns() counts from @entry_tsc.  After
 * acpi_init() and apic_init(), interrupts off.  Takes 2 to 5 ms if the frequency must be measured.
 */
void clock_init(u64 entry_tsc);

/*
 * Called by the timer interrupt.  Returns true if the deadline of hal_arm_timer() has come; else
 * arms the timer again if a deadline is set. irq off.
 */
bool clock_timer_is_due(void);

/* The factors of hal_clock_ns(), which is (TSC - *@base) * *@ns_per_cycle >> 32.  After clock_init(). */
void clock_factors(u64 *base, u64 *ns_per_cycle);

#endif

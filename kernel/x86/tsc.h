/* SPDX-License-Identifier: MIT */
/*
 * The clock (TSC) and the timer that is set by it.  hal_clock_ns() and hal_arm_timer() are in
 * kernel/hal.h.
 */
#ifndef KERNEL_X86_TSC_H
#define KERNEL_X86_TSC_H

#include "kernel/types.h"

/*
 * Learns how fast the TSC runs; from here on hal_clock_ns() counts from @entry_tsc.  After
 * acpi_init() and apic_init(), interrupts off.  Takes 2 to 5 ms where the speed must be measured.
 */
void clock_init(u64 entry_tsc);

/* Timer interrupt, irq off: is what hal_arm_timer() was asked for due?  If not, it is set again. */
bool clock_timer_is_due(void);

#endif

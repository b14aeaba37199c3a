/* SPDX-License-Identifier: MIT */
/*
 * The CPU's interrupt controller (xAPIC): acknowledging interrupts, the one-shot timer, and the
 * message that a device must write to raise an interrupt (MSI).
 */
#ifndef KERNEL_X86_APIC_H
#define KERNEL_X86_APIC_H

#include "kernel/types.h"

/*
 * Masks the PIC, then maps and enables this CPU's APIC.  Boot, process context; the page allocator
 * works already.
 */
void apic_init(void);

/*
 * Acknowledges the interrupt that is being handled, so that the next one can come once interrupts
 * are on.  Hard interrupt.
 */
void apic_eoi(void);

/*
 * Computes the message that makes a device raise @irq (request_irq()'s number) on this CPU: the
 * address that the device writes to, and the data.  The interrupt is edge-triggered, as MSI and
 * MSI-X are.  Any context.
 */
void apic_msi_compose(unsigned int irq, u64 *address, u32 *data);

/*
 * Raises @irq on this CPU; it is handled as soon as interrupts are on.  Any context, including an
 * NMI.
 */
void apic_raise(unsigned int irq);

/*
 * Starts the timer: it counts down once from @count, in units of 16 bus cycles. 0 stops it. irq
 * off.
 */
void apic_timer_start(u32 count);
u32 apic_timer_remaining(void);
/* Selects the deadline mode: the timer fires when the TSC reaches the value of MSR_TSC_DEADLINE. */
void apic_timer_use_deadline(void);

#endif

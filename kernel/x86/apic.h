/* SPDX-License-Identifier: MIT */
/*
 * The CPU's interrupt controller (xAPIC): interrupts in, the one-shot timer, and the message that a device must
 * write to raise an interrupt.
 */
#ifndef KERNEL_X86_APIC_H
#define KERNEL_X86_APIC_H

#include "kernel/types.h"

/* Masks the PIC, maps and enables this CPU's APIC.  Process context at boot, the allocator is up. */
void apic_init(void);

/* The interrupt is taken; the next may come once interrupts are on.  Hard interrupt. */
void apic_eoi(void);

/*
 * The message that makes a device raise @irq (request_irq()'s number) on this CPU: the address that
 * it writes to, and the data.  Edge-triggered, as MSI and MSI-X are.  Any context.
 */
void apic_msi_compose(unsigned int irq, u64 *address, u32 *data);

/* Raises @irq on this CPU, as soon as interrupts are on.  Any context, an NMI too. */
void apic_raise(unsigned int irq);

/* The timer counts down once from @count, in units of 16 bus cycles; 0 stops it.  irq off. */
void apic_timer_start(u32 count);
u32 apic_timer_remaining(void);
/* The other mode: fires when the TSC reaches what is in MSR_TSC_DEADLINE. */
void apic_timer_use_deadline(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: numbers, handlers, counts for /proc/interrupts.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "kernel/types.h"

typedef void (*irq_handler_t)(void *arg); /* hard interrupt, irq off */

/* Gives out a number for @handler; the transport tells the device to raise it (MSI-X,
 * I/O APIC).
 * -ENOSPC when NR_IRQS are taken.  Process context.  @name is kept, not copied. */
int request_irq(const char *name, irq_handler_t handler, void *arg);
void free_irq(unsigned int irq);
/* For a handler whose line carries several: calls @irq's, counted.  Hard interrupt. */
void generic_handle_irq(unsigned int irq);

struct irq_desc {
	const char *name;
	irq_handler_t handler;
	void *arg;
	u64 count;
};
const struct irq_desc *irq_desc(unsigned int irq); /* NULL when free */
extern u64 timer_irq_count;
extern u64 nmi_count;          /* of the machine; 0 in the hosted kernel */
extern u64 spurious_irq_count; /* a number without a handler */

#endif

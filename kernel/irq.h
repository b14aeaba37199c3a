/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: numbers, handlers, counts for /proc/interrupts.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "kernel/types.h"

typedef void (*irq_handler_t)(void *arg); /* called in a hard interrupt, irq off */

/*
 * Allocates an interrupt number for @handler; the caller (a virtio transport, for example) then
 * makes its device raise that number through MSI-X or the I/O APIC.  Returns -ENOSPC when all
 * NR_IRQS are in use.  @name is not copied and must stay valid.  Process context.
 */
int request_irq(const char *name, irq_handler_t handler, void *arg);
void free_irq(unsigned int irq);
/*
 * Counts one interrupt of @irq and calls its handler.  Called by the handler of a line that several
 * devices share.  Hard interrupt.
 */
void generic_handle_irq(unsigned int irq);

struct irq_desc {
	const char *name;
	irq_handler_t handler;
	void *arg;
	u64 count;
};
const struct irq_desc *irq_desc(unsigned int irq); /* NULL if the number is free */
extern u64 timer_irq_count;
extern u64 nmi_count;          /* 0 in the hosted kernel, which has no NMIs */
extern u64 spurious_irq_count; /* interrupts with a number that has no handler */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One interrupt that serves a whole virtio device: the interrupt numbers that it is passed on to.
 *
 * The transports keep one of these where a device has no interrupt for each queue: virtio-mmio, PCI
 * with a line, PCI with too few MSI-X vectors.
 * Context: set at boot and by the reset; raised in hard interrupt.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_IRQ_H
#define DRIVERS_VIRTIO_VIRTIO_IRQ_H

#include "kernel/irq.h"
#include "kernel/lib/atomic.h"
#include "kernel/types.h"

#define VIRTIO_IRQ_QUEUES 4 /* of a device that shares its interrupt: virtio-net has 2, or 3 */

/* The ISR status, the same bits on PCI and MMIO (virtio 1.1, 4.1.4.5 and 4.2.2). */
#define VIRTIO_ISR_QUEUE  BIT(0)
#define VIRTIO_ISR_CONFIG BIT(1)

/* request_irq()'s numbers, -1 for none. */
struct virtio_irqs {
	int queue[VIRTIO_IRQ_QUEUES];
	int config;
};

static inline void virtio_irqs_forget(struct virtio_irqs *irqs)
{
	for (unsigned int i = 0; i < VIRTIO_IRQ_QUEUES; i++)
		WRITE_ONCE(irqs->queue[i], -1);
	WRITE_ONCE(irqs->config, -1);
}

static inline void virtio_irqs_raise(const struct virtio_irqs *irqs, u32 isr)
{
	int config = READ_ONCE(irqs->config);

	if (isr & VIRTIO_ISR_CONFIG && config >= 0)
		generic_handle_irq(config);
	if (!(isr & VIRTIO_ISR_QUEUE))
		return;
	/* The device does not say which queue it was: a queue with an empty used ring ignores it. */
	for (unsigned int i = 0; i < VIRTIO_IRQ_QUEUES; i++) {
		int irq = READ_ONCE(irqs->queue[i]);

		if (irq >= 0)
			generic_handle_irq(irq);
	}
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One interrupt shared by all queues of a virtio device.
 *
 * The transports use it where a device has no interrupt for each queue: virtio-mmio, PCI with a
 * line, PCI with too few MSI-X vectors. Context: the list of queues is set at boot and cleared by a
 * reset; virtio_irqs_raise() runs in hard interrupt.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_IRQ_H
#define DRIVERS_VIRTIO_VIRTIO_IRQ_H

#include "drivers/virtio/virtqueue.h"
#include "kernel/irq.h"
#include "kernel/lib/atomic.h"
#include "kernel/types.h"

#define VIRTIO_IRQ_QUEUES 4 /* queues of a device with a shared interrupt; virtio-net has 2 or 3 */

/* Bits of the ISR status, the same on PCI and MMIO (virtio 1.1, 4.1.4.5 and 4.2.2). */
#define VIRTIO_ISR_QUEUE  BIT(0)
#define VIRTIO_ISR_CONFIG BIT(1)

struct virtio_irqs {
	struct virtqueue *queue[VIRTIO_IRQ_QUEUES]; /* NULL: none */
	int config; /* irq that configuration changes raise; -1: none */
};

static inline void virtio_irqs_forget(struct virtio_irqs *irqs)
{
	for (unsigned int i = 0; i < VIRTIO_IRQ_QUEUES; i++)
		WRITE_ONCE(irqs->queue[i], NULL);
	WRITE_ONCE(irqs->config, -1);
}

/*
 * Passes the interrupt to the queues. Returns true if the interrupt had a cause: the device has
 * used buffers since the queue's last interrupt. A bit of the ISR status is no proof of a cause,
 * because a faulty device may never clear it. A configuration change alone returns false too (as in
 * Linux's vp_interrupt()): changes are rare, and a faulty device could report them without end.
 */
static inline bool virtio_irqs_raise(const struct virtio_irqs *irqs, u32 isr)
{
	int config = READ_ONCE(irqs->config);
	bool progress = false;

	if (isr & VIRTIO_ISR_CONFIG && config >= 0)
		generic_handle_irq(config);
	if (!(isr & VIRTIO_ISR_QUEUE))
		return false;
	/*
	 * The device does not say which queue it means, so call the handler of each: a queue with
	 * an empty used ring ignores the call.
	 */
	for (unsigned int i = 0; i < VIRTIO_IRQ_QUEUES; i++) {
		struct virtqueue *vq = READ_ONCE(irqs->queue[i]);
		u64 before;

		if (!vq)
			continue;
		before = vq->interrupts - vq->interrupts_in_vain;
		generic_handle_irq(vq->irq);
		progress |= vq->interrupts - vq->interrupts_in_vain != before;
	}
	return progress;
}

#endif

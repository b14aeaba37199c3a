/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over PCI (virtio 1.1, 4.1): finds devices and arranges their interrupts.
 *
 * Called: virtio_pci_probe() from the PCI scan; it chooses the modern or the legacy registers, then
 * the interrupts, and ends in virtio_probe().  The operations of both kinds of registers call
 * vp_route().
 * Context: process at boot; vp_shared_interrupt() and vp_line_interrupt() in hard interrupt.  No
 * lock.  Compare Linux's drivers/virtio/virtio_pci_common.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/virtio_pci.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define VECTOR_CONFIG 0 /* MSI-X table entry of configuration changes (VP_EACH, VP_QUEUES) */
/*
 * MSI-X table entry of all queues (VP_QUEUES), or of queue 0 (VP_EACH).  With VP_EACH, each further
 * queue has the next entry.
 */
#define VECTOR_QUEUES 1
/* MSI-X table entry of queues and configuration changes together (VP_ONE) */
#define VECTOR_ONE 0

/* ---- interrupts ------------------------------------------------------------------------------ */

/*
 * The handler of a vector that several causes share.  MSI-X does not set the ISR status (4.1.4.5),
 * and two messages close together cause one interrupt.  So the cause is unknown: with VP_ONE each
 * interrupt counts as used buffers and as a configuration change, both.
 */
static void vp_shared_interrupt(void *arg)
{
	struct virtio_pci *vp = arg;

	virtio_irqs_raise(&vp->irqs, vp->interrupts == VP_ONE ? VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG
							      : VIRTIO_ISR_QUEUE);
}

static bool vp_line_interrupt(void *arg)
{
	struct virtio_pci *vp = arg;

	return virtio_irqs_raise(&vp->irqs, vp->read_isr(vp));
}

static int vp_share_vector(struct virtio_pci *vp, unsigned int entry)
{
	int irq = request_irq(vp->pdev->name, vp_shared_interrupt, vp);
	int err;

	if (irq < 0)
		return irq;
	err = pci_msix_route(vp->pdev, entry, irq);
	if (err) {
		free_irq(irq);
		return err;
	}
	vp->shared_irq = irq;
	return 0;
}

/*
 * Chooses the interrupts by the number of vectors: a device may have fewer vectors than queues
 * (4.1.5.1.2).
 */
static int vp_set_interrupts(struct virtio_pci *vp)
{
	struct pci_device *pdev = vp->pdev;
	int err;

	virtio_irqs_forget(&vp->irqs);
	vp->shared_irq = -1;
	if (!pci_msix_enable(pdev)) {
		if (pdev->msix_entries > 2) {
			vp->interrupts = VP_EACH;
			return 0;
		}
		vp->interrupts = pdev->msix_entries == 2 ? VP_QUEUES : VP_ONE;
		pr_info("virtio %s: %u MSI-X vectors: shared", pdev->name, pdev->msix_entries);
		return vp_share_vector(vp, vp->interrupts == VP_ONE ? VECTOR_ONE : VECTOR_QUEUES);
	}
	vp->interrupts = VP_LINE;
	err = vp->read_isr ? pci_intx_request(pdev, vp_line_interrupt, vp) : -ENODEV;
	if (err)
		pr_err("virtio %s: no interrupt: neither MSI-X nor a line (%d)", pdev->name, err);
	return err;
}

static void vp_free_interrupts(struct virtio_pci *vp)
{
	if (vp->interrupts == VP_LINE)
		pci_intx_free(vp->pdev);
	else if (vp->shared_irq >= 0)
		free_irq(vp->shared_irq);
}

int vp_route(struct virtio_pci *vp, struct virtqueue *vq, unsigned int irq, u16 *vector)
{
	*vector = vq ? VECTOR_QUEUES + vq->index : VECTOR_CONFIG;
	if (vp->interrupts == VP_EACH || (vp->interrupts == VP_QUEUES && !vq))
		return pci_msix_route(vp->pdev, *vector, irq);
	if (vq && vq->index >= VIRTIO_IRQ_QUEUES)
		return -ENOSPC;
	if (vq)
		WRITE_ONCE(vp->irqs.queue[vq->index], vq);
	else
		WRITE_ONCE(vp->irqs.config, irq);
	*vector = VP_NO_VECTOR;
	if (vp->interrupts == VP_QUEUES)
		*vector = VECTOR_QUEUES;
	else if (vp->interrupts == VP_ONE)
		*vector = VECTOR_ONE;
	return 0;
}

/* ---- finding the devices --------------------------------------------------------------------- */

static bool virtio_pci_match(const struct pci_device *pdev)
{
	return pdev->vendor == VIRTIO_PCI_VENDOR && pdev->device >= VIRTIO_PCI_TRANSITIONAL &&
	       pdev->device <= VIRTIO_PCI_LAST;
}

static int virtio_pci_probe(struct pci_device *pdev)
{
	struct virtio_pci *vp = kzalloc(sizeof(*vp), GFP_KERNEL);
	int err;

	if (!vp)
		return -ENOMEM;
	vp->pdev = pdev;
	pdev->driver_data = vp;
	vp->vdev.transport = vp;
	vp->vdev.bus_name = pdev->name;
	vp->vdev.device_id = pdev->device < VIRTIO_PCI_MODERN ? pdev->subsystem
							      : pdev->device - VIRTIO_PCI_MODERN;
	pci_enable_device(pdev);
	err = vp_modern_init(vp);
	if (err)
		err = vp_legacy_init(vp);
	if (err) {
		pr_err("virtio %s: neither modern nor legacy registers that can be used",
		       pdev->name);
		goto out_free;
	}
	err = vp_set_interrupts(vp);
	if (err)
		goto out_free;
	err = virtio_probe(&vp->vdev);
	if (err)
		goto out_interrupts;
	return 0;

out_interrupts:
	vp_free_interrupts(vp);
out_free:
	kfree(vp);
	return err;
}

/*
 * Removes the queues from the interrupt first. If the line is shared, an interrupt of another
 * device may come later, and its handler must not find queues that were freed.
 */
static int virtio_pci_remove(struct pci_device *pdev)
{
	struct virtio_pci *vp = pdev->driver_data;
	int err;

	if (!vp->vdev.stuck) {
		virtio_irqs_forget(&vp->irqs);
		vp_free_interrupts(vp);
	}
	err = virtio_remove(&vp->vdev);
	if (err)
		return err;
	kfree(vp);
	return 0;
}

const struct pci_driver virtio_pci_driver = {
	.name = "virtio-pci",
	.match = virtio_pci_match,
	.probe = virtio_pci_probe,
	.remove = virtio_pci_remove,
};

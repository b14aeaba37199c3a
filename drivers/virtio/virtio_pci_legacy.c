/* SPDX-License-Identifier: MIT */
/*
 * The legacy registers of a virtio PCI device, from before version 1.0: ports in BAR 0 (virtio 1.1,
 * 4.1.4.8), for a device whose modern interface is disabled (QEMU's disable-modern=on) or that has
 * none.
 *
 * Called: vp_legacy_init() from virtio_pci.c; then the operations by virtio.c, virtqueue.c and the
 * driver. Context: process at boot; lp_notify in any context; lp_config_read, lp_get_status and the
 * reset also in softirq; lp_read_isr in hard interrupt. No lock: the select register is used at
 * boot only. All fields are in the guest's byte order, which is little endian on x86-64. Compare
 * Linux's drivers/virtio/virtio_pci_legacy.c.
 */
#include "drivers/virtio/virtio_pci.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "kernel/x86/io.h"

#define LP_DEVICE_FEATURES 0
#define LP_DRIVER_FEATURES 4
#define LP_QUEUE_PFN       8 /* page number of the queue; not 0: the queue is in use */
#define LP_QUEUE_SIZE      12
#define LP_QUEUE_SELECT    14
#define LP_QUEUE_NOTIFY    16
#define LP_STATUS          18
#define LP_ISR             19
#define LP_CONFIG          20 /* configuration of the device type, if MSI-X is off */
/* only if MSI-X is on: two vector registers, then the configuration of the device type */
#define LP_CONFIG_VECTOR 20
#define LP_QUEUE_VECTOR  22
#define LP_CONFIG_MSIX   24

/* bytes, at most, of one field of the configuration; the longest field that a driver reads has 6 (a MAC address) */
#define LP_FIELD_MAX 8

static u8 lp_get_status(struct virtio_device *vdev)
{
	return inb(to_vp(vdev)->ports + LP_STATUS);
}

static int lp_set_status(struct virtio_device *vdev, u8 status)
{
	u64 deadline = ktime_get_ns() + VP_RESET_MS * NSEC_PER_MSEC;

	if (!status)
		virtio_irqs_forget(&to_vp(vdev)->irqs);
	outb(to_vp(vdev)->ports + LP_STATUS, status);
	if (status)
		return 0;
	while (lp_get_status(vdev)) {
		if (ktime_get_ns() > deadline)
			return -EIO;
		hal_cpu_relax();
	}
	return 0;
}

static u64 lp_get_features(struct virtio_device *vdev)
{
	return inl(to_vp(vdev)->ports + LP_DEVICE_FEATURES);
}

static void lp_set_features(struct virtio_device *vdev, u64 features)
{
	outl(to_vp(vdev)->ports + LP_DRIVER_FEATURES, (u32)features);
}

/* The registers have no generation counter: read a field until two reads agree (2.4.4). */
static void lp_config_read(struct virtio_device *vdev, unsigned int offset, void *buf,
			   unsigned int len)
{
	const struct virtio_pci *vp = to_vp(vdev);
	u32 config = vp->interrupts == VP_LINE ? LP_CONFIG : LP_CONFIG_MSIX;
	u8 again[LP_FIELD_MAX];

	memset(buf, 0, len);
	if (len > sizeof(again) || config + offset + len > vp->ports_len) {
		virtio_config_failed(vdev, offset, "no such field");
		return;
	}
	for (unsigned int i = 0; i < VP_CONFIG_TRIES; i++) {
		for (unsigned int at = 0; at < len; at++)
			((u8 *)buf)[at] = inb(vp->ports + config + offset + at);
		if (i && !memcmp(again, buf, len))
			return;
		memcpy(again, buf, len);
	}
	virtio_config_failed(vdev, offset, "it changed during every read");
}

static u16 lp_queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	outw(to_vp(vdev)->ports + LP_QUEUE_SELECT, index);
	return inw(to_vp(vdev)->ports + LP_QUEUE_SIZE);
}

/*
 * Writes @vector to the vector register @reg, if MSI-X is on.  A device without a free vector reads
 * back NO_VECTOR.
 */
static int lp_set_vector(const struct virtio_pci *vp, unsigned int reg, u16 vector)
{
	if (vp->interrupts == VP_LINE)
		return 0;
	outw(vp->ports + reg, vector);
	return inw(vp->ports + reg) == vector ? 0 : -ENOSPC;
}

static int lp_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	struct virtio_pci *vp = to_vp(vdev);
	u64 pfn = hal_virt_to_phys(vq->desc) / VRING_LEGACY_ALIGN;
	u16 vector;
	int err;

	outw(vp->ports + LP_QUEUE_SELECT, vq->index);
	if (inl(vp->ports + LP_QUEUE_PFN))
		return -EBUSY;
	if (pfn > ~0U || inw(vp->ports + LP_QUEUE_SIZE) != vq->num)
		return -EINVAL;
	err = vp_route(vp, vq, vq->irq, &vector);
	if (!err)
		err = lp_set_vector(vp, LP_QUEUE_VECTOR, vector);
	if (!err)
		outl(vp->ports + LP_QUEUE_PFN, (u32)pfn);
	return err;
}

static void lp_notify(struct virtio_device *vdev, struct virtqueue *vq)
{
	outw(to_vp(vdev)->ports + LP_QUEUE_NOTIFY, vq->index);
}

static int lp_set_config_irq(struct virtio_device *vdev, unsigned int irq)
{
	u16 vector;
	int err = vp_route(to_vp(vdev), NULL, irq, &vector);

	return err ? err : lp_set_vector(to_vp(vdev), LP_CONFIG_VECTOR, vector);
}

static const struct virtio_transport_ops vp_legacy_ops = {
	.get_status = lp_get_status,
	.set_status = lp_set_status,
	.get_features = lp_get_features,
	.set_features = lp_set_features,
	.config_read = lp_config_read,
	.queue_max_size = lp_queue_max_size,
	.enable_queue = lp_enable_queue,
	.notify = lp_notify,
	.set_config_irq = lp_set_config_irq,
};

static u8 lp_read_isr(struct virtio_pci *vp)
{
	return inb(vp->ports + LP_ISR);
}

int vp_legacy_init(struct virtio_pci *vp)
{
	if (vp->pdev->device >= VIRTIO_PCI_MODERN)
		return -ENODEV;
	vp->ports = pci_io_bar(vp->pdev, 0, LP_CONFIG_MSIX);
	if (!vp->ports)
		return -ENODEV;
	vp->ports_len = vp->pdev->bar[0].size;
	vp->read_isr = lp_read_isr;
	vp->vdev.ops = &vp_legacy_ops;
	vp->vdev.legacy = true;
	vp->vdev.fixed_queue_size = true;
	return 0;
}

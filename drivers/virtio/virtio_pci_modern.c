/* SPDX-License-Identifier: MIT */
/*
 * The registers of a virtio device of version 1.0 and later on PCI (virtio 1.1, 4.1.4): finds the
 * register structures through vendor capabilities, and provides the transport operations.
 *
 * Called: vp_modern_init() from virtio_pci.c; then the operations by virtio.c, virtqueue.c and the
 * driver.
 * Context: process at boot; vp_notify in any context; vp_config_read, vp_get_status and the reset
 * also in softirq; vp_read_isr in hard interrupt.  No lock: the select register is used at boot
 * only.
 * Compare Linux's drivers/virtio/virtio_pci_modern.c.
 */
#include "drivers/virtio/virtio_pci.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "kernel/x86/io.h"

/* Offsets in a vendor capability (4.1.4), which begins with id and next. */
#define VP_CAP_LEN         2
#define VP_CAP_TYPE        3
#define VP_CAP_BAR         4
#define VP_CAP_OFFSET      8
#define VP_CAP_LENGTH      12
#define VP_CAP_MULTIPLIER  16 /* only in the capability of the notify structure */
#define VP_CAP_SIZE        16
#define VP_CAP_NOTIFY_SIZE 20

#define VP_TYPE_COMMON 1
#define VP_TYPE_NOTIFY 2
#define VP_TYPE_ISR    3
#define VP_TYPE_DEVICE 4
#define VP_CAPS_MAX    16 /* most vendor capabilities that are read: a device has five */

/* The common configuration structure (4.1.4.3). */
#define VP_DEVICE_FEATURE_SELECT 0x00
#define VP_DEVICE_FEATURE        0x04
#define VP_DRIVER_FEATURE_SELECT 0x08
#define VP_DRIVER_FEATURE        0x0c
#define VP_MSIX_CONFIG           0x10
#define VP_NUM_QUEUES            0x12
#define VP_DEVICE_STATUS         0x14
#define VP_CONFIG_GENERATION     0x15
#define VP_QUEUE_SELECT          0x16
#define VP_QUEUE_SIZE            0x18
#define VP_QUEUE_MSIX_VECTOR     0x1a
#define VP_QUEUE_ENABLE          0x1c
#define VP_QUEUE_NOTIFY_OFF      0x1e
#define VP_QUEUE_DESC            0x20
#define VP_QUEUE_AVAIL           0x28
#define VP_QUEUE_USED            0x30
#define VP_COMMON_SIZE           0x38

/* A 64-bit field is written as two 32-bit fields (4.1.3.1). */
static void vp_write64(u64 value, u8 *reg)
{
	writel((u32)value, reg);
	writel((u32)(value >> 32), reg + 4);
}

/* ---- the operations -------------------------------------------------------------------------- */

static u8 vp_get_status(struct virtio_device *vdev)
{
	return readb(to_vp(vdev)->common + VP_DEVICE_STATUS);
}

static int vp_set_status(struct virtio_device *vdev, u8 status)
{
	u64 deadline = ktime_get_ns() + VP_RESET_MS * NSEC_PER_MSEC;

	if (!status)
		virtio_irqs_forget(&to_vp(vdev)->irqs);
	writeb(status, to_vp(vdev)->common + VP_DEVICE_STATUS);
	if (status)
		return 0;
	while (vp_get_status(vdev)) {
		if (ktime_get_ns() > deadline)
			return -EIO;
		hal_cpu_relax();
	}
	return 0;
}

static u64 vp_get_features(struct virtio_device *vdev)
{
	u8 *common = to_vp(vdev)->common;
	u64 features;

	writel(1, common + VP_DEVICE_FEATURE_SELECT);
	features = (u64)readl(common + VP_DEVICE_FEATURE) << 32;
	writel(0, common + VP_DEVICE_FEATURE_SELECT);
	return features | readl(common + VP_DEVICE_FEATURE);
}

static void vp_set_features(struct virtio_device *vdev, u64 features)
{
	u8 *common = to_vp(vdev)->common;

	for (u32 half = 0; half < 2; half++) {
		writel(half, common + VP_DRIVER_FEATURE_SELECT);
		writel((u32)(features >> (32 * half)), common + VP_DRIVER_FEATURE);
	}
}

static void vp_config_read(struct virtio_device *vdev, unsigned int offset, void *buf,
			   unsigned int len)
{
	struct virtio_pci *vp = to_vp(vdev);
	u8 before;

	memset(buf, 0, len);
	if (!vp->device || len > vp->device_len || offset > vp->device_len - len) {
		virtio_config_failed(vdev, offset, "no such field");
		return;
	}
	for (unsigned int i = 0; i < VP_CONFIG_TRIES; i++) {
		before = readb(vp->common + VP_CONFIG_GENERATION);
		read_field(buf, vp->device + offset,
			   len); /* 4.1.3.1: access each field by its width */
		if (readb(vp->common + VP_CONFIG_GENERATION) == before)
			return;
	}
	virtio_config_failed(vdev, offset, "it changed during every read");
}

static u16 vp_queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	u8 *common = to_vp(vdev)->common;

	if (index >= readw(common + VP_NUM_QUEUES))
		return 0;
	writew(index, common + VP_QUEUE_SELECT);
	return readw(common + VP_QUEUE_SIZE);
}

/*
 * Returns the address of the selected queue's doorbell, or NULL if the doorbell lies beyond the
 * notify structure.
 */
static void *vp_doorbell(struct virtio_pci *vp)
{
	u64 offset = (u64)readw(vp->common + VP_QUEUE_NOTIFY_OFF) * vp->notify_multiplier;

	if (offset + sizeof(u16) > vp->notify_len)
		return NULL;
	return vp->notify + offset;
}

static int vp_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	struct virtio_pci *vp = to_vp(vdev);
	u8 *common = vp->common;
	u16 vector;
	int err;

	writew(vq->index, common + VP_QUEUE_SELECT);
	if (readw(common + VP_QUEUE_ENABLE))
		return -EBUSY;
	vq->notify_addr = vp_doorbell(vp);
	if (!vq->notify_addr)
		return -EINVAL;
	err = vp_route(vp, vq, vq->irq, &vector);
	if (err)
		return err;
	writew(vq->num, common + VP_QUEUE_SIZE);
	vp_write64(hal_virt_to_phys(vq->desc), common + VP_QUEUE_DESC);
	vp_write64(hal_virt_to_phys(vq->avail), common + VP_QUEUE_AVAIL);
	vp_write64(hal_virt_to_phys(vq->used), common + VP_QUEUE_USED);
	writew(vector, common + VP_QUEUE_MSIX_VECTOR);
	/* A device without a free vector reads back NO_VECTOR (4.1.5.1.2.1). */
	if (readw(common + VP_QUEUE_MSIX_VECTOR) != vector ||
	    readw(common + VP_QUEUE_SIZE) != vq->num)
		return -ENOSPC;
	writew(1, common + VP_QUEUE_ENABLE);
	return 0;
}

static void vp_notify(struct virtio_device *vdev, struct virtqueue *vq)
{
	writew(vq->index, vq->notify_addr);
}

static int vp_set_config_irq(struct virtio_device *vdev, unsigned int irq)
{
	struct virtio_pci *vp = to_vp(vdev);
	u16 vector;
	int err = vp_route(vp, NULL, irq, &vector);

	if (err)
		return err;
	writew(vector, vp->common + VP_MSIX_CONFIG);
	return readw(vp->common + VP_MSIX_CONFIG) == vector ? 0 : -ENOSPC;
}

static u8 vp_read_isr(struct virtio_pci *vp)
{
	return readb(vp->isr);
}

static const struct virtio_transport_ops vp_modern_ops = {
	.get_status = vp_get_status,
	.set_status = vp_set_status,
	.get_features = vp_get_features,
	.set_features = vp_set_features,
	.config_read = vp_config_read,
	.queue_max_size = vp_queue_max_size,
	.enable_queue = vp_enable_queue,
	.notify = vp_notify,
	.set_config_irq = vp_set_config_irq,
};

/* ---- finding the structures ------------------------------------------------------------------ */

/*
 * Maps the structure that the capability at @cap describes, if the driver uses this type of
 * structure and no structure of this type was mapped yet (4.1.4.1: the device lists the preferred
 * structure first). pci_map_bar() checks offset and length against the BAR.
 */
static void vp_map_structure(struct virtio_pci *vp, u8 cap)
{
	struct pci_device *pdev = vp->pdev;
	u8 cap_len = pci_read8(pdev, cap + VP_CAP_LEN);
	u8 bar = pci_read8(pdev, cap + VP_CAP_BAR);
	u32 offset = pci_read32(pdev, cap + VP_CAP_OFFSET);
	u32 length = pci_read32(pdev, cap + VP_CAP_LENGTH);

	if (cap_len < VP_CAP_SIZE || cap > 0x100 - VP_CAP_SIZE)
		return;
	switch (pci_read8(pdev, cap + VP_CAP_TYPE)) {
	case VP_TYPE_COMMON:
		if (!vp->common && length >= VP_COMMON_SIZE)
			vp->common = pci_map_bar(pdev, bar, offset, length);
		break;
	case VP_TYPE_NOTIFY:
		if (vp->notify || cap_len < VP_CAP_NOTIFY_SIZE || cap > 0x100 - VP_CAP_NOTIFY_SIZE)
			break;
		vp->notify = pci_map_bar(pdev, bar, offset, length);
		vp->notify_len = length;
		vp->notify_multiplier = pci_read32(pdev, cap + VP_CAP_MULTIPLIER);
		break;
	case VP_TYPE_ISR:
		if (!vp->isr)
			vp->isr = pci_map_bar(pdev, bar, offset, sizeof(u8));
		break;
	case VP_TYPE_DEVICE:
		if (vp->device)
			break;
		vp->device = pci_map_bar(pdev, bar, offset, length);
		vp->device_len = length;
		break;
	}
}

int vp_modern_init(struct virtio_pci *vp)
{
	u8 cap = 0;

	for (unsigned int i = 0; i < VP_CAPS_MAX; i++) {
		cap = pci_find_capability(vp->pdev, PCI_CAP_ID_VENDOR, cap);
		if (!cap)
			break;
		vp_map_structure(vp, cap);
	}
	if (!vp->common || !vp->notify)
		return -ENODEV;
	vp->read_isr = vp->isr ? vp_read_isr : NULL;
	vp->vdev.ops = &vp_modern_ops;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over PCI (virtio 1.1, 4.1): finds the four register structures through
 * vendor capabilities, and gives the core its transport operations.
 *
 * Called: virtio_pci_probe() from the PCI scan, which ends in virtio_probe(); then the operations
 * from virtio.c, virtqueue.c and the driver.
 * Context: process at boot; vp_notify in any; vp_config_read, vp_get_status and the reset also in
 * softirq.  No lock: the select register is used at boot only.
 * Speaks the modern interface only: ids 0x1041.. and the transitional 0x1000.. through their modern
 * capabilities.  One MSI-X vector for configuration changes, one a queue; no line interrupts.
 * Linux's drivers/virtio/virtio_pci_modern.c.
 */
#include "drivers/pci.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "kernel/x86/io.h"

#define VIRTIO_PCI_VENDOR       0x1af4
#define VIRTIO_PCI_TRANSITIONAL 0x1000 /* .. 0x103f: the type is in the subsystem id */
#define VIRTIO_PCI_MODERN       0x1040 /* + type, .. 0x107f */
#define VIRTIO_PCI_LAST         0x107f

/* A vendor capability (4.1.4): header, then these. */
#define VP_CAP_LEN         2
#define VP_CAP_TYPE        3
#define VP_CAP_BAR         4
#define VP_CAP_OFFSET      8
#define VP_CAP_LENGTH      12
#define VP_CAP_MULTIPLIER  16 /* of the notify structure only */
#define VP_CAP_SIZE        16
#define VP_CAP_NOTIFY_SIZE 20

#define VP_TYPE_COMMON 1
#define VP_TYPE_NOTIFY 2
#define VP_TYPE_DEVICE 4
#define VP_CAPS_MAX    16 /* structures looked at: a device has five */

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

#define VP_NO_VECTOR     0xffff
#define VP_CONFIG_VECTOR 0   /* MSI-X table entry; queue i has i + 1 */
#define VP_RESET_MS      100 /* a device that has not come back from reset by then is broken */
#define VP_CONFIG_TRIES  16  /* generations that may change under one read */

struct virtio_pci {
	struct virtio_device vdev;
	struct pci_device *pdev;
	u8 *common;
	u8 *notify;
	u32 notify_len;
	u32 notify_multiplier;
	u8 *device; /* the type's own configuration, NULL: none */
	u32 device_len;
};

static struct virtio_pci *to_vp(struct virtio_device *vdev)
{
	return vdev->transport;
}

/* 64-bit fields are two 32-bit ones to the bus (4.1.3.1). */
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
		pr_warn("virtio %s: no configuration at %u", vdev->bus_name, offset);
		return;
	}
	for (unsigned int i = 0; i < VP_CONFIG_TRIES; i++) {
		before = readb(vp->common + VP_CONFIG_GENERATION);
		read_field(buf, vp->device + offset, len); /* 4.1.3.1 */
		if (readb(vp->common + VP_CONFIG_GENERATION) == before)
			return;
	}
	pr_warn("virtio %s: configuration does not stand still", vdev->bus_name);
}

static u16 vp_queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	u8 *common = to_vp(vdev)->common;

	if (index >= readw(common + VP_NUM_QUEUES))
		return 0;
	writew(index, common + VP_QUEUE_SELECT);
	return readw(common + VP_QUEUE_SIZE);
}

/* Where @vq's doorbell is; NULL when the device says one that is not in the structure. */
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
	unsigned int vector = vq->index + 1;
	int err;

	writew(vq->index, common + VP_QUEUE_SELECT);
	if (readw(common + VP_QUEUE_ENABLE))
		return -EBUSY;
	vq->notify_addr = vp_doorbell(vp);
	if (!vq->notify_addr)
		return -EINVAL;
	err = pci_msix_route(vp->pdev, vector, vq->irq);
	if (err)
		return err;
	writew(vq->num, common + VP_QUEUE_SIZE);
	vp_write64(hal_virt_to_phys(vq->desc), common + VP_QUEUE_DESC);
	vp_write64(hal_virt_to_phys(vq->avail), common + VP_QUEUE_AVAIL);
	vp_write64(hal_virt_to_phys(vq->used), common + VP_QUEUE_USED);
	writew(vector, common + VP_QUEUE_MSIX_VECTOR);
	/* The device reads back NO_VECTOR when it has none left (4.1.5.1.2.1). */
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
	int err = pci_msix_route(vp->pdev, VP_CONFIG_VECTOR, irq);

	if (err)
		return err;
	writew(VP_CONFIG_VECTOR, vp->common + VP_MSIX_CONFIG);
	if (readw(vp->common + VP_MSIX_CONFIG) != VP_CONFIG_VECTOR)
		return -ENOSPC;
	return 0;
}

static const struct virtio_transport_ops virtio_pci_ops = {
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
 * Maps the structure that the capability at @cap describes, if it is one that we use and the first
 * of its kind (4.1.4.1: the first is the one that the device prefers).  pci_map_bar() checks it
 * against its BAR.
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
	case VP_TYPE_DEVICE:
		if (vp->device)
			break;
		vp->device = pci_map_bar(pdev, bar, offset, length);
		vp->device_len = length;
		break;
	}
}

static int vp_map_structures(struct virtio_pci *vp)
{
	u8 cap = 0;

	for (unsigned int i = 0; i < VP_CAPS_MAX; i++) {
		cap = pci_find_capability(vp->pdev, PCI_CAP_ID_VENDOR, cap);
		if (!cap)
			break;
		vp_map_structure(vp, cap);
	}
	if (!vp->common || !vp->notify) {
		pr_err("virtio %s: a legacy device (QEMU: disable-modern=on?): needs virtio 1.0",
		       vp->pdev->name);
		return -ENODEV;
	}
	return 0;
}

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
	pci_enable_device(pdev);
	err = vp_map_structures(vp);
	if (err)
		goto out_free;
	err = pci_msix_enable(pdev);
	if (err) {
		pr_err("virtio %s: no usable MSI-X (QEMU: vectors=0?)", pdev->name);
		goto out_free;
	}
	vp->vdev.ops = &virtio_pci_ops;
	vp->vdev.transport = vp;
	vp->vdev.bus_name = pdev->name;
	vp->vdev.device_id = pdev->device < VIRTIO_PCI_MODERN ? pdev->subsystem
							      : pdev->device - VIRTIO_PCI_MODERN;
	err = virtio_probe(&vp->vdev);
	if (err)
		goto out_free;
	return 0;

out_free:
	kfree(vp);
	return err;
}

const struct pci_driver virtio_pci_driver = {
	.name = "virtio-pci",
	.match = virtio_pci_match,
	.probe = virtio_pci_probe,
};

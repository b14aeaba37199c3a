/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over PCI: declarations shared by its files.
 *
 *   virtio_pci.c         finding a device, its interrupts
 *   virtio_pci_modern.c  the registers of virtio 1.0 and later, in memory BARs
 *   virtio_pci_legacy.c  the registers from before 1.0, in I/O BAR 0
 *
 * Context: process at boot; interrupts as virtio.h says.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_PCI_H
#define DRIVERS_VIRTIO_VIRTIO_PCI_H

#include "drivers/pci.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_irq.h"

#define VIRTIO_PCI_VENDOR 0x1af4
/* device ids 0x1000 .. 0x103f: transitional devices, whose subsystem id is the device type */
#define VIRTIO_PCI_TRANSITIONAL 0x1000
/* 0x1040 .. 0x107f: modern devices, 0x1040 + the device type */
#define VIRTIO_PCI_MODERN 0x1040
#define VIRTIO_PCI_LAST   0x107f

#define VP_NO_VECTOR    0xffff
#define VP_RESET_MS     100 /* a device that is still not reset after this time is broken */
#define VP_CONFIG_TRIES 16  /* most reads of one field while the configuration keeps changing */

/* Kinds of interrupts.  A device gets the first kind for which it has enough vectors. */
enum vp_interrupts {
	VP_EACH, /* MSI-X: one vector for configuration changes, and one for each queue */
	/* MSI-X: one vector for configuration changes, and one for all queues together */
	VP_QUEUES,
	VP_ONE,  /* MSI-X: one vector for configuration changes and all queues together */
	VP_LINE, /* INTx: the ISR status says whether queues or the configuration changed */
};

struct virtio_pci {
	struct virtio_device vdev;
	struct pci_device *pdev;
	enum vp_interrupts interrupts;
	struct virtio_irqs irqs; /* queues that share an interrupt; empty with VP_EACH */
	int shared_irq;          /* VP_QUEUES, VP_ONE: irq of the shared vector; else -1 */
	/*
	 * Reads the ISR status; the read clears it and deasserts the line (4.1.4.5).  NULL: the
	 * device has no ISR status.
	 */
	u8 (*read_isr)(struct virtio_pci *vp);

	/* modern */
	u8 *common;
	u8 *notify;
	u32 notify_len;
	u32 notify_multiplier;
	u8 *isr;    /* the mapped ISR status; NULL: the device has none */
	u8 *device; /* the mapped configuration of the device type; NULL: the device has none */
	u32 device_len;

	/* legacy */
	u16 ports;
	u32 ports_len;
};

static inline struct virtio_pci *to_vp(struct virtio_device *vdev)
{
	return vdev->transport;
}

/*
 * Finds the registers and sets the operations.  Returns 0, or -ENODEV if the device has no
 * registers of this kind.
 */
int vp_modern_init(struct virtio_pci *vp);
int vp_legacy_init(struct virtio_pci *vp);

/*
 * Routes the interrupt of @vq (NULL: of configuration changes) to @irq.  *@vector is the value for
 * the device's vector register: an MSI-X table entry, or VP_NO_VECTOR.  Returns 0, or -ENOSPC if
 * there are too few vectors or if @vq's index is too high for a shared interrupt.
 */
int vp_route(struct virtio_pci *vp, struct virtqueue *vq, unsigned int irq, u16 *vector);

#endif

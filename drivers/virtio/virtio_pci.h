/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over PCI: declarations that its files share.
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

#define VIRTIO_PCI_VENDOR       0x1af4
#define VIRTIO_PCI_TRANSITIONAL 0x1000 /* .. 0x103f: the type is in the subsystem id */
#define VIRTIO_PCI_MODERN       0x1040 /* + type, .. 0x107f */
#define VIRTIO_PCI_LAST         0x107f

#define VP_NO_VECTOR    0xffff
#define VP_RESET_MS     100 /* a device that has not come back from reset by then is broken */
#define VP_CONFIG_TRIES 16  /* times that the configuration may change under one read */

/* How the device interrupts: the first of these for which it has enough vectors. */
enum vp_interrupts {
	VP_EACH,   /* MSI-X: a vector for configuration changes, one for each queue */
	VP_QUEUES, /* MSI-X: a vector for configuration changes, one for all queues */
	VP_ONE,    /* MSI-X: one vector for everything */
	VP_LINE,   /* INTx: the ISR status says what happened */
};

struct virtio_pci {
	struct virtio_device vdev;
	struct pci_device *pdev;
	enum vp_interrupts interrupts;
	struct virtio_irqs irqs; /* unless VP_EACH: queues that get the shared interrupt */
	int shared_irq;          /* VP_QUEUES, VP_ONE: of the shared vector; else -1 */
	/* Reads the ISR status, which takes the line down (4.1.4.5). */
	u8 (*read_isr)(struct virtio_pci *vp);

	/* modern */
	u8 *common;
	u8 *notify;
	u32 notify_len;
	u32 notify_multiplier;
	u8 *isr;    /* NULL: none */
	u8 *device; /* the type's own configuration, NULL: none */
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
 * Finds the registers and fills in the operations. 0, or -ENODEV if the device has no such
 * registers.
 */
int vp_modern_init(struct virtio_pci *vp);
int vp_legacy_init(struct virtio_pci *vp);

/*
 * Routes the interrupt of @vq (of configuration changes if NULL) to @irq.  @vector is the value for
 * the device's register: an MSI-X table entry, or VP_NO_VECTOR. 0, or -ENOSPC if there are too few
 * vectors or interrupt numbers.
 */
int vp_route(struct virtio_pci *vp, struct virtqueue *vq, unsigned int irq, u16 *vector);

#endif

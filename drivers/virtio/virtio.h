/* SPDX-License-Identifier: MIT */
/*
 * The second seam: the operations that a virtio driver needs from its device's bus.
 *
 * Below it: PCI and MMIO on the machine (virtio_pci.c, virtio_mmio.c), a device model in the hosted
 * build (tests/host/virtio_model.c).  Above it: virtqueue.c and virtio_net.c, the same on both
 * sides.  Virtio 1.1, sections 2 (facilities) and 4 (transports).
 *
 * All calls in process context at probe time, except: notify (any context); the interrupt handlers;
 * config_read and get_status also in softirq (when the link changed); set_status with 0 also in
 * softirq (when a device that lied is shut down).
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_H
#define DRIVERS_VIRTIO_VIRTIO_H

#include "kernel/irq.h"
#include "kernel/lib/list.h"
#include "kernel/ratelimit.h"
#include "kernel/types.h"

/* Device status bits, 2.1. */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER      0x02
#define VIRTIO_STATUS_DRIVER_OK   0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED      0x80

/* Feature bits of every device, section 6. */
#define VIRTIO_F_ANY_LAYOUT      27 /* legacy: headers need no descriptor of their own */
#define VIRTIO_F_EVENT_IDX       29
#define VIRTIO_F_VERSION_1       32
#define VIRTIO_F_ACCESS_PLATFORM 33

#define VIRTIO_ID_NET 1
#define VIRTIO_ID_RNG 4

struct virtio_device;
struct virtqueue;

extern struct log_source virtio_log; /* virtio.c */

struct virtio_transport_ops {
	u8 (*get_status)(struct virtio_device *vdev);
	/* Writing 0 resets and returns only when the device reads back 0 (bounded; -EIO if it never does). */
	int (*set_status)(struct virtio_device *vdev, u8 status);
	u64 (*get_features)(struct virtio_device *vdev);
	void (*set_features)(struct virtio_device *vdev, u64 features);
	/*
	 * Device configuration space; repeats the read until the generation does not change
	 * (4.1.4.3.1).
	 */
	void (*config_read)(struct virtio_device *vdev, unsigned int offset, void *buf,
			    unsigned int len);
	/* Largest size of queue @index, 0 where there is none. */
	u16 (*queue_max_size)(struct virtio_device *vdev, unsigned int index);
	/*
	 * Tells the device where @vq lies (physical addresses of vq->desc, avail, used), routes its
	 * interrupt to vq->irq and enables it.  0 or -errno (device refused the vector or the size).
	 */
	int (*enable_queue)(struct virtio_device *vdev, struct virtqueue *vq);
	/* Doorbell. */
	void (*notify)(struct virtio_device *vdev, struct virtqueue *vq);
	/* Routes configuration changes to @irq. */
	int (*set_config_irq)(struct virtio_device *vdev, unsigned int irq);
};

struct virtio_device {
	const struct virtio_transport_ops *ops;
	void *transport; /* the transport's own */
	u32 device_id;   /* VIRTIO_ID_* */
	/*
	 * The interface from before virtio 1.0 (1.3.1): 32 feature bits without VERSION_1, no
	 * FEATURES_OK, each queue in one piece whose used ring begins at a page.
	 */
	bool legacy;
	bool fixed_queue_size; /* legacy PCI: a queue has queue_max_size(), no less */
	u64 features;          /* negotiated */
	const char *bus_name;  /* "0000:00:03.0", for the log */
	unsigned int index;    /* virtio0, virtio1 ...: given out by virtio_probe() */
	const struct virtio_driver *driver;
	void *priv;           /* the driver's own */
	char config_name[20]; /* "virtio0-config": of its interrupt */
	u64 config_failures;  /* reads of the configuration without a result */
	struct ratelimit config_lines;
};

struct virtio_driver {
	const char *name;
	u32 device_id;
	u64 features; /* bits that it can use; VERSION_1 is asked for by virtio_probe() itself */
	/* May clear negotiated features that depend on missing ones.  NULL: none do. */
	u64 (*trim_features)(u64 features);
	/*
	 * Sets up queues and registers the device; calls virtio_device_ready(), which sets
	 * DRIVER_OK.
	 */
	int (*probe)(struct virtio_device *vdev);
	/* Hard interrupt, from virtio_device_ready() on.  NULL: not needed. */
	void (*config_changed)(struct virtio_device *vdev);
	struct list_head list;
};

void virtio_init(void);     /* /proc/virtio; before the drivers register */
void virtio_rng_init(void); /* the driver of the entropy device; after virtio_init() */
void virtio_register_driver(struct virtio_driver *driver);

/*
 * A transport found a device: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK, the driver's probe
 * (3.1.1).  On any failure the device is left FAILED and the reason is logged.
 * -ENODEV: no driver for its id.
 */
int virtio_probe(struct virtio_device *vdev);
/* Routes configuration changes to the driver, then DRIVER_OK: the device may use its queues. */
void virtio_device_ready(struct virtio_device *vdev);
/* Called by a transport's config_read: counts the failure, and logs it within a rate limit. */
void virtio_config_failed(struct virtio_device *vdev, unsigned int offset, const char *why);
static inline bool virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return vdev->features & (1ULL << bit);
}

#endif

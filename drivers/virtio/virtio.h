/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport: the operations that a virtio driver needs from its device's bus.
 *
 * The second seam of docs/ARCHITECTURE.md: below this interface the machine and the hosted build
 * have different code.
 *
 * Below the seam: PCI and MMIO on the machine (virtio_pci.c, virtio_mmio.c), a device model in the
 * hosted build (tests/host/virtio_model.c).  Above the seam: virtqueue.c and virtio_net.c, the same
 * code in both builds.  Virtio 1.1, sections 2 (facilities) and 4 (transports).
 *
 * Every operation is called in process context at probe time, except: notify (any context);
 * config_read and get_status also in softirq (when the link changed); set_status with 0 also in
 * softirq (when a device that reported something impossible is shut down).
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
#define VIRTIO_STATUS_GONE        0xff /* no status: the device was pulled out of its slot */

/* Feature bits of every device type (section 6). */
#define VIRTIO_F_ANY_LAYOUT      27 /* legacy: a header may share a descriptor with data */
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
	/*
	 * Writes the status. A @status of 0 resets the device: the operation returns 0 when the
	 * status reads 0, or -EIO if that takes too long.
	 */
	int (*set_status)(struct virtio_device *vdev, u8 status);
	u64 (*get_features)(struct virtio_device *vdev);
	void (*set_features)(struct virtio_device *vdev, u64 features);
	/*
	 * Copies @len bytes at @offset of the device's configuration. Reads them again if the
	 * configuration changed during the read (4.1.4.3.1).
	 */
	void (*config_read)(struct virtio_device *vdev, unsigned int offset, void *buf,
			    unsigned int len);
	/*
	 * Returns the largest size of queue @index in descriptors, or 0 if the device has no such
	 * queue.
	 */
	u16 (*queue_max_size)(struct virtio_device *vdev, unsigned int index);
	/*
	 * Gives the device the physical addresses of vq->desc, avail and used, routes its interrupt
	 * to vq->irq and enables the queue.  Returns 0, or -errno if the device refused the vector
	 * or the size.
	 */
	int (*enable_queue)(struct virtio_device *vdev, struct virtqueue *vq);
	/* Rings the doorbell: notifies the device of new buffers in @vq. */
	void (*notify)(struct virtio_device *vdev, struct virtqueue *vq);
	/* Routes the interrupt of configuration changes to @irq. */
	int (*set_config_irq)(struct virtio_device *vdev, unsigned int irq);
};

struct virtio_device {
	const struct virtio_transport_ops *ops;
	void *transport; /* used by the transport alone */
	u32 device_id;   /* VIRTIO_ID_* */
	/*
	 * The device has the interface from before virtio 1.0 (see virtio 1.1, 1.3.1): 32 feature
	 * bits without VERSION_1, no FEATURES_OK, and the used ring of a queue begins at the next
	 * page behind its other two arrays.
	 */
	bool legacy;
	/* legacy PCI: a queue must have exactly queue_max_size() descriptors */
	bool fixed_queue_size;
	u64 features;         /* the negotiated feature bits */
	const char *bus_name; /* "0000:00:03.0", for the log */
	unsigned int index;   /* 0 for virtio0 and so on; assigned by virtio_probe() */
	const struct virtio_driver *driver;
	void *priv; /* used by the driver alone */
	/* name of the interrupt for configuration changes, for example "virtio0-config" */
	char config_name[20];
	int config_irq; /* -1: none */
	/* virtio_remove() has failed because the device did not reset: its memory is never freed */
	bool stuck;
	u64 config_failures; /* reads of the configuration that failed */
	struct ratelimit config_lines;
};

struct virtio_driver {
	const char *name;
	u32 device_id;
	u64 features; /* bits that the driver can use; virtio_probe() adds those of every driver */
	/*
	 * Returns @features without those features that depend on a missing feature. NULL: no
	 * feature depends on another.
	 */
	u64 (*trim_features)(u64 features);
	/*
	 * Sets up the queues, registers the device, and calls virtio_device_ready(), which sets
	 * DRIVER_OK.
	 */
	int (*probe)(struct virtio_device *vdev);
	/*
	 * Stops the device, resets it and frees what probe() allocated. Returns 0, or -EIO if the
	 * device does not reset: then its queues and @vdev must not be freed. Process context.
	 */
	int (*remove)(struct virtio_device *vdev);
	/*
	 * Called in hard interrupt, from virtio_device_ready() on.  NULL: the driver ignores
	 * configuration changes.
	 */
	void (*config_changed)(struct virtio_device *vdev);
	struct list_head list;
};

void virtio_init(void);     /* adds /proc/virtio; call before the drivers register */
void virtio_rng_init(void); /* registers the entropy device's driver; call after virtio_init() */
void virtio_register_driver(struct virtio_driver *driver);

/*
 * Called by a transport for a device that it found: reset, ACKNOWLEDGE, DRIVER, features,
 * FEATURES_OK, the driver's probe (3.1.1).  Returns 0, -ENODEV if no driver serves the device's
 * type, or -errno: the device is then left with the status FAILED and the reason is logged.
 */
int virtio_probe(struct virtio_device *vdev);
/*
 * Called by a transport whose device is being removed, or was removed already, so that its
 * registers read as ones. Returns 0 if nothing refers to @vdev any more, or -EIO if the device does
 * not reset: then @vdev must not be freed, and a further call does nothing. Process context.
 */
int virtio_remove(struct virtio_device *vdev);
/*
 * Resets a device that is being removed. Returns false if the device may still access memory: then
 * its queues and buffers must never be freed. Any context in which set_status() may be called.
 */
bool virtio_silence(struct virtio_device *vdev);
/*
 * Routes configuration changes to the driver and sets DRIVER_OK: from now on the device may use its
 * queues.
 */
void virtio_device_ready(struct virtio_device *vdev);
/* Called by a transport's config_read: counts the failure, and logs it within a rate limit. */
void virtio_config_failed(struct virtio_device *vdev, unsigned int offset, const char *why);
static inline bool virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return vdev->features & (1ULL << bit);
}

#endif

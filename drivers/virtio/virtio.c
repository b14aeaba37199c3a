/* SPDX-License-Identifier: MIT */
/*
 * The virtio core: when a transport has found a device, connects the device with its driver.
 *
 * Called: virtio_init() and the drivers' virtio_register_driver() from init/main.c; then
 * virtio_probe() from a transport (virtio_pci.c, virtio_mmio.c, the hosted model) for each device
 * it finds; then virtio_device_ready() from the driver's probe; virtio_remove() from a transport
 * whose device is being removed. Context: process, one thread at a time: no lock;
 * virtio_config_failed() also in softirq, virtio_config_interrupt() in hard interrupt. Virtio 1.1,
 * 3.1.1 (initialisation) and 2.2 (features); compare Linux's drivers/virtio/virtio.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"

#define VIRTIO_LEGACY_FEATURES 0xffffffffULL

DEFINE_LOG_SOURCE(virtio_log, "virtio");
static LIST_HEAD(virtio_drivers);
/*
 * number of devices that virtio_probe() has numbered so far, which is also the index of the next
 * one
 */
static unsigned int virtio_devices;

static const struct proc_entry virtio_proc[] = {
	{.path = "virtio", .show = virtqueue_proc_show},
};

void virtio_init(void)
{
	log_register(&virtio_log);
	proc_register(virtio_proc, ARRAY_SIZE(virtio_proc));
}

void virtio_register_driver(struct virtio_driver *driver)
{
	list_add_tail(&driver->list, &virtio_drivers);
}

static struct virtio_driver *virtio_find_driver(u32 device_id)
{
	struct virtio_driver *driver;

	list_for_each_entry(driver, &virtio_drivers, list) {
		if (driver->device_id == device_id)
			return driver;
	}
	return NULL;
}

/* Sets @bit in the status.  Bits are only cleared by a reset (2.1.1). */
static int virtio_add_status(struct virtio_device *vdev, u8 bit)
{
	return vdev->ops->set_status(vdev, vdev->ops->get_status(vdev) | bit);
}

/*
 * Negotiates features: accepts each offered feature that the driver knows.  Besides, every driver
 * accepts VERSION_1 and ACCESS_PLATFORM of a modern device, and ANY_LAYOUT of a legacy device.
 * ACCESS_PLATFORM says that an IOMMU may translate the addresses that the device uses.  The kernel
 * never sets up an IOMMU, so no address is translated, and the kernel gives the device physical
 * addresses.
 */
static int virtio_negotiate(struct virtio_device *vdev, const struct virtio_driver *driver)
{
	u64 offered = vdev->ops->get_features(vdev);
	u64 known = driver->features;
	int err;

	if (vdev->legacy) {
		offered &= VIRTIO_LEGACY_FEATURES;
		known |= 1ULL << VIRTIO_F_ANY_LAYOUT;
	} else if (offered & 1ULL << VIRTIO_F_VERSION_1) {
		known |= 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ACCESS_PLATFORM;
	} else {
		pr_err("virtio %s: no VIRTIO_F_VERSION_1 on a modern interface", vdev->bus_name);
		return -ENODEV;
	}
	vdev->features = offered & known;
	if (driver->trim_features)
		vdev->features = driver->trim_features(vdev->features);
	pr_debug("%s: features %#llx of the offered %#llx", vdev->bus_name,
		 (unsigned long long)vdev->features, (unsigned long long)offered);
	vdev->ops->set_features(vdev, vdev->features);
	if (vdev->legacy) /* 3.1.2: a legacy device cannot refuse features */
		return 0;
	err = virtio_add_status(vdev, VIRTIO_STATUS_FEATURES_OK);
	if (err)
		return err;
	/* A device that refuses the features clears the bit. */
	if (!(vdev->ops->get_status(vdev) & VIRTIO_STATUS_FEATURES_OK)) {
		pr_err("virtio %s: the device refuses features %#llx (it offers %#llx)",
		       vdev->bus_name, (unsigned long long)vdev->features,
		       (unsigned long long)offered);
		return -ENODEV;
	}
	return 0;
}

int virtio_probe(struct virtio_device *vdev)
{
	struct virtio_driver *driver = virtio_find_driver(vdev->device_id);
	int err;

	if (!driver) {
		pr_info("virtio %s: no driver for device type %u", vdev->bus_name, vdev->device_id);
		return -ENODEV;
	}
	vdev->index = virtio_devices++;
	vdev->driver = driver;
	vdev->config_irq = -1;
	err = vdev->ops->set_status(vdev, 0);
	if (err)
		goto out_failed;
	err = virtio_add_status(vdev, VIRTIO_STATUS_ACKNOWLEDGE);
	if (err)
		goto out_failed;
	err = virtio_add_status(vdev, VIRTIO_STATUS_DRIVER);
	if (err)
		goto out_failed;
	err = virtio_negotiate(vdev, driver);
	if (err)
		goto out_failed;
	err = driver->probe(vdev);
	if (err)
		goto out_failed;
	return 0;

out_failed:
	pr_err("virtio %s: %s: probe failed (%d)", vdev->bus_name, driver->name, err);
	vdev->driver = NULL;
	virtio_add_status(vdev, VIRTIO_STATUS_FAILED);
	return err;
}

void virtio_config_failed(struct virtio_device *vdev, unsigned int offset, const char *why)
{
	vdev->config_failures++;
	/*
	 * Rate limit: the device decides how often its configuration is read and whether a read
	 * fails.
	 */
	if (ratelimit_allows(&vdev->config_lines, vdev->bus_name))
		pr_warn("virtio %s: configuration at %u not read: %s", vdev->bus_name, offset, why);
}

static void virtio_config_interrupt(void *arg)
{
	struct virtio_device *vdev = arg;

	vdev->driver->config_changed(vdev);
}

/*
 * If the interrupt for configuration changes cannot be routed, the driver works but misses
 * configuration changes: so warn, and do not fail.
 */
static void virtio_route_config(struct virtio_device *vdev)
{
	int irq, err;

	scnprintf(vdev->config_name, sizeof(vdev->config_name), "virtio%u-config", vdev->index);
	irq = request_irq(vdev->config_name, virtio_config_interrupt, vdev);
	err = irq < 0 ? irq : vdev->ops->set_config_irq(vdev, irq);
	if (!err) {
		vdev->config_irq = irq;
		return;
	}
	pr_warn("virtio %s: no interrupt for changes of configuration (%d)", vdev->bus_name, err);
	if (irq >= 0)
		free_irq(irq);
}

void virtio_device_ready(struct virtio_device *vdev)
{
	if (vdev->driver->config_changed)
		virtio_route_config(vdev);
	virtio_add_status(vdev, VIRTIO_STATUS_DRIVER_OK);
}

bool virtio_silence(struct virtio_device *vdev)
{
	if (!vdev->ops->set_status(vdev, 0))
		return true;
	/* A device that was pulled out does not answer: each register reads as ones. */
	return vdev->ops->get_status(vdev) == VIRTIO_STATUS_GONE;
}

int virtio_remove(struct virtio_device *vdev)
{
	int err;

	if (!vdev->driver)
		return 0;
	if (vdev->stuck)
		return -EIO;
	if (vdev->config_irq >= 0)
		free_irq(vdev->config_irq);
	vdev->config_irq = -1;
	err = vdev->driver->remove(vdev);
	vdev->stuck = err;
	return err;
}

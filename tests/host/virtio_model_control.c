/* SPDX-License-Identifier: MIT */
/*
 * The device model's registers: status, features, configuration and queues, and the functions with
 * which tests change them.  Section numbers are those of virtio 1.1.
 *
 * Callers: hal_probe_devices() calls virtio_model_probe(); virtio.c, virtqueue.c and virtio_net.c call
 * the transport operations; tests call the rest.  One host thread, no lock.
 */
#include "tests/host/virtio_model.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/host/virtio_memory.h"
#include "tests/host/virtio_model_state.h"

#define MODEL_MAC  0x525400123456ULL
#define MODEL_RING 256

/* ---- the transport operations ------------------------------------------------------------------ */

static u8 model_get_status(struct virtio_device *vdev)
{
	return model.pulled ? 0xff : model.status;
}

static void model_ctrl_late(void)
{
	host_raise_irq(model.ctrl_late_irq);
}

static int model_set_status(struct virtio_device *vdev, u8 status)
{
	if (model.pulled || (!status && model.stuck && model.status & VIRTIO_STATUS_DRIVER_OK))
		return -EIO;
	if (!status) {
		if (model.ctrl_late && model.q[MODEL_CTRL].enabled) {
			set_used_idx(&model.q[MODEL_CTRL], model.q[MODEL_CTRL].done + 1);
			model.ctrl_late_irq = model.q[MODEL_CTRL].irq;
			host.late = model_ctrl_late;
			host.late_points = model.ctrl_late;
		}
		memset(model.q, 0, sizeof(model.q));
		/* As in QEMU's device, promiscuous mode is on until the driver turns it off. */
		model.filter = (struct model_filter){.promisc = true};
		model.features = 0;
		model.config_routed = false;
		model.status = 0;
		model.forgot = false;
		model.resets++;
		return 0;
	}
	/* 2.1.1: the driver must not clear a status bit, except by a reset. */
	if (model.status & ~status)
		panic("virtio_model: status %#x after %#x", status, model.status);
	if (status & VIRTIO_STATUS_FEATURES_OK && model.legacy)
		panic("virtio_model: FEATURES_OK, which a legacy device does not know");
	if (status & VIRTIO_STATUS_FEATURES_OK && !(model.status & VIRTIO_STATUS_FEATURES_OK) &&
	    (model.features & ~model.offered || !HAS(F_VERSION_1) || model.refuse))
		status &= ~VIRTIO_STATUS_FEATURES_OK;
	model.status = status;
	return 0;
}

static u64 model_get_features(struct virtio_device *vdev)
{
	return model.offered;
}

static void model_set_features(struct virtio_device *vdev, u64 features)
{
	if (model.status & VIRTIO_STATUS_FEATURES_OK)
		panic("virtio_model: features changed after FEATURES_OK");
	if (model.legacy && features & ~model.offered)
		panic("virtio_model: features %#llx, offered %#llx", (unsigned long long)features,
		      (unsigned long long)model.offered);
	model.features = features;
}

static void model_config_read(struct virtio_device *vdev, unsigned int offset, void *buf,
			      unsigned int len)
{
	if (offset + len > sizeof(model.config))
		panic("virtio_model: configuration read at %u + %u", offset, len);
	if (model.pulled)
		memset(buf, 0xff, len);
	else
		memcpy(buf, model.config + offset, len);
}

/* Returns the number of queues: the last is the control queue, which is optional (5.1.2). */
static unsigned int model_queues(u64 features)
{
	return features >> F_CTRL_VQ & 1 ? MODEL_QUEUES : MODEL_CTRL;
}

static u16 model_queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	return index < model_queues(model.offered) ? model.ring : 0;
}

static int model_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	struct model_queue *q = &model.q[vq->index];

	if (model.status & VIRTIO_STATUS_DRIVER_OK ||
	    !(model.status & (model.legacy ? VIRTIO_STATUS_DRIVER : VIRTIO_STATUS_FEATURES_OK)))
		panic("virtio_model: queue %u enabled in status %#x", vq->index, model.status);
	if (vq->index >= model_queues(model.features))
		panic("virtio_model: queue %u without CTRL_VQ", vq->index);
	if (q->enabled || !IS_POWER_OF_2(vq->num) || vq->num > model.ring)
		return -EINVAL;
	if (model.fixed_size && vq->num != model.ring)
		panic("virtio_model: queue size %u instead of the fixed %u", vq->num, model.ring);
	/* 2.6: alignment of the descriptor table, the available ring and the used ring. */
	if ((u64)vq->desc % 16 || (u64)vq->avail % 2 || (u64)vq->used % 4)
		panic("virtio_model: rings at %p, %p, %p", (void *)vq->desc, (void *)vq->avail,
		      (void *)vq->used);
	*q = (struct model_queue){
		.enabled = true,
		.num = vq->num,
		.irq = vq->irq,
		.desc = hal_phys_to_virt(hal_virt_to_phys(vq->desc)),
		.avail = hal_phys_to_virt(hal_virt_to_phys(vq->avail)),
		.used = hal_phys_to_virt(hal_virt_to_phys(vq->used)),
	};
	if (model.legacy) {
		if (hal_virt_to_phys(vq->desc) % 4096)
			panic("virtio_model: a legacy queue at %p", (void *)vq->desc);
		legacy_layout(q, q->desc);
	}
	if (model.ctrl_early && vq->index == MODEL_CTRL) {
		set_used_idx(q, 1);
		host_raise_irq(q->irq);
		hal_irq_restore(hal_irq_save()); /* here the kernel may take the interrupt */
	}
	return 0;
}

static void model_notify(struct virtio_device *vdev, struct virtqueue *vq)
{
	if (model.forgot || model.pulled)
		return;
	if (!(model.status & VIRTIO_STATUS_DRIVER_OK))
		panic("virtio_model: doorbell before DRIVER_OK");
	model.q[vq->index].kicks++;
	model.q[vq->index].told = true;
}

static int model_set_config_irq(struct virtio_device *vdev, unsigned int irq)
{
	model.config_irq = irq;
	model.config_routed = true;
	return 0;
}

static const struct virtio_transport_ops model_ops = {
	.get_status = model_get_status,
	.set_status = model_set_status,
	.get_features = model_get_features,
	.set_features = model_set_features,
	.config_read = model_config_read,
	.queue_max_size = model_queue_max_size,
	.enable_queue = model_enable_queue,
	.notify = model_notify,
	.set_config_irq = model_set_config_irq,
};

/* ---- the interface for tests ------------------------------------------------------------------- */

void virtio_model_probe(void)
{
	u64 mac = host_option("mac", MODEL_MAC);
	u16 mtu = host_option("mtu", 0);

	if (!host_option("device", 1))
		return;
	model.offered = host_option("features", MODEL_FEATURES_DEFAULT) & MODEL_FEATURES_ALL;
	model.legacy = host_option("legacy", 0);
	model.fixed_size = host_option("legacy", 0) == 2;
	if (model.legacy)
		model.offered &= 0xffffffff;
	else
		model.offered = (model.offered | 1ULL << F_VERSION_1) & ~(1ULL << F_ANY_LAYOUT);
	if (!mtu)
		model.offered &= ~(1ULL << F_MTU);
	model.ring = min_t(u64, host_option("queue_size", MODEL_RING), MODEL_RING_MAX);
	model.data_valid = host_option("data_valid", 0);
	model.shuffle = host_option("shuffle", 0);
	model.refuse = host_option("refuse", 0);
	model.stuck = host_option("stuck", 0);
	model.ctrl_refuse = host_option("ctrl_refuse", 0);
	model.ctrl_early = host_option("ctrl_early", 0);
	model.ctrl_late = host_option("ctrl_late", 0);
	model.link_up = true;
	for (unsigned int i = 0; i < 6; i++)
		model.config[i] = mac >> (40 - 8 * i);
	store16(model.config + 6, 1);
	store16(model.config + 8, 1);
	store16(model.config + 10, mtu);
	model.vdev.ops = &model_ops;
	model.vdev.bus_name = "model";
	model.vdev.device_id = VIRTIO_ID_NET;
	model.vdev.legacy = model.legacy;
	model.vdev.fixed_queue_size = model.fixed_size;
	virtio_probe(&model.vdev);
}

static void model_config_changed(void)
{
	if (model.config_routed)
		host_raise_irq(model.config_irq);
}

void virtio_model_set_link(bool up)
{
	model.link_up = up;
	store16(model.config + 6, (load16(model.config + 6) & ~1u) | up);
	model_config_changed();
}

void virtio_model_pull(void)
{
	model.pulled = true;
	memset(model.q, 0, sizeof(model.q));
}

int virtio_model_remove(void)
{
	int err = virtio_remove(&model.vdev);

	host.late_points = 0; /* the rings do not exist any more */
	/*
	 * The driver has freed its rings.  It must have reset the device before: a device that was
	 * reset does not access them.
	 */
	if (!err && !model.pulled && model.status)
		panic("virtio_model: removed, but not reset");
	return err;
}

void virtio_model_announce(void)
{
	store16(model.config + 6, load16(model.config + 6) | 2);
	model_config_changed();
}

void virtio_model_lie(uint32_t lie, uint32_t queue)
{
	switch (lie) {
	case MODEL_LIE_INTERRUPT:
		for (unsigned int i = 0; i < MODEL_QUEUES; i++) {
			if (model.q[i].enabled)
				model_interrupt(&model.q[i]);
		}
		break;
	case MODEL_LIE_NEEDS_RESET:
		model.status |= VIRTIO_STATUS_NEEDS_RESET;
		model_config_changed();
		break;
	case MODEL_LIE_FORGETS:
		memset(model.q, 0, sizeof(model.q));
		model.status = 0;
		model.forgot = true;
		model_config_changed();
		break;
	default:
		model.q[queue % model_queues(model.features)].lie = lie;
	}
}

void virtio_model_forge(uint32_t field, uint32_t queue, uint32_t at, uint32_t value)
{
	struct model_queue *q = &model.q[queue % model_queues(model.features)];
	u8 *entry;

	if (!q->enabled)
		return;
	entry = q->used + 4 + 8 * (at % q->num);
	switch (field) {
	case MODEL_FIELD_USED_IDX:
		set_used_idx(q, value);
		break;
	case MODEL_FIELD_USED_ID:
		store32(entry, value);
		break;
	case MODEL_FIELD_USED_LEN:
		store32(entry + 4, value);
		break;
	case MODEL_FIELD_USED_FLAGS:
		set_used_flags(q, value);
		break;
	case MODEL_FIELD_AVAIL_EVENT:
		set_avail_event(q, value);
		break;
	case MODEL_FIELD_CONFIG:
		model.config[at % sizeof(model.config)] = value;
		break;
	case MODEL_FIELD_STATUS:
		model.status = value;
		break;
	default:
		if (at & 1)
			model_config_changed();
		else
			model_interrupt(q);
	}
}

uint64_t virtio_model_stat(const char *name)
{
	const struct {
		const char *name;
		u64 value;
	} stats[] = {
		{"kicks_rx", model.q[MODEL_RX].kicks},
		{"kicks_tx", model.q[MODEL_TX].kicks},
		{"irqs_rx", model.q[MODEL_RX].irqs},
		{"irqs_tx", model.q[MODEL_TX].irqs},
		{"commands", model.commands},
		{"rx_filtered", model.rx_filtered},
		{"promisc", model.filter.promisc},
		{"allmulti", model.filter.allmulti},
		{"groups", model.filter.nr_groups},
		{"announce", load16(model.config + 6) >> 1 & 1},
		{"rx_frames", model.rx_frames},
		{"rx_no_buffer", model.rx_no_buffer},
		{"rx_too_long", model.rx_too_long},
		{"tx_frames", model.tx_frames},
		{"tx_gso", model.tx_gso},
		{"tx_csum", model.tx_csum},
		{"resets", model.resets},
		{"status", model.status},
		{"features", model.features},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(stats); i++) {
		if (!strcmp(stats[i].name, name))
			return stats[i].value;
	}
	return ~0ULL;
}

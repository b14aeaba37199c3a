/* SPDX-License-Identifier: MIT */
/*
 * The state of the device model, which virtio_model.c (packets) and virtio_model_control.c (transport
 * operations) share.  Only these two files include it.
 */
#ifndef TESTS_HOST_VIRTIO_MODEL_STATE_H
#define TESTS_HOST_VIRTIO_MODEL_STATE_H

#include "drivers/virtio/virtio.h"
#include "tests/host/virtio_model_ring.h"

#define MODEL_QUEUES 2
#define MODEL_RX     0
#define MODEL_TX     1
#define HAS(bit)     (model.features >> (bit)&1)
#define F_MTU        3
#define F_MRG_RXBUF  15
#define F_ANY_LAYOUT 27
#define F_EVENT_IDX  29
#define F_VERSION_1  32

struct device_model {
	struct virtio_device vdev;
	u8 status;
	bool link_up;
	bool data_valid, shuffle, refuse;
	bool legacy, fixed_size;
	bool forgot; /* MODEL_LIE_FORGETS: ignore doorbells until the driver resets the device */
	u64 offered, features;
	u16 ring;
	unsigned int config_irq;
	bool config_routed;
	u8 config[12] __aligned(8); /* 5.1.4: mac, status, max_virtqueue_pairs, mtu */
	struct model_queue q[MODEL_QUEUES];
	u64 rx_frames, rx_no_buffer, rx_too_long, tx_frames, tx_gso, tx_csum, resets;
};
extern struct device_model model;

/* Raises the interrupt of @q, whether or not the driver wants one. */
void model_interrupt(struct model_queue *q);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The state of the device model, which virtio_model.c (packets), virtio_model_commands.c (commands
 * of the control queue) and virtio_model_control.c (transport operations) share.  Only these files include it.
 */
#ifndef TESTS_HOST_VIRTIO_MODEL_STATE_H
#define TESTS_HOST_VIRTIO_MODEL_STATE_H

#include "drivers/virtio/virtio.h"
#include "tests/host/virtio_model_ring.h"

#define MODEL_QUEUES 3
#define MODEL_RX     0
#define MODEL_TX     1
#define MODEL_CTRL   2
#define MODEL_GROUPS 64 /* addresses in the table of groups, as in QEMU's device */
#define MODEL_CHAIN  64 /* most descriptors of one buffer */
#define HAS(bit)     (model.features >> (bit)&1)
#define F_MTU        3
#define F_MRG_RXBUF  15
#define F_CTRL_VQ    17
#define F_CTRL_RX    18
#define F_ANNOUNCE   21
#define F_ANY_LAYOUT 27
#define F_EVENT_IDX  29
#define F_VERSION_1  32

/* A buffer of a ring: a chain of descriptors. */
struct model_chain {
	u16 head;
	unsigned int n;
	u32 readable, writable; /* bytes */
	struct {
		u8 *at;
		u32 len;
	} piece[MODEL_CHAIN];
};

/* Which frames the device passes to the driver (5.1.6.5.1, 5.1.6.5.2). */
struct model_filter {
	bool promisc, allmulti;
	unsigned int nr_groups;
	u8 groups[MODEL_GROUPS][6];
};

struct device_model {
	struct virtio_device vdev;
	u8 status;
	bool link_up;
	bool data_valid, shuffle, refuse;
	bool legacy, fixed_size;
	bool pulled; /* the device was removed from its slot */
	bool stuck;  /* option: the device does not reset after DRIVER_OK */
	bool forgot; /* MODEL_LIE_FORGETS: ignore doorbells until the driver resets the device */
	u64 offered, features;
	u16 ring;
	unsigned int config_irq;
	bool config_routed;
	u8 config[12] __aligned(8); /* 5.1.4: mac, status, max_virtqueue_pairs, mtu */
	struct model_queue q[MODEL_QUEUES];
	struct model_filter filter;
	u64 ctrl_refuse; /* option of that name */
	bool ctrl_early;
	u64 ctrl_late;
	unsigned int ctrl_late_irq;
	u64 commands, rx_filtered;
	u64 rx_frames, rx_no_buffer, rx_too_long, tx_frames, tx_gso, tx_csum, resets;
};
extern struct device_model model;

/* Raises the interrupt of @q, whether or not the driver wants one. */
void model_interrupt(struct model_queue *q);

/* ---- buffers of a ring (virtio_model.c) -------------------------------------------------------- */
/*
 * Returns true if the model may take a buffer: the ring has one, and the driver rang the doorbell after
 * the model last found the ring empty.
 */
bool model_ready(struct model_queue *q);
/*
 * Reads the descriptors of one buffer: with @ahead 0 the next buffer of the ring, with 1 the buffer
 * after that, and so on.  Panics if they violate the specification (2.6.5).
 */
void model_read_chain(struct model_queue *q, u16 ahead, struct model_chain *chain);
/* Takes the next @n buffers from the ring; @chains describes them. */
void model_take(struct model_queue *q, const struct model_chain *chains, unsigned int n);
/* Puts buffer @id, with @len bytes written, into the used ring.  The driver sees it after model_publish(). */
void model_used(struct model_queue *q, u32 id, u32 len);
/* Shows the driver the used entries since @old, an earlier q->done, and interrupts it if it asked for that. */
void model_publish(struct model_queue *q, u16 old);

/* ---- commands (virtio_model_commands.c) -------------------------------------------------------- */
/* Executes the commands in the control queue. */
void model_commands(void);
/* Returns true if the device passes a frame with the destination @dest to the driver. */
bool model_passes(const u8 *dest);

#endif

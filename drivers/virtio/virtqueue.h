/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue (virtio 1.1, 2.6): three arrays in memory that driver and device share.
 *
 *   descriptor table           available ring              used ring
 *   the driver writes          the driver writes           the device writes
 *   +----------------------+   +-----------------------+   +---------------------------+
 *   | 0: addr len flags ---+-. | flags                 |   | flags                     |
 *   | 1: addr len flags    | | | idx: next free slot   |   | idx: next free slot       |
 *   | 2: addr len flags <--+-' | ring[num]: heads of   |   | ring[num]: head of the    |
 *   |    ...               |   |   chains to process   |   |   chain, bytes written    |
 *   +----------------------+   | used_event            |   | avail_event               |
 *                              +-----------------------+   +---------------------------+
 *   used_event:  the device interrupts when used idx passes this (driver writes; EVENT_IDX)
 *   avail_event: the driver notifies when avail idx passes this (device writes; EVENT_IDX)
 *
 * A buffer is a chain of descriptors. virtqueue_add() fills a chain, writes the number of its first
 * descriptor, the head, into the available ring, and raises avail idx.  The device processes the
 * chain, writes the head into the used ring, and raises used idx. virtqueue_get_buf() takes the
 * head from the used ring and frees the chain.  Both idx count up without end, modulo 2^16; idx %
 * num is the slot.
 *
 * This code knows nothing of networks and trusts no device: an impossible id, length or index marks
 * the queue as broken (vq->broken, counted); the kernel goes on.
 * The driver's lock or its NAPI instance must allow one caller at a time.  Callbacks run in hard
 * interrupt.
 */
#ifndef DRIVERS_VIRTIO_VIRTQUEUE_H
#define DRIVERS_VIRTIO_VIRTQUEUE_H

#include "drivers/virtio/virtio.h"
#include "kernel/lib/list.h"
#include "kernel/types.h"

/* Descriptor: one contiguous piece of a buffer (2.6.5). */
struct vring_desc {
	__le64 addr;  /* physical address */
	__le32 len;   /* bytes */
	__le16 flags; /* VRING_DESC_F_* */
	__le16 next;  /* with F_NEXT: index of the chain's next descriptor */
};
#define VRING_DESC_F_NEXT  1 /* the chain continues at @next */
#define VRING_DESC_F_WRITE 2 /* the device writes this piece; without the flag it reads the piece */

/* The available ring: chains that the driver gives to the device (2.6.6). */
struct vring_avail {
	__le16 flags;  /* VRING_AVAIL_F_NO_INTERRUPT or 0; with EVENT_IDX always 0 */
	__le16 idx;    /* ring[idx % num] is the next slot that the driver fills */
	__le16 ring[]; /* num heads, then used_event */
};
#define VRING_AVAIL_F_NO_INTERRUPT 1 /* a hint: the driver wants no interrupt for used buffers */

/* An entry of the used ring: a chain that the device has finished with. */
struct vring_used_elem {
	__le32 id;  /* number of the chain's first descriptor, its head */
	__le32 len; /* bytes that the device wrote into the chain */
};
/* The used ring: chains that the device gives back (2.6.8). */
struct vring_used {
	__le16 flags;                  /* VRING_USED_F_NO_NOTIFY or 0; not used with EVENT_IDX */
	__le16 idx;                    /* ring[idx % num] is the next slot that the device fills */
	struct vring_used_elem ring[]; /* num entries, then avail_event */
};
#define VRING_USED_F_NO_NOTIFY 1 /* a hint: the device wants no notification of new buffers */

#define VRING_LEGACY_ALIGN 4096u /* alignment of a legacy queue's used ring, bytes */

/* One piece of a buffer: a physically contiguous range of the direct map. */
struct vq_sg {
	void *addr;
	u32 len;
};

/*
 * The driver's record of one descriptor, in memory that the device cannot access, because the
 * device can overwrite the descriptor table. @next is valid for each descriptor; the other fields
 * are valid only for the head of a chain.
 */
struct vq_desc_state {
	/* the driver's pointer for this buffer; NULL: the device does not have the buffer */
	void *token;
	u16 nr_desc; /* descriptors in the chain */
	u16 next;    /* next descriptor in the chain, or in the free list */
	u32 in_len;  /* bytes that the device may write; if it reports more, the queue is broken */
};

struct virtqueue {
	struct virtio_device *vdev;
	/* "virtio0-input.0"; shown in the log, /proc/virtio, /proc/interrupts */
	const char *name;
	unsigned int index; /* number of the queue on its device */
	unsigned int irq;   /* from request_irq() */
	/* the driver's function; called in hard interrupt */
	void (*callback)(struct virtqueue *vq);
	void *priv;        /* used by the driver alone */
	void *notify_addr; /* the doorbell's address; set by the transport */

	u16 num; /* descriptors in the queue, a power of two <= VIRTQ_SIZE_MAX */
	/* EVENT_IDX was negotiated: used_event and avail_event are in use */
	bool event_idx;
	bool broken;             /* the device reported something impossible: every call fails */
	struct vring_desc *desc; /* the three arrays drawn above */
	struct vring_avail *avail;
	struct vring_used *used;

	u16 num_free;  /* descriptors in the free list */
	u16 free_head; /* index of the first descriptor in the free list */
	u16 avail_idx; /* our copy of avail->idx, which the device can overwrite */
	u16 num_added; /* buffers added since the last virtqueue_kick() */
	/* the driver has taken the used ring entries below this index */
	u16 last_used_idx;
	struct vq_desc_state *state; /* num entries */

	u16 used_at_interrupt; /* used->idx at the last interrupt */
	/* counts: doorbell writes, interrupts, impossible used entries */
	u64 kicks, interrupts, bad_used;
	/* interrupts without a newly used buffer, and all interrupts of a broken queue */
	u64 interrupts_in_vain;
	struct list_head vqs; /* links all queues, for /proc/virtio */
};

/*
 * Allocates the rings of queue @index, with at most @max_size descriptors (if the device dictates
 * the size, with that size). Allocates an interrupt number. Then gives the queue to the device.
 * Returns the queue or ERR_PTR(-errno).
 */
struct virtqueue *virtqueue_create(struct virtio_device *vdev, unsigned int index, u16 max_size,
				   const char *name, void (*callback)(struct virtqueue *vq));
/* Frees the queue.  The device must have been reset, so that it no longer writes to the rings. */
void virtqueue_destroy(struct virtqueue *vq);

/*
 * Gives the device a buffer of @out pieces that it reads and then @in pieces that it writes.
 * virtqueue_get_buf() returns @token (not NULL) later.  Returns -ENOSPC if the ring is full, -EIO
 * if the queue is broken.  The device may see the buffer at once; the caller notifies it with
 * virtqueue_kick().
 */
int virtqueue_add(struct virtqueue *vq, const struct vq_sg *sg, unsigned int out, unsigned int in,
		  void *token);
/*
 * Notifies the device of new buffers, if the device has requested notifications. Call once for a
 * batch of buffers.
 */
void virtqueue_kick(struct virtqueue *vq);
/*
 * Returns the token of the next buffer that the device has used, or NULL.  *@len is the number of
 * bytes that it wrote, at most the buffer's length.
 */
void *virtqueue_get_buf(struct virtqueue *vq, u32 *len);
/*
 * Returns the token of a buffer that the device never finished, or NULL.  The device must have been
 * reset.
 */
void *virtqueue_detach_unused_buf(struct virtqueue *vq);

/* Returns the number of descriptors that the device has. */
static inline u16 virtqueue_outstanding(const struct virtqueue *vq)
{
	return vq->num - vq->num_free;
}

/*
 * Returns true if the device has used every buffer, even if the driver has not taken them back yet.
 * Any context.
 */
static inline bool virtqueue_all_used(const struct virtqueue *vq)
{
	return READ_ONCE(vq->used->idx) == READ_ONCE(vq->avail_idx);
}

/* Marks the queue as unusable and logs @why at the first call.  Later calls for the queue fail. */
void virtqueue_break(struct virtqueue *vq, const char *why);
/*
 * The driver has reset the device and will destroy the queue: from here on no interrupt calls the
 * driver, even if a faulty device still raises some.
 */
void virtqueue_silence(struct virtqueue *vq);
/* Prints /proc/virtio: one line for each queue. */
struct seq_file;
int virtqueue_proc_show(struct seq_file *m);

/*
 * Callbacks.  Enabling requests one callback; when it has come, the driver must enable callbacks
 * again to get the next.  Enabling and disabling are both hints to the device: a callback may come
 * while callbacks are disabled.
 */
/* Requests that the device makes no callbacks. */
void virtqueue_disable_cb(struct virtqueue *vq);
/*
 * Requests a callback at the next used buffer.  Returns false if there are used buffers already,
 * for which no callback may come: the caller must poll again, or these buffers are overlooked.
 */
bool virtqueue_enable_cb(struct virtqueue *vq);
/*
 * Like virtqueue_enable_cb(), but requests the callback after three quarters of the outstanding
 * buffers; for a transmit queue.
 */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq);

#endif

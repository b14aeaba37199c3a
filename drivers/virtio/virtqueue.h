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
 *   used_event:  "interrupt me when used idx passes this" (the driver's wish, EVENT_IDX)
 *   avail_event: "ring the doorbell when avail idx passes this" (the device's wish)
 *
 * A buffer is a chain of descriptors.  virtqueue_add() fills a chain, writes the number of its first
 * descriptor, the head, into the available ring, and raises avail idx.  The device processes the
 * chain, writes the head into the used ring, and raises used idx.  virtqueue_get_buf() takes it from
 * there and frees the chain.  Both idx count up without end, modulo 2^16; idx % num is the slot.
 *
 * The rings know no network and trust no device: an impossible id, length or index marks the queue as
 * broken (vq->broken, counted); the kernel goes on.
 * One caller at a time: the driver's lock or its NAPI context.  Callbacks run in hard interrupt.
 */
#ifndef DRIVERS_VIRTIO_VIRTQUEUE_H
#define DRIVERS_VIRTIO_VIRTQUEUE_H

#include "drivers/virtio/virtio.h"
#include "kernel/lib/list.h"
#include "kernel/types.h"

/* One contiguous piece of a buffer (2.6.5). */
struct vring_desc {
	__le64 addr;  /* physical */
	__le32 len;   /* bytes */
	__le16 flags; /* VRING_DESC_F_* */
	__le16 next;  /* the chain's next descriptor, with F_NEXT */
};
#define VRING_DESC_F_NEXT  1 /* the chain goes on at @next */
#define VRING_DESC_F_WRITE 2 /* the device writes this piece; else it reads it */

/* Chains that the driver gives to the device (2.6.6). */
struct vring_avail {
	__le16 flags;  /* without EVENT_IDX: VRING_AVAIL_F_NO_INTERRUPT; with it always 0 */
	__le16 idx;    /* ring[idx % num] is the next slot that the driver fills */
	__le16 ring[]; /* num heads, then used_event */
};
#define VRING_AVAIL_F_NO_INTERRUPT 1 /* a hint: no interrupt for used buffers, please */

/* A chain that the device has finished with. */
struct vring_used_elem {
	__le32 id;  /* its head */
	__le32 len; /* bytes that the device wrote into the chain */
};
/* Chains that the device gives back (2.6.8). */
struct vring_used {
	__le16 flags;                  /* without EVENT_IDX: VRING_USED_F_NO_NOTIFY */
	__le16 idx;                    /* ring[idx % num] is the next slot that the device fills */
	struct vring_used_elem ring[]; /* num entries, then avail_event */
};
#define VRING_USED_F_NO_NOTIFY 1 /* a hint: no doorbell for new buffers, please */

#define VRING_LEGACY_ALIGN 4096u /* the used ring of a legacy queue begins at a multiple of it */

/* One piece of a buffer: a physically contiguous range of the direct map. */
struct vq_sg {
	void *addr;
	u32 len;
};

/*
 * The driver's record of one descriptor, in memory that the device cannot access; the device can
 * overwrite the descriptor table.  @next is valid for each descriptor, the other fields only for the
 * head of a chain.
 */
struct vq_desc_state {
	void *token; /* the driver's pointer for this buffer; NULL: the device does not have it */
	u16 nr_desc; /* descriptors of the chain */
	u16 next;    /* the next descriptor of the chain, or of the free list */
	u32 in_len;  /* bytes that the device may write: more reported breaks the queue */
};

struct virtqueue {
	struct virtio_device *vdev;
	const char *name;   /* "virtio0-input.0": log, /proc/virtio, /proc/interrupts */
	unsigned int index; /* number of the queue on its device */
	unsigned int irq;   /* from request_irq() */
	void (*callback)(struct virtqueue *vq); /* hard interrupt; the driver's */
	void *priv;                             /* the driver's */
	void *notify_addr;                      /* the doorbell; the transport's */

	u16 num;                 /* descriptors, a power of two <= VIRTQ_SIZE_MAX */
	bool event_idx;          /* EVENT_IDX was negotiated: used_event, avail_event */
	bool broken;             /* the device reported something impossible: calls fail */
	struct vring_desc *desc; /* the three arrays of the picture above */
	struct vring_avail *avail;
	struct vring_used *used;

	u16 num_free;                /* descriptors in the free list */
	u16 free_head;               /* its first */
	u16 avail_idx;               /* our copy of avail->idx: the device can overwrite that one */
	u16 num_added;               /* buffers since the last virtqueue_kick() */
	u16 last_used_idx;           /* used ring entries below it were taken by the driver */
	struct vq_desc_state *state; /* num entries */

	u16 used_at_interrupt;           /* used->idx at the last interrupt */
	u64 kicks, interrupts, bad_used; /* doorbells, interrupts, impossible used entries */
	u64 interrupts_in_vain;          /* no buffer was used since the interrupt before */
	struct list_head vqs;            /* all queues, for /proc/virtio */
};

/* Allocates ring memory, takes an interrupt number and hands the queue to the device. */
struct virtqueue *virtqueue_create(struct virtio_device *vdev, unsigned int index, u16 max_size,
				   const char *name, void (*callback)(struct virtqueue *vq));
/* The device must have been reset. */
void virtqueue_destroy(struct virtqueue *vq);

/*
 * Gives a buffer to the device: @out pieces that it reads, then @in pieces that it writes.  @token
 * (not NULL) comes back from virtqueue_get_buf().  -ENOSPC: ring full; -EIO: broken.  The buffer is
 * visible to the device at once; the caller rings the doorbell (virtqueue_kick).
 */
int virtqueue_add(struct virtqueue *vq, const struct vq_sg *sg, unsigned int out, unsigned int in,
		  void *token);
/* Rings the doorbell if the device wants it.  Once a batch. */
void virtqueue_kick(struct virtqueue *vq);
/* Next buffer that the device is done with, and how many bytes it wrote (checked); NULL: none. */
void *virtqueue_get_buf(struct virtqueue *vq, u32 *len);
/* Takes back buffers that the device never finished: after a reset. */
void *virtqueue_detach_unused_buf(struct virtqueue *vq);

/* How many descriptors are with the device. */
static inline u16 virtqueue_outstanding(const struct virtqueue *vq)
{
	return vq->num - vq->num_free;
}

/* Has the device used every buffer?  The driver may not have taken them back yet.  Any context. */
static inline bool virtqueue_all_used(const struct virtqueue *vq)
{
	return READ_ONCE(vq->used->idx) == READ_ONCE(vq->avail_idx);
}

/* Marks the queue as unusable and says why, once: later calls return an error. */
void virtqueue_break(struct virtqueue *vq, const char *why);
/* One line a queue. */
struct seq_file;
int virtqueue_proc_show(struct seq_file *m);

/*
 * Callbacks.  Enabling asks for one callback; after it came the driver must enable again to get the
 * next.  Both calls are hints to the device: a callback may come while they are disabled.
 */
/* Asks the device for no more callbacks. */
void virtqueue_disable_cb(struct virtqueue *vq);
/*
 * Asks for a callback at the next used buffer.  False: there are used buffers already, for which
 * no callback may come; the caller must poll again, or its interrupt is lost.
 */
bool virtqueue_enable_cb(struct virtqueue *vq);
/* As above, but a callback after three quarters of the outstanding buffers: for completions. */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq);

#endif

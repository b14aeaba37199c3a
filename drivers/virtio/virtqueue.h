/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue (virtio 1.1, 2.6): descriptors, available ring, used ring, EVENT_IDX.
 *
 * It knows no network and trusts no device: ids, lengths and indices that come back are checked; a
 * device that lies breaks its queue (vq->broken, counted), never the kernel.
 * One caller at a time: the driver's lock or its NAPI context.  Callbacks are hard interrupts.
 */
#ifndef DRIVERS_VIRTIO_VIRTQUEUE_H
#define DRIVERS_VIRTIO_VIRTQUEUE_H

#include "drivers/virtio/virtio.h"
#include "kernel/lib/list.h"
#include "kernel/types.h"

struct vring_desc {
	__le64 addr;
	__le32 len;
	__le16 flags;
	__le16 next;
};
#define VRING_DESC_F_NEXT  1
#define VRING_DESC_F_WRITE 2

struct vring_avail {
	__le16 flags;
	__le16 idx;
	__le16 ring[]; /* num entries, then used_event */
};
#define VRING_AVAIL_F_NO_INTERRUPT 1

struct vring_used_elem {
	__le32 id;
	__le32 len;
};
struct vring_used {
	__le16 flags;
	__le16 idx;
	struct vring_used_elem ring[]; /* num entries, then avail_event */
};
#define VRING_USED_F_NO_NOTIFY 1

#define VRING_LEGACY_ALIGN 4096u /* of the used ring, in a queue of the legacy layout */

/* One piece of a buffer: a physically contiguous range of the direct map. */
struct vq_sg {
	void *addr;
	u32 len;
};

struct vq_desc_state {
	void *token; /* the driver's; NULL: this head is not with the device */
	u16 nr_desc; /* descriptors of the chain */
	u16 next;    /* of the chain or of the free list; the device could write to desc->next */
	u32 in_len;  /* bytes the device may have written */
};

struct virtqueue {
	struct virtio_device *vdev;
	const char *name; /* "virtio0-input.0" */
	unsigned int index;
	unsigned int irq; /* from request_irq() */
	void (*callback)(struct virtqueue *vq);
	void *priv;        /* the driver's */
	void *notify_addr; /* the transport's */

	u16 num; /* descriptors, a power of two <= VIRTQ_SIZE_MAX */
	bool event_idx;
	bool broken;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;

	u16 num_free;
	u16 free_head;
	u16 avail_idx;               /* avail->idx, now or at the next publish */
	u16 num_added;               /* since the last kick */
	u16 last_used_idx;           /* the entries taken from the used ring */
	struct vq_desc_state *state; /* num entries */

	u16 used_at_interrupt;           /* used->idx at the last one */
	u64 kicks, interrupts, bad_used; /* counters */
	u64 interrupts_in_vain;          /* without a buffer used since the one before */
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
 * visible to the device at once; the doorbell is the caller's business (virtqueue_kick).
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

/* Has the device used all that it was given, taken back by the driver or not?  Any context. */
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
 * Callbacks.  Enabling asks for one: after it came (or to be sure that the next one comes) the
 * driver enables again.  All are hints: a callback may come without having been enabled.
 */
/* No more callbacks, as far as the device listens. */
void virtqueue_disable_cb(struct virtqueue *vq);
/*
 * Wants callbacks again.  False: used buffers are already there, and callbacks may not come for
 * them; the caller must poll again (this is where interrupts are lost in other people's drivers).
 */
bool virtqueue_enable_cb(struct virtqueue *vq);
/* As above, but only after most of what is outstanding was used: for transmit completions. */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq);

#endif

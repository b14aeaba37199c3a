/* SPDX-License-Identifier: MIT */
/*
 * One queue of the device model, and functions to read and write its rings as the device does.
 *
 * Part of virtio_model_state.h.  It shares no code with drivers/virtio/virtqueue.c.
 */
#ifndef TESTS_HOST_VIRTIO_MODEL_RING_H
#define TESTS_HOST_VIRTIO_MODEL_RING_H

#include "kernel/types.h"
#include "tests/host/virtio_memory.h"

#define MODEL_RING_MAX 1024

struct model_queue {
	bool enabled;
	u16 num;
	unsigned int irq;
	u8 *desc, *avail, *used; /* the descriptor table and the two rings */
	u16 seen;                /* number of buffers taken from the available ring, mod 2^16 */
	u16 done;                /* number of entries written to the used ring, mod 2^16 */
	bool told;               /* the doorbell rang since the model found the ring empty */
	u32 lie;                 /* enum virtio_model_lie: the error that the model makes once */
	u64 kicks, irqs;
	bool with_us[MODEL_RING_MAX]; /* by head descriptor: the device has the buffer now */
	unsigned int nr_held;         /* buffers in held[] of virtio_model.c */
};

/* ---- the available ring: flags, idx, ring[num], used_event (2.6.6) ------------------------------ */

static inline u16 avail_flags(const struct model_queue *q)
{
	return load16(q->avail);
}

static inline u16 avail_idx(const struct model_queue *q)
{
	return load16(q->avail + 2);
}

static inline u16 avail_entry(const struct model_queue *q, u16 i)
{
	return load16(q->avail + 4 + 2 * (i % q->num));
}

static inline u16 used_event(const struct model_queue *q)
{
	return load16(q->avail + 4 + 2 * q->num);
}

/* ---- the used ring: flags, idx, {id, len}[num], avail_event (2.6.8) ----------------------------- */

static inline void set_used_flags(const struct model_queue *q, u16 flags)
{
	store16(q->used, flags);
}

static inline void set_used_idx(const struct model_queue *q, u16 idx)
{
	store16(q->used + 2, idx);
}

static inline void set_used_entry(const struct model_queue *q, u16 i, u32 id, u32 len)
{
	store32(q->used + 4 + 8 * (i % q->num), id);
	store32(q->used + 8 + 8 * (i % q->num), len);
}

static inline void set_avail_event(const struct model_queue *q, u16 event)
{
	store16(q->used + 4 + 8 * q->num, event);
}

/* ---- the addresses of a legacy device's rings -------------------------------------------------- */

/*
 * The driver tells a legacy device only the page of the descriptor table.  The available ring follows
 * the table; the used ring begins at the next page boundary (2.6.2).
 */
static inline void legacy_layout(struct model_queue *q, u8 *page)
{
	size_t avail = 16 * (size_t)q->num, used = avail + 2 * (3 + (size_t)q->num);

	q->desc = page;
	q->avail = page + avail;
	q->used = page + (used + 4095) / 4096 * 4096;
}

#endif

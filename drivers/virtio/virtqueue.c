/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue: gives buffers to a device and takes them back (virtio 1.1, 2.6).
 *
 * Called: virtqueue_create() from a driver's probe; then, for each batch, virtqueue_add() ...
 * virtqueue_kick(), and when the device interrupts, vring_interrupt() -> the driver's
 * callback -> virtqueue_disable_cb(), later virtqueue_get_buf() until NULL, virtqueue_enable_cb().
 * Context: virtqueue_create() and virtqueue_destroy() in process context; vring_interrupt() in hard
 * interrupt; the others in any context.  No lock here: the driver's lock or NAPI instance allows
 * one caller at a time.
 *
 * Driver and device read and write the rings at the same time.  Each side publishes an index that
 * only grows (mod 2^16), and then checks whether the other side asked for a notification.  Both
 * sides publish, execute a full barrier, and then check: so no notification is lost.  The pattern
 * is the same in virtqueue_kick() (avail idx, then avail_event) and in virtqueue_enable_cb()
 * (used_event, then used idx).
 *
 * Compare Linux's drivers/virtio/virtio_ring.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/virtqueue.h"
#include "drivers/virtio/limits.h"
#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define VRING_ALIGN   64     /* alignment of the used ring, bytes */
#define VRING_NO_MORE 0xffff /* end of the free list; not a valid id, since num <= VIRTQ_SIZE_MAX */
BUILD_BUG_ON(VIRTQ_SIZE_MAX >= VRING_NO_MORE);

static LIST_HEAD(virtqueues);

/* ---- layout of the rings --------------------------------------------------------------------- */

/*
 * Returns the offset of the used ring, in bytes.  The device writes this ring, so it gets a cache
 * line of its own.  A legacy device knows only the queue's address, and expects the used ring at
 * the next page boundary (2.6.2).
 */
static size_t vring_used_offset(const struct virtqueue *vq)
{
	size_t align = vq->vdev->legacy ? VRING_LEGACY_ALIGN : VRING_ALIGN;

	return ALIGN_UP(sizeof(struct vring_desc) * vq->num + sizeof(struct vring_avail) +
				sizeof(__le16) * (vq->num + 1u),
			align);
}

static unsigned int vring_order(const struct virtqueue *vq)
{
	size_t bytes = vring_used_offset(vq) + sizeof(struct vring_used) +
		       sizeof(struct vring_used_elem) * vq->num + sizeof(__le16);
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

/*
 * The driver's event index, behind the available ring: the device interrupts when used idx passes
 * it.
 */
static __le16 *vring_used_event(const struct virtqueue *vq)
{
	return &vq->avail->ring[vq->num];
}

/* The device's event index, behind the used ring: the driver notifies when avail idx passes it. */
static const __le16 *vring_avail_event(const struct virtqueue *vq)
{
	return (const __le16 *)&vq->used->ring[vq->num];
}

/*
 * Returns true if an index that moved from @old to @now passed @event (2.6.7.2, 2.6.10.1).  All
 * three are modulo 2^16: distances from @now are compared, so a wrap does no harm.
 */
static bool vring_need_event(u16 event, u16 now, u16 old)
{
	return (u16)(now - event - 1) < (u16)(now - old);
}

/* ---- create, destroy ------------------------------------------------------------------------------- */

/*
 * Calls the driver only if the used ring has buffers that the driver has not taken.  If there are
 * none, a poll took them before the interrupt arrived, and that poll enables callbacks again.
 */
static void vring_interrupt(void *arg)
{
	struct virtqueue *vq = arg;
	u16 used = READ_ONCE(vq->used->idx);

	vq->interrupts++;
	/*
	 * Count an interrupt of a broken queue as in vain, because a faulty device may change the
	 * used index for ever.
	 */
	if (unlikely(vq->broken || used == vq->used_at_interrupt))
		vq->interrupts_in_vain++;
	vq->used_at_interrupt = used;
	if (likely(!vq->broken && used != READ_ONCE(vq->last_used_idx)))
		vq->callback(vq);
}

/*
 * Returns the size for queue @index: the device's size if that is fixed, else the largest power of
 * two that both the device and the driver support; 0 if the queue does not exist or cannot be used.
 */
static u16 virtqueue_pick_size(struct virtio_device *vdev, unsigned int index, u16 max_size)
{
	u16 limit = vdev->ops->queue_max_size(vdev, index);
	u16 num = 1;

	if (vdev->fixed_queue_size && limit) {
		if (limit <= VIRTQ_SIZE_MAX && IS_POWER_OF_2(limit))
			return limit;
		pr_err("virtio %s: queue of %u entries refused: at most %u, a power of two",
		       vdev->bus_name, limit, VIRTQ_SIZE_MAX);
		return 0;
	}
	limit = min(limit, max_size);
	limit = min_t(u16, limit, VIRTQ_SIZE_MAX);
	if (!limit)
		return 0;
	while (num * 2 <= limit)
		num *= 2;
	return num;
}

static int virtqueue_alloc_rings(struct virtqueue *vq)
{
	u8 *mem = get_free_pages(GFP_KERNEL | __GFP_ZERO, vring_order(vq));

	if (!mem)
		return -ENOMEM;
	vq->state = kcalloc(vq->num, sizeof(*vq->state), GFP_KERNEL);
	if (!vq->state) {
		free_pages(mem, vring_order(vq));
		return -ENOMEM;
	}
	vq->desc = (struct vring_desc *)mem;
	vq->avail = (struct vring_avail *)(mem + sizeof(struct vring_desc) * vq->num);
	vq->used = (struct vring_used *)(mem + vring_used_offset(vq));
	for (u16 i = 0; i < vq->num; i++)
		vq->state[i].next = i + 1 < vq->num ? i + 1 : VRING_NO_MORE;
	vq->free_head = 0;
	vq->num_free = vq->num;
	return 0;
}

static void virtqueue_free_rings(struct virtqueue *vq)
{
	kfree(vq->state);
	free_pages(vq->desc, vring_order(vq));
}

struct virtqueue *virtqueue_create(struct virtio_device *vdev, unsigned int index, u16 max_size,
				   const char *name, void (*callback)(struct virtqueue *vq))
{
	struct virtqueue *vq;
	int err;

	vq = kzalloc(sizeof(*vq), GFP_KERNEL);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->vdev = vdev;
	vq->name = name;
	vq->index = index;
	vq->callback = callback;
	vq->event_idx = virtio_has_feature(vdev, VIRTIO_F_EVENT_IDX);
	vq->num = virtqueue_pick_size(vdev, index, max_size);
	err = -ENODEV;
	if (!vq->num)
		goto out_free;
	err = virtqueue_alloc_rings(vq);
	if (err)
		goto out_free;
	err = request_irq(name, vring_interrupt, vq);
	if (err < 0)
		goto out_rings;
	vq->irq = err;
	virtqueue_disable_cb(vq);
	err = vdev->ops->enable_queue(vdev, vq);
	if (err)
		goto out_irq;
	list_add_tail(&vq->vqs, &virtqueues);
	return vq;

out_irq:
	free_irq(vq->irq);
out_rings:
	virtqueue_free_rings(vq);
out_free:
	kfree(vq);
	return ERR_PTR(err);
}

void virtqueue_destroy(struct virtqueue *vq)
{
	list_del(&vq->vqs);
	free_irq(vq->irq);
	virtqueue_free_rings(vq);
	kfree(vq);
}

void virtqueue_break(struct virtqueue *vq, const char *why)
{
	if (!vq->broken)
		pr_err("virtio: %s: %s; the queue is no longer used", vq->name, why);
	vq->broken = true;
}

void virtqueue_silence(struct virtqueue *vq)
{
	vq->broken = true;
}

/* ---- passing buffers to the device ----------------------------------------------------------- */

int virtqueue_add(struct virtqueue *vq, const struct vq_sg *sg, unsigned int out, unsigned int in,
		  void *token)
{
	unsigned int total = out + in;
	u16 head = vq->free_head;
	u16 id = head;
	u32 in_len = 0;

	BUG_ON(!total || !token);
	if (unlikely(vq->broken))
		return -EIO;
	if (unlikely(total > vq->num_free))
		return -ENOSPC;

	for (unsigned int i = 0;; i++) {
		struct vring_desc *desc = &vq->desc[id];

		desc->addr = hal_virt_to_phys(sg[i].addr);
		desc->len = sg[i].len;
		desc->flags = i < out ? 0 : VRING_DESC_F_WRITE;
		if (i >= out)
			in_len += sg[i].len;
		id = vq->state[id].next;
		if (i + 1 == total)
			break;
		desc->flags |= VRING_DESC_F_NEXT;
		desc->next = id;
	}
	vq->free_head = id;
	vq->num_free -= total;
	vq->state[head].token = token;
	vq->state[head].nr_desc = total;
	vq->state[head].in_len = in_len;

	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
	vq->avail_idx++;
	/*
	 * The device must see descriptors and ring entry before the index that publishes them
	 * (2.6.13.2).
	 */
	smp_wmb();
	WRITE_ONCE(vq->avail->idx, vq->avail_idx);

	/* Kick before num_added wraps to 0, which would look like no new buffer. */
	if (unlikely(++vq->num_added == 0xffff))
		virtqueue_kick(vq);
	return 0;
}

/*
 * Compare avail_event with the indices of all buffers since the last kick, not only with the index
 * of the last buffer.  Otherwise a device that requested a notification at an earlier buffer would
 * wait for ever.
 */
void virtqueue_kick(struct virtqueue *vq)
{
	u16 now = vq->avail_idx;
	u16 old = now - vq->num_added;
	bool wanted;

	if (!vq->num_added || unlikely(vq->broken))
		return;
	vq->num_added = 0;
	/* The device must see our index before we read avail_event or its flag (2.6.13.4.1). */
	hal_device_mb();
	if (vq->event_idx)
		wanted = vring_need_event(READ_ONCE(*vring_avail_event(vq)), now, old);
	else
		wanted = !(READ_ONCE(vq->used->flags) & VRING_USED_F_NO_NOTIFY);
	if (!wanted)
		return;
	vq->kicks++;
	vq->vdev->ops->notify(vq->vdev, vq);
}

/* ---- taking used buffers from the device --------------------------------------------------------- */

/* Puts the chain that begins at @head into the free list; returns its token. */
static void *vring_detach(struct virtqueue *vq, u16 head)
{
	struct vq_desc_state *state = &vq->state[head];
	void *token = state->token;
	u16 last = head;

	for (unsigned int i = 1; i < state->nr_desc; i++)
		last = vq->state[last].next;
	vq->state[last].next = vq->free_head;
	vq->free_head = head;
	vq->num_free += state->nr_desc;
	state->token = NULL;
	return token;
}

/*
 * Checks the used entry with @id and @len, when the used ring has @pending entries.  Returns the
 * state of the entry's chain.  If the entry is impossible, marks the queue as broken and returns
 * NULL.
 */
static struct vq_desc_state *vring_check_used(struct virtqueue *vq, u16 pending, u32 id, u32 len)
{
	const char *why;

	if (pending > virtqueue_outstanding(vq))
		why = "more buffers used than were given";
	else if (id >= vq->num)
		why = "used id out of range";
	else if (!vq->state[id].token)
		why = "used id that is not with the device";
	else if (len > vq->state[id].in_len)
		why = "used length beyond the buffer";
	else
		return &vq->state[id];
	vq->bad_used++;
	virtqueue_break(vq, why);
	return NULL;
}

void *virtqueue_get_buf(struct virtqueue *vq, u32 *len)
{
	u16 pending = READ_ONCE(vq->used->idx) - vq->last_used_idx;
	const struct vring_used_elem *elem;
	u32 id;

	if (!pending || unlikely(vq->broken))
		return NULL;
	/*
	 * Read the used index before the entry and before the bytes that the device wrote into the
	 * buffer.
	 */
	smp_rmb();
	elem = &vq->used->ring[vq->last_used_idx & (vq->num - 1)];
	/* Read each field once: the device could change it between our check and our use. */
	id = READ_ONCE(elem->id);
	*len = READ_ONCE(elem->len);
	if (unlikely(!vring_check_used(vq, pending, id, *len)))
		return NULL;
	vq->last_used_idx++;
	return vring_detach(vq, id);
}

void *virtqueue_detach_unused_buf(struct virtqueue *vq)
{
	for (u16 id = 0; id < vq->num; id++) {
		if (vq->state[id].token)
			return vring_detach(vq, id);
	}
	return NULL;
}

/* ---- callbacks ------------------------------------------------------------------------------- */

void virtqueue_disable_cb(struct virtqueue *vq)
{
	/*
	 * With EVENT_IDX the flag must stay zero (2.6.7.1).  Instead set the event index to
	 * last_used_idx - 1: used idx does not pass this value for the next 65,535 buffers.  If
	 * callbacks stay disabled for longer, one needless interrupt may come.
	 */
	if (vq->event_idx)
		WRITE_ONCE(*vring_used_event(vq), (u16)(vq->last_used_idx - 1));
	else
		WRITE_ONCE(vq->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

/*
 * Requests a callback when the device has used @ahead + 1 further buffers. (Without EVENT_IDX the
 * callback comes at the next buffer.) Returns true if the device has used fewer buffers, or the
 * queue is broken.
 */
static bool vring_enable_cb_at(struct virtqueue *vq, u16 ahead)
{
	if (unlikely(vq->broken))
		return true;
	if (vq->event_idx)
		WRITE_ONCE(*vring_used_event(vq), (u16)(vq->last_used_idx + ahead));
	else
		WRITE_ONCE(vq->avail->flags, 0);
	/*
	 * The device must see the request before we read used idx: then either the device
	 * interrupts, or we see the buffer that it has used (2.6.7.1).
	 */
	hal_device_mb();
	return (u16)(READ_ONCE(vq->used->idx) - vq->last_used_idx) <= ahead;
}

bool virtqueue_enable_cb(struct virtqueue *vq)
{
	return vring_enable_cb_at(vq, 0);
}

/*
 * Requests the callback after three quarters of the outstanding buffers: late enough to reap many
 * buffers at once, early enough that the ring does not run empty.
 */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq)
{
	u16 outstanding = vq->avail_idx - vq->last_used_idx;

	return vring_enable_cb_at(vq, outstanding * 3 / 4);
}

/* ---- /proc/virtio ---------------------------------------------------------------------------- */

int virtqueue_proc_show(struct seq_file *m)
{
	struct virtqueue *vq;

	seq_printf(m, "%-20s %5s %5s %10s %10s %8s %9s %s\n", "queue", "size", "free", "kicks",
		   "interrupts", "bad_used", "event_idx", "state");
	list_for_each_entry(vq, &virtqueues, vqs) {
		seq_printf(m, "%-20s %5u %5u %10llu %10llu %8llu %9s %s\n", vq->name, vq->num,
			   vq->num_free, (unsigned long long)vq->kicks,
			   (unsigned long long)vq->interrupts, (unsigned long long)vq->bad_used,
			   vq->event_idx ? "yes" : "no", vq->broken ? "broken" : "ok");
	}
	list_for_each_entry(vq, &virtqueues, vqs) {
		if (!vq->index && vq->vdev->config_failures)
			seq_printf(m, "virtio%u: configuration not read %llu times\n",
				   vq->vdev->index, (unsigned long long)vq->vdev->config_failures);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The device model: virtio-net from the device's side.  Section numbers are those of virtio 1.1.
 *
 * This file moves packets: host_pump() calls virtio_model_rx() and virtio_model_tx().  The commands
 * of the control queue are in virtio_model_commands.c, and the transport operations in
 * virtio_model_control.c.  A doorbell only marks its queue: the model processes buffers later, in
 * host_pump(), as a real device does in parallel to the CPU. Context: one host thread; host_pump()
 * runs wherever the driver can be interrupted.
 *
 * The model has its own code for the rings.  After it has found a ring empty, it does not look at the
 * ring again before the next doorbell.  So a driver that forgets to kick hangs here, as with real
 * hardware.
 */
#include "tests/host/virtio_model.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/host/virtio_frame.h"
#include "tests/host/virtio_memory.h"
#include "tests/host/virtio_model_state.h"

#define MODEL_SPREAD 64                /* most buffers of one received packet */
#define MODEL_FRAME  (65536 + 14 + 12) /* the longest packet with Ethernet's and virtio's headers */
#define F_CSUM       0
#define F_GUEST_CSUM 1
#define F_HOST_TSO4  11
#define F_HOST_ECN   13

struct device_model model;

/* With the option "shuffle": buffers that the model has taken from the ring and not yet returned.
 * model.q[].nr_held is their number. */
static struct model_chain held[MODEL_QUEUES][MODEL_SPREAD];

/* The packet that the driver sent last, until the model has sent all its segments. */
static struct {
	u8 bytes[MODEL_FRAME] __aligned(8);
	struct virtio_frame frame;
	bool busy;
} sending;

/* Returns the length of struct virtio_net_hdr, which precedes each packet (5.1.6.1). */
static u32 model_hdr_len(void)
{
	return model.legacy && !HAS(F_MRG_RXBUF) ? 10 : 12;
}

/* Returns true if the header must have a descriptor of its own: legacy without ANY_LAYOUT (5.1.6.6). */
static bool model_header_apart(void)
{
	return model.legacy && !HAS(F_ANY_LAYOUT);
}

/* ---- taking buffers -------------------------------------------------------------------------- */

/* Returns the number of buffers in the available ring that the model has not taken yet. */
static u16 model_available(const struct model_queue *q)
{
	u16 n = avail_idx(q) - q->seen;

	if (n > q->num)
		panic("virtio_model: the available index ran %u ahead of a ring of %u", n, q->num);
	return n;
}

/*
 * Returns true if the model may take a buffer: the ring has one, and the driver rang the doorbell after
 * the model last found the ring empty.  If the ring is empty, requests a doorbell for the next buffer
 * (2.6.10: avail_event, or clears NO_NOTIFY) and tests once more.
 */
bool model_ready(struct model_queue *q)
{
	if (!q->enabled || !q->told || !(model.status & VIRTIO_STATUS_DRIVER_OK))
		return false;
	if (HAS(F_EVENT_IDX) && avail_flags(q))
		panic("virtio_model: flags of the available ring set in spite of EVENT_IDX");
	if (model_available(q)) {
		if (!HAS(F_EVENT_IDX))
			set_used_flags(q, 1);
		return true;
	}
	if (HAS(F_EVENT_IDX))
		set_avail_event(q, q->seen);
	else
		set_used_flags(q, 0);
	smp_mb();
	if (model_available(q))
		return true;
	q->told = false;
	return false;
}

/*
 * Reads the descriptors of one buffer: with @ahead 0 the next buffer of the ring, with 1 the buffer
 * after that, and so on.  Panics if they violate the specification (2.6.5).
 */
void model_read_chain(struct model_queue *q, u16 ahead, struct model_chain *chain)
{
	u16 id = avail_entry(q, q->seen + ahead);
	u16 flags;

	*chain = (struct model_chain){.head = id};
	do {
		const u8 *desc = q->desc + 16 * id;
		u64 addr = load64(desc);
		u32 len = load32(desc + 8);

		if (id >= q->num)
			panic("virtio_model: descriptor %u of a ring of %u", id, q->num);
		flags = load16(desc + 12);
		if (flags & ~3u)
			panic("virtio_model: descriptor flags %#x", flags);
		if (!addr || !len)
			panic("virtio_model: descriptor of %u bytes at %#llx", len,
			      (unsigned long long)addr);
		if (chain->n == MODEL_CHAIN || chain->n == q->num)
			panic("virtio_model: a chain without end");
		if (chain->writable && !(flags & 2))
			panic("virtio_model: a readable descriptor behind a writable one");
		*(flags & 2 ? &chain->writable : &chain->readable) += len;
		chain->piece[chain->n].at = hal_phys_to_virt(addr);
		chain->piece[chain->n++].len = len;
		id = load16(desc + 14);
	} while (flags & 1);
}

void model_take(struct model_queue *q, const struct model_chain *chains, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (q->with_us[chains[i].head])
			panic("virtio_model: descriptor %u given twice", chains[i].head);
		q->with_us[chains[i].head] = true;
	}
	q->seen += n;
}

/* chain_write() copies @bytes to the buffer, chain_read() copies the buffer to @bytes. */
static void chain_write(const struct model_chain *chain, const u8 *bytes, u32 len)
{
	for (unsigned int i = 0; len; i++) {
		u32 n = len < chain->piece[i].len ? len : chain->piece[i].len;

		memcpy(chain->piece[i].at, bytes, n);
		bytes += n;
		len -= n;
	}
}

static u32 chain_read(const struct model_chain *chain, u8 *bytes, u32 max)
{
	u32 done = 0;

	if (chain->readable > max)
		panic("virtio_model: a packet of %u bytes", chain->readable);
	for (unsigned int i = 0; i < chain->n; i++) {
		memcpy(bytes + done, chain->piece[i].at, chain->piece[i].len);
		done += chain->piece[i].len;
	}
	return done;
}

/* ---- returning buffers ----------------------------------------------------------------------- */

/* Returns true if an index that moves from @from to @to passes @event (2.6.7.2): @event is one of
 * from .. to-1. */
static bool passes(u16 event, u16 from, u16 to)
{
	for (u16 i = from; i != to; i++) {
		if (i == event)
			return true;
	}
	return false;
}

void model_interrupt(struct model_queue *q)
{
	q->irqs++;
	host_raise_irq(q->irq);
}

/* The used index moved on from @old: interrupts the driver, if the driver requested an interrupt for
 * one of the new entries. */
static void model_signal(struct model_queue *q, u16 old)
{
	smp_mb();
	if (HAS(F_EVENT_IDX) ? passes(used_event(q), old, q->done) : !(avail_flags(q) & 1))
		model_interrupt(q);
}

/* For MODEL_LIE_USED_FREE: returns an id, other than @id, of a descriptor that the device does not have
 * now, because the driver did not give it or got it back. */
static u32 model_free_id(const struct model_queue *q, u32 id)
{
	static bool given[MODEL_RING_MAX];

	memcpy(given, q->with_us, sizeof(given));
	for (u16 i = 0; i < model_available(q); i++)
		given[avail_entry(q, q->seen + i)] = true;
	for (u32 other = 0; other < q->num; other++) {
		if (other != id && !given[other])
			return other;
	}
	return q->num; /* the device has all other buffers: return an invalid id */
}

/* Puts buffer @id, with @len bytes written, into the used ring, or lies about it once as
 * virtio_model_lie() ordered.  The driver sees the entry after model_publish(). */
void model_used(struct model_queue *q, u32 id, u32 len)
{
	q->with_us[id] = false;
	switch (q->lie) {
	case MODEL_LIE_USED_ID:
		id = q->num + 3;
		break;
	case MODEL_LIE_USED_FREE:
		id = model_free_id(q, id);
		break;
	case MODEL_LIE_USED_LEN:
		len = 0x10000000;
		break;
	case MODEL_LIE_USED_TWICE:
		set_used_entry(q, q->done++, id, len);
		break;
	case MODEL_LIE_USED_BACK:
		q->done -= 2;
		break;
	case MODEL_LIE_USED_IDX:
		q->done += q->num;
		break;
	case MODEL_LIE_USED_AHEAD:
		q->done++;
		break;
	}
	q->lie = MODEL_HONEST;
	set_used_entry(q, q->done++, id, len);
}

void model_publish(struct model_queue *q, u16 old)
{
	smp_wmb();
	set_used_idx(q, q->done);
	model_signal(q, old);
}

/* Removes a random buffer from the held ones and returns it (2.6.4: buffers may be used in any
 * order). */
static struct model_chain model_pick(struct model_queue *q)
{
	struct model_chain *mine = held[q - model.q], *it = mine;
	struct model_chain picked;

	if (q->nr_held > 1)
		it += host_random(q->nr_held);
	picked = *it;
	*it = mine[--q->nr_held];
	return picked;
}

/* Takes the next buffer of the ring and adds it to the held ones.  Returns false if there is none, or
 * the model holds MODEL_SPREAD already. */
static bool model_hold(struct model_queue *q)
{
	struct model_chain *next = &held[q - model.q][q->nr_held];

	if (q->nr_held == MODEL_SPREAD || !model_ready(q))
		return false;
	model_read_chain(q, 0, next);
	model_take(q, next, 1);
	q->nr_held++;
	return true;
}

/* ---- receive (5.1.6.4) ----------------------------------------------------------------------- */

static void model_rx_lie(struct model_queue *q, u8 *header)
{
	switch (q->lie) {
	case MODEL_LIE_NUM_BUFFERS:
		header[10] += 3;
		break;
	case MODEL_LIE_NO_BUFFERS:
		header[10] = header[11] = 0;
		break;
	case MODEL_LIE_CSUM_START:
		header[0] = 1;
		header[6] = header[7] = 0xff;
		break;
	case MODEL_LIE_CSUM_OFFSET:
		header[0] = 1;
		header[6] = 34;
		header[8] = header[9] = 0xff;
		break;
	case MODEL_LIE_CSUM_LOW:
		header[0] = 1;
		header[6] = 13;
		break;
	case MODEL_LIE_GSO_TYPE:
		header[1] = 3; /* UDP */
		break;
	case MODEL_LIE_GSO_SIZE:
		header[0] = header[1] = 1;
		header[4] = header[5] = 0;
		header[6] = 34;
		header[8] = 16;
		break;
	case MODEL_LIE_HINTS:
		header[0] |= 0xfc;
		header[2] = header[3] = 0xff;
		break;
	default:
		return;
	}
	q->lie = MODEL_HONEST;
}

static void model_check_rx(const struct model_chain *chain)
{
	if (chain->readable)
		panic("virtio_model: a receive buffer with a read-only descriptor");
	if (!HAS(F_MRG_RXBUF) && chain->writable < model_hdr_len() + 1514)
		panic("virtio_model: a receive buffer of %u bytes", chain->writable);
	if (model_header_apart() && (chain->n < 2 || chain->piece[0].len != model_hdr_len()))
		panic("virtio_model: no descriptor for the header of a receive buffer");
}

/* Does the same as model_rx_gather() for the option "shuffle": holds as many buffers as possible and
 * chooses randomly among them. */
static int model_rx_shuffle(struct model_queue *q, size_t len, struct model_chain *chains)
{
	unsigned int n = 0;
	size_t room = 0;

	while (model_hold(q))
		;
	for (unsigned int i = 0; i < q->nr_held; i++)
		room += held[MODEL_RX][i].writable;
	if (room < len)
		return q->nr_held == MODEL_SPREAD ? -1 : 0;
	for (room = 0; room < len; room += chains[n++].writable) {
		if (n && !HAS(F_MRG_RXBUF))
			panic("virtio_model: shuffle with large packets and small buffers");
		chains[n] = model_pick(q);
		model_check_rx(&chains[n]);
	}
	return n;
}

/*
 * Takes enough buffers for a packet of @len bytes, with its header.  Returns their number, 0 if the
 * ring has not enough buffers now, or -1 if the packet would never fit.
 */
static int model_rx_gather(struct model_queue *q, size_t len, struct model_chain *chains)
{
	unsigned int n = 0;
	size_t room = 0;

	do {
		if (n == MODEL_SPREAD || (n && !HAS(F_MRG_RXBUF)))
			return -1;
		if (n ? n >= model_available(q) : !model_ready(q)) {
			/* A ring with too few buffers for this packet is treated as empty:
			 * request a doorbell. */
			if (n && HAS(F_EVENT_IDX))
				set_avail_event(q, avail_idx(q));
			else if (n)
				set_used_flags(q, 0);
			return 0;
		}
		model_read_chain(q, n, &chains[n]);
		model_check_rx(&chains[n]);
		room += chains[n].writable;
		n++;
	} while (room < len);
	model_take(q, chains, n);
	return n;
}

/* Returns the number of bytes that the device reports as written: not @len if the model must lie. */
static size_t model_rx_length(struct model_queue *q, size_t len)
{
	switch (q->lie) {
	case MODEL_LIE_EMPTY:
		len = 0;
		break;
	case MODEL_LIE_SHORT:
		len = 7;
		break;
	case MODEL_LIE_RUNT:
		len = model_hdr_len() + 13;
		break;
	default:
		return len;
	}
	q->lie = MODEL_HONEST;
	return len;
}

static bool model_receive(const u8 *header, const void *frame, size_t frame_len)
{
	static u8 bytes[MODEL_FRAME] __aligned(8);
	static struct model_chain chains[MODEL_SPREAD];
	struct model_queue *q = &model.q[MODEL_RX];
	size_t len = model_hdr_len() + frame_len, at = 0;
	u16 old = q->done;
	int n;

	n = -1;
	if (len <= sizeof(bytes))
		n = (model.shuffle ? model_rx_shuffle : model_rx_gather)(q, len, chains);
	if (n < 0) {
		/* The packet is too long for the ring's buffers: dropped; the sender gets no
		 * error. */
		model.rx_too_long++;
		return true;
	}
	if (!n) {
		model.rx_no_buffer++;
		return false;
	}
	memcpy(bytes, header, 12);
	store16(bytes + 10, HAS(F_MRG_RXBUF) ? n : 1);
	model_rx_lie(q, bytes);
	memcpy(bytes + model_hdr_len(), frame, frame_len);
	len = model_rx_length(q, len);
	for (int i = 0; i < n; i++) {
		u32 part = len - at < chains[i].writable ? len - at : chains[i].writable;

		chain_write(&chains[i], bytes + at, part);
		model_used(q, chains[i].head, part);
		at += part;
	}
	model.rx_frames++;
	model_publish(q, old);
	return true;
}

bool virtio_model_rx(const void *frame, size_t len)
{
	u8 header[12] = {0};

	/* Without a link no frame arrives, and the sender gets no error. */
	if (!model.link_up)
		return true;
	if (len >= 6 && !model_passes(frame)) {
		model.rx_filtered++;
		return true;
	}
	if (model.data_valid && HAS(F_GUEST_CSUM))
		header[0] = 2;
	return model_receive(header, frame, len);
}

bool virtio_model_rx_header(const void *header, const void *frame, size_t len)
{
	return model_receive(header, frame, len);
}

/* ---- transmit (5.1.6.2) ---------------------------------------------------------------------- */

/* Panics if the header of the packet in sending.bytes requests an offload that was not negotiated, or
 * contradicts the packet. */
static void model_check_tx(u32 len)
{
	const u8 *h = sending.bytes;
	u32 hdr_len = model_hdr_len(), frame = len - hdr_len, start = load16(h + 6),
	    offset = load16(h + 8);

	if (len < hdr_len + 14)
		panic("virtio_model: %u bytes sent", len);
	if (h[0] & ~1u || (hdr_len == 12 && load16(h + 10)))
		panic("virtio_model: sent with flags %#x, num_buffers %u", h[0], load16(h + 10));
	if (h[0] & 1 && (!HAS(F_CSUM) || start + offset + 2 > frame))
		panic("virtio_model: checksum at %u + %u of %u bytes", start, offset, frame);
	if (h[1] && ((h[1] & ~(HAS(F_HOST_ECN) * VIRTIO_FRAME_ECN)) != 1 || !HAS(F_HOST_TSO4) ||
		     !(h[0] & 1) || !load16(h + 4)))
		panic("virtio_model: sent with gso_type %u, gso_size %u, flags %#x", h[1],
		      load16(h + 4), h[0]);
	/* For a packet to be segmented: the length of the first frame, with all TCP options. */
	if (h[1])
		frame = start + (h[hdr_len + start + 12] >> 4) * 4 + load16(h + 4);
	if (frame > 14u + (HAS(F_MTU) ? load16(model.config + 10) : 1500))
		panic("virtio_model: a frame of %u bytes sent", frame);
}

/* Returns sent buffers to the driver: with @all every held buffer, otherwise (option "shuffle") a
 * random number of them. */
static void model_tx_used(struct model_queue *q, bool all)
{
	u16 old = q->done;

	while (q->nr_held && (all || q->nr_held == MODEL_SPREAD || host_random(4) == 0))
		model_used(q, model_pick(q).head, 0);
	if (q->done != old)
		model_publish(q, old);
}

/*
 * Reads the next packet of the transmit ring into sending.bytes.  Returns false if there is none;
 * then all held buffers are returned to the driver.
 */
static bool model_fetch(struct model_queue *q)
{
	struct model_chain *chain = &held[MODEL_TX][q->nr_held];
	u32 len;

	if (!model_hold(q)) {
		model_tx_used(q, true);
		return false;
	}
	if (chain->writable)
		panic("virtio_model: a packet to send with a writable descriptor");
	if (model_header_apart() && (chain->n < 2 || chain->piece[0].len != model_hdr_len()))
		panic("virtio_model: no descriptor for the header of a packet to send");
	len = chain_read(chain, sending.bytes, sizeof(sending.bytes));
	model_check_tx(len);
	model_tx_used(q, !model.shuffle);

	model.tx_frames++;
	model.tx_csum += sending.bytes[0] & 1;
	model.tx_gso += sending.bytes[1] != 0;
	sending.frame = (struct virtio_frame){
		.bytes = sending.bytes + model_hdr_len(),
		.len = len - model_hdr_len(),
		.csum = sending.bytes[0] & 1,
		.csum_start = load16(sending.bytes + 6),
		.csum_offset = load16(sending.bytes + 8),
		.gso_size = sending.bytes[1] ? load16(sending.bytes + 4) : 0,
		.gso_ecn = sending.bytes[1] & VIRTIO_FRAME_ECN,
	};
	return true;
}

size_t virtio_model_tx(void *buf, size_t max)
{
	model_commands();
	while (sending.busy || model_fetch(&model.q[MODEL_TX])) {
		size_t n = virtio_frame_next(&sending.frame, buf, max);

		sending.busy = n;
		if (n && model.link_up)
			return n;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio_net, receive: gives buffers to the device and packets to the stack.
 *
 * Called: virtnet_rx_setup() from the probe; virtnet_rx_refill() from ndo_open and from the poll;
 * virtnet_rx_poll() from virtnet_poll(); virtnet_rx_drain() after a reset.  Context: softirq, in
 * the poll of the NAPI instance; ndo_open (process) before the instance is enabled.
 *
 * A buffer is a page fragment laid out as a packet's linear part:
 *
 *   | NET_SKB_PAD + 2 | virtio header | frame ...              | skb_shared_info |
 *                     ^ the device writes from here to there ^
 *
 * so that build_skb() makes a packet of it without a copy. With MRG_RXBUF a packet may continue in
 * further buffers, which become the packet's page fragments.
 *
 * A buffer leaves the ring only when a new one replaces it, so the ring never runs empty, even if
 * received packets are kept for long. If no new buffer can be allocated, the packet is copied into
 * memory of its own size, and its buffer goes back to the ring. A short frame is always copied. If
 * there is no memory for the copy either, the packet is dropped and the buffer goes back. Each
 * buffer is cut from a block of pages, and a packet that is kept keeps the whole block allocated.
 * rx_budget limits the pages of these blocks.
 *
 * The virtio header is checked against the received length and the negotiated features before it is
 * used.  The check is on a copy, because the device can still write to the buffer.  Virtio 1.1,
 * 5.1.6.3 and 5.1.6.4.
 */
#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio_net.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "net/core/eth.h"
#include "net/core/limits.h"

#define VIRTNET_REFILL_MS 10 /* after an allocation failed, the time until the next attempt */

/*
 * Bytes of the longest frame that is always copied: ACKs, and segments with some 100 bytes of data.
 * Copying so few bytes into one object that also has the struct sk_buff costs about as much as
 * building a struct sk_buff around the buffer.
 */
#define VIRTNET_COPYBREAK (SKB_SMALL_ROOM - NET_IP_ALIGN)
/*
 * Most bytes in the linear part of a copied packet: the part takes 2 KiB in all, and holds a frame
 * of 1,514 bytes.  The rest of the packet is copied into further pages.
 */
#define VIRTNET_COPY_LINEAR (2048 - SKB_OVERHEAD - NET_IP_ALIGN)

/* ---- buffers --------------------------------------------------------------------------------- */

static unsigned int virtnet_rx_room(const struct virtnet_info *vi)
{
	return vi->rx_buf_size - SKB_OVERHEAD - VIRTNET_RX_FRAME + vi->hdr_len;
}

/*
 * Returns the address from which the device writes into @buf. A legacy device's virtio header may
 * be shorter. Such a device begins to write later in the buffer, so that the frame always begins at
 * VIRTNET_RX_FRAME.
 */
static u8 *virtnet_rx_start(const struct virtnet_info *vi, u8 *buf)
{
	return buf + VIRTNET_RX_FRAME - vi->hdr_len;
}

/* Runs in softirq.  The poll that the timer schedules refills the empty ring. */
static void virtnet_refill_timer(unsigned long data)
{
	struct virtnet_info *vi = (struct virtnet_info *)data;

	napi_schedule(&vi->napi);
}

/*
 * Returns the longest frame of one packet, in bytes.  An MTU below Ethernet's limits only the
 * packets that we send.  Received frames may be as long as Ethernet's, as in Linux's driver: a peer
 * may have a lower bound for the size of its segments, and exceed a small MSS option (Linux's
 * TCP_MIN_SND_MSS makes packets of 88 bytes).
 */
static unsigned int virtnet_rx_frame_max(const struct virtnet_info *vi)
{
	return ETH_HLEN + max(vi->dev->mtu, (unsigned int)ETH_DATA_LEN);
}

void virtnet_rx_setup(struct virtnet_info *vi)
{
	unsigned int frame = virtnet_rx_frame_max(vi);

	vi->mergeable = virtio_has_feature(vi->vdev, VIRTIO_NET_F_MRG_RXBUF);
	/*
	 * Use one page for each buffer: a packet of 64 KiB then fits in a linear part and
	 * MAX_SKB_FRAGS fragments.
	 */
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_TSO4))
		vi->rx_buf_size = PAGE_SIZE;
	else
		vi->rx_buf_size = SKB_DATA_ALIGN(VIRTNET_RX_FRAME + frame) + SKB_OVERHEAD;
	/*
	 * On a small machine a full ring would take most of the memory, so the ring gets fewer
	 * buffers, but enough for the largest packet.
	 */
	vi->rx_fill = clamp_t(u64, nr_total_pages() * PAGE_SIZE / VIRTNET_RX_PART / vi->rx_buf_size,
			      MAX_SKB_FRAGS + 1, vi->rx->num);
	vi->rx_budget.limit =
		DIV_ROUND_UP((u64)vi->rx_fill * vi->rx_buf_size, PAGE_SIZE << SKB_MAX_ORDER)
		<< SKB_MAX_ORDER;
	vi->rx_budget.limit += nr_total_pages() / FRAG_BLOCKS_PART;
	vi->rx_frag.budget = &vi->rx_budget;
	setup_timer(&vi->refill_timer, virtnet_refill_timer, (unsigned long)vi);
}

/*
 * Puts @buf into the ring.  Returns 0, or -errno if the ring is full or broken; @buf is then freed.
 */
static int virtnet_rx_add(struct virtnet_info *vi, u8 *buf)
{
	u8 *start = virtnet_rx_start(vi, buf);
	u32 hdr_len = vi->hdr_len, room = virtnet_rx_room(vi);
	struct vq_sg all = {start, room};
	struct vq_sg apart[] = {{start, hdr_len}, {start + hdr_len, room - hdr_len}};
	int err;

	if (likely(!vi->header_apart))
		err = virtqueue_add(vi->rx, &all, 0, 1, buf);
	else
		err = virtqueue_add(vi->rx, apart, 0, ARRAY_SIZE(apart), buf);
	if (unlikely(err))
		page_frag_free(buf);
	return err;
}

/*
 * Keeps @buf for the next refill. @buf does not go back into the ring at once.  While used entries
 * are being processed, @buf's descriptor must stay free, so that a device that returns @buf twice
 * is noticed.
 */
static void virtnet_rx_give(struct virtnet_info *vi, u8 *buf)
{
	memcpy(buf, &vi->rx_spare, sizeof(vi->rx_spare));
	vi->rx_spare = buf;
}

static u8 *virtnet_rx_spare(struct virtnet_info *vi)
{
	u8 *buf = vi->rx_spare;

	if (buf)
		memcpy(&vi->rx_spare, buf, sizeof(vi->rx_spare));
	return buf;
}

/*
 * Fills the ring up to rx_fill descriptors, and notifies the device once.  Uses the buffers that
 * virtnet_rx_give() kept.  If these are too few, as at the beginning and after a shortage of
 * memory, allocates others.  If an allocation fails, a timer tries again: with an empty ring the
 * device would never interrupt.
 */
void virtnet_rx_refill(struct virtnet_info *vi)
{
	while (virtqueue_outstanding(vi->rx) < vi->rx_fill && vi->rx->num_free && !vi->rx->broken) {
		u8 *buf = virtnet_rx_spare(vi);

		if (!buf)
			buf = page_frag_alloc(&vi->rx_frag, vi->rx_buf_size,
					      GFP_ATOMIC | __GFP_MEMALLOC);
		if (unlikely(!buf)) {
			vi->refill_failed++;
			mod_timer(&vi->refill_timer, jiffies + msecs_to_jiffies(VIRTNET_REFILL_MS));
			break;
		}
		if (unlikely(virtnet_rx_add(vi, buf)))
			break;
	}
	virtqueue_kick(vi->rx);
}

void virtnet_rx_drain(struct virtnet_info *vi)
{
	void *buf;

	del_timer(&vi->refill_timer);
	while ((buf = virtqueue_detach_unused_buf(vi->rx)) || (buf = virtnet_rx_spare(vi)))
		page_frag_free(buf);
	page_frag_drain(&vi->rx_frag);
}

/* ---- one packet ------------------------------------------------------------------------------ */

/*
 * Takes up to @n further buffers of a packet from the used ring, and keeps them for the next
 * refill.
 */
static void virtnet_rx_discard(struct virtnet_info *vi, unsigned int n)
{
	u32 len;
	void *buf;

	while (n-- && (buf = virtqueue_get_buf(vi->rx, &len)))
		virtnet_rx_give(vi, buf);
}

/*
 * Allocates a buffer for the ring.  Returns false if there is no memory: the caller must then put
 * the received buffer back.
 */
static bool virtnet_rx_replace(struct virtnet_info *vi)
{
	/*
	 * GFP_NOWAIT leaves the memory reserve alone, because the received packet may be kept for
	 * long.
	 */
	u8 *buf = page_frag_alloc(&vi->rx_frag, vi->rx_buf_size, GFP_NOWAIT);

	if (unlikely(!buf))
		return false;
	virtnet_rx_give(vi, buf);
	return true;
}

/*
 * Appends the *@more further buffers of the packet to @skb as fragments.  Returns 0, or the drop
 * reason: *@more is then the number of the packet's buffers that are still in the used ring.  Adds
 * to *@borrowed the number of appended buffers that must go back to the ring because no new buffer
 * replaced them.
 */
static noinline enum skb_drop_reason virtnet_rx_append(struct virtnet_info *vi, struct sk_buff *skb,
						       unsigned int *more, unsigned int *borrowed)
{
	unsigned int nr = 0;

	while (*more) {
		struct page *page;
		u32 len;
		u8 *buf, *data;

		/*
		 * The device returns all buffers of a packet together (5.1.6.4): a missing buffer
		 * is a fault of the device.
		 */
		buf = virtqueue_get_buf(vi->rx, &len);
		if (unlikely(!buf)) {
			*more = 0;
			return SKB_DROP_REASON_DEV_BAD_LENGTH;
		}
		--*more;
		if (unlikely(nr == MAX_SKB_FRAGS || !len)) {
			virtnet_rx_give(vi, buf);
			return SKB_DROP_REASON_DEV_BAD_LENGTH;
		}
		/*
		 * After the first buffer without a replacement, all further buffers of the packet
		 * also go back to the ring. virtnet_rx_return() expects that the buffers to return
		 * are the last ones of the packet.
		 */
		if (unlikely(*borrowed || !virtnet_rx_replace(vi)))
			++*borrowed;
		data = virtnet_rx_start(vi, buf);
		page = virt_to_head_page(data);
		skb_fill_page_desc(skb, nr++, page, data - (u8 *)page_address(page), len);
		skb->len += len;
		skb->data_len += len;
		skb->truesize += vi->rx_buf_size;
	}
	return SKB_CONSUMED;
}

/*
 * Keeps the last @n buffers of the packet for the next refill.  Takes a page reference for each
 * buffer, so that freeing @skb does not free the buffers.
 */
static void virtnet_rx_return(struct virtnet_info *vi, const struct sk_buff *skb, unsigned int n)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	for (unsigned int i = shinfo->nr_frags + 1; n--;) {
		u8 *buf = --i ? (u8 *)skb_frag_address(&shinfo->frags[i - 1]) + vi->hdr_len -
					  VIRTNET_RX_FRAME
			      : skb->head;

		get_page(virt_to_page(buf));
		virtnet_rx_give(vi, buf);
	}
}

/* ---- one packet, copied -------------------------------------------------------------------------- */

/*
 * Copies a frame into new memory of its size, so that it needs no receive buffer.  Returns NULL if
 * there is no memory.
 */
static struct sk_buff *virtnet_rx_copy(const struct sk_buff *from)
{
	unsigned int done = min_t(u32, from->len, VIRTNET_COPY_LINEAR);
	struct sk_buff *skb = alloc_skb(NET_IP_ALIGN + done, GFP_ATOMIC);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, NET_IP_ALIGN);
	BUG_ON(skb_copy_bits(from, 0, __skb_put(skb, done), done));
	for (unsigned int i = 0; done < from->len; i++) {
		unsigned int n = min_t(u32, from->len - done, PAGE_SIZE);
		struct page *page = i < MAX_SKB_FRAGS ? alloc_page(GFP_ATOMIC) : NULL;

		if (unlikely(!page)) {
			consume_skb(skb);
			return NULL;
		}
		BUG_ON(skb_copy_bits(from, done, page_address(page), n));
		skb_fill_page_desc(skb, i, page, 0, n);
		skb->len += n;
		skb->data_len += n;
		skb->truesize += PAGE_SIZE;
		done += n;
	}
	return skb;
}

/*
 * Copies a short frame of one buffer. Returns NULL if there is no memory. If possible, a new buffer
 * replaces this one in the ring. A buffer that always returned to the ring would keep its whole
 * page block allocated, although the block's other buffers were freed long ago.
 */
static struct sk_buff *virtnet_rx_copy_short(struct virtnet_info *vi, u8 *buf, u32 len)
{
	struct sk_buff *skb = alloc_skb_small(GFP_ATOMIC);

	if (likely(skb)) {
		skb_reserve(skb, NET_IP_ALIGN);
		memcpy(__skb_put(skb, len), buf + VIRTNET_RX_FRAME, len);
	}
	if (likely(virtnet_rx_replace(vi)))
		page_frag_free(buf);
	else
		virtnet_rx_give(vi, buf);
	return skb;
}

/* ---- the virtio header --------------------------------------------------------------------------- */

/*
 * Sets @skb's checksum state as the device reported it (5.1.6.4.1, items 2 and 3).  skb->data is
 * still at the Ethernet header.
 */
static enum skb_drop_reason virtnet_rx_csum(struct virtnet_info *vi, struct sk_buff *skb,
					    const struct virtio_net_hdr *hdr)
{
	unsigned int start = hdr->csum_start, end = start + hdr->csum_offset + sizeof(__sum16);

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_CSUM)) {
		/*
		 * Without GUEST_CSUM a device may not deliver a packet whose checksum is
		 * incomplete.
		 */
		return hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? SKB_DROP_REASON_DEV_BAD_HEADER
								: SKB_CONSUMED;
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (start < ETH_HLEN || end > skb_headlen(skb))
			return SKB_DROP_REASON_DEV_BAD_HEADER;
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + start;
		skb->csum_offset = hdr->csum_offset;
	} else if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	return SKB_CONSUMED;
}

/*
 * Checks the length of @skb. If @skb consists of several segments (5.1.6.4.1, item 4), sets its GSO
 * fields. Only TCP over IPv4 was negotiated.
 */
static enum skb_drop_reason virtnet_rx_gso(struct virtnet_info *vi, struct sk_buff *skb,
					   const struct virtio_net_hdr *hdr)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (skb->len > virtnet_rx_frame_max(vi))
			return SKB_DROP_REASON_DEV_BAD_LENGTH;
		return SKB_CONSUMED;
	}
	if ((hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_TCPV4 ||
	    !virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_TSO4) ||
	    skb->ip_summed != CHECKSUM_PARTIAL || !hdr->gso_size)
		return SKB_DROP_REASON_DEV_BAD_HEADER;
	if (hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN &&
	    !virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_ECN))
		return SKB_DROP_REASON_DEV_BAD_HEADER;
	if (skb->len > ETH_HLEN + GSO_MAX_SIZE)
		return SKB_DROP_REASON_DEV_BAD_LENGTH;
	shinfo->gso_size = hdr->gso_size;
	shinfo->gso_type = SKB_GSO_TCPV4 | SKB_GSO_DODGY;
	if (hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN)
		shinfo->gso_type |= SKB_GSO_TCP_ECN;
	return SKB_CONSUMED;
}

static void virtnet_rx_deliver(struct virtnet_info *vi, struct sk_buff *skb)
{
	struct net_device *dev = vi->dev;

	dev->stats.rx_packets++;
	dev->stats.rx_bytes += skb->len;
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&vi->napi, skb);
}

static void virtnet_rx_drop(struct virtnet_info *vi, enum skb_drop_reason reason)
{
	if (reason == SKB_DROP_REASON_NOMEM)
		vi->dev->stats.rx_dropped++;
	else
		vi->dev->stats.rx_errors++;
}

/*
 * Makes a packet of @buf, which has the packet's first @len bytes, and of @more further buffers in
 * the used ring. Returns NULL if that fails, with the reason in *@reason. In every case, for each
 * buffer that is not part of the returned packet, the buffer itself or a replacement is kept for
 * the next refill.
 */
static struct sk_buff *virtnet_rx_assemble(struct virtnet_info *vi, u8 *buf, u32 len,
					   unsigned int more, enum skb_drop_reason *reason)
{
	struct sk_buff *skb = build_skb(buf, vi->rx_buf_size), *copy;
	unsigned int borrowed = 0;

	if (unlikely(!skb)) {
		virtnet_rx_give(vi, buf);
		virtnet_rx_discard(vi, more);
		*reason = SKB_DROP_REASON_NOMEM;
		return NULL;
	}
	skb_reserve(skb, VIRTNET_RX_FRAME);
	__skb_put(skb, len);
	if (unlikely(!virtnet_rx_replace(vi)))
		borrowed = 1;
	*reason = more ? virtnet_rx_append(vi, skb, &more, &borrowed) : SKB_CONSUMED;
	if (likely(!*reason && !borrowed))
		return skb;

	copy = NULL;
	if (!*reason) {
		vi->rx_copied++;
		copy = virtnet_rx_copy(skb);
		if (!copy)
			*reason = SKB_DROP_REASON_NOMEM;
	}
	virtnet_rx_discard(vi, more);
	virtnet_rx_return(vi, skb, borrowed);
	consume_skb(skb);
	return copy;
}

/*
 * Handles the packet that begins in @buf.  The device wrote @len bytes, which is not more than the
 * buffer has: virtqueue_get_buf() checked it.
 */
static void virtnet_rx_packet(struct virtnet_info *vi, u8 *buf, u32 len)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_DEV_BAD_LENGTH;
	struct virtio_net_hdr hdr = {0};
	struct sk_buff *skb = NULL;
	unsigned int more = 0;

	if (unlikely(len < vi->hdr_len))
		goto out_give;
	memcpy(&hdr, virtnet_rx_start(vi, buf), vi->hdr_len);
	barrier(); /* else the compiler may read hdr from the buffer again after the checks */
	if (vi->mergeable) {
		if (unlikely(!hdr.num_buffers))
			goto out_give;
		more = hdr.num_buffers - 1;
	}
	len -= vi->hdr_len;
	if (unlikely(len < ETH_HLEN))
		goto out_give;

	if (len <= VIRTNET_COPYBREAK && !more) {
		reason = SKB_DROP_REASON_NOMEM;
		skb = virtnet_rx_copy_short(vi, buf, len);
	} else {
		skb = virtnet_rx_assemble(vi, buf, len, more, &reason);
	}
	if (unlikely(!skb))
		goto out_drop;
	reason = virtnet_rx_csum(vi, skb, &hdr);
	if (!reason)
		reason = virtnet_rx_gso(vi, skb, &hdr);
	if (unlikely(reason))
		goto out_drop;
	virtnet_rx_deliver(vi, skb);
	return;

out_give:
	virtnet_rx_give(vi, buf);
	virtnet_rx_discard(vi, more);
out_drop:
	virtnet_rx_drop(vi, reason);
	if (skb)
		kfree_skb_reason(skb, reason);
	else
		skb_drop_inc(reason);
}

int virtnet_rx_poll(struct virtnet_info *vi, int budget)
{
	int work = 0;
	u8 *buf;
	u32 len;

	while (work < budget && (buf = virtqueue_get_buf(vi->rx, &len))) {
		virtnet_rx_packet(vi, buf, len);
		work++;
	}
	/*
	 * Refill when a quarter of the buffers is missing, so that the device is notified once for
	 * all of them.
	 */
	if (virtqueue_outstanding(vi->rx) + vi->rx_fill / 4 < vi->rx_fill)
		virtnet_rx_refill(vi);
	return work;
}

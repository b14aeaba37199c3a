/* SPDX-License-Identifier: MIT */
/*
 * virtio_net, transmit: gives packets to the device, and frees them when they are sent.
 *
 * Called: virtnet_start_xmit() from net/core under dev->tx_lock, softirqs disabled;
 * virtnet_tx_poll() from virtnet_poll() (softirq), virtnet_tx_await() from net/core (softirq or
 * process), and virtnet_tx_settle() when the interface is closed (process).  The last three take
 * dev->tx_lock themselves.
 *
 * A packet is sent without a copy: its linear part and each page fragment get a descriptor.  The
 * virtio header is in the packet's own headroom if that is not shared, else in an array with one
 * header for each descriptor.
 *
 * The packet keeps its owner (destructor) until it is reaped: so the socket's sk_wmem_alloc counts
 * the bytes in the queue and the device.  Completions are reaped at each transmission and at each
 * poll.  So an answer needs no interrupt of its own: the poll for the next received packet reaps
 * it, and if no packet comes, tx_timer does.  A callback is requested only if the device has
 * VIRTNET_TX_QUIET descriptors, if the queue is stopped, or if a sender waits for completions
 * (virtnet_tx_await()).  The callback then comes when the device has sent three quarters of the
 * packets.  Virtio 1.1, 5.1.6.2.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio_net.h"
#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "net/core/limits.h"

/* Most pieces of a packet: the virtio header, the linear part, the fragments. */
#define VIRTNET_TX_SG (2 + MAX_SKB_FRAGS)

static unsigned int virtnet_hdrs_order(u16 num)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < num * sizeof(struct virtio_net_hdr))
		order++;
	return order;
}

/* No packet was received for a while, so let the poll reap sent packets. */
static void virtnet_tx_timer(unsigned long data)
{
	struct virtnet_info *vi = (struct virtnet_info *)data;

	napi_schedule(&vi->napi);
}

int virtnet_tx_setup(struct virtnet_info *vi)
{
	u16 num = vi->tx->num;

	/*
	 * If the ring has fewer descriptors than VIRTNET_TX_SG, send each packet as a header and
	 * one linear part.
	 */
	if (num < 2)
		return -ENOSPC;
	vi->tx_need = num < VIRTNET_TX_SG ? 2 : VIRTNET_TX_SG;
	setup_timer(&vi->tx_timer, virtnet_tx_timer, (unsigned long)vi);
	vi->tx_hdrs = get_free_pages(GFP_KERNEL, virtnet_hdrs_order(num));
	return vi->tx_hdrs ? 0 : -ENOMEM;
}

void virtnet_tx_cleanup(struct virtnet_info *vi)
{
	free_pages(vi->tx_hdrs, virtnet_hdrs_order(vi->tx->num));
}

/* ---- completions ----------------------------------------------------------------------------- */

/* Moves packets that the device has sent to @done; tx_lock held. */
static void virtnet_tx_reap(struct virtnet_info *vi, struct sk_buff_head *done)
{
	struct net_device_stats *stats = &vi->dev->stats;
	struct sk_buff *skb;
	u32 len;

	while ((skb = virtqueue_get_buf(vi->tx, &len))) {
		stats->tx_packets++;
		stats->tx_bytes += skb->len;
		__skb_queue_tail(done, skb);
	}
}

static bool virtnet_tx_needs_cb(const struct virtnet_info *vi)
{
	u16 outstanding = virtqueue_outstanding(vi->tx);

	return outstanding >= VIRTNET_TX_QUIET ||
	       (outstanding && (vi->tx_awaited || netif_queue_stopped(vi->dev)));
}

/*
 * Reaps completions, makes sure that a callback or the timer comes while any packet is outstanding,
 * and restarts transmission when there is room. The loop ends, because each round after the first
 * reaps at least one packet. tx_lock held.
 */
static void virtnet_tx_complete(struct virtnet_info *vi, struct sk_buff_head *done)
{
	struct virtqueue *tx = vi->tx;

	do {
		virtqueue_disable_cb(tx);
		virtnet_tx_reap(vi, done);
	} while (virtnet_tx_needs_cb(vi) && !virtqueue_enable_cb_delayed(tx));

	if (!virtqueue_outstanding(tx))
		vi->tx_awaited = false;
	else if (!timer_pending(&vi->tx_timer) && likely(!tx->broken))
		mod_timer(&vi->tx_timer, jiffies + msecs_to_jiffies(VIRTNET_TX_KEPT_MS));
	if (netif_queue_stopped(vi->dev) && tx->num_free >= vi->tx_need)
		netif_wake_queue(vi->dev);
}

/* @awaited: a sender waits for the packets that the device still has.  Softirqs are disabled. */
static void virtnet_tx_run(struct virtnet_info *vi, bool awaited)
{
	struct sk_buff_head done;

	/*
	 * Testing without the lock is enough: a sender that adds a packet after the test reaps
	 * completions and enables callbacks itself.
	 */
	if (READ_ONCE(vi->tx->num_free) == vi->tx->num)
		return;
	__skb_queue_head_init(&done);
	spin_lock(&vi->dev->tx_lock);
	vi->tx_awaited |= awaited;
	virtnet_tx_complete(vi, &done);
	spin_unlock(&vi->dev->tx_lock);
	/*
	 * Free the packets without the lock, because freeing a packet calls its owner's destructor.
	 */
	__skb_queue_purge(&done);
}

void virtnet_tx_poll(struct virtnet_info *vi)
{
	virtnet_tx_run(vi, false);
}

void virtnet_tx_await(struct net_device *dev)
{
	local_bh_disable();
	virtnet_tx_run(dev->priv, true);
	local_bh_enable();
}

void virtnet_tx_settle(struct virtnet_info *vi)
{
	unsigned long end = jiffies + msecs_to_jiffies(VIRTNET_STOP_MS);

	while (!vi->failed && !virtqueue_all_used(vi->tx) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	local_bh_disable();
	virtnet_tx_poll(vi);
	local_bh_enable();
}

/* Drops the packets that the device still had when it was reset: they do not count as sent. */
void virtnet_tx_drain(struct virtnet_info *vi)
{
	struct net_device *dev = vi->dev;
	struct sk_buff *list = NULL, *skb;

	spin_lock(&dev->tx_lock);
	while ((skb = virtqueue_detach_unused_buf(vi->tx))) {
		dev->stats.tx_errors++;
		skb->next = list;
		list = skb;
	}
	/* Wake the queue, so that the queued packets are dequeued, dropped and counted. */
	if (netif_queue_stopped(dev))
		netif_wake_queue(dev);
	spin_unlock(&dev->tx_lock);
	kfree_skb_list_reason(list, SKB_DROP_REASON_TX_ERROR);
}

/* ---- one packet ------------------------------------------------------------------------------ */

/*
 * Fills in the first hdr_len bytes of the header, and no byte beyond: the frame may begin right
 * behind them.
 */
static void virtnet_fill_hdr(const struct virtnet_info *vi, struct virtio_net_hdr *hdr,
			     const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	memset(hdr, 0, vi->hdr_len);
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr->csum_start = skb->csum_start - skb_headroom(skb);
		hdr->csum_offset = skb->csum_offset;
	}
	if (shinfo->gso_size) {
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		if (shinfo->gso_type & SKB_GSO_TCP_ECN)
			hdr->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		hdr->gso_size = shinfo->gso_size;
		/*
		 * A hint of how many bytes the device should read first.  It must not be less than
		 * the length of all headers (5.1.6.2.1).
		 */
		hdr->hdr_len = skb_headlen(skb);
	}
}

/*
 * Returns true if the virtio header may be written in front of the packet: there is unshared
 * headroom, the header is aligned there, and the device accepts header and data in one descriptor.
 */
static bool virtnet_can_push(const struct virtnet_info *vi, const struct sk_buff *skb)
{
	return skb_headroom(skb) >= vi->hdr_len && !skb_header_cloned(skb) &&
	       !((uintptr_t)skb->data % _Alignof(struct virtio_net_hdr)) && !vi->header_apart;
}

static int virtnet_tx_add(struct virtnet_info *vi, struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct vq_sg sg[VIRTNET_TX_SG];
	struct virtio_net_hdr *hdr;
	unsigned int n = 0;

	if (virtnet_can_push(vi, skb)) {
		hdr = (struct virtio_net_hdr *)(skb->data - vi->hdr_len);
		sg[n++] = (struct vq_sg){hdr, vi->hdr_len + skb_headlen(skb)};
	} else {
		/*
		 * virtqueue_add() begins the chain at descriptor free_head, so no other chain uses
		 * the header with that number.
		 */
		hdr = &vi->tx_hdrs[vi->tx->num_free ? vi->tx->free_head : 0];
		sg[n++] = (struct vq_sg){hdr, vi->hdr_len};
		sg[n++] = (struct vq_sg){skb->data, skb_headlen(skb)};
	}
	for (unsigned int i = 0; i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		sg[n++] = (struct vq_sg){skb_frag_address(frag), frag->size};
	}
	if (unlikely(n > vi->tx->num_free))
		return -ENOSPC;
	virtnet_fill_hdr(vi, hdr, skb);
	return virtqueue_add(vi->tx, sg, n, 0, skb);
}

netdev_tx_t virtnet_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct virtnet_info *vi = dev->priv;
	bool more = skb->xmit_more;
	struct sk_buff_head done;
	int err = 0;

	lockdep_assert_held(&dev->tx_lock);
	__skb_queue_head_init(&done);
	virtnet_tx_reap(vi, &done);

	if (unlikely(skb_shinfo(skb)->frag_list || skb_shinfo(skb)->nr_frags + 2 > vi->tx_need))
		err = skb_linearize(skb);
	if (likely(!err))
		err = virtnet_tx_add(vi, skb);
	if (unlikely(err)) {
		dev->stats.tx_errors++;
		dev->stats.tx_dropped++;
		kfree_skb_reason(skb,
				 err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_TX_ERROR);
		/*
		 * If the queue broke because the device reported impossible completions, the poll
		 * shuts the device down.
		 */
		if (vi->tx->broken && !vi->failed)
			napi_schedule(&vi->napi);
	}

	if (vi->tx->num_free < vi->tx_need) {
		netif_stop_queue(dev);
		pr_debug("%s: transmit ring full, %u descriptors free", dev->name,
			 vi->tx->num_free);
	}
	if (!more || netif_queue_stopped(dev)) {
		virtqueue_kick(vi->tx);
		/*
		 * Reap after the notification: a device that sends at once has then already
		 * completed the packet, and will not interrupt for it.
		 */
		virtnet_tx_complete(vi, &done);
	}
	__skb_queue_purge(&done);
	return NETDEV_TX_OK;
}

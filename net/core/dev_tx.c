/* SPDX-License-Identifier: MIT */
/*
 * The last steps of a sent packet: work that the device cannot do is done in software; then the
 * packet goes into the device's ring, or, if that is full, into the queue txq.
 *
 * Callers: neigh_output, ip_output, arp_send -> dev_queue_xmit (process or softirq) ->
 * ndo_start_xmit; a driver's completion -> netif_wake_queue -> NET_TX softirq -> net_tx_action;
 * TCP, whose packets fill the device -> dev_tx_await -> ndo_tx_await.
 * Locks: dev->tx_lock, taken with softirqs off, protects txq and is held around ndo_start_xmit.
 *
 * Packets leave in the order in which they came: while txq is not empty, new packets join its end.
 * Compare the transmit part of Linux's net/core/dev.c, and sch_fifo.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/cpu.h"
#include "kernel/time/softirq.h"
#include "net/core/errqueue.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

/* Packets that net_tx_action() sends from one device before it continues with the next device. */
#define NET_TX_QUOTA 64

/* ---- doing in software what the device cannot do ----------------------------------------------- */

static bool dev_takes_gso(const struct sk_buff *skb, const struct net_device *dev)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!(dev->features & NETIF_F_TSO) || !(shinfo->gso_type & SKB_GSO_TCPV4))
		return false;
	if ((shinfo->gso_type & SKB_GSO_TCP_ECN) && !(dev->features & NETIF_F_TSO_ECN))
		return false;
	if (skb_is_nonlinear(skb) && !(dev->features & NETIF_F_SG))
		return false;
	/*
	 * A device that segments also computes each segment's checksum. It can do so only if the
	 * packet's checksum is still to be computed (CHECKSUM_PARTIAL).
	 */
	return skb->ip_summed == CHECKSUM_PARTIAL && shinfo->gso_segs <= dev->gso_max_segs;
}

/*
 * Returns a list, linked by ->next, of packets that @dev can send as they are, or an ERR_PTR. Takes
 * @skb in both cases.
 */
static struct sk_buff *validate_xmit_skb(struct sk_buff *skb, struct net_device *dev)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_NOMEM;
	int err;

	skb->next = NULL;
	if (skb_is_gso(skb)) {
		struct sk_buff *segs;

		if (dev_takes_gso(skb, dev))
			return skb;
		segs = skb_segment(skb);
		if (IS_ERR(segs)) {
			err = PTR_ERR(segs);
			if (err != -ENOMEM)
				reason = SKB_DROP_REASON_TX_ERROR;
			goto drop;
		}
		consume_skb(skb);
		return segs;
	}
	if (skb_is_nonlinear(skb) &&
	    (!(dev->features & NETIF_F_SG) || skb_shinfo(skb)->frag_list)) {
		err = skb_linearize(skb);
		if (err)
			goto drop;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL && !(dev->features & NETIF_F_HW_CSUM)) {
		err = skb_checksum_help(skb);
		if (err) {
			if (err != -ENOMEM)
				reason = SKB_DROP_REASON_TX_ERROR;
			goto drop;
		}
	}
	return skb;

drop:
	dev->stats.tx_dropped++;
	kfree_skb_reason(skb, reason);
	return ERR_PTR(err == -ENOMEM ? -ENOBUFS : err);
}

/* ---- passing packets to the driver ------------------------------------------------------------ */

/*
 * Passes one packet to the driver. Returns false if the driver refused it; the caller then still
 * owns it.
 */
static bool xmit_one(struct sk_buff *skb, struct net_device *dev, bool more)
{
	skb->next = NULL;
	skb->xmit_more = more;
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SW_TSTAMP))
		__skb_tstamp_tx(skb, skb->sk, SCM_TSTAMP_SND);
	return dev->netdev_ops->ndo_start_xmit(skb, dev) == NETDEV_TX_OK;
}

/* Sends packets from txq until it is empty, the ring is full or @quota packets were sent. */
static void txq_run(struct net_device *dev, int quota)
{
	lockdep_assert_held(&dev->tx_lock);
	while (quota-- > 0 && !dev->tx_stopped) {
		struct sk_buff *skb = __skb_dequeue(&dev->txq);
		unsigned int truesize;

		if (!skb)
			return;
		truesize = skb->truesize;
		/*
		 * The driver may postpone the doorbell only if this loop will pass it another
		 * packet.
		 */
		if (!xmit_one(skb, dev, quota > 0 && !skb_queue_empty(&dev->txq))) {
			__skb_queue_head(&dev->txq, skb);
			WARN_ON(!dev->tx_stopped);
			return;
		}
		dev->txq_truesize -= truesize;
	}
}

/*
 * A queued packet occupies memory even after its socket was reset and no longer accounts for it. So
 * the queue is limited not only in packets but also in bytes of truesize: on a small machine 1,000
 * large packets would take all memory.
 */
static bool txq_is_full(const struct net_device *dev)
{
	return dev->txq.qlen >= NETDEV_TX_QUEUE_LEN || dev->txq_truesize > dev->txq_limit;
}

int dev_queue_xmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct sk_buff *next;

	WARN_ON(in_irq());
	if (unlikely(!(dev->flags & IFF_UP))) {
		dev->stats.tx_dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
		return -ENETDOWN;
	}
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SCHED_TSTAMP))
		__skb_tstamp_tx(skb, skb->sk, SCM_TSTAMP_SCHED);
	skb = validate_xmit_skb(skb, dev);
	if (IS_ERR(skb))
		return PTR_ERR(skb);

	spin_lock_bh(&dev->tx_lock);
	/*
	 * Queue or drop all segments of one packet together, because TCP takes an error to mean
	 * that no part of the packet was sent. So the queue may exceed its limit by the segments of
	 * one packet.
	 */
	if (unlikely(dev->txq.qlen)) {
		/*
		 * The ring may have space again although packets still wait in txq. Without this
		 * call only NET_TX_SOFTIRQ would refill the ring, at most once while NET_RX answers
		 * NETDEV_BUDGET packets; under a flood the ring would be idle and txq full.
		 */
		txq_run(dev, NET_TX_QUOTA);
		if (txq_is_full(dev))
			goto full;
	}
	for (; skb; skb = next) {
		next = skb->next;
		if (dev->tx_stopped || !skb_queue_empty(&dev->txq) || !xmit_one(skb, dev, next)) {
			__skb_queue_tail(&dev->txq, skb);
			dev->txq_truesize += skb->truesize;
		}
	}
	spin_unlock_bh(&dev->tx_lock);
	return 0;

full:
	for (next = skb; next; next = next->next)
		dev->stats.tx_dropped++;
	spin_unlock_bh(&dev->tx_lock);
	kfree_skb_list_reason(skb, SKB_DROP_REASON_QDISC_DROP);
	return -ENOBUFS;
}

/* ---- completions ------------------------------------------------------------------------------ */

void dev_tx_await(void)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if (dev->netdev_ops->ndo_tx_await)
			dev->netdev_ops->ndo_tx_await(dev);
	}
}

/* ---- stopping and restarting the queue -------------------------------------------------------- */

void netif_stop_queue(struct net_device *dev)
{
	WRITE_ONCE(dev->tx_stopped, true);
}

static void netif_schedule(struct net_device *dev)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags;

	spin_lock_irqsave(&sd->lock, flags);
	if (list_empty(&dev->tx_wait)) {
		list_add_tail(&dev->tx_wait, &sd->tx_list);
		raise_softirq_irqoff(NET_TX_SOFTIRQ);
	}
	spin_unlock_irqrestore(&sd->lock, flags);
}

void netif_wake_queue(struct net_device *dev)
{
	if (!netif_queue_stopped(dev))
		return;
	WRITE_ONCE(dev->tx_stopped, false);
	/*
	 * Schedule even if txq is empty now: a dev_queue_xmit() that saw tx_stopped may be about to
	 * queue its packet.
	 */
	netif_schedule(dev);
}

void net_tx_action(void)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags;
	LIST_HEAD(list);

	spin_lock_irqsave(&sd->lock, flags);
	list_splice_tail_init(&sd->tx_list, &list);
	spin_unlock_irqrestore(&sd->lock, flags);

	for (;;) {
		struct net_device *dev = NULL;
		bool more;

		/*
		 * Take the lock for each device, because dev_close() may remove a device from this
		 * list at any time.
		 */
		spin_lock_irqsave(&sd->lock, flags);
		dev = list_first_entry_or_null(&list, struct net_device, tx_wait);
		if (dev)
			list_del_init(&dev->tx_wait);
		spin_unlock_irqrestore(&sd->lock, flags);
		if (!dev)
			return;

		spin_lock_bh(&dev->tx_lock);
		txq_run(dev, NET_TX_QUOTA);
		more = !dev->tx_stopped && !skb_queue_empty(&dev->txq);
		spin_unlock_bh(&dev->tx_lock);
		if (more)
			netif_schedule(dev);
	}
}

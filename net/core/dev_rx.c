/* SPDX-License-Identifier: MIT */
/*
 * The first steps of a received packet: from a device to the handler of its EtherType.
 *
 * A device's packet: napi_gro_receive -> netif_receive_skb (softirq). A loopback packet: netif_rx
 * (any context) -> input_pkt_queue -> process_backlog (softirq) -> netif_receive_skb. Locks: each
 * CPU has its own input queue, whose lock is taken with interrupts off. The list of packet types is
 * filled at boot and then read without a lock. Compare Linux's net/core/dev.c, the receive part.
 */
#include "kernel/lib/bug.h"
#include "kernel/sched/cpu.h"
#include "kernel/time/softirq.h"
#include "kernel/time/wallclock.h"
#include "net/core/netdevice.h"

static LIST_HEAD(packet_types);

/* A socket asked for the time of received packets. It stays set: reading the clock costs little. */
static bool netstamp_needed;

void net_enable_timestamp(void)
{
	WRITE_ONCE(netstamp_needed, true);
}

void dev_add_pack(struct packet_type *pt)
{
	list_add_tail(&pt->list, &packet_types);
}

/* ---- queueing loopback packets for softirq ---------------------------------------------------- */

int netif_rx(struct sk_buff *skb)
{
	struct softnet_data *sd = this_cpu()->softnet;
	struct sk_buff_head *q = &sd->input_pkt_queue;
	unsigned long flags;
	bool first, full;

	spin_lock_irqsave(&q->lock, flags);
	first = skb_queue_empty(q);
	full = q->qlen >= (u32)netdev_max_backlog;
	if (!full)
		__skb_queue_tail(q, skb);
	spin_unlock_irqrestore(&q->lock, flags);
	if (unlikely(full)) {
		sd->dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
		return NET_RX_DROP;
	}
	/*
	 * A non-empty queue means that a poll is scheduled already; it will find this packet too.
	 */
	if (first)
		napi_schedule(&sd->backlog);
	return NET_RX_SUCCESS;
}

int process_backlog(struct napi_struct *napi, int budget)
{
	struct softnet_data *sd = container_of(napi, struct softnet_data, backlog);
	unsigned long flags;
	int work = 0;

	while (work < budget) {
		struct sk_buff *skb = __skb_dequeue(&sd->process_queue);

		if (skb) {
			netif_receive_skb(skb);
			work++;
			continue;
		}
		spin_lock_irqsave(&sd->input_pkt_queue.lock, flags);
		if (skb_queue_empty(&sd->input_pkt_queue)) {
			/*
			 * The queue is empty: clear SCHED before interrupts are enabled, so that
			 * the next netif_rx() finds the queue empty and schedules a new poll. If
			 * MISSED is set, netif_rx() set it for a packet that this poll has
			 * processed already, so clear MISSED too.
			 */
			clear_bit(NAPI_STATE_MISSED, &napi->state);
			clear_bit(NAPI_STATE_SCHED, &napi->state);
			spin_unlock_irqrestore(&sd->input_pkt_queue.lock, flags);
			break;
		}
		skb_queue_splice_tail_init(&sd->input_pkt_queue, &sd->process_queue);
		spin_unlock_irqrestore(&sd->input_pkt_queue.lock, flags);
	}
	return work;
}

/* ---- passing a packet to its protocol --------------------------------------------------------- */

/*
 * Calls the handler of @skb's EtherType. Returns its result, or a drop reason if there is no
 * handler.
 */
static enum skb_drop_reason deliver_skb(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct packet_type *pt;

	WARN_ON(!in_softirq());
	this_cpu()->softnet->processed++;
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	if (unlikely(!(dev->flags & IFF_UP))) {
		dev->stats.rx_dropped++;
		return SKB_DROP_REASON_DEV_DOWN;
	}
	list_for_each_entry(pt, &packet_types, list) {
		if (pt->type == skb->protocol)
			return pt->func(skb, dev, pt);
	}
	return SKB_DROP_REASON_UNHANDLED_PROTO;
}

/*
 * If the handler returns a drop reason, the packet still belongs to this function, which frees and
 * counts it (net/core/dropreason.h).
 */
noinline void netif_receive_skb(struct sk_buff *skb)
{
	enum skb_drop_reason reason;

	if (unlikely(READ_ONCE(netstamp_needed)))
		skb->skb_mstamp = ktime_get_real_ns();
	reason = deliver_skb(skb);
	if (unlikely(reason))
		kfree_skb_reason(skb, reason);
}

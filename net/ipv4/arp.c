/* SPDX-License-Identifier: MIT */
/*
 * ARP: sends requests for the link address of an IPv4 address, replies, and announcements of our
 * own addresses; handles received messages.
 *
 * Callers: netif_receive_skb -> arp_rcv (softirq); neighbour.c -> arp_solicit, arp_error_report
 * (softirq or process); devinet.c -> arp_announce. No lock of its own: neighbour.c locks the table
 * and its entries. RFC 826, whose order of steps arp_rcv() follows; RFC 5227 (announcements,
 * conflicts). Compare Linux's net/ipv4/arp.c.
 */
#define LOG_SOURCE arp_log
#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/printk.h"
#include "net/core/eth.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

static DEFINE_LOG_SOURCE(arp_log, "arp");

/* ---- sending ---------------------------------------------------------------------------------- */

void arp_send(u16 op, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dest_hw,
	      const u8 *target_hw)
{
	struct sk_buff *skb;
	struct arphdr *arp;

	if (dev->flags & IFF_NOARP || !dev->header_ops)
		return;
	skb = alloc_skb(NET_SKB_PAD + dev->hard_header_len + sizeof(*arp), GFP_ATOMIC);
	if (!skb) {
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		return;
	}
	skb_reserve(skb, NET_SKB_PAD + dev->hard_header_len);
	skb_reset_network_header(skb);
	skb->dev = dev;
	skb->protocol = HTONS_CONST(ETH_P_ARP);

	arp = skb_put(skb, sizeof(*arp));
	arp->ar_hrd = HTONS_CONST(ARPHRD_ETHER);
	arp->ar_pro = HTONS_CONST(ETH_P_IP);
	arp->ar_hln = ETH_ALEN;
	arp->ar_pln = 4;
	arp->ar_op = htons(op);
	memcpy(arp->ar_sha, dev->dev_addr, ETH_ALEN);
	memcpy(arp->ar_sip, &src_ip, 4);
	if (target_hw)
		memcpy(arp->ar_tha, target_hw, ETH_ALEN);
	else
		memset(arp->ar_tha, 0, ETH_ALEN);
	memcpy(arp->ar_tip, &dest_ip, 4);

	if (dev->header_ops->create(skb, dev, ETH_P_ARP, dest_hw, NULL) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	pr_debug("out %s: %pI4 is at %pM, %s %pI4", dev->name, &src_ip, dev->dev_addr,
		 op == ARPOP_REQUEST ? "asks for" : "tells", &dest_ip);
	dev_queue_xmit(skb);
}

void arp_announce(struct net_device *dev, __be32 addr)
{
	/*
	 * An announcement is a request for our own address. No host answers it, but hosts that have
	 * an entry for the address update that entry.
	 */
	arp_send(ARPOP_REQUEST, addr, dev, addr, NULL, NULL);
}

static void arp_solicit(struct neighbour *neigh, bool unicast)
{
	__be32 src = inet_select_addr(neigh->dev, neigh->primary_key);
	u64 ha = READ_ONCE(neigh->ha);

	/*
	 * Without a source address do not send the request: RFC 5227 defines a request with source
	 * zero as an address probe.
	 */
	if (src)
		arp_send(ARPOP_REQUEST, neigh->primary_key, neigh->dev, src,
			 unicast ? (const u8 *)&ha : NULL, NULL);
}

static void arp_error_report(struct neighbour *neigh, struct sk_buff *skb)
{
	icmp_link_failure(skb);
}

struct neigh_table arp_tbl = {
	.name = "neighbour",
	.solicit = arp_solicit,
	.error_report = arp_error_report,
};

/* ---- receiving -------------------------------------------------------------------------------- */

/* The fields of a checked ARP message; addresses in network byte order. */
struct arp_message {
	u16 op;
	bool request;
	__be32 sip, tip;
	u8 sha[ETH_ALEN];
};

/*
 * Copies the fields of a message to @msg. Returns false if the message is too short, or not for
 * Ethernet and IPv4.
 */
static bool arp_parse(struct sk_buff *skb, struct arp_message *msg)
{
	const struct arphdr *arp;

	if (!pskb_may_pull(skb, sizeof(*arp)))
		return false;
	arp = (const struct arphdr *)skb->data;
	if (arp->ar_hrd != HTONS_CONST(ARPHRD_ETHER) || arp->ar_pro != HTONS_CONST(ETH_P_IP) ||
	    arp->ar_hln != ETH_ALEN || arp->ar_pln != 4)
		return false;
	msg->op = ntohs(arp->ar_op);
	msg->request = msg->op == ARPOP_REQUEST;
	memcpy(&msg->sip, arp->ar_sip, 4);
	memcpy(&msg->tip, arp->ar_tip, 4);
	memcpy(msg->sha, arp->ar_sha, ETH_ALEN);
	return true;
}

/* Returns false if an address in the message is impossible for a host on this network. */
static bool arp_plausible(const struct net_device *dev, const struct arp_message *msg)
{
	if (is_multicast_ether_addr(msg->sha)) /* a group address cannot be a sender's */
		return false;
	if (ipv4_is_multicast(msg->sip) || ipv4_is_loopback(msg->sip) || ipv4_is_lbcast(msg->sip) ||
	    ipv4_is_multicast(msg->tip) || ipv4_is_loopback(msg->tip))
		return false;
	return !msg->sip || !inet_addr_is_broadcast(dev, msg->sip);
}

/*
 * The sender of @msg uses our address. RFC 5227 2.4 (c), for a host that keeps its address: "If the
 * host has not seen any other conflicting ARP packets recently, within the last DEFEND_INTERVAL
 * seconds, then it MUST record the time that the conflicting ARP packet was received, and then
 * broadcast one single ARP Announcement".
 */
static enum skb_drop_reason arp_conflict(struct net_device *dev, const struct arp_message *msg)
{
	unsigned long *last = &dev->ip_ptr->defended;

	if (!memcmp(msg->sha, dev->dev_addr, ETH_ALEN))
		return SKB_DROP_REASON_ARP_IGNORED; /* our own message, which came back */
	if (!*last || time_after_eq(jiffies, *last + msecs_to_jiffies(ARP_DEFEND_MS))) {
		*last = jiffies | 1;
		pr_warn("%s: %pM uses our address %pI4 too; we keep the address\n", dev->name,
			msg->sha, &msg->sip);
		arp_announce(dev, msg->sip);
	}
	return SKB_DROP_REASON_ARP_CONFLICT;
}

/*
 * The "merge" step of RFC 826: updates the neighbour entry of the sender. Returns ARP_IGNORED if
 * the sender has no entry, ARP_CONFLICT if its entry has another link address.
 */
static enum skb_drop_reason arp_merge(struct sk_buff *skb, struct net_device *dev,
				      const struct arp_message *msg, bool for_us)
{
	struct neighbour *neigh;
	bool sure, learnt;

	if (!msg->sip) /* an address probe: the sender has no address yet (RFC 5227) */
		return SKB_DROP_REASON_ARP_IGNORED;
	/*
	 * Only a request for our own address creates an entry; otherwise a peer could fill the
	 * table with unsolicited replies.
	 */
	if (msg->request && for_us && ip_route_onlink(dev, msg->sip))
		neigh = neigh_create(&arp_tbl, msg->sip, dev);
	else
		neigh = neigh_lookup(&arp_tbl, msg->sip, dev);
	if (!neigh)
		return SKB_DROP_REASON_ARP_IGNORED;
	/* Only a reply that was sent to us alone proves that the neighbour is reachable. */
	sure = !msg->request && skb->pkt_type == PACKET_HOST;
	learnt = neigh_update(neigh, msg->sha, sure ? NUD_REACHABLE : NUD_STALE);
	neigh_release(neigh);
	return learnt ? SKB_NOT_DROPPED_YET : SKB_DROP_REASON_ARP_CONFLICT;
}

static enum skb_drop_reason arp_rcv(struct sk_buff *skb, struct net_device *dev,
				    struct packet_type *pt)
{
	enum skb_drop_reason reason;
	struct arp_message msg;
	bool for_us;

	if (dev->flags & IFF_NOARP)
		return SKB_DROP_REASON_ARP_IGNORED;
	if (skb->pkt_type == PACKET_OTHERHOST)
		return SKB_DROP_REASON_OTHERHOST;
	if (!arp_parse(skb, &msg))
		return SKB_DROP_REASON_ARP_MALFORMED;
	if ((msg.op != ARPOP_REQUEST && msg.op != ARPOP_REPLY) || !arp_plausible(dev, &msg))
		return SKB_DROP_REASON_ARP_IGNORED;
	pr_debug("in  %s: %pI4 is at %pM, %s %pI4", dev->name, &msg.sip, msg.sha,
		 msg.request ? "asks for" : "tells", &msg.tip);
	if (dhcp_arp(dev, msg.sha, msg.sip, msg.tip))
		return SKB_DROP_REASON_ARP_CONFLICT;
	if (inet_addr_is_ours(dev, msg.sip))
		return arp_conflict(dev, &msg);
	for_us = inet_addr_is_ours(dev, msg.tip);
	reason = arp_merge(skb, dev, &msg, for_us);
	if (for_us && msg.request) {
		arp_send(ARPOP_REPLY, msg.sip, dev, msg.tip, msg.sha, msg.sha);
		if (reason == SKB_DROP_REASON_ARP_IGNORED)
			reason = SKB_CONSUMED;
	}
	if (!reason)
		consume_skb(skb);
	return reason;
}

/* ---- /proc/net/arp ---------------------------------------------------------------------------- */

#define ATF_COM  0x02
#define ATF_PERM 0x04

static void arp_show_one(struct seq_file *m, const struct neighbour *neigh)
{
	unsigned int flags = 0;
	char ip[16], hw[18];
	u64 ha = READ_ONCE(neigh->ha);

	if (neigh->nud_state & NUD_PERMANENT)
		flags = ATF_PERM | ATF_COM;
	else if (neigh->nud_state & NUD_VALID)
		flags = ATF_COM;
	snprintf(ip, sizeof(ip), "%pI4", &neigh->primary_key);
	snprintf(hw, sizeof(hw), "%pM", (const u8 *)&ha);
	seq_printf(m, "%-16s 0x%-10x0x%-10x%s     *        %s\n", ip, ARPHRD_ETHER, flags, hw,
		   neigh->dev->name);
}

static int arp_show(struct seq_file *m)
{
	struct neighbour *neigh;

	seq_puts(
		m,
		"IP address       HW type     Flags       HW address            Mask     Device\n");
	spin_lock_bh(&arp_tbl.lock);
	list_for_each_entry(neigh, &arp_tbl.lru, lru) {
		if (!(neigh->nud_state & NUD_NOARP))
			arp_show_one(m, neigh);
	}
	spin_unlock_bh(&arp_tbl.lock);
	return 0;
}

void arp_init(void)
{
	static struct packet_type arp_packet_type = {
		.type = HTONS_CONST(ETH_P_ARP),
		.func = arp_rcv,
	};
	static const struct proc_entry entries[] = {
		{"net/arp", arp_show},
	};

	log_register(&arp_log);
	neigh_table_init(&arp_tbl);
	dev_add_pack(&arp_packet_type);
	proc_register(entries, ARRAY_SIZE(entries));
}

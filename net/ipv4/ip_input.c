/* SPDX-License-Identifier: MIT */
/*
 * IPv4 input.
 *
 *   netif_receive_skb -> ip_rcv -> ip_rcv_finish -> ip_local_deliver -> ip_local_deliver_finish
 *     -> net_protocol's handler (tcp_v4_rcv, icmp_rcv, igmp_rcv)
 *   a fragment: ip_local_deliver -> ip_defrag (ip_fragment.c), then as above with the datagram
 *
 * Softirq, no lock. The functions follow the contract of net/core/dropreason.h: they return a drop
 * reason, and netif_receive_skb() frees the packet. RFC 791, RFC 1122 3.2. Compare Linux's
 * net/ipv4/ip_input.c.
 */
#define LOG_SOURCE ip_log
#include "kernel/lib/bug.h"
#include "kernel/printk.h"
#include "kernel/ratelimit.h"
#include "net/core/checksum.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/inet/inet_ecn.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/ipconfig.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"

DEFINE_LOG_SOURCE(ip_log, "ip");

noinline void ip_log_packet(const char *direction, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	__be32 saddr = iph->saddr, daddr = iph->daddr;

	pr_debug("%s %pI4 > %pI4, protocol %u, %u bytes", direction, &saddr, &daddr, iph->protocol,
		 skb->len);
}

/* Counts a packet whose header ip_header_check() refuses. */
static noinline void ip_count_error(enum skb_drop_reason reason)
{
	if (reason == SKB_DROP_REASON_NOMEM) {
		snmp_inc(SNMP_IpInDiscards);
		return;
	}
	if (reason == SKB_DROP_REASON_PKT_TOO_SMALL) {
		snmp_inc(SNMP_IpExtInTruncatedPkts);
		return;
	}
	if (reason == SKB_DROP_REASON_IP_CSUM)
		snmp_inc(SNMP_IpExtInCsumErrors);
	snmp_inc(SNMP_IpInHdrErrors);
}

/* Moves the IP header into the linear part and checks it. */
static enum skb_drop_reason ip_header_check(struct sk_buff *skb)
{
	const struct iphdr *iph;
	unsigned int len, hdrlen;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return SKB_DROP_REASON_IP_INHDR;
	iph = (const struct iphdr *)skb->data;
	hdrlen = iph->ihl * 4;
	if (iph->version != 4 || hdrlen < sizeof(*iph) || !pskb_may_pull(skb, hdrlen))
		return SKB_DROP_REASON_IP_INHDR;
	iph = (const struct iphdr *)skb->data;
	if (unlikely(ip_fast_csum(iph, iph->ihl)))
		return SKB_DROP_REASON_IP_CSUM;
	len = ntohs(iph->tot_len);
	if (len < hdrlen)
		return SKB_DROP_REASON_IP_INHDR;
	if (skb->len < len)
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	/* Ethernet pads short frames, so remove the bytes after the end of the datagram. */
	if (pskb_trim(skb, len))
		return SKB_DROP_REASON_NOMEM;
	return SKB_NOT_DROPPED_YET;
}

/* Passes the packet to the transport of its protocol number, with skb->data after the IP header. */
static enum skb_drop_reason ip_local_deliver_finish(struct sk_buff *skb)
{
	const struct net_protocol *prot = inet_protocol(ip_hdr(skb)->protocol);
	bool raw = raw_local_deliver(skb);

	if (unlikely(!prot)) {
		/* RFC 1122 3.2.2.1: "protocol unreachable" is for a protocol that no socket supports. */
		if (raw) {
			snmp_inc(SNMP_IpInDelivers);
			consume_skb(skb);
			return SKB_CONSUMED;
		}
		snmp_inc(SNMP_IpInUnknownProtos);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
		return SKB_DROP_REASON_IP_NOPROTO;
	}
	snmp_inc(SNMP_IpInDelivers);
	__skb_pull(skb, ip_hdrlen(skb));
	skb_reset_transport_header(skb);
	return prot->handler(skb);
}

/* Delivers the datagram that the fragment @skb completes, if it does. */
static noinline enum skb_drop_reason ip_local_deliver_fragment(struct sk_buff *skb)
{
	struct sk_buff *whole;
	enum skb_drop_reason reason = ip_defrag(skb, &whole);

	if (!whole)
		return reason;
	reason = ip_local_deliver_finish(whole);
	/* netif_receive_skb() only knows @skb, which has become a part of @whole. */
	if (reason)
		kfree_skb_reason(whole, reason);
	return SKB_CONSUMED;
}

enum skb_drop_reason ip_local_deliver(struct sk_buff *skb)
{
	if (unlikely(ip_is_fragment(ip_hdr(skb))))
		return ip_local_deliver_fragment(skb);
	return ip_local_deliver_finish(skb);
}

/* Returns this host's address that the sender of @skb reached. */
static __be32 ip_received_at(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	return rt->rt_type == RTN_LOCAL ? ip_hdr(skb)->daddr
					: inet_select_addr(skb->dev, ip_hdr(skb)->saddr);
}

/*
 * Checks the options, and adds this host to a record route and a timestamp option (RFC 1122 3.2.1.8). If
 * an option is invalid or refused, sends an ICMP error and returns a drop reason.
 */
static enum skb_drop_reason ip_rcv_options(struct sk_buff *skb)
{
	unsigned int optlen = ip_hdrlen(skb) - sizeof(struct iphdr), bad;

	if (likely(!optlen))
		return SKB_NOT_DROPPED_YET;
	bad = ip_options_check((const u8 *)(ip_hdr(skb) + 1), optlen);
	if (!bad) {
		if (skb_unclone(skb, GFP_ATOMIC))
			return SKB_DROP_REASON_NOMEM;
		ip_options_record((u8 *)(ip_hdr(skb) + 1), optlen, ip_received_at(skb), true);
		return SKB_NOT_DROPPED_YET;
	}
	snmp_inc(SNMP_IpInHdrErrors);
	icmp_send(skb, ICMP_PARAMETERPROB, 0, htonl(bad << 24));
	return SKB_DROP_REASON_IP_OPTIONS;
}

/* Counts a datagram that has reached its group. */
static void ip_count_group(const struct sk_buff *skb)
{
	bool mcast = skb_rtable(skb)->rt_type == RTN_MULTICAST;

	snmp_inc(mcast ? SNMP_IpExtInMcastPkts : SNMP_IpExtInBcastPkts);
	snmp_add(mcast ? SNMP_IpExtInMcastOctets : SNMP_IpExtInBcastOctets, skb->len);
}

/* Logs a packet with an impossible address, if the sysctl log_martians asks for that. */
static noinline void ip_log_martian(const struct sk_buff *skb, const struct net_device *dev)
{
	static struct ratelimit limit;
	__be32 saddr = ip_hdr(skb)->saddr, daddr = ip_hdr(skb)->daddr;

	if (sysctl_log_martians && ratelimit_allows(&limit, "IPv4"))
		pr_warn("%s: martian packet from %pI4 to %pI4\n", dev->name, &saddr, &daddr);
}

static enum skb_drop_reason ip_rcv_finish(struct sk_buff *skb, struct net_device *dev)
{
	const struct iphdr *iph = ip_hdr(skb);
	/*
	 * Look up the route also for packets that this host sent to itself: loopback_xmit() has
	 * dropped their output route.
	 */
	enum skb_drop_reason reason = SKB_NOT_DROPPED_YET;

	if (likely(!skb->dst)) /* else ip_loop_copy() has set it */
		reason = ip_route_input(skb, iph->daddr, iph->saddr, dev);

	/* Multicast of groups that no socket joined is ordinary: a card may receive all of it. */
	if (reason == SKB_DROP_REASON_IP_NOGROUP)
		return reason;
	if (unlikely(reason)) {
		snmp_inc(SNMP_IpInAddrErrors);
		if (reason == SKB_DROP_REASON_IP_INADDRERRORS)
			ip_log_martian(skb, dev);
		return reason;
	}
	reason = ip_rcv_options(skb);
	if (unlikely(reason))
		return reason;
	if (unlikely(skb_rtable(skb)->rt_type != RTN_LOCAL))
		ip_count_group(skb);
	return ip_local_deliver(skb);
}

enum skb_drop_reason ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt)
{
	static const enum snmp_counter ecn_counters[] = {
		[INET_ECN_NOT_ECT] = SNMP_IpExtInNoECTPkts,
		[INET_ECN_ECT_1] = SNMP_IpExtInECT1Pkts,
		[INET_ECN_ECT_0] = SNMP_IpExtInECT0Pkts,
		[INET_ECN_CE] = SNMP_IpExtInCEPkts,
	};
	enum skb_drop_reason reason;
	unsigned int segs;

	/*
	 * A device in promiscuous mode receives frames for other hosts too. Drop them here, before
	 * they count as received.
	 */
	if (unlikely(skb->pkt_type == PACKET_OTHERHOST))
		return SKB_DROP_REASON_OTHERHOST;
	/*
	 * Count packets as they were on the wire: a merged packet counts once for each of its
	 * segments.
	 */
	segs = max_t(u16, skb_shinfo(skb)->gso_segs, 1);
	snmp_add(SNMP_IpInReceives, segs);
	snmp_add(SNMP_IpExtInOctets, skb->len);
	reason = ip_header_check(skb);
	if (unlikely(reason)) {
		ip_count_error(reason);
		return reason;
	}
	skb_reset_network_header(skb);
	snmp_add(ecn_counters[ip_hdr(skb)->tos & INET_ECN_MASK], segs);
	skb->transport_header = skb->network_header + ip_hdrlen(skb);
	memset(skb->cb, 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->iif = dev->ifindex;
	skb_orphan(skb);
	if (pr_debug_on())
		ip_log_packet("in ", skb);
	return ip_rcv_finish(skb, dev);
}

void ip_init(void)
{
	static struct packet_type ip_packet_type = {
		.type = HTONS_CONST(ETH_P_IP),
		.func = ip_rcv,
	};

	log_register(&ip_log);
	sysctl_ipv4_init();
	ip_rt_init();
	ip_output_init();
	ipfrag_init();
	arp_init();
	icmp_init();
	igmp_init();
	devinet_init();
	dhcp_init();
	ip_config_init();
	dev_add_pack(&ip_packet_type);
	tcp_offload_init();
}

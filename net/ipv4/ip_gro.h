/* SPDX-License-Identifier: MIT */
/*
 * Functions that the GRO of TCP and that of UDP share: which IPv4 packets may be merged, and how their
 * headers are compared and corrected. Only tcp_offload.c and udp_offload.c include this file.
 * Softirq; skb->data is at the IP header, and no other code holds a reference to the packet.
 */
#ifndef NET_IPV4_IP_GRO_H
#define NET_IPV4_IP_GRO_H

#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/ipv4/ip.h"

#define IP_LEN    sizeof(struct iphdr) /* bytes of a header without options */
#define PORTS_LEN 4 /* bytes of both ports, with which TCP's and UDP's headers begin */

/*
 * Returns true for an unfragmented datagram of @protocol to this host without options or padding and
 * with a correct header checksum. When it returns true, the IP header and @header bytes of the
 * transport header are linear.
 */
static inline bool ip_gro_is_plain(struct sk_buff *skb, u8 protocol, unsigned int header)
{
	const struct iphdr *iph;

	if (skb->pkt_type != PACKET_HOST || skb_is_gso(skb) || skb_shinfo(skb)->frag_list ||
	    !pskb_may_pull(skb, IP_LEN + header))
		return false;
	iph = (const struct iphdr *)skb->data;
	return iph->version == 4 && iph->ihl == IP_LEN / 4 && iph->protocol == protocol &&
	       !(iph->frag_off & htons(IP_MF | IP_OFFSET)) && ntohs(iph->tot_len) == skb->len &&
	       !ip_fast_csum(iph, iph->ihl);
}

/*
 * Verifies the checksum of the transport, unless the device says that it is correct. A packet with
 * a correct checksum is marked, so that the transport need not verify the checksum again. A packet
 * with a wrong one is passed up unmerged, and the transport counts it.
 */
static inline bool ip_gro_sum_is_right(struct sk_buff *skb, u8 protocol)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	unsigned int len = skb->len - IP_LEN;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	if (skb->ip_summed != CHECKSUM_NONE ||
	    csum_tcpudp_magic(iph->saddr, iph->daddr, len, protocol,
			      skb_checksum(skb, IP_LEN, len, 0)))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

/*
 * Returns true if the packet is for this host and has ports. Other packets are passed up at once,
 * before the held packets. That does no harm to a fragment other than the first, which has no
 * ports: its datagram is passed to the transport only when all of its fragments have arrived.
 */
static inline bool ip_gro_has_ports(struct sk_buff *skb, u8 protocol)
{
	const struct iphdr *iph;

	if (skb->pkt_type != PACKET_HOST || !pskb_may_pull(skb, IP_LEN))
		return false;
	iph = (const struct iphdr *)skb->data;
	return iph->version == 4 && iph->ihl >= IP_LEN / 4 && iph->protocol == protocol &&
	       !(iph->frag_off & htons(IP_OFFSET)) && pskb_may_pull(skb, iph->ihl * 4 + PORTS_LEN);
}

/* A held packet has no IP options; @skb may have some, so use the ihl of @skb. */
static inline bool ip_gro_same_flow(const struct sk_buff *held, const struct sk_buff *skb)
{
	const struct iphdr *a = (const struct iphdr *)held->data;
	const struct iphdr *b = (const struct iphdr *)skb->data;

	return a->saddr == b->saddr && a->daddr == b->daddr &&
	       !memcmp(held->data + IP_LEN, skb->data + b->ihl * 4, PORTS_LEN);
}

/* Returns true if the fields of both headers that a program or the transport may see are the same. */
static inline bool ip_gro_same_header(const struct sk_buff *held, const struct sk_buff *skb)
{
	const struct iphdr *a = (const struct iphdr *)held->data;
	const struct iphdr *b = (const struct iphdr *)skb->data;

	return a->tos == b->tos && a->ttl == b->ttl && a->frag_off == b->frag_off;
}

/* Corrects the IP header of a merged packet of @segs segments. */
static inline void ip_gro_complete(struct sk_buff *skb, u16 segs, u16 gso_type)
{
	struct iphdr *iph = (struct iphdr *)skb->data;

	skb_shinfo(skb)->gso_segs = segs;
	skb_shinfo(skb)->gso_type = gso_type;
	iph->tot_len = htons(skb->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * GRO for UDP over IPv4: merges the datagrams of one peer for a socket that asked for that (UDP_GRO).
 *
 * Callers: napi_gro_receive and napi_gro_flush (net/core/gro.c), through struct packet_offload
 * (softirq; no other code holds a reference to the packets, skb->data is at the IP header);
 * setsockopt() and close() -> udp_set_gro_socket (process, sock owned).
 *
 * A program without UDP_GRO expects one datagram from each read, so nothing is merged for it. A read
 * of a merged packet returns the data of several datagrams one after the other; the control message
 * UDP_GRO tells the length of each but the last, which may be shorter. Therefore only datagrams of
 * equal length are merged, and nothing follows a shorter one. Addresses, ports, type of service and
 * time to live must be the same, because a read returns them only once for all merged datagrams.
 * Each datagram must have a correct checksum; a datagram without a checksum is not merged, as in
 * Linux. Compare Linux's net/ipv4/udp_offload.c.
 *
 * Whether a socket wants merged datagrams is decided when a datagram arrives. On one CPU no thread
 * runs before the held packets go up, so the same socket receives them with the same option.
 */
#include "include/uapi/in.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip_gro.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/udp.h"

#define HEADERS (IP_LEN + sizeof(struct udphdr))

/* Sockets that have UDP_GRO: while there are none, a datagram costs no lookup here. */
static atomic_t udp_gro_sockets;

/* State of a datagram that is examined or held for merging, in skb->cb. */
struct udp_gro_cb {
	u16 size; /* bytes of data in the first datagram */
	u16 segs;
};
#define GRO_CB(skb) ((struct udp_gro_cb *)((skb)->cb))

static struct udphdr *udp_header(const struct sk_buff *skb)
{
	return (struct udphdr *)(skb->data + IP_LEN);
}

void udp_set_gro_socket(struct sock *sk, bool on)
{
	sock_owned_by_me(sk);
	if (udp_sk(sk)->gro == on)
		return;
	atomic_add(on ? 1 : -1, &udp_gro_sockets);
	WRITE_ONCE(udp_sk(sk)->gro, on);
}

/*
 * Returns true if the socket that will get the datagram has UDP_GRO. A datagram to a group goes to
 * several sockets, so it is not merged.
 */
static bool udp4_gro_is_wanted(const struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct udphdr *uh = udp_header(skb);
	struct sock *sk;
	bool wanted;

	if (!inet_is_local_addr(iph->daddr))
		return false;
	sk = udp4_lib_lookup(iph->saddr, uh->source, iph->daddr, ntohs(uh->dest),
			     skb->dev->ifindex);
	if (!sk)
		return false;
	wanted = READ_ONCE(udp_sk(sk)->gro);
	sock_put(sk);
	return wanted;
}

static bool udp4_gro_look(struct sk_buff *skb, bool *last)
{
	const struct udphdr *uh;

	if (likely(!atomic_read(&udp_gro_sockets)) ||
	    !ip_gro_is_plain(skb, IPPROTO_UDP, sizeof(*uh)))
		return false;
	uh = udp_header(skb);
	if (!uh->check || skb->len <= HEADERS || ntohs(uh->len) != skb->len - IP_LEN ||
	    !udp4_gro_is_wanted(skb) || !ip_gro_sum_is_right(skb, IPPROTO_UDP))
		return false;
	*GRO_CB(skb) = (struct udp_gro_cb){.size = skb->len - HEADERS, .segs = 1};
	*last = false;
	return true;
}

static bool udp4_gro_has_flow(struct sk_buff *skb)
{
	return atomic_read(&udp_gro_sockets) && ip_gro_has_ports(skb, IPPROTO_UDP);
}

static bool udp4_gro_merge(struct sk_buff *held, struct sk_buff *skb, bool *last)
{
	struct udp_gro_cb *cb = GRO_CB(held);
	unsigned int size = GRO_CB(skb)->size;
	bool stolen;
	int delta;

	if (!ip_gro_same_header(held, skb) || size > cb->size || held->len + size > IP_LEN_MAX)
		return false;
	__skb_pull(skb, HEADERS);
	if (!skb_try_coalesce(held, skb, &stolen, &delta)) {
		__skb_push(skb, HEADERS);
		return false;
	}
	skb_shinfo(held)->gso_size = cb->size;
	cb->segs++;
	*last = size < cb->size || cb->segs == UDP_GRO_CNT_MAX;
	kfree_skb_partial(skb, stolen);
	return true;
}

static void udp4_gro_complete(struct sk_buff *skb)
{
	ip_gro_complete(skb, GRO_CB(skb)->segs, SKB_GSO_UDP_L4);
	udp_header(skb)->len = htons(skb->len - IP_LEN);
}

void udp_offload_init(void)
{
	static struct packet_offload udp4_offload = {
		.protocol = IPPROTO_UDP,
		.gro_look = udp4_gro_look,
		.gro_has_flow = udp4_gro_has_flow,
		.gro_same_flow = ip_gro_same_flow,
		.gro_merge = udp4_gro_merge,
		.gro_complete = udp4_gro_complete,
	};

	dev_add_offload(&udp4_offload);
}

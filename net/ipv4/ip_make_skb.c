/* SPDX-License-Identifier: MIT */
/*
 * Builds datagrams from an application's bytes (ip_make_skb.h has the contract).
 *
 *   udp_sendmsg -> ip_append_data -> sock_alloc_send_skb, skb_append_datagram
 *               -> ip_push_datagram -> ip_send_datagram (ip_output.c)
 *
 * Linux cuts the bytes into fragments while it copies them; here the datagram is one packet, and
 * ip_output() fragments it if the link's MTU is smaller. Compare ip_append_data() and ip_make_skb()
 * in Linux's net/ipv4/ip_output.c.
 */
#include "net/ipv4/ip_make_skb.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "net/core/errqueue.h"
#include "net/core/netdevice.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"

/*
 * Returns the longest datagram, with IP header, that the socket may send on the route. A socket
 * that permits fragments is not limited by an MTU. A socket that forbids them is limited by the
 * path MTU or, if it ignores the reports of routers, by the device's MTU (ip(7), IP_MTU_DISCOVER).
 */
static unsigned int ip_len_max(const struct sock *sk, const struct rtable *rt)
{
	switch (inet_sk(sk)->pmtudisc) {
	case IP_PMTUDISC_DO:
		return dst_mtu(&rt->dst);
	case IP_PMTUDISC_PROBE:
	case IP_PMTUDISC_INTERFACE:
		return rt->dst.dev->mtu;
	default:
		return IP_LEN_MAX;
	}
}

/*
 * The data of a datagram that fits into an Ethernet frame is linear. A longer datagram gets
 * separate pages, because a large linear part would need many contiguous pages.
 */
static unsigned int linear_room(unsigned int len)
{
	return len <= ETH_DATA_LEN ? len : 0;
}

int ip_append_data(struct sock *sk, struct inet_cork *cork, struct iov_iter *from, unsigned int len,
		   unsigned int header, bool noblock)
{
	unsigned int have =
		sizeof(struct iphdr) + cork->opt.len + (cork->skb ? cork->skb->len : header);
	unsigned int most = cork->gso_size ? IP_LEN_MAX : ip_len_max(sk, cork->rt);
	int err;

	if (have > most || len > most - have) {
		/* As in Linux, the port in the message is that of connect(). */
		ip_local_error(sk, EMSGSIZE, cork->daddr, inet_sk(sk)->inet_dport,
			       dst_mtu(&cork->rt->dst));
		return -EMSGSIZE;
	}
	if (!cork->skb) {
		cork->skb = sock_alloc_send_skb(sk, MAX_TCP_HEADER + header + linear_room(len),
						noblock, &err);
		if (!cork->skb)
			return err;
		skb_reserve(cork->skb, MAX_TCP_HEADER);
		skb_reset_transport_header(cork->skb);
		memset(skb_put(cork->skb, header), 0, header);
	}
	return skb_append_datagram(cork->skb, from, len);
}

int ip_push_datagram(struct sock *sk, struct inet_cork *cork, u8 protocol)
{
	struct sk_buff *skb = cork->skb;
	int err;

	cork->skb = NULL;
	if (unlikely(cork->tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK))
		skb_tx_timestamp(skb, sk, cork->tsflags);
	err = ip_send_datagram(skb, sk, cork->rt, cork->saddr, cork->daddr, protocol, cork->tos,
			       cork->ttl, &cork->opt);
	ip_cork_release(cork);
	return err;
}

void ip_cork_release(struct inet_cork *cork)
{
	consume_skb(cork->skb);
	cork->skb = NULL;
	rt_put(cork->rt);
	cork->rt = NULL;
}

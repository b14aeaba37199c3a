/* SPDX-License-Identifier: MIT */
/*
 * A UDP datagram on its way out: its destination, its route, its header.
 *
 *   sendmsg() -> inet_dgram_sendmsg -> udp_sendmsg -> ip_append_data, ip_push_datagram
 *
 * Process context. The socket is owned only while its addresses and its route are read, not while
 * the datagram is copied, because that may wait for memory. RFC 768, RFC 1122 4.1. Compare Linux's
 * net/ipv4/udp.c.
 */
#include "net/core/snmp.h"
#include "net/ipv4/ip_make_skb.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/udp.h"

#define UDP_LEN_MAX 0xffffu

/* ---- destination and route ------------------------------------------------------------------- */

/* Where a datagram goes. */
struct udp_dest {
	__be32 daddr;
	__be16 dport;
	bool connected; /* the socket's peer: the socket's route may be used */
};

/* Takes the destination from the message, or from the connected socket @sk. Returns 0 or -errno. */
static int udp_find_dest(const struct sock *sk, const struct kmsghdr *msg, struct udp_dest *dest)
{
	const struct sockaddr_in *usin = (const struct sockaddr_in *)msg->msg_name;

	if (!usin) {
		if (sk->sk_state != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		*dest = (struct udp_dest){inet_sk(sk)->inet_daddr, inet_sk(sk)->inet_dport, true};
		return 0;
	}
	if (msg->msg_namelen < (int)sizeof(*usin))
		return -EINVAL;
	/* Linux accepts AF_UNSPEC, which old programs use. */
	if (usin->sin_family != AF_INET && usin->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (!usin->sin_port)
		return -EINVAL;
	*dest = (struct udp_dest){usin->sin_addr.s_addr, usin->sin_port, false};
	return 0;
}

/*
 * Looks up the route to @dest and stores it with the addresses in @cork. A connected socket keeps
 * the route of its peer. The socket is owned. Returns 0 or -errno.
 */
static int udp_find_route(struct sock *sk, const struct udp_dest *dest, struct inet_cork *cork)
{
	struct rtable *rt = dest->connected ? dst_rtable(sk->sk_dst_cache) : NULL;
	struct flowi4 fl = {.daddr = dest->daddr,
			    .saddr = inet_sk(sk)->inet_saddr,
			    .oif = sk->sk_bound_dev_if,
			    .proto = IPPROTO_UDP};

	if (rt && rt_is_valid(rt)) {
		rt_get(rt);
	} else {
		rt = ip_route_output_key(&fl);
		if (IS_ERR(rt)) {
			if (PTR_ERR(rt) == -ENETUNREACH)
				snmp_inc(SNMP_IpOutNoRoutes);
			return PTR_ERR(rt);
		}
		if (dest->connected) {
			rt_get(rt);
			sk_dst_set(sk, &rt->dst);
		}
	}
	if (rt->rt_type == RTN_BROADCAST && !sock_flag(sk, SOCK_BROADCAST)) {
		rt_put(rt);
		return -EACCES;
	}
	*cork = (struct inet_cork){.rt = rt,
				   .saddr = fl.saddr,
				   .daddr = fl.daddr,
				   .dport = dest->dport,
				   .tos = inet_sk(sk)->tos,
				   .ttl = rt->rt_type == RTN_MULTICAST ? IP_DEFAULT_MULTICAST_TTL
								       : -1};
	return 0;
}

/* ---- the datagram ---------------------------------------------------------------------------- */

/*
 * Writes the header. The checksum is left to the device, or to dev_queue_xmit() if the device has no
 * checksum offload. With SO_NO_CHECK the checksum stays 0, which means that there is none.
 */
static void udp_write_header(const struct sock *sk, const struct inet_cork *cork, __be16 sport,
			     __be16 dport)
{
	struct sk_buff *skb = cork->skb;
	struct udphdr *uh = udp_hdr(skb);

	*uh = (struct udphdr){.source = sport, .dest = dport, .len = htons(skb->len)};
	if (sock_flag(sk, SOCK_NO_CHECK_TX))
		return;
	uh->check = ~csum_tcpudp_magic(cork->saddr, cork->daddr, skb->len, IPPROTO_UDP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct udphdr, check);
}

/*
 * Sends the finished datagram. As in Linux, a datagram that the device's queue has no room for is
 * counted, and reported only to a program that asked for errors (IP_RECVERR).
 */
static int udp_send_skb(struct sock *sk, struct inet_cork *cork, __be16 sport, __be16 dport)
{
	int err;

	udp_write_header(sk, cork, sport, dport);
	err = ip_push_datagram(sk, cork, IPPROTO_UDP);
	if (err == -ENOBUFS && !inet_sk(sk)->recverr) {
		snmp_inc(SNMP_UdpSndbufErrors);
		return 0;
	}
	if (!err)
		snmp_inc(SNMP_UdpOutDatagrams);
	return err;
}

int udp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t len)
{
	struct udp_dest dest;
	struct inet_cork cork;
	__be16 sport;
	int err;

	if (len > UDP_LEN_MAX)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	lock_sock(sk);
	err = udp_find_dest(sk, msg, &dest);
	if (!err)
		err = udp_find_route(sk, &dest, &cork);
	sport = inet_sk(sk)->inet_sport;
	release_sock(sk);
	if (err)
		return err;
	err = ip_append_data(sk, &cork, &msg->msg_iter, len, sizeof(struct udphdr),
			     msg->msg_flags & MSG_DONTWAIT);
	if (err)
		ip_cork_release(&cork);
	else
		err = udp_send_skb(sk, &cork, sport, dest.dport);
	if (err == -ENOBUFS)
		snmp_inc(SNMP_UdpSndbufErrors);
	return err ? err : (int)len;
}

/* SPDX-License-Identifier: MIT */
/*
 * A UDP datagram on its way out: its destination, its route, its header.
 *
 *   sendmsg() -> inet_dgram_sendmsg -> udp_sendmsg -> ip_append_data, ip_push_datagram
 *   setsockopt(UDP_CORK) -> udp_push_pending_frames
 *
 * Process context. For a datagram of one write, the socket is owned only while its addresses and its
 * route are read, not while the bytes are copied, because that may wait for memory. A datagram that
 * several writes build (UDP_CORK, MSG_MORE) is in udp_sock.cork, and the socket is owned during each
 * of these writes. RFC 768, RFC 1122 4.1. Compare Linux's net/ipv4/udp.c.
 */
#include "include/uapi/udp.h"
#include "kernel/lib/string.h"
#include "net/core/snmp.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"

#define UDP_LEN_MAX 0xffffu

/* ---- destination and route ------------------------------------------------------------------- */

/* Where a datagram goes. */
struct udp_dest {
	__be32 daddr;
	__be16 dport;
	/* the destination is the socket's peer, so the socket's route may be used */
	bool connected;
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
static int udp_find_route(struct sock *sk, struct udp_dest *dest, const struct ipcm_cookie *ipc,
			  struct inet_cork *cork)
{
	struct flowi4 fl = {.daddr = dest->daddr,
			    .saddr = ipc->addr ? ipc->addr : inet_sk(sk)->inet_saddr,
			    .oif = ipc->oif ? ipc->oif : sk->sk_bound_dev_if,
			    .proto = IPPROTO_UDP,
			    .flags = ipc->flags | inet_sk_flowi_flags(sk)};
	struct rtable *rt;

	ip4_choose_if(sk, &fl);
	/*
	 * The cached route to the peer is valid only for the socket's own source address and
	 * device.
	 */
	if (ipc->addr || ipc->oif || ipc->flags)
		dest->connected = false;
	rt = dest->connected ? dst_rtable(sk->sk_dst_cache) : NULL;
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
				   .tos = ipc->tos < 0 ? inet_sk(sk)->tos : ipc->tos,
				   .ttl = ipc->ttl,
				   .gso_size = ipc->gso_size,
				   .tsflags = ipc->tsflags};
	ip_cmsg_options(sk, ipc, &cork->opt);
	if (ipc->ttl < 0 && rt->rt_type == RTN_MULTICAST)
		cork->ttl = inet_sk(sk)->mc_ttl;
	return 0;
}

/* ---- the datagram ---------------------------------------------------------------------------- */

/*
 * UDP_SEGMENT: marks the packet for segmentation, if it is longer than one datagram. Returns 0 or
 * -errno.
 */
static int udp_set_gso(const struct sock *sk, const struct inet_cork *cork)
{
	struct skb_shared_info *shinfo = skb_shinfo(cork->skb);
	unsigned int headers = sizeof(struct iphdr) + cork->opt.len + sizeof(struct udphdr);
	unsigned int len = cork->skb->len - sizeof(struct udphdr);

	if (headers + min_t(unsigned int, len, cork->gso_size) > dst_mtu(&cork->rt->dst))
		return -EMSGSIZE;
	if (len > (unsigned int)cork->gso_size * UDP_MAX_SEGMENTS ||
	    sock_flag(sk, SOCK_NO_CHECK_TX))
		return -EINVAL;
	if (len <= cork->gso_size)
		return 0;
	shinfo->gso_size = cork->gso_size;
	shinfo->gso_type = SKB_GSO_UDP_L4;
	shinfo->gso_segs = DIV_ROUND_UP(len, cork->gso_size);
	return 0;
}

/*
 * Writes the header. The checksum is left to the device, or to dev_queue_xmit() if the device has no
 * checksum offload. With SO_NO_CHECK the checksum stays 0, which means that there is none.
 */
static void udp_write_header(const struct sock *sk, const struct inet_cork *cork, __be16 sport)
{
	struct sk_buff *skb = cork->skb;
	struct udphdr *uh = udp_hdr(skb);

	*uh = (struct udphdr){.source = sport, .dest = cork->dport, .len = htons(skb->len)};
	if (sock_flag(sk, SOCK_NO_CHECK_TX))
		return;
	uh->check = ~csum_tcpudp_magic(cork->saddr, cork->daddr, skb->len, IPPROTO_UDP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct udphdr, check);
}

/*
 * Sends the finished datagram, and ends @cork. As in Linux, a datagram that the device's queue has no
 * room for is counted, and reported only to a program that asked for errors (IP_RECVERR).
 */
static int udp_send_skb(struct sock *sk, struct inet_cork *cork, __be16 sport)
{
	int err = cork->gso_size ? udp_set_gso(sk, cork) : 0;

	if (err) {
		ip_cork_release(cork);
		return err;
	}
	udp_write_header(sk, cork, sport);
	err = ip_push_datagram(sk, cork, IPPROTO_UDP);
	if (err == -ENOBUFS && !inet_sk(sk)->recverr) {
		snmp_inc(SNMP_UdpSndbufErrors);
		return 0;
	}
	if (!err)
		snmp_inc(SNMP_UdpOutDatagrams);
	return err;
}

int udp_push_pending_frames(struct sock *sk)
{
	struct inet_cork *cork = &udp_sk(sk)->cork;

	sock_owned_by_me(sk);
	return cork->skb ? udp_send_skb(sk, cork, inet_sk(sk)->inet_sport) : 0;
}

/*
 * Appends the bytes of @msg to the datagram in udp_sock.cork, and sends that datagram unless @more
 * is true (further writes follow). The socket is owned. If a write fails, the whole datagram is
 * dropped, as in Linux.
 */
static int udp_append(struct sock *sk, struct kmsghdr *msg, size_t len, bool more)
{
	struct inet_cork *cork = &udp_sk(sk)->cork;
	int err;

	err = ip_append_data(sk, cork, &msg->msg_iter, len, sizeof(struct udphdr),
			     msg->msg_flags & MSG_DONTWAIT);
	if (err)
		ip_cork_release(cork);
	else if (!more)
		err = udp_push_pending_frames(sk);
	return err;
}

/*
 * Reads the control message UDP_SEGMENT, if there is one. ip_cmsg_send() has checked that no
 * control message is malformed.
 */
static int udp_cmsg_send(const struct kmsghdr *msg, struct ipcm_cookie *ipc)
{
	struct cmsghdr *cmsg;

	for_each_cmsghdr(cmsg, msg)
	{
		if (cmsg->cmsg_level != SOL_UDP)
			continue;
		if (cmsg->cmsg_type != UDP_SEGMENT ||
		    cmsg->cmsg_len != sizeof(*cmsg) + sizeof(ipc->gso_size))
			return -EINVAL;
		memcpy(&ipc->gso_size, cmsg + 1, sizeof(ipc->gso_size));
	}
	return 0;
}

/* Finds destination and route of a new datagram. The socket is owned. Returns 0 or -errno. */
static int udp_begin(struct sock *sk, const struct kmsghdr *msg, struct inet_cork *cork)
{
	struct ipcm_cookie ipc = {.ttl = -1,
				  .tos = -1,
				  .gso_size = udp_sk(sk)->gso_size,
				  .flags = ip_msg_flowi_flags(msg),
				  .tsflags = sk->sk_tsflags};
	struct udp_dest dest;
	int err;

	err = udp_find_dest(sk, msg, &dest);
	if (!err && msg->msg_controllen) {
		err = ip_cmsg_send(msg, &ipc);
		if (!err)
			err = udp_cmsg_send(msg, &ipc);
	}
	return err ? err : udp_find_route(sk, &dest, &ipc, cork);
}

int udp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t len)
{
	struct udp_sock *up = udp_sk(sk);
	struct inet_cork cork = {0};
	__be16 sport;
	bool more;
	int err;

	if (len > UDP_LEN_MAX)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	lock_sock(sk);
	more = up->corked || (msg->msg_flags & MSG_MORE);
	sport = inet_sk(sk)->inet_sport;
	/* The datagram that several writes build keeps the destination of the first write. */
	err = up->cork.skb ? 0 : udp_begin(sk, msg, more ? &up->cork : &cork);
	if (!err && (more || up->cork.skb)) {
		err = udp_append(sk, msg, len, more);
		release_sock(sk);
		goto out;
	}
	release_sock(sk);
	if (err)
		return err;
	err = ip_append_data(sk, &cork, &msg->msg_iter, len, sizeof(struct udphdr),
			     msg->msg_flags & MSG_DONTWAIT);
	if (err)
		ip_cork_release(&cork);
	else
		err = udp_send_skb(sk, &cork, sport);
out:
	if (err == -ENOBUFS)
		snmp_inc(SNMP_UdpSndbufErrors);
	return err ? err : (int)len;
}

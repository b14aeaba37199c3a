/* SPDX-License-Identifier: MIT */
/*
 * A received UDP datagram: its header and checksum, the socket that it is for, the queue, and the
 * program that reads it.
 *
 *   ip_local_deliver -> udp_rcv -> udp4_lib_lookup, udp_queue_rcv_skb -> ip4_datagram_queue_rcv (softirq)
 *                               -> dhcp_rcv, if it is for the kernel's DHCP client
 *   recvmsg() -> inet_recvmsg -> udp_recvmsg                                               (process)
 *
 * The checksum is verified before the datagram is queued, so poll() never reports a datagram that
 * recvmsg() then drops (Linux verifies while it copies). RFC 768, RFC 1122 4.1.3. Compare Linux's
 * net/ipv4/udp.c.
 */
#include "include/uapi/udp.h"
#include "net/core/errqueue.h"
#include "net/core/snmp.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"

/* ---- the header ------------------------------------------------------------------------------ */

/*
 * RFC 1122 4.1.3.4: "If a UDP datagram is received with a checksum that is non-zero and invalid, UDP
 * MUST silently discard the datagram." A checksum that the device verified is not computed again.
 */
static bool udp_checksum_bad(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	__wsum sum;

	if (!udp_hdr(skb)->check || skb->ip_summed == CHECKSUM_UNNECESSARY ||
	    skb->ip_summed == CHECKSUM_PARTIAL)
		return false;
	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		/* The device's sum includes the IP header: subtract that part. */
		sum = csum_sub(skb->csum, csum_partial(iph, iph->ihl * 4, 0));
		if (!csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_UDP, sum))
			return false;
		/* The device may be wrong; our own sum decides. */
	}
	sum = skb_checksum(skb, 0, skb->len, 0);
	return csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_UDP, sum);
}

/*
 * Returns 0, with the UDP header linear and the packet cut to the length in that header, or a drop
 * reason.
 */
static enum skb_drop_reason udp_check_header(struct sk_buff *skb)
{
	unsigned int ulen;

	if (!pskb_may_pull(skb, sizeof(struct udphdr)))
		return SKB_DROP_REASON_UDP_HDR;
	ulen = ntohs(udp_hdr(skb)->len);
	if (ulen < sizeof(struct udphdr) || ulen > skb->len)
		return SKB_DROP_REASON_UDP_HDR;
	if (ulen < skb->len) {
		/* The device's sum includes the bytes that are cut off. */
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->ip_summed = CHECKSUM_NONE;
		if (pskb_trim(skb, ulen))
			return SKB_DROP_REASON_NOMEM;
	}
	if (udp_checksum_bad(skb)) {
		snmp_inc(SNMP_UdpInCsumErrors);
		return SKB_DROP_REASON_UDP_CSUM;
	}
	return SKB_NOT_DROPPED_YET;
}

/* ---- passing a datagram to its socket -------------------------------------------------------- */

/* skb->data is at the first byte for the program. */
static enum skb_drop_reason udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = ip4_datagram_queue_rcv(sk, skb);

	if (likely(!reason))
		return reason;
	snmp_inc(reason == SKB_DROP_REASON_PROTO_MEM ? SNMP_UdpMemErrors : SNMP_UdpRcvbufErrors);
	snmp_inc(SNMP_UdpInErrors);
	return reason;
}

/* Gives @sk a copy of a datagram to a group. The copies share the data. */
static void udp_deliver_copy(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);
	enum skb_drop_reason reason = SKB_DROP_REASON_NOMEM;

	if (copy) {
		reason = udp_queue_rcv_skb(sk, copy);
		if (reason)
			kfree_skb_reason(copy, reason);
	} else {
		skb_drop_inc(reason);
		snmp_inc(SNMP_UdpInErrors);
	}
}

/* RFC 1122 4.1.3.1 forbids a port unreachable about a datagram to a group. */
static enum skb_drop_reason udp_rcv_group(struct sk_buff *skb, __be16 sport, u16 hnum)
{
	const struct iphdr *iph = ip_hdr(skb);

	__skb_pull(skb, sizeof(struct udphdr));
	if (!udp_for_group(iph->saddr, sport, iph->daddr, hnum, IPCB(skb)->iif, udp_deliver_copy,
			   skb)) {
		snmp_inc(SNMP_UdpIgnoredMulti);
		return SKB_DROP_REASON_NO_SOCKET;
	}
	consume_skb(skb);
	return SKB_CONSUMED;
}

enum skb_drop_reason udp_rcv(struct sk_buff *skb)
{
	enum skb_drop_reason reason = udp_check_header(skb);
	const struct rtable *rt = skb_rtable(skb);
	const struct iphdr *iph;
	const struct udphdr *uh;
	struct sock *sk;

	if (unlikely(reason)) {
		snmp_inc(SNMP_UdpInErrors);
		return reason;
	}
	iph = ip_hdr(skb);
	uh = udp_hdr(skb);
	if (unlikely(uh->dest == HTONS_CONST(DHCP_CLIENT_PORT)) && dhcp_rcv(skb, &reason))
		return reason;
	if (unlikely(rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST))
		return udp_rcv_group(skb, uh->source, ntohs(uh->dest));
	sk = udp4_lib_lookup(iph->saddr, uh->source, iph->daddr, ntohs(uh->dest), IPCB(skb)->iif);
	if (!sk) {
		/*
		 * RFC 1122 4.1.3.1: "If a datagram arrives addressed to a UDP port for which there
		 * is no pending LISTEN call, UDP SHOULD send an ICMP Port Unreachable message."
		 */
		snmp_inc(SNMP_UdpNoPorts);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
		return SKB_DROP_REASON_NO_SOCKET;
	}
	__skb_pull(skb, sizeof(*uh));
	reason = udp_queue_rcv_skb(sk, skb);
	sock_put(sk);
	return reason;
}

/* ---- passing a datagram to the program ------------------------------------------------------- */

/* Tells the program the length of the datagrams in a merged packet (UDP_GRO). */
static void udp_cmsg_recv(struct kmsghdr *msg, const struct sock *sk, const struct sk_buff *skb)
{
	int gso_size = skb_shinfo(skb)->gso_size;

	if (READ_ONCE(udp_sk(sk)->gro))
		put_cmsg(msg, SOL_UDP, UDP_GRO, &gso_size, sizeof(gso_size));
}

/*
 * A datagram, or the datagrams of a merged packet together, may be longer than the program's buffer:
 * they are cut, and the rest is lost. As in Linux, they are also lost if the program's buffer is
 * invalid.
 */
int udp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
		int *addr_len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)msg->msg_name;
	int *peek_off = &dgram_sk(sk)->peek_off, off, err;
	unsigned int copied, ulen;
	struct sk_buff *skb;

	if (unlikely(flags & MSG_ERRQUEUE))
		return ip_recv_error(sk, msg, len, addr_len);
	off = READ_ONCE(*peek_off);
	skb = skb_recv_datagram(sk, flags, noblock, &off, &err);
	if (!skb)
		return err;
	if (!(flags & MSG_PEEK))
		off = 0;
	ulen = skb->len;
	copied = min_t(size_t, len, ulen - off);
	if (copied < ulen - off)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iter(skb, off, &msg->msg_iter, copied);
	if (!(flags & MSG_PEEK))
		snmp_inc(err ? SNMP_UdpInErrors : SNMP_UdpInDatagrams);
	if (err)
		goto out;
	if (sin) {
		*sin = (struct sockaddr_in){.sin_family = AF_INET,
					    .sin_port = udp_hdr(skb)->source,
					    .sin_addr.s_addr = ip_hdr(skb)->saddr};
		*addr_len = sizeof(*sin);
	}
	if (unlikely(skb_is_gso(skb)))
		udp_cmsg_recv(msg, sk, skb);
	ip4_datagram_recv_cmsgs(msg, sk, skb);
	err = flags & MSG_TRUNC ? ulen : copied;
	sk_peek_offset_move(peek_off, flags, err);
out:
	consume_skb(skb);
	return err;
}

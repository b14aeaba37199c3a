/* SPDX-License-Identifier: MIT */
/*
 * Socket options of level SOL_IP: an application's settings for the IP headers of its packets. Also
 * the IP part of the error queue.
 *
 * af_inet.c's proto_ops call ip_setsockopt() and ip_getsockopt() (process). An option is written
 * and read (by ip_queue_xmit()) under the socket lock, so it takes effect with the next packet.
 * tcp_recvmsg() calls ip_recv_error() (process, without the socket lock), tcp_v4_err() calls
 * ip_icmp_error() (softirq, bh lock). Compare Linux's net/ipv4/ip_sockglue.c.
 */

#include "kernel/mm/uaccess.h"
#include "kernel/time/wallclock.h"
#include "net/core/dev_ioctl.h"
#include "net/core/errqueue.h"
#include "net/inet/inet_ecn.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/ip_mc_sock.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"

/*
 * Reads an option's value from the application: an int, or a single byte, which older programs pass
 * for TOS and TTL.
 */
static int get_value(int *val, const void __user *optval, unsigned int optlen)
{
	unsigned char byte;

	*val = 0;
	if (optlen >= sizeof(int))
		return copy_from_user(val, optval, sizeof(int)) ? -EFAULT : 0;
	if (!optlen)
		return 0;
	if (copy_from_user(&byte, optval, sizeof(byte)))
		return -EFAULT;
	*val = byte;
	return 0;
}

/*
 * Returns the bit of dgram_sock.cmsg_flags that the option @optname sets. Returns 0 for another
 * option, and for a stream socket: the bytes of a stream belong to no particular packet, so no
 * control message describes one.
 */
static u8 dgram_flag(const struct sock *sk, int optname)
{
	return sk->sk_type == SOCK_STREAM ? 0 : ip_cmsg_flag(optname);
}

/* Returns true for an option that every socket has, and whose value is a number. */
static bool is_number(int optname)
{
	return optname == IP_TOS || optname == IP_TTL || optname == IP_MTU_DISCOVER ||
	       optname == IP_RECVERR || optname == IP_BIND_ADDRESS_NO_PORT ||
	       optname == IP_FREEBIND;
}

/*
 * Returns true for an option that has an effect on sockets of @sk's type only: IP_MINTTL on streams,
 * IP_UNICAST_IF on datagrams, IP_HDRINCL on raw sockets. Linux accepts the first two for every type.
 */
static bool is_for_type(const struct sock *sk, int optname)
{
	if (optname == IP_HDRINCL)
		return sk->sk_type == SOCK_RAW;
	return optname == (sk->sk_type == SOCK_STREAM ? IP_MINTTL : IP_UNICAST_IF);
}

/*
 * IP_UNICAST_IF: @val is the index of a device in network byte order, 0: the device of the route. The
 * socket is owned.
 */
static int set_unicast_if(struct sock *sk, int val, unsigned int optlen)
{
	int ifindex = ntohl(val);

	if (optlen != sizeof(int))
		return -EINVAL;
	if (ifindex && !dev_get_by_index(ifindex))
		return -EADDRNOTAVAIL;
	if (ifindex && sk->sk_bound_dev_if && sk->sk_bound_dev_if != ifindex)
		return -EINVAL;
	dgram_sk(sk)->uc_index = ifindex;
	sk_dst_reset(sk);
	return 0;
}

int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);
	int err, val;

	if (ip_mc_option(optname))
		return ip_mc_setsockopt(sk, optname, optval, optlen);
	if (optname == IP_OPTIONS)
		return ip_options_setsockopt(sk, optval, optlen);
	/* An unknown option fails before the value is read, as in Linux. */
	if (!is_number(optname) && !is_for_type(sk, optname) && !dgram_flag(sk, optname))
		return -ENOPROTOOPT;
	err = get_value(&val, optval, optlen);
	if (err)
		return err;
	lock_sock(sk);
	err = -EINVAL;
	switch (optname) {
	case IP_TOS:
		/* RFC 3168: on a stream socket the transport sets the ECN field, not IP_TOS. */
		if (sk->sk_type == SOCK_STREAM)
			val = (val & ~INET_ECN_MASK) | (inet->tos & INET_ECN_MASK);
		if (inet->tos != val) {
			inet->tos = val;
			sk_dst_reset(sk);
		}
		err = 0;
		break;
	case IP_TTL:
		if (optlen < 1 || (val != -1 && (val < 1 || val > 255)))
			break;
		inet->uc_ttl = val;
		err = 0;
		break;
	case IP_RECVERR:
		inet->recverr = !!val;
		if (!val)
			skb_errqueue_purge(sk);
		err = 0;
		break;
	case IP_MTU_DISCOVER:
		if (val < IP_PMTUDISC_DONT || val > IP_PMTUDISC_OMIT)
			break;
		inet->pmtudisc = val;
		err = 0;
		break;
	case IP_BIND_ADDRESS_NO_PORT:
		inet->bind_address_no_port = val != 0;
		err = 0;
		break;
	case IP_FREEBIND:
		if (optlen < 1)
			break;
		inet->freebind = val != 0;
		err = 0;
		break;
	case IP_MINTTL:
		if (optlen < 1 || val < 0 || val > 255)
			break;
		WRITE_ONCE(inet->min_ttl, val);
		err = 0;
		break;
	case IP_UNICAST_IF:
		err = set_unicast_if(sk, val, optlen);
		break;
	case IP_HDRINCL:
		raw_sk(sk)->hdrincl = val != 0;
		err = 0;
		break;
	default:
		if (val)
			dgram_sk(sk)->cmsg_flags |= dgram_flag(sk, optname);
		else
			dgram_sk(sk)->cmsg_flags &= ~dgram_flag(sk, optname);
		err = 0;
	}
	release_sock(sk);
	return err;
}

/* Returns the MTU of the socket's route, or -ENOTCONN if the socket has none. */
static int route_mtu(const struct sock *sk)
{
	return sk->sk_dst_cache ? (int)dst_mtu(sk->sk_dst_cache) : -ENOTCONN;
}

int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen)
{
	const struct inet_sock *inet = inet_sk(sk);
	int err = 0, val = 0, len;
	unsigned char byte;

	if (ip_mc_option(optname))
		return ip_mc_getsockopt(sk, optname, optval, optlen);
	if (optname == IP_OPTIONS)
		return ip_options_getsockopt(sk, optval, optlen);
	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;

	lock_sock(sk);
	switch (optname) {
	case IP_TOS:
		val = inet->tos;
		break;
	case IP_TTL:
		val = inet->uc_ttl == -1 ? sysctl_ip_default_ttl : inet->uc_ttl;
		break;
	case IP_RECVERR:
		val = inet->recverr;
		break;
	case IP_MTU_DISCOVER:
		val = inet->pmtudisc;
		break;
	case IP_BIND_ADDRESS_NO_PORT:
		val = inet->bind_address_no_port;
		break;
	case IP_FREEBIND:
		val = inet->freebind;
		break;
	case IP_HDRINCL:
		if (sk->sk_type == SOCK_RAW)
			val = raw_sk(sk)->hdrincl;
		else
			err = -ENOPROTOOPT;
		break;
	case IP_MTU:
		val = route_mtu(sk);
		if (val < 0)
			err = val;
		break;
	default:
		if (is_for_type(sk, optname))
			val = optname == IP_MINTTL ? inet->min_ttl : htonl(dgram_sk(sk)->uc_index);
		else if (dgram_flag(sk, optname))
			val = !!(dgram_sk(sk)->cmsg_flags & dgram_flag(sk, optname));
		else
			err = -ENOPROTOOPT;
	}
	release_sock(sk);
	if (err)
		return err;

	if (len > 0 && len < sizeof(int) && val <= 255) {
		byte = val;
		len = 1;
		if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &byte, 1))
			return -EFAULT;
		return 0;
	}
	len = min_t(int, len, sizeof(int));
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}

/* ---- the error queue ------------------------------------------------------------------------- */

void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info)
{
	struct sk_buff *skb;

	if (!inet_sk(sk)->recverr)
		return;
	skb = alloc_skb_small(GFP_SEND);
	if (!skb)
		return;
	/*
	 * ip_recv_error() reads the destination from a header in front of skb->data, as in an ICMP
	 * error: put one there.
	 */
	skb_reset_network_header(skb);
	*(struct iphdr *)skb_put(skb, sizeof(struct iphdr)) = (struct iphdr){.daddr = daddr};
	__skb_pull(skb, sizeof(struct iphdr));
	*SKB_EXT_ERR(skb) = (struct sock_exterr_skb){
		.ee = {.ee_errno = err, .ee_origin = SO_EE_ORIGIN_LOCAL, .ee_info = info},
		.addr_offset = offsetof(struct iphdr, daddr),
		.port = port};
	if (sock_queue_err_skb(sk, skb))
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

void ip_icmp_error(struct sock *sk, struct sk_buff *icmp, int err, __be16 port, u32 info,
		   unsigned int header_len)
{
	struct sk_buff *skb = skb_clone(icmp, GFP_ATOMIC);
	const struct icmphdr *icmph = icmp_hdr(icmp);

	if (!skb)
		return;
	skb_dst_drop(skb);
	*SKB_EXT_ERR(skb) = (struct sock_exterr_skb){
		.ee = {.ee_errno = err,
		       .ee_origin = SO_EE_ORIGIN_ICMP,
		       .ee_type = icmph->type,
		       .ee_code = icmph->code,
		       .ee_info = info},
		/*
		 * Subtract the header of @icmp, not of @skb: skb_clone() copies a short packet, so
		 * @skb may have another linear part.
		 */
		.addr_offset = (const u8 *)&((const struct iphdr *)(icmph + 1))->daddr -
			       skb_network_header(icmp),
		.port = port,
		.iif = IPCB(icmp)->iif};
	__skb_pull(skb, header_len);
	/* As in Linux, the payload that the router quoted counts as the message's transport header. */
	skb_reset_transport_header(skb);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

int ip_recv_error(struct sock *sk, struct kmsghdr *msg, size_t len, int *addr_len)
{
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} told = {0};
	struct sockaddr_in *sin = (struct sockaddr_in *)msg->msg_name;
	const struct sock_exterr_skb *serr;
	int err, copied;
	u64 time;

	if (!skb)
		return -EAGAIN;
	serr = SKB_EXT_ERR(skb);
	copied = min_t(size_t, skb->len, len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iter(skb, 0, &msg->msg_iter, copied);
	if (err)
		goto out;
	time = skb->skb_mstamp;
	if (!time && sock_flag(sk, SOCK_RCVTSTAMP))
		time = ktime_get_real_ns();
	sock_recv_timestamp(msg, sk, time);
	told.ee = serr->ee;
	if (sin &&
	    (serr->ee.ee_origin == SO_EE_ORIGIN_ICMP || serr->ee.ee_origin == SO_EE_ORIGIN_LOCAL)) {
		*sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = serr->port};
		memcpy(&sin->sin_addr, skb_network_header(skb) + serr->addr_offset,
		       sizeof(sin->sin_addr));
		*addr_len = sizeof(*sin);
	}
	if (serr->ee.ee_origin == SO_EE_ORIGIN_ICMP) {
		/*
		 * @skb's IP header is that of the ICMP message, so the control messages describe
		 * that message.
		 */
		if (sk->sk_type != SOCK_STREAM && dgram_sk(sk)->cmsg_flags)
			ip_cmsg_recv(msg, sk, skb, serr->iif);
		told.offender.sin_family = AF_INET;
		told.offender.sin_addr.s_addr = ip_hdr(skb)->saddr;
	}
	put_cmsg(msg, SOL_IP, IP_RECVERR, &told, sizeof(told));
	msg->msg_flags |= MSG_ERRQUEUE;
	err = copied;
out:
	consume_skb(skb);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Control messages of IP (ip_cmsg.h has the contract).
 *
 *   recvmsg() -> udp_recvmsg, ip_recv_error -> ip_cmsg_recv -> put_cmsg
 *   sendmsg() -> udp_sendmsg -> ip_cmsg_send
 *   setsockopt() -> ip_setsockopt -> ip_cmsg_flag
 *
 * Process context, without the socket lock: an option may change meanwhile, and the program gets the
 * messages of the old value or the new one. ip(7); compare Linux's net/ipv4/ip_sockglue.c.
 */
#include "net/ipv4/ip_cmsg.h"

#include "kernel/lib/string.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"

#define IP_CMSG_PKTINFO     0x01
#define IP_CMSG_TTL         0x02
#define IP_CMSG_TOS         0x04
#define IP_CMSG_ORIGDSTADDR 0x08
#define IP_CMSG_RECVOPTS    0x10
#define IP_CMSG_RETOPTS     0x20

u8 ip_cmsg_flag(int optname)
{
	switch (optname) {
	case IP_PKTINFO:
		return IP_CMSG_PKTINFO;
	case IP_RECVTTL:
		return IP_CMSG_TTL;
	case IP_RECVTOS:
		return IP_CMSG_TOS;
	case IP_RECVORIGDSTADDR:
		return IP_CMSG_ORIGDSTADDR;
	case IP_RECVOPTS:
		return IP_CMSG_RECVOPTS;
	case IP_RETOPTS:
		return IP_CMSG_RETOPTS;
	default:
		return 0;
	}
}

/*
 * Returns the address that an answer to @iph should come from: the destination, or, for a datagram
 * to a group, an address of the device that received it.
 */
static __be32 answer_address(const struct iphdr *iph, int iif)
{
	const struct net_device *dev;

	if (inet_is_local_addr(iph->daddr))
		return iph->daddr;
	for_each_netdev(dev) {
		if (dev->ifindex == iif)
			return inet_select_addr(dev, iph->saddr);
	}
	return 0;
}

/*
 * Reads the destination port from the transport header, which UDP has pulled, and which may be short
 * or absent in a packet of a raw socket or of the error queue. Returns false if there is none.
 */
static bool dest_port(const struct sk_buff *skb, __be16 *port)
{
	const int at = (int)(skb_transport_header(skb) - skb->data) + 2;

	if (at < 0) {
		memcpy(port, skb->data + at, sizeof(*port));
		return true;
	}
	return !skb_copy_bits(skb, at, port, sizeof(*port));
}

/* The options of the packet, with this host's address, and those for an answer. */
static void recv_options(struct kmsghdr *msg, u8 flags, const struct sk_buff *skb)
{
	struct ip_options answer;

	if (flags & IP_CMSG_RECVOPTS)
		put_cmsg(msg, SOL_IP, IP_RECVOPTS, ip_hdr(skb) + 1,
			 ip_hdrlen(skb) - sizeof(struct iphdr));
	if (flags & IP_CMSG_RETOPTS) {
		ip_options_echo(&answer, skb);
		put_cmsg(msg, SOL_IP, IP_RETOPTS, answer.data, answer.len);
	}
}

void ip_cmsg_recv(struct kmsghdr *msg, const struct sock *sk, const struct sk_buff *skb, int iif)
{
	const u8 flags = READ_ONCE(dgram_sk(sk)->cmsg_flags);
	const struct iphdr *iph = ip_hdr(skb);

	if (flags & IP_CMSG_PKTINFO) {
		struct in_pktinfo info = {.ipi_ifindex = iif,
					  .ipi_spec_dst.s_addr = answer_address(iph, iif),
					  .ipi_addr.s_addr = iph->daddr};

		put_cmsg(msg, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (flags & IP_CMSG_TTL) {
		int ttl = iph->ttl;

		put_cmsg(msg, SOL_IP, IP_TTL, &ttl, sizeof(ttl));
	}
	if (flags & IP_CMSG_TOS)
		put_cmsg(msg, SOL_IP, IP_TOS, &iph->tos, sizeof(iph->tos));
	if (iph->ihl > sizeof(*iph) / 4)
		recv_options(msg, flags, skb);
	if (flags & IP_CMSG_ORIGDSTADDR) {
		struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = iph->daddr};

		if (dest_port(skb, &sin.sin_port))
			put_cmsg(msg, SOL_IP, IP_ORIGDSTADDR, &sin, sizeof(sin));
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Reads an int from a control message. Returns false if it has another length. */
static bool cmsg_int(const struct cmsghdr *cmsg, int *val)
{
	if (cmsg->cmsg_len != sizeof(*cmsg) + sizeof(*val))
		return false;
	memcpy(val, cmsg + 1, sizeof(*val));
	return true;
}

static int ip_cmsg_read(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	struct in_pktinfo info;
	int val;

	switch (cmsg->cmsg_type) {
	case IP_PKTINFO:
		if (cmsg->cmsg_len != sizeof(*cmsg) + sizeof(info))
			return -EINVAL;
		memcpy(&info, cmsg + 1, sizeof(info));
		if (info.ipi_ifindex)
			ipc->oif = info.ipi_ifindex;
		ipc->addr = info.ipi_spec_dst.s_addr;
		return 0;
	case IP_TTL:
		if (!cmsg_int(cmsg, &val) || val < 1 || val > 255)
			return -EINVAL;
		ipc->ttl = val;
		return 0;
	case IP_TOS:
		if (cmsg->cmsg_len == sizeof(*cmsg) + 1)
			val = *(const u8 *)(cmsg + 1);
		else if (!cmsg_int(cmsg, &val) || val < 0 || val > 255)
			return -EINVAL;
		ipc->tos = val;
		return 0;
	case IP_RETOPTS:
		ipc->has_opt = true;
		return ip_options_get(
			&ipc->opt, (const u8 *)(cmsg + 1),
			min_t(size_t, cmsg->cmsg_len - sizeof(*cmsg), IP_OPTIONS_MAX));
	default:
		return -EINVAL;
	}
}

void ip_cmsg_options(const struct sock *sk, const struct ipcm_cookie *ipc, struct ip_options *opt)
{
	if (ipc->has_opt)
		*opt = ipc->opt;
	else if (unlikely(inet_sk(sk)->inet_opt))
		*opt = *inet_sk(sk)->inet_opt;
}

int ip_cmsg_send(const struct kmsghdr *msg, struct ipcm_cookie *ipc)
{
	struct cmsghdr *cmsg;
	int err;

	/* This also refuses malformed messages. */
	err = sock_cmsg_send(msg, &ipc->tsflags);
	if (err)
		return err;
	for_each_cmsghdr(cmsg, msg)
	{
		if (cmsg->cmsg_level != SOL_IP)
			continue;
		err = ip_cmsg_read(cmsg, ipc);
		if (err)
			return err;
	}
	return 0;
}

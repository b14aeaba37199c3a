/* SPDX-License-Identifier: MIT */
/*
 * Raw sockets: socket(AF_INET, SOCK_RAW, protocol) receives each IPv4 packet of this protocol with its
 * IP header, besides the protocol's own handler, and sends packets. The program writes the bytes
 * behind the IP header; with IP_HDRINCL it writes the IP header, too.
 */
#ifndef NET_IPV4_RAW_H
#define NET_IPV4_RAW_H

#include "net/ipv4/dgram_sock.h"

struct raw_sock {
	struct dgram_sock dgram; /* first */
	bool hdrincl;            /* IP_HDRINCL: the program writes the IP header too */
	u32 icmp_filter;         /* ICMP_FILTER: bit n set: no message of type n */
};

static inline struct raw_sock *raw_sk(const struct sock *sk)
{
	return (struct raw_sock *)sk;
}

extern struct proto raw_prot;
void raw_init(void); /* registers /proc/net/raw; boot only */

/* As raw_local_deliver(), once a raw socket exists. */
bool raw_v4_input(struct sk_buff *skb);
/*
 * Gives a copy of the received packet @skb, with skb->data at its IP header, to each raw socket of its
 * protocol and addresses. Returns true if there is such a socket. The caller still owns @skb, and must
 * not change its bytes. Softirq.
 */
static inline bool raw_local_deliver(struct sk_buff *skb)
{
	return unlikely(READ_ONCE(raw_prot.inuse)) && raw_v4_input(skb);
}
/*
 * As net_protocol.err_handler, for an error that quotes a packet of any protocol, whose IP header and
 * the eight bytes behind it are linear. Returns true if a raw socket may have sent the packet. Softirq.
 */
bool raw_icmp_error(struct sk_buff *skb, u32 info);

#endif

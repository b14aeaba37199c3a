/* SPDX-License-Identifier: MIT */
/*
 * Building a datagram to send: the application's bytes behind room for the headers, with the
 * addresses, the route and the fields of the IP header that belong to it. UDP, ping and raw sockets
 * use it. Process context, without the socket lock.
 */
#ifndef NET_IPV4_IP_MAKE_SKB_H
#define NET_IPV4_IP_MAKE_SKB_H

#include "net/core/datagram.h"
#include "net/inet/inet_sock.h"
#include "net/ipv4/ip_options.h"

struct rtable;

/* A datagram that is being built. */
struct inet_cork {
	struct sk_buff *skb; /* the datagram without IP header; NULL before ip_append_data() */
	struct rtable *rt;   /* holds a reference */
	__be32 saddr, daddr;
	__be16 dport; /* 0: the protocol has no ports */
	u8 tos;
	s16 ttl; /* -1: the socket's */
	/*
	 * UDP_SEGMENT: bytes of data in each of the datagrams that the device makes of this one; 0:
	 * this datagram is sent as it is
	 */
	u16 gso_size;
	u32 tsflags; /* SO_TIMESTAMPING: the events whose time is reported */
	struct ip_options opt;
};

/*
 * Appends @len bytes of @from to the datagram, which the first call allocates with @header zero
 * bytes for the transport's header in front. Returns 0 or -errno: -EMSGSIZE if the datagram becomes
 * longer than IP, or the socket's IP_MTU_DISCOVER, allows; and the errors of sock_alloc_send_skb()
 * and skb_append_datagram(). On an error the caller drops the datagram with ip_cork_release().
 */
int ip_append_data(struct sock *sk, struct inet_cork *cork, struct iov_iter *from, unsigned int len,
		   unsigned int header, bool noblock);
/*
 * Puts the IP header in front of the datagram, sends it and releases the route. Returns 0 or
 * -errno.
 */
int ip_push_datagram(struct sock *sk, struct inet_cork *cork, u8 protocol);
/* Frees the datagram, if there is one, and releases the route. */
void ip_cork_release(struct inet_cork *cork);

#endif

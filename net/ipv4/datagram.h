/* SPDX-License-Identifier: MIT */
/*
 * The calls of ping sockets that do not depend on their protocol: the peer of connect(), the destination
 * of sendmsg(), and recvmsg(). ICMP errors and the interface of a group serve UDP sockets too. The
 * queues are in net/core/datagram.h.
 * Compare Linux's net/ipv4/datagram.c.
 */
#ifndef NET_IPV4_DATAGRAM_H
#define NET_IPV4_DATAGRAM_H

#include "net/ipv4/ip_make_skb.h"

struct flowi4;

/*
 * If @fl->daddr is a multicast group: sets those of the device and the source address that are still 0 in @fl to the
 * values that IP_MULTICAST_IF chose.
 */
void ip4_choose_group_if(const struct sock *sk, struct flowi4 *fl);
/*
 * connect(): stores the only peer of @sk, and its route. Returns 0 or -errno. The socket is owned.
 */
int ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
/*
 * Fills in @cork for a datagram to the address in @msg, or to the peer of @sk; the caller releases
 * it with ip_cork_release(), or sends the datagram. Returns 0 or -errno. Process context, without
 * the socket lock.
 */
int ip4_datagram_dest(struct sock *sk, const struct kmsghdr *msg, struct inet_cork *cork);
/*
 * recvmsg(): copies the first datagram of the queue, or a message of the error queue, with the
 * sender's address and the port 0. Returns the number of bytes, or -errno.
 */
int ip4_datagram_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
			 int *addr_len);
/*
 * Reports the received ICMP error @icmp to @sk, whose packet to @port (0: the protocol has no ports) it
 * quotes: @info is as in net_protocol.err_handler, and the program gets the bytes behind the first
 * @header_len of the quote, which are linear. Softirq.
 */
void ip4_datagram_err(struct sock *sk, struct sk_buff *icmp, __be16 port, u32 info,
		      unsigned int header_len);

#endif

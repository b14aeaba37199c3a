/* SPDX-License-Identifier: MIT */
/*
 * The ECN field of an IP header: the two low bits of the TOS byte (RFC 3168 5).  Compare Linux's
 * include/net/inet_ecn.h.
 *
 * A transport sets the field of a socket's next packets in inet_sock.tos, because ip_queue_xmit()
 * copies that byte into each header. The caller owns the socket, or holds its bh lock while no
 * thread owns the socket.
 */
#ifndef NET_INET_INET_ECN_H
#define NET_INET_INET_ECN_H

#include "net/inet/inet_sock.h"

enum {
	INET_ECN_NOT_ECT, /* routers drop the packet to signal congestion */
	INET_ECN_ECT_1,   /* ECN-capable transport: routers may mark the packet instead */
	INET_ECN_ECT_0,   /* like ECT(1); RFC 3168 5 prefers this value */
	INET_ECN_CE,      /* congestion experienced: a router marked the packet */
	INET_ECN_MASK = 3
};

static inline void INET_ECN_xmit(struct sock *sk)
{
	inet_sk(sk)->tos |= INET_ECN_ECT_0;
}
static inline void INET_ECN_dontxmit(struct sock *sk)
{
	inet_sk(sk)->tos &= ~INET_ECN_MASK;
}

#endif

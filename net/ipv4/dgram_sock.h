/* SPDX-License-Identifier: MIT */
/*
 * struct dgram_sock: an inet_sock, and the fields that UDP, ping and raw sockets need in addition.
 * TCP does not need these fields, so they are not in inet_sock, and a TCP socket stays small. The
 * socket's struct of each of the three protocols begins with a struct dgram_sock.
 */
#ifndef NET_IPV4_DGRAM_SOCK_H
#define NET_IPV4_DGRAM_SOCK_H

#include "net/inet/inet_sock.h"

struct ip_mc_socklist;

struct dgram_sock {
	struct inet_sock inet; /* first */
	u8 cmsg_flags;         /* IP_CMSG_* (ip_cmsg.h) */
	int peek_off;          /* SO_PEEK_OFF: where the next MSG_PEEK begins; -1: at the start */
	u32 drops;             /* datagrams that did not fit into the receive buffer */
	u64 stamp;             /* SIOCGSTAMP: ns, when the datagram was received; 0: not known */
	bool has_stamp;        /* a datagram was read */
	struct ip_mc_socklist *mc_list; /* groups that the socket joined (ip_mc_sock.h) */
	int mc_index; /* IP_MULTICAST_IF: the device for multicast; 0: the route's device */
	/* IP_UNICAST_IF: the device for datagrams that are not multicast; 0: the route's device */
	int uc_index;
	/* IP_MULTICAST_IF: the source address of multicast; 0: the route's source */
	__be32 mc_addr;
};

/* Only for sockets of a protocol whose struct begins with dgram_sock; never for SOCK_STREAM. */
static inline struct dgram_sock *dgram_sk(const struct sock *sk)
{
	return (struct dgram_sock *)sk;
}

#endif

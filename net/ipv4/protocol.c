/* SPDX-License-Identifier: MIT */
/*
 * The table of transports by IP protocol number.
 *
 * Callers: tcp_init, icmp_init (inet_add_protocol, at boot); ip_local_deliver and icmp_rcv look up.
 * Filled at boot, read without a lock.  Answers to Linux's net/ipv4/protocol.c.
 */
#include "include/uapi/errno.h"
#include "net/ipv4/ip.h"

static const struct net_protocol *inet_protos[256];

int inet_add_protocol(const struct net_protocol *prot, u8 protocol)
{
	if (inet_protos[protocol])
		return -EEXIST;
	inet_protos[protocol] = prot;
	return 0;
}

const struct net_protocol *inet_protocol(u8 protocol)
{
	return inet_protos[protocol];
}

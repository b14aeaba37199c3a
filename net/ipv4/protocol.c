/* SPDX-License-Identifier: MIT */
/*
 * The table of transports, indexed by IP protocol number.
 *
 * tcp_init and icmp_init call inet_add_protocol at boot; ip_local_deliver and icmp_rcv look up a
 * transport. The table is filled at boot, and read without a lock. Compare Linux's
 * net/ipv4/protocol.c.
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

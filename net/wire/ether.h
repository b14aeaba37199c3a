/* SPDX-License-Identifier: MIT */
/* The Ethernet header (RFC 894; IEEE 802.3). Sizes in bytes, fields in network byte order. */
#ifndef NET_WIRE_ETHER_H
#define NET_WIRE_ETHER_H

#include "kernel/types.h"

#define ETH_ALEN 6  /* bytes of an address */
#define ETH_HLEN 14 /* bytes of the header */

struct ethhdr {
	u8 h_dest[ETH_ALEN];
	u8 h_source[ETH_ALEN];
	__be16 h_proto;
} __packed;

/* Returns true if @addr is a group address: the lowest bit of its first byte is set. */
static inline bool is_multicast_ether_addr(const u8 *addr)
{
	return addr[0] & 1;
}

#define ETH_P_IP   0x0800
#define ETH_P_ARP  0x0806
#define ETH_P_IPV6 0x86dd

#endif

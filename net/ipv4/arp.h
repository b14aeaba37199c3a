/* SPDX-License-Identifier: MIT */
/* ARP: RFC 826, 5227.  Linux's include/net/arp.h. */
#ifndef NET_IPV4_ARP_H
#define NET_IPV4_ARP_H

#include "kernel/types.h"
#include "net/core/netdevice.h"
#include "net/ipv4/neighbour.h"
#include "net/wire/arp.h"

extern struct neigh_table arp_tbl;

/* @dest_hw NULL: broadcast; @target_hw NULL: zeros in the message.  Any context but hard irq. */
void arp_send(u16 op, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dest_hw,
	      const u8 *target_hw);
/* "This address is mine": RFC 5227, section 2.3. */
void arp_announce(struct net_device *dev, __be32 addr);
void arp_init(void); /* packet type, /proc/net/arp */

#endif

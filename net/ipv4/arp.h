/* SPDX-License-Identifier: MIT */
/* ARP: RFC 826, 5227.  Compare Linux's include/net/arp.h. */
#ifndef NET_IPV4_ARP_H
#define NET_IPV4_ARP_H

#include "kernel/types.h"
#include "net/core/netdevice.h"
#include "net/ipv4/neighbour.h"
#include "net/wire/arp.h"

extern struct neigh_table arp_tbl;

/*
 * Sends an ARP message. @dest_hw: link address of the receiver, NULL: broadcast. @target_hw: the
 * target field of the message, NULL: zeros. Any context but hard interrupt.
 */
void arp_send(u16 op, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dest_hw,
	      const u8 *target_hw);
/* Announces that @addr is this host's address, as RFC 5227, section 2.3 defines it. */
void arp_announce(struct net_device *dev, __be32 addr);
void arp_init(void); /* registers the packet type and /proc/net/arp */

#endif

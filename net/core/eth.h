/* SPDX-License-Identifier: MIT */
/* Ethernet framing (RFC 894). */
#ifndef NET_CORE_ETH_H
#define NET_CORE_ETH_H

#include "kernel/types.h"
#include "net/core/netdevice.h"
#include "net/wire/ether.h"

/*
 * Sets the fields of an Ethernet device that every one has: mtu, header_ops, hard_header_len,
 * broadcast, IFF_BROADCAST.
 */
void ether_setup(struct net_device *dev);
/*
 * Sets skb->dev, the mac header and pkt_type of a received frame, removes the Ethernet header and
 * returns the EtherType in network byte order; for a frame with a length instead (IEEE 802.3),
 * ETH_P_802_2. The caller has checked that ETH_HLEN bytes are in the linear part.
 */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev);

#endif

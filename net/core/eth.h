/* SPDX-License-Identifier: MIT */
/* Ethernet framing (RFC 894). */
#ifndef NET_CORE_ETH_H
#define NET_CORE_ETH_H

#include "kernel/types.h"
#include "net/core/netdevice.h"
#include "net/wire/ether.h"

/* Fills mtu, header_ops, broadcast. */
void ether_setup(struct net_device *dev);
/*
 * Sets mac header, pkt_type, skb->dev; takes the header off; returns the EtherType (network order).
 * The caller checked that ETH_HLEN bytes are in the linear part.
 */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev);

#endif

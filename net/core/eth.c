/* SPDX-License-Identifier: MIT */
/*
 * Ethernet: reads the header of a received frame, and writes the header of a frame to send.
 *
 * Callers: a driver's poll calls eth_type_trans(); neigh_output and arp_send call
 * header_ops->create. Any context; no lock, because the caller is the only holder of the packet.
 * RFC 894, IEEE 802.3.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "net/core/eth.h"

/* A value below this one in the type field is a length (IEEE 802.3), and an LLC header follows. */
#define ETH_P_802_3_MIN 0x0600
#define ETH_P_802_2     0x0004

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;

	BUG_ON(skb_headlen(skb) < ETH_HLEN);
	skb->dev = dev;
	skb_reset_mac_header(skb);
	__skb_pull(skb, ETH_HLEN);

	if (unlikely(is_multicast_ether_addr(eth->h_dest)))
		skb->pkt_type = memcmp(eth->h_dest, dev->broadcast, ETH_ALEN) ? PACKET_MULTICAST
									      : PACKET_BROADCAST;
	else
		skb->pkt_type = memcmp(eth->h_dest, dev->dev_addr, ETH_ALEN) ? PACKET_OTHERHOST
									     : PACKET_HOST;
	if (unlikely(ntohs(eth->h_proto) < ETH_P_802_3_MIN))
		return HTONS_CONST(ETH_P_802_2);
	return eth->h_proto;
}

static int eth_header(struct sk_buff *skb, struct net_device *dev, u16 type, const u8 *daddr,
		      const u8 *saddr)
{
	struct ethhdr *eth;

	if (unlikely(skb_headroom(skb) < ETH_HLEN))
		return -ENOBUFS;
	eth = __skb_push(skb, ETH_HLEN);
	__builtin_memcpy(eth->h_dest, daddr ? daddr : dev->broadcast, ETH_ALEN);
	__builtin_memcpy(eth->h_source, saddr ? saddr : dev->dev_addr, ETH_ALEN);
	eth->h_proto = htons(type);
	skb_reset_mac_header(skb);
	return ETH_HLEN;
}

static const struct header_ops eth_header_ops = {.create = eth_header};

void ether_setup(struct net_device *dev)
{
	dev->header_ops = &eth_header_ops;
	dev->hard_header_len = ETH_HLEN;
	dev->mtu = ETH_DATA_LEN;
	dev->max_mtu = ETH_DATA_LEN;
	dev->flags |= IFF_BROADCAST | IFF_MULTICAST;
	memset(dev->broadcast, 0xff, ETH_ALEN);
}

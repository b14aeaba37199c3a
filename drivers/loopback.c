/* SPDX-License-Identifier: MIT */
/*
 * The loopback device "lo": a packet sent to one of this host's own addresses is received again.
 *
 * Called: loopback_init() from init/main.c; loopback_xmit() from dev_queue_xmit() under tx_lock,
 * softirqs disabled; netif_rx() puts the packet on this CPU's input queue, bounded by
 * net.core.netdev_max_backlog. The device offers every offload: no packet goes over a wire, so
 * checksums are neither computed nor checked, and a 64 KiB segment stays one packet. Compare
 * Linux's drivers/net/loopback.c.
 */
#include "kernel/lib/bug.h"
#include "net/core/netdevice.h"

#define LOOPBACK_MTU 65536

static int loopback_open(struct net_device *dev)
{
	netif_carrier_on(dev);
	return 0;
}

static int loopback_stop(struct net_device *dev)
{
	netif_carrier_off(dev);
	return 0;
}

static netdev_tx_t loopback_xmit(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int len = skb->len;

	/*
	 * Release the sender's socket memory here: the receiving socket is charged when the packet
	 * reaches it.
	 */
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->dev = dev;
	/*
	 * skb_mstamp is the time at which TCP sent the packet. Set it to 0, because the time of
	 * receiving is not known yet.
	 */
	skb->skb_mstamp = 0;
	skb->pkt_type = PACKET_HOST;

	dev->stats.tx_packets++;
	dev->stats.tx_bytes += len;
	if (netif_rx(skb) == NET_RX_SUCCESS) {
		dev->stats.rx_packets++;
		dev->stats.rx_bytes += len;
	} else {
		dev->stats.rx_dropped++;
	}
	return NETDEV_TX_OK;
}

static const struct net_device_ops loopback_ops = {
	.ndo_open = loopback_open,
	.ndo_stop = loopback_stop,
	.ndo_start_xmit = loopback_xmit,
};

void loopback_init(void)
{
	struct net_device *dev = alloc_netdev("lo", NULL);

	if (!dev)
		panic("no memory for the loopback device");
	dev->flags |= IFF_LOOPBACK | IFF_NOARP;
	dev->mtu = LOOPBACK_MTU;
	dev->max_mtu = LOOPBACK_MTU;
	dev->features =
		NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_TSO | NETIF_F_TSO_ECN;
	dev->gso_max_size = GSO_MAX_SIZE;
	dev->gso_max_segs = 0xffff;
	dev->netdev_ops = &loopback_ops;
	BUG_ON(register_netdevice(dev));
}

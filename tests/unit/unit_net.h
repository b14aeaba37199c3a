/* SPDX-License-Identifier: MIT */
/*
 * A network for unit tests: the layers up to IPv4, "lo", and an Ethernet device "eth0" that keeps
 * the frames it is given.  eth0 has the address 10.0.2.15/24; the gateway and the peer of the tests
 * are both 10.0.2.2.  A program boots the network once, with net_boot() as cmocka's group setup,
 * because the kernel's tables can be registered only once.
 */
#ifndef TESTS_UNIT_UNIT_NET_H
#define TESTS_UNIT_UNIT_NET_H

#include "tests/unit/unit_hal.h"

#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page_frag.h"
#include "kernel/mm/slab.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/core/checksum.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

#define NET_FRAMES    320
#define NET_FRAME_MAX 2048

struct net_frame {
	unsigned int len;
	u8 data[NET_FRAME_MAX];
};

static struct net_device *eth0;
static struct net_frame net_out[NET_FRAMES]; /* frames that eth0 sent */
static unsigned int net_out_count;
static u64 net_now;
static bool net_ring_full;
static unsigned int net_ring_room; /* frames that eth0 takes until its ring is full; 0: no limit */

static const u8 net_peer_mac[6] = {0x52, 0x55, 0x0a, 0x00, 0x02, 0x02};
static const u8 net_my_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static inline __be32 ip4(u8 a, u8 b, u8 c, u8 d)
{
	return htonl((u32)a << 24 | b << 16 | c << 8 | d);
}
#define ME   ip4(10, 0, 2, 15)
#define PEER ip4(10, 0, 2, 2)

static netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	if (net_ring_full) {
		netif_stop_queue(dev);
		return NETDEV_TX_BUSY;
	}
	assert_true(skb->len <= NET_FRAME_MAX && net_out_count < NET_FRAMES);
	assert_int_equal(skb_copy_bits(skb, 0, net_out[net_out_count].data, skb->len), 0);
	net_out[net_out_count++].len = skb->len;
	consume_skb(skb);
	if (net_ring_room && !--net_ring_room) {
		net_ring_full = true;
		netif_stop_queue(dev);
	}
	return NETDEV_TX_OK;
}

/* Advances the clock by @ms milliseconds in steps of 50 at most, and runs the expired timers after each. */
static inline void net_wait(unsigned int ms)
{
	while (ms) {
		unsigned int step = min(ms, 50u);

		net_now += step * NSEC_PER_MSEC;
		ms -= step;
		unit_set_clock(net_now);
		hal_irq_disable();
		do_timer_interrupt();
		hal_irq_enable();
	}
}

/* Initialises the layers up to IPv4, and "lo", but no Ethernet device. */
static inline void net_boot_floors(void)
{
	unit_memory(32768, true);
	net_now = NSEC_PER_SEC;
	unit_set_clock(net_now);
	random_init();
	timers_init();
	skb_init();
	netdev_init();
	snmp_init();
	ip_init();
	loopback_init();
	if (!(loopback_dev()->flags & IFF_UP))
		assert_int_equal(dev_open(loopback_dev()), 0);
}

/* Registers the next Ethernet device, still closed.  Its MAC address is eth0's with @number added to the last byte. */
static inline struct net_device *net_card(u8 number)
{
	static const struct net_device_ops ops = {.ndo_start_xmit = net_xmit};
	struct net_device *dev = alloc_netdev("eth%d", NULL);

	assert_non_null(dev);
	ether_setup(dev);
	memcpy(dev->dev_addr, net_my_mac, 6);
	dev->dev_addr[5] += number;
	dev->netdev_ops = &ops;
	assert_int_equal(register_netdevice(dev), 0);
	return dev;
}

static inline int net_boot(void **state)
{
	char words[] = "ip=10.0.2.15/24 gw=10.0.2.2";

	net_boot_floors();
	cmdline_parse(words, NULL);
	eth0 = net_card(0);
	assert_int_equal(dev_open(eth0), 0);
	netif_carrier_on(eth0);
	return 0;
}

/* Returns an empty sk_buff for a frame of @len bytes in a page fragment, as a driver's receive buffers are. */
static inline struct sk_buff *net_rx_skb(unsigned int len)
{
	unsigned int size = SKB_DATA_ALIGN(NET_SKB_PAD + len) + SKB_OVERHEAD;
	struct page_frag block = {0};
	struct sk_buff *skb;

	skb = build_skb(page_frag_alloc(&block, size, GFP_ATOMIC), size);
	page_frag_drain(&block);
	assert_non_null(skb);
	skb_reserve(skb, NET_SKB_PAD);
	skb->dev = eth0;
	return skb;
}

/* Passes a received frame to the network stack, as a driver would. */
static inline void net_in(const void *frame, unsigned int len)
{
	struct sk_buff *skb;

	local_bh_disable();
	skb = net_rx_skb(len);
	assert_non_null(skb);
	memcpy(skb_put(skb, len), frame, len);
	assert_true(pskb_may_pull(skb, ETH_HLEN));
	skb->protocol = eth_type_trans(skb, eth0);
	netif_receive_skb(skb);
	local_bh_enable();
}

/* Builds an Ethernet and IPv4 header before @len bytes of payload; returns the frame's length. */
static inline unsigned int net_ip_frame(u8 *frame, __be32 saddr, __be32 daddr, u8 protocol,
					const void *payload, unsigned int len)
{
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct iphdr *iph = (struct iphdr *)(eth + 1);

	memcpy(eth->h_dest, net_my_mac, 6);
	memcpy(eth->h_source, net_peer_mac, 6);
	eth->h_proto = htons(ETH_P_IP);
	*iph = (struct iphdr){.version = 4,
			      .ihl = 5,
			      .ttl = 64,
			      .protocol = protocol,
			      .saddr = saddr,
			      .daddr = daddr,
			      .tot_len = htons(20 + len)};
	iph->check = ip_fast_csum(iph, 5);
	memcpy(iph + 1, payload, len);
	return sizeof(*eth) + sizeof(*iph) + len;
}

static inline void net_arp_in(u16 op, const u8 *dest_mac, __be32 sip, const u8 *sha, __be32 tip)
{
	u8 frame[sizeof(struct ethhdr) + sizeof(struct arphdr)];
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct arphdr *arp = (struct arphdr *)(eth + 1);

	memset(frame, 0, sizeof(frame));
	memcpy(eth->h_dest, dest_mac ? dest_mac : eth0->broadcast, 6);
	memcpy(eth->h_source, sha, 6);
	eth->h_proto = htons(ETH_P_ARP);
	arp->ar_hrd = htons(1);
	arp->ar_pro = htons(ETH_P_IP);
	arp->ar_hln = 6;
	arp->ar_pln = 4;
	arp->ar_op = htons(op);
	memcpy(arp->ar_sha, sha, 6);
	memcpy(arp->ar_sip, &sip, 4);
	memcpy(arp->ar_tip, &tip, 4);
	net_in(frame, sizeof(frame));
}

/* Lets the peer send an ARP request, from which the kernel learns the peer's MAC address. */
static inline void net_know_peer(void)
{
	net_arp_in(ARPOP_REQUEST, NULL, PEER, net_peer_mac, ME);
	net_out_count = 0;
}

static inline u16 net_out_type(unsigned int i)
{
	return ntohs(((struct ethhdr *)net_out[i].data)->h_proto);
}
static inline struct iphdr *net_out_ip(unsigned int i)
{
	return (struct iphdr *)(net_out[i].data + sizeof(struct ethhdr));
}
static inline struct arphdr *net_out_arp(unsigned int i)
{
	return (struct arphdr *)(net_out[i].data + sizeof(struct ethhdr));
}

static inline u64 net_live(const char *cache)
{
	struct kmem_cache *c;

	list_for_each_entry(c, kmem_caches(), caches) {
		if (!strcmp(c->name, cache))
			return c->live;
	}
	fail_msg("no cache %s", cache);
	return 0;
}

/* net_setup() forgets the frames sent so far before each test; net_teardown() checks that no packet leaked. */
static inline int net_setup(void **state)
{
	net_out_count = 0;
	net_ring_full = false;
	return 0;
}
static inline int net_teardown(void **state)
{
	assert_int_equal(net_live("skbuff_head_cache"), 0);
	assert_int_equal(net_live("skbuff_fclone_cache"), 0);
	return 0;
}
#define net_test(f) cmocka_unit_test_setup_teardown(f, net_setup, net_teardown)

#endif

/* SPDX-License-Identifier: MIT */
/* Sending datagrams that are longer than the MTU: the fragments on the wire. */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"

#define TEST_PROTO 200

static u8 data[65536];
static u8 whole[65536]; /* the datagram, joined from the frames that were sent */

static int send_bytes(__be32 daddr, unsigned int len)
{
	struct flowi4 fl = {.daddr = daddr};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + len, GFP_KERNEL);
	int err;

	skb_reserve(skb, MAX_TCP_HEADER);
	memcpy(skb_put(skb, len), data, len);
	skb_reset_transport_header(skb);
	err = ip_send_skb(skb, rt, fl.saddr, daddr, TEST_PROTO, 0x20, 33, NULL);
	rt_put(rt);
	return err;
}

/*
 * Checks that the frames are the fragments of one datagram of @len bytes, in order, each as long as @mtu permits
 * (RFC 791 3.2). Returns the identification.
 */
static u16 check_fragments(unsigned int len, unsigned int mtu)
{
	unsigned int at = 0, most = (mtu - 20) / 8 * 8;
	u16 id = net_out_ip(0)->id;

	assert_int_equal(net_out_count, (len + most - 1) / most);
	for (unsigned int i = 0; i < net_out_count; i++) {
		const struct iphdr *iph = net_out_ip(i);
		unsigned int n = ntohs(iph->tot_len) - 20;
		bool last = i + 1 == net_out_count;

		assert_int_equal(iph->ihl, 5);
		assert_int_equal(net_out[i].len, 14 + 20 + n);
		assert_int_equal(ip_fast_csum(iph, 5), 0);
		assert_int_equal(iph->id, id);
		assert_int_equal(iph->tos, 0x20);
		assert_int_equal(iph->ttl, 33);
		assert_int_equal(iph->protocol, TEST_PROTO);
		assert_int_equal(iph->saddr, ME);
		assert_int_equal(iph->daddr, PEER);
		assert_int_equal(ntohs(iph->frag_off), at / 8 | (last ? 0 : IP_MF));
		assert_int_equal(n, last ? len - at : most);
		memcpy(whole + at, iph + 1, n);
		at += n;
	}
	assert_int_equal(at, len);
	assert_memory_equal(whole, data, len);
	net_out_count = 0;
	return id;
}

static void test_lengths(void **state)
{
	static const unsigned int lengths[] = {1481, 1488, 2960, 2961, 5000, 30000, 65515};
	u64 oks = snmp_counters[SNMP_IpFragOKs], parts = snmp_counters[SNMP_IpFragCreates];
	u64 requests = snmp_counters[SNMP_IpOutRequests], n = 0;
	u16 last = 0;

	net_know_peer();
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		u16 id;

		assert_int_equal(send_bytes(PEER, lengths[i]), 0);
		n += net_out_count;
		id = check_fragments(lengths[i], 1500);
		/* RFC 6864 4.3: datagrams that may be fragmented need different identifications. */
		assert_true(id != last);
		last = id;
	}
	assert_int_equal(snmp_counters[SNMP_IpFragOKs], oks + ARRAY_SIZE(lengths));
	assert_int_equal(snmp_counters[SNMP_IpFragCreates], parts + n);
	assert_int_equal(snmp_counters[SNMP_IpOutRequests], requests + ARRAY_SIZE(lengths));
	/* A datagram that fits has "don't fragment". */
	assert_int_equal(send_bytes(PEER, 1480), 0);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(net_out_ip(0)->frag_off, htons(IP_DF));
	assert_int_equal(snmp_counters[SNMP_IpFragOKs], oks + ARRAY_SIZE(lengths));
}

/* The fragments are as long as the device's MTU permits, down to the smallest MTU, 68. */
static void test_mtus(void **state)
{
	for (unsigned int mtu = 68; mtu < 1500; mtu += 17) {
		unsigned int len = min(3001u, (mtu - 20) / 8 * 8 * 60);

		eth0->mtu = mtu;
		rt_cache_flush();
		net_know_peer();
		assert_int_equal(send_bytes(PEER, len), 0);
		check_fragments(len, mtu);
	}
	eth0->mtu = 1500;
	rt_cache_flush();
}

/* The transport's checksum must be computed before the datagram is cut into fragments. */
static void test_checksum(void **state)
{
	struct flowi4 fl = {.daddr = PEER};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + 3000, GFP_KERNEL);
	u8 saved[8];

	net_know_peer();
	skb_reserve(skb, MAX_TCP_HEADER);
	memcpy(skb_put(skb, 3000), data, 3000);
	skb_reset_transport_header(skb);
	*(__sum16 *)(skb->data + 6) = ~csum_tcpudp_magic(ME, PEER, 3000, TEST_PROTO, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = 6;
	assert_int_equal(ip_send_skb(skb, rt, ME, PEER, TEST_PROTO, 0x20, 33, NULL), 0);
	rt_put(rt);
	memcpy(saved, data, 8);
	memcpy(data + 6, (u8 *)(net_out_ip(0) + 1) + 6, 2);
	check_fragments(3000, 1500);
	assert_int_equal(
		csum_tcpudp_magic(ME, PEER, 3000, TEST_PROTO, csum_partial(whole, 3000, 0)), 0);
	memcpy(data, saved, 8);
}

/* The device's queue has no room for the fourth fragment: the later ones are not sent, and the sender gets an error. */
static void test_no_room_for_a_fragment(void **state)
{
	u64 fails = snmp_counters[SNMP_IpFragFails], oks = snmp_counters[SNMP_IpFragOKs];
	u64 full = skb_drop_count[SKB_DROP_REASON_QDISC_DROP];

	net_know_peer();
	net_ring_full = true;
	for (unsigned int i = 0; i < NETDEV_TX_QUEUE_LEN - 3; i++)
		assert_int_equal(send_bytes(PEER, 10), 0);
	assert_int_equal(send_bytes(PEER, 10000), -ENOBUFS);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_QDISC_DROP], full + 1);
	assert_int_equal(snmp_counters[SNMP_IpFragFails], fails + 1);
	assert_int_equal(snmp_counters[SNMP_IpFragOKs], oks);
	assert_int_equal(eth0->txq.qlen, NETDEV_TX_QUEUE_LEN);
	while (eth0->txq.qlen) {
		net_out_count = 0;
		net_ring_room = 100;
		net_ring_full = false;
		local_bh_disable();
		netif_wake_queue(eth0);
		local_bh_enable();
	}
	net_ring_room = 0;
	net_ring_full = false;
	netif_wake_queue(eth0);
}

static int boot(void **state)
{
	net_boot(state);
	net_wait(5000);
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + (i >> 8) * 13;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_lengths),
		net_test(test_mtus),
		net_test(test_checksum),
		net_test(test_no_room_for_a_fragment),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

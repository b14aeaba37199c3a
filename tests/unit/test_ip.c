/* SPDX-License-Identifier: MIT */
/* Receiving and sending IPv4 packets, with a stub transport protocol and a stub device. */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"
#include "net/ipv4/ip_options.h"

#define TEST_PROTO 200

static unsigned int delivered, delivered_len;
static u8 delivered_bytes[2000];

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	delivered++;
	delivered_len = skb->len;
	assert_ptr_equal(skb->data, skb_transport_header(skb));
	assert_int_equal(skb_copy_bits(skb, 0, delivered_bytes, min(skb->len, 2000u)), 0);
	consume_skb(skb);
	return SKB_CONSUMED;
}

static u64 drops(enum skb_drop_reason r)
{
	return skb_drop_count[r];
}

static void resum(u8 *frame)
{
	struct iphdr *iph = (struct iphdr *)(frame + 14);

	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
}

static void test_delivers_without_padding(void **state)
{
	u8 frame[128] = {0};
	unsigned int len = net_ip_frame(frame, PEER, ME, TEST_PROTO, "abc", 3);

	delivered = 0;
	assert_int_equal(len, 37);
	net_in(frame, 60);
	assert_int_equal(delivered, 1);
	assert_int_equal(delivered_len, 3);
	assert_memory_equal(delivered_bytes, "abc", 3);
	net_in(frame, len);
	assert_int_equal(delivered, 2);
}

static void test_bad_headers(void **state)
{
	u8 good[128] = {0}, frame[128];
	unsigned int len = net_ip_frame(good, PEER, ME, TEST_PROTO, "12345678", 8);
	u64 inhdr = drops(SKB_DROP_REASON_IP_INHDR), csum = drops(SKB_DROP_REASON_IP_CSUM);
	u64 small = drops(SKB_DROP_REASON_PKT_TOO_SMALL);

	delivered = 0;
	for (unsigned int cut = 14; cut < len; cut++)
		net_in(good, cut);
	assert_int_equal(drops(SKB_DROP_REASON_IP_INHDR), inhdr + sizeof(struct iphdr));
	assert_int_equal(drops(SKB_DROP_REASON_PKT_TOO_SMALL), small + 8);

	inhdr = drops(SKB_DROP_REASON_IP_INHDR);
	for (unsigned int value = 0; value < 256; value++) {
		memcpy(frame, good, sizeof(frame));
		if (value == 0x45)
			continue;
		frame[14] = value;
		resum(frame);
		/* With a header length above 5, the payload is read as IP options: see test_options(). */
		if (value >> 4 == 4 && (value & 15) > 5)
			continue;
		net_in(frame, len);
	}
	assert_int_equal(drops(SKB_DROP_REASON_IP_INHDR), inhdr + 245);

	for (unsigned int byte = 15; byte < 34; byte++) {
		memcpy(frame, good, sizeof(frame));
		frame[byte] ^= 0x10;
		net_in(frame, len);
	}
	assert_int_equal(drops(SKB_DROP_REASON_IP_CSUM), csum + 19);
	assert_int_equal(delivered, 0);
}

/* A program's own header (IP_HDRINCL) may have options with wrong lengths when its packet is fragmented. */
static void test_unchecked_options_are_not_followed(void **state)
{
	static const u8 options[][12] = {{7, 0, 0, 0, 7, 4, 4, 0, 9, 9, 9, 9},
					 {7, 255, 0, 0, 7, 4, 4, 0, 9, 9, 9, 9},
					 {1, 1, 1, 7, 9, 9, 9, 9, 9, 9, 9, 9}};
	static const u8 good[12] = {7, 4, 4, 0, 9, 9, 9, 9, 9, 9, 9, 9};
	static const u8 blanked[12] = {1, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9, 9};
	u8 opt[12];

	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
		memcpy(opt, options[i], sizeof(opt));
		ip_options_uncopied(opt, i < 2 ? 8 : 4);
		assert_memory_equal(opt, options[i], sizeof(opt));
	}
	memcpy(opt, good, sizeof(opt));
	ip_options_uncopied(opt, 4);
	assert_memory_equal(opt, blanked, sizeof(opt));
}

static void test_strangers_are_counted(void **state)
{
	u8 frame[128] = {0};
	unsigned int len = net_ip_frame(frame, PEER, ME, TEST_PROTO, "12345678", 8);
	struct iphdr *iph = (struct iphdr *)(frame + 14);
	u64 fwd = drops(SKB_DROP_REASON_IP_FORWARD), other = drops(SKB_DROP_REASON_OTHERHOST);

	delivered = 0;
	iph->frag_off = htons(IP_DF);
	iph->daddr = ip4(10, 0, 2, 16);
	resum(frame);
	net_in(frame, len);
	assert_int_equal(drops(SKB_DROP_REASON_IP_FORWARD), fwd + 1);
	frame[5] ^= 1; /* another station's link address */
	net_in(frame, len);
	assert_int_equal(drops(SKB_DROP_REASON_OTHERHOST), other + 1);
	assert_int_equal(delivered, 0);
}

static unsigned int option_frame(u8 *frame, const u8 *opt, unsigned int optlen)
{
	u8 payload[48] = {0};
	unsigned int padded = ALIGN_UP(optlen, 4u), len;
	struct iphdr *iph = (struct iphdr *)(frame + 14);

	memcpy(payload, opt, optlen);
	payload[padded] = 'x';
	len = net_ip_frame(frame, PEER, ME, TEST_PROTO, payload, padded + 1);
	iph->ihl = 5 + padded / 4;
	resum(frame);
	return len;
}

static void test_options(void **state)
{
	static const struct {
		u8 opt[8], len;
		bool good;
		u8 pointer; /* offset of the bad byte in the IP header, as the ICMP error must report it */
	} cases[] = {
		{{1, 1, 1, 0}, 4, true},
		{{0, 7, 7, 7}, 4, true}, /* the bytes after "end of options" (0) are ignored */
		{{7, 7, 4, 0, 0, 0, 0, 0}, 8, true},
		{{131, 7, 4, 0, 0, 0, 0, 0}, 8, false, 20},
		{{1, 137, 3, 4}, 4, false, 21},
		{{7, 1, 1, 1}, 4, false, 21},
		{{7, 9, 1, 1}, 4, false, 21},
		{{1, 1, 1, 7}, 4, false, 23},
	};

	net_know_peer();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 frame[128] = {0};
		unsigned int len = option_frame(frame, cases[i].opt, cases[i].len);

		net_wait(10000); /* long enough that the rate limits allow another ICMP error */
		net_know_peer();
		delivered = 0;
		net_in(frame, len);
		assert_int_equal(delivered, cases[i].good);
		assert_int_equal(net_out_count, !cases[i].good);
		if (cases[i].good) {
			assert_int_equal(delivered_len, 1);
			assert_int_equal(delivered_bytes[0], 'x');
		} else {
			const u8 *icmp = (const u8 *)(net_out_ip(0) + 1);

			assert_int_equal(icmp[0], ICMP_PARAMETERPROB);
			assert_int_equal(icmp[4], cases[i].pointer);
		}
	}
}

static void test_reply_without_a_socket(void **state)
{
	u8 segment[20] = {0, 7, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x04};
	struct iphdr *iph;

	net_know_peer();
	ip_send_unicast_reply(NULL, ME, PEER, 0x10, 6, segment, sizeof(segment), 16);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(net_out[0].len, 54);
	iph = net_out_ip(0);
	assert_int_equal(ip_fast_csum(iph, 5), 0);
	assert_int_equal(ntohs(iph->tot_len), 40);
	assert_int_equal(iph->frag_off, htons(IP_DF));
	assert_int_equal(iph->tos, 0x10);
	assert_int_equal(iph->saddr, ME);
	assert_int_equal(iph->daddr, PEER);
	assert_int_equal(csum_tcpudp_magic(ME, PEER, 20, 6, csum_partial(iph + 1, 20, 0)), 0);
}

static int send_bytes(__be32 daddr, unsigned int len)
{
	struct flowi4 fl = {.daddr = daddr};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + len, GFP_KERNEL);
	int err;

	skb_reserve(skb, MAX_TCP_HEADER);
	memset(skb_put(skb, len), 7, len);
	skb_reset_transport_header(skb);
	err = ip_send_skb(skb, rt, fl.saddr, daddr, TEST_PROTO, 0, 64, NULL);
	rt_put(rt);
	return err;
}

/* A datagram longer than 65,535 bytes is refused: IP's length field has 16 bits. */
static void test_too_big_is_refused(void **state)
{
	u64 big = drops(SKB_DROP_REASON_PKT_TOO_BIG);

	net_know_peer();
	assert_int_equal(send_bytes(PEER, 65516), -EMSGSIZE);
	assert_int_equal(net_out_count, 0);
	assert_int_equal(drops(SKB_DROP_REASON_PKT_TOO_BIG), big + 1);
}

static void test_to_ourselves(void **state)
{
	delivered = 0;
	assert_int_equal(send_bytes(ip4(127, 0, 0, 1), 50), 0);
	assert_int_equal(send_bytes(ME, 60), 0);
	raise_softirq(NET_RX_SOFTIRQ);
	do_softirq();
	assert_int_equal(delivered, 2);
	assert_int_equal(delivered_len, 60);
	assert_int_equal(net_out_count, 0);
}

/* While the device's ring is full, packets wait in a queue, whose length is limited.  LIMIT(NETDEV_TX_QUEUE_LEN) */
static void test_ring_full_then_in_order(void **state)
{
	u64 full = drops(SKB_DROP_REASON_QDISC_DROP);

	net_know_peer();
	net_ring_full = true;
	for (unsigned int i = 0; i < NETDEV_TX_QUEUE_LEN; i++)
		assert_int_equal(send_bytes(PEER, 100 + i % 100), 0);
	assert_int_equal(send_bytes(PEER, 10), -ENOBUFS);
	assert_int_equal(drops(SKB_DROP_REASON_QDISC_DROP), full + 1);
	assert_int_equal(net_out_count, 0);
	net_ring_full = false;
	/* The ring takes a hundred packets at a time: the packets of the queue are sent in order. */
	for (unsigned int done = 0; done < NETDEV_TX_QUEUE_LEN; done += 100) {
		net_out_count = 0;
		net_ring_room = 100;
		net_ring_full = false;
		local_bh_disable();
		netif_wake_queue(eth0);
		local_bh_enable();
		assert_int_equal(net_out_count, 100);
		for (unsigned int i = 0; i < 100; i++)
			assert_int_equal(ntohs(net_out_ip(i)->tot_len), 120 + i);
	}
	assert_true(skb_queue_empty(&eth0->txq));
	net_ring_room = 0;
	net_ring_full = false;
	netif_wake_queue(eth0);
}

/*
 * A restarted queue does not wait for NET_TX_SOFTIRQ: when the next packet is sent, the queued packets are sent before
 * it. Otherwise the answers to a flood of packets, all sent in one run of NET_RX, would fill the queue while the ring
 * is idle.
 */
static void test_the_next_packet_runs_a_restarted_queue(void **state)
{
	net_know_peer();
	net_ring_full = true;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(send_bytes(PEER, 100 + i), 0);
	assert_int_equal(net_out_count, 0);
	net_ring_full = false;
	local_bh_disable();
	netif_wake_queue(eth0);
	assert_int_equal(net_out_count, 0);
	assert_int_equal(send_bytes(PEER, 103), 0);
	assert_int_equal(net_out_count, 4);
	local_bh_enable();
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(ntohs(net_out_ip(i)->tot_len), 120 + i);
}

/*
 * A queue of large packets is full before it has 1,000 packets: the queued packets may use an eighth of memory, and
 * more than that only by a part of one packet.
 *
 * LIMIT(NETDEV_TX_QUEUE_PART)
 */
static void test_queue_is_bounded_by_memory(void **state)
{
	u64 full = drops(SKB_DROP_REASON_QDISC_DROP), limit = eth0->txq_limit;
	unsigned int n = 0;

	assert_int_equal(limit, nr_total_pages() * PAGE_SIZE / NETDEV_TX_QUEUE_PART);
	eth0->txq_limit = 64 << 10;
	net_know_peer();
	net_ring_full = true;
	while (!send_bytes(PEER, 1400))
		n++;
	assert_int_equal(drops(SKB_DROP_REASON_QDISC_DROP), full + 1);
	assert_int_equal(eth0->txq.qlen, n);
	assert_int_equal(eth0->txq_truesize, n * skb_peek(&eth0->txq)->truesize);
	assert_true(eth0->txq_truesize > eth0->txq_limit);
	assert_true(eth0->txq_truesize - skb_peek(&eth0->txq)->truesize <= eth0->txq_limit);
	/* After one packet was sent, one more may be queued. */
	net_out_count = 0;
	net_ring_room = 1;
	net_ring_full = false;
	local_bh_disable();
	netif_wake_queue(eth0);
	local_bh_enable();
	assert_int_equal(net_out_count, 1);
	assert_int_equal(send_bytes(PEER, 1400), 0);
	assert_int_equal(send_bytes(PEER, 1400), -ENOBUFS);
	net_ring_room = 0;
	net_ring_full = false;
	local_bh_disable();
	netif_wake_queue(eth0);
	local_bh_enable();
	assert_int_equal(net_out_count, n + 1);
	assert_int_equal(eth0->txq_truesize, 0);
	eth0->txq_limit = limit;
}

/* RFC 1112 6.4: the MAC address of a group is 01:00:5e and the lower 23 bits of its IP address; ARP is not used. */
static void test_to_a_group(void **state)
{
	static const u8 mac[] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};

	assert_int_equal(send_bytes(ip4(239, 129, 2, 3), 50), 0);
	assert_int_equal(net_out_count, 1);
	assert_memory_equal(net_out[0].data, mac, 6);
	assert_int_equal(net_out_ip(0)->daddr, ip4(239, 129, 2, 3));
	assert_int_equal(net_out_ip(0)->saddr, ME);
}

static void test_broadcast(void **state)
{
	assert_int_equal(send_bytes(ip4(10, 0, 2, 255), 50), 0);
	assert_int_equal(send_bytes(ip4(255, 255, 255, 255), 50), 0);
	assert_int_equal(net_out_count, 2);
	assert_memory_equal(net_out[0].data, eth0->broadcast, 6);
	assert_memory_equal(net_out[1].data, eth0->broadcast, 6);
}

/* While loopback is down, the host has no route to itself, and packets with an older route are dropped and counted. */
static void test_loopback_down(void **state)
{
	u64 down = drops(SKB_DROP_REASON_DEV_DOWN);
	struct net_device *lo = loopback_dev();
	struct flowi4 fl = {.daddr = ME};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + 50, GFP_KERNEL);

	assert_false(IS_ERR(rt));
	assert_int_equal(dev_close(lo), 0);
	assert_false(netif_carrier_ok(lo));
	assert_int_equal(PTR_ERR(ip_route_output_key(&fl)), -ENETUNREACH);
	skb_reserve(skb, MAX_TCP_HEADER);
	skb_put(skb, 50);
	skb_reset_transport_header(skb);
	assert_int_equal(ip_send_skb(skb, rt, ME, ME, TEST_PROTO, 0, 64, NULL), -ENETDOWN);
	assert_int_equal(drops(SKB_DROP_REASON_DEV_DOWN), down + 1);
	rt_put(rt);
	assert_int_equal(dev_open(lo), 0);
	test_to_ourselves(state);
}

static void test_device_down(void **state)
{
	eth0->flags &= ~IFF_UP;
	assert_true(IS_ERR(ip_route_output_key(&(struct flowi4){.daddr = ip4(9, 9, 9, 9)})));
	eth0->flags |= IFF_UP;
}

static int boot(void **state)
{
	static const struct net_protocol proto = {.handler = test_handler};

	net_boot(state);
	net_wait(5000);
	return inet_add_protocol(&proto, TEST_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_delivers_without_padding),
		net_test(test_bad_headers),
		net_test(test_unchecked_options_are_not_followed),
		net_test(test_strangers_are_counted),
		net_test(test_options),
		net_test(test_reply_without_a_socket),
		net_test(test_too_big_is_refused),
		net_test(test_to_ourselves),
		net_test(test_ring_full_then_in_order),
		net_test(test_the_next_packet_runs_a_restarted_queue),
		net_test(test_queue_is_bounded_by_memory),
		net_test(test_to_a_group),
		net_test(test_broadcast),
		net_test(test_loopback_down),
		net_test(test_device_down),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

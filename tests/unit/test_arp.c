/* SPDX-License-Identifier: MIT */
/* ARP and the states of a neighbour entry: replies, accepted addresses, packets waiting for resolution, timeouts. */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"

#define TEST_PROTO 200

static unsigned int errors_told, last_type, last_code;
static __be32 last_daddr;

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	consume_skb(skb);
	return SKB_CONSUMED;
}

static void test_err_handler(struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)skb->data;

	errors_told++;
	last_type = icmp_hdr(skb)->type;
	last_code = icmp_hdr(skb)->code;
	last_daddr = quoted->daddr;
	assert_int_equal(quoted->version, 4);
	assert_int_equal(quoted->protocol, TEST_PROTO);
	assert_true(in_serving_softirq());
}

/* Sends @len bytes of TEST_PROTO to @daddr. */
static int send_to(__be32 daddr, unsigned int len)
{
	struct flowi4 fl = {.daddr = daddr};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb;
	int err;

	assert_false(IS_ERR(rt));
	skb = alloc_skb(MAX_TCP_HEADER + len, GFP_KERNEL);
	skb_reserve(skb, MAX_TCP_HEADER);
	memset(skb_put(skb, len), 0xab, len);
	skb_reset_transport_header(skb);
	err = ip_send_skb(skb, rt, fl.saddr, daddr, TEST_PROTO, 0, 64, NULL);
	rt_put(rt);
	return err;
}

static u8 state_of(__be32 addr)
{
	struct neighbour *neigh = neigh_lookup(&arp_tbl, addr, eth0);
	u8 nud = neigh ? neigh->nud_state : 0xff;

	neigh_release(neigh);
	return nud;
}

static void test_announces_itself_twice(void **state)
{
	net_wait(5000);
	assert_int_equal(net_out_count, 2);
	for (unsigned int i = 0; i < 2; i++) {
		__be32 me = ME;

		assert_int_equal(net_out_type(i), ETH_P_ARP);
		assert_memory_equal(net_out[i].data, eth0->broadcast, 6);
		assert_int_equal(ntohs(net_out_arp(i)->ar_op), ARPOP_REQUEST);
		assert_memory_equal(net_out_arp(i)->ar_sip, &me, 4);
		assert_memory_equal(net_out_arp(i)->ar_tip, &me, 4);
	}
	assert_int_equal(timers_armed(), 0);
	netif_carrier_off(eth0);
	netif_carrier_on(eth0);
	net_wait(5000);
	assert_int_equal(net_out_count, 4);
}

static void test_answers_for_itself_only(void **state)
{
	net_arp_in(ARPOP_REQUEST, NULL, PEER, net_peer_mac, ip4(10, 0, 2, 16));
	assert_int_equal(net_out_count, 0);
	assert_int_equal(state_of(PEER), 0xff);

	net_arp_in(ARPOP_REQUEST, NULL, PEER, net_peer_mac, ME);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(ntohs(net_out_arp(0)->ar_op), ARPOP_REPLY);
	assert_memory_equal(net_out[0].data, net_peer_mac, 6);
	assert_memory_equal(net_out_arp(0)->ar_sha, net_my_mac, 6);
	assert_memory_equal(net_out_arp(0)->ar_tha, net_peer_mac, 6);
	assert_int_equal(state_of(PEER), NUD_STALE);

	/* An ARP probe (RFC 5227) has the sender address 0: it is answered and creates no entry. */
	net_arp_in(ARPOP_REQUEST, NULL, 0, net_peer_mac, ME);
	assert_int_equal(net_out_count, 2);
	/* A request from an address outside of our network is answered, but creates no entry. */
	net_arp_in(ARPOP_REQUEST, NULL, ip4(192, 168, 0, 1), net_peer_mac, ME);
	assert_int_equal(state_of(ip4(192, 168, 0, 1)), 0xff);
}

static void test_drops_invalid_arp(void **state)
{
	static const u8 group_mac[6] = {0x01, 0, 0x5e, 0, 0, 1};
	u64 ignored = skb_drop_count[SKB_DROP_REASON_ARP_IGNORED];
	u64 malformed = skb_drop_count[SKB_DROP_REASON_ARP_MALFORMED];
	u8 frame[42];

	net_arp_in(ARPOP_REPLY, net_my_mac, ip4(10, 0, 2, 77), net_peer_mac, ME);
	assert_int_equal(state_of(ip4(10, 0, 2, 77)), 0xff); /* no request was sent */
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, 78), group_mac, ME);
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, 255), net_peer_mac, ME);
	net_arp_in(ARPOP_REQUEST, NULL, ip4(127, 0, 0, 1), net_peer_mac, ME);
	net_arp_in(9, NULL, PEER, net_peer_mac, ME);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ARP_IGNORED], ignored + 5);
	/* An ARP frame truncated at each byte is malformed. */
	memset(frame, 0xff, sizeof(frame));
	put_unaligned_be16(ETH_P_ARP, frame + 12);
	for (unsigned int len = 14; len < 42; len++)
		net_in(frame, len);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ARP_MALFORMED], malformed + 28);
	assert_int_equal(net_out_count, 0);
}

/* LIMIT(NEIGH_QUEUE_MAX) */
static void test_packets_wait_for_the_answer(void **state)
{
	__be32 who = ip4(10, 0, 2, 30);
	u64 full = skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL];

	for (unsigned int i = 0; i < NEIGH_QUEUE_MAX + 3; i++)
		assert_int_equal(send_to(who, 100 + i), 0);
	assert_int_equal(net_out_count, 1); /* one ARP request */
	assert_int_equal(state_of(who), NUD_INCOMPLETE);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL], full + 3);

	net_arp_in(ARPOP_REPLY, net_my_mac, who, net_peer_mac, ME);
	assert_int_equal(state_of(who), NUD_REACHABLE);
	assert_int_equal(net_out_count, 1 + NEIGH_QUEUE_MAX);
	for (unsigned int i = 0; i < NEIGH_QUEUE_MAX; i++) {
		/* The three oldest packets were dropped; the others are sent in order. */
		assert_int_equal(ntohs(net_out_ip(1 + i)->tot_len), 20 + 103 + i);
		assert_memory_equal(net_out[1 + i].data, net_peer_mac, 6);
	}
	send_to(who, 10);
	assert_int_equal(net_out_count, 2 + NEIGH_QUEUE_MAX);
}

/*
 * Packets wait for many addresses that do not answer: at most NEIGH_QUEUES_MAX packets may wait in all.  At the
 * limit, a new packet replaces the oldest packet for the same address; if no packet waits for its address, the
 * new packet waits nevertheless.
 *
 * LIMIT(NEIGH_QUEUES_MAX)
 */
static void test_all_queues_together_are_bounded(void **state)
{
	u64 full = skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL];
	unsigned int addresses = NEIGH_QUEUES_MAX / 8;

	for (unsigned int i = 0; i < addresses * 8; i++)
		assert_int_equal(send_to(ip4(10, 0, 2, 100 + i % addresses), 100), 0);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL], full);
	send_to(ip4(10, 0, 2, 90), 100);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL], full);
	send_to(ip4(10, 0, 2, 90), 100);
	send_to(ip4(10, 0, 2, 100), 100);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL], full + 2);
	/* No address answered, so all entries failed and their packets were freed: a new packet may wait. */
	net_wait(4000);
	send_to(ip4(10, 0, 2, 91), 100);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_QUEUEFULL], full + 2);
	net_wait(4000);
}

/*
 * After NEIGH_MCAST_PROBES unanswered requests, NEIGH_RETRANS_MS apart, each waiting packet is dropped and its sender
 * gets an ICMP "host unreachable".
 *
 * LIMIT(NEIGH_MCAST_PROBES) LIMIT(NEIGH_RETRANS_MS)
 */
static void test_no_host_answers(void **state)
{
	__be32 who = ip4(10, 0, 2, 31);
	u64 failed = skb_drop_count[SKB_DROP_REASON_NEIGH_FAILED];

	errors_told = 0;
	send_to(who, 50);
	send_to(who, 60);
	net_wait(2900);
	assert_int_equal(errors_told, 0);
	net_wait(300);
	assert_int_equal(net_out_count, NEIGH_MCAST_PROBES);
	assert_int_equal(errors_told, 2);
	assert_int_equal(last_type, ICMP_DEST_UNREACH);
	assert_int_equal(last_code, ICMP_HOST_UNREACH);
	assert_int_equal(last_daddr, who);
	assert_int_equal(state_of(who), NUD_FAILED);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_NEIGH_FAILED], failed + 2);
	/* The next packet starts a new resolution. */
	send_to(who, 50);
	assert_int_equal(state_of(who), NUD_INCOMPLETE);
	assert_int_equal(net_out_count, NEIGH_MCAST_PROBES + 1);
	net_arp_in(ARPOP_REPLY, net_my_mac, who, net_peer_mac, ME);
	assert_int_equal(state_of(who), NUD_REACHABLE);
}

/* LIMIT(NEIGH_REACHABLE_MS) */
static void test_goes_stale_and_is_asked_again(void **state)
{
	__be32 who = ip4(10, 0, 2, 32);
	struct flowi4 fl = {.daddr = who};
	struct rtable *rt;

	send_to(who, 50);
	net_arp_in(ARPOP_REPLY, net_my_mac, who, net_peer_mac, ME);
	net_wait(NEIGH_REACHABLE_MS - 1000);
	assert_int_equal(state_of(who), NUD_REACHABLE);
	net_wait(1500);
	assert_int_equal(state_of(who), NUD_STALE);

	/* A used stale entry becomes REACHABLE without an ARP request, if TCP confirms it (dst_confirm()). */
	net_out_count = 0;
	send_to(who, 50);
	assert_int_equal(state_of(who), NUD_DELAY);
	rt = ip_route_output_key(&fl);
	dst_confirm(&rt->dst);
	rt_put(rt);
	net_wait(5500);
	assert_int_equal(state_of(who), NUD_REACHABLE);
	assert_int_equal(net_out_count, 1);
	net_wait(NEIGH_REACHABLE_MS);
	assert_int_equal(state_of(who), NUD_STALE);

	/* If it is not confirmed, the kernel sends three unicast requests; then the entry becomes FAILED. */
	net_out_count = 0;
	send_to(who, 50);
	net_wait(5500);
	assert_int_equal(state_of(who), NUD_PROBE);
	assert_int_equal(net_out_count, 2);
	assert_memory_equal(net_out[1].data, net_peer_mac, 6);
	net_wait(3500);
	assert_int_equal(state_of(who), NUD_FAILED);
	assert_int_equal(net_out_count, 1 + NEIGH_MCAST_PROBES);
}

/* LIMIT(NEIGH_MAX) */
static void test_table_is_bounded(void **state)
{
	/* Each request from an on-link host creates an entry; no route refers to it, so it may be evicted. */
	for (unsigned int i = 0; i < NEIGH_MAX + 200; i++) {
		assert_int_equal(inet_addr_add(eth0, ip4(172, 16, 0, 1), 12), i ? -EEXIST : 0);
		net_out_count = 0;
		net_arp_in(ARPOP_REQUEST, NULL, ip4(172, 17, i >> 8, i), net_peer_mac, ME);
		assert_true(arp_tbl.entries <= NEIGH_MAX);
	}
	assert_int_equal(arp_tbl.entries, NEIGH_MAX);
	/* The newest entry exists, the oldest was evicted. */
	assert_int_equal(state_of(ip4(172, 17, (NEIGH_MAX + 199) >> 8, (u8)(NEIGH_MAX + 199))),
			 NUD_STALE);
	assert_int_equal(state_of(ip4(172, 17, 0, 0)), 0xff);

	/* Packets wait on every entry, so none can be evicted, and a packet to a further address is refused. */
	for (unsigned int i = 0; i < NEIGH_MAX; i++) {
		net_out_count = 0;
		send_to(ip4(172, 18, i >> 8, i), 10);
	}
	net_wait(50);
	assert_int_equal(send_to(ip4(172, 19, 0, 1), 10), -ENOBUFS);
}

static void test_device_down_forgets(void **state)
{
	u64 armed;

	net_know_peer();
	dev_close(eth0);
	assert_int_equal(arp_tbl.entries, 0);
	armed = timers_armed();
	assert_int_equal(armed, 0);
	rt_cache_flush();
	assert_int_equal(net_live("neighbour"), 0);
	dev_open(eth0);
}

static int boot(void **state)
{
	static const struct net_protocol proto = {.handler = test_handler,
						  .err_handler = test_err_handler};

	net_boot(state);
	return inet_add_protocol(&proto, TEST_PROTO);
}

/* For a test at whose end packets may still wait: no leak check.  The last test checks that all packets are freed. */
#define t(f) cmocka_unit_test_setup_teardown(f, net_setup, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		t(test_announces_itself_twice),
		net_test(test_answers_for_itself_only),
		net_test(test_drops_invalid_arp),
		net_test(test_packets_wait_for_the_answer),
		net_test(test_all_queues_together_are_bounded),
		net_test(test_no_host_answers),
		net_test(test_goes_stale_and_is_asked_again),
		t(test_table_is_bounded),
		net_test(test_device_down_forgets),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

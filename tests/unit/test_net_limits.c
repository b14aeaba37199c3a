/* SPDX-License-Identifier: MIT */
/*
 * The limits of devices, input queues, polling and addresses: each test reaches a limit and checks
 * what happens there.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"
#include "kernel/sched/cpu.h"

#define TEST_PROTO 201

static unsigned int delivered;

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	delivered++;
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* ---- the input queue ------------------------------------------------------------------------------ */

static struct sk_buff *loopback_packet(void)
{
	u8 bytes[64];
	unsigned int len =
		net_ip_frame(bytes, ip4(127, 0, 0, 1), ip4(127, 0, 0, 1), TEST_PROTO, "abcd", 4) -
		ETH_HLEN;
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	memcpy(skb_put(skb, len), bytes + ETH_HLEN, len);
	skb->dev = loopback_dev();
	skb->protocol = htons(ETH_P_IP);
	skb->pkt_type = PACKET_HOST;
	return skb;
}

/* LIMIT(NETDEV_MAX_BACKLOG) */
static void test_input_queue_is_bounded(void **state)
{
	struct softnet_data *sd = this_cpu()->softnet;
	u64 drops = skb_drop_count[SKB_DROP_REASON_CPU_BACKLOG], dropped = sd->dropped;

	delivered = 0;
	local_bh_disable(); /* the softirq that empties the queue cannot run */
	for (unsigned int i = 0; i < NETDEV_MAX_BACKLOG; i++)
		assert_int_equal(netif_rx(loopback_packet()), NET_RX_SUCCESS);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(netif_rx(loopback_packet()), NET_RX_DROP);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_CPU_BACKLOG], drops + 3);
	assert_int_equal(sd->dropped, dropped + 3);
	assert_int_equal(delivered, 0);
	local_bh_enable();
	while (!skb_queue_empty(&sd->input_pkt_queue) || !skb_queue_empty(&sd->process_queue))
		do_softirq();
	assert_int_equal(delivered, NETDEV_MAX_BACKLOG);
	/* The queue has room again, so it accepts a packet. */
	assert_int_equal(netif_rx(loopback_packet()), NET_RX_SUCCESS);
	do_softirq();
	assert_int_equal(delivered, NETDEV_MAX_BACKLOG + 1);
}

/* ---- polling -------------------------------------------------------------------------------------- */

static struct napi_struct greedy;
static unsigned int greedy_left; /* packets that the greedy device still has */
static int greedy_most;          /* largest budget that its poll() got, in packets */
/* Number of packets that the greedy device passed up since the modest device was last polled. */
static unsigned int polled_in_a_row;

static int greedy_poll(struct napi_struct *napi, int budget)
{
	int work = min((unsigned int)budget, greedy_left);

	greedy_most = max(greedy_most, budget);
	greedy_left -= work;
	polled_in_a_row += work;
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}

static int modest_poll(struct napi_struct *napi, int budget)
{
	/* The greedy device may pass up only NAPI_POLL_WEIGHT packets before another device is polled. */
	assert_true(polled_in_a_row <= NAPI_POLL_WEIGHT);
	polled_in_a_row = 0;
	if (greedy_left)
		return budget;
	napi_complete_done(napi, 0);
	return 0;
}

/* A device with endless packets must let other devices be polled.  LIMIT(NETDEV_BUDGET) LIMIT(NAPI_POLL_WEIGHT) */
static void test_a_device_with_endless_packets(void **state)
{
	struct softnet_data *sd = this_cpu()->softnet;
	static struct napi_struct modest;
	u64 squeezed = sd->time_squeeze;

	netif_napi_add(eth0, &greedy, greedy_poll, NAPI_POLL_WEIGHT);
	netif_napi_add(eth0, &modest, modest_poll, 1);
	napi_enable(&greedy);
	napi_enable(&modest);
	greedy_left = 10 * NETDEV_BUDGET;
	local_bh_disable();
	napi_schedule(&greedy);
	napi_schedule(&modest);
	local_bh_enable();
	while (greedy_left || test_bit(NAPI_STATE_SCHED, &greedy.state) ||
	       test_bit(NAPI_STATE_SCHED, &modest.state))
		do_softirq();
	assert_int_equal(greedy_most, NAPI_POLL_WEIGHT);
	/* Each net_rx_action() used up its budget and counted in time_squeeze that packets were left. */
	assert_in_range(sd->time_squeeze - squeezed, 9, 11);
}

static unsigned int slow_turns;

/* Each poll takes a millisecond; the device has more packets until the last poll. */
static int slow_poll(struct napi_struct *napi, int budget)
{
	net_now += NSEC_PER_MSEC;
	unit_set_clock(net_now);
	if (--slow_turns)
		return budget;
	napi_complete_done(napi, 0);
	return 0;
}

/*
 * The device is so slow that net_rx_action() reaches its time limit long before its packet budget: it
 * must end then, so that other code runs.
 *
 * LIMIT(NETDEV_BUDGET_MS)
 */
static void test_a_device_with_slow_packets(void **state)
{
	enum { TURNS = 20 };
	struct softnet_data *sd = this_cpu()->softnet;
	static struct napi_struct slow;
	u64 squeezed = sd->time_squeeze;

	netif_napi_add(eth0, &slow, slow_poll, 1);
	napi_enable(&slow);
	slow_turns = TURNS;
	local_bh_disable();
	napi_schedule(&slow);
	local_bh_enable();
	while (test_bit(NAPI_STATE_SCHED, &slow.state))
		do_softirq();
	/*
	 * A poll takes 1 ms, so each net_rx_action() stops after NETDEV_BUDGET_MS polls with work left, except
	 * possibly the last one.
	 */
	assert_in_range(sd->time_squeeze - squeezed, TURNS / NETDEV_BUDGET_MS - 1,
			TURNS / NETDEV_BUDGET_MS);
}

/* ---- addresses and devices -------------------------------------------------------------------------- */

/* LIMIT(IFADDRS_MAX) */
static void test_addresses_of_a_device_are_bounded(void **state)
{
	int err = 0;
	u8 n;

	assert_int_equal(inet_addr_add(eth0, ME, 24), -EEXIST);
	assert_int_equal(inet_addr_add(eth0, ip4(10, 1, 0, 1), 0), -EINVAL);
	assert_int_equal(inet_addr_add(eth0, ip4(10, 1, 0, 1), 33), -EINVAL);
	assert_int_equal(inet_addr_add(eth0, ip4(224, 0, 0, 1), 24), -EINVAL);
	assert_int_equal(inet_addr_add(eth0, ip4(127, 0, 0, 2), 24), -EINVAL);
	for (n = 1; !err && n < 100; n++)
		err = inet_addr_add(eth0, ip4(10, 1, n, 1), 24);
	assert_int_equal(err, -ENOSPC);
	/* The device had one address before; the last attempt failed. */
	assert_int_equal(n - 2, IFADDRS_MAX - 1);
	assert_true(inet_is_local_addr(ip4(10, 1, IFADDRS_MAX - 1, 1)));
	assert_false(inet_is_local_addr(ip4(10, 1, IFADDRS_MAX, 1)));
}

/* LIMIT(NETDEV_MAX) */
static void test_devices_are_bounded(void **state)
{
	static const struct net_device_ops ops = {.ndo_start_xmit = net_xmit};
	struct net_device *dev = alloc_netdev("eth0", NULL);
	unsigned int made = 0;
	int err = 0;

	dev->netdev_ops = &ops;
	assert_int_equal(register_netdevice(dev), -EEXIST);
	kfree(dev);
	assert_null(alloc_netdev("a name of too many bytes", NULL));
	while (!err && made < 100) {
		dev = alloc_netdev("dummy%d", NULL);
		assert_non_null(dev);
		ether_setup(dev);
		dev->netdev_ops = &ops;
		err = register_netdevice(dev);
		made += !err;
	}
	kfree(dev);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(made, NETDEV_MAX - 2); /* lo and eth0 existed before */
	assert_non_null(dev_get_by_name("dummy0"));
}

/* ---- fragments of a packet -------------------------------------------------------------------------- */

/* LIMIT(MAX_SKB_FRAGS) */
static void test_fragments_of_a_packet_are_bounded(void **state)
{
	struct sk_buff *to = alloc_skb(0, GFP_KERNEL);
	unsigned int merged = 0, len = 0;
	struct page_frag frag = {0};
	bool more = true;

	/* Fill the linear part, so that all data must be moved as page fragments. */
	__skb_put(to, skb_tailroom(to));
	len = to->len;
	while (more) {
		struct sk_buff *from = build_skb(page_frag_alloc(&frag, 2048, GFP_KERNEL), 2048);
		bool stolen;
		int delta;

		skb_put(from, 100);
		more = skb_try_coalesce(to, from, &stolen, &delta);
		if (more) {
			merged++;
			kfree_skb_partial(from, stolen);
		} else {
			consume_skb(from);
		}
	}
	assert_int_equal(merged, MAX_SKB_FRAGS);
	assert_int_equal(to->len, len + 100 * MAX_SKB_FRAGS);
	consume_skb(to);
	page_frag_drain(&frag);
}

/* ---- ICMP errors to many hosts, unused neighbour entries --------------------------------------------- */

/*
 * The kernel remembers the last ICMP_PEERS_MAX hosts to which it sent ICMP errors; a global limit applies too.
 *
 * LIMIT(ICMP_PEERS_MAX) LIMIT(ICMP_MSGS_BURST) LIMIT(ICMP_MSGS_PER_SEC)
 */
static void test_icmp_to_more_peers_than_are_remembered(void **state)
{
	u64 limited;
	unsigned int sent = 0;

	net_know_peer();
	net_wait(2000);
	limited = skb_drop_count[SKB_DROP_REASON_ICMP_RATELIMIT];
	for (unsigned int i = 0; i < 4 * ICMP_PEERS_MAX; i++) {
		u8 frame[64];
		unsigned int len =
			net_ip_frame(frame, ip4(9, 9, i >> 8, i), ME, 250, "xxxxxxxx", 8);

		net_out_count = 0;
		net_in(frame, len);
		sent += net_out_count;
	}
	/*
	 * The kernel forgot each host before its limit for this host could apply, so only the global limit applied.
	 * A message takes 0, 1 or 2 tokens of the global limit, one on average (test_attacks.c), so the numbers are
	 * not exact.
	 */
	assert_in_range(sent, ICMP_MSGS_BURST / 2, ICMP_MSGS_BURST * 3 / 2);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_RATELIMIT],
			 limited + 4 * ICMP_PEERS_MAX - sent);
	/* After this pause a whole burst is allowed again. */
	net_wait(1000 * ICMP_MSGS_BURST / ICMP_MSGS_PER_SEC + 50);
	for (unsigned int i = 0; i < 2 * ICMP_MSGS_BURST; i++) {
		u8 frame[64];
		unsigned int len =
			net_ip_frame(frame, ip4(9, 8, i >> 8, i), ME, 250, "xxxxxxxx", 8);

		net_out_count = 0;
		net_in(frame, len);
		sent += net_out_count;
	}
	assert_in_range(sent, 3 * ICMP_MSGS_BURST / 2, 5 * ICMP_MSGS_BURST / 2);
}

static bool knows(__be32 addr)
{
	struct neighbour *n = neigh_lookup(&arp_tbl, addr, eth0);

	neigh_release(n);
	return n;
}

/* LIMIT(NEIGH_STALE_MS) */
static void test_unused_neighbours_are_collected(void **state)
{
	unsigned int before;

	for (u8 i = 100; i < 120; i++)
		net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, i), net_peer_mac, ME);
	net_out_count = 0;
	before = arp_tbl.entries;
	net_wait(NEIGH_STALE_MS - 1000);
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, 130), net_peer_mac, ME);
	assert_int_equal(arp_tbl.entries, before + 1); /* no entry is old enough to be removed */
	net_wait(2000);
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, 131), net_peer_mac, ME);
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 0, 2, 132), net_peer_mac, ME);
	assert_true(arp_tbl.entries < before);
	assert_true(knows(ip4(10, 0, 2, 130)) && knows(ip4(10, 0, 2, 132)));
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
		net_test(test_input_queue_is_bounded),
		net_test(test_a_device_with_endless_packets),
		net_test(test_a_device_with_slow_packets),
		net_test(test_fragments_of_a_packet_are_bounded),
		net_test(test_unused_neighbours_are_collected),
		net_test(test_icmp_to_more_peers_than_are_remembered),
		net_test(test_addresses_of_a_device_are_bounded),
		net_test(test_devices_are_bounded),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

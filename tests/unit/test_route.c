/* SPDX-License-Identifier: MIT */
/* Routes: to local addresses, to hosts on the link, through a gateway; the route cache and path MTUs. */
#include "net/ipv4/limits.h"
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"

static struct rtable *ask(__be32 daddr, __be32 saddr)
{
	struct flowi4 fl = {.daddr = daddr, .saddr = saddr};

	return ip_route_output_key(&fl);
}

static void assert_route(__be32 daddr, u8 type, const struct net_device *dev, __be32 gateway,
			 __be32 src)
{
	struct rtable *rt = ask(daddr, 0);

	assert_false(IS_ERR(rt));
	assert_int_equal(rt->rt_type, type);
	assert_ptr_equal(rt->dst.dev, dev);
	assert_int_equal(rt->rt_gateway, gateway);
	assert_int_equal(rt->rt_src, src);
	rt_put(rt);
}

static void test_output(void **state)
{
	assert_route(PEER, RTN_UNICAST, eth0, PEER, ME);
	assert_route(ip4(8, 8, 8, 8), RTN_UNICAST, eth0, PEER, ME);
	assert_route(ME, RTN_LOCAL, loopback_dev(), ME, ME);
	/* As in Linux's local table: "local 127.0.0.0/8 dev lo src 127.0.0.1". */
	assert_route(ip4(127, 1, 2, 3), RTN_LOCAL, loopback_dev(), ip4(127, 1, 2, 3),
		     ip4(127, 0, 0, 1));
	assert_route(ip4(10, 0, 2, 255), RTN_BROADCAST, eth0, ip4(10, 0, 2, 255), ME);
	assert_route(0xffffffff, RTN_BROADCAST, eth0, 0xffffffff, ME);
	assert_route(ip4(224, 0, 0, 5), RTN_MULTICAST, eth0, ip4(224, 0, 0, 5), ME);
	assert_int_equal(PTR_ERR(ask(PEER, ip4(10, 0, 2, 99))), -ENETUNREACH);
	assert_int_equal(PTR_ERR(ask(PEER, ip4(255, 255, 255, 255))), -EINVAL);
	assert_int_equal(PTR_ERR(ask(PEER, ip4(224, 0, 0, 1))), -EINVAL);
}

static void test_longest_prefix_wins(void **state)
{
	__be32 gw3 = ip4(10, 0, 2, 3), gw4 = ip4(10, 0, 2, 4);

	assert_int_equal(ip_route_add(ip4(20, 0, 0, 0), 8, gw3, eth0, 0, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(ip4(20, 30, 0, 0), 16, gw4, eth0, 0, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(ip4(20, 30, 40, 0), 24, 0, NULL, 0, RTN_UNREACHABLE), 0);
	assert_int_equal(ip_route_add(ip4(20, 30, 0, 0), 16, gw3, eth0, 0, RTN_UNICAST), -EEXIST);
	assert_int_equal(ip_route_add(ip4(20, 30, 0, 1), 16, gw3, eth0, 0, RTN_UNICAST), -EINVAL);
	assert_int_equal(ip_route_add(0, 33, gw3, eth0, 0, RTN_UNICAST), -EINVAL);
	assert_int_equal(ip_route_add(ip4(21, 0, 0, 0), 8, ip4(9, 9, 9, 9), eth0, 0, RTN_UNICAST),
			 -EINVAL);
	assert_route(ip4(20, 1, 1, 1), RTN_UNICAST, eth0, gw3, ME);
	assert_route(ip4(20, 30, 1, 1), RTN_UNICAST, eth0, gw4, ME);
	assert_int_equal(PTR_ERR(ask(ip4(20, 30, 40, 1), 0)), -EHOSTUNREACH);
	assert_route(ip4(21, 0, 0, 1), RTN_UNICAST, eth0, PEER, ME);
}

/* LIMIT(ROUTE_CACHE_SIZE) */
static void test_cache_is_shared_and_forgets(void **state)
{
	struct rtable *a = ask(ip4(8, 8, 8, 8), 0), *b = ask(ip4(8, 8, 8, 8), 0), *c;

	assert_ptr_equal(a, b);
	assert_true(rt_is_valid(a));
	rt_cache_flush();
	assert_false(rt_is_valid(a));
	c = ask(ip4(8, 8, 8, 8), 0);
	assert_ptr_not_equal(a, c);
	rt_put(a);
	rt_put(b);
	rt_put(c);
	for (unsigned int i = 0; i < 5000; i++)
		rt_put(ask(ip4(50, 0, i >> 8, i), 0));
	assert_true(net_live("ip_dst_cache") <= ROUTE_CACHE_SIZE + 6);
	rt_cache_drop();
	/* The routes that remain: each of the two devices keeps three for received packets. */
	assert_int_equal(net_live("ip_dst_cache"), 6);
}

static void test_path_mtu(void **state)
{
	struct rtable *rt = ask(ip4(8, 8, 8, 8), 0);

	assert_int_equal(dst_mtu(&rt->dst), 1500);
	dst_update_pmtu(&rt->dst, 1400);
	assert_int_equal(dst_mtu(&rt->dst), 1400);
	dst_update_pmtu(&rt->dst, 1450);
	assert_int_equal(dst_mtu(&rt->dst), 1400);
	dst_update_pmtu(&rt->dst, 552);
	assert_int_equal(dst_mtu(&rt->dst), 552);
	assert_true(ip_dont_fragment(NULL, rt));
	/* A path MTU below the minimum is not used. Packets are then sent without DF, so routers may fragment them. */
	dst_update_pmtu(&rt->dst, 68);
	assert_int_equal(dst_mtu(&rt->dst), 552);
	assert_false(ip_dont_fragment(NULL, rt));
	dst_update_pmtu(&rt->dst, 552);
	assert_false(ip_dont_fragment(NULL, rt));
	assert_true(rt_is_valid(rt));
	net_now += 11 * 60 * NSEC_PER_SEC;
	net_wait(50);
	assert_false(rt_is_valid(rt));
	rt_put(rt);
	rt = ask(ip4(8, 8, 8, 8), 0);
	assert_int_equal(dst_mtu(&rt->dst), 1500);
	assert_true(ip_dont_fragment(NULL, rt));
	rt_put(rt);
}

static u32 mtu_to(__be32 daddr, __be32 saddr)
{
	struct rtable *rt = ask(daddr, saddr);
	u32 mtu = dst_mtu(&rt->dst);

	rt_put(rt);
	return mtu;
}

/*
 * RFC 6691 2: the advertised MSS is the MTU less 40 bytes, even if that is small.  The MTU counts as 65,535 at
 * most (IP's longest packet) and as 68 at least (every link must carry that).
 */
static void test_the_link_decides_the_advertised_mss(void **state)
{
	static const struct {
		u32 mtu;
		u16 advmss;
	} cases[] = {{1500, 1460}, {65536, 65495}, {68, 28}, {69, 29}, {128, 88}, {20, 28}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct net_device dev = {.mtu = cases[i].mtu};
		struct rtable *rt = rt_alloc_input(&dev, RTN_LOCAL);

		assert_non_null(rt);
		assert_int_equal(rt->dst.advmss, cases[i].advmss);
		rt_put(rt);
	}
}

/*
 * A path MTU applies to all routes to its destination, those in use and those looked up later.
 *
 * LIMIT(PMTU_ENTRIES)
 */
static void test_path_mtu_is_of_all_routes_to_it(void **state)
{
	struct rtable *rt = ask(ip4(8, 8, 8, 8), 0), *bound = ask(ip4(8, 8, 8, 8), ME);
	unsigned int known = 0;

	assert_ptr_not_equal(rt, bound);
	dst_update_pmtu(&rt->dst, 500);
	assert_int_equal(dst_mtu(&bound->dst), 552);
	assert_false(ip_dont_fragment(NULL, bound));
	rt_put(rt);
	rt_put(bound);
	rt_cache_drop();
	assert_int_equal(mtu_to(ip4(8, 8, 8, 8), ME), 552);
	assert_int_equal(mtu_to(ip4(8, 8, 8, 9), ME), 1500);
	for (unsigned int i = 0; i < 2000; i++) {
		rt = ask(ip4(50, 0, i >> 8, i), 0);
		dst_update_pmtu(&rt->dst, 1000);
		rt_put(rt);
	}
	rt_cache_drop();
	assert_int_equal(mtu_to(ip4(50, 0, 1999 >> 8, 1999 & 255), 0), 1000);
	for (unsigned int i = 0; i < 2000; i++)
		known += mtu_to(ip4(50, 0, i >> 8, i), 0) == 1000;
	assert_in_range(known, PMTU_ENTRIES / 2, PMTU_ENTRIES);
	rt_cache_flush();
	assert_int_equal(mtu_to(ip4(50, 0, 1999 >> 8, 1999 & 255), 0), 1500);
}

static int input(__be32 daddr, __be32 saddr, struct net_device *dev, u8 *type)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct iphdr), GFP_KERNEL);
	int reason;

	memset(skb_put(skb, sizeof(struct iphdr)), 0, sizeof(struct iphdr));
	skb_reset_network_header(skb);
	reason = ip_route_input(skb, daddr, saddr, dev);
	*type = reason ? 0 : skb_rtable(skb)->rt_type;
	consume_skb(skb);
	return reason;
}

static void test_input(void **state)
{
	static const struct {
		u8 daddr[4], saddr[4];
		int reason;
		u8 type;
	} cases[] = {
		{{10, 0, 2, 15}, {10, 0, 2, 2}, 0, RTN_LOCAL},
		{{10, 0, 2, 15}, {8, 8, 8, 8}, 0, RTN_LOCAL},
		{{10, 0, 2, 255}, {10, 0, 2, 2}, 0, RTN_BROADCAST},
		{{10, 0, 2, 0}, {10, 0, 2, 2}, 0, RTN_BROADCAST}, /* RFC 1122 3.3.6 */
		{{255, 255, 255, 255}, {10, 0, 2, 2}, 0, RTN_BROADCAST},
		{{255, 255, 255, 255}, {0, 0, 0, 0}, 0, RTN_BROADCAST},
		{{10, 0, 2, 15}, {0, 0, 0, 0}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {0, 1, 2, 3}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {127, 0, 0, 1}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {224, 0, 0, 1}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {255, 255, 255, 255}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {10, 0, 2, 255}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {10, 0, 2, 0}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 15}, {10, 0, 2, 15}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{127, 0, 0, 1}, {10, 0, 2, 2}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{0, 0, 0, 0}, {10, 0, 2, 2}, SKB_DROP_REASON_IP_INADDRERRORS},
		{{10, 0, 2, 16}, {10, 0, 2, 2}, SKB_DROP_REASON_IP_FORWARD},
		{{224, 0, 0, 1}, {10, 0, 2, 2}, 0, RTN_MULTICAST},
		{{224, 0, 0, 1}, {0, 0, 0, 0}, 0, RTN_MULTICAST},
		{{224, 0, 0, 2}, {10, 0, 2, 2}, SKB_DROP_REASON_IP_NOGROUP},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		__be32 daddr, saddr;
		u8 type;

		memcpy(&daddr, cases[i].daddr, 4);
		memcpy(&saddr, cases[i].saddr, 4);
		assert_int_equal(input(daddr, saddr, eth0, &type), cases[i].reason);
		assert_int_equal(type, cases[i].type);
	}
}

/* Two cards have the same prefix: the older route is used, unless the lookup names the device (as on Linux). */
static void test_two_cards_with_one_prefix(void **state)
{
	struct net_device *eth1 = net_card(1);
	struct flowi4 fl = {.daddr = ip4(10, 0, 2, 77), .oif = eth1->ifindex};
	struct rtable *rt;

	assert_int_equal(dev_open(eth1), 0);
	assert_int_equal(inet_addr_add(eth1, ip4(10, 0, 2, 16), 24), 0);
	assert_int_equal(ip_route_add(ip4(10, 0, 2, 0), 24, 0, eth1, 0, RTN_UNICAST), -EEXIST);
	assert_route(ip4(10, 0, 2, 77), RTN_UNICAST, eth0, ip4(10, 0, 2, 77), ME);
	rt = ip_route_output_key(&fl);
	assert_false(IS_ERR(rt));
	assert_ptr_equal(rt->dst.dev, eth1);
	assert_int_equal(rt->rt_src, ip4(10, 0, 2, 16));
	rt_put(rt);
	net_wait(5000); /* until the ARP announcements are sent */
	/* When one card goes down, the other card's route is used. */
	dev_close(eth0);
	assert_route(ip4(10, 0, 2, 77), RTN_UNICAST, eth1, ip4(10, 0, 2, 77), ip4(10, 0, 2, 16));
	assert_int_equal(dev_open(eth0), 0);
	assert_int_equal(dev_close(eth1), 0);
}

/* inet_addr_add() refuses addresses that no host can have, so its callers need not check them. */
static void test_addresses_of_no_host(void **state)
{
	assert_int_equal(inet_addr_add(eth0, ip4(10, 7, 0, 255), 24), -EINVAL);
	assert_int_equal(inet_addr_add(eth0, ip4(10, 7, 0, 0), 24), -EINVAL);
	assert_int_equal(inet_addr_add(eth0, ip4(240, 7, 0, 1), 24), -EINVAL);
	assert_int_equal(inet_addr_add(loopback_dev(), ip4(10, 7, 0, 1), 24), -EINVAL);
}

/* LIMIT(ROUTES_MAX) */
static void test_table_is_bounded(void **state)
{
	int err = 0;

	for (unsigned int i = 0; i < ROUTES_MAX && !err; i++)
		err = ip_route_add(ip4(60, i, 0, 0), 16, PEER, eth0, 0, RTN_UNICAST);
	assert_int_equal(err, -ENOSPC);
	assert_route(ip4(60, 1, 1, 1), RTN_UNICAST, eth0, PEER, ME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_output),
		net_test(test_longest_prefix_wins),
		net_test(test_cache_is_shared_and_forgets),
		net_test(test_path_mtu),
		net_test(test_the_link_decides_the_advertised_mss),
		net_test(test_path_mtu_is_of_all_routes_to_it),
		net_test(test_input),
		net_test(test_two_cards_with_one_prefix),
		net_test(test_addresses_of_no_host),
		net_test(test_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, net_boot, NULL);
}

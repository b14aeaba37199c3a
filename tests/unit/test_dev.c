/* SPDX-License-Identifier: MIT */
/*
 * A device's list of group addresses, and what its driver learns of the list; its MTU and its routes when they change
 * at run time.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/proc.h"

static unsigned int told;        /* calls of ndo_set_rx_mode */
static unsigned int told_groups; /* entries of the list at the last call */

static void set_rx_mode(struct net_device *dev)
{
	assert_true(in_softirq());
	told++;
	told_groups = dev->mc_count;
}

static struct net_device *card;

static const u8 *group(u32 n)
{
	static u8 addr[ETH_ALEN] = {0x01, 0x00, 0x5e};

	put_unaligned_be16(n, addr + 4);
	return addr;
}

static int boot(void **state)
{
	static const struct net_device_ops ops = {.ndo_start_xmit = net_xmit,
						  .ndo_set_rx_mode = set_rx_mode};

	net_boot_floors();
	card = net_card(0);
	card->netdev_ops = &ops;
	return 0;
}

static void test_the_driver_learns_each_change(void **state)
{
	told = 0;
	assert_int_equal(dev_mc_add(card, group(1)), 0);
	assert_int_equal(told, 1);
	/* When the same address is added a second time, the driver is not called. */
	assert_int_equal(dev_mc_add(card, group(1)), 0);
	assert_int_equal(told, 1);
	assert_int_equal(dev_mc_add(card, group(2)), 0);
	assert_int_equal(told, 2);
	assert_int_equal(told_groups, 2);
	assert_int_equal(dev_mc_del(card, group(1)), 0);
	assert_int_equal(told, 2);
	assert_int_equal(dev_mc_del(card, group(1)), 0);
	assert_int_equal(told, 3);
	assert_int_equal(told_groups, 1);
	assert_int_equal(dev_mc_del(card, group(1)), -ENOENT);
	assert_int_equal(dev_mc_del(card, group(2)), 0);
	assert_int_equal(told_groups, 0);
	assert_int_equal(told, 4);
	/* When the device comes up, its driver learns the list, too. */
	assert_int_equal(dev_open(card), 0);
	assert_int_equal(told, 6);
	/* dev_open() caused two calls: one for the list, one because IGMP joined 224.0.0.1. */
	assert_int_equal(dev_mc_del(card, group(1)), 0);
	assert_int_equal(told_groups, 0);
}

static void test_only_group_addresses_are_accepted(void **state)
{
	told = 0;
	assert_int_equal(dev_mc_add(card, net_peer_mac), -EINVAL);
	assert_int_equal(told, 0);
	assert_int_equal(card->mc_count, 0);
}

static void test_without_memory_no_group_is_added(void **state)
{
	told = 0;
	unit_fail_after(0);
	assert_int_equal(dev_mc_add(card, group(3)), -ENOMEM);
	unit_fail_after(-1);
	assert_int_equal(card->mc_count, 0);
	assert_int_equal(told, 0);
	assert_int_equal(dev_mc_del(card, group(3)), -ENOENT);
}

/* LIMIT(NETDEV_MC_MAX) */
static void test_groups_are_bounded(void **state)
{
	for (unsigned int i = 0; i < NETDEV_MC_MAX; i++)
		assert_int_equal(dev_mc_add(card, group(i)), 0);
	told = 0;
	assert_int_equal(dev_mc_add(card, group(NETDEV_MC_MAX)), -ENOBUFS);
	assert_int_equal(told, 0);
	assert_int_equal(dev_mc_add(card, group(0)), 0); /* no new entry */
	assert_int_equal(dev_mc_del(card, group(0)), 0);
	for (unsigned int i = 0; i < NETDEV_MC_MAX; i++)
		assert_int_equal(dev_mc_del(card, group(i)), 0);
	assert_int_equal(told_groups, 0);
	assert_int_equal(dev_mc_add(card, group(NETDEV_MC_MAX)), 0);
	assert_int_equal(dev_mc_del(card, group(NETDEV_MC_MAX)), 0);
}

/* A driver without ndo_set_rx_mode passes all frames up: the list is kept all the same. */
static void test_a_driver_without_filters(void **state)
{
	unsigned int before = loopback_dev()->mc_count;

	assert_int_equal(dev_mc_add(loopback_dev(), group(7)), 0);
	assert_int_equal(loopback_dev()->mc_count, before + 1);
	assert_int_equal(dev_mc_del(loopback_dev(), group(7)), 0);
}

/* Calls the show() of a /proc file; the caller frees m->buf. */
static void show(const char *path, struct seq_file *m)
{
	unsigned int i = 0;

	*m = (struct seq_file){0};
	while (strcmp(proc_nth(i)->path, path))
		i++;
	assert_int_equal(proc_nth(i)->show(m), 0);
	assert_int_equal(m->error, 0);
}

/* The columns are Linux's: index, name, users, users of the device itself, address. */
static void test_proc_lists_the_groups(void **state)
{
	static const char expected[] = "1    lo              1     0     01005e000001\n"
				       "2    eth0            2     0     01005e000009\n"
				       "2    eth0            1     0     01005e00abcd\n";
	struct seq_file m;

	assert_int_equal(card->ifindex, 2);
	dev_mc_add(card, group(9));
	dev_mc_add(card, group(9));
	dev_mc_add(card, group(0xabcd));
	show("net/dev_mcast", &m);
	assert_int_equal(m.count, sizeof(expected) - 1);
	assert_memory_equal(m.buf, expected, m.count);
	kfree(m.buf);
	dev_mc_del(card, group(9));
	dev_mc_del(card, group(9));
	dev_mc_del(card, group(0xabcd));
}

/* ---- MTU ----------------------------------------------------------------------------------------- */

static unsigned int mtu_events;

static void count_mtu_events(struct net_device *dev, enum netdev_event event)
{
	mtu_events += event == NETDEV_CHANGEMTU && dev == card;
}

/* The routes through the device get its new MTU, also those that a socket holds already. */
static void test_routes_learn_the_mtu(void **state)
{
	static struct netdev_notifier notifier = {.event = count_mtu_events};
	struct flowi4 fl = {.daddr = PEER};
	struct rtable *held, *rt;

	register_netdevice_notifier(&notifier);
	assert_int_equal(inet_addr_add(card, ME, 24), 0);
	held = ip_route_output_key(&fl);
	assert_false(IS_ERR(held));
	assert_int_equal(held->dst.mtu, 1500);
	assert_int_equal(dev_set_mtu(card, 1500), 0);
	assert_int_equal(mtu_events, 0); /* no change */
	assert_int_equal(dev_set_mtu(card, 1000), 0);
	assert_int_equal(mtu_events, 1);
	assert_int_equal(held->dst.mtu, 1000);
	assert_false(rt_is_valid(held));
	rt = ip_route_output_key(&fl);
	assert_ptr_not_equal(rt, held);
	assert_int_equal(rt->dst.mtu, 1000);
	assert_int_equal(rt->dst.advmss, 960);
	rt_put(rt);
	rt_put(held);
	assert_int_equal(dev_set_mtu(card, 67), -EINVAL);
	assert_int_equal(dev_set_mtu(card, 1501), -EINVAL);
	assert_int_equal(card->mtu, 1000);
	assert_int_equal(dev_set_mtu(card, 1500), 0);
}

/* Copies the lines of /proc/net/route below its header to @lines, without the spaces at their ends. */
static unsigned int show_routes(char lines[][128], unsigned int max)
{
	unsigned int n = 0;
	struct seq_file m;

	show("net/route", &m);
	assert_int_equal(m.count % 128, 0); /* Linux pads each line with spaces to 127 bytes */
	for (size_t at = 0; at < m.count; at += 128) {
		size_t len = 127;

		assert_int_equal(m.buf[at + 127], '\n');
		while (m.buf[at + len - 1] == ' ')
			len--;
		if (!at)
			continue;
		assert_true(n < max);
		memcpy(lines[n], m.buf + at, len);
		lines[n++][len] = '\0';
	}
	kfree(m.buf);
	return n;
}

/*
 * Linux orders the routes by destination; of equal destinations, the one with the longer prefix is first. The lines
 * are those of a Linux 6.18 with the same routes.
 */
static void test_proc_lists_the_routes(void **state)
{
	static const char *const expected[] = {
		"eth0\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
		"eth0\t0000000A\t0202000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0",
		"eth0\t0000000A\t0202000A\t0003\t0\t0\t0\t000000FF\t0\t0\t0",
		"eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
		"eth0\t010000C0\t0202000A\t0007\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
		"*\t000200C0\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0",
	};
	char lines[8][128];

	assert_int_equal(show_routes(lines, 8), 1);
	assert_string_equal(lines[0], expected[3]);
	assert_int_equal(ip_route_add(ip4(192, 0, 0, 1), 32, PEER, card, ME, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(ip4(10, 0, 0, 0), 8, PEER, card, ME, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(0, 0, PEER, card, ME, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(ip4(10, 0, 0, 0), 16, PEER, card, ME, RTN_UNICAST), 0);
	assert_int_equal(ip_route_add(ip4(192, 0, 2, 0), 24, 0, NULL, 0, RTN_UNREACHABLE), 0);
	assert_int_equal(show_routes(lines, 8), ARRAY_SIZE(expected));
	for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(lines[i], expected[i]);
}

/* A device that is down has no routes, and gets them back when it comes up. */
static void test_routes_of_a_closed_device(void **state)
{
	struct flowi4 fl = {.daddr = PEER};
	struct rtable *rt;
	char lines[8][128];

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(show_routes(lines, 8), 6);
		assert_int_equal(dev_close(card), 0);
		rt = ip_route_output_key(&fl);
		assert_int_equal(PTR_ERR(rt), -ENETUNREACH);
		assert_int_equal(show_routes(lines, 8), 1); /* an RTN_UNREACHABLE route */
		/* The address remains this host's, as on Linux. */
		fl = (struct flowi4){.daddr = ME};
		rt = ip_route_output_key(&fl);
		assert_int_equal(rt->rt_type, RTN_LOCAL);
		rt_put(rt);
		fl = (struct flowi4){.daddr = PEER};

		assert_int_equal(dev_open(card), 0);
		rt = ip_route_output_key(&fl);
		assert_false(IS_ERR(rt));
		rt_put(rt);
	}
}

static unsigned int unregister_events;

static void count_unregister_events(struct net_device *dev, enum netdev_event event)
{
	unregister_events += event == NETDEV_UNREGISTER && dev == card;
}

/* unregister_netdevice() ends the device's addresses, routes, neighbours and groups; packets through it are refused. */
static void test_a_device_that_goes(void **state)
{
	static struct netdev_notifier notifier = {.event = count_unregister_events};
	struct flowi4 fl = {.daddr = PEER};
	struct rtable *held;
	char lines[8][128];
	struct sk_buff *skb;

	register_netdevice_notifier(&notifier);
	assert_int_equal(dev_mc_add(card, group(5)), 0);
	held = ip_route_output_key(&fl);
	assert_false(IS_ERR(held));
	unregister_netdevice(card);
	assert_int_equal(unregister_events, 1);
	assert_null(dev_get_by_name("eth0"));
	assert_int_equal(card->mc_count, 0);
	assert_false(inet_is_local_addr(ME));
	assert_int_equal(inet_addr_type(ME), RTN_UNICAST);
	assert_int_equal(show_routes(lines, 8), 1); /* an RTN_UNREACHABLE route */
	fl = (struct flowi4){.daddr = PEER};
	assert_int_equal(PTR_ERR(ip_route_output_key(&fl)), -ENETUNREACH);
	/* A socket may hold an old route to the device. */
	assert_false(rt_is_valid(held));
	skb = alloc_skb(100, GFP_KERNEL);
	skb->dev = held->dst.dev;
	assert_int_equal(dev_queue_xmit(skb), -ENETDOWN);
	rt_put(held);
	net_wait(10000);
	assert_int_equal(timers_armed(), 0);
	/*
	 * The list still has the other devices, and a reader that stands at the removed device goes
	 * on to the next one.
	 */
	assert_non_null(loopback_dev());
	assert_ptr_equal(card->dev_list.next, &dev_base_head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_the_driver_learns_each_change),
		net_test(test_only_group_addresses_are_accepted),
		net_test(test_without_memory_no_group_is_added),
		net_test(test_groups_are_bounded),
		net_test(test_a_driver_without_filters),
		net_test(test_proc_lists_the_groups),
		net_test(test_routes_learn_the_mtu),
		net_test(test_proc_lists_the_routes),
		net_test(test_routes_of_a_closed_device),
		net_test(test_a_device_that_goes), /* must be the last */
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A device's list of group addresses, and what its driver learns of the list. */
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
	/* A second user changes nothing for the driver. */
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
	assert_int_equal(told, 5);
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
	assert_int_equal(dev_mc_add(loopback_dev(), group(7)), 0);
	assert_int_equal(loopback_dev()->mc_count, 1);
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
	static const char expected[] = "2    eth0            2     0     01005e000009\n"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_the_driver_learns_each_change),
		net_test(test_only_group_addresses_are_accepted),
		net_test(test_without_memory_no_group_is_added),
		net_test(test_groups_are_bounded),
		net_test(test_a_driver_without_filters),
		net_test(test_proc_lists_the_groups),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio_net's control queue against the device model: which frames the device passes up, announcements, and
 * devices that refuse commands or lie about them.  The model panics on a command that virtio 1.1 forbids.
 */
#include "drivers/virtio/limits.h"
#include "tests/unit/reflector.h"

#define ANY_LAYOUT   (1ULL << VIRTIO_F_ANY_LAYOUT)
#define ETH_P_NOBODY 0x88b6 /* no handler: the kernel counts the frame and drops it */

/* Bits of the model's option ctrl_refuse. */
enum { REFUSE_PROMISC = 1, REFUSE_ALLMULTI = 2, REFUSE_TABLE = 4, REFUSE_ANNOUNCE = 8 };

static const u8 other[ETH_ALEN] = {0x52, 0x54, 0, 0, 0, 9};
static const u8 everyone[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static const u8 *group(u32 n)
{
	static u8 addr[ETH_ALEN] = {0x01, 0x00, 0x5e};

	put_unaligned_be16(n, addr + 4);
	return addr;
}

static void settle(void)
{
	for (int i = 0; i < 5; i++)
		step(1);
}

/* ---- groups, in the kernel's context ------------------------------------------------------------- */

/* A change of the list of groups, which the kernel makes when it receives a frame of this EtherType. */
#define ETH_P_CHANGE 0x88b7
static struct {
	int (*call)(struct net_device *dev, const u8 *addr);
	u32 from, to, step; /* the numbers of the groups */
	bool done;
} change;

static enum skb_drop_reason make_change(struct sk_buff *skb, struct net_device *dev,
					struct packet_type *pt)
{
	for (u32 i = change.from; i < change.to; i += change.step)
		CHECK(change.call(dev, group(i)) == 0);
	change.done = true;
	consume_skb(skb);
	return SKB_CONSUMED;
}

static struct packet_type changes = {.type = HTONS_CONST(ETH_P_CHANGE), .func = make_change};

static void put_empty(const u8 *dest, u16 type)
{
	u8 f[60] = {0};

	memcpy(f, dest, ETH_ALEN);
	memcpy(f + 6, "\x02\0\0\0\0\x09", ETH_ALEN);
	put_unaligned_be16(type, f + 12);
	CHECK(sn_put_frame(f, sizeof(f)) == 0);
}

/* Calls dev_mc_add() or dev_mc_del() in softirq, for the groups from @from to below @to, in steps of @step. */
static void call(int (*function)(struct net_device *dev, const u8 *addr), u32 from, u32 to, u32 by)
{
	change.call = function;
	change.from = from;
	change.to = to;
	change.step = by;
	change.done = false;
	put_empty(eth0()->dev_addr, ETH_P_CHANGE);
	for (int i = 0; i < 10 && !change.done; i++)
		step(1);
	CHECK(change.done);
}

static void join(u32 n)
{
	call(dev_mc_add, n, n + 1, 1);
	settle();
}

static void leave(u32 n)
{
	call(dev_mc_del, n, n + 1, 1);
	settle();
}

static void start(u64 features, u64 ring)
{
	boot(features, ring);
	dev_add_pack(&changes);
	settle();
}

/* Returns true if the device passes a frame with the destination @dest up. */
static bool arrives(const u8 *dest)
{
	u64 before = eth0()->stats.rx_packets;

	put_empty(dest, ETH_P_NOBODY);
	settle();
	return eth0()->stats.rx_packets != before;
}

/* ---- filters ------------------------------------------------------------------------------------- */

static const u64 feature_sets[] = {
	MODEL_FEATURES_ALL,
	MODEL_FEATURES_ALL & ~EVENT_IDX,
	F(MAC) | F(CTRL_VQ) | F(CTRL_RX),
};

static void filters(u64 features, u64 legacy)
{
	sn_set("legacy", legacy);
	start(features, 256);
	CHECK(!virtio_model_stat("promisc") && !virtio_model_stat("allmulti"));
	CHECK(arrives(eth0()->dev_addr) && arrives(everyone));
	CHECK(!arrives(other) && !arrives(group(1)));

	join(1);
	join(2);
	CHECK(arrives(group(1)) && arrives(group(2)) && !arrives(group(3)) && !arrives(other));
	leave(1);
	CHECK(!arrives(group(1)) && arrives(group(2)));
	leave(2);
	CHECK(!arrives(group(2)));
	bursts(5, false);
	finish();
}

static void test_filters(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(feature_sets); i++) {
		in_child(filters, feature_sets[i], 0);
		in_child(filters, feature_sets[i], 1);
		in_child(filters, feature_sets[i] & ~ANY_LAYOUT, 1);
	}
}

/* Without CTRL_RX the device passes all frames up. */
static void no_filters(u64 features, u64 ring)
{
	start(features, ring);
	join(1);
	CHECK(virtio_model_stat("commands") == 0);
	CHECK(arrives(eth0()->dev_addr) && arrives(everyone) && arrives(other) &&
	      arrives(group(2)));
	leave(1);
	finish();
}

static void test_no_filters(void **state)
{
	in_child(no_filters, MODEL_FEATURES_ALL & ~F(CTRL_RX), 256);
	/* CTRL_RX depends on CTRL_VQ (5.1.3.1). */
	in_child(no_filters, MODEL_FEATURES_ALL & ~F(CTRL_VQ), 256);
	/* The control queue has too few descriptors for a command. */
	in_child(no_filters, MODEL_FEATURES_ALL & ~F(GUEST_TSO4) & ~F(MRG_RXBUF), 2);
}

/* Groups are joined and left faster than the device executes commands: in the end it has the newest list. */
static void many_changes(u64 features, u64 arg)
{
	start(features, 256);
	for (int round = 0; round < 50; round++) {
		call(dev_mc_add, 0, 20, 1);
		if (rand() % 2)
			step(1);
		call(dev_mc_del, 0, 20, 2);
		settle();
		CHECK(virtio_model_stat("groups") == 10);
		CHECK(arrives(group(1)) && !arrives(group(2)));
		call(dev_mc_del, 1, 20, 2);
	}
	settle();
	CHECK(virtio_model_stat("groups") == 0);
	/* The commands of calls that came while the device was busy were sent together. */
	CHECK(virtio_model_stat("commands") < 50 * 40);
	finish();
}

static void test_many_changes(void **state)
{
	in_child(many_changes, MODEL_FEATURES_ALL, 0);
	in_child(many_changes, MODEL_FEATURES_ALL & ~EVENT_IDX, 0);
}

/* With more groups than the table holds, the device passes all groups up.  LIMIT(VIRTNET_GROUPS_MAX) */
static void too_many_groups(u64 features, u64 arg)
{
	start(features, 256);
	call(dev_mc_add, 0, VIRTNET_GROUPS_MAX, 1);
	settle();
	CHECK(virtio_model_stat("groups") == VIRTNET_GROUPS_MAX && !virtio_model_stat("allmulti"));
	CHECK(!arrives(group(VIRTNET_GROUPS_MAX)));
	join(VIRTNET_GROUPS_MAX);
	CHECK(virtio_model_stat("allmulti") && !virtio_model_stat("promisc"));
	CHECK(arrives(group(VIRTNET_GROUPS_MAX)) && !arrives(other));
	leave(0);
	CHECK(!virtio_model_stat("allmulti"));
	CHECK(arrives(group(VIRTNET_GROUPS_MAX)) && !arrives(group(0)));
	call(dev_mc_del, 1, VIRTNET_GROUPS_MAX + 1, 1);
	settle();
	CHECK(virtio_model_stat("groups") == 0);
	finish();
}

static void test_too_many_groups(void **state)
{
	in_child(too_many_groups, MODEL_FEATURES_ALL, 0);
}

/* ---- devices that refuse, lie or have no memory -------------------------------------------------- */

/* If the device refuses a filter command, the driver sends one that lets more frames pass: a group's frames arrive. */
static void refuses(u64 features, u64 mask)
{
	unsigned int lines;

	sn_set("ctrl_refuse", mask);
	start(features, 256);
	join(1);
	CHECK(arrives(group(1)) && arrives(eth0()->dev_addr) && arrives(everyone));
	CHECK(!!virtio_model_stat("allmulti") ==
	      ((mask & REFUSE_TABLE) && !(mask & REFUSE_ALLMULTI)));
	CHECK(arrives(other) ==
	      ((mask & REFUSE_PROMISC) ||
	       (mask & (REFUSE_TABLE | REFUSE_ALLMULTI)) == (REFUSE_TABLE | REFUSE_ALLMULTI)));
	/* Each refusal is logged once. */
	for (int i = 0; i < 10; i++) {
		join(2);
		leave(2);
	}
	lines = lines_with("the device refuses the command");
	CHECK(lines == (unsigned int)__builtin_popcountll(mask));
	leave(1);
	finish();
}

static void test_refusals(void **state)
{
	for (u64 mask = 0; mask < REFUSE_ANNOUNCE; mask++)
		in_child(refuses, MODEL_FEATURES_ALL, mask);
}

static void liar(u64 features, u64 lie)
{
	start(features, 256);
	join(1);
	virtio_model_lie(lie, VIRTNET_CTRLQ);
	leave(1);
	/* The driver has reset the device (the first reset was at its start) and set the link down. */
	CHECK(virtio_model_stat("resets") == 2 && !netif_carrier_ok(eth0()));
	finish();
}

static void test_liars(void **state)
{
	static const u32 lies[] = {MODEL_LIE_USED_ID, MODEL_LIE_USED_FREE, MODEL_LIE_USED_LEN,
				   MODEL_LIE_USED_IDX, MODEL_LIE_NEEDS_RESET};

	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		in_child(liar, MODEL_FEATURES_ALL, lies[i]);
		in_child(liar, MODEL_FEATURES_ALL & ~EVENT_IDX, lies[i]);
	}
}

/* Before the driver has finished its probe, the device interrupts as if it had executed a command, but it got none. */
static void interrupts_early(u64 features, u64 unused)
{
	sn_set("ctrl_early", 1);
	sn_set("features", features);
	sn_set("irq_chance", 256); /* the interrupt comes at once */
	CHECK(sn_boot(seed, "") == 0);
	baseline = sn_live_objects();
	settle();
	CHECK(virtio_model_stat("resets") == 2 && !netif_carrier_ok(eth0()));
	finish();
}

static void test_early_interrupt(void **state)
{
	in_child(interrupts_early, MODEL_FEATURES_ALL, 0);
	in_child(interrupts_early, MODEL_FEATURES_ALL & ~EVENT_IDX, 0);
}

/* ---- announcements ------------------------------------------------------------------------------- */

static unsigned int announcements;

static void count_announcements(struct net_device *dev, enum netdev_event event)
{
	CHECK(dev == eth0());
	announcements += event == NETDEV_NOTIFY_PEERS;
}

static void announces(u64 features, u64 refuse)
{
	static struct netdev_notifier notifier = {.event = count_announcements};
	bool asked = features & F(GUEST_ANNOUNCE) && features & F(STATUS);

	sn_set("ctrl_refuse", refuse);
	boot(features, 256);
	register_netdevice_notifier(&notifier);
	settle();
	CHECK(announcements == 0);
	for (unsigned int i = 1; i <= 3; i++) {
		virtio_model_announce();
		settle();
		CHECK(announcements == (asked ? i : 0));
		CHECK(virtio_model_stat("announce") == (!asked || refuse));
	}
	CHECK(lines_with("refuses the command for announcements") == !!refuse);
	CHECK(netif_carrier_ok(eth0()));
	bursts(3, false);
	finish();
}

static void test_announcements(void **state)
{
	in_child(announces, MODEL_FEATURES_ALL, 0);
	in_child(announces, MODEL_FEATURES_ALL & ~F(CTRL_RX), 0);
	in_child(announces, MODEL_FEATURES_ALL, REFUSE_ANNOUNCE);
	in_child(announces, MODEL_FEATURES_ALL & ~F(GUEST_ANNOUNCE), 0);
	/* The device asks for announcements in its status field, which exists only with STATUS. */
	in_child(announces, MODEL_FEATURES_ALL & ~F(STATUS), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),         cmocka_unit_test(test_no_filters),
		cmocka_unit_test(test_many_changes),    cmocka_unit_test(test_too_many_groups),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_liars),
		cmocka_unit_test(test_early_interrupt), cmocka_unit_test(test_announcements),
	};

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

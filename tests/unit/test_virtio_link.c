/* SPDX-License-Identifier: MIT */
/*
 * An interface of virtio_net that is closed and opened at run time, between the device model and the reflecting
 * kernel: no frame is lost that was sent before, none arrives while the interface is down, and nothing leaks.
 */
#include "drivers/virtio/limits.h"
#include "tests/unit/reflector.h"

#include "include/uapi/errno.h"

/* ---- up and down --------------------------------------------------------------------------------- */

static void up_and_down(u64 features, u64 ring)
{
	boot(features, ring);
	for (int i = 0; i < 20; i++) {
		u64 received;

		bursts(3, false);
		CHECK(in_thread(dev_close) == 0);
		CHECK(in_thread(dev_close) == 0); /* nothing to do */
		CHECK(!(eth0()->flags & IFF_UP) && !netif_carrier_ok(eth0()));
		received = eth0()->stats.rx_packets;
		for (unsigned int n = i % 5; n; n--)
			put(PLAIN, 100);
		step(5);
		CHECK(eth0()->stats.rx_packets == received && take_all() == 0);
		/* The frames that the ring held meanwhile arrive when the interface is open again. */
		CHECK(in_thread(dev_open) == 0);
		CHECK(eth0()->flags & IFF_UP && netif_carrier_ok(eth0()));
		for (int t = 0; t < 5; t++)
			step(1);
		CHECK(take_all() == (unsigned int)i % 5);
	}
	CHECK(eth0()->stats.rx_packets == sent);
	CHECK(eth0()->stats.rx_errors + eth0()->stats.tx_errors + eth0()->stats.tx_dropped == 0);
	finish();
}

static void test_up_and_down(void **state)
{
	in_child(up_and_down, MODEL_FEATURES_ALL, 256);
	in_child(up_and_down, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, 64);
	in_child(up_and_down, F(MAC), 16);
}

static u64 close_took;

static int timed_close(struct net_device *dev)
{
	u64 before = ktime_get_ns();
	int err = dev_close(dev);

	close_took = ktime_get_ns() - before;
	return err;
}

/*
 * The device does not send: closing the interface waits for VIRTNET_STOP_MS at most; the packets leave later.
 *
 * LIMIT(VIRTNET_STOP_MS)
 */
static void a_device_that_sends_nothing(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	unsigned int got = 0;

	boot(features, 256);
	vi = eth0()->priv;
	CHECK(in_thread(timed_close) == 0);
	CHECK(close_took == 0);
	CHECK(in_thread(dev_open) == 0);
	sn_set("hold_tx", 1);
	for (int i = 0; i < 10; i++)
		put(PLAIN, 200);
	step(5);
	CHECK(in_thread(timed_close) == 0);
	CHECK(close_took >= VIRTNET_STOP_MS * MS && close_took < 2 * VIRTNET_STOP_MS * MS);
	CHECK(virtqueue_outstanding(vi->tx) > 0);
	sn_set("hold_tx", 0);
	CHECK(in_thread(dev_open) == 0);
	for (int i = 0; i < 5; i++) {
		step(1);
		got += take_all();
	}
	CHECK(got == 10);
	bursts(5, false);
	finish();
}

static void test_a_device_that_sends_nothing(void **state)
{
	in_child(a_device_that_sends_nothing, MODEL_FEATURES_DEFAULT, 0);
}

/* Packets that wait for space in the ring when the interface is closed are dropped and counted. */
static void a_full_ring(u64 features, u64 arg)
{
	u64 drops;

	boot(features, 16);
	drops = skb_drop_count[SKB_DROP_REASON_DEV_DOWN];
	sn_set("hold_tx", 1);
	for (int i = 0; i < 100; i++) {
		put(PLAIN, 200);
		step(1);
	}
	CHECK(netif_queue_stopped(eth0()));
	CHECK(in_thread(dev_close) == 0);
	CHECK(skb_drop_count[SKB_DROP_REASON_DEV_DOWN] > drops);
	CHECK(skb_drop_count[SKB_DROP_REASON_DEV_DOWN] - drops == eth0()->stats.tx_dropped);
	CHECK(eth0()->txq.qlen == 0 && eth0()->txq_truesize == 0);
	sn_set("hold_tx", 0);
	CHECK(in_thread(dev_open) == 0);
	for (int i = 0; i < 5; i++) {
		step(1);
		take_all();
	}
	CHECK(!netif_queue_stopped(eth0()));
	bursts(5, false);
	finish();
}

static void test_a_full_ring(void **state)
{
	in_child(a_full_ring, MODEL_FEATURES_DEFAULT, 0);
}

/* A device that was shut down because it lied cannot be opened again, but it can be closed. */
static void a_failed_device(u64 features, u64 arg)
{
	boot(features, 256);
	virtio_model_lie(MODEL_LIE_NEEDS_RESET, 0);
	step(5);
	CHECK(!netif_carrier_ok(eth0()));
	CHECK(in_thread(dev_close) == 0);
	CHECK(in_thread(dev_open) == -EIO);
	CHECK(!(eth0()->flags & IFF_UP));
	finish();
}

static void test_a_failed_device(void **state)
{
	in_child(a_failed_device, MODEL_FEATURES_ALL, 0);
}

/* The cable is unplugged and plugged in while the interface is down: an interface that comes up has the right state. */
static void a_cable_meanwhile(u64 features, u64 arg)
{
	boot(features, 256);
	CHECK(in_thread(dev_close) == 0);
	virtio_model_set_link(false);
	step(5);
	CHECK(in_thread(dev_open) == 0);
	CHECK(!netif_carrier_ok(eth0()));
	virtio_model_set_link(true);
	step(5);
	CHECK(netif_carrier_ok(eth0()));
	bursts(3, false);
	finish();
}

static void test_a_cable_meanwhile(void **state)
{
	in_child(a_cable_meanwhile, MODEL_FEATURES_DEFAULT, 0);
}

/* ---- flags and MTU ------------------------------------------------------------------------------- */

static unsigned int wanted_flags;

static int change_flags(struct net_device *dev)
{
	rtnl_lock();
	job_result = dev_change_flags(dev, wanted_flags);
	rtnl_unlock();
	return job_result;
}

static void flags(u64 features, u64 arg)
{
	boot(features, 256);
	step(5);
	for (unsigned int i = 0; i < 8; i++) {
		wanted_flags = (i & 1 ? IFF_PROMISC : 0) | (i & 2 ? IFF_ALLMULTI : 0) |
			       (i & 4 ? 0 : IFF_UP);
		CHECK(in_thread(change_flags) == 0);
		for (int t = 0; t < 5; t++)
			step(1);
		CHECK(virtio_model_stat("promisc") == (i & 1));
		CHECK(virtio_model_stat("allmulti") == (i >> 1 & 1));
		CHECK(!(eth0()->flags & IFF_UP) == !!(i & 4));
		/* Flags that cannot be set stay as they were. */
		CHECK(eth0()->flags & IFF_BROADCAST && eth0()->flags & IFF_MULTICAST);
	}
	finish();
}

static void test_flags(void **state)
{
	in_child(flags, MODEL_FEATURES_ALL, 0);
}

static void mtu(u64 features, u64 offered)
{
	unsigned int most = offered ? offered : features & F(MRG_RXBUF) ? 9000 : ETH_DATA_LEN;

	sn_set("mtu", offered);
	boot(features, 256);
	CHECK(eth0()->max_mtu == most);
	CHECK(dev_set_mtu(eth0(), ETH_MIN_MTU - 1) == -EINVAL);
	CHECK(dev_set_mtu(eth0(), most + 1) == -EINVAL);
	CHECK(eth0()->mtu == (offered ? offered : ETH_DATA_LEN));
	CHECK(dev_set_mtu(eth0(), ETH_MIN_MTU) == 0 && eth0()->mtu == ETH_MIN_MTU);
	/* The peer may not know of the small MTU, so frames of Ethernet's usual length are still received. */
	bursts(3, false);
	CHECK(dev_set_mtu(eth0(), most) == 0 && eth0()->mtu == most);
	bursts(3, false);
	finish();
}

static void test_mtu(void **state)
{
	in_child(mtu, MODEL_FEATURES_DEFAULT, 0);
	in_child(mtu, MODEL_FEATURES_DEFAULT & ~F(MRG_RXBUF), 0);
	in_child(mtu, MODEL_FEATURES_DEFAULT, 9000);
	in_child(mtu, MODEL_FEATURES_DEFAULT & ~F(MRG_RXBUF), 2000);
}

/* ---- removal ------------------------------------------------------------------------------------- */

static int remove_it(struct net_device *dev)
{
	return virtio_model_remove();
}

/* Live objects of a kernel without a network device, shared with the children. */
static u64 *objects_without_device;

static void count_objects(u64 features, u64 arg)
{
	sn_set("device", 0);
	CHECK(sn_boot(seed, "") == 0);
	*objects_without_device = sn_live_objects();
	end_child();
}

static int count_objects_in_child(void **state)
{
	objects_without_device = mmap(NULL, sizeof(*objects_without_device), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(objects_without_device, MAP_FAILED);
	in_child(count_objects, 0, 0);
	return 0;
}

/*
 * The device is removed in the middle of traffic: its interface ends, and all memory of the driver is freed. Of
 * all objects only the struct net_device stays.
 */
static void removal(u64 features, u64 pulled)
{
	struct net_device *dev;

	boot(features, 64);
	bursts(3, false);
	dev = eth0();
	for (int i = 0; i < 20; i++)
		put(PLAIN, 500);
	sn_step();
	if (pulled)
		virtio_model_pull();
	CHECK(in_thread(remove_it) == 0);
	CHECK(!eth0() && !(dev->flags & IFF_UP) && !netif_carrier_ok(dev));
	CHECK(!dev->priv && !dev->netdev_ops->ndo_start_xmit);
	CHECK(lines_with("eth0: model was removed") == 1);
	/* Frames and link changes of the removed device have no effect. */
	virtio_model_set_link(false);
	sn_put_frame((u8[60]){0}, 60);
	step(5);
	CHECK(sn_live_objects() == *objects_without_device + 1);
	CHECK(sn_timers_armed() == 0 && sn_warn_count() == 0);
	end_child();
}

static void test_removal(void **state)
{
	static const u64 sets[] = {MODEL_FEATURES_ALL, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, F(MAC)};

	for (unsigned int i = 0; i < ARRAY_SIZE(sets); i++) {
		in_child(removal, sets[i], false);
		in_child(removal, sets[i], true);
	}
}

/*
 * After its reset the device lies about the control queue and interrupts. Wherever that happens
 * while the driver is removed, no timer stays armed.
 */
static void removal_with_a_late_interrupt(u64 features, u64 point)
{
	sn_set("ctrl_late", point);
	boot(features, 64);
	sn_set("irq_chance", 256); /* the interrupt comes at once */
	step(5);
	CHECK(in_thread(remove_it) == 0);
	CHECK(!eth0());
	CHECK(sn_timers_armed() == 0 && sn_warn_count() == 0);
	step(5);
	CHECK(sn_live_objects() == *objects_without_device + 1);
	end_child();
}

/*
 * The removal does not reach the last of these points, so the last children see no late interrupt.
 */
static void test_removal_with_a_late_interrupt(void **state)
{
	for (unsigned int point = 1; point <= 60; point++)
		in_child(removal_with_a_late_interrupt, MODEL_FEATURES_ALL, point);
}

/* A device that was closed, or shut down because it lied, can be removed, too. */
static void removal_of_an_idle_device(u64 features, u64 failed)
{
	boot(features, 64);
	bursts(1, false);
	if (failed)
		virtio_model_lie(MODEL_LIE_NEEDS_RESET, 0);
	else
		CHECK(in_thread(dev_close) == 0);
	step(5);
	CHECK(in_thread(remove_it) == 0);
	CHECK(!eth0());
	CHECK(sn_live_objects() == *objects_without_device + 1);
	CHECK(sn_timers_armed() == 0 && sn_warn_count() == 0);
	end_child();
}

static void test_removal_of_an_idle_device(void **state)
{
	in_child(removal_of_an_idle_device, MODEL_FEATURES_ALL, false);
	in_child(removal_of_an_idle_device, MODEL_FEATURES_ALL, true);
}

static int await(struct net_device *dev)
{
	dev_tx_await();
	return 0;
}

/* The interface was closed with packets that the device never sent, and a sender still waits for room. */
static void removal_after_a_wait(u64 features, u64 arg)
{
	boot(features, 64);
	bursts(1, false);
	sn_set("hold_tx", 1);
	put(PLAIN, 200);
	step(5);
	CHECK(in_thread(dev_close) == 0);
	CHECK(in_thread(await) == 0);
	CHECK(in_thread(remove_it) == 0);
	CHECK(sn_live_objects() == *objects_without_device + 1);
	CHECK(sn_timers_armed() == 0 && sn_warn_count() == 0);
	step(100);
	end_child();
}

static void test_removal_after_a_wait(void **state)
{
	in_child(removal_after_a_wait, MODEL_FEATURES_ALL, 0);
}

/* A device that does not reset may still write to its buffers, so the driver frees none of them. */
static void a_device_that_does_not_reset(u64 features, u64 arg)
{
	struct virtnet_info *vi;

	sn_set("stuck", 1);
	boot(features, 64);
	vi = eth0()->priv;
	bursts(3, false);
	CHECK(in_thread(remove_it) == -EIO);
	CHECK(!eth0() && vi->lost && virtqueue_outstanding(vi->rx) > 0);
	/* The host may request the removal again: steps that the first request completed are not repeated. */
	CHECK(in_thread(remove_it) == -EIO);
	CHECK(lines_with("eth0: model was removed") == 1);
	for (int i = 0; i < 20; i++) {
		u8 f[60] = {0};

		sn_put_frame(
			f, sizeof(f)); /* the device still writes to its buffers, and interrupts */
		step(1);
	}
	CHECK(sn_warn_count() == 0);
	end_child();
}

static void test_a_device_that_does_not_reset(void **state)
{
	in_child(a_device_that_does_not_reset, MODEL_FEATURES_DEFAULT, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_a_device_that_sends_nothing),
		cmocka_unit_test(test_a_full_ring),
		cmocka_unit_test(test_a_failed_device),
		cmocka_unit_test(test_a_cable_meanwhile),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_removal_with_a_late_interrupt),
		cmocka_unit_test(test_removal_of_an_idle_device),
		cmocka_unit_test(test_removal_after_a_wait),
		cmocka_unit_test(test_a_device_that_does_not_reset),
	};

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, count_objects_in_child, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio_net between the device model and net/core, without IP: the kernel sends each frame with
 * EtherType 88b5 back to its sender, in one of several ways (enum reflection).
 *
 * Each case boots a kernel in a child process, because a process can boot only once.  The sanitizers check the
 * kernel; the seed determines where interrupts arrive.  The model panics on anything that the virtio specification
 * forbids, and reads a ring only after a doorbell that it asked for.  Therefore no wake-up was lost if every
 * frame comes back, and nothing leaked if the number of live objects is the same as before.
 */
#include "drivers/virtio/limits.h"
#include "tests/unit/reflector.h"

static u8 scratch[65536];

/* ---- cases --------------------------------------------------------------------------------------- */

static const u64 feature_sets[] = {
	MODEL_FEATURES_ALL,
	MODEL_FEATURES_DEFAULT,
	MODEL_FEATURES_DEFAULT & ~EVENT_IDX,
	F(MAC) | F(STATUS),                /* the fewest features of a real device */
	F(MAC) | F(MRG_RXBUF) | EVENT_IDX, /* QEMU's user network */
	/* HOST_TSO4 without CSUM, GUEST_TSO4 without GUEST_CSUM: the driver must accept neither */
	F(HOST_TSO4) | F(GUEST_TSO4) | EVENT_IDX,
};

static void everything_comes_back(u64 features, u64 ring)
{
	bool gso = features & F(HOST_TSO4) && features & F(CSUM);

	boot(features, ring);
	CHECK(!gso == !(eth0()->features & NETIF_F_TSO));
	bursts(200, gso);
	CHECK(eth0()->stats.rx_packets == sent);
	CHECK(eth0()->stats.rx_errors + eth0()->stats.tx_errors == 0);
	finish();
}

static void test_everything_comes_back(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(feature_sets); i++)
		in_child(everything_comes_back, feature_sets[i], 256);
}

static void test_small_rings(void **state)
{
	for (u64 ring = 2; ring <= 1024; ring *= 2)
		in_child(everything_comes_back, MODEL_FEATURES_DEFAULT, ring);
}

/* The drop reason for each false value that concerns one packet only. */
static const enum skb_drop_reason packet_lies[MODEL_LIES] = {
	[MODEL_LIE_EMPTY] = SKB_DROP_REASON_DEV_BAD_LENGTH,
	[MODEL_LIE_SHORT] = SKB_DROP_REASON_DEV_BAD_LENGTH,
	[MODEL_LIE_RUNT] = SKB_DROP_REASON_DEV_BAD_LENGTH,
	[MODEL_LIE_NUM_BUFFERS] = SKB_DROP_REASON_DEV_BAD_LENGTH,
	[MODEL_LIE_NO_BUFFERS] = SKB_DROP_REASON_DEV_BAD_LENGTH,
	[MODEL_LIE_CSUM_START] = SKB_DROP_REASON_DEV_BAD_HEADER,
	[MODEL_LIE_CSUM_OFFSET] = SKB_DROP_REASON_DEV_BAD_HEADER,
	[MODEL_LIE_CSUM_LOW] = SKB_DROP_REASON_DEV_BAD_HEADER,
	[MODEL_LIE_GSO_TYPE] = SKB_DROP_REASON_DEV_BAD_HEADER,
	[MODEL_LIE_GSO_SIZE] = SKB_DROP_REASON_DEV_BAD_HEADER,
};

/* Returns true for a lie that makes the driver shut the device down: a broken ring, or "device needs reset". */
static bool is_fatal(u64 lie)
{
	return lie <= MODEL_LIE_USED_IDX || lie == MODEL_LIE_NEEDS_RESET ||
	       lie == MODEL_LIE_FORGETS;
}

static void liar(u64 features, u64 lie)
{
	bool harmless = lie == MODEL_LIE_INTERRUPT || lie == MODEL_LIE_HINTS;
	/*
	 * The driver detects a used index that went backwards only if no other buffer is used meanwhile, so
	 * tell this lie on the receive queue.
	 */
	u32 queue = is_fatal(lie) && lie != MODEL_LIE_USED_BACK ? lie % 2 : VIRTNET_RXQ;

	boot(features, 256);
	bursts(10, false);
	virtio_model_lie(lie, queue);
	for (int i = 0; i < 20; i++) {
		put(CLONED, 600);
		step(1);
		take_all();
	}
	if (is_fatal(lie)) {
		/* The driver has reset the device (the first reset was at its start) and set the link down. */
		CHECK(virtio_model_stat("resets") == 2);
		CHECK(!netif_carrier_ok(eth0()));
	} else {
		CHECK(virtio_model_stat("resets") == 1);
		CHECK(eth0()->stats.rx_errors == !harmless);
		CHECK(harmless || skb_drop_count[packet_lies[lie]] == 1);
		bursts(10, false);
	}
	finish();
}

static void test_liars(void **state)
{
	for (u64 lie = MODEL_LIE_USED_ID; lie < MODEL_LIE_USED_AHEAD; lie++) {
		in_child(liar, MODEL_FEATURES_ALL, lie);
		in_child(liar, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, lie);
	}
}

/*
 * The model tells random lies at random times and switches the link, for 150 rounds.  If no lie was fatal,
 * the device still works afterwards; in any case all buffers are returned after a reset.  Two lies about the used
 * index are left out: they may make the driver take back a buffer that the device still has and give it again, for
 * which the model panics.  test_virtqueue.c tells these lies.
 */
static void lies_at_random(u64 features, u64 lies_seed)
{
	sn_set("shuffle", lies_seed & 1);
	boot(features, 64);
	srand(lies_seed);
	for (int round = 0; round < 150; round++) {
		for (int n = rand() % 100; n; n--) {
			u32 lie = rand() % MODEL_LIES;

			put(rand() % 5 ? PLAIN : CLONED, 60 + rand() % 1455);
			if (rand() % 500 == 0)
				virtio_model_set_link(rand() % 2);
			if (rand() % 300 || (is_fatal(lie) && rand() % 8))
				continue;
			if (lie == MODEL_LIE_USED_AHEAD || lie == MODEL_LIE_USED_BACK)
				continue;
			virtio_model_lie(lie, rand() % 2);
		}
		step(1);
		while (sn_take_frame(scratch, sizeof(scratch)))
			;
	}
	for (u32 queue = 0; queue < 2; queue++)
		virtio_model_lie(MODEL_HONEST, queue);
	virtio_model_set_link(true);
	step(5);
	take_all();
	if (virtio_model_stat("resets") == 1) {
		bursts(5, false);
		virtio_model_lie(MODEL_LIE_NEEDS_RESET, 0);
	}
	step(5);
	CHECK(virtio_model_stat("resets") == 2 && !netif_carrier_ok(eth0()));
	finish();
}

static void test_lies_at_random(void **state)
{
	for (u64 s = 1; s <= 16; s++)
		in_child(lies_at_random, feature_sets[s % 3], s + 1000 * seed);
}

/* Received packets have random virtio headers: each packet is delivered or counted as an error; no buffer leaks. */
static void headers_at_random(u64 features, u64 arg)
{
	static u8 frame[ETH_HLEN + 20000];
	u8 header[12] = {0};

	boot(features, 256);
	memcpy(frame, eth0()->dev_addr, ETH_ALEN);
	put_unaligned_be16(0x88b6, frame + 12); /* an EtherType without a handler */
	for (u64 n = 1; n <= 5000; n++) {
		const struct net_device_stats *stats = &eth0()->stats;
		size_t len = rand() % 4 ? 60 + rand() % 1400 : rand() % (u32)sizeof(frame);

		for (int i = 0; i < 10; i++)
			header[i] = rand() % 3 ? 0 : rand() % 4 ? rand() % 64 : rand();
		CHECK(virtio_model_rx_header(header, frame, len));
		step(1);
		CHECK(stats->rx_packets + stats->rx_errors + stats->rx_dropped +
			      virtio_model_stat("rx_too_long") ==
		      n);
	}
	CHECK(eth0()->stats.rx_packets && eth0()->stats.rx_errors);
	bursts(5, false);
	finish();
}

static void test_headers_at_random(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(feature_sets); i++)
		in_child(headers_at_random, feature_sets[i], 0);
}

/* Ten thousand spurious interrupts of each queue are counted but raise no softirq. */
static void storm(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	u64 polls, interrupts, timers;

	boot(features, 256);
	vi = eth0()->priv;
	bursts(3, false);
	step(VIRTNET_TX_KEPT_MS); /* the timer that frees sent frames expires */
	polls = softirq_count[NET_RX_SOFTIRQ];
	interrupts = vi->rx->interrupts + vi->tx->interrupts;
	for (int i = 0; i < 10000; i++) {
		virtio_model_lie(MODEL_LIE_INTERRUPT, 0);
		CHECK(sn_step() != SN_HALTED);
	}
	CHECK(softirq_count[NET_RX_SOFTIRQ] == polls);
	CHECK(vi->rx->interrupts + vi->tx->interrupts == interrupts + 20000);
	/* After configuration interrupts, the driver reads the configuration once per jiffy at most. */
	timers = softirq_count[TIMER_SOFTIRQ];
	for (int i = 0; i < 10000; i++) {
		virtio_model_set_link(true);
		CHECK(sn_step() != SN_HALTED);
	}
	step(5);
	CHECK(softirq_count[TIMER_SOFTIRQ] <= timers + 5);
	CHECK(netif_carrier_ok(eth0()));
	bursts(3, false);
	finish();
}

static void test_storm(void **state)
{
	in_child(storm, MODEL_FEATURES_DEFAULT, 0);
	in_child(storm, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, 0);
}

/* Sends batches of 1 to 256 frames (the ring's size) back and forth until all four ring indices have wrapped. */
static void batches(u64 features, u64 shuffle)
{
	const struct virtnet_info *vi;
	unsigned int n = 0;

	sn_set("shuffle", shuffle);
	boot(features, 256);
	vi = eth0()->priv;
	while (sent < 70000) {
		unsigned int got = 0;

		n = n % 256 + 1;
		for (unsigned int i = 0; i < n; i++)
			put(PLAIN, 60);
		for (int i = 0; i < 50 && got < n; i++) {
			step(1);
			got += take_all();
		}
		CHECK(got == n);
	}
	CHECK(eth0()->stats.rx_packets == sent && eth0()->stats.tx_packets >= 65536);
	CHECK(virtio_model_stat("rx_frames") > 65536 && virtio_model_stat("tx_frames") > 65536);
	CHECK(vi->rx->bad_used + vi->tx->bad_used == 0);
	finish();
}

static void test_batches(void **state)
{
	for (u64 shuffle = 0; shuffle < 2; shuffle++) {
		in_child(batches, MODEL_FEATURES_DEFAULT, shuffle);
		in_child(batches, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, shuffle);
	}
}

#define FRAME_DESCS 2 /* a reflected frame and its virtio header */

/*
 * A few sent frames cause no interrupt.  The driver frees them at the next received frame, or when
 * its timer expires.  The driver requests an interrupt if a sender waits, or if VIRTNET_TX_QUIET
 * descriptors are with the device.
 */
static void few_are_sent(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	u64 before;

	boot(features, 256);
	host.irq_chance = 0; /* all frames of a burst arrive at once */
	vi = eth0()->priv;
	before = vi->tx->interrupts;
	for (int i = 0; i < 10; i++) {
		put(PLAIN, 60);
		step(1);
	}
	CHECK(take_all() == 10 && vi->tx->interrupts == before);
	CHECK(virtqueue_outstanding(vi->tx) == FRAME_DESCS);
	CHECK(eth0()->stats.tx_packets == sent - 1);
	step(VIRTNET_TX_KEPT_MS - 11);
	CHECK(virtqueue_outstanding(vi->tx) == FRAME_DESCS);
	step(1);
	CHECK(virtqueue_outstanding(vi->tx) == 0);
	CHECK(eth0()->stats.tx_packets == sent && vi->tx->interrupts == before);

	put(AWAITED, 60);
	step(1);
	CHECK(virtqueue_outstanding(vi->tx) == 0 && vi->tx->interrupts == before + 1);

	for (int i = 0; i < VIRTNET_TX_QUIET / FRAME_DESCS - 1; i++)
		put(PLAIN, 60);
	step(1);
	CHECK(virtqueue_outstanding(vi->tx) && vi->tx->interrupts == before + 1);
	step(VIRTNET_TX_KEPT_MS);
	CHECK(virtqueue_outstanding(vi->tx) == 0);
	for (int i = 0; i < VIRTNET_TX_QUIET / FRAME_DESCS; i++)
		put(PLAIN, 60);
	step(1);
	CHECK(vi->tx->interrupts > before + 1);
	finish();
}

/* LIMIT(VIRTNET_TX_QUIET) LIMIT(VIRTNET_TX_KEPT_MS) */
static void test_few_are_sent(void **state)
{
	in_child(few_are_sent, MODEL_FEATURES_DEFAULT, 0);
	in_child(few_are_sent, MODEL_FEATURES_DEFAULT & ~EVENT_IDX, 0);
}

/* The device uses buffers in random order, with small packets and with packets of several buffers or descriptors. */
static void any_order(u64 features, u64 ring)
{
	sn_set("shuffle", 1);
	everything_comes_back(features, ring);
}

static void test_any_order(void **state)
{
	for (unsigned int i = 0; i < 5; i++)
		in_child(any_order, feature_sets[i], i & 1 ? 64 : 256);
}

/* ---- a device that does not come up -------------------------------------------------------------- */

static u64 *alive; /* number of live objects in the last child; in memory shared with it */

/*
 * Boots with the model's option @option set to @value.  The kernel must then have no network device, no object may
 * leak, and the driver must have left @status in the device.
 */
static void no_device(const char *option, u64 value, u8 status)
{
	sn_set(option, value);
	CHECK(sn_boot(seed, "") == 0);
	CHECK(!eth0());
	CHECK(virtio_model_stat("status") == status);
	*alive = sn_live_objects();
	for (int i = 0; i < 10; i++) {
		CHECK(sn_put_frame(scratch, 60) == 0);
		step(1);
	}
	CHECK(sn_live_objects() == *alive && sn_warn_count() == 0);
}

static void none_there(u64 features, u64 arg)
{
	no_device("device", 0, 0);
}

static void no_queue(u64 features, u64 size)
{
	/* If a queue holds one buffer, the driver creates the queues before it fails, and then resets the device. */
	no_device("queue_size", size,
		  size ? VIRTIO_STATUS_FAILED
		       : VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
				  VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED);
}

static void features_withdrawn(u64 features, u64 arg)
{
	no_device("refuse", 1,
		  VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FAILED);
}

static void test_no_device(void **state)
{
	u64 without;

	alive = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(alive != MAP_FAILED);
	in_child(none_there, 0, 0);
	without = *alive;
	in_child(no_queue, 0, 0);
	assert_int_equal(*alive, without);
	in_child(no_queue, 0, 1); /* too small: header and data of a packet need two descriptors */
	assert_int_equal(*alive, without);
	in_child(features_withdrawn, 0, 0);
	assert_int_equal(*alive, without);
}

static void odd_ring(u64 features, u64 ring)
{
	const struct virtnet_info *vi;
	u64 power = 1;

	while (power * 2 <= ring)
		power *= 2;
	boot(features, ring);
	vi = eth0()->priv;
	CHECK(vi->rx->num == power && vi->tx->num == power);
	bursts(20, false);
	finish();
}

static void test_odd_rings(void **state)
{
	static const u64 rings[] = {2, 3, 7, 100, 255};

	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		in_child(odd_ring, MODEL_FEATURES_DEFAULT, rings[i]);
}

/*
 * If the device's MTU is below IPv4's minimum of 68, the driver ignores it; if it is above 9000, the driver
 * uses 9000.
 */
static void odd_mtu(u64 features, u64 mtu)
{
	sn_set("mtu", mtu);
	boot(features, 256);
	CHECK(eth0()->mtu == (mtu < 68 ? 1500 : min_t(u64, mtu, 9000)));
	if (mtu >= 1500)
		bursts(5, false);
	finish();
}

static void test_odd_mtus(void **state)
{
	static const u64 mtus[] = {1, 67, 68, 1500, 9000, 9001, 65535};

	for (unsigned int i = 0; i < ARRAY_SIZE(mtus); i++)
		in_child(odd_mtu, MODEL_FEATURES_ALL, mtus[i]);
}

static void link_changes(u64 features, u64 arg)
{
	boot(features, 256);
	for (int i = 0; i < 5; i++) {
		virtio_model_set_link(false);
		step(2);
		CHECK(!netif_carrier_ok(eth0()));
		virtio_model_set_link(true);
		step(2);
		CHECK(netif_carrier_ok(eth0()));
		bursts(5, false);
	}
	/*
	 * The link changes faster than the kernel reads its state, with packets in flight: only frames that
	 * arrive while the link is down may be lost.
	 */
	for (int i = 0; i < 2000; i++) {
		put(CLONED, 600);
		virtio_model_set_link(i & 1);
		if (i % 7 == 0)
			CHECK(sn_step() != SN_HALTED);
	}
	step(5);
	take_all();
	CHECK(netif_carrier_ok(eth0()));
	bursts(5, false);
	finish();
}

static void test_link_changes(void **state)
{
	in_child(link_changes, MODEL_FEATURES_DEFAULT, 0);
}

/* With GUEST_TSO4 a packet of 64 KiB is received in many buffers and delivered as one packet. */
static void large_receive(u64 features, u64 arg)
{
	static u8 frame[ETH_HLEN + 65535];
	u8 header[12] = {VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4};
	u64 packets;

	boot(features, 256);
	memcpy(frame, eth0()->dev_addr, ETH_ALEN);
	put_unaligned_be16(0x88b6, frame + 12); /* no handler: the packet is dropped */
	header[5] = 4;                          /* gso_size 1024 */
	header[6] = ETH_HLEN + 20;
	header[8] = 16;
	for (int i = 0; i < 40; i++) {
		packets = eth0()->stats.rx_packets;
		CHECK(virtio_model_rx_header(header, frame, sizeof(frame) - i * 1000));
		step(1);
		CHECK(eth0()->stats.rx_packets == packets + 1);
	}
	CHECK(eth0()->stats.rx_errors == 0);
	/* Without a GSO type in its header, a packet longer than the link's MTU is an error. */
	header[0] = header[1] = 0;
	CHECK(virtio_model_rx_header(header, frame, 30000));
	step(1);
	CHECK(eth0()->stats.rx_errors == 1);
	CHECK(skb_drop_count[SKB_DROP_REASON_DEV_BAD_LENGTH] == 1);
	finish();
}

static void test_large_receive(void **state)
{
	in_child(large_receive, MODEL_FEATURES_ALL, 0);
}

/*
 * No page is free when the driver must replace received buffers: it drops and counts those packets and gives
 * their buffers back to the device, so the ring stays full.
 */
static void memory_runs_out(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	struct page *page;
	LIST_HEAD(hoard);

	boot(features, 256);
	vi = eth0()->priv;
	while ((page = alloc_page(GFP_KERNEL | __GFP_MEMALLOC)))
		list_add(&page->lru, &hoard);
	for (int i = 0; i < 30; i++) {
		for (int k = 0; k < 20; k++)
			put(KEPT, 1000);
		step(1);
		CHECK(virtqueue_outstanding(vi->rx) >= vi->rx->num * 3u / 4);
	}
	CHECK(eth0()->stats.rx_dropped > 0 && !vi->refill_failed);
	CHECK(kept.qlen + eth0()->stats.rx_dropped == 600);
	CHECK(skb_drop_count[SKB_DROP_REASON_NOMEM] == eth0()->stats.rx_dropped);
	while (!list_empty(&hoard)) {
		page = list_first_entry(&hoard, struct page, lru);
		list_del(&page->lru);
		__free_pages(page, 0);
	}
	step(20);
	CHECK(virtqueue_outstanding(vi->rx) >= vi->rx->num * 3u / 4);
	bursts(10, false);
	__skb_queue_purge(&kept);
	finish();
}

static void test_memory_runs_out(void **state)
{
	in_child(memory_runs_out, MODEL_FEATURES_DEFAULT, 0);
	in_child(memory_runs_out, MODEL_FEATURES_ALL & ~EVENT_IDX, 0);
}

/*
 * When the device is opened, no page is free for any receive buffer.  A device without buffers never
 * interrupts, so only the driver's timer can fill the ring later, when there is memory.
 */
static void empty_ring(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	u64 failed;

	open_without_pages = true;
	boot(features, 256);
	vi = eth0()->priv;
	CHECK(virtqueue_outstanding(vi->rx) == 0);
	failed = vi->refill_failed;
	CHECK(failed > 0);
	for (int i = 0; i < 10; i++)
		step(10);
	CHECK(virtqueue_outstanding(vi->rx) == 0);
	CHECK(vi->refill_failed > failed);
	sn_set("keep_pages", ~0ULL);
	for (int i = 0; i < 3; i++)
		step(10);
	CHECK(virtqueue_outstanding(vi->rx) == vi->rx_fill);
	bursts(10, false);
	finish();
}

static void test_empty_ring(void **state)
{
	in_child(empty_ring, MODEL_FEATURES_DEFAULT, 0);
	in_child(empty_ring, MODEL_FEATURES_ALL & ~EVENT_IDX, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back),
		cmocka_unit_test(test_small_rings),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_lies_at_random),
		cmocka_unit_test(test_headers_at_random),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_few_are_sent),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_odd_rings),
		cmocka_unit_test(test_odd_mtus),
		cmocka_unit_test(test_link_changes),
		cmocka_unit_test(test_large_receive),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_empty_ring),
	};

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

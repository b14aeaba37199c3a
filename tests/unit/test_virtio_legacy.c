/* SPDX-License-Identifier: MIT */
/*
 * virtio_net on a legacy device, from before virtio 1.0.  Such a device has 32 feature bits and no
 * FEATURES_OK, and queues that are contiguous in memory.  The packet header has ten bytes, or twelve with
 * MRG_RXBUF; without ANY_LAYOUT it is in a descriptor of its own.
 *
 * As in test_virtio_net.c, each frame must come back from the reflecting kernel.  The model computes the
 * layout of a queue from its page number (virtio 1.1, 2.6.2) and panics on anything that the legacy
 * sections forbid.
 */
#include "tests/unit/reflector.h"

#define ANY_LAYOUT (1ULL << VIRTIO_F_ANY_LAYOUT)

/* Values of the model's option "legacy": with PCI the device fixes the size of a queue. */
enum { MMIO = 1, PCI };

static const u64 feature_sets[] = {
	MODEL_FEATURES_ALL,                     /* header of twelve bytes */
	MODEL_FEATURES_DEFAULT & ~F(MRG_RXBUF), /* header of ten bytes */
	/* Separate header of ten bytes; the driver refuses MRG_RXBUF. */
	MODEL_FEATURES_DEFAULT & ~ANY_LAYOUT,
	/* The driver refuses MRG_RXBUF.  It also refuses GUEST_TSO4, which needs MRG_RXBUF. */
	MODEL_FEATURES_ALL & ~(ANY_LAYOUT | EVENT_IDX),
	F(MAC) | F(STATUS), /* the features of QEMU 0.10 */
};

static void everything_comes_back(u64 features, u64 kind)
{
	const struct virtnet_info *vi;
	bool any = features & ANY_LAYOUT, merge = any && features & F(MRG_RXBUF);

	sn_set("legacy", kind);
	boot(features, 512);
	vi = eth0()->priv;
	CHECK(vi->vdev->legacy && vi->mergeable == merge && vi->header_apart == !any);
	CHECK(vi->hdr_len == (merge ? 12 : 10));
	CHECK(vi->rx->num == (kind == PCI ? 512 : 256));
	CHECK(virtio_model_stat("features") >> 32 == 0);
	bursts(100, features & F(HOST_TSO4) && features & F(CSUM));
	CHECK(eth0()->stats.rx_packets == sent);
	CHECK(eth0()->stats.rx_errors + eth0()->stats.tx_errors == 0);
	finish();
}

static void test_everything_comes_back(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(feature_sets); i++) {
		in_child(everything_comes_back, feature_sets[i], MMIO);
		in_child(everything_comes_back, feature_sets[i], PCI);
	}
}

static void small_ring(u64 features, u64 ring)
{
	sn_set("legacy", PCI);
	boot(features, ring);
	bursts(30, false);
	CHECK(eth0()->stats.rx_packets == sent);
	finish();
}

static void test_small_rings(void **state)
{
	for (u64 ring = 2; ring <= 1024; ring *= 4) {
		in_child(small_ring, MODEL_FEATURES_DEFAULT, ring);
		in_child(small_ring, MODEL_FEATURES_DEFAULT & ~ANY_LAYOUT, ring);
	}
}

static const enum virtio_model_lie lies[] = {
	MODEL_LIE_USED_ID,     MODEL_LIE_USED_FREE, MODEL_LIE_USED_LEN, MODEL_LIE_USED_IDX,
	MODEL_LIE_EMPTY,       MODEL_LIE_SHORT,     MODEL_LIE_RUNT,     MODEL_LIE_CSUM_START,
	MODEL_LIE_CSUM_OFFSET, MODEL_LIE_GSO_TYPE,  MODEL_LIE_HINTS,
};

/*
 * The model reports one false value on the receive queue: at most one packet is lost, or the driver shuts
 * the device down permanently.
 */
static void liar(u64 features, u64 lie)
{
	bool fatal = lie <= MODEL_LIE_USED_IDX;

	sn_set("legacy", PCI);
	boot(features, 256);
	virtio_model_lie(lie, VIRTNET_RXQ);
	for (int i = 0; i < 20; i++) {
		put(CLONED, 600);
		step(1);
		take_all();
	}
	CHECK(netif_carrier_ok(eth0()) == !fatal);
	CHECK(fatal || eth0()->stats.rx_errors == (lie != MODEL_LIE_HINTS));
	if (!fatal)
		bursts(10, false);
	finish();
}

static void test_liars(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		in_child(liar, MODEL_FEATURES_DEFAULT & ~F(MRG_RXBUF), lies[i]);
		in_child(liar, MODEL_FEATURES_DEFAULT & ~ANY_LAYOUT, lies[i]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back),
		cmocka_unit_test(test_small_rings),
		cmocka_unit_test(test_liars),
	};

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

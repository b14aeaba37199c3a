/* SPDX-License-Identifier: MIT */
/*
 * virtio_net between the device model and net/core, without IP: what arrives with EtherType 88b5 goes
 * back to its sender, in the ways in which a packet can leave.
 *
 * Each case boots a kernel of its own in a child process (there is one boot in a life), under the
 * sanitizers, with interrupts where the seed says.  The model panics on what the virtio text forbids,
 * and does not look at a ring without the doorbell that it asked for; so "everything comes back" says
 * that no wake-up was lost, and "as many objects as before" that nothing leaked.
 */
#include "kernel/types.h" /* before the C library, which undefines what both define */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/boot_info.h"
#include "drivers/virtio/virtio_net.h"
#include "kernel/fs/file.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/core/dropreason.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "tests/host/softnet_host.h"
#include "tests/host/virtio_model.h"
#include "tests/unit/unit_lower.h"

#define MS         1000000ULL
#define ETH_P_TEST 0x88b5
#define F(bit)     (1ULL << VIRTIO_NET_F_##bit)
#define EVENT_IDX  (1ULL << VIRTIO_F_EVENT_IDX)

/* What the byte behind the Ethernet header asks for. */
enum reflection { PLAIN, CLONED, TSO, KEPT };

/* ---- a kernel that sends back what it gets ------------------------------------------------------- */

#define TSO_HEADERS (ETH_HLEN + 40)
#define TSO_PIECES  5
#define TSO_PIECE   4000
#define TSO_MSS     1460
#define TSO_FRAMES  DIV_ROUND_UP(TSO_PIECES *TSO_PIECE, TSO_MSS)

/* The frame carries the headers of a TCP packet; its payload is made here, in page fragments. */
static struct sk_buff *make_tso(const u8 *headers)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + TSO_HEADERS, GFP_ATOMIC);

	skb_reserve(skb, NET_SKB_PAD);
	memcpy(skb_put(skb, TSO_HEADERS), headers, TSO_HEADERS);
	for (int i = 0; i < TSO_PIECES; i++) {
		struct page *page = alloc_page(GFP_ATOMIC);

		memset(page_address(page), 'a' + i, TSO_PIECE);
		skb_fill_page_desc(skb, i, page, 0, TSO_PIECE);
		skb->len += TSO_PIECE;
		skb->data_len += TSO_PIECE;
		skb->truesize += PAGE_SIZE;
	}
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + ETH_HLEN + 20;
	skb->csum_offset = 16;
	skb_shinfo(skb)->gso_size = TSO_MSS;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	skb_shinfo(skb)->gso_segs = TSO_FRAMES;
	return skb;
}

static struct sk_buff_head kept; /* as a socket's queue would keep them */

static int reflect(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt)
{
	struct sk_buff *other = NULL;
	struct ethhdr *eth;
	u8 what;

	if (!pskb_may_pull(skb, 2 + TSO_HEADERS)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_UNHANDLED_PROTO);
		return NET_RX_DROP;
	}
	what = skb->data[0];
	if (what == KEPT) {
		__skb_queue_tail(&kept, skb);
		return NET_RX_SUCCESS;
	}
	if (what == TSO)
		other = make_tso(skb->data + 2);
	eth = skb_push(skb, ETH_HLEN);
	memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	memcpy(eth->h_source, dev->dev_addr, ETH_ALEN);
	skb->dev = dev;
	if (what == CLONED)
		other = skb_clone(skb, GFP_ATOMIC);
	if (other) {
		other->dev = dev;
		dev_queue_xmit(other);
	}
	dev_queue_xmit(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type reflector = {.type = HTONS_CONST(ETH_P_TEST), .func = reflect};

static int init_thread(void *arg)
{
	struct net_device *dev;

	hal_probe_devices();
	dev = dev_get_by_name("eth0");
	BUG_ON(dev && dev_open(dev));
	return 0;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	unit_lower_half(boot);
	skb_init();
	netdev_init();
	skb_queue_head_init(&kept);
	dev_add_pack(&reflector);
	virtio_init();
	virtio_net_init();
	BUG_ON(IS_ERR(kthread_run(init_thread, NULL, "init")));
	cpu_idle();
}

/* ---- a child ------------------------------------------------------------------------------------- */

/* There is one in the build that counts which lines were reached; _exit() does not call it. */
void __gcov_dump(void) __attribute__((weak));

static void end_child(void)
{
	if (__gcov_dump)
		__gcov_dump();
	_exit(0);
}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("%s:%d: %s\n%s\n", __FILE__, __LINE__, #cond, sn_console());        \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static u64 seed = 1;
static u64 baseline;
static u8 scratch[65536];
static unsigned int sent; /* frames given to the wire: the number that each carries */

static struct net_device *eth0(void)
{
	return dev_get_by_name("eth0");
}

static void step(u64 ms)
{
	CHECK(sn_step() != SN_HALTED);
	sn_set_clock(sn_clock() + ms * MS);
	CHECK(sn_step() != SN_HALTED);
}

static void boot(u64 features, u64 ring)
{
	srand(seed);
	sn_set("features", features);
	sn_set("queue_size", ring);
	sn_set("irq_chance", 128);
	CHECK(sn_boot(seed, "") == 0);
	CHECK(netif_carrier_ok(eth0()));
	baseline = sn_live_objects();
}

static void finish(void)
{
	for (int i = 0; i < 20; i++)
		step(100);
	CHECK(sn_live_objects() == baseline);
	CHECK(sn_timers_armed() == 0);
	CHECK(sn_warn_count() == 0);
	end_child();
}

static u16 sum16(const u8 *p, size_t len, u32 sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get_unaligned_be16(p);
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* TCP/IPv4 headers for a packet that is to be cut; the sequence number wraps inside it. */
static void put_headers(u8 *h)
{
	u8 *ip = h + ETH_HLEN, *tcp = ip + 20;

	memset(h, 0, TSO_HEADERS);
	put_unaligned_be16(ETH_P_IP, h + 12);
	ip[0] = 0x45;
	put_unaligned_be16(40 + TSO_PIECES * TSO_PIECE, ip + 2);
	ip[8] = 64;
	ip[9] = 6;
	put_unaligned_be32(0x0a000001, ip + 12);
	put_unaligned_be32(0x0a000002, ip + 16);
	put_unaligned_be32(0xfffff000, tcp + 4);
	tcp[12] = 0x50;
	tcp[13] = 0x18;
	put_unaligned_be16(sum16(ip + 12, 8, 6 + 20 + TSO_PIECES * TSO_PIECE), tcp + 16);
}

/* Puts a frame of @len bytes on the wire; how many must come back. */
static unsigned int put(enum reflection what, size_t len)
{
	u8 f[1514];

	len = max_t(size_t, len, ETH_HLEN + 2 + TSO_HEADERS);
	memcpy(f, eth0()->dev_addr, ETH_ALEN);
	memcpy(f + 6, "\x02\0\0\0\0\x09", ETH_ALEN);
	put_unaligned_be16(ETH_P_TEST, f + 12);
	f[14] = what;
	f[15] = 0;
	put_headers(f + 16);
	for (size_t i = ETH_HLEN + 2 + TSO_HEADERS; i < len; i++)
		f[i] = sent + i;
	if (what != TSO && len >= ETH_HLEN + 2 + TSO_HEADERS)
		put_unaligned_be32(sent, f + 16);
	sent++;
	CHECK(sn_put_frame(f, len) == 0);
	return what == KEPT ? 0 : what == PLAIN ? 1 : what == CLONED ? 2 : 1 + TSO_FRAMES;
}

/* What came from a cut packet is TCP over IPv4 with both sums right. */
static void check_frame(const u8 *f, size_t len)
{
	const u8 *ip = f + ETH_HLEN;

	CHECK(len >= ETH_HLEN && len <= 1514);
	if (get_unaligned_be16(f + 12) == ETH_P_TEST)
		return;
	CHECK(get_unaligned_be16(ip + 2) == len - ETH_HLEN);
	CHECK(sum16(ip, 20, 0) == 0xffff);
	CHECK(sum16(ip + 20, len - 34, sum16(ip + 12, 8, 6 + (len - 34))) == 0xffff);
	/* The byte says which piece it is from, the sequence number where it must be. */
	for (size_t i = 54; i < len; i += 97) {
		u32 at = get_unaligned_be32(ip + 24) - 0xfffff000 + (i - 54);

		CHECK(f[i] == 'a' + at / TSO_PIECE);
	}
}

static unsigned int take_all(void)
{
	unsigned int n = 0;
	u8 f[2048];
	size_t len;

	while ((len = sn_take_frame(f, sizeof(f)))) {
		check_frame(f, len);
		n++;
	}
	return n;
}

/* Bursts from one frame to more than the ring holds, and back; all of it must come home. */
static void bursts(unsigned int rounds, bool gso)
{
	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int n = 1 + rand() % (round % 7 ? 40 : 600), expected = 0, got = 0;

		while (n--) {
			enum reflection what = rand() % 5 ? PLAIN : CLONED;

			if (gso && rand() % 50 == 0)
				what = TSO;
			expected += put(what, 60 + rand() % 1455);
		}
		for (int i = 0; i < 50 && got < expected; i++) {
			step(1);
			got += take_all();
		}
		CHECK(got == expected);
	}
}

/* ---- cases --------------------------------------------------------------------------------------- */

/* Runs @scenario in a child. */
static void in_child(void (*scenario)(u64 features, u64 arg), u64 features, u64 arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		scenario(features, arg);
		end_child();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("features %#llx, argument %llu: status %#x", (unsigned long long)features,
			 (unsigned long long)arg, status);
}

static const u64 feature_sets[] = {
	MODEL_FEATURES_ALL,
	MODEL_FEATURES_DEFAULT,
	MODEL_FEATURES_DEFAULT & ~EVENT_IDX,
	F(MAC) | F(STATUS),                       /* the least that a device has */
	F(MAC) | F(MRG_RXBUF) | EVENT_IDX,        /* QEMU's user network */
	F(HOST_TSO4) | F(GUEST_TSO4) | EVENT_IDX, /* without what they need: not taken */
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

/* What a lie of one packet is dropped as. */
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

/* One that says what can't be: of the rings, or that the device is lost. */
static bool is_fatal(u64 lie)
{
	return lie <= MODEL_LIE_USED_IDX || lie == MODEL_LIE_NEEDS_RESET ||
	       lie == MODEL_LIE_FORGETS;
}

static void liar(u64 features, u64 lie)
{
	bool harmless = lie == MODEL_LIE_INTERRUPT || lie == MODEL_LIE_HINTS;
	/* An index that goes back is known as one where nothing else was used meanwhile. */
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
		/* Reset, link down, everything home; what is sent now is dropped and counted. */
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
 * Any lie at any time, the cable out and in, for some hundred rounds.  If no lie was fatal all works
 * on; in any case everything is home after a reset.
 */
static void lies_at_random(u64 features, u64 lies_seed)
{
	bool murky = false; /* it may keep buffers and nobody can know */

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
			virtio_model_lie(lie, rand() % 2);
			murky |= lie == MODEL_LIE_USED_AHEAD || lie == MODEL_LIE_USED_BACK;
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
	if (virtio_model_stat("resets") == 1 && !murky)
		bursts(5, false);
	if (virtio_model_stat("resets") == 1)
		virtio_model_lie(MODEL_LIE_NEEDS_RESET, 0);
	step(5);
	CHECK(virtio_model_stat("resets") == 2 && !netif_carrier_ok(eth0()));
	finish();
}

static void test_lies_at_random(void **state)
{
	for (u64 s = 1; s <= 16; s++)
		in_child(lies_at_random, feature_sets[s % 3], s + 1000 * seed);
}

/* Each field of the header anything at all: a packet, or a counted error, and nothing is kept. */
static void headers_at_random(u64 features, u64 arg)
{
	static u8 frame[ETH_HLEN + 20000];
	u8 header[12] = {0};

	boot(features, 256);
	memcpy(frame, eth0()->dev_addr, ETH_ALEN);
	put_unaligned_be16(0x88b6, frame + 12); /* nobody's */
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

/* Interrupts without work, ten thousand of each: counted, and no soft interrupt is spent on them. */
static void storm(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	u64 polls, interrupts, timers;

	boot(features, 256);
	vi = eth0()->priv;
	bursts(3, false);
	polls = softirq_count[NET_RX_SOFTIRQ];
	interrupts = vi->rx->interrupts + vi->tx->interrupts;
	for (int i = 0; i < 10000; i++) {
		virtio_model_lie(MODEL_LIE_INTERRUPT, 0);
		CHECK(sn_step() != SN_HALTED);
	}
	CHECK(softirq_count[NET_RX_SOFTIRQ] == polls);
	CHECK(vi->rx->interrupts + vi->tx->interrupts == interrupts + 20000);
	/* Changes of configuration that change nothing: one look for all of a jiffy. */
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

/* Batches of every size from one to the ring's, there and back, until all four indices have wrapped. */
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

/* Large packets over many buffers, and packets in many pieces, where buffers are used in any order. */
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

static u64 *alive; /* of the last child: shared with it */

/* Option @what is set: no device, nothing kept of it, and the device was told. */
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
	/* With one buffer there are rings; they are taken back by a reset. */
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
	in_child(no_queue, 0, 1); /* a packet is a header and a frame: two at least */
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

/* An MTU that is none is not taken, one beyond our buffers is cut. */
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
	/* Faster than anybody looks, and with packets under way: what comes without a link is lost. */
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

/* With GUEST_TSO4 a packet of 64 KiB goes over many buffers and arrives as one. */
static void large_receive(u64 features, u64 arg)
{
	static u8 frame[ETH_HLEN + 65535];
	u8 header[12] = {VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4};
	u64 packets;

	boot(features, 256);
	memcpy(frame, eth0()->dev_addr, ETH_ALEN);
	put_unaligned_be16(0x88b6, frame + 12); /* nobody's: counted and dropped */
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
	/* The same without a word of segmentation is no frame of this link. */
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
 * No page is left when buffers must be replaced: the ring runs dry, nothing interrupts, and still it
 * goes on by itself once there is memory again.
 */
static void memory_runs_out(u64 features, u64 arg)
{
	const struct virtnet_info *vi;
	struct page *page;
	LIST_HEAD(hoard);

	boot(features, 256);
	vi = eth0()->priv;
	while ((page = alloc_page(GFP_KERNEL)))
		list_add(&page->lru, &hoard);
	for (int i = 0; i < 400; i++)
		put(KEPT, 1000);
	for (int i = 0; i < 30; i++)
		step(1);
	CHECK(vi->refill_failed && !virtqueue_outstanding(vi->rx) && kept.qlen >= 256);
	while (!list_empty(&hoard)) {
		page = list_first_entry(&hoard, struct page, lru);
		list_del(&page->lru);
		__free_pages(page, 0);
	}
	step(20);
	CHECK(virtqueue_outstanding(vi->rx) == vi->rx->num);
	bursts(10, false);
	__skb_queue_purge(&kept);
	finish();
}

static void test_memory_runs_out(void **state)
{
	in_child(memory_runs_out, MODEL_FEATURES_DEFAULT, 0);
	in_child(memory_runs_out, MODEL_FEATURES_ALL & ~EVENT_IDX, 0);
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
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_odd_rings),
		cmocka_unit_test(test_odd_mtus),
		cmocka_unit_test(test_link_changes),
		cmocka_unit_test(test_large_receive),
		cmocka_unit_test(test_memory_runs_out),
	};

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

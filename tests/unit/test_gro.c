/* SPDX-License-Identifier: MIT */
/*
 * GRO, the merging of received TCP segments: which segments are merged, which must not be, and that a
 * stream delivers the same bytes in the same order with and without merging.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/in.h"
#include "net/core/netdevice.h"

#define FLOWS    12
#define DATA_MAX 1400
#define ACK      0x10
#define PSH      0x08
#define FIN      0x01
#define ECE      0x40

/* ---- this handler replaces TCP's -------------------------------------------------------------- */

static struct {
	unsigned int len, gso_size, gso_segs, sport;
	u32 seq;
	u8 flags, ip_summed, tos;
} got[NET_FRAMES];
static unsigned int got_count;
static u8 stream[FLOWS][1 << 20]; /* received bytes of each flow; index: source port % FLOWS */
static unsigned int stream_len[FLOWS];

static enum skb_drop_reason take(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int doff, len, flow;
	const u8 *th;

	assert_true(pskb_may_pull(skb, 20));
	th = skb->data;
	doff = (th[12] >> 4) * 4;
	len = skb->len - doff;
	flow = get_unaligned_be16(th) % FLOWS;
	/* The IP header must have the merged packet's length and a correct checksum. */
	assert_int_equal(ntohs(iph->tot_len), skb->len + iph->ihl * 4);
	assert_int_equal(ip_fast_csum(iph, iph->ihl), 0);
	assert_true(got_count < NET_FRAMES);
	got[got_count].len = len;
	got[got_count].gso_size = skb_shinfo(skb)->gso_size;
	got[got_count].gso_segs = skb_shinfo(skb)->gso_segs;
	got[got_count].sport = get_unaligned_be16(th);
	got[got_count].seq = get_unaligned_be32(th + 4);
	got[got_count].flags = th[13];
	got[got_count].tos = iph->tos;
	got[got_count++].ip_summed = skb->ip_summed;
	assert_int_equal(skb_copy_bits(skb, doff, stream[flow] + stream_len[flow], len), 0);
	stream_len[flow] += len;
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* ---- segments ------------------------------------------------------------------------------------------ */

static struct napi_struct napi;
static u8 frame[2048];
static unsigned int frame_len;

/* Builds a segment with a timestamp option; each data byte is a function of flow and sequence number. */
static void build(unsigned int flow, u32 seq, unsigned int len, u8 flags)
{
	u8 seg[32 + DATA_MAX] = {0};

	put_unaligned_be16(1200 + flow, seg);
	put_unaligned_be16(7, seg + 2);
	put_unaligned_be32(seq, seg + 4);
	put_unaligned_be32(77, seg + 8);
	seg[12] = 0x80;
	seg[13] = flags;
	put_unaligned_be16(500, seg + 14);
	memcpy(seg + 20, (u8[]){1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, 12);
	for (unsigned int i = 0; i < len; i++)
		seg[32 + i] = (seq + i) * 7 + ((seq + i) >> 8) + flow;
	frame_len = net_ip_frame(frame, PEER, ME, IPPROTO_TCP, seg, 32 + len);
}

static void sum(void)
{
	struct iphdr *iph = (struct iphdr *)(frame + 14);
	unsigned int len = frame_len - 34;
	__sum16 check;

	iph->check = 0;
	iph->check = ip_fast_csum(iph, 5);
	memset(frame + 34 + 16, 0, 2);
	check = csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_TCP,
				  csum_partial(frame + 34, len, 0));
	memcpy(frame + 34 + 16, &check, 2);
}

static void receive(void)
{
	struct sk_buff *skb = net_rx_skb(frame_len);

	memcpy(skb_put(skb, frame_len), frame, frame_len);
	skb->protocol = eth_type_trans(skb, eth0);
	napi_gro_receive(&napi, skb);
}

static void segment(unsigned int flow, u32 seq, unsigned int len, u8 flags)
{
	build(flow, seq, len, flags);
	sum();
	receive();
}

static int setup(void **state)
{
	net_setup(state);
	got_count = 0;
	memset(stream_len, 0, sizeof(stream_len));
	local_bh_disable();
	return 0;
}

static int teardown(void **state)
{
	assert_null(napi.gro_list);
	assert_int_equal(napi.gro_count, 0);
	local_bh_enable();
	return net_teardown(state);
}

static void assert_stream(unsigned int flow, u32 seq, unsigned int len)
{
	assert_int_equal(stream_len[flow], len);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(stream[flow][i], (u8)((seq + i) * 7 + ((seq + i) >> 8) + flow));
}

/* ---- merged segments ------------------------------------------------------------------------- */

static void test_a_train_becomes_one(void **state)
{
	u32 seq = 0xfffffa00; /* wraps to 0 within the ten segments */

	for (unsigned int i = 0; i < 10; i++)
		segment(0, seq + i * DATA_MAX, DATA_MAX, ACK);
	assert_int_equal(got_count, 0);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 1);
	assert_int_equal(got[0].len, 10 * DATA_MAX);
	assert_int_equal(got[0].gso_size, DATA_MAX);
	assert_int_equal(got[0].gso_segs, 10);
	assert_int_equal(got[0].seq, seq);
	assert_int_equal(got[0].ip_summed, CHECKSUM_UNNECESSARY);
	assert_stream(0, seq, 10 * DATA_MAX);
}

static void test_push_or_a_short_segment_ends_a_train(void **state)
{
	segment(0, 1000, 100,
		ACK | PSH); /* PSH: the sender has no more data, so GRO passes the segment up at once */
	assert_int_equal(got_count, 1);
	assert_int_equal(got[0].gso_size, 0);

	segment(0, 1100, 100, ACK);
	segment(0, 1200, 100, ACK | PSH);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[1].len, 200);
	assert_int_equal(got[1].flags, ACK | PSH);

	segment(0, 1300, 100, ACK);
	segment(0, 1400, 99, ACK);
	assert_int_equal(got_count, 3);
	assert_int_equal(got[2].len, 199);
	assert_int_equal(got[2].gso_size, 100);
	assert_int_equal(got[2].gso_segs, 2);
	assert_stream(0, 1000, 499);
}

static void test_a_merged_packet_is_bounded(void **state)
{
	unsigned int bytes = 0;

	for (unsigned int i = 0; i < 100; i++)
		segment(0, i * DATA_MAX, DATA_MAX, ACK);
	napi_gro_flush(&napi);
	assert_in_range(got_count, 2, 20);
	for (unsigned int i = 0; i < got_count; i++) {
		assert_true(got[i].len + 52 <= 65535 && got[i].len > DATA_MAX);
		assert_int_equal(got[i].seq, bytes);
		bytes += got[i].len;
	}
	assert_stream(0, 0, 100 * DATA_MAX);
}

/* LIMIT(GRO_HELD_MAX) */
static void test_flows_are_bounded_and_apart(void **state)
{
	for (unsigned int i = 0; i < FLOWS; i++)
		segment(i, 5, 200, ACK);
	/* GRO holds GRO_HELD_MAX flows.  For a new flow it passed up the flow that it held longest. */
	assert_int_equal(got_count, FLOWS - GRO_HELD_MAX);
	for (unsigned int i = 0; i < got_count; i++)
		assert_int_equal(got[i].sport, 1200 + i);
	for (unsigned int i = FLOWS - GRO_HELD_MAX; i < FLOWS; i++)
		segment(i, 205, 200, ACK);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, FLOWS);
	for (unsigned int i = FLOWS - GRO_HELD_MAX; i < FLOWS; i++) {
		assert_int_equal(got[i].sport, 1200 + i);
		assert_int_equal(got[i].gso_segs, 2);
		assert_stream(i, 5, 400);
	}
}

/* ---- segments that must not be merged -------------------------------------------------------- */

static void test_any_difference_keeps_them_apart(void **state)
{
	static const struct {
		const char *what;
		u8 at, value;
	} cases[] = {
		{"type of service", 15, 1},  {"congestion experienced", 15, 3},
		{"time to live", 22, 63},    {"don't fragment", 20, 0x40},
		{"source address", 29, 3},   {"source port", 35, 0xff},
		{"destination port", 37, 9}, {"a gap", 41, 0xff},
		{"acknowledgement", 45, 78}, {"reserved bits", 46, 0x84},
		{"FIN", 47, ACK | 1},        {"SYN", 47, ACK | 2},
		{"RST", 47, ACK | 4},        {"URG", 47, ACK | 32},
		{"ECE", 47, ACK | ECE},      {"CWR", 47, ACK | 128},
		{"no ACK", 47, 0},           {"window", 49, 9},
		{"timestamp", 61, 9},        {"echo", 65, 9},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		got_count = 0;
		segment(0, 1000, 100, ACK);
		build(0, 1100, 100, ACK);
		frame[cases[i].at] = cases[i].value;
		sum();
		receive();
		napi_gro_flush(&napi);
		if (got_count != 2)
			fail_msg("%s: %u packets", cases[i].what, got_count);
		assert_int_equal(got[0].seq, 1000);
		assert_int_equal(got[0].gso_size, 0);
		assert_int_equal(got[1].gso_size, 0);
	}
}

/*
 * A receiver sets ECE in many segments in a row (RFC 3168 6.1.3).  They are merged, and the merged
 * packet has ECE.
 */
static void test_segments_with_ece_become_one(void **state)
{
	for (unsigned int i = 0; i < 5; i++)
		segment(0, 1000 + i * 100, 100, ACK | ECE);
	segment(0, 1500, 100, ACK);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].flags, ACK | ECE);
	assert_int_equal(got[0].gso_segs, 5);
	assert_int_equal(got[1].flags, ACK);
	assert_stream(0, 1000, 600);
}

/* A segment is merged only with segments whose IP header has the same ECN field. */
static void test_marked_packets_become_one(void **state)
{
	static const u8 tos[] = {2, 2, 3, 3, 3, 2}, merged[] = {2, 3, 2};

	for (unsigned int i = 0; i < ARRAY_SIZE(tos); i++) {
		build(0, 1000 + i * 100, 100, ACK);
		frame[15] = tos[i];
		sum();
		receive();
	}
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(got[i].tos, merged[i]);
	assert_int_equal(got[0].gso_segs, 2);
	assert_int_equal(got[1].gso_segs, 3);
	assert_stream(0, 1000, 600);
}

static void test_a_longer_segment_begins_a_new_packet(void **state)
{
	segment(0, 1000, 100, ACK);
	segment(0, 1100, 101, ACK);
	segment(0, 1201, 101, ACK);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[1].gso_size, 101);
	assert_stream(0, 1000, 302);
}

static void test_wrong_checksum_is_passed_up_unmerged(void **state)
{
	segment(0, 1000, 100, ACK);
	build(0, 1100, 100, ACK);
	sum();
	frame[frame_len - 1] ^= 1;
	receive();
	/* The packet with the wrong checksum was passed up after the segment before it. */
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].seq, 1000);
	assert_int_equal(got[1].ip_summed, CHECKSUM_NONE);
}

static void test_segments_without_data_pass_behind_the_held(void **state)
{
	segment(0, 1000, 100, ACK);
	segment(1, 1000, 100, ACK);
	segment(0, 1100, 0, ACK);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].len, 100);
	assert_int_equal(got[1].len, 0);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 3);
}

/* Segments of flow 1 alternate with pure ACKs of flow 2: the ACKs are passed up at once, flow 1 is still merged. */
static void test_other_flows_stay_held(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		segment(1, 1000 + i * 100, 100, ACK);
		segment(2, 5, 0, ACK);
	}
	assert_int_equal(got_count, 8); /* the ACKs */
	/* A frame for another host does not make GRO pass up any held packet. */
	build(1, 0, 100, ACK);
	sum();
	frame[5] ^= 1;
	receive();
	assert_int_equal(got_count, 8);
	/* A FIN of the held flow is passed up after the flow's data. */
	segment(1, 1800, 0, ACK | FIN);
	assert_int_equal(got_count, 10);
	assert_int_equal(got[8].gso_segs, 8);
	assert_int_equal(got[9].flags, ACK | FIN);
	assert_stream(1, 1000, 800);
	napi_gro_flush(&napi);
}

/* IP options move the TCP header; the segment is still recognised as one of the held flow. */
static void test_ip_options_do_not_hide_the_flow(void **state)
{
	u8 plain[2048];
	struct iphdr *iph = (struct iphdr *)(frame + 14);

	(void)state;
	segment(1, 1000, 100, ACK);
	build(1, 1100, 100, ACK);
	sum();
	memcpy(plain, frame, frame_len);
	memcpy(frame + 14 + 24, plain + 14 + 20, frame_len - 34);
	memset(frame + 14 + 20, 1, 4); /* NOP options */
	iph->ihl = 6;
	frame_len += 4;
	iph->tot_len = htons(frame_len - 14);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, 6);
	receive();
	assert_null(napi.gro_list);
	assert_true(got_count >= 1);
	assert_int_equal(got[0].seq, 1000);
}

static void test_device_without_gro(void **state)
{
	eth0->features &= ~NETIF_F_GRO;
	segment(0, 1000, 100, ACK);
	segment(0, 1100, 100, ACK);
	assert_int_equal(got_count, 2);
	eth0->features |= NETIF_F_GRO;
}

/* ---- any mixture --------------------------------------------------------------------------------------------- */

static void test_random_segments_give_the_same_streams(void **state)
{
	u32 next[FLOWS] = {0}, random = 1;

	for (unsigned int i = 0; i < 5000; i++) {
		unsigned int flow, len;

		random = random * 1664525 + 1013904223;
		flow = (random >> 24) % FLOWS;
		len = random >> 8 & 3 ? 600 : 1 + (random >> 12) % DATA_MAX;
		if (next[flow] + len > sizeof(stream[flow]))
			continue;
		segment(flow, next[flow], len, random >> 10 & 15 ? ACK : ACK | PSH);
		next[flow] += len;
		if (!(random >> 16 & 7))
			napi_gro_flush(&napi);
		if (got_count > NET_FRAMES - 20)
			got_count = 0;
	}
	napi_gro_flush(&napi);
	for (unsigned int i = 0; i < FLOWS; i++)
		assert_stream(i, 0, next[i]);
}

static int boot(void **state)
{
	static const struct net_protocol tcp = {.handler = take};

	net_boot(state);
	net_wait(5000);
	eth0->features |= NETIF_F_GRO;
	return inet_add_protocol(&tcp, IPPROTO_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_a_train_becomes_one),
		T(test_push_or_a_short_segment_ends_a_train),
		T(test_a_merged_packet_is_bounded),
		T(test_flows_are_bounded_and_apart),
		T(test_any_difference_keeps_them_apart),
		T(test_segments_with_ece_become_one),
		T(test_marked_packets_become_one),
		T(test_a_longer_segment_begins_a_new_packet),
		T(test_wrong_checksum_is_passed_up_unmerged),
		T(test_segments_without_data_pass_behind_the_held),
		T(test_other_flows_stay_held),
		T(test_ip_options_do_not_hide_the_flow),
		T(test_device_without_gro),
		T(test_random_segments_give_the_same_streams),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The SACK and DSACK blocks that we send, compared with a model that stores for each byte of the
 * stream when it arrived; and the room that the blocks leave for data.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define ISS    (0u - 3000) /* sequence number of the first byte: the stream crosses the wrap */
#define STREAM 8000u

static struct proto prot;
static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;

/*
 * The model: brought[i] is the number of the last segment that contained byte i; 0: byte i was not
 * received.
 */
static u32 brought[STREAM];
static u32 segments, next; /* segments received; the first missing byte */

static void no_wake(struct sock *s)
{
	(void)s;
}

static int setup(void **state)
{
	static bool once;

	(void)state;
	if (!once) {
		unit_memory(65536, true);
		skb_init();
		once = true;
	}
	memset(&tp, 0, sizeof(tp));
	memset(brought, 0, sizeof(brought));
	segments = next = 0;
	sysctl_tcp_dsack = 1;
	sk->sk_prot = &prot;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_rcvbuf = SOCK_RMEM_MAX;
	sk->sk_data_ready = no_wake;
	sk->sk_state_change = no_wake;
	skb_queue_head_init(&sk->sk_receive_queue);
	inet_csk(sk)->icsk_ack.rcv_mss = TCP_MSS_DEFAULT;
	tp.advmss = tp.mss_cache = 1460;
	tp.rcv_nxt = tp.rcv_wup = tp.copied_seq = ISS;
	tp.rcv_wnd = tp.window_clamp = tp.rcv_ssthresh = 1 << 20;
	tp.tcp_header_len = sizeof(struct tcphdr);
	tp.rx_opt.sack_ok = 1;
	return 0;
}

static void free_all(void)
{
	__skb_queue_purge(&sk->sk_receive_queue);
	tcp_ofo_purge(sk);
	assert_int_equal(tp.rx_opt.num_sacks, 0);
	assert_int_equal(atomic_read(&sk->sk_rmem_alloc), 0);
}

static void segment(u32 from, u32 len, u8 flags)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct tcphdr) + len, GFP_ATOMIC);
	struct tcphdr *th = memset(skb_put(skb, sizeof(*th)), 0, sizeof(*th));
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	enum skb_drop_reason reason;

	memset(skb_put(skb, len), 0, len);
	skb_reset_transport_header(skb);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	memset(cb, 0, sizeof(*cb));
	cb->seq = ISS + from;
	cb->end_seq = ISS + from + len + !!(flags & TCPHDR_FIN);
	cb->tcp_flags = TCPHDR_ACK | flags;
	reason = tcp_data_queue(sk, skb);
	if (reason != SKB_CONSUMED)
		kfree_skb_reason(skb, reason);
}

/* ---- the model ---------------------------------------------------------------------------------- */

/* An island: received bytes [start, end) without a gap, between two gaps. */
struct island {
	u32 start, end,
		stamp; /* stamp: number of the last segment that contained a byte of the island */
};

/* Returns the received bytes from byte @i on, as an island; it is empty if byte @i is missing. */
static struct island island_at(u32 i)
{
	struct island island = {i, i, 0};

	for (; island.end < STREAM && brought[island.end]; island.end++)
		island.stamp = max(island.stamp, brought[island.end]);
	return island;
}

/*
 * Fills @islands with the islands after the first missing byte, the one with the latest segment
 * first; returns their number.
 */
static unsigned int model_islands(struct island *islands)
{
	unsigned int n = 0;

	for (u32 i = next; i < STREAM; i++) {
		struct island island = island_at(i);
		unsigned int place = n;

		if (island.start == island.end)
			continue;
		for (; place > 0 && islands[place - 1].stamp < island.stamp; place--)
			islands[place] = islands[place - 1];
		islands[place] = island;
		n++;
		i = island.end;
	}
	return n;
}

/* Returns the first run of bytes of [from, from + len) that were received before. */
static struct island model_duplicate(u32 from, u32 len)
{
	struct island run = {from, from, 0};

	while (run.start < from + len && !brought[run.start])
		run.start++;
	for (run.end = run.start; run.end < from + len && brought[run.end];)
		run.end++;
	return run;
}

static void model_segment(u32 from, u32 len)
{
	segments++;
	for (u32 i = from; i < from + len; i++)
		brought[i] = segments;
	while (next < STREAM && brought[next])
		next++;
}

/* ---- the option --------------------------------------------------------------------------------- */

/* Writes the options of the next segment and stores their SACK blocks; returns the number of blocks. */
static unsigned int sent_blocks(struct tcp_sack_block *blocks)
{
	struct tcp_out_options opts;
	unsigned int size = tcp_established_options(sk, &opts), n = 0;
	u8 space[MAX_TCP_OPTION_SPACE] __attribute__((aligned(4)));
	const u8 *p = space;

	assert_in_range(size, 0, MAX_TCP_OPTION_SPACE);
	assert_int_equal(size % 4, 0);
	tcp_options_write(space, &tp, &opts);
	if (tp.rx_opt.tstamp_ok) {
		assert_int_equal(p[2], TCPOPT_TIMESTAMP);
		p += TCPOLEN_TSTAMP_ALIGNED;
	}
	if (p == space + size)
		return 0;
	assert_int_equal(p[0], TCPOPT_NOP);
	assert_int_equal(p[1], TCPOPT_NOP);
	assert_int_equal(p[2], TCPOPT_SACK);
	assert_ptr_equal(p + 2 + p[3], space + size);
	n = (p[3] - TCPOLEN_SACK_BASE) / TCPOLEN_SACK_PERBLOCK;
	for (unsigned int i = 0; i < n; i++) {
		blocks[i].start_seq = get_unaligned_be32(p + 4 + 8 * i) - ISS;
		blocks[i].end_seq = get_unaligned_be32(p + 8 + 8 * i) - ISS;
	}
	return n;
}

/*
 * If the last segment contained duplicate bytes (@duplicate is not empty), checks that the first
 * block reports them, and returns 1; otherwise returns 0.
 */
static unsigned int assert_duplicate(const struct tcp_sack_block *blocks, unsigned int n,
				     struct island duplicate)
{
	if (duplicate.start == duplicate.end)
		return 0;
	assert_true(n >= 1);
	assert_int_equal(blocks[0].start_seq, duplicate.start);
	assert_int_equal(blocks[0].end_seq, duplicate.end);
	return 1;
}

/* ---- random segments ------------------------------------------------------------------------------- */

/*
 * There are at most four islands.  Checks that the blocks are exactly the islands, the latest first,
 * as far as there is room: a DSACK block and timestamps each take the room of one block.
 */
static void assert_all_islands(struct island duplicate)
{
	unsigned int most = tp.rx_opt.tstamp_ok ? 3 : 4, islands_known, n, first;
	struct tcp_sack_block blocks[TCP_NUM_SACKS];
	struct island islands[STREAM / 2];

	islands_known = model_islands(islands);
	n = sent_blocks(blocks);
	first = assert_duplicate(blocks, n, duplicate);
	assert_int_equal(n, min(islands_known + first, most));
	for (unsigned int i = first; i < n; i++) {
		assert_int_equal(blocks[i].start_seq, islands[i - first].start);
		assert_int_equal(blocks[i].end_seq, islands[i - first].end);
	}
}

/*
 * Returns true if there would be more than TCP_NUM_SACKS islands after [from, from + len) arrives.
 */
static bool too_many_islands(u32 from, u32 len)
{
	static u32 saved[STREAM];
	struct island islands[STREAM / 2];
	u32 saved_segments = segments, saved_next = next;
	unsigned int n;

	memcpy(saved, brought, sizeof(saved));
	model_segment(from, len);
	n = model_islands(islands);
	memcpy(brought, saved, sizeof(saved));
	segments = saved_segments;
	next = saved_next;
	return n > TCP_NUM_SACKS;
}

static void test_few_holes(void **state)
{
	u32 checked = 0;

	for (int round = 0; round < 40; round++) {
		setup(state);
		tp.rx_opt.tstamp_ok = round % 2;
		for (int n = 0; n < 300 && next < STREAM; n++) {
			u32 from = unit_random() % STREAM;
			u32 len = min(1 + unit_random() % 300, STREAM - from);
			struct island duplicate;

			if (too_many_islands(from, len))
				continue;
			duplicate = model_duplicate(from, len);
			model_segment(from, len);
			segment(from, len, 0);
			assert_int_equal(tp.rcv_nxt, ISS + next);
			assert_all_islands(duplicate);
			checked++;
		}
		free_all();
	}
	assert_true(checked > 2000);
}

/*
 * With more islands than blocks, some islands are not reported.  These rules of RFC 2018 must still
 * hold: the first block contains the segment that arrived, all bytes of a block were received, and
 * the blocks are ordered by the last segment that arrived in them, the latest first.
 */
static void assert_true_blocks(u32 from, u32 len, struct island duplicate)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];
	unsigned int n = sent_blocks(blocks), first = assert_duplicate(blocks, n, duplicate);
	u32 stamp = segments;

	if (from > next)
		assert_true(n > first && blocks[first].start_seq <= from &&
			    blocks[first].end_seq >= from + len);
	for (unsigned int i = first; i < n; i++) {
		u32 latest = 0;

		assert_true(blocks[i].start_seq > next);
		assert_true(blocks[i].start_seq < blocks[i].end_seq);
		for (u32 byte = blocks[i].start_seq; byte < blocks[i].end_seq; byte++) {
			assert_true(brought[byte]);
			latest = max(latest, brought[byte]);
		}
		assert_true(i == first ? latest <= stamp : latest < stamp);
		stamp = latest;
		for (unsigned int j = first; j < i; j++)
			assert_true(blocks[i].end_seq < blocks[j].start_seq ||
				    blocks[i].start_seq > blocks[j].end_seq);
	}
}

static void test_many_holes(void **state)
{
	for (int round = 0; round < 40; round++) {
		setup(state);
		tp.rx_opt.tstamp_ok = round % 2;
		for (int n = 0; n < 400 && next < STREAM; n++) {
			u32 from = unit_random() % STREAM;
			u32 len = min(1 + unit_random() % 100, STREAM - from);
			struct island duplicate = model_duplicate(from, len);

			model_segment(from, len);
			segment(from, len, 0);
			assert_int_equal(tp.rcv_nxt, ISS + next);
			assert_true_blocks(from, len, duplicate);
		}
		free_all();
	}
}

/* ---- data that is dropped -------------------------------------------------------------------------- */

/* Returns true if all of [start_seq, end_seq) is in the out-of-order queue. */
static bool in_queue(u32 start_seq, u32 end_seq)
{
	u32 reached = start_seq;

	for (struct rb_node *n = rb_first(&tp.out_of_order_queue); n; n = rb_next(n)) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(rb_to_skb(n));

		if (!after(cb->seq, reached) && after(cb->end_seq, reached))
			reached = cb->end_seq;
	}
	return !before(reached, end_seq);
}

static void assert_blocks_in_queue(void)
{
	for (unsigned int i = 0; i < tp.rx_opt.num_sacks; i++) {
		assert_true(before(tp.selective_acks[i].start_seq, tp.selective_acks[i].end_seq));
		assert_true(in_queue(tp.selective_acks[i].start_seq, tp.selective_acks[i].end_seq));
	}
}

/* The queue is full, so its last segment is dropped: no block may report dropped data. */
static void test_pruned_data_is_not_reported(void **state)
{
	unsigned int pruned = 0;

	(void)state;
	for (u32 i = 0; i < TCP_OFO_PACKETS_MAX; i++)
		segment(1000 + 2 * i, 1, 0);
	assert_int_equal(tp.rx_opt.num_sacks, TCP_NUM_SACKS);
	/* Each of these segments is before all others, so the last one in the queue is dropped. */
	for (u32 from = 900; from > 890; from -= 2) {
		segment(from, 1, 0);
		assert_blocks_in_queue();
		assert_int_equal(tp.selective_acks[0].start_seq, ISS + from);
	}
	free_all();

	/*
	 * The segments are long and overlap.  When a segment is dropped, its block must shrink to the data
	 * that remains in the queue.
	 */
	setup(state);
	sk->sk_userlocks = SOCK_RCVBUF_LOCK;
	sk->sk_rcvbuf = 65536;
	for (u32 i = 0; i < 3000; i++) {
		u32 known = tp.ofo_count;

		segment(1000 + unit_random() % 100000, 1 + unit_random() % 1400, 0);
		pruned += tp.ofo_count < known;
		assert_blocks_in_queue();
	}
	assert_true(pruned > 10);
	while (tcp_prune_ofo_queue(sk, NULL) && tp.ofo_count)
		assert_blocks_in_queue();
	assert_int_equal(tp.rx_opt.num_sacks, 0);
	free_all();
}

static void test_end_of_a_block_is_cut(void **state)
{
	(void)state;
	segment(100, 100, 0);
	segment(150, 100, 0);
	assert_int_equal(tp.ofo_count, 2);
	assert_int_equal(tp.selective_acks[0].end_seq, ISS + 250);
	sk->sk_rcvbuf = atomic_read(&sk->sk_rmem_alloc) -
			1; /* so one of the two segments must be dropped */
	tcp_prune_ofo_queue(sk, NULL);
	assert_int_equal(tp.ofo_count, 1);
	assert_int_equal(tp.rx_opt.num_sacks, 1);
	assert_int_equal(tp.selective_acks[0].start_seq, ISS + 100);
	assert_int_equal(tp.selective_acks[0].end_seq, ISS + 200);
	free_all();
}

/* ---- without SACK or DSACK, duplicates, FIN ---------------------------------------------------------- */

static void test_not_permitted(void **state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];

	(void)state;
	tp.rx_opt.sack_ok = 0;
	segment(0, 100, 0);
	segment(0, 100, 0);
	segment(200, 100, 0);
	segment(250, 100, 0);
	assert_int_equal(sent_blocks(blocks), 0);
	free_all();
}

static void test_without_dsack(void **state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];

	(void)state;
	sysctl_tcp_dsack = 0;
	segment(0, 100, 0);
	segment(0, 100, 0);
	assert_int_equal(sent_blocks(blocks), 0);
	segment(200, 100, 0);
	segment(200, 100, 0);
	assert_int_equal(sent_blocks(blocks), 1);
	free_all();
}

/* RFC 2883 4: a duplicate is reported once. */
static void test_duplicate_is_sent_once(void **state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];

	(void)state;
	segment(200, 100, 0);
	segment(200, 100, 0);
	assert_int_equal(sent_blocks(blocks), 2);
	assert_int_equal(sent_blocks(blocks), 1);
	free_all();
}

/* A FIN takes one sequence number.  Data after the FIN is dropped and no longer reported. */
static void test_fin(void **state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];

	(void)state;
	segment(100, 100, TCPHDR_FIN);
	assert_int_equal(sent_blocks(blocks), 1);
	assert_int_equal(blocks[0].end_seq, 201);
	segment(300, 100, 0);
	assert_int_equal(sent_blocks(blocks), 2);
	segment(0, 100, 0);
	assert_int_equal(sk->sk_state, TCP_CLOSE_WAIT);
	assert_int_equal(sent_blocks(blocks), 0);
	free_all();
}

/* ---- room in a segment ------------------------------------------------------------------------------ */

/*
 * SACK blocks leave less room for data in a segment: the segment must not grow, and must have room for
 * data even with the smallest MSS.
 */
static void test_room_for_data(void **state)
{
	(void)state;
	for (u32 from = 100; from < 1000; from += 200)
		segment(from, 100, 0);
	assert_int_equal(tp.rx_opt.num_sacks, 4);
	assert_int_equal(tcp_current_mss(sk), 1460 - 36);
	tp.rx_opt.tstamp_ok = 1;
	assert_int_equal(tcp_current_mss(sk), 1460 - 28);
	/*
	 * The smallest MTU of a link is 68 bytes; a peer's MSS below TCP_MIN_SND_MSS (48) counts as
	 * 48.
	 */
	for (u32 mss = 68 - 40 - TCPOLEN_TSTAMP_ALIGNED; mss < 100; mss++) {
		struct tcp_out_options opts;
		unsigned int size;

		tp.mss_cache = mss;
		size = tcp_established_options(sk, &opts) - TCPOLEN_TSTAMP_ALIGNED;
		assert_int_equal(tcp_current_mss(sk), mss - size);
		assert_true(tcp_current_mss(sk) >= 8);
		if (mss >= TCP_MIN_SND_MSS - TCPOLEN_TSTAMP_ALIGNED)
			assert_int_equal(size, 28);
	}
	free_all();
}

/* If a segment has no room for a block, the DSACK is sent in a later segment that has room. */
static void test_no_room(void **state)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS];

	(void)state;
	tp.mss_cache = 16;
	segment(0, 100, 0);
	segment(0, 100, 0);
	assert_int_equal(sent_blocks(blocks), 0);
	assert_int_equal(tp.rx_opt.dsack, 1);
	free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_holes),
		cmocka_unit_test(test_many_holes),
		cmocka_unit_test_setup(test_pruned_data_is_not_reported, setup),
		cmocka_unit_test_setup(test_end_of_a_block_is_cut, setup),
		cmocka_unit_test_setup(test_not_permitted, setup),
		cmocka_unit_test_setup(test_without_dsack, setup),
		cmocka_unit_test_setup(test_duplicate_is_sent_once, setup),
		cmocka_unit_test_setup(test_fin, setup),
		cmocka_unit_test_setup(test_room_for_data, setup),
		cmocka_unit_test_setup(test_no_room, setup),
	};

	return cmocka_run_group_tests_name("TCP SACK blocks that we send", tests, NULL, NULL);
}

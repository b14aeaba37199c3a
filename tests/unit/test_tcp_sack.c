/* SPDX-License-Identifier: MIT */
/*
 * A peer's SACK blocks on a retransmit queue of segments of one MSS: for any blocks, a segment is
 * marked if and only if a valid block covers all of it. Also: reported duplicates (DSACK, RFC 2883)
 * and their limit.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/limits.h"
#include "net/tcp/tcp_send.h"

#define SEGMENTS 128
#define MSS      1000
#define ISN      0xffff8000u /* the numbers wrap in the queue */

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static struct sk_buff segment[SEGMENTS];
static struct tcp_sacktag_state state;

static int setup(void **unused)
{
	static bool started;

	(void)unused;
	unit_init();
	if (!started) {
		started = true;
		unit_memory(4096, true);
		skb_init();
	}
	unit_set_clock(5 * NSEC_PER_SEC);
	memset(&tp, 0, sizeof(tp));
	refcount_set(&sk->sk_refcnt, 1000);
	tcp_init_xmit_timers(sk);
	tcp_rtx_queue_init(sk);
	sk->sk_state = TCP_ESTABLISHED;
	tp.rx_opt.sack_ok = 1;
	tp.reordering = 3;
	tp.mss_cache = MSS;
	tp.max_window = 1 << 20;
	tp.snd_una = tp.snd_nxt = ISN;
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		struct tcp_skb_cb *tcb = TCP_SKB_CB(&segment[i]);

		memset(&segment[i], 0, sizeof(segment[i]));
		tcb->seq = tp.snd_nxt;
		tcb->end_seq = tp.snd_nxt += MSS;
		tcp_skb_pcount_set(&segment[i], 1);
		segment[i].skb_mstamp = ktime_get_ns();
		tcp_rtx_queue_add(sk, &segment[i]);
		tp.packets_out++;
	}
	tcp_mstamp_refresh(&tp);
	return 0;
}

/* Simulates an ACK of snd_una with @n blocks, whose numbers are relative to ISN. */
static void ack_with_blocks(const u32 (*blocks)[2], unsigned int n)
{
	struct sk_buff *skb = alloc_skb(128, GFP_KERNEL);
	u8 *option;

	assert_non_null(skb);
	skb_reserve(skb, 20);
	skb_reset_transport_header(skb);
	memset(__skb_put(skb, 60), 0, 60);
	option = (u8 *)tcp_hdr(skb) + 22;
	option[0] = TCPOPT_SACK;
	option[1] = TCPOLEN_SACK_BASE + n * TCPOLEN_SACK_PERBLOCK;
	for (unsigned int i = 0; i < n; i++) {
		put_unaligned_be32(ISN + blocks[i][0], option + 2 + 8 * i);
		put_unaligned_be32(ISN + blocks[i][1], option + 6 + 8 * i);
	}
	TCP_SKB_CB(skb)->sacked = 22;
	TCP_SKB_CB(skb)->ack_seq = tp.snd_una;
	memset(&state, 0, sizeof(state));
	state.prior_snd_una = tp.snd_una;
	state.prior_delivered = tp.delivered;
	state.reord = tp.snd_nxt;
	tcp_sacktag_write_queue(sk, skb, &state);
	consume_skb(skb);
}

static bool is_sacked(unsigned int i)
{
	return TCP_SKB_CB(&segment[i])->sacked & TCPCB_SACKED_ACKED;
}

/*
 * Compares random blocks with a model, a flag for each segment.  A block is valid if it begins
 * above snd_una, ends at or below snd_nxt and is not empty.  If the first block lies within the
 * second, it reports a duplicate and marks no segment.
 */
static void test_any_blocks(void **unused)
{
	bool model[SEGMENTS] = {false};
	u32 sacked = 0;

	(void)unused;
	for (unsigned int round = 0; round < 3000; round++) {
		u32 blocks[4][2], n = 1 + unit_random() % 4;

		if (round % 50 == 0) {
			setup(NULL);
			memset(model, 0, sizeof(model));
			sacked = 0;
		}
		for (unsigned int i = 0; i < n; i++) {
			blocks[i][0] = 1 + unit_random() % ((SEGMENTS + 2) * MSS);
			blocks[i][1] = blocks[i][0] + unit_random() % (20 * MSS) - 500;
			if (unit_random() % 2) {
				blocks[i][0] = ALIGN_DOWN(blocks[i][0], MSS * 8) / 8 + MSS;
				blocks[i][1] = blocks[i][0] + MSS * (unit_random() % 9);
			}
		}
		for (unsigned int i = 0; i < n; i++) {
			s64 from = blocks[i][0], to = (s32)blocks[i][1];
			bool dup = !i && n > 1 && (s32)blocks[0][1] <= (s32)blocks[1][1] &&
				   blocks[0][0] >= blocks[1][0];

			if (dup || from >= to || to > SEGMENTS * MSS || from <= 0)
				continue;
			for (s64 s = 0; s < SEGMENTS; s++)
				model[s] |= from <= s * MSS && to >= (s + 1) * MSS;
		}
		ack_with_blocks(blocks, n);
		sacked = 0;
		for (unsigned int s = 0; s < SEGMENTS; s++) {
			assert_int_equal(is_sacked(s), model[s]);
			sacked += model[s];
			assert_int_equal(list_empty(&segment[s].tcp_tsorted_anchor), model[s]);
		}
		assert_int_equal(tp.sacked_out, sacked);
	}
}

/*
 * A DSACK above snd_una reports more than 64 segments as duplicates.  All of them are counted as
 * duplicates, but only the first 64 lose the mark of a retransmission that is in flight.
 * LIMIT(TCP_DSACK_MAX)
 */
static void test_a_long_duplicate_is_cut(void **unused)
{
	const u32 all[1][2] = {{MSS, (SEGMENTS - 1) * MSS}};
	const u32 longer[2][2] = {{2 * MSS, (SEGMENTS - 2) * MSS}, {MSS, (SEGMENTS - 1) * MSS}};

	(void)unused;
	tp.total_retrans = 1000;
	tp.undo_marker = tp.snd_una;
	for (unsigned int i = 1; i < SEGMENTS; i++) {
		TCP_SKB_CB(&segment[i])->sacked |= TCPCB_EVER_RETRANS;
		tcp_rtx_set_marks(sk, &segment[i], TCPCB_SACKED_RETRANS);
	}
	ack_with_blocks(all, 1);
	assert_int_equal(tp.retrans_out, SEGMENTS - 1);
	ack_with_blocks(longer, 2);
	assert_int_equal(tp.dsack_dups, SEGMENTS - 4);
	assert_int_equal(tp.retrans_out, SEGMENTS - 1 - TCP_DSACK_MAX);
	for (unsigned int i = 0; i < SEGMENTS; i++)
		assert_int_equal(!(TCP_SKB_CB(&segment[i])->sacked & TCPCB_SACKED_RETRANS),
				 i == 0 || (i >= 2 && i < 2 + TCP_DSACK_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_any_blocks, setup),
		cmocka_unit_test_setup(test_a_long_duplicate_is_cut, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * RACK (RFC 8985 6) on a retransmit queue of segments that were sent one each millisecond and have
 * no payload: which segments are lost, when RACK's timer expires, and how much work one ACK may
 * cause.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/limits.h"
#include "net/tcp/tcp_send.h"

#define SEGMENTS 200
#define MSS      1000
#define ISN      0xffff0000u /* the numbers wrap within the queue */

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static struct sk_buff segment[SEGMENTS];
static u64 start_ns;

/* Fills in segment @i, which was sent @i milliseconds after the start. */
static void send_segment(unsigned int i)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(&segment[i]);

	memset(&segment[i], 0, sizeof(segment[i]));
	tcb->seq = ISN + i * MSS;
	tcb->end_seq = tcb->seq + MSS;
	tcp_skb_pcount_set(&segment[i], 1);
	segment[i].skb_mstamp = start_ns + i * NSEC_PER_MSEC;
	tcp_rtx_queue_add(sk, &segment[i]);
	tp.packets_out++;
	tp.snd_nxt = tcb->end_seq;
}

static int setup(void **state)
{
	(void)state;
	unit_init();
	start_ns = 5 * NSEC_PER_SEC;
	memset(&tp, 0, sizeof(tp));
	refcount_set(&sk->sk_refcnt, 1000);
	tcp_init_xmit_timers(sk);
	tcp_rtx_queue_init(sk);
	sk->sk_state = TCP_ESTABLISHED;
	inet_csk(sk)->icsk_rto = 5000;
	tp.rx_opt.sack_ok = 1;
	tp.reordering = 3;
	tp.rack.reo_wnd_steps = 1;
	minmax_reset(&tp.rtt_min, tcp_jiffies32, 400 * 1000);
	tp.srtt_us = 1000 * 1000 << 3;
	tp.snd_una = ISN;
	for (unsigned int i = 0; i < SEGMENTS; i++)
		send_segment(i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	inet_csk_clear_xmit_timers(sk);
	return 0;
}

/* Simulates the delivery of segment @i, @ms milliseconds after the start. */
static void deliver(unsigned int i, unsigned int ms)
{
	unit_set_clock(start_ns + ms * NSEC_PER_MSEC);
	tp.tcp_mstamp = ktime_get_ns();
	tcp_rtx_set_marks(sk, &segment[i], TCPCB_SACKED_ACKED);
	tcp_rack_advance(&tp, 0, TCP_SKB_CB(&segment[i])->end_seq, segment[i].skb_mstamp);
}

static unsigned int lost_segments(void)
{
	unsigned int n = 0;

	while (n < SEGMENTS && (TCP_SKB_CB(&segment[n])->sacked & TCPCB_LOST))
		n++;
	assert_int_equal(n, tp.lost_out);
	return n;
}

/*
 * The segment sent at 150 ms is delivered at 1150 ms: the round trip is 1000 ms.  The reordering
 * window is a quarter of the least round trip (400 ms), 100 ms.  So the segments sent until 50 ms
 * are lost.
 */
static void test_a_quarter_of_the_least_round_trip(void **state)
{
	(void)state;
	deliver(150, 1150);
	assert_true(tcp_rack_mark_lost(sk));
	assert_int_equal(lost_segments(), 51);
	/* Until the next delivery RACK does not look for losses. */
	assert_false(tcp_rack_mark_lost(sk));
}

/*
 * When the number of SACKed segments reaches the threshold of duplicate ACKs, the reordering window
 * is 0.
 */
static void test_three_deliveries_need_no_window(void **state)
{
	(void)state;
	deliver(148, 1148);
	deliver(149, 1149);
	deliver(150, 1150);
	assert_false(tcp_rack_mark_lost(sk));
	assert_int_equal(lost_segments(), 148);
}

/*
 * After reordering was seen on the path, the reordering window is used even with three SACKed
 * segments; its maximum is SRTT.
 */
static void test_reordering_brings_the_window_back(void **state)
{
	(void)state;
	tp.reord_seen = 1;
	tp.rack.reo_wnd_steps = 200;
	deliver(148, 1148);
	deliver(149, 1149);
	deliver(150, 1150);
	assert_true(tcp_rack_mark_lost(sk));
	assert_int_equal(lost_segments(), 0);
	/*
	 * 200 quarters of 400 ms are 20 s, so the window is SRTT, 1 s: the first segment is lost at
	 * 2 s, the last one at 2.15 s.
	 */
	assert_int_equal(inet_csk(sk)->icsk_timeout,
			 jiffies + 850 + TCP_RACK_SOON - 1 + TCP_TIMEOUT_MIN);
}

/*
 * A segment is delivered when 100 of the 199 older ones are lost.  Of the other 99, RACK examines
 * only TCP_RACK_SOON, and sets its timer for the last of these.  LIMIT(TCP_RACK_SOON)
 */
static void test_the_timer_is_for_the_near_ones(void **state)
{
	(void)state;
	deliver(199, 1199 - 99);
	/* A round trip of 901 ms and a window of 100 ms: the first segment is lost at 1001 ms. */
	assert_true(tcp_rack_mark_lost(sk));
	assert_int_equal(lost_segments(), 100);
	assert_int_equal(inet_csk(sk)->icsk_pending, ICSK_TIME_REO_TIMEOUT);
	assert_int_equal(inet_csk(sk)->icsk_timeout, jiffies + TCP_RACK_SOON + TCP_TIMEOUT_MIN);
}

/*
 * An ACK of a retransmitted segment that comes sooner than the least round trip acknowledges the
 * original, so RACK takes no sample from it.
 */
static void test_an_early_answer_is_the_originals(void **state)
{
	(void)state;
	unit_set_clock(start_ns + 300 * NSEC_PER_MSEC);
	tp.tcp_mstamp = ktime_get_ns();
	tcp_rack_advance(&tp, TCPCB_EVER_RETRANS, ISN + MSS, start_ns);
	assert_false(tp.rack.advanced);
	tcp_rack_advance(&tp, 0, ISN + MSS, start_ns);
	assert_true(tp.rack.advanced);
	assert_int_equal(tp.rack.rtt_us, 300 * 1000);
}

/*
 * An undo puts the lost segments back into the list of sent segments, in the order in which they
 * were sent.
 */
static void test_undo_restores_the_order(void **state)
{
	const struct sk_buff *skb;
	unsigned int i = 0;

	(void)state;
	/* Mark the segments as lost from the last to the first. */
	for (unsigned int n = SEGMENTS; n--;)
		tcp_mark_skb_lost(sk, &segment[n]);
	tcp_rtx_set_marks(sk, &segment[7], TCPCB_LOST | TCPCB_SACKED_RETRANS);
	segment[7].skb_mstamp += NSEC_PER_SEC;
	tcp_rtx_sent_again(sk, &segment[7]);
	tcp_rtx_unmark_lost(sk);
	assert_int_equal(tp.lost_out, 0);
	assert_int_equal(tp.retrans_out, 1);
	list_for_each_entry(skb, &tp.tsorted_sent_queue, tcp_tsorted_anchor) {
		i += i == 7;
		assert_ptr_equal(skb, &segment[i < SEGMENTS ? i : 7]);
		i++;
	}
	assert_int_equal(i, SEGMENTS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_quarter_of_the_least_round_trip, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_three_deliveries_need_no_window, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_reordering_brings_the_window_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_timer_is_for_the_near_ones, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_early_answer_is_the_originals, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_undo_restores_the_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

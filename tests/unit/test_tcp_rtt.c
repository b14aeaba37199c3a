/* SPDX-License-Identifier: MIT */
/*
 * The round-trip estimator against RFC 6298: the first sample, convergence, the minimum and maximum RTO;
 * timestamps instead of send times when a retransmission makes these ambiguous; forged timestamp echoes.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_send.h"

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;

static int setup(void **state)
{
	(void)state;
	unit_init();
	unit_set_clock(5 * NSEC_PER_SEC);
	memset(&tp, 0, sizeof(tp));
	/* Let the sequence numbers wrap. */
	tp.snd_una = tp.snd_nxt = 0xffffff00u;
	tp.snd_cwnd_clamp = ~0u;
	minmax_reset(&tp.rtt_min, tcp_jiffies32, ~0u);
	tcp_mstamp_refresh(&tp);
	return 0;
}

/* Simulates an ACK for @bytes after a round trip of @us microseconds. */
static void round_trip(long us, u32 bytes)
{
	tp.snd_nxt += bytes;
	tp.snd_una += bytes;
	assert_true(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, us, -1, us));
}

static void test_first_sample(void **state)
{
	(void)state;
	round_trip(400000, 1000);
	assert_int_equal(tp.srtt_us >> 3, 400000);
	/* RFC 6298 2.2: RTTVAR = R/2, RTO = R + 4 * RTTVAR.  As on Linux, rttvar_us has 4 * RTTVAR. */
	assert_int_equal(tp.rttvar_us, 800000);
	assert_int_equal(inet_csk(sk)->icsk_rto, 1200);
}

static void test_minimum_rto(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		round_trip(50, 1000);
	assert_int_equal(tp.srtt_us >> 3, 50);
	assert_in_range(inet_csk(sk)->icsk_rto, TCP_RTO_MIN, TCP_RTO_MIN + 1);
	assert_int_equal(tcp_min_rtt(&tp), 50);
}

static void test_a_step_is_followed_across_the_wrap(void **state)
{
	u32 worst = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		round_trip(100000, 1000);
	assert_in_range(inet_csk(sk)->icsk_rto, 300, 301);
	for (int i = 0; i < 100; i++) {
		round_trip(500000, 1000);
		worst = max(worst, inet_csk(sk)->icsk_rto);
	}
	/* The RTO first rises above 800 ms, then settles between 700 and 800 ms. */
	assert_in_range(tp.srtt_us >> 3, 499000, 500000);
	assert_true(worst > 800);
	assert_in_range(inet_csk(sk)->icsk_rto, 700, 800);
}

static void test_a_falling_round_trip_does_not_raise_the_timeout(void **state)
{
	u32 before_fall;

	(void)state;
	for (int i = 0; i < 200; i++)
		round_trip(1000000, 1000);
	before_fall = inet_csk(sk)->icsk_rto;
	for (int i = 0; i < 20; i++) {
		round_trip(1000, 1000);
		assert_true(inet_csk(sk)->icsk_rto <= before_fall + 400);
	}
	for (int i = 0; i < 200; i++)
		round_trip(1000, 1000);
	assert_in_range(inet_csk(sk)->icsk_rto, 201, 210);
}

static void test_maximum_rto(void **state)
{
	(void)state;
	round_trip(1L << 40, 1000);
	assert_int_equal(inet_csk(sk)->icsk_rto, TCP_RTO_MAX);
	for (int i = 0; i < 20; i++)
		round_trip(1L << 40, 1000);
	assert_int_equal(inet_csk(sk)->icsk_rto, TCP_RTO_MAX);
}

static void test_timestamp_where_send_times_say_nothing(void **state)
{
	(void)state;
	assert_false(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, -1, -1, -1));

	tp.rx_opt.saw_tstamp = 1;
	tp.rx_opt.rcv_tsecr = tcp_time_stamp(&tp) - 30;
	/* An ACK that acknowledges no new data gives no sample. */
	assert_false(tcp_ack_update_rtt(sk, 0, -1, -1, -1));
	inet_csk(sk)->icsk_backoff = 3;
	assert_true(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, -1, -1, -1));
	assert_int_equal(tp.srtt_us >> 3, 30000);
	assert_int_equal(inet_csk(sk)->icsk_backoff, 0);
}

static void test_an_echo_of_a_timestamp_never_sent(void **state)
{
	(void)state;
	tp.rx_opt.saw_tstamp = 1;
	tp.rx_opt.rcv_tsecr = tcp_time_stamp(&tp) + 1;
	assert_false(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, -1, -1, -1));
	tp.rx_opt.rcv_tsecr = tcp_time_stamp(&tp) - 121000;
	assert_false(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, -1, -1, -1));
	tp.rx_opt.rcv_tsecr = 0;
	assert_false(tcp_ack_update_rtt(sk, FLAG_DATA_ACKED, -1, -1, -1));
	assert_int_equal(tp.srtt_us, 0);
}

static void test_metrics_after_the_handshake(void **state)
{
	(void)state;
	tcp_init_metrics(sk);
	assert_int_equal(inet_csk(sk)->icsk_rto, TCP_TIMEOUT_FALLBACK);
	assert_int_equal(tp.snd_cwnd, TCP_INIT_CWND);

	round_trip(1000, 0);
	tp.total_retrans = 2;
	tcp_init_metrics(sk);
	assert_int_equal(inet_csk(sk)->icsk_rto, 201);
	assert_int_equal(tp.snd_cwnd, TCP_INIT_CWND); /* undo_marker is 0: both retransmissions were
						       * spurious */
	tp.undo_marker = 1;
	tcp_init_metrics(sk);
	assert_int_equal(tp.snd_cwnd, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_sample, setup),
		cmocka_unit_test_setup(test_minimum_rto, setup),
		cmocka_unit_test_setup(test_a_step_is_followed_across_the_wrap, setup),
		cmocka_unit_test_setup(test_a_falling_round_trip_does_not_raise_the_timeout, setup),
		cmocka_unit_test_setup(test_maximum_rto, setup),
		cmocka_unit_test_setup(test_timestamp_where_send_times_say_nothing, setup),
		cmocka_unit_test_setup(test_an_echo_of_a_timestamp_never_sent, setup),
		cmocka_unit_test_setup(test_metrics_after_the_handshake, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * CUBIC: cwnd, compared with RFC 9438's formulas in floating point; the Reno-friendly region, fast convergence,
 * undo and idle times; HyStart, which ends slow start by two tests: the ACK train and the delay.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_cubic.h"
#include "net/tcp/tcp_send.h"

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static struct cubic *c;

#define MS 1000000ull

/* The formulas of RFC 9438, written again in floating point. */
#define C    0.4
#define BETA 0.7

static double cube_root(double x)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 200; i++)
		r -= (r * r * r - x) / (3 * r * r);
	return x > 0 ? r : 0;
}

static int setup(void **state)
{
	(void)state;
	unit_init();
	unit_set_clock(5 * NSEC_PER_SEC);
	memset(&tp, 0, sizeof(tp));
	inet_csk(sk)->icsk_ca_ops = &tcp_cubic;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_pacing_rate = ~0ull;
	tp.snd_cwnd = TCP_INIT_CWND;
	tp.snd_cwnd_clamp = ~0u;
	tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp.max_packets_out = ~0u / 2;
	tp.is_cwnd_limited = 1;
	tp.tcp_mstamp = ktime_get_ns();
	tcp_cubic.init(sk);
	c = inet_csk_ca(sk);
	return 0;
}

static void wait_ms(unsigned int ms)
{
	unit_set_clock(ktime_get_ns() + ms * MS);
	tp.tcp_mstamp = ktime_get_ns();
}

/* Simulates a round trip of @rtt_ms ms in which all segments of the window are acknowledged, two by each ACK. */
static void round_trip(unsigned int rtt_ms)
{
	u32 acks = (tp.snd_cwnd + 1) / 2;

	tp.srtt_us = rtt_ms * 1000 * 8;
	for (u32 i = 0; i < acks; i++) {
		if (i * rtt_ms / acks != (i + 1) * rtt_ms / acks)
			wait_ms((i + 1) * rtt_ms / acks - i * rtt_ms / acks);
		tcp_cubic.cong_avoid(sk, 0, 2);
	}
}

static void lose(void)
{
	tp.prior_cwnd = tp.snd_cwnd;
	tp.snd_cwnd = tp.snd_ssthresh = tcp_cubic.ssthresh(sk);
	tp.snd_cwnd_cnt = 0;
}

static void test_root(void **state)
{
	(void)state;
	assert_int_equal(cubic_root(0), 0);
	for (u64 r = 1; r < 1u << 20; r += 1 + r / 7) {
		assert_int_equal(cubic_root(r * r * r), r);
		assert_int_equal(cubic_root(r * r * r - 1), r - 1);
		assert_int_equal(cubic_root(r * r * r + 3 * r * r), r);
	}
	/* The largest argument: a window of 2^31 segments. */
	assert_int_equal(cubic_root((1ull << 31) * 2500000000ull), 1751015);
}

static void test_curve(void **state)
{
	(void)state;
	for (u32 w_max = 10; w_max < 2000000; w_max *= 3) {
		double k = cube_root((w_max - w_max * BETA) / C);

		*c = (struct cubic){.k = k * 1000, .origin = w_max};
		for (double t = 0; t < 4 * k; t += k / 10) {
			double want = C * (t - k) * (t - k) * (t - k) + w_max;
			double got = cubic_window_fp(c, t * 1000) / 256.0;

			/*
			 * The kernel rounds times to ms and windows to fixed point.  So permit 0.01
			 * and the curve's change in 2 ms.
			 */
			assert_true(got - want < 0.01 + 0.002 * 3 * C * (t - k) * (t - k) &&
				    want - got < 0.01 + 0.002 * 3 * C * (t - k) * (t - k));
		}
	}
}

/*
 * After a loss at 1,000 segments, with round trips of 100 ms, cwnd follows the curve through the concave
 * region, the plateau and the convex region.
 */
static void test_window_follows_the_curve(void **state)
{
	double k = cube_root(1000 * (1 - BETA) / C), begin;

	(void)state;
	tp.snd_cwnd = 1000;
	lose();
	assert_int_equal(tp.snd_ssthresh, 700);
	begin = ktime_get_ns() / 1e9;
	for (int i = 0; i < 180; i++) {
		double t, want;

		round_trip(100);
		t = ktime_get_ns() / 1e9 - begin;
		want = C * (t - k) * (t - k) * (t - k) + 1000;
		/*
		 * In each round trip cwnd approaches W_cubic(t + RTT), the curve's value one round
		 * trip later.
		 */
		assert_in_range(tp.snd_cwnd, want * 0.985 - 2, want * 1.015 + 2);
	}
	assert_in_range(c->k, k * 1000 - 1, k * 1000);
}

/*
 * With round trips of 2 ms Reno's estimate W_est grows faster than the curve: by alpha segments a
 * round trip, and by 1 segment once it exceeds cwnd_prior.
 */
static void test_reno_region(void **state)
{
	double alpha = 3 * (1 - BETA) / (1 + BETA), want = 28;

	(void)state;
	tp.snd_cwnd = 40;
	lose();
	assert_int_equal(tp.snd_cwnd, 28);
	for (int i = 0; i < 100; i++) {
		u32 before = tp.snd_cwnd;

		round_trip(2);
		/* The ACKs of a round trip acknowledge cwnd segments, or one more if cwnd is odd. */
		want += (want >= 40 ? 1 : alpha) * ((before + 1) / 2 * 2) / before;
		assert_in_range(tp.snd_cwnd, want - 1.5, want + 1.5);
	}
	assert_true(tp.snd_cwnd > 100);
}

static void test_fast_convergence_and_undo(void **state)
{
	(void)state;
	tp.snd_cwnd = 100;
	lose();
	assert_int_equal(c->w_max, 100);
	round_trip(50);
	assert_true(c->in_stage);
	tp.snd_cwnd = 80;
	lose(); /* the loss comes below the last W_max, so the new W_max is 80 * (1 + 0.7) / 2 */
	assert_int_equal(c->w_max, 68);
	assert_int_equal(tp.snd_cwnd, 56);
	assert_false(c->in_stage);

	assert_int_equal(tcp_cubic.undo_cwnd(sk), 80);
	assert_int_equal(c->w_max, 100);
	assert_int_equal(c->cwnd_prior, 100);
	assert_true(c->in_stage);
}

/* After a timeout W_max is no longer used: the next stage of congestion avoidance is convex from its start. */
static void test_timeout(void **state)
{
	(void)state;
	tp.snd_cwnd = 100;
	lose();
	tcp_cubic.set_state(sk, TCP_CA_Loss);
	tp.snd_cwnd = 1;
	while (tp.snd_cwnd < 70)
		round_trip(100);
	round_trip(100);
	assert_int_equal(c->k, 0);
	assert_in_range(c->origin, 70, 71);
}

/* The curve's time does not include periods in which cwnd is not the limit or no data is in flight. */
static void test_idle_time_is_excluded(void **state)
{
	u32 start, cwnd;

	(void)state;
	tp.snd_cwnd = 1000;
	lose();
	for (int i = 0; i < 20; i++)
		round_trip(100);
	start = c->epoch_start;
	cwnd = tp.snd_cwnd;
	wait_ms(60000);
	tcp_cubic.cwnd_event(sk, CA_EVENT_TX_START);
	assert_int_equal(c->epoch_start - start, 60000);
	round_trip(100);
	assert_in_range(tp.snd_cwnd, cwnd, cwnd + 10);

	tp.is_cwnd_limited = 0;
	start = c->epoch_start;
	cwnd = tp.snd_cwnd;
	for (int i = 0; i < 50; i++)
		round_trip(100);
	assert_int_equal(tp.snd_cwnd, cwnd);
	assert_int_equal(c->epoch_start - start, 5000);
}

/* Simulates an ACK of one segment, with the round-trip time @rtt_us, in slow start. */
static void sample(u32 rtt_us)
{
	struct ack_sample s = {.pkts_acked = 1, .rtt_us = rtt_us};

	tcp_cubic.pkts_acked(sk, &s);
}

/* Begins a round of slow start with a window of 64 segments and a least round-trip time of 40
 * ms. */
static void begin_round(void)
{
	tp.snd_cwnd = 64;
	tp.snd_una = 1000;
	tp.snd_nxt = 65000;
	sample(40000);
	assert_int_equal(c->round_end, 65000);
	tp.snd_una = 2000;
}

static void test_hystart_train(void **state)
{
	u64 trains = snmp_counters[SNMP_TcpExtTCPHystartTrainDetect];

	(void)state;
	begin_round();
	/*
	 * ACKs arrive every 2 ms, so they form a train. As this sender does not pace (its rate is ~0, unlimited),
	 * slow start ends when a train is longer than half of the least RTT, 40 ms: after 22 ms, not after 20.
	 */
	for (int i = 0; i < 10; i++) {
		wait_ms(2);
		sample(40000);
		assert_int_equal(tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
	}
	wait_ms(2);
	sample(40000);
	assert_int_equal(tp.snd_ssthresh, 64);
	assert_int_equal(snmp_counters[SNMP_TcpExtTCPHystartTrainDetect], trains + 1);
}

/* HyStart: a gap of more than 2 ms between two ACKs ends their train. */
static void test_hystart_gap(void **state)
{
	(void)state;
	begin_round();
	for (int i = 0; i < 100; i++) {
		wait_ms(3);
		sample(40000);
	}
	assert_int_equal(tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
}

/*
 * HyStart's limit for the round-trip time is the least one, 40 ms, plus an eighth of it.  Eight
 * samples of a round above the limit change nothing; the ninth ends slow start.
 */
static void test_hystart_delay(void **state)
{
	(void)state;
	begin_round();
	tp.snd_una = 65001;
	for (int i = 0; i < 20; i++)
		sample(45000);
	assert_int_equal(tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
	tp.snd_nxt = 130000;
	tp.snd_una = 65001;
	c->round_end = 65000;
	for (int i = 0; i < 8; i++) {
		sample(45001);
		assert_int_equal(tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
	}
	sample(45001);
	assert_int_equal(tp.snd_ssthresh, 64);
	/* Slow start is over: a further delay does not change ssthresh. */
	tp.snd_cwnd = 80;
	sample(90000);
	assert_int_equal(tp.snd_ssthresh, 64);
}

/* More than 2 GiB were sent since the last slow start.  So the sequence number at which its last
 * round ended seems to be ahead of snd_una.  HyStart must nevertheless begin a new round. */
static void test_hystart_old_round(void **state)
{
	(void)state;
	begin_round();
	tp.snd_una = 65000 + (1u << 31) + 1;
	tp.snd_nxt = tp.snd_una + 64000;
	sample(40000);
	assert_int_equal(c->round_end, tp.snd_nxt);
	assert_int_equal(c->samples, 1);
}

static void test_hystart_needs_a_window(void **state)
{
	(void)state;
	tp.snd_cwnd = 15;
	tp.snd_una = 1;
	for (int i = 0; i < 40; i++) {
		wait_ms(2);
		sample(10000 + 5000 * i);
	}
	assert_int_equal(tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_root, setup),
		cmocka_unit_test_setup(test_curve, setup),
		cmocka_unit_test_setup(test_window_follows_the_curve, setup),
		cmocka_unit_test_setup(test_reno_region, setup),
		cmocka_unit_test_setup(test_fast_convergence_and_undo, setup),
		cmocka_unit_test_setup(test_timeout, setup),
		cmocka_unit_test_setup(test_idle_time_is_excluded, setup),
		cmocka_unit_test_setup(test_hystart_train, setup),
		cmocka_unit_test_setup(test_hystart_gap, setup),
		cmocka_unit_test_setup(test_hystart_delay, setup),
		cmocka_unit_test_setup(test_hystart_old_round, setup),
		cmocka_unit_test_setup(test_hystart_needs_a_window, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Delivery rate samples and BBR, for a sender in front of a bottleneck of a known rate.  The samples
 * give that rate; compressed ACKs do not raise it; a sample of a sender that lacked data is marked
 * as limited by the application.  BBR finds the bandwidth, leaves STARTUP, and has the pacing gains
 * of the draft.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_bbr.h"
#include "net/tcp/tcp_send.h"

#define SEGS   20000
#define MSS    1000
#define RTT_NS (10 * NSEC_PER_MSEC)
#define GAP_NS                                                                                     \
	(100 * NSEC_PER_USEC) /* the bottleneck sends 10 segments/ms, so the BDP is 100 segments */

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static struct sk_buff segment[SEGS];
static u64 arrives[SEGS];
static unsigned int sent, acked;
static u64 now, link_free;

static int setup(void **state)
{
	(void)state;
	unit_init();
	now = 5 * NSEC_PER_SEC;
	unit_set_clock(now);
	memset(&tp, 0, sizeof(tp));
	memset(segment, 0, sizeof(segment));
	sent = acked = 0;
	link_free = 0;
	sk->sk_pacing_rate = sk->sk_max_pacing_rate = ~0ull;
	atomic_set(&sk->sk_wmem_alloc, 1);
	minmax_reset(&tp.rtt_min, tcp_jiffies32, RTT_NS / NSEC_PER_USEC);
	tp.tcp_mstamp = now;
	tp.mss_cache = MSS;
	tp.snd_cwnd = 10;
	tp.snd_cwnd_clamp = ~0u;
	tp.srtt_us = RTT_NS / NSEC_PER_USEC * 8;
	return 0;
}

static void send(void)
{
	struct sk_buff *skb = &segment[sent];

	TCP_SKB_CB(skb)->seq = sent * MSS;
	TCP_SKB_CB(skb)->end_seq = (sent + 1) * MSS;
	skb->skb_mstamp = tp.tcp_mstamp = now;
	tcp_rate_skb_sent(sk, skb);
	tp.packets_out++;
	tp.snd_nxt = (sent + 1) * MSS;
	tp.write_seq = tp.snd_nxt + 10 * MSS;
	link_free = max(link_free, now) + GAP_NS;
	arrives[sent++] = link_free + RTT_NS - GAP_NS;
}

/* Simulates an ACK of @n segments at @time. */
static struct rate_sample ack(unsigned int n, u64 time)
{
	struct rate_sample rs = {.prior_in_flight = tp.packets_out,
				 .rtt_us = (time - segment[acked + n - 1].skb_mstamp) /
					   NSEC_PER_USEC};

	now = tp.tcp_mstamp = time;
	unit_set_clock(now);
	tp.snd_una = (acked + n) * MSS;
	tp.delivered += n;
	for (; n; n--, acked++, tp.packets_out--)
		tcp_rate_skb_delivered(sk, &segment[acked], &rs);
	tcp_rate_gen(sk, tp.snd_una / MSS - acked + 1, 0, false, &rs);
	return rs;
}

static void test_rate_of_the_bottleneck(void **state)
{
	(void)state;
	while (acked < 2000) {
		while (sent - acked < 150)
			send();
		ack(1, arrives[acked]);
	}
	/* The bottleneck sends 1,000 bytes per 100 us. */
	assert_in_range(tcp_compute_delivery_rate(&tp), 9900000, 10100000);
	assert_false(tp.rate_app_limited);
}

/* The ACKs of 8 ms arrive together: even so, no sample exceeds the bottleneck's rate. */
static void test_compressed_acks(void **state)
{
	(void)state;
	while (acked < 2000) {
		while (sent - acked < 250)
			send();
		struct rate_sample rs = ack(80, arrives[acked + 79]);

		assert_true(rs.interval_us < 0 ||
			    (u64)rs.delivered * 1000000 / rs.interval_us <= 10100);
	}
}

static void test_application_limit(void **state)
{
	struct rate_sample rs;

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		send();
	while (acked < 20)
		ack(1, arrives[acked]);
	tp.write_seq = tp.snd_nxt;
	tcp_rate_check_app_limited(sk);
	send();
	rs = ack(1, arrives[acked]);
	assert_true(rs.is_app_limited);
	send();
	rs = ack(1, arrives[acked]);
	assert_false(rs.is_app_limited);
}

/* Simulates a paced BBR sender that always has data and that cwnd limits. */
static void test_bbr(void **state)
{
	struct bbr *b = inet_csk_ca(sk);
	bool seen_drain = false, more = false, less = false;
	u64 next = now;

	(void)state;
	inet_csk(sk)->icsk_ca_ops = &tcp_bbr;
	tcp_bbr.init(sk);
	assert_int_equal(b->mode, BBR_STARTUP);
	while (acked < SEGS - 1000) {
		struct rate_sample rs;

		while (sent - acked < tp.snd_cwnd &&
		       next <= (sent > acked ? arrives[acked] : ~0ull)) {
			now = max(now, next);
			send();
			next = now + MSS * NSEC_PER_SEC / sk->sk_pacing_rate;
		}
		rs = ack(1, max(arrives[acked], now));
		tcp_bbr.cong_control(sk, &rs);
		if (b->mode == BBR_STARTUP)
			assert_in_range(b->pacing_gain, 2.885 * 256,
					2.885 * 256 + 2); /* 2 / ln 2 */
		if (b->mode == BBR_DRAIN)
			assert_in_range(b->pacing_gain, 256 / 2.885 - 1, 256 / 2.885);
		seen_drain |= b->mode == BBR_DRAIN;
		more |= b->mode == BBR_PROBE_BW && b->pacing_gain == 320;
		less |= b->mode == BBR_PROBE_BW && b->pacing_gain == 192;
	}
	assert_int_equal(b->mode, BBR_PROBE_BW);
	assert_true(seen_drain && more && less);
	/*
	 * The bandwidth is 0.01 segments/us, min_rtt is 10 ms; cwnd is twice the BDP of 100 segments,
	 * plus an allowance for bursts.
	 */
	assert_in_range(minmax_get(&b->bw), BW_UNIT / 100 * 98 / 100, BW_UNIT / 100 * 102 / 100);
	assert_in_range(b->min_rtt_us, 10000, 10200);
	assert_in_range(tp.snd_cwnd, 200, 260);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rate_of_the_bottleneck, setup),
		cmocka_unit_test_setup(test_compressed_acks, setup),
		cmocka_unit_test_setup(test_application_limit, setup),
		cmocka_unit_test_setup(test_bbr, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

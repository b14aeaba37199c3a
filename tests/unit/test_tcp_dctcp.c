/* SPDX-License-Identifier: MIT */
/*
 * DCTCP: alpha, compared with RFC 8257's formula in floating point; the reduction of cwnd by alpha
 * and after a loss; the fallback to Reno without ECN.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_dctcp.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_send.h"

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static struct dctcp *d;

static int setup(void **state)
{
	(void)state;
	unit_init();
	memset(&tp, 0, sizeof(tp));
	inet_csk(sk)->icsk_ca_ops = &tcp_dctcp;
	tp.ecn_flags = TCP_ECN_OK;
	tp.snd_cwnd = 100;
	tcp_dctcp.init(sk);
	d = inet_csk_ca(sk);
	return 0;
}

/* Simulates the ACK of a whole window of @segs segments, of which @marked were CE-marked. */
static void window(u32 segs, u32 marked)
{
	tp.snd_nxt += segs * 1000;
	tp.delivered += segs;
	tp.delivered_ce += marked;
	tp.snd_una = tp.snd_nxt;
	tcp_dctcp.in_ack_event(sk, CA_ACK_ECE);
}

static void test_alpha(void **state)
{
	double want = 1;

	(void)state;
	assert_int_equal(d->alpha, DCTCP_MAX_ALPHA);
	for (unsigned int i = 0; i < 1000; i++) {
		u32 segs = 1 + unit_random() % 1000,
		    marked = unit_random() % 3 ? unit_random() % (segs + 1) : 0;

		window(segs, marked);
		want = (1 - 1.0 / 16) * want + 1.0 / 16 * marked / segs;
		/* Each update rounds by less than 1/1024, and the errors of 16 updates add up. */
		assert_in_range(d->alpha, want * 1024 < 17 ? 0 : want * 1024 - 17,
				want * 1024 + 17);
	}
}

/* alpha changes once per window; without marks it falls to 0. */
static void test_once_a_window(void **state)
{
	(void)state;
	window(10, 10);
	tp.snd_nxt += 5000;
	window(10, 0);
	tp.snd_una -= 1;
	tp.delivered_ce += 5;
	tcp_dctcp.in_ack_event(sk, CA_ACK_ECE);
	assert_in_range(d->alpha, 960, 1024);
	tp.snd_una += 1;
	tp.delivered_ce -= 5;
	for (unsigned int i = 0; i < 200; i++)
		window(10, 0);
	assert_int_equal(d->alpha, 0);
	assert_int_equal(tcp_dctcp.ssthresh(sk), 100);
}

static void test_reduction(void **state)
{
	(void)state;
	assert_int_equal(tcp_dctcp.ssthresh(sk), 50);
	d->alpha = DCTCP_MAX_ALPHA / 4;
	assert_int_equal(tcp_dctcp.ssthresh(sk), 100 - 100 / 8);
	assert_int_equal(tcp_dctcp.undo_cwnd(sk), 100);
	tp.snd_cwnd = 2;
	d->alpha = DCTCP_MAX_ALPHA;
	assert_int_equal(tcp_dctcp.ssthresh(sk), 2);
}

/* A loss halves the window, whatever the value of alpha. */
static void test_loss(void **state)
{
	(void)state;
	d->alpha = 0;
	tcp_dctcp.set_state(sk, TCP_CA_CWR);
	assert_int_equal(tp.snd_ssthresh, 0);
	tcp_dctcp.set_state(sk, TCP_CA_Recovery);
	assert_int_equal(tp.snd_ssthresh, 50);
	tp.snd_cwnd = 30;
	tcp_dctcp.cwnd_event(sk, CA_EVENT_LOSS);
	assert_int_equal(tp.snd_ssthresh, 15);
}

static void test_without_ecn(void **state)
{
	(void)state;
	tp.ecn_flags = 0;
	tcp_dctcp.init(sk);
	assert_string_equal(inet_csk(sk)->icsk_ca_ops->name, "dctcp-reno");
	assert_false(tcp_ca_needs_ecn(sk));
}

/*
 * The receiver echoes the CE mark of each packet, and sends an ACK at once when the mark changes.
 */
static void test_echo(void **state)
{
	(void)state;
	tcp_dctcp.cwnd_event(sk, CA_EVENT_ECN_IS_CE);
	assert_true(tp.ecn_flags & TCP_ECN_DEMAND_CWR);
	assert_true(inet_csk(sk)->icsk_ack.pending & ICSK_ACK_NOW);
	inet_csk(sk)->icsk_ack.pending = 0;
	tcp_dctcp.cwnd_event(sk, CA_EVENT_ECN_IS_CE);
	assert_false(inet_csk(sk)->icsk_ack.pending & ICSK_ACK_NOW);
	tcp_dctcp.cwnd_event(sk, CA_EVENT_ECN_NO_CE);
	assert_false(tp.ecn_flags & TCP_ECN_DEMAND_CWR);
	assert_true(inet_csk(sk)->icsk_ack.pending & ICSK_ACK_NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_alpha, setup),
		cmocka_unit_test_setup(test_once_a_window, setup),
		cmocka_unit_test_setup(test_reduction, setup),
		cmocka_unit_test_setup(test_loss, setup),
		cmocka_unit_test_setup(test_without_ecn, setup),
		cmocka_unit_test_setup(test_echo, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

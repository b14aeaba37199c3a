/* SPDX-License-Identifier: MIT */
/*
 * Receive windows and segment sizes: the window of a SYN; the right edge of the window never moves back
 * and moves by whole segments; neither a peer nor an ICMP error can force tiny segments.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/limits.h"
#include "net/tcp/tcp_send.h"

static const struct inet_connection_sock_af_ops ops = {.net_header_len = 20, .min_mtu = 68};
static struct proto prot; /* these tests call none of its functions */
static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;

#define MSS 1460u

static int setup(void **state)
{
	(void)state;
	unit_memory(4096, false);
	memset(&tp, 0, sizeof(tp));
	inet_csk(sk)->icsk_af_ops = &ops;
	inet_csk(sk)->icsk_ack.rcv_mss = MSS;
	sk->sk_prot = &prot;
	sk->sk_rcvbuf = 131072; /* the window is half of it, 65536 */
	tp.window_clamp = 65535u << TCP_MAX_WSCALE;
	tp.rcv_ssthresh = 65536;
	tp.advmss = MSS;
	tp.tcp_header_len = sizeof(struct tcphdr);
	tp.rx_opt.mss_clamp = 65535;
	/* Let the sequence numbers wrap. */
	tp.rcv_nxt = tp.rcv_wup = 0xfffffff0u;
	return 0;
}

static void test_initial_window(void **state)
{
	u32 wnd, clamp = 0;
	u8 scale;

	(void)state;
	tcp_select_initial_window(65536, MSS, &wnd, &clamp, 1, &scale);
	assert_int_equal(scale, 7); /* the smallest scale that reaches SOCK_RMEM_MAX */
	assert_int_equal(
		wnd,
		64240); /* as measured on Linux 6.18: 44 whole segments fit into 65,536 bytes */
	assert_int_equal(clamp, 65535u << 7);

	clamp = 0;
	tcp_select_initial_window(65536, MSS, &wnd, &clamp, 0, &scale);
	assert_int_equal(scale, 0);
	assert_int_equal(clamp, 65535);

	/* The application's limit (TCP_WINDOW_CLAMP) also limits the window scale. */
	clamp = 10000;
	tcp_select_initial_window(65536, MSS, &wnd, &clamp, 1, &scale);
	assert_int_equal(scale, 0);
	assert_int_equal(wnd, 10000 - 10000 % MSS);

	/* RFC 7323 2.2: the window of a SYN is not scaled, so it is 65,535 at most. */
	clamp = 0;
	tcp_select_initial_window(1 << 20, 40000, &wnd, &clamp, 1, &scale);
	assert_int_equal(wnd, 65535);

	clamp = 0;
	tcp_select_initial_window(-5, MSS, &wnd, &clamp, 1, &scale);
	assert_int_equal(wnd, 0);
}

static void test_right_edge_never_moves_back(void **state)
{
	u32 edge;

	(void)state;
	tp.rx_opt.rcv_wscale = 7;
	assert_int_equal(tcp_select_window(sk), 65536 >> 7);
	edge = tp.rcv_wup + tp.rcv_wnd;

	/* Data arrives and fills the buffer, because no thread reads. */
	for (int i = 1; i <= 60; i++) {
		tp.rcv_nxt += 1000;
		atomic_set(&sk->sk_rmem_alloc, i * 2200);
		tcp_select_window(sk);
		assert_false(before(tp.rcv_wup + tp.rcv_wnd, edge));
		edge = tp.rcv_wup + tp.rcv_wnd;
	}
	/* The window becomes zero only when the peer has used the whole offered window. */
	tp.rcv_nxt = edge;
	assert_int_equal(tcp_select_window(sk), 0);
	assert_int_equal(tp.rcv_wnd, 0);

	/* A little free space does not open the window again; half of the buffer does. */
	atomic_set(&sk->sk_rmem_alloc, sk->sk_rcvbuf - 2 * (65536 / 16 - 200));
	assert_int_equal(tcp_select_window(sk), 0);
	atomic_set(&sk->sk_rmem_alloc, sk->sk_rcvbuf / 2);
	assert_int_equal(tcp_select_window(sk), 32768 >> 7);
}

static void test_unscaled_window_moves_by_segments(void **state)
{
	u32 first;

	(void)state;
	tp.rcv_ssthresh = 30000;
	first = tcp_select_window(sk);
	assert_int_equal(first % MSS, 0);
	assert_in_range(first, 30000 - MSS, 30000);
	/* When slightly less space is free, the right edge stays where it was. */
	tp.rcv_ssthresh = 29990;
	assert_int_equal(tcp_select_window(sk), first);
	/* An unscaled window is limited to 16 bits. */
	tp.rcv_ssthresh = 1 << 20;
	sk->sk_rcvbuf = 1 << 20;
	assert_int_equal(tcp_select_window(sk), 65535);
}

static void test_no_tiny_segments(void **state)
{
	(void)state;
	assert_int_equal(tcp_mtu_to_mss(sk, 1500), 1460);
	tp.tcp_header_len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
	assert_int_equal(tcp_mtu_to_mss(sk, 1500), 1448);
	tp.rx_opt.mss_clamp = 1;
	assert_int_equal(tcp_mtu_to_mss(sk, 1500), TCP_MIN_SND_MSS - TCPOLEN_TSTAMP_ALIGNED);
	tp.rx_opt.mss_clamp = 1460;
	/*
	 * If the MTU is too small for the minimum segment, the MSS is the largest that fits.  An MTU
	 * below 68 counts as 68, which every link must carry (RFC 791).
	 */
	assert_int_equal(tcp_mtu_to_mss(sk, 100), 100 - 40 - TCPOLEN_TSTAMP_ALIGNED);
	assert_int_equal(tcp_mtu_to_mss(sk, 87), 87 - 40 - TCPOLEN_TSTAMP_ALIGNED);
	assert_int_equal(tcp_mtu_to_mss(sk, 68), 68 - 40 - TCPOLEN_TSTAMP_ALIGNED);
	assert_int_equal(tcp_mtu_to_mss(sk, 0), 68 - 40 - TCPOLEN_TSTAMP_ALIGNED);
	tp.rx_opt.mss_clamp = 1;
	assert_int_equal(tcp_mtu_to_mss(sk, 68), 68 - 40 - TCPOLEN_TSTAMP_ALIGNED);
}

static void test_half_of_the_largest_window(void **state)
{
	(void)state;
	assert_int_equal(tcp_sync_mss(sk, 1500), 1460);
	tp.max_window = 2000;
	assert_int_equal(tcp_sync_mss(sk, 1500), 1000);
	assert_int_equal(inet_csk(sk)->icsk_pmtu_cookie, 1500);
	assert_int_equal(tcp_current_mss(sk), 1000);
	tp.max_window = 300;
	assert_int_equal(tcp_sync_mss(sk, 1500), 300);
	tp.max_window = 1;
	assert_int_equal(tcp_sync_mss(sk, 1500), 48);
	assert_int_equal(tcp_sync_mss(sk, 68), 28); /* the MTU still limits the minimum of 48 */
	tp.max_window = 65535;
	assert_int_equal(tcp_sync_mss(sk, 1500), 1460);
}

static void test_advertised_mss(void **state)
{
	/* The path MTU (600) must not affect the advertised MSS. */
	struct dst_entry dst = {.mtu = 600, .advmss = 1460};

	(void)state;
	assert_int_equal(tcp_advertise_mss(sk, &dst), 1460);
	assert_int_equal(tcp_advertise_mss(sk, NULL), 536);
	tp.rx_opt.user_mss = 1000;
	assert_int_equal(tcp_advertise_mss(sk, &dst), 1000);
	tp.rx_opt.user_mss = 2000;
	assert_int_equal(tcp_advertise_mss(sk, &dst), 1460);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_initial_window, setup),
		cmocka_unit_test_setup(test_right_edge_never_moves_back, setup),
		cmocka_unit_test_setup(test_unscaled_window_moves_by_segments, setup),
		cmocka_unit_test_setup(test_no_tiny_segments, setup),
		cmocka_unit_test_setup(test_half_of_the_largest_window, setup),
		cmocka_unit_test_setup(test_advertised_mss, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The table of congestion controls, and Reno: slow start ends exactly at ssthresh; after that the window grows
 * by one segment per round trip; the window does not grow while the application sends less than the window
 * allows.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_send.h"

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static unsigned int inits, releases;

static void other_init(struct sock *s)
{
	assert_ptr_equal(s, sk);
	inits++;
}

static void other_release(struct sock *s)
{
	assert_ptr_equal(s, sk);
	releases++;
}

static struct tcp_congestion_ops other = {
	.init = other_init,
	.release = other_release,
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.name = "other",
};

static int group_setup(void **state)
{
	struct tcp_congestion_ops crippled = {.name = "crippled"};

	(void)state;
	unit_init();
	assert_int_equal(tcp_register_congestion_control(&crippled), -EINVAL);
	assert_int_equal(tcp_register_congestion_control(&tcp_reno), 0);
	assert_int_equal(tcp_register_congestion_control(&tcp_reno), -EEXIST);
	assert_int_equal(tcp_register_congestion_control(&other), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&tp, 0, sizeof(tp));
	assert_int_equal(tcp_set_default_congestion_control("reno"), 0);
	assert_int_equal(tcp_set_allowed_congestion_control("reno other"), 0);
	inits = releases = 0;
	tcp_assign_congestion_control(sk);
	sk->sk_state = TCP_ESTABLISHED;
	tp.snd_cwnd = TCP_INIT_CWND;
	tp.snd_cwnd_clamp = ~0u;
	tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp.max_packets_out = ~0u / 2;
	tp.is_cwnd_limited = 1;
	return 0;
}

/* Tests the functions that read and write the sysctl net/ipv4/tcp_congestion_control, the default of new sockets. */
static void test_choose_for_new_sockets(void **state)
{
	(void)state;
	assert_string_equal(tcp_default_congestion_control(), "reno"); /* as setup() chose */
	assert_int_equal(tcp_set_default_congestion_control("vegas"), -ENOENT);
	assert_int_equal(tcp_set_default_congestion_control("other"), 0);
	assert_string_equal(tcp_default_congestion_control(), "other");
	/* An existing socket keeps its algorithm. */
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &tcp_reno);
	tcp_assign_congestion_control(sk);
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &other);
	assert_int_equal(tcp_set_default_congestion_control("reno"), 0);
}

/* Tests the functions behind the sysctls net/ipv4/tcp_{available,allowed}_congestion_control. */
static void test_available_and_allowed(void **state)
{
	(void)state;
	assert_string_equal(tcp_available_congestion_control(), "reno other");
	assert_int_equal(tcp_set_allowed_congestion_control("reno"), 0);
	assert_string_equal(tcp_allowed_congestion_control(), "reno");
	assert_int_equal(tcp_set_congestion_control(sk, "other"), -EPERM);
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &tcp_reno);

	assert_int_equal(tcp_set_allowed_congestion_control("other vegas"), -ENOENT);
	assert_string_equal(tcp_allowed_congestion_control(), "reno");
	assert_int_equal(tcp_set_allowed_congestion_control("a_name_of_more_than_15_bytes"),
			 -ENOENT);
	assert_int_equal(tcp_set_allowed_congestion_control("other"), 0);
	assert_string_equal(tcp_allowed_congestion_control(), "other");
	/* A socket may always choose the algorithm that it uses already, even if that is not allowed. */
	assert_int_equal(tcp_set_congestion_control(sk, "reno"), 0);
	assert_int_equal(tcp_set_congestion_control(sk, "other"), 0);
	assert_int_equal(tcp_set_congestion_control(sk, "reno"), -EPERM);

	assert_int_equal(tcp_set_default_congestion_control("reno"), 0);
	/* The default is always allowed. */
	assert_string_equal(tcp_allowed_congestion_control(), "reno other");
}

static void test_choose_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(tcp_ca_find("reno"), &tcp_reno);
	assert_null(tcp_ca_find("crippled"));
	assert_int_equal(tcp_set_congestion_control(sk, "vegas"), -ENOENT);
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &tcp_reno);

	inet_csk(sk)->icsk_ca_priv[0] = 7;
	assert_int_equal(tcp_set_congestion_control(sk, "other"), 0);
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &other);
	assert_int_equal(inet_csk(sk)->icsk_ca_priv[0], 0);
	assert_int_equal(inits, 1);
	assert_int_equal(tcp_set_congestion_control(sk, "other"), 0);
	assert_int_equal(inits, 1);
	assert_int_equal(tcp_set_congestion_control(sk, "reno"), 0);
	assert_int_equal(releases, 1);

	/* Without a connection the algorithm's init() is not called, and neither is release(). */
	sk->sk_state = TCP_CLOSE;
	assert_int_equal(tcp_set_congestion_control(sk, "other"), 0);
	assert_int_equal(inits, 1);
	assert_int_equal(tcp_set_congestion_control(sk, "reno"), 0);
	assert_int_equal(releases, 1);
}

static void test_slow_start_doubles(void **state)
{
	(void)state;
	for (u32 want = 2 * TCP_INIT_CWND; want <= 640; want *= 2) {
		tcp_reno_cong_avoid(sk, 0, tp.snd_cwnd);
		assert_int_equal(tp.snd_cwnd, want);
	}
}

static void test_slow_start_ends_exactly_at_ssthresh(void **state)
{
	(void)state;
	tp.snd_ssthresh = 15;
	tcp_reno_cong_avoid(sk, 0, 10);
	/* Five of the ten acknowledged segments raise the window to ssthresh, five count in snd_cwnd_cnt. */
	assert_int_equal(tp.snd_cwnd, 15);
	assert_int_equal(tp.snd_cwnd_cnt, 5);
	tcp_reno_cong_avoid(sk, 0, 10);
	assert_int_equal(tp.snd_cwnd, 16);
	assert_int_equal(tp.snd_cwnd_cnt, 0);
}

static void test_avoidance_is_one_segment_a_round_trip(void **state)
{
	(void)state;
	tp.snd_ssthresh = 10;
	for (u32 round = 0; round < 50; round++) {
		u32 cwnd = tp.snd_cwnd;

		for (u32 acked = 0; acked < cwnd; acked++)
			tcp_reno_cong_avoid(sk, 0, 1);
		assert_in_range(tp.snd_cwnd, cwnd, cwnd + 1);
	}
	assert_in_range(tp.snd_cwnd, 58, 60);
}

static void test_the_application_is_the_limit(void **state)
{
	(void)state;
	tp.is_cwnd_limited = 0;
	tp.max_packets_out = 5;
	tcp_reno_cong_avoid(sk, 0, 5);
	assert_int_equal(tp.snd_cwnd, TCP_INIT_CWND);
	/* In slow start the window grows if more than half of it was in use. */
	tp.max_packets_out = 6;
	tcp_reno_cong_avoid(sk, 0, 5);
	assert_int_equal(tp.snd_cwnd, TCP_INIT_CWND + 5);
}

static void test_clamp(void **state)
{
	(void)state;
	tp.snd_cwnd_clamp = 12;
	tcp_reno_cong_avoid(sk, 0, 10);
	assert_int_equal(tp.snd_cwnd, 12);
	tp.snd_ssthresh = 12;
	for (int i = 0; i < 100; i++)
		tcp_reno_cong_avoid(sk, 0, 10);
	assert_int_equal(tp.snd_cwnd, 12);
	assert_int_equal(tcp_init_cwnd(&tp), TCP_INIT_CWND);
}

static void test_half_but_never_less_than_two(void **state)
{
	(void)state;
	assert_int_equal(tcp_reno_ssthresh(sk), 5);
	tp.snd_cwnd = 1;
	assert_int_equal(tcp_reno_ssthresh(sk), 2);
	tp.prior_cwnd = 20;
	assert_int_equal(tcp_reno_undo_cwnd(sk), 20);
	tp.snd_cwnd = 30;
	assert_int_equal(tcp_reno_undo_cwnd(sk), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_choose_for_new_sockets, setup),
		cmocka_unit_test_setup(test_available_and_allowed, setup),
		cmocka_unit_test_setup(test_choose_by_name, setup),
		cmocka_unit_test_setup(test_slow_start_doubles, setup),
		cmocka_unit_test_setup(test_slow_start_ends_exactly_at_ssthresh, setup),
		cmocka_unit_test_setup(test_avoidance_is_one_segment_a_round_trip, setup),
		cmocka_unit_test_setup(test_the_application_is_the_limit, setup),
		cmocka_unit_test_setup(test_clamp, setup),
		cmocka_unit_test_setup(test_half_but_never_less_than_two, setup),
	};
	return cmocka_run_group_tests(tests, group_setup, NULL);
}

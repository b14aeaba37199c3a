/* SPDX-License-Identifier: MIT */
/* The effect of socket options on a connection: Linux's tcp(7) and socket(7). */
#include "tests/hosted/scene.h"

#define PORT 7

/*
 * Keepalive with its defaults: the first probe after two hours, the minimum of RFC 1122 4.2.3.6;
 * then, as on Linux, nine probes 75 seconds apart.
 *
 * LIMIT(TCP_KEEPALIVE_TIME_S) LIMIT(TCP_KEEPALIVE_INTVL_S) LIMIT(TCP_KEEPALIVE_PROBES)
 */
static void keepalive_defaults(void)
{
	struct pair p = scene_pair();
	uint64_t begin;

	scene_sleep(10 * MS);
	scene_mark();
	scene_set(A, p.a, SOL_SOCKET, SO_KEEPALIVE, 1);
	begin = scene_now();
	scene_drop_many(B, TCP, 1, ALWAYS);
	scene_sleep(7300 * SEC);
	/* The longest timers may expire a few per cent late. */
	assert_ms(scene_nth(A, ACK, 1)->ns - begin, 7199000, 7299000);
	scene_sleep(900 * SEC);
	assert_int_equal(scene_count(A, ACK), 9);
	for (unsigned int i = 1; i < 9; i++)
		assert_gap_ms(scene_nth(A, ACK, i), scene_nth(A, ACK, i + 1), 75000, 76500);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	scene_heal();
	scene_pair_close(&p);
}

static void deferred_accept_waits_for_data(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;
	uint64_t begin = scene_now();
	int64_t ticket, result;

	scene_set(B, listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
	ticket = scene_begin_accept(B, listener);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_sleep(500 * MS);
	assert_false(scene_is_back(B, ticket, &result));
	assert_int_equal(scene_counter(B, "TcpExt.TCPDeferAcceptDrop"), 1);
	scene_send_all(A, fd, "now", 3);
	accepted = scene_end(B, ticket);
	assert_true(accepted >= 0);
	assert_ms(scene_now() - begin, 500, 510);
	char got[3];

	scene_recv_all(B, accepted, got, 3);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void a_smaller_maximum_segment(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

	assert_int_equal(scene_set(A, fd, IPPROTO_TCP, TCP_MAXSEG, 700), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_accept(B, listener);
	assert_int_equal(scene_nth(A, SYN, 1)->mss, 700);
	scene_mark();
	scene_carry(A, fd, B, accepted, 20000);
	scene_carry(B, accepted, A, fd, 20000);
	for (unsigned int i = 1; i <= scene_count(B, DATA); i++)
		assert_true(scene_nth(B, DATA, i)->len <= 700 - 12);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		assert_true(scene_nth(A, DATA, i)->len <= 700 - 12);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void no_wait_for_the_peers_fin(void)
{
	struct pair p = scene_pair();

	scene_set(A, p.a, IPPROTO_TCP, TCP_LINGER2, 3);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(2 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_pair_close(&p);
}

static void reads_wait_for_so_rcvlowat(void)
{
	struct pair p = scene_pair();
	char got[10];
	int64_t reader;
	int64_t result;

	scene_set(B, p.b, SOL_SOCKET, SO_RCVLOWAT, 6);
	assert_int_equal(scene_get(B, p.b, SOL_SOCKET, SO_RCVLOWAT), 6);
	reader = scene_begin(B, SYS_recvfrom, p.b, PTR(got), 10, 0, 0, 0);
	scene_send_all(A, p.a, "abc", 3);
	scene_sleep(100 * MS);
	assert_false(scene_is_back(B, reader, &result));
	scene_send_all(A, p.a, "def", 3);
	assert_int_equal(scene_end(B, reader), 6);
	scene_pair_close(&p);
}

/*
 * Urgent data between two kernels: recv(MSG_OOB) returns the urgent byte, and reads return the other bytes in
 * order.
 */
static void urgent_byte_and_the_others(void)
{
	const int64_t oob = MSG_OOB;
	struct pair p = scene_pair();
	char got[8] = "";

	scene_send_all(A, p.a, "abc", 3);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR("dX"), 2, oob, 0, 0), 2);
	scene_send_all(A, p.a, "ef", 2);
	scene_sleep(100 * MS);
	assert_int_equal(scene_recv(B, p.b, got, sizeof(got)), 4);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(scene_call(B, SYS_recvfrom, p.b, PTR(got), sizeof(got), oob, 0, 0), 1);
	assert_int_equal(got[0], 'X');
	assert_int_equal(scene_recv(B, p.b, got, sizeof(got)), 2);
	assert_memory_equal(got, "ef", 2);
	/* With SO_OOBINLINE the urgent byte stays in the stream, and a read ends in front of it. */
	scene_set(B, p.b, SOL_SOCKET, SO_OOBINLINE, 1);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR("gY"), 2, oob, 0, 0), 2);
	scene_sleep(100 * MS);
	assert_int_equal(scene_recv(B, p.b, got, sizeof(got)), 1);
	assert_int_equal(scene_recv(B, p.b, got, sizeof(got)), 1);
	assert_int_equal(got[0], 'Y');
	scene_pair_close(&p);
}

static void tcp_info_of_a_connection(void)
{
	struct pair p = scene_pair();
	struct tcp_info info = {0};
	socklen_t len = 104; /* the length of the struct since Linux 2.6 */

	scene_carry(A, p.a, B, p.b, 50000);
	scene_sleep(100 * MS);
	assert_int_equal(
		scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)),
		0);
	assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(info.tcpi_snd_mss, 1448);
	assert_in_range(info.tcpi_rtt, 2000, 4000); /* us */
	assert_in_range(info.tcpi_rto, 200000, 260000);
	assert_in_range(info.tcpi_snd_cwnd, 10, 200);
	assert_int_equal(info.tcpi_unacked, 0);
	assert_int_equal(info.tcpi_options & TCPI_OPT_TIMESTAMPS, TCPI_OPT_TIMESTAMPS);
	assert_int_equal(info.tcpi_options & TCPI_OPT_SACK, TCPI_OPT_SACK);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(keepalive_defaults),         SCENE(deferred_accept_waits_for_data),
		SCENE(a_smaller_maximum_segment),  SCENE(no_wait_for_the_peers_fin),
		SCENE(reads_wait_for_so_rcvlowat), SCENE(tcp_info_of_a_connection),
		SCENE(urgent_byte_and_the_others),
	};

	return scene_play(tests);
}

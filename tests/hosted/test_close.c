/* SPDX-License-Identifier: MIT */
/* How connections end (RFC 9293 3.6): in every order, by FIN and by reset; TIME_WAIT. */
#include "tests/hosted/scene.h"

static void one_closes_first(struct host *first, struct host *second)
{
	struct pair p = scene_pair();
	int *first_fd = first == A ? &p.a : &p.b, *second_fd = first == A ? &p.b : &p.a;
	uint16_t port = first == A ? p.aport : p.bport, peer = first == A ? p.bport : p.aport;

	scene_sleep(10 * MS);
	scene_mark();
	scene_close(first, *first_fd);
	*first_fd = -1;
	assert_state(first, port, peer, TCP_FIN_WAIT1);
	scene_sleep(100 * MS);
	assert_state(first, port, peer, TCP_FIN_WAIT2);
	assert_state(second, peer, port, TCP_CLOSE_WAIT);
	scene_expect_eof(second, *second_fd);
	assert_true(scene_poll(second, *second_fd) & POLLRDHUP);
	scene_close(second, *second_fd);
	*second_fd = -1;
	assert_state(second, peer, port, TCP_LAST_ACK);
	scene_sleep(10 * MS);
	assert_state(first, port, peer, TCP_TIME_WAIT);
	assert_int_equal(scene_state(second, peer, port), 0);
	scene_expect(first == A ? "a FA 1 1 0\nb A 1 2 0\nb FA 1 2 0\na A 2 2 0\n"
				: "b FA 1 1 0\na A 1 2 0\na FA 1 2 0\nb A 2 2 0\n");
	assert_int_equal(scene_counter(first, "TcpExt.TW"), 0);
	scene_sleep(58 * SEC);
	assert_state(first, port, peer, TCP_TIME_WAIT);
	scene_sleep(4 * SEC);
	assert_int_equal(scene_state(first, port, peer), 0);
	assert_int_equal(scene_counter(first, "TcpExt.TW"), 1);
	scene_pair_close(&p);
}

static void a_closes_first(void)
{
	one_closes_first(A, B);
}

static void b_closes_first(void)
{
	one_closes_first(B, A);
}

static void both_close_at_once(void)
{
	struct pair p = scene_pair();
	int64_t close_a, close_b;

	scene_sleep(10 * MS);
	scene_mark();
	scene_hold(A, ACK, 1, 10 * MS);
	scene_hold(B, ACK, 1, 10 * MS);
	close_a = scene_begin(A, SYS_close, p.a);
	close_b = scene_begin(B, SYS_close, p.b);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	assert_state(B, p.bport, p.aport, TCP_FIN_WAIT1);
	scene_sleep(5 * MS);
	assert_state(A, p.aport, p.bport, TCP_CLOSING);
	assert_state(B, p.bport, p.aport, TCP_CLOSING);
	scene_sleep(20 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	assert_int_equal(scene_end(A, close_a), 0);
	assert_int_equal(scene_end(B, close_b), 0);
	scene_expect("a FA 1 1 0\nb FA 1 1 0\na A 2 2 0\nb A 2 2 0\n");
	p.a = p.b = -1;
	scene_pair_close(&p);
}

/* A's FIN is delayed on the wire, and crosses B's: A goes through CLOSING, B through FIN_WAIT2. */
static void the_fins_cross_and_one_is_late(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_hold(A, FIN, 1, 50 * MS);
	scene_close(A, p.a);
	scene_sleep(5 * MS);
	scene_close(B, p.b);
	scene_sleep(10 * MS);
	/* A has acknowledged B's FIN; A's own FIN is still on its way to B. */
	assert_state(A, p.aport, p.bport, TCP_CLOSING);
	assert_state(B, p.bport, p.aport, TCP_FIN_WAIT2);
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	p.a = p.b = -1;
	scene_pair_close(&p);
}

static void half_closed_the_other_way_still_flows(void)
{
	struct pair p = scene_pair();
	char byte;

	scene_send_all(A, p.a, "last", 4);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	assert_int_equal(scene_send(A, p.a, "more", 4), -EPIPE);
	scene_sleep(100 * MS); /* the ACK of a FIN may be delayed */
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	assert_state(B, p.bport, p.aport, TCP_CLOSE_WAIT);
	scene_carry(B, p.b, A, p.a, 300000);
	/* A read returns the end of the stream only after all data was read. */
	char last[4];

	scene_recv_all(B, p.b, last, 4);
	assert_memory_equal(last, "last", 4);
	scene_expect_eof(B, p.b);
	/* FIN_WAIT2 lasts as long as the application keeps the socket open. */
	scene_sleep(300 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	scene_carry(B, p.b, A, p.a, 5000);
	assert_int_equal(scene_recv_now(A, p.a, &byte, 1), -EAGAIN);
	scene_close(B, p.b);
	scene_expect_eof(A, p.a);
	p.b = -1;
	scene_pair_close(&p);
}

static void the_fin_travels_with_the_last_bytes(void)
{
	struct pair p = scene_pair();
	uint8_t sent[5000], got[5000];

	scene_sleep(10 * MS);
	scene_fill(sent, sizeof(sent), 1);
	scene_mark();
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_close(A, p.a);
	p.a = -1;
	scene_recv_all(B, p.b, got, sizeof(got));
	scene_expect_eof(B, p.b);
	assert_memory_equal(sent, got, sizeof(got));
	assert_int_equal(scene_count(A, FIN), 1);
	assert_int_equal(scene_nth(A, FIN, 1)->rseq + scene_nth(A, FIN, 1)->len, 5001);
	scene_pair_close(&p);
}

/* RFC 9293 3.6, RFC 2525 2.17: close() loses unread data, so it must send a reset. */
static void closing_with_unread_data_resets(void)
{
	struct pair p = scene_pair();
	char byte;

	scene_send_all(A, p.a, "unread", 6);
	scene_sleep(10 * MS);
	scene_mark();
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_count(B, FIN), 0);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnClose"), 1);
	assert_int_equal(scene_counter(A, "Tcp.EstabResets"), 1);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	assert_true(scene_poll(A, p.a) & POLLHUP);
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ECONNRESET);
	/* The error is reported only once. */
	assert_int_equal(scene_recv(A, p.a, &byte, 1), 0);
	assert_int_equal(scene_send(A, p.a, "x", 1), -EPIPE);
	scene_pair_close(&p);
}

static void shutdown_wakes_a_reader(void)
{
	struct pair p = scene_pair();
	char byte;
	int64_t reader = scene_begin(B, SYS_read, p.b, PTR(&byte), 1);

	scene_sleep(10 * MS);
	assert_int_equal(scene_shutdown(B, p.b, SHUT_RDWR), 0);
	assert_int_equal(scene_end(B, reader), 0);
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, TCP_CLOSE_WAIT);
	scene_pair_close(&p);
}

static void data_after_close_is_answered_by_a_reset(void)
{
	struct pair p = scene_pair();
	char byte;

	scene_sleep(10 * MS);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	scene_mark();
	/* B sends data to a socket that A has closed. */
	scene_send_all(B, p.b, "anybody?", 8);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, RST), 1);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_send(B, p.b, "x", 1), -EPIPE);
	assert_int_equal(scene_recv(B, p.b, &byte, 1), 0);
	scene_pair_close(&p);
}

/* Like data_after_close_is_answered_by_a_reset(), but B sends its data before A's FIN arrives. */
static void data_that_crosses_a_close_is_answered_by_a_reset(void)
{
	struct pair p = scene_pair();
	char byte;

	scene_sleep(10 * MS);
	scene_mark();
	scene_close(A, p.a);
	p.a = -1;
	scene_send_all(B, p.b, "crossing", 8);
	scene_sleep(10 * MS);
	/* A answers B's data with a reset, and also B's ACK of the FIN, which finds no socket. */
	assert_int_equal(scene_count(A, RST), 2);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnData"), 1);
	assert_int_equal(scene_drops(A, "TCP_ABORT_ON_DATA"), 1);
	/* A's FIN arrived at B before the reset, so B reads the end of the stream. */
	assert_int_equal(scene_recv(B, p.b, &byte, 1), 0);
	assert_int_equal(scene_get(B, p.b, SOL_SOCKET, SO_ERROR), EPIPE);
	scene_pair_close(&p);
}

/* LIMIT(TCP_FIN_TIMEOUT_S) */
static void an_orphan_waits_a_minute_for_the_fin(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(55 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	scene_sleep(10 * SEC);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	/* B's FIN finds no socket. */
	scene_mark();
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	scene_expect("b FA 1 2 0\na R 2 0 0\n");
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	scene_pair_close(&p);
}

/* RFC 6191: in TIME_WAIT, a SYN beyond the old connection's numbers opens a new connection. */
static void a_new_connection_takes_the_place_of_time_wait(void)
{
	struct pair p = scene_pair();
	int fd;

	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(2 * SEC);
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	scene_mark();
	fd = scene_socket(A);
	assert_int_equal(scene_bind(A, fd, p.aport), 0);
	assert_int_equal(scene_connect(A, fd, B, p.bport), 0);
	assert_int_equal(scene_count(A, SYN), 1);
	p.a = fd;
	p.b = scene_accept(B, p.listener);
	assert_true(p.b >= 0);
	assert_state(B, p.bport, p.aport, TCP_ESTABLISHED);
	scene_carry(A, p.a, B, p.b, 10000);
	scene_pair_close(&p);
}

/*
 * While A's port is in TIME_WAIT, a socket with SO_REUSEADDR may bind it; but without timestamps it
 * cannot connect to the same peer.
 */
static void time_wait_port_does_not_connect_again(void)
{
	int fd = scene_socket(A);
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_timestamps", "0");
	p = scene_pair();
	scene_set(A, p.a, SOL_SOCKET, SO_REUSEADDR, 1);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	scene_set(A, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(A, fd, p.aport), 0);
	assert_int_equal(scene_connect(A, fd, B, p.bport), -EADDRNOTAVAIL);
	scene_close(A, fd);
	scene_pair_close(&p);
}

static void a_late_segment_is_answered_in_time_wait(void)
{
	struct pair p = scene_pair();

	/*
	 * A copy of B's FIN arrives after the connection has ended.  A acknowledges it again, and
	 * B, which has no socket any more, answers with a reset.  The scene loses that reset,
	 * because it would end TIME_WAIT (RFC 1337; as on Linux).
	 */
	scene_duplicate(B, FIN, 1, 1);
	scene_drop(B, RST, 1);
	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	p.a = p.b = -1;
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_int_equal(scene_count(B, RST), 1); /* B has no socket, and answers A's second ACK */
	assert_int_equal(scene_last(A, ACK)->rack, 2);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_closes_first),
		SCENE(b_closes_first),
		SCENE(both_close_at_once),
		SCENE(the_fins_cross_and_one_is_late),
		SCENE(half_closed_the_other_way_still_flows),
		SCENE(the_fin_travels_with_the_last_bytes),
		SCENE(closing_with_unread_data_resets),
		SCENE(shutdown_wakes_a_reader),
		SCENE(data_after_close_is_answered_by_a_reset),
		SCENE(data_that_crosses_a_close_is_answered_by_a_reset),
		SCENE(an_orphan_waits_a_minute_for_the_fin),
		SCENE(a_new_connection_takes_the_place_of_time_wait),
		SCENE(time_wait_port_does_not_connect_again),
		SCENE(a_late_segment_is_answered_in_time_wait),
	};

	return scene_play(tests);
}

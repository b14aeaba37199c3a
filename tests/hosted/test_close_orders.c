/* SPDX-License-Identifier: MIT */
/*
 * Every order of closing: which side closes or half-closes first, with which data in the queues.
 * RFC 9293 3.6 and figures 12 and 13, RFC 2525 2.17, RFC 1122 4.2.2.13.  Each test checks the
 * segments on the wire, and the state, the queues and the counters of both sides.
 */
#include "tests/hosted/scene.h"

#define PORT 7

/* Makes a connection on which no delayed ACK is pending. */
static struct pair quiet_pair(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_mark();
	return p;
}

#define assert_states(p, a_state, b_state)                                                         \
	do {                                                                                       \
		assert_state(A, (p).aport, (p).bport, a_state);                                    \
		assert_state(B, (p).bport, (p).aport, b_state);                                    \
	} while (0)
#define NONE 0 /* no such connection in /proc/net/tcp */

static void assert_no_resets(void)
{
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	assert_int_equal(scene_counter(A, "Tcp.EstabResets"), 0);
	assert_int_equal(scene_counter(B, "Tcp.EstabResets"), 0);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_counter(B, "Tcp.RetransSegs"), 0);
}

/* ---- half close, then either side --------------------------------------------------------------- */

/*
 * After a half close, the same side calls close(): no segment is sent, and the socket, now an
 * orphan, waits for the FIN.
 */
static void half_closed_and_then_the_same_side_closes(void)
{
	struct pair p = quiet_pair();

	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	assert_queues(A, p.aport, p.bport, 1, 0); /* the FIN counts as one byte */
	scene_sleep(100 * MS);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	assert_queues(A, p.aport, p.bport, 0, 0);
	assert_queues(B, p.bport, p.aport, 0, 1);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	scene_expect("a FA 1 1 0\nb A 1 2 0\n");
	scene_close(B, p.b);
	p.b = -1;
	assert_states(p, TCP_FIN_WAIT2, TCP_LAST_ACK);
	assert_queues(B, p.bport, p.aport, 1, 1); /* B's FIN is unacknowledged, A's was not read */
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, NONE);
	scene_expect("a FA 1 1 0\nb A 1 2 0\nb FA 1 2 0\na A 2 2 0\n");
	assert_no_resets();
	scene_pair_close(&p);
}

/*
 * After a half close, the other side closes: both FINs are acknowledged although the descriptor of
 * the half-closed side is still open.
 */
static void half_closed_and_then_the_other_side_closes(void)
{
	struct pair p = quiet_pair();

	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	scene_sleep(100 * MS);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, NONE);
	scene_expect_eof(A, p.a);
	scene_expect_eof(A, p.a); /* a second read returns the end of the stream again */
	assert_int_equal(scene_send(A, p.a, "x", 1), -EPIPE);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), 0);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	scene_expect("a FA 1 1 0\nb A 1 2 0\nb FA 1 2 0\na A 2 2 0\n");
	assert_no_resets();
	scene_pair_close(&p);
}

/* Both half-close, one after the other: the connection ends, though neither called close(). */
static void both_half_close(void)
{
	struct pair p = quiet_pair();

	assert_int_equal(scene_shutdown(B, p.b, SHUT_WR), 0);
	scene_sleep(100 * MS);
	assert_states(p, TCP_CLOSE_WAIT, TCP_FIN_WAIT2);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	assert_state(A, p.aport, p.bport, TCP_LAST_ACK);
	scene_sleep(10 * MS);
	assert_states(p, NONE, TCP_TIME_WAIT);
	scene_expect("b FA 1 1 0\na A 1 2 0\na FA 1 2 0\nb A 2 2 0\n");
	scene_expect_eof(A, p.a);
	scene_expect_eof(B, p.b);
	assert_int_equal(scene_poll(A, p.a) & (POLLHUP | POLLRDHUP | POLLERR), POLLHUP | POLLRDHUP);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), -ENOTCONN);
	scene_mark();
	scene_close(A, p.a);
	scene_close(B, p.b);
	p.a = p.b = -1;
	scene_sleep(10 * MS);
	scene_expect("");
	assert_no_resets();
	scene_pair_close(&p);
}

static void both_half_close_at_once(void)
{
	struct pair p = quiet_pair();
	int64_t one = scene_begin(A, SYS_shutdown, p.a, SHUT_WR);
	int64_t two = scene_begin(B, SYS_shutdown, p.b, SHUT_WR);

	assert_int_equal(scene_end(A, one), 0);
	assert_int_equal(scene_end(B, two), 0);
	assert_states(p, TCP_FIN_WAIT1, TCP_FIN_WAIT1);
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, TCP_TIME_WAIT);
	scene_expect("a FA 1 1 0\nb FA 1 1 0\na A 2 2 0\nb A 2 2 0\n");
	scene_expect_eof(A, p.a);
	scene_expect_eof(B, p.b);
	assert_no_resets();
	scene_pair_close(&p);
}

static void shutdown_of_both_directions_is_a_close_that_keeps_the_file(void)
{
	struct pair p = quiet_pair();

	assert_int_equal(scene_shutdown(A, p.a, SHUT_RDWR), 0);
	scene_expect_eof(A, p.a);
	assert_int_equal(scene_send(A, p.a, "x", 1), -EPIPE);
	scene_sleep(100 * MS);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	/* The socket is no orphan: it may wait longer in FIN_WAIT2 than an orphan's minute. */
	scene_sleep(120 * SEC);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, NONE);
	scene_expect("a FA 1 1 0\nb A 1 2 0\nb FA 1 2 0\na A 2 2 0\n");
	assert_no_resets();
	scene_pair_close(&p);
}

/* ---- data that was not sent yet ------------------------------------------------------------------ */

/*
 * close() with more unsent data than the first congestion window: the kernel sends all of it, and
 * then the FIN.
 */
static void closed_with_data_unsent(void)
{
	enum { N = 40000 };
	struct pair p = quiet_pair();
	uint8_t *sent = malloc(N), *got = malloc(N);
	const struct seg *fin;
	struct connection c;

	scene_fill(sent, N, 8);
	scene_nonblock(A, p.a);
	assert_int_equal(scene_send(A, p.a, sent, N), N);
	scene_close(A, p.a);
	p.a = -1;
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	assert_queues(A, p.aport, p.bport, N + 1, 0);
	assert_int_equal(scene_count(A, FIN), 0);
	assert_int_equal(scene_count(A, DATA), 10); /* the initial window (RFC 6928) */
	scene_sleep(200 * MS);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	assert_queues(B, p.bport, p.aport, 0, N + 1);
	assert_int_equal(scene_count(A, FIN), 1);
	fin = scene_nth(A, FIN, 1);
	assert_int_equal(fin->rseq + fin->len, 1 + N);
	scene_recv_all(B, p.b, got, N);
	assert_memory_equal(sent, got, N);
	assert_true(scene_connection(B, p.bport, p.aport, &c));
	scene_expect_eof(B, p.b);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, NONE);
	assert_no_resets();
	scene_pair_close(&p);
	free(sent);
	free(got);
}

/* Nagle's algorithm holds a small segment back; close() sends it, together with the FIN. */
static void the_segment_that_nagle_held_goes_with_the_fin(void)
{
	struct pair p = quiet_pair();
	char got[6];

	scene_send_all(A, p.a, "one", 3);
	scene_send_all(A, p.a, "two", 3);
	assert_int_equal(scene_count(A, DATA), 1);
	assert_queues(A, p.aport, p.bport, 6, 0);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(1 * MS);
	assert_int_equal(scene_count(A, DATA), 2);
	assert_int_equal(scene_count(A, FIN), 1);
	assert_int_equal(scene_nth(A, FIN, 1)->len, 3);
	scene_recv_all(B, p.b, got, 6);
	assert_memory_equal(got, "onetwo", 6);
	scene_expect_eof(B, p.b);
	assert_no_resets();
	scene_pair_close(&p);
}

/* ---- the peer's window is zero --------------------------------------------------------------------- */

/* Makes a connection on which A has written *@sent bytes, more than B's window, and B reads none of them. */
static struct pair full_pair(uint8_t *bytes, size_t len, size_t *sent)
{
	struct pair p = {.bport = PORT};
	int64_t n;

	p.listener = scene_listen(B, p.bport, 8);
	scene_set(B, p.listener, SOL_SOCKET, SO_RCVBUF, 8192);
	p.a = scene_socket(A);
	assert_int_equal(scene_connect(A, p.a, B, p.bport), 0);
	p.b = scene_accept(B, p.listener);
	p.aport = scene_port(A, p.a);
	scene_fill(bytes, len, 9);
	scene_nonblock(A, p.a);
	n = scene_send(A, p.a, bytes, len);
	assert_in_range(n, 20000, len);
	*sent = n;
	scene_sleep(2 * SEC);
	assert_int_equal(scene_last(B, ACK)->window, 0);
	scene_mark();
	return p;
}

static void closed_while_the_window_is_zero_and_then_read(void)
{
	enum { N = 40000 };
	uint8_t *bytes = malloc(N), *got = malloc(N);
	size_t sent;
	struct pair p = full_pair(bytes, N, &sent);
	struct connection a, b;

	scene_close(A, p.a);
	p.a = -1;
	assert_states(p, TCP_FIN_WAIT1, TCP_ESTABLISHED);
	assert_true(scene_connection(A, p.aport, p.bport, &a));
	assert_true(scene_connection(B, p.bport, p.aport, &b));
	assert_int_equal(a.tx_queue + b.rx_queue, sent + 1);
	assert_true(b.rx_queue > 0 && a.tx_queue > 1);
	scene_sleep(20 * SEC);
	/* A sends window probes, but no data and no FIN. */
	assert_true(scene_counter(A, "TcpExt.TCPWinProbe") >= 3);
	assert_int_equal(scene_count(A, DATA | FIN), 0);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	scene_recv_all(B, p.b, got, sent);
	assert_memory_equal(bytes, got, sent);
	scene_expect_eof(B, p.b);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_states(p, TCP_TIME_WAIT, NONE);
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	scene_pair_close(&p);
	free(bytes);
	free(got);
}

/* After A, B closes too, without having read: all data is lost, and B sends one reset. */
static void closed_while_the_window_is_zero_and_never_read(void)
{
	enum { N = 40000 };
	uint8_t *bytes = malloc(N);
	size_t sent;
	struct pair p = full_pair(bytes, N, &sent);

	scene_close(A, p.a);
	scene_close(B, p.b);
	p.a = p.b = -1;
	assert_state(B, p.bport, p.aport, NONE);
	scene_sleep(10 * MS);
	assert_states(p, NONE, NONE);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_count(B, FIN), 0);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnClose"), 1);
	scene_pair_close(&p);
	free(bytes);
}

/* B closes without having read, while A's socket is still open: A's write gets the error. */
static void the_reader_closes_with_its_window_at_zero(void)
{
	enum { N = 40000 };
	uint8_t *bytes = malloc(N);
	size_t sent;
	struct pair p = full_pair(bytes, N, &sent);

	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_states(p, NONE, NONE);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_counter(A, "Tcp.EstabResets"), 1);
	assert_int_equal(scene_poll(A, p.a) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	assert_int_equal(scene_send(A, p.a, "x", 1), -ECONNRESET);
	assert_int_equal(scene_send(A, p.a, "x", 1), -EPIPE);
	scene_pair_close(&p);
	free(bytes);
}

/* ---- data that was not read ------------------------------------------------------------------ */

/* RFC 2525 2.17: close() with unread data sends a reset, also in CLOSE_WAIT, after the peer's FIN. */
static void unread_data_before_a_fin_is_reset(void)
{
	struct pair p = quiet_pair();

	scene_send_all(A, p.a, "unread", 6);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	scene_sleep(100 * MS);
	assert_states(p, TCP_FIN_WAIT2, TCP_CLOSE_WAIT);
	assert_queues(B, p.bport, p.aport, 0, 7);
	scene_mark();
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	scene_expect("b RA 1 8 0\n");
	assert_states(p, NONE, NONE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnClose"), 1);
	assert_int_equal(scene_counter(B, "Tcp.EstabResets"), 1); /* from CLOSE_WAIT */
	char byte;

	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ECONNRESET);
	scene_pair_close(&p);
}

/* One unread byte is enough for the reset. */
static void one_byte_unread_is_unread(void)
{
	struct pair p = quiet_pair();
	char got[5];

	scene_send_all(A, p.a, "unread", 6);
	scene_recv_all(B, p.b, got, 5);
	assert_queues(B, p.bport, p.aport, 0, 1);
	scene_mark();
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnClose"), 1);
	assert_states(p, NONE, NONE);
	scene_pair_close(&p);
}

/* A FIN is not unread data: close() sends no reset. */
static void an_unread_fin_is_no_unread_data(void)
{
	struct pair p = quiet_pair();

	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnClose"), 0);
	assert_states(p, TCP_TIME_WAIT, NONE);
	assert_no_resets();
	scene_pair_close(&p);
}

/* ---- not a connection yet ------------------------------------------------------------------------------ */

/*
 * close() in SYN_SENT frees the socket at once.  The peer's SYN-ACK finds no socket, and the reset
 * that answers it ends the peer's half-open connection.
 */
static void closed_in_syn_sent(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A);
	uint16_t port;

	scene_nonblock(A, fd);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
	port = scene_port(A, fd);
	assert_state(A, port, PORT, TCP_SYN_SENT);
	scene_close(A, fd);
	assert_state(A, port, PORT, NONE);
	scene_sleep(10 * MS);
	scene_expect("a S 0 0 0\nb SA 0 1 0\na R 1 0 0\n");
	assert_state(B, PORT, port, NONE);
	assert_int_equal(scene_counter(B, "TcpExt.EmbryonicRsts"), 1);
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), 0);
	scene_close(B, listener);
}

/* shutdown() in SYN_SENT disconnects the socket, which may then connect again. */
static void shut_down_in_syn_sent(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A);
	uint16_t port;
	int64_t ticket;

	scene_drop(A, SYN, 1);
	ticket = scene_begin_connect(A, fd, B, PORT);
	port = scene_port(A, fd);
	scene_sleep(10 * MS);
	assert_int_equal(scene_shutdown(A, fd, SHUT_RDWR), 0);
	/* The thread that waits in connect() gets the error. */
	assert_int_equal(scene_end(A, ticket), -ECONNRESET);
	assert_state(A, port, PORT, NONE);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* RFC 9293 3.10.4, close() in SYN-RECEIVED: "form a FIN segment and send it"; FIN_WAIT1 follows. */
static void closed_in_syn_recv(void)
{
	int a = scene_socket(A), b = scene_socket(B);
	int64_t connect_b;
	char byte;

	assert_int_equal(scene_bind(A, a, 5000), 0);
	assert_int_equal(scene_bind(B, b, 6000), 0);
	scene_nonblock(A, a);
	scene_hold(B, SYNACK, 1, 20 * MS);
	scene_hold(B, ACK, 1, 20 * MS); /* B's ACK of A's SYN-ACK */
	connect_b = scene_begin_connect(B, b, A, 5000);
	assert_int_equal(scene_connect(A, a, B, 6000), -EINPROGRESS);
	scene_sleep(5 * MS);
	assert_state(A, 5000, 6000, TCP_SYN_RECV);
	scene_close(A, a);
	assert_state(A, 5000, 6000, TCP_FIN_WAIT1);
	assert_int_equal(scene_end(B, connect_b), 0);
	scene_sleep(100 * MS);
	assert_state(A, 5000, 6000, TCP_FIN_WAIT2);
	assert_state(B, 6000, 5000, TCP_CLOSE_WAIT);
	assert_int_equal(scene_recv(B, b, &byte, 1), 0);
	scene_close(B, b);
	scene_sleep(10 * MS);
	assert_state(A, 5000, 6000, TCP_TIME_WAIT);
	assert_state(B, 6000, 5000, NONE);
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
}

/* ---- a connection that was not accepted ------------------------------------------------------ */

/*
 * The peer connects, sends data and closes before accept(): the data and the end of the stream can
 * be read.
 */
static void closed_by_the_peer_before_accept(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A), b;
	char got[4];
	uint16_t port;

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	port = scene_port(A, fd);
	scene_send_all(A, fd, "left", 4);
	scene_close(A, fd);
	scene_sleep(100 * MS);
	assert_state(B, PORT, port, TCP_CLOSE_WAIT);
	assert_queues(B, PORT, port, 0, 5);
	b = scene_accept(B, listener);
	assert_true(b >= 0);
	scene_recv_all(B, b, got, 4);
	assert_memory_equal(got, "left", 4);
	scene_expect_eof(B, b);
	scene_close(B, b);
	scene_sleep(10 * MS);
	assert_state(A, port, PORT, TCP_TIME_WAIT);
	assert_no_resets();
	scene_close(B, listener);
}

/*
 * The peer resets the connection before accept(): accept() returns it nevertheless, and the first
 * call on it returns the error (as on Linux).
 */
static void reset_by_the_peer_before_accept(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A), b;
	struct sockaddr_in peer = {0};
	socklen_t len = sizeof(peer);
	uint16_t port;
	char byte;

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	port = scene_port(A, fd);
	scene_linger(A, fd, true, 0);
	scene_close(A, fd);
	scene_sleep(10 * MS);
	assert_state(B, PORT, port, NONE);
	assert_true(scene_poll(B, listener) & POLLIN);
	b = scene_call(B, SYS_accept4, listener, PTR(&peer), PTR(&len), 0);
	assert_true(b >= 0);
	assert_int_equal(ntohs(peer.sin_port), port);
	assert_int_equal(scene_recv(B, b, &byte, 1), -ECONNRESET);
	assert_int_equal(scene_recv(B, b, &byte, 1), 0);
	scene_close(B, b);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(half_closed_and_then_the_same_side_closes),
		SCENE(half_closed_and_then_the_other_side_closes),
		SCENE(both_half_close),
		SCENE(both_half_close_at_once),
		SCENE(shutdown_of_both_directions_is_a_close_that_keeps_the_file),
		SCENE(closed_with_data_unsent),
		SCENE(the_segment_that_nagle_held_goes_with_the_fin),
		SCENE(closed_while_the_window_is_zero_and_then_read),
		SCENE(closed_while_the_window_is_zero_and_never_read),
		SCENE(the_reader_closes_with_its_window_at_zero),
		SCENE(unread_data_before_a_fin_is_reset),
		SCENE(one_byte_unread_is_unread),
		SCENE(an_unread_fin_is_no_unread_data),
		SCENE(closed_in_syn_sent),
		SCENE(shut_down_in_syn_sent),
		SCENE(closed_in_syn_recv),
		SCENE(closed_by_the_peer_before_accept),
		SCENE(reset_by_the_peer_before_accept),
	};

	return scene_play(tests);
}

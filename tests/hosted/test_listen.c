/* SPDX-License-Identifier: MIT */
/*
 * A listener's queues: how many connections fit (a backlog of N holds N + 1, as on Linux); what
 * happens to one connection more, and to all queued connections when the listener closes; threads
 * in accept(), and how they are interrupted.  RFC 9293 3.10.3 to 3.10.5; Linux's listen(2),
 * accept(2) and net.core.somaxconn.
 */
#include "tests/hosted/scene.h"

#define PORT 7
#define MOST 8

/* ---- N + 1 connections ------------------------------------------------------------------------------ */

/* @backlog + 1 established connections can wait for accept(); the SYN of one more is not answered. */
static void whole_ones(unsigned int backlog)
{
	int listener = scene_listen(B, PORT, backlog), fds[MOST], accepted;
	unsigned int fit = backlog + 1;
	struct connection c;
	int64_t ticket, result;

	for (unsigned int i = 0; i <= fit; i++)
		fds[i] = scene_socket(A);
	for (unsigned int i = 0; i < fit; i++) {
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
		scene_sleep(10 * MS);
		assert_state(B, PORT, scene_port(A, fds[i]), TCP_ESTABLISHED);
		/* A listener's receive queue is the number of waiting connections. */
		assert_queues(B, PORT, 0, 0, i + 1);
	}
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), fit);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);

	scene_mark();
	ticket = scene_begin_connect(A, fds[fit], B, PORT);
	scene_sleep(500 * MS);
	assert_false(scene_is_back(A, ticket, &result));
	scene_expect("a S 0 0 0\n");
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	assert_int_equal(scene_counter(B, "TcpExt.ListenDrops"), 1);
	assert_int_equal(scene_drops(B, "TCP_LISTEN_OVERFLOW"), 1);
	assert_false(scene_connection(B, PORT, scene_port(A, fds[fit]), &c));

	/* One accept() makes room in the queue, so the waiting connect() succeeds. */
	accepted = scene_accept(B, listener);
	assert_true(accepted >= 0);
	assert_int_equal(scene_end(A, ticket), 0);
	scene_sleep(10 * MS);
	assert_queues(B, PORT, 0, 0, fit);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	scene_close(B, accepted);
	for (unsigned int i = 0; i < fit; i++)
		scene_close(B, scene_accept(B, listener));
	assert_queues(B, PORT, 0, 0, 0);
	for (unsigned int i = 0; i <= fit; i++)
		scene_close(A, fds[i]);
	scene_close(B, listener);
}

static void a_backlog_of_zero_holds_one(void)
{
	whole_ones(0);
}

static void a_backlog_of_one_holds_two(void)
{
	whole_ones(1);
}

static void a_backlog_of_five_holds_six(void)
{
	whole_ones(5);
}

/* The limit of a listener's accept queue, as TCP_INFO reports it. */
static unsigned int longest_queue(int listener)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(scene_call(B, SYS_getsockopt, listener, IPPROTO_TCP, TCP_INFO, PTR(&info),
				    PTR(&len)),
			 0);
	return info.tcpi_sacked;
}

/* A larger or negative backlog is reduced to somaxconn, which is at most 65535 (listen(2)). */
static void the_largest_backlog(void)
{
	int listener = scene_listen(B, PORT, 65535);

	assert_int_equal(longest_queue(listener), 4096);
	scene_sysctl(B, "net/core/somaxconn", "65535");
	for (int64_t backlog = 65534; backlog <= 65536; backlog++) {
		assert_int_equal(scene_call(B, SYS_listen, listener, backlog), 0);
		assert_int_equal(longest_queue(listener), backlog < 65535 ? backlog : 65535);
	}
	assert_int_equal(scene_call(B, SYS_listen, listener, -1), 0);
	assert_int_equal(longest_queue(listener), 65535);
	scene_close(B, listener);
}

/* The limit of half-open connections is also @backlog + 1. */
static void half_open_ones(unsigned int backlog)
{
	int listener = scene_listen(B, PORT, backlog), fds[MOST];
	int64_t tickets[MOST];
	unsigned int fit = backlog + 1;
	struct connection c;

	scene_sysctl(B, "net/ipv4/tcp_syncookies", "0");
	scene_drop_many(B, SYNACK, 1, fit); /* the first SYN-ACK of each connection */
	for (unsigned int i = 0; i <= fit; i++) {
		fds[i] = scene_socket(A);
		tickets[i] = scene_begin_connect(A, fds[i], B, PORT);
		scene_sleep(1 * MS);
	}
	scene_sleep(10 * MS);
	for (unsigned int i = 0; i < fit; i++)
		assert_state(B, PORT, scene_port(A, fds[i]), TCP_SYN_RECV);
	assert_false(scene_connection(B, PORT, scene_port(A, fds[fit]), &c));
	assert_int_equal(scene_counter(B, "TcpExt.TCPReqQFullDrop"), 1);
	assert_int_equal(scene_counter(B, "TcpExt.ListenDrops"), 1);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);
	assert_int_equal(scene_drops(B, "TCP_REQQ_FULL"), 1);
	assert_int_equal(scene_count(B, SYNACK), fit);
	assert_queues(B, PORT, 0, 0, 0);
	/* The retransmissions complete all connections, and all are accepted. */
	for (unsigned int i = 0; i <= fit; i++) {
		assert_int_equal(scene_end(A, tickets[i]), 0);
		scene_close(B, scene_accept(B, listener));
		scene_close(A, fds[i]);
	}
	scene_close(B, listener);
}

static void a_backlog_of_zero_holds_one_half_open(void)
{
	half_open_ones(0);
}

static void a_backlog_of_five_holds_six_half_open(void)
{
	half_open_ones(5);
}

/*
 * The client's handshake is complete, but the server's accept queue had no room.  The server still
 * has only a request for the client. The first segment that arrives when the queue has room turns
 * the request into a connection.
 */
static void data_waits_for_a_place(void)
{
	int listener = scene_listen(B, PORT, 1), fds[3], b;
	uint16_t port;
	char got[5];

	scene_hold(A, ACK, 1, 50 * MS); /* the first handshake ends after the two others */
	for (unsigned int i = 0; i < 3; i++) {
		fds[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
	}
	port = scene_port(A, fds[0]);
	scene_sleep(100 * MS);
	assert_queues(B, PORT, 0, 0, 2);
	assert_state(B, PORT, port, TCP_SYN_RECV);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	scene_send_all(A, fds[0], "hello", 5);
	scene_sleep(10 * MS);
	assert_state(B, PORT, port, TCP_SYN_RECV);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 2);
	for (unsigned int i = 0; i < 2; i++)
		scene_close(B, scene_accept(B, listener));
	b = scene_accept(B, listener);
	scene_recv_all(B, b, got, 5);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 1);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 2);
	scene_close(B, b);
	for (unsigned int i = 0; i < 3; i++)
		scene_close(A, fds[i]);
	scene_close(B, listener);
}

/* ---- a listener closes -------------------------------------------------------------------------------- */

/*
 * A listener closes with one connection in each state: half open with its SYN-ACK lost, half open
 * with its ACK in flight, established without data, with data, with data and FIN, and reset.  The
 * established ones are reset.  The half-open ones are dropped, so the next segment of their peers
 * is answered with a reset.
 */
static void closed_with_a_child_in_each_queue(void)
{
	enum { WITHOUT_SYNACK, ACK_ON_THE_WAY, SILENT, DATA_WAITS, FIN_WAITS, RESET, N };
	int listener = scene_listen(B, PORT, N), fds[N];
	uint16_t ports[N];
	int64_t ticket;
	char byte;

	for (unsigned int i = SILENT; i < N; i++) {
		fds[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
		ports[i] = scene_port(A, fds[i]);
	}
	scene_send_all(A, fds[DATA_WAITS], "data", 4);
	scene_send_all(A, fds[FIN_WAITS], "data", 4);
	assert_int_equal(scene_shutdown(A, fds[FIN_WAITS], SHUT_WR), 0);
	scene_linger(A, fds[RESET], true, 0);
	scene_close(A, fds[RESET]);
	scene_sleep(100 * MS);
	fds[WITHOUT_SYNACK] = scene_socket(A);
	scene_drop(B, SYNACK, 1);
	ticket = scene_begin_connect(A, fds[WITHOUT_SYNACK], B, PORT);
	ports[WITHOUT_SYNACK] = scene_port(A, fds[WITHOUT_SYNACK]);
	scene_sleep(10 * MS);
	fds[ACK_ON_THE_WAY] = scene_socket(A);
	scene_hold(A, ACK, 1, 50 * MS);
	assert_int_equal(scene_connect(A, fds[ACK_ON_THE_WAY], B, PORT), 0);
	ports[ACK_ON_THE_WAY] = scene_port(A, fds[ACK_ON_THE_WAY]);

	assert_queues(B, PORT, 0, 0, 4);
	assert_state(B, PORT, ports[WITHOUT_SYNACK], TCP_SYN_RECV);
	assert_state(B, PORT, ports[ACK_ON_THE_WAY], TCP_SYN_RECV);
	assert_state(B, PORT, ports[SILENT], TCP_ESTABLISHED);
	assert_queues(B, PORT, ports[DATA_WAITS], 0, 4);
	assert_state(B, PORT, ports[FIN_WAITS], TCP_CLOSE_WAIT);
	assert_int_equal(scene_state(B, PORT, ports[RESET]), 0);

	scene_mark();
	assert_int_equal(scene_close(B, listener), 0);
	assert_int_equal(scene_state(B, PORT, 0), 0);
	for (unsigned int i = WITHOUT_SYNACK; i < N; i++)
		assert_int_equal(scene_state(B, PORT, ports[i]), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, RST), 3);
	assert_int_equal(scene_count(B, FIN), 0);
	assert_int_equal(scene_recv(A, fds[SILENT], &byte, 1), -ECONNRESET);
	assert_int_equal(scene_recv(A, fds[DATA_WAITS], &byte, 1), -ECONNRESET);
	assert_int_equal(scene_recv(A, fds[FIN_WAITS], &byte, 1), -ECONNRESET);
	/* The delayed ACK finds no listener. */
	scene_sleep(50 * MS);
	assert_int_equal(scene_count(B, RST), 4);
	assert_int_equal(scene_recv(A, fds[ACK_ON_THE_WAY], &byte, 1), -ECONNRESET);
	assert_int_equal(scene_state(B, PORT, ports[ACK_ON_THE_WAY]), 0);
	/* The retransmitted SYN finds no listener either. */
	assert_int_equal(scene_end(A, ticket), -ECONNREFUSED);
	assert_int_equal(scene_state(B, PORT, ports[WITHOUT_SYNACK]), 0);
	assert_int_equal(scene_count(B, SYNACK), 0);
	for (unsigned int i = 0; i < RESET; i++)
		scene_close(A, fds[i]);
}

/* shutdown() of a listener resets its connections, as close() does; the socket may listen again. */
static void shut_down_and_listening_again(void)
{
	int listener = scene_listen(B, PORT, 2), fd = scene_socket(A), again = scene_socket(A), b;
	char byte;

	assert_int_equal(scene_shutdown(B, listener, SHUT_WR), 0); /* no effect on a listener */
	assert_state(B, PORT, 0, TCP_LISTEN);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_shutdown(B, listener, SHUT_RD), 0);
	assert_int_equal(scene_state(B, PORT, 0), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_recv(A, fd, &byte, 1), -ECONNRESET);
	assert_int_equal(scene_accept(B, listener), -EINVAL);
	assert_int_equal(scene_connect(A, again, B, PORT), -ECONNREFUSED);
	/* The socket kept its port. */
	assert_int_equal(scene_port(B, listener), PORT);
	assert_int_equal(scene_call(B, SYS_listen, listener, 2), 0);
	assert_int_equal(scene_connect(A, again, B, PORT), 0);
	b = scene_accept(B, listener);
	assert_true(b >= 0);
	scene_close(B, b);
	scene_close(A, again);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* ---- threads in accept() --------------------------------------------------------------------- */

/* shutdown() makes all waiting calls of accept() fail at once. */
static void shutdown_calls_every_acceptor_off(void)
{
	enum { N = 5 };
	int listener = scene_listen(B, PORT, 2);
	int64_t tickets[N], result;

	for (unsigned int i = 0; i < N; i++)
		tickets[i] = scene_begin_accept(B, listener);
	scene_sleep(1 * SEC);
	for (unsigned int i = 0; i < N; i++)
		assert_false(scene_is_back(B, tickets[i], &result));
	assert_int_equal(scene_shutdown(B, listener, SHUT_RDWR), 0);
	for (unsigned int i = 0; i < N; i++) {
		assert_true(scene_is_back(B, tickets[i], &result));
		assert_int_equal(result, -EINVAL);
	}
	scene_close(B, listener);
}

/*
 * close() of a listener while threads wait in accept() only removes the descriptor: the listener
 * lives until the last of these calls returns (as on Linux).
 */
static void close_leaves_the_acceptors_their_listener(void)
{
	int listener = scene_listen(B, PORT, 2), fds[3], accepted[2];
	int64_t one = scene_begin_accept(B, listener), two = scene_begin_accept(B, listener);
	char byte;

	for (unsigned int i = 0; i < 3; i++)
		fds[i] = scene_socket(A);
	scene_sleep(10 * MS);
	scene_close(B, listener);
	assert_int_equal(scene_accept(B, listener), -EBADF);
	assert_state(B, PORT, 0, TCP_LISTEN);
	assert_int_equal(scene_connect(A, fds[0], B, PORT), 0);
	accepted[0] = scene_end(B, one);
	assert_true(accepted[0] >= 0);
	assert_state(B, PORT, 0, TCP_LISTEN);
	/* Only one accept() is left: it gets one of the two connections, the other is aborted. */
	int64_t tickets[] = {scene_begin_connect(A, fds[1], B, PORT),
			     scene_begin_connect(A, fds[2], B, PORT)};

	accepted[1] = scene_end(B, two);
	assert_true(accepted[1] >= 0);
	assert_int_equal(scene_end(A, tickets[0]), 0);
	assert_int_equal(scene_end(A, tickets[1]), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_state(B, PORT, 0), 0);
	assert_int_equal(scene_recv(A, fds[2], &byte, 1), -ECONNRESET);
	scene_close(B, accepted[0]);
	scene_close(B, accepted[1]);
	for (unsigned int i = 0; i < 3; i++)
		scene_close(A, fds[i]);
}

/*
 * listen() chose the port, so close() releases the port before it sets the state to CLOSE.  In
 * between, the handshake's last ACK finds the request and the listener, which is in LISTEN without
 * a port: the child socket is freed and the ACK counted as dropped, as in Linux's
 * tcp_v4_syn_recv_sock(). A gets a reset when it sends.
 */
static void ack_between_the_port_and_the_state(void)
{
	unsigned int without_port = 0;
	bool over = false;

	/* In each round the ACK arrives at the next point of close() at which an interrupt can arrive. */
	for (uint64_t place = 1; !over; place++) {
		int listener = scene_socket(B), fd = scene_socket(A);
		int64_t closing, connect;
		char byte;

		assert_int_equal(scene_call(B, SYS_listen, listener, 1), 0);
		connect = scene_begin_connect(A, fd, B, scene_port(B, listener));
		scene_sleep(2 * WIRE_DELAY + WIRE_DELAY / 2);
		scene_mark();
		closing = B->submit(SYS_close, listener, 0, 0, 0, 0, 0);
		B->set("race_edge", place);
		assert_int_equal(scene_end(B, closing), 0);
		over = B->stat("race_left");
		without_port += scene_counter(B, "TcpExt.ListenDrops");
		assert_int_equal(scene_end(A, connect), 0);
		scene_call(A, SYS_sendto, fd, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
		assert_int_equal(scene_recv(A, fd, &byte, 1), -ECONNRESET);
		scene_close(A, fd);
	}
	assert_true(without_port > 0);
}

/*
 * On a non-blocking listener, accept() returns EAGAIN; poll() wakes when there is a connection, and
 * accept() returns it.
 */
static void poll_and_accept_without_waiting(void)
{
	int listener = scene_listen(B, PORT, 2), fd = scene_socket(A), b;
	struct pollfd p = {.fd = listener, .events = POLLIN | POLLOUT};
	int64_t poller;

	scene_nonblock(B, listener);
	assert_int_equal(scene_accept(B, listener), -EAGAIN);
	poller = scene_begin(B, SYS_poll, PTR(&p), 1, -1);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_int_equal(scene_end(B, poller), 1);
	assert_int_equal(p.revents, POLLIN);
	b = scene_call(B, SYS_accept4, listener, 0, 0, SOCK_NONBLOCK);
	assert_true(b >= 0);
	/* accept4() set O_NONBLOCK, because its flags contain SOCK_NONBLOCK. */
	assert_true(scene_call(B, SYS_fcntl, b, F_GETFL, 0) & O_NONBLOCK);
	assert_int_equal(scene_accept(B, listener), -EAGAIN);
	scene_close(B, b);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EISCONN);
	scene_close(A, fd);
	fd = scene_socket(A);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_sleep(10 * MS);
	b = scene_accept(B, listener);
	assert_int_equal(scene_call(B, SYS_fcntl, b, F_GETFL, 0) & O_NONBLOCK, 0);
	scene_close(B, b);
	scene_close(A, fd);
	scene_close(B, listener);
}

/*
 * SO_RCVTIMEO: one accept() gets a connection in time, another does not; accepted sockets do not
 * inherit the timeout.
 */
static void accept_within_a_time(void)
{
	int listener = scene_listen(B, PORT, 2), fd = scene_socket(A), b;
	uint64_t begin = scene_now();
	int64_t one, two;

	scene_timeout(B, listener, SO_RCVTIMEO, 3000);
	one = scene_begin_accept(B, listener);
	two = scene_begin_accept(B, listener);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	b = scene_end(B, one);
	assert_true(b >= 0);
	assert_ms(scene_now() - begin, 2000, 2005);
	assert_int_equal(scene_end(B, two), -EAGAIN);
	assert_ms(scene_now() - begin, 3000, 3002);
	scene_close(B, b);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* ---- the headers of the SYN ------------------------------------------------------------------------ */

/* Returns the result of getsockopt(TCP_SAVED_SYN) with a buffer of *@len bytes, and sets *@len as the call does. */
static int64_t saved_syn(int fd, uint8_t *headers, int *len)
{
	return scene_call(B, SYS_getsockopt, fd, IPPROTO_TCP, TCP_SAVED_SYN, PTR(headers),
			  PTR(len));
}

/* TCP_SAVE_SYN: each accepted connection keeps the IP and TCP headers of its SYN until they are read once. */
static void headers_of_a_syn(void)
{
	int listener = scene_listen(B, PORT, 4), fds[3], accepted[3], len = 0;
	uint8_t headers[128];

	assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_SAVE_SYN, 3), -EINVAL);
	assert_int_equal(scene_get(B, listener, IPPROTO_TCP, TCP_SAVE_SYN), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_SAVE_SYN, i > 0), 0);
		fds[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
		accepted[i] = scene_accept(B, listener);
	}
	/* The first connection came before the option was set, so it has no headers. */
	len = sizeof(headers);
	assert_int_equal(saved_syn(accepted[0], headers, &len), 0);
	assert_int_equal(len, 0);
	/* If the buffer is too short, the call stores only the length. */
	len = 20;
	assert_int_equal(saved_syn(accepted[1], headers, &len), -EINVAL);
	assert_in_range(len, 40, 80);
	assert_int_equal(saved_syn(accepted[1], headers, &len), 0);
	assert_int_equal(headers[0], 0x45);
	assert_int_equal(headers[9], IPPROTO_TCP);
	assert_int_equal(headers[2] << 8 | headers[3], len);
	assert_int_equal(headers[20] << 8 | headers[21], scene_port(A, fds[1]));
	assert_int_equal(headers[22] << 8 | headers[23], PORT);
	assert_int_equal(headers[33], 2); /* SYN */
	assert_int_equal(headers[32] >> 4, (len - 20) / 4);
	assert_int_equal(saved_syn(accepted[1], headers, &len), 0);
	assert_int_equal(len, 0);
	/* The headers of the third connection are never read.  close() frees them; the end of the
	 * scene checks this. */
	for (unsigned int i = 0; i < 3; i++) {
		scene_close(A, fds[i]);
		scene_close(B, accepted[i]);
	}
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_backlog_of_zero_holds_one),
		SCENE(a_backlog_of_one_holds_two),
		SCENE(a_backlog_of_five_holds_six),
		SCENE(the_largest_backlog),
		SCENE(a_backlog_of_zero_holds_one_half_open),
		SCENE(a_backlog_of_five_holds_six_half_open),
		SCENE(data_waits_for_a_place),
		SCENE(closed_with_a_child_in_each_queue),
		SCENE(ack_between_the_port_and_the_state),
		SCENE(shut_down_and_listening_again),
		SCENE(shutdown_calls_every_acceptor_off),
		SCENE(close_leaves_the_acceptors_their_listener),
		SCENE(poll_and_accept_without_waiting),
		SCENE(accept_within_a_time),
		SCENE(headers_of_a_syn),
	};

	return scene_play(tests);
}

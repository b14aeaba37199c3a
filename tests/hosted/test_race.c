/* SPDX-License-Identifier: MIT */
/*
 * Races between a system call and a frame.  The call begins at the instant at which the frame
 * arrives.  In the first round the frame's interrupt comes at the first edge of the call's code, in
 * the next round at the second edge, and so on, until the call ends before its edge.  An edge is a
 * jump of the control flow that the compiler instruments.  One run takes every STRIDE-th edge; the
 * runs with seeds 1 to STRIDE together take all.  Timers race against frames by chance, in many
 * rounds. Only for the race build: `make race`.
 *
 * Each scene lists the permitted results of its race.  If there are two, both must have occurred,
 * or there was no race. Every scene also checks that nothing hangs, that there is no warning, and
 * that no object is alive at the end.  The canaries (tests/hosted/canary.mk) show which bugs these
 * scenes find.
 */
#include "tests/hosted/race.h"

#define ROUNDS 40 /* rounds of a race that depends on chance */
/*
 * Interrupts are so rare that a softirq runs for a long time before the next interrupt.  So each
 * possible result of a race occurs often.
 */
#define SELDOM                                                                                     \
	{                                                                                          \
		"irq_chance", 8                                                                    \
	}
#define WRAP                                                                                       \
	{                                                                                          \
		"iss", 0xfffffffe                                                                  \
	} /* sequence numbers wrap with the first bytes of each connection */

static const int64_t nonblocking = O_RDWR | O_NONBLOCK, blocking = O_RDWR;

/* ---- a listener ------------------------------------------------------------------------------- */

static void accept_against_syn(void)
{
	int listener = scene_listen(B, PORT, 4);

	for (race_first(); race_next();) {
		struct pair p = {.listener = -1, .a = scene_socket(A)};
		int64_t connect = scene_begin_connect(A, p.a, B, PORT);
		int64_t accept = together(B, SYS_accept4, listener);

		p.b = scene_end(B, accept);
		assert_true(p.b >= 0);
		assert_int_equal(scene_end(A, connect), 0);
		forget(&p);
	}
	scene_close(B, listener);
}

/*
 * One connection waits in the queue and is accepted while the next one is added: three connections
 * arrive, and three are accepted in order.
 */
static void accept_against_ack(void)
{
	int listener = scene_listen(B, PORT, 4);

	for (race_first(); race_next();) {
		struct pair p[3];
		int64_t accept, connect;
		char byte[3] = "abc", got;

		for (unsigned int k = 0; k < 3; k++)
			p[k] = (struct pair){.listener = -1, .a = scene_socket(A), .b = -1};
		assert_int_equal(scene_connect(A, p[0].a, B, PORT), 0);
		scene_sleep(2 * MS);
		connect = scene_begin_connect(A, p[1].a, B, PORT);
		until_frame_flies(3);
		accept = together(B, SYS_accept4, listener);
		p[0].b = scene_end(B, accept);
		assert_int_equal(scene_end(A, connect), 0);
		assert_int_equal(scene_connect(A, p[2].a, B, PORT), 0);
		scene_sleep(2 * MS);
		for (unsigned int k = 1; k < 3; k++)
			p[k].b = scene_accept(B, listener);
		for (unsigned int k = 0; k < 3; k++) {
			assert_true(p[k].b >= 0);
			scene_send_all(A, p[k].a, &byte[k], 1);
			scene_recv_all(B, p[k].b, &got, 1);
			assert_int_equal(got, byte[k]);
			forget(&p[k]);
		}
	}
	scene_close(B, listener);
}

/* Two threads wait in accept(): one gets the first connection, the other gets the second. */
static void two_accepts_against_ack(void)
{
	int listener = scene_listen(B, PORT, 4);

	for (race_first(); race_next();) {
		struct pair p[2] = {{.listener = -1}, {.listener = -1}};
		int64_t accept[2], connect;

		p[0].a = scene_socket(A);
		p[1].a = scene_socket(A);
		connect = scene_begin_connect(A, p[0].a, B, PORT);
		until_frame_flies(3);
		accept[0] = together(B, SYS_accept4, listener);
		accept[1] = together(B, SYS_accept4, listener);
		assert_int_equal(scene_end(A, connect), 0);
		assert_int_equal(scene_connect(A, p[1].a, B, PORT), 0);
		for (unsigned int k = 0; k < 2; k++) {
			p[k].b = scene_end(B, accept[k]);
			assert_true(p[k].b >= 0);
		}
		/* Either thread may have got the first connection; both connections are closed alike. */
		forget(&p[0]);
		forget(&p[1]);
	}
	scene_close(B, listener);
}

/* sendto(MSG_FASTOPEN) on a listener fails, and leaves nothing behind in a child that is made at the same time. */
static void fast_open_of_a_listener_against_ack(void)
{
	const int64_t to = PTR(scene_address(A, PORT)), size = sizeof(struct sockaddr_in);
	int listener = scene_listen(B, PORT, 4);

	for (race_first(); race_next();) {
		struct pair p = {.listener = -1, .a = scene_socket(A)};
		int64_t connect = scene_begin_connect(A, p.a, B, PORT), send;

		until_frame_flies(3);
		send = together(B, SYS_sendto, listener, PTR("x"), 1, MSG_FASTOPEN, to, size);
		assert_int_equal(scene_end(B, send), -EISCONN);
		assert_int_equal(scene_end(A, connect), 0);
		p.b = scene_accept(B, listener);
		assert_int_equal(
			scene_call(B, SYS_sendto, p.b, PTR("x"), 1, MSG_FASTOPEN, to, size),
			-EISCONN);
		forget(&p);
	}
	scene_close(B, listener);
}

/* Closes the listener while the @frame-th frame of a handshake is on the wire. */
static void listener_closed(unsigned int frame)
{
	unsigned int made = 0, refused = 0;

	for (race_first(); race_next();) {
		int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), result;
		int64_t connect = scene_begin_connect(A, fd, B, PORT), closing;
		char byte;

		until_frame_flies(frame);
		closing = together(B, SYS_close, listener);
		assert_int_equal(scene_end(B, closing), 0);
		result = scene_end(A, connect);
		if (result == 0) {
			made++;
			result = scene_recv(A, fd, &byte, 1);
			assert_int_equal(result, -ECONNRESET);
		} else {
			refused++;
			assert_int_equal(result, -ECONNREFUSED);
		}
		scene_close(A, fd);
		assert_int_equal(scene_state(B, PORT, 0), 0);
	}
	/* While the third frame, the ACK, is on the wire, connect() has already returned. */
	assert_true(frame == 3 ? made && !refused : made && refused);
}

static void listener_closed_against_syn(void)
{
	listener_closed(1);
}

static void listener_closed_against_ack(void)
{
	listener_closed(3);
}

/* The ACK of a SYN cookie creates the child, and no request waits for the ACK. */
static void listener_closed_against_cookie(void)
{
	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	listener_closed(3);
}

/* The ACK of a SYN cookie comes twice, while accept() waits for the connection: there is one connection. */
static void accept_against_two_acks_of_a_cookie(void)
{
	int listener = scene_listen(B, PORT, 4);

	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	for (race_first(); race_next();) {
		struct pair p = {.listener = -1, .a = scene_socket(A)};
		int64_t connect, accept;
		char got;

		scene_duplicate(A, ACK, 1, 1);
		connect = scene_begin_connect(A, p.a, B, PORT);
		until_frame_flies(3);
		accept = together(B, SYS_accept4, listener);
		p.b = scene_end(B, accept);
		assert_true(p.b >= 0);
		assert_int_equal(scene_end(A, connect), 0);
		scene_sleep(2 * MS);
		assert_int_equal(scene_poll(B, listener), 0);
		scene_send_all(A, p.a, "x", 1);
		scene_recv_all(B, p.b, &got, 1);
		forget(&p);
	}
	assert_int_equal(scene_counter(B, "TcpExt.SyncookiesRecv"), race.rounds - 1);
	scene_close(B, listener);
}

/* ---- connect() -------------------------------------------------------------------------------- */

/*
 * The reset arrives while connect() goes to sleep, or before connect() begins. In both cases
 * connect() fails with ECONNREFUSED.
 */
static void connect_against_rst(void)
{
	for (race_first(); race_next();) {
		int fd = scene_socket(A);
		int64_t again;

		scene_nonblock(A, fd);
		assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
		scene_call(A, SYS_fcntl, fd, F_SETFL, blocking);
		until_frame_flies(2);
		again = together(A, SYS_connect, fd, PTR(scene_address(B, PORT)),
				 sizeof(struct sockaddr_in));
		assert_int_equal(scene_end(A, again), -ECONNREFUSED);
		scene_close(A, fd);
	}
}

static void close_against_rst(void)
{
	for (race_first(); race_next();) {
		int fd = scene_socket(A);

		scene_nonblock(A, fd);
		assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
		until_frame_flies(2);
		assert_int_equal(scene_end(A, together(A, SYS_close, fd)), 0);
	}
}

static void close_against_syn_ack(void)
{
	int listener = scene_listen(B, PORT, 1), fd;
	unsigned int accepted = 0, reset = 0;

	scene_call(B, SYS_fcntl, listener, F_SETFL, nonblocking);

	for (race_first(); race_next();) {
		fd = scene_socket(A);
		scene_nonblock(A, fd);
		assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
		until_frame_flies(2);
		assert_int_equal(scene_end(A, together(A, SYS_close, fd)), 0);
		scene_sleep(10 * MS);
		/*
		 * If the SYN-ACK came first, B has a complete connection, which A closed; otherwise
		 * A's reset ended B's half-open connection.
		 */
		fd = scene_accept(B, listener);
		if (fd == -EAGAIN) {
			reset++;
			continue;
		}
		accepted++;
		scene_expect_eof(B, fd);
		scene_close(B, fd);
		scene_sleep(10 * MS);
	}
	assert_true(accepted && reset);
	scene_close(B, listener);
}

/* ---- sleeping and waking ---------------------------------------------------------------------- */

static void recv_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);
	struct pair p = connected(listener);

	for (race_first(); race_next();) {
		uint32_t i = race.rounds, got = ~i;
		int64_t recv;

		scene_begin(A, SYS_sendto, p.a, PTR(&i), 4, MSG_NOSIGNAL, 0, 0);
		recv = together(B, SYS_recvfrom, p.b, PTR(&got), 4, 0, 0, 0);
		assert_int_equal(scene_end(B, recv), 4);
		assert_int_equal(got, i);
	}
	forget(&p);
	scene_close(B, listener);
}

/* The send buffer is full, and the ACK that makes room arrives during a write. */
static void send_against_ack(void)
{
	int listener = scene_listen(B, PORT, 1);
	static uint8_t bytes[1 << 16], got[1 << 16];
	struct pair p = connected(listener);
	uint64_t sent = 0, received = 0;
	int64_t n;

	scene_set(A, p.a, SOL_SOCKET, SO_SNDBUF, 16384);
	for (race_first(); race_next();) {
		int64_t send;

		while ((n = scene_call(A, SYS_sendto, p.a, PTR(bytes), sizeof(bytes),
				       MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0)) > 0)
			sent += n;
		assert_int_equal(n, -EAGAIN);
		until_frame_flies(2);
		send = together(A, SYS_sendto, p.a, PTR(bytes), 1, MSG_NOSIGNAL, 0, 0);
		assert_int_equal(scene_end(A, send), 1);
		sent++;
		while (received < sent && (n = scene_recv(B, p.b, got, sizeof(got))) > 0)
			received += n;
		assert_int_equal(received, sent);
	}
	forget(&p);
	scene_close(B, listener);
}

static void poll_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);
	struct pair p = connected(listener);

	for (race_first(); race_next();) {
		struct pollfd fds[] = {{.fd = listener, .events = POLLIN},
				       {.fd = p.b, .events = POLLIN}};
		int64_t poll;
		char byte;

		scene_begin(A, SYS_sendto, p.a, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
		poll = together(B, SYS_poll, PTR(fds), 2, -1);
		assert_int_equal(scene_end(B, poll), 1);
		assert_int_equal(fds[1].revents, POLLIN);
		scene_recv_all(B, p.b, &byte, 1);
	}
	forget(&p);
	scene_close(B, listener);
}

static void poll_against_connection(void)
{
	int listener = scene_listen(B, PORT, 1);

	for (race_first(); race_next();) {
		struct pollfd fds = {.fd = listener, .events = POLLIN};
		struct pair p = {.listener = -1, .a = scene_socket(A)};
		int64_t connect = scene_begin_connect(A, p.a, B, PORT), poll;

		until_frame_flies(3);
		poll = together(B, SYS_poll, PTR(&fds), 1, -1);
		assert_int_equal(scene_end(B, poll), 1);
		assert_int_equal(scene_end(A, connect), 0);
		p.b = scene_accept(B, listener);
		forget(&p);
	}
	scene_close(B, listener);
}

/* ---- timers ----------------------------------------------------------------------------------- */

/* Waits until the next timer of @h expires in WIRE_DELAY, the time that a frame takes. */
static void until_before_deadline(struct host *h)
{
	while (h->deadline <= scene_now() + WIRE_DELAY)
		scene_sleep(WIRE_DELAY);
	assert_true(h->deadline != CONDUCTOR_NEVER);
	scene_sleep(h->deadline - WIRE_DELAY - scene_now());
}

/* The receive timeout expires at the instant at which the data arrives: this recv() or the next one
 * gets the data. */
static void timeout_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);
	struct pair p = connected(listener);
	unsigned int late = 0;

	scene_timeout(B, p.b, SO_RCVTIMEO, 100);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t got = ~i;
		int64_t recv, n;

		recv = scene_begin(B, SYS_recvfrom, p.b, PTR(&got), 4, 0, 0, 0);
		until_before_deadline(B);
		scene_begin(A, SYS_sendto, p.a, PTR(&i), 4, MSG_NOSIGNAL, 0, 0);
		n = scene_end(B, recv);
		if (n != 4) {
			assert_int_equal(n, -EAGAIN);
			late++;
			assert_int_equal(scene_recv_now(B, p.b, &got, 4), 4);
		}
		assert_int_equal(got, i);
		scene_sleep(100 * MS);
	}
	assert_in_range(late, 1, ROUNDS - 1);
	forget(&p);
	scene_close(B, listener);
}

/* Returns the retransmission timeout of a connection's first data segment, in ns. */
static uint64_t first_timeout(int listener)
{
	struct pair p = connected(listener);
	uint64_t gap;

	scene_sleep(10 * MS);
	scene_mark();
	scene_drop(B, ACK, 1);
	scene_send_all(A, p.a, "once", 4);
	scene_sleep(1 * SEC);
	gap = scene_gap(scene_nth(A, DATA, 1), scene_nth(A, DATA, 2));
	scene_heal();
	forget(&p);
	return gap;
}

/*
 * The ACK arrives when the retransmission timer fires.  (B's pure ACKs are lost; its data carries
 * the ACK.)  A may retransmit its data or not; B receives it once, and afterwards nothing is left
 * to send.
 */
static void retransmission_against_ack(void)
{
	int listener = scene_listen(B, PORT, 1);
	uint64_t timeout = first_timeout(listener);
	unsigned int again = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct pair p = connected(listener);
		uint32_t there = ~i, back = ~i;

		scene_sleep(10 * MS);
		scene_mark();
		scene_drop_many(B, ACK, 1, ALWAYS);
		scene_begin(A, SYS_sendto, p.a, PTR(&i), 4, MSG_NOSIGNAL, 0, 0);
		scene_sleep(timeout - WIRE_DELAY);
		scene_begin(B, SYS_sendto, p.b, PTR(&i), 4, MSG_NOSIGNAL, 0, 0);
		scene_sleep(WIRE_DELAY);
		scene_heal();
		assert_in_range(scene_count(A, DATA), 1, 2);
		again += scene_count(A, DATA) == 2;
		scene_recv_all(B, p.b, &there, 4);
		scene_recv_all(A, p.a, &back, 4);
		assert_int_equal(there, i);
		assert_int_equal(back, i);
		scene_sleep(2 * SEC);
		assert_in_range(scene_count(A, DATA), 1, 2);
		assert_int_equal(scene_recv_now(B, p.b, &there, 4), -EAGAIN);
		forget(&p);
	}
	assert_in_range(again, 1, ROUNDS - 1);
	scene_close(B, listener);
}

/* The timeout of connect() expires when the SYN-ACK arrives: the connection is established in any case. */
static void connect_timeout_against_syn_ack(void)
{
	unsigned int made = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		int listener = scene_listen(B, PORT, 1), result;
		struct pair p = {.listener = -1, .a = scene_socket(A), .b = -1};
		int64_t connect;

		scene_timeout(A, p.a, SO_SNDTIMEO, 100);
		scene_hold(B, SYNACK, 1, 98 * MS);
		connect = scene_begin_connect(A, p.a, B, PORT);
		result = scene_end(A, connect);
		if (result == 0) {
			made++;
		} else {
			assert_int_equal(result, -EINPROGRESS);
			scene_sleep(5 * MS);
			assert_true(scene_poll(A, p.a) & POLLOUT);
		}
		p.b = scene_accept(B, listener);
		forget(&p);
		scene_close(B, listener);
		scene_heal();
	}
	assert_in_range(made, 1, ROUNDS - 1);
}

/* ---- the end ---------------------------------------------------------------------------------- */

/*
 * close() with unread data sends a reset; data that arrives after B's FIN is answered with a reset.
 * So A gets a reset in both cases.
 */
static void close_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);
	unsigned int fins = 0;

	for (race_first(); race_next();) {
		struct pair p = connected(listener);
		int64_t closing, n;
		char byte;

		scene_sleep(100 * MS);
		scene_mark();
		scene_begin(A, SYS_sendto, p.a, PTR("data"), 4, MSG_NOSIGNAL, 0, 0);
		closing = together(B, SYS_close, p.b);
		assert_int_equal(scene_end(B, closing), 0);
		p.b = -1;
		scene_sleep(5 * MS);
		assert_in_range(scene_count(B, FIN), 0, 1);
		/* After a FIN there may be a second reset, which answers A's ACK of the FIN. */
		assert_in_range(scene_count(B, RST), 1, 1 + scene_count(B, FIN));
		n = scene_recv(A, p.a, &byte, 1);
		if (scene_count(B, FIN))
			assert_true(n == 0 || n == -EPIPE || n == -ECONNRESET);
		else
			assert_int_equal(n, -ECONNRESET);
		fins += scene_count(B, FIN);
		forget(&p);
	}
	assert_in_range(fins, 1, race.rounds - 2);
	scene_close(B, listener);
}

/* Both sides close at the same instant: each sends one FIN, and none sends a reset. */
static void close_against_fin(void)
{
	int listener = scene_listen(B, PORT, 1);

	for (race_first(); race_next();) {
		struct pair p = connected(listener);
		int64_t closing;

		scene_mark();
		scene_begin(A, SYS_close, p.a);
		closing = together(B, SYS_close, p.b);
		assert_int_equal(scene_end(B, closing), 0);
		scene_sleep(100 * MS);
		assert_int_equal(scene_count(A, FIN), 1);
		assert_int_equal(scene_count(B, FIN), 1);
		assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	}
	scene_close(B, listener);
}

/* ---- two threads on one socket ---------------------------------------------------------------- */

static void two_readers_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);
	struct pair p = connected(listener);

	for (race_first(); race_next();) {
		uint32_t i = race.rounds;
		uint32_t words[2] = {2 * i, 2 * i + 1}, got[2] = {~0u, ~0u};
		int64_t recv[2];

		scene_begin(A, SYS_sendto, p.a, PTR(words), 8, MSG_NOSIGNAL, 0, 0);
		for (unsigned int k = 0; k < 2; k++)
			recv[k] = together(B, SYS_recvfrom, p.b, PTR(&got[k]), 4, 0, 0, 0);
		for (unsigned int k = 0; k < 2; k++)
			assert_int_equal(scene_end(B, recv[k]), 4);
		assert_true(got[0] / 2 == i && got[1] / 2 == i && got[0] != got[1]);
	}
	forget(&p);
	scene_close(B, listener);
}

/*
 * One thread reads, one writes and one closes while data arrives: each call ends as if it were the
 * only one, or finds the descriptor closed.
 */
static void all_states_against_data(void)
{
	int listener = scene_listen(B, PORT, 1);

	for (race_first(); race_next();) {
		struct pair p = connected(listener);
		int64_t reading, writing, closing, n;
		char got[4];

		scene_begin(A, SYS_sendto, p.a, PTR("data"), 4, MSG_NOSIGNAL, 0, 0);
		reading = together(B, SYS_recvfrom, p.b, PTR(got), 4, 0, 0, 0);
		writing = together(B, SYS_sendto, p.b, PTR("text"), 4, MSG_NOSIGNAL, 0, 0);
		closing = together(B, SYS_close, p.b);
		assert_int_equal(scene_end(B, closing), 0);
		n = scene_end(B, reading);
		assert_true(n == 4 || n == -EBADF);
		n = scene_end(B, writing);
		assert_true(n == 4 || n == -EBADF);
		p.b = -1;
		forget(&p);
	}
	scene_close(B, listener);
}

/*
 * A reset arrives while one thread reads and another writes: one of them gets the error, and
 * neither hangs.
 */
static void two_threads_against_rst(void)
{
	int listener = scene_listen(B, PORT, 1);

	for (race_first(); race_next();) {
		struct pair p = connected(listener);
		int64_t reading, writing, n, m;
		char got[4];

		scene_linger(A, p.a, true, 0);
		scene_begin(A, SYS_close, p.a);
		p.a = -1;
		reading = together(B, SYS_recvfrom, p.b, PTR(got), 4, 0, 0, 0);
		writing = together(B, SYS_sendto, p.b, PTR("text"), 4, MSG_NOSIGNAL, 0, 0);
		n = scene_end(B, reading);
		m = scene_end(B, writing);
		assert_true(n == -ECONNRESET || (n == 0 && m == -ECONNRESET));
		assert_true(m == 4 || m == -EPIPE || m == -ECONNRESET);
		forget(&p);
	}
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(accept_against_syn),
		SCENE(accept_against_ack),
		SCENE(two_accepts_against_ack),
		SCENE(fast_open_of_a_listener_against_ack),
		SCENE(listener_closed_against_syn),
		SCENE(listener_closed_against_ack),
		SCENE(listener_closed_against_cookie),
		SCENE(accept_against_two_acks_of_a_cookie),
		SCENE(connect_against_rst),
		SCENE(close_against_rst),
		SCENE(close_against_syn_ack),
		SCENE(recv_against_data),
		SCENE(send_against_ack),
		SCENE(poll_against_data),
		SCENE(poll_against_connection),
		SCENE(epoll_against_data),
		SCENE(epoll_listed_against_data),
		SCENE(epoll_edge_against_data),
		SCENE(two_epoll_waits_against_data),
		SCENE(epoll_exclusive_against_connection),
		SCENE(epoll_add_against_data),
		SCENE(epoll_mod_against_data),
		SCENE(epoll_del_against_data),
		SCENE(epoll_close_against_data),
		SCENE(watched_socket_closed_against_data),
		SCENE(nested_epoll_against_data),
		SCENE(timerfd_read_against_expiry),
		SCENE(epoll_wait_against_expiry),
		SCENE(timerfd_settime_against_expiry),
		SCENE(futex_wake_against_timeout),
		SCENE(futex_wait_against_timeout),
		SCENE(eventfd_write_against_data),
		SCENE_WITH(timeout_against_data, SELDOM),
		SCENE_WITH(retransmission_against_ack, SELDOM, WRAP),
		SCENE_WITH(connect_timeout_against_syn_ack, SELDOM),
		SCENE_WITH(close_against_data, WRAP),
		SCENE(close_against_fin),
		SCENE(two_readers_against_data),
		SCENE(all_states_against_data),
		SCENE(two_threads_against_rst),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * connect() on a new, a connecting, a connected and a failed socket, blocking or not: its results,
 * the events of poll(), and that SO_ERROR reports an error only once.  POSIX connect(), poll() and
 * getsockopt(); where POSIX leaves the result open, as on Linux.
 */
#include "tests/hosted/scene_forge.h"

#define PORT   7
#define CLOSED 4242 /* no listener there */

/* Returns a non-blocking socket that is connecting to @port. */
static int begin_without_waiting(uint16_t port)
{
	int fd = scene_socket(A);

	assert_int_equal(scene_nonblock(A, fd), 0);
	assert_int_equal(scene_connect(A, fd, B, port), -EINPROGRESS);
	assert_state(A, scene_port(A, fd), port, TCP_SYN_SENT);
	return fd;
}

static int64_t begin_poll(struct pollfd *p, int fd)
{
	*p = (struct pollfd){.fd = fd, .events = POLLOUT};
	return scene_begin(A, SYS_poll, PTR(p), 1, -1);
}

/* ---- poll() wakes ------------------------------------------------------------------------------------ */

static void poll_wakes_on_success(void)
{
	int listener = scene_listen(B, PORT, 1), fd = begin_without_waiting(PORT);
	uint64_t begin = scene_now();
	struct pollfd p;
	int64_t poller = begin_poll(&p, fd);

	assert_int_equal(scene_end(A, poller), 1);
	assert_int_equal(scene_now() - begin, 2 * WIRE_DELAY);
	assert_int_equal(p.revents, POLLOUT);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	assert_state(A, scene_port(A, fd), PORT, TCP_ESTABLISHED);
	scene_close(A, fd);
	scene_close(B, listener);
}

static void poll_wakes_on_refusal(void)
{
	int fd = begin_without_waiting(CLOSED);
	uint64_t begin = scene_now();
	struct pollfd p;
	int64_t poller = begin_poll(&p, fd);
	char byte;

	assert_int_equal(scene_end(A, poller), 1);
	assert_int_equal(scene_now() - begin, 2 * WIRE_DELAY);
	/* POLLOUT is set as well, because a write would not wait. */
	assert_int_equal(p.revents, POLLOUT | POLLERR | POLLHUP);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	/* The error was reported: later calls only report that there is no connection. */
	scene_call(A, SYS_poll, PTR(&p), 1, 0);
	assert_int_equal(p.revents, POLLOUT | POLLHUP);
	assert_int_equal(scene_recv(A, fd, &byte, 1), 0);
	assert_int_equal(scene_send(A, fd, "x", 1), -EPIPE);
	assert_int_equal(scene_counter(A, "Tcp.AttemptFails"), 1);
	scene_expect("a S 0 0 0\nb RA 0 1 0\n");
	scene_close(A, fd);
}

static void poll_wakes_on_timeout(void)
{
	int fd;
	uint64_t begin = scene_now();
	struct pollfd p;
	int64_t poller;

	scene_drop_many(A, SYN, 1, ALWAYS);
	fd = begin_without_waiting(PORT);
	scene_set(A, fd, IPPROTO_TCP, TCP_SYNCNT, 1);
	poller = begin_poll(&p, fd);
	assert_int_equal(scene_end(A, poller), 1);
	assert_ms(scene_now() - begin, 2990, 3010); /* two timeouts, 1 s and 2 s */
	assert_int_equal(p.revents, POLLOUT | POLLERR | POLLHUP);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(scene_count(A, SYN), 2);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnTimeout"), 1);
	scene_close(A, fd);
}

/* ---- the error is reported once, to the first call ------------------------------------------- */

static void a_failed_attempt_is_told_by_connect(void)
{
	int fd = begin_without_waiting(CLOSED), listener;

	scene_sleep(10 * MS);
	assert_int_equal(scene_connect(A, fd, B, PORT), -ECONNREFUSED);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	/* The failed connect() ended the first attempt, so the next connect() begins a second
	 * one. */
	listener = scene_listen(B, PORT, 1);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
	scene_sleep(10 * MS);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EISCONN);
	scene_close(A, fd);
	scene_close(B, listener);
}

static void after_so_error_connect_can_only_say_aborted(void)
{
	int fd = begin_without_waiting(CLOSED), listener = scene_listen(B, PORT, 1);

	scene_sleep(10 * MS);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(scene_connect(A, fd, B, PORT), -ECONNABORTED);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
	scene_sleep(10 * MS);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

static void a_failed_attempt_is_told_by_send_or_recv(void)
{
	int one = begin_without_waiting(CLOSED), two = begin_without_waiting(CLOSED);
	char byte;

	scene_sleep(10 * MS);
	assert_int_equal(scene_send(A, one, "x", 1), -ECONNREFUSED);
	assert_int_equal(scene_send(A, one, "x", 1), -EPIPE);
	assert_int_equal(scene_recv(A, two, &byte, 1), -ECONNREFUSED);
	assert_int_equal(scene_recv(A, two, &byte, 1), 0);
	scene_close(A, one);
	scene_close(A, two);
}

/* ---- while the attempt is under way ------------------------------------------------------------------------- */

static void while_connecting(void)
{
	int listener = scene_listen(B, PORT, 1), fd;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char byte;

	scene_hold(B, SYNACK, 1, 100 * MS);
	fd = begin_without_waiting(PORT);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EALREADY);
	assert_int_equal(scene_connect(A, fd, B, CLOSED), -EALREADY); /* also for another address */
	assert_int_equal(scene_poll(A, fd), 0);
	assert_int_equal(scene_send(A, fd, "x", 1), -EAGAIN);
	assert_int_equal(scene_recv(A, fd, &byte, 1), -EAGAIN);
	assert_int_equal(scene_call(A, SYS_listen, fd, 1), -EINVAL);
	assert_int_equal(scene_bind(A, fd, 9), -EINVAL);
	assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(&name), PTR(&len)), -ENOTCONN);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	scene_sleep(200 * MS);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0); /* reports the success once */
	assert_int_equal(scene_connect(A, fd, B, PORT), -EISCONN);
	assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(&name), PTR(&len)), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* A write waits until the connection is established, and then sends its data. */
static void calls_wait_for_the_connection(void)
{
	int listener = scene_listen(B, PORT, 1), fd, b;
	int64_t writer;
	char got[4];

	scene_hold(B, SYNACK, 1, 100 * MS);
	fd = begin_without_waiting(PORT);
	assert_int_equal(scene_call(A, SYS_fcntl, fd, F_SETFL, O_RDWR), 0);
	writer = scene_begin(A, SYS_sendto, fd, PTR("wait"), 4, 0, 0, 0);
	b = scene_accept(B, listener);
	assert_int_equal(scene_end(A, writer), 4);
	scene_recv_all(B, b, got, 4);
	assert_memory_equal(got, "wait", 4);
	scene_close(A, fd);
	scene_close(B, b);
	scene_close(B, listener);
}

/* Two threads connect the same socket: the second waits for the first thread's attempt, and gets the same
 * result. */
static void two_threads_connect(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A);
	int64_t one, two;

	scene_hold(B, SYNACK, 1, 100 * MS);
	one = scene_begin_connect(A, fd, B, PORT);
	two = scene_begin_connect(A, fd, B, PORT);
	assert_int_equal(scene_end(A, one), 0);
	assert_int_equal(scene_end(A, two), 0);
	assert_int_equal(scene_count(A, SYN), 1);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EISCONN);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* ---- after a connection ---------------------------------------------------------------------------------------- */

/*
 * Both sides have closed the connection, but the descriptor is open: the socket cannot connect
 * again before connect(AF_UNSPEC).
 */
static void connected_once(void)
{
	struct pair p = scene_pair();
	struct sockaddr_in nowhere = {.sin_family = AF_UNSPEC};

	assert_int_equal(scene_connect(A, p.a, B, PORT), -EISCONN);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(100 * MS);
	assert_int_equal(scene_connect(A, p.a, B, PORT), -EISCONN);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	scene_sleep(100 * MS);
	assert_int_equal(scene_connect(A, p.a, B, PORT), -EISCONN);
	assert_int_equal(scene_call(A, SYS_connect, p.a, PTR(&nowhere), sizeof(nowhere)), 0);
	assert_int_equal(scene_connect(A, p.a, B, PORT), 0);
	p.b = scene_accept(B, p.listener);
	scene_carry(A, p.a, B, p.b, 1000);
	scene_pair_close(&p);
}

/* connect() to AF_UNSPEC resets an established connection; afterwards the socket can connect again. */
static void a_connection_is_dissolved(void)
{
	struct pair p = scene_pair();
	struct sockaddr_in nowhere = {.sin_family = AF_UNSPEC};
	char byte;

	scene_sleep(10 * MS);
	scene_mark();
	assert_int_equal(scene_call(A, SYS_connect, p.a, PTR(&nowhere), sizeof(nowhere)), 0);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_sleep(10 * MS);
	scene_expect("a RA 1 1 0\n");
	assert_int_equal(scene_recv(B, p.b, &byte, 1), -ECONNRESET);
	scene_close(B, p.b);
	assert_int_equal(scene_connect(A, p.a, B, PORT), 0);
	p.b = scene_accept(B, p.listener);
	scene_carry(B, p.b, A, p.a, 1000);
	scene_pair_close(&p);
}

/* Connects @fd to @port; returns the SYN. */
static const struct seg *the_syn_to(int fd, uint16_t port)
{
	scene_mark();
	assert_int_equal(scene_connect(A, fd, B, port), 0);
	return scene_nth(A, SYN, 1);
}

/*
 * RFC 6528: ISN = M + F(four-tuple, secret), where M grows by one in 64 ns.  This also holds for a
 * socket that connects again: if its ISN followed from the last connection's numbers, the last peer
 * could guess it.
 */
static void the_first_number_of_another_connection(void)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	int here = scene_listen(B, PORT, 1), there = scene_listen(B, PORT + 1, 1);
	int fd = scene_socket(A), b[3];
	struct seg syn[3];
	uint32_t steps;

	assert_int_equal(scene_bind(A, fd, 5000), 0);
	for (unsigned int i = 0; i < 3; i++) {
		syn[i] = *the_syn_to(fd, i < 2 ? PORT : PORT + 1);
		b[i] = scene_accept(B, i < 2 ? here : there);
		scene_carry(A, fd, B, b[i], 50000);
		scene_sleep(1 * SEC);
		assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&nowhere), sizeof(nowhere)), 0);
		scene_close(B, b[i]);
	}
	steps = (syn[1].ns - syn[0].ns) >> 6;
	assert_in_range(syn[1].seq - syn[0].seq - steps + 1, 0, 2);
	/*
	 * The third connection has another port, so another F.  It is unlikely that the two values
	 * of F are nearly equal.
	 */
	steps = (syn[2].ns - syn[1].ns) >> 6;
	assert_in_range(syn[2].seq - syn[1].seq - steps + 2048, 4096, 0xffffffff);
	assert_in_range(syn[2].seq - (syn[1].seq + 50000) + 100000, 200000, 0xffffffff);
	scene_close(A, fd);
	scene_close(B, here);
	scene_close(B, there);
}

/*
 * A write to a connection that ended returns EPIPE, with and without MSG_NOSIGNAL: the call is made
 * by a thread of the kernel, which gets no signal.
 */
static void broken_pipe(void)
{
	struct pair p = scene_pair();
	char x = 'x';
	struct iovec part = {.iov_base = &x, .iov_len = 1};

	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR("x"), 1, MSG_NOSIGNAL, 0, 0), -EPIPE);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR("x"), 1, 0, 0, 0), -EPIPE);
	assert_int_equal(scene_call(A, SYS_write, p.a, PTR("x"), 1), -EPIPE);
	assert_int_equal(scene_call(A, SYS_writev, p.a, PTR(&part), 1), -EPIPE);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), 0);
	/* On the peer's side the first write is sent and answered with a reset, and the second fails. */
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_send(B, p.b, "x", 1), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_get(B, p.b, SOL_SOCKET, SO_ERROR), EPIPE);
	assert_int_equal(scene_call(B, SYS_write, p.b, PTR("x"), 1), -EPIPE);
	scene_pair_close(&p);
}

/*
 * Addresses that do not name a single host are refused, except 0.0.0.0, which means this host (RFC
 * 1122 3.2.1.3).
 */
static void to_no_single_host(void)
{
	int listener = scene_listen(A, PORT, 1), fd = scene_socket(A), accepted;
	struct sockaddr_in to = *scene_address(B, PORT);

	to.sin_addr.s_addr = htonl(0x0a0000ff); /* the network's broadcast */
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), -ENETUNREACH);
	to.sin_addr.s_addr = htonl(0xe0000001); /* a multicast group */
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), -ENETUNREACH);
	to.sin_addr.s_addr = htonl(0);
	scene_mark();
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), 0);
	assert_int_equal(scene_count(A, TCP | OTHER), 0);
	accepted = scene_accept(A, listener);
	assert_true(accepted >= 0);
	scene_close(A, fd);
	scene_close(A, accepted);
	scene_close(A, listener);
	host_set_baseline(A); /* the cache may keep these routes */
}

/*
 * In SYN_SENT, an ACK with a wrong number starts a short timer that sends the SYN again.  Here such
 * ACKs arrive each millisecond, faster than that timer: the timer fires nevertheless, and connect()
 * ends in time.
 */
static void strange_acks_keep_no_syn_back(void)
{
	int fd = scene_socket(A);
	struct forged f = {.to = A, .sport = PORT, .flags = ACK_FLAG, .seq = 5000};
	int64_t ticket;

	scene_set(A, fd, IPPROTO_TCP, TCP_SYNCNT, 1);
	scene_drop_many(B, TCP, 1, ALWAYS);
	scene_drop_many(A, TCP, 1, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	f.dport = scene_port(A, fd);
	f.ack = scene_nth(A, SYN, 1)->seq + 700;
	for (unsigned int i = 0; i < 5000; i++) {
		forge_now(&f);
		scene_sleep(1 * MS);
	}
	assert_in_range(scene_count(A, RST), 4998, 5000);
	/*
	 * The second SYN follows the first ACK at once, the third follows after the doubled
	 * timeout.  (Linux 6.18 does the same if there is a pause between the ACKs:
	 * tests/packet/scripts/handshake/strange-ack-to-each-syn.pkt.)
	 */
	assert_int_equal(scene_count(A, SYN), 3);
	assert_gap_ms(scene_nth(A, RST, 1), scene_nth(A, SYN, 2), 0, 3);
	assert_gap_ms(scene_nth(A, SYN, 2), scene_nth(A, SYN, 3), 1999, 2001);
	assert_int_equal(scene_end(A, ticket), -ETIMEDOUT);
	assert_int_equal(scene_count(A, SYN), 3);
	scene_close(A, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(poll_wakes_on_success),
		SCENE(poll_wakes_on_refusal),
		SCENE(poll_wakes_on_timeout),
		SCENE(a_failed_attempt_is_told_by_connect),
		SCENE(after_so_error_connect_can_only_say_aborted),
		SCENE(a_failed_attempt_is_told_by_send_or_recv),
		SCENE(while_connecting),
		SCENE(calls_wait_for_the_connection),
		SCENE(two_threads_connect),
		SCENE(connected_once),
		SCENE(a_connection_is_dissolved),
		SCENE(the_first_number_of_another_connection),
		SCENE(broken_pipe),
		SCENE(to_no_single_host),
		SCENE(strange_acks_keep_no_syn_back),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Options and ioctls of one connection that other scenes do not test: the times of its ACKs, the
 * size of its window, the bytes in its queues.  Linux's tcp(7).
 */
#include "tests/hosted/scene.h"

#define PORT        7
#define SIOCINQ     0x541b /* Linux's <linux/sockios.h> */
#define SIOCOUTQ    0x5411
#define SIOCOUTQNSD 0x894b

static int ask(struct host *h, int fd, unsigned int request)
{
	int n = -1;

	assert_int_equal(scene_call(h, SYS_ioctl, fd, request, PTR(&n)), 0);
	return n;
}

/*
 * TCP_QUICKACK decides whether ACKs are sent at once or delayed.  RFC 1122 4.2.3.2 permits a delay
 * of up to half a second.
 */
static void acknowledged_now_or_later(void)
{
	struct pair p = scene_pair();
	char got[4];

	/* After a conversation, ACKs are delayed. */
	for (unsigned int i = 0; i < 3; i++) {
		scene_carry(A, p.a, B, p.b, 1);
		scene_carry(B, p.b, A, p.a, 1);
	}
	scene_sleep(1 * SEC);
	for (unsigned int quick = 0; quick < 2; quick++) {
		assert_int_equal(scene_set(B, p.b, IPPROTO_TCP, TCP_QUICKACK, quick), 0);
		assert_int_equal(scene_get(B, p.b, IPPROTO_TCP, TCP_QUICKACK), quick);
		scene_mark();
		scene_send_all(A, p.a, "x", 1);
		scene_recv_all(B, p.b, got, 1);
		scene_sleep(1 * SEC);
		assert_int_equal(scene_count(B, ACK), 1);
		if (quick)
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(B, ACK, 1), 1, 2);
		else
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(B, ACK, 1), 40, 210);
	}
	scene_pair_close(&p);
}

/*
 * RFC 9293 3.8.6: TCP_WINDOW_CLAMP limits the offered window, whatever the buffer's size.  The
 * buffer is fixed here; if a buffer may grow, the clamp grows with it, as in Linux 4.11's
 * tcp_rcv_space_adjust().
 */
static void no_larger_window(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

	scene_set(B, listener, SOL_SOCKET, SO_RCVBUF, 100000);
	assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP, 8000), 0);
	assert_int_equal(scene_get(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP), 8000);
	assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0), -EINVAL);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_accept(B, listener);
	assert_in_range(scene_nth(B, SYNACK, 1)->window, 1448, 8000);
	scene_carry(A, fd, B, accepted, 100000);
	for (unsigned int i = 1; i <= scene_count(B, ACK); i++) {
		const struct seg *ack = scene_nth(B, ACK, i);
		uint32_t window = (uint32_t)ack->window << scene_nth(B, SYNACK, 1)->wscale;

		assert_in_range(window, 0, 8000);
	}
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/*
 * Linux's ioctls return the bytes that are unread, not acknowledged, and not sent.  A FIN has a
 * sequence number but is no byte to read.
 */
static void bytes_in_the_queues(void)
{
	struct pair p = scene_pair();
	char got[100];

	assert_int_equal(ask(B, p.b, SIOCINQ), 0);
	scene_drop(B, ACK, 1);
	scene_send_all(A, p.a, "hello", 5);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 5);
	assert_int_equal(ask(A, p.a, SIOCOUTQNSD), 0);
	scene_sleep(10 * MS);
	assert_int_equal(ask(B, p.b, SIOCINQ), 5);
	scene_recv_all(B, p.b, got, 2);
	assert_int_equal(ask(B, p.b, SIOCINQ), 3);
	scene_sleep(1 * SEC);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 0);
	/* A cork holds the data back. */
	scene_set(A, p.a, IPPROTO_TCP, TCP_CORK, 1);
	scene_send_all(A, p.a, "more", 4);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 4);
	assert_int_equal(ask(A, p.a, SIOCOUTQNSD), 4);
	scene_shutdown(A, p.a, SHUT_WR);
	scene_sleep(10 * MS);
	assert_int_equal(ask(B, p.b, SIOCINQ), 3 + 4);
	scene_recv_all(B, p.b, got, 7);
	assert_int_equal(ask(B, p.b, SIOCINQ), 0);
	assert_int_equal(scene_call(B, SYS_ioctl, p.listener, SIOCINQ, PTR(got)), -EINVAL);
	scene_pair_close(&p);
}

/* TCP_CONGESTION returns a name in a field of this size (Linux's TCP_CA_NAME_MAX). */
#define NAME_MAX_LEN 16

static int congestion(struct host *h, int fd, const char *name, socklen_t len)
{
	return scene_call(h, SYS_setsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, PTR(name), len);
}

static void which_congestion_control(void)
{
	struct pair p = scene_pair();
	char name[32];
	socklen_t len = sizeof(name);

	assert_int_equal(scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_CONGESTION, PTR(name),
				    PTR(&len)),
			 0);
	assert_int_equal(len, NAME_MAX_LEN);
	assert_string_equal(name, "cubic");
	/* TCP_CC_INFO: cubic has no data of its own. */
	len = sizeof(name);
	assert_int_equal(
		scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_CC_INFO, PTR(name), PTR(&len)),
		0);
	assert_int_equal(len, 0);
	assert_int_equal(congestion(A, p.a, "reno", 4), 0); /* the name need not end with a NUL */
	assert_int_equal(congestion(A, p.a, "reno", 5), 0);
	assert_int_equal(congestion(A, p.a, "ren", 3), -ENOENT);
	assert_int_equal(congestion(A, p.a, "reno", 0), -EINVAL);
	assert_int_equal(congestion(A, p.a, (char *)8, 4), -EFAULT);
	scene_carry(A, p.a, B, p.b, 50000);
	scene_pair_close(&p);
}

/*
 * A connection keeps its congestion control when the default changes.  A socket may choose any
 * algorithm that is allowed.  An accepted socket inherits the listener's.
 */
static void congestion_control_by_sysctl(void)
{
	struct pair p = scene_pair();
	char name[32];
	socklen_t len = sizeof(name);

	assert_string_equal(scene_sysctl_get(A, "net/ipv4/tcp_available_congestion_control"),
			    scene_sysctl_get(B, "net/ipv4/tcp_available_congestion_control"));
	scene_sysctl(A, "net/ipv4/tcp_congestion_control", "reno");
	scene_sysctl(A, "net/ipv4/tcp_allowed_congestion_control", "reno");
	assert_string_equal(scene_sysctl_get(A, "net/ipv4/tcp_allowed_congestion_control"),
			    "reno\n");
	/* The socket uses cubic already, so cubic need not be allowed. */
	assert_int_equal(congestion(A, p.a, "cubic", 5), 0);
	assert_int_equal(congestion(A, p.a, "reno", 4), 0);
	assert_int_equal(congestion(A, p.a, "cubic", 5), -EPERM);
	scene_sysctl(A, "net/ipv4/tcp_allowed_congestion_control", " reno,cubic\n");
	assert_int_equal(congestion(A, p.a, "cubic", 5), 0);
	scene_pair_close(&p);

	p = (struct pair){.listener = scene_listen(B, 8, 1), .a = scene_socket(A)};
	assert_int_equal(congestion(B, p.listener, "reno", 4), 0);
	assert_int_equal(scene_connect(A, p.a, B, 8), 0);
	p.b = scene_accept(B, p.listener);
	assert_int_equal(scene_call(B, SYS_getsockopt, p.b, IPPROTO_TCP, TCP_CONGESTION, PTR(name),
				    PTR(&len)),
			 0);
	assert_string_equal(name, "reno");
	scene_pair_close(&p);
}

static struct timeval timeout_of(struct host *h, int fd, int option)
{
	struct timeval tv;
	socklen_t len = sizeof(tv);

	assert_int_equal(scene_call(h, SYS_getsockopt, fd, SOL_SOCKET, option, PTR(&tv), PTR(&len)),
			 0);
	assert_int_equal(len, sizeof(tv));
	return tv;
}

static void set_timeval(int fd, int option, long sec, long usec)
{
	const struct timeval tv = {sec, usec};

	assert_int_equal(
		scene_call(A, SYS_setsockopt, fd, SOL_SOCKET, option, PTR(&tv), sizeof(tv)), 0);
}

/* socket(7): a timeout of zero means no limit; a negative timeout expires at once. */
static void limits_of_time_read_back(void)
{
	static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
	struct pair p = scene_pair();
	uint64_t begin;
	char byte;

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(timeout_of(A, p.a, options[i]).tv_sec, 0);
		assert_int_equal(timeout_of(A, p.a, options[i]).tv_usec, 0);
		set_timeval(p.a, options[i], 1, 500000);
		assert_int_equal(timeout_of(A, p.a, options[i]).tv_sec, 1);
		assert_int_equal(timeout_of(A, p.a, options[i]).tv_usec, 500000);
	}
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -EAGAIN);
	assert_ms(scene_now() - begin, 1500, 1511);
	set_timeval(p.a, SO_RCVTIMEO, -1, 0);
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -EAGAIN);
	assert_ms(scene_now() - begin, 0, 0);
	set_timeval(p.a, SO_RCVTIMEO, 0, 0);
	assert_int_equal(timeout_of(A, p.a, SO_RCVTIMEO).tv_sec, 0);
	scene_pair_close(&p);
}

/*
 * tcp(7), TCP_DEFER_ACCEPT: the seconds are converted to rounds of the SYN-ACK's timer.  The
 * duration of these rounds is read back: 1, 1 + 2, 1 + 2 + 4 ...
 */
static void deferred_seconds_are_rounds(void)
{
	static const int asked[] = {0, 1, 2, 3, 4, 7, 8, 60}, got[] = {0, 1, 3, 3, 7, 7, 15, 63};
	int fd = scene_socket(A);

	for (unsigned int i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		assert_int_equal(scene_set(A, fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, asked[i]), 0);
		assert_int_equal(scene_get(A, fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), got[i]);
	}
	scene_close(A, fd);
}

/* The values of options on a new socket (tcp(7), socket(7)), and after a change. */
static void values_read_back(void)
{
	static const struct {
		int level, option, fresh, set, is;
	} cases[] = {
		{IPPROTO_TCP, TCP_SYNCNT, 6, 3, 3}, /* sysctl tcp_syn_retries */
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 3000, 3000},
		{IPPROTO_TCP, TCP_CORK, 0, 1, 1},
		{IPPROTO_TCP, TCP_NODELAY, 0, 1, 1},
		{IPPROTO_TCP, TCP_NODELAY, 1, 0, 0},
		{IPPROTO_TCP, TCP_MAXSEG, 536, 1000,
		 1000}, /* 536 without an MSS option: RFC 9293 3.7.1 */
		{SOL_SOCKET, SO_REUSEADDR, 0, 7, 1},
		{SOL_SOCKET, SO_REUSEADDR, 1, 0, 0},
		{SOL_SOCKET, SO_REUSEPORT, 0, 7, 1},
		{SOL_SOCKET, SO_REUSEPORT, 1, 0, 0},
		{SOL_SOCKET, SO_BROADCAST, 0, 1, 1},
		{SOL_SOCKET, SO_BROADCAST, 1, 0, 0},
		{SOL_SOCKET, SO_KEEPALIVE, 0, 1, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1, 0, 0},
		/* at most half of the largest buffer */
		{SOL_SOCKET, SO_RCVLOWAT, 1, -1, 6291456 / 2},
		{SOL_SOCKET, SO_RCVLOWAT, 6291456 / 2, 0, 1},
		{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, IP_PMTUDISC_DO, IP_PMTUDISC_DO},
		{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0, 7, 1},
		{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0, 0},
	};
	int fd = scene_socket(A);

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int level = cases[i].level, option = cases[i].option;

		assert_int_equal(scene_get(A, fd, level, option), cases[i].fresh);
		assert_int_equal(scene_set(A, fd, level, option, cases[i].set), 0);
		assert_int_equal(scene_get(A, fd, level, option), cases[i].is);
	}
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDLOWAT), 1);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, -1), -EINVAL);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, 100), -EINVAL);
	scene_close(A, fd);
}

/*
 * The buffer may be shorter than the option's value; at level IP a single byte is enough. A length
 * of 0 and a bad pointer are errors.
 */
static void short_room(void)
{
	int fd = scene_socket(A), value = -1;
	uint8_t byte = 200;
	socklen_t len = 1;

	assert_int_equal(scene_call(A, SYS_setsockopt, fd, IPPROTO_IP, IP_TTL, PTR(&byte), 1), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_TTL), 200);
	byte = 0;
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_TTL, PTR(&byte), PTR(&len)), 0);
	assert_int_equal(byte, 200);
	assert_int_equal(len, 1);
	assert_int_equal(scene_call(A, SYS_setsockopt, fd, IPPROTO_IP, IP_TTL, PTR(&byte), 0),
			 -EINVAL);
	assert_int_equal(scene_call(A, SYS_setsockopt, fd, IPPROTO_IP, IP_TTL, 8, 1), -EFAULT);
	assert_int_equal(scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_TTL, 8, PTR(&len)),
			 -EFAULT);
	len = 4;
	assert_int_equal(scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_TTL, 8, PTR(&len)),
			 -EFAULT);
	assert_int_equal(scene_call(A, SYS_getsockopt, fd, IPPROTO_TCP, TCP_NODELAY, 8, PTR(&len)),
			 -EFAULT);
	assert_int_equal(scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, 8, PTR(&len)),
			 -EFAULT);
	len = 2;
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, IPPROTO_TCP, TCP_NODELAY, PTR(&value), PTR(&len)),
		0);
	assert_int_equal(len, 2);
	assert_int_equal(value, (int)0xffff0000); /* only the two lower bytes became 0 */
	scene_close(A, fd);
}

/* ip(7): TTL and TOS are in the header of each packet, and so is "don't fragment", unless it is disabled. */
static void on_every_header(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TTL, 99), 0);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TOS, 0x10), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_accept(B, listener);
	scene_carry(A, fd, B, accepted, 5000);
	for (unsigned int i = 1; i <= scene_count(A, TCP); i++) {
		assert_int_equal(scene_nth(A, TCP, i)->ttl, 99);
		assert_int_equal(scene_nth(A, TCP, i)->tos, 0x10);
		assert_false(scene_nth(A, TCP, i)->may_be_cut);
	}
	assert_int_equal(scene_nth(B, TCP, 1)->ttl, 64);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT), 0);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TTL, -1), 0); /* the system's default */
	scene_mark();
	scene_carry(A, fd, B, accepted, 5000);
	assert_true(scene_nth(A, DATA, 1)->may_be_cut);
	assert_int_equal(scene_nth(A, DATA, 1)->ttl, 64);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/* tcp(7): TCP_NODELAY sends waiting data, even under TCP_CORK; later data is held back by the cork again. */
static void a_cork_and_no_delay(void)
{
	struct pair p = scene_pair();
	char got[6];

	scene_set(A, p.a, IPPROTO_TCP, TCP_CORK, 1);
	scene_mark();
	scene_send_all(A, p.a, "abc", 3);
	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_int_equal(scene_count(A, DATA), 1);
	scene_send_all(A, p.a, "def", 3);
	scene_sleep(100 * MS);
	assert_int_equal(scene_count(A, DATA), 1);
	scene_set(A, p.a, IPPROTO_TCP, TCP_CORK, 0);
	assert_int_equal(scene_count(A, DATA), 2);
	scene_recv_all(B, p.b, got, 6);
	scene_pair_close(&p);
}

/*
 * A new idle time of keepalive counts from the peer's last segment, not from the call.  If
 * keepalive is switched off, no probe is sent.
 */
static void another_idle_time(void)
{
	struct pair p = scene_pair();

	scene_set(A, p.a, SOL_SOCKET, SO_KEEPALIVE, 1);
	scene_sleep(10 * SEC);
	scene_mark();
	scene_set(A, p.a, IPPROTO_TCP, TCP_KEEPIDLE, 15);
	scene_sleep(4 * SEC);
	assert_int_equal(scene_count(A, TCP), 0);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_counter(A, "TcpExt.TCPKeepAlive"), 1);
	scene_sleep(10 * SEC);
	/* The last segment came ten seconds ago, so an idle time of five seconds has already passed. */
	scene_set(A, p.a, IPPROTO_TCP, TCP_KEEPIDLE, 5);
	scene_sleep(100 * MS);
	assert_int_equal(scene_counter(A, "TcpExt.TCPKeepAlive"), 2);
	scene_set(A, p.a, SOL_SOCKET, SO_KEEPALIVE, 0);
	scene_sleep(60 * SEC);
	assert_int_equal(scene_counter(A, "TcpExt.TCPKeepAlive"), 2);
	scene_pair_close(&p);
}

/*
 * Keepalive that is set before there is a connection, on a socket or on a listener, begins with the
 * connection.
 */
static void keepalive_from_the_start(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

	scene_set(A, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	scene_set(A, fd, IPPROTO_TCP, TCP_KEEPIDLE, 5);
	scene_set(B, listener, SOL_SOCKET, SO_KEEPALIVE, 1);
	scene_set(B, listener, IPPROTO_TCP, TCP_KEEPIDLE, 3);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_accept(B, listener);
	scene_mark();
	scene_sleep(3500 * MS);
	assert_int_equal(scene_counter(B, "TcpExt.TCPKeepAlive"), 1);
	assert_int_equal(scene_get(B, accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
	/* A received B's probe, so A's idle time starts again. */
	scene_set(B, accepted, SOL_SOCKET, SO_KEEPALIVE, 0);
	scene_sleep(6 * SEC);
	assert_int_equal(scene_counter(A, "TcpExt.TCPKeepAlive"), 1);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/*
 * tcp(7), TCP_QUICKACK off: the handshake's last ACK is delayed, so that the client's first data
 * can carry it.
 */
static void the_last_ack_rides_on_data(void)
{
	int listener = scene_listen(B, PORT, 4), accepted;
	char got[3];

	for (unsigned int speaks = 0; speaks < 2; speaks++) {
		int fd = scene_socket(A);

		scene_set(A, fd, IPPROTO_TCP, TCP_QUICKACK, 0);
		scene_mark();
		assert_int_equal(scene_connect(A, fd, B, PORT), 0);
		if (speaks) {
			scene_send_all(A, fd, "now", 3);
			accepted = scene_accept(B, listener);
			assert_int_equal(scene_nth(A, TCP, 2)->len, 3);
			scene_recv_all(B, accepted, got, 3);
		} else {
			accepted = scene_accept(B, listener);
			/*
			 * Without data the ACK is sent alone, before the peer would send its
			 * SYN-ACK again after a second.
			 */
			assert_gap_ms(scene_nth(B, SYNACK, 1), scene_nth(A, ACK, 1), 40, 210);
		}
		scene_sleep(5 * SEC);
		assert_int_equal(scene_count(B, SYNACK), 1);
		scene_close(A, fd);
		scene_sleep(10 * MS);
		scene_close(B, accepted);
		scene_sleep(10 * MS);
	}
	scene_close(B, listener);
}

/*
 * On a stream, sendto() and sendmsg() read the given address and ignore it; receiving calls write
 * no address (as on Linux).
 */
static void addresses_with_each_piece(void)
{
	struct pair p = scene_pair();
	struct sockaddr_in to = *scene_address(A, 1), from = {.sin_port = 77};
	socklen_t len = sizeof(from);
	char out[] = "piece", in[5];
	struct iovec iov = {out, 5};
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1};

	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR(out), 5, 0, PTR(&to), sizeof(to)), 5);
	assert_int_equal(scene_call(B, SYS_recvfrom, p.b, PTR(in), 5, 0, PTR(&from), PTR(&len)), 5);
	assert_int_equal(len, 0); /* no address was written */
	assert_int_equal(from.sin_port, 77);
	assert_int_equal(scene_call(A, SYS_sendmsg, p.a, PTR(&msg), 0), 5);
	iov.iov_base = in;
	assert_int_equal(scene_call(B, SYS_recvmsg, p.b, PTR(&msg), 0), 5);
	assert_int_equal(msg.msg_namelen, 0);
	assert_memory_equal(in, "piece", 5);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR(out), 5, 0, 8, sizeof(to)), -EFAULT);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR(out), 5, 0, PTR(&to), 1000), -EINVAL);
	msg.msg_name = (void *)8;
	msg.msg_namelen = sizeof(to);
	assert_int_equal(scene_call(A, SYS_sendmsg, p.a, PTR(&msg), 0), -EFAULT);
	assert_int_equal(scene_count(A, DATA), 2);
	scene_pair_close(&p);
}

/* tcp(7): setting TCP_QUICKACK sends a delayed ACK at once. */
static void acknowledged_because_it_is_asked_for(void)
{
	struct pair p = scene_pair();
	char got;

	scene_set(B, p.b, IPPROTO_TCP, TCP_QUICKACK, 0);
	scene_mark();
	scene_send_all(A, p.a, "x", 1);
	scene_recv_all(B, p.b, &got, 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, ACK), 0);
	scene_set(B, p.b, IPPROTO_TCP, TCP_QUICKACK, 1);
	assert_int_equal(scene_count(B, ACK), 1);
	scene_pair_close(&p);
}

/*
 * tcp(7), TCP_DEFER_ACCEPT: when its time is over, the SYN-ACK is sent again, and the client's ACK
 * completes the connection without data.  If that SYN-ACK is lost, it is retransmitted like any
 * other.
 */
static void deferred_without_any_data(void)
{
	for (unsigned int lost = 0; lost < 3; lost++) {
		int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

		scene_set(B, listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
		scene_mark();
		scene_drop_many(B, SYNACK, 2, lost);
		assert_int_equal(scene_connect(A, fd, B, PORT), 0);
		accepted = scene_accept(B, listener);
		assert_true(accepted >= 0);
		assert_int_equal(scene_count(B, SYNACK), 2 + lost);
		assert_gap_ms(scene_nth(B, SYNACK, 1), scene_nth(B, SYNACK, 2), 1000, 1020);
		scene_carry(A, fd, B, accepted, 1000);
		scene_close(A, fd);
		scene_sleep(10 * MS);
		scene_close(B, accepted);
		scene_close(B, listener);
		scene_sleep(70 * SEC);
	}
}

/*
 * With a negative TCP_LINGER2 no orphan waits for the peer's FIN: neither when the application closes
 * in ESTABLISHED, nor when it closes in FIN_WAIT2.
 */
static void no_lingering_in_fin_wait2(void)
{
	for (unsigned int already = 0; already < 2; already++) {
		struct pair p = scene_pair();

		scene_set(A, p.a, IPPROTO_TCP, TCP_LINGER2, -1);
		scene_mark();
		if (already) {
			scene_shutdown(A, p.a, SHUT_WR);
			scene_sleep(10 * MS);
			assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
		}
		scene_close(A, p.a);
		scene_sleep(300 * MS); /* B's ACK may be delayed */
		assert_int_equal(scene_count(A, FIN), 1);
		assert_int_equal(scene_count(A, RST), 1);
		assert_int_equal(scene_state(A, p.aport, p.bport), 0);
		assert_int_equal(scene_state(B, p.bport, p.aport), 0);
		assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnLinger"), already);
		p.a = -1;
		scene_pair_close(&p);
	}
}

/* A FIN_WAIT2 longer than a minute: the socket waits first; for the last minute a small timewait object
 * replaces it. */
static void a_long_fin_wait2(void)
{
	for (unsigned int already = 0; already < 2; already++) {
		struct pair p = scene_pair();

		scene_sysctl(A, "net/ipv4/tcp_fin_timeout", "120");
		scene_set(A, p.a, IPPROTO_TCP, TCP_LINGER2, 120);
		assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_LINGER2), 120);
		if (already) {
			scene_shutdown(A, p.a, SHUT_WR);
			scene_sleep(10 * MS);
		}
		scene_close(A, p.a);
		scene_sleep(110 * SEC);
		assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
		scene_sleep(20 * SEC);
		assert_int_equal(scene_state(A, p.aport, p.bport), 0);
		p.a = -1;
		scene_pair_close(&p);
	}
}

/* With TCP_USER_TIMEOUT, keepalive gives up after that time, whatever the number of probes. */
static void keepalive_with_a_user_timeout(void)
{
	struct pair p = scene_pair();
	uint64_t begin;
	char byte;

	scene_set(A, p.a, IPPROTO_TCP, TCP_KEEPIDLE, 2);
	scene_set(A, p.a, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	scene_set(A, p.a, IPPROTO_TCP, TCP_KEEPCNT, 100);
	scene_set(A, p.a, IPPROTO_TCP, TCP_USER_TIMEOUT, 5500);
	scene_set(A, p.a, SOL_SOCKET, SO_KEEPALIVE, 1);
	scene_drop_many(B, TCP, 1, ALWAYS);
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ETIMEDOUT);
	assert_ms(scene_now() - begin, 5500, 6600);
	/* probes at 2, 3, 4 and 5 s */
	assert_int_equal(scene_counter(A, "TcpExt.TCPKeepAlive"), 4);
	scene_heal();
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(acknowledged_now_or_later),
		SCENE(no_larger_window),
		SCENE(bytes_in_the_queues),
		SCENE(which_congestion_control),
		SCENE(congestion_control_by_sysctl),
		SCENE(limits_of_time_read_back),
		SCENE(deferred_seconds_are_rounds),
		SCENE(values_read_back),
		SCENE(short_room),
		SCENE(on_every_header),
		SCENE(a_cork_and_no_delay),
		SCENE(another_idle_time),
		SCENE(keepalive_from_the_start),
		SCENE(the_last_ack_rides_on_data),
		SCENE(addresses_with_each_piece),
		SCENE(acknowledged_because_it_is_asked_for),
		SCENE(deferred_without_any_data),
		SCENE(no_lingering_in_fin_wait2),
		SCENE(a_long_fin_wait2),
		SCENE(keepalive_with_a_user_timeout),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets over loopback: sequences of calls that are also made on Linux, with equal results
 * (beside.h). test_udp_messages.c has control messages and special writes,
 * test_udp_wire.c the scenes of two hosts.
 */
#include "tests/hosted/udp_calls.h"

#include <sys/ioctl.h>

/* Notes whether @fd has a local port and a local address, and its peer. */
static void note_names(const char *what, int fd)
{
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);
	char name[160];

	snprintf(name, sizeof(name), "%s: a port", what);
	on(SYS_getsockname, fd, PTR(&at), PTR(&len));
	note(name, at.sin_port != 0);
	snprintf(name, sizeof(name), "%s: an address", what);
	note(name, at.sin_addr.s_addr != 0);
	snprintf(name, sizeof(name), "%s: a peer", what);
	len = sizeof(at);
	note(name, on(SYS_getpeername, fd, PTR(&at), PTR(&len)));
}

/* The route to the broadcast address stays in A's cache. */
static void resolve_broadcast(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_BROADCAST)};
	int fd = udp_socket();

	on(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&to), sizeof(to));
	on(SYS_close, fd);
	if (!on_linux())
		host_set_baseline(A);
}

static void errors_of_calls(void)
{
	struct sockaddr_in to = self(9),
			   other = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x01020304)};
	struct sockaddr_in six = {.sin_family = AF_INET6, .sin_port = htons(9)};
	int fd = -1, value = 0, pair[2];
	socklen_t len = sizeof(to);

	resolve_broadcast();
	fd = udp_socket();

	on(SYS_close, open_by(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_UDP));
	open_by(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_TCP);
	note("type", option(fd, SOL_SOCKET, SO_TYPE));
	note("protocol", option(fd, SOL_SOCKET, SO_PROTOCOL));
	note("listens", option(fd, SOL_SOCKET, SO_ACCEPTCONN));
	note_names("new", fd);
	try(SYS_listen, fd, 1);
	try(SYS_accept, fd, 0, 0);
	try(SYS_accept4, fd, 0, 0, 0x100000);
	try(SYS_socketpair, AF_INET, SOCK_DGRAM, 0, PTR(pair));
	try(SYS_sendto, fd, PTR("a"), 1, 0, 0, 0);
	note_names("after a send without a destination", fd);
	try(SYS_write, fd, PTR("a"), 1);
	try(SYS_read, fd, PTR(bytes), 1);
	try(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&to), 8);
	try(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&six), sizeof(six));
	to.sin_port = 0;
	try(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&to), sizeof(to));
	to.sin_port = htons(9);
	try(SYS_sendto, fd, PTR("a"), 1, MSG_OOB, PTR(&to), sizeof(to));
	try(SYS_sendto, fd, PTR(bytes), 65508, 0, PTR(&to), sizeof(to));
	try(SYS_sendto, fd, PTR(bytes), 65536, 0, PTR(&to), sizeof(to));
	try(SYS_sendto, fd, 1, 1, 0, PTR(&to), sizeof(to));
	try(SYS_sendto, fd, PTR("a"), 1, 0, 1, sizeof(to));
	try(SYS_connect, fd, PTR(&to), 1);
	try(SYS_connect, fd, PTR(&to), 8);
	try(SYS_connect, fd, PTR(&six), sizeof(six));
	try(SYS_bind, fd, PTR(&to), 8);
	try(SYS_bind, fd, PTR(&to), sizeof(to));
	on(SYS_close, fd);
	fd = udp_socket();
	try(SYS_bind, fd, PTR(&other), sizeof(other));
	try(SYS_bind, fd, PTR(&six), sizeof(six));
	try(SYS_getsockname, fd, PTR(&to), PTR(&len));
	try(SYS_recvfrom, fd, PTR(bytes), 1, MSG_OOB, 0, 0);
	try(SYS_recvfrom, fd, PTR(bytes), 1, MSG_ERRQUEUE, 0, 0);
	try(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, PTR(&value), sizeof(value));
	try(SYS_ioctl, fd, 0x1234, PTR(&value));
	try(SYS_shutdown, fd, SHUT_WR);
	try(SYS_shutdown, fd, 9);
	on(SYS_close, fd);
	/* A broadcast needs SO_BROADCAST. */
	fd = udp_socket();
	to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	to.sin_port = htons(9);
	try(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&to), sizeof(to));
	try(SYS_connect, fd, PTR(&to), sizeof(to));
	note_names("after a refused connect", fd);
	on(SYS_close, fd);
}
BESIDE_LINUX(errors_of_calls)

/* The limits of ICMP errors do not concern loopback: each of many datagrams is refused. */
static void each_is_refused(void)
{
	int fd = udp_socket(), gone = udp_socket(), refused = 0;
	uint16_t port = bind_any(gone);

	on(SYS_close, gone);
	note("connect", connect_to(fd, port));
	for (unsigned int i = 0; i < 100; i++) {
		on(SYS_sendto, fd, PTR("x"), 1, 0, 0, 0);
		if (!on_linux())
			scene_sleep(1 * MS);
		refused += option(fd, SOL_SOCKET, SO_ERROR) == ECONNREFUSED;
	}
	note("refused", refused);
	on(SYS_close, fd);
}
BESIDE_LINUX(each_is_refused)

static void datagrams_keep_their_bounds(void)
{
	int a = udp_socket(), b = udp_socket(), n = 0;
	uint16_t aport = bind_any(a), bport = bind_any(b);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	note_poll("idle", b);
	try(SYS_ioctl, b, FIONREAD, PTR(&n));
	note("readable", n);
	note("empty", recv_some(b, 10, 0));
	note("sent", send_to(a, bport, "abc"));
	note("sent", send_to(a, bport, ""));
	note("sent", send_to(a, bport, "defgh"));
	note_poll("three datagrams", b);
	try(SYS_ioctl, b, FIONREAD, PTR(&n));
	note("readable", n);
	note("peeked", recv_some(b, 2, MSG_PEEK));
	note("peeked", recv_some(b, 2, MSG_PEEK | MSG_TRUNC));
	try(SYS_recvfrom, b, PTR(bytes), 10, 0, PTR(&from), PTR(&len));
	note("port of the sender", ntohs(from.sin_port) == aport);
	note("address of the sender", from.sin_addr.s_addr == self(0).sin_addr.s_addr);
	note("length of the address", len);
	note("byte", bytes[2]);
	try(SYS_ioctl, b, FIONREAD, PTR(&n));
	note("readable: an empty one", n);
	note_poll("an empty one", b);
	note("empty", recv_some(b, 10, 0));
	note("cut", recv_some(b, 3, MSG_TRUNC));
	note("the rest is lost", recv_some(b, 10, 0));
	send_to(a, bport, "a buffer that is invalid");
	try(SYS_recvfrom, b, 1, 10, 0, 0, 0);
	note("that one is lost", recv_some(b, 10, 0));
	send_to(a, bport, "abc");
	try(SYS_recvfrom, b, PTR(bytes), 3, 0, 1, 1);
	send_to(a, bport, "abc");
	note("no room at all", recv_some(b, 0, 0));
	note("lost", recv_some(b, 10, 0));
	send_to(a, bport, "abc");
	try(SYS_read, b, PTR(bytes), 0);
	note("a read of nothing takes nothing", recv_some(b, 10, 0));
	try(SYS_ioctl, a, TIOCOUTQ, PTR(&n));
	note("unsent", n);
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(datagrams_keep_their_bounds)

/* The flags that recvmsg() returns, with a vector of two buffers. */
static void messages_report_a_cut(void)
{
	int a = udp_socket(), b = udp_socket();
	uint16_t bport = bind_any(b);
	struct iovec iov[2] = {{bytes, 2}, {bytes + 10, 3}};
	struct sockaddr_in from;
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = iov, .msg_iovlen = 2};

	for (unsigned int n = 4; n < 8; n++) {
		struct sockaddr_in to = self(bport);

		on(SYS_sendto, a, PTR("1234567"), n, 0, PTR(&to), sizeof(to));
		try(SYS_recvmsg, b, PTR(&msg), 0);
		note("flags", msg.msg_flags);
		note("byte", bytes[11]);
		note("length of the address", msg.msg_namelen);
	}
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(messages_report_a_cut)

static void long_datagrams(void)
{
	static const unsigned int sizes[] = {1, 2, 1471, 1472, 1473, 4096, 20000, 65506, 65507};
	int a = udp_socket(), b = udp_socket();
	uint16_t bport = bind_any(b);
	struct sockaddr_in to = self(bport);

	bind_any(a);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned int n = sizes[i];

		scene_fill((uint8_t *)bytes, n, n);
		note("sent", on(SYS_sendto, a, PTR(bytes), n, 0, PTR(&to), sizeof(to)));
		memset(bytes, 0, sizeof(bytes));
		note("received", recv_some(b, sizeof(bytes), 0));
		for (unsigned int k = 0; k < n; k++) {
			static uint8_t want[70000];

			if (!k)
				scene_fill(want, n, n);
			if ((uint8_t)bytes[k] != want[k]) {
				note("wrong at", k);
				break;
			}
		}
	}
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(long_datagrams)

/* A connected socket receives from its peer only, and gets the error of a closed port. */
static void connected_sockets(void)
{
	int a = udp_socket(), b = udp_socket(), c = udp_socket(), closed = udp_socket();
	uint16_t aport = bind_any(a), bport = bind_any(b), closed_port = bind_any(closed);

	on(SYS_close, closed);
	note("connect", connect_to(a, bport));
	note_names("connected", a);
	note("again", connect_to(a, bport));
	try(SYS_write, a, PTR("abc"), 3);
	note("received", recv_some(b, 10, 0));
	note("from the peer", send_to(b, aport, "abcd"));
	note("from a stranger", send_to(c, aport, "abcde"));
	note("received", recv_some(a, 10, 0));
	note("none of the stranger", recv_some(a, 10, 0));
	note("to another", send_to(a, bport, "abcdef"));
	note("received", recv_some(b, 10, 0));

	note("connect to a closed port", connect_to(a, closed_port));
	try(SYS_write, a, PTR("abc"), 3);
	note_poll("refused", a);
	note("refused", recv_some(a, 10, 0));
	note("once", recv_some(a, 10, 0));
	try(SYS_write, a, PTR("abc"), 3);
	try(SYS_write, a, PTR("abc"), 3);
	try(SYS_write, a, PTR("abc"), 3);
	note("error", option(a, SOL_SOCKET, SO_ERROR));
	note("no error", option(a, SOL_SOCKET, SO_ERROR));
	/* A datagram that waits is returned after the error. */
	note("connect", connect_to(a, bport));
	send_to(b, aport, "abcd");
	note("connect to a closed port", connect_to(a, closed_port));
	try(SYS_write, a, PTR("abc"), 3);
	note("refused", recv_some(a, 10, 0));
	note("received", recv_some(a, 10, 0));

	note("disconnect", disconnect(a));
	note_names("disconnected", a);
	try(SYS_write, a, PTR("abc"), 3);
	note("from a stranger", send_to(c, aport, "abcde"));
	note("received", recv_some(a, 10, 0));
	/* An unconnected socket gets no error. */
	note("to a closed port", send_to(a, closed_port, "abc"));
	note("not told", recv_some(a, 10, 0));
	/*
	 * A disconnect releases a port that bind() did not choose: here sendto()'s, then
	 * connect()'s.
	 */
	note("disconnect", disconnect(c));
	note_names("disconnected, with a port of sendto()", c);
	on(SYS_close, c);
	c = udp_socket();
	note("connect", connect_to(c, bport));
	note_names("connected", c);
	note("disconnect", disconnect(c));
	note_names("disconnected, with a port of connect()", c);
	on(SYS_close, a);
	on(SYS_close, b);
	on(SYS_close, c);
}
BESIDE_LINUX(connected_sockets)

static void shut_down(void)
{
	int a = udp_socket(), b = udp_socket();
	uint16_t aport = bind_any(a), bport = bind_any(b);

	on(SYS_fcntl, a, F_SETFL, 0);
	try(SYS_shutdown, a, SHUT_RD);
	connect_to(a, bport);
	try(SYS_shutdown, a, SHUT_RD);
	note_poll("no reading", a);
	note("a reader does not wait", recv_some(a, 10, 0));
	note("a reader does not wait", recv_some(a, 10, MSG_DONTWAIT));
	send_to(b, aport, "abc");
	note_poll("no reading, a datagram", a);
	note("received", recv_some(a, 10, 0));
	try(SYS_write, a, PTR("abc"), 3);
	note("received", recv_some(b, 10, 0));
	try(SYS_shutdown, a, SHUT_WR);
	note_poll("both", a);
	try(SYS_write, a, PTR("abc"), 3);
	note("nothing", recv_some(b, 10, 0));
	note("disconnect", disconnect(a));
	note_poll("disconnected", a);
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(shut_down)

/*
 * Sets the option @name (0: none) on a new socket, binds it to @port of the own address or of all
 * addresses, and notes the result.
 */
static int bind_with(const char *what, int name, bool all, uint16_t port)
{
	struct sockaddr_in at = self(port);
	int fd = udp_socket();

	if (name)
		set_option(fd, SOL_SOCKET, name, 1);
	if (all)
		at.sin_addr.s_addr = 0;
	note(what, on(SYS_bind, fd, PTR(&at), sizeof(at)));
	return fd;
}

/* Of several sockets that share a port by SO_REUSEADDR, the newest gets the datagrams. */
static void sharing_a_port(void)
{
	static const struct {
		int first, second;
		bool all_first, all_second;
	} cases[] = {
		{0, 0, false, false},
		{0, 0, true, false},
		{0, 0, false, true},
		{SO_REUSEADDR, 0, false, false},
		{0, SO_REUSEADDR, false, false},
		{SO_REUSEADDR, SO_REUSEADDR, false, false},
		{SO_REUSEADDR, SO_REUSEADDR, true, true},
		{SO_REUSEADDR, SO_REUSEADDR, true, false},
		{SO_REUSEADDR, SO_REUSEADDR, false, true},
		{SO_REUSEPORT, 0, false, false},
		{SO_REUSEPORT, SO_REUSEADDR, false, false},
		{SO_REUSEPORT, SO_REUSEPORT, true, false},
	};
	int sender = udp_socket(), probe = udp_socket();
	uint16_t port = bind_any(probe);

	on(SYS_close, probe);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int a = bind_with("first", cases[i].first, cases[i].all_first, port);
		int b = bind_with("second", cases[i].second, cases[i].all_second, port);

		send_to(sender, port, "abc");
		note("first gets it", recv_some(a, 10, 0));
		note("second gets it", recv_some(b, 10, 0));
		connect_to(a, 9);
		send_to(sender, port, "abc");
		note("first is connected elsewhere", recv_some(a, 10, 0));
		note("second gets it", recv_some(b, 10, 0));
		on(SYS_close, a);
		on(SYS_close, b);
	}
	on(SYS_close, sender);
}
BESIDE_LINUX(sharing_a_port)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(errors_of_calls_as_linux), SCENE(datagrams_keep_their_bounds_as_linux),
		SCENE(each_is_refused_as_linux), SCENE(messages_report_a_cut_as_linux),
		SCENE(long_datagrams_as_linux),  SCENE(connected_sockets_as_linux),
		SCENE(shut_down_as_linux),       SCENE(sharing_a_port_as_linux),
	};

	return scene_play(tests);
}

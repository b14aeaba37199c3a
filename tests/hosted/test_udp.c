/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets over loopback: sequences of calls that are also made on Linux, with equal results
 * (beside.h). test_udp_wire.c has the scenes of two hosts.
 */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/errqueue.h>

static char bytes[70000];

/* A's own address: the route to it is resolved before the test, so it does not count as a leak. */
static struct sockaddr_in self(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr =
					    htonl(on_linux() ? INADDR_LOOPBACK : 0x0a000001)};
}

static int udp_socket(void)
{
	int fd = on(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Binds @fd to the own address and a free port, and returns the port. */
static uint16_t bind_any(int fd)
{
	struct sockaddr_in at = self(0);
	socklen_t len = sizeof(at);

	assert_int_equal(on(SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	assert_int_equal(on(SYS_getsockname, fd, PTR(&at), PTR(&len)), 0);
	return ntohs(at.sin_port);
}

static int64_t connect_to(int fd, uint16_t port)
{
	struct sockaddr_in to = self(port);

	return on(SYS_connect, fd, PTR(&to), sizeof(to));
}

static int64_t disconnect(int fd)
{
	struct sockaddr_in none = {.sin_family = AF_UNSPEC};

	return on(SYS_connect, fd, PTR(&none), sizeof(none));
}

static int64_t send_to(int fd, uint16_t port, const char *text)
{
	struct sockaddr_in to = self(port);

	return on(SYS_sendto, fd, PTR(text), strlen(text), 0, PTR(&to), sizeof(to));
}

static int64_t recv_some(int fd, size_t n, int flags)
{
	return on(SYS_recvfrom, fd, PTR(bytes), n, flags, 0, 0);
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);
	int64_t err = on(SYS_getsockopt, fd, level, name, PTR(&value), PTR(&len));

	return err ? (int)err : value;
}

static int64_t set_option(int fd, int level, int name, int value)
{
	return on(SYS_setsockopt, fd, level, name, PTR(&value), sizeof(value));
}

static void note_poll(const char *what, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = 0x7fff};
	char name[160];

	note(what, on(SYS_poll, PTR(&pfd), 1, 0));
	snprintf(name, sizeof(name), "%s: events", what);
	note(name, pfd.revents);
}

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
	/* A broadcast needs a permission. */
	fd = udp_socket();
	to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	to.sin_port = htons(9);
	try(SYS_sendto, fd, PTR("a"), 1, 0, PTR(&to), sizeof(to));
	try(SYS_connect, fd, PTR(&to), sizeof(to));
	note_names("after a refused connect", fd);
	on(SYS_close, fd);
}
BESIDE_LINUX(errors_of_calls)

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
	uint16_t aport = bind_any(a), bport = bind_any(b), nobody = bind_any(closed);

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

	note("connect to a closed port", connect_to(a, nobody));
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
	note("connect to a closed port", connect_to(a, nobody));
	try(SYS_write, a, PTR("abc"), 3);
	note("refused", recv_some(a, 10, 0));
	note("received", recv_some(a, 10, 0));

	note("disconnect", disconnect(a));
	note_names("disconnected", a);
	try(SYS_write, a, PTR("abc"), 3);
	note("from a stranger", send_to(c, aport, "abcde"));
	note("received", recv_some(a, 10, 0));
	/* An unconnected socket is not told. */
	note("to nobody", send_to(a, nobody, "abc"));
	note("not told", recv_some(a, 10, 0));
	/* A port that connect() chose ends with the connection. */
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

/* Binds a new socket with options to @port of the own address or of all, and notes the result. */
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

/* ---- control messages ---------------------------------------------------------------------------- */

/* Receives with room for control messages, and notes each of them. */
static void note_messages(int fd, size_t room, int flags)
{
	static _Alignas(8) char control[256];
	struct sockaddr_in from = {0};
	struct iovec iov = {bytes, 100};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = room};

	int64_t result = on(SYS_recvmsg, fd, PTR(&msg), flags);

	note("recvmsg", result);
	if (result < 0)
		return;
	note("flags", msg.msg_flags);
	note("length of the name", msg.msg_namelen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		const uint8_t *data = CMSG_DATA(c);
		struct in_pktinfo info;
		struct sockaddr_in sin;

		note("message", c->cmsg_type);
		note("its length", c->cmsg_len);
		switch (c->cmsg_type) {
		case IP_PKTINFO:
			memcpy(&info, data, sizeof(info));
			note("the address is the own one",
			     info.ipi_addr.s_addr == self(0).sin_addr.s_addr);
			note("so is the one for an answer",
			     info.ipi_spec_dst.s_addr == self(0).sin_addr.s_addr);
			note("device", info.ipi_ifindex);
			break;
		case IP_ORIGDSTADDR:
			memcpy(&sin, data, sizeof(sin));
			note("family", sin.sin_family);
			note("the address is the own one",
			     sin.sin_addr.s_addr == self(0).sin_addr.s_addr);
			note("a port", sin.sin_port != 0);
			break;
		case IP_RECVERR: {
			struct sock_extended_err e;

			memcpy(&e, data, sizeof(e));
			memcpy(&sin, data + sizeof(e), sizeof(sin));
			note("errno", e.ee_errno);
			note("origin", e.ee_origin);
			note("type", e.ee_type);
			note("code", e.ee_code);
			note("info", e.ee_info);
			note("family of the reporter", sin.sin_family);
			note("it is the own address",
			     sin.sin_addr.s_addr == self(0).sin_addr.s_addr);
			break;
		}
		default:
			for (size_t i = 0; i < c->cmsg_len - sizeof(*c); i++)
				note("byte", data[i]);
		}
	}
}

static void control_messages(void)
{
	static const int options[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	set_option(a, SOL_IP, IP_TOS, 0x1c);
	set_option(a, SOL_IP, IP_TTL, 33);
	for (unsigned int i = 0; i < 4; i++) {
		note("off", option(b, SOL_IP, options[i]));
		note("set", set_option(b, SOL_IP, options[i], 7));
		note("on", option(b, SOL_IP, options[i]));
		send_to(a, port, "abc");
		note_messages(b, 256, 0);
		set_option(b, SOL_IP, options[i], 0);
		note("off", option(b, SOL_IP, options[i]));
	}
	for (unsigned int i = 0; i < 4; i++)
		set_option(b, SOL_IP, options[i], 1);
	send_to(a, port, "abc");
	note_messages(b, 256, MSG_PEEK);
	note_messages(b, 256, 0);
	for (unsigned int room = 0; room < 80; room += 13) {
		send_to(a, port, "abc");
		note_messages(b, room, 0);
	}
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(control_messages)

/* An ICMP error on the error queue, also of a socket that is not connected. */
static void error_queue(void)
{
	int a = udp_socket(), closed = udp_socket();
	uint16_t nobody = bind_any(closed);

	on(SYS_close, closed);
	note("empty", recv_some(a, 100, MSG_ERRQUEUE));
	note("set", set_option(a, SOL_IP, IP_RECVERR, 1));
	set_option(a, SOL_IP, IP_RECVTTL, 1);
	send_to(a, nobody, "abcde");
	note_poll("an error", a);
	note("refused", recv_some(a, 100, 0));
	note_poll("reported once", a);
	note_messages(a, 256, MSG_ERRQUEUE);
	note("byte", bytes[3]);
	note_poll("read", a);
	note_messages(a, 256, MSG_ERRQUEUE);
	send_to(a, nobody, "abcde");
	note("the next write fails", send_to(a, nobody, "fgh"));
	note("the one after it does not", send_to(a, nobody, "ij"));
	note_messages(a, 256, MSG_ERRQUEUE);
	note_poll("one more", a);
	note("refused", recv_some(a, 100, 0));
	note_messages(a, 20, MSG_ERRQUEUE);
	note_messages(a, 256, MSG_ERRQUEUE);
	set_option(a, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	send_to(a, nobody, "abcde");
	note_poll("priority", a);
	/* Switched off, the queue is emptied; the error stays. */
	set_option(a, SOL_IP, IP_RECVERR, 0);
	note_poll("switched off", a);
	note("refused", recv_some(a, 100, 0));
	note_poll("nothing left", a);
	on(SYS_close, a);
}
BESIDE_LINUX(error_queue)

/* Sends with one control message of @len bytes of @data, and returns the result. */
static int64_t send_with(int fd, uint16_t port, int level, int type, const void *data, size_t len)
{
	static _Alignas(8) char control[64];
	struct sockaddr_in to = self(port);
	struct iovec iov = {bytes, 3};
	struct msghdr msg = {.msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = CMSG_SPACE(len)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	memset(control, 0, sizeof(control));
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(c), data, len);
	return on(SYS_sendmsg, fd, PTR(&msg), 0);
}

static void messages_of_a_send(void)
{
	static const int values[] = {-1, 0, 1, 77, 255, 256};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);
	struct in_pktinfo info = {.ipi_spec_dst = self(0).sin_addr};
	uint8_t byte = 0x54;

	set_option(b, SOL_IP, IP_RECVTTL, 1);
	set_option(b, SOL_IP, IP_RECVTOS, 1);
	for (unsigned int i = 0; i < 6; i++) {
		note("TTL", send_with(a, port, SOL_IP, IP_TTL, &values[i], 4));
		note_messages(b, 256, 0);
		note("TOS", send_with(a, port, SOL_IP, IP_TOS, &values[i], 4));
		note_messages(b, 256, 0);
	}
	note("TOS in a byte", send_with(a, port, SOL_IP, IP_TOS, &byte, 1));
	note_messages(b, 256, 0);
	note("TTL in a byte", send_with(a, port, SOL_IP, IP_TTL, &byte, 1));
	note("short", send_with(a, port, SOL_IP, IP_PKTINFO, &info, 4));
	note("unknown", send_with(a, port, SOL_IP, 99, &info, 4));
	note("another level", send_with(a, port, 99, 99, &info, 4));
	note("a socket's", send_with(a, port, SOL_SOCKET, 99, &info, 4));
	note("source", send_with(a, port, SOL_IP, IP_PKTINFO, &info, sizeof(info)));
	info.ipi_spec_dst.s_addr = htonl(0x01020304);
	note("source of another host", send_with(a, port, SOL_IP, IP_PKTINFO, &info, sizeof(info)));
	while (recv_some(b, 10, 0) >= 0)
		;
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(messages_of_a_send)

/* ---- UDP_CORK, MSG_MORE --------------------------------------------------------------------------- */

static int64_t write_more(int fd, uint16_t port, size_t n, int flags)
{
	struct sockaddr_in to = self(port);

	return on(SYS_sendto, fd, PTR(bytes), n, flags, PTR(&to), sizeof(to));
}

static void one_datagram_of_many_writes(void)
{
	int a = udp_socket(), b = udp_socket(), c = udp_socket(), n = 0;
	uint16_t bport = bind_any(b), cport = bind_any(c);

	bind_any(a);
	note("more", write_more(a, bport, 3, MSG_MORE));
	note("nothing yet", recv_some(b, 100, 0));
	note("to another, which is ignored", write_more(a, cport, 5000, MSG_MORE));
	note("the last", write_more(a, bport, 0, 0));
	note("all", recv_some(b, sizeof(bytes), 0));
	note("none", recv_some(c, 100, 0));

	note("off", option(a, IPPROTO_UDP, 1));
	note("cork", set_option(a, IPPROTO_UDP, 1, 9));
	note("on", option(a, IPPROTO_UDP, 1));
	for (unsigned int i = 0; i < 50; i++)
		note("piece", write_more(a, bport, 1 + 37 * i, 0));
	note("nothing yet", recv_some(b, 100, 0));
	note("uncork", set_option(a, IPPROTO_UDP, 1, 0));
	note("all", recv_some(b, sizeof(bytes), 0));
	note("once", recv_some(b, sizeof(bytes), 0));
	note("uncork", set_option(a, IPPROTO_UDP, 1, 0));
	note("an empty one", write_more(a, bport, 0, 0));
	note("received", recv_some(b, 100, 0));

	/* too long: all of it is lost */
	note("more", write_more(a, bport, 60000, MSG_MORE));
	note("too long", write_more(a, bport, 6000, MSG_MORE));
	note("another", write_more(a, cport, 3, 0));
	note("none", recv_some(b, 100, 0));
	note("received", recv_some(c, 100, 0));
	note("more", write_more(a, bport, 3, MSG_MORE));
	try(SYS_sendto, a, 1, 3, MSG_MORE, 0, 0);
	note("another", write_more(a, cport, 3, 0));
	note("received", recv_some(c, 100, 0));
	try(SYS_setsockopt, a, IPPROTO_UDP, 1, PTR(&n), 3);
	try(SYS_setsockopt, a, IPPROTO_UDP, 1, 1, 4);
	try(SYS_setsockopt, a, IPPROTO_UDP, 77, PTR(&n), 4);
	note("unknown", option(a, IPPROTO_UDP, 77));
	/* A close drops it. */
	note("more", write_more(a, bport, 3, MSG_MORE));
	on(SYS_close, a);
	note("none", recv_some(b, 100, 0));
	on(SYS_close, b);
	on(SYS_close, c);
}
BESIDE_LINUX(one_datagram_of_many_writes)

/* ---- SO_PEEK_OFF, SO_NO_CHECK --------------------------------------------------------------------- */

static void peek_at(int fd, size_t n, int flags)
{
	char what[40];

	memset(bytes, 0, 10);
	snprintf(what, sizeof(what), "read of %zu, flags %x", n, flags);
	note(what, recv_some(fd, n, flags));
	note("first byte", bytes[0]);
	note("offset", option(fd, SOL_SOCKET, SO_PEEK_OFF));
}

static void peeking_with_an_offset(void)
{
	int a = udp_socket(), b = udp_socket(), stream = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	uint16_t port = bind_any(b);

	note("offset", option(b, SOL_SOCKET, SO_PEEK_OFF));
	send_to(a, port, "abcd");
	send_to(a, port, "");
	send_to(a, port, "efghij");
	peek_at(b, 2, MSG_PEEK);
	note("set", set_option(b, SOL_SOCKET, SO_PEEK_OFF, 0));
	for (unsigned int i = 0; i < 6; i++)
		peek_at(b, 3, MSG_PEEK);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 5);
	peek_at(b, 100, MSG_PEEK);
	peek_at(b, 100, 0);
	peek_at(b, 100, 0);
	peek_at(b, 1, MSG_PEEK | MSG_TRUNC);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 1);
	peek_at(b, 2, 0);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 0);
	send_to(a, port, "");
	send_to(a, port, "kl");
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, 0);
	peek_at(b, 5, 0);
	note("off", set_option(b, SOL_SOCKET, SO_PEEK_OFF, -1));
	peek_at(b, 5, 0);
	on(SYS_close, a);
	on(SYS_close, b);
	on(SYS_close, stream);
}
BESIDE_LINUX(peeking_with_an_offset)

static void no_checksum(void)
{
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	note("off", option(a, SOL_SOCKET, SO_NO_CHECK));
	note("set", set_option(a, SOL_SOCKET, SO_NO_CHECK, 3));
	note("on", option(a, SOL_SOCKET, SO_NO_CHECK));
	send_to(a, port, "abcd");
	note("received", recv_some(b, 10, 0));
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(no_checksum)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(errors_of_calls_as_linux),
		SCENE(datagrams_keep_their_bounds_as_linux),
		SCENE(messages_report_a_cut_as_linux),
		SCENE(long_datagrams_as_linux),
		SCENE(connected_sockets_as_linux),
		SCENE(shut_down_as_linux),
		SCENE(sharing_a_port_as_linux),
		SCENE(control_messages_as_linux),
		SCENE(error_queue_as_linux),
		SCENE(peeking_with_an_offset_as_linux),
		SCENE(no_checksum_as_linux),
		SCENE(messages_of_a_send_as_linux),
		SCENE(one_datagram_of_many_writes_as_linux),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * UDP between two hosts: checksums and lengths on the wire, port unreachable, ICMP errors,
 * broadcasts, and the limits of queues and memory. test_udp.c has the results of calls.
 */
#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/errqueue.h>

#define ADDRESS_A 0x0a000001
#define ADDRESS_B 0x0a000002
#define LINK_A    0x020000000001
#define LINK_B    0x020000000002
#define ALL       0x0a0000ff
#define PORT      7
#define CLOSED    4
#define SPORT     999
#define UDP_HDR   8

static uint8_t bytes[70000];

/* ---- calls --------------------------------------------------------------------------------------- */

static int udp_socket(struct host *h)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

static int bound(struct host *h, uint16_t port)
{
	int fd = udp_socket(h);

	assert_int_equal(scene_bind(h, fd, port), 0);
	return fd;
}

static int64_t send_at(struct host *h, int fd, uint32_t to, uint16_t port, size_t n)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(to)};

	return scene_call(h, SYS_sendto, fd, PTR(bytes), n, 0, PTR(&at), sizeof(at));
}

static int64_t recv_now(struct host *h, int fd)
{
	return scene_call(h, SYS_recvfrom, fd, PTR(bytes), sizeof(bytes), MSG_DONTWAIT, 0, 0);
}

static int connected(struct host *h, const struct host *to, uint16_t port)
{
	int fd = udp_socket(h);

	assert_int_equal(scene_connect(h, fd, to, port), 0);
	return fd;
}

/* ---- frames -------------------------------------------------------------------------------------- */

/* A datagram from A to B, which a scene may change before it is sent. */
struct forged_udp {
	uint16_t sport, dport;
	size_t len;       /* bytes of data, all zero but the first, which is 1 */
	int length_field; /* 0: the correct length */
	int check;        /* -1: the correct checksum */
	size_t padding;   /* bytes behind the datagram, inside the IP packet */
	uint32_t daddr;
};
#define FORGED                                                                                     \
	{                                                                                          \
		.sport = SPORT, .dport = PORT, .len = 5, .check = -1, .daddr = ADDRESS_B           \
	}

static void forge_udp(const struct forged_udp *f)
{
	uint8_t frame[PKT_ETH + PKT_IP + UDP_HDR + 1500] = {0}, *ip = frame + PKT_ETH;
	uint8_t *udp = ip + PKT_IP;
	size_t len = UDP_HDR + f->len;

	pkt_put_eth(frame, f->daddr == ADDRESS_B ? LINK_B : 0xffffffffffff, LINK_A, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_UDP, ADDRESS_A, f->daddr, len + f->padding);
	pkt_put16(udp, f->sport);
	pkt_put16(udp + 2, f->dport);
	pkt_put16(udp + 4, f->length_field ? f->length_field : len);
	udp[UDP_HDR] = f->len != 0;
	if (f->check < 0) {
		uint16_t sum = pkt_checksum(udp, len, pkt_pseudo(ip, len));

		pkt_put16(udp + 6, sum ? sum : 0xffff);
	} else {
		pkt_put16(udp + 6, f->check);
	}
	memset(udp + len, 0xaa, f->padding);
	assert_int_equal(wire_inject(scene->wire, B, frame, PKT_ETH + PKT_IP + len + f->padding),
			 0);
	scene_sleep(10 * MS);
}

/* An ICMP error from B to A about a datagram of A from @sport to B's port @dport. */
static void forge_error(uint8_t type, uint8_t code, uint16_t mtu, uint16_t sport, uint16_t dport)
{
	uint8_t frame[PKT_ETH + PKT_IP + PKT_ICMP + PKT_IP + UDP_HDR] = {0};
	uint8_t *ip = frame + PKT_ETH, *icmp = ip + PKT_IP, *quote = icmp + PKT_ICMP;
	size_t len = PKT_ICMP + PKT_IP + UDP_HDR;

	pkt_put_eth(frame, LINK_A, LINK_B, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A, len);
	pkt_put_ip(quote, PKT_PROTO_UDP, ADDRESS_A, ADDRESS_B, UDP_HDR + 100);
	pkt_put16(quote + PKT_IP, sport);
	pkt_put16(quote + PKT_IP + 2, dport);
	icmp[0] = type;
	icmp[1] = code;
	pkt_put16(icmp + 6, mtu);
	pkt_sum_icmp(icmp, len);
	assert_int_equal(wire_inject(scene->wire, A, frame, PKT_ETH + PKT_IP + len), 0);
	scene_sleep(10 * MS);
}

/* ---- scenes -------------------------------------------------------------------------------------- */

static void an_echo(void)
{
	int a = connected(A, B, PORT), b = bound(B, PORT);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	scene_mark();
	scene_fill(bytes, 1472, 3);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 1472), 1472);
	scene_sleep(10 * MS);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(
		scene_call(B, SYS_recvfrom, b, PTR(bytes), sizeof(bytes), 0, PTR(&from), PTR(&len)),
		1472);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_A);
	assert_int_equal(ntohs(from.sin_port), scene_port(A, a));
	assert_int_equal(
		scene_call(B, SYS_sendto, b, PTR(bytes), 1472, 0, PTR(&from), sizeof(from)), 1472);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, a), 1472);
	for (unsigned int i = 0; i < 1472; i++) {
		static uint8_t want[1472];

		if (!i)
			scene_fill(want, 1472, 3);
		assert_int_equal(bytes[i], want[i]);
	}
	assert_int_equal(scene_counter(B, "Udp.InDatagrams"), 1);
	assert_int_equal(scene_counter(B, "Udp.OutDatagrams"), 1);
	assert_int_equal(scene_counter(A, "Udp.InDatagrams"), 1);
	scene_close(A, a);
	scene_close(B, b);
}

/* RFC 768: "An all zero transmitted checksum value means that the transmitter generated no checksum". */
static void checksums(void)
{
	int b = bound(B, PORT);
	struct forged_udp f = FORGED;

	for (f.len = 0; f.len < 9; f.len++) {
		f.check = -1;
		forge_udp(&f);
		assert_int_equal(recv_now(B, b), f.len);
		f.check = 0;
		forge_udp(&f);
		assert_int_equal(recv_now(B, b), f.len);
		scene_mark();
		f.check = 0x1234;
		forge_udp(&f);
		assert_int_equal(recv_now(B, b), -EAGAIN);
		assert_int_equal(scene_drops(B, "UDP_CSUM"), 1);
		assert_int_equal(scene_counter(B, "Udp.InCsumErrors"), 1);
		assert_int_equal(scene_counter(B, "Udp.InErrors"), 1);
	}
	/* No error is sent about a wrong checksum, although no socket has the port. */
	f.dport = CLOSED;
	scene_mark();
	forge_udp(&f);
	assert_int_equal(scene_drops(B, "UDP_CSUM"), 1);
	assert_int_equal(scene_counter(B, "Icmp.OutMsgs"), 0);
	scene_close(B, b);
}

/*
 * A checksum that is zero is sent as 0xffff (RFC 768). The data is chosen so that the sum is zero.
 * B must accept the datagram, and drop it if a bit of it is wrong; if it were sent without a
 * checksum, B would not notice that.
 */
static void a_checksum_of_zero_is_sent(void)
{
	int a = bound(A, SPORT), b = bound(B, PORT);
	uint32_t sum = 0;

	/* pseudo header, header and two bytes of data; the data makes the sum 0xffff */
	sum += (ADDRESS_A >> 16) + (ADDRESS_A & 0xffff) + (ADDRESS_B >> 16) + (ADDRESS_B & 0xffff);
	sum += PKT_PROTO_UDP + 2 * (UDP_HDR + 2) + SPORT + PORT;
	pkt_put16(bytes, 0xffff - sum);
	assert_int_equal(send_at(A, a, ADDRESS_B, PORT, 2), 2);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(B, b), 2);
	scene_mark();
	scene_corrupt(A, OTHER, 1, 1);
	assert_int_equal(send_at(A, a, ADDRESS_B, PORT, 2), 2);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(B, b), -EAGAIN);
	assert_int_equal(scene_drops(B, "UDP_CSUM"), 1);
	/* Without a checksum the damage is not noticed. */
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_NO_CHECK, 1), 0);
	scene_corrupt(A, OTHER, 1, 1);
	assert_int_equal(send_at(A, a, ADDRESS_B, PORT, 2), 2);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(B, b), 2);
	scene_close(A, a);
	scene_close(B, b);
}

static void lengths(void)
{
	static const struct {
		int length_field;
		size_t len, padding;
		bool valid;
	} cases[] = {
		{7, 5, 0, false}, {1, 5, 0, false}, {14, 5, 0, false}, {65535, 5, 0, false},
		{8, 0, 0, true},  {13, 5, 0, true}, {13, 5, 7, true},  {8, 0, 40, true},
	};
	int b = bound(B, PORT);

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct forged_udp f = FORGED;

		f.length_field = cases[i].length_field;
		f.len = cases[i].len;
		f.padding = cases[i].padding;
		scene_mark();
		forge_udp(&f);
		assert_int_equal(recv_now(B, b), cases[i].valid ? (int64_t)f.len : -EAGAIN);
		assert_int_equal(scene_drops(B, "UDP_HDR"), !cases[i].valid);
		assert_int_equal(scene_counter(B, "Udp.InErrors"), !cases[i].valid);
	}
	scene_close(B, b);
}

/* RFC 1122 4.1.3.1; only a connected socket gets the error, as in Linux. */
static void a_port_without_socket(void)
{
	int a = connected(A, B, CLOSED), other = udp_socket(A);

	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 3), 3);
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(B, "Udp.NoPorts"), 1);
	assert_int_equal(scene_counter(B, "Icmp.OutDestUnreachs"), 1);
	assert_int_equal(scene_drops(B, "NO_SOCKET"), 1);
	assert_true(scene_poll(A, a) & POLLERR);
	assert_int_equal(recv_now(A, a), -ECONNREFUSED);
	assert_int_equal(recv_now(A, a), -EAGAIN);
	assert_int_equal(send_at(A, other, ADDRESS_B, CLOSED, 3), 3);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, other), -EAGAIN);
	assert_false(scene_poll(A, other) & POLLERR);
	scene_close(A, a);
	scene_close(A, other);
}

/*
 * The errno of each ICMP error on a connected socket; 0: the socket gets no error, because the
 * cause may go away by itself.
 */
static void errors_from_the_path(void)
{
	static const struct {
		uint8_t type, code;
		int err;
	} cases[] = {
		{3, 0, 0},           {3, 1, 0},  {3, 2, ENOPROTOOPT}, {3, 3, ECONNREFUSED},
		{3, 5, 0},           {3, 11, 0}, {3, 12, 0},          {3, 13, EHOSTUNREACH},
		{3, 9, ENETUNREACH}, {3, 16, 0}, {11, 0, 0},          {11, 1, 0},
		{12, 0, EPROTO},     {4, 0, 0},  {5, 1, 0},
	};
	int a = connected(A, B, PORT);
	uint16_t port = scene_port(A, a);

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forge_error(cases[i].type, cases[i].code, 0, port, PORT);
		assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), cases[i].err);
	}
	/* Errors about other ports are no errors of this socket. */
	scene_mark();
	forge_error(3, 3, 0, port + 1, PORT);
	forge_error(3, 3, 0, port, PORT + 1);
	assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(scene_counter(A, "Icmp.InErrors"), 2);
	scene_close(A, a);
}

/* RFC 1191: a router's report limits the datagrams that must not be fragmented. */
static void a_narrow_path(void)
{
	int a = connected(A, B, PORT), b = bound(B, PORT);
	uint16_t port = scene_port(A, a);

	assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	assert_int_equal(scene_get(A, a, SOL_IP, IP_MTU), 1500);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 1472), 1472);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 1473), -EMSGSIZE);
	forge_error(3, 4, 1000, port, PORT);
	assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), EMSGSIZE);
	assert_int_equal(scene_get(A, a, SOL_IP, IP_MTU), 1000);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 973), -EMSGSIZE);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 972), 972);
	/* A socket that sends without "don't fragment" gets no error. */
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT), 0);
	forge_error(3, 4, 900, port, PORT);
	assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), 0);
	/* A socket that measures the path itself is limited by its own link only. */
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE), 0);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 1473), -EMSGSIZE);
	/*
	 * A report is an error for such a socket, but does not change the MTU of the route, which
	 * other sockets use, too.
	 */
	assert_int_equal(scene_get(A, a, SOL_IP, IP_MTU), 900);
	for (int trust = IP_PMTUDISC_INTERFACE; trust <= IP_PMTUDISC_OMIT; trust++) {
		assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, trust), 0);
		forge_error(3, 4, 800, port, PORT);
		assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), EMSGSIZE);
		assert_int_equal(scene_get(A, a, SOL_IP, IP_MTU), 900);
	}
	scene_close(A, a);
	scene_close(B, b);
	scene_sleep(700 * SEC);
}

/* Fills @fd with datagrams of @len bytes until one of them is not accepted; returns their number. */
static unsigned int fill(int fd, uint16_t port, size_t len)
{
	struct forged_udp f = FORGED;
	unsigned int n = 0;

	f.dport = port;
	f.len = len;
	do {
		scene_mark();
		forge_udp(&f);
		assert_in_range(++n, 1, 10000);
	} while (!scene_counter(B, "Udp.InErrors"));
	return n - 1;
}

/*
 * Datagrams are accepted as long as the buffer is not full, then dropped and counted, and accepted
 * again after a read.
 *
 * LIMIT(SOCK_BUFFER_DEFAULT)
 */
static void a_full_buffer(void)
{
	int b = bound(B, PORT), n = 0;
	struct forged_udp f = FORGED;
	uint64_t total;

	assert_int_equal(scene_get(B, b, SOL_SOCKET, SO_RCVBUF), 212992);
	assert_in_range(fill(b, PORT, 1400), 212992 / 4500, 212992 / 1400);
	while (recv_now(B, b) > 0)
		;
	assert_int_equal(scene_set(B, b, SOL_SOCKET, SO_RCVBUF, 1), 0);
	scene_mark();
	while (!scene_drops(B, "SOCKET_RCVBUFF")) {
		forge_udp(&f);
		assert_in_range(++n, 1, 100);
	}
	assert_in_range(n, 3, 20);
	assert_int_equal(scene_counter(B, "Udp.RcvbufErrors"), 1);
	assert_int_equal(scene_counter(B, "Udp.InErrors"), 1);
	total = n - 1;
	assert_int_equal(recv_now(B, b), f.len);
	forge_udp(&f);
	forge_udp(&f);
	assert_int_equal(scene_drops(B, "SOCKET_RCVBUFF"), 2);
	while (recv_now(B, b) == (int64_t)f.len)
		total--;
	assert_int_equal(total, 0);
	scene_close(B, b);
}

static void set_mem(int low, int pressure, int most)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d %d", low, pressure, most);
	scene_sysctl(B, "net/ipv4/udp_mem", text);
}

/*
 * All sockets together hold at most udp_mem[2] pages. A socket that holds less than udp_rmem_min may
 * receive nevertheless. The default is a part of memory.
 *
 * LIMIT(UDP_MEM_PART)
 */
static void memory_of_all_sockets(void)
{
	enum { SOCKETS = 4, PAGES = 16 };
	const char *text = scene_sysctl_get(B, "net/ipv4/udp_mem");
	int fd[SOCKETS], low, pressure, most, n;

	assert_int_equal(sscanf(text, "%d %d %d", &low, &pressure, &most), 3);
	/* 64 MiB are 16,384 pages, of which some are the kernel's. */
	assert_in_range(pressure, 16384 / 8 * 9 / 10, 16384 / 8);
	assert_in_range(low, pressure * 3 / 4 - 1, pressure * 3 / 4);
	assert_in_range(most, pressure * 3 / 2 - 1, pressure * 3 / 2);
	set_mem(PAGES, PAGES, PAGES);
	for (unsigned int i = 0; i < SOCKETS; i++)
		fd[i] = bound(B, PORT + i);
	n = fill(fd[0], PORT, 1000);
	assert_int_equal(scene_drops(B, "PROTO_MEM"), 1);
	assert_int_equal(scene_counter(B, "Udp.MemErrors"), 1);
	assert_in_range(n, 4, 4096 * PAGES / 1000);
	/* the other sockets get their minimum, udp_rmem_min */
	for (unsigned int i = 1; i < SOCKETS; i++)
		assert_in_range(fill(fd[i], PORT + i, 1000), 1, n / 2);
	/* without the limit the first socket receives further datagrams */
	set_mem(low, pressure, most);
	scene_mark();
	assert_true(fill(fd[0], PORT, 1000) > 10);
	assert_int_equal(scene_drops(B, "SOCKET_RCVBUFF"), 1);
	for (unsigned int i = 0; i < SOCKETS; i++)
		scene_close(B, fd[i]);
}

#define NOT_THERE 0x0a000063 /* an address that answers no ARP request */

/* Packets for an address that is not resolved wait, and count in the send buffer. */
static void a_full_send_buffer(void)
{
	int a = udp_socket(A);
	unsigned int n = 0;
	int64_t result, ticket;
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(PORT),
				 .sin_addr.s_addr = htonl(NOT_THERE)};

	/* The route to that address stays in the cache. */
	assert_int_equal(send_at(A, a, NOT_THERE, PORT, 1), 1);
	scene_sleep(200 * SEC);
	host_set_baseline(A);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_SNDBUF, 1), 0);
	while ((result = send_at(A, a, NOT_THERE, PORT, 1000)) == 1000)
		assert_in_range(++n, 1, 10);
	assert_int_equal(result, -EAGAIN);
	assert_in_range(n, 2, 6);
	assert_int_equal(scene_call(A, SYS_ioctl, a, TIOCOUTQ, PTR(&result)), 0);
	assert_in_range((int)result, n * 1000, n * 2500);
	assert_false(scene_poll(A, a) & POLLOUT);
	/* A writer that may wait sleeps until the packets are given up. */
	assert_int_equal(scene_call(A, SYS_fcntl, a, F_SETFL, 0), 0);
	ticket = scene_begin(A, SYS_sendto, a, PTR(bytes), 1000, 0, PTR(&at), sizeof(at));
	assert_false(scene_is_back(A, ticket, &result));
	assert_int_equal(scene_end(A, ticket), 1000);
	/* A writer with SO_SNDTIMEO gives up when the timeout expires. */
	while (send_at(A, a, NOT_THERE, PORT, 1) == 1 && (scene_poll(A, a) & POLLOUT))
		;
	scene_timeout(A, a, SO_SNDTIMEO, 50);
	while ((result = send_at(A, a, NOT_THERE, PORT, 1000)) == 1000)
		;
	assert_int_equal(result, -EAGAIN);
	/* A signal, and an error, end the wait. */
	scene_timeout(A, a, SO_SNDTIMEO, 0);
	ticket = scene_begin(A, SYS_sendto, a, PTR(bytes), 1000, 0, PTR(&at), sizeof(at));
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	scene_close(A, a);
	scene_sleep(200 * SEC);
}

/* A reader sleeps until a datagram arrives, the timeout expires, or a signal comes. */
static void a_reader_waits(void)
{
	int b = bound(B, PORT);
	struct forged_udp f = FORGED;
	int64_t first, second, result;
	uint64_t start;

	assert_int_equal(scene_call(B, SYS_fcntl, b, F_SETFL, 0), 0);
	first = scene_begin(B, SYS_recvfrom, b, PTR(bytes), 100, 0, 0, 0);
	second = scene_begin(B, SYS_recvfrom, b, PTR(bytes), 100, 0, 0, 0);
	assert_false(scene_is_back(B, first, &result));
	forge_udp(&f);
	assert_true(scene_is_back(B, first, &result));
	assert_int_equal(result, f.len);
	assert_false(scene_is_back(B, second, &result));
	scene_interrupt(B, second);
	assert_int_equal(scene_end(B, second), -EINTR);
	scene_timeout(B, b, SO_RCVTIMEO, 500);
	start = scene_now();
	assert_int_equal(scene_call(B, SYS_recvfrom, b, PTR(bytes), 100, 0, 0, 0), -EAGAIN);
	assert_ms(scene_now() - start, 500, 502);
	/* shutdown() ends the wait with an end of file. */
	scene_timeout(B, b, SO_RCVTIMEO, 0);
	first = scene_begin(B, SYS_recvfrom, b, PTR(bytes), 100, 0, 0, 0);
	assert_int_equal(scene_shutdown(B, b, SHUT_RDWR), -ENOTCONN);
	assert_int_equal(scene_end(B, first), 0);
	scene_close(B, b);
}

/* One thread waits for room in the send buffer, another for a datagram: a datagram that arrives wakes the reader. */
static void a_writer_and_a_reader_wait(void)
{
	int a = bound(A, SPORT), b = bound(B, PORT);
	struct sockaddr_in to = *scene_address(B, PORT);
	int64_t writer, reader, result;

	assert_int_equal(send_at(A, a, ADDRESS_B, PORT, 1), 1);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_SNDBUF, 1), 0);
	A->set("hold_tx", 1);
	while ((result = send_at(A, a, ADDRESS_B, PORT, 1000)) == 1000)
		;
	assert_int_equal(result, -EAGAIN);
	assert_int_equal(scene_call(A, SYS_fcntl, a, F_SETFL, 0), 0);
	writer = scene_begin(A, SYS_sendto, a, PTR(bytes), 1000, 0, PTR(&to), sizeof(to));
	scene_sleep(10 * MS);
	reader = scene_begin(A, SYS_recvfrom, a, PTR(bytes), 100, 0, 0, 0);
	scene_sleep(10 * MS);
	assert_int_equal(send_at(B, b, ADDRESS_A, SPORT, 5), 5);
	scene_sleep(10 * MS);
	assert_true(scene_is_back(A, reader, &result));
	assert_int_equal(result, 5);
	assert_false(scene_is_back(A, writer, &result));
	A->set("hold_tx", 0);
	assert_int_equal(scene_end(A, writer), 1000);
	scene_close(A, a);
	scene_close(B, b);
}

/* A close frees the datagrams that wait. */
static void a_close_with_unread_datagrams(void)
{
	int b = bound(B, PORT);
	struct forged_udp f = FORGED;

	for (unsigned int i = 0; i < 10; i++)
		forge_udp(&f);
	assert_true(scene_poll(B, b) & POLLIN);
	scene_close(B, b);
	scene_mark();
	forge_udp(&f);
	assert_int_equal(scene_counter(B, "Udp.NoPorts"), 1);
}

/* RFC 1122 4.1.3.6, 3.3.6: every socket of the port gets a broadcast, and no error is sent. */
static void broadcasts(void)
{
	int a = udp_socket(A), b[3];
	struct forged_udp f = FORGED;

	/* The route to the broadcast address stays in the cache. */
	assert_int_equal(send_at(A, a, ALL, PORT, 3), -EACCES);
	host_set_baseline(A);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	for (unsigned int i = 0; i < 3; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};

		at.sin_addr.s_addr = htonl(i == 0 ? 0 : i == 1 ? ALL : ADDRESS_B);
		b[i] = udp_socket(B);
		assert_int_equal(scene_set(B, b[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		assert_int_equal(scene_call(B, SYS_bind, b[i], PTR(&at), sizeof(at)), 0);
	}
	assert_int_equal(send_at(A, a, ALL, PORT, 3), 3);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(B, b[0]), 3);
	assert_int_equal(recv_now(B, b[1]), 3);
	assert_int_equal(recv_now(B, b[2]), -EAGAIN);
	scene_mark();
	f.daddr = 0xffffffff;
	forge_udp(&f);
	assert_int_equal(recv_now(B, b[0]), f.len);
	assert_int_equal(recv_now(B, b[1]), -EAGAIN);
	f.dport = CLOSED;
	forge_udp(&f);
	assert_int_equal(scene_counter(B, "Udp.IgnoredMulti"), 1);
	assert_int_equal(scene_counter(B, "Icmp.OutMsgs"), 0);
	for (unsigned int i = 0; i < 3; i++)
		scene_close(B, b[i]);
	scene_close(A, a);
}

/* Reads the error queue of @fd. *@at becomes the address of the message. */
static struct sock_extended_err read_error(struct host *h, int fd, struct sockaddr_in *at)
{
	static _Alignas(8) char control[256];
	struct iovec iov = {bytes, 100};
	struct msghdr msg = {.msg_name = at,
			     .msg_namelen = sizeof(*at),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	assert_true(scene_call(h, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE) >= 0);
	c = CMSG_FIRSTHDR(&msg);
	assert_non_null(c);
	assert_int_equal(c->cmsg_type, IP_RECVERR);
	return *(struct sock_extended_err *)CMSG_DATA(c);
}

/* ip(7): with IP_RECVERR errors of this host are on the error queue too, with the MTU. */
static void errors_of_this_host(void)
{
	int a = udp_socket(A);
	struct sock_extended_err e;
	struct sockaddr_in at;

	assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	assert_int_equal(scene_set(A, a, SOL_IP, IP_RECVERR, 1), 0);
	assert_int_equal(send_at(A, a, ADDRESS_B, PORT, 1473), -EMSGSIZE);
	assert_true(scene_poll(A, a) & POLLERR);
	e = read_error(A, a, &at);
	assert_int_equal(e.ee_errno, EMSGSIZE);
	assert_int_equal(e.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(e.ee_info, 1500);
	assert_int_equal(ntohl(at.sin_addr.s_addr), ADDRESS_B);
	assert_int_equal(at.sin_port, 0); /* as on Linux: the port of connect() */
	assert_false(scene_poll(A, a) & POLLERR);
	/* An address that does not answer ARP. */
	assert_int_equal(send_at(A, a, NOT_THERE, PORT, 10), 10);
	scene_sleep(10 * SEC);
	assert_int_equal(scene_get(A, a, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	e = read_error(A, a, &at);
	assert_int_equal(e.ee_errno, EHOSTUNREACH);
	assert_int_equal(e.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(e.ee_type, 3);
	assert_int_equal(e.ee_code, 1);
	assert_int_equal(ntohl(at.sin_addr.s_addr), NOT_THERE);
	scene_close(A, a);
	scene_sleep(200 * SEC);
	host_set_baseline(A); /* the route to that address stays in the cache */
}

/* The error queue counts in the receive buffer. */
static void errors_fill_the_buffer(void)
{
	int a = connected(A, B, PORT);
	uint16_t port = scene_port(A, a);
	struct sockaddr_in at;
	unsigned int n = 0;

	assert_int_equal(scene_set(A, a, SOL_IP, IP_RECVERR, 1), 0);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_RCVBUF, 1), 0);
	scene_mark();
	while (!scene_drops(A, "SOCKET_RCVBUFF")) {
		forge_error(3, 3, 0, port, PORT);
		assert_in_range(++n, 1, 20);
	}
	assert_in_range(n, 2, 10);
	while (--n)
		assert_int_equal(read_error(A, a, &at).ee_errno, ECONNREFUSED);
	assert_false(scene_poll(A, a) & POLLERR);
	scene_close(A, a);
}

static void the_file_of_sockets(void)
{
	int b = bound(B, PORT), other = connected(B, A, 9);
	struct forged_udp f = FORGED;
	unsigned int bucket, state, tx, rx, drops;
	const char *text, *line;
	char want[80];

	forge_udp(&f);
	assert_int_equal(scene_set(B, b, SOL_SOCKET, SO_RCVBUF, 1), 0);
	while (!scene_counter(B, "Udp.RcvbufErrors"))
		forge_udp(&f);
	text = scene_proc(B, "/proc/net/udp");
	line = strstr(text, " 00000000:0007 00000000:0000 ");
	assert_non_null(line);
	assert_int_equal(
		sscanf(line - 6,
		       "%u: %*8x:%*4x %*8x:%*4x %x %x:%x %*x:%*x %*x %*u %*d %*u %*d %*s %u",
		       &bucket, &state, &tx, &rx, &drops),
		5);
	assert_int_equal(bucket, PORT);
	assert_int_equal(state, 7); /* TCP_CLOSE */
	assert_int_equal(tx, 0);
	assert_int_equal(rx % 704, 0);
	assert_in_range(rx, 2304, 4608);
	assert_int_equal(drops, 1);
	/* each line has Linux's width */
	for (line = text; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(strchr(line, '\n') - line, 127);
	snprintf(want, sizeof(want), " 0200000A:%04X 0100000A:0009 01 ", scene_port(B, other));
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(scene_proc(B, "/proc/net/sockstat"), "UDP: inuse 2 mem 1"));
	scene_close(B, b);
	scene_close(B, other);
	assert_null(strstr(scene_proc(B, "/proc/net/udp"), " 00000000:0007 "));
}

/* UDP_SEGMENT on a link: one write, datagrams of the MTU with right lengths, checksums and order. */
static void segments_of_one_write(void)
{
	enum { SEGMENT = 103, SIZE = 1472, BYTES = 20000 };
	static uint8_t want[BYTES];
	int a = connected(A, B, PORT), b = bound(B, PORT);
	size_t at = 0;
	uint16_t last;
	int64_t n;

	scene_fill(want, BYTES, 9);
	memcpy(bytes, want, BYTES);
	assert_int_equal(scene_set(A, a, IPPROTO_UDP, SEGMENT, SIZE + 1), 0);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), BYTES), -EMSGSIZE);
	assert_int_equal(scene_set(A, a, IPPROTO_UDP, SEGMENT, SIZE), 0);
	scene_mark();
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), BYTES), BYTES);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, OTHER), (BYTES + SIZE - 1) / SIZE);
	while ((n = recv_now(B, b)) > 0) {
		assert_int_equal(n, BYTES - at < SIZE ? BYTES - at : SIZE);
		assert_memory_equal(bytes, want + at, n);
		at += n;
	}
	assert_int_equal(at, BYTES);
	assert_int_equal(scene_drops(B, "UDP_CSUM"), 0);
	/*
	 * A router may fragment these datagrams, so no later datagram may have the identification
	 * of one of them (RFC 6864 4.3).
	 */
	assert_true(scene_last(A, OTHER)->may_be_cut);
	last = scene_last(A, OTHER)->id;
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 2 * SIZE), 2 * SIZE);
	scene_sleep(10 * MS);
	assert_int_equal((uint16_t)(scene_last(A, OTHER)->id - last), 2);
	while (recv_now(B, b) > 0)
		;
	/* a damaged datagram is dropped, so each datagram has a checksum */
	scene_corrupt(A, OTHER, 3, 1);
	assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes), 5000), 5000);
	scene_sleep(10 * MS);
	assert_int_equal(scene_drops(B, "UDP_CSUM"), 1);
	scene_close(A, a);
	scene_close(B, b);
}

/* The longest datagram that IP can carry.  LIMIT(IP_LEN_MAX) */
static void the_longest_datagram(void)
{
	int a = bound(A, PORT);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	assert_int_equal(send_at(A, a, ADDRESS_A, PORT, 65508), -EMSGSIZE);
	scene_fill(bytes, 65507, 1);
	assert_int_equal(send_at(A, a, ADDRESS_A, PORT, 65507), 65507);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(
		scene_call(A, SYS_recvfrom, a, PTR(bytes), sizeof(bytes), 0, PTR(&from), PTR(&len)),
		65507);
	assert_int_equal(ntohs(from.sin_port), PORT);
	scene_close(A, a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(an_echo),
		SCENE(checksums),
		SCENE(a_checksum_of_zero_is_sent),
		SCENE(lengths),
		SCENE(a_port_without_socket),
		SCENE(errors_from_the_path),
		SCENE(a_narrow_path),
		SCENE(a_full_buffer),
		SCENE(memory_of_all_sockets),
		SCENE(a_full_send_buffer),
		SCENE(a_reader_waits),
		SCENE(a_writer_and_a_reader_wait),
		SCENE(a_close_with_unread_datagrams),
		SCENE(broadcasts),
		SCENE(the_longest_datagram),
		SCENE(segments_of_one_write),
		SCENE_WITH(segments_of_one_write, {"features", 0}),
		SCENE(errors_of_this_host),
		SCENE(errors_fill_the_buffer),
		SCENE(the_file_of_sockets),
	};

	return scene_play(tests);
}

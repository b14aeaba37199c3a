/* SPDX-License-Identifier: MIT */
/* Each allocation fails once in calls of datagram sockets, and for the packets that they send and receive
 * (refused.h). */
#include "tests/hosted/refused.h"
#include "tests/wire/pkt.h"

#define PORT   7
#define CLOSED 4
#define LONG   20000 /* bytes: some pages */

static uint8_t bytes[LONG];

static int udp_socket(struct host *h, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int on = 1;
	int fd = may(h, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fd;
	assert_int_equal(scene_call(h, SYS_setsockopt, fd, SOL_SOCKET, SO_BROADCAST, PTR(&on), 4),
			 0);
	assert_int_equal(scene_call(h, SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, PTR(&on), 4),
			 0);
	assert_int_equal(scene_call(h, SYS_setsockopt, fd, SOL_IP, IP_RECVERR, PTR(&on), 4), 0);
	if (port)
		assert_int_equal(scene_call(h, SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	return fd;
}

static void send_at(struct host *h, int fd, uint32_t addr, uint16_t port, size_t n)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
	int64_t result;

	if (fd < 0)
		return;
	result = scene_call(h, SYS_sendto, fd, PTR(bytes), n, 0, PTR(&to), sizeof(to));
	/*
	 * ECONNREFUSED: there was no memory for the receiver's socket, so the datagram before this
	 * one was answered with "port unreachable".
	 */
	if (result != -ECONNREFUSED || !was_refused())
		may_result(result);
	scene_sleep(10 * MS);
}

static void expect(struct host *h, int fd, int64_t n)
{
	if (fd >= 0)
		should(scene_call(h, SYS_recvfrom, fd, PTR(bytes), sizeof(bytes), MSG_DONTWAIT, 0,
				  0),
		       n);
}

static void talk(void)
{
	int a = udp_socket(A, 0), b = udp_socket(B, PORT), other = udp_socket(B, PORT);
	int self = udp_socket(A, PORT);

	send_at(A, a, 0x0a000002, PORT, 100);
	expect(B, other, 100);
	send_at(A, a, 0x0a0000ff, PORT, 1400);
	expect(B, b, 1400);
	expect(B, other, 1400);
	expect(A, self, 1400); /* the sender's host gets a copy of its broadcast */
	/*
	 * The data of a short datagram is in an object of its own, and is copied for each socket.
	 */
	send_at(A, a, 0x0a0000ff, PORT, 1);
	expect(B, b, 1);
	expect(B, other, 1);
	expect(A, self, 1);
	send_at(A, a, 0x0a000001, PORT, LONG);
	expect(A, self, LONG);
	/* The port unreachable goes to the error queue. */
	send_at(A, a, 0x0a000002, CLOSED, 10);
	if (a >= 0)
		should(scene_call(A, SYS_recvfrom, a, PTR(bytes), 100, 0, 0, 0), -ECONNREFUSED);
	/* An error that this host itself finds goes to the error queue, too. */
	if (a >= 0) {
		assert_int_equal(scene_set(A, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
		should(scene_call(A, SYS_sendto, a, PTR(bytes), LONG, 0,
				  PTR(scene_address(B, PORT)), sizeof(struct sockaddr_in)),
		       -EMSGSIZE);
	}
	refused_close_fd(A, a);
	refused_close_fd(A, self);
	refused_close_fd(B, b);
	refused_close_fd(B, other);
}

#define GROUP 0xef710701

/* Joins GROUP, blocks a source and reads the filter back. */
static void join(struct host *h, int fd)
{
	struct ip_mreq mreq = {.imr_multiaddr = {htonl(GROUP)}};
	struct ip_mreq_source mreqs = {.imr_multiaddr = {htonl(GROUP)},
				       .imr_sourceaddr = {htonl(0x0a000009)}};

	if (fd < 0 ||
	    may(h, SYS_setsockopt, fd, SOL_IP, IP_ADD_MEMBERSHIP, PTR(&mreq), sizeof(mreq)))
		return;
	may(h, SYS_setsockopt, fd, SOL_IP, IP_BLOCK_SOURCE, PTR(&mreqs), sizeof(mreqs));
	scene_sleep(3000 * MS);
}

static void groups_of_sockets(void)
{
	enum { SEGMENT = 103 }; /* UDP_SEGMENT */
	int a = udp_socket(A, PORT), b = udp_socket(B, PORT);
	const int segment = 700;

	join(A, a);
	join(B, b);
	send_at(A, a, GROUP, PORT, 100);
	expect(A, a, 100);
	expect(B, b, 100);
	send_at(A, a, GROUP, PORT, LONG);
	expect(A, a, LONG);
	expect(B, b, LONG);
	/* One write, which becomes two datagrams for this host and for the wire. */
	if (a < 0 || may(A, SYS_setsockopt, a, IPPROTO_UDP, SEGMENT, PTR(&segment), 4))
		goto out;
	send_at(A, a, GROUP, PORT, 2 * segment);
	expect(A, a, segment);
	expect(A, a, segment);
	expect(B, b, segment);
	expect(B, b, segment);
out:
	refused_close_fd(A, a);
	refused_close_fd(B, b);
	scene_sleep(3000 * MS);
}

static void groups(void)
{
	refuse_each(A, -1, groups_of_sockets);
	refuse_each(B, -1, groups_of_sockets);
}

/* Puts a UDP datagram of A to B on the wire, with two bytes behind it in the same IP packet. */
static void forge_padded(void)
{
	uint8_t frame[PKT_ETH + PKT_IP + 8 + 2] = {0}, *udp = frame + PKT_ETH + PKT_IP;

	pkt_put_eth(frame, 0x020000000002, 0x020000000001, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, PKT_PROTO_UDP, 0x0a000001, 0x0a000002, 8 + 2);
	pkt_put16(udp, PORT);
	pkt_put16(udp + 2, PORT);
	pkt_put16(udp + 4, 8);
	assert_int_equal(wire_inject(scene->wire, B, frame, sizeof(frame)), 0);
	scene_sleep(10 * MS);
}

static int raw_socket(struct host *h, int protocol)
{
	return may(h, SYS_socket, AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol);
}

/*
 * Raw sockets, with a header that the program wrote and with IP options. B's raw UDP socket shares the
 * datagram with UDP, which cuts off the bytes behind it.
 */
static void raw_packets(void)
{
	int a = raw_socket(A, 253), b = raw_socket(B, 253), raw_udp = raw_socket(B, 17);
	int udp = udp_socket(B, PORT), included = raw_socket(A, 255);

	memset(bytes, 0, 20);
	bytes[0] = 0x45;
	bytes[9] = 253;
	memcpy(bytes + 16, "\12\0\0\2", 4);
	send_at(A, included, 0x0a000002, 0, 100);
	expect(B, b, 100);
	if (a >= 0)
		may(A, SYS_setsockopt, a, SOL_IP, IP_OPTIONS, PTR("\7\7\4\0\0\0\0"), 7);
	send_at(A, a, 0x0a000002, 0, 100);
	expect(B, b, 20 + 8 + 100);
	forge_padded();
	expect(B, udp, 0);
	expect(B, raw_udp, 20 + 8 + 2);
	refused_close_fd(A, a);
	refused_close_fd(A, included);
	refused_close_fd(B, b);
	refused_close_fd(B, udp);
	refused_close_fd(B, raw_udp);
}

static void raw_sockets(void)
{
	refuse_each(A, -1, raw_packets);
	refuse_each(B, -1, raw_packets);
}

/*
 * A SYN with IP options to this host itself: TCP still holds the packet in which IP writes this host's
 * address.
 */
static void options_over_loopback(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(CLOSED),
				 .sin_addr.s_addr = htonl(0x0a000001)};
	int fd = may(A, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && !may(A, SYS_setsockopt, fd, SOL_IP, IP_OPTIONS, PTR("\7\7\4\0\0\0\0"), 7)) {
		int64_t result = scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to));

		if (result != -ECONNREFUSED)
			may_result(result);
	}
	refused_close_fd(A, fd);
}

static void options_of_a_stream(void)
{
	refuse_each(A, -1, options_over_loopback);
}

static void datagrams(void)
{
	refuse_each(A, -1, talk);
	refuse_each(B, -1, talk);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(groups),
		SCENE(raw_sockets),
		SCENE(options_of_a_stream),
		SCENE(datagrams),
		SCENE_WITH(datagrams, {"features", 0}),
	};

	return scene_play(tests);
}

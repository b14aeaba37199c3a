/* SPDX-License-Identifier: MIT */
/* Each allocation fails once in calls of datagram sockets, and for the packets that they send and receive
 * (refused.h). */
#include "tests/hosted/refused.h"

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

static void datagrams(void)
{
	refuse_each(A, -1, talk);
	refuse_each(B, -1, talk);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(groups),
		SCENE(datagrams),
		SCENE_WITH(datagrams, {"features", 0}),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * UDP_GRO (udp(7)): which datagrams one read returns together, which control message it returns,
 * and that a socket without the option gets each datagram by itself. A sends, with UDP_SEGMENT or
 * by several writes at the same moment; the frames reach B in one poll of its card. UDP_GRO is
 * Linux's: there is no RFC, and the expected lengths follow from the rule that all merged datagrams
 * but the last have the length that the control message tells.
 */
#include "tests/hosted/scene_forge.h"

#include <netinet/udp.h>

#define PORT 7

static uint8_t sent[70000], got[70000];

static int sender(void)
{
	int fd = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	return fd;
}

static int receiver(bool gro)
{
	int fd = scene_call(B, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	B->set("irq_chance", 0);
	assert_int_equal(scene_bind(B, fd, PORT), 0);
	assert_int_equal(scene_set(B, fd, SOL_UDP, UDP_GRO, gro), 0);
	assert_int_equal(scene_get(B, fd, SOL_UDP, UDP_GRO), gro);
	return fd;
}

struct read {
	int64_t len; /* result of recvmsg() */
	int flags;
	int gso_size; /* of the control message UDP_GRO; 0: there was none */
};

static struct read read_some(int fd, size_t room, int flags)
{
	union {
		char room[64];
		struct cmsghdr align;
	} control;
	struct iovec iov = {got, room};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct read r = {.len = scene_call(B, SYS_recvmsg, fd, PTR(&msg), flags)};
	const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	r.flags = msg.msg_flags;
	if (r.len >= 0 && c) {
		assert_int_equal(c->cmsg_level, SOL_UDP);
		assert_int_equal(c->cmsg_type, UDP_GRO);
		assert_int_equal(c->cmsg_len, CMSG_LEN(sizeof(int)));
		memcpy(&r.gso_size, CMSG_DATA(c), sizeof(int));
	}
	return r;
}

/* The next read must return @len bytes, those of @sent from @at, and the control message @gso_size. */
static void expect(int fd, size_t at, int64_t len, int gso_size)
{
	struct read r = read_some(fd, sizeof(got), 0);

	assert_int_equal(r.len, len);
	assert_int_equal(r.gso_size, gso_size);
	assert_int_equal(r.flags & MSG_TRUNC, 0);
	assert_memory_equal(got, sent + at, len);
}

static void nothing_more(int fd)
{
	assert_int_equal(read_some(fd, sizeof(got), 0).len, -EAGAIN);
}

static size_t written; /* bytes of @sent that were written */

static void begin(void)
{
	scene_fill(sent, sizeof(sent), 3);
	written = 0;
}

static void put(int fd, size_t len)
{
	assert_int_equal(scene_call(A, SYS_write, fd, PTR(sent + written), len), len);
	written += len;
}

/*
 * Writes take no virtual time, so all frames since begin() reach B at the same moment. Without
 * interrupts at random points, B's poll gets them together.
 */
static void let_go(void)
{
	scene_sleep(10 * MS);
}

static void end(int a, int b)
{
	nothing_more(b);
	scene_close(A, a);
	scene_close(B, b);
}

/* ---- scenes -------------------------------------------------------------------------------------- */

static void a_train_is_one_read(void)
{
	int a = sender(), b = receiver(true);

	begin();
	scene_mark();
	assert_int_equal(scene_set(A, a, SOL_UDP, UDP_SEGMENT, 1000), 0);
	put(a, 10500);
	let_go();
	expect(b, 0, 10500, 1000);
	/* on the wire there were eleven datagrams */
	assert_int_equal(scene_counter(B, "Ip.InReceives"), 11);
	assert_int_equal(scene_counter(B, "Udp.InDatagrams"), 1);
	/* a single datagram needs no control message */
	begin();
	put(a, 1000);
	let_go();
	expect(b, 0, 1000, 0);
	end(a, b);
}

static void without_the_option_each_is_a_read(void)
{
	int a = sender(), b = receiver(true);

	/* The option is switched off again, and another socket has it. */
	assert_int_equal(scene_set(B, b, SOL_UDP, UDP_GRO, 0), 0);
	int other = scene_call(B, SYS_socket, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(scene_set(B, other, SOL_UDP, UDP_GRO, 1), 0);
	begin();
	assert_int_equal(scene_set(A, a, SOL_UDP, UDP_SEGMENT, 1000), 0);
	put(a, 2500);
	let_go();
	expect(b, 0, 1000, 0);
	expect(b, 1000, 1000, 0);
	expect(b, 2000, 500, 0);
	scene_close(B, other);
	end(a, b);
}

static void lengths(void)
{
	int a = sender(), b = receiver(true);

	begin();
	put(a, 500);
	put(a, 500);
	put(a, 300); /* shorter: the last of its packet */
	put(a, 500);
	put(a, 600); /* longer: begins another packet */
	put(a, 600);
	let_go();
	expect(b, 0, 1300, 500);
	expect(b, 1300, 500, 0);
	expect(b, 1800, 1200, 600);
	/* An empty datagram is a read of its own, in its place. */
	begin();
	put(a, 100);
	put(a, 0);
	put(a, 100);
	let_go();
	expect(b, 0, 100, 0);
	expect(b, 100, 0, 0);
	expect(b, 100, 100, 0);
	end(a, b);
}

/* A program may ask for these fields of a datagram, so datagrams that differ in them stay apart. */
static void other_headers(void)
{
	int a = sender(), b = receiver(true), other = sender();

	begin();
	put(a, 200);
	assert_int_equal(scene_set(A, a, SOL_IP, IP_TTL, 9), 0);
	put(a, 200);
	put(a, 200);
	assert_int_equal(scene_set(A, a, SOL_IP, IP_TOS, 8), 0);
	put(a, 200);
	put(other, 200); /* another port */
	let_go();
	expect(b, 0, 200, 0);
	expect(b, 200, 400, 200);
	expect(b, 600, 200, 0);
	expect(b, 800, 200, 0);
	scene_close(A, other);
	end(a, b);
}

/* Linux merges no datagram without a checksum; a wrong one is dropped alone. */
static void checksums(void)
{
	int a = sender(), b = receiver(true);

	begin();
	put(a, 200);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_NO_CHECK, 1), 0);
	put(a, 200);
	put(a, 200);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_NO_CHECK, 0), 0);
	put(a, 200);
	put(a, 200);
	let_go();
	expect(b, 0, 200, 0);
	expect(b, 200, 200, 0);
	expect(b, 400, 200, 0);
	expect(b, 600, 400, 200);
	begin();
	scene_mark();
	scene_corrupt(A, OTHER, 2, 1);
	for (unsigned int i = 0; i < 3; i++)
		put(a, 200);
	let_go();
	expect(b, 0, 200, 0);
	expect(b, 400, 200, 0);
	assert_int_equal(scene_drops(B, "UDP_CSUM"), 1);
	end(a, b);
}

/*
 * A read with a short buffer cuts a merged packet as it cuts a datagram; MSG_PEEK leaves the packet
 * in the queue.
 */
static void a_short_read(void)
{
	int a = sender(), b = receiver(true);
	struct read r;

	begin();
	for (unsigned int i = 0; i < 3; i++)
		put(a, 400);
	let_go();
	r = read_some(b, 500, MSG_PEEK);
	assert_int_equal(r.len, 500);
	assert_int_equal(r.gso_size, 400);
	r = read_some(b, 500, MSG_PEEK | MSG_TRUNC);
	assert_int_equal(r.len, 1200);
	assert_int_equal(r.gso_size, 400);
	r = read_some(b, 500, 0);
	assert_int_equal(r.len, 500);
	assert_true(r.flags & MSG_TRUNC);
	assert_int_equal(r.gso_size, 400);
	end(a, b);
}

/* A merged packet is at most as long as a packet can be: 65,535 bytes with its headers. */
static void the_longest_packet(void)
{
	int a = sender(), b = receiver(true);
	size_t at = 0;

	begin();
	assert_int_equal(scene_set(A, a, SOL_UDP, UDP_SEGMENT, 1472), 0);
	put(a, 30000);
	put(a, 30000);
	put(a, 9000);
	let_go();
	while (at < written) {
		struct read r = read_some(b, sizeof(got), 0);

		assert_in_range(r.len, 1, 65535 - 28);
		assert_memory_equal(got, sent + at, r.len);
		at += r.len;
	}
	end(a, b);
}

/* Datagrams to a group may be for several sockets, which need not have the option. */
static void a_group_gets_each(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(PORT),
				 .sin_addr.s_addr = htonl(0xffffffff)};
	int a = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, 0), b = receiver(true);

	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(scene_call(A, SYS_connect, a, PTR(&at), sizeof(at)), 0);
	begin();
	put(a, 300);
	put(a, 300);
	let_go();
	expect(b, 0, 300, 0);
	expect(b, 300, 300, 0);
	end(a, b);
	host_set_baseline(A); /* the route of the broadcast stays in the cache */
}

/* The memory of all merged datagrams counts in the receive buffer, and is returned by the read. */
static void memory_is_charged(void)
{
	int a = sender(), b = receiver(true);
	unsigned int reads = 0;
	int64_t n;

	assert_int_equal(scene_set(B, b, SOL_SOCKET, SO_RCVBUF, 20000), 0);
	assert_int_equal(scene_set(A, a, SOL_UDP, UDP_SEGMENT, 1000), 0);
	for (unsigned int i = 0; i < 10; i++) {
		begin();
		put(a, 10000);
		let_go();
	}
	assert_int_not_equal(scene_drops(B, "SOCKET_RCVBUFF"), 0);
	while ((n = read_some(b, sizeof(got), 0).len) > 0) {
		assert_int_equal(n, 10000);
		reads++;
	}
	/* 40,000 bytes of memory, and one packet more */
	assert_in_range(reads, 2, 4);
	end(a, b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_train_is_one_read),
		SCENE_WITH(a_train_is_one_read, {"features", 0}),
		SCENE(without_the_option_each_is_a_read),
		SCENE(lengths),
		SCENE(other_headers),
		SCENE(checksums),
		SCENE(a_short_read),
		SCENE(the_longest_packet),
		SCENE(a_group_gets_each),
		SCENE(memory_is_charged),
	};

	return scene_play(tests);
}

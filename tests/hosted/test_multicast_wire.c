/* SPDX-License-Identifier: MIT */
/*
 * Multicast between two hosts: the frames and the IGMP reports on the wire, the copies for the
 * sender's own host, and the groups that a host drops. test_multicast.c has the results of calls;
 * tests/unit/test_igmp.c has the timing of reports.
 */
#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define ADDRESS_A 0x0a000001
#define ADDRESS_B 0x0a000002
#define GROUP     0xef710701 /* 239.113.7.1 */
#define ALL       0x0a0000ff
#define ALL_MCR   0xe0000016 /* 224.0.0.22, RFC 3376 4.2.14 */
#define PORT      7
#define IGMP      2

static uint8_t bytes[2000];

/* ---- frames -------------------------------------------------------------------------------------- */

#define FRAMES 64
static struct {
	struct host *from;
	uint8_t data[1600];
} frames[FRAMES];
static unsigned int nr_frames;

/* Records the IP packets to a group; every frame arrives. */
static struct fate record(void *arg, struct wire *w, struct host *from, uint8_t *frame, size_t *len)
{
	if (frame[0] == 1 && frame[12] == 8 && frame[13] == 0 && nr_frames < FRAMES) {
		frames[nr_frames].from = from;
		memcpy(frames[nr_frames++].data, frame, *len < 1600 ? *len : 1600);
	}
	return (struct fate){0};
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Returns the IP header of the @nth packet of @protocol that @from sent to a group; NULL if there is none. */
static const uint8_t *sent(const struct host *from, uint8_t protocol, unsigned int nth)
{
	for (unsigned int i = 0; i < nr_frames; i++) {
		const uint8_t *ip = frames[i].data + PKT_ETH;

		if (frames[i].from == from && ip[9] == protocol && !--nth)
			return ip;
	}
	return NULL;
}

/* Checks that the @nth report of @from is one record of @type without sources for GROUP. */
static void reported(const struct host *from, unsigned int nth, uint8_t type)
{
	const uint8_t *ip = sent(from, IGMP, nth), *igmp;

	assert_non_null(ip);
	igmp = ip + (ip[0] & 15) * 4;
	assert_int_equal(get32(ip + 16), ALL_MCR);
	assert_int_equal(ip[8], 1);
	assert_int_equal(igmp[0], 0x22);
	assert_int_equal(get32(igmp + 4), 1); /* one record */
	assert_int_equal(get32(igmp + 8), (uint32_t)type << 24);
	assert_int_equal(get32(igmp + 12), GROUP);
}

/* ---- calls --------------------------------------------------------------------------------------- */

static int receiver(struct host *h)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	assert_true(fd >= 0);
	assert_int_equal(scene_call(h, SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	return fd;
}

static int64_t membership(struct host *h, int fd, int option)
{
	struct ip_mreq mreq = {{htonl(GROUP)}, {0}};

	return scene_call(h, SYS_setsockopt, fd, SOL_IP, option, PTR(&mreq), sizeof(mreq));
}

static void send_to(struct host *h, int fd, uint32_t to)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(to)};

	assert_int_equal(scene_call(h, SYS_sendto, fd, PTR("abc"), 3, 0, PTR(&at), sizeof(at)), 3);
	scene_sleep(10 * MS);
}

static int64_t recv_now(struct host *h, int fd)
{
	return scene_call(h, SYS_recvfrom, fd, PTR(bytes), sizeof(bytes), MSG_DONTWAIT, 0, 0);
}

/*
 * Makes @h look up the routes to @to and to the address of IGMP's reports. They stay in the cache
 * of @h, so they belong to the baseline of the leak check.
 */
static void resolve(struct host *h, uint32_t to)
{
	int fd = receiver(h);

	assert_int_equal(scene_set(h, fd, SOL_SOCKET, SO_BROADCAST, 1), 0);
	send_to(h, fd, to);
	assert_int_equal(membership(h, fd, IP_ADD_MEMBERSHIP), 0);
	scene_close(h, fd);
	scene_sleep(3000 * MS);
	host_set_baseline(h);
	nr_frames = 0;
	wire_set_hook(scene->wire, record, NULL);
	scene_mark();
}

/* ---- scenes -------------------------------------------------------------------------------------- */

/* B joins a group, receives and leaves; IGMP reports on the wire tell the routers. */
static void a_group_on_the_wire(void)
{
	int a, b;
	const uint8_t *ip;

	resolve(A, GROUP);
	resolve(B, GROUP);
	a = receiver(A);
	b = receiver(B);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(B, b), -EAGAIN);
	ip = sent(A, PKT_PROTO_UDP, 1);
	assert_non_null(ip);
	/*
	 * RFC 1112 6.4: the Ethernet address ends with the lower 23 bits of the group; 6.1: the TTL
	 * is 1 if the program chose none.
	 */
	assert_memory_equal(ip - PKT_ETH, "\x01\x00\x5e\x71\x07\x01", 6);
	assert_int_equal(ip[8], 1);
	assert_int_equal(get32(ip + 12), ADDRESS_A);
	assert_int_equal(membership(B, b, IP_ADD_MEMBERSHIP), 0);
	scene_sleep(10 * MS);
	reported(B, 1, 4); /* CHANGE_TO_EXCLUDE_MODE */
	assert_non_null(strstr(scene_proc(B, "/proc/net/igmp"), "010771EF"));
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MULTICAST_TTL, 9), 0);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(B, b), 3);
	assert_int_equal(sent(A, PKT_PROTO_UDP, 2)[8], 9);
	scene_sleep(3000 * MS);
	scene_close(B, b);
	scene_sleep(10 * MS);
	reported(B, 3, 3); /* CHANGE_TO_INCLUDE_MODE */
	scene_sleep(3000 * MS);
	assert_null(sent(B, IGMP, 5));
	assert_null(strstr(scene_proc(B, "/proc/net/igmp"), "010771EF"));
	scene_close(A, a);
}

/* A device without a filter of addresses passes all multicast up: IP drops it, without an answer. */
static void a_group_that_no_socket_joined(void)
{
	int a, b;

	resolve(A, GROUP);
	a = receiver(A);
	b = receiver(B);
	scene_mark();
	send_to(A, a, GROUP);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(B, b), -EAGAIN);
	assert_int_equal(scene_drops(B, "IP_NOGROUP"), 2);
	assert_int_equal(scene_counter(B, "Ip.InAddrErrors"), 0);
	assert_int_equal(scene_counter(B, "Icmp.OutMsgs"), 0);
	scene_close(A, a);
	scene_close(B, b);
}

/* RFC 1112 6.1: the sender's host gets a copy if it is a member, unless the program forbids it. */
static void a_copy_for_the_sender(void)
{
	int a, b;

	resolve(A, GROUP);
	resolve(B, GROUP);
	a = receiver(A);
	b = receiver(B);
	assert_int_equal(membership(B, b, IP_ADD_MEMBERSHIP), 0);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(A, a), -EAGAIN); /* not a member */
	assert_int_equal(recv_now(B, b), 3);
	assert_int_equal(membership(A, a, IP_ADD_MEMBERSHIP), 0);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(A, a), 3);
	assert_int_equal(recv_now(A, a), -EAGAIN);
	assert_int_equal(recv_now(B, b), 3);
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MULTICAST_LOOP, 0), 0);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(A, a), -EAGAIN);
	assert_int_equal(recv_now(B, b), 3);
	/* A TTL of 0: only this host. */
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MULTICAST_LOOP, 1), 0);
	assert_int_equal(scene_set(A, a, SOL_IP, IP_MULTICAST_TTL, 0), 0);
	send_to(A, a, GROUP);
	assert_int_equal(recv_now(A, a), 3);
	assert_int_equal(recv_now(B, b), -EAGAIN);
	assert_null(sent(A, PKT_PROTO_UDP, 4));
	scene_close(A, a);
	scene_close(B, b);
	scene_sleep(3000 * MS);
}

/* One write with UDP_SEGMENT: the sender's host, too, receives the datagrams that it is cut into. */
static void segments_for_the_sender(void)
{
	enum { SEGMENT = 103 }; /* UDP_SEGMENT */
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(GROUP)};
	int a;

	resolve(A, GROUP);
	a = receiver(A);
	assert_int_equal(membership(A, a, IP_ADD_MEMBERSHIP), 0);
	assert_int_equal(scene_set(A, a, IPPROTO_UDP, SEGMENT, 2), 0);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR("abcde"), 5, 0, PTR(&at), sizeof(at)), 5);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, a), 2);
	assert_memory_equal(bytes, "ab", 2);
	assert_int_equal(recv_now(A, a), 2);
	assert_int_equal(recv_now(A, a), 1);
	assert_memory_equal(bytes, "e", 1);
	assert_int_equal(recv_now(A, a), -EAGAIN);
	scene_close(A, a);
	scene_sleep(3000 * MS);
}

/* A broadcast is always received by the sender's own sockets, too (Linux's ip_mc_output()). */
static void a_copy_of_a_broadcast(void)
{
	int a, b;

	resolve(A, ALL);
	a = receiver(A);
	b = receiver(B);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	send_to(A, a, ALL);
	assert_int_equal(recv_now(A, a), 3);
	assert_int_equal(recv_now(A, a), -EAGAIN);
	assert_int_equal(recv_now(B, b), 3);
	scene_close(A, a);
	scene_close(B, b);
}

/*
 * RFC 4293's counters of packets and octets to groups: an octet is a byte of a packet with its IP
 * header. A datagram of send_to() has 20 + 8 + 3 bytes. B, which joined nothing but has sockets,
 * counts the broadcasts; it counts the multicast datagrams only after it joined the group.
 */
static void packets_to_groups_are_counted(void)
{
	enum { SIZE = 31 };
	int a, b;

	resolve(A, ALL);
	resolve(A, GROUP);
	resolve(B, GROUP);
	a = receiver(A);
	b = receiver(B);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	send_to(A, a, GROUP);
	assert_int_equal(scene_counter(A, "IpExt.OutMcastPkts"), 1);
	assert_int_equal(scene_counter(B, "IpExt.InMcastPkts"), 0);
	assert_int_equal(scene_counter(B, "IpExt.InOctets"), SIZE);
	assert_int_equal(membership(B, b, IP_ADD_MEMBERSHIP), 0);
	scene_sleep(3000 * MS);
	scene_mark();
	for (unsigned int i = 0; i < 3; i++)
		send_to(A, a, GROUP);
	send_to(A, a, ALL);
	assert_int_equal(scene_counter(A, "IpExt.OutMcastPkts"), 3);
	assert_int_equal(scene_counter(A, "IpExt.OutMcastOctets"), 3 * SIZE);
	assert_int_equal(scene_counter(A, "IpExt.OutBcastPkts"), 1);
	assert_int_equal(scene_counter(A, "IpExt.OutBcastOctets"), SIZE);
	assert_int_equal(scene_counter(A, "IpExt.OutOctets"), 4 * SIZE);
	/* the sender's own copy of the broadcast */
	assert_int_equal(scene_counter(A, "IpExt.InBcastPkts"), 1);
	assert_int_equal(scene_counter(B, "IpExt.InMcastPkts"), 3);
	assert_int_equal(scene_counter(B, "IpExt.InMcastOctets"), 3 * SIZE);
	assert_int_equal(scene_counter(B, "IpExt.InBcastPkts"), 1);
	assert_int_equal(scene_counter(B, "IpExt.InBcastOctets"), SIZE);
	assert_int_equal(scene_counter(B, "IpExt.InOctets"), 4 * SIZE);
	scene_close(A, a);
	scene_close(B, b);
	scene_sleep(3000 * MS);
}

/*
 * A broadcast in fragments as small as A's MTU: each socket of B gets a copy of the reassembled
 * datagram, and the original is freed before the first copy is read.
 */
static void a_broadcast_in_small_fragments(void)
{
	struct ifreq ifr = {.ifr_name = "eth0", .ifr_mtu = 68};
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(ALL)};
	int a, b;

	resolve(A, ALL);
	a = receiver(A);
	b = receiver(B);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(scene_call(A, SYS_ioctl, a, SIOCSIFMTU, PTR(&ifr)), 0);
	for (unsigned int i = 0; i < 150; i++)
		bytes[i] = i;
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(bytes), 150, 0, PTR(&at), sizeof(at)),
			 150);
	scene_sleep(10 * MS);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(recv_now(B, b), 150);
	for (unsigned int i = 0; i < 150; i++)
		assert_int_equal(bytes[i], i);
	assert_int_equal(scene_counter(B, "Ip.ReasmOKs"), 1);
	scene_close(A, a);
	scene_close(B, b);
}

/*
 * A new limit (igmp_max_memberships, igmp_max_msf) holds for the next call, a new igmp_qrv for the
 * reports of the next join or leave.
 */
static void sysctls(void)
{
	struct ip_mreq_source mreqs = {.imr_multiaddr = {htonl(GROUP)},
				       .imr_sourceaddr = {htonl(ADDRESS_B)}};
	int a;

	resolve(A, GROUP);
	a = receiver(A);
	scene_sysctl(A, "net/ipv4/igmp_max_memberships", "0");
	assert_int_equal(membership(A, a, IP_ADD_MEMBERSHIP), -ENOBUFS);
	scene_sysctl(A, "net/ipv4/igmp_max_memberships", "1");
	scene_sysctl(A, "net/ipv4/igmp_qrv", "4");
	assert_int_equal(membership(A, a, IP_ADD_MEMBERSHIP), 0);
	scene_sleep(5000 * MS);
	reported(A, 4, 4);
	assert_null(sent(A, IGMP, 5));
	scene_sysctl(A, "net/ipv4/igmp_max_msf", "0");
	assert_int_equal(scene_call(A, SYS_setsockopt, a, SOL_IP, IP_BLOCK_SOURCE, PTR(&mreqs),
				    sizeof(mreqs)),
			 -ENOBUFS);
	scene_close(A, a);
	scene_sleep(5000 * MS);
	reported(A, 8, 3);
	assert_null(sent(A, IGMP, 9));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_group_on_the_wire),
		SCENE(a_group_that_no_socket_joined),
		SCENE(a_copy_for_the_sender),
		SCENE_WITH(a_copy_for_the_sender, {"features", 0}),
		SCENE(segments_for_the_sender),
		SCENE_WITH(segments_for_the_sender, {"features", 0}),
		SCENE(a_copy_of_a_broadcast),
		SCENE(packets_to_groups_are_counted),
		SCENE(a_broadcast_in_small_fragments),
		SCENE(sysctls),
	};

	return scene_play(tests);
}

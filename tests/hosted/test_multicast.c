/* SPDX-License-Identifier: MIT */
/*
 * Multicast options of sockets, and delivery to the sockets that joined: sequences of calls that are
 * also made on Linux, with equal results (beside.h). All use the interface lo.
 */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <string.h>

#define GROUP  "239.113.7.1"
#define OTHER  "239.113.7.2"
#define LO     1 /* index of the interface lo, on both */
#define STREAM -1

static char bytes[2000];

static struct in_addr ip(const char *text)
{
	unsigned int a, b, c, d;

	assert_int_equal(sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d), 4);
	return (struct in_addr){htonl(a << 24 | b << 16 | c << 8 | d)};
}

static int udp_socket(void)
{
	int fd = on(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

/* setsockopt() of @len bytes; its result is noted under @what. */
static int64_t set(const char *what, int fd, int name, const void *value, size_t len)
{
	int64_t err = on(SYS_setsockopt, fd, SOL_IP, name, PTR(value), len);

	note(what, err);
	return err;
}

static void set_int(const char *what, int fd, int name, int value)
{
	set(what, fd, name, &value, sizeof(value));
}

static void note_int(const char *what, int fd, int name)
{
	int value = -7;
	socklen_t len = sizeof(value);

	note(what, on(SYS_getsockopt, fd, SOL_IP, name, PTR(&value), PTR(&len)));
	note(what, value);
	note(what, len);
}

/* IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP. */
static void membership(const char *what, int fd, int name, const char *group, const char *interface,
		       int ifindex)
{
	struct ip_mreqn mreqn = {ip(group), ip(interface), ifindex};

	set(what, fd, name, &mreqn, ifindex ? sizeof(mreqn) : sizeof(struct ip_mreq));
}

static void join(int fd, const char *group)
{
	membership("join", fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1", 0);
}

/* IP_ADD_SOURCE_MEMBERSHIP, and the three other options with a struct ip_mreq_source. */
static void source(const char *what, int fd, int name, const char *group, const char *src)
{
	struct ip_mreq_source mreqs = {.imr_multiaddr = ip(group),
				       .imr_interface = ip("127.0.0.1"),
				       .imr_sourceaddr = ip(src)};

	set(what, fd, name, &mreqs, sizeof(mreqs));
}

static void put_address(struct sockaddr_storage *ss, const char *text)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = ip(text)};

	memset(ss, 0, sizeof(*ss));
	memcpy(ss, &sin, sizeof(sin));
}

static void group_req(const char *what, int fd, int name, const char *group, int ifindex)
{
	struct group_req req = {.gr_interface = ifindex};

	put_address(&req.gr_group, group);
	set(what, fd, name, &req, sizeof(req));
}

static void group_source(const char *what, int fd, int name, const char *group, const char *src)
{
	struct group_source_req req = {.gsr_interface = LO};

	put_address(&req.gsr_group, group);
	put_address(&req.gsr_source, src);
	set(what, fd, name, &req, sizeof(req));
}

/* IP_MSFILTER with the sources 10.0.0.1 to 10.0.0.@n. */
static void filter(const char *what, int fd, uint32_t mode, uint32_t n)
{
	uint32_t buf[4 + 200] = {ip(GROUP).s_addr, ip("127.0.0.1").s_addr, mode, n};

	for (uint32_t i = 0; i < n; i++)
		buf[4 + i] = htonl(0x0a000001 + i);
	set(what, fd, IP_MSFILTER, buf, 16 + 4 * n);
}

/* Notes what getsockopt(IP_MSFILTER) returns with room for @room sources. */
static void note_filter(const char *what, int fd, uint32_t room)
{
	uint32_t buf[4 + 20] = {ip(GROUP).s_addr, ip("127.0.0.1").s_addr, 9, room};
	socklen_t len = 16 + 4 * room;
	uint32_t sum = 0;

	note(what, on(SYS_getsockopt, fd, SOL_IP, IP_MSFILTER, PTR(buf), PTR(&len)));
	note(what, len);
	note(what, buf[2]);
	note(what, buf[3]);
	for (unsigned int i = 0; i < room; i++)
		sum += ntohl(buf[4 + i]); /* the order is not promised */
	note(what, sum);
}

/* ---- where packets go ---------------------------------------------------------------------------- */

static void numbers(int fd, bool stream)
{
	const uint8_t byte = 7;

	note_int("TTL", fd, IP_MULTICAST_TTL);
	note_int("LOOP", fd, IP_MULTICAST_LOOP);
	note_int("ALL", fd, IP_MULTICAST_ALL);
	for (int value = -2; value < 3; value++) {
		set_int("TTL", fd, IP_MULTICAST_TTL, value);
		note_int("TTL", fd, IP_MULTICAST_TTL);
		set_int("LOOP", fd, IP_MULTICAST_LOOP, value);
		note_int("LOOP", fd, IP_MULTICAST_LOOP);
		set_int("ALL", fd, IP_MULTICAST_ALL, value);
		note_int("ALL", fd, IP_MULTICAST_ALL);
	}
	set_int("TTL 255", fd, IP_MULTICAST_TTL, 255);
	set_int("TTL 256", fd, IP_MULTICAST_TTL, 256);
	set("TTL as a byte", fd, IP_MULTICAST_TTL, &byte, 1);
	note_int("TTL", fd, IP_MULTICAST_TTL);
	set("LOOP as a byte", fd, IP_MULTICAST_LOOP, &byte, 1);
	set("TTL without a value", fd, IP_MULTICAST_TTL, &byte, 0);
	set("LOOP without a value", fd, IP_MULTICAST_LOOP, &byte, 0);
	set("ALL without a value", fd, IP_MULTICAST_ALL, &byte, 0);
	note("a bad pointer", on(SYS_setsockopt, fd, SOL_IP, IP_MULTICAST_LOOP, 1, 4));
	on(SYS_close, fd);
}

static void options_of_packets(void)
{
	numbers(udp_socket(), false);
	numbers(on(SYS_socket, AF_INET, SOCK_STREAM, 0), true);
}
BESIDE_LINUX(options_of_packets)

static void interfaces(int fd)
{
	struct in_addr addr = ip("127.0.0.1");
	struct ip_mreqn mreqn = {ip("0.0.0.0"), ip("0.0.0.0"), LO};

	note_int("IF", fd, IP_MULTICAST_IF);
	set("IF by address", fd, IP_MULTICAST_IF, &addr, sizeof(addr));
	note_int("IF", fd, IP_MULTICAST_IF);
	set("IF by index", fd, IP_MULTICAST_IF, &mreqn, sizeof(mreqn));
	note_int("IF", fd, IP_MULTICAST_IF);
	mreqn.imr_address = ip("127.0.0.1");
	set("IF by both", fd, IP_MULTICAST_IF, &mreqn, sizeof(mreqn));
	note_int("IF", fd, IP_MULTICAST_IF);
	set("IF in the form of ip_mreq", fd, IP_MULTICAST_IF, &mreqn, sizeof(struct ip_mreq));
	note_int("IF", fd, IP_MULTICAST_IF);
	mreqn.imr_ifindex = 999;
	set("no such index", fd, IP_MULTICAST_IF, &mreqn, sizeof(mreqn));
	addr = ip("192.0.2.77");
	set("no such address", fd, IP_MULTICAST_IF, &addr, sizeof(addr));
	set("too short", fd, IP_MULTICAST_IF, &addr, 3);
	note_int("IF", fd, IP_MULTICAST_IF);
	addr = ip("0.0.0.0");
	set("IF unset", fd, IP_MULTICAST_IF, &addr, sizeof(addr));
	note_int("IF", fd, IP_MULTICAST_IF);
	on(SYS_close, fd);
}

static void options_of_interfaces(void)
{
	interfaces(udp_socket());
	interfaces(on(SYS_socket, AF_INET, SOCK_STREAM, 0));
}
BESIDE_LINUX(options_of_interfaces)

/* ---- joining and leaving ------------------------------------------------------------------------- */

static void joining(void)
{
	int fd = udp_socket(), stream = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	struct ip_mreq mreq = {ip(GROUP), ip("127.0.0.1")};
	char big[200] = {0};

	membership("join", fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	membership("join again", fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	membership("again by index", fd, IP_ADD_MEMBERSHIP, GROUP, "0.0.0.0", LO);
	membership("another group", fd, IP_ADD_MEMBERSHIP, OTHER, "0.0.0.0", LO);
	membership("not multicast", fd, IP_ADD_MEMBERSHIP, "10.1.2.3", "127.0.0.1", 0);
	membership("no such address", fd, IP_ADD_MEMBERSHIP, GROUP, "192.0.2.77", 0);
	membership("no such index", fd, IP_ADD_MEMBERSHIP, GROUP, "0.0.0.0", 999);
	set("too short", fd, IP_ADD_MEMBERSHIP, &mreq, 7);
	set("too short", fd, IP_DROP_MEMBERSHIP, &mreq, 4);
	note("a bad pointer", on(SYS_setsockopt, fd, SOL_IP, IP_ADD_MEMBERSHIP, 1, 8));
	membership("leave: no such address", fd, IP_DROP_MEMBERSHIP, GROUP, "192.0.2.77", 0);
	membership("leave: no such index", fd, IP_DROP_MEMBERSHIP, GROUP, "0.0.0.0", 999);
	membership("leave by index", fd, IP_DROP_MEMBERSHIP, GROUP, "0.0.0.0", LO);
	membership("leave again", fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	membership("leave: not multicast", fd, IP_DROP_MEMBERSHIP, "10.1.2.3", "127.0.0.1", 0);
	membership("leave the other", fd, IP_DROP_MEMBERSHIP, OTHER, "127.0.0.1", 0);
	/* The forms with the index of the interface. */
	group_req("join", fd, MCAST_JOIN_GROUP, GROUP, LO);
	group_req("join again", fd, MCAST_JOIN_GROUP, GROUP, LO);
	group_req("no such index", fd, MCAST_JOIN_GROUP, GROUP, 999);
	group_req("not multicast", fd, MCAST_JOIN_GROUP, "10.1.2.3", LO);
	group_req("leave", fd, MCAST_LEAVE_GROUP, GROUP, LO);
	group_req("leave again", fd, MCAST_LEAVE_GROUP, GROUP, LO);
	set("of no family", fd, MCAST_JOIN_GROUP, big, sizeof(struct group_req));
	set("too short", fd, MCAST_JOIN_GROUP, big, sizeof(struct group_req) - 1);
	set("too short", fd, MCAST_LEAVE_GROUP, big, 8);
	/* Options that cannot be read. */
	note_int("get", fd, IP_ADD_MEMBERSHIP);
	note_int("get", fd, MCAST_JOIN_GROUP);
	/* A stream socket. */
	membership("stream", stream, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	membership("stream", stream, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	set("stream", stream, IP_ADD_MEMBERSHIP, &mreq, 1);
	on(SYS_close, stream);
	on(SYS_close, fd);
}
BESIDE_LINUX(joining)

/* LIMIT(IGMP_MAX_MEMBERSHIPS), LIMIT(IGMP_MAX_MSF) */
static void as_many_as_allowed(void)
{
	int fd = udp_socket();
	char text[32];

	for (unsigned int i = 1; i <= 21; i++) {
		snprintf(text, sizeof(text), "239.113.8.%u", i);
		join(fd, text);
	}
	on(SYS_close, fd);
	fd = udp_socket();
	for (unsigned int i = 1; i <= 11; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		source("accept", fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP, text);
	}
	on(SYS_close, fd);
	fd = udp_socket();
	join(fd, GROUP);
	for (unsigned int i = 1; i <= 11; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		source("block", fd, IP_BLOCK_SOURCE, GROUP, text);
	}
	filter("10 sources", fd, MCAST_INCLUDE, 10);
	filter("11 sources", fd, MCAST_INCLUDE, 11);
	on(SYS_close, fd);
}
BESIDE_LINUX(as_many_as_allowed)

/* ---- sources ------------------------------------------------------------------------------------- */

static void sources(void)
{
	int fd = udp_socket();
	char big[300] = {0};

	source("unblock: not joined", fd, IP_UNBLOCK_SOURCE, GROUP, "10.0.0.1");
	source("block: not joined", fd, IP_BLOCK_SOURCE, GROUP, "10.0.0.1");
	source("drop: not joined", fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP, "10.0.0.1");
	join(fd, GROUP);
	source("block", fd, IP_BLOCK_SOURCE, GROUP, "10.0.0.1");
	source("block again", fd, IP_BLOCK_SOURCE, GROUP, "10.0.0.1");
	source("block another", fd, IP_BLOCK_SOURCE, GROUP, "10.0.0.2");
	source("accept, in mode EXCLUDE", fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP, "10.0.0.3");
	note_filter("filter", fd, 5);
	note_filter("without room", fd, 1);
	source("unblock", fd, IP_UNBLOCK_SOURCE, GROUP, "10.0.0.1");
	source("unblock again", fd, IP_UNBLOCK_SOURCE, GROUP, "10.0.0.1");
	note_filter("filter", fd, 5);
	source("unblock the last", fd, IP_UNBLOCK_SOURCE, GROUP, "10.0.0.2");
	note_filter("filter", fd, 5);
	membership("leave", fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	/* A filter without sources takes the mode of the first source. */
	join(fd, GROUP);
	source("accept", fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP, "10.0.0.3");
	note_filter("filter", fd, 5);
	source("accept again", fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP, "10.0.0.3");
	source("block, in mode INCLUDE", fd, IP_BLOCK_SOURCE, GROUP, "10.0.0.2");
	source("accept another", fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP, "10.0.0.4");
	membership("join, in mode INCLUDE", fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	source("drop", fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP, "10.0.0.3");
	source("drop again", fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP, "10.0.0.3");
	source("drop the last: leaves", fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP, "10.0.0.4");
	membership("leave", fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	source("not multicast", fd, IP_ADD_SOURCE_MEMBERSHIP, "10.1.2.3", "10.0.0.3");
	set("too short", fd, IP_ADD_SOURCE_MEMBERSHIP, big, 11);
	set("too long", fd, IP_ADD_SOURCE_MEMBERSHIP, big, 13);
	/* The forms with the index of the interface. */
	group_source("accept", fd, MCAST_JOIN_SOURCE_GROUP, GROUP, "10.0.0.3");
	group_source("accept again", fd, MCAST_JOIN_SOURCE_GROUP, GROUP, "10.0.0.3");
	group_source("block", fd, MCAST_BLOCK_SOURCE, GROUP, "10.0.0.3");
	group_source("unblock", fd, MCAST_UNBLOCK_SOURCE, GROUP, "10.0.0.3");
	group_source("leave", fd, MCAST_LEAVE_SOURCE_GROUP, GROUP, "10.0.0.3");
	group_source("leave again", fd, MCAST_LEAVE_SOURCE_GROUP, GROUP, "10.0.0.3");
	set("of no family", fd, MCAST_JOIN_SOURCE_GROUP, big, sizeof(struct group_source_req));
	set("too short", fd, MCAST_JOIN_SOURCE_GROUP, big, sizeof(struct group_source_req) - 1);
	on(SYS_close, fd);
}
BESIDE_LINUX(sources)

static void whole_filters(void)
{
	int fd = udp_socket();
	uint32_t msf[8] = {ip(GROUP).s_addr, ip("127.0.0.1").s_addr, MCAST_EXCLUDE, 3};
	struct {
		struct group_filter gf;
		struct sockaddr_storage src[3];
	} gf = {.gf = {.gf_interface = LO, .gf_fmode = MCAST_INCLUDE, .gf_numsrc = 2}};
	socklen_t len = sizeof(gf);

	filter("not joined", fd, MCAST_EXCLUDE, 1);
	filter("not joined", fd, MCAST_INCLUDE, 0);
	note_filter("not joined", fd, 1);
	join(fd, GROUP);
	note_filter("joined", fd, 3);
	filter("exclude one", fd, MCAST_EXCLUDE, 1);
	note_filter("filter", fd, 3);
	filter("include two", fd, MCAST_INCLUDE, 2);
	note_filter("filter", fd, 3);
	note_filter("filter", fd, 0);
	filter("exclude none", fd, MCAST_EXCLUDE, 0);
	note_filter("filter", fd, 3);
	filter("a wrong mode", fd, 2, 1);
	set("fewer sources than told", fd, IP_MSFILTER, msf, 16 + 2 * 4);
	set("too short", fd, IP_MSFILTER, msf, 15);
	put_address(&gf.gf.gf_group, GROUP);
	put_address(&gf.src[0], "10.0.0.7");
	put_address(&gf.src[1], "10.0.0.8");
	set("with an index", fd, MCAST_MSFILTER, &gf, 144 + 2 * 128);
	note_filter("filter", fd, 3);
	set("fewer sources than told", fd, MCAST_MSFILTER, &gf, 144 + 128);
	set("too short", fd, MCAST_MSFILTER, &gf, 143);
	memset(&gf.src, 0xff, sizeof(gf.src));
	gf.gf.gf_numsrc = 3;
	note("get", on(SYS_getsockopt, fd, SOL_IP, MCAST_MSFILTER, PTR(&gf), PTR(&len)));
	note("length", len);
	note("mode", gf.gf.gf_fmode);
	note("sources", gf.gf.gf_numsrc);
	note("a family", gf.src[0].ss_family);
	note("of another interface", on(SYS_getsockopt, fd, SOL_IP, IP_MSFILTER, PTR(bytes), 0));
	filter("include none: leaves", fd, MCAST_INCLUDE, 0);
	membership("leave", fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1", 0);
	on(SYS_close, fd);
}
BESIDE_LINUX(whole_filters)

/* ---- delivery ------------------------------------------------------------------------------------ */

static int receiver(uint16_t *port, const char *address)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = ip(address)};
	int fd = udp_socket(), one = 1;
	socklen_t len = sizeof(at);

	on(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, PTR(&one), sizeof(one));
	assert_int_equal(on(SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	assert_int_equal(on(SYS_getsockname, fd, PTR(&at), PTR(&len)), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int sender(void)
{
	struct in_addr lo = ip("127.0.0.1");
	int fd = udp_socket();

	on(SYS_setsockopt, fd, SOL_IP, IP_MULTICAST_IF, PTR(&lo), sizeof(lo));
	return fd;
}

static void send_group(int fd, const char *group, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = ip(group)};

	note("sent", on(SYS_sendto, fd, PTR("abc"), 3, 0, PTR(&to), sizeof(to)));
}

static void note_received(const char *what, int fd)
{
	note(what, on(SYS_recvfrom, fd, PTR(bytes), 100, 0, 0, 0));
	note(what, on(SYS_recvfrom, fd, PTR(bytes), 100, 0, 0, 0));
}

/*
 * Makes A look up the routes to both groups. They stay in A's cache, so they belong to the baseline
 * of the leak check.
 */
static void resolve(void)
{
	int fd = sender();

	send_group(fd, GROUP, 9);
	send_group(fd, OTHER, 9);
	on(SYS_close, fd);
	if (!on_linux())
		host_set_baseline(A);
}

static void deliver(void)
{
	uint16_t port = 0;
	int first, second, third, from, zero = 0;

	resolve();
	first = receiver(&port, "0.0.0.0");
	second = receiver(&port, "0.0.0.0");
	third = receiver(&port, OTHER);
	from = sender();
	send_group(from, GROUP, port);
	note_received("before a join", first);
	join(first, GROUP);
	send_group(from, GROUP, port);
	note_received("joined", first);
	note_received("another socket", second);
	note_received("bound to another group", third);
	on(SYS_setsockopt, second, SOL_IP, IP_MULTICAST_ALL, PTR(&zero), 4);
	send_group(from, GROUP, port);
	note_received("joined", first);
	note_received("without IP_MULTICAST_ALL", second);
	join(second, OTHER);
	send_group(from, OTHER, port);
	note_received("by IP_MULTICAST_ALL", first);
	note_received("joined", second);
	note_received("bound to the group", third);
	/* Filters of sources: the sender is 127.0.0.1. */
	source("block", first, IP_BLOCK_SOURCE, GROUP, "127.0.0.1");
	send_group(from, GROUP, port);
	note_received("blocked", first);
	join(second, GROUP);
	send_group(from, GROUP, port);
	note_received("blocked here", first);
	note_received("but not there", second);
	source("unblock", first, IP_UNBLOCK_SOURCE, GROUP, "127.0.0.1");
	filter("another source", second, MCAST_INCLUDE, 1);
	send_group(from, GROUP, port);
	note_received("unblocked", first);
	note_received("not its source", second);
	source("accept", second, IP_ADD_SOURCE_MEMBERSHIP, GROUP, "127.0.0.1");
	send_group(from, GROUP, port);
	note_received("its source", second);
	note_received("unblocked", first);
	on(SYS_close, first);
	on(SYS_close, second);
	send_group(from, OTHER, port);
	note_received("left by close()", third);
	on(SYS_close, third);
	on(SYS_close, from);
}
BESIDE_LINUX(deliver)

/*
 * A socket that connected to a group sends to the group. It receives nothing: a connected socket
 * receives only packets of its peer, and no packet has a group as its source.
 */
static void connected(void)
{
	uint16_t port = 0;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = ip(GROUP)}, at = {0};
	socklen_t len = sizeof(at);
	int to_fd, from;

	resolve();
	to_fd = receiver(&port, GROUP);
	from = sender();
	join(to_fd, GROUP);
	to.sin_port = htons(port);
	try(SYS_connect, from, PTR(&to), sizeof(to));
	try(SYS_getsockname, from, PTR(&at), PTR(&len));
	note("the source is that of lo", at.sin_addr.s_addr == ip("127.0.0.1").s_addr);
	try(SYS_write, from, PTR("abc"), 3);
	note_received("from a connected socket", to_fd);
	try(SYS_getsockname, to_fd, PTR(&at), PTR(&len));
	note("bound to the group", at.sin_addr.s_addr == ip(GROUP).s_addr);
	on(SYS_close, to_fd);
	on(SYS_close, from);
}
BESIDE_LINUX(connected)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(options_of_packets_as_linux),
		SCENE(options_of_interfaces_as_linux),
		SCENE(joining_as_linux),
		SCENE(as_many_as_allowed_as_linux),
		SCENE(sources_as_linux),
		SCENE(whole_filters_as_linux),
		SCENE(deliver_as_linux),
		SCENE(connected_as_linux),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * The effect of the sysctls of net/core, IP and ICMP; as in test_sysctl_tcp.c, scenes compare
 * values with the default.
 */
#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#include <stdio.h>

#define PORT 7

/* ---- frames of IP that no socket sends --------------------------------------------------------------- */

/*
 * Sends B an IP packet with @len bytes, as if it came from A.  No time passes.  If @more, it is the first fragment of a
 * datagram.
 */
static void inject_part(unsigned int protocol, const uint8_t *payload, size_t len, bool more)
{
	uint8_t frame[128], *ip = frame + PKT_ETH;

	pkt_put_eth(frame, 0x020000000002, 0x020000000001, PKT_TYPE_IP);
	pkt_put_ip(ip, protocol, 0x0a000001, 0x0a000002, len);
	memcpy(ip + PKT_IP, payload, len);
	if (more) {
		pkt_put16(ip + 6, 0x2000);
		pkt_put16(ip + 10, pkt_get16(ip + 10) - 0x2000);
	}
	assert_int_equal(wire_inject(scene->wire, B, frame, PKT_ETH + PKT_IP + len), 0);
}

static void inject(unsigned int protocol, const uint8_t *payload, size_t len)
{
	inject_part(protocol, payload, len, false);
}

/* Sends an echo request (RFC 792, type 8) with the right checksum; B answers with an echo reply. */
static void ping(void)
{
	static const uint8_t echo[8] = {8, 0, 0xf7, 0xff};

	inject(IPPROTO_ICMP, echo, sizeof(echo));
	scene_sleep(10 * MS);
}

/* Sends packets of a protocol without a handler; B answers with ICMP errors (RFC 1122 3.2.2.1). */
static void strange(unsigned int times)
{
	static const uint8_t nothing[8];

	for (unsigned int i = 0; i < times; i++) {
		inject(200, nothing, sizeof(nothing));
		scene_sleep(2 * MS);
	}
}

/* ---- datagrams ----------------------------------------------------------------------------------------- */

static void buffers_of_datagrams(void)
{
	int fd = scene_call(B, SYS_socket, AF_INET, SOCK_DGRAM, 0), tcp = scene_socket(B);
	int rcv = scene_get(B, tcp, SOL_SOCKET, SO_RCVBUF);

	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_RCVBUF), 212992);
	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_SNDBUF), 212992);
	scene_close(B, fd);
	scene_close(B, tcp);
	scene_sysctl(B, "net/core/rmem_default", "10000");
	scene_sysctl(B, "net/core/wmem_default", "20000");
	fd = scene_call(B, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	tcp = scene_socket(B);
	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_RCVBUF), 10000);
	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_SNDBUF), 20000);
	assert_int_equal(scene_get(B, tcp, SOL_SOCKET, SO_RCVBUF), rcv);
	scene_close(B, fd);
	scene_close(B, tcp);
}

/* Returns how many datagrams a new socket of B receives while the memory of all UDP sockets is used up. */
static unsigned int received_without_memory(void)
{
	/* from port 999 to port 7, 8 bytes, without a checksum */
	static const uint8_t datagram[8] = {999 >> 8, 999 & 0xff, 0, PORT, 0, 8, 0, 0};
	int fd = scene_call(B, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	unsigned int n = 0;

	assert_int_equal(scene_bind(B, fd, PORT), 0);
	for (;; n++) {
		scene_mark();
		inject(IPPROTO_UDP, datagram, sizeof(datagram));
		scene_sleep(2 * MS);
		if (scene_drops(B, "PROTO_MEM"))
			break;
		assert_in_range(n, 0, 1000);
	}
	scene_close(B, fd);
	return n;
}

/*
 * A datagram takes 704 bytes of memory, and is accepted as long as the socket holds less than
 * udp_rmem_min (by default a page).
 */
static void least_memory_of_datagrams(void)
{
	scene_sysctl(B, "net/ipv4/udp_mem", "1 1 1");
	assert_int_equal(received_without_memory(), 4096 / 704 + 1);
	scene_sysctl(B, "net/ipv4/udp_rmem_min", "20000");
	assert_int_equal(received_without_memory(), 20000 / 704 + 1);
}

/* ---- IP, ICMP ------------------------------------------------------------------------------------------ */

static void hops(void)
{
	struct pair p = scene_pair();
	int own;

	assert_int_equal(scene_nth(B, SYNACK, 1)->ttl, 64);
	scene_pair_close(&p);
	assert_non_null(strstr(scene_proc(B, "/proc/net/snmp"), "\nIp: 2 64 "));
	scene_sysctl(B, "net/ipv4/ip_default_ttl", "17");
	assert_non_null(strstr(scene_proc(B, "/proc/net/snmp"), "\nIp: 2 17 "));
	scene_mark();
	p = scene_pair();
	assert_int_equal(scene_nth(B, SYNACK, 1)->ttl, 17);
	assert_int_equal(scene_nth(A, SYN, 1)->ttl, 64);
	assert_int_equal(scene_get(B, p.b, IPPROTO_IP, IP_TTL), 17);
	own = scene_socket(B);
	assert_int_equal(scene_set(B, own, IPPROTO_IP, IP_TTL, 33), 0);
	assert_int_equal(scene_connect(B, own, A, 1), -ECONNREFUSED);
	assert_int_equal(scene_last(B, SYN)->ttl, 33);
	scene_close(B, own);
	scene_pair_close(&p);
}

/* Ranges of ports, some with an odd first port or an odd number of ports. */
static void which_ports(void)
{
	static const struct {
		const char *range;
		unsigned int low, n;
	} cases[] = {{"40001 40005", 40001, 5}, {"65535 65535", 65535, 1}, {"1024 1027", 1024, 4}};
	int listener = scene_listen(B, PORT, 100), fd[6], bound[6];

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int seen = 0, chosen = 0;

		scene_sysctl(A, "net/ipv4/ip_local_port_range", cases[i].range);
		for (unsigned int k = 0; k < cases[i].n; k++) {
			fd[k] = scene_socket(A);
			assert_int_equal(scene_connect(A, fd[k], B, PORT), 0);
			seen |= 1u << (scene_port(A, fd[k]) - cases[i].low);
		}
		assert_int_equal(seen, (1u << cases[i].n) - 1);
		fd[5] = scene_socket(A);
		assert_int_equal(scene_connect(A, fd[5], B, PORT), -EADDRNOTAVAIL);
		for (unsigned int k = 0; k < cases[i].n; k++)
			scene_close(A, fd[k]);
		scene_close(A, fd[5]);
		scene_sleep(400 * SEC); /* A's sockets wait in FIN_WAIT2, as B does not close */
		for (unsigned int k = 0; k < cases[i].n; k++) {
			bound[k] = scene_socket(A);
			assert_int_equal(scene_bind(A, bound[k], 0), 0);
			chosen |= 1u << (scene_port(A, bound[k]) - cases[i].low);
		}
		assert_int_equal(chosen, (1u << cases[i].n) - 1);
		fd[5] = scene_socket(A);
		assert_int_equal(scene_bind(A, fd[5], 0), -EADDRINUSE);
		scene_close(A, fd[5]);
		for (unsigned int k = 0; k < cases[i].n; k++)
			scene_close(A, bound[k]);
	}
	scene_close(B, listener);
}

/* Each expected text is the text that Linux 6.18 shows after the same write. */
static void reserved_ports_as_written(void)
{
	static const struct {
		const char *written, *shown;
	} cases[] = {
		{"8080,9000-9003", "8080,9000-9003\n"},
		{"5,4,3,7", "3-5,7\n"},
		{"10-20,15-30,31", "10-31\n"},
		{"0,65535", "0,65535\n"},
		{"80-80", "80\n"},
		{"", "\n"},
	};
	static const char *const refused[] = {"65536", "9-8", "x",       "1,y",
					      "1-",    "-1",  "1-65536", "1;2"};
	const char *name = "net/ipv4/ip_local_reserved_ports";

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene_sysctl(A, name, cases[i].written);
		assert_string_equal(scene_sysctl_get(A, name), cases[i].shown);
	}
	scene_sysctl(A, name, "7");
	for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(scene_proc_write(A, "/proc/sys/net/ipv4/ip_local_reserved_ports",
						  refused[i]),
				 -EINVAL);
		assert_string_equal(scene_sysctl_get(A, name), "7\n");
	}
	scene_sysctl(A, name, "");
}

/* connect() and bind() do not choose a reserved port, but an application may name it. */
static void reserved_ports_are_not_chosen(void)
{
	int listener = scene_listen(B, PORT, 100), fd[8];

	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40000 40009");
	scene_sysctl(A, "net/ipv4/ip_local_reserved_ports", "40002,40005-40006");
	for (unsigned int way = 0; way < 2; way++) {
		unsigned int seen = 0;

		for (unsigned int i = 0; i < 7; i++) {
			fd[i] = scene_socket(A);
			assert_int_equal(way ? scene_bind(A, fd[i], 0)
					     : scene_connect(A, fd[i], B, PORT),
					 0);
			seen |= 1u << (scene_port(A, fd[i]) - 40000);
		}
		assert_int_equal(seen, 0x3ff & ~(1u << 2 | 1u << 5 | 1u << 6));
		fd[7] = scene_socket(A);
		assert_int_equal(way ? scene_bind(A, fd[7], 0) : scene_connect(A, fd[7], B, PORT),
				 way ? -EADDRINUSE : -EADDRNOTAVAIL);
		assert_int_equal(scene_bind(A, fd[7], 40005), 0);
		for (unsigned int i = 0; i < 8; i++)
			scene_close(A, fd[i]);
		scene_sleep(400 * SEC); /* A's sockets wait in FIN_WAIT2, as B does not close */
	}
	scene_sysctl(A, "net/ipv4/ip_local_reserved_ports", "");
	scene_close(B, listener);
}

/*
 * A connects to 64 ports of B, one after the other. RFC 6056 3.3.4: A's port for one destination must
 * not tell A's port for the next. Of 64 pairs of consecutive connections, 64 * 200 / 28,232 = 0.5
 * have ports that differ by less than 100 by chance.
 */
static void ports_for_other_destinations(void)
{
	enum { N = 64, NEAR = 100 };
	unsigned int near = 0, last = 0;
	int fd[N];

	for (unsigned int i = 0; i < N; i++) {
		unsigned int port;

		fd[i] = scene_socket(A);
		scene_nonblock(A, fd[i]);
		assert_int_equal(scene_connect(A, fd[i], B, 1000 + i), -EINPROGRESS);
		port = scene_port(A, fd[i]);
		near += last < port + NEAR && port < last + NEAR;
		last = port;
	}
	assert_in_range(near, 0, 4);
	for (unsigned int i = 0; i < N; i++)
		scene_close(A, fd[i]);
}

/*
 * The ports of connections to one destination do not advance by a constant: each of the eight possible
 * differences occurs, none in more than a third of the cases (the average is an eighth).
 */
static void ports_for_one_destination(void)
{
	enum { N = 200 };
	unsigned int count[8] = {0}, last = 0;
	int fd[N];

	scene_drop_many(A, SYN, 1, ALWAYS);
	for (unsigned int i = 0; i < N; i++) {
		unsigned int port, step;

		fd[i] = scene_socket(A);
		scene_nonblock(A, fd[i]);
		assert_int_equal(scene_connect(A, fd[i], B, PORT), -EINPROGRESS);
		port = scene_port(A, fd[i]);
		step = (port + 28232 - last) % 28232;
		if (i) {
			assert_true(step % 2 == 0 && step >= 2 && step <= 16);
			count[step / 2 - 1]++;
		}
		last = port;
	}
	for (unsigned int i = 0; i < 8; i++)
		assert_in_range(count[i], 1, N / 3);
	for (unsigned int i = 0; i < N; i++)
		scene_close(A, fd[i]);
}

/*
 * There is one local port. A socket that bind() gave an address, but no port, shares the port with a
 * connection to another destination.
 */
static void a_port_is_chosen_by_connect(void)
{
	int listener = scene_listen(B, PORT, 8), other = scene_listen(B, PORT + 1, 8), fd[3];

	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40001 40001");
	for (unsigned int i = 0; i < 3; i++) {
		struct sockaddr_in at = *scene_address(A, 0);

		fd[i] = scene_socket(A);
		assert_int_equal(scene_set(A, fd[i], IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, i < 2),
				 0);
		assert_int_equal(scene_call(A, SYS_bind, fd[i], PTR(&at), sizeof(at)),
				 i < 2 ? 0 : -EADDRINUSE);
		if (i < 2) {
			assert_int_equal(scene_port(A, fd[i]), 0);
			assert_int_equal(scene_connect(A, fd[i], B, PORT + i), 0);
			assert_int_equal(scene_port(A, fd[i]), 40001);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		scene_close(A, fd[i]);
	scene_close(B, listener);
	scene_close(B, other);
}

/*
 * There is one local port. While a socket is bound to it, connect() does not share it, not even
 * with a connection to another destination. After that socket was closed, connect() shares the
 * port. The results are those of Linux 6.18.
 */
static void a_port_is_shared_again(void)
{
	int listeners[3], a = scene_socket(A), bound = scene_socket(A), c = scene_socket(A);

	for (unsigned int i = 0; i < 3; i++)
		listeners[i] = scene_listen(B, PORT + i, 8);
	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40001 40001");
	scene_set(A, a, SOL_SOCKET, SO_REUSEADDR, 1);
	scene_set(A, bound, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_connect(A, a, B, PORT), 0);
	assert_int_equal(scene_bind(A, bound, 40001), 0);
	assert_int_equal(scene_connect(A, c, B, PORT + 1), -EADDRNOTAVAIL);
	scene_close(A, bound);
	assert_int_equal(scene_connect(A, c, B, PORT + 2), 0);
	/* connect() still shares the port after a connection has left it to a TIME_WAIT object. */
	scene_close(A, a);
	scene_close(B, scene_accept(B, listeners[0]));
	scene_sleep(100 * MS);
	assert_state(A, 40001, PORT, TCP_TIME_WAIT);
	a = scene_socket(A);
	assert_int_equal(scene_connect(A, a, B, PORT + 1), 0);
	scene_close(A, a);
	scene_close(A, c);
	for (unsigned int i = 0; i < 3; i++)
		scene_close(B, listeners[i]);
}

static void pings(void)
{
	ping();
	assert_int_equal(scene_counter(B, "Icmp.OutEchoReps"), 1);
	scene_sysctl(B, "net/ipv4/icmp_echo_ignore_all", "1");
	scene_mark();
	ping();
	assert_int_equal(scene_counter(B, "Icmp.InEchos"), 1);
	assert_int_equal(scene_counter(B, "Icmp.OutEchoReps"), 0);
	assert_int_equal(scene_count(B, OTHER), 0);
}

/* A datagram of which only the first fragment arrives is given up in time, with an ICMP error (RFC 1122 3.3.2). */
static void time_of_fragments(void)
{
	static const uint8_t part[8];

	inject_part(200, part, sizeof(part), true);
	scene_sleep(29900 * MS);
	assert_int_equal(scene_count(B, OTHER), 0);
	scene_sleep(200 * MS);
	assert_int_equal(scene_count(B, OTHER), 1);
	scene_sysctl(B, "net/ipv4/ipfrag_time", "2");
	scene_mark();
	inject_part(200, part, sizeof(part), true);
	scene_sleep(1900 * MS);
	assert_int_equal(scene_count(B, OTHER), 0);
	scene_sleep(200 * MS);
	assert_int_equal(scene_count(B, OTHER), 1);
	assert_int_equal(scene_counter(B, "Ip.ReasmTimeout"), 1);
}

/* A ping in two fragments needs more memory than ipfrag_high_thresh permits a source. */
static void memory_of_fragments(void)
{
	scene_sysctl(B, "net/ipv4/ipfrag_high_thresh", "10000");
	forge_ping(1000, 576);
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(B, "Icmp.OutEchoReps"), 0);
	scene_sysctl(B, "net/ipv4/ipfrag_high_thresh", "100000");
	forge_ping(1000, 576);
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(B, "Icmp.OutEchoReps"), 1);
}

/* Six errors may go to one host at once, then one a second (RFC 1812 4.3.2.8 asks for a limit). */
static void errors_to_one_host(void)
{
	strange(20);
	assert_int_equal(scene_count(B, OTHER), 6);
	scene_sysctl(B, "net/ipv4/icmp_ratelimit", "0");
	scene_mark();
	strange(20);
	assert_int_equal(scene_count(B, OTHER), 20);
	/* Six errors may go to a host at once again, then one in 100 ms: the loop takes 40 ms, too
	 * short for a seventh error. */
	scene_sysctl(B, "net/ipv4/icmp_ratelimit", "100");
	scene_sleep(2 * SEC);
	scene_mark();
	strange(20);
	assert_int_equal(scene_count(B, OTHER), 6);
}

/*
 * The number of tokens that an error takes from the common bucket is random, one on average
 * (docs/attacks.md), so the counts vary.
 */
static void errors_to_all(void)
{
	scene_sysctl(B, "net/ipv4/icmp_ratelimit", "0");
	scene_sysctl(B, "net/ipv4/icmp_msgs_per_sec", "0");
	strange(120);
	assert_in_range(scene_count(B, OTHER), 30, 80);
	/* The rate is 0, so after the first burst no error is sent, even a minute later. */
	scene_sleep(60 * SEC);
	scene_mark();
	strange(1);
	assert_int_equal(scene_count(B, OTHER), 0);
	/* Ten errors a second, but only some twenty at once. */
	scene_sysctl(B, "net/ipv4/icmp_msgs_burst", "20");
	scene_sysctl(B, "net/ipv4/icmp_msgs_per_sec", "10");
	scene_sleep(10 * SEC);
	scene_mark();
	strange(100);
	assert_in_range(scene_count(B, OTHER), 11, 40);
}

/* Packets that claim to come from 127.0.0.1: RFC 1812 5.3.7 asks for an option to log them. */
static void martians_are_logged(void)
{
	static const char line[] = "martian packet from 127.0.0.1 to 10.0.0.2";
	uint8_t frame[PKT_ETH + PKT_IP + 8] = {0};
	unsigned int lines = 0;

	pkt_put_eth(frame, 0x020000000002, 0x020000000001, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, 200, 0x7f000001, 0x0a000002, 8);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(wire_inject(scene->wire, B, frame, sizeof(frame)), 0);
		scene_sleep(10 * MS);
		assert_int_equal(strstr(B->console(), line) != NULL, i);
		scene_sysctl(B, "net/ipv4/conf/all/log_martians", "1");
	}
	/* The log has a limited number of lines for a flood. */
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(wire_inject(scene->wire, B, frame, sizeof(frame)), 0);
	scene_sleep(10 * MS);
	for (const char *at = B->console(); (at = strstr(at, line)); at++)
		lines++;
	assert_int_equal(lines, 10);
	assert_int_equal(scene_drops(B, "IP_INADDRERRORS"), 102);
}

/* ---- net/core -------------------------------------------------------------------------------------------- */

static void how_long_a_queue_listen_makes(void)
{
	int listener, fd[2];

	scene_sysctl(B, "net/core/somaxconn", "0");
	listener = scene_listen(B, PORT, 100);
	for (unsigned int i = 0; i < 2; i++) {
		fd[i] = scene_socket(A);
		scene_nonblock(A, fd[i]);
		assert_int_equal(scene_connect(A, fd[i], B, PORT), -EINPROGRESS);
		scene_sleep(10 * MS);
	}
	/* A backlog of 0 holds one connection. */
	assert_int_equal(scene_poll(A, fd[0]) & POLLOUT, POLLOUT);
	assert_int_equal(scene_poll(A, fd[1]) & POLLOUT, 0);
	assert_int_equal(scene_drops(B, "TCP_LISTEN_OVERFLOW"), 1);
	scene_close(A, fd[0]);
	scene_close(A, fd[1]);
	scene_close(B, listener);
}

static unsigned int squeezed(struct host *h)
{
	unsigned int processed, dropped, squeeze;

	assert_int_equal(sscanf(scene_proc(h, "/proc/net/softnet_stat"), "%x %x %x", &processed,
				&dropped, &squeeze),
			 3);
	return squeeze;
}

static void packets_of_one_turn(void)
{
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, 1000000);
	assert_int_equal(squeezed(B), 0);
	scene_sysctl(B, "net/core/netdev_budget", "1");
	scene_carry(A, p.a, B, p.b, 1000000);
	assert_true(squeezed(B) > 0);
	scene_pair_close(&p);
}

/* A host talks to itself, so that its packets wait in the CPU's backlog. */
static void packets_that_wait(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		int listener = scene_listen(A, PORT, 4), fd = scene_socket(A), peer;

		scene_sysctl(A, "net/core/netdev_max_backlog", i ? "1" : "1000");
		assert_int_equal(scene_connect(A, fd, A, PORT), 0);
		peer = scene_accept(A, listener);
		scene_mark();
		scene_carry(A, fd, A, peer, 4000000);
		assert_int_equal(scene_drops(A, "CPU_BACKLOG") > 0, i);
		scene_close(A, fd);
		scene_close(A, peer);
		scene_close(A, listener);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(buffers_of_datagrams),
		SCENE(least_memory_of_datagrams),
		SCENE(hops),
		SCENE(which_ports),
		SCENE(reserved_ports_as_written),
		SCENE(reserved_ports_are_not_chosen),
		SCENE(ports_for_other_destinations),
		SCENE(ports_for_one_destination),
		SCENE(a_port_is_chosen_by_connect),
		SCENE(a_port_is_shared_again),
		SCENE(pings),
		SCENE(time_of_fragments),
		SCENE(memory_of_fragments),
		SCENE(errors_to_one_host),
		SCENE(errors_to_all),
		SCENE(martians_are_logged),
		SCENE(how_long_a_queue_listen_makes),
		SCENE(packets_of_one_turn),
		SCENE(packets_that_wait),
	};

	return scene_play(tests);
}

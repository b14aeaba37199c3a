/* SPDX-License-Identifier: MIT */
/*
 * Raw sockets: socket(AF_INET, SOCK_RAW, protocol). The results of calls are those that Linux 6.18 gave for the same
 * calls of root in a network namespace, but for the scene a_peer_that_goes(), which says where Linux differs.
 */
#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define ADDRESS_A  0x0a000001
#define ADDRESS_B  0x0a000002
#define LOOPBACK   0x7f000001
#define STRANGER   0x0a000009 /* no host has it */
#define LINK_A     0x020000000001
#define LINK_B     0x020000000002
#define ALL_HOSTS  0xe0000001 /* 224.0.0.1, which each host has joined */
#define GROUP      0xef010101
#define EXPERIMENT 253 /* RFC 3692: a protocol number for experiments */
#define ECHO       8   /* RFC 792: types of messages */
#define REPLY      0
#define LEVEL_RAW  255 /* SOL_RAW */

static uint8_t out[70000], in[70000];
static struct sockaddr_in from;

static int raw_socket(struct host *h, int protocol)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol);

	assert_true(fd >= 0);
	return fd;
}

static struct sockaddr_in at(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

static int64_t bind_to(struct host *h, int fd, uint32_t address)
{
	struct sockaddr_in own = at(address, 7);

	return scene_call(h, SYS_bind, fd, PTR(&own), sizeof(own));
}

/* Sends the first @n bytes of out; @address 0: to the socket's peer. */
static int64_t send_raw(struct host *h, int fd, uint32_t address, size_t n)
{
	struct sockaddr_in to = at(address, 0);
	int64_t result = scene_call(h, SYS_sendto, fd, PTR(out), n, 0, address ? PTR(&to) : 0,
				    address ? sizeof(to) : 0);

	scene_sleep(10 * MS);
	return result;
}

/* Sends an echo request with the number @seq. */
static int64_t send_echo(struct host *h, int fd, uint32_t address, uint16_t seq)
{
	memset(out, 0, PKT_ICMP);
	out[0] = ECHO;
	pkt_put16(out + 4, 0x1234);
	pkt_put16(out + 6, seq);
	pkt_sum_icmp(out, PKT_ICMP);
	return send_raw(h, fd, address, PKT_ICMP);
}

static int64_t recv_now(struct host *h, int fd)
{
	socklen_t len = sizeof(from);

	memset(in, 0, PKT_IP + PKT_ICMP);
	return scene_call(h, SYS_recvfrom, fd, PTR(in), sizeof(in), MSG_DONTWAIT, PTR(&from),
			  PTR(&len));
}

/* Puts a packet of B to A on the wire: @len bytes of @payload behind an IP header. */
static void forge(uint8_t proto, uint32_t saddr, uint32_t daddr, const void *payload, size_t len)
{
	uint8_t frame[2000];

	pkt_put_eth(frame, LINK_A, LINK_B, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, proto, saddr, daddr, len);
	memcpy(frame + PKT_ETH + PKT_IP, payload, len);
	assert_int_equal(wire_inject(scene->wire, A, frame, PKT_ETH + PKT_IP + len), 0);
	scene_sleep(10 * MS);
}

/*
 * Looks the routes to these addresses up before the scene, because cached routes outlive a scene.
 */
static void find_routes(const uint32_t *addresses, unsigned int n)
{
	int fd = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, 0);

	scene_set(A, fd, SOL_SOCKET, SO_BROADCAST, 1);
	for (unsigned int i = 0; i < n; i++) {
		struct sockaddr_in to = at(addresses[i], 9);

		assert_int_equal(
			scene_call(A, SYS_sendto, fd, PTR(out), 1, 0, PTR(&to), sizeof(to)), 1);
	}
	scene_close(A, fd);
	scene_sleep(10 * SEC);
	host_set_baseline(A);
}
#define FIND_ROUTES(...)                                                                           \
	find_routes((const uint32_t[]){__VA_ARGS__},                                               \
		    sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- calls -------------------------------------------------------------------------------------------- */

static void protocols(void)
{
	int fd;

	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_RAW, 0), -EPROTONOSUPPORT);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_RAW, 263), -EINVAL);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_RAW, -1), -EINVAL);
	/* Linux accepts 256 to 262; no packet can have such a protocol. */
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_RAW, 256), -EPROTONOSUPPORT);
	for (int protocol = 1; protocol <= 255; protocol += 127) {
		fd = raw_socket(A, protocol);
		assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_PROTOCOL), protocol);
		assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_TYPE), SOCK_RAW);
		assert_int_equal(scene_port(A, fd), protocol);
		assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_HDRINCL), protocol == 255);
		scene_close(A, fd);
	}
}

static void errors_of_sending(void)
{
	struct sockaddr_in to = at(LOOPBACK, 0);
	int fd, n = 9;

	FIND_ROUTES(LOOPBACK, 0x0a0000ff);
	fd = raw_socket(A, EXPERIMENT);
	assert_int_equal(scene_call(A, SYS_ioctl, fd, TIOCOUTQ, PTR(&n)), 0);
	assert_int_equal(n, 0);
	assert_int_equal(send_raw(A, fd, LOOPBACK, 65516), -EMSGSIZE);
	assert_int_equal(send_raw(A, fd, LOOPBACK, 65515), 65515);
	assert_int_equal(send_raw(A, fd, LOOPBACK, 65536), -EMSGSIZE);
	assert_int_equal(send_raw(A, fd, LOOPBACK, 0), 0);
	assert_int_equal(send_raw(A, fd, 0, 30), -EDESTADDRREQ);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, MSG_OOB, PTR(&to), sizeof(to)),
			 -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), 8), -EINVAL);
	assert_int_equal(scene_call(A, SYS_sendto, fd, 1, 12, 0, PTR(&to), sizeof(to)), -EFAULT);
	to.sin_family = AF_INET6;
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), sizeof(to)),
			 -EAFNOSUPPORT);
	to.sin_family = AF_UNSPEC; /* AF_UNSPEC is accepted as AF_INET */
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), sizeof(to)), 12);
	assert_int_equal(send_raw(A, fd, 0x0a0000ff, 30), -EACCES); /* needs SO_BROADCAST */
	scene_set(A, fd, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(send_raw(A, fd, 0x0a0000ff, 30), 30);
	assert_int_equal(scene_call(A, SYS_listen, fd, 1), -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_accept, fd, 0, 0), -EOPNOTSUPP);
	assert_int_equal(scene_shutdown(A, fd, SHUT_WR), -ENOTCONN);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_OOB, 0, 0), -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_ERRQUEUE, 0, 0), -EAGAIN);
	assert_int_equal(scene_call(A, SYS_ioctl, fd, FIONREAD, PTR(&n)), 0);
	assert_int_equal(n, 65535); /* with the IP header */
	scene_close(A, fd);
}

static void binding(void)
{
	struct sockaddr_in own = at(LOOPBACK, 9);
	socklen_t len = sizeof(from);
	int fd;

	FIND_ROUTES(LOOPBACK);
	fd = raw_socket(A, 1);
	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&own), 8), -EINVAL);
	assert_int_equal(bind_to(A, fd, 0x01020304), -EADDRNOTAVAIL);
	assert_int_equal(bind_to(A, fd, 0xffffffff), 0);
	assert_int_equal(bind_to(A, fd, GROUP), 0);
	assert_int_equal(bind_to(A, fd, LOOPBACK), 0);
	assert_int_equal(scene_port(A, fd), 1);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&own), sizeof(own)), 0);
	assert_int_equal(bind_to(A, fd, LOOPBACK), -EINVAL);
	assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(ntohs(from.sin_port), 9);
	scene_close(A, fd);
}

/*
 * After connect(AF_UNSPEC) the socket has no peer, but still the address of bind(), and receives. On Linux it
 * loses this address, and receives nothing more.
 */
static void a_peer_that_goes(void)
{
	struct sockaddr_in none = {.sin_family = AF_UNSPEC}, peer = at(ADDRESS_B, 0);
	socklen_t len = sizeof(from);
	int fd = raw_socket(A, EXPERIMENT), free = raw_socket(A, EXPERIMENT);
	int any = raw_socket(A, EXPERIMENT); /* so that no packet is for an unreachable protocol */

	assert_int_equal(bind_to(A, fd, ADDRESS_A), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			scene_call(A, SYS_connect, i ? free : fd, PTR(&peer), sizeof(peer)), 0);
	forge(EXPERIMENT, STRANGER, ADDRESS_A, "other", 5);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, "peer", 4);
	assert_int_equal(recv_now(A, fd), PKT_IP + 4);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			scene_call(A, SYS_connect, i ? free : fd, PTR(&none), sizeof(none)), 0);
	forge(EXPERIMENT, STRANGER, ADDRESS_A, "other", 5);
	assert_int_equal(recv_now(A, fd), PKT_IP + 5);
	assert_int_equal(send_raw(A, fd, 0, 4), -EDESTADDRREQ);
	assert_int_equal(scene_call(A, SYS_getsockname, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_A);
	assert_int_equal(scene_call(A, SYS_getsockname, free, PTR(&from), PTR(&len)), 0);
	assert_int_equal(from.sin_addr.s_addr, 0);
	scene_close(A, fd);
	scene_close(A, free);
	scene_close(A, any);
}

static int64_t get_option(int fd, int level, int name, void *value, socklen_t *len)
{
	return scene_call(A, SYS_getsockopt, fd, level, name, PTR(value), PTR(len));
}

static int64_t set_option(int fd, int level, int name, const void *value, socklen_t len)
{
	return scene_call(A, SYS_setsockopt, fd, level, name, PTR(value), len);
}

static void options(void)
{
	int fd = raw_socket(A, 1), other = raw_socket(A, 17), udp;
	uint32_t filter = 0x04030201, got = 0;
	socklen_t len = 9;

	assert_int_equal(set_option(fd, LEVEL_RAW, ICMP_FILTER, "\1\2\3\4\5\6\7", 7), 0);
	assert_int_equal(get_option(fd, LEVEL_RAW, ICMP_FILTER, &got, &len), 0);
	assert_int_equal(len, 4);
	assert_int_equal(got, filter);
	/* A short value changes the first bytes only. */
	assert_int_equal(set_option(fd, LEVEL_RAW, ICMP_FILTER, "\0\0", 2), 0);
	len = 4;
	assert_int_equal(get_option(fd, LEVEL_RAW, ICMP_FILTER, &got, &len), 0);
	assert_int_equal(got, 0x04030000);
	assert_int_equal(set_option(fd, LEVEL_RAW, ICMP_FILTER, (void *)8, 4), -EFAULT);
	assert_int_equal(set_option(fd, LEVEL_RAW, 2, &filter, 4), -ENOPROTOOPT);
	assert_int_equal(get_option(fd, LEVEL_RAW, 2, &got, &len), -ENOPROTOOPT);
	assert_int_equal(set_option(fd, IPPROTO_UDP, 1, &filter, 4), -ENOPROTOOPT);
	assert_int_equal(get_option(fd, IPPROTO_TCP, 1, &got, &len), -EOPNOTSUPP);
	assert_int_equal(set_option(other, LEVEL_RAW, ICMP_FILTER, &filter, 4), -EOPNOTSUPP);
	assert_int_equal(get_option(other, LEVEL_RAW, ICMP_FILTER, &got, &len), -EOPNOTSUPP);
	len = -1;
	assert_int_equal(get_option(fd, LEVEL_RAW, ICMP_FILTER, &got, &len), -EINVAL);
	assert_int_equal(set_option(fd, IPPROTO_IP, IP_HDRINCL, &filter, 0), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_HDRINCL), 0);
	assert_int_equal(set_option(fd, IPPROTO_IP, IP_HDRINCL, "\1", 1), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_HDRINCL), 1);
	udp = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(set_option(udp, IPPROTO_IP, IP_HDRINCL, &filter, 4), -ENOPROTOOPT);
	/* Linux returns 0. */
	len = 4;
	assert_int_equal(get_option(udp, IPPROTO_IP, IP_HDRINCL, &got, &len), -ENOPROTOOPT);
	scene_close(A, udp);
	scene_close(A, fd);
	scene_close(A, other);
}

/* ---- receiving ---------------------------------------------------------------------------------------- */

/* ping as old programs do: the request is answered, and the socket gets the reply with its IP header. */
static void a_ping(void)
{
	int fd = raw_socket(A, 1), watcher = raw_socket(B, 1);

	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1), PKT_ICMP);
	assert_int_equal(recv_now(A, fd), PKT_IP + PKT_ICMP);
	assert_int_equal(in[0], 0x45);
	assert_int_equal(pkt_get16(in + 2), PKT_IP + PKT_ICMP);
	assert_int_equal(in[9], 1);
	assert_int_equal(pkt_get32(in + 12), ADDRESS_B);
	assert_int_equal(pkt_get32(in + 16), ADDRESS_A);
	assert_int_equal(in[PKT_IP], REPLY);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
	assert_int_equal(from.sin_port, 0);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	/* B's socket saw the request, which B's kernel has answered. */
	assert_int_equal(recv_now(B, watcher), PKT_IP + PKT_ICMP);
	assert_int_equal(in[PKT_IP], ECHO);
	assert_int_equal(recv_now(B, watcher), -EAGAIN);
	assert_int_equal(scene_counter(A, "Icmp.OutEchos"), 1);
	assert_int_equal(scene_counter(A, "Icmp.OutMsgs"), 1);
	/* The reply is for no ping socket, but it is not dropped. */
	assert_int_equal(scene_drops(A, "ICMP_IGNORED"), 0);
	scene_close(A, fd);
	scene_close(B, watcher);
}

/* Messages in fragments, both ways, and a buffer that is too small. */
static void sizes(void)
{
	static const size_t cases[] = {1, 1472, 1473, 8000, 65507};
	int fd = raw_socket(A, 1);

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = PKT_ICMP + cases[i];

		scene_fill(out, n, i);
		out[0] = ECHO;
		out[1] = 0;
		pkt_sum_icmp(out, n);
		assert_int_equal(send_raw(A, fd, ADDRESS_B, n), n);
		scene_sleep(100 * MS);
		assert_int_equal(recv_now(A, fd), PKT_IP + n);
		assert_int_equal(pkt_get16(in + 2), PKT_IP + n);
		assert_memory_equal(in + PKT_IP + 4, out + 4, n - 4);
		assert_int_equal(recv_now(A, fd), -EAGAIN);
	}
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1), PKT_ICMP);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_PEEK | MSG_TRUNC, 0, 0),
			 PKT_IP + PKT_ICMP);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, 0, 0, 0), 9);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	scene_close(A, fd);
}

/* Sends A a message of type @type as if it came from B. */
static void forge_message(uint8_t type, uint32_t to)
{
	uint8_t icmp[PKT_ICMP] = {type};

	pkt_sum_icmp(icmp, PKT_ICMP);
	forge(PKT_PROTO_ICMP, ADDRESS_B, to, icmp, sizeof(icmp));
}

static void a_filter(void)
{
	int fd = raw_socket(A, 1);
	uint32_t filter = ~(1u << REPLY);

	assert_int_equal(set_option(fd, LEVEL_RAW, ICMP_FILTER, &filter, sizeof(filter)), 0);
	forge_message(ECHO, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	forge_message(REPLY, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), PKT_IP + PKT_ICMP);
	/* Types from 32 on have no bit. */
	forge_message(40, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), PKT_IP + PKT_ICMP);
	/* A message that has no complete header passes no filter. */
	forge(PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A, "\0\0\0\0\0\0\0", 7);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	scene_close(A, fd);
}

/*
 * Each socket of the protocol whose address and peer fit gets a copy, before the protocol's handler checks
 * anything; a protocol that only raw sockets have is not unreachable.  LIMIT(RAW_BUCKETS)
 */
static void which_sockets(void)
{
	int any = raw_socket(A, EXPERIMENT), own = raw_socket(A, EXPERIMENT),
	    local = raw_socket(A, EXPERIMENT), icmp = raw_socket(A, 1);

	forge(EXPERIMENT + 1, ADDRESS_B, ADDRESS_A, "x", 1);
	assert_int_equal(scene_counter(A, "Icmp.OutDestUnreachs"), 1);
	assert_int_equal(bind_to(A, own, ADDRESS_A), 0);
	assert_int_equal(bind_to(A, local, LOOPBACK), 0);
	scene_mark();
	forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, "hello", 5);
	assert_int_equal(recv_now(A, any), PKT_IP + 5);
	assert_memory_equal(in + PKT_IP, "hello", 5);
	assert_int_equal(recv_now(A, own), PKT_IP + 5);
	assert_int_equal(recv_now(A, local), -EAGAIN);
	assert_int_equal(recv_now(A, icmp), -EAGAIN);
	assert_int_equal(scene_counter(A, "Icmp.OutDestUnreachs"), 0);
	assert_int_equal(scene_counter(A, "Ip.InUnknownProtos"), 0);
	assert_int_equal(scene_counter(A, "Ip.InDelivers"), 1);
	/* With a wrong checksum: the raw socket gets the message, ICMP drops it. */
	forge(PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A, "\0\0\1\1\0\0\0\0", 8);
	assert_int_equal(recv_now(A, icmp), PKT_IP + 8);
	assert_int_equal(scene_drops(A, "ICMP_CSUM"), 1);
	scene_close(A, any);
	scene_close(A, own);
	scene_close(A, local);
	scene_close(A, icmp);
}

/* A packet to a group is for a socket that joined it; without IP_MULTICAST_ALL for no other socket. */
static void play_groups(void)
{
	struct ip_mreq mreq = {.imr_multiaddr = {htonl(GROUP)}};
	int fd = raw_socket(A, EXPERIMENT);

	forge(EXPERIMENT, ADDRESS_B, GROUP, "1", 1);
	assert_int_equal(recv_now(A, fd), -EAGAIN); /* the host did not join it */
	forge(EXPERIMENT, ADDRESS_B, ALL_HOSTS, "1", 1);
	assert_int_equal(recv_now(A, fd), PKT_IP + 1);
	scene_set(A, fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	forge(EXPERIMENT, ADDRESS_B, ALL_HOSTS, "1", 1);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), 0);
	forge(EXPERIMENT, ADDRESS_B, GROUP, "12", 2);
	assert_int_equal(recv_now(A, fd), PKT_IP + 2);
	assert_int_equal(pkt_get32(in + 16), GROUP);
	scene_close(A, fd);
	scene_sleep(3 * SEC);
}

static void groups(void)
{
	play_groups();
	/* The routes of IGMP's reports stay in the cache. */
	host_set_baseline(A);
	play_groups();
}

/* The buffer may be exceeded by one packet (sock_queue_rcv_skb()); further ones are dropped and counted. */
static void a_full_buffer(void)
{
	int fd = raw_socket(A, EXPERIMENT);
	uint8_t payload[1000] = {0};

	scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 1);
	for (unsigned int i = 0; i < 20; i++)
		forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, payload, sizeof(payload));
	assert_int_equal(recv_now(A, fd), PKT_IP + 1000);
	assert_int_equal(recv_now(A, fd), PKT_IP + 1000);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(scene_drops(A, "SOCKET_RCVBUFF"), 18);
	assert_int_equal(scene_counter(A, "Icmp.OutDestUnreachs"), 0);
	assert_non_null(strstr(scene_proc(A, "/proc/net/raw"), "0000000000000000 18\n"));
	/* The last packet is left unread. */
	forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, payload, sizeof(payload));
	scene_close(A, fd);
}

/* /proc/net/raw and the line of /proc/net/sockstat. */
static void in_proc(void)
{
	int fd = raw_socket(A, 1), other = raw_socket(A, EXPERIMENT);
	struct sockaddr_in peer = at(ADDRESS_B, 0);
	const char *text;

	assert_int_equal(bind_to(A, fd, LOOPBACK), 0);
	assert_int_equal(scene_call(A, SYS_connect, other, PTR(&peer), sizeof(peer)), 0);
	text = scene_proc(A, "/proc/net/raw");
	assert_non_null(strstr(text, "   1: 0100007F:0001 00000000:0000 07 00000000:00000000 "
				     "00:00000000 00000000     0        0 "));
	assert_non_null(strstr(text, " 253: 0100000A:00FD 0200000A:0000 01 00000000:00000000 "));
	assert_non_null(strstr(scene_proc(A, "/proc/net/sockstat"), "\nRAW: inuse 2\n"));
	scene_close(A, fd);
	scene_close(A, other);
	assert_non_null(strstr(scene_proc(A, "/proc/net/sockstat"), "\nRAW: inuse 0\n"));
}

/* IP_PKTINFO, IP_RECVTTL, IP_RECVORIGDSTADDR: the last needs the ports, which a short packet does not have. */
static void control_messages(void)
{
	int fd = raw_socket(A, EXPERIMENT);
	char control[200];
	struct iovec iov = {in, sizeof(in)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	scene_set(A, fd, IPPROTO_IP, IP_PKTINFO, 1);
	scene_set(A, fd, IPPROTO_IP, IP_RECVTTL, 1);
	scene_set(A, fd, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
	forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, "abc", 3);
	forge(EXPERIMENT, ADDRESS_B, ADDRESS_A, "\0\1\0\2", 4);
	assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), 0), PKT_IP + 3);
	c = CMSG_FIRSTHDR(&msg);
	assert_int_equal(c->cmsg_type, IP_PKTINFO);
	assert_int_equal(((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex, 2);
	c = CMSG_NXTHDR(&msg, c);
	assert_int_equal(c->cmsg_type, IP_TTL);
	assert_int_equal(*(int *)CMSG_DATA(c), 64);
	assert_null(CMSG_NXTHDR(&msg, c));
	msg.msg_controllen = sizeof(control);
	assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), 0), PKT_IP + 4);
	c = CMSG_NXTHDR(&msg, CMSG_NXTHDR(&msg, CMSG_FIRSTHDR(&msg)));
	assert_int_equal(c->cmsg_type, IP_ORIGDSTADDR);
	assert_int_equal(ntohs(((struct sockaddr_in *)CMSG_DATA(c))->sin_port), 2);
	scene_close(A, fd);
}

/* ---- IP_HDRINCL --------------------------------------------------------------------------------------- */

/* Writes an IP header with zeroes in the fields that the kernel fills in. */
static void put_header(uint32_t daddr)
{
	memset(out, 0, PKT_IP);
	out[0] = 0x45;
	out[1] = 0x10;
	out[8] = 33;
	out[9] = EXPERIMENT;
	pkt_put32(out + 16, daddr);
}

static void a_header_of_the_program(void)
{
	int fd = raw_socket(A, 255), b = raw_socket(B, EXPERIMENT);

	put_header(ADDRESS_B);
	memcpy(out + PKT_IP, "hello", 5);
	assert_int_equal(send_raw(A, fd, ADDRESS_B, PKT_IP + 5), PKT_IP + 5);
	assert_int_equal(recv_now(B, b), PKT_IP + 5);
	assert_int_equal(pkt_get16(in + 2), PKT_IP + 5);
	assert_int_not_equal(pkt_get16(in + 4), 0);
	assert_int_equal(pkt_checksum(in, PKT_IP, 0), 0);
	assert_int_equal(pkt_get32(in + 12), ADDRESS_A);
	assert_int_equal(in[8], 33);
	assert_int_equal(in[1], 0x10);
	/* A source and an identification that are not 0 stay, even if the source is not this host's. */
	pkt_put16(out + 2, 9);
	pkt_put16(out + 4, 0x4321);
	pkt_put16(out + 10, 0x1111);
	pkt_put32(out + 12, STRANGER);
	assert_int_equal(send_raw(A, fd, ADDRESS_B, PKT_IP + 5), PKT_IP + 5);
	assert_int_equal(recv_now(B, b), PKT_IP + 5);
	assert_int_equal(pkt_get16(in + 4), 0x4321);
	assert_int_equal(pkt_get32(in + 12), STRANGER);
	assert_int_equal(pkt_checksum(in, PKT_IP, 0), 0);
	/* The identification of a packet with "don't fragment" is 0 (RFC 6864 4.1). */
	put_header(ADDRESS_B);
	out[6] = 0x40;
	assert_int_equal(send_raw(A, fd, ADDRESS_B, PKT_IP), PKT_IP);
	assert_int_equal(recv_now(B, b), PKT_IP);
	assert_int_equal(pkt_get16(in + 4), 0);
	/* A socket of protocol 255 receives only this protocol. */
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	scene_close(A, fd);
	scene_close(B, b);
}

static void errors_of_headers(void)
{
	int fd;

	FIND_ROUTES(LOOPBACK);
	fd = raw_socket(A, 255);
	put_header(ADDRESS_B);
	assert_int_equal(send_raw(A, fd, ADDRESS_B, PKT_IP - 1), -EINVAL);
	assert_int_equal(send_raw(A, fd, ADDRESS_B, 1501), -EMSGSIZE);
	assert_int_equal(send_raw(A, fd, ADDRESS_B, 1500), 1500);
	put_header(LOOPBACK);
	assert_int_equal(send_raw(A, fd, LOOPBACK, 65535), 65535);
	out[0] = 0x4f; /* 60 bytes of header in a packet of 30 */
	assert_int_equal(send_raw(A, fd, ADDRESS_B, 30), -EINVAL);
	out[0] = 0x44;
	assert_int_equal(send_raw(A, fd, ADDRESS_B, 30), -EINVAL);
	scene_close(A, fd);
}

/* Fragments that the program wrote are put together at B, also when the path is narrower than the device. */
static void fragments_of_the_program(void)
{
	int fd = raw_socket(A, EXPERIMENT), b = raw_socket(B, EXPERIMENT);
	/* B's report that the path's MTU is 576, about a packet of A. */
	uint8_t report[PKT_ICMP + PKT_IP + 8] = {3, 4, 0, 0, 0, 0, 576 >> 8, 576 & 255};

	scene_set(A, fd, IPPROTO_IP, IP_HDRINCL, 1);
	pkt_put_ip(report + PKT_ICMP, EXPERIMENT, ADDRESS_A, ADDRESS_B, 1000);
	pkt_sum_icmp(report, sizeof(report));
	for (int narrow = 0; narrow < 2; narrow++) {
		for (int part = 0; part < 3; part++) {
			put_header(ADDRESS_B);
			pkt_put16(out + 4, 0x77 + narrow);
			/* "more fragments", and the offset in units of eight bytes */
			pkt_put16(out + 6, (part < 2) << 13 | part * 125);
			memset(out + PKT_IP, 'a' + part, 1000);
			assert_int_equal(send_raw(A, fd, ADDRESS_B, PKT_IP + 1000), PKT_IP + 1000);
		}
		assert_int_equal(recv_now(B, b), PKT_IP + 3000);
		assert_int_equal(in[PKT_IP + 999], 'a');
		assert_int_equal(in[PKT_IP + 1000], 'b');
		assert_int_equal(in[PKT_IP + 2999], 'c');
		assert_int_equal(scene_counter(A, "Ip.FragCreates"), narrow ? 6 : 0);
		forge(PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A, report, sizeof(report));
	}
	scene_close(A, fd);
	scene_close(B, b);
}

/* ---- ICMP errors -------------------------------------------------------------------------------------- */

/* Sends A an ICMP error of B that quotes a packet of A to B. */
static void forge_error(uint8_t type, uint8_t code)
{
	uint8_t error[PKT_ICMP + PKT_IP + 8] = {type, code};

	pkt_put_ip(error + PKT_ICMP, EXPERIMENT, ADDRESS_A, ADDRESS_B, 8);
	memcpy(error + PKT_ICMP + PKT_IP, "12345678", 8);
	pkt_sum_icmp(error, sizeof(error));
	forge(PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A, error, sizeof(error));
}

static void errors_from_the_path(void)
{
	int fd = raw_socket(A, EXPERIMENT), unconnected = raw_socket(A, EXPERIMENT);
	struct sockaddr_in peer = at(ADDRESS_B, 0);

	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&peer), sizeof(peer)), 0);
	forge_error(3, 1);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	forge_error(3, 2);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), ENOPROTOOPT);
	forge_error(12, 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), EPROTO);
	assert_int_equal(scene_get(A, unconnected, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(scene_drops(A, "ICMP_IGNORED"), 0);
	scene_close(A, fd);
	scene_close(A, unconnected);
	forge_error(3, 2);
	assert_int_equal(scene_drops(A, "ICMP_IGNORED"), 1);
}

/* With IP_RECVERR the error queue has what the program wrote: with IP_HDRINCL also the IP header. */
static void the_error_queue(void)
{
	for (int hdrincl = 0; hdrincl < 2; hdrincl++) {
		int fd = raw_socket(A, EXPERIMENT), skipped = hdrincl ? 0 : PKT_IP;
		char control[200];
		struct iovec iov = {in, sizeof(in)};
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_name = &from,
				     .msg_namelen = sizeof(from),
				     .msg_control = control,
				     .msg_controllen = sizeof(control)};
		struct sock_extended_err ee;

		scene_set(A, fd, IPPROTO_IP, IP_RECVERR, 1);
		scene_set(A, fd, IPPROTO_IP, IP_HDRINCL, hdrincl);
		forge_error(11, 0);
		assert_true(scene_poll(A, fd) & POLLERR);
		assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE),
				 PKT_IP + 8 - skipped);
		assert_memory_equal(in + PKT_IP - skipped, "12345678", 8);
		assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
		memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
		assert_int_equal(ee.ee_errno, EHOSTUNREACH);
		assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_ICMP);
		assert_int_equal(ee.ee_type, 11);
		/* An error that this host itself finds. */
		msg.msg_controllen = sizeof(control);
		scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
		assert_int_equal(send_raw(A, fd, ADDRESS_B, 1501), -EMSGSIZE);
		assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE), 0);
		memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
		assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_LOCAL);
		assert_int_equal(ee.ee_info, 1500);
		scene_close(A, fd);
	}
}

/* A next hop that does not answer ARP is reported like an ICMP error of this host. */
static void an_address_without_host(void)
{
	int fd;

	FIND_ROUTES(STRANGER);
	fd = raw_socket(A, EXPERIMENT);
	scene_set(A, fd, IPPROTO_IP, IP_RECVERR, 1);
	assert_int_equal(send_raw(A, fd, STRANGER, 30), 30);
	scene_sleep(5 * SEC);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	/* Too short to be quoted: no error. */
	assert_int_equal(send_raw(A, fd, STRANGER, 4), 4);
	scene_sleep(5 * SEC);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	scene_close(A, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(protocols),
		SCENE(errors_of_sending),
		SCENE(binding),
		SCENE(a_peer_that_goes),
		SCENE(options),
		SCENE(a_ping),
		SCENE(sizes),
		SCENE(a_filter),
		SCENE(which_sockets),
		SCENE(groups),
		SCENE(a_full_buffer),
		SCENE(in_proc),
		SCENE(control_messages),
		SCENE(a_header_of_the_program),
		SCENE(errors_of_headers),
		SCENE(fragments_of_the_program),
		SCENE(errors_from_the_path),
		SCENE(the_error_queue),
		SCENE(an_address_without_host),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Ping sockets: socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP). The results of calls are those that Linux 6.18 gave for
 * the same calls, in a network namespace with ping_group_range "0 1000".
 */
#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

#include <linux/errqueue.h>
#include <sys/ioctl.h>

#define ADDRESS_A 0x0a000001
#define ADDRESS_B 0x0a000002
#define LINK_A    0x020000000001
#define LINK_B    0x020000000002
#define ALL_HOSTS 0xe0000001 /* 224.0.0.1, which each host has joined */
#define ECHO      8          /* RFC 792: types of messages */
#define REPLY     0
#define IDENT     0x1234

static uint8_t out[70000], in[70000];
static struct sockaddr_in from;

static int ping_socket(struct host *h)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);

	assert_true(fd >= 0);
	return fd;
}

static struct sockaddr_in at(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

static int64_t bind_to(struct host *h, int fd, uint32_t address, uint16_t ident)
{
	struct sockaddr_in own = at(address, ident);

	return scene_call(h, SYS_bind, fd, PTR(&own), sizeof(own));
}

/* Sends an echo request with @n bytes of data to @address; its identifier is one that the kernel must replace. */
static int64_t send_echo(struct host *h, int fd, uint32_t address, uint16_t seq, size_t n)
{
	struct sockaddr_in to = at(address, 0);

	memset(out, 0, PKT_ICMP);
	out[0] = ECHO;
	pkt_put16(out + 2, 0x5555);
	pkt_put16(out + 4, 0x7777);
	pkt_put16(out + 6, seq);
	scene_fill(out + PKT_ICMP, n, seq);
	return scene_call(h, SYS_sendto, fd, PTR(out), PKT_ICMP + n, 0, address ? PTR(&to) : 0,
			  address ? sizeof(to) : 0);
}

static int64_t recv_now(struct host *h, int fd)
{
	socklen_t len = sizeof(from);

	memset(in, 0, PKT_ICMP);
	return scene_call(h, SYS_recvfrom, fd, PTR(in), sizeof(in), MSG_DONTWAIT, PTR(&from),
			  PTR(&len));
}

/* ---- calls -------------------------------------------------------------------------------------------- */

static int64_t send_message(int fd, uint8_t type, uint8_t code, size_t len)
{
	struct sockaddr_in to = at(ADDRESS_A, 0);

	memset(out, 0, PKT_ICMP);
	out[0] = type;
	out[1] = code;
	return scene_call(A, SYS_sendto, fd, PTR(out), len, 0, PTR(&to), sizeof(to));
}

static void errors_of_sending(void)
{
	int fd = ping_socket(A);
	struct sockaddr_in to = at(ADDRESS_A, 0);

	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_ICMP);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_REUSEADDR), 1);
	assert_int_equal(scene_port(A, fd), 0);
	assert_int_equal(send_message(fd, ECHO, 0, 7), -EINVAL);
	assert_int_equal(send_message(fd, REPLY, 0, 8), -EINVAL);
	assert_int_equal(send_message(fd, 13, 0, 8), -EINVAL);
	assert_int_equal(send_message(fd, ECHO, 1, 8), -EINVAL);
	assert_int_equal(send_message(fd, ECHO, 0, 65516), -EMSGSIZE);
	assert_int_equal(send_message(fd, ECHO, 0, 65536), -EMSGSIZE);
	assert_int_equal(send_echo(A, fd, 0, 1, 4), -EDESTADDRREQ);
	assert_int_not_equal(scene_port(A, fd), 0);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, MSG_OOB, PTR(&to), sizeof(to)),
			 -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), 8), -EINVAL);
	assert_int_equal(scene_call(A, SYS_sendto, fd, 1, 12, 0, PTR(&to), sizeof(to)), -EFAULT);
	to.sin_family = AF_INET6;
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), sizeof(to)),
			 -EAFNOSUPPORT);
	to.sin_family = AF_UNSPEC;
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(out), 12, 0, PTR(&to), sizeof(to)),
			 -EAFNOSUPPORT);
	assert_int_equal(scene_call(A, SYS_listen, fd, 1), -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_accept, fd, 0, 0), -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_ioctl, fd, FIONREAD, PTR(&to)), -ENOTTY);
	assert_int_equal(scene_shutdown(A, fd, SHUT_WR), -ENOTCONN);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_OOB, 0, 0), -EOPNOTSUPP);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_ERRQUEUE, 0, 0), -EAGAIN);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_ICMP),
			 -EPROTONOSUPPORT);
	scene_close(A, fd);
}

static void binding(void)
{
	int fd = ping_socket(A), other = ping_socket(A), unshared = ping_socket(A);
	struct sockaddr_in own = at(0, 9);

	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&own), 8), -EINVAL);
	own.sin_family = AF_INET6;
	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&own), sizeof(own)), -EAFNOSUPPORT);
	assert_int_equal(bind_to(A, fd, 0xe0000001, 9), -EADDRNOTAVAIL);
	assert_int_equal(bind_to(A, fd, 0xffffffff, 9), -EADDRNOTAVAIL);
	assert_int_equal(bind_to(A, fd, 0x01020304, 9), -EADDRNOTAVAIL);
	assert_int_equal(bind_to(A, fd, 0, 9), 0);
	assert_int_equal(scene_port(A, fd), 9);
	assert_int_equal(bind_to(A, fd, 0, 10), -EINVAL);
	/* Both sockets have SO_REUSEADDR; the one that called bind() last gets the replies. */
	assert_int_equal(bind_to(A, other, 0, 9), 0);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 4), 12);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(recv_now(A, other), 12);
	scene_set(A, unshared, SOL_SOCKET, SO_REUSEADDR, 0);
	assert_int_equal(bind_to(A, unshared, 0, 9), -EADDRINUSE);
	assert_int_equal(bind_to(A, unshared, 0, 0), 0);
	assert_int_not_equal(scene_port(A, unshared), 0);
	scene_close(A, other);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 2, 4), 12);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, fd), 12);
	scene_close(A, fd);
	scene_close(A, unshared);
}

static void connecting(void)
{
	int fd = ping_socket(A);
	struct sockaddr_in peer = at(ADDRESS_B, 77), none = {.sin_family = AF_UNSPEC};
	socklen_t len = sizeof(from);

	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&peer), 8), -EINVAL);
	peer.sin_family = AF_INET6;
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&peer), sizeof(peer)), -EAFNOSUPPORT);
	peer = at(ADDRESS_B, 77);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&peer), sizeof(peer)), 0);
	assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
	assert_int_equal(ntohs(from.sin_port), 77);
	assert_int_equal(scene_call(A, SYS_getsockname, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_A);
	assert_int_not_equal(from.sin_port, 0);
	assert_int_equal(send_echo(A, fd, 0, 1, 4), 12);
	scene_sleep(10 * MS);
	assert_int_equal(recv_now(A, fd), 12);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
	assert_int_equal(from.sin_port, 0);
	/* The socket is connected to B, but also receives a reply of another host. */
	assert_int_equal(send_echo(A, fd, ADDRESS_A, 2, 4), 12);
	assert_int_equal(recv_now(A, fd), 12);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_A);
	assert_int_equal(scene_shutdown(A, fd, SHUT_WR), 0);
	assert_int_equal(send_echo(A, fd, 0, 3, 4), -EPIPE);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&none), sizeof(none)), 0);
	assert_int_equal(scene_call(A, SYS_getsockname, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(from.sin_addr.s_addr, 0);
	assert_int_equal(from.sin_port, 0);
	scene_close(A, fd);
	/* An identifier that bind() chose stays. */
	fd = ping_socket(A);
	assert_int_equal(bind_to(A, fd, ADDRESS_A, 5), 0);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&peer), sizeof(peer)), 0);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&none), sizeof(none)), 0);
	assert_int_equal(scene_call(A, SYS_getsockname, fd, PTR(&from), PTR(&len)), 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_A);
	assert_int_equal(ntohs(from.sin_port), 5);
	scene_close(A, fd);
}

/* ---- requests and replies ----------------------------------------------------------------------------- */

/* Pings of all sizes, also in fragments: the reply is the request, with the type of a reply. */
static void sizes(void)
{
	static const size_t cases[] = {0, 1, 56, 1471, 1472, 1473, 4000, 65507};
	int fd = ping_socket(A);

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = cases[i];

		assert_int_equal(send_echo(A, fd, ADDRESS_B, i, n), PKT_ICMP + n);
		scene_sleep(100 * MS);
		assert_true(scene_poll(A, fd) & POLLIN);
		assert_int_equal(recv_now(A, fd), PKT_ICMP + n);
		assert_int_equal(in[0], REPLY);
		assert_int_equal(in[1], 0);
		assert_int_equal(pkt_checksum(in, PKT_ICMP + n, 0), 0);
		assert_int_equal(pkt_get16(in + 4), scene_port(A, fd));
		assert_int_equal(pkt_get16(in + 6), i);
		assert_memory_equal(in + PKT_ICMP, out + PKT_ICMP, n);
		assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
		assert_int_equal(recv_now(A, fd), -EAGAIN);
	}
	assert_int_equal(scene_counter(A, "Icmp.OutEchos"), 8);
	assert_int_equal(scene_counter(A, "Icmp.InEchoReps"), 8);
	assert_int_equal(scene_counter(B, "Icmp.InErrors"), 0);
	/* If the buffer is too small, the rest of the message is lost. */
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 9, 50), 58);
	scene_sleep(10 * MS);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, MSG_PEEK | MSG_TRUNC, 0, 0),
			 58);
	assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(in), 9, 0, 0, 0), 9);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	scene_close(A, fd);
}

/* IP_TOS and IP_RECVTOS as control messages: B answers with the type of service of the request. */
static void control_messages(void)
{
	int fd = ping_socket(A), tos = 0x10;
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {out, 12};
	struct sockaddr_in to = at(ADDRESS_B, 0);
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	memset(out, 0, 12);
	out[0] = ECHO;
	*c = (struct cmsghdr){CMSG_LEN(sizeof(int)), IPPROTO_IP, IP_TOS};
	memcpy(CMSG_DATA(c), &tos, sizeof(tos));
	scene_set(A, fd, IPPROTO_IP, IP_RECVTOS, 1);
	assert_int_equal(scene_call(A, SYS_sendmsg, fd, PTR(&msg), 0), 12);
	scene_sleep(10 * MS);
	memset(control, 0, sizeof(control));
	assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), 0), 12);
	assert_int_equal(c->cmsg_type, IP_TOS);
	assert_int_equal(*CMSG_DATA(c), 0x10);
	scene_close(A, fd);
}

/* Sends A a message of type @type with the identifier @ident, as if it came from B. */
static void forge_message(uint8_t type, uint16_t ident, uint32_t to)
{
	uint8_t frame[PKT_ETH + PKT_IP + PKT_ICMP] = {0}, *icmp = frame + PKT_ETH + PKT_IP;

	pkt_put_eth(frame, LINK_A, LINK_B, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, PKT_PROTO_ICMP, ADDRESS_B, to, PKT_ICMP);
	icmp[0] = type;
	pkt_put16(icmp + 4, ident);
	pkt_sum_icmp(icmp, PKT_ICMP);
	assert_int_equal(wire_inject(scene->wire, A, frame, sizeof(frame)), 0);
	scene_sleep(10 * MS);
}

/*
 * A reply is for the socket with its identifier and address. Identifiers that differ by the number
 * of buckets share a bucket.  LIMIT(PING_BUCKETS)
 */
static void which_socket(void)
{
	int fd = ping_socket(A), neighbour = ping_socket(A), local = ping_socket(A);

	assert_int_equal(bind_to(A, fd, ADDRESS_A, IDENT), 0);
	assert_int_equal(bind_to(A, neighbour, 0, IDENT + 64), 0);
	assert_int_equal(bind_to(A, local, 0x7f000001, IDENT + 128), 0);
	forge_message(REPLY, IDENT, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), 8);
	assert_int_equal(recv_now(A, neighbour), -EAGAIN);
	forge_message(REPLY, IDENT + 64, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(recv_now(A, neighbour), 8);
	scene_mark();
	/* Another identifier, and an address that is not the socket's. */
	forge_message(REPLY, IDENT + 1, ADDRESS_A);
	forge_message(REPLY, IDENT + 128, ADDRESS_A);
	assert_int_equal(scene_drops(A, "ICMP_IGNORED"), 2);
	/* A request is answered by the kernel, and is for no ping socket. */
	forge_message(ECHO, IDENT, ADDRESS_A);
	assert_int_equal(scene_counter(A, "Icmp.OutEchoReps"), 1);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(recv_now(A, local), -EAGAIN);
	scene_close(A, fd);
	scene_close(A, neighbour);
	scene_close(A, local);
}

/* A reply to a group is for no ping socket, as on Linux. */
static void a_reply_to_a_group(void)
{
	int fd = ping_socket(A);

	assert_int_equal(bind_to(A, fd, 0, IDENT), 0);
	forge_message(REPLY, IDENT, ALL_HOSTS);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(scene_drops(A, "ICMP_BROADCAST"), 1);
	forge_message(REPLY, IDENT, ADDRESS_A);
	assert_int_equal(recv_now(A, fd), 8);
	scene_close(A, fd);
}

/* Sends a request to a group by the device @ifindex (IP_MULTICAST_IF). */
static void send_to_group(int fd, int ifindex)
{
	struct ip_mreqn choice = {.imr_ifindex = ifindex};

	assert_int_equal(scene_call(A, SYS_setsockopt, fd, IPPROTO_IP, IP_MULTICAST_IF,
				    PTR(&choice), sizeof(choice)),
			 0);
	assert_int_equal(send_echo(A, fd, ALL_HOSTS, 1, 4), 12);
	scene_sleep(10 * MS);
}

static void a_request_to_a_group(void)
{
	/*
	 * Play it twice: the routes of the first play stay in the cache, so they belong to the
	 * baseline of the second.
	 */
	for (unsigned int i = 0; i < 2; i++) {
		int fd;

		host_set_baseline(A);
		fd = ping_socket(A);
		scene_mark();
		send_to_group(fd, 1); /* lo */
		assert_int_equal(scene_counter(B, "Icmp.InEchos"), 0);
		send_to_group(fd, 2); /* eth0 */
		assert_int_equal(scene_counter(B, "Icmp.InEchos"), 1);
		scene_close(A, fd);
	}
}

/* The buffer may be exceeded by one reply (sock_queue_rcv_skb()); further ones are dropped. */
static void a_full_buffer(void)
{
	int fd = ping_socket(A);

	scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 1);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(send_echo(A, fd, ADDRESS_B, i, 1000), 1008);
		scene_sleep(10 * MS);
	}
	assert_int_equal(recv_now(A, fd), 1008);
	assert_int_equal(recv_now(A, fd), 1008);
	assert_int_equal(recv_now(A, fd), -EAGAIN);
	assert_int_equal(scene_drops(A, "SOCKET_RCVBUFF"), 18);
	scene_close(A, fd);
}

/* A socket that is closed with unread replies gives its memory back. */
static void a_close_with_unread_replies(void)
{
	int fd = ping_socket(A);

	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 5000), 5008);
	scene_sleep(10 * MS);
	scene_close(A, fd);
}

/* ---- ICMP errors -------------------------------------------------------------------------------------- */

/* Sends A an ICMP error of B that quotes an echo request with the identifier @ident. */
static void forge_error(uint8_t type, uint8_t code, uint16_t mtu, uint8_t quoted_type,
			uint16_t ident)
{
	uint8_t frame[PKT_ETH + PKT_IP + PKT_ICMP + PKT_IP + PKT_ICMP] = {0};
	uint8_t *icmp = frame + PKT_ETH + PKT_IP, *quote = icmp + PKT_ICMP;

	pkt_put_eth(frame, LINK_A, LINK_B, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, PKT_PROTO_ICMP, ADDRESS_B, ADDRESS_A,
		   PKT_ICMP + PKT_IP + PKT_ICMP);
	icmp[0] = type;
	icmp[1] = code;
	pkt_put16(icmp + 6, mtu);
	pkt_put_ip(quote, PKT_PROTO_ICMP, ADDRESS_A, ADDRESS_B, PKT_ICMP);
	quote[PKT_IP] = quoted_type;
	pkt_put16(quote + PKT_IP + 4, ident);
	pkt_sum_icmp(icmp, PKT_ICMP + PKT_IP + PKT_ICMP);
	assert_int_equal(wire_inject(scene->wire, A, frame, sizeof(frame)), 0);
	scene_sleep(10 * MS);
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
		{3, 0, 0},
		{3, 1, 0},
		{3, 2, ENOPROTOOPT},
		{3, 3, ECONNREFUSED},
		{3, 13, EHOSTUNREACH},
		{3, 9, ENETUNREACH},
		{3, 16, 0},
		{11, 0, 0},
		{12, 0, EPROTO},
		{4, 0, 0},
	};
	int fd = ping_socket(A);

	assert_int_equal(bind_to(A, fd, 0, IDENT), 0);
	forge_error(3, 2, 0, ECHO, IDENT);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0); /* not connected */
	assert_int_equal(scene_connect(A, fd, B, 1), 0);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forge_error(cases[i].type, cases[i].code, 0, ECHO, IDENT);
		assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), cases[i].err);
	}
	/*
	 * Errors that quote a reply, or a request with another identifier, do not concern this
	 * socket.
	 */
	scene_mark();
	forge_error(3, 2, 0, REPLY, IDENT);
	forge_error(3, 2, 0, ECHO, IDENT + 64);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(scene_counter(A, "Icmp.InErrors"), 2);
	scene_close(A, fd);
}

/*
 * traceroute: with IP_RECVERR the socket also gets errors whose cause may go away, with the
 * router's address and the quoted request.
 */
static void a_router_on_the_way(void)
{
	int fd = ping_socket(A);
	char control[200];
	struct iovec iov = {in, sizeof(in)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct sock_extended_err ee;

	assert_int_equal(bind_to(A, fd, 0, IDENT), 0);
	scene_set(A, fd, IPPROTO_IP, IP_RECVERR, 1);
	forge_error(11, 0, 0, ECHO, IDENT);
	assert_true(scene_poll(A, fd) & POLLERR);
	assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE), 8);
	assert_int_equal(in[0], ECHO);
	assert_int_equal(pkt_get16(in + 4), IDENT);
	assert_int_equal(ntohl(from.sin_addr.s_addr), ADDRESS_B);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	assert_int_equal(ee.ee_errno, EHOSTUNREACH);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(ee.ee_type, 11);
	scene_close(A, fd);
}

/* A router's report of a smaller path MTU: longer requests are then sent in fragments, or refused. */
static void a_narrow_path(void)
{
	int fd = ping_socket(A);

	assert_int_equal(bind_to(A, fd, 0, IDENT), 0);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 1400), 1408);
	assert_int_equal(scene_counter(A, "Ip.FragCreates"), 0);
	forge_error(3, 4, 600, ECHO, IDENT);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 1400), 1408);
	assert_int_equal(scene_counter(A, "Ip.FragCreates"), 3);
	scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 573), -EMSGSIZE);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 572), 580);
	/* A socket that ignores such reports uses the device's MTU. */
	scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 1400), 1408);
	assert_int_equal(scene_counter(A, "Ip.FragCreates"), 3);
	/* A report to a socket that distrusts reports (ip(7)) does not change the route, for any socket. */
	for (int trust = IP_PMTUDISC_INTERFACE; trust <= IP_PMTUDISC_OMIT; trust++) {
		scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, trust);
		forge_error(3, 4, 560, ECHO, IDENT);
		scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
		assert_int_equal(send_echo(A, fd, ADDRESS_B, 1, 572), 580);
	}
	scene_sleep(10 * MS);
	scene_close(A, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(errors_of_sending),    SCENE(binding),
		SCENE(connecting),           SCENE(sizes),
		SCENE(control_messages),     SCENE(which_socket),
		SCENE(a_full_buffer),        SCENE(a_close_with_unread_replies),
		SCENE(errors_from_the_path), SCENE(a_router_on_the_way),
		SCENE(a_narrow_path),        SCENE(a_reply_to_a_group),
		SCENE(a_request_to_a_group),
	};

	return scene_play(tests);
}

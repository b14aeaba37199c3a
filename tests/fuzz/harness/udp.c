/* SPDX-License-Identifier: MIT */
/*
 * UDP: datagrams with arbitrary headers, ICMP errors about datagrams of the kernel, and calls on datagram
 * sockets with control messages and options.
 *
 * harness_setup() opens the sockets that every input begins with: an unconnected one, a connected one, and two
 * that share a port. Each step of an input is an opcode (enum op) and its arguments. Callers and context: see
 * engine.c.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX 24
#define SOCKETS   4
#define SHARED    9  /* port of two sockets */
#define ECHO      7  /* port of the unconnected socket */
#define PEER_PORT 99 /* port of the connected socket's peer */
#define UDP_HDR   8
/* offsets in fuzz_user */
#define DATA    0
#define NAME    40000
#define CONTROL 41000
#define VECTOR  42000
#define MESSAGE 43000
#define VALUE   44000

enum op {
	OP_DATAGRAM, /* a datagram with a correct checksum */
	OP_WRONG,    /* the same with some bytes of its headers changed */
	OP_ERROR,    /* an ICMP error about a datagram of the kernel */
	OP_SEND,     /* sendto() */
	OP_SENDMSG,  /* sendmsg() with a control message */
	OP_RECV,
	OP_RECVMSG,
	OP_OPTION,
	OP_CONNECT, /* connect(), also with AF_UNSPEC */
	OP_OTHER,   /* shutdown(), FIONREAD, a new socket */
	OP_SLEEP,
	OPS,
};

static int sockets[SOCKETS];

static int open_socket(uint16_t port)
{
	int fd = fuzz_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int *one = (int *)(fuzz_user + VALUE);

	*one = 1;
	fuzz_call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, PTR(one), 4);
	if (fuzz_call(SYS_bind, fd, fuzz_address(NAME, 0, port), sizeof(struct sockaddr_in)))
		fuzz_fail("no UDP socket for port %u", port);
	return fd;
}

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
	sockets[0] = open_socket(ECHO);
	sockets[1] = open_socket(SHARED);
	sockets[2] = open_socket(SHARED);
	sockets[3] = open_socket(PEER_PORT);
	if (fuzz_call(SYS_connect, sockets[3], fuzz_address(NAME, FUZZ_REMOTE, PEER_PORT),
		      sizeof(struct sockaddr_in)))
		fuzz_fail("no connected UDP socket");
}

static int a_socket(struct input *in)
{
	return sockets[take8(in) % SOCKETS];
}

static uint16_t a_port(struct input *in)
{
	static const uint16_t ports[] = {ECHO, SHARED, PEER_PORT, 1, 0};
	uint8_t n = take8(in);

	return n < 250 ? ports[n % 5] : take16(in);
}

static void put_datagram(struct input *in, bool wrong)
{
	uint8_t frame[PKT_ETH + PKT_IP + UDP_HDR + 600] = {0}, *ip = frame + PKT_ETH;
	uint8_t *udp = ip + PKT_IP, kind = take8(in);
	size_t len;

	pkt_put16(udp, a_port(in));
	pkt_put16(udp + 2, a_port(in));
	len = UDP_HDR + take_bytes(in, udp + UDP_HDR, take16(in) % 600);
	pkt_put16(udp + 4, len);
	pkt_put_eth(frame, kind & 1 ? 0xffffffffffffULL : FUZZ_MAC, FUZZ_PEER, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_UDP, kind & 2 ? FUZZ_GATEWAY : FUZZ_REMOTE,
		   kind & 1 ? 0xffffffff : FUZZ_IP, len);
	if (!(kind & 4))
		pkt_put16(udp + 6, pkt_checksum(udp, len, pkt_pseudo(ip, len)));
	for (unsigned int n = wrong ? take8(in) % 8 : 0; n > 0; n--)
		ip[take8(in) % (PKT_IP + UDP_HDR)] = take8(in);
	if (wrong)
		wire_mend(frame, PKT_ETH + PKT_IP + len, true);
	fuzz_put(frame, PKT_ETH + PKT_IP + len);
}

static void put_error(struct input *in)
{
	uint8_t message[PKT_ICMP + PKT_IP + UDP_HDR + 8] = {0}, *ip = message + PKT_ICMP;
	size_t len = sizeof(message) - take8(in) % 20;

	message[0] = take8(in) % 16;
	message[1] = take8(in) % 18;
	pkt_put16(message + 6, take16(in));
	pkt_put_ip(ip, PKT_PROTO_UDP, FUZZ_IP, FUZZ_REMOTE, UDP_HDR + take8(in));
	pkt_put16(ip + PKT_IP, a_port(in));
	pkt_put16(ip + PKT_IP + 2, a_port(in));
	for (unsigned int n = take8(in) % 4; n > 0; n--)
		message[take8(in) % sizeof(message)] = take8(in);
	pkt_sum_icmp(message, len);
	wire_send_ip(FUZZ_GATEWAY, PKT_PROTO_ICMP, message, len);
}

static int64_t a_name(struct input *in)
{
	static const uint32_t addresses[] = {FUZZ_REMOTE, FUZZ_GATEWAY, FUZZ_IP, 0x7f000001,
					     0xffffffff,  0xe0000001,   0};
	uint32_t ip = addresses[take8(in) % 7];

	return fuzz_address(NAME, ip, a_port(in));
}

static void send_to(struct input *in)
{
	int fd = a_socket(in), flags = MSG_DONTWAIT | (take8(in) & 1 ? MSG_MORE : 0);
	bool named = take8(in) & 1;
	int64_t name = a_name(in);

	fuzz_call(SYS_sendto, fd, PTR(fuzz_user + DATA), take16(in), flags, named ? name : 0,
		  named ? sizeof(struct sockaddr_in) : 0);
}

/* Returns a struct msghdr with a data buffer, an address, and a buffer that has a control message. */
static struct msghdr *a_message(struct input *in)
{
	struct msghdr *msg = (struct msghdr *)(fuzz_user + MESSAGE);
	struct iovec *iov = (struct iovec *)(fuzz_user + VECTOR);
	static const int types[] = {8, 2, 1, 103, 11, 99};
	static const int levels[] = {IPPROTO_IP, IPPROTO_UDP, SOL_SOCKET, 41};
	struct cmsghdr *cmsg = (struct cmsghdr *)(fuzz_user + CONTROL);

	*iov = (struct iovec){fuzz_user + DATA, take16(in)};
	*msg = (struct msghdr){.msg_name = (void *)a_name(in),
			       .msg_namelen = sizeof(struct sockaddr_in),
			       .msg_iov = iov,
			       .msg_iovlen = 1,
			       .msg_control = cmsg,
			       .msg_controllen = take8(in)};
	memset(cmsg, 0, 256);
	take_bytes(in, cmsg + 1, take8(in) % 40);
	*cmsg = (struct cmsghdr){.cmsg_len = take8(in) % 48,
				 .cmsg_level = levels[take8(in) % 4],
				 .cmsg_type = types[take8(in) % 6]};
	return msg;
}

static void set_option(struct input *in)
{
	static const struct {
		int level, name;
	} options[] = {
		{SOL_SOCKET, SO_BROADCAST}, {SOL_SOCKET, SO_RCVBUF},
		{SOL_SOCKET, SO_SNDBUF},    {SOL_SOCKET, SO_PEEK_OFF},
		{SOL_SOCKET, SO_NO_CHECK},  {SOL_SOCKET, SO_TIMESTAMP},
		{SOL_SOCKET, SO_REUSEPORT}, {IPPROTO_IP, IP_RECVERR},
		{IPPROTO_IP, IP_PKTINFO},   {IPPROTO_IP, IP_RECVTTL},
		{IPPROTO_IP, IP_RECVTOS},   {IPPROTO_IP, IP_ORIGDSTADDR},
		{IPPROTO_IP, IP_TTL},       {IPPROTO_IP, IP_MTU_DISCOVER},
		{IPPROTO_UDP, 1},           {IPPROTO_UDP, 103},
	};
	int fd = a_socket(in), i = take8(in) % (sizeof(options) / sizeof(options[0]));
	int *value = (int *)(fuzz_user + VALUE);

	*value = (int16_t)take16(in);
	fuzz_call(SYS_setsockopt, fd, options[i].level, options[i].name, PTR(value), 4);
}

static void other(struct input *in)
{
	int *fd = &sockets[take8(in) % SOCKETS];

	switch (take8(in) % 3) {
	case 0:
		fuzz_call(SYS_shutdown, *fd, take8(in) % 3);
		break;
	case 1:
		fuzz_call(SYS_ioctl, *fd, take8(in) & 1 ? FIONREAD : TIOCOUTQ,
			  PTR(fuzz_user + VALUE));
		break;
	default:
		fuzz_call(SYS_close, *fd);
		*fd = fuzz_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		fuzz_call(SYS_bind, *fd, a_name(in), sizeof(struct sockaddr_in));
	}
}

static void step(struct input *in)
{
	int fd, flags;

	switch (take8(in) % OPS) {
	case OP_DATAGRAM:
		put_datagram(in, false);
		break;
	case OP_WRONG:
		put_datagram(in, true);
		break;
	case OP_ERROR:
		put_error(in);
		break;
	case OP_SEND:
		send_to(in);
		break;
	case OP_SENDMSG:
		fd = a_socket(in);
		flags = MSG_DONTWAIT | (take8(in) & 1 ? MSG_MORE : 0);
		fuzz_call(SYS_sendmsg, fd, PTR(a_message(in)), flags);
		break;
	case OP_RECV:
		fd = a_socket(in);
		flags = take8(in) & (MSG_PEEK | MSG_TRUNC);
		fuzz_call(SYS_recvfrom, fd, PTR(fuzz_user + DATA), take16(in), flags | MSG_DONTWAIT,
			  0, 0);
		break;
	case OP_RECVMSG:
		fd = a_socket(in);
		flags = take8(in) & 1 ? MSG_ERRQUEUE : 0;
		fuzz_call(SYS_recvmsg, fd, PTR(a_message(in)), flags | MSG_DONTWAIT);
		break;
	case OP_OPTION:
		set_option(in);
		break;
	case OP_CONNECT:
		fd = a_socket(in);
		a_name(in);
		if (take8(in) & 1)
			*(uint16_t *)(fuzz_user + NAME) = AF_UNSPEC;
		fuzz_call(SYS_connect, fd, PTR(fuzz_user + NAME), sizeof(struct sockaddr_in));
		break;
	case OP_OTHER:
		other(in);
		break;
	default:
		fuzz_sleep((1 + take8(in)) * (take8(in) & 1 ? SEC : 10 * MS));
	}
}

void harness_play(struct input *in)
{
	static int first[SOCKETS];

	/* The engine restores the kernel's memory, but not this array. */
	if (!first[0])
		memcpy(first, sockets, sizeof(first));
	memcpy(sockets, first, sizeof(first));
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++) {
		step(in);
		fuzz_run();
	}
}

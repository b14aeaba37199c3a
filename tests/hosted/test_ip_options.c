/* SPDX-License-Identifier: MIT */
/*
 * Options of the IP header (RFC 791 3.1): in echo replies, in packets of sockets with IP_OPTIONS, and as control
 * messages; and ICMP's timestamps. The results of setsockopt(IP_OPTIONS) are those that Linux 6.18 gave for the same
 * bytes, but for source routes, which Linux accepts.
 */
#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#define ADDRESS_A  0x0a000001
#define ADDRESS_B  0x0a000002
#define LINK_A     0x020000000001
#define LINK_B     0x020000000002
#define STRANGER   0x0a000009
#define EXPERIMENT 253 /* RFC 3692: a protocol number for experiments */
#define RR         7
#define TS         68
#define REPLY      0
#define ECHO       8
#define STAMP      13
#define DAY_MS     86400000u

static uint8_t out[4000], in[4000];

static int open_socket(struct host *h, int type, int protocol)
{
	int fd = scene_call(h, SYS_socket, AF_INET, type | SOCK_NONBLOCK, protocol);

	assert_true(fd >= 0);
	return fd;
}

static int64_t recv_now(struct host *h, int fd)
{
	return scene_call(h, SYS_recvfrom, fd, PTR(in), sizeof(in), MSG_DONTWAIT, 0, 0);
}

static int64_t send_to(int fd, uint32_t address, uint16_t port, size_t n)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int64_t result = scene_call(A, SYS_sendto, fd, PTR(out), n, 0, PTR(&to), sizeof(to));

	scene_sleep(10 * MS);
	return result;
}

static int64_t set_options(int fd, const void *options, size_t n)
{
	return scene_call(A, SYS_setsockopt, fd, IPPROTO_IP, IP_OPTIONS, PTR(options), n);
}

/* Puts a packet of B to A on the wire: @len bytes of @payload behind a header with the options @opt. */
static void forge_with(const void *opt, size_t optlen, uint8_t proto, const void *payload,
		       size_t len)
{
	uint8_t frame[400], *ip = frame + PKT_ETH;

	pkt_put_eth(frame, LINK_A, LINK_B, PKT_TYPE_IP);
	pkt_put_ip(ip, proto, ADDRESS_B, ADDRESS_A, optlen + len);
	ip[0] += optlen / 4;
	if (optlen)
		memcpy(ip + PKT_IP, opt, optlen);
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP + optlen, 0));
	memcpy(ip + PKT_IP + optlen, payload, len);
	assert_int_equal(wire_inject(scene->wire, A, frame, PKT_ETH + PKT_IP + optlen + len), 0);
	scene_sleep(10 * MS);
}

/* Sends A an echo request of B with these options; a raw socket of B gets the reply in in[]. */
static int64_t ping_with(const void *opt, size_t optlen)
{
	int fd = open_socket(B, SOCK_RAW, 1);
	uint8_t icmp[PKT_ICMP] = {ECHO};
	int64_t n;

	pkt_sum_icmp(icmp, sizeof(icmp));
	forge_with(opt, optlen, PKT_PROTO_ICMP, icmp, sizeof(icmp));
	n = recv_now(B, fd);
	scene_close(B, fd);
	return n;
}

/* ---- echo replies ------------------------------------------------------------------------------------- */

/*
 * ping -R: A adds its address to the request and to the reply, and B adds its own to the reply that it receives. RFC
 * 1122 3.2.2.6.
 */
static void a_recorded_route(void)
{
	uint8_t opt[40] = {RR, 39, 8, 10, 0, 0, 2};

	assert_int_equal(ping_with(opt, 40), PKT_IP + 40 + PKT_ICMP);
	assert_int_equal(in[0], 0x4f);
	assert_int_equal(in[PKT_IP], RR);
	assert_int_equal(in[PKT_IP + 1], 39);
	assert_int_equal(in[PKT_IP + 2], 20);
	assert_int_equal(pkt_get32(in + PKT_IP + 3), ADDRESS_B);
	assert_int_equal(pkt_get32(in + PKT_IP + 7), ADDRESS_A);
	assert_int_equal(pkt_get32(in + PKT_IP + 11), ADDRESS_A);
	assert_int_equal(pkt_get32(in + PKT_IP + 15), ADDRESS_B);
	assert_int_equal(pkt_get32(in + PKT_IP + 19), 0);
	assert_int_equal(in[PKT_IP + 40], REPLY);
	/* A route that is full stays as it is; NOOP and other options are not in the reply. */
	assert_int_equal(ping_with("\1\x94\4\0\0\7\7\10\1\2\3\4", 12), PKT_IP + 8 + PKT_ICMP);
	assert_memory_equal(in + PKT_IP, "\7\7\10\1\2\3\4\0", 8);
	assert_int_equal(ping_with("\x94\4\0\0", 4), PKT_IP + PKT_ICMP);
	/* There is room for A's first entry, and too little for that of A's reply. */
	assert_int_equal(ping_with("\7\10\4\0\0\0\0\0", 8), -EAGAIN);
	assert_int_equal(scene_drops(A, "IP_OPTIONS"), 1);
	/* The bytes after END are no options. */
	assert_int_equal(ping_with("\0\7\7\4\0\0\0\0", 8), PKT_IP + PKT_ICMP);
}

/* Returns true if @time is the time of day now, to a second. */
static bool is_now(uint32_t time)
{
	struct timespec now;
	uint32_t ms;

	assert_int_equal(scene_call(A, SYS_clock_gettime, 0, PTR(&now)), 0);
	ms = now.tv_sec % (DAY_MS / 1000) * 1000 + now.tv_nsec / 1000000;
	return (ms + DAY_MS - time) % DAY_MS < 1000;
}

/* ping -T tsonly, tsandaddr, tsprespec. RFC 781. */
static void a_recorded_time(void)
{
	const uint8_t *opt = in + PKT_IP;

	assert_int_equal(ping_with("\x44\x0c\5\0\0\0\0\0\0\0\0\0", 12), PKT_IP + 12 + PKT_ICMP);
	assert_int_equal(opt[2], 13);   /* full: A's two times */
	assert_int_equal(opt[3], 0x10); /* B found no room */
	assert_true(is_now(pkt_get32(opt + 4)));
	assert_true(is_now(pkt_get32(opt + 8)));
	assert_int_equal(ping_with("\x44\x14\5\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20),
			 PKT_IP + 20 + PKT_ICMP);
	assert_int_equal(opt[2], 21);
	assert_int_equal(pkt_get32(opt + 4), ADDRESS_A);
	assert_true(is_now(pkt_get32(opt + 8)));
	assert_int_equal(pkt_get32(opt + 12), ADDRESS_A);
	assert_true(is_now(pkt_get32(opt + 16)));
	/* There is room for A's first entry, and too little for that of A's reply. */
	assert_int_equal(ping_with("\x44\x0d\5\1\0\0\0\0\0\0\0\0\0\0\0\0", 16), -EAGAIN);
	assert_int_equal(ping_with("\x44\x09\5\0\0\0\0\0\0\0\0\0", 12), -EAGAIN);
	assert_int_equal(scene_drops(A, "IP_OPTIONS"), 2);
	/* Only the host whose address is the next one adds its time. */
	assert_int_equal(ping_with("\x44\x14\5\3\12\0\0\1\0\0\0\0\12\0\0\2\0\0\0\0", 20),
			 PKT_IP + 20 + PKT_ICMP);
	assert_int_equal(opt[2], 21);
	assert_true(is_now(pkt_get32(opt + 8)));
	assert_true(is_now(pkt_get32(opt + 16))); /* B's time */
	assert_int_equal(ping_with("\x44\x0c\5\3\12\0\0\x63\0\0\0\0", 12), PKT_IP + 12 + PKT_ICMP);
	assert_memory_equal(opt, "\x44\x0c\5\3\12\0\0\x63\0\0\0\0", 12);
	/* An unknown flag: the option stays as it is. */
	assert_int_equal(ping_with("\x44\x08\5\2\0\0\0\0", 8), PKT_IP + 8 + PKT_ICMP);
	assert_memory_equal(opt, "\x44\x08\5\2\0\0\0\0", 8);
}

/* Each malformed option is answered with a parameter problem that points to the bad byte, and the packet is dropped. */
static void malformed_options(void)
{
	static const struct {
		const char *opt;
		unsigned int len, pointer;
	} cases[] = {
		{"\7\2\0\0", 4, 21},             /* record route without a pointer */
		{"\7\7\3\0\0\0\0\0", 8, 22},     /* a pointer into the head */
		{"\7\7\5\0\0\0\0\0", 8, 22},     /* an address that ends behind the option */
		{"\7\3\4\1\7\3\4\1", 8, 24},     /* a second record route */
		{"\x44\3\5\0", 4, 21},           /* a timestamp option without flags */
		{"\x44\4\4\0", 4, 22},           /* a pointer into the head */
		{"\x44\x08\6\0\0\0\0\0", 8, 22}, /* a time that ends behind the option */
		/* an address and a time that end behind the option */
		{"\x44\x08\5\1\0\0\0\0", 8, 22},
		{"\x44\4\5\xf0", 4, 23},         /* the sixteenth host without room */
		{"\x44\4\5\0\x44\4\5\0", 8, 24}, /* a second timestamp option */
		{"\x83\7\4\12\0\0\1\0", 8, 20},  /* source routes are refused */
		{"\x89\7\4\12\0\0\1\0", 8, 20},
		{"\x99\5\0\0", 4, 21}, /* longer than the header */
		{"\1\1\1\x99", 4, 23}, /* without a length */
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene_mark();
		assert_int_equal(ping_with(cases[i].opt, cases[i].len),
				 PKT_IP + PKT_ICMP + PKT_IP + cases[i].len + PKT_ICMP);
		assert_int_equal(in[PKT_IP], 12);
		assert_int_equal(in[PKT_IP + 4], cases[i].pointer);
		assert_int_equal(scene_drops(A, "IP_OPTIONS"), 1);
		scene_sleep(SEC); /* the rate limit of errors */
	}
}

/* ---- sockets ------------------------------------------------------------------------------------------ */

/* The bytes that setsockopt(IP_OPTIONS) accepts, and what getsockopt() returns then. */
static void bytes_of_an_option(void)
{
	static const struct {
		const char *opt;
		unsigned int len;
		int err;
	} cases[] = {
		{"\7\7\4\0\0\0\0\0", 7, 0},
		{"\7\3\4", 3, 0},
		{"\7\4\4\0", 4, -EINVAL},
		{"\7\7\3\0\0\0\0", 7, -EINVAL},
		{"\7\7\10\0\0\0\0", 7, 0},
		{"\7\7\5\0\0\0\0", 7, -EINVAL},
		{"\7\7\4\0\0\0\0\7\7\4\0\0\0\0", 14, -EINVAL},
		{"\x44\4\5\0", 4, 0},
		{"\x44\x0c\5\0\0\0\0\0\0\0\0\0", 12, 0},
		{"\x44\x0c\5\1\0\0\0\0\0\0\0\0", 12, 0},
		{"\x44\x0c\5\2\0\0\0\0\0\0\0\0", 12, 0},
		{"\x44\x0c\5\3\x7f\0\0\1\0\0\0\0", 12, 0},
		{"\x44\x0c\x0d\xf0\0\0\0\0\0\0\0\0", 12, -EINVAL},
		{"\x44\x0c\x0d\0\0\0\0\0\0\0\0\0", 12, 0},
		{"\x44\3\5", 3, -EINVAL},
		{"\x44\x0c\4\0\0\0\0\0\0\0\0\0", 12, -EINVAL},
		{"\x94\4\0\1", 4, 0},
		{"\x88\4\0\1", 4, 0},
		{"\x99\4\0\1", 4, 0},
		{"\x99\1", 2, -EINVAL},
		{"\x99", 1, -EINVAL},
		{"\x99\0", 2, -EINVAL},
		{"\x83\7\4\x7f\0\0\1", 7, -EINVAL}, /* a source route, which Linux accepts */
	};
	uint8_t got[44], want[44] = {0};
	int fd = open_socket(A, SOCK_DGRAM, 0);
	socklen_t len, want_len = 0;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(set_options(fd, cases[i].opt, cases[i].len), cases[i].err);
		if (!cases[i].err) {
			want_len = (cases[i].len + 3) / 4 * 4;
			memset(want, 0, sizeof(want));
			memcpy(want, cases[i].opt, cases[i].len);
		}
		len = sizeof(got);
		assert_int_equal(scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_OPTIONS, PTR(got),
					    PTR(&len)),
				 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(got, want, len);
	}
	/* Nothing but END stays behind an END. */
	assert_int_equal(set_options(fd, "\1\0\x99\xff", 4), 0);
	len = 2;
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_OPTIONS, PTR(got), PTR(&len)), 0);
	assert_int_equal(len, 2);
	len = 44;
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_OPTIONS, PTR(got), PTR(&len)), 0);
	assert_memory_equal(got, "\1\0\0\0", 4);
	memset(want, 1, sizeof(want));
	assert_int_equal(set_options(fd, want, 41), -EINVAL);
	assert_int_equal(set_options(fd, want, 40), 0);
	assert_int_equal(set_options(fd, (void *)8, 4), -EFAULT);
	assert_int_equal(set_options(fd, want, 0), 0);
	len = 44;
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, IPPROTO_IP, IP_OPTIONS, PTR(got), PTR(&len)), 0);
	assert_int_equal(len, 0);
	scene_close(A, fd);
}

/*
 * A UDP datagram with a record route, and the control messages IP_RECVOPTS and IP_RETOPTS at its receiver. A
 * datagram that is longer than the MTU has the route in its first fragment only, but a header of the same length.
 */
static void a_datagram_with_options(void)
{
	static const size_t sizes[] = {10, 1500 - 20 - 12 - 8, 1500 - 20 - 12 - 7, 3000};
	static const unsigned int fragments[] = {0, 0, 2, 5};
	int fd = open_socket(A, SOCK_DGRAM, 0), b = open_socket(B, SOCK_DGRAM, 0);
	char control[200];
	struct iovec iov = {in, sizeof(in)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	struct cmsghdr *c;

	assert_int_equal(scene_bind(B, b, 7), 0);
	scene_set(B, b, IPPROTO_IP, IP_RECVOPTS, 1);
	scene_set(B, b, IPPROTO_IP, IP_RETOPTS, 1);
	assert_int_equal(scene_get(B, b, IPPROTO_IP, IP_RECVOPTS), 1);
	assert_int_equal(set_options(fd, "\7\x0b\4\0\0\0\0\0\0\0\0", 11), 0);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(send_to(fd, ADDRESS_B, 7, sizes[i]), sizes[i]);
		msg.msg_controllen = sizeof(control);
		assert_int_equal(scene_call(B, SYS_recvmsg, b, PTR(&msg), 0), sizes[i]);
		c = CMSG_FIRSTHDR(&msg);
		assert_int_equal(c->cmsg_type, IP_RECVOPTS);
		assert_int_equal(c->cmsg_len, CMSG_LEN(12));
		assert_memory_equal(CMSG_DATA(c), "\7\x0b\x0c\12\0\0\1\12\0\0\2\0", 12);
		c = CMSG_NXTHDR(&msg, c);
		assert_int_equal(c->cmsg_type, IP_RETOPTS);
		assert_memory_equal(CMSG_DATA(c), "\7\x0b\x0c\12\0\0\1\12\0\0\2\0", 12);
		assert_null(CMSG_NXTHDR(&msg, c));
		assert_int_equal(scene_counter(A, "Ip.FragCreates"), fragments[i]);
	}
	/* The options count for the longest datagram. */
	scene_set(A, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	assert_int_equal(send_to(fd, ADDRESS_B, 7, sizes[1]), sizes[1]);
	assert_int_equal(send_to(fd, ADDRESS_B, 7, sizes[2]), -EMSGSIZE);
	scene_close(A, fd);
	scene_close(B, b);
}

/* IP_RETOPTS with a sent datagram replaces the socket's options for this datagram. */
static void options_of_one_datagram(void)
{
	int fd = open_socket(A, SOCK_RAW, EXPERIMENT), b = open_socket(B, SOCK_RAW, EXPERIMENT);
	char control[CMSG_SPACE(8)] = {0};
	struct iovec iov = {out, 4};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ADDRESS_B)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_control = control,
			     .msg_controllen = CMSG_LEN(7)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){CMSG_LEN(7), IPPROTO_IP, IP_RETOPTS};
	memcpy(CMSG_DATA(c), "\7\7\4\0\0\0\0", 7);
	assert_int_equal(set_options(fd, "\x94\4\0\0", 4), 0);
	assert_int_equal(scene_call(A, SYS_sendmsg, fd, PTR(&msg), 0), 4);
	assert_int_equal(send_to(fd, ADDRESS_B, 0, 4), 4);
	assert_int_equal(recv_now(B, b), PKT_IP + 8 + 4);
	assert_memory_equal(in + PKT_IP, "\7\7\10\12\0\0\1\0", 8);
	assert_int_equal(recv_now(B, b), PKT_IP + 4 + 4);
	assert_memory_equal(in + PKT_IP, "\x94\4\0\0", 4);
	((uint8_t *)CMSG_DATA(c))[2] = 3;
	assert_int_equal(scene_call(A, SYS_sendmsg, fd, PTR(&msg), 0), -EINVAL);
	/* A header of the program has the program's options. */
	scene_set(A, fd, IPPROTO_IP, IP_HDRINCL, 1);
	memset(out, 0, PKT_IP);
	out[0] = 0x45;
	assert_int_equal(send_to(fd, ADDRESS_B, 0, PKT_IP), -EINVAL);
	scene_close(A, fd);
	scene_close(B, b);
}

/* TCP's segments are shorter by the options, also if these are set while the connection exists. */
static void a_connection_with_options(void)
{
	int listener = scene_listen(B, 7, 1), fd = scene_socket(A), b;
	struct seg const *s;

	assert_int_equal(set_options(fd, "\7\x27\4", 3), -EINVAL);
	memset(out, 0, 40);
	memcpy(out, "\7\x27\4", 3);
	assert_int_equal(set_options(fd, out, 39), 0);
	assert_int_equal(scene_connect(A, fd, B, 7), 0);
	b = scene_accept(B, listener);
	scene_carry(A, fd, B, b, 100000);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++) {
		s = scene_nth(A, DATA, i);
		assert_true(s->len <= 1500 - 60 - 32);
	}
	assert_int_equal(scene_nth(A, DATA, 1)->len, 1500 - 60 - 32);
	assert_int_equal(scene_counter(A, "Ip.FragFails"), 0);
	assert_int_equal(set_options(fd, out, 0), 0);
	scene_mark();
	scene_carry(A, fd, B, b, 50000);
	assert_int_equal(scene_nth(A, DATA, 1)->len, 1500 - 20 - 32);
	assert_int_equal(set_options(fd, "\x94\4\0\0", 4), 0);
	scene_mark();
	scene_carry(A, fd, B, b, 50000);
	assert_int_equal(scene_nth(A, DATA, 1)->len, 1500 - 24 - 32);
	scene_close(A, fd);
	scene_close(B, b);
	scene_close(B, listener);
}

/* A connection of a host to itself: a packet of the loopback device may be shared with its sender. */
static void a_connection_to_itself(void)
{
	int listener = scene_listen(A, 7, 1), fd, a;

	for (int i = 0; i < 2; i++) {
		if (i)
			host_set_baseline(A);
		fd = scene_socket(A);
		assert_int_equal(set_options(fd, "\7\7\4\0\0\0\0", 7), 0);
		assert_int_equal(scene_connect(A, fd, A, 7), 0);
		a = scene_accept(A, listener);
		scene_carry(A, fd, A, a, 100000);
		scene_close(A, fd);
		scene_close(A, a);
		scene_sleep(100 * SEC);
	}
	scene_close(A, listener);
}

/* ---- ICMP's timestamps -------------------------------------------------------------------------------- */

static void a_timestamp_request(void)
{
	int fd = open_socket(B, SOCK_RAW, 1);
	uint8_t icmp[PKT_ICMP + 16] = {STAMP};

	pkt_put16(icmp + 4, 0x1234);
	pkt_put32(icmp + 8, 0x01020304);
	pkt_put32(icmp + 12, 0x11111111);
	pkt_sum_icmp(icmp, sizeof(icmp));
	forge_with(NULL, 0, PKT_PROTO_ICMP, icmp, sizeof(icmp));
	assert_int_equal(recv_now(B, fd), PKT_IP + 20);
	assert_int_equal(in[PKT_IP], STAMP + 1);
	assert_int_equal(pkt_get16(in + PKT_IP + 4), 0x1234);
	assert_int_equal(pkt_checksum(in + PKT_IP, 20, 0), 0);
	assert_int_equal(pkt_get32(in + PKT_IP + 8), 0x01020304);
	assert_true(is_now(pkt_get32(in + PKT_IP + 12)));
	assert_int_equal(pkt_get32(in + PKT_IP + 16), pkt_get32(in + PKT_IP + 12));
	assert_int_equal(scene_counter(A, "Icmp.InTimestamps"), 1);
	assert_int_equal(scene_counter(A, "Icmp.OutTimestampReps"), 1);
	/* A request without its times. */
	pkt_put16(icmp + 2, 0);
	pkt_sum_icmp(icmp, 19);
	forge_with(NULL, 0, PKT_PROTO_ICMP, icmp, 19);
	assert_int_equal(recv_now(B, fd), -EAGAIN);
	assert_int_equal(scene_drops(A, "ICMP_SHORT"), 1);
	/* Requests for the address mask are obsolete (RFC 6918), and counted. */
	icmp[0] = 17;
	pkt_put16(icmp + 2, 0);
	pkt_sum_icmp(icmp, 12);
	forge_with(NULL, 0, PKT_PROTO_ICMP, icmp, 12);
	assert_int_equal(recv_now(B, fd), -EAGAIN);
	assert_int_equal(scene_counter(A, "Icmp.InAddrMasks"), 1);
	scene_close(B, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_recorded_route),          SCENE(a_recorded_time),
		SCENE(malformed_options),         SCENE(bytes_of_an_option),
		SCENE(a_datagram_with_options),   SCENE(options_of_one_datagram),
		SCENE(a_connection_with_options), SCENE(a_connection_to_itself),
		SCENE(a_timestamp_request),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * A session: segments of the peer, calls of the program, and pauses, with a connection ("flow", wire.h) in each state.
 *
 * Each step of an input is an opcode (enum op) and its arguments.  An input has sequence and acknowledgement
 * numbers as offsets from the expected ones, and checksums are correct, so that most segments reach the state
 * machine.  A segment with MORE waits for the next one: the kernel receives both in one poll of the device.
 * Callers and context: see engine.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX 48
#define FDS_MAX   16

enum op {
	OP_SEGMENT, /* arguments: flow, flags, offsets of seq and ack, window, options, length */
	OP_DATA,    /* arguments: flow, length.  The next bytes in order, with the right ACK */
	OP_ACK,     /* arguments: flow, offset.  An ACK of data that the kernel sent */
	OP_SLEEP,
	OP_WRITE,
	OP_READ,
	OP_CLOSE,
	OP_SHUTDOWN,
	OP_ACCEPT,
	OP_CONNECT,
	OP_OPTION,
	OP_UNREACHABLE, /* an ICMP error about a segment of a flow */
	OP_POLL,
	OP_SYSCTL,
	OP_CONGESTION, /* sets TCP_CONGESTION of a socket */
	OP_ASK,        /* calls getsockopt() */
	OPS,
};

/* flags of OP_SEGMENT's option byte */
enum {
	WITH_TS = 1,
	WITH_SACK = 2,
	WITH_MSS = 4,
	WITH_WSCALE = 8,
	WITH_SACK_OK = 16,
	OLD_TS = 32,
	MORE = 64, /* the kernel does not run before the next step */
	WITH_DSACK = 128,
};

static int fds[FDS_MAX]; /* descriptors that the program uses */
static unsigned int nr_fds;
static uint8_t bytes[1460];

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
	memset(bytes, 'x', sizeof(bytes));
}

static void add_fd(int64_t fd)
{
	if (fd >= 0 && nr_fds < FDS_MAX)
		fds[nr_fds++] = (int)fd;
}

static int pick_fd(struct input *in)
{
	uint8_t n = take8(in);

	return nr_fds ? fds[n % nr_fds] : wire_listener;
}

/* Returns the flow that the input chooses.  FLOW_NEW gets one of four ports, as long as it was not used. */
static struct flow *pick_flow(struct input *in, uint8_t *n)
{
	struct flow *f;

	*n = take8(in);
	f = &flows[*n % FLOWS];
	if (f == &flows[FLOW_NEW] && *n / FLOWS % 4 && !f->seen)
		f->port = (uint16_t)(f->port + *n / FLOWS % 4);
	return f;
}

/* ---- segments --------------------------------------------------------------------------------- */

/* Returns an offset for a sequence number: mostly a small one, which reaches most code, sometimes a large one. */
static uint32_t take_offset(struct input *in)
{
	int8_t n = (int8_t)take8(in);

	if (n > -64 && n < 64)
		return (uint32_t)(int32_t)n;
	if (n > 0)
		return (uint32_t)(n - 63) * 1460;
	return n % 2 ? (uint32_t)(n + 63) * 1460 : take32(in);
}

static void put_option(struct segment *s, uint8_t kind, uint8_t len, uint32_t a, uint32_t b)
{
	uint8_t *at = s->options + s->options_len, value[8];

	if (s->options_len + len + 3 > sizeof(s->options))
		return;
	pkt_put32(value, a);
	pkt_put32(value + 4, b);
	at[0] = kind;
	at[1] = len;
	memcpy(at + 2, value, len - 2u);
	s->options_len += len;
}

static void pad_options(struct segment *s)
{
	while (s->options_len % 4)
		s->options[s->options_len++] = 1;
}

static void put_sack(struct input *in, const struct flow *f, struct segment *s, bool dsack)
{
	unsigned int n = 1 + take8(in) % 3;
	uint8_t *at = s->options + s->options_len;

	if (s->options_len + 2 + 8 * n + 3 > sizeof(s->options))
		return;
	at[0] = 5;
	at[1] = (uint8_t)(2 + 8 * n);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t from = f->rcv_nxt + (dsack && !i ? -take8(in) : -take_offset(in));

		pkt_put32(at + 2 + 8 * i, from);
		pkt_put32(at + 6 + 8 * i, from + take16(in) % 4096);
	}
	s->options_len += 2 + 8 * n;
}

static void send_segment(struct input *in)
{
	uint8_t n, options;
	struct flow *f = pick_flow(in, &n);
	struct segment s = {.flags = take8(in)};
	uint32_t seq_offset = take_offset(in);

	s.seq = f->snd_nxt + seq_offset;
	s.ack = f->rcv_nxt + take_offset(in);
	s.window = (uint16_t)(take8(in) * 257);
	options = take8(in);
	s.len = take8(in) * 5u;
	s.data = bytes;
	s.tos = n >> 6;
	s.urgent = s.flags & 32 ? n : 0;
	if (options & WITH_MSS)
		put_option(&s, 2, 4, (uint32_t)take16(in) << 16, 0);
	if (options & WITH_WSCALE)
		put_option(&s, 3, 3, (uint32_t)take8(in) << 24, 0);
	if (options & WITH_SACK_OK)
		put_option(&s, 4, 2, 0, 0);
	if (options & WITH_TS)
		put_option(&s, 8, 10, (uint32_t)(sn_clock() / MS) - (options & OLD_TS ? 100000 : 0),
			   f->ts_recent);
	if (options & (WITH_SACK | WITH_DSACK))
		put_sack(in, f, &s, options & WITH_DSACK);
	pad_options(&s);
	wire_send(f, &s);
	if (!seq_offset)
		f->snd_nxt += (uint32_t)s.len + !!(s.flags & WIRE_SYN) + !!(s.flags & WIRE_FIN);
	if (!(options & MORE))
		fuzz_run();
}

static void send_in_order(struct input *in, bool data)
{
	uint8_t n, arg;
	struct flow *f = pick_flow(in, &n);
	struct segment s = {.flags = WIRE_ACK, .seq = f->snd_nxt, .window = 65535, .data = bytes};

	arg = take8(in);
	s.ack = f->rcv_nxt - (data ? 0 : arg * 100u);
	s.len = data ? arg * 5u + 1 : 0;
	if (f == &flows[FLOW_ESTABLISHED] || f == &flows[FLOW_CLOSE_WAIT])
		put_option(&s, 8, 10, (uint32_t)(sn_clock() / MS), f->ts_recent);
	pad_options(&s);
	wire_send(f, &s);
	f->snd_nxt += (uint32_t)s.len;
	fuzz_run();
}

/* Sends an ICMP error of a router about a segment of the kernel: unreachable, fragmentation needed, time exceeded. */
static void send_unreachable(struct input *in)
{
	uint8_t n, message[PKT_ICMP + PKT_IP + 8] = {0}, *ip = message + PKT_ICMP,
					       *tcp = ip + PKT_IP;
	struct flow *f = pick_flow(in, &n);

	message[0] = n & 128 ? 11 : 3;
	message[1] = take8(in) % 16;
	pkt_put16(message + 6, take16(in));
	pkt_put_ip(ip, PKT_PROTO_TCP, FUZZ_IP, FUZZ_REMOTE, 20);
	pkt_put16(tcp, f->kernel_port);
	pkt_put16(tcp + 2, f->port);
	pkt_put32(tcp + 4, f->rcv_nxt - take_offset(in));
	pkt_sum_icmp(message, sizeof(message));
	wire_send_ip(FUZZ_GATEWAY, PKT_PROTO_ICMP, message, sizeof(message));
	fuzz_run();
}

/* ---- the program ------------------------------------------------------------------------------ */

static void set_option(struct input *in)
{
	static const struct {
		int level, name;
	} options[] = {
		{IPPROTO_IP, IP_RECVERR},         {SOL_SOCKET, SO_TIMESTAMPING},
		{SOL_SOCKET, SO_ZEROCOPY},        {SOL_SOCKET, SO_LINGER},
		{SOL_SOCKET, SO_RCVBUF},          {SOL_SOCKET, SO_SNDBUF},
		{SOL_SOCKET, SO_KEEPALIVE},       {SOL_SOCKET, SO_RCVLOWAT},
		{SOL_SOCKET, SO_MAX_PACING_RATE}, {IPPROTO_TCP, TCP_NODELAY},
		{IPPROTO_TCP, TCP_CORK},          {IPPROTO_TCP, TCP_MAXSEG},
		{IPPROTO_TCP, TCP_KEEPIDLE},      {IPPROTO_TCP, TCP_KEEPINTVL},
		{IPPROTO_TCP, TCP_KEEPCNT},       {IPPROTO_TCP, TCP_LINGER2},
		{IPPROTO_TCP, TCP_USER_TIMEOUT},  {IPPROTO_TCP, TCP_QUICKACK},
		{IPPROTO_TCP, TCP_WINDOW_CLAMP},  {IPPROTO_TCP, TCP_DEFER_ACCEPT},
		{IPPROTO_TCP, TCP_NOTSENT_LOWAT}, {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS},
		{IPPROTO_TCP, TCP_FASTOPEN},      {IPPROTO_TCP, TCP_INQ},
		{IPPROTO_TCP, TCP_SAVE_SYN},
	};
	int fd = pick_fd(in);
	unsigned int i = take8(in) % (sizeof(options) / sizeof(options[0]));
	uint32_t value[2] = {take16(in), 0};

	value[1] = value[0] >> 8; /* l_linger, if the value is a struct linger */
	memcpy(fuzz_user, value, sizeof(value));
	fuzz_call(SYS_setsockopt, fd, options[i].level, options[i].name, PTR(fuzz_user),
		  options[i].name == SO_LINGER && options[i].level == SOL_SOCKET ? 8 : 4);
}

/* With bit 64 in `how`, calls recvmsg() with room for an address and control messages, otherwise recvfrom(). */
static void read_fd(struct input *in)
{
	int fd = pick_fd(in);
	uint16_t len = take16(in);
	uint8_t how = take8(in);
	int flags = MSG_DONTWAIT | (how & (MSG_OOB | MSG_PEEK | MSG_TRUNC)) |
		    (how & 128 ? MSG_ERRQUEUE : 0);
	struct iovec iov = {.iov_base = fuzz_user + 1024, .iov_len = len % 60000u};
	struct msghdr m = {
		.msg_name = fuzz_user + 512,
		.msg_namelen = 16,
		.msg_iov = (struct iovec *)(fuzz_user + 256),
		.msg_iovlen = 1,
		.msg_control = fuzz_user + 640,
	};

	if (!(how & 64)) {
		fuzz_call(SYS_recvfrom, fd, PTR(fuzz_user), len, flags, 0, 0);
		return;
	}
	m.msg_controllen = take8(in);
	memcpy(fuzz_user, &m, sizeof(m));
	memcpy(fuzz_user + 256, &iov, sizeof(iov));
	fuzz_call(SYS_recvmsg, fd, PTR(fuzz_user), flags);
}

static void close_fd(struct input *in)
{
	unsigned int i = nr_fds ? take8(in) % nr_fds : 0;

	if (!nr_fds)
		return;
	fuzz_call(SYS_close, fds[i]);
	fds[i] = fds[--nr_fds];
}

static void connect_again(struct input *in)
{
	struct flow *f = &flows[FLOW_CONNECTING];
	int64_t fd = fuzz_call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	add_fd(fd);
	*f = (struct flow){.port = (uint16_t)(f->port + take8(in) % 2), .snd_nxt = f->snd_nxt};
	if (take8(in) & 1)
		fuzz_call(SYS_sendto, fd, PTR(fuzz_user), 100, MSG_NOSIGNAL | MSG_FASTOPEN,
			  fuzz_address(128, FUZZ_REMOTE, f->port), 16);
	else
		fuzz_call(SYS_connect, fd, fuzz_address(0, FUZZ_REMOTE, f->port), 16);
	fuzz_run();
}

static void set_sysctl(struct input *in)
{
	static const char *const settings[][2] = {
		{"tcp_syncookies", "2"},
		{"tcp_syncookies", "0"},
		{"tcp_congestion_control", "reno"},
		{"tcp_congestion_control", "dctcp"},
		{"tcp_congestion_control", "bbr"},
		{"tcp_mtu_probing", "2"},
		{"tcp_ecn", "1"},
		{"tcp_sack", "0"},
		{"tcp_timestamps", "0"},
		{"tcp_window_scaling", "0"},
		{"tcp_recovery", "0"},
		{"tcp_frto", "0"},
		{"tcp_early_retrans", "0"},
		{"tcp_abort_on_overflow", "1"},
		{"tcp_rfc1337", "1"},
		{"tcp_tw_reuse", "1"},
		{"tcp_moderate_rcvbuf", "0"},
		{"tcp_rmem", "4096 4096 8192"},
		{"tcp_wmem", "4096 4096 8192"},
		{"tcp_mem", "10 20 30"},
	};
	unsigned int i = take8(in) % (sizeof(settings) / sizeof(settings[0]));
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", settings[i][0]);
	fuzz_write_file(path, settings[i][1]);
}

static void set_congestion(struct input *in)
{
	static const char *const names[] = {"reno", "cubic", "dctcp", "bbr"};
	int fd = pick_fd(in);
	const char *name = names[take8(in) % 4];

	strcpy((char *)fuzz_user, name);
	fuzz_call(SYS_setsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, PTR(fuzz_user), strlen(name));
}

static void ask_option(struct input *in)
{
	static const int levels[] = {SOL_SOCKET, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_IP};
	int fd = pick_fd(in), name = take8(in) % 80, level = levels[take8(in) % 4];
	uint32_t len = take8(in);

	memcpy(fuzz_user, &len, sizeof(len));
	fuzz_call(SYS_getsockopt, fd, level, name, PTR(fuzz_user + 64), PTR(fuzz_user));
}

static void poll_fd(struct input *in)
{
	struct pollfd p = {.fd = pick_fd(in), .events = (short)take8(in)};

	memcpy(fuzz_user, &p, sizeof(p));
	fuzz_call(SYS_poll, PTR(fuzz_user), 1, 0);
}

static void play_step(struct input *in)
{
	static const uint64_t pauses[] = {0,       1 * MS,  40 * MS,  200 * MS,
					  1 * SEC, 3 * SEC, 10 * SEC, 60 * SEC};

	switch (take8(in) % OPS) {
	case OP_SEGMENT:
		send_segment(in);
		break;
	case OP_DATA:
		send_in_order(in, true);
		break;
	case OP_ACK:
		send_in_order(in, false);
		break;
	case OP_SLEEP:
		fuzz_sleep(pauses[take8(in) % 8]);
		break;
	case OP_WRITE:
		fuzz_call(SYS_sendto, pick_fd(in), PTR(fuzz_user), take16(in),
			  MSG_DONTWAIT | MSG_NOSIGNAL |
				  (take8(in) & (MSG_OOB | MSG_MORE | MSG_EOR)),
			  0, 0);
		break;
	case OP_READ:
		read_fd(in);
		break;
	case OP_CLOSE:
		close_fd(in);
		break;
	case OP_SHUTDOWN:
		fuzz_call(SYS_shutdown, pick_fd(in), take8(in) % 3);
		break;
	case OP_ACCEPT:
		add_fd(fuzz_call(SYS_accept4, wire_listener, 0, 0, SOCK_NONBLOCK));
		break;
	case OP_CONNECT:
		connect_again(in);
		break;
	case OP_OPTION:
		set_option(in);
		break;
	case OP_UNREACHABLE:
		send_unreachable(in);
		break;
	case OP_POLL:
		poll_fd(in);
		break;
	case OP_SYSCTL:
		set_sysctl(in);
		break;
	case OP_CONGESTION:
		set_congestion(in);
		break;
	default:
		ask_option(in);
	}
}

void harness_play(struct input *in)
{
	wire_begin();
	nr_fds = 0;
	add_fd(wire_listener);
	for (unsigned int i = 0; i < FLOWS; i++) {
		if (flows[i].fd >= 0)
			add_fd(flows[i].fd);
	}
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++)
		play_step(in);
	fuzz_run();
}

/* SPDX-License-Identifier: MIT */
/*
 * The peer's side of TCP connections (wire.h).  Callers: harnesses; engine.c calls harness_sent().  One thread, no
 * lock.  RFC 9293, 7323.
 */
#include "tests/fuzz/wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/wire/pkt.h"

#define FIRST_PORT 40000
#define FRAME_MAX  2048
#define PEER_SEQ   0xfffff000u /* the peer's first sequence number, which soon wraps */

struct flow flows[FLOWS];
int wire_listener;

static struct flow saved[FLOWS]; /* the flows as wire_setup() left them */

/* ---- frames ----------------------------------------------------------------------------------- */

void wire_send_ip(uint32_t from, unsigned int proto, const uint8_t *body, size_t len)
{
	uint8_t frame[FRAME_MAX];

	if (PKT_ETH + PKT_IP + len > sizeof(frame))
		len = sizeof(frame) - PKT_ETH - PKT_IP;
	pkt_put_eth(frame, FUZZ_MAC, FUZZ_PEER, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, proto, from, FUZZ_IP, len);
	memcpy(frame + PKT_ETH + PKT_IP, body, len);
	fuzz_put(frame, PKT_ETH + PKT_IP + len);
}

void wire_send(const struct flow *f, const struct segment *s)
{
	uint8_t frame[FRAME_MAX] = {0}, *ip = frame + PKT_ETH, *tcp = ip + PKT_IP;
	size_t header = PKT_TCP + s->options_len, room = sizeof(frame) - PKT_ETH - PKT_IP - header;
	size_t len = s->len < room ? s->len : room;
	struct pkt_tcp t = {
		.sport = f->port,
		.dport = f->kernel_port,
		.seq = s->seq,
		.ack = s->ack,
		.header = header,
		.flags = s->flags,
		.window = s->window,
		.urgent = s->urgent,
	};

	pkt_put_eth(frame, FUZZ_MAC, FUZZ_PEER, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_TCP, FUZZ_REMOTE, FUZZ_IP, header + len);
	ip[1] = s->tos;
	ip[8] = s->ttl ? s->ttl : 64;
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP, 0));
	pkt_put_tcp(tcp, &t);
	memcpy(tcp + PKT_TCP, s->options, s->options_len);
	if (s->data)
		memcpy(tcp + header, s->data, len);
	pkt_sum_tcp(ip, header + len);
	fuzz_put(frame, PKT_ETH + PKT_IP + header + len);
}

void wire_mend(uint8_t *frame, size_t len, bool keep_length)
{
	uint8_t *ip = frame + PKT_ETH, *body;
	size_t header, rest;

	if (len < PKT_ETH + PKT_IP || pkt_get16(frame + 12) != PKT_TYPE_IP)
		return;
	header = (ip[0] & 15) * 4u;
	if (header < PKT_IP || PKT_ETH + header > len)
		header = PKT_IP;
	ip[0] = (uint8_t)(0x40 | header / 4);
	if (!keep_length)
		pkt_put16(ip + 2, (uint32_t)(len - PKT_ETH));
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, header, 0));
	body = ip + header;
	rest = len - PKT_ETH - header;
	if (ip[9] == PKT_PROTO_TCP && rest >= PKT_TCP) {
		pkt_put16(body + 16, 0);
		pkt_put16(body + 16, pkt_checksum(body, rest, pkt_pseudo(ip, rest)));
	} else if (ip[9] == PKT_PROTO_ICMP && rest >= 4) {
		pkt_sum_icmp(body, rest);
	}
}

/*
 * The kernel sent a segment: stores the segment's sequence number and timestamp in the segment's
 * flow. A harness without connections may have its own harness_sent().
 */
__attribute__((weak)) void harness_sent(const uint8_t *frame, size_t len)
{
	struct pkt_options options;
	struct pkt_tcp t;

	if (!pkt_is_tcp(frame, len) || pkt_read_tcp(frame, len, &t))
		return;
	for (unsigned int i = 0; i < FLOWS; i++) {
		struct flow *f = &flows[i];
		uint32_t end =
			t.seq + (uint32_t)t.len + !!(t.flags & WIRE_SYN) + !!(t.flags & WIRE_FIN);

		if (f->port != t.dport || (f->kernel_port && f->kernel_port != t.sport))
			continue;
		f->kernel_port = t.sport;
		if (!f->seen || (int32_t)(end - f->rcv_nxt) > 0 || t.flags & WIRE_SYN)
			f->rcv_nxt = end;
		f->seen = true;
		if (!pkt_read_options(t.options, t.options_len, &options) && options.has_ts)
			f->ts_recent = options.tsval;
	}
}

/* ---- the setup -------------------------------------------------------------------------------- */

static int64_t must(int64_t result, const char *what)
{
	if (result < 0)
		fuzz_fail("%s: %lld", what, (long long)result);
	return result;
}

static int tcp_socket(void)
{
	return (int)must(fuzz_call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
}

/* The peer sends the next segment of @f, without data. */
static void step(struct flow *f, uint8_t flags, const uint8_t *options, size_t options_len)
{
	struct segment s = {.flags = flags,
			    .seq = f->snd_nxt,
			    .ack = flags & WIRE_ACK ? f->rcv_nxt : 0,
			    .window = 65535,
			    .options_len = options_len};

	if (options_len)
		memcpy(s.options, options, options_len);
	wire_send(f, &s);
	f->snd_nxt += !!(flags & WIRE_SYN) + !!(flags & WIRE_FIN);
	fuzz_run();
}

static void open_passive(struct flow *f, bool plain)
{
	static const uint8_t syn[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
					0, 1, 0, 0,    0, 0, 1, 3,  3, 7};
	uint8_t ack[12] = {1, 1, 8, 10, 0, 0, 0, 2};

	step(f, WIRE_SYN, syn, plain ? 4 : sizeof(syn));
	pkt_put32(ack + 8, f->ts_recent);
	step(f, WIRE_ACK, ack, plain ? 0 : sizeof(ack));
	f->fd = (int)must(fuzz_call(SYS_accept4, wire_listener, 0, 0, SOCK_NONBLOCK), "accept");
}

/* Limits how long an orphan, a SYN_SENT and a FIN_WAIT last, so that no timer is armed soon after an input. */
static void set_times(void)
{
	static const char *const settings[][2] = {
		{"/proc/sys/net/ipv4/tcp_orphan_retries", "1"},
		{"/proc/sys/net/ipv4/tcp_syn_retries", "2"},
		{"/proc/sys/net/ipv4/tcp_synack_retries", "1"},
		{"/proc/sys/net/ipv4/tcp_retries2", "4"},
		{"/proc/sys/net/ipv4/tcp_fin_timeout", "5"},
	};

	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!fuzz_write_file(settings[i][0], settings[i][1]))
			fuzz_fail("no %s", settings[i][0]);
	}
	/* If the kernel has Fast Open, switch it on for clients and all listeners, without cookies. */
	fuzz_write_file("/proc/sys/net/ipv4/tcp_fastopen", "1543");
}

void wire_setup(void)
{
	struct flow *f = flows;

	set_times();
	for (unsigned int i = 0; i < FLOWS; i++)
		flows[i] = (struct flow){.port = (uint16_t)(FIRST_PORT + i),
					 .kernel_port = WIRE_PORT,
					 .snd_nxt = PEER_SEQ + 1000 * i,
					 .fd = -1};
	wire_listener = tcp_socket();
	must(fuzz_call(SYS_bind, wire_listener, fuzz_address(0, 0, WIRE_PORT), 16), "bind");
	must(fuzz_call(SYS_listen, wire_listener, 4), "listen");

	open_passive(&f[FLOW_ESTABLISHED], false);
	open_passive(&f[FLOW_PLAIN], true);
	open_passive(&f[FLOW_FIN_WAIT], true);
	open_passive(&f[FLOW_CLOSE_WAIT], false);
	open_passive(&f[FLOW_TIME_WAIT], true);
	step(&f[FLOW_HALF_OPEN], WIRE_SYN, NULL, 0);

	f[FLOW_CONNECTING].kernel_port = 0;
	f[FLOW_CONNECTING].fd = tcp_socket();
	fuzz_call(SYS_connect, f[FLOW_CONNECTING].fd,
		  fuzz_address(0, FUZZ_REMOTE, f[FLOW_CONNECTING].port), 16);
	fuzz_run();

	step(&f[FLOW_CLOSE_WAIT], WIRE_FIN | WIRE_ACK, NULL, 0);
	must(fuzz_call(SYS_shutdown, f[FLOW_FIN_WAIT].fd, SHUT_WR), "shutdown");
	step(&f[FLOW_FIN_WAIT], WIRE_ACK, NULL, 0);
	must(fuzz_call(SYS_close, f[FLOW_TIME_WAIT].fd), "close");
	step(&f[FLOW_TIME_WAIT], WIRE_FIN | WIRE_ACK, NULL, 0);
	f[FLOW_TIME_WAIT].fd = -1;
	memcpy(saved, flows, sizeof(saved));
}

void wire_begin(void)
{
	memcpy(flows, saved, sizeof(saved));
}

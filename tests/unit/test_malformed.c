/* SPDX-License-Identifier: MIT */
/*
 * A whole kernel with its services, and a wire with nothing good on it: a table of malformed frames,
 * each of which moves the one drop reason that it names and no other; then frames at random.  After
 * both, whoever speaks properly is served as before, and no packet is left alive.
 *
 * The frames go in through the device model, so that driver, NAPI and every floor above have their
 * turn.  The kernel under test is init/main.c's, with apps/inetd.c: echo on port 7.
 */
#include "kernel/types.h" /* before the C library, which undefines what both define */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/slab.h"
#include "net/core/checksum.h"
#include "net/core/dropreason.h"
#include "net/core/eth.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/tcp/tcp.h"
#include "tests/host/softnet_host.h"

#define MS     1000000ULL
#define SECOND (1000 * MS)
#define ECHO   7
#define QUIET  (200 * SECOND) /* longer than a half-open connection, a FIN_WAIT2 and a TIME_WAIT */
#define CLOSED 4

/* Places in a frame without IP options. */
#define E     0
#define IP    14
#define L4    34
#define ARP   14
#define QUOTE (L4 + 8)

static const u8 my_mac[6] = {0x52, 0x55, 10, 0, 2, 2};
static const u8 guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static u8 frame[4096]; /* being built */
static unsigned int frame_len;
static u8 last[70000]; /* what the kernel sent last to whom we listen: a TCP port, or ICMP (0) */
static unsigned int last_len;
static u16 listening;

static __be32 ip4(u8 a, u8 b, u8 c, u8 d)
{
	return htonl((u32)a << 24 | b << 16 | c << 8 | d);
}
#define GUEST ip4(10, 0, 2, 15)
#define ME    ip4(10, 0, 2, 2)

/* ---- the wire --------------------------------------------------------------------------------------- */

static void put(const void *bytes, unsigned int len)
{
	assert_int_equal(sn_put_frame(bytes, len), 0);
}

static void answer_arp(const u8 *asked)
{
	const struct arphdr *arp = (const struct arphdr *)(asked + ARP);
	u8 reply[42];

	if (arp->ar_op != htons(ARPOP_REQUEST) || memcmp(arp->ar_tip, (u8[]){10, 0, 2, 2}, 4))
		return;
	memcpy(reply, asked, sizeof(reply));
	memcpy(reply, guest_mac, 6);
	memcpy(reply + 6, my_mac, 6);
	put_unaligned_be16(ARPOP_REPLY, reply + ARP + 6);
	memcpy(reply + ARP + 8, my_mac, 6);
	memcpy(reply + ARP + 14, arp->ar_tip, 4);
	memcpy(reply + ARP + 18, guest_mac, 6);
	memcpy(reply + ARP + 24, arp->ar_sip, 4);
	put(reply, sizeof(reply));
}

static bool is_for_listener(const u8 *bytes)
{
	if (bytes[IP + 9] != IPPROTO_TCP)
		return !listening;
	return listening && get_unaligned_be16(bytes + L4 + 2) == listening;
}

/* Runs the kernel until it is idle, and answers its questions. */
static u64 pump(void)
{
	static u8 bytes[70000];
	bool asked;
	u64 next;

	do {
		size_t len;

		asked = false;
		next = sn_step();
		if (next == SN_HALTED)
			fail_msg("%s", sn_console());
		while ((len = sn_take_frame(bytes, sizeof(bytes)))) {
			if (get_unaligned_be16(bytes + 12) == ETH_P_ARP) {
				answer_arp(bytes);
				asked = true;
			} else if (is_for_listener(bytes)) {
				memcpy(last, bytes, len);
				last_len = len;
			}
		}
	} while (asked);
	return next;
}

static void listen_for(u16 port)
{
	listening = port;
	last_len = 0;
}

static void pass(u64 ns)
{
	u64 end = sn_clock() + ns;

	while (sn_clock() < end)
		sn_set_clock(min(pump(), end));
	pump();
}

/* ---- frames as they should be ----------------------------------------------------------------------- */

static void eth_header(u16 type)
{
	memset(frame, 0, sizeof(frame));
	memcpy(frame, guest_mac, 6);
	memcpy(frame + 6, my_mac, 6);
	put_unaligned_be16(type, frame + 12);
	frame_len = 14;
}

static void arp_frame(u16 op, u8 sender)
{
	static const u8 fixed[] = {0, 1, 8, 0, 6, 4};

	eth_header(ETH_P_ARP);
	memcpy(frame + ARP, fixed, sizeof(fixed));
	put_unaligned_be16(op, frame + ARP + 6);
	memcpy(frame + ARP + 8, my_mac, 6);
	memcpy(frame + ARP + 14, (u8[]){10, 0, 2, sender}, 4);
	memcpy(frame + ARP + 24, (u8[]){10, 0, 2, 15}, 4);
	frame_len = 42;
}

/* @optlen bytes of NOPs behind the IP header; then @len bytes of @payload. */
static void ip_frame(u8 protocol, unsigned int optlen, const void *payload, unsigned int len)
{
	struct iphdr *iph = (struct iphdr *)(frame + IP);

	eth_header(ETH_P_IP);
	*iph = (struct iphdr){.version = 4,
			      .ihl = 5 + optlen / 4,
			      .ttl = 64,
			      .protocol = protocol,
			      .saddr = ME,
			      .daddr = GUEST,
			      .tot_len = htons(20 + optlen + len)};
	memset(frame + L4, 1, optlen);
	memcpy(frame + L4 + optlen, payload, len);
	frame_len = L4 + optlen + len;
}

static void ping_frame(unsigned int optlen)
{
	static const u8 echo[16] = {ICMP_ECHO, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};

	ip_frame(IPPROTO_ICMP, optlen, echo, sizeof(echo));
}

/* "Host unreachable", about a segment that the guest might have sent. */
static void unreach_frame(void)
{
	static const u8 quote[20] = {0x45, 0, 0, 40, [8] = 64, [9] = IPPROTO_TCP};
	u8 icmp[36] = {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH};

	memcpy(icmp + 8, quote, sizeof(quote));
	memcpy(icmp + 8 + 12, (u8[]){10, 0, 2, 15}, 4);
	memcpy(icmp + 8 + 16, (u8[]){10, 0, 2, 2}, 4);
	ip_frame(IPPROTO_ICMP, 0, icmp, sizeof(icmp));
}

struct segment {
	u16 sport, dport;
	u32 seq, ack;
	u8 flags;
	bool ts; /* with a timestamp option */
	u32 tsval, tsecr;
	const char *data;
};

static void tcp_frame(const struct segment *s)
{
	unsigned int doff = s->ts ? 32 : 20, len = s->data ? strlen(s->data) : 0;
	u8 th[64] = {0};

	put_unaligned_be16(s->sport, th);
	put_unaligned_be16(s->dport, th + 2);
	put_unaligned_be32(s->seq, th + 4);
	put_unaligned_be32(s->ack, th + 8);
	th[12] = doff << 2;
	th[13] = s->flags;
	put_unaligned_be16(8000, th + 14);
	if (s->ts) {
		memcpy(th + 20, (u8[]){1, 1, 8, 10}, 4);
		put_unaligned_be32(s->tsval, th + 24);
		put_unaligned_be32(s->tsecr, th + 28);
	}
	memcpy(th + doff, s->data, len);
	ip_frame(IPPROTO_TCP, 0, th, doff + len);
}

/* Makes the checksums true for what the frame now says, as far as that can be. */
#define NO_IP_SUM 1
#define NO_L4_SUM 2
static void fix_sums(u8 except)
{
	struct iphdr *iph = (struct iphdr *)(frame + IP);
	unsigned int ihl = iph->ihl * 4, tot = ntohs(iph->tot_len), len, at;
	__sum16 sum = 0;

	if (get_unaligned_be16(frame + 12) != ETH_P_IP || frame_len < L4)
		return;
	if (!(except & NO_IP_SUM)) {
		iph->check = 0;
		iph->check = ip_compute_csum(iph, max(ihl, 20u));
	}
	if ((except & NO_L4_SUM) || ihl < 20 || tot < ihl || tot > frame_len - IP)
		return;
	len = tot - ihl;
	at = IP + ihl;
	if (iph->protocol == IPPROTO_ICMP && len >= 4) {
		memset(frame + at + 2, 0, 2);
		sum = ip_compute_csum(frame + at, len);
		memcpy(frame + at + 2, &sum, 2);
	} else if (iph->protocol == IPPROTO_TCP && len >= 18) {
		memset(frame + at + 16, 0, 2);
		sum = csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_TCP,
					csum_partial(frame + at, len, 0));
		memcpy(frame + at + 16, &sum, 2);
	}
}

static void send_segment(const struct segment *s)
{
	tcp_frame(s);
	fix_sums(0);
	put(frame, frame_len);
	pump();
}

/* ---- a peer that behaves ------------------------------------------------------------------------------ */

struct peer {
	u16 port;
	u32 seq, ack; /* what is sent next, what is expected next */
	u32 tsval, tsecr;
};

static const u8 *last_tcp(void)
{
	assert_true(last_len >= L4 + 20 && last[IP + 9] == IPPROTO_TCP);
	return last + L4;
}

static struct segment peer_segment(const struct peer *p, u8 flags, const char *data)
{
	return (struct segment){.sport = p->port,
				.dport = ECHO,
				.seq = p->seq,
				.ack = p->ack,
				.flags = flags,
				.ts = true,
				.tsval = p->tsval,
				.tsecr = p->tsecr,
				.data = data};
}

static void peer_syn(struct peer *p, u16 port)
{
	struct segment s;

	*p = (struct peer){.port = port, .seq = 0xfffffff0, .tsval = 1000000};
	s = peer_segment(p, TCPHDR_SYN, NULL);
	listen_for(port);
	send_segment(&s);
	assert_int_equal(last_tcp()[13], TCPHDR_SYN | TCPHDR_ACK);
	p->seq++;
	p->ack = get_unaligned_be32(last_tcp() + 4) + 1;
	p->tsecr = 0; /* an echo of nothing is believed by nobody, and disturbs nobody */
}

static void peer_connect(struct peer *p, u16 port)
{
	struct segment s;

	peer_syn(p, port);
	s = peer_segment(p, TCPHDR_ACK, NULL);
	send_segment(&s);
}

static void peer_echo(struct peer *p, const char *text)
{
	unsigned int len = strlen(text), doff;
	struct segment s = peer_segment(p, TCPHDR_ACK | TCPHDR_PSH, text);

	p->seq += len;
	listen_for(p->port);
	send_segment(&s);
	doff = (last_tcp()[12] >> 4) * 4;
	assert_int_equal(get_unaligned_be32(last_tcp() + 4), p->ack);
	assert_int_equal(get_unaligned_be32(last_tcp() + 8), p->seq);
	assert_int_equal(last_len, L4 + doff + len);
	assert_memory_equal(last + L4 + doff, text, len);
	p->ack += len;
	s = peer_segment(p, TCPHDR_ACK, NULL);
	send_segment(&s);
}

static void peer_reset(struct peer *p)
{
	struct segment s = peer_segment(p, TCPHDR_RST | TCPHDR_ACK, NULL);

	send_segment(&s);
}

/*
 * Whatever became of the connection from @port, it ends: as one who restarted, we ask for a new one,
 * hear from the answer where the old one stands, and reset it (RFC 5961 4.2).
 */
static void peer_forget(u16 port)
{
	struct segment s = {.sport = port, .dport = ECHO, .seq = 1, .flags = TCPHDR_SYN};

	listen_for(port);
	send_segment(&s);
	if (!last_len)
		return;
	s.flags = TCPHDR_RST;
	s.seq = get_unaligned_be32(last_tcp() + 8);
	send_segment(&s);
}

static void assert_pings(void)
{
	listen_for(0);
	ping_frame(0);
	fix_sums(0);
	put(frame, frame_len);
	pump();
	assert_int_equal(last_len, frame_len);
	assert_int_equal(last[L4], ICMP_ECHOREPLY);
	assert_memory_equal(last + L4 + 4, frame + L4 + 4, 12);
}

/* ---- the table ---------------------------------------------------------------------------------------- */

enum base {
	ARP_ASK,  /* 10.0.2.77 asks for the guest's address */
	PING,     /* from the gateway, no options */
	PING_OPT, /* eight bytes of IP options before it */
	UNREACH,
	SYN,  /* to the echo service, from a new port each time */
	OPEN, /* in an open connection: a byte of data, next in line */
	HALF, /* to a half-open connection: the ACK that it waits for */
};

#define R(reason) SKB_DROP_REASON_##reason
#define OK        SKB_CONSUMED
#define P(where, what)                                                                             \
	{                                                                                          \
		1, (where), (what)                                                                 \
	}

static const struct malformed {
	const char *what;
	enum base base;
	enum skb_drop_reason reason;
	struct {
		u8 set, at, value;
	} patch[6];
	unsigned int len; /* of the frame, cut or padded; 0: as it is */
	u8 wrong;         /* NO_IP_SUM, NO_L4_SUM: what is not made true after the patches */
	s32 seq, ack;     /* OPEN, HALF: how far off */
	s16 flags;        /* OPEN, HALF, SYN: TCP flags, if not 0; NO_FLAGS */
} table[] = {
#define NO_FLAGS 0x100
	/* Ethernet */
	{"one byte", PING, R(DEV_BAD_LENGTH), .len = 1},
	{"no EtherType", PING, R(DEV_BAD_LENGTH), .len = 13},
	{"longer than the MTU", PING, R(DEV_BAD_LENGTH), .len = 1515},
	{"another station", PING, R(OTHERHOST), {P(E + 5, 0x57)}},
	{"another station's ARP", ARP_ASK, R(OTHERHOST), {P(E + 5, 0x57)}},
	{"802.3 length", PING, R(UNHANDLED_PROTO), {P(12, 0), P(13, 46)}},
	{"EtherType 0", PING, R(UNHANDLED_PROTO), {P(12, 0), P(13, 0)}},
	{"IPv6", PING, R(UNHANDLED_PROTO), {P(12, 0x86), P(13, 0xdd)}},
	{"VLAN tag", PING, R(UNHANDLED_PROTO), {P(12, 0x81), P(13, 0)}},
	{"EtherType ffff", PING, R(UNHANDLED_PROTO), {P(12, 0xff), P(13, 0xff)}},
	/* ARP */
	{"ARP: nothing", ARP_ASK, R(ARP_MALFORMED), .len = 14},
	{"ARP: a byte missing", ARP_ASK, R(ARP_MALFORMED), .len = 41},
	{"ARP: hardware type", ARP_ASK, R(ARP_MALFORMED), {P(ARP + 1, 2)}},
	{"ARP: protocol type", ARP_ASK, R(ARP_MALFORMED), {P(ARP + 2, 0x86)}},
	{"ARP: hardware length", ARP_ASK, R(ARP_MALFORMED), {P(ARP + 4, 255)}},
	{"ARP: protocol length", ARP_ASK, R(ARP_MALFORMED), {P(ARP + 5, 16)}},
	{"ARP: operation 0", ARP_ASK, R(ARP_IGNORED), {P(ARP + 7, 0)}},
	{"ARP: reverse request", ARP_ASK, R(ARP_IGNORED), {P(ARP + 7, 3)}},
	{"ARP: operation ff01", ARP_ASK, R(ARP_IGNORED), {P(ARP + 6, 0xff)}},
	{"ARP: a group sends", ARP_ASK, R(ARP_IGNORED), {P(ARP + 8, 1)}},
	{"ARP: from multicast", ARP_ASK, R(ARP_IGNORED), {P(ARP + 14, 224)}},
	{"ARP: from loopback", ARP_ASK, R(ARP_IGNORED), {P(ARP + 14, 127)}},
	{"ARP: from the broadcast", ARP_ASK, R(ARP_IGNORED), {P(ARP + 17, 255)}},
	{"ARP: from ourselves", ARP_ASK, R(ARP_IGNORED), {P(ARP + 17, 15)}},
	{"ARP: for multicast", ARP_ASK, R(ARP_IGNORED), {P(ARP + 24, 224)}},
	{"ARP: for loopback", ARP_ASK, R(ARP_IGNORED), {P(ARP + 24, 127)}},
	{"ARP: for somebody else", ARP_ASK, R(ARP_IGNORED), {P(ARP + 27, 99)}},
	{"ARP: an answer to nothing", ARP_ASK, R(ARP_IGNORED), {P(ARP + 7, 2)}},
	/* IPv4: the header */
	{"IP: nothing", PING, R(IP_INHDR), .len = 14},
	{"IP: a byte", PING, R(IP_INHDR), .len = 15},
	{"IP: header cut", PING, R(IP_INHDR), .len = 33},
	{"IP: version 0", PING, R(IP_INHDR), {P(IP, 0x05)}},
	{"IP: version 6", PING, R(IP_INHDR), {P(IP, 0x65)}},
	{"IP: version 15", PING, R(IP_INHDR), {P(IP, 0xf5)}},
	{"IP: header of 0", PING, R(IP_INHDR), {P(IP, 0x40)}},
	{"IP: header of 16", PING, R(IP_INHDR), {P(IP, 0x44)}},
	{"IP: header beyond the frame", PING, R(IP_INHDR), {P(IP, 0x4f)}},
	{"IP: checksum", PING, R(IP_CSUM), {P(IP + 10, 0x12)}, .wrong = NO_IP_SUM},
	{"IP: one bit", PING, R(IP_CSUM), {P(IP + 8, 65)}, .wrong = NO_IP_SUM},
	{"IP: length 0", PING, R(IP_INHDR), {P(IP + 3, 0)}},
	{"IP: length below the header", PING, R(IP_INHDR), {P(IP + 3, 19)}},
	{"IP: length below the options", PING_OPT, R(IP_INHDR), {P(IP + 3, 27)}},
	{"IP: length beyond the frame", PING, R(IP_INHDR), {P(IP + 3, 37)}},
	{"IP: length 65535", PING, R(IP_INHDR), {P(IP + 2, 255), P(IP + 3, 255)}},
	{"IP: a byte of payload missing", PING, R(IP_INHDR), .len = 49},
	/* IPv4: fragments, addresses, protocols */
	{"IP: first fragment", PING, R(IP_FRAGMENT), {P(IP + 6, 0x20)}},
	{"IP: last fragment", PING, R(IP_FRAGMENT), {P(IP + 7, 1)}},
	{"IP: fragment past 65535", PING, R(IP_FRAGMENT), {P(IP + 6, 0x3f), P(IP + 7, 255)}},
	{"IP: from 0.0.0.0",
	 PING,
	 R(IP_INADDRERRORS),
	 {P(IP + 12, 0), P(IP + 14, 0), P(IP + 15, 0)}},
	{"IP: from 0.0.2.2", PING, R(IP_INADDRERRORS), {P(IP + 12, 0)}},
	{"IP: from loopback", PING, R(IP_INADDRERRORS), {P(IP + 12, 127)}},
	{"IP: from multicast", PING, R(IP_INADDRERRORS), {P(IP + 12, 224)}},
	{"IP: from 255.255.255.255",
	 PING,
	 R(IP_INADDRERRORS),
	 {P(IP + 12, 255), P(IP + 13, 255), P(IP + 14, 255), P(IP + 15, 255)}},
	{"IP: from the broadcast", PING, R(IP_INADDRERRORS), {P(IP + 15, 255)}},
	{"IP: from ourselves (LAND)", SYN, R(IP_INADDRERRORS), {P(IP + 15, 15)}},
	{"IP: to 0.0.2.15", PING, R(IP_INADDRERRORS), {P(IP + 16, 0)}},
	{"IP: to loopback", PING, R(IP_INADDRERRORS), {P(IP + 16, 127)}},
	{"IP: to a neighbour", PING, R(IP_FORWARD), {P(IP + 19, 99)}},
	{"IP: to the world", PING, R(IP_FORWARD), {P(IP + 16, 8)}},
	{"IP: to a group", PING, R(IP_FORWARD), {P(IP + 16, 224)}},
	{"IP: protocol 0", PING, R(IP_NOPROTO), {P(IP + 9, 0)}},
	{"IP: protocol 41", PING, R(IP_NOPROTO), {P(IP + 9, 41)}},
	{"IP: protocol 255", PING, R(IP_NOPROTO), {P(IP + 9, 255)}},
	/* IPv4: options */
	{"option of length 0", PING_OPT, R(IP_OPTIONS), {P(L4, 7), P(L4 + 1, 0)}},
	{"option of length 1", PING_OPT, R(IP_OPTIONS), {P(L4, 7), P(L4 + 1, 1)}},
	{"option beyond the header", PING_OPT, R(IP_OPTIONS), {P(L4, 7), P(L4 + 1, 9)}},
	{"option of length 255", PING_OPT, R(IP_OPTIONS), {P(L4, 68), P(L4 + 1, 255)}},
	{"option without a length", PING_OPT, R(IP_OPTIONS), {P(L4 + 7, 68)}},
	{"loose source route", PING_OPT, R(IP_OPTIONS), {P(L4, 131), P(L4 + 1, 7), P(L4 + 2, 4)}},
	{"strict source route",
	 PING_OPT,
	 R(IP_OPTIONS),
	 {P(L4 + 1, 137), P(L4 + 2, 7), P(L4 + 3, 4)}},
	/* ICMP */
	{"ICMP: nothing", PING, R(ICMP_SHORT), {P(IP + 3, 20)}},
	{"ICMP: seven bytes", PING, R(ICMP_SHORT), {P(IP + 3, 27)}},
	{"ICMP: checksum", PING, R(ICMP_CSUM), {P(L4 + 2, 1)}, .wrong = NO_L4_SUM},
	{"ICMP: checksum of an odd length",
	 PING,
	 R(ICMP_CSUM),
	 {P(IP + 3, 35), P(L4 + 14, 1)},
	 .wrong = NO_L4_SUM},
	{"ICMP: ping to all", PING, R(ICMP_BROADCAST), {P(IP + 19, 255)}},
	{"ICMP: an answer to nothing", PING, R(ICMP_IGNORED), {P(L4, 0)}},
	{"ICMP: type 1", PING, R(ICMP_IGNORED), {P(L4, 1)}},
	{"ICMP: source quench", PING, R(ICMP_IGNORED), {P(L4, 4)}},
	{"ICMP: redirect", PING, R(ICMP_IGNORED), {P(L4, 5)}},
	{"ICMP: timestamp", PING, R(ICMP_IGNORED), {P(L4, 13)}},
	{"ICMP: type 255", PING, R(ICMP_IGNORED), {P(L4, 255)}},
	{"ICMP error: to all", UNREACH, R(ICMP_BROADCAST), {P(IP + 19, 255)}},
	{"ICMP error: no quote", UNREACH, R(ICMP_BAD_QUOTE), {P(IP + 3, 28)}},
	{"ICMP error: quote a byte short", UNREACH, R(ICMP_BAD_QUOTE), {P(IP + 3, 55)}},
	{"ICMP error: quote of version 6", UNREACH, R(ICMP_BAD_QUOTE), {P(QUOTE, 0x65)}},
	{"ICMP error: quoted header of 16", UNREACH, R(ICMP_BAD_QUOTE), {P(QUOTE, 0x44)}},
	{"ICMP error: quoted header too long", UNREACH, R(ICMP_BAD_QUOTE), {P(QUOTE, 0x4f)}},
	{"ICMP error: quote of a fragment", UNREACH, R(ICMP_BAD_QUOTE), {P(QUOTE + 7, 9)}},
	{"ICMP error: not our packet", UNREACH, R(ICMP_BAD_QUOTE), {P(QUOTE + 15, 99)}},
	{"ICMP error: code 16", UNREACH, R(ICMP_IGNORED), {P(L4 + 1, 16)}},
	{"ICMP error: about protocol 99", UNREACH, R(ICMP_IGNORED), {P(QUOTE + 9, 99)}},
	{"ICMP error: about an ICMP", UNREACH, R(ICMP_IGNORED), {P(QUOTE + 9, 1)}},
	{"ICMP error: about no connection", UNREACH, OK},
	{"ICMP error: MTU 0, about none", UNREACH, OK, {P(L4 + 1, 4)}},
	/* TCP: the header */
	{"TCP: nothing", SYN, R(TCP_HDR), {P(IP + 3, 20)}},
	{"TCP: a byte missing", SYN, R(TCP_HDR), {P(IP + 3, 39)}},
	{"TCP: header of 0", SYN, R(TCP_HDR), {P(L4 + 12, 0x00)}},
	{"TCP: header of 16", SYN, R(TCP_HDR), {P(L4 + 12, 0x40)}},
	{"TCP: header beyond the segment", SYN, R(TCP_HDR), {P(L4 + 12, 0x60)}},
	{"TCP: header of 60, of 20", SYN, R(TCP_HDR), {P(L4 + 12, 0xf0)}},
	{"TCP: checksum", SYN, R(TCP_CSUM), {P(L4 + 16, 0xaa)}, .wrong = NO_L4_SUM},
	{"TCP: checksum 0", SYN, R(TCP_CSUM), {P(L4 + 16, 0), P(L4 + 17, 0)}, .wrong = NO_L4_SUM},
	{"TCP: to the link's broadcast",
	 SYN,
	 R(OTHERHOST),
	 {P(0, 255), P(1, 255), P(2, 255), P(3, 255), P(4, 255), P(5, 255)}},
	{"TCP: SYN to the broadcast", SYN, R(IP_INADDRERRORS), {P(IP + 19, 255)}},
	/* TCP: to a listener, to nobody */
	{"no flags", SYN, R(TCP_FLAGS), .flags = NO_FLAGS},
	{"FIN alone", SYN, R(TCP_FLAGS), .flags = TCPHDR_FIN},
	{"SYN and FIN", SYN, R(TCP_FLAGS), .flags = TCPHDR_SYN | TCPHDR_FIN},
	{"SYN and RST", SYN, R(TCP_RESET), .flags = TCPHDR_SYN | TCPHDR_RST},
	{"SYN and ACK to a listener", SYN, R(TCP_FLAGS), .flags = TCPHDR_SYN | TCPHDR_ACK},
	{"ACK of nothing", SYN, R(TCP_FLAGS), .flags = TCPHDR_ACK},
	{"a Christmas tree", SYN, R(TCP_FLAGS), .flags = TCPHDR_FIN | TCPHDR_PSH | TCPHDR_URG},
	{"all flags", SYN, R(TCP_FLAGS), .flags = 0xff},
	{"SYN to a closed port", SYN, R(NO_SOCKET), {P(L4 + 3, CLOSED)}},
	{"RST to a closed port", SYN, R(NO_SOCKET), {P(L4 + 3, CLOSED)}, .flags = TCPHDR_RST},
	{"to port 0", SYN, R(NO_SOCKET), {P(L4 + 3, 0)}},
	/* TCP: in a connection (RFC 9293 3.10.7.4, RFC 5961) */
	{"open: no flags", OPEN, R(TCP_FLAGS), .flags = NO_FLAGS},
	{"open: FIN without ACK", OPEN, R(TCP_FLAGS), .flags = TCPHDR_FIN},
	{"open: URG alone", OPEN, R(TCP_FLAGS), .flags = TCPHDR_URG},
	{"open: far ahead", OPEN, R(TCP_OVERWINDOW), .seq = 0x10000000},
	{"open: far behind", OPEN, R(TCP_INVALID_SEQUENCE), .seq = -0x10000000},
	{"open: just behind", OPEN, R(TCP_INVALID_SEQUENCE), .seq = -10},
	{"open: acknowledges the unsent", OPEN, R(TCP_INVALID_ACK), .ack = 1},
	{"open: acknowledges the far past",
	 OPEN,
	 R(TCP_INVALID_ACK),
	 {P(L4 + 14, 1)},
	 .ack = -0x10000000}, /* and another window, or it would look like what is foretold */
	{"open: RST a byte ahead", OPEN, R(TCP_RST_INVALID), .seq = 1, .flags = TCPHDR_RST},
	{"open: RST behind", OPEN, R(TCP_RST_INVALID), .seq = -10, .flags = TCPHDR_RST},
	{"open: RST far ahead", OPEN, R(TCP_RST_INVALID), .seq = 0x10000000, .flags = TCPHDR_RST},
	{"open: SYN in the window", OPEN, R(TCP_INVALID_SYN), .flags = TCPHDR_SYN},
	{"open: SYN far ahead", OPEN, R(TCP_INVALID_SYN), .seq = 0x10000000, .flags = TCPHDR_SYN},
	{"open: SYN and ACK", OPEN, R(TCP_INVALID_SYN), .flags = TCPHDR_SYN | TCPHDR_ACK},
	{"open: an older timestamp", OPEN, R(TCP_PAWS), {P(L4 + 24, 0), P(L4 + 25, 0)}},
	{"open: header beyond the segment", OPEN, R(TCP_HDR), {P(L4 + 12, 0xf0)}},
	{"open: checksum", OPEN, R(TCP_CSUM), {P(L4 + 32, '!')}, .wrong = NO_L4_SUM},
	/* TCP: half open */
	{"half open: ACK of something else", HALF, R(TCP_FLAGS), .ack = 5},
	{"half open: outside the window", HALF, R(TCP_INVALID_SEQUENCE), .seq = 0x10000000},
	{"half open: no ACK", HALF, R(TCP_NO_ACK), .flags = TCPHDR_PSH},
	{"half open: the SYN again", HALF, R(TCP_REQ_DUP), .seq = -1, .flags = TCPHDR_SYN},
	{"half open: RST outside", HALF, R(TCP_INVALID_SEQUENCE), .seq = 0x10000000,
	 .flags = TCPHDR_RST},
	{"half open: an older timestamp", HALF, R(TCP_PAWS), {P(L4 + 24, 0), P(L4 + 25, 0)}},
};

static struct peer open_peer, half_peer;

/* Ports of those who come once; below all others that are used here. */
static u16 new_port(void)
{
	static unsigned int n;

	return 20000 + n++ % 9000;
}

static void build_segment(const struct malformed *m)
{
	struct segment s;

	if (m->base == SYN)
		s = (struct segment){
			.sport = new_port(), .dport = ECHO, .seq = 100, .flags = TCPHDR_SYN};
	else if (m->base == OPEN)
		s = peer_segment(&open_peer, TCPHDR_ACK, "?");
	else
		s = peer_segment(&half_peer, TCPHDR_ACK, NULL);
	s.seq += m->seq;
	s.ack += m->ack;
	if (m->flags)
		s.flags = m->flags == NO_FLAGS ? 0 : m->flags;
	tcp_frame(&s);
}

static void build(const struct malformed *m)
{
	if (m->base == ARP_ASK)
		arp_frame(ARPOP_REQUEST, 77);
	else if (m->base == PING || m->base == PING_OPT)
		ping_frame(m->base == PING_OPT ? 8 : 0);
	else if (m->base == UNREACH)
		unreach_frame();
	else
		build_segment(m);
	if (m->wrong)
		fix_sums(0);
	for (unsigned int i = 0; i < ARRAY_SIZE(m->patch) && m->patch[i].set; i++)
		frame[m->patch[i].at] = m->patch[i].value;
	fix_sums(m->wrong);
	if (m->len)
		frame_len = m->len;
}

static void test_each_moves_its_reason(void **state)
{
	u64 before[SKB_DROP_REASON_MAX];

	peer_connect(&open_peer, 10000);
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		const struct malformed *m = &table[i];

		/* No limit on answers is in the way of the next one. */
		pass(2 * SECOND);
		if (m->base == HALF)
			peer_syn(&half_peer, new_port());
		build(m);
		memcpy(before, skb_drop_count, sizeof(before));
		put(frame, frame_len);
		pump();
		for (enum skb_drop_reason r = 1; r < SKB_DROP_REASON_MAX; r++) {
			if (skb_drop_count[r] - before[r] != (r == m->reason))
				fail_msg("%s: %s moved by %llu", m->what, skb_drop_name(r),
					 (unsigned long long)(skb_drop_count[r] - before[r]));
		}
	}
	/* None of it disturbed who speaks properly. */
	peer_echo(&open_peer, "still there");
	peer_reset(&open_peer);
	assert_pings();
}

/* ---- too many -------------------------------------------------------------------------------------- */

static void test_half_open_connections_are_bounded(void **state)
{
	u64 full = skb_drop_count[SKB_DROP_REASON_TCP_REQQ_FULL];
	struct segment s = {.dport = ECHO, .seq = 5, .flags = TCPHDR_SYN};

	peer_connect(&open_peer, 10000);
	for (unsigned int i = 0; i < TCP_MAX_SYN_BACKLOG + 100; i++) {
		s.sport = 20000 + i;
		send_segment(&s);
	}
	assert_int_equal(tcp_prot.rsk_prot->slab->live, TCP_MAX_SYN_BACKLOG);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_TCP_REQQ_FULL], full + 100);
	peer_echo(&open_peer, "not my affair");
	peer_reset(&open_peer);
	/* Nobody answered: they go, and there is room again. */
	pass(QUIET);
	assert_int_equal(tcp_prot.rsk_prot->slab->live, 0);
	peer_connect(&open_peer, 10001);
	peer_echo(&open_peer, "room again");
	peer_reset(&open_peer);
}

/* ---- at random ------------------------------------------------------------------------------------------ */

#define FRAMES       200000
#define FRAMES_A_RUN 32    /* that arrive together */
#define FRAMES_OPEN  10000 /* to each open connection, */
#define FRAMES_HALF  500   /* and to each half-open one */
#define OPEN_PORT    30000
#define HALF_PORT    40000

static u64 random_state = 0x9e3779b97f4a7c15;

static u32 rnd(u32 below)
{
	/* xorshift: the same in every run */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 32) % below;
}

/* One of the table's frames with more wrong than it says; or nothing but noise. */
static void random_frame(void)
{
	struct malformed m = table[rnd(ARRAY_SIZE(table))];

	m.wrong = 0;
	m.seq = rnd(2) ? 0 : (s32)rnd(100000) - 50000;
	m.ack = rnd(2) ? 0 : (s32)rnd(1000) - 500;
	if (rnd(2))
		m.flags = rnd(256);
	build(&m);
	if (!rnd(16)) {
		frame_len = 1 + rnd(1600);
		for (unsigned int i = 12; i < frame_len; i++)
			frame[i] = rnd(256);
		if (rnd(2))
			put_unaligned_be16(rnd(2) ? ETH_P_IP : ETH_P_ARP, frame + 12);
		return;
	}
	for (unsigned int n = rnd(4); n; n--)
		frame[IP + rnd(rnd(2) ? 60 : 20)] = rnd(256);
	if (!rnd(4))
		frame_len = 1 + rnd(rnd(2) ? 80 : 1514);
	if (rnd(8))
		fix_sums(0);
}

static void test_noise(void **state)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		/* The noise before may have used that port already. */
		if (i % FRAMES_OPEN == 0) {
			peer_forget(OPEN_PORT + i / FRAMES_OPEN);
			peer_connect(&open_peer, OPEN_PORT + i / FRAMES_OPEN);
		}
		if (i % FRAMES_HALF == 0) {
			peer_forget(HALF_PORT + i / FRAMES_HALF);
			peer_syn(&half_peer, HALF_PORT + i / FRAMES_HALF);
		}
		random_frame();
		put(frame, frame_len);
		if (i % FRAMES_A_RUN == 0)
			pass(rnd(40) * MS);
	}
	pass(SECOND);
	for (unsigned int i = 0; i < FRAMES / FRAMES_OPEN; i++)
		peer_forget(OPEN_PORT + i);
	for (unsigned int i = 0; i < FRAMES / FRAMES_HALF; i++)
		peer_forget(HALF_PORT + i);
	assert_pings();
	peer_connect(&open_peer, 50000);
	peer_echo(&open_peer, "and now properly");
	peer_reset(&open_peer);
}

/* ---- before and after ----------------------------------------------------------------------------------- */

static u64 live(const char *cache)
{
	const char *name;
	u64 n;

	for (u32 i = 0; !sn_cache(i, &name, &n); i++) {
		if (!strcmp(name, cache))
			return n;
	}
	fail_msg("no cache %s", cache);
	return 0;
}

static u64 live_at_start, live_socks;

static int boot(void **state)
{
	if (sn_boot(11, ""))
		return -1;
	pass(QUIET);
	live_socks = tcp_prot.slab->live;
	live_at_start = live("skbuff_head_cache") + live("skbuff_fclone_cache");
	return 0;
}

static int teardown(void **state)
{
	pass(QUIET);
	assert_int_equal(sn_warn_count(), 0);
	assert_int_equal(tcp_prot.slab->live, live_socks);
	assert_int_equal(tcp_prot.rsk_prot->slab->live, 0);
	assert_int_equal(tcp_prot.twsk_prot->slab->live, 0);
	assert_int_equal(live("skbuff_head_cache") + live("skbuff_fclone_cache"), live_at_start);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_each_moves_its_reason, teardown),
		cmocka_unit_test_teardown(test_half_open_connections_are_bounded, teardown),
		cmocka_unit_test_teardown(test_noise, teardown),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

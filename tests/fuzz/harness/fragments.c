/* SPDX-License-Identifier: MIT */
/*
 * Series of IPv4 fragments: with random offsets and lengths, overlaps and duplicates, from several sources, with
 * pauses in which incomplete datagrams expire.
 *
 * Each step of an input is an opcode (enum op) and its arguments.  After each step the harness compares the kernel with
 * a simple reassembler (reassembler.h): the datagrams that a UDP socket receives, the counters of /proc/net/snmp, and
 * the number of incomplete datagrams.  OP_LIMIT lowers the limit of memory.  The reassembler has none; so
 * afterwards only two rules are checked: a received byte was sent at its place of this datagram, and the fragments do
 * not hold more memory than the limit.  Callers and context: see engine.c.  RFC 791 3.2, 1122 3.3.2.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reassembler.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX   40
#define STEP_PIECES 80 /* maximum number of fragments of one step */
#define PORT        9
#define UDP_HDR     8
#define OPTIONS_MAX 40         /* bytes of IP options */
#define THRESHOLD   (64 << 20) /* bytes: more than all fragments of an input hold */
#define FRAG_TIME   (30 * SEC) /* docs/sysctl.md: ipfrag_time */
#define TICK        (2 * MS)   /* the clock of the kernel's timers has ticks of 1 ms */
#define TIMER_LATE  (5 * SEC)  /* a timer of 30 s may expire this much later */
#define BROADCAST   (FUZZ_IP | 0xff)
#define RESERVED    0x8000u
#define DONT        0x4000u
#define MORE        0x2000u
/* offsets in fuzz_user */
#define DATA   0
#define TEXT   0
#define NAME   65000
#define LENGTH 65100
#define PATH   65200

enum op {
	OP_FRAGMENT, /* a fragment of a few blocks near the beginning of its datagram */
	OP_FAR,      /* a fragment at any offset, with any length and flags */
	OP_WHOLE,    /* all fragments of a datagram in any order, some of them lost or twice */
	OP_FLOOD,    /* first fragments of many datagrams */
	OP_SLEEP,
	OP_LIMIT, /* another limit of memory */
	OPS,
};

/* A fragment that was sent.  Its index in sent[] is in its data. */
struct sent {
	uint32_t saddr;
	uint16_t id, start, len;
	uint8_t data[PIECE_MAX];
};
static struct sent sent[PIECES_MAX];
static unsigned int nr_sent;

static int sock;
static bool limited;          /* OP_LIMIT was played */
static uint64_t limit;        /* bytes */
static uint64_t memory;       /* bytes that the kernel's fragments held after the last step */
static unsigned int flooded;  /* datagrams of OP_FLOOD, for their identifications */
static unsigned int reported; /* messages "time exceeded" that may be sent */
static struct reassembler_counts before; /* the kernel's counters at the beginning */

/* ---- reading /proc ---------------------------------------------------------------------------- */

static const char *read_file(const char *path)
{
	int64_t fd, n;

	strcpy((char *)fuzz_user + PATH, path);
	fd = fuzz_call(SYS_open, PTR(fuzz_user + PATH), 0);
	n = fuzz_call(SYS_read, fd, PTR(fuzz_user + TEXT), NAME - TEXT - 1);
	fuzz_call(SYS_close, fd);
	if (n < 0)
		fuzz_fail("cannot read %s", path);
	fuzz_user[TEXT + n] = 0;
	return (const char *)fuzz_user + TEXT;
}

/* Returns the counter @name of the protocol IP in @snmp: a line has the names, the next one the values. */
static uint64_t counter(const char *snmp, const char *name)
{
	const char *names = snmp, *values = strchr(snmp, '\n');

	while (*names && *names != '\n' && values) {
		size_t len = strcspn(names, " \n");

		if (len == strlen(name) && !strncmp(names, name, len))
			return strtoull(values, NULL, 10);
		names += len + strspn(names + len, " ");
		values = strchr(values + 1, ' ');
	}
	fuzz_fail("no counter %s", name);
}

static void read_counts(struct reassembler_counts *c)
{
	const char *snmp = read_file("/proc/net/snmp"), *frag;

	c->requests = counter(snmp, "ReasmReqds");
	c->oks = counter(snmp, "ReasmOKs");
	c->fails = counter(snmp, "ReasmFails");
	c->timeouts = counter(snmp, "ReasmTimeout");
	frag = strstr(read_file("/proc/net/sockstat"), "FRAG: inuse ");
	if (!frag)
		fuzz_fail("no line FRAG in /proc/net/sockstat");
	c->incomplete = strtoull(frag + strlen("FRAG: inuse "), NULL, 10);
	memory = strtoull(strstr(frag, "memory ") + strlen("memory "), NULL, 10);
}

static void set_limit(unsigned int bytes)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", bytes);
	if (!fuzz_write_file("/proc/sys/net/ipv4/ipfrag_high_thresh", text))
		fuzz_fail("no ipfrag_high_thresh");
	limit = bytes;
}

/* ---- the setup -------------------------------------------------------------------------------- */

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	set_limit(THRESHOLD);
	sock = (int)fuzz_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fuzz_call(SYS_bind, sock, fuzz_address(NAME, 0, PORT), sizeof(struct sockaddr_in)))
		fuzz_fail("no UDP socket");
	read_counts(&before);
}

/* Counts the kernel's ICMP messages "fragment reassembly time exceeded". */
void harness_sent(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + PKT_ETH, *icmp = ip + (ip[0] & 15) * 4;

	if (len < PKT_ETH + PKT_IP + PKT_ICMP || pkt_get16(frame + 12) != PKT_TYPE_IP ||
	    ip[9] != PKT_PROTO_ICMP || icmp[0] != 11)
		return;
	if (icmp[1] != 1)
		fuzz_fail("ICMP time exceeded, code %u", icmp[1]);
	if (pkt_get16(icmp + PKT_ICMP + 6) & 0x1fff)
		fuzz_fail("time exceeded about a fragment that is not the first");
	reported++;
}

/* ---- received datagrams ----------------------------------------------------------------------- */

/* Each block of 8 bytes of a fragment has the number of the fragment, and the offset of the block in the datagram. */
static void fill(uint8_t *data, unsigned int number, unsigned int start, unsigned int len)
{
	for (unsigned int i = 0; i < len; i += 8) {
		uint8_t block[8];

		pkt_put16(block, number);
		pkt_put16(block + 2, (start + i) / 8);
		pkt_put32(block + 4, 0xfeedbeefu + number);
		memcpy(data + i, block, len - i < 8 ? len - i : 8);
	}
}

/*
 * Checks that @saddr sent each block of the received payload at this offset, and all blocks in fragments of one
 * datagram.  @data begins behind UDP's header.
 */
static void check_origin(uint32_t saddr, const uint8_t *data, size_t len)
{
	int id = -1;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		unsigned int number = pkt_get16(data + i), at = (unsigned int)i + UDP_HDR;
		const struct sent *s = &sent[number];

		if (number >= nr_sent || s->saddr != saddr || at < s->start ||
		    at + 8 > (unsigned int)s->start + s->len ||
		    memcmp(&s->data[at - s->start], data + i, 8))
			fuzz_fail("bytes at offset %u that were not sent at this offset", at);
		if (id >= 0 && id != s->id)
			fuzz_fail("bytes of two datagrams in one");
		id = s->id;
	}
}

/* Receives what the socket has, and compares it with the @len bytes of UDP datagram that are expected (0: none). */
static void check_received(uint32_t saddr, const uint8_t *udp, size_t len)
{
	struct sockaddr_in *from = (struct sockaddr_in *)(fuzz_user + NAME);
	size_t ulen = len >= UDP_HDR ? pkt_get16(udp + 4) : 0;
	bool expected = ulen >= UDP_HDR && ulen <= len;
	int64_t n;

	*(uint32_t *)(fuzz_user + LENGTH) = sizeof(*from);
	while ((n = fuzz_call(SYS_recvfrom, sock, PTR(fuzz_user + DATA), NAME - DATA, MSG_DONTWAIT,
			      PTR(from), PTR(fuzz_user + LENGTH))) >= 0) {
		check_origin(ntohl(from->sin_addr.s_addr), fuzz_user + DATA, n);
		if (limited)
			continue;
		if (!expected)
			fuzz_fail("a datagram of %lld bytes that is not complete", (long long)n);
		if ((size_t)n != ulen - UDP_HDR || ntohl(from->sin_addr.s_addr) != saddr ||
		    memcmp(fuzz_user + DATA, udp + UDP_HDR, n))
			fuzz_fail("a datagram of %lld bytes differs from that of %zu bytes that "
				  "was sent",
				  (long long)n, ulen - UDP_HDR);
		expected = false;
	}
	if (expected && !limited)
		fuzz_fail("a datagram of %zu bytes is missing", ulen);
}

/* ---- fragments -------------------------------------------------------------------------------- */

/* The source, the identification and so on of a datagram, from one byte. */
static struct piece datagram(uint8_t n)
{
	static const uint32_t sources[] = {FUZZ_GATEWAY, FUZZ_REMOTE, FUZZ_IP + 76, 0xc6336409};

	return (struct piece){.saddr = sources[n & 3],
			      .id = 1 + (n >> 2 & 3),
			      .proto = n & 16 ? PKT_PROTO_ICMP : PKT_PROTO_UDP,
			      .daddr = n & 32 ? BROADCAST : FUZZ_IP,
			      .header = PKT_IP};
}

/* Sends a fragment; @flags are further bits of the field with the offset. @ulen is the length in UDP's header, if this
 * is the first fragment.  The kernel runs, and is compared with the reassembler. */
static void send_piece(struct piece *p, unsigned int flags, unsigned int ulen)
{
	uint8_t frame[PKT_ETH + PKT_IP + OPTIONS_MAX + PIECE_MAX], *ip = frame + PKT_ETH;
	const uint8_t *whole = NULL;
	struct sent *s;
	size_t len = 0;

	if (nr_sent == PIECES_MAX)
		return;
	s = &sent[nr_sent];
	*s = (struct sent){.saddr = p->saddr, .id = p->id, .start = p->start, .len = p->len};
	fill(s->data, nr_sent++, p->start, p->len);
	if (!p->start && p->len >= UDP_HDR) {
		pkt_put16(s->data + 2, PORT);
		pkt_put16(s->data + 4, ulen);
		pkt_put16(s->data + 6, 0);
	}
	p->data = s->data;
	pkt_put_eth(frame, p->daddr == FUZZ_IP ? FUZZ_MAC : 0xffffffffffffULL, FUZZ_PEER,
		    PKT_TYPE_IP);
	pkt_put_ip(ip, p->proto, p->saddr, p->daddr, p->header - PKT_IP + p->len);
	ip[0] = (uint8_t)(0x40 | p->header / 4);
	ip[1] = p->ecn;
	pkt_put16(ip + 4, p->id);
	pkt_put16(ip + 6, flags | (p->more ? MORE : 0) | p->start / 8);
	memset(ip + PKT_IP, 1, p->header - PKT_IP); /* the option "no operation" */
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, p->header, 0));
	memcpy(ip + p->header, p->data, p->len);
	fuzz_put(frame, PKT_ETH + p->header + p->len);
	fuzz_run();
	if (!p->start && !p->more) {
		whole = p->data;
		len = p->len;
	} else if (!limited) {
		len = reassembler_add(p, sn_clock(), &whole);
	}
	check_received(p->saddr, whole, p->proto == PKT_PROTO_UDP ? len : 0);
}

static void send_near(struct input *in)
{
	struct piece p = datagram(take8(in));
	uint8_t where = take8(in), flags = take8(in);

	p.start = 8 * (where & 15);
	p.len = 8 * (1 + (where >> 4));
	p.more = flags & 1;
	if (flags & 2)
		p.len -= flags >> 5;
	p.ecn = flags & 4 ? flags >> 3 & 3 : 0;
	send_piece(&p, 0, 8 * (flags >> 4));
}

static void send_far(struct input *in)
{
	struct piece p = datagram(take8(in));
	unsigned int bits = take16(in);

	p.start = 8 * (bits & 0x1fff);
	p.more = bits & MORE;
	p.header += 4 * (take8(in) % (1 + OPTIONS_MAX / 4));
	p.len = take16(in) % (PIECE_MAX + PKT_IP - p.header + 1);
	p.ecn = take8(in) & 3;
	send_piece(&p, bits & (RESERVED | DONT), take16(in));
}

/* Sends a datagram in fragments of equal lengths.  The input has the steps of a shuffle: the numbers of fragments that
 * change places.  Then some fragments may be lost, or sent again. */
static void send_whole(struct input *in)
{
	struct piece p = datagram(take8(in));
	unsigned int n = 1 + take8(in) % 46, size = 8 * (1 + take8(in) % (PIECE_MAX / 8));
	unsigned int last = 1 + take16(in) % size, total = (n - 1) * size + last, order[46 + 3];
	uint8_t swaps = take8(in), extra = take8(in) & 3;

	for (unsigned int i = 0; i < n; i++)
		order[i] = swaps & 128 ? n - 1 - i : i;
	for (unsigned int i = swaps & 15; i > 0; i--) {
		unsigned int a = take8(in) % n, b = take8(in) % n, was = order[a];

		order[a] = order[b];
		order[b] = was;
	}
	if (swaps & 64)
		n -= n > 1;
	else
		for (; extra; extra--, n++)
			order[n] = order[take8(in) % n];
	p.ecn = swaps >> 4 & 3;
	for (unsigned int i = 0; i < n; i++) {
		p.start = order[i] * size;
		p.more = p.start + last != total;
		p.len = p.more ? size : last;
		send_piece(&p, 0, total);
	}
}

static void flood(struct input *in)
{
	struct piece p = datagram(take8(in));
	unsigned int n = 1 + take8(in) % STEP_PIECES;

	p.more = true;
	p.start = 8 * (take8(in) & 1);
	p.len = 8;
	while (n--) {
		p.id = 1000 + flooded++;
		send_piece(&p, 0, 16);
	}
}

/* ---- an input --------------------------------------------------------------------------------- */

/* Learns from the kernel's counter how many datagrams expired, and drops as many of the reassembler's oldest ones.
 * Checks that each of them was old enough, and no other one is too old. */
static void expire(uint64_t timeouts)
{
	static unsigned int may_report;

	if (!reassembler.requests)
		may_report = 0;
	while (reassembler.timeouts < timeouts) {
		uint64_t created = reassembler_oldest();

		if (created == ~0ULL || sn_clock() + TICK < created + FRAG_TIME)
			fuzz_fail("a datagram expired too early");
		may_report += reassembler_expire();
	}
	if (reassembler_oldest() != ~0ULL &&
	    reassembler_oldest() + FRAG_TIME + TIMER_LATE < sn_clock())
		fuzz_fail("a datagram did not expire");
	if (reported > may_report)
		fuzz_fail("%u ICMP messages about expired datagrams, for %u", reported, may_report);
}

static void check_counts(void)
{
	uint64_t memory_before = memory;
	struct reassembler_counts now;

	read_counts(&now);
	if (limited) {
		if (memory > limit && memory > memory_before)
			fuzz_fail("fragments hold %llu bytes, the limit is %llu",
				  (unsigned long long)memory, (unsigned long long)limit);
		return;
	}
	expire(now.timeouts - before.timeouts);
	if (now.requests - before.requests != reassembler.requests ||
	    now.oks - before.oks != reassembler.oks ||
	    now.fails - before.fails != reassembler.fails ||
	    now.incomplete != reassembler.incomplete)
		fuzz_fail("fragments %llu, datagrams complete %llu, failed %llu, incomplete %llu; "
			  "expected %llu, %llu, %llu, %llu",
			  (unsigned long long)(now.requests - before.requests),
			  (unsigned long long)(now.oks - before.oks),
			  (unsigned long long)(now.fails - before.fails),
			  (unsigned long long)now.incomplete,
			  (unsigned long long)reassembler.requests,
			  (unsigned long long)reassembler.oks,
			  (unsigned long long)reassembler.fails,
			  (unsigned long long)reassembler.incomplete);
}

static void step(struct input *in)
{
	uint8_t op = take8(in);

	switch (op % OPS) {
	case OP_FRAGMENT:
		send_near(in);
		break;
	case OP_FAR:
		send_far(in);
		break;
	case OP_WHOLE:
		send_whole(in);
		break;
	case OP_FLOOD:
		flood(in);
		break;
	case OP_SLEEP:
		fuzz_sleep((1 + take8(in)) * (take8(in) & 1 ? 250 * MS : 10 * MS));
		break;
	default:
		if (op < 128)
			break;
		limited = true;
		set_limit(16u * take16(in));
	}
}

void harness_play(struct input *in)
{
	reassembler_begin();
	nr_sent = flooded = reported = 0;
	limited = false;
	limit = THRESHOLD;
	memory = 0;
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++) {
		step(in);
		check_counts();
	}
}

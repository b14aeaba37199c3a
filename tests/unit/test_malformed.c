/* SPDX-License-Identifier: MIT */
/*
 * Sends malformed frames to a whole kernel with its services: first each frame of a table, which must
 * raise the drop reason of its row and no other; then random frames.  After both, a well-behaved client
 * is still served, and no packet has leaked.
 *
 * The frames enter through the device model, so they pass through the driver, NAPI and every layer
 * above.  The kernel under test is that of init/main.c with apps/inetd.c, whose echo service is on port 7.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/core/checksum.h"
#include "net/core/dropreason.h"
#include "net/core/eth.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp.h"
#include "tests/host/softnet_host.h"
#include "tests/unit/malformed.h"

#define MS     1000000ULL
#define SECOND (1000 * MS)
#define ECHO   7
/* A time in ns that is longer than the lifetime of a half-open connection, a FIN_WAIT2 or a TIME_WAIT. */
#define QUIET (200 * SECOND)

static const u8 my_mac[6] = {0x52, 0x55, 10, 0, 2, 2};
static const u8 guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static u8 frame[4096]; /* the frame that is being built */
static unsigned int frame_len;
/* The last frame that the kernel sent to TCP port @listening; if @listening is 0, the last frame that is not TCP. */
static u8 last[70000];
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

/* Runs the kernel until it is idle, and answers its ARP requests; returns the expiry time of its next timer. */
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

/* ---- correct frames --------------------------------------------------------------------------------- */

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

/* Builds a frame with an IP header, @optlen bytes of NOPs as IP options, and @len bytes of @payload. */
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

/* Builds an ICMP "host unreachable" about a TCP segment that the guest might have sent. */
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
	u8 nops; /* number of NOPs in the options */
	bool ts; /* with a timestamp option */
	u32 tsval, tsecr;
	const char *data;
};

static void tcp_frame(const struct segment *s)
{
	unsigned int doff = s->ts ? 32 : 20 + s->nops, len = s->data ? strlen(s->data) : 0;
	u8 th[64] = {0};

	put_unaligned_be16(s->sport, th);
	put_unaligned_be16(s->dport, th + 2);
	put_unaligned_be32(s->seq, th + 4);
	put_unaligned_be32(s->ack, th + 8);
	th[12] = doff << 2;
	th[13] = s->flags;
	put_unaligned_be16(8000, th + 14);
	memset(th + 20, 1, s->nops);
	if (s->ts) {
		memcpy(th + 20, (u8[]){1, 1, 8, 10}, 4);
		put_unaligned_be32(s->tsval, th + 24);
		put_unaligned_be32(s->tsecr, th + 28);
	}
	if (len)
		memcpy(th + doff, s->data, len);
	ip_frame(IPPROTO_TCP, 0, th, doff + len);
}

/*
 * Corrects the checksums of the changed frame, except those that @except names. Skips a checksum whose data the
 * frame's length fields place outside of the frame.
 */
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
	if ((iph->protocol == IPPROTO_ICMP || iph->protocol == IPPROTO_IGMP) && len >= 4) {
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

/* ---- a peer that follows the protocols ---------------------------------------------------------------- */

struct peer {
	u16 port;
	u32 seq, ack; /* the next number that the peer sends, and the next one that it expects */
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
	p->tsecr = 0; /* the kernel ignores a timestamp echo of 0 */
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
 * Ends a connection from @port in any state: sends a SYN, as a restarted peer would; the challenge ACK contains
 * the sequence number with which the old connection is then reset (RFC 5961 4.2).
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

/* ---- the table (malformed.h) -------------------------------------------------------------------------- */

static struct peer open_peer, half_peer;

/* Returns an unused port; the range 20000 to 28999 does not overlap the other ports of this test. */
static u16 new_port(void)
{
	static unsigned int n;

	return 20000 + n++ % 9000;
}

static void build_segment(const struct malformed *m)
{
	struct segment s;

	if (m->base == SYN || m->base == SYN_OPT)
		s = (struct segment){.sport = new_port(),
				     .dport = ECHO,
				     .seq = 100,
				     .flags = TCPHDR_SYN,
				     .nops = m->base == SYN ? 0 : 20};
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

static unsigned int compare(const struct malformed *m, const u64 *before)
{
	unsigned int wrong = 0;

	for (enum skb_drop_reason r = 1; r < SKB_DROP_REASON_MAX; r++) {
		u64 moved = skb_drop_count[r] - before[r];

		if (moved == (r == m->reason))
			continue;
		print_error("%s: %s moved by %llu\n", m->what, skb_drop_name(r),
			    (unsigned long long)moved);
		wrong++;
	}
	return wrong;
}

static void test_each_frame_raises_its_drop_reason(void **state)
{
	u64 before[SKB_DROP_REASON_MAX];
	unsigned int wrong = 0;

	peer_connect(&open_peer, 10000);
	for (unsigned int i = 0; i < ARRAY_SIZE(malformed); i++) {
		const struct malformed *m = &malformed[i];

		/* Wait, so that the kernel's rate limits on replies do not affect the next frame. */
		pass(2 * SECOND);
		if (m->base == HALF)
			peer_syn(&half_peer, new_port());
		build(m);
		memcpy(before, skb_drop_count, sizeof(before));
		put(frame, frame_len);
		pump();
		wrong += compare(m, before);
	}
	assert_int_equal(wrong, 0);
	/* The open connection and ping still work. */
	peer_echo(&open_peer, "still there");
	peer_reset(&open_peer);
	assert_pings();
}

/* ---- many half-open connections -------------------------------------------------------------------- */

/* When the queue of half-open connections is full, a further SYN gets a cookie.  LIMIT(TCP_MAX_SYN_BACKLOG) */
static void test_half_open_connections_are_bounded(void **state)
{
	u64 cookies = snmp_counters[SNMP_TcpExtSyncookiesSent];
	struct segment s = {.dport = ECHO, .seq = 5, .flags = TCPHDR_SYN};

	peer_connect(&open_peer, 10000);
	for (unsigned int i = 0; i < TCP_MAX_SYN_BACKLOG + 100; i++) {
		s.sport = 20000 + i;
		send_segment(&s);
	}
	assert_int_equal(tcp_prot.rsk_prot->slab->live, TCP_MAX_SYN_BACKLOG);
	assert_int_equal(snmp_counters[SNMP_TcpExtSyncookiesSent], cookies + 100);
	peer_echo(&open_peer, "still served");
	peer_reset(&open_peer);
	/* The handshakes are never completed: the requests expire, and new ones are accepted. */
	pass(QUIET);
	assert_int_equal(tcp_prot.rsk_prot->slab->live, 0);
	peer_connect(&open_peer, 10001);
	peer_echo(&open_peer, "accepted again");
	peer_reset(&open_peer);
}

/* ---- random frames -------------------------------------------------------------------------------------- */

#define FRAMES       200000
#define FRAMES_A_RUN 32    /* frames that arrive before the kernel runs */
#define FRAMES_OPEN  10000 /* frames until a new established connection is opened */
#define FRAMES_HALF  500   /* frames until a new half-open connection is opened */
#define OPEN_PORT    30000
#define HALF_PORT    40000

static u64 random_state = 0x9e3779b97f4a7c15;

static u32 rnd(u32 below)
{
	/* A xorshift generator with a fixed seed gives the same numbers in every run. */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 32) % below;
}

/* Builds a frame of the table with further random changes, or a frame of random bytes. */
static void random_frame(void)
{
	struct malformed m = malformed[rnd(ARRAY_SIZE(malformed))];

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
		/* A random frame may have opened a connection from that port already. */
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
		cmocka_unit_test_teardown(test_each_frame_raises_its_drop_reason, teardown),
		cmocka_unit_test_teardown(test_half_open_connections_are_bounded, teardown),
		cmocka_unit_test_teardown(test_noise, teardown),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

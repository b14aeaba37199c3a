/* SPDX-License-Identifier: MIT */
/* Reassembly of fragments: whole datagrams, overlaps, limits, timeouts. */
#include "tests/unit/unit_net.h"

#include "net/inet/inet_ecn.h"
#include "net/ipv4/limits.h"

#define TEST_PROTO 200

/* The last datagram that the transport received. */
static unsigned int delivered, delivered_len, delivered_truesize;
static u8 delivered_bytes[65536];
static struct iphdr delivered_header;

static u8 data[65536]; /* the datagrams' payload: bytes that depend on their position */

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	delivered++;
	delivered_len = skb->len;
	delivered_truesize = skb->truesize;
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	delivered_header = *ip_hdr(skb);
	assert_ptr_equal(skb->data, skb_transport_header(skb));
	assert_ptr_equal(skb->dev, eth0);
	assert_int_equal(skb_rtable(skb)->rt_type, RTN_LOCAL);
	assert_int_equal(IPCB(skb)->iif, eth0->ifindex);
	assert_int_equal(ip_fast_csum(ip_hdr(skb), ip_hdr(skb)->ihl), 0);
	assert_int_equal(skb_copy_bits(skb, 0, delivered_bytes, skb->len), 0);
	consume_skb(skb);
	return SKB_CONSUMED;
}

struct fragment {
	unsigned int start, len; /* bytes of the payload */
	bool more;
	__be32 saddr, daddr; /* saddr 0: PEER; daddr 0: ME */
	u16 id;
	u8 protocol; /* 0: TEST_PROTO */
	u8 tos;
	u8 nops; /* bytes of options */
};

/*
 * Receives a frame in memory of its own. net_in() takes a block of 32 KiB for each frame, and many fragments would use
 * up the memory of this test.
 */
static struct sk_buff *small_skb(unsigned int len)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + len, GFP_ATOMIC);

	assert_non_null(skb);
	skb_reserve(skb, NET_SKB_PAD);
	return skb;
}

static void receive(const void *frame, unsigned int len)
{
	struct sk_buff *skb = small_skb(len);

	skb->ip_summed = CHECKSUM_UNNECESSARY; /* wrong for a fragment: must be ignored */
	memcpy(skb_put(skb, len), frame, len);
	skb->protocol = eth_type_trans(skb, eth0);
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
}

static void put_fragment(const struct fragment *f)
{
	static u8 frame[NET_FRAME_MAX], payload[NET_FRAME_MAX];
	struct iphdr *iph = (struct iphdr *)(frame + 14);
	unsigned int len;

	memset(payload, 1, f->nops);
	memcpy(payload + f->nops, data + f->start, f->len);
	len = net_ip_frame(frame, f->saddr ?: PEER, f->daddr ?: ME, f->protocol ?: TEST_PROTO,
			   payload, f->nops + f->len);
	assert_int_equal(f->start % 8, 0);
	iph->id = htons(f->id);
	iph->tos = f->tos;
	iph->ihl += f->nops / 4;
	iph->frag_off = htons(f->start / 8 | (f->more ? IP_MF : 0));
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	receive(frame, len);
}
#define put(...) put_fragment(&(struct fragment){__VA_ARGS__})

static void assert_whole(unsigned int len)
{
	assert_int_equal(delivered, 1);
	assert_int_equal(delivered_len, len);
	assert_memory_equal(delivered_bytes, data, len);
	assert_int_equal(ntohs(delivered_header.tot_len), delivered_header.ihl * 4 + len);
	assert_int_equal(delivered_header.frag_off, 0);
	delivered = 0;
}

static u64 drops(enum skb_drop_reason r)
{
	return skb_drop_count[r];
}

static u64 incomplete(void)
{
	return net_live("ip4-frags");
}

/* Returns the number of IP packets, without ARP's, that were sent. */
static unsigned int packets_out(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < net_out_count; i++)
		n += net_out_type(i) == ETH_P_IP;
	return n;
}

/* Waits until all incomplete datagrams, and all packets that wait for ARP, have timed out. */
static void forget(void)
{
	net_wait((sysctl_ipfrag_time + 5) * 1000);
	assert_int_equal(incomplete(), 0);
	net_out_count = 0;
}

/* ---- whole datagrams -------------------------------------------------------------------------------- */

static void test_every_order(void **state)
{
	static const struct fragment parts[] = {
		{0, 16, true}, {16, 8, true}, {24, 40, true}, {64, 3, false}};
	u64 oks = snmp_counters[SNMP_IpReasmOKs], reqds = snmp_counters[SNMP_IpReasmReqds];
	u64 fails = snmp_counters[SNMP_IpReasmFails], orders = 0;

	for (unsigned int order = 0; order < 256; order++) {
		unsigned int at[] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};

		if ((1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) != 15)
			continue;
		for (unsigned int i = 0; i < 4; i++) {
			assert_int_equal(delivered, 0);
			put_fragment(&parts[at[i]]);
		}
		assert_whole(67);
		orders++;
	}
	assert_int_equal(orders, 24);
	assert_int_equal(snmp_counters[SNMP_IpReasmOKs], oks + 24);
	assert_int_equal(snmp_counters[SNMP_IpReasmReqds], reqds + 4 * 24);
	assert_int_equal(snmp_counters[SNMP_IpReasmFails], fails);
	assert_int_equal(incomplete(), 0);
}

/*
 * Datagrams of any length are cut anywhere; their fragments arrive in any order, with duplicates,
 * and are joined.
 */
static void test_random_datagrams(void **state)
{
	struct fragment f[128], swap;

	for (unsigned int round = 0; round < 300; round++) {
		unsigned int len = 9 + prandom_u32_max(round % 10 ? 3000 : 65000), n = 0, at = 0;

		while (at < len) {
			unsigned int part = 8 * (1 + prandom_u32_max(len > 3000 ? 180 : 30));

			if (n + 1 == ARRAY_SIZE(f) || len - at <= part || (!at && part >= len))
				part = min(len - at, at ? 1480u : 8u);
			f[n++] = (struct fragment){at, part, at + part < len, .id = round};
			at += part;
			if (n == ARRAY_SIZE(f))
				break;
		}
		if (at < len)
			continue; /* too many pieces */
		for (unsigned int i = n - 1; i; i--) {
			unsigned int j = prandom_u32_max(i + 1);

			swap = f[i];
			f[i] = f[j];
			f[j] = swap;
		}
		for (unsigned int i = 0; i < n; i++) {
			put_fragment(&f[i]);
			if (i + 1 < n)
				put_fragment(&f[prandom_u32_max(i + 1)]);
		}
		assert_whole(len);
	}
	assert_int_equal(incomplete(), 0);
}

/*
 * The longest datagram has 65,515 bytes of payload. It is also joined if its fragments fit the
 * smallest MTU, 68 bytes (RFC 791 3.2).
 */
static void test_longest_datagram(void **state)
{
	int limit = sysctl_ipfrag_high_thresh;

	for (unsigned int part = 48; part <= 1480; part += 1432) {
		sysctl_ipfrag_high_thresh = part == 48 ? 2 * IPFRAG_HIGH_THRESH : limit;
		for (unsigned int at = 0; at < 65515; at += part)
			put(at, min(part, 65515 - at), at + part < 65515, .id = 7);
		assert_whole(65515);
		/* The datagram is charged for the memory of all fragments. */
		assert_true(delivered_truesize >= (65515 / part) * SKB_TRUESIZE(part));
	}
	sysctl_ipfrag_high_thresh = limit;
}

/* RFC 791 3.2: "the buffer identifier computed as the concatenation of the source, destination, protocol, and
   identification fields". */
static void test_fields_that_name_a_datagram(void **state)
{
	const struct fragment a = {0, 8, true, .id = 1}, b = {8, 8, false, .id = 1};
	struct fragment other = b;

	put_fragment(&a);
	other.saddr = ip4(10, 0, 2, 3);
	put_fragment(&other);
	other.saddr = 0;
	other.daddr = ip4(10, 0, 2, 255);
	put_fragment(&other);
	other.daddr = 0;
	other.protocol = 1;
	put_fragment(&other);
	other.protocol = 0;
	other.id = 2;
	put_fragment(&other);
	assert_int_equal(delivered, 0);
	assert_int_equal(incomplete(), 5);
	put_fragment(&b);
	assert_whole(16);
	assert_int_equal(incomplete(), 4);
	/* Of 300 sources some share one of the IPFRAG_SOURCES buckets. */
	for (unsigned int i = 0; i < 300; i++)
		put(0, 8, true, .id = 1, .saddr = ip4(30, 0, i >> 8, i));
	for (unsigned int i = 0; i < 300; i++) {
		put(8, 8, false, .id = 1, .saddr = ip4(30, 0, i >> 8, i));
		assert_whole(16);
		assert_int_equal(delivered_header.saddr, ip4(30, 0, i >> 8, i));
	}
	assert_int_equal(incomplete(), 4);
	forget();
}

/* The datagram gets the IP options of its first fragment. */
static void test_options_of_the_first(void **state)
{
	put(8, 8, false, .id = 3);
	put(0, 8, true, .id = 3, .nops = 8);
	assert_int_equal(delivered_header.ihl, 7);
	assert_whole(16);
	/* With these options the datagram has more than 65,535 bytes. */
	u64 bad = drops(SKB_DROP_REASON_FRAG_MALFORMED);

	for (unsigned int at = 1400; at < 65515; at += 1400)
		put(at, min(1400u, 65515 - at), at + 1400 < 65515, .id = 3);
	put(0, 1400, true, .id = 3, .nops = 4);
	assert_int_equal(delivered, 0);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_MALFORMED), bad + 47);
	assert_int_equal(incomplete(), 0);
}

/* The reassembled datagram of an unknown protocol is answered, and counted once. */
static void test_unknown_protocol(void **state)
{
	u64 noproto = drops(SKB_DROP_REASON_IP_NOPROTO);

	net_know_peer();
	put(0, 800, true, .protocol = 77);
	put(800, 800, false, .protocol = 77);
	assert_int_equal(drops(SKB_DROP_REASON_IP_NOPROTO), noproto + 1);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(((const u8 *)(net_out_ip(0) + 1))[0], ICMP_DEST_UNREACH);
	/* RFC 1812 4.3.2.3: "as much of the original datagram as possible" within 576 bytes. */
	assert_int_equal(ntohs(net_out_ip(0)->tot_len), 576);
	assert_memory_equal((const u8 *)(net_out_ip(0) + 1) + 28, data, 576 - 48);
}

/* A ping in fragments is answered. */
static void test_ping(void **state)
{
	u8 saved[16];

	net_know_peer();
	memcpy(saved, data, sizeof(saved));
	memset(data, 0, 16);
	data[0] = ICMP_ECHO;
	*(__sum16 *)(data + 2) = ip_compute_csum(data, 1000);
	put(496, 504, false, .protocol = 1);
	put(0, 496, true, .protocol = 1);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(ntohs(net_out_ip(0)->tot_len), 1020);
	assert_int_equal(((const u8 *)(net_out_ip(0) + 1))[0], ICMP_ECHOREPLY);
	assert_memory_equal((const u8 *)(net_out_ip(0) + 1) + 4, data + 4, 996);
	memcpy(data, saved, sizeof(saved));
}

/* ---- fragments that contradict each other ------------------------------------------------------------- */

static void test_overlaps(void **state)
{
	/* Bytes 80 to 160 and 240 to 320 have arrived before each case. */
	static const struct {
		unsigned int start, len;
		enum skb_drop_reason reason; /* 0: the fragment is accepted */
	} cases[] = {
		{80, 80, SKB_DROP_REASON_DUP_FRAG},
		{88, 72, SKB_DROP_REASON_DUP_FRAG},
		{80, 8, SKB_DROP_REASON_DUP_FRAG},
		{240, 80, SKB_DROP_REASON_DUP_FRAG},
		{304, 16, SKB_DROP_REASON_DUP_FRAG},
		{72, 16, SKB_DROP_REASON_FRAG_OVERLAP},
		{72, 8, 0},
		{0, 80, 0},
		{0, 88, SKB_DROP_REASON_FRAG_OVERLAP},
		{152, 16, SKB_DROP_REASON_FRAG_OVERLAP},
		{160, 80, 0},
		{160, 88, SKB_DROP_REASON_FRAG_OVERLAP},
		{152, 96, SKB_DROP_REASON_FRAG_OVERLAP},
		{72, 96, SKB_DROP_REASON_FRAG_OVERLAP},
		{312, 16, SKB_DROP_REASON_FRAG_OVERLAP},
		{320, 16, 0},
		{80, 88, SKB_DROP_REASON_FRAG_OVERLAP},
		{0, 400, SKB_DROP_REASON_FRAG_OVERLAP},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		enum skb_drop_reason reason = cases[i].reason;
		bool overlap = reason == SKB_DROP_REASON_FRAG_OVERLAP;
		u64 dups = drops(SKB_DROP_REASON_DUP_FRAG),
		    laps = drops(SKB_DROP_REASON_FRAG_OVERLAP);
		u64 count = snmp_counters[SNMP_IpExtReasmOverlaps];

		put(80, 80, true, .id = i);
		put(240, 80, true, .id = i);
		put(cases[i].start, cases[i].len, true, .id = i);
		assert_int_equal(drops(SKB_DROP_REASON_DUP_FRAG), dups + (reason && !overlap));
		/* The whole datagram is dropped, as RFC 5722 requires for IPv6. */
		assert_int_equal(drops(SKB_DROP_REASON_FRAG_OVERLAP), laps + 3 * overlap);
		assert_int_equal(snmp_counters[SNMP_IpExtReasmOverlaps], count + overlap);
		assert_int_equal(incomplete(), !overlap);
		forget();
	}
	assert_int_equal(delivered, 0);
}

/* The last fragment gives the datagram's length: no other fragment may end beyond it, or give another length. */
static void test_lengths_that_differ(void **state)
{
	static const struct fragment cases[][2] = {
		{{160, 40, false}, {200, 8, true}},
		{{160, 40, false}, {208, 8, false}},
		{{160, 40, false}, {80, 8, false}},
		{{160, 40, true}, {80, 8, false}},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 laps = drops(SKB_DROP_REASON_FRAG_OVERLAP);

		put_fragment(&cases[i][0]);
		assert_int_equal(incomplete(), 1);
		put_fragment(&cases[i][1]);
		assert_int_equal(drops(SKB_DROP_REASON_FRAG_OVERLAP), laps + 2);
		assert_int_equal(incomplete(), 0);
	}
	assert_int_equal(delivered, 0);
}

static void test_malformed(void **state)
{
	static const struct fragment cases[] = {
		{0, 0, true},      /* no bytes */
		{8, 0, false},     /* no bytes */
		{0, 12, true},     /* not a multiple of eight, and not the last */
		{65512, 4, false}, /* with the header, the datagram would have 65,536 bytes */
		{65528, 8, false}, {65512, 8, true}, {65504, 16, true},
	};
	u64 bad = drops(SKB_DROP_REASON_FRAG_MALFORMED), fails = snmp_counters[SNMP_IpReasmFails];

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		put_fragment(&cases[i]);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_MALFORMED), bad + ARRAY_SIZE(cases));
	assert_int_equal(snmp_counters[SNMP_IpReasmFails], fails + ARRAY_SIZE(cases));
	assert_int_equal(incomplete(), 0);
	put(65512, 3, false);
	assert_int_equal(incomplete(), 1);
	forget();
}

/* RFC 3168 5.3: the ECN field of the datagram follows from the ECN fields of its fragments. */
static void test_ecn(void **state)
{
	static const struct {
		u8 first, second;
		int result; /* -1: dropped */
	} cases[] = {
		{INET_ECN_NOT_ECT, INET_ECN_NOT_ECT, INET_ECN_NOT_ECT},
		{INET_ECN_ECT_0, INET_ECN_ECT_0, INET_ECN_ECT_0},
		{INET_ECN_ECT_0, INET_ECN_CE, INET_ECN_CE},
		{INET_ECN_CE, INET_ECN_ECT_0, INET_ECN_CE},
		{INET_ECN_CE, INET_ECN_ECT_1, INET_ECN_CE},
		{INET_ECN_CE, INET_ECN_CE, INET_ECN_CE},
		{INET_ECN_CE, INET_ECN_NOT_ECT, -1},
		{INET_ECN_NOT_ECT, INET_ECN_CE, -1},
		{INET_ECN_NOT_ECT, INET_ECN_ECT_0, -1},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 bad = drops(SKB_DROP_REASON_FRAG_ECN);

		put(0, 8, true, .tos = 0x20 | cases[i].first);
		put(8, 8, false, .tos = 0x20 | cases[i].second);
		assert_int_equal(incomplete(), 0);
		if (cases[i].result < 0) {
			assert_int_equal(delivered, 0);
			assert_int_equal(drops(SKB_DROP_REASON_FRAG_ECN), bad + 2);
		} else {
			assert_whole(16);
			assert_int_equal(delivered_header.tos, 0x20 | cases[i].result);
		}
	}
}

/* ---- time ------------------------------------------------------------------------------------------------ */

/* LIMIT(IPFRAG_TIME) */
static void test_timeout(void **state)
{
	u64 timeouts = snmp_counters[SNMP_IpReasmTimeout], fails = snmp_counters[SNMP_IpReasmFails];
	u64 drop = drops(SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
	const u8 *icmp;

	put(0, 40, true, .id = 0x1234);
	put(80, 8, false, .id = 0x1234);
	net_wait(10000);
	put(8, 8, true, .id = 2);
	net_wait((IPFRAG_TIME - 10) * 1000 - 50);
	assert_int_equal(incomplete(), 2);
	net_know_peer();
	net_wait(100);
	assert_int_equal(incomplete(), 1);
	assert_int_equal(snmp_counters[SNMP_IpReasmTimeout], timeouts + 1);
	assert_int_equal(snmp_counters[SNMP_IpReasmFails], fails + 1);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_REASM_TIMEOUT), drop + 2);
	/* RFC 1122 3.3.2: an ICMP error about the first fragment, and only if it was received. */
	assert_int_equal(net_out_count, 1);
	assert_int_equal(net_out_ip(0)->daddr, PEER);
	icmp = (const u8 *)(net_out_ip(0) + 1);
	assert_int_equal(icmp[0], ICMP_TIME_EXCEEDED);
	assert_int_equal(icmp[1], ICMP_EXC_FRAGTIME);
	assert_int_equal(((const struct iphdr *)(icmp + 8))->id, htons(0x1234));
	assert_int_equal(((const struct iphdr *)(icmp + 8))->frag_off, htons(IP_MF));
	assert_memory_equal(icmp + 28, data, 40);
	assert_int_equal(ntohs(net_out_ip(0)->tot_len), 20 + 8 + 20 + 40);
	net_wait(10000);
	assert_int_equal(incomplete(), 0);
	assert_int_equal(packets_out(), 1);
	assert_int_equal(snmp_counters[SNMP_IpReasmTimeout], timeouts + 2);
	/* The late fragment begins a datagram of its own. */
	put(40, 40, true, .id = 0x1234);
	assert_int_equal(delivered, 0);
	forget();
}

/* A shorter ipfrag_time holds at once, also for datagrams that were incomplete before the change. */
static void test_time_of_a_sysctl(void **state)
{
	put(0, 8, true, .id = 1);
	sysctl_ipfrag_time = 5;
	net_wait(2000);
	put(0, 8, true, .id = 2);
	net_wait(3100);
	assert_int_equal(incomplete(), 1);
	net_wait(2000);
	assert_int_equal(incomplete(), 0);
	forget();
	sysctl_ipfrag_time = IPFRAG_TIME;
}

/* The device no longer exists when the timeout expires: no ICMP error is sent, and nothing leaks. */
static void test_timeout_without_the_device(void **state)
{
	int ifindex = eth0->ifindex;

	put(0, 8, true, .id = 1);
	eth0->ifindex = 99;
	forget();
	eth0->ifindex = ifindex;
}

/* ---- limits ----------------------------------------------------------------------------------------------- */

/* LIMIT(IPFRAG_SOURCE_DATAGRAMS) */
static void test_datagrams_of_a_source(void **state)
{
	u64 limit = drops(SKB_DROP_REASON_FRAG_LIMIT);

	put(0, 8, true, .id = 1, .saddr = ip4(10, 0, 2, 3));
	for (unsigned int i = 0; i < IPFRAG_SOURCE_DATAGRAMS; i++)
		put(0, 8, true, .id = i);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_LIMIT), limit);
	put(0, 8, true, .id = IPFRAG_SOURCE_DATAGRAMS);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_LIMIT), limit + 1);
	/* Only the oldest datagram of this source was dropped: all other datagrams can still become complete. */
	put(8, 8, false, .id = 1);
	assert_whole(16);
	put(8, 8, false, .id = 1, .saddr = ip4(10, 0, 2, 3));
	assert_whole(16);
	put(8, 8, false, .id = 0);
	assert_int_equal(delivered, 0);
	forget();
}

/*
 * Sends fragments of 1,400 bytes from @saddr, @per for each datagram, until one or more are dropped.  Returns the
 * number of fragments that were kept before that.
 */
static unsigned int fill(__be32 saddr, unsigned int per)
{
	u64 limit = drops(SKB_DROP_REASON_FRAG_LIMIT);
	unsigned int n = 0;

	while (drops(SKB_DROP_REASON_FRAG_LIMIT) == limit) {
		put(n % per * 1400, 1400, true, .id = n / per, .saddr = saddr);
		n++;
	}
	return n - 1;
}

static u32 cost(void)
{
	struct sk_buff *skb = small_skb(14 + 20 + 1400);
	u32 truesize = skb->truesize;

	consume_skb(skb);
	return truesize;
}

/* LIMIT(IPFRAG_SOURCE_PART) */
static void test_memory_of_a_source(void **state)
{
	u64 share = sysctl_ipfrag_high_thresh / IPFRAG_SOURCE_PART;
	unsigned int n;

	put(0, 8, true, .id = 8888, .saddr = ip4(10, 0, 2, 3));
	n = fill(PEER, 40);
	assert_in_range(n, (share - 64 * 256) / cost(), share / cost());
	/* The older datagram of another source stays. */
	put(8, 8, false, .id = 8888, .saddr = ip4(10, 0, 2, 3));
	assert_whole(16);
	/* The oldest datagram, of 40 fragments, was dropped, so there is room for a new one. */
	put(0, 8, true, .id = 9999, .saddr = ip4(10, 0, 2, 3));
	put(8, 8, false, .id = 9999, .saddr = ip4(10, 0, 2, 3));
	assert_whole(16);
	forget();
	/* One datagram alone needs more than the source's part of memory: it is dropped with the new fragment. */
	sysctl_ipfrag_high_thresh = 40 * cost();
	n = fill(PEER, 40);
	assert_in_range(n, 8, 10);
	assert_int_equal(incomplete(), 0);
	sysctl_ipfrag_high_thresh = share * IPFRAG_SOURCE_PART;
}

/*
 * Fragments from forged sources fill the memory for reassembly, so the oldest incomplete datagrams are dropped. During
 * this flood, a datagram whose other fragment arrives soon is still reassembled.
 *
 * LIMIT(IPFRAG_HIGH_THRESH) LIMIT(IPFRAG_SOURCES)
 */
static void test_flood_of_forged_sources(void **state)
{
	u64 limit = drops(SKB_DROP_REASON_FRAG_LIMIT),
	    timeouts = snmp_counters[SNMP_IpReasmTimeout];
	unsigned int most = sysctl_ipfrag_high_thresh / cost(), sent = 3 * most;

	for (unsigned int i = 0; i < sent; i++) {
		put(8, 1400, true, .saddr = ip4(20, i >> 16, i >> 8, i), .id = i);
		assert_true(incomplete() <= most);
		if (i % 500 == 100 && i + 200 < sent)
			put(0, 8, true, .id = i);
		if (i % 500 == 300) {
			put(8, 8, false, .id = i - 200);
			assert_whole(16);
		}
	}
	assert_true(incomplete() > most * 8 / 10);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_LIMIT), limit + sent - incomplete());
	net_wait((IPFRAG_TIME + 1) * 1000);
	assert_int_equal(incomplete(), 0);
	assert_int_equal(drops(SKB_DROP_REASON_FRAG_LIMIT) - limit +
				 snmp_counters[SNMP_IpReasmTimeout] - timeouts,
			 sent);
	assert_int_equal(packets_out(), 0);
}

/* LIMIT(IPFRAG_PART) */
static void test_part_of_memory(void **state)
{
	int limit = sysctl_ipfrag_high_thresh;

	assert_int_equal(limit, nr_total_pages() * PAGE_SIZE / IPFRAG_PART);
	/* As on Linux, 0 turns reassembly off. */
	sysctl_ipfrag_high_thresh = 0;
	put(0, 8, true);
	assert_int_equal(incomplete(), 0);
	sysctl_ipfrag_high_thresh = limit;
}

/* While free pages are short, the next fragment that arrives is dropped together with all incomplete datagrams. */
static void test_pages_are_short(void **state)
{
	static struct page *taken[40000];
	unsigned int n = 0;

	for (unsigned int i = 0; i < 20; i++)
		put(0, 1400, true, .id = i, .saddr = ip4(10, 0, 2, 3 + i % 3));
	assert_int_equal(incomplete(), 20);
	while (!mm_pages_are_short())
		taken[n++] = alloc_pages(0, GFP_KERNEL);
	put(0, 8, true, .id = 100);
	assert_int_equal(incomplete(), 0);
	while (n)
		put_page(taken[--n]);
	put(0, 8, true, .id = 100);
	put(8, 8, false, .id = 100);
	assert_whole(16);
}

static int boot(void **state)
{
	static const struct net_protocol proto = {.handler = test_handler};

	net_boot(state);
	net_wait(5000);
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + (i >> 8) * 13;
	return inet_add_protocol(&proto, TEST_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_every_order),
		net_test(test_random_datagrams),
		net_test(test_longest_datagram),
		net_test(test_fields_that_name_a_datagram),
		net_test(test_options_of_the_first),
		net_test(test_unknown_protocol),
		net_test(test_ping),
		net_test(test_overlaps),
		net_test(test_lengths_that_differ),
		net_test(test_malformed),
		net_test(test_ecn),
		net_test(test_timeout),
		net_test(test_time_of_a_sysctl),
		net_test(test_timeout_without_the_device),
		net_test(test_datagrams_of_a_source),
		net_test(test_memory_of_a_source),
		net_test(test_flood_of_forged_sources),
		net_test(test_part_of_memory),
		net_test(test_pages_are_short),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

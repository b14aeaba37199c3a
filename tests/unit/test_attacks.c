/* SPDX-License-Identifier: MIT */
/*
 * Attacks on IP, ICMP, ARP and the table of connections (docs/attacks.md): each test plays the attacker, and
 * would fail on a stack that lacks the defence.
 */
#include "tests/unit/unit_net.h"

#include "net/inet/inet_hashtables.h"

static const u8 evil_mac[6] = {0x52, 0x55, 0x66, 0x66, 0x66, 0x66};
static const u8 moved_mac[6] = {0x52, 0x55, 0x77, 0x77, 0x77, 0x77};

/* ---- IP ------------------------------------------------------------------------------------------- */

/* Sends a packet of an unknown protocol from @saddr; the kernel answers it with an ICMP error. */
static void probe_from(__be32 saddr)
{
	u8 frame[64];

	net_in(frame, net_ip_frame(frame, saddr, ME, 250, "xxxxxxxx", 8));
}

/* Sends a ping from @saddr; returns the IP identification field of the answer. */
static u16 ping_id(__be32 saddr)
{
	static const u8 echo[8] = {ICMP_ECHO, 0, 0xf7, 0xff};
	u8 frame[64];

	net_arp_in(ARPOP_REQUEST, NULL, saddr, net_peer_mac, ME);
	net_out_count = 0;
	net_in(frame, net_ip_frame(frame, saddr, ME, IPPROTO_ICMP, echo, sizeof(echo)));
	assert_int_equal(net_out_count, 1);
	assert_true(net_out_ip(0)->frag_off & htons(IP_DF));
	return ntohs(net_out_ip(0)->id);
}

/*
 * An idle scan: the attacker pings before and after this host answered other hosts, and compares the IP
 * identifications of both answers; their difference must not show how many other packets were sent. RFC 6864 4.1:
 * without fragments the field may have any value; Linux sends 0.
 */
static void test_ip_id_is_no_counter(void **state)
{
	u16 first = ping_id(PEER);

	for (unsigned int i = 0; i < 1000; i++)
		ping_id(ip4(10, 0, 2, 100 + i % 100));
	assert_int_equal(ping_id(PEER), first);
}

/* Sends a burst of probes with forged sources; returns the number of ICMP errors that they caused. */
static unsigned int errors_of_a_burst(u8 salt)
{
	unsigned int sent = 0;

	net_know_peer();
	for (unsigned int i = 0; i < 4 * ICMP_MSGS_BURST; i++) {
		net_out_count = 0;
		probe_from(ip4(9, salt, i >> 8, i));
		sent += net_out_count;
	}
	/* After this pause the token bucket of the limit is full again. */
	net_wait(1000);
	return sent;
}

/*
 * CVE-2020-25705: the attacker sends probes with forged sources, then probes of its own. If the global limit of ICMP
 * errors is a fixed number, the number of its own probes that are answered shows how many forged ones caused an
 * error. So the number of errors that a full bucket permits must differ from burst to burst.
 */
static void test_icmp_limit_is_no_counter(void **state)
{
	unsigned int sum = 0, least = ~0u, most = 0;

	net_wait(2000);
	for (unsigned int burst = 0; burst < 16; burst++) {
		unsigned int n = errors_of_a_burst(burst);

		sum += n;
		least = min(least, n);
		most = max(most, n);
	}
	/*
	 * A message takes 0, 1 or 2 tokens at random, so 50 tokens permit 50 messages on average, with a standard
	 * deviation of about 6.
	 */
	assert_true(most - least >= 5);
	assert_in_range(sum / 16, ICMP_MSGS_BURST * 9 / 10, ICMP_MSGS_BURST * 11 / 10);
}

/* RFC 1122 3.2.1.3 and RFC 1812 5.3.7: a packet from an address that no host may have is dropped without an answer. */
static void test_martians(void **state)
{
	const __be32 sources[] = {
		ip4(127, 0, 0, 1),  ip4(224, 0, 0, 1), ip4(255, 255, 255, 255),
		ip4(10, 0, 2, 255), ip4(10, 0, 2, 0),  ME,
		ip4(0, 0, 0, 0),    ip4(0, 1, 2, 3),
	};
	u64 drops = skb_drop_count[SKB_DROP_REASON_IP_INADDRERRORS];
	u64 errors = snmp_counters[SNMP_IpInAddrErrors];

	sysctl_log_martians = 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++)
		probe_from(sources[i]);
	sysctl_log_martians = 0;
	assert_int_equal(net_out_count, 0);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IP_INADDRERRORS],
			 drops + ARRAY_SIZE(sources));
	assert_int_equal(snmp_counters[SNMP_IpInAddrErrors], errors + ARRAY_SIZE(sources));
}

/* ---- ARP ------------------------------------------------------------------------------------------ */

static struct neighbour *peer_entry(void)
{
	struct neighbour *neigh = neigh_lookup(&arp_tbl, PEER, eth0);

	assert_non_null(neigh);
	neigh_release(neigh); /* the table's own reference keeps the entry alive */
	return neigh;
}

static void assert_peer_is_at(const u8 *mac)
{
	u64 ha = peer_entry()->ha;

	assert_memory_equal(&ha, mac, 6);
}

/* Claims the peer's address for @mac: by an unsolicited reply to us, one to all, and an announcement (RFC 5227 2.3). */
static void spoof_peer(const u8 *mac)
{
	net_arp_in(ARPOP_REPLY, net_my_mac, PEER, mac, ME);
	net_arp_in(ARPOP_REPLY, NULL, PEER, mac, PEER);
	net_arp_in(ARPOP_REQUEST, NULL, PEER, mac, PEER);
}

static void peer_answers_from(const u8 *mac)
{
	net_arp_in(ARPOP_REPLY, net_my_mac, PEER, mac, ME);
}

/* While a neighbour answers, its entry keeps its link address, however often another host claims its IP address. */
static void test_spoofed_replies(void **state)
{
	u64 conflicts = skb_drop_count[SKB_DROP_REASON_ARP_CONFLICT];

	net_know_peer();
	peer_answers_from(net_peer_mac);
	net_wait(2000);
	net_out_count = 0;
	for (unsigned int i = 0; i < 20; i++) {
		spoof_peer(evil_mac);
		net_wait(50);
		assert_peer_is_at(net_peer_mac);
		if (net_out_count) {
			/* To check the claim, the kernel sends a unicast request to the known link address. */
			assert_memory_equal(net_out[0].data, net_peer_mac, 6);
			peer_answers_from(net_peer_mac);
			assert_int_equal(peer_entry()->nud_state, NUD_REACHABLE);
		}
	}
	/* The claims of one second caused one request, or two. */
	assert_in_range(net_out_count, 1, 2);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ARP_CONFLICT], conflicts + 60);
}

/* A neighbour that moved does not answer at its old link address, so the kernel accepts its new one. */
static void test_a_neighbour_moves(void **state)
{
	net_know_peer();
	peer_answers_from(net_peer_mac);
	net_wait(2000);
	spoof_peer(moved_mac);
	net_wait(NEIGH_MCAST_PROBES * NEIGH_RETRANS_MS + 100);
	assert_int_equal(peer_entry()->nud_state, NUD_FAILED);
	spoof_peer(moved_mac);
	assert_peer_is_at(moved_mac);
	net_wait(NEIGH_MCAST_PROBES * NEIGH_RETRANS_MS + 100);
	neigh_ifdown(&arp_tbl, eth0);
}

/*
 * A flood of ARP requests from forged addresses: the table stays below its limit, and the entry of a neighbour that a
 * route uses is not evicted.
 */
static void test_flood_of_arp_requests(void **state)
{
	struct flowi4 fl = {.daddr = PEER};
	struct rtable *rt = ip_route_output_key(&fl);

	assert_false(IS_ERR(rt));
	net_know_peer();
	peer_answers_from(net_peer_mac);
	ping_id(PEER);
	assert_int_equal(inet_addr_add(eth0, ip4(172, 16, 0, 1), 12), 0);
	for (unsigned int i = 0; i < 4 * NEIGH_MAX; i++) {
		net_out_count = 0;
		net_arp_in(ARPOP_REQUEST, NULL, ip4(172, 17, i >> 8, i), evil_mac, ME);
		assert_true(arp_tbl.entries <= NEIGH_MAX);
	}
	assert_peer_is_at(net_peer_mac);
	assert_int_equal(peer_entry()->nud_state, NUD_REACHABLE);
	rt_put(rt);
	/* After the flood the entry becomes stale after its usual time. */
	net_wait(NEIGH_REACHABLE_MS + 1000);
	assert_int_equal(peer_entry()->nud_state, NUD_STALE);
	ping_id(PEER);
	neigh_ifdown(&arp_tbl, eth0);
}

/*
 * RFC 5227 2.4 (c): a host that keeps its address against a claim broadcasts an announcement, at most one in
 * DEFEND_INTERVAL.
 *
 * LIMIT(ARP_DEFEND_MS)
 */
static void test_our_address_is_defended(void **state)
{
	u64 conflicts = skb_drop_count[SKB_DROP_REASON_ARP_CONFLICT];
	__be32 me = ME;

	for (unsigned int i = 0; i < 100; i++) {
		net_arp_in(ARPOP_REPLY, NULL, ME, evil_mac, ME);
		net_arp_in(ARPOP_REQUEST, NULL, ME, evil_mac, PEER);
		net_wait(ARP_DEFEND_MS / 100 - 1);
	}
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ARP_CONFLICT], conflicts + 200);
	assert_int_equal(net_out_count, 1);
	assert_memory_equal(net_out[0].data, eth0->broadcast, 6);
	assert_memory_equal(net_out_arp(0)->ar_sha, net_my_mac, 6);
	assert_memory_equal(net_out_arp(0)->ar_sip, &me, 4);
	assert_memory_equal(net_out_arp(0)->ar_tip, &me, 4);
	net_wait(200);
	net_arp_in(ARPOP_REPLY, NULL, ME, evil_mac, ME);
	assert_int_equal(net_out_count, 2);
	/* Our own announcement, which a switch sends back, is no conflict. */
	net_arp_in(ARPOP_REQUEST, NULL, ME, net_my_mac, ME);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ARP_CONFLICT], conflicts + 201);
}

/* ---- the table of connections --------------------------------------------------------------------- */

/*
 * An attacker chooses addresses and ports whose sum or exclusive or is the same.  A hash without a secret key would
 * put all of these connections into one bucket, so that each segment walks all of them (CVE-2003-0364).
 */
static void test_chosen_addresses_do_not_collide(void **state)
{
	static struct inet_hashinfo hashes; /* inet_hashinfo_init() chooses the key */
	unsigned int equal_xor[256] = {0}, equal_sum[256] = {0};

	inet_hashinfo_init(&hashes);
	for (u32 i = 0; i < 4096; i++) {
		u16 port = 32768 + i;

		equal_xor[inet_ehashfn(ME, 80, htonl(0x0a000000 | port), htons(port)) % 256]++;
		equal_sum[inet_ehashfn(ME, 80, htonl(0x0a000000 - port), htons(port)) % 256]++;
	}
	/* A bucket gets 16 connections on average, with a standard deviation of 4. */
	for (unsigned int i = 0; i < 256; i++) {
		assert_in_range(equal_xor[i], 1, 48);
		assert_in_range(equal_sum[i], 1, 48);
	}
}

static int boot(void **state)
{
	net_boot(state);
	net_wait(5000); /* until the ARP announcements are sent */
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_ip_id_is_no_counter),
		net_test(test_icmp_limit_is_no_counter),
		net_test(test_martians),
		net_test(test_spoofed_replies),
		net_test(test_a_neighbour_moves),
		net_test(test_flood_of_arp_requests),
		net_test(test_our_address_is_defended),
		net_test(test_chosen_addresses_do_not_collide),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * IGMP: which reports an interface sends when its groups change and when it is queried, and which
 * multicast it accepts. The expected messages are those of RFC 2236 and RFC 3376.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"
#include "include/uapi/in.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/proc.h"
#include "net/ipv4/igmp.h"

#define GROUP     ip4(239, 1, 2, 3)
#define OTHER     ip4(239, 9, 9, 9)
#define SRC(n)    ip4(192, 0, 2, n)
#define ALL_HOSTS ip4(224, 0, 0, 1)
#define ALL_MCR   ip4(224, 0, 0, 22)

#define TEST_PROTO 200

static unsigned int delivered;

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	delivered++;
	consume_skb(skb);
	return SKB_CONSUMED;
}

static struct in_device *in_dev;

static int boot(void **state)
{
	static const struct net_protocol proto = {.handler = test_handler};

	net_boot(state);
	assert_int_equal(inet_add_protocol(&proto, TEST_PROTO), 0);
	in_dev = eth0->ip_ptr;
	net_wait(5000); /* until the ARP announcements of eth0's address are sent */
	return 0;
}

/* ---- the messages that were sent ---------------------------------------------------------------- */

static u8 *message(unsigned int i)
{
	const struct iphdr *iph = net_out_ip(i);
	unsigned int len = ntohs(iph->tot_len) - 24;
	u8 *msg = (u8 *)iph + 24;

	/* RFC 3376 4: TTL 1, precedence "internetwork control", the Router Alert option. */
	assert_int_equal(net_out_type(i), ETH_P_IP);
	assert_int_equal(iph->ihl, 6);
	assert_int_equal(iph->tos, 0xc0);
	assert_int_equal(iph->ttl, 1);
	assert_int_equal(iph->protocol, IPPROTO_IGMP);
	assert_int_equal(iph->saddr, ME);
	assert_memory_equal(iph + 1, "\x94\x04\0\0", 4);
	assert_int_equal(ip_fast_csum(iph, 6), 0);
	assert_int_equal(ip_compute_csum(msg, len), 0);
	return msg;
}

/* Checks that report @i has one record of @type for @group with the @n sources SRC(first), ... */
static void is_record(unsigned int i, u8 type, __be32 group, unsigned int n, u8 first)
{
	const struct igmpv3_report *report = (const struct igmpv3_report *)message(i);
	const struct igmpv3_grec *rec = (const struct igmpv3_grec *)(report + 1);

	assert_int_equal(net_out_ip(i)->daddr, ALL_MCR);
	assert_int_equal(report->type, IGMPV3_HOST_MEMBERSHIP_REPORT);
	assert_int_equal(report->ngrec, htons(1));
	assert_int_equal(rec->grec_type, type);
	assert_int_equal(rec->grec_mca, group);
	assert_int_equal(rec->grec_nsrcs, htons(n));
	assert_int_equal(ntohs(net_out_ip(i)->tot_len), 24 + 8 + 8 + 4 * n);
	for (unsigned int at = 0; at < n; at++) {
		bool found = false;

		for (unsigned int k = 0; k < n; k++)
			found |= rec->grec_src[k] == SRC(first + at);
		assert_true(found);
	}
}

static void is_message(unsigned int i, u8 type, __be32 group, __be32 daddr)
{
	const struct igmphdr *ih = (const struct igmphdr *)message(i);

	assert_int_equal(ntohs(net_out_ip(i)->tot_len), 24 + 8);
	assert_int_equal(net_out_ip(i)->daddr, daddr);
	assert_int_equal(ih->type, type);
	assert_int_equal(ih->code, 0);
	assert_int_equal(ih->group, group);
}

/* ---- queries ------------------------------------------------------------------------------------ */

static const u8 alert[4] = {0x94, 4, 0, 0};

/* Receives an IGMP message of @len bytes, whose checksum is filled in. */
static void igmp_in(__be32 daddr, void *msg, unsigned int len, bool with_alert)
{
	static u8 frame[2048];
	unsigned int optlen = with_alert ? sizeof(alert) : 0;
	struct iphdr *iph = (struct iphdr *)(frame + sizeof(struct ethhdr));
	u8 payload[1400];

	((struct igmphdr *)msg)->csum = 0;
	((struct igmphdr *)msg)->csum = ip_compute_csum(msg, len);
	memcpy(payload, alert, optlen);
	memcpy(payload + optlen, msg, len);
	len = net_ip_frame(frame, PEER, daddr, IPPROTO_IGMP, payload, optlen + len);
	iph->ttl = 1;
	iph->ihl += optlen / 4;
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	net_in(frame, len);
}

/* A query of version 3 with the first @n sources SRC(first), ...; @code: tenths of a second. */
static void query3(__be32 group, u8 code, unsigned int n, u8 first)
{
	u8 buf[sizeof(struct igmpv3_query) + 256 * 4] = {0};
	struct igmpv3_query *q = (struct igmpv3_query *)buf;

	q->type = IGMP_HOST_MEMBERSHIP_QUERY;
	q->code = code;
	q->group = group;
	q->qrv = 2;
	q->qqic = 125;
	q->nsrcs = htons(n);
	for (unsigned int i = 0; i < n; i++)
		q->srcs[i] = SRC(first + i);
	igmp_in(group ? group : ALL_HOSTS, q, sizeof(*q) + 4 * n, true);
}

static void query2(__be32 group, u8 code)
{
	struct igmphdr q = {.type = IGMP_HOST_MEMBERSHIP_QUERY, .code = code, .group = group};

	igmp_in(group ? group : ALL_HOSTS, &q, sizeof(q), code != 0);
}

static void join(__be32 group)
{
	assert_int_equal(ip_mc_inc_group(in_dev, group, MCAST_EXCLUDE), 0);
}

static void leave(__be32 group)
{
	ip_mc_dec_group(in_dev, group, MCAST_EXCLUDE);
}

static unsigned int groups(void)
{
	return in_dev->mc.nr_groups;
}

/* Waits until no report is due any more, and forgets the reports that were sent. */
static void settle(void)
{
	net_wait(21000);
	net_out_count = 0;
	assert_int_equal(in_dev->mc.change_expires, 0);
}

/* ---- version 3 ---------------------------------------------------------------------------------- */

/*
 * RFC 3376 5.1, 8.1: each change is reported "robustness" times, the second within a second.
 * LIMIT(IGMP_QRV)
 */
static void test_join_and_leave(void **state)
{
	join(GROUP);
	net_wait(50);
	assert_int_equal(net_out_count, 1);
	is_record(0, IGMPV3_CHANGE_TO_EXCLUDE, GROUP, 0, 0);
	net_wait(1000);
	assert_int_equal(net_out_count, 2);
	is_record(1, IGMPV3_CHANGE_TO_EXCLUDE, GROUP, 0, 0);
	assert_memory_equal(net_out[0].data, "\x01\x00\x5e\x00\x00\x16", 6);
	net_wait(3000);
	/* A second join of the group sends no report, and neither does the leave that undoes it. */
	join(GROUP);
	leave(GROUP);
	net_wait(3000);
	assert_int_equal(net_out_count, 2);
	leave(GROUP);
	net_wait(3000);
	assert_int_equal(net_out_count, 4);
	is_record(2, IGMPV3_CHANGE_TO_INCLUDE, GROUP, 0, 0);
	is_record(3, IGMPV3_CHANGE_TO_INCLUDE, GROUP, 0, 0);
	assert_int_equal(groups(), 1); /* 224.0.0.1 */
}

static void test_all_hosts_is_never_reported(void **state)
{
	join(ALL_HOSTS);
	query3(0, 1, 0, 0);
	query3(ALL_HOSTS, 1, 0, 0);
	net_wait(2000);
	leave(ALL_HOSTS);
	net_wait(2000);
	assert_int_equal(net_out_count, 0);
	assert_true(ip_check_mc(in_dev, ALL_HOSTS, PEER));
}

/* RFC 3376 5.1: a group that appears in the mode INCLUDE is reported as new sources; when it ends, as blocked ones. */
static void test_sources_that_are_included(void **state)
{
	const __be32 first[] = {SRC(1), SRC(2)}, second[] = {SRC(2), SRC(3)};

	assert_int_equal(ip_mc_inc_group(in_dev, GROUP, MCAST_INCLUDE), 0);
	assert_int_equal(
		ip_mc_change_filter(in_dev, GROUP, MCAST_INCLUDE, NULL, 0, MCAST_INCLUDE, first, 2),
		0);
	net_wait(2000);
	assert_int_equal(net_out_count, 2);
	is_record(0, IGMPV3_ALLOW_NEW_SOURCES, GROUP, 2, 1);
	is_record(1, IGMPV3_ALLOW_NEW_SOURCES, GROUP, 2, 1);
	assert_true(ip_check_mc(in_dev, GROUP, SRC(1)));
	assert_false(ip_check_mc(in_dev, GROUP, SRC(3)));
	/* A socket joins in the mode EXCLUDE: the group changes to that mode, and every source is accepted. */
	join(GROUP);
	assert_true(ip_check_mc(in_dev, GROUP, SRC(3)));
	net_wait(50);
	is_record(2, IGMPV3_CHANGE_TO_EXCLUDE, GROUP, 0, 0);
	leave(GROUP);
	settle();
	/* The sources change from {1, 2} to {2, 3}. */
	assert_int_equal(ip_mc_change_filter(in_dev, GROUP, MCAST_INCLUDE, first, 2, MCAST_INCLUDE,
					     second, 2),
			 0);
	net_wait(50);
	{
		const struct igmpv3_report *report = (const struct igmpv3_report *)message(0);
		const struct igmpv3_grec *rec = (const struct igmpv3_grec *)(report + 1);

		assert_int_equal(report->ngrec, htons(2));
		assert_int_equal(rec[0].grec_type, IGMPV3_ALLOW_NEW_SOURCES);
		assert_int_equal(rec[0].grec_src[0], SRC(3));
		rec = (const struct igmpv3_grec *)((const u8 *)rec + 12);
		assert_int_equal(rec->grec_type, IGMPV3_BLOCK_OLD_SOURCES);
		assert_int_equal(rec->grec_nsrcs, htons(1));
		assert_int_equal(rec->grec_src[0], SRC(1));
	}
	settle();
	assert_int_equal(ip_mc_change_filter(in_dev, GROUP, MCAST_INCLUDE, second, 2, MCAST_INCLUDE,
					     NULL, 0),
			 0);
	ip_mc_dec_group(in_dev, GROUP, MCAST_INCLUDE);
	net_wait(2000);
	assert_int_equal(net_out_count, 2);
	is_record(0, IGMPV3_BLOCK_OLD_SOURCES, GROUP, 2, 2);
	assert_int_equal(groups(), 1);
}

/* RFC 3376 3.2: a source is blocked only if all sockets of the mode EXCLUDE block it. */
static void test_sources_that_are_excluded(void **state)
{
	const __be32 one[] = {SRC(1)}, both[] = {SRC(1), SRC(2)};

	join(GROUP);
	join(GROUP);
	settle();
	ip_mc_change_filter(in_dev, GROUP, MCAST_EXCLUDE, NULL, 0, MCAST_EXCLUDE, both, 2);
	net_wait(2000);
	assert_int_equal(net_out_count, 0);
	assert_true(ip_check_mc(in_dev, GROUP, SRC(1)));
	ip_mc_change_filter(in_dev, GROUP, MCAST_EXCLUDE, NULL, 0, MCAST_EXCLUDE, one, 1);
	net_wait(50);
	is_record(0, IGMPV3_BLOCK_OLD_SOURCES, GROUP, 1, 1);
	assert_false(ip_check_mc(in_dev, GROUP, SRC(1)));
	assert_true(ip_check_mc(in_dev, GROUP, SRC(2)));
	assert_true(ip_check_mc(in_dev, GROUP, 0));
	settle();
	query3(GROUP, 1, 0, 0);
	net_wait(200);
	is_record(0, IGMPV3_MODE_IS_EXCLUDE, GROUP, 1, 1);
	settle();
	ip_mc_change_filter(in_dev, GROUP, MCAST_EXCLUDE, one, 1, MCAST_EXCLUDE, NULL, 0);
	net_wait(50);
	is_record(0, IGMPV3_ALLOW_NEW_SOURCES, GROUP, 1, 1);
	ip_mc_change_filter(in_dev, GROUP, MCAST_EXCLUDE, both, 2, MCAST_EXCLUDE, NULL, 0);
	leave(GROUP);
	leave(GROUP);
	settle();
	assert_int_equal(groups(), 1);
}

/* RFC 3376 5.2: the answers to a general query, to one about a group, and to one about sources. */
static void test_queries(void **state)
{
	const __be32 excluded[] = {SRC(1)};

	join(GROUP);
	join(OTHER);
	settle();
	query3(0, 10, 0, 0);
	net_wait(1050);
	assert_int_equal(net_out_count, 1);
	{
		const struct igmpv3_report *report = (const struct igmpv3_report *)message(0);
		const struct igmpv3_grec *rec = (const struct igmpv3_grec *)(report + 1);

		assert_int_equal(report->ngrec, htons(2));
		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(rec[i].grec_type, IGMPV3_MODE_IS_EXCLUDE);
			assert_true(rec[i].grec_mca == (i ? GROUP : OTHER));
		}
	}
	settle();
	query3(OTHER, 10, 0, 0);
	query3(ip4(239, 7, 7, 7), 10, 0, 0); /* not joined */
	net_wait(1050);
	assert_int_equal(net_out_count, 1);
	is_record(0, IGMPV3_MODE_IS_EXCLUDE, OTHER, 0, 0);
	settle();
	ip_mc_change_filter(in_dev, OTHER, MCAST_EXCLUDE, NULL, 0, MCAST_EXCLUDE, excluded, 1);
	settle();
	/* The answer lists only those of the queried sources that are accepted. */
	query3(OTHER, 10, 3, 1);
	net_wait(1050);
	assert_int_equal(net_out_count, 1);
	is_record(0, IGMPV3_MODE_IS_INCLUDE, OTHER, 2, 2);
	settle();
	query3(OTHER, 10, 1, 1);
	net_wait(1050);
	assert_int_equal(net_out_count, 0);
	/* RFC 3376 5.2, rule 5: the sources of two queries are answered together. */
	query3(OTHER, 10, 1, 2);
	query3(OTHER, 10, 2, 3);
	net_wait(1050);
	assert_int_equal(net_out_count, 1);
	is_record(0, IGMPV3_MODE_IS_INCLUDE, OTHER, 3, 2);
	settle();
	/* RFC 3376 5.2, rule 4: the answer about the group includes that about the sources. */
	query3(OTHER, 10, 0, 0);
	query3(OTHER, 10, 1, 2);
	net_wait(1050);
	assert_int_equal(net_out_count, 1);
	is_record(0, IGMPV3_MODE_IS_EXCLUDE, OTHER, 1, 1);
	ip_mc_change_filter(in_dev, OTHER, MCAST_EXCLUDE, excluded, 1, MCAST_EXCLUDE, NULL, 0);
	leave(OTHER);
	leave(GROUP);
	settle();
}

/* Queries that must be ignored by RFC 3376 9.1, and messages that are truncated or malformed. */
static void test_queries_that_are_ignored(void **state)
{
	u64 ignored = skb_drop_count[SKB_DROP_REASON_IGMP_IGNORED];
	u64 cut = skb_drop_count[SKB_DROP_REASON_IGMP_SHORT];
	u64 csum = skb_drop_count[SKB_DROP_REASON_IGMP_CSUM];
	struct igmpv3_query q = {.type = IGMP_HOST_MEMBERSHIP_QUERY, .code = 1};
	struct igmphdr unknown = {.type = 0x33, .group = GROUP};
	u8 frame[128], bad[8] = {IGMP_HOST_MEMBERSHIP_QUERY, 1};

	join(GROUP);
	settle();
	igmp_in(ALL_HOSTS, &q, sizeof(q), false);
	igmp_in(GROUP, &q, sizeof(q), true);
	q.group = SRC(1);
	igmp_in(ALL_HOSTS, &q, sizeof(q), true);
	igmp_in(GROUP, &unknown, sizeof(unknown), true);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IGMP_IGNORED], ignored + 4);
	q.group = 0;
	for (unsigned int len = 9; len < sizeof(q); len++)
		igmp_in(ALL_HOSTS, &q, len, true);
	q.nsrcs = htons(0xffff);
	igmp_in(ALL_HOSTS, &q, sizeof(q), true);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IGMP_SHORT], cut + 4);
	for (unsigned int len = 0; len < 8; len++)
		net_in(frame, net_ip_frame(frame, PEER, ALL_HOSTS, IPPROTO_IGMP, bad, len));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IGMP_SHORT], cut + 12);
	net_in(frame, net_ip_frame(frame, PEER, ALL_HOSTS, IPPROTO_IGMP, bad, 8));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IGMP_CSUM], csum + 1);
	net_wait(1000);
	assert_int_equal(net_out_count, 0);
	leave(GROUP);
	settle();
}

/* LIMIT(IGMP_QUERY_SOURCES_MAX): a query about more sources is answered as if it were about the whole group. */
static void test_a_query_about_many_sources(void **state)
{
	struct {
		struct igmpv3_query query;
		__be32 sources[IGMP_QUERY_SOURCES_MAX + 1];
	} twice = {.query = {.type = IGMP_HOST_MEMBERSHIP_QUERY,
			     .code = 1,
			     .group = GROUP,
			     .qrv = 2,
			     .qqic = 125,
			     .nsrcs = htons(IGMP_QUERY_SOURCES_MAX + 1)}};

	join(GROUP);
	settle();
	query3(GROUP, 1, IGMP_QUERY_SOURCES_MAX, 1);
	net_wait(200);
	is_record(0, IGMPV3_MODE_IS_INCLUDE, GROUP, IGMP_QUERY_SOURCES_MAX, 1);
	settle();
	query3(GROUP, 1, IGMP_QUERY_SOURCES_MAX + 1, 1);
	net_wait(200);
	is_record(0, IGMPV3_MODE_IS_EXCLUDE, GROUP, 0, 0);
	settle();
	/* The length of the list counts, even if the list names the same sources again and again. */
	for (unsigned int i = 0; i <= IGMP_QUERY_SOURCES_MAX; i++)
		twice.sources[i] = SRC(1 + i % 2);
	igmp_in(GROUP, &twice, sizeof(twice), true);
	net_wait(200);
	is_record(0, IGMPV3_MODE_IS_EXCLUDE, GROUP, 0, 0);
	leave(GROUP);
	settle();
}

/* LIMIT(IGMP_ANSWER_MS): queries that ask for an answer at once get one in 100 ms. */
static void test_answers_are_bounded(void **state)
{
	join(GROUP);
	settle();
	for (unsigned int i = 0; i < 200; i++) {
		query3(0, 0, 0, 0);
		net_wait(5);
	}
	assert_in_range(net_out_count, 9, 11);
	settle();
	for (unsigned int i = 0; i < 200; i++) {
		query3(GROUP, 0, 0, 0);
		net_wait(5);
	}
	assert_in_range(net_out_count, 9, 11);
	leave(GROUP);
	settle();
}

/* ---- versions 1 and 2 --------------------------------------------------------------------------- */

/* RFC 2236 3: a host reports to the group, unless another host did so first; its leave goes to all routers. */
static void test_version_2(void **state)
{
	struct igmphdr report = {.type = IGMPV2_HOST_MEMBERSHIP_REPORT, .group = GROUP};

	query2(0, 1);
	net_wait(1000);
	assert_int_equal(net_out_count, 0);
	join(GROUP);
	net_wait(11000);
	assert_int_equal(net_out_count, 2);
	is_message(0, IGMPV2_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	is_message(1, IGMPV2_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	assert_memory_equal(net_out[0].data, "\x01\x00\x5e\x01\x02\x03", 6);
	query2(GROUP, 10);
	net_wait(1050);
	assert_int_equal(net_out_count, 3);
	is_message(2, IGMPV2_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	/* Another host answers the query first: this host sends no report, and later no leave. */
	query2(0, 200);
	igmp_in(GROUP, &report, sizeof(report), true);
	net_wait(21000);
	assert_int_equal(net_out_count, 3);
	leave(GROUP);
	net_wait(1000);
	assert_int_equal(net_out_count, 3);
	join(GROUP);
	net_wait(50);
	leave(GROUP);
	assert_int_equal(net_out_count, 5);
	is_message(4, IGMP_HOST_LEAVE_MESSAGE, GROUP, ip4(224, 0, 0, 2));
	net_wait(15000);
	assert_int_equal(net_out_count, 5);
}

/* RFC 3376 7.2.1: 270 s after the last query (2 * 125 s + its response time, 20 s), version 3 is used again. */
static void test_the_old_querier_leaves(void **state)
{
	query2(0, 200);
	net_wait(21000);
	join(GROUP);
	net_wait(12000);
	net_out_count = 0;
	query2(0, 200);
	net_wait(25000);
	assert_int_equal(net_out_count, 1);
	is_message(0, IGMPV2_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	net_wait(244000);
	assert_int_equal(igmp_version(&in_dev->mc), 2);
	net_wait(2000);
	assert_int_equal(igmp_version(&in_dev->mc), 3);
	net_out_count = 0;
	leave(GROUP);
	net_wait(50);
	is_record(0, IGMPV3_CHANGE_TO_INCLUDE, GROUP, 0, 0);
	settle();
}

static void test_version_1(void **state)
{
	query2(0, 0);
	assert_int_equal(igmp_version(&in_dev->mc), 1);
	join(GROUP);
	net_wait(11000);
	assert_int_equal(net_out_count, 2);
	is_message(0, IGMP_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	query2(0, 0);
	net_wait(10050);
	assert_int_equal(net_out_count, 3);
	leave(GROUP); /* version 1 has no leave */
	net_wait(1000);
	assert_int_equal(net_out_count, 3);
	net_wait(300000);
	assert_int_equal(igmp_version(&in_dev->mc), 3);
}

/* RFC 3376 7.2.1: a change of the version "cancels all its pending response and retransmission timers". */
static void test_a_change_of_the_version(void **state)
{
	query3(0, 200, 0, 0);
	join(GROUP);
	net_wait(50);
	is_record(0, IGMPV3_CHANGE_TO_EXCLUDE, GROUP, 0, 0);
	query2(0, 100);
	net_wait(21000);
	assert_int_equal(net_out_count, 2);
	is_message(1, IGMPV2_HOST_MEMBERSHIP_REPORT, GROUP, GROUP);
	net_wait(300000);
	assert_int_equal(igmp_version(&in_dev->mc), 3);
	leave(GROUP);
	settle();
}

/* ---- the device and the limits ------------------------------------------------------------------ */

/* A router may have lost its state while the link was down: the groups are reported again. */
static void test_the_link_comes_back(void **state)
{
	join(GROUP);
	settle();
	netif_carrier_off(eth0);
	netif_carrier_on(eth0);
	net_wait(50);
	for (unsigned int i = 0; i < net_out_count; i++) {
		if (net_out_type(i) == ETH_P_IP) {
			is_record(i, IGMPV3_CHANGE_TO_EXCLUDE, GROUP, 0, 0);
			leave(GROUP);
			settle();
			return;
		}
	}
	fail_msg("no report");
}

/* LIMIT(IGMP_GROUPS_MAX) */
static void test_groups_are_bounded(void **state)
{
	unsigned int n = IGMP_GROUPS_MAX - groups();

	/* The groups share 128 link addresses, so that this limit is reached first. */
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(ip_mc_inc_group(in_dev, ip4(239, i & 1 ? 128 : 0, 3, i / 2), 0),
				 0);
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP, MCAST_EXCLUDE), -ENOBUFS);
	/* A group that was left makes room, although its leave is not reported yet. */
	ip_mc_dec_group(in_dev, ip4(239, 0, 3, 0), MCAST_EXCLUDE);
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP, MCAST_EXCLUDE), 0);
	assert_int_equal(groups(), IGMP_GROUPS_MAX);
	leave(GROUP);
	for (unsigned int i = 1; i < n; i++)
		ip_mc_dec_group(in_dev, ip4(239, i & 1 ? 128 : 0, 3, i / 2), MCAST_EXCLUDE);
	settle();
	assert_int_equal(groups(), 1);
	assert_int_equal(eth0->mc_count, 1);
}

/* LIMIT(IGMP_SOURCES_MAX) */
static void test_sources_are_bounded(void **state)
{
	__be32 srcs[IGMP_SOURCES_MAX + 1];

	for (unsigned int i = 0; i <= IGMP_SOURCES_MAX; i++)
		srcs[i] = SRC(i);
	join(GROUP);
	settle();
	assert_int_equal(
		ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, srcs, IGMP_SOURCES_MAX + 1),
		-ENOBUFS);
	assert_true(ip_check_mc(in_dev, GROUP, SRC(0)));
	assert_int_equal(ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, srcs, IGMP_SOURCES_MAX),
			 0);
	net_wait(50);
	is_record(0, IGMPV3_BLOCK_OLD_SOURCES, GROUP, IGMP_SOURCES_MAX, 0);
	/*
	 * Sources that are no longer used make room, although no report has told the routers that
	 * the first source is no longer blocked.
	 */
	assert_int_equal(ip_mc_change_filter(in_dev, GROUP, 0, srcs, IGMP_SOURCES_MAX, 0, NULL, 0),
			 0);
	assert_int_equal(
		ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, srcs + 1, IGMP_SOURCES_MAX), 0);
	assert_int_equal(
		ip_mc_change_filter(in_dev, GROUP, 0, srcs + 1, IGMP_SOURCES_MAX, 0, NULL, 0), 0);
	leave(GROUP);
	settle();
	assert_int_equal(groups(), 1);
}

/*
 * With a small MTU, a long list of sources is split over several reports, except an EXCLUDE list
 * (RFC 3376 4.2.16).
 */
static void test_a_small_mtu(void **state)
{
	__be32 srcs[20];

	for (unsigned int i = 0; i < 20; i++)
		srcs[i] = SRC(i);
	join(GROUP);
	settle();
	eth0->mtu = 80; /* room for (80 - 24 - 8 - 8) / 4 = 10 sources */
	rt_cache_flush();
	ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, srcs, 20);
	net_wait(50);
	assert_int_equal(net_out_count, 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(ntohs(net_out_ip(i)->tot_len), 80);
	settle();
	query3(GROUP, 1, 0, 0);
	net_wait(200);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(ntohs(net_out_ip(0)->tot_len), 80);
	eth0->mtu = 1500;
	rt_cache_flush();
	ip_mc_change_filter(in_dev, GROUP, 0, srcs, 20, 0, NULL, 0);
	leave(GROUP);
	settle();
}

/* Each allocation fails once: nothing changes, and nothing leaks. */
static void test_without_memory(void **state)
{
	const __be32 one[] = {SRC(1)};

	for (long n = 0; n < 2; n++) {
		unit_fail_after(n);
		assert_int_equal(ip_mc_inc_group(in_dev, GROUP, MCAST_EXCLUDE), -ENOMEM);
		unit_fail_after(-1);
		assert_int_equal(groups(), 1);
		assert_int_equal(eth0->mc_count, 1);
	}
	join(GROUP);
	settle();
	unit_fail_after(0);
	assert_int_equal(ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, one, 1), -ENOMEM);
	unit_fail_after(-1);
	query3(GROUP, 1, 0, 0);
	unit_fail_after(0);
	net_wait(200); /* the report is due, but its allocation fails */
	unit_fail_after(-1);
	assert_int_equal(net_out_count, 0);
	leave(GROUP);
	settle();
}

/* ---- receiving ---------------------------------------------------------------------------------- */

static void packet_in(__be32 saddr, __be32 daddr)
{
	u8 frame[128];

	net_in(frame, net_ip_frame(frame, saddr, daddr, TEST_PROTO, "data", 4));
}

static void test_only_joined_groups_are_received(void **state)
{
	u64 dropped = skb_drop_count[SKB_DROP_REASON_IP_NOGROUP];
	u64 errors = snmp_counters[SNMP_IpInAddrErrors];
	const __be32 blocked[] = {PEER};

	delivered = 0;
	packet_in(PEER, GROUP);
	assert_int_equal(delivered, 0);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IP_NOGROUP], dropped + 1);
	assert_int_equal(snmp_counters[SNMP_IpInAddrErrors], errors);
	packet_in(PEER, ALL_HOSTS);
	assert_int_equal(delivered, 1);
	packet_in(0, ALL_HOSTS);
	assert_int_equal(delivered, 2);
	join(GROUP);
	packet_in(PEER, GROUP);
	assert_int_equal(delivered, 3);
	packet_in(0, GROUP); /* the source 0.0.0.0 is valid only for groups like 224.0.0.1 */
	packet_in(ME, GROUP);
	assert_int_equal(delivered, 3);
	ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, blocked, 1);
	packet_in(PEER, GROUP);
	assert_int_equal(delivered, 3);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_IP_NOGROUP], dropped + 2);
	ip_mc_change_filter(in_dev, GROUP, 0, blocked, 1, 0, NULL, 0);
	leave(GROUP);
	settle();
}

/* Calls the show() of a /proc file and compares its text. */
static void shows(const char *path, const char *expected)
{
	struct seq_file m = {0};
	unsigned int i = 0;

	while (strcmp(proc_nth(i)->path, path))
		i++;
	assert_int_equal(proc_nth(i)->show(&m), 0);
	assert_int_equal(m.count, strlen(expected));
	assert_memory_equal(m.buf, expected, m.count);
	kfree(m.buf);
}

/* The first lines are those of a Linux host whose only interface is "lo"; the others follow its format. */
static void test_proc(void **state)
{
	const __be32 blocked[] = {SRC(1)};

	join(GROUP);
	ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, blocked, 1);
	settle();
	shows("net/igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
			  "1\tlo        :     1      V3\n"
			  "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
			  "2\teth0      :     2      V3\n"
			  "\t\t\t\t030201EF     1 0:00000000\t\t0\n"
			  "\t\t\t\t010000E0     1 0:00000000\t\t0\n");
	shows("net/mcfilter", "Idx Device        MCA        SRC    INC    EXC\n"
			      "  2   eth0 0xef010203 0xc0000201      0      1\n");
	ip_mc_change_filter(in_dev, GROUP, 0, blocked, 1, 0, NULL, 0);
	leave(GROUP);
	settle();
}

/* The last test: eth0 is unregistered while it has a group, a source filter and a report that is due. */
static void test_the_device_goes(void **state)
{
	const __be32 blocked[] = {SRC(1)};

	join(GROUP);
	ip_mc_change_filter(in_dev, GROUP, 0, NULL, 0, 0, blocked, 1);
	unregister_netdevice(eth0);
	assert_null(eth0->ip_ptr);
	net_wait(2000);
	assert_int_equal(net_out_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_join_and_leave),
		net_test(test_all_hosts_is_never_reported),
		net_test(test_sources_that_are_included),
		net_test(test_sources_that_are_excluded),
		net_test(test_queries),
		net_test(test_queries_that_are_ignored),
		net_test(test_a_query_about_many_sources),
		net_test(test_answers_are_bounded),
		net_test(test_version_2),
		net_test(test_the_old_querier_leaves),
		net_test(test_version_1),
		net_test(test_a_change_of_the_version),
		net_test(test_the_link_comes_back),
		net_test(test_groups_are_bounded),
		net_test(test_sources_are_bounded),
		net_test(test_a_small_mtu),
		net_test(test_without_memory),
		net_test(test_only_joined_groups_are_received),
		net_test(test_proc),
		net_test(test_the_device_goes),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

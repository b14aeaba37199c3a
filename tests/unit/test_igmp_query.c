/* SPDX-License-Identifier: MIT */
/*
 * IGMP: the fields of a query of version 3 that set times and counts. RFC 3376 4.1.1, 4.1.6, 4.1.7 and
 * 4.1.10. test_igmp.c tests the answers.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/in.h"
#include "net/ipv4/igmp.h"

#define GROUP     ip4(239, 1, 2, 3)
#define ALL_HOSTS ip4(224, 0, 0, 1)

static struct igmp_if *mc;

/* Receives a query of @len bytes, with the Router Alert option; its checksum is filled in. */
static void query_in(void *query, unsigned int len)
{
	static u8 frame[128];
	struct iphdr *iph = (struct iphdr *)(frame + sizeof(struct ethhdr));
	u8 payload[64] = {0x94, 4, 0, 0};

	((struct igmphdr *)query)->csum = 0;
	((struct igmphdr *)query)->csum = ip_compute_csum(query, len);
	memcpy(payload + 4, query, len);
	len = net_ip_frame(frame, PEER, ALL_HOSTS, IPPROTO_IGMP, payload, 4 + len);
	iph->ihl = 6;
	iph->check = 0;
	iph->check = ip_fast_csum(iph, 6);
	net_in(frame, len);
}

/* Joins and leaves a group. Returns the number of reports for each of the two changes. */
static unsigned int reports_of_a_change(void)
{
	unsigned int joined;

	net_out_count = 0;
	assert_int_equal(ip_mc_inc_group(eth0->ip_ptr, GROUP, MCAST_EXCLUDE), 0);
	net_wait(10000);
	joined = net_out_count;
	ip_mc_dec_group(eth0->ip_ptr, GROUP, MCAST_EXCLUDE);
	net_wait(10000);
	assert_int_equal(net_out_count, 2 * joined);
	return joined;
}

/*
 * A time from 128 on is a floating-point number. The host takes over the querier's robustness and
 * interval. Bytes behind the query count in the checksum only.
 */
static void test_fields_of_a_query(void **state)
{
	u8 buf[sizeof(struct igmpv3_query) + 5] = {0};
	struct igmpv3_query *q = (struct igmpv3_query *)buf;
	struct igmphdr old = {.type = IGMP_HOST_MEMBERSHIP_QUERY, .code = 10};
	unsigned long longest = 0;

	assert_int_equal(reports_of_a_change(), IGMP_QRV);
	q->type = IGMP_HOST_MEMBERSHIP_QUERY;
	q->code = 0x8f; /* (0x10 | 0xf) << 3 = 248 tenths of a second */
	q->qrv = 3;
	q->qqic = 0x82; /* (0x10 | 2) << 3 = 144 s */
	memset(buf + sizeof(*q), 0xa5, 5);
	assert_int_equal(ip_mc_inc_group(eth0->ip_ptr, GROUP, MCAST_EXCLUDE), 0);
	net_wait(10000);
	for (unsigned int i = 0; i < 30; i++) {
		query_in(q, sizeof(buf));
		assert_true(mc->general_expires - jiffies <= 248 * HZ / 10);
		longest = max(longest, mc->general_expires - jiffies);
		net_out_count = 0;
		net_wait(24900);
		assert_int_equal(net_out_count, 1);
	}
	/* Read as a plain number, the code would be 143, and no answer would wait as long as this one. */
	assert_true(longest > 150 * HZ / 10);
	ip_mc_dec_group(eth0->ip_ptr, GROUP, MCAST_EXCLUDE);
	net_wait(10000);
	assert_int_equal(reports_of_a_change(), 3);

	/* RFC 3376 8.12: version 2 lasts for robustness * interval + response time = 3 * 144 + 1 s. */
	query_in(&old, sizeof(old));
	net_wait(432900);
	assert_int_equal(igmp_version(mc), 2);
	net_wait(200);
	assert_int_equal(igmp_version(mc), 3);
}

static int boot(void **state)
{
	net_boot(state);
	mc = &((struct in_device *)eth0->ip_ptr)->mc;
	net_wait(5000); /* until the ARP announcements of eth0's address are sent */
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_fields_of_a_query),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

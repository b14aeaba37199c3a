/* SPDX-License-Identifier: MIT */
/* ICMP: echo replies, received errors, sent errors, and the rate limits of sent errors. */
#include "tests/unit/unit_net.h"

#define TEST_PROTO 200

static unsigned int errors_told;
static u32 last_info;

static enum skb_drop_reason test_handler(struct sk_buff *skb)
{
	consume_skb(skb);
	return SKB_CONSUMED;
}

static void test_err_handler(struct sk_buff *skb, u32 info)
{
	errors_told++;
	last_info = info;
	assert_int_equal(((const struct iphdr *)skb->data)->protocol, TEST_PROTO);
	assert_true(skb->len >= 28);
}

static void icmp_in(__be32 daddr, u8 type, u8 code, u32 rest, const void *data, unsigned int len)
{
	static u8 frame[4096];
	u8 payload[2000];
	struct icmphdr *icmph = (struct icmphdr *)payload;

	*icmph = (struct icmphdr){.type = type, .code = code};
	icmph->un.gateway = htonl(rest);
	memcpy(icmph + 1, data, len);
	icmph->checksum = ip_compute_csum(payload, sizeof(*icmph) + len);
	net_in(frame, net_ip_frame(frame, PEER, daddr, 1, payload, sizeof(*icmph) + len));
}

static void test_echo(void **state)
{
	u8 data[1472];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = unit_random();
	net_know_peer();
	for (unsigned int len = 0; len <= sizeof(data); len += len < 64 ? 1 : 128) {
		struct icmphdr *icmph;

		net_out_count = 0;
		icmp_in(ME, ICMP_ECHO, 0, 0x12345678, data, len);
		assert_int_equal(net_out_count, 1);
		assert_int_equal(net_out[0].len, 14 + 20 + 8 + len);
		icmph = (struct icmphdr *)(net_out_ip(0) + 1);
		assert_int_equal(icmph->type, ICMP_ECHOREPLY);
		assert_int_equal(icmph->un.gateway, htonl(0x12345678));
		assert_int_equal(ip_compute_csum(icmph, 8 + len), 0);
		assert_memory_equal(icmph + 1, data, len);
		assert_int_equal(net_out_ip(0)->daddr, PEER);
		assert_int_equal(net_out_ip(0)->saddr, ME);
	}
	net_out_count = 0;
	icmp_in(ip4(10, 0, 2, 255), ICMP_ECHO, 0, 1, data, 10);
	assert_int_equal(net_out_count, 0);
}

static void test_bad_messages(void **state)
{
	static u8 frame[128];
	u64 csum = skb_drop_count[SKB_DROP_REASON_ICMP_CSUM];
	u64 cut = skb_drop_count[SKB_DROP_REASON_ICMP_SHORT];
	u64 ignored = skb_drop_count[SKB_DROP_REASON_ICMP_IGNORED];
	u8 echo[16] = {ICMP_ECHO};

	net_in(frame, net_ip_frame(frame, PEER, ME, 1, echo, sizeof(echo)));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_CSUM], csum + 1);
	for (unsigned int len = 0; len < 8; len++)
		net_in(frame, net_ip_frame(frame, PEER, ME, 1, echo, len));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_SHORT], cut + 8);
	icmp_in(ME, ICMP_REDIRECT, 1, 0x0a000203, echo, sizeof(echo));
	icmp_in(ME, 15, 0, 0, echo, sizeof(echo));
	icmp_in(ME, 99, 0, 0, echo, sizeof(echo));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_IGNORED], ignored + 3);
	assert_int_equal(net_out_count, 0);
}

static void test_errors_reach_the_protocol(void **state)
{
	u64 bad = skb_drop_count[SKB_DROP_REASON_ICMP_BAD_QUOTE];
	u8 frame[128] = {0}, *quote = frame + 14;

	net_ip_frame(frame, ME, PEER, TEST_PROTO, "portport", 8);
	errors_told = 0;
	icmp_in(ME, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, quote, 28);
	assert_int_equal(errors_told, 1);
	icmp_in(ME, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400, quote, 28);
	assert_int_equal(last_info, 1400);
	put_unaligned_be16(1500, quote + 2);
	icmp_in(ME, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, quote, 28);
	assert_int_equal(last_info, 1492);
	icmp_in(ME, ICMP_TIME_EXCEEDED, 0, 0, quote, 28);
	assert_int_equal(errors_told, 4);

	/* Errors whose quoted header is truncated, or quotes a packet that we did not send, are dropped. */
	for (unsigned int len = 0; len < 28; len++)
		icmp_in(ME, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, quote, len);
	net_ip_frame(frame, ip4(10, 0, 2, 99), PEER, TEST_PROTO, "portport", 8);
	icmp_in(ME, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, quote, 28);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_BAD_QUOTE], bad + 29);
	/* The quoted header length points past the end of the message. */
	net_ip_frame(frame, ME, PEER, TEST_PROTO, "portport", 8);
	quote[0] = 0x4f;
	icmp_in(ME, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, quote, 28);
	assert_int_equal(errors_told, 4);
}

static void strange_in(__be32 saddr, unsigned int len)
{
	static u8 frame[4096];
	static const u8 payload[2000] = {1, 2, 3};

	net_in(frame, net_ip_frame(frame, saddr, ME, 201, payload, len));
}

static void test_unknown_protocol(void **state)
{
	const struct icmphdr *icmph;

	net_know_peer();
	strange_in(PEER, 1000);
	assert_int_equal(net_out_count, 1);
	icmph = (const struct icmphdr *)(net_out_ip(0) + 1);
	assert_int_equal(icmph->type, ICMP_DEST_UNREACH);
	assert_int_equal(icmph->code, ICMP_PROT_UNREACH);
	assert_int_equal(ntohs(net_out_ip(0)->tot_len), 576);
	assert_int_equal(ip_compute_csum(icmph, 556), 0);
	assert_int_equal(((const u8 *)(icmph + 1))[9], 201);
}

/* RFC 1812 4.3.2.5: an error has the precedence of internetwork control, and the TOS bits of its cause. */
static void test_errors_have_a_precedence(void **state)
{
	static u8 frame[128];
	unsigned int len = net_ip_frame(frame, PEER, ME, 201, "12345678", 8);
	struct iphdr *iph = (struct iphdr *)(frame + 14);

	net_wait(10000);
	net_know_peer();
	iph->tos = 0x3c;
	iph->check = 0;
	iph->check = ip_fast_csum(iph, 5);
	net_in(frame, len);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(net_out_ip(0)->tos, 0xc0 | 0x1c);
	assert_int_equal(net_out_ip(0)->ttl, 64);
}

/*
 * Receives a datagram of protocol 201, or an ICMP message of @type with a source route, which this
 * host refuses. Returns the number of ICMP errors that it sends.
 */
static unsigned int errors_about(__be32 saddr, __be32 daddr, u8 to_link, u8 protocol, u8 type)
{
	static u8 frame[128];
	u8 payload[16] = {131, 3, 4, 0, type};
	struct iphdr *iph = (struct iphdr *)(frame + 14);
	unsigned int len = net_ip_frame(frame, saddr, daddr, protocol, payload, sizeof(payload));

	if (protocol == 1) {
		iph->ihl = 6;
		iph->check = 0;
		iph->check = ip_fast_csum(iph, 6);
	}
	if (to_link)
		memset(frame, to_link, 6);
	net_wait(10000); /* long enough that the rate limits allow another error */
	net_know_peer();
	net_out_count = 0;
	net_in(frame, len);
	return net_out_count;
}

/*
 * RFC 1122 3.2.2: no error is sent about an ICMP error, about a packet to a broadcast or group
 * address, or to a source that is not a single host.
 */
static void test_no_error_about(void **state)
{
	static const u8 errors[] = {ICMP_DEST_UNREACH, ICMP_SOURCE_QUENCH, ICMP_REDIRECT,
				    ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB};
	const __be32 to[] = {ip4(10, 0, 2, 255), 0xffffffff, ip4(224, 0, 0, 1)};
	const __be32 from[] = {0, ip4(10, 0, 2, 255), 0xffffffff, ip4(224, 0, 0, 1),
			       ip4(127, 0, 0, 1)};

	assert_int_equal(errors_about(PEER, ME, 0, 201, 0), 1);
	assert_int_equal(errors_about(PEER, ME, 0, 1, ICMP_ECHO), 1);
	assert_int_equal(errors_about(PEER, ME, 0, 1, 13), 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++)
		assert_int_equal(errors_about(PEER, ME, 0, 1, errors[i]), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(to); i++)
		assert_int_equal(errors_about(PEER, to[i], 0, 201, 0), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(from); i++)
		assert_int_equal(errors_about(from[i], ME, 0, 201, 0), 0);
	/* to this host, but in a frame for all stations, or for a group of them */
	assert_int_equal(errors_about(PEER, ME, 0xff, 201, 0), 0);
	assert_int_equal(errors_about(PEER, ME, 0x01, 201, 0), 0);
}

/* Errors to one host are limited to a burst, then to one per interval.  LIMIT(ICMP_BURST) LIMIT(ICMP_RATELIMIT_MS) */
static void test_errors_are_limited(void **state)
{
	u64 limited = skb_drop_count[SKB_DROP_REASON_ICMP_RATELIMIT];
	unsigned int sent = 0;

	net_wait(20000);
	net_know_peer();
	for (unsigned int i = 0; i < 20; i++)
		strange_in(PEER, 10);
	assert_int_equal(net_out_count, ICMP_BURST);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_ICMP_RATELIMIT], limited + 14);
	net_wait(2100);
	net_out_count = 0;
	for (unsigned int i = 0; i < 20; i++)
		strange_in(PEER, 10);
	assert_int_equal(net_out_count, 2);

	/* Errors to many different hosts: the global limit applies. */
	net_wait(1000);
	for (unsigned int i = 0; i < 200; i++) {
		net_know_peer();
		strange_in(ip4(70, 0, 0, i), 10);
		sent += net_out_count;
	}
	assert_in_range(sent, ICMP_MSGS_BURST / 2, ICMP_MSGS_BURST * 3 / 2);
}

static int boot(void **state)
{
	static const struct net_protocol proto = {.handler = test_handler,
						  .err_handler = test_err_handler};

	net_boot(state);
	net_wait(5000);
	return inet_add_protocol(&proto, TEST_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_echo),
		net_test(test_bad_messages),
		net_test(test_errors_reach_the_protocol),
		net_test(test_unknown_protocol),
		net_test(test_errors_have_a_precedence),
		net_test(test_no_error_about),
		net_test(test_errors_are_limited),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

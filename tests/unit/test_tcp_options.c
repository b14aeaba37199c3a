/* SPDX-License-Identifier: MIT */
/*
 * Parsing the options of a TCP header: malformed options, options in any order, and options that only a
 * SYN may carry.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_in.h"

static struct sk_buff *skb;
static struct tcp_options_received opt;

static int setup(void **state)
{
	(void)state;
	unit_memory(4096, true);
	skb_init();
	memset(&opt, 0, sizeof(opt));
	opt.mss_clamp = TCP_MSS_DEFAULT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (skb)
		consume_skb(skb);
	skb = NULL;
	return 0;
}

/* Makes a header with @options, padded with EOL.  The buffer ends with the header, so the sanitizer sees an overrun. */
static void header(bool syn, const void *options, unsigned int len)
{
	unsigned int doff = (sizeof(struct tcphdr) + len + 3) / 4;
	struct tcphdr *th;

	if (skb)
		consume_skb(skb);
	skb = alloc_skb(doff * 4, GFP_KERNEL);
	skb_reset_transport_header(skb);
	th = memset(skb_put(skb, doff * 4), 0, doff * 4);
	th->doff = doff;
	th->syn = syn;
	memcpy(th + 1, options, len);
}
#define HEADER(syn, ...)                                                                           \
	do {                                                                                       \
		const u8 _o[] = {__VA_ARGS__};                                                     \
		header(syn, _o, sizeof(_o));                                                       \
	} while (0)

static void test_options_of_a_syn(void **state)
{
	(void)state;
	HEADER(true, 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7);
	assert_true(tcp_parse_options(skb, &opt, false));
	assert_int_equal(opt.mss_clamp, 1460);
	assert_true(opt.saw_tstamp && opt.wscale_ok);
	assert_int_equal(opt.rcv_tsval, 0x01020304);
	assert_int_equal(opt.snd_wscale, 7);
	assert_true(opt.sack_ok);
}

static void test_bounds_of_values(void **state)
{
	(void)state;
	HEADER(true, 3, 3, 200, 2, 4, 0, 0);
	assert_true(tcp_parse_options(skb, &opt, false));
	assert_int_equal(opt.snd_wscale, TCP_MAX_WSCALE);
	assert_int_equal(opt.mss_clamp, TCP_MSS_DEFAULT); /* an MSS option of 0 counts as absent */
	opt.user_mss = 500;
	HEADER(true, 2, 4, 0x05, 0xb4);
	assert_true(tcp_parse_options(skb, &opt, false));
	assert_int_equal(opt.mss_clamp, 500);
}

static void test_only_a_syn_negotiates(void **state)
{
	(void)state;
	HEADER(false, 2, 4, 0x05, 0xb4, 3, 3, 7, 0);
	assert_true(tcp_parse_options(skb, &opt, true));
	HEADER(false, 2, 4, 0x05, 0xb4, 3, 3, 7, 0);
	assert_true(tcp_parse_options(skb, &opt, false));
	assert_int_equal(opt.mss_clamp, TCP_MSS_DEFAULT);
	assert_false(opt.wscale_ok);
	/* A timestamp is ignored if timestamps were not negotiated. */
	HEADER(false, 8, 10, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1);
	assert_true(tcp_parse_options(skb, &opt, true));
	assert_false(opt.saw_tstamp);
	opt.tstamp_ok = 1;
	assert_true(tcp_parse_options(skb, &opt, true));
	assert_true(opt.saw_tstamp);
}

static void test_malformed(void **state)
{
	(void)state;
	HEADER(true, 1, 1, 1, 2); /* a kind without a length */
	assert_false(tcp_parse_options(skb, &opt, false));
	HEADER(true, 9, 0, 1, 1); /* length 0: a careless parser would loop for ever */
	assert_false(tcp_parse_options(skb, &opt, false));
	HEADER(true, 9, 1, 1, 1);
	assert_false(tcp_parse_options(skb, &opt, false));
	/* This option is longer than the rest of the header. */
	HEADER(true, 8, 10, 1, 1, 1, 1, 2, 2);
	assert_false(tcp_parse_options(skb, &opt, false));
	assert_false(opt.saw_tstamp);
	/* Known options of a wrong length are skipped; the options after them are parsed. */
	HEADER(true, 2, 3, 9, 3, 4, 9, 9, 8, 4, 9, 9, 253, 5, 1, 2, 3, 2, 4, 0x02, 0x00, 0, 3, 3,
	       5);
	assert_true(tcp_parse_options(skb, &opt, false));
	assert_int_equal(opt.mss_clamp, 512);
	assert_false(opt.wscale_ok || opt.saw_tstamp); /* options after EOL are ignored */
}

/* Random bytes as options: the sanitizer checks that no byte outside of the header is read. */
static void test_random_bytes(void **state)
{
	u8 bytes[MAX_TCP_OPTION_SPACE];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned int len = unit_random() % (sizeof(bytes) + 1);

		for (unsigned int i = 0; i < len; i++)
			bytes[i] = unit_random() % 4 ? unit_random() % 12 : unit_random();
		header(unit_random() & 1, bytes, len);
		tcp_parse_options(skb, &opt, unit_random() & 1);
		assert_true(opt.snd_wscale <= TCP_MAX_WSCALE);
		assert_true(opt.mss_clamp);
	}
}

static void test_echo_is_unshifted(void **state)
{
	static struct tcp_sock tp;

	(void)state;
	memset(&tp, 0, sizeof(tp));
	tp.rx_opt.tstamp_ok = 1;
	tp.tsoffset = 100;
	HEADER(false, 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 150);
	assert_true(tcp_fast_parse_options(skb, &tp));
	assert_int_equal(tp.rx_opt.rcv_tsval, 7);
	assert_int_equal(tp.rx_opt.rcv_tsecr, 50);
	/* A timestamp echo of 0 means "no echo", so tsoffset is not subtracted. */
	HEADER(false, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 1);
	assert_true(tcp_fast_parse_options(skb, &tp));
	assert_int_equal(tp.rx_opt.rcv_tsecr, 0);
	HEADER(false, 1);
	assert_false(tcp_fast_parse_options(skb, &tp));
	assert_false(tp.rx_opt.saw_tstamp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_options_of_a_syn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds_of_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_a_syn_negotiates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_echo_is_unshifted, setup, teardown),
	};

	return cmocka_run_group_tests_name("TCP options", tests, NULL, NULL);
}

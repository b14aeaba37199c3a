/* SPDX-License-Identifier: MIT */
/* The kernel's Internet checksum against RFC 1071's example and the independent implementation in tests/wire/pkt.h. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "net/core/checksum.h"
#include "tests/wire/pkt.h"

static u16 folded(__wsum sum)
{
	return ntohs((u16)~csum_fold(sum));
}

/* Compares modulo 0xffff, because ones' complement has two zeros: 0 and 0xffff. */
static void assert_same_sum(u16 a, u16 b)
{
	assert_int_equal(a % 0xffff, b % 0xffff);
}

static void test_rfc1071_example(void **state)
{
	static const u8 bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(folded(csum_partial(bytes, sizeof(bytes), 0)), 0xddf2);
	assert_int_equal(ntohs(ip_compute_csum(bytes, sizeof(bytes))), 0x220d);
}

static void test_every_length_and_alignment(void **state)
{
	static u8 buf[1600];

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < sizeof(buf); i++)
			buf[i] = round == 0 ? unit_random() : round == 1 ? 0xff : 0;
		for (unsigned int offset = 0; offset < 9; offset++) {
			for (unsigned int len = 0; len < 300; len++) {
				u16 want = pkt_sum(buf + offset, len, 0);
				__wsum sum = csum_partial(buf + offset, len, 0);

				assert_same_sum(folded(sum), want);
			}
		}
	}
	assert_same_sum(folded(csum_partial(buf, 1500, 0)), pkt_sum(buf, 1500, 0));
}

static void test_sums_go_on_and_join(void **state)
{
	u8 buf[777];

	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = unit_random();
	for (unsigned int cut = 0; cut <= sizeof(buf); cut++) {
		u16 want = pkt_sum(buf, sizeof(buf), 0);
		__wsum a = csum_partial(buf, cut, 0);
		__wsum b = csum_partial(buf + cut, sizeof(buf) - cut, 0);

		assert_same_sum(folded(csum_block_add(a, b, cut)), want);
		if (!(cut & 1))
			assert_same_sum(folded(csum_partial(buf + cut, sizeof(buf) - cut, a)),
					want);
	}
	assert_same_sum(folded(csum_partial(buf, 8, 0xffffffff)), pkt_sum(buf, 8, 0xffff));
}

static void test_pseudo_header(void **state)
{
	static const u8 pseudo[] = {192, 168, 1, 200, 10, 0, 2, 15, 0, 6, 0x12, 0x34};
	__be32 saddr, daddr;

	memcpy(&saddr, pseudo, 4);
	memcpy(&daddr, pseudo + 4, 4);
	assert_same_sum(folded(csum_tcpudp_nofold(saddr, daddr, 0x1234, 6, 0)),
			pkt_sum(pseudo, sizeof(pseudo), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc1071_example),
		cmocka_unit_test(test_every_length_and_alignment),
		cmocka_unit_test(test_sums_go_on_and_join),
		cmocka_unit_test(test_pseudo_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

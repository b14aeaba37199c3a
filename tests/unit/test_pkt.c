/* SPDX-License-Identifier: MIT */
/*
 * Tests tests/wire/pkt.h, with which other tests check the kernel's packets.  The expected checksums are
 * those of RFC 1071's examples and of packets that Linux 6.18 wrote to a TUN device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/wire/pkt.h"

#define LINUX     0xc0000201 /* 192.0.2.1 */
#define PEER      0xc0000202
#define SYN_LEN   60
#define ERROR_LEN 61

/* Linux's SYN of a connect() to port 7, with the options MSS 1460, SACK permitted, timestamps, window scale 10. */
static const uint8_t linux_syn[PKT_ETH + SYN_LEN] =
	"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0"
	"\x45\x00\x00\x3c\xe1\x3f\x40\x00\x40\x06\xd5\x78\xc0\x00\x02\x01\xc0\x00\x02\x02"
	"\x9c\x41\x00\x07\x32\xef\xa5\x32\x00\x00\x00\x00\xa0\x02\xfa\xf0\x9c\x87\x00\x00"
	"\x02\x04\x05\xb4\x04\x02\x08\x0a\xd8\xc9\xdf\x4c\x00\x00\x00\x00\x01\x03\x03\x0a";

/* Linux's ICMP "port unreachable" about a UDP datagram of five bytes, so its length is odd. */
static const uint8_t linux_error[ERROR_LEN] =
	"\x45\xc0\x00\x3d\x9c\xe3\x00\x00\x40\x01\x59\x19\xc0\x00\x02\x01\xc0\x00\x02\x02"
	"\x03\x03\x8e\x25\x00\x00\x00\x00"
	"\x45\x00\x00\x21\x00\x07\x00\x00\x40\x11\xf6\xc1\xc0\x00\x02\x02\xc0\x00\x02\x01"
	"\x13\x88\x17\x70\x00\x0d\x00\x00hello";

/* RFC 1071, section 3: the same bytes summed at once, in two groups, and with the bytes of each word swapped. */
static void test_rfc1071_examples(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t swapped[] = {0x01, 0x00, 0x03, 0xf2, 0xf5, 0xf4, 0xf7, 0xf6};

	assert_int_equal(pkt_sum(bytes, sizeof(bytes), 0), 0xddf2);
	assert_int_equal(pkt_checksum(bytes, sizeof(bytes), 0), 0x220d);
	assert_int_equal(pkt_sum(bytes, 4, 0), 0xf204);
	assert_int_equal(pkt_sum(bytes + 4, 4, 0), 0xebed);
	assert_int_equal(pkt_sum(bytes + 4, 4, 0xf204), 0xddf2);
	assert_int_equal(pkt_sum(swapped, sizeof(swapped), 0), 0xf2dd);
}

static void test_an_odd_byte_is_the_first_of_its_word(void **state)
{
	static const uint8_t bytes[] = {0x12, 0x34, 0x56};

	assert_int_equal(pkt_sum(bytes, 3, 0), 0x1234 + 0x5600);
	assert_int_equal(pkt_sum(bytes, 1, 0), 0x1200);
	assert_int_equal(pkt_sum(bytes, 0, 0), 0);
}

static void test_the_longest_packet_is_summed_without_a_loss(void **state)
{
	static uint8_t ones[65535];

	memset(ones, 0xff, sizeof(ones));
	/* All ones is -0 in ones' complement. An odd last byte is padded with a zero byte to a 16-bit word. */
	assert_int_equal(pkt_sum(ones, 65534, 0), 0xffff);
	assert_int_equal(pkt_sum(ones, 65535, 0xffffffff), 0xff00);
}

static void test_a_syn_of_linux_is_read(void **state)
{
	struct pkt_options options;
	struct pkt_tcp t;

	assert_true(pkt_is_tcp(linux_syn, sizeof(linux_syn)));
	assert_null(pkt_read_tcp(linux_syn, sizeof(linux_syn), &t));
	assert_null(pkt_check_sums(linux_syn));
	assert_int_equal(t.sport, 40001);
	assert_int_equal(t.dport, 7);
	assert_int_equal(t.seq, 0x32efa532);
	assert_int_equal(t.flags, 0x02);
	assert_int_equal(t.window, 64240);
	assert_int_equal(t.header, 40);
	assert_int_equal(t.len, 0);
	assert_null(pkt_read_options(t.options, t.options_len, &options));
	assert_true(options.has_mss && options.has_wscale && options.has_ts &&
		    options.sack_permitted);
	assert_int_equal(options.mss, 1460);
	assert_int_equal(options.wscale, 10);
	assert_int_equal(options.tsval, 0xd8c9df4c);
	assert_int_equal(options.tsecr, 0);
}

static void test_a_syn_of_linux_is_made(void **state)
{
	uint8_t frame[sizeof(linux_syn)], *ip = frame + PKT_ETH;
	struct pkt_tcp t;

	assert_null(pkt_read_tcp(linux_syn, sizeof(linux_syn), &t));
	pkt_put_eth(frame, 0x020000000002, 0x020000000001, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_TCP, LINUX, PEER, SYN_LEN - PKT_IP);
	/* Linux set an IP identification and DF; copy these and correct the header checksum. */
	assert_int_equal(pkt_sum(ip, PKT_IP, 0), 0xffff);
	memcpy(ip + 4, linux_syn + PKT_ETH + 4, 4);
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP, 0));
	pkt_put_tcp(ip + PKT_IP, &t);
	memcpy(ip + PKT_IP + PKT_TCP, t.options, t.options_len);
	pkt_sum_tcp(ip, SYN_LEN - PKT_IP);
	assert_memory_equal(frame, linux_syn, sizeof(frame));
}

static void test_an_icmp_error_of_linux_is_summed(void **state)
{
	uint8_t packet[ERROR_LEN];

	memcpy(packet, linux_error, sizeof(packet));
	assert_int_equal(pkt_sum(packet, PKT_IP, 0), 0xffff);
	pkt_sum_icmp(packet + PKT_IP, sizeof(packet) - PKT_IP);
	assert_memory_equal(packet, linux_error, sizeof(packet));
}

/* Changes each byte of the packet in turn: the header parser or a checksum must detect it. */
static void test_a_changed_byte_is_noticed(void **state)
{
	struct pkt_tcp t;

	for (unsigned int at = PKT_ETH; at < sizeof(linux_syn); at++) {
		uint8_t frame[sizeof(linux_syn)];

		memcpy(frame, linux_syn, sizeof(frame));
		frame[at] ^= 0x40;
		assert_true(pkt_read_tcp(frame, sizeof(frame), &t) || pkt_check_sums(frame));
	}
}

static void test_impossible_headers_are_named(void **state)
{
	static const struct {
		unsigned int at, value;
		const char *says;
	} rows[] = {
		{PKT_ETH, 0x65, "lengths of the IP header"},
		{PKT_ETH, 0x44, "lengths of the IP header"},
		{PKT_ETH + 3, SYN_LEN + 1, "lengths of the IP header"},
		{PKT_ETH + 3, 39, "lengths of the IP header"},
		{PKT_ETH + PKT_IP + 12, 0x40, "data offset"},
		{PKT_ETH + PKT_IP + 12, 0xb0, "data offset"},
	};
	struct pkt_tcp t;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t frame[sizeof(linux_syn)];

		memcpy(frame, linux_syn, sizeof(frame));
		frame[rows[i].at] = rows[i].value;
		assert_string_equal(pkt_read_tcp(frame, sizeof(frame), &t), rows[i].says);
	}
	assert_false(pkt_is_tcp(linux_syn, PKT_ETH + PKT_IP + PKT_TCP - 1));
}

static void test_wrong_options_are_named(void **state)
{
	struct pkt_options o;

	/* Bytes after "end of options" (0) are ignored. */
	assert_null(pkt_read_options((const uint8_t *)"\0\xff", 2, &o));
	assert_null(pkt_read_options((const uint8_t *)"\xfd\x04zz", 4, &o));
	assert_non_null(pkt_read_options((const uint8_t *)"\x02", 1, &o));
	assert_non_null(pkt_read_options((const uint8_t *)"\x01\x02\x04\x05", 4, &o));
	assert_non_null(pkt_read_options((const uint8_t *)"\xfd\x01", 2, &o));
	assert_non_null(pkt_read_options((const uint8_t *)"\x03\x04\x01\x01", 4, &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc1071_examples),
		cmocka_unit_test(test_an_odd_byte_is_the_first_of_its_word),
		cmocka_unit_test(test_the_longest_packet_is_summed_without_a_loss),
		cmocka_unit_test(test_a_syn_of_linux_is_read),
		cmocka_unit_test(test_a_syn_of_linux_is_made),
		cmocka_unit_test(test_an_icmp_error_of_linux_is_summed),
		cmocka_unit_test(test_a_changed_byte_is_noticed),
		cmocka_unit_test(test_impossible_headers_are_named),
		cmocka_unit_test(test_wrong_options_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

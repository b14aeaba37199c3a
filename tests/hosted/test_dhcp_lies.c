/* SPDX-License-Identifier: MIT */
/*
 * The DHCP client with servers and hosts that lie: answers that are not for it, malformed messages,
 * values that no host can use, endless refusals, and the limits. test_dhcp.c has honest servers.
 */
#include "tests/hosted/dhcp_peer.h"

#include <stdio.h>

/* Boots a client that waits for an offer, with an xid that is known. */
static void boot_selecting(void)
{
	peer.silent = true;
	dhcp_boot("ip=dhcp");
	scene_sleep(1 * SEC);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
}

/* Returns how many packets were dropped for @reason since the boot. */
static uint64_t drops(const char *reason)
{
	const char *line = strstr(scene_proc(A, "/proc/net/drops"), reason);

	return line ? strtoull(line + strlen(reason), NULL, 10) : 0;
}

static void expect_drop(const struct dhcp_answer *a, const char *reason, const char *what)
{
	uint64_t before = drops(reason);
	unsigned int requests = dhcp_count(DHCP_REQUEST);

	dhcp_put(a);
	if (drops(reason) != before + 1)
		fail_msg("%s: %s counted %llu\n%s", what, reason,
			 (unsigned long long)(drops(reason) - before),
			 scene_proc(A, "/proc/net/drops"));
	if (dhcp_count(DHCP_REQUEST) != requests)
		fail_msg("%s: the client took it", what);
}

/* ---- answers for others ------------------------------------------------------------------------ */

static void answers_that_are_not_awaited(void)
{
	struct dhcp_answer a;

	boot_selecting();
	a = dhcp_answer(DHCP_OFFER);
	a.xid++;
	expect_drop(&a, "DHCP_IGNORED", "another xid");
	a = dhcp_answer(DHCP_ACK);
	expect_drop(&a, "DHCP_IGNORED", "an ACK in SELECTING");
	a = dhcp_answer(DHCP_NAK);
	expect_drop(&a, "DHCP_IGNORED", "a NAK in SELECTING");
	/* These are for another host, or no replies: the sockets would get them. */
	a = dhcp_answer(DHCP_OFFER);
	a.chaddr++;
	expect_drop(&a, "NO_SOCKET", "another card");
	a = dhcp_answer(DHCP_OFFER);
	a.op = 1;
	expect_drop(&a, "NO_SOCKET", "a request");
	a = dhcp_answer(DHCP_OFFER);
	a.htype = 6;
	expect_drop(&a, "NO_SOCKET", "another link layer");
	a = dhcp_answer(DHCP_OFFER);
	a.hlen = 16;
	expect_drop(&a, "NO_SOCKET", "another address length");
	/* The right one. */
	a = dhcp_answer(DHCP_OFFER);
	dhcp_put(&a);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
}

/* RFC 2131 4.3.1, table 3: the chosen server's identifier and address decide. */
static void another_server_answers_the_request(void)
{
	struct dhcp_answer a;

	boot_selecting();
	a = dhcp_answer(DHCP_OFFER);
	dhcp_put(&a);
	expect_drop(&a, "DHCP_IGNORED", "a second offer");
	peer.server = SERVER + 1;
	a = dhcp_answer(DHCP_ACK);
	expect_drop(&a, "DHCP_IGNORED", "the ACK of another server");
	a = dhcp_answer(DHCP_NAK);
	expect_drop(&a, "DHCP_IGNORED", "the NAK of another server");
	peer.server = SERVER;
	peer.addr = LEASED + 1;
	a = dhcp_answer(DHCP_ACK);
	expect_drop(&a, "DHCP_IGNORED", "an ACK for another address");
	peer.addr = LEASED;
	a = dhcp_answer(DHCP_ACK);
	dhcp_put(&a);
	scene_sleep(1 * SEC);
	assert_true(dhcp_has(LEASED));
	/* BOUND: nothing is awaited. */
	expect_drop(&a, "DHCP_IGNORED", "an ACK in BOUND");
	a = dhcp_answer(DHCP_NAK);
	expect_drop(&a, "DHCP_IGNORED", "a NAK in BOUND");
	assert_true(dhcp_has(LEASED));
}

/* A program's own client gets the messages that are not for the kernel's. */
static void a_program_listens_on_port_68(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(68)};
	struct dhcp_answer a;
	uint8_t bytes[600];
	int fd;

	boot_selecting();
	fd = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	a = dhcp_answer(DHCP_OFFER);
	a.chaddr++;
	dhcp_put(&a);
	assert_true(scene_recv_now(A, fd, bytes, sizeof(bytes)) > 240);
	a = dhcp_answer(DHCP_OFFER);
	dhcp_put(&a);
	assert_int_equal(scene_recv_now(A, fd, bytes, sizeof(bytes)), -EAGAIN);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
}

/* ---- malformed messages ------------------------------------------------------------------------ */

/* An offer with the option @code replaced by @data, or added; @data NULL: without this option. */
static struct dhcp_answer offer_with(uint8_t code, const void *data, size_t len)
{
	struct dhcp_answer a = dhcp_answer(DHCP_OFFER), b = a;

	b.options_len = 0;
	for (size_t at = 0; a.options[at] != 255; at += 2 + a.options[at + 1]) {
		if (a.options[at] == code)
			continue;
		memcpy(b.options + b.options_len, a.options + at, 2 + a.options[at + 1]);
		b.options_len += 2 + a.options[at + 1];
	}
	if (data) {
		b.options[b.options_len++] = code;
		b.options[b.options_len++] = (uint8_t)len;
		memcpy(b.options + b.options_len, data, len);
		b.options_len += len;
	}
	b.options[b.options_len++] = 255;
	return b;
}

static void malformed_options(void)
{
	static const struct {
		const char *what;
		uint8_t code;
		const char *data; /* NULL: the option is left out */
		size_t len;
	} cases[] = {
		{"no type", 53, NULL, 0},
		{"a type of two bytes", 53, "\2\2", 2},
		{"an unknown type", 53, "\x12", 1},
		{"a message of a client", 53, "\3", 1},
		{"no server", 54, NULL, 0},
		{"a server of three bytes", 54, "\xc0\xa8\7", 3},
		{"server 0.0.0.0", 54, "\0\0\0\0", 4},
		{"a multicast server", 54, "\xe0\0\0\1", 4},
		{"no lease", 51, NULL, 0},
		{"a lease of two bytes", 51, "\1\1", 2},
		{"a lease of 9 s", 51, "\0\0\0\x09", 4}, /* LIMIT(DHCP_LEASE_MIN) */
		{"a lease of 0 s", 51, "\0\0\0\0", 4},
		{"a mask with a hole", 1, "\xff\0\xff\0", 4},
		{"a mask of 0", 1, "\0\0\0\0", 4},
		{"a mask of five bytes", 1, "\xff\xff\xff\0\0", 5},
		{"a network of which the address is the broadcast", 1, "\xff\xff\xff\xfc", 4},
		{"half a router", 3, "\xc0\xa8", 2},
		{"no router in the option", 3, "", 0},
		{"half a name server", 6, "\xc0\xa8\7\3\xc0\xa8", 6},
		{"half a time server", 42, "\xc0\xa8\7", 3},
		{"an MTU of one byte", 26, "\5", 1},
		{"T1 of two bytes", 58, "\0\1", 2},
		{"T2 of no byte", 59, "", 0},
		{"a route to 33 bits", 121, "\x21\1\2\3\4\5\xc0\xa8\7\1", 10},
		{"half a route", 121, "\x18\x0a\1\2\xc0\xa8\7", 7},
		{"a route by a multicast address", 121, "\x08\x0a\xe0\0\0\1", 6},
		{"no route", 121, "", 0},
		{"a search name that goes on behind the option", 119, "\5ab", 3},
		{"a search name without an end", 119, "\2ab", 3},
		{"a search name that points to itself", 119, "\xc0\0", 2},
		{"a search name that points forward", 119, "\xc0\2\1a\0", 5},
		{"half a pointer", 119, "\xc0", 1},
		{"a reserved label type", 119, "\x40", 1},
		{"overload 0", 52, "\0", 1},
		{"overload 4", 52, "\4", 1},
		{"overload of two bytes", 52, "\1\1", 2},
	};
	struct dhcp_answer a;

	peer.addr = 0xc0a80767; /* 192.168.7.103, the broadcast address of .100/30 */
	boot_selecting();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = offer_with(cases[i].code, cases[i].data, cases[i].len);
		expect_drop(&a, "DHCP_MALFORMED", cases[i].what);
	}
	a = dhcp_answer(DHCP_OFFER);
	a.cookie++;
	expect_drop(&a, "DHCP_MALFORMED", "no cookie");
	a = dhcp_answer(DHCP_OFFER);
	a.yiaddr = 0;
	expect_drop(&a, "DHCP_MALFORMED", "no address");
	a.yiaddr = 0x7f000001;
	expect_drop(&a, "DHCP_MALFORMED", "127.0.0.1");
	a.yiaddr = 0xe0000005;
	expect_drop(&a, "DHCP_MALFORMED", "a multicast address");
	a = dhcp_answer(DHCP_OFFER);
	a.options_len--;
	a.options[a.options_len++] = 6;
	expect_drop(&a, "DHCP_MALFORMED", "a code without length at the end");
	a.options[a.options_len++] = 1;
	expect_drop(&a, "DHCP_MALFORMED", "an option that is longer than the message");
	a.options_len = 0;
	expect_drop(&a, "DHCP_MALFORMED", "no options");
	/* Options in `file` may not overload again, and are checked like the others. */
	a = offer_with(52, "\1", 1);
	memcpy(a.file, "\x34\1\1\xff", 4);
	expect_drop(&a, "DHCP_MALFORMED", "overload in `file`");
	a.file[0] = 6;
	a.file[1] = 200;
	expect_drop(&a, "DHCP_MALFORMED", "a long option in `file`");
	a = offer_with(52, "\2", 1);
	memset(a.sname, 7, sizeof(a.sname)); /* seven options of 9 bytes, then a code */
	expect_drop(&a, "DHCP_MALFORMED", "a long option in `sname`");
	/* An option without an end option after it is no fault. */
	a = dhcp_answer(DHCP_OFFER);
	a.options_len--;
	dhcp_put(&a);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
}

/* LIMIT(DHCP_MESSAGE_MAX), LIMIT(DHCP_OPTION_MAX) */
static void messages_that_are_too_long(void)
{
	struct dhcp_answer a;

	boot_selecting();
	a = dhcp_answer(DHCP_OFFER);
	a.options_len = 1500 - 240 + 1;
	expect_drop(&a, "DHCP_MALFORMED", "1501 bytes, in two fragments");
	a.options_len--;
	dhcp_put(&a);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
}

static void an_option_of_many_parts(void)
{
	static uint8_t part[255];
	struct dhcp_answer a;

	for (unsigned int i = 0; i < 252; i += 4)
		pkt_put32(part + i, DNS);
	boot_selecting();
	peer_option(6, part, 252);
	peer_option(6, part, 252);
	peer_option(6, part, 8); /* LIMIT(DHCP_OPTION_MAX): 512 bytes */
	a = dhcp_answer(DHCP_OFFER);
	dhcp_put(&a);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
	while (dhcp_count(DHCP_DISCOVER) < 2) /* it asks all servers again */
		scene_sleep(1 * SEC);
	peer_option(6, part, 4);
	a = dhcp_answer(DHCP_OFFER);
	expect_drop(&a, "DHCP_MALFORMED", "516 bytes");
}

/* RFC 2131 4.1 and RFC 3396: options in `file` and `sname`, and an option in three parts. */
static void options_in_other_fields(void)
{
	struct dhcp_answer a;

	boot_selecting();
	peer_option(52, "\3", 1);
	peer_option(15, "exam", 4);
	for (uint8_t type = DHCP_OFFER; type <= DHCP_ACK; type += DHCP_ACK - DHCP_OFFER) {
		a = dhcp_answer(type);
		memcpy(a.file, "\x0f\4ple.\0\0\6\4\xc0\xa8\7\3\xff", 15);
		memcpy(a.sname, "\x0f\3org\3\4\xc0\xa8\7\1\xff", 12);
		dhcp_put(&a);
	}
	scene_sleep(1 * SEC);
	assert_true(strstr(scene_proc(A, "/proc/net/pnp"),
			   "domain example.org\nnameserver 192.168.7.3\n"));
	assert_true(strstr(scene_proc(A, "/proc/net/route"), "0107A8C0"));
}

/* ---- values ------------------------------------------------------------------------------------ */

/* Text that is not a name must not become lines of resolv.conf or a host name. */
static void names_with_line_feeds(void)
{
	dhcp_boot("ip=dhcp");
	peer_option(15, "a\nnameserver 6.6.6.6", 20);
	peer_option(12, "a b", 3);
	peer_option(119, "\3a\nb\0\4good\0\2..\0", 15);
	scene_sleep(1 * SEC);
	assert_string_equal(scene_proc(A, "/proc/net/pnp"),
			    "#PROTO: DHCP\nsearch good\nbootserver 192.168.7.1\n");
	assert_string_equal(scene_proc(A, "/proc/sys/kernel/hostname"), "softnet\n");
}

/* LIMIT(DHCP_NAME_MAX): 255 bytes of all names; LIMIT(DHCP_SERVERS_MAX): three servers. */
static void names_and_servers_that_are_too_many(void)
{
	uint8_t names[255];
	const char *text, *search;

	for (unsigned int i = 0; i < 255; i += 5)
		memcpy(names + i, "\3abc\0", 5); /* 51 names */
	dhcp_boot("ip=dhcp");
	peer_option(119, names, sizeof(names));
	peer_option(119, names, sizeof(names));
	peer_option(6, "\1\1\1\1\1\1\1\2\1\1\1\3\1\1\1\4", 16);
	peer_option(42, "\1\1\1\1\1\1\1\2\1\1\1\3\1\1\1\4", 16);
	scene_sleep(1 * SEC);
	text = scene_proc(A, "/proc/net/pnp");
	search = strstr(text, "search abc abc");
	assert_non_null(search);
	assert_int_equal(strcspn(search, "\n"), 7 + 63 * 4 - 1);
	assert_true(strstr(text, "1.1.1.3"));
	assert_false(strstr(text, "1.1.1.4"));
	assert_string_equal(scene_proc(A, "/proc/net/ipconfig/ntp_servers"),
			    "1.1.1.1\n1.1.1.2\n1.1.1.3\n");
}

/* LIMIT(DHCP_ROUTES_MAX): sixteen routes; LIMIT(DHCP_MTU_MIN): 576 bytes. */
static void routes_that_are_too_many(void)
{
	uint8_t routes[20 * 6];
	const char *text;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 20; i++)
		memcpy(routes + i * 6, (const uint8_t[6]){8, (uint8_t)(20 + i), 192, 168, 7, 1}, 6);
	dhcp_boot("ip=dhcp");
	peer_option(121, routes, sizeof(routes));
	peer_option(26, "\2\x3f", 2); /* 575 */
	scene_sleep(1 * SEC);
	text = scene_proc(A, "/proc/net/route");
	for (const char *at = text; (at = strstr(at, "0107A8C0")); at++)
		n++;
	assert_int_equal(n, 16);
	assert_true(dhcp_has(LEASED));
	assert_false(dhcp_said("MTU"));
}

/* T1 and T2 in a wrong order: the defaults are used, not a renewal in each second. */
static void times_in_a_wrong_order(void)
{
	dhcp_boot("ip=dhcp");
	peer_option32(58, 0);
	peer_option32(59, 0);
	scene_sleep(1500 * SEC);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
	scene_sleep(400 * SEC);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 2);
}

/* ---- loops ------------------------------------------------------------------------------------- */

/* A server that offers and then refuses, for ever: an hour has less than a hundred messages. */
static void refusals_without_an_end(void)
{
	dhcp_boot("ip=dhcp");
	peer.answer = DHCP_NAK;
	scene_sleep(3600 * SEC);
	assert_true(dhcp_count(DHCP_DISCOVER) > 50);
	assert_true(dhcp_count(DHCP_DISCOVER) < 100);
	peer.answer = DHCP_ACK;
	scene_sleep(70 * SEC);
	assert_true(dhcp_has(LEASED));
}

/* A host that claims each address. */
static void conflicts_without_an_end(void)
{
	dhcp_boot("ip=dhcp");
	peer.conflict = true;
	scene_sleep(3600 * SEC);
	assert_true(dhcp_count(DHCP_DECLINE) > 50);
	assert_true(dhcp_count(DHCP_DECLINE) < 100);
	peer.conflict = false;
	scene_sleep(70 * SEC);
	assert_true(dhcp_has(LEASED));
}

/* The shortest leases: five or more seconds between two renewals. */
static void leases_of_ten_seconds(void)
{
	dhcp_boot("ip=dhcp");
	peer.lease = 10;
	scene_sleep(1000 * SEC);
	assert_true(dhcp_count(DHCP_REQUEST) <= 201);
	assert_true(dhcp_has(LEASED));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DHCP_SCENE(answers_that_are_not_awaited),
		DHCP_SCENE(another_server_answers_the_request),
		DHCP_SCENE(a_program_listens_on_port_68),
		DHCP_SCENE(malformed_options),
		DHCP_SCENE(messages_that_are_too_long),
		DHCP_SCENE(an_option_of_many_parts),
		DHCP_SCENE(options_in_other_fields),
		DHCP_SCENE(names_with_line_feeds),
		DHCP_SCENE(names_and_servers_that_are_too_many),
		DHCP_SCENE(routes_that_are_too_many),
		DHCP_SCENE(times_in_a_wrong_order),
		DHCP_SCENE(refusals_without_an_end),
		DHCP_SCENE(conflicts_without_an_end),
		DHCP_SCENE(leases_of_ten_seconds),
	};

	return scene_play(tests);
}

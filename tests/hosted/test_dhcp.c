/* SPDX-License-Identifier: MIT */
/*
 * The DHCP client with a server that does as RFC 2131 says: the messages of a lease, their times, the
 * parameters that come into effect, renewal, the end of a lease, conflicts and new links.
 * test_dhcp_lies.c has the servers that lie.
 */
#include "tests/hosted/dhcp_peer.h"

#include <stdio.h>

#define FALLBACK   0x0a00020fu /* 10.0.2.15 */
#define BOUND_TIME (1 * SEC)   /* enough for a lease, with its probes */

static void expect_seconds(uint64_t from, uint64_t to, double least, double most)
{
	double seconds = (double)(to - from) / (double)SEC;

	if (seconds < least || seconds > most)
		fail_msg("%.3f s, not %.3f to %.3f\n%s", seconds, least, most, A->console());
}

static bool shows(const char *path, const char *text)
{
	return strstr(scene_proc(A, path), text);
}

/* ---- taking a lease ---------------------------------------------------------------------------- */

/* RFC 2131 3.1, table 5: the fields and options of the client's messages. */
static void messages_of_a_lease(void)
{
	const struct dhcp_message *d, *r;
	const uint8_t *option;
	size_t len;

	dhcp_boot("ip=::::vm7::dhcp");
	scene_sleep(BOUND_TIME);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
	d = dhcp_nth(DHCP_DISCOVER, 1);
	r = dhcp_nth(DHCP_REQUEST, 1);
	assert_int_equal(d->link, 0xffffffffffffULL);
	assert_int_equal(d->saddr, 0);
	assert_int_equal(d->daddr, 0xffffffff);
	assert_int_equal(d->ciaddr, 0);
	assert_int_equal(d->flags, 0x8000);
	assert_int_equal(d->wanted, 0);
	assert_int_equal(d->server, 0);
	assert_true(d->len >= 300); /* RFC 1542 2.1 */
	option = dhcp_option(d, 61, &len);
	assert_true(option && len == 7 && !memcmp(option, "\1\2\0\0\0\0\1", 7));
	option = dhcp_option(d, 12, &len);
	assert_true(option && len == 3 && !memcmp(option, "vm7", 3));
	option = dhcp_option(d, 57, &len);
	assert_true(option && len == 2 && pkt_get16(option) >= 576);
	/* RFC 3442: option 121 MUST stand before option 3. */
	option = dhcp_option(d, 55, &len);
	assert_true(option && memchr(option, 121, len) < memchr(option, 3, len));

	assert_int_equal(r->xid, d->xid);
	assert_int_equal(r->daddr, 0xffffffff);
	assert_int_equal(r->ciaddr, 0);
	assert_int_equal(r->flags, 0x8000);
	assert_int_equal(r->wanted, LEASED);
	assert_int_equal(r->server, SERVER);
	option = dhcp_option(r, 61, &len);
	assert_true(option && len == 7);
}

/* LIMIT(DHCP_PROBES), LIMIT(DHCP_PROBE_MS): three probes come before the address, within 0.12 s. */
static void the_address_is_probed(void)
{
	uint64_t start;

	dhcp_boot("ip=dhcp");
	start = scene_now();
	while (!dhcp_count(DHCP_REQUEST))
		scene_sleep(1 * MS);
	assert_false(dhcp_has(LEASED));
	while (!dhcp_said("leased by"))
		scene_sleep(1 * MS);
	assert_int_equal(dhcp_probes(), 3);
	expect_seconds(start, scene_now(), 0.06, 0.15);
	assert_true(dhcp_has(LEASED));
	assert_true(dhcp_said(
		"eth0: 192.168.7.100/24, 02:00:00:00:00:01, leased by 192.168.7.1 for 3600 s"));
	scene_sleep(5 * SEC);
	assert_int_equal(dhcp_announcements(), 2); /* RFC 5227 2.3 */
}

static void every_parameter_is_used(void)
{
	dhcp_boot("ip=dhcp");
	peer_option32(3, SERVER);
	peer_option32(6, DNS);
	peer_option(15, "example.org", 11);
	peer_option(12, "vm9", 3);
	peer_option(26, "\5\x14", 2); /* 1300 */
	peer_option32(42, 0xc0a80704);
	peer_option(119, "\3eng\7example\3org\0\4shop\xc0\x04", 24);
	scene_sleep(BOUND_TIME);
	assert_true(shows("/proc/net/route", "eth0\t00000000\t0107A8C0\t0003"));
	assert_true(shows("/proc/net/route", "eth0\t0007A8C0\t00000000\t0001"));
	assert_string_equal(scene_proc(A, "/proc/net/pnp"),
			    "#PROTO: DHCP\n"
			    "domain example.org\n"
			    "search eng.example.org shop.example.org\n"
			    "nameserver 192.168.7.3\n"
			    "bootserver 192.168.7.1\n");
	assert_string_equal(scene_proc(A, "/proc/net/ipconfig/ntp_servers"), "192.168.7.4\n");
	assert_string_equal(scene_proc(A, "/proc/sys/kernel/hostname"), "vm9\n");
	assert_true(dhcp_has(LEASED));
}

/* Values of the command line win over the server's, as on Linux. */
static void the_command_line_wins(void)
{
	dhcp_boot("ip=::192.168.7.9::own::dhcp:192.168.7.8");
	peer_option32(3, SERVER);
	peer_option32(6, DNS);
	peer_option(12, "vm9", 3);
	scene_sleep(BOUND_TIME);
	assert_true(shows("/proc/net/route", "eth0\t00000000\t0907A8C0\t0003"));
	assert_false(shows("/proc/net/route", "0107A8C0"));
	assert_string_equal(scene_proc(A, "/proc/net/pnp"), "#PROTO: DHCP\n"
							    "nameserver 192.168.7.8\n"
							    "nameserver 192.168.7.3\n"
							    "bootserver 192.168.7.1\n");
	assert_string_equal(scene_proc(A, "/proc/sys/kernel/hostname"), "own\n");
}

/*
 * RFC 3442: with classless routes the Router option MUST be ignored. A router outside of the network
 * of the address is on the link.
 */
static void classless_routes_win(void)
{
	static const uint8_t routes[] = {
		8,  10,  192, 168, 7, 2,       /* 10/8 by 192.168.7.2 */
		24, 172, 16,  5,   0, 0, 0, 0, /* 172.16.5/24 on the link */
		0,  192, 168, 9,   1,          /* everything by 192.168.9.1 */
	};

	dhcp_boot("ip=dhcp");
	peer_option32(3, SERVER);
	peer_option(121, routes, sizeof(routes));
	scene_sleep(BOUND_TIME);
	assert_true(shows("/proc/net/route", "eth0\t0000000A\t0207A8C0\t0003"));
	assert_true(shows("/proc/net/route", "eth0\t000510AC\t00000000\t0001"));
	assert_true(shows("/proc/net/route", "eth0\t00000000\t0109A8C0\t0003"));
	assert_true(shows("/proc/net/route", "eth0\t0109A8C0\t00000000\t0005"));
	assert_false(shows("/proc/net/route", "0107A8C0"));
}

/* RFC 2131 4.1: 4, 8, 16, 32 and then 64 seconds, each plus or minus one. LIMIT(DHCP_BACKOFF_MIN),
 * LIMIT(DHCP_BACKOFF_MAX) */
static void retransmissions_back_off(void)
{
	static const unsigned int pauses[] = {4, 8, 16, 32, 64, 64, 64};
	bool varies = false;

	peer.silent = true;
	dhcp_boot("ip=dhcp");
	scene_sleep(300 * SEC);
	for (unsigned int i = 0; i < 7; i++) {
		const struct dhcp_message *m = dhcp_nth(DHCP_DISCOVER, i + 1),
					  *next = dhcp_nth(DHCP_DISCOVER, i + 2);

		expect_seconds(m->ns, next->ns, pauses[i] - 1.01, pauses[i] + 1.01);
		varies |= (next->ns - m->ns) / MS != pauses[i] * 1000;
		assert_int_equal(next->xid, m->xid);
		assert_int_equal(next->secs, (next->ns - dhcp_nth(DHCP_DISCOVER, 1)->ns) / SEC);
	}
	assert_true(varies);
	/* LIMIT(DHCP_BOOT_WAIT_MS) */
	assert_true(dhcp_said("no DHCP server has answered for 60 s: the program starts"));
	peer.silent = false;
	scene_sleep(70 * SEC);
	assert_true(dhcp_has(LEASED));
}

/* LIMIT(DHCP_REQUESTS_MAX): after four requests without an answer the client asks all servers. */
static void a_server_that_offers_and_vanishes(void)
{
	dhcp_boot("ip=dhcp");
	peer.answer = 0;
	scene_sleep(70 * SEC);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 2);
	assert_int_equal(dhcp_nth(DHCP_REQUEST, 4)->xid, dhcp_nth(DHCP_DISCOVER, 1)->xid);
	expect_seconds(dhcp_nth(DHCP_REQUEST, 1)->ns, dhcp_nth(DHCP_DISCOVER, 2)->ns, 56, 64);
	assert_int_not_equal(dhcp_nth(DHCP_DISCOVER, 2)->xid, dhcp_nth(DHCP_DISCOVER, 1)->xid);
	peer.answer = DHCP_ACK;
	scene_sleep(10 * SEC);
	assert_true(dhcp_has(LEASED));
}

/* ---- keeping a lease --------------------------------------------------------------------------- */

/* RFC 2131 4.4.5: at T1, to the server alone, from the address. */
static void a_lease_is_renewed(void)
{
	const struct dhcp_message *r;

	dhcp_boot("ip=dhcp");
	scene_sleep(2000 * SEC);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 2);
	r = dhcp_nth(DHCP_REQUEST, 2);
	expect_seconds(dhcp_nth(DHCP_REQUEST, 1)->ns, r->ns, 1800 - 3600 / 32, 1801);
	assert_int_equal(r->saddr, LEASED);
	assert_int_equal(r->ciaddr, LEASED);
	assert_int_equal(r->daddr, SERVER);
	assert_int_equal(r->link, 0x020000000002ULL);
	assert_int_equal(r->flags, 0);
	assert_int_equal(r->wanted, 0); /* table 5: MUST NOT */
	assert_int_equal(r->server, 0);
	assert_int_not_equal(r->xid, dhcp_nth(DHCP_REQUEST, 1)->xid);
	/* The lease is extended: a day later the address is still there. */
	scene_sleep(86400 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	assert_true(dhcp_count(DHCP_REQUEST) < 60);
}

/*
 * The server is silent at T1 and later grants a shorter lease, which is less than the time since T1: it counts from
 * the request that the server answered.
 */
static void a_shorter_lease_after_silence(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(BOUND_TIME);
	peer.silent = true;
	scene_sleep(2500 * SEC);
	peer.silent = false;
	peer.lease = 600;
	scene_sleep(500 * SEC);
	assert_true(dhcp_has(LEASED));
	scene_sleep(1000 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
}

/* T1 and T2 of the server (options 58, 59); LIMIT(DHCP_RENEW_MIN): a minute between requests. */
static void no_answer_until_the_end(void)
{
	const struct dhcp_message *first, *m;
	unsigned int n = 2;

	dhcp_boot("ip=dhcp");
	peer_option32(3, SERVER);
	peer_option32(58, 1000);
	peer_option32(59, 2000);
	scene_sleep(BOUND_TIME);
	first = dhcp_nth(DHCP_REQUEST, 1);
	peer.silent = true;
	scene_sleep(3590 * SEC);
	assert_true(dhcp_has(LEASED));
	m = dhcp_nth(DHCP_REQUEST, 2);
	expect_seconds(first->ns, m->ns, 999.9, 1000.1);
	/* The pauses are half of the remaining time: 500, 250, 125, 62.5, then a minute. */
	expect_seconds(m->ns, dhcp_nth(DHCP_REQUEST, 3)->ns, 499, 501);
	expect_seconds(dhcp_nth(DHCP_REQUEST, 3)->ns, dhcp_nth(DHCP_REQUEST, 4)->ns, 249, 251);
	while (dhcp_nth(DHCP_REQUEST, n)->daddr == SERVER) {
		if (n > 2)
			assert_true(dhcp_nth(DHCP_REQUEST, n)->ns -
					    dhcp_nth(DHCP_REQUEST, n - 1)->ns >=
				    60 * SEC - MS);
		n++;
	}
	/* REBINDING: broadcast, but with the address. */
	m = dhcp_nth(DHCP_REQUEST, n);
	expect_seconds(first->ns, m->ns, 1999.9, 2000.1);
	assert_int_equal(m->daddr, 0xffffffff);
	assert_int_equal(m->saddr, LEASED);
	assert_int_equal(m->ciaddr, LEASED);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	scene_sleep(11 * SEC);
	assert_true(dhcp_said("the lease of 192.168.7.100 is over: the address is removed"));
	assert_false(dhcp_has(LEASED));
	assert_false(shows("/proc/net/route", "eth0"));
	assert_string_equal(scene_proc(A, "/proc/net/pnp"), "#MANUAL\n");
	/* It asks again, at once, and for the same address. */
	m = dhcp_nth(DHCP_DISCOVER, 2);
	expect_seconds(first->ns, m->ns, 3599.9, 3600.1);
	assert_int_equal(m->wanted, LEASED);
	peer.silent = false;
	scene_sleep(100 * SEC);
	assert_true(dhcp_has(LEASED));
}

/* Another server answers in REBINDING, with another router. */
static void another_server_takes_over(void)
{
	dhcp_boot("ip=dhcp");
	peer_option32(3, SERVER);
	scene_sleep(BOUND_TIME);
	peer.silent = true;
	scene_sleep(3100 * SEC);
	peer.silent = false;
	peer.server = SERVER + 1;
	peer.extra_len = 0;
	peer_option32(3, SERVER + 1);
	scene_sleep(1000 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_true(shows("/proc/net/route", "eth0\t00000000\t0207A8C0\t0003"));
	assert_false(shows("/proc/net/route", "0107A8C0"));
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	/* From now on the new server is asked. */
	scene_sleep(2000 * SEC);
	assert_int_equal(dhcp_last(DHCP_REQUEST)->daddr, SERVER + 1);
}

static void a_lease_for_ever(void)
{
	dhcp_boot("ip=dhcp");
	peer.lease = 0xffffffff;
	scene_sleep(30 * SEC);
	assert_true(dhcp_said("leased by 192.168.7.1 for ever"));
	assert_int_equal(A->timers_armed(), 0);
	scene_sleep(100 * 86400 * SEC);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
	assert_true(dhcp_has(LEASED));
}

/* RFC 2131 4.4.5: a DHCPNAK ends the lease at once. */
static void a_renewal_is_refused(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(BOUND_TIME);
	peer.answer = DHCP_NAK;
	scene_sleep(1700 * SEC);
	assert_true(dhcp_has(LEASED));
	while (dhcp_count(DHCP_REQUEST) < 2)
		scene_sleep(1 * MS);
	peer.addr = LEASED + 1;
	peer.answer = DHCP_ACK;
	scene_sleep(1 * SEC);
	assert_true(dhcp_said("was refused by the server"));
	assert_false(dhcp_has(LEASED));
	assert_true(dhcp_has(LEASED + 1));
	assert_int_equal(dhcp_nth(DHCP_DISCOVER, 2)->wanted, 0);
}

/* ---- conflicts --------------------------------------------------------------------------------- */

/* RFC 2131 3.1.5. LIMIT(DHCP_DECLINE_MS): ten seconds. */
static void an_address_in_use_is_declined(void)
{
	const struct dhcp_message *m;

	dhcp_boot("ip=dhcp");
	peer.conflict = true;
	scene_sleep(5 * SEC);
	assert_int_equal(dhcp_count(DHCP_DECLINE), 1);
	m = dhcp_nth(DHCP_DECLINE, 1);
	assert_int_equal(m->wanted, LEASED);
	assert_int_equal(m->server, SERVER);
	assert_int_equal(m->ciaddr, 0);
	assert_int_equal(m->daddr, 0xffffffff);
	assert_int_equal(m->flags, 0); /* table 5 */
	assert_false(dhcp_has(LEASED));
	peer.conflict = false;
	peer.addr = LEASED + 1;
	scene_sleep(10 * SEC);
	expect_seconds(m->ns, dhcp_nth(DHCP_DISCOVER, 2)->ns, 9.99, 10.1);
	assert_int_equal(dhcp_nth(DHCP_DISCOVER, 2)->wanted, 0);
	assert_true(dhcp_has(LEASED + 1));
}

/* RFC 5227 2.1.1: a probe of another host for the same address is a conflict, too. */
static void two_hosts_probe_at_once(void)
{
	dhcp_boot("ip=dhcp");
	while (!dhcp_probes())
		scene_sleep(1 * MS);
	dhcp_put_arp(1, 0, LEASED);
	assert_int_equal(dhcp_count(DHCP_DECLINE), 1);
	assert_false(dhcp_has(LEASED));
}

/* LIMIT(DHCP_WATCH_MS): an answer to a probe after 6 s still counts; after 8 s the address is defended. */
static void a_late_conflict(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(6 * SEC);
	assert_true(dhcp_has(LEASED));
	dhcp_put_arp(1, 0, LEASED); /* a probe of another host: the address is ours */
	assert_true(dhcp_has(LEASED));
	dhcp_put_arp(2, LEASED, LEASED);
	assert_int_equal(dhcp_count(DHCP_DECLINE), 1);
	assert_int_equal(dhcp_nth(DHCP_DECLINE, 1)->wanted, LEASED);
	assert_int_equal(dhcp_nth(DHCP_DECLINE, 1)->server, SERVER);
	assert_false(dhcp_has(LEASED));
	scene_sleep(11 * SEC);
	assert_true(dhcp_has(LEASED));
	scene_sleep(8 * SEC);
	dhcp_put_arp(2, LEASED, LEASED);
	assert_int_equal(dhcp_count(DHCP_DECLINE), 1);
	assert_true(dhcp_has(LEASED));
}

/* ---- links ------------------------------------------------------------------------------------- */

/* RFC 2131 3.2: a new link, a DHCPREQUEST for the old address, without server and ciaddr. */
static void a_new_link_of_the_same_network(void)
{
	const struct dhcp_message *m;

	dhcp_boot("ip=dhcp");
	scene_sleep(10 * SEC);
	dhcp_link(false);
	scene_sleep(10 * SEC);
	dhcp_link(true);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 2);
	m = dhcp_nth(DHCP_REQUEST, 2);
	assert_int_equal(m->wanted, LEASED);
	assert_int_equal(m->server, 0);
	assert_int_equal(m->ciaddr, 0);
	assert_int_equal(m->daddr, 0xffffffff);
	assert_true(dhcp_has(LEASED));
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
}

/* LIMIT(DHCP_REBOOTS_MAX): no server answers, so the lease is used until its end. */
static void a_new_link_without_a_server(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(10 * SEC);
	peer.silent = true;
	dhcp_link(false);
	dhcp_link(true);
	scene_sleep(60 * SEC);
	assert_int_equal(dhcp_count(DHCP_REQUEST), 3);
	assert_true(dhcp_has(LEASED));
	scene_sleep(3600 * SEC);
	assert_false(dhcp_has(LEASED));
}

static void a_new_link_of_another_network(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(10 * SEC);
	peer.answer = DHCP_NAK;
	dhcp_link(false);
	dhcp_link(true);
	assert_false(dhcp_has(LEASED));
	peer.answer = DHCP_ACK;
	peer.addr = LEASED + 5;
	scene_sleep(10 * SEC);
	assert_true(dhcp_has(LEASED + 5));
}

/* The lease ended while the link was away. */
static void a_link_that_was_away_for_long(void)
{
	dhcp_boot("ip=dhcp");
	scene_sleep(10 * SEC);
	dhcp_link(false);
	scene_sleep(4000 * SEC);
	dhcp_link(true);
	scene_sleep(1 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_true(dhcp_count(DHCP_DISCOVER) >= 2);
}

/* ---- without an `ip=` -------------------------------------------------------------------------- */

static void the_default_is_dhcp(void)
{
	dhcp_boot("");
	scene_sleep(10 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_false(dhcp_has(FALLBACK));
	assert_false(dhcp_said("no DHCP server"));
	assert_false(shows("/proc/net/pnp", "10.0.2.3"));
}

/* LIMIT(DHCP_FALLBACK_MS): after six seconds 10.0.2.15, until a server answers. */
static void without_a_server_the_fallback(void)
{
	peer.silent = true;
	dhcp_boot("");
	scene_sleep(5900 * MS);
	assert_false(dhcp_has(FALLBACK));
	scene_sleep(200 * MS);
	assert_true(dhcp_has(FALLBACK));
	assert_true(
		dhcp_said("eth0: no DHCP server has answered: using 10.0.2.15/24 until one does"));
	assert_true(shows("/proc/net/route", "eth0\t00000000\t0202000A\t0003"));
	assert_string_equal(scene_proc(A, "/proc/net/pnp"), "#MANUAL\nnameserver 10.0.2.3\n");
	peer.silent = false;
	scene_sleep(60 * SEC);
	assert_true(dhcp_has(LEASED));
	assert_false(dhcp_has(FALLBACK));
	assert_false(shows("/proc/net/route", "02000A"));
	assert_false(shows("/proc/net/pnp", "10.0.2.3"));
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* A message for which there is no memory is sent again at its time, like one that the wire lost. */
static void no_memory_for_a_message(void)
{
	peer.silent = true;
	dhcp_boot("ip=dhcp");
	scene_sleep(1 * SEC);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	A->set("fail_alloc", 1);
	scene_sleep(5 * SEC);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 1);
	peer.silent = false;
	scene_sleep(10 * SEC);
	assert_int_equal(dhcp_count(DHCP_DISCOVER), 2);
	assert_true(dhcp_has(LEASED));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DHCP_SCENE(messages_of_a_lease),
		DHCP_SCENE(the_address_is_probed),
		DHCP_SCENE(every_parameter_is_used),
		DHCP_SCENE(the_command_line_wins),
		DHCP_SCENE(classless_routes_win),
		DHCP_SCENE(retransmissions_back_off),
		DHCP_SCENE(a_server_that_offers_and_vanishes),
		DHCP_SCENE(a_lease_is_renewed),
		DHCP_SCENE(a_shorter_lease_after_silence),
		DHCP_SCENE(no_answer_until_the_end),
		DHCP_SCENE(another_server_takes_over),
		DHCP_SCENE(a_lease_for_ever),
		DHCP_SCENE(a_renewal_is_refused),
		DHCP_SCENE(an_address_in_use_is_declined),
		DHCP_SCENE(two_hosts_probe_at_once),
		DHCP_SCENE(a_late_conflict),
		DHCP_SCENE(a_new_link_of_the_same_network),
		DHCP_SCENE(a_new_link_without_a_server),
		DHCP_SCENE(a_new_link_of_another_network),
		DHCP_SCENE(a_link_that_was_away_for_long),
		DHCP_SCENE(the_default_is_dhcp),
		DHCP_SCENE(without_a_server_the_fallback),
		DHCP_SCENE(no_memory_for_a_message),
	};

	return scene_play(tests);
}

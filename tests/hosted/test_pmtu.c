/* SPDX-License-Identifier: MIT */
/*
 * ICMP errors about a connection: a router reports that our packets are too large (RFC 1191), or
 * other errors, which a connection remembers or which end an attempt to connect (RFC 1122
 * 4.2.3.9).  The scene plays the router: the wire loses a packet, and a forged message reports it.
 */
#include "tests/hosted/scene_forge.h"

#include <netinet/ip_icmp.h>

#define PORT    7
#define HEADERS (20 + 20 + 12) /* IPv4, TCP, its timestamps */
#define FULL    (1500 - HEADERS)
#define LEAST   552         /* Linux's ip_rt_min_pmtu */
#define TOO_OLD (601 * SEC) /* longer than a learnt MTU is kept (RFC 1191 6.3) */
#define MSGS    3000

static struct icmp_error too_large(struct pair *p, uint16_t mtu, uint32_t seq)
{
	return (struct icmp_error){.p = p,
				   .type = ICMP_DEST_UNREACH,
				   .code = ICMP_FRAG_NEEDED,
				   .mtu = mtu,
				   .seq = seq,
				   .from = 0x0a000099};
}

/* Sends one byte and loses it, so that it is not acknowledged for now; returns its sequence number. */
static uint32_t one_byte_on_its_way(struct pair *p)
{
	scene_set(A, p->a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_sleep(1 * SEC);
	scene_drop(A, DATA, 1);
	scene_mark();
	scene_send_all(A, p->a, "x", 1);
	return scene_nth(A, DATA, 1)->seq;
}

static void it_arrives(struct pair *p)
{
	char byte;

	scene_recv_all(B, p->b, &byte, 1);
	assert_int_equal(byte, 'x');
}

/* Sends @n bytes from A to B; returns the length of the longest segment. */
static uint32_t longest_of(struct pair *p, size_t n)
{
	uint32_t longest = 0;

	scene_mark();
	scene_carry(A, p->a, B, p->b, n);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++) {
		uint32_t len = scene_nth(A, DATA, i)->len;

		longest = len > longest ? len : longest;
	}
	return longest;
}

/*
 * RFC 1191 6.4: segments that were too large are retransmitted in smaller pieces, at once and not
 * after a timeout, and the congestion window does not shrink.
 */
static void large_segments_are_resent_in_pieces(void)
{
	static uint8_t bytes[3 * FULL], got[3 * FULL];
	struct pair p = scene_pair();
	struct icmp_error e;
	uint32_t cwnd;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	scene_fill(bytes, sizeof(bytes), 1);
	scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len));
	cwnd = info.tcpi_snd_cwnd;
	scene_mark();
	scene_drop_many(A, DATA, 1, 3);
	scene_send_all(A, p.a, bytes, sizeof(bytes));
	assert_int_equal(scene_count(A, DATA), 3);
	assert_int_equal(scene_nth(A, DATA, 1)->len, FULL);
	e = too_large(&p, 1000, scene_nth(A, DATA, 1)->seq);
	forge_icmp(&e);
	scene_sleep(1 * MS);
	assert_true(scene_count(A, DATA) > 3);
	assert_int_equal(scene_nth(A, DATA, 4)->rseq, scene_nth(A, DATA, 1)->rseq);
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 4), 1, 1);
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(got, bytes, sizeof(got));
	for (unsigned int i = 4; i <= scene_count(A, DATA); i++)
		assert_true(scene_nth(A, DATA, i)->len <= 1000 - HEADERS);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len));
	assert_true(info.tcpi_snd_cwnd >= cwnd);
	assert_int_equal(info.tcpi_pmtu, 1000);
	assert_int_equal(scene_get(A, p.a, IPPROTO_IP, IP_MTU), 1000);
	assert_int_equal(longest_of(&p, 20000), 1000 - HEADERS);
	scene_pair_close(&p);
}

/*
 * The path MTU is stored for the peer's address, so the next connection to that peer uses it from
 * the start.  The stored MTU expires after ten minutes.
 */
static void the_next_connection_knows(void)
{
	struct pair p = scene_pair(), later;
	struct icmp_error e;

	e = too_large(&p, 1000, one_byte_on_its_way(&p));
	forge_icmp(&e);
	it_arrives(&p);
	scene_close(B, p.listener);
	p.listener = -1;
	later = scene_pair();
	/* The path MTU limits what we send, not what we receive. */
	assert_int_equal(scene_last(A, SYN)->mss, 1460);
	assert_int_equal(longest_of(&later, MSGS), 1000 - HEADERS);
	scene_sleep(TOO_OLD);
	longest_of(&later, MSGS); /* the segments are still small; this looks the route up again */
	assert_int_equal(longest_of(&later, MSGS), FULL);
	scene_pair_close(&later);
	scene_close(A, p.a);
	scene_close(B, p.b);
}

/*
 * An MTU of 0 comes from a router older than RFC 1191; then A uses the next smaller MTU of the
 * table in RFC 1191 7. An MTU below LEAST counts as LEAST, and a later error with a larger MTU is
 * ignored.
 */
static void how_small_a_router_may_make_us(void)
{
	static const struct {
		uint16_t said, quoted, becomes;
	} cases[] = {{0, 1500, 1492},
		     {0, 1492, 1006},
		     {0, 1006, 576},
		     {68, 576, LEAST},
		     {1400, 0, LEAST}};
	struct pair p = scene_pair();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct icmp_error e;

		e = too_large(&p, cases[i].said, one_byte_on_its_way(&p));
		e.tot_len = cases[i].quoted;
		forge_icmp(&e);
		it_arrives(&p);
		assert_int_equal(scene_get(A, p.a, IPPROTO_IP, IP_MTU), cases[i].becomes);
		assert_int_equal(longest_of(&p, MSGS), cases[i].becomes - HEADERS);
	}
	scene_pair_close(&p);
}

/*
 * A router reports an MTU below LEAST.  A then sends segments of LEAST bytes at once, without "don't
 * fragment", so that routers may fragment them; resets to that host lack the flag, too.  The learnt
 * MTU expires after ten minutes, and segments have the flag again.  Linux's ip_dont_fragment().
 */
static void a_path_below_the_least_may_cut(void)
{
	static uint8_t bytes[FULL], got[FULL];
	struct pair p = scene_pair();
	struct forged stray = {.to = A, .sport = 1, .dport = 2, .flags = ACK_FLAG};
	struct icmp_error e;

	scene_fill(bytes, sizeof(bytes), 1);
	scene_mark();
	scene_drop(A, DATA, 1);
	scene_send_all(A, p.a, bytes, sizeof(bytes));
	assert_false(scene_nth(A, DATA, 1)->may_be_cut);
	e = too_large(&p, 500, scene_nth(A, DATA, 1)->seq);
	forge_icmp(&e);
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(got, bytes, sizeof(got));
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 2), 0, 1);
	assert_int_equal(scene_nth(A, DATA, 2)->len, LEAST - HEADERS);
	assert_true(scene_nth(A, DATA, 2)->may_be_cut);
	forge(&stray);
	assert_true(scene_last(A, RST)->may_be_cut);
	scene_sleep(TOO_OLD);
	longest_of(&p, MSGS);
	longest_of(&p, MSGS);
	assert_false(scene_last(A, DATA)->may_be_cut);
	scene_pair_close(&p);
}

/*
 * If the application insists on "don't fragment" and the path is narrower than LEAST, the
 * connection ends with EMSGSIZE (ip(7)).
 */
static void a_path_below_the_least_without_fragmentation(void)
{
	struct pair p = scene_pair();
	struct icmp_error e;

	assert_int_equal(scene_set(A, p.a, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	scene_sysctl(A, "net/ipv4/tcp_retries2", "3");
	e = too_large(&p, 500, one_byte_on_its_way(&p));
	scene_drop_many(A, DATA, 1, ALWAYS);
	forge_icmp(&e);
	assert_int_equal(scene_recv(A, p.a, (char[1]){0}, 1), -EMSGSIZE);
	assert_false(scene_last(A, DATA)->may_be_cut);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * RFC 5927 4.1: an attacker who does not see the connection must guess a sequence number in flight;
 * an error with a wrong number is ignored.
 */
static void guessed_segments_are_ignored(void)
{
	struct pair p = scene_pair();
	struct icmp_error e = too_large(&p, 600, one_byte_on_its_way(&p) - 1);

	forge_icmp(&e);
	e.seq = next_of(A) + 1;
	forge_icmp(&e);
	e.type = ICMP_DEST_UNREACH;
	e.code = ICMP_PORT_UNREACH;
	forge_icmp(&e);
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(A, "TcpExt.OutOfWindowIcmps"), 3);
	assert_int_equal(scene_get(A, p.a, IPPROTO_IP, IP_MTU), 1500);
	/* The ICMP error quotes a connection that does not exist. */
	p.aport++;
	forge_icmp(&e);
	scene_sleep(10 * MS);
	p.aport--;
	assert_int_equal(scene_counter(A, "Icmp.InErrors"), 1);
	it_arrives(&p);
	assert_int_equal(longest_of(&p, MSGS), FULL);
	scene_pair_close(&p);
}

static void begin_to_nowhere(int *fd, int64_t *ticket, struct pair *p)
{
	scene_mark();
	scene_drop_many(A, SYN, 1, ALWAYS);
	*fd = scene_socket(A);
	*ticket = scene_begin_connect(A, *fd, B, PORT);
	*p = (struct pair){.aport = scene_last(A, SYN)->sport, .bport = PORT};
}

/*
 * RFC 1122 4.2.3.9: these errors end an attempt to connect, with the errno of Linux's ICMP table
 * (icmp(7)).
 */
static void an_error_ends_the_attempt(void)
{
	static const struct {
		uint8_t type, code;
		int err;
	} cases[] = {
		{ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, -EHOSTUNREACH},
		{ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, -ECONNREFUSED},
		{ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, -ENOPROTOOPT},
		{ICMP_TIME_EXCEEDED, 0, -EHOSTUNREACH},
		{ICMP_PARAMETERPROB, 0, -EPROTO},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct icmp_error e = {.type = cases[i].type, .code = cases[i].code};
		struct pair p;
		int64_t ticket;
		int fd;

		begin_to_nowhere(&fd, &ticket, &p);
		e.p = &p;
		e.seq = scene_last(A, SYN)->seq;
		forge_icmp(&e);
		assert_int_equal(scene_end(A, ticket), cases[i].err);
		assert_gap_ms(scene_nth(A, SYN, 1), scene_last(A, SYN), 0, 0);
		scene_heal();
		scene_close(A, fd);
	}
}

/*
 * On an established connection, an ICMP error is only remembered; it is reported if the connection
 * is given up.
 */
static void an_error_is_remembered(void)
{
	struct pair p = scene_pair();
	struct icmp_error e = {.p = &p, .type = ICMP_DEST_UNREACH, .code = ICMP_HOST_UNREACH};

	e.seq = one_byte_on_its_way(&p);
	forge_icmp(&e);
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, TCP_ESTABLISHED);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), 0);
	it_arrives(&p);
	scene_carry(A, p.a, B, p.b, 1000);
	/* The same error again, and now the connection is given up. */
	scene_sysctl(A, "net/ipv4/tcp_retries2", "3");
	e.seq = one_byte_on_its_way(&p);
	scene_drop_many(A, DATA, 1, ALWAYS);
	forge_icmp(&e);
	assert_int_equal(scene_recv(A, p.a, (char[1]){0}, 1), -EHOSTUNREACH);
	scene_heal();
	scene_pair_close(&p);
}

/* A router reports that it could not forward a SYN-ACK: the request ends (RFC 1122), but only if the
 * error quotes the right sequence number. */
static void a_request_and_an_error(void)
{
	struct pair p = {.bport = 999, .aport = PORT};
	int listener = scene_listen(A, PORT, 4);
	struct forged f = {.to = A, .sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};
	struct icmp_error e = {.p = &p, .type = ICMP_DEST_UNREACH, .code = ICMP_HOST_UNREACH};

	scene_drop_many(B, RST, 1, ALWAYS);
	scene_mark();
	forge(&f);
	assert_state(A, PORT, 999, TCP_SYN_RECV);
	e.seq = scene_nth(A, SYNACK, 1)->seq + 1;
	forge_icmp(&e);
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(A, "TcpExt.OutOfWindowIcmps"), 1);
	assert_state(A, PORT, 999, TCP_SYN_RECV);
	e.seq--;
	forge_icmp(&e);
	scene_sleep(10 * MS);
	assert_int_equal(scene_state(A, PORT, 999), 0);
	scene_close(A, listener);
}

/* An ICMP error has no effect on TIME_WAIT. */
static void time_wait_and_an_error(void)
{
	struct pair p = scene_pair();
	struct icmp_error e = {.p = &p, .type = ICMP_DEST_UNREACH, .code = ICMP_PORT_UNREACH};

	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	e.seq = scene_last(A, FIN)->seq;
	forge_icmp(&e);
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	scene_close(B, p.listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(large_segments_are_resent_in_pieces),
		SCENE(the_next_connection_knows),
		SCENE(how_small_a_router_may_make_us),
		SCENE(a_path_below_the_least_may_cut),
		SCENE(a_path_below_the_least_without_fragmentation),
		SCENE(guessed_segments_are_ignored),
		SCENE(an_error_ends_the_attempt),
		SCENE(an_error_is_remembered),
		SCENE(a_request_and_an_error),
		SCENE(time_wait_and_an_error),
	};

	return scene_play(tests);
}

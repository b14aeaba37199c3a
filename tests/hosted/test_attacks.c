/* SPDX-License-Identifier: MIT */
/*
 * Attacks on connections that no other scene plays (docs/attacks.md lists them all): each scene plays the attacker, and
 * fails on a stack without the defence.
 */
#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#define PORT 7

/* ---- counting challenge ACKs -------------------------------------------------------------------- */

/* Opens another connection from A, which B accepts at the listener of @p. */
static struct pair one_more(const struct pair *p)
{
	struct pair q = {.listener = -1, .bport = p->bport};

	q.a = scene_socket(A);
	assert_int_equal(scene_connect(A, q.a, B, q.bport), 0);
	q.b = scene_accept(B, p->listener);
	assert_true(q.b >= 0);
	q.aport = scene_port(A, q.a);
	return q;
}

/*
 * The attacker sends 120 resets within the window of the connection of @own, spread over a second,
 * and @spoofed times as many segments of @victim. Returns the number of challenge ACKs to @own.
 */
static unsigned int challenges(const struct forged *own, const struct forged *victim,
			       unsigned int spoofed)
{
	unsigned int n = 0, acks;

	scene_sleep(SEC);
	scene_mark();
	for (unsigned int i = 0; i < 120; i++) {
		forge_now(own);
		for (unsigned int k = 0; k < spoofed; k++)
			forge_now(victim);
		scene_sleep(8 * MS);
	}
	acks = scene_count(B, ACK);
	for (unsigned int i = 1; i <= acks; i++)
		n += scene_nth(B, ACK, i)->dport == own->p->aport;
	return n;
}

/*
 * CVE-2016-5696: if all connections share one limit, an attacker counts the challenge ACKs on his
 * own connection, and learns whether a forged segment was within a victim's window.  Here forged
 * resets and SYNs on the victim's connection do not change that number.
 */
static void challenge_acks_tell_nothing(void)
{
	struct pair p = scene_pair(), q;
	struct forged own = forged_of(&p, RST_FLAG | ACK_FLAG), victim;
	unsigned int alone;

	own.seq += 100;
	q = one_more(&p);
	victim = forged_of(&q, RST_FLAG | ACK_FLAG);
	victim.seq += 100;
	alone = challenges(&own, &victim, 0);
	/* tcp_invalid_ratelimit is 500 ms, so B sends about two challenge ACKs in a second. */
	assert_in_range(alone, 2, 3);
	assert_int_equal(challenges(&own, &victim, 3), alone);
	victim.flags = SYN_FLAG;
	assert_int_equal(challenges(&own, &victim, 3), alone);
	assert_state(B, q.bport, q.aport, TCP_ESTABLISHED);
	scene_carry(A, q.a, B, q.b, 1000);
	scene_pair_close(&q);
	scene_pair_close(&p);
}

/* ---- guessing sequence numbers and timestamps --------------------------------------------------- */

#define PROBES 64

/* Sends a SYN from each of PROBES ports at one instant. Stores the SYN-ACKs. */
static void probe(const struct seg *answers[PROBES])
{
	struct forged f = {.dport = PORT, .flags = SYN_FLAG, .seq = 1000};

	stamp(&f, 100, 0);
	scene_mark();
	for (unsigned int i = 0; i < PROBES; i++) {
		f.sport = 2000 + i;
		forge_now(&f);
	}
	scene_sleep(3 * MS);
	assert_int_equal(scene_count(B, SYNACK), PROBES);
	for (unsigned int i = 0; i < PROBES; i++)
		answers[scene_nth(B, SYNACK, i + 1)->dport - 2000] = scene_nth(B, SYNACK, i + 1);
}

static unsigned int bits_set(uint64_t set)
{
	return __builtin_popcountll(set);
}

/*
 * RFC 6528 3, RFC 7323 5.4: sequence numbers and timestamps begin at a secret offset for each
 * four-tuple. An attacker who connects from many ports learns nothing about another tuple: the
 * offsets are spread over all 2^32 numbers. For one tuple the numbers grow with time, so that an
 * old segment does not fit a new connection.
 */
static void numbers_are_not_foretold(void)
{
	int listener = scene_listen(B, PORT, PROBES);
	const struct seg *a[PROBES];
	struct {
		uint32_t seq, tsval;
	} first[PROBES];
	uint64_t isns = 0, stamps = 0;

	probe(a);
	for (unsigned int i = 0; i < PROBES; i++) {
		first[i].seq = a[i]->seq;
		first[i].tsval = a[i]->tsval;
		isns |= 1ULL << (a[i]->seq >> 26);
		stamps |= 1ULL << (a[i]->tsval >> 26);
	}
	/* 64 random numbers hit 40 of 64 ranges on average, with a standard deviation of 2.4. */
	assert_true(bits_set(isns) > 30 && bits_set(stamps) > 30);
	/* A's resets ended the requests.  Send SYNs from the same tuples again after a second. */
	scene_sleep(SEC);
	probe(a);
	for (unsigned int i = 0; i < PROBES; i++) {
		assert_in_range(a[i]->tsval - first[i].tsval, 1000, 1100);
		/* The ISN of a tuple grows by one in 64 ns, as in Linux.  RFC 6528 names 4 us. */
		assert_in_range(a[i]->seq - first[i].seq, SEC / 64, SEC / 64 * 11 / 10);
	}
	scene_close(B, listener);
}

/* ---- ARP --------------------------------------------------------------------------------------- */

#define EVIL      0x0266666666ULL
#define TYPE_ARP  0x0806
#define ASKS      1
#define TELLS     2
#define ARP_BYTES 28

/* Sends @to an ARP message in which the attacker claims the address @sip. */
static void claim(struct host *to, unsigned int op, uint32_t sip, uint32_t tip)
{
	uint8_t frame[PKT_ETH + ARP_BYTES] = {0}, *arp = frame + PKT_ETH;

	pkt_put_eth(frame, to == A ? 0x020000000001 : 0x020000000002, EVIL, TYPE_ARP);
	memcpy(arp, "\0\1\10\0\6\4\0", 7); /* Ethernet, IPv4, lengths of the addresses */
	arp[7] = op;
	memcpy(arp + 8, frame + 6, 6);
	pkt_put32(arp + 14, sip);
	pkt_put32(arp + 24, tip);
	assert_int_equal(wire_inject(scene->wire, to, frame, sizeof(frame)), 0);
}

/*
 * For ten seconds an attacker on the link tells each host, with replies, requests and announcements, that the other
 * host's address is at the attacker's link address.  No segment of the hosts' connection goes to the attacker.
 */
static void spoofed_arp_diverts_nothing(void)
{
	const uint32_t a = 0x0a000001, b = 0x0a000002;
	struct pair p = scene_pair();

	scene_sleep(2 * SEC);
	scene_mark();
	for (unsigned int i = 0; i < 100; i++) {
		claim(B, TELLS, a, b);
		claim(B, ASKS, a, b);
		claim(B, ASKS, a, a);
		claim(A, TELLS, b, a);
		claim(A, ASKS, b, a);
		claim(A, ASKS, b, b);
		scene_sleep(100 * MS);
		scene_carry(A, p.a, B, p.b, 1000);
		scene_carry(B, p.b, A, p.a, 1000);
	}
	assert_int_equal(scene_drops(A, "ARP_CONFLICT"), 300);
	assert_int_equal(scene_drops(B, "ARP_CONFLICT"), 300);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs") + scene_counter(B, "Tcp.RetransSegs"),
			 0);
	/* Only the answers to the attacker's requests went to the attacker, over the same wire. */
	assert_int_equal(scene_drops(A, "OTHERHOST"), 100);
	assert_int_equal(scene_drops(B, "OTHERHOST"), 100);
	scene_pair_close(&p);
}

/* Another host uses B's address: the console says so, at most once in ten seconds. */
static void a_conflict_is_on_the_console(void)
{
	static const char line[] = "uses our address 10.0.0.2 too";
	struct pair p = scene_pair();
	unsigned int lines = 0;

	for (unsigned int i = 0; i < 250; i++) {
		claim(B, TELLS, 0x0a000002, 0x0a000001);
		scene_sleep(100 * MS);
	}
	for (const char *at = B->console(); (at = strstr(at, line)); at++)
		lines++;
	assert_int_equal(lines, 3);
	scene_carry(A, p.a, B, p.b, 1000);
	scene_pair_close(&p);
}

/* ---- SYN cookies without memory or room ---------------------------------------------------------- */

/* Sends a SYN from @f->sport, and makes @f the ACK that returns the cookie. */
static void get_cookie(struct forged *f)
{
	f->flags = SYN_FLAG;
	f->seq = 1000;
	scene_mark();
	forge(f);
	f->flags = ACK_FLAG;
	f->seq = 1001;
	f->ack = scene_nth(B, SYNACK, 1)->seq + 1;
}

/*
 * If memory is missing or the accept queue is full, the ACK of a cookie is dropped, and the drop is
 * counted with its reason.
 */
static void cookies_without_memory_or_room(void)
{
	enum { PLAYS = 10 };
	int listener = scene_listen(B, PORT, PLAYS), fd;
	struct forged f = {.dport = PORT}, g = {.sport = 998, .dport = PORT};
	unsigned int refused = 0;

	/* A has no sockets for these ports and would answer with resets */
	scene_drop_many(B, SYNACK, 1, ALWAYS);
	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	get_cookie(&g);
	/*
	 * In the nth play the nth allocation fails, for example that of the packet, of the request
	 * or of the child. If the ACK reached the code for cookies and made no connection, the drop
	 * reason is NOMEM.
	 */
	for (unsigned int n = 1; n <= PLAYS; n++) {
		f.sport = 1000 + n;
		get_cookie(&f);
		scene_mark();
		B->set("fail_alloc", n);
		forge(&f);
		B->set("fail_alloc", 0);
		if (!scene_counter(B, "TcpExt.SyncookiesRecv") || scene_state(B, PORT, f.sport))
			continue;
		assert_int_equal(scene_drops(B, "NOMEM"), 1);
		assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);
		assert_int_equal(scene_count(B, TCP), 0);
		refused++;
	}
	assert_int_equal(refused, 2);
	assert_int_equal(scene_call(B, SYS_listen, listener, 0), 0);
	scene_mark();
	forge(&g);
	assert_int_equal(scene_drops(B, "TCP_LISTEN_OVERFLOW"), 1);
	assert_int_equal(scene_drops(B, "NOMEM"), 0);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	while (scene_poll(B, listener)) {
		fd = scene_accept(B, listener);
		scene_linger(B, fd, true, 0);
		scene_close(B, fd);
	}
	forge(&g);
	assert_state(B, PORT, 998, TCP_ESTABLISHED);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(challenge_acks_tell_nothing),    SCENE(numbers_are_not_foretold),
		SCENE(spoofed_arp_diverts_nothing),    SCENE(a_conflict_is_on_the_console),
		SCENE(cookies_without_memory_or_room),
	};

	return scene_play(tests);
}

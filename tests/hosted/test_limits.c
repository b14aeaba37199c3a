/* SPDX-License-Identifier: MIT */
/*
 * Limits (docs/limits.md) that only two hosts can reach, and that no other scene reaches.
 * LIMIT(...) in a comment says that the test below it reaches that limit; tests/tidy reports limits
 * without a test.
 */
#include "net/tcp/limits.h"
#include "tests/hosted/scene_forge.h"

#define PORT 7

/* ---- RFC 5961 10: challenge ACKs per second, of all connections together ------------------ */

/* Sends @resets resets within the window; returns the number of challenge ACKs. */
static unsigned int challenges_of(const struct forged *f, unsigned int resets)
{
	scene_mark();
	for (unsigned int i = 0; i < resets; i++) {
		forge_now(f);
		if (i % 64 == 63)
			scene_sleep(WIRE_DELAY / 64);
	}
	scene_sleep(2 * WIRE_DELAY);
	assert_int_equal(scene_count(B, ACK), scene_counter(B, "TcpExt.TCPChallengeACK"));
	assert_int_equal(scene_counter(B, "TcpExt.TCPACKSkippedChallenge"), 0);
	return scene_count(B, ACK);
}

/* Waits for the next second of B's clock. */
static void a_new_second(void)
{
	scene_sleep(SEC - B->clock() % SEC + 50 * MS);
}

/*
 * The number of challenge ACKs in a second changes from second to second, between half of the limit
 * and one and a half times the limit, so that an attacker cannot rely on it (CVE-2016-5696).
 *
 * LIMIT(TCP_CHALLENGE_ACK_NO_LIMIT) is 2147483647, and means that every challenge ACK is sent.
 */
static void so_many_challenges_a_second(void)
{
	enum {
		PER_SEC = 1000, /* the default of Linux before 6.1 */
		LEAST = (PER_SEC + 1) / 2,
		MOST = LEAST + PER_SEC - 1,
		SECONDS = 6
	};
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, RST_FLAG | ACK_FLAG);
	unsigned int n[SECONDS], different = 0;

	f.seq += 100;
	/* Switch off the limit of each connection, so that one connection alone reaches the common limit. */
	scene_sysctl(B, "net/ipv4/tcp_invalid_ratelimit", "0");
	a_new_second();
	assert_int_equal(challenges_of(&f, 2 * MOST), 2 * MOST);
	scene_sysctl(B, "net/ipv4/tcp_challenge_ack_limit", "1000");
	for (unsigned int i = 0; i < SECONDS; i++) {
		a_new_second();
		n[i] = challenges_of(&f, MOST + 100);
		assert_in_range(n[i], LEAST, MOST);
		/* In the same second no further challenge ACK is sent. */
		assert_int_equal(challenges_of(&f, 10), 0);
		different += i && n[i] != n[i - 1];
	}
	/* The numbers of two consecutive seconds are equal by chance in one of a thousand cases. */
	assert_true(different >= SECONDS - 2);
	assert_state(B, p.bport, p.aport, TCP_ESTABLISHED);
	scene_carry(A, p.a, B, p.b, 5000);
	scene_pair_close(&p);
}

/* ---- retransmissions of an orphan ----------------------------------------------------------------------------- */

/*
 * The peer does not answer the FIN of an orphan. The orphan sends the FIN again eight times, each
 * time after twice the interval, and then gives up.  The default of tcp_orphan_retries is 0, which
 * means eight (net/tcp/limits.h).
 *
 * LIMIT(TCP_ORPHAN_RETRIES)
 */
static void an_orphan_tries_eight_times(void)
{
	struct pair p;
	uint64_t first;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(300 * SEC);
	assert_int_equal(scene_count(A, FIN), 1 + 8);
	first = scene_gap(scene_nth(A, FIN, 1), scene_nth(A, FIN, 2));
	for (unsigned int i = 2; i <= 8; i++)
		assert_ms(scene_gap(scene_nth(A, FIN, i), scene_nth(A, FIN, i + 1)),
			  (first << (i - 1)) / MS - 10, (first << (i - 1)) / MS + 10);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnTimeout"), 1);
	scene_heal();
	scene_pair_close(&p);
}

/* ---- ACKs for a merged packet --------------------------------------------------------------------------------- */

/* Returns the number of ACKs for @n segments beyond a hole, which one poll merges into one packet. */
static unsigned int acks_for(struct forged *f, unsigned int n)
{
	scene_mark();
	for (unsigned int i = 0; i < n; i++, f->seq += strlen(f->data))
		forge_now(f);
	f->seq += 500; /* the next segments are beyond another hole */
	scene_sleep(2 * WIRE_DELAY);
	assert_int_equal(scene_counter(B, "TcpExt.TCPOFOQueue"), 1);
	return scene_count(B, ACK);
}

/*
 * Without SACK, RFC 5681 4.2 requires an ACK for each segment beyond a hole; for all segments of one
 * merged packet the kernel sends a limited number of ACKs.
 *
 * LIMIT(TCP_DUPACKS_MAX)
 */
static void so_many_duplicate_acks_at_once(void)
{
	/* The driver would copy a shorter frame, and GRO does not merge such copies. */
	static char text[201];
	struct forged f;
	struct pair p;

	memset(text, 'x', sizeof(text) - 1);
	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	p = scene_pair();
	f = forged_of(&p, ACK_FLAG);
	f.data = text;
	f.seq += 500;
	assert_int_equal(acks_for(&f, 3), 3);
	assert_int_equal(acks_for(&f, 12), 12);
	assert_int_equal(acks_for(&f, TCP_DUPACKS_MAX + 1), TCP_DUPACKS_MAX + 1);
	assert_int_equal(acks_for(&f, TCP_DUPACKS_MAX + 4), TCP_DUPACKS_MAX + 1);
	assert_int_equal(scene_last(B, ACK)->rack, 1);
	scene_pair_close(&p);
}

/* A sender with SACK does not count duplicate ACKs: the SACK blocks of one ACK report all
 * segments. */
static void one_ack_with_sack(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, ACK_FLAG);
	static char text[201];

	memset(text, 'x', sizeof(text) - 1);
	f.data = text;
	f.seq += 500;
	assert_int_equal(acks_for(&f, 12), 1);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(so_many_challenges_a_second),
		SCENE(an_orphan_tries_eight_times),
		/* Without an interrupt in between, one poll gets all segments. */
		SCENE_WITH(so_many_duplicate_acks_at_once, {"irq_chance", 0}),
		SCENE_WITH(one_ack_with_sack, {"irq_chance", 0}),
	};

	return scene_play(tests);
}

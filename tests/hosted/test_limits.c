/* SPDX-License-Identifier: MIT */
/*
 * Limits (docs/limits.md) that it takes two hosts to reach, and that no other scene does.  LIMIT(...)
 * in a comment says that the test below it reaches that bound; tests/tidy knows which are missing.
 */
#include "net/tcp/limits.h"
#include "tests/hosted/scene_forge.h"

#define PORT 7

/* ---- RFC 5961 10: challenge ACKs in a second, over all connections ----------------------------------------- */

/* Resets within the window. */
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

/* To the next full second of B's clock. */
static void a_new_second(void)
{
	scene_sleep(SEC - B->clock() % SEC + 50 * MS);
}

/*
 * Each second has a different number, from half of the limit to one and a half, so that an attacker
 * cannot rely on it (CVE-2016-5696).
 *
 * LIMIT(TCP_CHALLENGE_ACK_NO_LIMIT) is 2147483647: as many as come.
 */
static void so_many_challenges_a_second(void)
{
	enum {
		PER_SEC = 1000, /* Linux's before 6.1 */
		LEAST = (PER_SEC + 1) / 2,
		MOST = LEAST + PER_SEC - 1,
		SECONDS = 6
	};
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, RST_FLAG | ACK_FLAG);
	unsigned int n[SECONDS], different = 0;

	f.seq += 100;
	/* Without the limit of each connection, the limit over all is reached by one. */
	scene_sysctl(B, "net/ipv4/tcp_invalid_ratelimit", "0");
	a_new_second();
	assert_int_equal(challenges_of(&f, 2 * MOST), 2 * MOST);
	scene_sysctl(B, "net/ipv4/tcp_challenge_ack_limit", "1000");
	for (unsigned int i = 0; i < SECONDS; i++) {
		a_new_second();
		n[i] = challenges_of(&f, MOST + 100);
		assert_in_range(n[i], LEAST, MOST);
		/* Not one more in the same second. */
		assert_int_equal(challenges_of(&f, 10), 0);
		different += i && n[i] != n[i - 1];
	}
	/* By chance the same: one in a thousand for each pair. */
	assert_true(different >= SECONDS - 2);
	assert_state(B, p.bport, p.aport, TCP_ESTABLISHED);
	scene_carry(A, p.a, B, p.b, 5000);
	scene_pair_close(&p);
}

/* ---- an orphan's patience ---------------------------------------------------------------------------------- */

/*
 * Its FIN is not answered: it is sent again eight times (the default's meaning, see there), each
 * after twice the time of the last, and not once more.
 *
 * LIMIT(TCP_ORPHAN_RETRIES)
 */
static void an_orphan_tries_eight_times(void)
{
	struct pair p = scene_pair();
	uint64_t first;

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

/* The number of ACKs for @n segments beyond a hole, which one poll merges into one packet. */
static unsigned int acks_for(struct forged *f, unsigned int n)
{
	scene_mark();
	for (unsigned int i = 0; i < n; i++, f->seq += strlen(f->data))
		forge_now(f);
	f->seq += 500; /* the next are beyond another hole */
	scene_sleep(2 * WIRE_DELAY);
	assert_int_equal(scene_counter(B, "TcpExt.TCPOFOQueue"), 1);
	return scene_count(B, ACK);
}

/*
 * RFC 5681 4.2 requires an ACK for each segment beyond a hole; the kernel sends them up to a bound.
 *
 * LIMIT(TCP_DUPACKS_MAX)
 */
static void so_many_duplicate_acks_at_once(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, ACK_FLAG);
	static char text[201]; /* no copy: the driver's copies of short frames are not merged */

	memset(text, 'x', sizeof(text) - 1);
	f.data = text;
	f.seq += 500;
	assert_int_equal(acks_for(&f, 3), 3);
	assert_int_equal(acks_for(&f, 12), 12);
	assert_int_equal(acks_for(&f, TCP_DUPACKS_MAX + 1), TCP_DUPACKS_MAX + 1);
	assert_int_equal(acks_for(&f, TCP_DUPACKS_MAX + 4), TCP_DUPACKS_MAX + 1);
	assert_int_equal(scene_last(B, ACK)->rack, 1);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(so_many_challenges_a_second),
		SCENE(an_orphan_tries_eight_times),
		/* Without interrupts in between, one poll gets all segments. */
		SCENE_WITH(so_many_duplicate_acks_at_once, {"irq_chance", 0}),
	};

	return scene_play(tests);
}

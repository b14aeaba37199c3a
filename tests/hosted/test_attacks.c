/* SPDX-License-Identifier: MIT */
/*
 * Attacks on TCP that no other scene plays (docs/attacks.md lists them all): each scene plays the attacker, and
 * fails on a stack without the defence.
 */
#include "tests/hosted/scene_forge.h"

#include <stdio.h>

#define PORT 7

/* ---- what an attacker can count ---------------------------------------------------------------- */

/* Another connection from A, which B accepts at the listener of @p. */
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
 * CVE-2016-5696: with a common limit for challenge ACKs, the attacker learns from the number of those to himself whether
 * a forged segment was within a victim's window.  Here the forged resets of another connection, and the SYNs, which
 * are always challenged, change nothing.
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
	/* Two a second: tcp_invalid_ratelimit is 500 ms. */
	assert_in_range(alone, 2, 3);
	assert_int_equal(challenges(&own, &victim, 3), alone);
	victim.flags = SYN_FLAG;
	assert_int_equal(challenges(&own, &victim, 3), alone);
	assert_state(B, q.bport, q.aport, TCP_ESTABLISHED);
	scene_carry(A, q.a, B, q.b, 1000);
	scene_pair_close(&q);
	scene_pair_close(&p);
}

/* ---- what an attacker can guess ---------------------------------------------------------------- */

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
 * RFC 6528 3, RFC 7323 5.4: sequence numbers and timestamps begin at a secret offset for each four-tuple. An attacker
 * who connects from many ports learns nothing about another tuple: the offsets are spread over all 2^32 numbers. Of
 * one tuple the numbers grow with time, so that an old segment does not fit a new connection.
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
	/* A's resets ended the requests. The same tuples again, a second later. */
	scene_sleep(SEC);
	probe(a);
	for (unsigned int i = 0; i < PROBES; i++) {
		assert_in_range(a[i]->tsval - first[i].tsval, 1000, 1100);
		/* RFC 6528: one step in 4 us; here, and in Linux, one in 64 ns. */
		assert_in_range(a[i]->seq - first[i].seq, SEC / 64, SEC / 64 * 11 / 10);
	}
	scene_close(B, listener);
}

/* ---- SYN cookies without memory or room ---------------------------------------------------------- */

/* A SYN from @f->sport and its cookie; @f is then the ACK that brings it back. */
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

/* The ACK of a cookie counts as lost, with its own reason, if memory is missing or the accept queue is full. */
static void cookies_without_memory_or_room(void)
{
	int listener = scene_listen(B, PORT, 0), fd;
	struct forged f = {.sport = 999, .dport = PORT}, g = {.sport = 998, .dport = PORT};

	scene_drop_many(B, SYNACK, 1, ALWAYS); /* A has no such sockets and would send resets */
	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	get_cookie(&g);
	get_cookie(&f);
	scene_mark();
	/* Of an ACK's allocations the first is the packet, the second the request, the third the child. */
	for (unsigned int n = 2; n <= 3; n++) {
		B->set("fail_alloc", n);
		forge(&f);
		B->set("fail_alloc", 0);
		assert_int_equal(scene_drops(B, "NOMEM"), n - 1);
	}
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);
	assert_int_equal(scene_count(B, TCP), 0);
	forge(&f);
	assert_state(B, PORT, 999, TCP_ESTABLISHED);
	scene_mark();
	forge(&g);
	assert_int_equal(scene_drops(B, "TCP_LISTEN_OVERFLOW"), 1);
	assert_int_equal(scene_drops(B, "NOMEM"), 0);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	for (unsigned int i = 0; i < 2; i++) {
		fd = scene_accept(B, listener);
		assert_true(fd >= 0);
		scene_linger(B, fd, true, 0);
		scene_close(B, fd);
		if (!i)
			forge(&g);
	}
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(challenge_acks_tell_nothing),
		SCENE(numbers_are_not_foretold),
		SCENE(cookies_without_memory_or_room),
	};

	return scene_play(tests);
}

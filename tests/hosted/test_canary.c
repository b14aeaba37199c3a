/* SPDX-License-Identifier: MIT */
/*
 * Tests of the scenes themselves: they report objects that are left at the end, and the same seed
 * repeats the same run.
 */
#include "tests/hosted/scene.h"

#include <stdio.h>

static unsigned int complaints(void)
{
	FILE *nowhere = fopen("/dev/null", "w");
	unsigned int n;

	assert_non_null(nowhere);
	n = conductor_check(scene->conductor, nowhere);
	fclose(nowhere);
	return n;
}

static void a_socket_left_open_is_noticed(void)
{
	int fd;

	assert_int_equal(complaints(), 0);
	fd = scene_socket(A);
	assert_true(complaints() > 0);
	scene_close(A, fd);
	assert_int_equal(complaints(), 0);
}

static void a_timer_left_armed_is_noticed(void)
{
	int fd = scene_socket(A);

	scene_drop_many(A, SYN, 1, ALWAYS);
	scene_nonblock(A, fd);
	assert_int_equal(scene_connect(A, fd, B, 7), -EINPROGRESS);
	assert_true(complaints() >= 2); /* the objects and the timer */
	scene_close(A, fd);
}

static void a_call_in_flight_is_noticed(void)
{
	int fd = scene_listen(A, 7, 1);
	int64_t ticket = scene_begin_accept(A, fd);

	assert_true(complaints() > 0);
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	scene_close(A, fd);
}

static void the_wire_obeys(void)
{
	struct pair p;
	char got[2];

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop(A, DATA, 2);
	scene_hold(A, DATA, 1, 30 * MS);
	scene_send_all(A, p.a, "a", 1);
	scene_send_all(A, p.a, "b", 1);
	assert_true(scene_nth(A, DATA, 2)->lost && !scene_nth(A, DATA, 1)->lost);
	scene_sleep(20 * MS);
	assert_int_equal(scene_count(B, TCP), 0);
	scene_sleep(20 * MS);
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(B, ACK, 1), 31, 31);
	assert_int_equal(scene_recv(B, p.b, got, 2), 1);
	scene_recv_all(B, p.b, got, 1);
	scene_pair_close(&p);
}

/* Returns a hash of the numbers and times of all segments that two transfers put on a bad wire. */
static uint64_t fingerprint(void)
{
	struct pair p = scene_pair();
	uint64_t hash = 1;

	scene_hostile(10);
	scene_carry(A, p.a, B, p.b, 60000);
	scene_carry(B, p.b, A, p.a, 60000);
	scene_pair_close(&p);
	scene_sleep(10 * SEC);
	for (unsigned int side = 0; side < 2; side++) {
		struct host *h = side ? B : A;

		for (unsigned int i = 1; i <= scene_count(h, TCP); i++) {
			const struct seg *s = scene_nth(h, TCP, i);
			const uint64_t parts[] = {s->ns,  s->seq,   s->ack,   s->flags,
						  s->len, s->tsval, s->tsecr, s->window};

			for (unsigned int k = 0; k < 8; k++)
				hash = (hash ^ parts[k]) * 0x100000001b3ULL;
		}
	}
	scene_heal();
	return hash;
}

static void the_same_seed_is_the_same_run(void)
{
	void *state = scene;
	uint64_t first = fingerprint();

	scene->over = true;
	assert_int_equal(scene_teardown(&state), 0);
	assert_int_equal(scene_setup(&state), 0);
	assert_true(fingerprint() == first);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_socket_left_open_is_noticed), SCENE(a_timer_left_armed_is_noticed),
		SCENE(a_call_in_flight_is_noticed),   SCENE(the_wire_obeys),
		SCENE(the_same_seed_is_the_same_run),
	};

	return scene_play(tests);
}

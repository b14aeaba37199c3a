/* SPDX-License-Identifier: MIT */
/* The rounds of a race, and the connections that the scenes of races use (race.h). */
#include "tests/hosted/race.h"

struct race race;

void race_first(void)
{
	race.host = NULL;
	race.edge = 1 + scene->seed % STRIDE;
	race.rounds = 0;
}

bool race_next(void)
{
	if (race.rounds++) {
		assert_non_null(race.host);
		if (race.host->stat("race_left"))
			return false;
		race.edge += STRIDE;
	}
	return true;
}

int64_t together_args(struct host *h, long nr, const int64_t args[6])
{
	int64_t ticket = h->submit(nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	assert_true(ticket > 0);
	h->set("race_edge", race.edge);
	race.host = h;
	return ticket;
}

void until_frame_flies(unsigned int n)
{
	scene_sleep((n - 1) * WIRE_DELAY + WIRE_DELAY / 2);
}

struct pair connected(int listener)
{
	struct pair p = {.listener = -1, .bport = PORT};

	p.a = scene_socket(A);
	assert_int_equal(scene_connect(A, p.a, B, PORT), 0);
	p.b = scene_accept(B, listener);
	assert_true(p.b >= 0);
	return p;
}

void forget(struct pair *p)
{
	if (p->a >= 0)
		scene_linger(A, p->a, true, 0);
	scene_pair_close(p);
	scene_sleep(5 * MS);
}

/* SPDX-License-Identifier: MIT */
/*
 * A client that connects, closes and connects again for five virtual minutes: each round is as long
 * as TIME_WAIT, so from the second round on, as many connections leave TIME_WAIT as enter it. No
 * connect() may fail, and none may cost more because of the connections that wait. Cost is counted
 * in edges (jumps of the control flow, sn_stat("edges")), so that the result does not depend on a
 * clock. Only for the race build: `make steps`.
 *
 * The client has 4,000 local ports, and in each scene more connections are in TIME_WAIT than there
 * are even ports. With FULL=1 in the environment, the client has all its ports (28,232), and opens
 * as many connections in a minute as the wire permits (15,000).
 */
#include "tests/hosted/scene.h"

#include <stdio.h>
#include <stdlib.h>

#define PORT     7
#define ROUNDS   5
#define ROUND    (60 * SEC)
#define CONNECTS 2100 /* connections of one round; the client has 4,000 ports */
#define FULL     15000
#define FIRST    500 /* the cost of these connections is the measure for all others */
#define MEMORY                                                                                     \
	{                                                                                          \
		"ram", 256ULL << 20                                                                \
	}

enum who { CLIENT, SERVER };

static void one_connection(int listener, enum who first)
{
	int a = scene_socket(A), b;

	assert_int_equal(scene_connect(A, a, B, PORT), 0);
	b = scene_accept(B, listener);
	assert_true(b >= 0);
	scene_close(first == CLIENT ? A : B, first == CLIENT ? a : b);
	scene_sleep(1 * MS);
	scene_close(first == CLIENT ? B : A, first == CLIENT ? b : a);
}

static uint64_t edges(void)
{
	return A->stat("edges") + B->stat("edges");
}

/*
 * A connection may cost up to half more than the first connections did, because some connections
 * find their first ports in use.
 */
static void check_cost(uint64_t since, unsigned int n, uint64_t measure)
{
	assert_true((edges() - since) / n <= measure + measure / 2);
}

static void rounds(enum who first)
{
	const bool full = getenv("FULL");
	const unsigned int n = full ? FULL : CONNECTS;
	int listener = scene_listen(B, PORT, 8);
	uint64_t measure = 0;

	if (!full)
		scene_sysctl(A, "net/ipv4/ip_local_port_range", "32768 36767");
	for (unsigned int r = 0; r < ROUNDS; r++) {
		uint64_t begin = scene_now(), before = edges();

		for (unsigned int i = 0; i < n; i++) {
			uint64_t due = begin + ROUND / n * (i + 1);

			one_connection(listener, first);
			if (scene_now() < due)
				scene_sleep(due - scene_now());
			if (r == 0 && i + 1 == FIRST)
				measure = (edges() - before) / FIRST;
		}
		print_message("round %u: %u connections, %llu edges each, %llu of the first ones\n",
			      r + 1, n, (unsigned long long)(edges() - before) / n,
			      (unsigned long long)measure);
		check_cost(before, n, measure);
	}
	scene_close(B, listener);
	scene_sleep(2 * ROUND);
}

/* The server closes first, so the client's new SYNs reach server ports in TIME_WAIT. */
static void the_server_closes_first(void)
{
	rounds(SERVER);
}

/*
 * A port in TIME_WAIT is reused, because timestamps distinguish old from new segments (RFC 6191).
 */
static void the_client_closes_first(void)
{
	rounds(CLIENT);
}

/* No port is reused, so all even ports are in TIME_WAIT at the end of a round. */
static void without_reuse(void)
{
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "0");
	rounds(CLIENT);
}

static void without_timestamps(void)
{
	scene_sysctl(A, "net/ipv4/tcp_timestamps", "0");
	rounds(CLIENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(the_server_closes_first, MEMORY),
		SCENE_WITH(the_client_closes_first, MEMORY),
		SCENE_WITH(without_reuse, MEMORY),
		SCENE_WITH(without_timestamps, MEMORY),
	};

	return scene_play(tests);
}

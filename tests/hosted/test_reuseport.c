/* SPDX-License-Identifier: MIT */
/*
 * SO_REUSEPORT: several listeners of B share a port, and a connection goes to the one that its
 * four-tuple selects. Listeners join and leave such a group. SO_REUSEADDR and SO_REUSEPORT of a
 * single bind() are compared with Linux by tests/differ (generate_bind.py).
 */
#include "tests/hosted/scene.h"

#define PORT        7
#define MEMBERS     4
#define CONNECTIONS 1000
/*
 * Of 1,000 connections, a member of four gets 250 on average, with a standard deviation of
 * sqrt(1000 * 1/4 * 3/4) = 13.7. Five deviations either way are permitted.
 */
#define LEAST 182
#define MOST  318

static int member(int backlog)
{
	int fd = scene_socket(B);

	assert_int_equal(scene_set(B, fd, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	assert_int_equal(scene_bind(B, fd, PORT), 0);
	assert_int_equal(scene_call(B, SYS_listen, fd, backlog), 0);
	scene_nonblock(B, fd);
	return fd;
}

/*
 * Opens a connection and returns its socket on A. Stores its socket on B in *@b, and the index of
 * the member that accepted it in *@which.
 */
static int open_one(const int *members, unsigned int n, int *b, unsigned int *which)
{
	int a = scene_socket(A);

	assert_int_equal(scene_connect(A, a, B, PORT), 0);
	scene_sleep(2 * MS);
	for (*which = 0; *which < n; (*which)++) {
		*b = scene_accept(B, members[*which]);
		if (*b >= 0)
			return a;
		assert_int_equal(*b, -EAGAIN);
	}
	fail_msg("no member has the connection");
	return -1;
}

/* Opens and closes @connections connections; counts how many each of the @n members accepted. */
static void spread(const int *members, unsigned int n, unsigned int connections,
		   unsigned int *counts)
{
	memset(counts, 0, n * sizeof(*counts));
	for (unsigned int i = 0; i < connections; i++) {
		unsigned int which;
		int b, a = open_one(members, n, &b, &which);

		counts[which]++;
		scene_close(A, a);
		scene_close(B, b);
	}
}

/* Every member gets its share, also after one of them has left, and after another one has joined. */
static void connections_are_spread(void)
{
	unsigned int counts[MEMBERS];
	int members[MEMBERS];

	for (unsigned int i = 0; i < MEMBERS; i++)
		members[i] = member(8);
	spread(members, MEMBERS, CONNECTIONS, counts);
	for (unsigned int i = 0; i < MEMBERS; i++)
		assert_in_range(counts[i], LEAST, MOST);

	scene_close(B, members[1]);
	members[1] = members[MEMBERS - 1];
	spread(members, MEMBERS - 1, CONNECTIONS * (MEMBERS - 1) / MEMBERS, counts);
	for (unsigned int i = 0; i < MEMBERS - 1; i++)
		assert_in_range(counts[i], LEAST, MOST);

	members[MEMBERS - 1] = member(8);
	spread(members, MEMBERS, CONNECTIONS, counts);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		assert_in_range(counts[i], LEAST, MOST);
		scene_close(B, members[i]);
	}
}

/*
 * A member closes. As on Linux (where tcp_migrate_req is 0), the connections that only this member
 * knows end: those that wait in its accept queue are reset, and the ACK of a half-open one is
 * answered with a reset. Accepted connections and those of the other members go on, and so do new
 * ones.
 */
static void a_member_closes(void)
{
	enum { N = 24 };
	int members[2], a[N], b[N];
	unsigned int which[N], left = 0, right = 0;

	members[0] = member(N);
	members[1] = member(N);
	for (unsigned int i = 0; i < N / 2; i++)
		a[i] = open_one(members, 2, &b[i], &which[i]);
	for (unsigned int i = N / 2; i < N; i++) {
		a[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, a[i], B, PORT), 0);
	}
	scene_sleep(2 * MS);
	scene_mark();
	scene_close(B, members[0]);
	scene_sleep(2 * MS);
	left = scene_count(B, RST);
	for (unsigned int i = 0; i < N / 2; i++) {
		scene_carry(A, a[i], B, b[i], 1000);
		scene_carry(B, b[i], A, a[i], 1000);
		scene_close(A, a[i]);
		scene_close(B, b[i]);
	}
	for (unsigned int i = N / 2; i < N; i++) {
		int fd = scene_accept(B, members[1]);

		right += fd >= 0;
		if (fd >= 0)
			scene_close(B, fd);
		scene_close(A, a[i]);
	}
	/* Each of the waiting connections was either reset or accepted from the other member. */
	assert_int_equal(left + right, N / 2);
	assert_true(left && right);
	for (unsigned int i = 0; i < N; i++) {
		a[0] = open_one(members + 1, 1, &b[0], &which[0]);
		scene_close(A, a[0]);
		scene_close(B, b[0]);
	}
	scene_close(B, members[1]);
}

/* The ACKs of the handshakes are on the wire while a member closes. */
static void the_half_open_ones_of_a_closed_member_end(void)
{
	enum { N = 24 };
	int members[2], a[N], fd;
	int64_t tickets[N];
	unsigned int refused = 0, accepted = 0;

	members[0] = member(N);
	members[1] = member(N);
	for (unsigned int i = 0; i < N; i++)
		scene_hold(A, ACK, i + 1, 20 * MS);
	for (unsigned int i = 0; i < N; i++) {
		a[i] = scene_socket(A);
		tickets[i] = scene_begin_connect(A, a[i], B, PORT);
	}
	scene_sleep(5 * MS);
	scene_close(B, members[0]);
	scene_sleep(50 * MS);
	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(scene_end(A, tickets[i]), 0);
		refused += scene_get(A, a[i], SOL_SOCKET, SO_ERROR) == ECONNRESET;
	}
	while ((fd = scene_accept(B, members[1])) >= 0) {
		accepted++;
		scene_close(B, fd);
	}
	assert_int_equal(refused + accepted, N);
	assert_true(refused && accepted);
	for (unsigned int i = 0; i < N; i++)
		scene_close(A, a[i]);
	scene_close(B, members[1]);
}

/* The ACK of a SYN cookie may arrive at another member than the one that sent the cookie. */
static void a_cookie_of_a_member_that_left(void)
{
	enum { N = 24 };
	int members[2], a[N], b;
	int64_t tickets[N];
	unsigned int n = 0;

	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	members[0] = member(N);
	members[1] = member(N);
	for (unsigned int i = 0; i < N; i++)
		scene_hold(A, ACK, i + 1, 20 * MS);
	for (unsigned int i = 0; i < N; i++) {
		a[i] = scene_socket(A);
		tickets[i] = scene_begin_connect(A, a[i], B, PORT);
	}
	scene_sleep(5 * MS);
	scene_close(B, members[0]);
	members[0] = member(N);
	scene_close(B, members[1]);
	scene_sleep(50 * MS);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(scene_end(A, tickets[i]), 0);
	while ((b = scene_accept(B, members[0])) >= 0) {
		n++;
		scene_close(B, b);
	}
	assert_int_equal(n, N);
	for (unsigned int i = 0; i < N; i++)
		scene_close(A, a[i]);
	scene_close(B, members[0]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(connections_are_spread),
		SCENE(a_member_closes),
		SCENE(the_half_open_ones_of_a_closed_member_end),
		SCENE(a_cookie_of_a_member_that_left),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Several threads on one socket: they wait for each other, wake each other, and close the socket
 * while another uses it.
 */
#include "tests/hosted/scene.h"

#define PORT 7
#define MIB  (1 << 20)

/* Two threads write to one socket: all bytes of both arrive, and no others. */
static void two_writers(void)
{
	struct pair p = scene_pair();
	enum { N = 300000 };
	uint8_t *ones = malloc(N), *twos = malloc(N), *got = malloc(2 * N);
	struct stream all[] = {
		{.host = A, .fd = p.a, .writes = true, .bytes = ones, .len = N, .step = 1000},
		{.host = A, .fd = p.a, .writes = true, .bytes = twos, .len = N, .step = 1000},
		{.host = B, .fd = p.b, .bytes = got, .len = 2 * N, .step = 5000},
	};
	size_t nr_ones = 0;

	memset(ones, 1, N);
	memset(twos, 2, N);
	scene_streams(all, 3);
	for (size_t i = 0; i < 2 * N; i++) {
		assert_true(got[i] == 1 || got[i] == 2);
		nr_ones += got[i] == 1;
	}
	assert_int_equal(nr_ones, N);
	scene_pair_close(&p);
	free(ones);
	free(twos);
	free(got);
}

/*
 * A write sleeps in a page fault in the middle of its copy. Meanwhile another connection's write takes memory from the
 * block of pages that both share: each peer gets the bytes that were written to it.
 */
static void a_write_that_sleeps_in_its_copy(void)
{
	enum { N = 4000 };
	static uint8_t sent[2][N], got[N];
	int listener = scene_listen(B, PORT, 4), a[2], b[2];
	int64_t slow;

	for (int i = 0; i < 2; i++) {
		scene_fill(sent[i], N, i);
		a[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, a[i], B, PORT), 0);
		b[i] = scene_accept(B, listener);
	}
	/* The frames stay in A, so that the second write's bytes wait where the first one's could overwrite them. */
	A->set("hold_tx", 1);
	A->set("slow_copies", 1);
	slow = scene_begin(A, SYS_write, a[0], PTR(sent[0]), N);
	assert_int_equal(scene_send(A, a[1], sent[1], N), N);
	assert_int_equal(scene_end(A, slow), N);
	A->set("hold_tx", 0);
	for (int i = 0; i < 2; i++) {
		scene_recv_all(B, b[i], got, N);
		assert_memory_equal(got, sent[i], N);
		scene_close(A, a[i]);
		scene_close(B, b[i]);
	}
	scene_close(B, listener);
}

static void two_readers(void)
{
	struct pair p = scene_pair();
	char one[4], two[4];
	int64_t first = scene_begin(B, SYS_read, p.b, PTR(one), 4);
	int64_t second = scene_begin(B, SYS_read, p.b, PTR(two), 4), result;

	bool first_is_back, second_is_back;

	scene_send_all(A, p.a, "1111", 4);
	scene_sleep(10 * MS);
	first_is_back = scene_is_back(B, first, &result);
	second_is_back = scene_is_back(B, second, &result);
	assert_true(first_is_back != second_is_back);
	scene_send_all(A, p.a, "2222", 4);
	assert_int_equal(scene_end(B, first_is_back ? second : first), 4);
	assert_memory_equal(first_is_back ? one : two, "1111", 4);
	assert_memory_equal(first_is_back ? two : one, "2222", 4);
	scene_pair_close(&p);
}

/* close() removes the descriptor; the socket remains until the other thread's call returns (as on Linux). */
static void closed_while_another_reads(void)
{
	struct pair p = scene_pair();
	char got[4];
	int64_t reader = scene_begin(B, SYS_read, p.b, PTR(got), 4);

	scene_sleep(10 * MS);
	scene_mark();
	scene_close(B, p.b);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, FIN), 0);
	assert_int_equal(scene_call(B, SYS_read, p.b, PTR(got), 4), -EBADF);
	p.b = -1;
	scene_send_all(A, p.a, "last", 4);
	assert_int_equal(scene_end(B, reader), 4);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, FIN), 1);
	scene_pair_close(&p);
}

static void shut_down_while_another_writes(void)
{
	struct pair p = scene_pair();
	uint8_t *bytes = calloc(1, 8 * MIB);
	int64_t writer = scene_begin(A, SYS_sendto, p.a, PTR(bytes), 8 * MIB, MSG_NOSIGNAL, 0, 0);
	int64_t result;

	scene_sleep(1 * SEC);
	assert_false(scene_is_back(A, writer, &result));
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	result = scene_end(A, writer);
	assert_in_range(result, 1, 8 * MIB - 1);
	/* The peer gets the bytes that the write accepted, then the end of the stream. */
	scene_recv_all(B, p.b, bytes, result);
	scene_expect_eof(B, p.b);
	scene_pair_close(&p);
	free(bytes);
}

static void closed_while_connecting(void)
{
	int fd = scene_socket(A);
	int64_t ticket;

	scene_drop_many(A, SYN, 1, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	scene_sleep(100 * MS);
	scene_close(A, fd);
	assert_int_equal(scene_end(A, ticket), -ETIMEDOUT);
}

static void closed_while_accepting(void)
{
	int listener = scene_listen(B, PORT, 2), fd = scene_socket(A);
	int64_t ticket = scene_begin_accept(B, listener);
	int accepted;

	scene_sleep(10 * MS);
	scene_close(B, listener);
	/* The socket still listens, because a thread waits in accept(). */
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_end(B, ticket);
	assert_true(accepted >= 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_state(B, PORT, 0), 0);
	scene_close(B, accepted);
	scene_close(A, fd);
}

static void poll_wakes_for_requested_events(void)
{
	struct pair p = scene_pair();
	struct pollfd fds[] = {{.fd = p.listener, .events = POLLIN}, {.fd = p.b, .events = POLLIN}};
	int fd = scene_socket(A);
	char byte;
	int64_t ticket = scene_begin(B, SYS_poll, PTR(fds), 2, -1);

	scene_send_all(A, p.a, "x", 1);
	assert_int_equal(scene_end(B, ticket), 1);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLIN);
	scene_recv_all(B, p.b, &byte, 1);
	ticket = scene_begin(B, SYS_poll, PTR(fds), 2, -1);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_int_equal(scene_end(B, ticket), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	uint64_t begin = scene_now();

	assert_int_equal(scene_call(B, SYS_poll, PTR(&fds[1]), 1, 250), 0);
	assert_ms(scene_now() - begin, 250, 251);
	scene_close(A, fd);
	scene_pair_close(&p);
}

/* Segments that arrive while a thread owns the socket wait in its backlog, and none is lost. */
static void readers_and_writers_on_both_sides(void)
{
	struct pair p = scene_pair();
	enum { N = 200000 };
	uint8_t *bytes[4];

	for (unsigned int i = 0; i < 4; i++) {
		bytes[i] = malloc(N);
		scene_fill(bytes[i], N, i & 1);
	}
	struct stream all[] = {
		{.host = A, .fd = p.a, .writes = true, .bytes = bytes[0], .len = N, .step = 1},
		{.host = B, .fd = p.b, .writes = true, .bytes = bytes[1], .len = N, .step = 65536},
		{.host = B, .fd = p.b, .bytes = bytes[2], .len = 2000, .step = 7},
		{.host = A, .fd = p.a, .bytes = bytes[3], .len = N, .step = 333},
	};

	all[0].len = 2000;
	scene_streams(all, 4);
	assert_memory_equal(bytes[0], bytes[2], 2000);
	assert_memory_equal(bytes[1], bytes[3], N);
	for (unsigned int i = 0; i < 4; i++)
		free(bytes[i]);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(two_writers),
		SCENE(a_write_that_sleeps_in_its_copy),
		SCENE(two_readers),
		SCENE(closed_while_another_reads),
		SCENE(shut_down_while_another_writes),
		SCENE(closed_while_connecting),
		SCENE(closed_while_accepting),
		SCENE(poll_wakes_for_requested_events),
		SCENE(readers_and_writers_on_both_sides),
	};

	return scene_play(tests);
}

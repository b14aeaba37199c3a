/* SPDX-License-Identifier: MIT */
/*
 * The machine powers off: each peer gets the unsent data and a FIN, then has time to close too,
 * then gets a reset; no connection begins meanwhile.  (tests/qemu/test_power.py tests the power
 * button and the machine.)
 */
#include "kernel/limits.h"
#include "tests/hosted/scene.h"

#include "include/uapi/unistd.h"

#define PORT     7
#define POWEROFF 0
#define PATIENCE (SHUTDOWN_STAGE_MS * MS)

static void switch_off(struct host *h)
{
	scene_begin(h, __NR_softnet_power, POWEROFF, 0);
}

/* Checks that B is off without an error, and ends the scene, because scene_teardown() needs both hosts. */
static void b_is_off(void)
{
	assert_true(B->halted);
	assert_int_equal(B->halt_code(), 0);
	assert_string_equal(B->panic_message(), "");
	scene_wire_end();
	scene_proc_end();
	conductor_free(scene->conductor);
	scene->conductor = NULL;
}

/* RFC 9293 3.6: the machine waits until the peer has closed too, and then ends at once. */
static void a_peer_that_closes_too(void)
{
	struct pair p = scene_pair();
	uint64_t begin = scene_now();

	scene_mark();
	switch_off(B);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, FIN), 1);
	scene_expect_eof(A, p.a);
	scene_close(A, p.a);
	while (!B->halted)
		scene_sleep(1 * MS);
	assert_ms(scene_now() - begin, 10, 30);
	assert_int_equal(scene_count(B, RST), 0);
	assert_int_equal(scene_count(A, RST), 0);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0); /* B acknowledged A's FIN */
	b_is_off();
}

static void a_peer_that_does_not_close(void)
{
	struct pair p = scene_pair();

	scene_mark();
	switch_off(B);
	scene_sleep(PATIENCE - 10 * MS);
	assert_int_equal(scene_count(B, FIN), 1);
	assert_int_equal(scene_count(B, RST), 0);
	assert_false(B->halted);
	scene_sleep(100 * MS);
	assert_int_equal(scene_count(B, RST), 1);
	/* The reset's number is the one after the FIN's. */
	assert_int_equal(scene_last(B, RST)->rseq, scene_last(B, FIN)->rseq + 1);
	assert_int_equal(scene_send(A, p.a, "x", 1),
			 -EPIPE); /* as on Linux after a reset in CLOSE_WAIT */
	scene_close(A, p.a);
	b_is_off();
}

/* The peer gets the data that was written before, then the end of the stream. */
static void written_data_arrives(void)
{
	enum { N = 60000 };
	static uint8_t bytes[N], got[N];
	struct pair p = scene_pair();

	scene_fill(bytes, N, 1);
	scene_send_all(B, p.b, bytes, N);
	/* some of the data is unsent */
	assert_true(scene_last(B, DATA)->rseq + scene_last(B, DATA)->len < N);
	switch_off(B);
	scene_recv_all(A, p.a, got, N);
	assert_memory_equal(got, bytes, N);
	scene_expect_eof(A, p.a);
	scene_close(A, p.a);
	scene_sleep(PATIENCE + 10 * MS);
	assert_int_equal(scene_count(B, RST), 0);
	b_is_off();
}

/* Waiting threads get an error, and new connections are refused. */
static void nothing_begins_any_more(void)
{
	struct pair p = scene_pair();
	int64_t accepting = scene_begin_accept(B, p.listener), connecting, result;
	int fd = scene_socket(B), late = scene_socket(A);

	scene_drop_many(B, SYN, 1, ALWAYS);
	connecting = scene_begin_connect(B, fd, A, PORT);
	switch_off(B);
	assert_int_equal(scene_connect(A, late, B, PORT), -ECONNREFUSED);
	assert_true(scene_is_back(B, accepting, &result));
	assert_int_equal(result, -EINVAL); /* accept(2): the socket no longer listens */
	assert_true(scene_is_back(B, connecting, &result));
	assert_int_equal(result, -ECONNABORTED);
	scene_close(A, late);
	scene_close(A, p.a);
	scene_sleep(PATIENCE + 10 * MS);
	b_is_off();
}

/*
 * B has two half-closed connections. It sends a FIN on the one in CLOSE_WAIT, and a reset on the
 * one in FIN_WAIT2.
 */
static void connections_in_other_states(void)
{
	struct pair p = scene_pair(), q;
	int listener = p.listener;

	/* The first connection is in CLOSE_WAIT at B. */
	scene_shutdown(A, p.a, SHUT_WR);
	/* The second connection is in FIN_WAIT2 at B. */
	q = (struct pair){.listener = listener, .a = scene_socket(A), .bport = PORT};
	assert_int_equal(scene_connect(A, q.a, B, PORT), 0);
	q.aport = scene_port(A, q.a);
	q.b = scene_accept(B, listener);
	assert_true(q.b >= 0);
	scene_shutdown(B, q.b, SHUT_WR);
	scene_sleep(10 * MS);
	assert_state(B, p.bport, p.aport, TCP_CLOSE_WAIT);
	assert_state(B, PORT, q.aport, TCP_FIN_WAIT2);
	scene_mark();
	switch_off(B);
	scene_sleep(PATIENCE + 100 * MS);
	/*
	 * The connection in CLOSE_WAIT sends its FIN and ends.  The other has sent its FIN already,
	 * and is reset.
	 */
	assert_int_equal(scene_count(B, FIN), 1);
	assert_int_equal(scene_last(B, FIN)->dport, p.aport);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_last(B, RST)->dport, q.aport);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_int_equal(scene_state(A, q.aport, PORT), 0);
	b_is_off();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_peer_that_closes_too),      SCENE(a_peer_that_does_not_close),
		SCENE(written_data_arrives),        SCENE(nothing_begins_any_more),
		SCENE(connections_in_other_states),
	};

	return scene_play(tests);
}

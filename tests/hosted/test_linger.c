/* SPDX-License-Identifier: MIT */
/*
 * SO_LINGER: off, zero, long enough, too short; when close() waits, and when it does not.  POSIX
 * 2.10.16; where POSIX leaves the result open (a socket with O_NONBLOCK), as on Linux.
 */
#include "tests/hosted/scene.h"

#define PORT 7
#define N    40000 /* more than the first congestion window, less than a send buffer */

static uint8_t bytes[N], got[N];

static struct pair loaded_pair(void)
{
	struct pair p = scene_pair();

	scene_fill(bytes, N, 3);
	scene_sleep(10 * MS);
	scene_mark();
	scene_nonblock(A, p.a);
	assert_int_equal(scene_send(A, p.a, bytes, N), N);
	return p;
}

static void all_of_it_arrives(struct pair *p)
{
	scene_recv_all(B, p->b, got, N);
	assert_memory_equal(bytes, got, N);
	scene_expect_eof(B, p->b);
}

static void set_values_are_returned(void)
{
	int fd = scene_socket(A);
	struct linger linger = {0};
	socklen_t len = sizeof(linger);

	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, PTR(&linger), PTR(&len)),
		0);
	assert_int_equal(linger.l_onoff, 0);
	scene_linger(A, fd, true, 7);
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, PTR(&linger), PTR(&len)),
		0);
	assert_int_equal(linger.l_onoff, 1);
	assert_int_equal(linger.l_linger, 7);
	assert_int_equal(scene_call(A, SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, PTR(&linger), 4),
			 -EINVAL);
	scene_close(A, fd);
}

/* Without SO_LINGER, close() returns at once, and the kernel sends the unsent data. */
static void off(void)
{
	struct pair p = loaded_pair();
	uint64_t begin = scene_now();

	scene_linger(A, p.a, false, 5);
	assert_int_equal(scene_close(A, p.a), 0);
	assert_ms(scene_now() - begin, 0, 0);
	p.a = -1;
	assert_queues(A, p.aport, p.bport, N + 1, 0);
	all_of_it_arrives(&p);
	assert_int_equal(scene_count(A, RST), 0);
	scene_pair_close(&p);
}

/*
 * With a linger time of 0, close() discards unsent data, retransmits nothing, sends one reset and
 * leaves no TIME_WAIT.
 */
static void zero_with_data_unsent(void)
{
	struct pair p = loaded_pair();
	uint64_t begin = scene_now();
	int64_t n, sum = 0;

	scene_linger(A, p.a, true, 0);
	assert_int_equal(scene_close(A, p.a), 0);
	assert_ms(scene_now() - begin, 0, 0);
	p.a = -1;
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	/* A sends one reset for close(), and one for each ACK that was in flight and finds no socket. */
	assert_int_equal(scene_nth(A, RST, 1)->ns, begin);
	assert_int_equal(scene_drops(A, "NO_SOCKET"), scene_count(B, ACK));
	assert_int_equal(scene_count(A, RST), 1 + scene_count(B, ACK));
	assert_int_equal(scene_count(A, FIN), 0);
	assert_int_equal(scene_count(A, DATA), 10);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnData"), 1);
	/* Data that arrived before the reset can be read after the error was reported (as on Linux). */
	assert_int_equal(scene_get(B, p.b, SOL_SOCKET, SO_ERROR), ECONNRESET);
	while ((n = scene_recv_now(B, p.b, got, N)) > 0)
		sum += n;
	assert_int_equal(n, 0);
	assert_int_equal(sum, 10 * 1448);
	scene_pair_close(&p);
}

/* After a half close the peer may still send: close() with a linger time of 0 resets the connection, too. */
static void zero_after_a_half_close(void)
{
	struct pair p = scene_pair();
	char byte;

	scene_linger(A, p.a, true, 0);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	scene_mark();
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_count(A, RST), 1);
	/* RFC 9293 3.10.7.4: B was in CLOSE_WAIT, where Linux reports a reset as EPIPE. */
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	assert_int_equal(scene_get(B, p.b, SOL_SOCKET, SO_ERROR), EPIPE);
	assert_int_equal(scene_recv(B, p.b, &byte, 1), 0);
	scene_pair_close(&p);
}

/*
 * If both sides have sent their FINs, close() with a linger time of 0 sends no reset: the
 * connection ends anyway.
 */
static void zero_after_both_fins(void)
{
	struct pair p = scene_pair();

	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(100 * MS);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	scene_sleep(100 * MS);
	scene_linger(A, p.a, true, 0);
	scene_mark();
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	scene_expect("");
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	scene_pair_close(&p);
}

static void zero_while_connecting(void)
{
	int fd = scene_socket(A);
	uint16_t port;

	scene_linger(A, fd, true, 0);
	scene_nonblock(A, fd);
	scene_drop_many(A, SYN, 1, ALWAYS);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
	port = scene_port(A, fd);
	scene_close(A, fd);
	assert_int_equal(scene_state(A, port, PORT), 0);
	scene_sleep(10 * MS);
	/* RFC 9293 3.10.5: in SYN-SENT no reset is sent. */
	scene_expect("a S 0 0 0 lost\n");
}

/* With a linger time that is long enough, close() returns exactly when the ACK of the FIN arrives. */
static void long_enough(void)
{
	struct pair p = loaded_pair();
	uint64_t begin = scene_now();

	scene_linger(A, p.a, true, 10);
	scene_nonblock(A, p.a);          /* no effect on close() */
	scene_hold(A, FIN, 1, 100 * MS); /* less than the retransmission timeout */
	assert_int_equal(scene_close(A, p.a), 0);
	assert_int_equal(scene_count(A, FIN), 1);
	assert_ms(scene_now() - begin, 102, 160);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	assert_int_equal(scene_now() - scene_last(B, TCP)->ns, 1 * MS);
	p.a = -1;
	all_of_it_arrives(&p);
	scene_pair_close(&p);
}

/* close() waits for the ACK of its FIN, not for the peer's FIN. */
static void it_does_not_wait_for_the_peer_to_close(void)
{
	struct pair p = scene_pair();
	uint64_t begin = scene_now();

	scene_linger(A, p.a, true, 10);
	assert_int_equal(scene_close(A, p.a), 0);
	assert_ms(scene_now() - begin, 2, 60); /* the ACK of a FIN may be delayed */
	p.a = -1;
	scene_sleep(100 * MS);
	assert_state(B, p.bport, p.aport, TCP_CLOSE_WAIT);
	scene_pair_close(&p);
}

/*
 * With a linger time that is too short, close() returns 0 when the time is over, and the kernel
 * goes on as without SO_LINGER.
 */
static void too_short(void)
{
	struct pair p = loaded_pair();
	uint64_t begin;

	scene_linger(A, p.a, true, 2);
	scene_drop_many(A, TCP, 1, ALWAYS); /* from now on, A's segments are lost */
	begin = scene_now();
	assert_int_equal(scene_close(A, p.a), 0);
	assert_ms(scene_now() - begin, 2000, 2005);
	p.a = -1;
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	assert_int_equal(scene_count(A, RST), 0);
	scene_heal();
	all_of_it_arrives(&p);
	assert_int_equal(scene_count(A, RST), 0);
	scene_pair_close(&p);
}

/* A thread that waits in close() can be interrupted; the connection then ends without the thread. */
static void interrupted(void)
{
	struct pair p = loaded_pair();
	int64_t ticket, result;

	scene_linger(A, p.a, true, 100);
	scene_drop_many(A, TCP, 1, ALWAYS);
	ticket = scene_begin(A, SYS_close, p.a);
	p.a = -1;
	scene_sleep(1 * SEC);
	assert_false(scene_is_back(A, ticket, &result));
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), 0);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	scene_heal();
	all_of_it_arrives(&p);
	scene_pair_close(&p);
}

/* The peer resets while close() waits: close() returns at once. */
static void reset_while_it_waits(void)
{
	struct pair p = loaded_pair();
	uint64_t begin = scene_now();
	int64_t ticket;

	scene_linger(A, p.a, true, 100);
	scene_drop_many(A, FIN, 1, ALWAYS);
	ticket = scene_begin(A, SYS_close, p.a);
	p.a = -1;
	scene_sleep(100 * MS);
	scene_close(B, p.b); /* all data is unread, so B sends a reset */
	p.b = -1;
	assert_int_equal(scene_end(A, ticket), 0);
	assert_ms(scene_now() - begin, 101, 102);
	assert_int_equal(scene_count(B, RST), 1);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_pair_close(&p);
}

/* shutdown() never waits, and close() waits only if it closes the socket's last descriptor. */
static void only_the_last_close_waits(void)
{
	struct pair p = loaded_pair();
	int copy = scene_call(A, SYS_dup, p.a);
	uint64_t begin = scene_now();

	scene_linger(A, p.a, true, 5);
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_close(A, copy);
	assert_int_equal(scene_shutdown(A, p.a, SHUT_WR), 0);
	assert_ms(scene_now() - begin, 0, 0);
	scene_close(A, p.a);
	p.a = -1;
	assert_ms(scene_now() - begin, 5000, 5005);
	scene_heal();
	all_of_it_arrives(&p);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(set_values_are_returned),
		SCENE(off),
		SCENE(zero_with_data_unsent),
		SCENE(zero_after_a_half_close),
		SCENE(zero_after_both_fins),
		SCENE(zero_while_connecting),
		SCENE(long_enough),
		SCENE(it_does_not_wait_for_the_peer_to_close),
		SCENE(too_short),
		SCENE(interrupted),
		SCENE(reset_while_it_waits),
		SCENE(only_the_last_close_waits),
	};

	return scene_play(tests);
}

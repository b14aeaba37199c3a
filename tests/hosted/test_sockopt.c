/* SPDX-License-Identifier: MIT */
/*
 * Options and requests of one connection that other scenes do not show: when it acknowledges, how large
 * a window it offers, what waits in its queues.  Linux's tcp(7).
 */
#include "tests/hosted/scene.h"

#define PORT        7
#define SIOCINQ     0x541b /* Linux's <linux/sockios.h> */
#define SIOCOUTQ    0x5411
#define SIOCOUTQNSD 0x894b

static int ask(struct host *h, int fd, unsigned int request)
{
	int n = -1;

	assert_int_equal(scene_call(h, SYS_ioctl, fd, request, PTR(&n)), 0);
	return n;
}

/* RFC 1122 4.2.3.2 lets an ACK wait for half a second; an application may know better, either way. */
static void acknowledged_now_or_later(void)
{
	struct pair p = scene_pair();
	char got[4];

	/* A conversation, so that ACKs would wait. */
	for (unsigned int i = 0; i < 3; i++) {
		scene_carry(A, p.a, B, p.b, 1);
		scene_carry(B, p.b, A, p.a, 1);
	}
	scene_sleep(1 * SEC);
	for (unsigned int quick = 0; quick < 2; quick++) {
		assert_int_equal(scene_set(B, p.b, IPPROTO_TCP, TCP_QUICKACK, quick), 0);
		assert_int_equal(scene_get(B, p.b, IPPROTO_TCP, TCP_QUICKACK), quick);
		scene_mark();
		scene_send_all(A, p.a, "x", 1);
		scene_recv_all(B, p.b, got, 1);
		scene_sleep(1 * SEC);
		assert_int_equal(scene_count(B, ACK), 1);
		if (quick)
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(B, ACK, 1), 1, 2);
		else
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(B, ACK, 1), 40, 210);
	}
	scene_pair_close(&p);
}

/*
 * RFC 9293 3.8.6: no more is offered than the application permits, whatever the buffer holds.  One that
 * is not fixed grows with the path, and the clamp with it: as in Linux 4.11's tcp_rcv_space_adjust().
 */
static void no_larger_window(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;

	scene_set(B, listener, SOL_SOCKET, SO_RCVBUF, 100000);
	assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP, 8000), 0);
	assert_int_equal(scene_get(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP), 8000);
	assert_int_equal(scene_set(B, listener, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0), -EINVAL);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_accept(B, listener);
	assert_in_range(scene_nth(B, SYNACK, 1)->window, 1448, 8000);
	scene_carry(A, fd, B, accepted, 100000);
	for (unsigned int i = 1; i <= scene_count(B, ACK); i++) {
		const struct seg *ack = scene_nth(B, ACK, i);
		uint32_t window = (uint32_t)ack->window << scene_nth(B, SYNACK, 1)->wscale;

		assert_in_range(window, 0, 8000);
	}
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/* Linux's ioctls: unread, not acknowledged, not sent.  A FIN has a number and is no byte to read. */
static void what_waits_in_the_queues(void)
{
	struct pair p = scene_pair();
	char got[100];

	assert_int_equal(ask(B, p.b, SIOCINQ), 0);
	scene_drop(B, ACK, 1);
	scene_send_all(A, p.a, "hello", 5);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 5);
	assert_int_equal(ask(A, p.a, SIOCOUTQNSD), 0);
	scene_sleep(10 * MS);
	assert_int_equal(ask(B, p.b, SIOCINQ), 5);
	scene_recv_all(B, p.b, got, 2);
	assert_int_equal(ask(B, p.b, SIOCINQ), 3);
	scene_sleep(1 * SEC);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 0);
	/* Held back by a cork. */
	scene_set(A, p.a, IPPROTO_TCP, TCP_CORK, 1);
	scene_send_all(A, p.a, "more", 4);
	assert_int_equal(ask(A, p.a, SIOCOUTQ), 4);
	assert_int_equal(ask(A, p.a, SIOCOUTQNSD), 4);
	scene_shutdown(A, p.a, SHUT_WR);
	scene_sleep(10 * MS);
	assert_int_equal(ask(B, p.b, SIOCINQ), 3 + 4);
	scene_recv_all(B, p.b, got, 7);
	assert_int_equal(ask(B, p.b, SIOCINQ), 0);
	assert_int_equal(scene_call(B, SYS_ioctl, p.listener, SIOCINQ, PTR(got)), -EINVAL);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(acknowledged_now_or_later),
		SCENE(no_larger_window),
		SCENE(what_waits_in_the_queues),
	};

	return scene_play(tests);
}

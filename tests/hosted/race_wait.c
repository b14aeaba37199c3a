/* SPDX-License-Identifier: MIT */
/*
 * Races of the calls that wait for events.  A frame makes a socket of B readable while B's
 * application waits in an epoll, changes the epoll or closes it.  An event must be reported as often as
 * epoll(7) says, and no call may sleep while an event is there.  Run by test_race.c.
 */
#include "tests/hosted/race.h"

#include <sys/epoll.h>

static int64_t ctl(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return scene_call(B, SYS_epoll_ctl, ep, op, fd, PTR(&event));
}

static int epoll_of(int fd, uint32_t events)
{
	int ep = scene_call(B, SYS_epoll_create1, 0);

	assert_true(ep >= 0);
	assert_int_equal(ctl(ep, EPOLL_CTL_ADD, fd, events), 0);
	return ep;
}

/* B's listener, and a connection from A; send_byte() sends one byte over it to B. */
static struct pair accepted;
static int listener;

static void open_connection(void)
{
	listener = scene_listen(B, PORT, 1);
	accepted = connected(listener);
}

static void close_connection(void)
{
	forget(&accepted);
	scene_close(B, listener);
}

static void send_byte(void)
{
	scene_begin(A, SYS_sendto, accepted.a, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
}

static void read_byte(void)
{
	char byte;

	scene_recv_all(B, accepted.b, &byte, 1);
}

static int64_t ready_now(int ep, struct epoll_event *got)
{
	return scene_call(B, SYS_epoll_wait, ep, PTR(got), 1, 0);
}

/*
 * Calls epoll_wait() without a timeout while a byte arrives.  The call must return the event; a second
 * call returns it again only if the item is level-triggered.  With @still_listed, the item is
 * level-triggered and still on the ready list because of an earlier byte, which was read meanwhile.
 */
static void wait_against_data(uint32_t events, bool still_listed)
{
	struct epoll_event got;
	int ep;

	open_connection();
	ep = epoll_of(accepted.b, events);
	for (race_first(); race_next();) {
		int64_t wait;

		send_byte();
		wait = together(B, SYS_epoll_wait, ep, PTR(&got), 1, -1);
		assert_int_equal(scene_end(B, wait), 1);
		assert_int_equal(got.events, EPOLLIN);
		assert_int_equal(ready_now(ep, &got), events & EPOLLET ? 0 : 1);
		read_byte();
		if (!still_listed)
			assert_int_equal(ready_now(ep, &got), 0);
	}
	scene_close(B, ep);
	close_connection();
}

void epoll_against_data(void)
{
	wait_against_data(EPOLLIN, false);
}

void epoll_listed_against_data(void)
{
	wait_against_data(EPOLLIN, true);
}

void epoll_edge_against_data(void)
{
	wait_against_data(EPOLLIN | EPOLLET, false);
}

/* Two threads wait: each event is returned to one of them. */
void two_epoll_waits_against_data(void)
{
	struct epoll_event got[2];
	int ep;

	open_connection();
	ep = epoll_of(accepted.b, EPOLLIN | EPOLLET);
	for (race_first(); race_next();) {
		int64_t wait[2], result[2];
		bool first, second;

		send_byte();
		for (unsigned int k = 0; k < 2; k++)
			wait[k] = together(B, SYS_epoll_wait, ep, PTR(&got[k]), 1, -1);
		scene_sleep(10 * MS);
		first = scene_is_back(B, wait[0], &result[0]);
		second = scene_is_back(B, wait[1], &result[1]);
		assert_true(first != second);
		send_byte();
		assert_int_equal(scene_end(B, first ? wait[1] : wait[0]), 1);
		read_byte();
		read_byte();
	}
	scene_close(B, ep);
	close_connection();
}

/*
 * Two epolls watch the listener exclusively, and a thread waits in each.  Two connections arrive, the
 * first as the second thread begins to wait.  Both are accepted, and at least the first thread returns.
 */
void epoll_exclusive_against_connection(void)
{
	struct epoll_event got[2];
	int ep[2];

	listener = scene_listen(B, PORT, 4);
	for (unsigned int k = 0; k < 2; k++)
		ep[k] = epoll_of(listener, EPOLLIN | EPOLLEXCLUSIVE);
	for (race_first(); race_next();) {
		struct pair p[2];
		int64_t connect[2], wait[2], result;

		p[0] = (struct pair){.listener = -1, .a = scene_socket(A)};
		p[1] = (struct pair){.listener = -1, .a = scene_socket(A)};
		wait[0] = scene_begin(B, SYS_epoll_wait, ep[0], PTR(&got[0]), 1, -1);
		connect[0] = scene_begin_connect(A, p[0].a, B, PORT);
		until_frame_flies(3);
		wait[1] = together(B, SYS_epoll_wait, ep[1], PTR(&got[1]), 1, -1);
		scene_sleep(10 * MS);
		p[0].b = scene_accept(B, listener);
		connect[1] = scene_begin_connect(A, p[1].a, B, PORT);
		scene_sleep(10 * MS);
		p[1].b = scene_accept(B, listener);
		for (unsigned int k = 0; k < 2; k++) {
			assert_int_equal(scene_end(A, connect[k]), 0);
			if (!scene_is_back(B, wait[k], &result)) {
				scene_interrupt(B, wait[k]);
				assert_int_equal(scene_end(B, wait[k]), -EINTR);
				assert_int_equal(k, 1);
			}
			forget(&p[k]);
		}
	}
	for (unsigned int k = 0; k < 2; k++)
		scene_close(B, ep[k]);
	scene_close(B, listener);
}

/* The socket is added while the byte arrives: the epoll reports the byte, and only once because of
 * EPOLLET. */
void epoll_add_against_data(void)
{
	struct epoll_event got, event = {.events = EPOLLIN | EPOLLET};
	int ep = scene_call(B, SYS_epoll_create1, 0);

	open_connection();
	for (race_first(); race_next();) {
		int64_t add;

		send_byte();
		add = together(B, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, accepted.b, PTR(&event));
		assert_int_equal(scene_end(B, add), 0);
		scene_sleep(2 * MS);
		assert_int_equal(ready_now(ep, &got), 1);
		assert_int_equal(ready_now(ep, &got), 0);
		read_byte();
		assert_int_equal(ctl(ep, EPOLL_CTL_DEL, accepted.b, 0), 0);
	}
	scene_close(B, ep);
	close_connection();
}

/* A one-shot item is armed again while the byte arrives. */
void epoll_mod_against_data(void)
{
	struct epoll_event got, event = {.events = EPOLLIN | EPOLLONESHOT};
	int ep;

	open_connection();
	ep = epoll_of(accepted.b, EPOLLONESHOT);
	for (race_first(); race_next();) {
		int64_t mod;

		send_byte();
		mod = together(B, SYS_epoll_ctl, ep, EPOLL_CTL_MOD, accepted.b, PTR(&event));
		assert_int_equal(scene_end(B, mod), 0);
		scene_sleep(2 * MS);
		assert_int_equal(ready_now(ep, &got), 1);
		assert_int_equal(ready_now(ep, &got), 0);
		read_byte();
	}
	scene_close(B, ep);
	close_connection();
}

void epoll_del_against_data(void)
{
	struct epoll_event got;
	int ep;

	open_connection();
	ep = epoll_of(accepted.b, EPOLLIN);
	for (race_first(); race_next();) {
		int64_t del;

		send_byte();
		del = together(B, SYS_epoll_ctl, ep, EPOLL_CTL_DEL, accepted.b, 0);
		assert_int_equal(scene_end(B, del), 0);
		scene_sleep(2 * MS);
		assert_int_equal(ready_now(ep, &got), 0);
		read_byte();
		assert_int_equal(ctl(ep, EPOLL_CTL_ADD, accepted.b, EPOLLIN), 0);
	}
	scene_close(B, ep);
	close_connection();
}

void epoll_close_against_data(void)
{
	open_connection();
	for (race_first(); race_next();) {
		int ep = epoll_of(accepted.b, EPOLLIN);

		send_byte();
		assert_int_equal(scene_end(B, together(B, SYS_close, ep)), 0);
		scene_sleep(2 * MS);
		read_byte();
	}
	close_connection();
}

/* The watched socket is closed while its byte arrives and a thread waits: the thread gets the event, or
 * goes on waiting. */
void watched_socket_closed_against_data(void)
{
	struct epoll_event got;
	int ep = scene_call(B, SYS_epoll_create1, 0);

	listener = scene_listen(B, PORT, 1);
	for (race_first(); race_next();) {
		int64_t wait, result, closing;

		accepted = connected(listener);
		assert_int_equal(ctl(ep, EPOLL_CTL_ADD, accepted.b, EPOLLIN), 0);
		wait = scene_begin(B, SYS_epoll_wait, ep, PTR(&got), 1, -1);
		send_byte();
		closing = together(B, SYS_close, accepted.b);
		assert_int_equal(scene_end(B, closing), 0);
		accepted.b = -1;
		scene_sleep(2 * MS);
		if (!scene_is_back(B, wait, &result)) {
			scene_interrupt(B, wait);
			assert_int_equal(scene_end(B, wait), -EINTR);
		}
		assert_int_equal(ready_now(ep, &got), 0);
		forget(&accepted);
	}
	scene_close(B, ep);
	scene_close(B, listener);
}

/* A thread waits in an epoll that watches another epoll, which watches the socket of the byte. */
void nested_epoll_against_data(void)
{
	struct epoll_event got;
	int inner, outer;

	open_connection();
	inner = epoll_of(accepted.b, EPOLLIN);
	outer = epoll_of(inner, EPOLLIN);
	for (race_first(); race_next();) {
		int64_t wait;

		send_byte();
		wait = together(B, SYS_epoll_wait, outer, PTR(&got), 1, -1);
		assert_int_equal(scene_end(B, wait), 1);
		assert_int_equal(got.data.fd, inner);
		read_byte();
		assert_int_equal(ready_now(outer, &got), 0);
	}
	scene_close(B, inner);
	scene_close(B, outer);
	close_connection();
}

/* SPDX-License-Identifier: MIT */
/*
 * Races of system calls with timers, and of two files that one epoll watches.  If no frame is on
 * the wire, the interrupt that comes at the chosen edge of the call (race.h) is the timer's.  Run by
 * test_race.c.
 */
#include "tests/hosted/race.h"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

static int timer_of(void)
{
	int fd = scene_call(B, SYS_timerfd_create, CLOCK_MONOTONIC, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Sets the timer to expire once, 1 ms from now. */
static void arm(int fd)
{
	static const struct itimerspec once = {.it_value.tv_nsec = MS};

	assert_int_equal(scene_call(B, SYS_timerfd_settime, fd, 0, PTR(&once), 0), 0);
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	int ep = scene_call(B, SYS_epoll_create1, 0);

	assert_int_equal(scene_call(B, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, PTR(&event)), 0);
	return ep;
}

static int64_t ready_now(int ep, struct epoll_event *got)
{
	return scene_call(B, SYS_epoll_wait, ep, PTR(got), 1, 0);
}

void timerfd_read_against_expiry(void)
{
	int fd = timer_of();
	uint64_t ticks;

	for (race_first(); race_next();) {
		int64_t read;

		arm(fd);
		read = together(B, SYS_read, fd, PTR(&ticks), 8);
		assert_int_equal(scene_end(B, read), 8);
		assert_int_equal(ticks, 1);
	}
	scene_close(B, fd);
}

/* A thread waits in an edge-triggered epoll of the timer: it gets one event for the expiry. */
void epoll_wait_against_expiry(void)
{
	int fd = timer_of(), ep = epoll_of(fd, EPOLLIN | EPOLLET);
	struct epoll_event got;
	uint64_t ticks;

	for (race_first(); race_next();) {
		int64_t wait;

		arm(fd);
		wait = together(B, SYS_epoll_wait, ep, PTR(&got), 1, -1);
		assert_int_equal(scene_end(B, wait), 1);
		assert_int_equal(got.data.fd, fd);
		assert_int_equal(ready_now(ep, &got), 0);
		assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
		assert_int_equal(ticks, 1);
	}
	scene_close(B, ep);
	scene_close(B, fd);
}

/* The timer is set again as it expires: settime() forgets that expiry, and the new one is reported once. */
void timerfd_settime_against_expiry(void)
{
	static const struct itimerspec later = {.it_value.tv_nsec = 5 * MS};
	int fd = timer_of();
	struct itimerspec old;
	uint64_t ticks;

	for (race_first(); race_next();) {
		int64_t set, read;

		arm(fd);
		set = together(B, SYS_timerfd_settime, fd, 0, PTR(&later), PTR(&old));
		assert_int_equal(scene_end(B, set), 0);
		read = scene_begin(B, SYS_read, fd, PTR(&ticks), 8);
		assert_int_equal(scene_end(B, read), 8);
		assert_int_equal(ticks, 1);
		scene_sleep(10 * MS);
		assert_int_equal(scene_call(B, SYS_timerfd_gettime, fd, PTR(&old)), 0);
		assert_int_equal(old.it_value.tv_nsec, 0);
	}
	scene_close(B, fd);
}

/*
 * FUTEX_WAKE is called as the timeout of a wait expires.  The waiter stays in the table until it
 * runs again, so the wake finds the waiter even if the timer came first: the wake counts the
 * waiter, whose wait returns 0 and not ETIMEDOUT.
 */
void futex_wake_against_timeout(void)
{
	static const struct timespec timeout = {.tv_nsec = MS};
	uint32_t word = 1;

	for (race_first(); race_next();) {
		int64_t wait, wake;

		wait = scene_begin(B, SYS_futex, PTR(&word), FUTEX_WAIT_PRIVATE, 1, PTR(&timeout));
		wake = together(B, SYS_futex, PTR(&word), FUTEX_WAKE_PRIVATE, 1);
		assert_int_equal(scene_end(B, wake), 1);
		assert_int_equal(scene_end(B, wait), 0);
		assert_int_equal(scene_call(B, SYS_futex, PTR(&word), FUTEX_WAKE_PRIVATE, 9), 0);
	}
}

/* A wait begins as the timeout of another wait on the same word expires.  A later FUTEX_WAKE wakes
 * only the new waiter. */
void futex_wait_against_timeout(void)
{
	static const struct timespec timeout = {.tv_nsec = MS};
	uint32_t word = 1;

	for (race_first(); race_next();) {
		int64_t first, second;

		first = scene_begin(B, SYS_futex, PTR(&word), FUTEX_WAIT_PRIVATE, 1, PTR(&timeout));
		second = together(B, SYS_futex, PTR(&word), FUTEX_WAIT_PRIVATE, 1, 0);
		assert_int_equal(scene_end(B, first), -ETIMEDOUT);
		assert_int_equal(scene_call(B, SYS_futex, PTR(&word), FUTEX_WAKE_PRIVATE, 9), 1);
		assert_int_equal(scene_end(B, second), 0);
	}
}

/*
 * One epoll watches an eventfd and a socket, both edge-triggered.  The socket's byte arrives while another
 * thread writes the eventfd: the waiting thread and one more call get each event once.
 */
void eventfd_write_against_data(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET}, got[2];
	int listener = scene_listen(B, PORT, 1);
	struct pair p = connected(listener);
	int fd = scene_call(B, SYS_eventfd2, 0, EFD_NONBLOCK), ep = epoll_of(fd, EPOLLIN | EPOLLET);
	uint64_t one = 1, count;
	char byte;

	event.data.fd = p.b;
	assert_int_equal(scene_call(B, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p.b, PTR(&event)), 0);
	for (race_first(); race_next();) {
		int64_t wait, write;

		wait = scene_begin(B, SYS_epoll_wait, ep, PTR(&got[0]), 1, -1);
		scene_begin(A, SYS_sendto, p.a, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
		write = together(B, SYS_write, fd, PTR(&one), 8);
		assert_int_equal(scene_end(B, write), 8);
		assert_int_equal(scene_end(B, wait), 1);
		scene_sleep(2 * MS);
		assert_int_equal(ready_now(ep, &got[1]), 1);
		assert_true(got[0].data.fd != got[1].data.fd);
		assert_int_equal(ready_now(ep, &got[1]), 0);
		assert_int_equal(scene_call(B, SYS_read, fd, PTR(&count), 8), 8);
		assert_int_equal(count, 1);
		scene_recv_all(B, p.b, &byte, 1);
	}
	scene_close(B, ep);
	scene_close(B, fd);
	forget(&p);
	scene_close(B, listener);
}

/* SPDX-License-Identifier: MIT */
/*
 * eventfd, timerfd, poll, ppoll, select and pselect6: sequences of calls that are also made on
 * Linux, with equal results (beside.h), and scenes in which threads wait.
 */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>

static void make_pipe(int fds[2])
{
	assert_int_equal(on(SYS_pipe2, PTR(fds), O_NONBLOCK), 0);
}

static void close_both(const int fds[2])
{
	on(SYS_close, fds[0]);
	on(SYS_close, fds[1]);
}

static void note_poll(const char *what, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = 0x7fff};
	char name[160];

	note(what, on(SYS_poll, PTR(&pfd), 1, 0));
	snprintf(name, sizeof(name), "%s: events", what);
	note(name, pfd.revents);
}

/* ---- eventfd -------------------------------------------------------------------------------------- */

static void eventfd_calls(void)
{
	uint64_t n = 0, more[2] = {1, 2};

	try(SYS_eventfd2, 0, ~0);
	try(SYS_eventfd2, 0, O_APPEND);
	int fd = open_by(SYS_eventfd2, 3, EFD_NONBLOCK | EFD_CLOEXEC);

	try(SYS_fcntl, fd, F_GETFD);
	try(SYS_fcntl, fd, F_GETFL);
	note_poll("three", fd);
	try(SYS_read, fd, PTR(&n), 7);
	try(SYS_read, fd, PTR(&n), 8);
	note("count", n);
	note_poll("zero", fd);
	try(SYS_read, fd, PTR(&n), 8);
	try(SYS_read, fd, PTR(more), 16);
	more[0] = 1;
	try(SYS_write, fd, PTR(more), 16);
	try(SYS_write, fd, PTR(more), 7);
	try(SYS_write, fd, 1, 8);
	try(SYS_write, fd, PTR(more), 8);
	note_poll("written", fd);
	try(SYS_read, fd, 1, 8);
	try(SYS_read, fd, PTR(&n), 8);
	n = UINT64_MAX;
	try(SYS_write, fd, PTR(&n), 8);
	n = UINT64_MAX - 1;
	try(SYS_write, fd, PTR(&n), 8);
	note_poll("full", fd);
	n = 1;
	try(SYS_write, fd, PTR(&n), 8);
	n = 0;
	try(SYS_write, fd, PTR(&n), 8);
	try(SYS_read, fd, PTR(more), 16);
	note("count", more[0]);
	on(SYS_close, fd);

	fd = open_by(SYS_eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK);
	for (int i = 0; i < 3; i++) {
		try(SYS_read, fd, PTR(&n), 8);
		note("taken", n);
	}
	on(SYS_close, fd);
	fd = open_by(SYS_eventfd, 1);
	try(SYS_fcntl, fd, F_GETFL);
	on(SYS_close, fd);
}
BESIDE_LINUX(eventfd_calls)

static void eventfd_in_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET}, got;
	int ep = on(SYS_epoll_create1, 0), fd = on(SYS_eventfd2, 0, EFD_NONBLOCK);
	uint64_t n = 1;

	on(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, PTR(&event));
	for (int i = 0; i < 3; i++) {
		on(SYS_write, fd, PTR(&n), 8);
		note("written", on(SYS_epoll_wait, ep, PTR(&got), 1, 0));
		note("again", on(SYS_epoll_wait, ep, PTR(&got), 1, 0));
	}
	on(SYS_read, fd, PTR(&n), 8);
	note("read", on(SYS_epoll_wait, ep, PTR(&got), 1, 0));
	on(SYS_close, fd);
	on(SYS_close, ep);
}
BESIDE_LINUX(eventfd_in_epoll)

static void eventfd_waits(void)
{
	int fd = scene_call(B, SYS_eventfd2, 0, 0);
	uint64_t n = UINT64_MAX - 1, got = 0, one = 1;
	int64_t ticket = scene_begin(B, SYS_read, fd, PTR(&got), 8), result;

	scene_sleep(1 * SEC);
	assert_false(scene_is_back(B, ticket, &result));
	assert_int_equal(scene_call(B, SYS_write, fd, PTR(&n), 8), 8);
	assert_int_equal(scene_end(B, ticket), 8);
	assert_true(got == n);
	assert_int_equal(scene_call(B, SYS_write, fd, PTR(&n), 8), 8);
	ticket = scene_begin(B, SYS_write, fd, PTR(&one), 8);
	scene_sleep(1 * SEC);
	assert_false(scene_is_back(B, ticket, &result));
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&got), 8), 8);
	assert_int_equal(scene_end(B, ticket), 8);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&got), 8), 8);
	assert_int_equal(got, 1);
	ticket = scene_begin(B, SYS_read, fd, PTR(&got), 8);
	scene_interrupt(B, ticket);
	assert_int_equal(scene_end(B, ticket), -EINTR);
	scene_close(B, fd);
}

/* ---- timerfd -------------------------------------------------------------------------------------- */

static void errors_of_timerfd(void)
{
	struct itimerspec set = {.it_value.tv_sec = 100, .it_interval.tv_sec = 7}, got = {0},
			  off = {0};
	uint64_t ticks;
	int fd, p[2];

	make_pipe(p);
	for (int clock = -1; clock < 13; clock++)
		on(SYS_close, open_by(SYS_timerfd_create, clock, 0));
	try(SYS_timerfd_create, CLOCK_MONOTONIC, 1);
	fd = open_by(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	try(SYS_fcntl, fd, F_GETFD);
	try(SYS_fcntl, fd, F_GETFL);
	try(SYS_timerfd_settime, fd, 0, 0, 0);
	try(SYS_timerfd_settime, -1, 0, 0, 0);
	try(SYS_timerfd_settime, -1, 0, PTR(&set), 0);
	try(SYS_timerfd_settime, p[0], 0, PTR(&set), 0);
	try(SYS_timerfd_settime, fd, 4, PTR(&set), 0);
	try(SYS_timerfd_settime, -1, 4, PTR(&set), 0);
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 1);
	try(SYS_timerfd_gettime, fd, 1);
	try(SYS_timerfd_gettime, -1, 1);
	try(SYS_timerfd_gettime, p[0], PTR(&got));
	try(SYS_timerfd_gettime, fd, PTR(&got));
	note("the interval", got.it_interval.tv_sec);
	note("about the value", got.it_value.tv_sec >= 99);
	try(SYS_timerfd_settime, fd, 0, PTR(&off), PTR(&got));
	note("the old interval", got.it_interval.tv_sec);
	try(SYS_timerfd_gettime, fd, PTR(&got));
	note("the interval of none", got.it_interval.tv_sec);
	note("the value of none", got.it_value.tv_sec + got.it_value.tv_nsec);
	set.it_value.tv_nsec = -1;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	set.it_value.tv_nsec = 1000000000;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	set.it_value.tv_nsec = 999999999;
	set.it_value.tv_sec = INT64_MAX;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	set.it_value.tv_sec = -1;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	set.it_value.tv_sec = 0;
	set.it_interval.tv_sec = -1;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	try(SYS_read, fd, PTR(&ticks), 8);
	try(SYS_read, fd, PTR(&ticks), 7);
	try(SYS_write, fd, PTR(&ticks), 8);
	note_poll("not expired", fd);
	/* An absolute time in the past expires at once. */
	set = (struct itimerspec){.it_value.tv_nsec = 1};
	try(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, PTR(&set), 0);
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	try(SYS_poll, PTR(&pfd), 1, -1);
	note_poll("expired", fd);
	try(SYS_timerfd_gettime, fd, PTR(&got));
	note("the value after it", got.it_value.tv_sec + got.it_value.tv_nsec);
	try(SYS_read, fd, PTR(&ticks), 8);
	note("ticks", ticks);
	try(SYS_read, fd, PTR(&ticks), 8);
	try(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, PTR(&set), 0);
	on(SYS_poll, PTR(&pfd), 1, -1);
	set.it_value.tv_sec = 100;
	try(SYS_timerfd_settime, fd, 0, PTR(&set), 0);
	note_poll("set again", fd);
	on(SYS_close, fd);
	fd = open_by(SYS_timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
	set = (struct itimerspec){.it_value.tv_nsec = 1};
	try(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, PTR(&set), 0);
	pfd.fd = fd;
	try(SYS_poll, PTR(&pfd), 1, -1);
	try(SYS_read, fd, PTR(&ticks), 8);
	note("ticks", ticks);
	on(SYS_close, fd);
	close_both(p);
}
BESIDE_LINUX(errors_of_timerfd)

/* The expected values are those of timerfd_create(2). */
static void timerfd_counts_periods(void)
{
	struct itimerspec set = {.it_value = {1, 250000}, .it_interval.tv_nsec = 100 * MS}, got;
	int fd = scene_call(B, SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	uint64_t begin = scene_now(), ticks;

	assert_int_equal(scene_call(B, SYS_timerfd_settime, fd, 0, PTR(&set), 0), 0);
	scene_sleep(400 * MS);
	assert_int_equal(scene_call(B, SYS_timerfd_gettime, fd, PTR(&got)), 0);
	assert_int_equal(got.it_value.tv_sec, 0);
	assert_int_equal(got.it_value.tv_nsec, 600 * MS + 250000);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 1);
	assert_int_equal(scene_now() - begin, SEC + 250000);
	/* Each period is exact: a reader that is late does not delay the next periods. */
	scene_sleep(130 * MS);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 1);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 1);
	assert_int_equal(scene_now() - begin, SEC + 250000 + 200 * MS);
	scene_sleep(10050 * MS);
	assert_int_equal(scene_call(B, SYS_timerfd_gettime, fd, PTR(&got)), 0);
	assert_int_equal(got.it_value.tv_nsec, 50 * MS);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 100);
	/* Set an absolute time of the monotonic clock. */
	struct timespec now;

	assert_int_equal(scene_call(B, SYS_clock_gettime, CLOCK_MONOTONIC, PTR(&now)), 0);
	set = (struct itimerspec){.it_value = {now.tv_sec + 5, now.tv_nsec}};
	begin = scene_now();
	assert_int_equal(scene_call(B, SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, PTR(&set), 0),
			 0);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 1);
	assert_int_equal(scene_now() - begin, 5 * SEC);
	scene_close(B, fd);
	/* Set an absolute time of day. */
	fd = scene_call(B, SYS_timerfd_create, CLOCK_REALTIME, 0);
	assert_int_equal(scene_call(B, SYS_clock_gettime, CLOCK_REALTIME, PTR(&now)), 0);
	set = (struct itimerspec){.it_value = {now.tv_sec + 5, now.tv_nsec}};
	begin = scene_now();
	assert_int_equal(scene_call(B, SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, PTR(&set), 0),
			 0);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(scene_now() - begin, 5 * SEC);
	scene_close(B, fd);
}

/* A timer that nothing reads costs one interrupt, not one each period. */
static void timerfd_without_reader(void)
{
	struct itimerspec set = {.it_value.tv_nsec = 1000, .it_interval.tv_nsec = 1000};
	int fd = scene_call(B, SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	uint64_t before, ticks;

	assert_int_equal(scene_call(B, SYS_timerfd_settime, fd, 0, PTR(&set), 0), 0);
	scene_sleep(1 * MS);
	before = B->stat("interrupts");
	scene_sleep(1 * SEC);
	assert_int_equal(B->stat("interrupts"), before);
	assert_int_equal(scene_call(B, SYS_read, fd, PTR(&ticks), 8), 8);
	assert_int_equal(ticks, 1001000);
	scene_close(B, fd);
}

/* ---- poll and select ------------------------------------------------------------------------------ */

static void poll_calls(void)
{
	struct timespec ts = {0, 1000};
	struct pollfd fds[40];
	uint64_t mask = 0;
	int p[2];

	make_pipe(p);
	for (int i = 0; i < 40; i++)
		fds[i] = (struct pollfd){
			.fd = i % 3 ? p[i % 2] : -1, .events = POLLIN | POLLOUT, .revents = 99};
	try(SYS_poll, PTR(fds), 40, 0);
	for (int i = 0; i < 40; i++)
		note("revents", fds[i].revents);
	fds[7].fd = 999;
	try(SYS_poll, PTR(fds), 40, -1);
	note("of a closed one", fds[7].revents);
	try(SYS_poll, 1, 1, 0);
	try(SYS_poll, 1, 0, 0);
	try(SYS_poll, 0, 0, 1);
	try(SYS_poll, PTR(fds), 0xffffffff, 0);
	fds[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), 0, 0);
	note("left", ts.tv_sec + ts.tv_nsec);
	ts = (struct timespec){0, 0};
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), PTR(&mask), 8);
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), PTR(&mask), 9);
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), 1, 8);
	try(SYS_ppoll, PTR(fds), 1, 1, 0, 0);
	ts = (struct timespec){0, 1000000000};
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), 0, 0);
	ts = (struct timespec){-1, 0};
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), 0, 0);
	on(SYS_write, p[1], PTR("a"), 1);
	ts = (struct timespec){1000, 0};
	try(SYS_ppoll, PTR(fds), 1, PTR(&ts), 0, 0);
	note("time is left", ts.tv_sec >= 999 && ts.tv_sec <= 1000);
	try(SYS_ppoll, PTR(fds), 1, 0, 0, 0);
	on(SYS_close, p[1]);
	note_poll("hung up", p[0]);
	on(SYS_close, p[0]);
	make_pipe(p);
	on(SYS_close, p[0]);
	note_poll("no reader", p[1]);
	on(SYS_close, p[1]);
}
BESIDE_LINUX(poll_calls)

static bool is_in(int fd, const uint64_t *set)
{
	return set[fd / 64] >> fd % 64 & 1;
}

static void put(int fd, uint64_t *set)
{
	set[fd / 64] |= 1ULL << fd % 64;
}

static void select_calls(void)
{
	uint64_t in[32] = {0}, out[32] = {0}, except[32] = {0}, mask = 0;
	const struct {
		const void *mask;
		size_t size;
	} good = {&mask, 8}, bad = {&mask, 7}, none = {NULL, 7};
	struct timeval tv = {0, 0};
	struct timespec ts = {0, 0};
	int p[2], n, high;
	char byte;

	make_pipe(p);
	n = (p[0] > p[1] ? p[0] : p[1]) + 1;
	put(p[0], in);
	put(p[1], out);
	put(p[0], except);
	try(SYS_select, n, PTR(in), PTR(out), PTR(except), PTR(&tv));
	note("empty: readable", is_in(p[0], in));
	note("empty: writable", is_in(p[1], out));
	note("empty: exceptional", is_in(p[0], except));
	on(SYS_write, p[1], PTR("a"), 1);
	put(p[0], in);
	put(p[0], out);
	try(SYS_select, n, PTR(in), PTR(out), 0, 0);
	note("written: readable", is_in(p[0], in));
	note("written: reader writable", is_in(p[0], out));
	try(SYS_select, n, PTR(in), PTR(out), PTR(in), PTR(&tv));
	try(SYS_select, -1, 0, 0, 0, PTR(&tv));
	try(SYS_select, 0, 0, 0, 0, PTR(&tv));
	try(SYS_select, 0, 1, 1, 1, PTR(&tv));
	try(SYS_select, n, 1, 0, 0, PTR(&tv));
	try(SYS_select, n, 0, 0, 0, 1);
	tv = (struct timeval){0, -1};
	try(SYS_select, 0, 0, 0, 0, PTR(&tv));
	tv = (struct timeval){-1, 0};
	try(SYS_select, 0, 0, 0, 0, PTR(&tv));
	tv = (struct timeval){0, 1500};
	try(SYS_select, 0, 0, 0, 0, PTR(&tv));
	note("left", tv.tv_sec * 1000000 + tv.tv_usec);
	tv = (struct timeval){0, 2000000000};
	memset(in, 0, sizeof(in));
	put(p[0], in);
	try(SYS_select, n, PTR(in), 0, 0, PTR(&tv));
	note("normalised", tv.tv_sec >= 1999 && tv.tv_usec < 1000000);
	/* A closed descriptor below n is an error; at or above n it does not count. */
	on(SYS_close, high = on(SYS_fcntl, p[0], F_DUPFD, 40));
	put(high, in);
	try(SYS_select, high, PTR(in), 0, 0, PTR(&tv));
	note("above n", is_in(high, in));
	put(high, in);
	try(SYS_select, high + 1, PTR(in), 0, 0, PTR(&tv));
	note("sets stay after an error", is_in(high, in) && is_in(p[0], in));
	/* A descriptor beyond the size of the C library's fd_set. */
	high = on(SYS_fcntl, p[0], F_DUPFD, 1500);
	memset(in, 0, sizeof(in));
	put(high, in);
	put(p[0], in);
	try(SYS_select, high + 1, PTR(in), PTR(out), 0, PTR(&tv));
	note("high", is_in(high, in));
	on(SYS_close, high);
	/* The other end of the pipe is closed: a hang-up, and an error. */
	on(SYS_read, p[0], PTR(&byte), 1);
	on(SYS_close, p[1]);
	memset(in, 0, sizeof(in));
	put(p[0], in);
	put(p[0], except);
	try(SYS_select, n, PTR(in), 0, PTR(except), 0);
	note("hung up: readable", is_in(p[0], in));
	on(SYS_close, p[0]);
	make_pipe(p);
	n = (p[0] > p[1] ? p[0] : p[1]) + 1;
	on(SYS_close, p[0]);
	memset(out, 0, sizeof(out));
	memset(in, 0, sizeof(in));
	put(p[1], out);
	put(p[1], in);
	try(SYS_select, n, PTR(in), PTR(out), 0, 0);
	note("no reader: writable", is_in(p[1], out));
	note("no reader: readable", is_in(p[1], in));
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), 0);
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), PTR(&good));
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), PTR(&bad));
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), PTR(&none));
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), 1);
	ts = (struct timespec){5, -1};
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), 0);
	ts = (struct timespec){INT64_MAX, 0};
	try(SYS_pselect6, n, 0, PTR(out), 0, PTR(&ts), PTR(&good));
	on(SYS_close, p[1]);
}
BESIDE_LINUX(select_calls)

static void select_urgent(void)
{
	uint64_t in[16] = {0}, except[16] = {0};
	struct timeval tv = {0, 0};
	int s[2];

	tcp_over_loopback(s);
	put(s[1], in);
	put(s[1], except);
	on(SYS_sendto, s[0], PTR("u"), 1, MSG_OOB, 0, 0);
	try(SYS_select, 1024, PTR(in), 0, PTR(except), PTR(&tv));
	note("readable", is_in(s[1], in));
	note("exceptional", is_in(s[1], except));
	close_both(s);
}
BESIDE_LINUX(select_urgent)

static void select_waits(void)
{
	struct pair p = scene_pair();
	uint64_t in[16] = {0}, except[16] = {0};
	struct timespec ts = {10, 0}, precise = {1, 700000};
	uint64_t begin;
	int64_t ticket, result;
	char byte;

	put(p.b, in);
	ticket = scene_begin(B, SYS_pselect6, 1024, PTR(in), 0, 0, PTR(&ts), 0);
	scene_sleep(4 * SEC);
	assert_false(scene_is_back(B, ticket, &result));
	scene_send_all(A, p.a, "x", 1);
	assert_int_equal(scene_end(B, ticket), 1);
	assert_true(is_in(p.b, in));
	assert_int_equal(ts.tv_sec, 5);
	/* A call that waits for exceptions alone is not woken by data, nor by the end of the
	 * stream. */
	put(p.b, except);
	begin = scene_now();
	scene_shutdown(A, p.a, SHUT_WR);
	assert_int_equal(scene_call(B, SYS_pselect6, 1024, 0, 0, PTR(except), PTR(&precise), 0), 0);
	assert_int_equal(scene_now() - begin, SEC + 700000);
	scene_recv_all(B, p.b, &byte, 1);
	scene_pair_close(&p);
}

/* A hundred thousand descriptors: the arrays take pages, not the stack. */
static void poll_of_a_hundred_thousand(void)
{
	enum { N = 100000 };
	struct pollfd *fds = calloc(N, sizeof(*fds));
	int fd = scene_call(B, SYS_eventfd2, 0, 0);
	uint64_t one = 1;
	int64_t ticket, result;

	for (int i = 0; i < N; i++)
		fds[i] = (struct pollfd){.fd = fd, .events = i == N - 1 ? POLLIN : 0};
	assert_int_equal(scene_call(B, SYS_poll, PTR(fds), N, 0), 0);
	ticket = scene_begin(B, SYS_poll, PTR(fds), N, -1);
	assert_false(scene_is_back(B, ticket, &result));
	assert_int_equal(scene_call(B, SYS_write, fd, PTR(&one), 8), 8);
	assert_int_equal(scene_end(B, ticket), 1);
	assert_int_equal(fds[N - 1].revents, POLLIN);
	assert_int_equal(fds[0].revents, 0);
	scene_close(B, fd);
	free(fds);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(eventfd_calls_as_linux),
		SCENE(eventfd_in_epoll_as_linux),
		SCENE(eventfd_waits),
		SCENE(errors_of_timerfd_as_linux),
		SCENE(timerfd_counts_periods),
		SCENE(timerfd_without_reader),
		SCENE(poll_calls_as_linux),
		SCENE(select_calls_as_linux),
		SCENE(select_urgent_as_linux),
		SCENE(select_waits),
		SCENE(poll_of_a_hundred_thousand),
	};

	return scene_play(tests);
}

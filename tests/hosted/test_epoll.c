/* SPDX-License-Identifier: MIT */
/*
 * epoll: sequences of calls that are also made on Linux, with equal results (beside.h), and scenes
 * in which threads wait.
 */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <sys/epoll.h>

#define PORT 7

static int64_t ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	return on(SYS_epoll_ctl, ep, op, fd, PTR(&event));
}

/* Notes the number of ready items, and their events and data, in the order of their data. */
static void note_ready(const char *what, int ep)
{
	struct epoll_event got[8];
	char name[160];
	int64_t n = on(SYS_epoll_wait, ep, PTR(got), 8, 0);

	note(what, n);
	for (uint64_t data = 0; n > 0 && data < 16; data++)
		for (int64_t i = 0; i < n; i++)
			if (got[i].data.u64 == data) {
				snprintf(name, sizeof(name), "%s: events of %d", what, (int)data);
				note(name, got[i].events);
			}
}

static void make_pipe(int fds[2])
{
	assert_int_equal(on(SYS_pipe2, PTR(fds), O_NONBLOCK), 0);
}

static void close_both(const int fds[2])
{
	on(SYS_close, fds[0]);
	on(SYS_close, fds[1]);
}

/* ---- errors --------------------------------------------------------------------------------------- */

static void errors_of_create(void)
{
	try(SYS_epoll_create, 0);
	try(SYS_epoll_create, -1);
	try(SYS_epoll_create1, 1);
	try(SYS_epoll_create1, O_NONBLOCK);
	on(SYS_close, open_by(SYS_epoll_create, 1));
	int ep = open_by(SYS_epoll_create1, EPOLL_CLOEXEC);

	try(SYS_fcntl, ep, F_GETFD);
	try(SYS_fcntl, ep, F_GETFL);
	on(SYS_close, ep);
	ep = open_by(SYS_epoll_create1, 0);
	try(SYS_fcntl, ep, F_GETFD);
	try(SYS_read, ep, PTR(&ep), 4);
	try(SYS_write, ep, PTR(&ep), 4);
	on(SYS_close, ep);
}
BESIDE_LINUX(errors_of_create)

static void errors_of_ctl(void)
{
	int ep = on(SYS_epoll_create1, 0), p[2], closed = on(SYS_epoll_create1, 0);

	on(SYS_close, closed);
	make_pipe(p);
	note("no such epoll", ctl(closed, EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
	note("no such descriptor", ctl(ep, EPOLL_CTL_ADD, closed, EPOLLIN, 0));
	note("no such epoll, descriptor -1", ctl(closed, EPOLL_CTL_ADD, -1, EPOLLIN, 0));
	note("no epoll", ctl(p[1], EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
	note("itself", ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 0));
	note("itself, removed", ctl(ep, EPOLL_CTL_DEL, ep, EPOLLIN, 0));
	note("an unknown operation", ctl(ep, 4, p[0], EPOLLIN, 0));
	note("an unknown operation, closed", ctl(ep, 0, closed, EPOLLIN, 0));
	try(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], 0);
	try(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, -1, 0);
	try(SYS_epoll_ctl, ep, 77, p[0], 0);
	note("changed, not there", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 0));
	note("removed, not there", ctl(ep, EPOLL_CTL_DEL, p[0], EPOLLIN, 0));
	note("added", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
	note("added again", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
	note("an unknown operation, there", ctl(ep, 4, p[0], EPOLLIN, 0));
	try(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, p[0], 0);
	note("removed again", ctl(ep, EPOLL_CTL_DEL, p[0], EPOLLIN, 0));
	note("unknown events", ctl(ep, EPOLL_CTL_ADD, p[0], 0x0fff0000, 0));
	note("without events", ctl(ep, EPOLL_CTL_MOD, p[0], 0, 0));
	int dup = on(SYS_dup, p[0]);

	note("a duplicate", ctl(ep, EPOLL_CTL_ADD, dup, EPOLLIN, 0));
	on(SYS_close, dup);
	int text = on(SYS_open, PTR(on_linux() ? "/etc/passwd" : "/proc/version"), O_RDONLY);

	note("a file without poll", ctl(ep, EPOLL_CTL_ADD, text, EPOLLIN, 0));
	on(SYS_close, text);
	close_both(p);
	on(SYS_close, ep);
}
BESIDE_LINUX(errors_of_ctl)

static void errors_of_wait(void)
{
	struct epoll_event got[2];
	struct timespec ts = {.tv_nsec = 1000000000};
	uint64_t mask = 0;
	int ep = on(SYS_epoll_create1, 0), p[2];

	make_pipe(p);
	try(SYS_epoll_wait, ep, PTR(got), 0, 0);
	try(SYS_epoll_wait, ep, PTR(got), -1, 0);
	try(SYS_epoll_wait, ep, 0, INT32_MAX / 12, 0);
	try(SYS_epoll_wait, ep, 0, INT32_MAX / 12 + 1, 0);
	try(SYS_epoll_wait, p[0], PTR(got), 2, 0);
	try(SYS_epoll_wait, p[0], PTR(got), 0, 0);
	try(SYS_epoll_wait, -1, PTR(got), 2, 0);
	try(SYS_epoll_wait, -1, PTR(got), 0, 0);
	try(SYS_epoll_wait, ep, 0, 2, 0);
	try(SYS_epoll_wait, ep, PTR(got), 2, 0);
	try(SYS_epoll_wait, ep, PTR(got), 2, 1);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, 0, 0);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, 0, 3);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, PTR(&mask), 8);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, PTR(&mask), 4);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, PTR(&mask), 128);
	try(SYS_epoll_pwait, ep, PTR(got), 2, 0, 1, 8);
	try(SYS_epoll_pwait, -1, PTR(got), 2, 0, PTR(&mask), 4);
	try(SYS_epoll_pwait2, ep, PTR(got), 2, PTR(&ts), 0, 0);
	ts = (struct timespec){.tv_sec = -1};
	try(SYS_epoll_pwait2, ep, PTR(got), 2, PTR(&ts), 0, 0);
	try(SYS_epoll_pwait2, -1, PTR(got), 2, PTR(&ts), 0, 0);
	try(SYS_epoll_pwait2, ep, PTR(got), 2, 1, 0, 0);
	ts = (struct timespec){.tv_nsec = 1};
	try(SYS_epoll_pwait2, ep, PTR(got), 2, PTR(&ts), 0, 0);
	ts = (struct timespec){.tv_nsec = 0};
	try(SYS_epoll_pwait2, ep, PTR(got), 2, PTR(&ts), PTR(&mask), 8);
	note("added", ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1));
	try(SYS_epoll_wait, ep, 0, 2, 0);
	try(SYS_epoll_wait, ep, 0, 2, -1);
	note_ready("after the fault", ep);
	close_both(p);
	on(SYS_close, ep);
}
BESIDE_LINUX(errors_of_wait)

/* ---- events ---------------------------------------------------------------------------------------- */

static void level_and_edge(void)
{
	int level = on(SYS_epoll_create1, 0), edge = on(SYS_epoll_create1, 0), p[2];
	char bytes[4];

	make_pipe(p);
	ctl(level, EPOLL_CTL_ADD, p[0], EPOLLIN, 1);
	ctl(edge, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 2);
	ctl(edge, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 3);
	note_ready("level, empty", level);
	note_ready("edge, empty", edge);
	note_ready("edge, empty, again", edge);
	on(SYS_write, p[1], PTR("abcd"), 4);
	for (int i = 0; i < 2; i++) {
		note_ready("level, written", level);
		note_ready("edge, written", edge);
	}
	on(SYS_read, p[0], PTR(bytes), 1);
	note_ready("level, partly read", level);
	note_ready("edge, partly read", edge);
	on(SYS_write, p[1], PTR("e"), 1);
	note_ready("edge, more written", edge);
	note("changed", ctl(edge, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 4));
	note_ready("edge, changed", edge);
	note_ready("edge, changed, again", edge);
	on(SYS_read, p[0], PTR(bytes), 4);
	note_ready("level, read", level);
	on(SYS_close, p[1]);
	note_ready("level, writer closed", level);
	note_ready("edge, writer closed", edge);
	note_ready("edge, writer closed, again", edge);
	on(SYS_close, p[0]);
	note_ready("level, closed", level);
	note_ready("edge, closed", edge);
	on(SYS_close, level);
	on(SYS_close, edge);
}
BESIDE_LINUX(level_and_edge)

static void one_shot(void)
{
	int ep = on(SYS_epoll_create1, 0), p[2];

	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT, 1);
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("first", ep);
	note_ready("off", ep);
	on(SYS_write, p[1], PTR("b"), 1);
	note_ready("off, more", ep);
	note("on again", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 2));
	note_ready("second", ep);
	on(SYS_close, p[1]);
	note_ready("off, even for a hang-up", ep);
	note("added again", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 2));
	note("level", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 3));
	note_ready("level", ep);
	note_ready("level", ep);
	on(SYS_close, p[0]);
	on(SYS_close, ep);
}
BESIDE_LINUX(one_shot)

static void exclusive(void)
{
	int ep = on(SYS_epoll_create1, 0), other = on(SYS_epoll_create1, 0), p[2];

	make_pipe(p);
	note("with priority", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLPRI | EPOLLEXCLUSIVE, 1));
	note("one shot", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE, 1));
	note("rdhup", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLRDHUP | EPOLLEXCLUSIVE, 1));
	note("an epoll", ctl(ep, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE, 1));
	note("added",
	     ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP, 1));
	note("changed", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 1));
	note("made exclusive", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
	note("normal", ctl(other, EPOLL_CTL_ADD, p[0], EPOLLIN, 2));
	note("made exclusive later", ctl(other, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("exclusive", ep);
	note_ready("normal", other);
	note("removed", ctl(ep, EPOLL_CTL_DEL, p[0], EPOLLEXCLUSIVE, 1));
	close_both(p);
	on(SYS_close, ep);
	on(SYS_close, other);
}
BESIDE_LINUX(exclusive)

/* An epoll item belongs to a pair of a file and a descriptor, not to a descriptor alone. */
static void descriptors_and_files(void)
{
	int ep = on(SYS_epoll_create1, 0), p[2], q[2], dup;

	make_pipe(p);
	make_pipe(q);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1);
	dup = on(SYS_dup, p[0]);
	note("the duplicate", ctl(ep, EPOLL_CTL_ADD, dup, EPOLLIN, 2));
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("both", ep);
	on(SYS_close, dup);
	note_ready("both, the duplicate closed", ep);
	note("dup2", on(SYS_dup2, q[0], dup) == dup);
	note("another file with that number", ctl(ep, EPOLL_CTL_ADD, dup, EPOLLIN, 3));
	on(SYS_write, q[1], PTR("b"), 1);
	note_ready("three", ep);
	note("that number removed", ctl(ep, EPOLL_CTL_DEL, dup, 0, 0));
	note_ready("two", ep);
	on(SYS_close, p[0]);
	note_ready("all descriptors of the file closed", ep);
	on(SYS_close, p[1]);
	on(SYS_close, dup);
	close_both(q);
	on(SYS_close, ep);
}
BESIDE_LINUX(descriptors_and_files)

static void fewer_places_than_events(void)
{
	int ep = on(SYS_epoll_create1, 0), p[6][2];
	struct epoll_event got[4];

	for (int i = 0; i < 6; i++) {
		make_pipe(p[i]);
		ctl(ep, EPOLL_CTL_ADD, p[i][0], EPOLLIN | (i & 1 ? EPOLLET : 0), i);
		on(SYS_write, p[i][1], PTR("a"), 1);
	}
	/* Level-triggered items are returned in turn; edge-triggered items are returned once. */
	for (int round = 0; round < 5; round++) {
		int64_t n = on(SYS_epoll_wait, ep, PTR(got), 4, 0);

		note("got", n);
		for (int64_t i = 0; i < n; i++)
			note("in order", got[i].data.u64);
	}
	for (int i = 0; i < 6; i++)
		close_both(p[i]);
	on(SYS_close, ep);
}
BESIDE_LINUX(fewer_places_than_events)

static void a_connection(void)
{
	int ep = on(SYS_epoll_create1, 0), edge = on(SYS_epoll_create1, 0), s[2];
	char bytes[8];

	tcp_over_loopback(s);
	ctl(ep, EPOLL_CTL_ADD, s[1], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI, 1);
	ctl(edge, EPOLL_CTL_ADD, s[1], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 2);
	note_ready("idle", ep);
	note_ready("edge, idle", edge);
	on(SYS_write, s[0], PTR("ab"), 2);
	note_ready("data", ep);
	note_ready("edge, data", edge);
	note_ready("edge, data, again", edge);
	on(SYS_sendto, s[0], PTR("u"), 1, MSG_OOB, 0, 0);
	note_ready("urgent", ep);
	on(SYS_read, s[1], PTR(bytes), 8);
	on(SYS_shutdown, s[0], SHUT_WR);
	note_ready("half closed", ep);
	note_ready("edge, half closed", edge);
	on(SYS_shutdown, s[1], SHUT_WR);
	note_ready("closed by both", ep);
	note_ready("edge, closed by both", edge);
	close_both(s);
	tcp_over_loopback(s);
	ctl(ep, EPOLL_CTL_ADD, s[1], 0, 3);
	note_ready("nothing asked", ep);
	struct linger linger = {.l_onoff = 1};

	on(SYS_setsockopt, s[0], SOL_SOCKET, SO_LINGER, PTR(&linger), sizeof(linger));
	on(SYS_close, s[0]);
	note_ready("reset", ep);
	on(SYS_close, s[1]);
	int unconnected = on(SYS_socket, AF_INET, SOCK_STREAM, 0);

	ctl(ep, EPOLL_CTL_ADD, unconnected, EPOLLIN | EPOLLOUT, 4);
	note_ready("unconnected", ep);
	on(SYS_close, unconnected);
	on(SYS_close, ep);
	on(SYS_close, edge);
}
BESIDE_LINUX(a_connection)

/* ---- epolls in epolls ------------------------------------------------------------------------------ */

static void nested(void)
{
	int outer = on(SYS_epoll_create1, 0), inner = on(SYS_epoll_create1, 0), p[2];
	struct pollfd pfd = {.fd = outer, .events = POLLIN};
	char byte;

	make_pipe(p);
	note("inner in outer", ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 1));
	note("outer in inner", ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 1));
	ctl(inner, EPOLL_CTL_ADD, p[0], EPOLLIN, 2);
	note_ready("outer, empty", outer);
	note("poll, empty", on(SYS_poll, PTR(&pfd), 1, 0));
	on(SYS_write, p[1], PTR("a"), 1);
	note("poll, written", on(SYS_poll, PTR(&pfd), 1, 0));
	note("its events", pfd.revents);
	note_ready("outer, written", outer);
	note_ready("outer, written, again", outer);
	note_ready("inner, written", inner);
	on(SYS_read, p[0], PTR(&byte), 1);
	note_ready("outer, read", outer);
	note_ready("inner, read", inner);
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("outer, written anew", outer);
	on(SYS_close, inner);
	note_ready("outer, inner closed", outer);
	note("poll, inner closed", on(SYS_poll, PTR(&pfd), 1, 0));
	close_both(p);
	on(SYS_close, outer);
}
BESIDE_LINUX(nested)

static void nested_edge(void)
{
	int outer = on(SYS_epoll_create1, 0), inner = on(SYS_epoll_create1, 0), p[2];

	make_pipe(p);
	ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET, 1);
	ctl(inner, EPOLL_CTL_ADD, p[0], EPOLLIN, 2);
	note_ready("empty", outer);
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("written", outer);
	note_ready("again", outer);
	on(SYS_write, p[1], PTR("b"), 1);
	note_ready("more", outer);
	note_ready("more, again", outer);
	close_both(p);
	on(SYS_close, inner);
	on(SYS_close, outer);
}
BESIDE_LINUX(nested_edge)

/* LIMIT(EPOLL_NESTS_MAX) */
static void chains_and_cycles(void)
{
	int ep[8];

	for (int i = 0; i < 8; i++)
		ep[i] = on(SYS_epoll_create1, 0);
	for (int i = 0; i + 1 < 8; i++)
		note("each into the next", ctl(ep[i + 1], EPOLL_CTL_ADD, ep[i], EPOLLIN, 0));
	for (int i = 0; i < 8; i++)
		note("the last into each", ctl(ep[i], EPOLL_CTL_ADD, ep[4], EPOLLIN, 0));
	for (int i = 0; i < 8; i++)
		on(SYS_close, ep[i]);
	for (int i = 0; i < 8; i++)
		ep[i] = on(SYS_epoll_create1, 0);
	/* Builds two chains from the outermost epoll inwards, and joins them. */
	for (int i = 2; i >= 0; i--)
		note("downwards", ctl(ep[i + 1], EPOLL_CTL_ADD, ep[i], EPOLLIN, 0));
	for (int i = 6; i >= 4; i--)
		note("downwards, another", ctl(ep[i + 1], EPOLL_CTL_ADD, ep[i], EPOLLIN, 0));
	note("joined at the ends", ctl(ep[4], EPOLL_CTL_ADD, ep[3], EPOLLIN, 0));
	note("joined one lower", ctl(ep[4], EPOLL_CTL_ADD, ep[2], EPOLLIN, 0));
	note("joined two lower", ctl(ep[4], EPOLL_CTL_ADD, ep[1], EPOLLIN, 0));
	note("joined three lower", ctl(ep[4], EPOLL_CTL_ADD, ep[0], EPOLLIN, 0));
	note("back", ctl(ep[0], EPOLL_CTL_ADD, ep[7], EPOLLIN, 0));
	for (int i = 0; i < 8; i++)
		on(SYS_close, ep[i]);
}
BESIDE_LINUX(chains_and_cycles)

/* LIMIT(EPOLL_PATHS_MAX) */
static void too_many_epolls_above(void)
{
	int inner = on(SYS_epoll_create1, 0), outer[501];
	int64_t added = 0, failed = 0;
	int p[2];

	make_pipe(p);
	ctl(inner, EPOLL_CTL_ADD, p[0], EPOLLIN, 0);
	for (int i = 0; i < 501; i++) {
		outer[i] = on(SYS_epoll_create1, 0);
		failed = ctl(outer[i], EPOLL_CTL_ADD, inner, EPOLLIN, 0);
		added += !failed;
	}
	note("added", added);
	note("the last", failed);
	on(SYS_close, outer[0]);
	note("after one was closed", ctl(outer[500], EPOLL_CTL_ADD, inner, EPOLLIN, 0));
	on(SYS_write, p[1], PTR("a"), 1);
	note_ready("one of the outer", outer[250]);
	for (int i = 1; i < 501; i++)
		on(SYS_close, outer[i]);
	on(SYS_close, inner);
	close_both(p);
}
BESIDE_LINUX(too_many_epolls_above)

/* ---- threads that wait ------------------------------------------------------------------------------ */

static int host_epoll(struct host *h, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	int ep = scene_call(h, SYS_epoll_create1, 0);

	assert_true(ep >= 0);
	assert_int_equal(scene_call(h, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, PTR(&event)), 0);
	return ep;
}

static void a_wait_ends_with_data(void)
{
	struct pair p = scene_pair();
	struct epoll_event got[2];
	int ep = host_epoll(B, p.b, EPOLLIN);
	int64_t wait = scene_begin(B, SYS_epoll_wait, ep, PTR(got), 2, -1), result;

	scene_sleep(10 * SEC);
	assert_false(scene_is_back(B, wait, &result));
	scene_send_all(A, p.a, "x", 1);
	assert_int_equal(scene_end(B, wait), 1);
	assert_int_equal(got[0].events, EPOLLIN);
	assert_int_equal(got[0].data.fd, p.b);
	scene_close(B, ep);
	scene_pair_close(&p);
}

static void a_wait_ends_in_time(void)
{
	struct pair p = scene_pair();
	struct epoll_event got;
	struct timespec ts = {.tv_sec = 1, .tv_nsec = 300000};
	int ep = host_epoll(B, p.b, EPOLLIN);
	uint64_t begin = scene_now();

	assert_int_equal(scene_call(B, SYS_epoll_wait, ep, PTR(&got), 1, 250), 0);
	assert_int_equal(scene_now() - begin, 250 * MS);
	begin = scene_now();
	assert_int_equal(scene_call(B, SYS_epoll_pwait2, ep, PTR(&got), 1, PTR(&ts), 0, 0), 0);
	assert_int_equal(scene_now() - begin, SEC + 300000);
	scene_close(B, ep);
	scene_pair_close(&p);
}

static void a_wait_is_interrupted(void)
{
	struct pair p = scene_pair();
	struct epoll_event got;
	int ep = host_epoll(B, p.b, EPOLLIN);
	int64_t wait = scene_begin(B, SYS_epoll_wait, ep, PTR(&got), 1, -1);

	scene_sleep(1 * SEC);
	scene_interrupt(B, wait);
	assert_int_equal(scene_end(B, wait), -EINTR);
	scene_close(B, ep);
	scene_pair_close(&p);
}

/* An event wakes one of the threads that wait for an epoll, and is returned once. */
static void an_event_wakes_one_thread(void)
{
	struct pair p = scene_pair();
	struct epoll_event got[4];
	int ep = host_epoll(B, p.b, EPOLLIN | EPOLLET);
	uint64_t before, switches[5];
	int64_t wait[4], result;
	unsigned int back = 0;

	for (int i = 0; i < 4; i++)
		wait[i] = scene_begin(B, SYS_epoll_wait, ep, PTR(&got[i]), 1, -1);
	for (unsigned int event = 1; event <= 4; event++) {
		scene_sleep(1 * SEC);
		before = B->stat("switches");
		scene_send_all(A, p.a, "x", 1);
		scene_sleep(1 * SEC);
		switches[event] = B->stat("switches") - before;
		for (int i = 0; i < 4; i++)
			if (wait[i] && scene_is_back(B, wait[i], &result)) {
				assert_int_equal(result, 1);
				wait[i] = 0;
				back++;
			}
		assert_int_equal(back, event);
	}
	/*
	 * Event 1 came while four threads waited, event 4 while one waited: event 1 caused no more
	 * switches between threads.
	 */
	assert_in_range(switches[1], 1, switches[4]);
	scene_close(B, ep);
	scene_pair_close(&p);
}

/* Of several epolls that watch a listener with EPOLLEXCLUSIVE, a connection wakes one. */
static void an_exclusive_event_wakes_one_epoll(void)
{
	int listener = scene_listen(B, PORT, 8), ep[4], fd[4];
	struct epoll_event got[4];
	int64_t wait[4], result;
	unsigned int back = 0;

	for (int i = 0; i < 4; i++) {
		ep[i] = host_epoll(B, listener, EPOLLIN | EPOLLEXCLUSIVE);
		wait[i] = scene_begin(B, SYS_epoll_wait, ep[i], PTR(&got[i]), 1, -1);
	}
	for (unsigned int n = 1; n <= 4; n++) {
		fd[n - 1] = scene_socket(A);
		assert_int_equal(scene_connect(A, fd[n - 1], B, PORT), 0);
		scene_sleep(1 * SEC);
		for (int i = 0; i < 4; i++)
			if (wait[i] && scene_is_back(B, wait[i], &result)) {
				wait[i] = 0;
				back++;
			}
		assert_int_equal(back, n);
	}
	for (int i = 0; i < 4; i++) {
		scene_close(B, ep[i]);
		scene_close(A, fd[i]);
	}
	scene_close(B, listener);
}

/* A thread that is interrupted when the event comes leaves the event to the other thread. */
static void an_interrupted_thread_takes_no_event_along(void)
{
	struct pair p = scene_pair();
	struct epoll_event got[2];
	int ep = host_epoll(B, p.b, EPOLLIN | EPOLLET);
	int64_t first = scene_begin(B, SYS_epoll_wait, ep, PTR(&got[0]), 1, -1);
	int64_t second = scene_begin(B, SYS_epoll_wait, ep, PTR(&got[1]), 1, -1);

	scene_begin(A, SYS_sendto, p.a, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	scene_sleep(WIRE_DELAY - 1);
	assert_int_equal(B->interrupt(first), 0);
	scene_sleep(10 * MS);
	int64_t result = scene_end(B, first), other;

	if (result == 1) {
		assert_false(scene_is_back(B, second, &other));
		scene_interrupt(B, second);
		assert_int_equal(scene_end(B, second), -EINTR);
	} else {
		assert_int_equal(result, -EINTR);
		assert_int_equal(scene_end(B, second), 1);
	}
	scene_close(B, ep);
	scene_pair_close(&p);
}

/* The epoll is closed while a thread waits in it: the epoll exists until the thread returns (as on
 * Linux). */
static void closed_while_a_thread_waits(void)
{
	struct pair p = scene_pair();
	struct epoll_event got;
	int ep = host_epoll(B, p.b, EPOLLIN);
	int64_t wait = scene_begin(B, SYS_epoll_wait, ep, PTR(&got), 1, -1);

	scene_close(B, ep);
	scene_send_all(A, p.a, "x", 1);
	assert_int_equal(scene_end(B, wait), 1);
	scene_pair_close(&p);
}

/* An event passes through a chain of epolls to a thread that waits at its end. */
static void a_wait_at_the_end_of_a_chain(void)
{
	struct pair p = scene_pair();
	struct epoll_event got;
	int ep[5];
	char byte;

	ep[0] = host_epoll(B, p.b, EPOLLIN);
	for (int i = 1; i < 5; i++)
		ep[i] = host_epoll(B, ep[i - 1], EPOLLIN);
	for (int round = 0; round < 2; round++) {
		int64_t wait = scene_begin(B, SYS_epoll_wait, ep[4], PTR(&got), 1, -1), result;

		scene_sleep(1 * SEC);
		assert_false(scene_is_back(B, wait, &result));
		scene_send_all(A, p.a, "x", 1);
		assert_int_equal(scene_end(B, wait), 1);
		assert_int_equal(got.data.fd, ep[3]);
		scene_recv_all(B, p.b, &byte, 1);
	}
	for (int i = 0; i < 5; i++)
		scene_close(B, ep[i]);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(errors_of_create_as_linux),
		SCENE(errors_of_ctl_as_linux),
		SCENE(errors_of_wait_as_linux),
		SCENE(level_and_edge_as_linux),
		SCENE(one_shot_as_linux),
		SCENE(exclusive_as_linux),
		SCENE(descriptors_and_files_as_linux),
		SCENE(fewer_places_than_events_as_linux),
		SCENE(a_connection_as_linux),
		SCENE(nested_as_linux),
		SCENE(nested_edge_as_linux),
		SCENE(chains_and_cycles_as_linux),
		SCENE(too_many_epolls_above_as_linux),
		SCENE(a_wait_ends_with_data),
		SCENE(a_wait_ends_in_time),
		SCENE(a_wait_is_interrupted),
		SCENE(an_event_wakes_one_thread),
		SCENE(an_exclusive_event_wakes_one_epoll),
		SCENE(an_interrupted_thread_takes_no_event_along),
		SCENE(closed_while_a_thread_waits),
		SCENE(a_wait_at_the_end_of_a_chain),
	};

	return scene_play(tests);
}

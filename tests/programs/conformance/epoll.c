/* SPDX-License-Identifier: MIT */
/* epoll: arguments, level and edge triggering, EPOLLONESHOT, closed files, epoll in epoll. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static struct epoll_event events[8];

static int ctl(int epoll, int op, int fd, unsigned int mask)
{
	struct epoll_event event = {.events = mask, .data.u64 = 1000 + fd};

	return epoll_ctl(epoll, op, fd, &event);
}

/* Returns the number of events that are there now. */
static int ready(int epoll)
{
	memset(events, 0, sizeof(events));
	return epoll_wait(epoll, events, 8, 0);
}

static void check_arguments(void)
{
	int epoll, p[2], file;
	struct epoll_event event = {.events = EPOLLIN};

	FAILS(epoll_create(0), EINVAL);
	FAILS(epoll_create1(1), EINVAL);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	TRUE(epoll >= 0);
	IS(fcntl(epoll, F_GETFD), FD_CLOEXEC);
	IS(pipe(p), 0);
	FAILS(epoll_wait(epoll, events, 0, 0), EINVAL);
	FAILS(epoll_wait(epoll, (void *)-4096L, 1, 0), EFAULT);
	FAILS(epoll_wait(epoll, events, -1, 0), EINVAL);
	FAILS(epoll_wait(-1, events, 8, 0), EBADF);
	FAILS(epoll_wait(p[0], events, 8, 0), EINVAL);
	FAILS(ctl(-1, EPOLL_CTL_ADD, p[0], EPOLLIN), EBADF);
	FAILS(ctl(epoll, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
	FAILS(ctl(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN), EINVAL);
	FAILS(ctl(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
	FAILS(ctl(epoll, 9, p[0], EPOLLIN), EINVAL);
	FAILS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN), ENOENT);
	FAILS(ctl(epoll, EPOLL_CTL_DEL, p[0], EPOLLIN), ENOENT);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, p[0], (struct epoll_event *)8), EFAULT);
	IS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN), 0);
	FAILS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN), EEXIST);
	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET), 0);
	IS(epoll_ctl(epoll, EPOLL_CTL_DEL, p[0], NULL), 0);
	file = open("file", O_RDWR | O_CREAT, 0600);
	FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event), EPERM);
	IS(close(file), 0);
	IS(unlink("file"), 0);
	FAILS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	FAILS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
	IS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE), 0);
	FAILS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN), EINVAL);
	IS(write(p[1], "x", 1), 1);
	FAILS(epoll_wait(epoll, (struct epoll_event *)8, 8, 0), EFAULT);
	IS(ready(epoll), 1);
	FAILS(read(epoll, events, 8), EINVAL);
	IS(close(p[0]), 0);
	IS(close(p[1]), 0);
	IS(close(epoll), 0);
}

static void check_level_and_edge(void)
{
	int epoll = epoll_create1(0), p[2];
	char bytes[16];

	IS(pipe2(p, O_NONBLOCK), 0);
	IS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN), 0);
	IS(ready(epoll), 0);
	IS(write(p[1], "ab", 2), 2);
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLIN);
	IS(events[0].data.u64, 1000 + p[0]);
	IS(ready(epoll), 1);
	IS(read(p[0], bytes, 1), 1);
	IS(ready(epoll), 1);
	IS(read(p[0], bytes, 1), 1);
	IS(ready(epoll), 0);

	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET), 0);
	IS(ready(epoll), 0);
	IS(write(p[1], "ab", 2), 2);
	IS(ready(epoll), 1);
	IS(ready(epoll), 0);
	IS(write(p[1], "c", 1), 1);
	IS(ready(epoll), 1);
	IS(ready(epoll), 0);
	/* EPOLL_CTL_MOD checks the file's state again. */
	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET), 0);
	IS(ready(epoll), 1);
	IS(ready(epoll), 0);

	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT), 0);
	IS(ready(epoll), 1);
	IS(ready(epoll), 0);
	IS(write(p[1], "d", 1), 1);
	IS(ready(epoll), 0);
	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT), 0);
	IS(ready(epoll), 1);
	IS(read(p[0], bytes, 16), 4);
	IS(ctl(epoll, EPOLL_CTL_MOD, p[0], 0), 0);
	IS(write(p[1], "e", 1), 1);
	IS(ready(epoll), 0);
	IS(close(p[1]), 0);
	/* Errors and hang-ups are reported even if no event was asked for. */
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLHUP);
	IS(close(p[0]), 0);
	IS(ready(epoll), 0);
	IS(close(epoll), 0);
}

static void check_several(void)
{
	int epoll = epoll_create1(0), e[4];
	uint64_t one = 1;

	for (int i = 0; i < 4; i++) {
		e[i] = eventfd(0, EFD_NONBLOCK);
		IS(ctl(epoll, EPOLL_CTL_ADD, e[i], EPOLLIN), 0);
	}
	for (int i = 3; i >= 0; i--)
		IS(write(e[i], &one, 8), 8);
	/* Events come in the order in which the files became ready; the next call returns the rest. */
	IS(epoll_wait(epoll, events, 2, 0), 2);
	IS(events[0].data.u64, 1000 + e[3]);
	IS(events[1].data.u64, 1000 + e[2]);
	IS(epoll_wait(epoll, events, 2, 0), 2);
	IS(events[0].data.u64, 1000 + e[1]);
	IS(events[1].data.u64, 1000 + e[0]);
	IS(epoll_wait(epoll, events, 8, 0), 4);
	for (int i = 0; i < 4; i++)
		IS(close(e[i]), 0);
	IS(ready(epoll), 0);
	IS(close(epoll), 0);
}

static void check_duplicates(void)
{
	int epoll = epoll_create1(0), p[2], copy;

	IS(pipe2(p, O_NONBLOCK), 0);
	copy = dup(p[0]);
	IS(ctl(epoll, EPOLL_CTL_ADD, p[0], EPOLLIN), 0);
	IS(ctl(epoll, EPOLL_CTL_ADD, copy, EPOLLIN), 0);
	IS(write(p[1], "x", 1), 1);
	IS(ready(epoll), 2);
	IS(ctl(epoll, EPOLL_CTL_DEL, copy, 0), 0);
	IS(ready(epoll), 1);
	/* epoll watches the open file, not the descriptor, until the file's last descriptor is closed. */
	IS(close(p[0]), 0);
	IS(ready(epoll), 1);
	IS(events[0].data.u64, 1000 + p[0]);
	FAILS(ctl(epoll, EPOLL_CTL_DEL, p[0], 0), EBADF);
	IS(close(copy), 0);
	IS(ready(epoll), 0);
	IS(close(p[1]), 0);
	IS(close(epoll), 0);
}

static void check_nested(void)
{
	int inner = epoll_create1(0), outer = epoll_create1(0), chain[6],
	    event = eventfd(0, EFD_NONBLOCK);
	uint64_t one = 1;

	IS(ctl(inner, EPOLL_CTL_ADD, event, EPOLLIN), 0);
	IS(ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN), 0);
	FAILS(ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
	IS(ready(outer), 0);
	IS(write(event, &one, 8), 8);
	IS(ready(outer), 1);
	IS(events[0].data.u64, 1000 + inner);
	IS(ready(inner), 1);
	IS(read(event, &one, 8), 8);
	IS(ready(outer), 0);
	for (int i = 0; i < 6; i++)
		chain[i] = epoll_create1(0);
	for (int i = 0; i < 4; i++)
		IS(ctl(chain[i], EPOLL_CTL_ADD, chain[i + 1], EPOLLIN), 0);
	FAILS(ctl(chain[4], EPOLL_CTL_ADD, chain[5], EPOLLIN), ELOOP);
	for (int i = 0; i < 6; i++)
		IS(close(chain[i]), 0);
	IS(close(outer), 0);
	IS(close(inner), 0);
	IS(close(event), 0);
}

static void check_sockets_events(void)
{
	int epoll = epoll_create1(0), s[2];
	char bytes[4];

	IS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	IS(ctl(epoll, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET), 0);
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLOUT);
	IS(ready(epoll), 0);
	IS(write(s[1], "x", 1), 1);
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLIN | EPOLLOUT);
	IS(read(s[0], bytes, 4), 1);
	IS(shutdown(s[1], SHUT_WR), 0);
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	IS(close(s[1]), 0);
	IS(ready(epoll), 1);
	IS(events[0].events, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	IS(close(s[0]), 0);
	IS(close(epoll), 0);
}

void check_epoll(void)
{
	check_arguments();
	check_level_and_edge();
	check_several();
	check_duplicates();
	check_nested();
	check_sockets_events();
}

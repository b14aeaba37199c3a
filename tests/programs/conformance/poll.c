/* SPDX-License-Identifier: MIT */
/* poll(), ppoll(), select(), pselect(). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void check_poll_calls(int in, int out)
{
	struct pollfd fds[3] = {{in, POLLIN, 0}, {out, POLLOUT, 0}, {-1, POLLIN, 99}};
	struct timespec bad = {0, 1000000000}, none = {0, 0};

	IS(poll(fds, 3, 0), 1);
	IS(fds[0].revents, 0);
	IS(fds[1].revents, POLLOUT);
	IS(fds[2].revents, 0);
	fds[2].fd = 9999;
	IS(poll(fds, 3, 0), 2);
	IS(fds[2].revents, POLLNVAL);
	IS(poll(NULL, 0, 1), 0);
	IS(poll(fds, 0, 0), 0);
	FAILS(poll((struct pollfd *)8, 1, 0), EFAULT);
	FAILS(ppoll(fds, 1, &bad, NULL), EINVAL);
	IS(ppoll(fds, 1, &none, NULL), 0);
	fds[0].events = 0;
	IS(poll(fds, 1, 0), 0);
	FAILS(syscall(SYS_poll, fds, 1U << 30, 0), EINVAL);
}

static void check_select_calls(int in, int out)
{
	struct timeval none = {0, 0}, bad = {0, -1};
	struct timespec bad_spec = {-1, 0};
	fd_set r, w;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(in, &r);
	FD_SET(out, &w);
	IS(select(out + 1, &r, &w, NULL, &none), 1);
	TRUE(!FD_ISSET(in, &r) && FD_ISSET(out, &w));
	IS(write(out, "x", 1), 1);
	FD_SET(in, &r);
	IS(select(out + 1, &r, &w, NULL, &none), 2);
	TRUE(FD_ISSET(in, &r));
	FD_ZERO(&r);
	FD_SET(in, &r);
	IS(select(in, &r, NULL, NULL, &none), 0);
	FD_SET(45, &r);
	IS(dup2(in, 45), 45);
	IS(close(45), 0);
	FAILS(select(46, &r, NULL, NULL, &none), EBADF);
	FD_ZERO(&r);
	FAILS(select(-1, &r, NULL, NULL, &none), EINVAL);
	IS(select(0, NULL, NULL, NULL, &none), 0);
	FAILS(syscall(SYS_select, 0, NULL, NULL, NULL, &bad), EINVAL);
	FAILS(pselect(0, NULL, NULL, NULL, &bad_spec, NULL), EINVAL);
	FAILS(select(in + 1, (fd_set *)8, NULL, NULL, &none), EFAULT);
}

void check_poll(void)
{
	int p[2];

	IS(pipe2(p, O_NONBLOCK), 0);
	check_poll_calls(p[0], p[1]);
	check_select_calls(p[0], p[1]);
	IS(close(p[0]), 0);
	IS(close(p[1]), 0);
}

/* SPDX-License-Identifier: MIT */
/* Pipes and socket pairs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void check_pipe(void)
{
	char bytes[4096], *large = calloc(1, 1 << 20);
	int p[2], n, error, total = 0;
	struct pollfd poll_end;
	struct stat st;

	FAILS(pipe2(p, 1), EINVAL);
	FAILS(pipe((int *)8), EFAULT);
	IS(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
	IS(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	IS(fcntl(p[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	IS(fstat(p[0], &st), 0);
	TRUE(S_ISFIFO(st.st_mode));
	FAILS(read(p[0], bytes, 1), EAGAIN);
	FAILS(read(p[1], bytes, 1), EBADF);
	FAILS(write(p[0], bytes, 1), EBADF);
	FAILS(lseek(p[0], 0, SEEK_SET), ESPIPE);
	FAILS(pread(p[0], bytes, 1, 0), ESPIPE);
	FAILS(ftruncate(p[1], 0), EINVAL);
	IS(write(p[1], "hello", 5), 5);
	IS(ioctl(p[0], FIONREAD, &n), 0);
	IS(n, 5);
	IS(read(p[0], bytes, 2), 2);
	IS(read(p[0], bytes, 100), 3);
	IS(memcmp(bytes, "llo", 3), 0);
	IS(write(p[1], bytes, 0), 0);
	IS(fcntl(p[0], F_GETPIPE_SZ), 65536);
	while ((n = write(p[1], large, 1 << 20)) > 0)
		total += n;
	error = errno;
	IS(error, EAGAIN);
	IS(total, 65536);
	/* A write of at most PIPE_BUF bytes is not divided. */
	IS(read(p[0], bytes, 4095), 4095);
	FAILS(write(p[1], bytes, 4096), EAGAIN);
	IS(read(p[0], bytes, 1), 1);
	IS(write(p[1], bytes, 4096), 4096);
	poll_end = (struct pollfd){p[1], POLLOUT, 0};
	IS(poll(&poll_end, 1, 0), 0);
	poll_end = (struct pollfd){p[0], POLLIN, 0};
	IS(poll(&poll_end, 1, 0), 1);
	IS(poll_end.revents, POLLIN);
	while (read(p[0], large, 1 << 20) > 0)
		;
	error = errno;
	IS(error, EAGAIN);
	IS(close(p[1]), 0);
	IS(read(p[0], bytes, 1), 0);
	poll_end = (struct pollfd){p[0], POLLIN, 0};
	IS(poll(&poll_end, 1, 0), 1);
	IS(poll_end.revents, POLLHUP);
	IS(close(p[0]), 0);
	free(large);
}

static void check_broken(void)
{
	struct pollfd poll_end;
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	IS(pipe(p), 0);
	IS(close(p[0]), 0);
	FAILS(write(p[1], "x", 1), EPIPE);
	poll_end = (struct pollfd){p[1], POLLOUT, 0};
	IS(poll(&poll_end, 1, 0), 1);
	IS(poll_end.revents, POLLOUT | POLLERR);
	IS(close(p[1]), 0);
	signal(SIGPIPE, SIG_DFL);
}

static void check_socketpair(void)
{
	/* If msg_name is NULL, the kernel ignores msg_namelen. */
	struct msghdr nameless = {.msg_namelen = (socklen_t)-1};
	char bytes[16];
	int s[2];

	FAILS(socketpair(AF_UNIX, 99, 0, s), EINVAL);
	FAILS(socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT);
	IS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	FAILS(read(s[0], bytes, 1), EAGAIN);
	FAILS(recv(s[0], bytes, 0, 0), EAGAIN);
	IS(read(s[0], bytes, 0), 0);
	IS(write(s[0], "abc", 3), 3);
	IS(recv(s[1], bytes, 0, 0), 0);
	IS(write(s[0], "def", 3), 3);
	IS(sendmsg(s[0], &nameless, 0), 0);
	IS(recvmsg(s[1], &nameless, 0), 0);
	IS(read(s[1], bytes, 16), 6);
	IS(memcmp(bytes, "abcdef", 6), 0);
	IS(write(s[1], "back", 4), 4);
	IS(recv(s[0], bytes, 2, MSG_PEEK), 2);
	IS(recv(s[0], bytes, 16, 0), 4);
	IS(shutdown(s[0], SHUT_WR), 0);
	IS(read(s[1], bytes, 1), 0);
	FAILS(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	IS(write(s[1], "late", 4), 4);
	IS(read(s[0], bytes, 16), 4);
	IS(close(s[1]), 0);
	IS(read(s[0], bytes, 1), 0);
	FAILS(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	IS(close(s[0]), 0);
	IS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s), 0);
	IS(write(s[0], "abc", 3), 3);
	IS(write(s[0], "de", 2), 2);
	IS(read(s[1], bytes, 16), 3);
	IS(read(s[1], bytes, 1), 1);
	FAILS(read(s[1], bytes, 16), EAGAIN);
	IS(shutdown(s[1], SHUT_RD), 0);
	FAILS(read(s[1], bytes, 16), EAGAIN);
	IS(fcntl(s[1], F_SETFL, 0), 0);
	IS(read(s[1], bytes, 16), 0);
	IS(close(s[0]), 0);
	IS(close(s[1]), 0);
}

void check_pipes(void)
{
	check_pipe();
	check_broken();
	check_socketpair();
}

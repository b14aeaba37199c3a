/* SPDX-License-Identifier: MIT */
/* splice(), tee(), vmsplice(). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

#define LARGE 300000

static char bytes[LARGE];

/* Creates a file of LARGE bytes that differ; returns its descriptor. */
static int large_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	for (int i = 0; i < LARGE; i++)
		bytes[i] = i / 251 + i;
	IS(write(fd, bytes, LARGE), LARGE);
	IS(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void check_errors(void)
{
	int file = large_file("a"), event = eventfd(0, 0), ep = epoll_create1(0), p[2], q[2], only;
	off_t pos = 0, negative = -1;

	IS(pipe2(p, O_NONBLOCK), 0);
	IS(pipe2(q, O_NONBLOCK), 0);
	IS(splice(-1, NULL, -1, NULL, 0, 0), 0);
	FAILS(splice(file, NULL, p[1], NULL, 1, 16), EINVAL);
	FAILS(splice(-1, NULL, p[1], NULL, 1, 0), EBADF);
	FAILS(splice(file, NULL, -1, NULL, 1, 0), EBADF);
	FAILS(splice(file, NULL, p[0], NULL, 1, 0), EBADF);
	FAILS(splice(p[1], NULL, file, NULL, 1, 0), EBADF);
	FAILS(splice(file, NULL, file, NULL, 1, 0), EINVAL);
	FAILS(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
	FAILS(splice(p[0], &pos, file, NULL, 1, 0), ESPIPE);
	FAILS(splice(file, NULL, p[1], &pos, 1, 0), ESPIPE);
	FAILS(splice(file, (off_t *)8, p[1], NULL, 1, 0), EFAULT);
	FAILS(splice(file, &negative, p[1], NULL, 1, 0), EINVAL);
	FAILS(splice(p[0], NULL, file, &negative, 1, 0), EINVAL);
	FAILS(splice(event, NULL, p[1], NULL, 8, 0), EINVAL);
	FAILS(splice(ep, NULL, p[1], NULL, 8, 0), EINVAL);
	FAILS(splice(p[0], NULL, file, NULL, 1, 0), EAGAIN);
	FAILS(splice(p[0], NULL, q[1], NULL, 1, 0), EAGAIN);
	only = open(".", O_RDONLY);
	FAILS(splice(only, NULL, p[1], NULL, 1, 0), EINVAL);
	IS(close(only), 0);
	only = open("a", O_WRONLY | O_APPEND);
	FAILS(splice(p[0], NULL, only, NULL, 1, 0), EINVAL);
	FAILS(splice(only, NULL, p[1], NULL, 1, 0), EBADF);
	IS(close(only), 0);

	FAILS(tee(p[0], q[1], 1, 16), EINVAL);
	IS(tee(-1, -1, 0, 0), 0);
	FAILS(tee(-1, q[1], 1, 0), EBADF);
	FAILS(tee(p[0], q[0], 1, 0), EBADF);
	FAILS(tee(p[0], p[1], 1, 0), EINVAL);
	FAILS(tee(file, q[1], 1, 0), EINVAL);
	FAILS(tee(p[0], q[1], 1, 0), EAGAIN);

	IS(close(p[1]), 0);
	IS(splice(p[0], NULL, file, NULL, 1, 0), 0);
	IS(tee(p[0], q[1], 1, 0), 0);
	signal(SIGPIPE, SIG_IGN);
	IS(close(q[0]), 0);
	FAILS(splice(file, NULL, q[1], NULL, 1, 0), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	IS(close(p[0]), 0);
	IS(close(q[1]), 0);
	IS(close(event), 0);
	IS(close(ep), 0);
	IS(close(file), 0);
	IS(unlink("a"), 0);
}

static void check_whole_files(void)
{
	int in = large_file("a"), out = open("b", O_RDWR | O_CREAT, 0644), p[2];
	char *got = calloc(1, LARGE);
	off_t pos = 1000, at = 5;

	IS(pipe2(p, O_NONBLOCK), 0);
	IS(splice(in, NULL, p[1], NULL, 10, 0), 10);
	IS(lseek(in, 0, SEEK_CUR), 10);
	IS(splice(in, &pos, p[1], NULL, 20, SPLICE_F_MOVE), 20);
	IS(pos, 1020);
	IS(lseek(in, 0, SEEK_CUR), 10);
	IS(splice(p[0], NULL, out, &at, 15, SPLICE_F_MORE), 15);
	IS(at, 20);
	IS(lseek(out, 0, SEEK_CUR), 0);
	IS(splice(p[0], NULL, out, NULL, 100, 0), 15);
	IS(lseek(out, 0, SEEK_CUR), 15);
	IS(pread(out, got, 100, 0), 20);
	IS(memcmp(got, bytes + 1005, 15), 0);
	IS(memcmp(got + 15, bytes + 1000, 5), 0);
	pos = LARGE;
	IS(splice(in, &pos, p[1], NULL, 10, 0), 0);

	/* A pipe with more pages accepts more bytes in one call. */
	IS(fcntl(p[1], F_SETPIPE_SZ, 1 << 19), 1 << 19);
	pos = 0;
	IS(splice(in, &pos, p[1], NULL, LARGE, 0), LARGE); /* LIMIT(SPLICE_PAGES_MAX) */
	at = 0;
	IS(splice(p[0], NULL, out, &at, LARGE, 0), LARGE);
	IS(pread(out, got, LARGE, 0), LARGE);
	IS(memcmp(got, bytes, LARGE), 0);
	IS(close(p[0]), 0);
	IS(close(p[1]), 0);
	IS(close(in), 0);
	IS(close(out), 0);
	IS(unlink("a"), 0);
	IS(unlink("b"), 0);
	free(got);
}

static void check_pipes_only(void)
{
	struct iovec iov[2] = {{"hello", 5}, {"world", 5}};
	char got[64];
	int p[2], q[2];

	IS(pipe2(p, O_NONBLOCK), 0);
	IS(pipe2(q, O_NONBLOCK), 0);
	FAILS(vmsplice(p[1], iov, 1, 16), EINVAL);
	FAILS(vmsplice(-1, iov, 1, 0), EBADF);
	FAILS(vmsplice(p[1], iov, 2000, 0), EINVAL);
	FAILS(vmsplice(p[1], (struct iovec *)8, 1, 0), EFAULT);
	IS(vmsplice(p[1], iov, 0, 0), 0);
	IS(vmsplice(p[1], iov, 2, 0), 10);
	/*
	 * tee() leaves the data in the first pipe; a later write goes into one of the pipes only.
	 */
	IS(tee(p[0], q[1], 7, 0), 7);
	IS(write(p[1], "!", 1), 1);
	IS(write(q[1], "?", 1), 1);
	IS(read(p[0], got, 64), 11);
	IS(memcmp(got, "helloworld!", 11), 0);
	IS(read(q[0], got, 64), 8);
	IS(memcmp(got, "hellowo?", 8), 0);
	IS(write(p[1], "abcdef", 6), 6);
	IS(splice(p[0], NULL, q[1], NULL, 2, 0), 2);
	IS(write(p[1], "gh", 2), 2);
	IS(write(q[1], "x", 1), 1);
	IS(splice(p[0], NULL, q[1], NULL, 100, 0), 6);
	iov[0] = (struct iovec){got, 4};
	iov[1] = (struct iovec){got + 4, 60};
	IS(vmsplice(q[0], iov, 2, 0), 9);
	IS(memcmp(got, "abxcdefgh", 9), 0);
	FAILS(vmsplice(q[0], iov, 2, SPLICE_F_NONBLOCK), EAGAIN);
	IS(close(p[0]), 0);
	IS(close(p[1]), 0);
	IS(close(q[0]), 0);
	IS(close(q[1]), 0);
}

/* Stores the two ends of a TCP connection over loopback in @s. */
static void connected(int s[2])
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	IS(bind(l, (struct sockaddr *)&addr, len), 0);
	IS(listen(l, 1), 0);
	IS(getsockname(l, (struct sockaddr *)&addr, &len), 0);
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	IS(connect(s[0], (struct sockaddr *)&addr, len), 0);
	s[1] = accept(l, NULL, NULL);
	TRUE(s[1] >= 0);
	IS(close(l), 0);
}

/* Moves data from one socket through a pipe to another socket, as a proxy does. */
static void check_sockets_of(void (*make)(int s[2]))
{
	char got[64];
	off_t pos = 0;
	int a[2], b[2], p[2];

	make(a);
	make(b);
	IS(pipe2(p, 0), 0);
	FAILS(splice(a[0], &pos, p[1], NULL, 10, 0), EINVAL);
	IS(write(a[1], "request", 7), 7);
	IS(splice(a[0], NULL, p[1], NULL, 65536, SPLICE_F_MOVE), 7);
	IS(splice(p[0], NULL, b[0], NULL, 7, SPLICE_F_MOVE | SPLICE_F_NONBLOCK), 7);
	IS(read(b[1], got, 64), 7);
	IS(memcmp(got, "request", 7), 0);
	FAILS(splice(p[0], NULL, b[0], NULL, 7, SPLICE_F_NONBLOCK), EAGAIN);
	IS(fcntl(a[0], F_SETFL, O_NONBLOCK), 0);
	FAILS(splice(a[0], NULL, p[1], NULL, 10, 0), EAGAIN);
	IS(shutdown(a[1], SHUT_WR), 0);
	IS(fcntl(a[0], F_SETFL, 0), 0);
	IS(splice(a[0], NULL, p[1], NULL, 10, 0), 0);
	signal(SIGPIPE, SIG_IGN);
	IS(shutdown(b[0], SHUT_WR), 0);
	IS(write(p[1], "x", 1), 1);
	FAILS(splice(p[0], NULL, b[0], NULL, 1, 0), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 2; i++) {
		IS(close(a[i]), 0);
		IS(close(b[i]), 0);
		IS(close(p[i]), 0);
	}
}

static void pair(int s[2])
{
	IS(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
}

/* A splice() that waits for a socket. */
struct waiting {
	int socket, pipe, tid;
	ssize_t result;
};

static void *splice_one(void *arg)
{
	struct waiting *w = arg;

	__atomic_store_n(&w->tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->result = splice(w->socket, NULL, w->pipe, NULL, 1, 0);
	return NULL;
}

/* While a thread waits in splice() for a socket, poll() and epoll_wait() of the pipe do not wait for that thread. */
static void check_poll_meanwhile(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int s[2], p[2], ep = epoll_create1(0), tid;
	struct waiting w;
	struct pollfd fds[2];
	pthread_t thread;

	pair(s);
	IS(pipe2(p, 0), 0);
	IS(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &event), 0);
	w = (struct waiting){.socket = s[0], .pipe = p[1]};
	IS(pthread_create(&thread, NULL, splice_one, &w), 0);
	while (!(tid = __atomic_load_n(&w.tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	wait_until_asleep(tid);
	fds[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
	fds[1] = (struct pollfd){.fd = p[1], .events = POLLOUT};
	IS(poll(fds, 2, 0), 1);
	IS(fds[0].revents, 0);
	IS(fds[1].revents, POLLOUT);
	IS(epoll_wait(ep, &event, 1, 0), 0);
	IS(write(s[1], "x", 1), 1);
	IS(epoll_wait(ep, &event, 1, -1), 1);
	IS(pthread_join(thread, NULL), 0);
	IS(w.result, 1);
	IS(poll(fds, 1, 0), 1);
	for (int i = 0; i < 2; i++) {
		IS(close(s[i]), 0);
		IS(close(p[i]), 0);
	}
	IS(close(ep), 0);
}

static void check_devices(void)
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY), p[2];
	char got[8] = "xxxxxxx";

	IS(pipe2(p, O_NONBLOCK), 0);
	IS(splice(zero, NULL, p[1], NULL, 4, 0), 4);
	IS(read(p[0], got, 8), 4);
	IS(got[3], 0);
	IS(write(p[1], "gone", 4), 4);
	IS(splice(p[0], NULL, null, NULL, 4, 0), 4);
	FAILS(read(p[0], got, 8), EAGAIN);
	IS(close(null), 0);
	IS(close(zero), 0);
	IS(close(p[0]), 0);
	IS(close(p[1]), 0);
}

void check_splice(void)
{
	check_errors();
	check_whole_files();
	check_pipes_only();
	check_sockets_of(connected);
	check_sockets_of(pair);
	check_poll_meanwhile();
	check_devices();
}

/* SPDX-License-Identifier: MIT */
/* socketpair(), sendmmsg() and recvmmsg(): sequences of calls that are also made on Linux, with
 * equal results (beside.h), and threads that wait. */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/un.h>

static int pair[2];

static void open_pair(int type)
{
	assert_int_equal(on(SYS_socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, PTR(pair)), 0);
}

static void close_pair(void)
{
	on(SYS_close, pair[0]);
	on(SYS_close, pair[1]);
}

static void note_poll(const char *what, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = 0x7fff};
	char name[160];

	note(what, on(SYS_poll, PTR(&pfd), 1, 0));
	snprintf(name, sizeof(name), "%s: events", what);
	note(name, pfd.revents);
}

static void errors_of_socketpair(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/x"};
	socklen_t len = sizeof(name);
	int value = 0;

	try(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 1);
	try(SYS_socketpair, AF_UNIX, SOCK_STREAM, 7, PTR(pair));
	try(SYS_socketpair, AF_UNIX, 77, 0, PTR(pair));
	try(SYS_socketpair, AF_UNIX, SOCK_STREAM | 0x100000, 0, PTR(pair));
	try(SYS_socketpair, AF_INET, SOCK_STREAM, 0, PTR(pair));
	try(SYS_socketpair, -1, SOCK_STREAM, 0, PTR(pair));
	try(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 1, PTR(pair));
	try(SYS_fcntl, pair[0], F_GETFD);
	try(SYS_fcntl, pair[1], F_GETFL);
	try(SYS_getsockname, pair[0], PTR(&name), PTR(&len));
	note("length of a name", len);
	note("family of a name", name.sun_family);
	len = sizeof(name);
	try(SYS_getpeername, pair[0], PTR(&name), PTR(&len));
	note("length of a name", len);
	try(SYS_accept, pair[0], 0, 0);
	try(SYS_setsockopt, pair[0], IPPROTO_TCP, TCP_NODELAY, PTR(&value), 4);
	len = sizeof(value);
	try(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, PTR(&value), PTR(&len));
	note("type", value);
	try(SYS_getsockopt, pair[0], SOL_SOCKET, SO_DOMAIN, PTR(&value), PTR(&len));
	note("domain", value);
	try(SYS_getsockopt, pair[0], SOL_SOCKET, SO_SNDBUF, PTR(&value), PTR(&len));
	note("buffer", value);
	try(SYS_sendto, pair[0], PTR("a"), 1, 0, PTR(&name), sizeof(name));
	try(SYS_lseek, pair[0], 0, SEEK_SET);
	close_pair();
}
BESIDE_LINUX(errors_of_socketpair)

static void streams(void)
{
	char bytes[16] = {0};
	int n = -1;

	open_pair(SOCK_STREAM);
	note_poll("idle", pair[0]);
	try(SYS_read, pair[0], PTR(bytes), 4);
	try(SYS_write, pair[0], PTR("abc"), 3);
	try(SYS_write, pair[0], PTR("de"), 2);
	try(SYS_write, pair[0], PTR(""), 0);
	note_poll("written", pair[1]);
	try(SYS_ioctl, pair[1], FIONREAD, PTR(&n));
	note("readable", n);
	try(SYS_recvfrom, pair[1], PTR(bytes), 4, MSG_PEEK, 0, 0);
	note("peeked", bytes[3]);
	try(SYS_recvfrom, pair[1], PTR(bytes), 16, MSG_PEEK, 0, 0);
	try(SYS_read, pair[1], PTR(bytes), 4);
	note("read", bytes[3]);
	try(SYS_read, pair[1], PTR(bytes), 4);
	try(SYS_read, pair[1], PTR(bytes), 4);
	try(SYS_recvfrom, pair[1], PTR(bytes), 4, MSG_OOB, 0, 0);
	try(SYS_write, pair[1], PTR("xy"), 2);
	try(SYS_read, pair[0], 1, 2);
	try(SYS_write, pair[0], 1, 2);
	try(SYS_shutdown, pair[0], 7);
	try(SYS_shutdown, pair[1], SHUT_WR);
	note_poll("half closed", pair[0]);
	note_poll("half closed, the other end", pair[1]);
	try(SYS_sendto, pair[1], PTR("z"), 1, MSG_NOSIGNAL, 0, 0);
	try(SYS_read, pair[0], PTR(bytes), 4);
	try(SYS_read, pair[0], PTR(bytes), 4);
	try(SYS_write, pair[0], PTR("1"), 1);
	try(SYS_read, pair[1], PTR(bytes), 4);
	on(SYS_close, pair[1]);
	note_poll("closed", pair[0]);
	try(SYS_sendto, pair[0], PTR("z"), 1, MSG_NOSIGNAL, 0, 0);
	try(SYS_read, pair[0], PTR(bytes), 4);
	on(SYS_close, pair[0]);
	/* One end closes with unread bytes. */
	open_pair(SOCK_STREAM);
	on(SYS_write, pair[0], PTR("abc"), 3);
	on(SYS_write, pair[1], PTR("def"), 3);
	on(SYS_close, pair[1]);
	note_poll("closed with data unread", pair[0]);
	try(SYS_read, pair[0], PTR(bytes), 2);
	try(SYS_read, pair[0], PTR(bytes), 2);
	try(SYS_read, pair[0], PTR(bytes), 2);
	try(SYS_read, pair[0], PTR(bytes), 2);
	on(SYS_close, pair[0]);
}
BESIDE_LINUX(streams)

static void datagrams(void)
{
	char bytes[16] = {0};
	int n = -1, sent = 0;
	int64_t res;

	open_pair(SOCK_DGRAM);
	note_poll("idle", pair[0]);
	try(SYS_write, pair[0], PTR("abc"), 3);
	try(SYS_write, pair[0], PTR(""), 0);
	try(SYS_sendto, pair[0], PTR("def"), 3, 0, 0, 0);
	try(SYS_ioctl, pair[1], FIONREAD, PTR(&n));
	note("readable", n);
	try(SYS_recvfrom, pair[1], PTR(bytes), 2, MSG_PEEK | MSG_TRUNC, 0, 0);
	struct iovec iov = {bytes, 2};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

	try(SYS_recvmsg, pair[1], PTR(&hdr), 0);
	note("flags", hdr.msg_flags);
	try(SYS_recvfrom, pair[1], PTR(bytes), 2, 0, 0, 0);
	try(SYS_recvfrom, pair[1], PTR(bytes), 16, 0, 0, 0);
	try(SYS_recvfrom, pair[1], PTR(bytes), 16, 0, 0, 0);
	while ((res = on(SYS_write, pair[0], PTR("x"), 1)) == 1)
		sent++;
	note("full", res);
	note_poll("full", pair[0]);
	while (sent--)
		assert_int_equal(on(SYS_read, pair[1], PTR(bytes), 1), 1);
	note_poll("empty again", pair[0]);
	/* A datagram is lost if the reader's buffer is invalid. */
	try(SYS_write, pair[0], PTR("lost"), 4);
	try(SYS_recvfrom, pair[1], 1, 4, MSG_PEEK, 0, 0);
	try(SYS_recvfrom, pair[1], 1, 4, 0, 0, 0);
	try(SYS_recvfrom, pair[1], PTR(bytes), 16, 0, 0, 0);
	try(SYS_shutdown, pair[1], SHUT_RD);
	try(SYS_sendto, pair[0], PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	close_pair();
	open_pair(SOCK_DGRAM);
	try(SYS_write, pair[1], PTR("x"), 1);
	on(SYS_close, pair[1]);
	try(SYS_sendto, pair[0], PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	try(SYS_read, pair[0], PTR(bytes), 1);
	on(SYS_close, pair[0]);
}
BESIDE_LINUX(datagrams)

/*
 * LIMIT(UNIX_SNDBUF) LIMIT(UNIX_DGRAM_BYTES): Linux counts other sizes of buffers and has longer
 * datagrams, so this scene does not compare the results with Linux.
 */
static void full_buffers(void)
{
	static char bytes[1 << 20];
	int64_t ticket, sent, got = 0, n, result;
	int p[2];

	assert_int_equal(scene_call(A, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, PTR(p)), 0);
	sent = scene_call(A, SYS_sendto, p[0], PTR(bytes), sizeof(bytes), MSG_DONTWAIT, 0, 0);
	assert_in_range(sent, 180000, 212992);
	assert_int_equal(scene_call(A, SYS_sendto, p[0], PTR(bytes), 1, MSG_DONTWAIT, 0, 0),
			 -EAGAIN);
	ticket = scene_begin(A, SYS_write, p[0], PTR(bytes), sizeof(bytes));
	assert_false(scene_is_back(A, ticket, &result));
	while (got < sent + (int64_t)sizeof(bytes)) {
		n = scene_call(A, SYS_read, p[1], PTR(bytes), 5000);
		assert_in_range(n, 1, 5000);
		got += n;
	}
	assert_int_equal(scene_end(A, ticket), sizeof(bytes));
	/* A reader waits, and is woken by data, by the end, and by an interruption. */
	ticket = scene_begin(A, SYS_recvfrom, p[1], PTR(bytes), 10, MSG_WAITALL, 0, 0);
	scene_call(A, SYS_write, p[0], PTR("12345"), 5);
	assert_false(scene_is_back(A, ticket, &result));
	scene_call(A, SYS_write, p[0], PTR("67890"), 5);
	assert_int_equal(scene_end(A, ticket), 10);
	ticket = scene_begin(A, SYS_read, p[1], PTR(bytes), 10);
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	ticket = scene_begin(A, SYS_read, p[1], PTR(bytes), 10);
	scene_close(A, p[0]);
	assert_int_equal(scene_end(A, ticket), 0);
	scene_close(A, p[1]);
	assert_int_equal(scene_call(A, SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, PTR(p)), 0);
	assert_int_equal(scene_call(A, SYS_write, p[0], PTR(bytes), 65536), 65536);
	assert_int_equal(scene_call(A, SYS_write, p[0], PTR(bytes), 65537), -EMSGSIZE);
	scene_close(A, p[0]);
	scene_close(A, p[1]);
}

static void many_messages(void)
{
	char bytes[4][8] = {"one", "two", "three", "four"};
	struct timespec ts = {1, 0};
	struct iovec iov[4];
	struct mmsghdr msgs[4];

	open_pair(SOCK_DGRAM);
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){bytes[i], strlen(bytes[i])};
		msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	}
	try(SYS_sendmmsg, pair[0], PTR(msgs), 4, 0);
	note("length of the third", msgs[2].msg_len);
	for (int i = 0; i < 4; i++) {
		iov[i].iov_len = 4;
		msgs[i].msg_len = 99;
	}
	try(SYS_recvmmsg, pair[1], PTR(msgs), 3, 0, 0);
	note("length of the third", msgs[2].msg_len);
	note("flags of the third", msgs[2].msg_hdr.msg_flags);
	note("length of the fourth", msgs[3].msg_len);
	try(SYS_recvmmsg, pair[1], PTR(msgs), 4, MSG_WAITFORONE, PTR(&ts));
	try(SYS_recvmmsg, pair[1], PTR(msgs), 4, MSG_DONTWAIT, 0);
	try(SYS_recvmmsg, pair[1], PTR(msgs), 0, 0, 0);
	try(SYS_recvmmsg, 999, PTR(msgs), 1, 0, 0);
	try(SYS_recvmmsg, pair[1], PTR(msgs), 1, 0, 1);
	ts.tv_nsec = -1;
	try(SYS_recvmmsg, pair[1], PTR(msgs), 1, 0, PTR(&ts));
	try(SYS_sendmmsg, pair[0], PTR(msgs), 0, 0);
	try(SYS_sendmmsg, 999, PTR(msgs), 1, 0);
	try(SYS_sendmmsg, pair[0], 64, 1, 0);
	msgs[1].msg_hdr.msg_iov = (struct iovec *)64;
	try(SYS_sendmmsg, pair[0], PTR(msgs), 4, 0);
	close_pair();
}
BESIDE_LINUX(many_messages)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(errors_of_socketpair_as_linux),
		SCENE(streams_as_linux),
		SCENE(datagrams_as_linux),
		SCENE(full_buffers),
		SCENE(many_messages_as_linux),
	};

	return scene_play(tests);
}

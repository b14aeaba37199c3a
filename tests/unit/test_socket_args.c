/* SPDX-License-Identifier: MIT */
/*
 * Socket system calls with invalid or unusual arguments: descriptors that are not open or not sockets,
 * lengths too small or too large, bad pointers.  The expected errors are Linux's; no descriptor, file or
 * socket may leak.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "net/core/limits.h"
#include "net/core/net.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/limits.h"
#include "net/tcp/tcp.h"
#include "tests/host/softnet_host.h"

#define PORT    4000
#define MS      1000000ULL
#define NOWHERE ((void *)8)
#define ADDRLEN ((int)sizeof(struct sockaddr_in))

static s64 call6(long nr, long a, long b, long c, long d, long e, long f)
{
	s64 ticket = sn_submit(nr, a, b, c, d, e, f), res;

	if (sn_step() == SN_HALTED)
		fail_msg("%s", sn_console());
	assert_int_equal(sn_poll(ticket, &res), 1);
	return res;
}
#define call(nr, a, b, c, d, e, f)                                                                 \
	call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void pass_ms(unsigned int ms)
{
	u64 end = sn_clock() + ms * MS;

	while (sn_clock() < end) {
		u64 next = sn_step();

		assert_true(next != SN_HALTED);
		sn_set_clock(min(next, end));
	}
	sn_step();
}

static struct sockaddr_in here;

static int new_socket(void)
{
	int fd = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);

	assert_true(fd >= 0);
	return fd;
}

static void close_fd(int fd)
{
	assert_int_equal(call(__NR_close, fd, 0, 0, 0, 0, 0), 0);
}

static int new_listener(void)
{
	static int on = 1;
	int fd = new_socket();

	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on), 0),
			 0);
	assert_int_equal(call(__NR_bind, fd, &here, ADDRLEN, 0, 0, 0), 0);
	assert_int_equal(call(__NR_listen, fd, 5, 0, 0, 0, 0), 0);
	return fd;
}

static int connected(void)
{
	int fd = new_socket();

	assert_int_equal(call(__NR_connect, fd, &here, ADDRLEN, 0, 0, 0), 0);
	return fd;
}

/* ---- descriptors that are not sockets ------------------------------------------------------------------ */

static void test_numbers_of_no_socket(void **state)
{
	static const long calls[] = {
		__NR_bind,        __NR_listen,     __NR_accept,     __NR_connect,  __NR_getsockname,
		__NR_getpeername, __NR_setsockopt, __NR_getsockopt, __NR_shutdown, __NR_sendto,
		__NR_recvfrom,    __NR_sendmsg,    __NR_recvmsg,
	};
	static int pipes[2];
	static char room[256];

	assert_int_equal(call(__NR_pipe, pipes, 0, 0, 0, 0, 0), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		assert_int_equal(call(calls[i], -1, room, 16, room, 16, room), -EBADF);
		assert_int_equal(call(calls[i], 4095, room, 16, room, 16, room), -EBADF);
		assert_int_equal(call(calls[i], 0x7fffffff, room, 16, room, 16, room), -EBADF);
		assert_int_equal(call(calls[i], pipes[0], room, 16, room, 16, room), -ENOTSOCK);
	}
	assert_int_equal(call(__NR_accept4, pipes[0], 0, 0, 0, 0, 0), -ENOTSOCK);
	/*
	 * As on Linux, a descriptor that is not open is reported before all other errors. But before a call finds
	 * that the file is no socket, accept4() checks its flags, and connect() copies the address.
	 */
	assert_int_equal(call(__NR_accept4, pipes[0], 0, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_setsockopt, pipes[0], 1, 1, room, -1, 0), -ENOTSOCK);
	assert_int_equal(call(__NR_connect, pipes[0], (void *)8, 16, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_connect, pipes[0], room, -1, 0, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_accept4, -1, 0, 0, 1, 0, 0), -EBADF);
	assert_int_equal(call(__NR_setsockopt, -1, 1, 1, room, -1, 0), -EBADF);
	close_fd(pipes[0]);
	close_fd(pipes[1]);
}

static void test_socket_kinds(void **state)
{
	static const struct {
		long family, type, protocol;
		int err;
	} cases[] = {
		{-1, SOCK_STREAM, 0, -EAFNOSUPPORT},
		{AF_MAX, SOCK_STREAM, 0, -EAFNOSUPPORT},
		{0x7fffffff, SOCK_STREAM, 0, -EAFNOSUPPORT},
		{AF_UNSPEC, SOCK_STREAM, 0, -EAFNOSUPPORT},
		{AF_INET, 0, 0, -ESOCKTNOSUPPORT},
		{AF_INET, 7, 0, -ESOCKTNOSUPPORT},
		{AF_INET, SOCK_MAX, 0, -EINVAL},
		{AF_INET, 15, 0, -EINVAL},
		{AF_INET, -1, 0, -EINVAL},
		{AF_INET, SOCK_STREAM | 0x40000000, 0, -EINVAL},
		{AF_INET, SOCK_STREAM, 255, -EPROTONOSUPPORT},
		{AF_INET, SOCK_STREAM, IPPROTO_MAX - 1, -EPROTONOSUPPORT},
		{AF_INET, SOCK_STREAM, IPPROTO_MAX, -EINVAL},
		{AF_INET, SOCK_STREAM, 0x7fffffff, -EINVAL},
		{AF_INET, SOCK_STREAM, -1, -EINVAL},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(call(__NR_socket, cases[i].family, cases[i].type,
				      cases[i].protocol, 0, 0, 0),
				 cases[i].err);
}

/* ---- addresses ------------------------------------------------------------------------------------------ */

static void test_addresses_in(void **state)
{
	static const long calls[] = {__NR_bind, __NR_connect};
	static struct sockaddr_storage big;
	static char odd[64];
	int fd = new_socket();

	memcpy(odd + 1, &here, sizeof(here));
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		long nr = calls[i];

		assert_int_equal(call(nr, fd, &here, -1, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, &here, 0x80000000, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, &big, sizeof(big) + 1, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, &here, 0, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, &here, 1, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, &here, ADDRLEN - 1, 0, 0, 0), -EINVAL);
		assert_int_equal(call(nr, fd, NULL, ADDRLEN, 0, 0, 0), -EFAULT);
		assert_int_equal(call(nr, fd, NOWHERE, ADDRLEN, 0, 0, 0), -EFAULT);
		assert_int_equal(call(nr, fd, -1L, ADDRLEN, 0, 0, 0), -EFAULT);
		big = (struct sockaddr_storage){.ss_family = AF_INET6};
		assert_int_equal(call(nr, fd, &big, sizeof(big), 0, 0, 0), -EAFNOSUPPORT);
	}
	/* bind() accepts an address that is longer than needed, and an address at an odd pointer. */
	big = (struct sockaddr_storage){0};
	memcpy(&big, &here, sizeof(here));
	assert_int_equal(call(__NR_bind, fd, &big, sizeof(big), 0, 0, 0), 0);
	close_fd(fd);
	fd = new_socket();
	assert_int_equal(call(__NR_bind, fd, odd + 1, ADDRLEN, 0, 0, 0), 0);
	close_fd(fd);
}

static void test_addresses_out(void **state)
{
	static struct sockaddr_in addr;
	static int len;
	int l = new_listener(), fds[2] = {connected(), 0};

	fds[1] = call(__NR_accept, l, 0, 0, 0, 0, 0);
	for (unsigned int i = 0; i < 2; i++) {
		static const long calls[] = {__NR_getsockname, __NR_getpeername};
		long nr = calls[i];

		len = sizeof(addr);
		assert_int_equal(call(nr, fds[i], &addr, NULL, 0, 0, 0), -EFAULT);
		assert_int_equal(call(nr, fds[i], NULL, &len, 0, 0, 0), -EFAULT);
		assert_int_equal(call(nr, fds[i], NOWHERE, &len, 0, 0, 0), -EFAULT);
		len = -1;
		assert_int_equal(call(nr, fds[i], &addr, &len, 0, 0, 0), -EINVAL);
		/* A short buffer gets a truncated address; the returned length is that of the whole address. */
		len = 4;
		memset(&addr, 0x55, sizeof(addr));
		assert_int_equal(call(nr, fds[i], &addr, &len, 0, 0, 0), 0);
		assert_int_equal(len, ADDRLEN);
		assert_int_equal(addr.sin_family, AF_INET);
		assert_int_equal(addr.sin_addr.s_addr, 0x55555555);
		len = 0;
		assert_int_equal(call(nr, fds[i], NOWHERE, &len, 0, 0, 0), 0);
		assert_int_equal(len, ADDRLEN);
		len = 0x7fffffff;
		assert_int_equal(call(nr, fds[i], &addr, &len, 0, 0, 0), 0);
		assert_int_equal(len, ADDRLEN);
		assert_int_equal(addr.sin_addr.s_addr, here.sin_addr.s_addr);
	}
	close_fd(fds[0]);
	close_fd(fds[1]);
	close_fd(l);
}

/* accept() cannot store the peer's address: the call fails, the connection is closed and the descriptor is freed. */
static void test_accept_without_a_place_for_the_name(void **state)
{
	static struct sockaddr_in addr;
	static char c;
	static int len;
	int l = new_listener(), fd = connected(), next;

	next = new_socket();
	close_fd(next);
	len = sizeof(addr);
	assert_int_equal(call(__NR_accept, l, &addr, NULL, 0, 0, 0), -EFAULT);
	close_fd(fd);
	fd = connected();
	assert_int_equal(call(__NR_accept, l, NOWHERE, &len, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_read, fd, &c, 1, 0, 0, 0), 0);
	close_fd(fd);
	fd = connected();
	len = -1;
	assert_int_equal(call(__NR_accept, l, &addr, &len, 0, 0, 0), -EINVAL);
	close_fd(fd);
	/* No descriptor leaked: the next one is no higher than before. */
	fd = new_socket();
	assert_true(fd <= next);
	close_fd(fd);
	close_fd(l);
}

/* ---- options ---------------------------------------------------------------------------------------------- */

static void test_option_lengths(void **state)
{
	static const int levels[][2] = {
		{SOL_SOCKET, SO_RCVBUF}, {SOL_SOCKET, SO_KEEPALIVE}, {SOL_TCP, TCP_NODELAY}};
	static const struct timeval forever = {.tv_sec = 1L << 62}, past = {.tv_sec = -1};
	static struct linger ling = {1, -1};
	static struct timeval tv;
	static int val, len;
	int fd = new_socket();

	for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++) {
		int level = levels[i][0], name = levels[i][1];

		assert_int_equal(call(__NR_setsockopt, fd, level, name, &val, -1, 0), -EINVAL);
		assert_int_equal(call(__NR_setsockopt, fd, level, name, &val, 0, 0), -EINVAL);
		assert_int_equal(call(__NR_setsockopt, fd, level, name, &val, 3, 0), -EINVAL);
		assert_int_equal(call(__NR_setsockopt, fd, level, name, NULL, 4, 0), -EFAULT);
		assert_int_equal(call(__NR_setsockopt, fd, level, name, NOWHERE, 4, 0), -EFAULT);
		len = -1;
		assert_int_equal(call(__NR_getsockopt, fd, level, name, &val, &len, 0), -EINVAL);
		len = 4;
		assert_int_equal(call(__NR_getsockopt, fd, level, name, &val, NULL, 0), -EFAULT);
		assert_int_equal(call(__NR_getsockopt, fd, level, name, NOWHERE, &len, 0), -EFAULT);
		/* getsockopt() copies as many bytes as the buffer holds, but not more than the value has. */
		len = 2;
		val = 0x55555555;
		assert_int_equal(call(__NR_getsockopt, fd, level, name, &val, &len, 0), 0);
		assert_int_equal(len, 2);
		assert_int_equal((u32)val >> 16, 0x5555);
		len = 4096;
		assert_int_equal(call(__NR_getsockopt, fd, level, name, &val, &len, 0), 0);
		assert_int_equal(len, 4);
	}
	assert_int_equal(call(__NR_setsockopt, fd, 12345, 1, &val, 4, 0), -ENOPROTOOPT);
	len = 4;
	assert_int_equal(call(__NR_getsockopt, fd, 12345, 1, &val, &len, 0), -EOPNOTSUPP);
	assert_int_equal(call(__NR_getsockopt, fd, 12345, 1, &val, NULL, 0), -EOPNOTSUPP);
	/* The errors of options that do not exist, as measured on Linux 6.18. */
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, 999, NOWHERE, 4, 0), -EFAULT);
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, 999, &val, 3, 0), -EINVAL);
	assert_int_equal(call(__NR_setsockopt, fd, SOL_TCP, 999, NOWHERE, 4, 0), -EFAULT);
	assert_int_equal(call(__NR_setsockopt, fd, SOL_IP, 999, NOWHERE, 4, 0), -ENOPROTOOPT);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_SOCKET, 999, &val, NULL, 0), -EFAULT);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_TCP, 999, &val, NULL, 0), -EFAULT);
	len = -1;
	assert_int_equal(call(__NR_getsockopt, fd, SOL_TCP, 999, &val, &len, 0), -EINVAL);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_TCP, TCP_INFO, &val, &len, 0), -EINVAL);

	/*
	 * Times outside of the kernel's range: a timeout that is too long counts as no timeout, and a
	 * negative linger time as a very long one.
	 */
	assert_int_equal(
		call(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(tv), 0), 0);
	len = sizeof(tv);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len, 0), 0);
	assert_true(!tv.tv_sec && !tv.tv_usec);
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &past, sizeof(tv), 0),
			 0);
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, SO_LINGER, &ling, sizeof(ling), 0),
			 0);
	len = sizeof(ling);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_SOCKET, SO_LINGER, &ling, &len, 0), 0);
	assert_true(ling.l_onoff && ling.l_linger > 0);
	close_fd(fd);
}

/* Returns the listening socket. The caller needs no lock and no reference, because the kernel is idle meanwhile. */
static struct sock *the_listener(void)
{
	struct sock *sk;

	hlist_for_each_entry(sk, &tcp_hashinfo.listening_hash[PORT & (LHASH_BUCKETS - 1)].head,
			     sk_node) {
		if (sk->sk_num == PORT)
			return sk;
	}
	fail_msg("no socket listens");
	return NULL;
}

/*
 * Buffer sizes and listen() backlogs beyond a limit are reduced or raised to that limit.
 *
 * LIMIT(SOMAXCONN_DEFAULT) LIMIT(SOCK_MIN_SNDBUF) LIMIT(SOCK_RMEM_MAX)
 */
static void test_buffers_and_backlog_are_bounded(void **state)
{
	static int val, len = 4;
	int fd = new_listener();
	struct sock *sk;

	val = 1;
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &val, 4, 0), 0);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &val, &len, 0), 0);
	assert_int_equal(val, SOCK_MIN_SNDBUF);
	val = 0x7fffffff;
	assert_int_equal(call(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVBUF, &val, 4, 0), 0);
	assert_int_equal(call(__NR_getsockopt, fd, SOL_SOCKET, SO_RCVBUF, &val, &len, 0), 0);
	assert_int_equal(val, SOCK_RMEM_MAX);

	sk = the_listener();
	assert_int_equal(sk->sk_max_ack_backlog, 5);
	assert_int_equal(call(__NR_listen, fd, SOMAXCONN_DEFAULT + 1, 0, 0, 0, 0), 0);
	assert_int_equal(sk->sk_max_ack_backlog, SOMAXCONN_DEFAULT);
	assert_int_equal(call(__NR_listen, fd, 7, 0, 0, 0, 0), 0);
	assert_int_equal(call(__NR_listen, fd, -1, 0, 0, 0, 0), 0);
	assert_int_equal(sk->sk_max_ack_backlog, SOMAXCONN_DEFAULT);
	/* A backlog of N holds N + 1 connections, also with the largest N. */
	sk->sk_max_ack_backlog = sk->sk_ack_backlog = 65535;
	assert_false(sk_acceptq_is_full(sk));
	sk->sk_ack_backlog = 65536;
	assert_true(sk_acceptq_is_full(sk));
	sk->sk_ack_backlog = 0;
	close_fd(fd);
}

/* ---- data ------------------------------------------------------------------------------------------------- */

static void test_data_pointers_and_lengths(void **state)
{
	static char buf[64], half[8192], good[] = "good";
	static struct iovec iov[2], many[IOV_MAX_SEGMENTS + 1];
	static struct msghdr msg;
	int l = new_listener(), c = connected(), s = call(__NR_accept, l, 0, 0, 0, 0, 0);

	assert_int_equal(call(__NR_sendto, c, NULL, 5, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_sendto, c, buf, 5, 0, &here, -1), -EINVAL);
	assert_int_equal(call(__NR_sendto, c, buf, 5, 0, NOWHERE, ADDRLEN), -EFAULT);
	assert_int_equal(call(__NR_sendto, c, NULL, 0, 0, 0, 0), 0);
	assert_int_equal(call(__NR_read, c, buf, -1L, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_write, c, buf, 1UL << 63, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_sendmsg, c, NULL, 0, 0, 0, 0), -EFAULT);
	assert_int_equal(call(__NR_recvmsg, c, NOWHERE, 0, 0, 0, 0), -EFAULT);

	msg = (struct msghdr){.msg_iov = many, .msg_iovlen = IOV_MAX_SEGMENTS + 1};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EMSGSIZE);
	assert_int_equal(call(__NR_recvmsg, c, &msg, 0, 0, 0, 0), -EMSGSIZE);
	msg.msg_iovlen = -1UL;
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EMSGSIZE);
	msg = (struct msghdr){.msg_iov = NOWHERE, .msg_iovlen = 1};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EFAULT);
	msg = (struct msghdr){.msg_iov = NOWHERE, .msg_iovlen = IOV_MAX_SEGMENTS};
	assert_int_equal(call(__NR_recvmsg, c, &msg, 0, 0, 0, 0), -EFAULT);
	msg = (struct msghdr){
		.msg_iov = iov, .msg_iovlen = 2, .msg_name = &here, .msg_namelen = -1};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EINVAL);
	iov[0] = (struct iovec){buf, -1UL};
	msg = (struct msghdr){.msg_iov = iov, .msg_iovlen = 1};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EINVAL);

	/* sendmsg() sends the part before the bad pointer and returns its length. */
	iov[0] = (struct iovec){good, 4};
	iov[1] = (struct iovec){NOWHERE, 4};
	msg = (struct msghdr){.msg_iov = iov, .msg_iovlen = 2};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), 4);
	/* Invalid control messages: no pointer, an invalid header, an excessive length. */
	msg = (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_controllen = 32};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EFAULT);
	msg.msg_control = buf;
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -EINVAL);
	msg.msg_controllen = 1UL << 40;
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0, 0, 0), -ENOBUFS);
	/* A read() into a bad buffer fails without consuming data. */
	assert_int_equal(call(__NR_read, s, NULL, 4, 0, 0, 0), -EFAULT);
	assert_int_equal(sn_bad_range(half + 2, 4096), 0);
	assert_int_equal(call(__NR_read, s, half, 4, 0, 0, 0), -EFAULT);
	sn_bad_range(NULL, 0);
	assert_int_equal(call(__NR_read, s, buf, 64, 0, 0, 0), 4);
	assert_memory_equal(buf, "good", 4);
	/* Flags and lengths are checked even if there is no data. */
	assert_int_equal(call(__NR_recvfrom, s, buf, 64, MSG_DONTWAIT, 0, 0), -EAGAIN);
	assert_int_equal(call(__NR_recvfrom, s, buf, 64, MSG_OOB | MSG_DONTWAIT, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_read, s, NULL, 0, 0, 0, 0), 0);
	close_fd(s);
	close_fd(c);
	close_fd(l);
}

static void test_calls_on_the_wrong_kind_of_socket(void **state)
{
	static char c;
	int plain = new_socket(), l = new_listener();

	assert_int_equal(call(__NR_accept, plain, 0, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_write, plain, &c, 1, 0, 0, 0), -EPIPE);
	assert_int_equal(call(__NR_read, plain, &c, 1, 0, 0, 0), -ENOTCONN);
	assert_int_equal(call(__NR_shutdown, plain, SHUT_RDWR, 0, 0, 0, 0), -ENOTCONN);
	assert_int_equal(call(__NR_shutdown, plain, -1, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_shutdown, plain, 0x7fffffff, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_read, l, &c, 1, 0, 0, 0), -ENOTCONN);
	assert_int_equal(call(__NR_write, l, &c, 1, 0, 0, 0), -EPIPE);
	assert_int_equal(call(__NR_connect, l, &here, ADDRLEN, 0, 0, 0), -EISCONN);
	close_fd(plain);
	close_fd(l);
}

/* ---- before and after --------------------------------------------------------------------------------------- */

static u64 socks_at_start, files_at_start;

static u64 live(const char *cache)
{
	const char *name;
	u64 n;

	for (u32 i = 0; !sn_cache(i, &name, &n); i++) {
		if (!strcmp(name, cache))
			return n;
	}
	fail_msg("no cache %s", cache);
	return 0;
}

static int boot(void **state)
{
	here = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sn_boot(5, ""))
		return -1;
	pass_ms(5000);
	socks_at_start = tcp_prot.slab->live;
	files_at_start = live("sock_inode_cache");
	return 0;
}

static int teardown(void **state)
{
	pass_ms(70000);
	assert_int_equal(tcp_prot.slab->live, socks_at_start);
	assert_int_equal(live("sock_inode_cache"), files_at_start);
	assert_int_equal(tcp_prot.orphan_count, 0);
	assert_int_equal(sn_warn_count(), 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(test_numbers_of_no_socket),
		T(test_socket_kinds),
		T(test_addresses_in),
		T(test_addresses_out),
		T(test_accept_without_a_place_for_the_name),
		T(test_option_lengths),
		T(test_buffers_and_backlog_are_bounded),
		T(test_data_pointers_and_lengths),
		T(test_calls_on_the_wrong_kind_of_socket),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

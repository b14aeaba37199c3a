/* SPDX-License-Identifier: MIT */
/*
 * Socket calls over loopback in the hosted kernel: results and error numbers of POSIX and Linux, waiting
 * and wake-ups.  After each test no socket may be left.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "include/uapi/ioctl.h"
#include "include/uapi/time.h"
#include "kernel/lib/string.h"
#include "net/core/limits.h"
#include "net/ipv4/limits.h"
#include "net/tcp/tcp.h"
#include "tests/unit/unit_sockets.h"

#define PORT     4000
#define SENDPAGE OWN_CALL /* sendpage(fd, n, flags) */

#define SENT_PAGES  4
#define PAGE_OFFSET 100

static u8 sent_byte(size_t i)
{
	return i * 7 + i / PAGE_SIZE;
}

/* Sends @n bytes as sendfile() would send the pages of a file: by reference, without a copy. */
static long sys_sendpage(int fd, size_t n, int flags)
{
	int err;
	struct socket *sock = sockfd_lookup_light(fd, &err);
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	long ret;

	BUG_ON(!page || PAGE_OFFSET + n > SENT_PAGES * PAGE_SIZE);
	for (size_t i = 0; i < n; i++)
		((u8 *)page_address(page))[PAGE_OFFSET + i] = sent_byte(i);
	ret = sock->sk->sk_prot->sendpage(sock->sk, page, PAGE_OFFSET, n, flags);
	put_page(page);
	fput(sock->file);
	return ret;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	static const struct syscall_def own_call = SYSCALL_DEF(SENDPAGE, sys_sendpage);

	unit_sockets_main(boot, &own_call);
}

/* ---- calls ---------------------------------------------------------------------------------------- */

static void assert_waits(s64 ticket)
{
	s64 res;

	step();
	assert_int_equal(sn_poll(ticket, &res), 0);
}

static s64 call5(long nr, long a, long b, long c, const void *d, long e)
{
	return result(sn_submit(nr, a, b, c, (long)d, e, 0));
}

static struct sockaddr_in *address(u32 ip, u16 port)
{
	static struct sockaddr_in addr[4];
	static unsigned int n;
	struct sockaddr_in *a = &addr[n++ % ARRAY_SIZE(addr)];

	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	a->sin_addr.s_addr = htonl(ip);
	return a;
}
#define LOOPBACK address(INADDR_LOOPBACK, PORT)

static int new_socket(void)
{
	int fd = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);

	assert_true(fd >= 0);
	return fd;
}

static int set_int(int fd, int level, int name, int val)
{
	static int v;

	v = val;
	return call5(__NR_setsockopt, fd, level, name, &v, sizeof(v));
}

static int get_int(int fd, int level, int name)
{
	static int v, len;
	s64 err;

	len = sizeof(v);
	err = call5(__NR_getsockopt, fd, level, name, &v, (long)&len);
	return err ? (int)err : v;
}

static int new_listener(int backlog)
{
	int fd = new_socket();

	assert_int_equal(set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(call(__NR_bind, fd, LOOPBACK, sizeof(struct sockaddr_in), 0), 0);
	assert_int_equal(call(__NR_listen, fd, backlog, 0, 0), 0);
	return fd;
}

static int connected(void)
{
	int fd = new_socket();

	assert_int_equal(call(__NR_connect, fd, LOOPBACK, sizeof(struct sockaddr_in), 0), 0);
	return fd;
}

static void close_fd(int fd)
{
	assert_int_equal(call(__NR_close, fd, 0, 0, 0), 0);
}

static int boot(void **state)
{
	(void)state;
	return sn_boot(7, "");
}

static int teardown(void **state)
{
	(void)state;
	pass_ms(TIMEWAITS);
	assert_int_equal(tcp_prot.slab->live, 0);
	assert_int_equal(tcp_prot.orphan_count, 0);
	assert_int_equal(tcp_prot.twsk_prot->slab->live, 0);
	assert_int_equal(tcp_prot.rsk_prot->slab->live, 0);
	assert_int_equal(tcp_hashinfo.bind_bucket_cachep->live, 0);
	assert_int_equal(sn_timers_armed(), 0);
	assert_int_equal(sn_warn_count(), 0);
	return 0;
}

/* ---- socket(), bind(), listen() --------------------------------------------------------------------- */

static void test_socket_errors(void **state)
{
	(void)state;
	assert_int_equal(call(__NR_socket, 99, SOCK_STREAM, 0, 0), -EAFNOSUPPORT);
	assert_int_equal(call(__NR_socket, AF_INET6, SOCK_STREAM, 0, 0), -EAFNOSUPPORT);
	assert_int_equal(call(__NR_socket, AF_INET, 12, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_socket, AF_INET, SOCK_RAW, 0, 0), -EPROTONOSUPPORT);
	assert_int_equal(call(__NR_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP, 0), -EPROTONOSUPPORT);
	assert_int_equal(call(__NR_socket, AF_INET, SOCK_STREAM, -1, 0), -EINVAL);
	assert_int_equal(call(__NR_socket, AF_INET, SOCK_STREAM | 0x10, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_listen, 77, 1, 0, 0), -EBADF);
}

static void test_bind_errors(void **state)
{
	int fd = new_socket(), pipes[2];
	struct sockaddr_in *a = LOOPBACK;

	(void)state;
	assert_int_equal(call(__NR_bind, fd, a, 4, 0), -EINVAL);
	assert_int_equal(call(__NR_bind, fd, a, -1, 0), -EINVAL);
	assert_int_equal(call(__NR_bind, fd, a, 4096, 0), -EINVAL);
	assert_int_equal(call(__NR_bind, fd, 8, sizeof(*a), 0), -EFAULT);
	assert_int_equal(call(__NR_bind, fd, address(0x08080808, PORT), sizeof(*a), 0),
			 -EADDRNOTAVAIL);
	a = LOOPBACK;
	a->sin_family = AF_UNIX;
	assert_int_equal(call(__NR_bind, fd, a, sizeof(*a), 0), -EAFNOSUPPORT);
	assert_int_equal(call(__NR_bind, fd, LOOPBACK, sizeof(*a), 0), 0);
	assert_int_equal(call(__NR_bind, fd, LOOPBACK, sizeof(*a), 0), -EINVAL);
	close_fd(fd);

	assert_int_equal(call(__NR_pipe, pipes, 0, 0, 0), 0);
	assert_int_equal(call(__NR_listen, pipes[0], 1, 0, 0), -ENOTSOCK);
	close_fd(pipes[0]);
	close_fd(pipes[1]);
}

static void test_second_listen_changes_the_backlog(void **state)
{
	int fd = new_listener(0), c[4];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		c[i] = connected();
		if (!i)
			assert_int_equal(call(__NR_listen, fd, 3, 0, 0), 0);
	}
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(call(__NR_connect, fd, LOOPBACK, sizeof(struct sockaddr_in), 0), -EISCONN);
	/* Closing the listener resets connections that were not accepted. */
	close_fd(fd);
	assert_int_equal(call(__NR_read, c[0], &c[3], 1, 0), -ECONNRESET);
	close_fd(c[0]);
	close_fd(c[1]);
}

/* ---- accept(), connect() ----------------------------------------------------------------------------- */

static void test_accept_waits_for_a_connection(void **state)
{
	static struct sockaddr_in peer;
	static int len;
	int fd = new_listener(10), c, s;
	s64 first, second;

	(void)state;
	len = sizeof(peer);
	first = submit(__NR_accept4, fd, &peer, &len, SOCK_NONBLOCK);
	second = submit(__NR_accept4, fd, 0, 0, 0);
	assert_waits(first);
	c = connected();
	s = result(first);
	assert_true(s > 0);
	assert_int_equal(len, sizeof(peer));
	assert_int_equal(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
	assert_waits(second);
	assert_int_equal(call(__NR_read, s, &peer, 1, 0), -EAGAIN);

	assert_int_equal(sn_interrupt(second), 0);
	assert_int_equal(result(second), -EINTR);

	/* shutdown() wakes the waiting accept() and stops the listener. */
	second = submit(__NR_accept4, fd, 0, 0, 0);
	assert_waits(second);
	assert_int_equal(call(__NR_shutdown, fd, SHUT_RD, 0, 0), 0);
	assert_int_equal(result(second), -EINVAL);
	close_fd(fd);
	close_fd(s);
	assert_int_equal(call(__NR_read, c, &peer, 1, 0), 0);
	close_fd(c);
}

static void test_accept_with_a_limit(void **state)
{
	static struct timeval tv = {.tv_usec = 50000};
	int fd = new_listener(1);
	s64 ticket;

	(void)state;
	assert_int_equal(call5(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	ticket = submit(__NR_accept4, fd, 0, 0, 0);
	assert_waits(ticket);
	pass_ms(60);
	assert_int_equal(result(ticket), -EAGAIN);
	assert_int_equal(call(__NR_fcntl, fd, F_SETFL, O_NONBLOCK, 0), 0);
	assert_int_equal(call(__NR_accept4, fd, 0, 0, 0), -EAGAIN);
	assert_int_equal(call(__NR_accept4, fd, 0, 0, 1), -EINVAL);
	close_fd(fd);
}

static void test_connect_errors(void **state)
{
	int fd = new_socket(), l;
	static char name[16];
	static int len;

	(void)state;
	len = sizeof(name);
	assert_int_equal(call(__NR_getpeername, fd, name, &len, 0), -ENOTCONN);
	assert_int_equal(call(__NR_connect, fd, LOOPBACK, 1, 0), -EINVAL);
	assert_int_equal(call(__NR_connect, fd, LOOPBACK, sizeof(struct sockaddr_in), 0),
			 -ECONNREFUSED);
	l = new_listener(1);
	/* After -ECONNREFUSED the socket may connect again. */
	assert_int_equal(call(__NR_connect, fd, LOOPBACK, sizeof(struct sockaddr_in), 0), 0);
	assert_int_equal(call(__NR_connect, fd, LOOPBACK, sizeof(struct sockaddr_in), 0), -EISCONN);
	assert_int_equal(call(__NR_getpeername, fd, name, &len, 0), 0);
	len = 2;
	assert_int_equal(call(__NR_getpeername, fd, name, &len, 0), 0);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	len = -1;
	assert_int_equal(call(__NR_getpeername, fd, name, &len, 0), -EINVAL);
	assert_int_equal(call(__NR_getpeername, fd, 8, &len, 0), -EINVAL);
	close_fd(l);
	close_fd(fd);
}

/* ---- data, options -------------------------------------------------------------------------------------- */

static void test_bytes_both_ways(void **state)
{
	static char out[] = "what goes in", in[64], control[16];
	static struct iovec iov[2];
	static struct msghdr msg;
	int fd = new_listener(1), c = connected(), s = call(__NR_accept4, fd, 0, 0, 0);
	static int queued;
	s64 reader;

	(void)state;
	reader = submit(__NR_read, s, in, sizeof(in), 0);
	assert_waits(reader);
	iov[0] = (struct iovec){out, 5};
	iov[1] = (struct iovec){out + 5, sizeof(out) - 5};
	msg = (struct msghdr){.msg_iov = iov, .msg_iovlen = 2};
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0), sizeof(out));
	assert_int_equal(result(reader), sizeof(out));
	assert_string_equal(in, out);

	assert_int_equal(call(__NR_write, s, out, sizeof(out), 0), sizeof(out));
	assert_int_equal(call(__NR_ioctl, c, SIOCINQ, &queued, 0), 0);
	assert_int_equal(queued, sizeof(out));
	assert_int_equal(call(__NR_recvfrom, c, in, 4, MSG_PEEK), 4);
	assert_int_equal(call(__NR_read, c, 8, 4, 0), -EFAULT);
	assert_int_equal(call(__NR_recvmsg, c, &msg, MSG_DONTWAIT, 0), sizeof(out));
	assert_int_equal(call(__NR_recvmsg, c, &msg, MSG_DONTWAIT, 0), -EAGAIN);
	msg.msg_controllen = 1;
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0), -EFAULT);
	msg.msg_control = control;
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0), sizeof(out));
	assert_int_equal(call(__NR_read, s, in, sizeof(in), 0), sizeof(out));
	/* A control message whose own length is 0 is invalid. */
	msg.msg_controllen = sizeof(control);
	assert_int_equal(call(__NR_sendmsg, c, &msg, 0, 0), -EINVAL);

	assert_int_equal(call(__NR_shutdown, c, 3, 0, 0), -EINVAL);
	assert_int_equal(call(__NR_shutdown, c, SHUT_WR, 0, 0), 0);
	assert_int_equal(call(__NR_write, c, out, 1, 0), -EPIPE);
	assert_int_equal(call(__NR_read, s, in, 1, 0), 0);
	close_fd(s);
	close_fd(c);
	close_fd(fd);
}

/*
 * sendpage() holds references to the pages until the peer has acknowledged their data, so the caller may
 * drop its own references at once.
 */
static void test_pages_are_sent_without_a_copy(void **state)
{
	enum { N = 15000 };
	static u8 got[N];
	int listener = new_listener(1), client = connected(), server;
	u64 pages = sn_free_pages();
	s64 n;

	(void)state;
	server = call(__NR_accept, listener, 0, 0, 0);
	assert_true(server >= 0);
	assert_int_equal(call(SENDPAGE, client, N, 0, 0), N);
	for (n = 0; n < N;)
		n += call(__NR_read, server, got + n, N - n, 0);
	for (int i = 0; i < N; i++)
		assert_int_equal(got[i], sent_byte(i));
	pass_ms(1000);
	assert_true(sn_free_pages() + 1 >= pages); /* the four pages are free again */
	assert_int_equal(call(SENDPAGE, client, 100, MSG_OOB, 0), -EOPNOTSUPP);
	/* When the send buffer is full, MSG_DONTWAIT yields -EAGAIN instead of waiting. */
	for (n = 0; call(SENDPAGE, client, N, MSG_DONTWAIT, 0) == N; n++)
		assert_true(n < 1000);
	assert_int_equal(call(SENDPAGE, client, N, MSG_DONTWAIT, 0), -EAGAIN);
	assert_int_equal(call(__NR_shutdown, client, SHUT_WR, 0, 0), 0);
	assert_int_equal(call(SENDPAGE, client, N, MSG_NOSIGNAL, 0), -EPIPE);
	while (call(__NR_read, server, got, N, 0) > 0)
		;
	close_fd(server);
	close_fd(client);
	close_fd(listener);
}

/*
 * Socket options: default values, limits, and what getsockopt() returns after setsockopt().
 *
 * LIMIT(SOCK_RMEM_DEFAULT) LIMIT(SOCK_WMEM_DEFAULT) LIMIT(SOCK_MIN_RCVBUF) LIMIT(SOCK_WMEM_MAX)
 * LIMIT(IP_DEFAULT_TTL)
 */
static void test_options(void **state)
{
	static struct timeval tv = {.tv_usec = 1000000};
	int fd = new_socket();

	(void)state;
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_RCVBUF), SOCK_RMEM_DEFAULT);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_SNDBUF), SOCK_WMEM_DEFAULT);
	assert_int_equal(set_int(fd, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_RCVBUF), 20000);
	assert_int_equal(set_int(fd, SOL_SOCKET, SO_RCVBUF, 0), 0);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_RCVBUF), SOCK_MIN_RCVBUF);
	assert_int_equal(set_int(fd, SOL_SOCKET, SO_SNDBUF, -1), 0);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_SNDBUF), SOCK_WMEM_MAX);
	assert_int_equal(set_int(fd, SOL_SOCKET, SO_TYPE, 1), -ENOPROTOOPT);
	assert_int_equal(get_int(fd, SOL_SOCKET, 9999), -ENOPROTOOPT);
	assert_int_equal(call5(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)),
			 -EDOM);
	assert_int_equal(call5(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 4), -EINVAL);
	assert_int_equal(call5(__NR_setsockopt, fd, SOL_SOCKET, SO_LINGER, (void *)8, 8), -EFAULT);

	assert_int_equal(get_int(fd, SOL_IP, IP_TTL), IP_DEFAULT_TTL);
	assert_int_equal(set_int(fd, SOL_IP, IP_TTL, 0), -EINVAL);
	assert_int_equal(set_int(fd, SOL_IP, IP_TTL, 255), 0);
	assert_int_equal(get_int(fd, SOL_IP, IP_TTL), 255);
	assert_int_equal(set_int(fd, SOL_IP, IP_TOS, 0x13), 0);
	assert_int_equal(get_int(fd, SOL_IP, IP_TOS), 0x10);
	assert_int_equal(get_int(fd, SOL_IP, IP_MTU), -ENOTCONN);
	assert_int_equal(set_int(fd, SOL_IP, IP_MTU, 1500), -ENOPROTOOPT);
	close_fd(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(test_socket_errors),
		T(test_bind_errors),
		T(test_second_listen_changes_the_backlog),
		T(test_accept_waits_for_a_connection),
		T(test_accept_with_a_limit),
		T(test_connect_errors),
		T(test_bytes_both_ways),
		T(test_pages_are_sent_without_a_copy),
		T(test_options),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}

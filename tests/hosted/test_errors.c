/* SPDX-License-Identifier: MIT */
/* System calls return Linux's errors, and check for them in the same order as Linux. */
#include "tests/hosted/scene.h"

#include <stdio.h>

#define PORT 7

static void arguments_of_socket(void)
{
	assert_int_equal(scene_call(A, SYS_socket, AF_APPLETALK, SOCK_STREAM, 0), -EAFNOSUPPORT);
	assert_int_equal(scene_call(A, SYS_socket, 1000, SOCK_STREAM, 0), -EAFNOSUPPORT);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_SEQPACKET, 0), -ESOCKTNOSUPPORT);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP),
			 -EPROTONOSUPPORT);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, 0xf, 0), -EINVAL);
	assert_int_equal(scene_call(A, SYS_socket, AF_INET, SOCK_STREAM | 0x100, 0), -EINVAL);
	int fd = scene_call(A, SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);

	assert_true(fd >= 0);
	assert_true(scene_call(A, SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	scene_close(A, fd);
}

/* Every socket call on a number that is no descriptor, and on a descriptor that is no socket. */
static void calls_on_invalid_descriptors(void)
{
	static const char path[] = "/proc/net/tcp";
	int file = scene_call(A, SYS_open, PTR(path), O_RDONLY, 0);
	const struct sockaddr_in *address = scene_address(B, PORT);
	socklen_t len = sizeof(*address);
	char byte = 0;
	int value = 0;

	assert_true(file >= 0);
	for (unsigned int i = 0; i < 2; i++) {
		int fd = i ? file : 9999;
		int64_t error = i ? -ENOTSOCK : -EBADF;

		assert_int_equal(scene_call(A, SYS_bind, fd, PTR(address), len), error);
		assert_int_equal(scene_call(A, SYS_connect, fd, PTR(address), len), error);
		assert_int_equal(scene_call(A, SYS_listen, fd, 1), error);
		assert_int_equal(scene_call(A, SYS_accept, fd, 0, 0), error);
		assert_int_equal(scene_call(A, SYS_accept4, fd, 0, 0, 0), error);
		assert_int_equal(scene_call(A, SYS_sendto, fd, PTR(&byte), 1, 0, 0, 0), error);
		assert_int_equal(scene_call(A, SYS_recvfrom, fd, PTR(&byte), 1, 0, 0, 0), error);
		assert_int_equal(scene_call(A, SYS_shutdown, fd, SHUT_RDWR), error);
		assert_int_equal(scene_call(A, SYS_getsockname, fd, PTR(address), PTR(&len)),
				 error);
		assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(address), PTR(&len)),
				 error);
		assert_int_equal(scene_call(A, SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE,
					    PTR(&value), sizeof(value)),
				 error);
		assert_int_equal(scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR,
					    PTR(&value), PTR(&len)),
				 error);
	}
	assert_int_equal(scene_call(A, SYS_close, 9999), -EBADF);
	assert_int_equal(scene_call(A, SYS_close, -1), -EBADF);
	scene_close(A, file);
	assert_int_equal(scene_call(A, SYS_close, file), -EBADF);
}

static void a_socket_that_is_not_connected(void)
{
	int fd = scene_socket(A);
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	char byte = 0;

	assert_int_equal(scene_recv(A, fd, &byte, 1), -ENOTCONN);
	assert_int_equal(scene_send(A, fd, &byte, 1), -EPIPE);
	assert_int_equal(scene_shutdown(A, fd, SHUT_WR), -ENOTCONN);
	assert_int_equal(scene_shutdown(A, fd, 3), -EINVAL);
	assert_int_equal(scene_call(A, SYS_getpeername, fd, PTR(&address), PTR(&len)), -ENOTCONN);
	assert_int_equal(scene_accept(A, fd), -EINVAL);
	assert_int_equal(scene_call(A, SYS_accept4, fd, 0, 0, 0x10), -EINVAL);
	assert_int_equal(scene_poll(A, fd) & POLLHUP, POLLHUP);
	/* getsockname() of a new socket returns port 0. */
	assert_int_equal(scene_port(A, fd), 0);
	scene_close(A, fd);
}

static void a_listener_is_no_connection(void)
{
	int fd = scene_listen(B, PORT, 1);
	char byte = 0;

	assert_int_equal(scene_recv(B, fd, &byte, 1), -ENOTCONN);
	assert_int_equal(scene_send(B, fd, &byte, 1), -EPIPE);
	assert_int_equal(scene_connect(B, fd, A, PORT), -EISCONN);
	assert_int_equal(scene_bind(B, fd, 8), -EINVAL);
	assert_int_equal(scene_poll(B, fd), 0);
	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	scene_close(B, fd);
}

static void a_connection_is_no_listener(void)
{
	struct pair p = scene_pair();

	assert_int_equal(scene_call(A, SYS_listen, p.a, 1), -EINVAL);
	assert_int_equal(scene_accept(A, p.a), -EINVAL);
	assert_int_equal(scene_connect(A, p.a, B, PORT), -EISCONN);
	assert_int_equal(scene_bind(A, p.a, 9), -EINVAL);
	scene_pair_close(&p);
}

static void options(void)
{
	int fd = scene_socket(A), value = 1;
	socklen_t len = -1;

	assert_int_equal(scene_call(A, SYS_setsockopt, fd, SOL_SOCKET, 9999, PTR(&value), 4),
			 -ENOPROTOOPT);
	assert_int_equal(scene_call(A, SYS_setsockopt, fd, IPPROTO_TCP, 9999, PTR(&value), 4),
			 -ENOPROTOOPT);
	assert_int_equal(
		scene_call(A, SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, PTR(&value), 3),
		-EINVAL);
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, PTR(&value), PTR(&len)),
		-EINVAL);
	len = sizeof(value);
	assert_int_equal(
		scene_call(A, SYS_getsockopt, fd, SOL_SOCKET, 9999, PTR(&value), PTR(&len)),
		-ENOPROTOOPT);
	/* The kernel stores twice the value, and at least the minimum (Linux's socket(7)). */
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 20000);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_SNDBUF, 1), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 4608);
	assert_int_equal(scene_set(A, fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_TCP, TCP_NODELAY), 1);
	scene_close(A, fd);
}

static void bind_conflicts(void)
{
	int one = scene_socket(B), two = scene_socket(B);
	struct sockaddr_in other = *scene_address(A, 80), family = *scene_address(NULL, 80);

	assert_int_equal(scene_call(B, SYS_bind, one, PTR(&other), sizeof(other)), -EADDRNOTAVAIL);
	family.sin_family = AF_INET6;
	assert_int_equal(scene_call(B, SYS_bind, one, PTR(&family), sizeof(family)), -EAFNOSUPPORT);
	assert_int_equal(scene_call(B, SYS_bind, one, PTR(&other), 8), -EINVAL);
	assert_int_equal(scene_bind(B, one, 80), 0);
	assert_int_equal(scene_bind(B, one, 81), -EINVAL);
	assert_int_equal(scene_bind(B, two, 80), -EADDRINUSE);
	/* Both sockets need SO_REUSEADDR to share a port, and neither may be a listener. */
	scene_set(B, two, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(B, two, 80), -EADDRINUSE);
	scene_set(B, one, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(B, two, 80), 0);
	assert_int_equal(scene_call(B, SYS_listen, one, 1), 0);
	assert_int_equal(scene_call(B, SYS_listen, two, 1), -EADDRINUSE);
	scene_close(B, one);
	assert_int_equal(scene_call(B, SYS_listen, two, 1), 0);
	scene_close(B, two);
}

static void a_port_in_time_wait(void)
{
	struct pair p = scene_pair();
	int fd;

	scene_close(B, p.b);
	scene_sleep(10 * MS);
	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.listener);
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	/*
	 * Only a socket with SO_REUSEADDR may bind the port, for example that of a server that
	 * starts again.
	 */
	fd = scene_socket(B);
	assert_int_equal(scene_bind(B, fd, p.bport), -EADDRINUSE);
	scene_set(B, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(B, fd, p.bport), 0);
	assert_int_equal(scene_call(B, SYS_listen, fd, 1), 0);
	scene_close(B, fd);
}

static void listening_without_bind_takes_a_port(void)
{
	int fd = scene_socket(B);

	assert_int_equal(scene_call(B, SYS_listen, fd, 1), 0);
	assert_in_range(scene_port(B, fd), 32768, 60999);
	scene_close(B, fd);
}

static void accepting_for_a_time(void)
{
	int listener = scene_listen(B, PORT, 1);
	uint64_t begin = scene_now();

	scene_timeout(B, listener, SO_RCVTIMEO, 2500);
	assert_int_equal(scene_accept(B, listener), -EAGAIN);
	assert_ms(scene_now() - begin, 2500, 2502);
	scene_close(B, listener);
}

static void connecting_and_sending_for_a_time(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A);
	uint8_t *bytes = calloc(1, 8 << 20);
	uint64_t begin = scene_now();
	int64_t sent;

	scene_timeout(A, fd, SO_SNDTIMEO, 400);
	scene_drop(A, SYN, 1);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EINPROGRESS);
	assert_ms(scene_now() - begin, 400, 402);
	assert_int_equal(scene_connect(A, fd, B, PORT),
			 -EALREADY); /* this call waited 400 ms, too */
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_ms(scene_now() - begin, 1000, 1010);
	sent = scene_send(A, fd, bytes, 8 << 20);
	assert_in_range(sent, 1, (8 << 20) - 1);
	/*
	 * ACKs that arrived meanwhile may have freed a little room, but not enough to wake a
	 * waiting writer.
	 */
	for (unsigned int i = 0; sent > 0 && i < 4; i++) {
		scene_sleep(1 * SEC);
		begin = scene_now();
		sent = scene_send(A, fd, bytes, 8 << 20);
		assert_ms(scene_now() - begin, 400, 402);
	}
	assert_int_equal(sent, -EAGAIN);
	scene_close(A, fd);
	scene_close(B, listener);
	free(bytes);
}

static void interrupted(void)
{
	struct pair p = scene_pair();
	int fd = scene_socket(A);
	int64_t ticket;
	char byte;

	ticket = scene_begin_accept(B, p.listener);
	scene_sleep(10 * MS);
	scene_interrupt(B, ticket);
	assert_int_equal(scene_end(B, ticket), -EINTR);
	ticket = scene_begin(B, SYS_read, p.b, PTR(&byte), 1);
	scene_sleep(10 * MS);
	scene_interrupt(B, ticket);
	assert_int_equal(scene_end(B, ticket), -EINTR);
	/* When connect() is interrupted, the attempt goes on without it. */
	scene_hold(B, SYNACK, 1, 100 * MS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	scene_nonblock(A, fd);
	assert_int_equal(scene_connect(A, fd, B, PORT), -EALREADY);
	scene_sleep(200 * MS);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(A, fd);
	scene_pair_close(&p);
}

static void closed_while_accept_waits(void)
{
	int listener = scene_listen(B, PORT, 1);
	int64_t ticket = scene_begin_accept(B, listener);

	scene_sleep(10 * MS);
	assert_int_equal(scene_shutdown(B, listener, SHUT_RD), 0);
	assert_int_equal(scene_end(B, ticket), -EINVAL);
	scene_close(B, listener);
}

static void bad_pointers(void)
{
	struct pair p = scene_pair();
	struct sockaddr_in address = *scene_address(B, PORT);
	static char page[256];
	socklen_t len = sizeof(address);
	int fd = scene_socket(A);

	assert_int_equal(A->bad_range(page, sizeof(page)), 0);
	assert_int_equal(B->bad_range(page, sizeof(page)), 0);
	for (unsigned int i = 0; i < 2; i++) {
		int64_t bad = i ? PTR(page) : 8;

		assert_int_equal(scene_call(A, SYS_connect, fd, bad, sizeof(address)), -EFAULT);
		assert_int_equal(scene_call(A, SYS_bind, fd, bad, sizeof(address)), -EFAULT);
		assert_int_equal(scene_call(A, SYS_sendto, p.a, bad, 10, 0, 0, 0), -EFAULT);
		assert_int_equal(scene_call(A, SYS_write, p.a, bad, 10), -EFAULT);
		assert_int_equal(scene_call(A, SYS_writev, p.a, bad, 2), -EFAULT);
		assert_int_equal(scene_call(A, SYS_sendmsg, p.a, bad, 0), -EFAULT);
		assert_int_equal(scene_call(A, SYS_getsockname, p.a, bad, PTR(&len)), -EFAULT);
		assert_int_equal(scene_call(A, SYS_getsockname, p.a, PTR(&address), bad), -EFAULT);
		assert_int_equal(
			scene_call(A, SYS_setsockopt, p.a, SOL_SOCKET, SO_KEEPALIVE, bad, 4),
			-EFAULT);
	}
	/* None of these calls sent a segment.  A read with a bad pointer does not lose the waiting data. */
	scene_send_all(A, p.a, "safe", 4);
	scene_sleep(10 * MS);
	assert_int_equal(scene_call(B, SYS_read, p.b, PTR(page), 4), -EFAULT);
	assert_int_equal(B->bad_range(NULL, 0), 0);
	assert_int_equal(scene_call(B, SYS_read, p.b, PTR(page), sizeof(page)), 4);
	assert_memory_equal(page, "safe", 4);
	assert_int_equal(A->bad_range(NULL, 0), 0);
	scene_close(A, fd);
	scene_pair_close(&p);
}

/* accept() with a bad address pointer fails, and closes the connection that it took from the queue. */
static void accept_with_a_bad_address(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A);
	socklen_t len = 16;
	char byte;

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_int_equal(scene_call(B, SYS_accept, listener, 8, PTR(&len)), -EFAULT);
	scene_sleep(10 * MS);
	assert_int_equal(scene_recv_now(A, fd, &byte, 1), 0); /* B has closed it */
	scene_close(A, fd);
	scene_close(B, listener);
}

static void no_route_and_no_host(void)
{
	struct sockaddr_in far = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x08080808)};
	struct sockaddr_in absent = {
		.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x0a000063)};

	/* The first round adds a route and a neighbour, which stay; the second round adds nothing. */
	for (unsigned int i = 0; i < 2; i++) {
		int fd = scene_socket(A);
		uint64_t begin = scene_now();

		assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&far), sizeof(far)),
				 -ENETUNREACH);
		assert_ms(scene_now() - begin, 0, 0);
		scene_mark();
		/* No host answers the three ARP requests. */
		assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&absent), sizeof(absent)),
				 -EHOSTUNREACH);
		assert_ms(scene_now() - begin, 2990, 3100);
		assert_int_equal(scene_count(A, OTHER), 3);
		scene_close(A, fd);
		scene_sleep(100 * SEC);
		if (i == 0)
			host_set_baseline(A);
	}
}

static void a_duplicate_keeps_the_socket(void)
{
	int fd = scene_socket(A), copy = scene_call(A, SYS_dup, fd);

	assert_true(copy > fd);
	scene_close(A, fd);
	/* The socket lives until its last descriptor is closed. */
	assert_int_equal(scene_bind(A, copy, 99), 0);
	scene_close(A, copy);
	fd = scene_socket(A);
	assert_int_equal(scene_bind(A, fd, 99), 0);
	scene_close(A, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(arguments_of_socket),
		SCENE(calls_on_invalid_descriptors),
		SCENE(a_socket_that_is_not_connected),
		SCENE(a_listener_is_no_connection),
		SCENE(a_connection_is_no_listener),
		SCENE(options),
		SCENE(bind_conflicts),
		SCENE(a_port_in_time_wait),
		SCENE(listening_without_bind_takes_a_port),
		SCENE(accepting_for_a_time),
		SCENE(connecting_and_sending_for_a_time),
		SCENE(interrupted),
		SCENE(closed_while_accept_waits),
		SCENE(bad_pointers),
		SCENE(accept_with_a_bad_address),
		SCENE(no_route_and_no_host),
		SCENE(a_duplicate_keeps_the_socket),
	};

	return scene_play(tests);
}

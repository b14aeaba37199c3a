/* SPDX-License-Identifier: MIT */
/* Calls of UDP sockets over loopback, on Linux and on the hosted kernel (beside.h), for test_udp.c and
 * test_udp_messages.c. */
#ifndef TESTS_HOSTED_UDP_CALLS_H
#define TESTS_HOSTED_UDP_CALLS_H

#include "tests/hosted/beside.h"

#include <stdio.h>

__attribute__((unused)) static char bytes[70000];

/* A's own address: the route to it is resolved before the test, so it does not count as a leak. */
static inline struct sockaddr_in self(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr =
					    htonl(on_linux() ? INADDR_LOOPBACK : 0x0a000001)};
}

static inline int udp_socket(void)
{
	int fd = on(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Binds @fd to the own address and a free port, and returns the port. */
static inline uint16_t bind_any(int fd)
{
	struct sockaddr_in at = self(0);
	socklen_t len = sizeof(at);

	assert_int_equal(on(SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	assert_int_equal(on(SYS_getsockname, fd, PTR(&at), PTR(&len)), 0);
	return ntohs(at.sin_port);
}

static inline int64_t connect_to(int fd, uint16_t port)
{
	struct sockaddr_in to = self(port);

	return on(SYS_connect, fd, PTR(&to), sizeof(to));
}

static inline int64_t disconnect(int fd)
{
	struct sockaddr_in none = {.sin_family = AF_UNSPEC};

	return on(SYS_connect, fd, PTR(&none), sizeof(none));
}

static inline int64_t send_to(int fd, uint16_t port, const char *text)
{
	struct sockaddr_in to = self(port);

	return on(SYS_sendto, fd, PTR(text), strlen(text), 0, PTR(&to), sizeof(to));
}

static inline int64_t recv_some(int fd, size_t n, int flags)
{
	return on(SYS_recvfrom, fd, PTR(bytes), n, flags, 0, 0);
}

static inline int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);
	int64_t err = on(SYS_getsockopt, fd, level, name, PTR(&value), PTR(&len));

	return err ? (int)err : value;
}

static inline int64_t set_option(int fd, int level, int name, int value)
{
	return on(SYS_setsockopt, fd, level, name, PTR(&value), sizeof(value));
}

static inline void note_poll(const char *what, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = 0x7fff};
	char name[160];

	note(what, on(SYS_poll, PTR(&pfd), 1, 0));
	snprintf(name, sizeof(name), "%s: events", what);
	note(name, pfd.revents);
}

#endif

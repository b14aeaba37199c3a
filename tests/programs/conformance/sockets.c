/* SPDX-License-Identifier: MIT */
/* Socket calls on loopback: arguments, options, non-blocking connections, closing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, name, &value, &size) ? -1 : value;
}

static int wait_for(int fd, int events)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, 5000) == 1 ? p.revents : -1;
}

static void check_arguments(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd, one = 1;

	FAILS(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(AF_INET, 99, 0), EINVAL);
	FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	TRUE(fd >= 0);
	IS(fcntl(fd, F_GETFD), FD_CLOEXEC);
	IS(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	FAILS(bind(fd, (void *)&address, 3), EINVAL);
	address.sin_family = 99;
	FAILS(bind(fd, (void *)&address, sizeof(address)), EAFNOSUPPORT);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = inet_addr("203.0.113.77");
	FAILS(bind(fd, (void *)&address, sizeof(address)), EADDRNOTAVAIL);
	FAILS(bind(fd, (void *)8, sizeof(address)), EFAULT);
	FAILS(bind(-1, (void *)&address, sizeof(address)), EBADF);
	FAILS(bind(0, (void *)&address, sizeof(address)), ENOTSOCK);
	FAILS(accept(fd, NULL, NULL), EINVAL);
	FAILS(accept4(fd, NULL, NULL, 1), EINVAL);
	FAILS(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
	FAILS(recv(fd, &one, 1, 0), ENOTCONN);
	FAILS(shutdown(fd, SHUT_WR), ENOTCONN);
	FAILS(getpeername(fd, (void *)&address, &(socklen_t){sizeof(address)}), ENOTCONN);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, 1), EINVAL);
	FAILS(setsockopt(fd, SOL_SOCKET, 9999, &one, sizeof(one)), ENOPROTOOPT);
	FAILS(setsockopt(fd, 9999, 1, &one, sizeof(one)), ENOPROTOOPT);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, sizeof(one)), EFAULT);
	IS(option(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	IS(option(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
	IS(option(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	IS(option(fd, SOL_SOCKET, SO_ERROR), 0);
	IS(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	IS(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	IS(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	IS(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	IS(wait_for(fd, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	IS(close(fd), 0);
}

static int listener(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	IS(bind(fd, (void *)address, sizeof(*address)), 0);
	IS(getsockname(fd, (void *)address, &size), 0);
	IS(size, sizeof(*address));
	TRUE(address->sin_port != 0);
	FAILS(bind(fd, (void *)address, sizeof(*address)), EINVAL);
	IS(listen(fd, 5), 0);
	IS(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	FAILS(accept(fd, NULL, NULL), EAGAIN);
	return fd;
}

static void check_connection(void)
{
	struct sockaddr_in address, peer;
	socklen_t size = sizeof(peer);
	int l = listener(&address), c, s, n;
	char bytes[16];

	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	n = connect(c, (void *)&address, sizeof(address));
	TRUE(n == -1 && errno == EINPROGRESS);
	IS(wait_for(c, POLLOUT), POLLOUT);
	IS(option(c, SOL_SOCKET, SO_ERROR), 0);
	/* The next call reports the success; only then is the socket "connected" for connect(). */
	IS(connect(c, (void *)&address, sizeof(address)), 0);
	FAILS(connect(c, (void *)&address, sizeof(address)), EISCONN);
	IS(wait_for(l, POLLIN), POLLIN);
	s = accept4(l, (void *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	TRUE(s >= 0);
	IS(size, sizeof(peer));
	IS(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	IS(fcntl(s, F_GETFL), O_RDWR | O_NONBLOCK);
	IS(fcntl(s, F_GETFD), FD_CLOEXEC);
	FAILS(recv(s, bytes, 16, 0), EAGAIN);
	IS(send(c, "hello", 5, 0), 5);
	IS(wait_for(s, POLLIN), POLLIN);
	IS(ioctl(s, FIONREAD, &n), 0);
	IS(n, 5);
	IS(recv(s, bytes, 2, MSG_PEEK), 2);
	IS(recv(s, bytes, 16, MSG_DONTWAIT), 5);
	IS(memcmp(bytes, "hello", 5), 0);
	FAILS(send(s, (void *)8, 4, 0), EFAULT);
	FAILS(shutdown(s, 9), EINVAL);
	IS(shutdown(c, SHUT_WR), 0);
	IS(wait_for(s, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
	IS(recv(s, bytes, 16, 0), 0);
	FAILS(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
	IS(send(s, "bye", 3, 0), 3);
	IS(wait_for(c, POLLIN), POLLIN);
	IS(recv(c, bytes, 16, 0), 3);
	IS(close(s), 0);
	IS(wait_for(c, POLLIN) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
	IS(recv(c, bytes, 16, 0), 0);
	IS(close(c), 0);
	IS(close(l), 0);
	/* No socket listens on the port any more, so the connection is refused. */
	c = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(connect(c, (void *)&address, sizeof(address)), ECONNREFUSED);
	IS(close(c), 0);
}

static void check_reset(void)
{
	struct linger now = {1, 0};
	struct sockaddr_in address;
	int l = listener(&address), c, s;
	char bytes[4];

	c = socket(AF_INET, SOCK_STREAM, 0);
	IS(connect(c, (void *)&address, sizeof(address)), 0);
	s = accept(l, NULL, NULL);
	TRUE(s >= 0);
	IS(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	IS(close(s), 0);
	IS(wait_for(c, POLLIN), POLLIN | POLLHUP | POLLERR);
	IS(option(c, SOL_SOCKET, SO_ERROR), ECONNRESET);
	IS(option(c, SOL_SOCKET, SO_ERROR), 0);
	IS(recv(c, bytes, 4, 0), 0);
	FAILS(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
	IS(close(c), 0);
	IS(close(l), 0);
}

void check_sockets(void)
{
	check_arguments();
	check_connection();
	check_reset();
}

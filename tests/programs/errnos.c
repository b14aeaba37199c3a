/* SPDX-License-Identifier: MIT */
/*
 * Prints the result of each socket call with each wrong argument and pointer on a socket in each state, one line each:
 *
 *	bind null tcp listening -> EFAULT
 *
 * and a line for each socket option. test_errnos.py runs the program on softnet and compares the lines with those of Linux
 * (errnos.linux). Every call is made on a new socket, non-blocking, on loopback; no result depends on time, on free ports
 * or on the numbers of descriptors.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/sockios.h>

#define KERNEL  ((void *)0xffff800000000000) /* an address of the kernel */
#define NOWHERE ((void *)8)                  /* an address that is not mapped */
#define CLOSED  9                            /* a port without a socket */

static union {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
	struct sockaddr_nl nl;
	char bytes[256];
} address;                    /* of the kind that is being tested: its own address, or a peer's */
static socklen_t address_len; /* its correct length */
static struct sockaddr_in server; /* the listener of all connections, and its address */
static int listener;
static char bytes[70000];

static void must(int ok, const char *what)
{
	if (!ok) {
		printf("errnos: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void wait_for(int fd, int events)
{
	struct pollfd p = {fd, events, 0};

	must(poll(&p, 1, 10000) == 1, "poll");
}

/* ---- sockets in each state ------------------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	int family, type, protocol;
	const char *states[9];    /* NULL ends the list */
	const char *with_options; /* states in which each option is tried */
} kinds[] = {
	{"tcp",
	 AF_INET,
	 SOCK_STREAM,
	 0,
	 {"new", "bound", "listening", "connected", "shut", "ended", "reset", "dissolved"},
	 "new listening connected"},
	{"udp",
	 AF_INET,
	 SOCK_DGRAM,
	 0,
	 {"new", "bound", "connected", "shut", "refused", "dissolved"},
	 "new"},
	{"ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, {"new", "bound", "connected", "shut"}, "new"},
	{"unix-stream",
	 AF_UNIX,
	 SOCK_STREAM,
	 0,
	 {"new", "bound", "listening", "connected", "shut", "ended"},
	 "new"},
	{"unix-dgram",
	 AF_UNIX,
	 SOCK_DGRAM,
	 0,
	 {"new", "bound", "connected", "shut", "ended"},
	 "new"},
	{"netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, {"new", "bound"}, "new"},
	{"file", 0, 0, 0, {"open", "closed"}, "open closed"},
};

/* Sets address to an own address of @k that is free. */
static void free_address(const struct kind *k)
{
	static int names;

	memset(&address, 0, sizeof(address));
	address.sa.sa_family = k->family ? k->family : AF_INET;
	address_len = sizeof(address.in);
	if (k->family == AF_UNIX)
		address_len = offsetof(struct sockaddr_un, sun_path) + 1 +
			      sprintf(address.un.sun_path + 1, "errnos-%d", names++);
	else if (k->family == AF_NETLINK)
		address_len = sizeof(address.nl);
	else
		address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* Sets address to a peer: a socket to which connect() and sendto() succeed, except for AF_UNIX. */
static void peer_address(const struct kind *k)
{
	free_address(k);
	if (k->family == AF_INET)
		address.in.sin_port = server.sin_port;
}

/* A pair of AF_UNIX; a connection of TCP to the listener. *@other is the peer, or -1. */
static int connected(const struct kind *k, int *other)
{
	int fd, pair[2];

	if (k->family == AF_UNIX) {
		must(!socketpair(AF_UNIX, k->type, 0, pair), "socketpair");
		*other = pair[1];
		return pair[0];
	}
	fd = socket(k->family, k->type, k->protocol);
	must(!connect(fd, (struct sockaddr *)&server, sizeof(server)), "connect");
	if (k->type == SOCK_STREAM) {
		*other = accept(listener, NULL, NULL);
		must(*other >= 0, "accept");
	}
	return fd;
}

static void reset_at_close(int fd)
{
	struct linger now = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void end(const struct kind *k, const char *state, int fd, int *other)
{
	if (!strcmp(state, "reset"))
		reset_at_close(*other);
	close(*other);
	*other = -1;
	if (k->type == SOCK_STREAM)
		wait_for(fd, POLLRDHUP);
}

/* Returns a new socket of @k in @state. */
static int make(const struct kind *k, const char *state, int *other)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd;

	*other = -1;
	if (!k->family) {
		fd = open("/dev/null", O_RDWR);
		must(fd >= 0, "/dev/null");
		if (!strcmp(state, "closed"))
			close(fd);
		return fd;
	}
	if (!strcmp(state, "new") || !strcmp(state, "bound") || !strcmp(state, "listening")) {
		fd = socket(k->family, k->type, k->protocol);
		must(fd >= 0, k->name);
		free_address(k);
		if (strcmp(state, "new"))
			must(!bind(fd, &address.sa, address_len), "bind");
		if (!strcmp(state, "listening"))
			must(!listen(fd, 5), "listen");
	} else if (!strcmp(state, "refused")) {
		fd = socket(k->family, k->type, k->protocol);
		free_address(k);
		address.in.sin_port = htons(CLOSED);
		must(!connect(fd, &address.sa, address_len) && send(fd, "", 1, 0) == 1, "send");
		wait_for(fd, POLLIN);
	} else {
		fd = connected(k, other);
		if (!strcmp(state, "shut"))
			shutdown(fd, SHUT_RDWR);
		else if (!strcmp(state, "ended") || !strcmp(state, "reset"))
			end(k, state, fd, other);
		else if (!strcmp(state, "dissolved"))
			must(!connect(fd, &none, sizeof(none)), "dissolve");
	}
	must(!fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), "fcntl");
	return fd;
}

static void unmake(const struct kind *k, const char *state, int fd, int other)
{
	if (k->type == SOCK_STREAM && k->family == AF_INET)
		reset_at_close(fd);
	if (other >= 0)
		close(other);
	if (strcmp(state, "closed"))
		close(fd);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static const char *name_of(long result)
{
	static char number[24];

	if (result == -1)
		return strerrorname_np(errno);
	sprintf(number, "%ld", result);
	return number;
}

/*
 * Each function below makes its call number @n on @fd and returns the result, with the call's name in *@what; for a number
 * that is too large it leaves *@what NULL.
 */
#define TRY(text, call)                                                                            \
	if (n-- == 0) {                                                                            \
		*what = text;                                                                      \
		return call;                                                                       \
	}

static long with_address(int n, int fd, const char **what)
{
	struct sockaddr *at = &address.sa;
	struct sockaddr_in six = {.sin_family = AF_INET6}, odd = {.sin_family = 99},
			   none = {.sin_family = AF_UNSPEC};
	struct sockaddr_in far = {.sin_family = AF_INET,
				  .sin_addr.s_addr = inet_addr("192.0.2.9"),
				  .sin_port = htons(80)};
	struct sockaddr_in all = {
		.sin_family = AF_INET, .sin_addr.s_addr = INADDR_NONE, .sin_port = htons(80)};
	struct sockaddr_in closed = {.sin_family = AF_INET,
				     .sin_addr.s_addr = inet_addr("127.0.0.1"),
				     .sin_port = htons(CLOSED)};

	TRY("bind null", bind(fd, NULL, address_len))
	TRY("bind kernel", bind(fd, KERNEL, address_len))
	TRY("bind nowhere", bind(fd, NOWHERE, address_len))
	TRY("bind length-0", bind(fd, at, 0))
	TRY("bind length-1", bind(fd, at, 1))
	TRY("bind length-2", bind(fd, at, 2))
	TRY("bind length-129", bind(fd, at, 129))
	TRY("bind length-minus-1", bind(fd, at, -1))
	TRY("bind inet6", bind(fd, (struct sockaddr *)&six, sizeof(six)))
	TRY("bind family-99", bind(fd, (struct sockaddr *)&odd, sizeof(odd)))
	TRY("bind not-ours", bind(fd, (struct sockaddr *)&far, sizeof(far)))
	TRY("bind free", bind(fd, at, address_len))
	TRY("connect null", connect(fd, NULL, address_len))
	TRY("connect kernel", connect(fd, KERNEL, address_len))
	TRY("connect nowhere", connect(fd, NOWHERE, address_len))
	TRY("connect length-0", connect(fd, at, 0))
	TRY("connect length-1", connect(fd, at, 1))
	TRY("connect length-2", connect(fd, at, 2))
	TRY("connect length-129", connect(fd, at, 129))
	TRY("connect length-minus-1", connect(fd, at, -1))
	TRY("connect inet6", connect(fd, (struct sockaddr *)&six, sizeof(six)))
	TRY("connect family-99", connect(fd, (struct sockaddr *)&odd, sizeof(odd)))
	TRY("connect broadcast", connect(fd, (struct sockaddr *)&all, sizeof(all)))
	TRY("connect unspec", connect(fd, (struct sockaddr *)&none, sizeof(none)))
	TRY("connect closed", connect(fd, (struct sockaddr *)&closed, sizeof(closed)))
	TRY("sendto null-address", sendto(fd, "x", 1, MSG_NOSIGNAL, NULL, address_len))
	TRY("sendto kernel-address", sendto(fd, "x", 1, MSG_NOSIGNAL, KERNEL, address_len))
	TRY("sendto length-0", sendto(fd, "x", 1, MSG_NOSIGNAL, at, 0))
	TRY("sendto length-1", sendto(fd, "x", 1, MSG_NOSIGNAL, at, 1))
	TRY("sendto length-129", sendto(fd, "x", 1, MSG_NOSIGNAL, at, 129))
	TRY("sendto length-minus-1", sendto(fd, "x", 1, MSG_NOSIGNAL, at, -1))
	TRY("sendto inet6", sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&six, sizeof(six)))
	TRY("sendto family-99",
	    sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&odd, sizeof(odd)))
	TRY("sendto broadcast",
	    sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&all, sizeof(all)))
	return 0;
}

static long with_name(int n, int fd, const char **what)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at), none = 0, minus = -1;
	struct sockaddr *sa = (struct sockaddr *)&at;

	TRY("listen 0", listen(fd, 0))
	TRY("listen minus-1", listen(fd, -1))
	TRY("accept null", accept(fd, NULL, NULL))
	TRY("accept kernel", accept(fd, KERNEL, &len))
	TRY("accept kernel-length", accept(fd, sa, KERNEL))
	TRY("accept4 flag-1", accept4(fd, NULL, NULL, 1))
	TRY("getsockname good", getsockname(fd, sa, &len))
	TRY("getsockname null", getsockname(fd, NULL, &len))
	TRY("getsockname kernel", getsockname(fd, KERNEL, &len))
	TRY("getsockname null-length", getsockname(fd, sa, NULL))
	TRY("getsockname kernel-length", getsockname(fd, sa, KERNEL))
	TRY("getsockname length-0", getsockname(fd, sa, &none))
	TRY("getsockname length-minus-1", getsockname(fd, sa, &minus))
	TRY("getpeername good", getpeername(fd, sa, &len))
	TRY("getpeername null", getpeername(fd, NULL, &len))
	TRY("getpeername null-length", getpeername(fd, sa, NULL))
	TRY("getpeername length-minus-1", getpeername(fd, sa, &minus))
	TRY("shutdown rd", shutdown(fd, SHUT_RD))
	TRY("shutdown wr", shutdown(fd, SHUT_WR))
	TRY("shutdown rdwr", shutdown(fd, SHUT_RDWR))
	TRY("shutdown 3", shutdown(fd, 3))
	TRY("shutdown minus-1", shutdown(fd, -1))
	return 0;
}

#define SEND     MSG_NOSIGNAL
#define MSG(...) &((struct msghdr){__VA_ARGS__})

static long sending(int n, int fd, const char **what)
{
	struct iovec one = {bytes, 1}, bad = {KERNEL, 1}, long_ = {bytes, -1}, none = {NULL, 0};
	struct cmsghdr odd = {.cmsg_len = sizeof(odd), .cmsg_level = SOL_SOCKET, .cmsg_type = 99},
		       cut = {.cmsg_len = 3, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};

	TRY("send 1", send(fd, bytes, 1, SEND))
	TRY("send 0", send(fd, bytes, 0, SEND))
	TRY("send null", send(fd, NULL, 1, SEND))
	TRY("send null-0", send(fd, NULL, 0, SEND))
	TRY("send kernel", send(fd, KERNEL, 1, SEND))
	TRY("send nowhere", send(fd, NOWHERE, 1, SEND))
	TRY("send oob", send(fd, bytes, 1, SEND | MSG_OOB))
	TRY("send peek", send(fd, bytes, 1, SEND | MSG_PEEK))
	TRY("send errqueue", send(fd, bytes, 1, SEND | MSG_ERRQUEUE))
	TRY("send zerocopy", send(fd, bytes, 1, SEND | MSG_ZEROCOPY))
	TRY("send fastopen", send(fd, bytes, 1, SEND | MSG_FASTOPEN))
	TRY("send 66000", send(fd, bytes, 66000, SEND) < 0 ? -1 : 0)
	TRY("write 0", write(fd, bytes, 0))
	TRY("write kernel", write(fd, KERNEL, 1))
	TRY("writev none", writev(fd, &one, 0))
	TRY("writev minus-1", writev(fd, &one, -1))
	TRY("writev 1025", writev(fd, &one, 1025))
	TRY("writev null", writev(fd, NULL, 1))
	TRY("sendmsg null", sendmsg(fd, NULL, SEND))
	TRY("sendmsg kernel", sendmsg(fd, KERNEL, SEND))
	TRY("sendmsg no-iov", sendmsg(fd, MSG(), SEND))
	TRY("sendmsg null-iov", sendmsg(fd, MSG(.msg_iovlen = 1), SEND))
	TRY("sendmsg kernel-iov", sendmsg(fd, MSG(.msg_iov = KERNEL, .msg_iovlen = 1), SEND))
	TRY("sendmsg iov-1025", sendmsg(fd, MSG(.msg_iov = &one, .msg_iovlen = 1025), SEND))
	TRY("sendmsg empty", sendmsg(fd, MSG(.msg_iov = &none, .msg_iovlen = 1), SEND))
	TRY("sendmsg kernel-bytes", sendmsg(fd, MSG(.msg_iov = &bad, .msg_iovlen = 1), SEND))
	TRY("sendmsg too-long", sendmsg(fd, MSG(.msg_iov = &long_, .msg_iovlen = 1), SEND))
	TRY("sendmsg namelen-minus-1",
	    sendmsg(fd,
		    MSG(.msg_iov = &one, .msg_iovlen = 1, .msg_name = &address, .msg_namelen = -1),
		    SEND))
	TRY("sendmsg kernel-name",
	    sendmsg(fd,
		    MSG(.msg_iov = &one, .msg_iovlen = 1, .msg_name = KERNEL, .msg_namelen = 16),
		    SEND))
	TRY("sendmsg kernel-control", sendmsg(fd,
					      MSG(.msg_iov = &one, .msg_iovlen = 1,
						  .msg_control = KERNEL, .msg_controllen = 16),
					      SEND))
	TRY("sendmsg long-control", sendmsg(fd,
					    MSG(.msg_iov = &one, .msg_iovlen = 1,
						.msg_control = bytes, .msg_controllen = 1UL << 40),
					    SEND))
	TRY("sendmsg odd-control", sendmsg(fd,
					   MSG(.msg_iov = &one, .msg_iovlen = 1,
					       .msg_control = &odd, .msg_controllen = sizeof(odd)),
					   SEND))
	TRY("sendmsg cut-control", sendmsg(fd,
					   MSG(.msg_iov = &one, .msg_iovlen = 1,
					       .msg_control = &cut, .msg_controllen = sizeof(cut)),
					   SEND))
	TRY("sendmmsg null", sendmmsg(fd, NULL, 1, SEND))
	TRY("sendmmsg none", sendmmsg(fd, NULL, 0, SEND))
	return 0;
}

static long receiving(int n, int fd, const char **what)
{
	struct iovec one = {bytes, 1}, bad = {KERNEL, 1};
	struct sockaddr_storage at;
	socklen_t len = sizeof(at), minus = -1;

	TRY("recv 1", recv(fd, bytes, 1, 0))
	TRY("recv 0", recv(fd, bytes, 0, 0))
	TRY("recv kernel", recv(fd, KERNEL, 1, 0))
	TRY("recv null", recv(fd, NULL, 1, 0))
	TRY("recv peek", recv(fd, bytes, 1, MSG_PEEK))
	TRY("recv oob", recv(fd, bytes, 1, MSG_OOB))
	TRY("recv errqueue", recv(fd, bytes, 1, MSG_ERRQUEUE))
	TRY("recv waitall", recv(fd, bytes, 1, MSG_WAITALL))
	TRY("recv trunc", recv(fd, bytes, 1, MSG_TRUNC))
	TRY("read 0", read(fd, bytes, 0))
	TRY("read kernel", read(fd, KERNEL, 1))
	TRY("readv minus-1", readv(fd, &one, -1))
	TRY("readv 1025", readv(fd, &one, 1025))
	TRY("recvfrom kernel-address", recvfrom(fd, bytes, 1, 0, KERNEL, &len))
	TRY("recvfrom kernel-length", recvfrom(fd, bytes, 1, 0, (struct sockaddr *)&at, KERNEL))
	TRY("recvfrom length-minus-1", recvfrom(fd, bytes, 1, 0, (struct sockaddr *)&at, &minus))
	TRY("recvmsg null", recvmsg(fd, NULL, 0))
	TRY("recvmsg kernel", recvmsg(fd, KERNEL, 0))
	TRY("recvmsg kernel-iov", recvmsg(fd, MSG(.msg_iov = KERNEL, .msg_iovlen = 1), 0))
	TRY("recvmsg iov-1025", recvmsg(fd, MSG(.msg_iov = &one, .msg_iovlen = 1025), 0))
	TRY("recvmsg kernel-bytes", recvmsg(fd, MSG(.msg_iov = &bad, .msg_iovlen = 1), 0))
	TRY("recvmsg namelen-minus-1",
	    recvmsg(fd, MSG(.msg_iov = &one, .msg_iovlen = 1, .msg_name = &at, .msg_namelen = -1),
		    0))
	TRY("recvmmsg null", recvmmsg(fd, NULL, 1, 0, NULL))
	return 0;
}

static long polled(int fd)
{
	struct pollfd p = {fd, 0x7fff, 0};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static long others(int n, int fd, const char **what)
{
	int value = 1;

	TRY("poll all", polled(fd))
	TRY("ioctl FIONREAD", ioctl(fd, FIONREAD, &value))
	TRY("ioctl FIONREAD-kernel", ioctl(fd, FIONREAD, KERNEL))
	TRY("ioctl SIOCOUTQ", ioctl(fd, SIOCOUTQ, &value))
	TRY("ioctl SIOCOUTQ-kernel", ioctl(fd, SIOCOUTQ, KERNEL))
	TRY("ioctl SIOCATMARK", ioctl(fd, SIOCATMARK, &value))
	TRY("ioctl FIONBIO-kernel", ioctl(fd, FIONBIO, KERNEL))
	TRY("ioctl 0x1234", ioctl(fd, 0x1234, &value))
	TRY("lseek 0", lseek(fd, 0, SEEK_SET))
	TRY("pread 1", pread(fd, bytes, 1, 0))
	TRY("ftruncate 0", ftruncate(fd, 0))
	TRY("fsync none", fsync(fd))
	TRY("getsockopt level-99", getsockopt(fd, 99, 1, &value, &(socklen_t){4}))
	TRY("setsockopt level-99", setsockopt(fd, 99, 1, &value, 4))
	TRY("getsockopt level-6", getsockopt(fd, 6, 1, &value, &(socklen_t){4}))
	TRY("setsockopt level-6", setsockopt(fd, 6, 1, &value, 4))
	TRY("getsockopt level-17", getsockopt(fd, 17, 1, &value, &(socklen_t){4}))
	TRY("setsockopt level-17", setsockopt(fd, 17, 1, &value, 4))
	TRY("getsockopt level-0", getsockopt(fd, 0, 1, &value, &(socklen_t){4}))
	TRY("setsockopt level-0", setsockopt(fd, 0, 1, &value, 4))
	return 0;
}

static long (*const groups[])(int n, int fd, const char **what) = {with_address, with_name, sending,
								   receiving, others};

static void play_calls(const struct kind *k, const char *state)
{
	for (unsigned int g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (int n = 0;; n++) {
			const char *what = NULL;
			int other, fd = make(k, state, &other);
			long result;

			peer_address(k);
			if (groups[g] == with_address && n < 12)
				free_address(k);
			result = groups[g](n, fd, &what);
			if (what)
				printf("%s %s %s -> %s\n", what, k->name, state, name_of(result));
			unmake(k, state, fd, other);
			if (!what)
				break;
		}
	}
}

/* ---- socket(), socketpair() -------------------------------------------------------------------------------------- */

static void play_creation(void)
{
	static const int args[][3] = {
		{-1, 1, 0}, {0, 1, 0},  {99, 1, 0},  {2, 0, 0},    {2, 4, 0},        {2, 5, 0},
		{2, 6, 0},  {2, 11, 0}, {2, 15, 0},  {2, 16, 0},   {2, 1 | 0x40, 0}, {2, 1, 17},
		{2, 1, 1},  {2, 1, -1}, {2, 1, 256}, {2, 1, 1000}, {2, 2, 6},        {2, 2, 255},
		{2, 2, 2},  {1, 0, 0},  {1, 4, 0},   {1, 1, 1},    {1, 1, 2},        {1, 1, -1},
		{1, 11, 0}, {16, 1, 0}, {16, 5, 0},  {16, 3, -1},  {16, 3, 32},      {16, 3, 99}};
	int pair[2];

	for (unsigned int i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		int fd = socket(args[i][0], args[i][1], args[i][2]);

		printf("socket %d,%d,%d none none -> %s\n", args[i][0], args[i][1], args[i][2],
		       fd < 0 ? name_of(-1) : "0");
		if (fd >= 0)
			close(fd);
		fd = socketpair(args[i][0], args[i][1], args[i][2], pair);
		printf("socketpair %d,%d,%d none none -> %s\n", args[i][0], args[i][1], args[i][2],
		       name_of(fd));
		if (!fd)
			close(pair[0]), close(pair[1]);
	}
	printf("socketpair null none none -> %s\n",
	       name_of(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL)));
	printf("socketpair kernel none none -> %s\n",
	       name_of(socketpair(AF_UNIX, SOCK_STREAM, 0, KERNEL)));
}

/* ---- options ------------------------------------------------------------------------------------------------------- */

static void set(int fd, int level, int name, const void *value, socklen_t len)
{
	printf(" %s", name_of(setsockopt(fd, level, name, value, len)));
}

/* Prints the error, or the length that the kernel returned. */
static void get(int fd, int level, int name, void *value, socklen_t *len)
{
	int err = getsockopt(fd, level, name, value, len);

	if (err)
		printf(" %s", name_of(err));
	else
		printf(" %u", *len);
}

static void play_option(const struct kind *k, const char *state, int level, int name)
{
	static const int values[] = {-1, 0, 1, 1 << 30};
	char value[256] = "";
	int other, fd = make(k, state, &other);

	printf("option %d,%d %s %s -> set", level, name, k->name, state);
	set(fd, level, name, value, 0);
	set(fd, level, name, value, 1);
	set(fd, level, name, value, -1);
	set(fd, level, name, NULL, 4);
	set(fd, level, name, KERNEL, 4);
	for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		set(fd, level, name, &values[i], 4);
	printf(" get");
	get(fd, level, name, value, NULL);
	get(fd, level, name, value, &(socklen_t){-1});
	get(fd, level, name, value, &(socklen_t){0});
	get(fd, level, name, value, &(socklen_t){1});
	get(fd, level, name, NULL, &(socklen_t){4});
	get(fd, level, name, value, &(socklen_t){4});
	get(fd, level, name, value, &(socklen_t){64});
	printf("\n");
	unmake(k, state, fd, other);
}

static void play_options(const struct kind *k, const char *state)
{
	for (int name = 0; name <= 75; name++)
		play_option(k, state, SOL_SOCKET, name);
	if (k->family != AF_INET)
		return;
	for (int name = 0; name <= 52; name++)
		play_option(k, state, IPPROTO_IP, name);
	if (k->type == SOCK_STREAM)
		for (int name = 0; name <= 46; name++)
			play_option(k, state, IPPROTO_TCP, name);
	else if (!k->protocol)
		for (int name = 0; name <= 105; name = name == 2 ? 99 : name + 1)
			play_option(k, state, IPPROTO_UDP, name);
}

int main(void)
{
	socklen_t len = sizeof(server);

	signal(SIGPIPE, SIG_IGN);
	server = (struct sockaddr_in){.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(listener, (struct sockaddr *)&server, sizeof(server)) && !listen(listener, 8),
	     "listen");
	must(!getsockname(listener, (struct sockaddr *)&server, &len), "getsockname");
	play_creation();
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned int s = 0; kinds[i].states[s]; s++) {
			play_calls(&kinds[i], kinds[i].states[s]);
			if (strstr(kinds[i].with_options, kinds[i].states[s]) && kinds[i].family)
				play_options(&kinds[i], kinds[i].states[s]);
		}
	}
	printf("errnos: all calls were made\n");
	return 0;
}

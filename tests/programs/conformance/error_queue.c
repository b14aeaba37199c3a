/* SPDX-License-Identifier: MIT */
/* The error queue of a socket and the control messages of recvmsg(), on loopback. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "check.h"

struct received {
	struct msghdr msg;
	long result;
	char bytes[64], name[64];
	_Alignas(8) char control[256];
};

/* Reads with room for @size bytes and @room bytes of control messages. */
static void receive(struct received *r, int fd, size_t size, size_t room, int flags)
{
	struct iovec iov = {r->bytes, size};

	memset(r, 0, sizeof(*r));
	r->msg = (struct msghdr){.msg_name = r->name,
				 .msg_namelen = sizeof(r->name),
				 .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = r->control,
				 .msg_controllen = room};
	r->result = recvmsg(fd, &r->msg, flags);
}

static struct cmsghdr *message(struct received *r, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&r->msg); c; c = CMSG_NXTHDR(&r->msg, c)) {
		if (c->cmsg_level == level && c->cmsg_type == type)
			return c;
	}
	return NULL;
}

static int has_error(int fd)
{
	struct pollfd p = {fd, 0, 0};

	return poll(&p, 1, 5000) == 1 && p.revents == POLLERR;
}

static void connect_pair(int *c, int *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	bind(l, (void *)&address, sizeof(address));
	listen(l, 1);
	getsockname(l, (void *)&address, &size);
	*c = socket(AF_INET, SOCK_STREAM, 0);
	IS(connect(*c, (void *)&address, sizeof(address)), 0);
	*s = accept(l, NULL, NULL);
	TRUE(*s >= 0);
	close(l);
}

static const struct sock_extended_err *error_of(struct received *r)
{
	static const struct sock_extended_err none;
	struct cmsghdr *c = message(r, SOL_IP, IP_RECVERR);

	return c ? (void *)CMSG_DATA(c) : &none;
}

static void check_zero_copy(int c)
{
	const int one = 1;
	struct received r;

	/* MSG_ERRQUEUE does not wait for a report, although the socket is blocking. */
	receive(&r, c, 16, sizeof(r.control), MSG_ERRQUEUE);
	IS(r.result, -1);
	IS(setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)), 0);
	IS(send(c, "zero", 4, MSG_ZEROCOPY), 4);
	TRUE(has_error(c));
	receive(&r, c, 16, sizeof(r.control), MSG_ERRQUEUE);
	IS(r.result, 0);
	IS(r.msg.msg_flags, MSG_ERRQUEUE);
	IS(r.msg.msg_namelen, 0);
	IS(r.msg.msg_controllen,
	   CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in)));
	TRUE(message(&r, SOL_IP, IP_RECVERR));
	IS(CMSG_FIRSTHDR(&r.msg)->cmsg_len, 48);
	IS(error_of(&r)->ee_errno, 0);
	IS(error_of(&r)->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	IS(error_of(&r)->ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	IS(error_of(&r)->ee_info, 0);
	IS(error_of(&r)->ee_data, 0);
	IS(((struct sockaddr_in *)(error_of(&r) + 1))->sin_family, AF_UNSPEC);
}

/* If there is too little room for a control message, the message is cut or left out. */
static void check_short_room(int c)
{
	struct received r;

	IS(send(c, "zero", 4, MSG_ZEROCOPY), 4);
	TRUE(has_error(c));
	receive(&r, c, 16, 21, MSG_ERRQUEUE);
	IS(r.result, 0);
	IS(r.msg.msg_flags, MSG_ERRQUEUE | MSG_CTRUNC);
	IS(r.msg.msg_controllen, 21);
	IS(((struct cmsghdr *)r.control)->cmsg_len, 21);
	IS(r.control[20], SO_EE_ORIGIN_ZEROCOPY);
	IS(r.control[21], 0);
	IS(send(c, "zero", 4, MSG_ZEROCOPY), 4);
	TRUE(has_error(c));
	receive(&r, c, 16, 15, MSG_ERRQUEUE);
	IS(r.result, 0);
	IS(r.msg.msg_flags, MSG_ERRQUEUE | MSG_CTRUNC);
	IS(r.msg.msg_controllen, 0);
	IS(send(c, "zero", 4, MSG_ZEROCOPY), 4);
	TRUE(has_error(c));
	IS(recv(c, r.bytes, 16, MSG_ERRQUEUE), 0);
}

/* Reads the time of the event @event, which is not before @earliest; returns it in ns. */
static long long read_time(int c, int event, long long earliest)
{
	struct scm_timestamping t = {0};
	struct received r;
	struct cmsghdr *m;
	long long ns;

	TRUE(has_error(c));
	receive(&r, c, 16, sizeof(r.control), MSG_ERRQUEUE);
	IS(r.result, 0);
	IS(r.msg.msg_flags, MSG_ERRQUEUE);
	IS(r.msg.msg_controllen, CMSG_SPACE(sizeof(t)) + 48);
	m = message(&r, SOL_SOCKET, SCM_TIMESTAMPING);
	TRUE(m && m == CMSG_FIRSTHDR(&r.msg));
	if (m)
		memcpy(&t, CMSG_DATA(m), sizeof(t));
	IS(t.ts[1].tv_sec | t.ts[1].tv_nsec | t.ts[2].tv_sec | t.ts[2].tv_nsec, 0);
	ns = t.ts[0].tv_sec * 1000000000ll + t.ts[0].tv_nsec;
	TRUE(ns >= earliest);
	IS(error_of(&r)->ee_errno, ENOMSG);
	IS(error_of(&r)->ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
	IS(error_of(&r)->ee_info, event);
	IS(error_of(&r)->ee_data, 9);
	return ns;
}

static void check_times(int c)
{
	const int flags = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
			  SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE |
			  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY |
			  (1 << 16) /* SOF_TIMESTAMPING_OPT_ID_TCP */;
	struct timespec now;
	long long ns;
	int got[2] = {0};
	socklen_t size = sizeof(got);

	IS(setsockopt(c, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0);
	IS(getsockopt(c, SOL_SOCKET, SO_TIMESTAMPING, got, &size), 0);
	IS(size, sizeof(got));
	IS(got[0], flags);
	clock_gettime(CLOCK_REALTIME, &now);
	ns = now.tv_sec * 1000000000ll + now.tv_nsec;
	IS(send(c, "ten bytes.", 10, 0), 10);
	ns = read_time(c, SCM_TSTAMP_SCHED, ns);
	ns = read_time(c, SCM_TSTAMP_SND, ns);
	ns = read_time(c, SCM_TSTAMP_ACK, ns);
	clock_gettime(CLOCK_REALTIME, &now);
	TRUE(now.tv_sec * 1000000000ll + now.tv_nsec >= ns);
	FAILS(recv(c, &size, sizeof(size), MSG_ERRQUEUE), EAGAIN);
}

static void check_unread(int c, int s)
{
	const int one = 1;
	struct received r;
	int unread = -1;

	IS(setsockopt(s, SOL_TCP, TCP_INQ, &one, sizeof(one)), 0);
	IS(send(c, "0123456789", 10, 0), 10);
	receive(&r, s, 16, sizeof(r.control),
		MSG_WAITALL); /* sent by check_zero_copy() and check_short_room() */
	IS(r.result, 16);
	receive(&r, s, 14, sizeof(r.control), MSG_WAITALL);
	IS(r.result, 14);
	IS(r.msg.msg_flags, 0);
	IS(r.msg.msg_controllen, CMSG_SPACE(sizeof(unread)));
	TRUE(message(&r, SOL_TCP, TCP_CM_INQ));
	memcpy(&unread, CMSG_DATA(CMSG_FIRSTHDR(&r.msg)), sizeof(unread));
	IS(unread, 6);
	receive(&r, s, 6, 0, 0);
	IS(r.result, 6);
	IS(r.msg.msg_flags, MSG_CTRUNC);
}

/* SO_ZEROCOPY, which reports the end of a write, is for TCP sockets only. */
static void check_other_sockets(void)
{
	const int one = 1;
	int s[2];

	IS(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	FAILS(setsockopt(s[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)), EOPNOTSUPP);
	IS(close(s[0]), 0);
	IS(close(s[1]), 0);
}

void check_error_queue(void)
{
	int c = -1, s = -1;

	connect_pair(&c, &s);
	check_zero_copy(c);
	check_short_room(c);
	check_times(c);
	check_unread(c, s);
	check_other_sockets();
	IS(close(c), 0);
	IS(close(s), 0);
}

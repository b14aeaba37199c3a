/* SPDX-License-Identifier: MIT */
/*
 * A program learns when its datagrams were sent (SO_TIMESTAMPING, OPT_ID) and received (SIOCGSTAMP),
 * and how many were dropped (SO_RXQ_OVFL). Over loopback the
 * results are those of Linux (beside.h).
 */
#include "tests/hosted/udp_calls.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <time.h>

static _Alignas(8) char control[256];

/* Notes the messages of the error queue: which event, of which datagram, and whether with its time. */
static void note_times(const char *when, int fd)
{
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr msg;
	int64_t result;

	note_poll(when, fd);
	for (;;) {
		msg = (struct msghdr){.msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control)};
		result = on(SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE | MSG_DONTWAIT);
		note(when, result);
		if (result < 0)
			return;
		note("flags", msg.msg_flags);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			const struct sock_extended_err *e = (void *)CMSG_DATA(c);

			note("level", c->cmsg_level);
			note("message", c->cmsg_type);
			note("its length", c->cmsg_len);
			if (c->cmsg_level != SOL_IP)
				continue;
			note("errno", e->ee_errno);
			note("origin", e->ee_origin);
			note("event", e->ee_info);
			note("number", e->ee_data);
		}
	}
}

#define OPT_ID_TCP (1 << 16) /* not in the headers of older systems */
#define TSONLY     SOF_TIMESTAMPING_OPT_TSONLY
#define BOTH       (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED)

static void times_of_sent_datagrams(void)
{
	static const int flags[] = {
		SOF_TIMESTAMPING_SOFTWARE | TSONLY,
		TSONLY | SOF_TIMESTAMPING_TX_SOFTWARE,
		TSONLY | SOF_TIMESTAMPING_TX_SCHED,
		TSONLY | SOF_TIMESTAMPING_TX_ACK,
		TSONLY | SOF_TIMESTAMPING_SOFTWARE | BOTH,
		TSONLY | SOF_TIMESTAMPING_SOFTWARE | BOTH | SOF_TIMESTAMPING_OPT_ID,
		TSONLY | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED |
			SOF_TIMESTAMPING_OPT_ID,
		TSONLY | SOF_TIMESTAMPING_OPT_ID,
		TSONLY | SOF_TIMESTAMPING_OPT_ID | BOTH,
	};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	note("OPT_ID_TCP without OPT_ID", set_option(a, SOL_SOCKET, SO_TIMESTAMPING, OPT_ID_TCP));
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		note("set", set_option(a, SOL_SOCKET, SO_TIMESTAMPING, flags[i]));
		for (unsigned int n = 0; n < 3; n++)
			send_to(a, port, "abc");
		note_times("three datagrams", a);
	}
	/* Writes that become one datagram have one number, and so has a write that becomes several. */
	set_option(a, SOL_UDP, UDP_CORK, 1);
	send_to(a, port, "abc");
	send_to(a, port, "def");
	set_option(a, SOL_UDP, UDP_CORK, 0);
	note_times("two writes", a);
	set_option(a, SOL_UDP, UDP_SEGMENT, 2);
	send_to(a, port, "abcdefgh");
	set_option(a, SOL_UDP, UDP_SEGMENT, 0);
	note_times("four datagrams", a);
	/* A datagram that cannot be sent has no number. */
	connect_to(a, port);
	note("too long", on(SYS_write, a, PTR(bytes), 65508));
	send_to(a, port, "abc");
	note_times("after an error", a);
	/* OPT_ID, switched on again, counts from 0. */
	set_option(a, SOL_SOCKET, SO_TIMESTAMPING, TSONLY | BOTH);
	set_option(a, SOL_SOCKET, SO_TIMESTAMPING, TSONLY | BOTH | SOF_TIMESTAMPING_OPT_ID);
	send_to(a, port, "abc");
	note_times("counted again", a);
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(times_of_sent_datagrams)

/* Sends three bytes with a control message SO_TIMESTAMPING of @len bytes. */
static int64_t send_with(int fd, uint16_t port, uint32_t tsflags, size_t len)
{
	const uint32_t data[2] = {tsflags, 0};
	struct sockaddr_in to = self(port);
	struct iovec iov = {bytes, 3};
	struct msghdr msg = {.msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = CMSG_SPACE(len)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_len = CMSG_LEN(len);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	memcpy(CMSG_DATA(c), data, len);
	return on(SYS_sendmsg, fd, PTR(&msg), 0);
}

/* A control message chooses the events of one datagram. */
static void times_of_one_datagram(void)
{
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	set_option(a, SOL_SOCKET, SO_TIMESTAMPING,
		   TSONLY | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
	send_to(a, port, "abc");
	note_times("not wanted", a);
	note("sent", send_with(a, port, SOF_TIMESTAMPING_TX_SOFTWARE, 4));
	note_times("software", a);
	note("sent", send_with(a, port, SOF_TIMESTAMPING_TX_SCHED, 4));
	note_times("schedule", a);
	send_to(a, port, "abc");
	note_times("not wanted", a);
	note("a bit of the option", send_with(a, port, SOF_TIMESTAMPING_SOFTWARE, 4));
	note("an option's bit too", send_with(a, port, BOTH | SOF_TIMESTAMPING_OPT_ID, 4));
	note("too long", send_with(a, port, SOF_TIMESTAMPING_TX_SCHED, 8));
	note("too short", send_with(a, port, SOF_TIMESTAMPING_TX_SCHED, 2));
	note_times("none was sent", a);
	set_option(a, SOL_SOCKET, SO_TIMESTAMPING, TSONLY | BOTH | SOF_TIMESTAMPING_OPT_ID);
	note("not this one", send_with(a, port, 0, 4));
	note_times("not wanted", a);
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(times_of_one_datagram)

/* Reads a datagram. Returns the number in its message SO_RXQ_OVFL, -1 if it has none, -2 without a datagram. */
static int64_t dropped_before(int fd)
{
	struct iovec iov = {bytes, 100};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	uint32_t n;

	if (on(SYS_recvmsg, fd, PTR(&msg), MSG_DONTWAIT) < 0)
		return -2;
	c = CMSG_FIRSTHDR(&msg);
	if (!c)
		return -1;
	note("level", c->cmsg_level);
	note("message", c->cmsg_type);
	note("its length", c->cmsg_len);
	memcpy(&n, CMSG_DATA(c), sizeof(n));
	return n;
}

/*
 * Linux and the kernel charge different sizes for a packet, so the numbers of dropped datagrams are
 * not compared with each other; each is compared with the datagrams that are missing.
 */
static void dropped_datagrams(void)
{
	enum { SENT = 300 };
	int a = udp_socket(), b = udp_socket(), received = 0;
	uint16_t port = bind_any(b);

	note("off", option(b, SOL_SOCKET, SO_RXQ_OVFL));
	note("set", set_option(b, SOL_SOCKET, SO_RXQ_OVFL, 1));
	note("on", option(b, SOL_SOCKET, SO_RXQ_OVFL));
	set_option(b, SOL_SOCKET, SO_RCVBUF, 1);
	for (unsigned int i = 0; i < SENT; i++)
		send_to(a, port, "abc");
	note("before the first drop", dropped_before(b));
	for (received = 1; dropped_before(b) == -1;)
		received++;
	send_to(a, port, "abc");
	note("all drops", dropped_before(b) == SENT - received);
	send_to(a, port, "abc");
	note("still", dropped_before(b) == SENT - received);
	set_option(b, SOL_SOCKET, SO_RXQ_OVFL, 0);
	send_to(a, port, "abc");
	note("switched off", dropped_before(b));
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(dropped_datagrams)

/* Notes whether SIOCGSTAMPNS returns a time of the last second, and SIOCGSTAMP the same one. */
static void note_stamp(const char *what, int fd)
{
	struct timespec now, ns = {0};
	struct timeval us = {0};
	int64_t err = on(SYS_ioctl, fd, SIOCGSTAMPNS_OLD, PTR(&ns));

	note(what, err);
	note(what, on(SYS_ioctl, fd, SIOCGSTAMP_OLD, PTR(&us)));
	if (err)
		return;
	on(SYS_clock_gettime, CLOCK_REALTIME, PTR(&now));
	note("in the last second", now.tv_sec - ns.tv_sec <= 1 && now.tv_sec >= ns.tv_sec);
	note("the same time", us.tv_sec == ns.tv_sec && us.tv_usec == ns.tv_nsec / 1000);
}

static void stamps(void)
{
	int a = udp_socket(), b = udp_socket(), c = udp_socket(), ends[2];
	uint16_t port = bind_any(b);
	struct timespec first, second;

	note_stamp("nothing was read", b);
	send_to(a, port, "abc");
	note_stamp("not read", b);
	recv_some(b, 10, 0);
	note_stamp("read", b);
	note("the same again", on(SYS_ioctl, b, SIOCGSTAMPNS_OLD, PTR(&first)));
	note("the same again", on(SYS_ioctl, b, SIOCGSTAMPNS_OLD, PTR(&second)));
	note("it does not move", first.tv_sec == second.tv_sec && first.tv_nsec == second.tv_nsec);
	send_to(a, port, "abc");
	recv_some(b, 10, 0);
	note_stamp("the next", b);
	note("bad pointer", on(SYS_ioctl, b, SIOCGSTAMPNS_OLD, 8));
	/* With SO_TIMESTAMP the times are in control messages. */
	port = bind_any(c);
	set_option(c, SOL_SOCKET, SO_TIMESTAMP, 1);
	send_to(a, port, "abc");
	recv_some(c, 10, 0);
	note_stamp("with SO_TIMESTAMP", c);
	tcp_over_loopback(ends);
	on(SYS_write, ends[0], PTR("x"), 1);
	on(SYS_read, ends[1], PTR(bytes), 1);
	note_stamp("of a stream", ends[1]);
	on(SYS_close, ends[0]);
	on(SYS_close, ends[1]);
	on(SYS_close, a);
	on(SYS_close, c);
	on(SYS_close, b);
}
BESIDE_LINUX(stamps)

/*
 * Without OPT_TSONLY the message has the datagram as the driver got it, with all headers
 * (Documentation/networking/timestamping.rst). Of a datagram in fragments, the first is reported.
 */
static void the_packet_with_its_headers(void)
{
	enum { HEADERS = 14 + 20 + 8 };
	int a = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(scene_connect(A, a, B, 9), 0);
	assert_int_equal(scene_set(A, a, SOL_SOCKET, SO_TIMESTAMPING, BOTH), 0);
	scene_fill((uint8_t *)bytes + 2000, 2000, 5);
	for (unsigned int n = 100; n <= 2000; n += 1900) {
		unsigned int first = n == 100 ? n : 1480 - 8;

		assert_int_equal(scene_call(A, SYS_write, a, PTR(bytes + 2000), n), n);
		scene_sleep(10 * MS);
		for (unsigned int event = 0; event < 2; event++) {
			int64_t got = scene_call(A, SYS_recvfrom, a, PTR(bytes), 2000, MSG_ERRQUEUE,
						 0, 0);

			assert_int_equal(got, HEADERS + first);
			assert_memory_equal(bytes + HEADERS, bytes + 2000, first);
		}
		assert_int_equal(
			scene_call(A, SYS_recvfrom, a, PTR(bytes), 2000, MSG_ERRQUEUE, 0, 0),
			-EAGAIN);
		/* the error of the closed port */
		scene_call(A, SYS_recvfrom, a, PTR(bytes), 2000, MSG_DONTWAIT, 0, 0);
	}
	scene_close(A, a);
}

/* Ping sockets report times, too: each request has its number. */
static void times_of_pings(void)
{
	int fd = scene_call(A, SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	struct iovec iov = {bytes, sizeof(bytes)};
	char request[16] = {8};

	assert_int_equal(scene_connect(A, fd, B, 0), 0);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_TIMESTAMPING,
				   TSONLY | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
					   SOF_TIMESTAMPING_TX_SOFTWARE),
			 0);
	for (unsigned int i = 0; i < 3; i++) {
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control,
				     .msg_controllen = sizeof(control)};
		const struct scm_timestamping *tss;
		const struct sock_extended_err *e;
		struct cmsghdr *c;

		assert_int_equal(scene_call(A, SYS_write, fd, PTR(request), 16), 16);
		assert_int_equal(scene_call(A, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE), 0);
		c = CMSG_FIRSTHDR(&msg);
		assert_non_null(c);
		assert_int_equal(c->cmsg_type, SCM_TIMESTAMPING);
		tss = (void *)CMSG_DATA(c);
		assert_int_not_equal(tss->ts[0].tv_sec | tss->ts[0].tv_nsec, 0);
		c = CMSG_NXTHDR(&msg, c);
		assert_non_null(c);
		e = (void *)CMSG_DATA(c);
		assert_int_equal(e->ee_info, SCM_TSTAMP_SND);
		assert_int_equal(e->ee_data, i);
	}
	scene_close(A, fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(times_of_sent_datagrams_as_linux), SCENE(times_of_one_datagram_as_linux),
		SCENE(dropped_datagrams_as_linux),       SCENE(stamps_as_linux),
		SCENE(the_packet_with_its_headers),      SCENE(times_of_pings),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * The error queue: its bounds, and its end with the socket. The packet scripts of
 * tests/packet/scripts/errqueue have the contents of the messages.
 */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "tests/hosted/scene.h"

/* A message of the error queue; ee_origin is 0 if there was none. */
static struct sock_extended_err read_error(struct host *h, int fd)
{
	static _Alignas(8) char control[256];
	struct iovec iov = {NULL, 0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int64_t result = scene_call(h, SYS_recvmsg, fd, PTR(&msg), MSG_ERRQUEUE);

	if (result == -EAGAIN)
		return (struct sock_extended_err){0};
	assert_int_equal(result, 0);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR)
			return *(struct sock_extended_err *)CMSG_DATA(c);
	}
	fail_msg("a message without IP_RECVERR");
	return (struct sock_extended_err){0};
}

static unsigned int errors_until_empty(struct host *h, int fd)
{
	unsigned int n = 0;

	while (read_error(h, fd).ee_origin)
		n++;
	return n;
}

static int64_t write_byte(struct host *h, int fd, int flags)
{
	return scene_call(h, SYS_sendto, fd, PTR("x"), 1, flags, 0, 0);
}

/*
 * Times that a program does not read fill its receive buffer, as in Linux (sock_queue_err_skb()).
 * Further times are dropped and counted; the connection goes on.
 */
static void times_are_charged_to_the_receive_buffer(void)
{
	enum { WRITES = 20, FLAGS = SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_OPT_TSONLY };
	struct pair p = scene_pair();
	unsigned int n;

	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_TIMESTAMPING, FLAGS), 0);
	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_RCVBUF, 1), 0);
	for (unsigned int round = 0; round < 2; round++) {
		scene_mark();
		for (unsigned int i = 0; i < WRITES; i++) {
			assert_int_equal(write_byte(A, p.a, 0), 1);
			scene_sleep(100 * MS);
		}
		assert_true(scene_poll(A, p.a) & POLLERR);
		n = errors_until_empty(A, p.a);
		assert_in_range(n, 2, WRITES / 2);
		assert_int_equal(scene_drops(A, "SOCKET_RCVBUFF"), WRITES - n);
		assert_false(scene_poll(A, p.a) & POLLERR);
	}
	scene_carry(B, p.b, A, p.a, 2000);
	scene_pair_close(&p);
}

/* Leaves unread messages and unacknowledged marked data on A's socket. */
static void leave_messages(struct pair *p)
{
	const int flags = SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_TX_SCHED |
			  SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;

	assert_int_equal(scene_set(A, p->a, SOL_SOCKET, SO_TIMESTAMPING, flags), 0);
	assert_int_equal(write_byte(A, p->a, 0), 1);
	scene_sleep(100 * MS);
	assert_true(scene_poll(A, p->a) & POLLERR);
	assert_int_equal(write_byte(A, p->a, 0), 1);
}

/* The data of a closed socket is still sent; its messages have no reader any more. */
static void a_close_drops_the_messages(void)
{
	struct pair p = scene_pair();

	leave_messages(&p);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(SEC);
	scene_pair_close(&p);
}

/* SO_LINGER with a time of 0 drops the data at once. */
static void an_abort_drops_the_messages(void)
{
	struct pair p = scene_pair();

	leave_messages(&p);
	scene_linger(A, p.a, true, 0);
	scene_close(A, p.a);
	p.a = -1;
	scene_pair_close(&p);
}

/* The peer resets the connection: the messages can still be read. */
static void messages_outlive_the_connection(void)
{
	struct pair p = scene_pair();
	unsigned int n;

	leave_messages(&p);
	scene_linger(B, p.b, true, 0);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(SEC);
	n = errors_until_empty(A, p.a);
	assert_int_equal(n, 5);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(times_are_charged_to_the_receive_buffer),
		SCENE(a_close_drops_the_messages),
		SCENE(an_abort_drops_the_messages),
		SCENE(messages_outlive_the_connection),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * The error queue of a socket: its limits, and what happens to it when the socket closes. The
 * packet scripts of tests/packet/scripts/errqueue check the contents of the messages.
 */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "tests/hosted/scene.h"

/* Reads a message from the error queue of @fd. ee_origin is 0 if the queue was empty. */
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
 * Timestamps that a program does not read fill the socket's receive buffer, as in Linux
 * (sock_queue_err_skb()). Further timestamps are dropped and counted; the connection goes on.
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

/*
 * Each write with MSG_ZEROCOPY needs a message, unless several writes share a segment. The limit is
 * on the messages of writes that the peer has not acknowledged.
 *
 * LIMIT(SOCK_OPTMEM_MAX)
 */
static void so_many_zero_copy_writes_may_be_unreported(void)
{
	enum { MESSAGE = 704, MOST = 131072 / MESSAGE + 1 };
	struct pair p;
	struct sock_extended_err e;
	unsigned int n = 0;
	int64_t result;

	scene_sysctl(A, "net/core/wmem_max", "4000000");
	p = scene_pair();
	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_SNDBUF, 2000000), 0);
	scene_nonblock(A, p.a);
	/*
	 * MSG_EOR ends each segment.  After the segment without MSG_ZEROCOPY, the next write with
	 * MSG_ZEROCOPY needs a message of its own.
	 */
	while ((result = write_byte(A, p.a, MSG_ZEROCOPY | MSG_EOR)) == 1) {
		assert_int_equal(write_byte(A, p.a, MSG_EOR), 1);
		assert_in_range(++n, 1, MOST);
	}
	assert_int_equal(result, -ENOBUFS);
	assert_int_equal(n, MOST);
	assert_int_equal(read_error(A, p.a).ee_origin, 0);

	/*
	 * The messages of the acknowledged writes are merged into one; the refused write has no
	 * number.
	 */
	scene_sleep(20 * SEC);
	e = read_error(A, p.a);
	assert_int_equal(e.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(e.ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	assert_int_equal(e.ee_info, 0);
	assert_int_equal(e.ee_data, MOST - 1);
	assert_int_equal(write_byte(A, p.a, MSG_ZEROCOPY), 1);
	scene_sleep(SEC);
	e = read_error(A, p.a);
	assert_int_equal(e.ee_info, MOST);
	assert_int_equal(e.ee_data, MOST);
	scene_pair_close(&p);
}

/*
 * Leaves on A's socket unread messages, and a written byte for which further messages are due at
 * its ACK.
 */
static void leave_messages(struct pair *p)
{
	const int flags = SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_TX_SCHED |
			  SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;

	assert_int_equal(scene_set(A, p->a, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(scene_set(A, p->a, SOL_SOCKET, SO_TIMESTAMPING, flags), 0);
	assert_int_equal(write_byte(A, p->a, MSG_ZEROCOPY), 1);
	scene_sleep(100 * MS);
	assert_true(scene_poll(A, p->a) & POLLERR);
	assert_int_equal(write_byte(A, p->a, MSG_ZEROCOPY), 1);
}

/*
 * After close() the socket's data is still sent.  Its messages are dropped, because no program can
 * read them any more.
 */
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

/* The peer resets the connection: the messages can still be read. The reset drops the second write's data. */
static void messages_outlive_the_connection(void)
{
	struct pair p = scene_pair();
	struct sock_extended_err e;
	unsigned int n = 0;

	leave_messages(&p);
	scene_linger(B, p.b, true, 0);
	scene_close(B, p.b);
	p.b = -1;
	scene_sleep(SEC);
	while ((e = read_error(A, p.a)).ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
		n++;
	assert_int_equal(n, 3);
	assert_int_equal(e.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(e.ee_info, 0);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(times_are_charged_to_the_receive_buffer),
		SCENE(so_many_zero_copy_writes_may_be_unreported),
		SCENE(a_close_drops_the_messages),
		SCENE(an_abort_drops_the_messages),
		SCENE(messages_outlive_the_connection),
	};

	return scene_play(tests);
}

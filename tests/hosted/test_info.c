/* SPDX-License-Identifier: MIT */
/*
 * TCP_INFO: each number agrees with the wire or with the scene's actions.  Layout and meaning are
 * those of Linux 6.7's include/uapi/linux/tcp.h.  test_info_moves.c tests the fields that only losses,
 * timeouts and ECN marks change.
 */
#include "tests/hosted/info.h"

#define PORT 7
#define MIB  (1 << 20)

#define SIOCOUTQ 0x5411

static unsigned int bytes_on_the_wire(struct host *h)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= scene_count(h, DATA); i++)
		n += scene_nth(h, DATA, i)->len;
	return n;
}

/*
 * getsockopt() returns as much of the struct as the given length permits, and never more than the
 * struct; a negative length is an error.
 */
static void as_much_as_is_asked_for(void)
{
	struct pair p = scene_pair();
	uint8_t bytes[300];

	for (int asked = -1; asked <= 300; asked += 43) {
		socklen_t len = asked;
		int64_t err;

		memset(bytes, 0x55, sizeof(bytes));
		err = scene_call(A, SYS_getsockopt, p.a, IPPROTO_TCP, TCP_INFO, PTR(bytes),
				 PTR(&len));
		assert_int_equal(err, asked < 0 ? -EINVAL : 0);
		if (err)
			continue;
		assert_int_equal(len, asked < INFO_LEN ? asked : INFO_LEN);
		assert_int_equal(bytes[0], asked ? TCP_ESTABLISHED : 0x55);
		for (unsigned int i = len; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0x55);
	}
	scene_pair_close(&p);
}

static void counters_of_both_sides(void)
{
	struct pair p = scene_pair();
	struct info a, b;

	scene_mark();
	scene_carry(A, p.a, B, p.b, 100000);
	scene_sleep(100 * MS);
	a = info_of(A, p.a);
	b = info_of(B, p.b);
	assert_int_equal(a.state, TCP_ESTABLISHED);
	assert_int_equal(a.options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	assert_int_equal(a.bytes_sent, 100000);
	assert_int_equal(a.bytes_acked, 100001); /* Linux counts the SYN, too */
	assert_int_equal(a.bytes_retrans, 0);
	assert_int_equal(a.notsent_bytes, 0);
	assert_int_equal(a.unacked, 0);
	assert_int_equal(a.data_segs_out, scene_count(A, DATA));
	/*
	 * scene_mark() was called after the handshake: A had sent the SYN and the ACK, B the
	 * SYN-ACK.
	 */
	assert_int_equal(a.segs_out, 2 + scene_count(A, TCP));
	assert_int_equal(a.segs_in, 1 + scene_count(B, TCP));
	assert_int_equal(a.data_segs_in, 0);
	assert_int_equal(a.delivered, 1 + scene_count(A, DATA));
	assert_int_equal(a.snd_mss, 1448);
	assert_int_equal(a.advmss, 1448);
	assert_int_equal(a.pmtu, 1500);
	assert_in_range(a.rtt, 2000, 4000); /* in us; the wire takes a millisecond each way */
	assert_int_equal(a.min_rtt, 2000);
	assert_in_range(a.rto, 200000, 260000);
	assert_in_range(a.last_data_sent, 90, 110);
	assert_int_equal(a.snd_wnd, (uint32_t)scene_last(B, ACK)->window << (a.wscales & 15));
	assert_int_equal(b.bytes_received, 100000);
	assert_int_equal(b.data_segs_in, scene_count(A, DATA));
	assert_int_equal(b.bytes_sent, 0);
	assert_int_equal(b.rcv_mss, 1448);
	assert_in_range(b.last_data_recv, 90, 110);
	assert_int_equal(b.rcv_ooopack, 0);
	/* A transfer without losses and marks leaves these at 0. */
	assert_int_equal(a.delivered_ce | a.dsack_dups | a.fackets, 0);
	/* At least one segment per round trip of 2 ms, at most all bytes in one round trip. */
	assert_in_range(a.delivery_rate, 1448 * 500, 100000 * 500);
	scene_pair_close(&p);
}

static void lost_and_late_segments(void)
{
	struct pair p = scene_pair();
	struct info a, b;

	scene_carry(A, p.a, B, p.b, 100000);
	scene_mark();
	scene_drop(A, DATA, 1);
	scene_carry(A, p.a, B, p.b, 14480);
	a = info_of(A, p.a);
	b = info_of(B, p.b);
	assert_int_equal(a.total_retrans, 1);
	assert_int_equal(a.bytes_retrans, 1448);
	assert_int_equal(bytes_on_the_wire(A), 14480 + 1448);
	assert_int_equal(a.bytes_sent, 100000 + 14480 + 1448);
	assert_int_equal(b.rcv_ooopack, 9);
	assert_int_equal(b.bytes_received, 100000 + 14480);
	assert_int_equal(a.reord_seen, 0);
	scene_pair_close(&p);
}

/* The sender's view of a lost segment, before any retransmission is acknowledged. */
static void while_it_is_lost(void)
{
	struct pair p;
	struct info a;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_drop_many(A, DATA, 1, ALWAYS);
	scene_send_all(A, p.a, "x", 1);
	a = info_of(A, p.a);
	assert_int_equal(a.unacked, 1);
	assert_int_equal(a.lost, 0);
	scene_sleep(700 * MS); /* retransmissions after 200 and 600 ms */
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, 4); /* Loss */
	assert_int_equal(a.retransmits, 2);
	assert_int_equal(a.backoff, 2);
	assert_int_equal(a.lost, 1);
	assert_int_equal(a.retrans, 1);
	assert_in_range(a.rto, 800000, 1000000);
	assert_int_equal(a.snd_cwnd, 1);
	assert_int_equal(a.bytes_retrans, 2);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * The times in us that TCP_INFO counts: idle time is not counted, a wait for the network counts as
 * busy time, and a wait for the peer's window counts as busy and as rwnd_limited time.
 */
static void times_of_each_limit(void)
{
	struct pair p = scene_pair();
	struct info a;
	void *bytes = calloc(1, 4 * MIB);
	int64_t ticket;

	scene_sleep(1 * SEC);
	assert_int_equal(info_of(A, p.a).busy_time, 0);
	scene_drop(A, DATA, 1);
	scene_carry(A, p.a, B, p.b, 100);
	scene_sleep(1 * SEC);
	a = info_of(A, p.a);
	assert_in_range(a.busy_time, 200000, 210000); /* a timeout and a round trip */
	assert_int_equal(a.rwnd_limited + a.sndbuf_limited, 0);
	/* B's application does not read: the window closes, and stays closed for ten seconds. */
	ticket = scene_begin(A, SYS_sendto, p.a, PTR(bytes), 4 * MIB, MSG_NOSIGNAL, 0, 0);
	scene_sleep(10 * SEC);
	a = info_of(A, p.a);
	assert_in_range(a.rwnd_limited, 9500000, 10000000);
	assert_in_range(a.busy_time - a.rwnd_limited, 200000, 700000);
	assert_true(a.notsent_bytes > 0);
	scene_interrupt(A, ticket);
	scene_end(A, ticket);
	scene_pair_close(&p);
	free(bytes);
}

/*
 * The send buffer is full, all its data is in flight, and the congestion window would permit more.
 * Until the ACKs arrive, the time counts as limited by the buffer.
 */
static void when_the_buffer_is_too_small(void)
{
	static uint8_t bytes[20000];

	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();
		struct info before, after;

		scene_carry(A, p.a, B, p.b, MIB);
		scene_sleep(100 * MS);
		scene_set(A, p.a, SOL_SOCKET, SO_SNDBUF, i ? 5000 : 2 * MIB);
		before = info_of(A, p.a);
		/* MSG_MORE holds back the last, partial segment. */
		assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR(bytes), sizeof(bytes),
					    MSG_DONTWAIT | MSG_MORE, 0, 0),
				 sizeof(bytes));
		assert_int_equal(scene_poll(A, p.a) & POLLOUT, i ? 0 : POLLOUT);
		scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
		scene_sleep(100 * MS);
		after = info_of(A, p.a);
		assert_true(after.busy_time > before.busy_time);
		if (i)
			assert_in_range(after.sndbuf_limited - before.sndbuf_limited, 1000, 3000);
		else
			assert_int_equal(after.sndbuf_limited, before.sndbuf_limited);
		scene_pair_close(&p);
	}
}

static void of_a_listener(void)
{
	int listener = scene_listen(B, PORT, 5), fd = scene_socket(A);
	struct info b;

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_sleep(10 * MS);
	b = info_of(B, listener);
	assert_int_equal(b.state, TCP_LISTEN);
	assert_int_equal(b.unacked, 1);
	assert_int_equal(b.sacked, 5);
	assert_int_equal(b.rto, 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* Clears the times since the last segments, because they grow while the test runs. */
static struct info timeless(struct info info)
{
	info.last_data_sent = info.last_ack_sent = info.last_data_recv = info.last_ack_recv = 0;
	return info;
}

/*
 * A socket that connects again starts with fresh statistics (Linux's tcp_disconnect()): after
 * losses on both sides its TCP_INFO equals that of a socket that never connected.
 */
static void of_another_connection(void)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct pair p = scene_pair();
	int fresh = scene_socket(A), unsent;
	struct info a, never;

	scene_drop(A, DATA, 1);
	scene_carry(A, p.a, B, p.b, 50000);
	scene_drop(B, DATA, 2);
	scene_carry(B, p.b, A, p.a, 50000);
	assert_int_equal(scene_call(A, SYS_connect, p.a, PTR(&nowhere), sizeof(nowhere)), 0);
	a = timeless(info_of(A, p.a));
	never = timeless(info_of(A, fresh));
	/* Linux does not reset rcv_mss to 0, as on a new socket, but to TCP_MIN_MSS. */
	assert_int_equal(a.rcv_mss, 88);
	a.rcv_mss = never.rcv_mss;
	assert_memory_equal(&a, &never, sizeof(a));
	/* No data waits to be sent. */
	assert_int_equal(scene_call(A, SYS_ioctl, p.a, SIOCOUTQ, PTR(&unsent)), 0);
	assert_int_equal(unsent, 0);
	scene_close(A, fresh);
	assert_int_equal(a.state, TCP_CLOSE);
	assert_int_equal(a.bytes_sent + a.bytes_acked + a.bytes_retrans + a.total_retrans, 0);
	assert_int_equal(a.segs_in + a.segs_out + a.data_segs_out + a.busy_time, 0);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(as_much_as_is_asked_for), SCENE(counters_of_both_sides),
		SCENE(lost_and_late_segments),  SCENE(while_it_is_lost),
		SCENE(times_of_each_limit),     SCENE(when_the_buffer_is_too_small),
		SCENE(of_a_listener),           SCENE(of_another_connection),
	};

	return scene_play(tests);
}

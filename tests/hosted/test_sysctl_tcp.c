/* SPDX-License-Identifier: MIT */
/*
 * The effect of TCP's sysctls.  Each scene tests the default first, unless another scene does, and
 * then another value.  The meaning is that of Linux 4.11's ip-sysctl.txt.
 */
#include "tests/hosted/scene_forge.h"

#define PORT 7

/* ---- the handshake -------------------------------------------------------------------------------- */

static void options_are_offered_or_not(void)
{
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_timestamps", "0");
	p = scene_pair();
	assert_false(scene_nth(A, SYN, 1)->has_ts);
	assert_true(scene_nth(A, SYN, 1)->wscale > 0);
	assert_false(scene_nth(B, SYNACK, 1)->has_ts);
	scene_carry(A, p.a, B, p.b, 5000);
	scene_pair_close(&p);
	scene_sysctl(A, "net/ipv4/tcp_timestamps", "1");
	scene_sysctl(A, "net/ipv4/tcp_window_scaling", "0");
	scene_mark();
	p = scene_pair();
	assert_true(scene_nth(A, SYN, 1)->has_ts);
	assert_int_equal(scene_nth(A, SYN, 1)->wscale, -1);
	assert_int_equal(scene_nth(B, SYNACK, 1)->wscale, -1);
	scene_carry(A, p.a, B, p.b, 200000);
	scene_pair_close(&p);
}

static void options_are_taken_or_not(void)
{
	struct pair p;

	scene_sysctl(B, "net/ipv4/tcp_timestamps", "0");
	scene_sysctl(B, "net/ipv4/tcp_window_scaling", "0");
	p = scene_pair();
	assert_true(scene_nth(A, SYN, 1)->has_ts);
	assert_true(scene_nth(A, SYN, 1)->wscale > 0);
	assert_false(scene_nth(B, SYNACK, 1)->has_ts);
	assert_int_equal(scene_nth(B, SYNACK, 1)->wscale, -1);
	scene_carry(A, p.a, B, p.b, 5000);
	assert_false(scene_nth(A, DATA, 1)->has_ts);
	scene_pair_close(&p);
}

/*
 * RFC 7323 5.4: if all connections share a clock for their timestamps, the clock reveals how long
 * the machine has run.
 */
static void timestamps_without_a_secret(void)
{
	const struct seg *first, *second;

	scene_sysctl(A, "net/ipv4/tcp_timestamps", "2");
	for (unsigned int i = 0; i < 2; i++) {
		int fd = scene_socket(A);

		assert_int_equal(scene_connect(A, fd, B, PORT), -ECONNREFUSED);
		scene_close(A, fd);
		scene_sleep(70 * MS);
	}
	first = scene_nth(A, SYN, 1);
	second = scene_nth(A, SYN, 2);
	assert_int_equal(second->tsval - first->tsval, (second->ns - first->ns) / MS);
}

static void how_often_a_syn_goes(void)
{
	uint64_t begin = scene_now();
	int fd = scene_socket(A);

	scene_sysctl(A, "net/ipv4/tcp_syn_retries", "1");
	scene_drop_many(A, SYN, 1, ALWAYS);
	assert_int_equal(scene_connect(A, fd, B, PORT), -ETIMEDOUT);
	assert_int_equal(scene_count(A, SYN), 2);
	assert_ms(scene_now() - begin, 2990,
		  3020); /* timeouts of 1 s and 2 s; with six retries 127 s in all */
	scene_close(A, fd);
}

static void how_often_a_synack_goes(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A);
	int64_t ticket;

	scene_sysctl(B, "net/ipv4/tcp_synack_retries", "1");
	/* Only A's first SYN reaches B. */
	scene_drop_many(A, TCP, 2, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	assert_int_equal(scene_end(A, ticket), 0);
	scene_sleep(2500 * MS);
	assert_int_equal(scene_count(B, SYNACK), 2);
	scene_sleep(70 * SEC);
	assert_int_equal(scene_count(B, SYNACK), 2); /* with five retries: six SYN-ACKs */
	scene_heal();
	scene_close(A, fd);
	scene_close(B, listener);
}

static void how_many_may_be_half_open(void)
{
	int listener = scene_listen(B, PORT, 10), fd[2];

	scene_sysctl(B, "net/ipv4/tcp_max_syn_backlog", "1");
	scene_sysctl(B, "net/ipv4/tcp_syncookies", "0");
	scene_drop_many(B, SYNACK, 1, ALWAYS);
	for (unsigned int i = 0; i < 2; i++) {
		fd[i] = scene_socket(A);
		scene_nonblock(A, fd[i]);
		assert_int_equal(scene_connect(A, fd[i], B, PORT), -EINPROGRESS);
		scene_sleep(10 * MS);
	}
	assert_int_equal(scene_count(B, SYNACK), 1);
	assert_int_equal(scene_drops(B, "TCP_REQQ_FULL"), 1);
	for (unsigned int i = 0; i < 2; i++)
		scene_close(A, fd[i]);
	scene_close(B, listener);
}

/*
 * A backlog of 1 holds two connections.  Three handshakes end at about the same time, so the last
 * finds a full queue.
 */
static void a_handshake_ends_at_a_full_queue(const char *abort, int64_t result)
{
	int listener = scene_listen(B, PORT, 1), fd[3];
	char byte;

	scene_sysctl(B, "net/ipv4/tcp_abort_on_overflow", abort);
	scene_mark();
	for (unsigned int i = 0; i < 3; i++)
		fd[i] = scene_socket(A);
	assert_int_equal(scene_connect(A, fd[0], B, PORT), 0);
	scene_sleep(10 * MS);
	for (unsigned int i = 1; i < 3; i++) {
		scene_nonblock(A, fd[i]);
		assert_int_equal(scene_connect(A, fd[i], B, PORT), -EINPROGRESS);
	}
	scene_sleep(10 * MS);
	assert_int_equal(scene_recv_now(A, fd[2], &byte, 1), result);
	assert_int_equal(scene_count(B, RST), result == -ECONNRESET);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	for (unsigned int i = 0; i < 3; i++)
		scene_close(A, fd[i]);
	scene_close(B, listener);
}

static void a_full_queue_waits(void)
{
	a_handshake_ends_at_a_full_queue("0", -EAGAIN);
}

static void a_full_queue_resets(void)
{
	a_handshake_ends_at_a_full_queue("1", -ECONNRESET);
}

/* A writes until B, which does not read, has closed its window and A's send buffer is full. */
static void fill_until_closed(const struct pair *p)
{
	static uint8_t bytes[65536];

	scene_nonblock(A, p->a);
	for (;;) {
		while (scene_send(A, p->a, bytes, sizeof(bytes)) > 0)
			;
		scene_sleep(1 * SEC);
		if (!scene_last(B, ACK)->window && !(scene_poll(A, p->a) & POLLOUT))
			return;
	}
}

/* ---- timeouts ------------------------------------------------------------------------------------- */

/* RFC 1122 4.2.3.5: R2 is the time that a number of retransmissions takes, here 0.2 + 0.4 + 0.8 + 1.6 s. */
static void time_without_an_answer(void)
{
	struct pair p;
	uint64_t begin;
	char byte;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_sysctl(A, "net/ipv4/tcp_retries2", "3");
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_send_all(A, p.a, "x", 1);
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ETIMEDOUT);
	assert_ms(scene_now() - begin, 3000, 6300); /* with 15 retransmissions: 924 s */
	assert_in_range(scene_count(A, DATA), 4, 5);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * RFC 1122 4.2.3.5, with 255, the largest tcp_retries2: a closed window is probed 255 times without
 * an answer, every two minutes after the first ten probes.  Then, after 8 h and 15 min, the
 * connection ends.
 */
static void how_long_a_closed_window_is_probed(void)
{
	struct pair p = scene_pair();
	uint64_t begin;

	scene_sysctl(A, "net/ipv4/tcp_retries2", "255");
	fill_until_closed(&p);
	scene_drop_many(B, TCP, 1, ALWAYS);
	begin = scene_now();
	while (!(scene_poll(A, p.a) & POLLERR) && scene_now() - begin < 20 * 3600 * SEC)
		scene_sleep(600 * SEC);
	assert_in_range((scene_now() - begin) / SEC, 8 * 3600, 9 * 3600);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * RFC 6069 4: if a router reports that it has no route, the last doubling of the timeout is undone,
 * but only that one: after more than sixty doublings, the timeout stays at two minutes.
 * LIMIT(TCP_RTO_MAX_DEFAULT_MS)
 */
static void a_router_after_very_many_timeouts(void)
{
	struct pair p = scene_pair();
	struct seg last;

	scene_sysctl(A, "net/ipv4/tcp_retries2", "255");
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_send_all(A, p.a, "x", 1);
	for (unsigned int i = 0; i < 8; i++) {
		scene_sleep(20 * 60 * SEC);
		last = *scene_last(A, DATA);
		scene_mark();
		forge_unreachable(&last);
		assert_in_range(scene_count(A, DATA), 0, 1);
		scene_sleep(90 * SEC);
		assert_in_range(scene_count(A, DATA), 0, 1);
	}
	scene_heal();
	scene_sleep(121 * SEC);
	assert_queues(B, p.bport, p.aport, 0, 1);
	scene_pair_close(&p);
}

/*
 * RFC 1122 4.2.3.5: after R1 retransmissions the route, which may not work, is released; the socket
 * has no route until the next retransmission.
 */
static void when_another_route_is_looked_for(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();
		socklen_t len = sizeof(int);
		int mtu = 0;

		scene_sysctl(A, "net/ipv4/tcp_retries1", i ? "1" : "3");
		scene_drop_many(A, TCP, 1, ALWAYS);
		scene_send_all(A, p.a, "x", 1);
		scene_sleep(3500 * MS); /* retransmissions after 0.2, 0.6, 1.4, 3.0 s */
		assert_int_equal(scene_call(A, SYS_getsockopt, p.a, IPPROTO_IP, IP_MTU, PTR(&mtu),
					    PTR(&len)),
				 i ? -ENOTCONN : 0);
		scene_heal();
		scene_pair_close(&p);
	}
}

static void how_long_an_orphan_tries(void)
{
	struct pair p = scene_pair();

	scene_sysctl(A, "net/ipv4/tcp_orphan_retries", "2");
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_send_all(A, p.a, "x", 1);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(1 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	scene_sleep(3 *
		    SEC); /* A gives up after 1.4 s, or with eight retransmissions after 102 s */
	assert_state(A, p.aport, p.bport, 0);
	scene_heal();
	scene_pair_close(&p);
}

static void how_many_orphans(void)
{
	struct pair p = scene_pair();

	scene_sysctl(A, "net/ipv4/tcp_max_orphans", "0");
	scene_mark();
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, RST), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnMemory"), 1);
	scene_pair_close(&p);
}

/* Above 60 s the wait is twice the excess over 60 s, as on Linux; for 120 s that is 120 s again. */
static void how_long_a_fin_is_waited_for(void)
{
	static const struct {
		const char *seconds;
		unsigned int before, after;
	} cases[] = {{"60", 58, 62}, {"5", 4, 6}, {"120", 118, 122}};

	for (unsigned int i = 0; i < 3; i++) {
		struct pair p = scene_pair();

		scene_sysctl(A, "net/ipv4/tcp_fin_timeout", cases[i].seconds);
		assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_LINGER2),
				 atoi(cases[i].seconds));
		scene_close(A, p.a);
		p.a = -1;
		scene_sleep(cases[i].before * SEC);
		assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
		scene_sleep((cases[i].after - cases[i].before) * SEC);
		assert_state(A, p.aport, p.bport, 0);
		scene_pair_close(&p);
	}
	assert_int_equal(scene_counter(A, "TcpExt.TW"), 3);
	assert_int_equal(scene_counter(A, "TcpExt.TWKilled"), 0);
}

/* A wait of at most four seconds is counted in TWKilled instead of TW (as on Linux). */
static void a_short_wait_for_a_fin_is_counted(void)
{
	struct pair p = scene_pair();

	scene_sysctl(A, "net/ipv4/tcp_fin_timeout", "4");
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(3 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	assert_int_equal(scene_counter(A, "TcpExt.TWKilled"), 0);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_counter(A, "TcpExt.TWKilled"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TW"), 0);
	scene_pair_close(&p);
}

/* The defaults of keepalive for all sockets (RFC 1122 4.2.3.6). */
static void keepalive_of_all(void)
{
	struct pair p;
	uint64_t begin;
	char byte;

	scene_sysctl(A, "net/ipv4/tcp_keepalive_time", "20");
	scene_sysctl(A, "net/ipv4/tcp_keepalive_intvl", "4");
	scene_sysctl(A, "net/ipv4/tcp_keepalive_probes", "2");
	p = scene_pair();
	assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_KEEPIDLE), 20);
	assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_KEEPINTVL), 4);
	assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_KEEPCNT), 2);
	scene_set(A, p.a, SOL_SOCKET, SO_KEEPALIVE, 1);
	scene_drop_many(B, TCP, 1, ALWAYS);
	scene_mark();
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ETIMEDOUT);
	assert_ms(scene_now() - begin, 27900, 28100); /* probes at 20 and 24 s, the end at 28 s */
	assert_int_equal(scene_count(A, ACK), 2);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * With tcp_stdurg 1, B takes the urgent pointer as RFC 1122 4.2.2.4 does, as the position of the urgent byte
 * itself. A's pointer is the position after that byte, so B takes the byte after the real urgent byte.
 */
static void urgent_byte_by_rfc1122(void)
{
	struct pair p = scene_pair();
	char byte = 0;

	scene_sysctl(B, "net/ipv4/tcp_stdurg", "1");
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR("ab"), 2, MSG_OOB, 0, 0), 2);
	scene_send_all(A, p.a, "cd", 2);
	scene_sleep(100 * MS);
	assert_int_equal(scene_call(B, SYS_recvfrom, p.b, PTR(&byte), 1, MSG_OOB, 0, 0), 1);
	assert_int_equal(byte, 'c');
	scene_pair_close(&p);
}

/*
 * RFC 2883: the network duplicates a segment.  The receiver reports that with a DSACK, or does not
 * if tcp_dsack is 0.
 */
static void duplicates_are_reported_or_not(void)
{
	struct pair p = scene_pair();

	for (unsigned int i = 0; i < 2; i++) {
		scene_sysctl(B, "net/ipv4/tcp_dsack", i ? "0" : "1");
		scene_duplicate(A, DATA, 1, 1);
		scene_carry(A, p.a, B, p.b, 100);
		scene_sleep(1 * SEC);
		assert_int_equal(scene_counter(B, "TcpExt.TCPDSACKOldSent"), 1);
	}
	scene_pair_close(&p);
}

/* ---- unacceptable segments, and TIME_WAIT ----------------------------------------------------------- */

/* RFC 5961 7: tcp_challenge_ack_limit limits the challenge ACKs in a second. */
static void no_challenges(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, SYN_FLAG);

	for (unsigned int i = 0; i < 2; i++) {
		scene_sysctl(B, "net/ipv4/tcp_challenge_ack_limit", i ? "0" : "1000");
		scene_sleep(3 * SEC); /* the limit applies from the next second on */
		scene_mark();
		forge(&f);
		assert_int_equal(scene_count(B, ACK), i ? 0 : 1);
	}
	scene_pair_close(&p);
}

/* Two segments with old sequence numbers arrive 300 ms apart. */
static void how_often_old_segments_are_answered(void)
{
	static const struct {
		const char *ms;
		unsigned int answers;
	} cases[] = {{"500", 1}, {"0", 2}, {"200", 2}};

	for (unsigned int i = 0; i < 3; i++) {
		struct pair p = scene_pair();
		struct forged f = forged_of(&p, ACK_FLAG);

		scene_sysctl(B, "net/ipv4/tcp_invalid_ratelimit", cases[i].ms);
		scene_carry(A, p.a, B, p.b, 100);
		scene_sleep(1 * SEC);
		scene_mark();
		f.seq -= 10;
		f.options_len = 0;
		forge(&f);
		scene_sleep(300 * MS);
		forge(&f);
		assert_int_equal(scene_count(B, ACK), cases[i].answers);
		scene_pair_close(&p);
	}
}

/* RFC 1337: if a reset ends TIME_WAIT, segments that are still in flight could enter a new connection. */
static void a_reset_in_time_wait(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();
		struct forged f;

		scene_sysctl(B, "net/ipv4/tcp_rfc1337", i ? "1" : "0");
		scene_close(B, p.b);
		scene_sleep(10 * MS);
		scene_close(A, p.a);
		scene_sleep(10 * MS);
		p.a = p.b = -1;
		assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
		f = forged_of(&p, RST_FLAG);
		f.options_len = 0;
		forge(&f);
		assert_state(B, p.bport, p.aport, i ? TCP_TIME_WAIT : 0);
		scene_pair_close(&p);
	}
}

static void no_time_to_wait(void)
{
	struct pair p = scene_pair();

	scene_sysctl(A, "net/ipv4/tcp_max_tw_buckets", "0");
	scene_mark();
	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	p.a = p.b = -1;
	scene_sleep(10 * MS);
	assert_state(A, p.aport, p.bport, 0);
	assert_true(scene_counter(A, "TcpExt.TCPTimeWaitOverflow") >= 1);
	scene_pair_close(&p);
}

/*
 * The only local port is in TIME_WAIT.  By RFC 6191 it may be used again, because the connection
 * had timestamps.
 */
static void a_port_that_waits(void)
{
	int fd = scene_socket(A), listener;
	struct pair p;

	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40001 40001");
	p = scene_pair();
	assert_int_equal(p.aport, 40001);
	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.b);
	listener = p.listener;
	scene_sleep(3 * SEC);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "0");
	assert_int_equal(scene_connect(A, fd, B, p.bport), -EADDRNOTAVAIL);
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "2");
	assert_int_equal(scene_connect(A, fd, B, p.bport), -EADDRNOTAVAIL);
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "1");
	assert_int_equal(scene_connect(A, fd, B, p.bport), 0);
	assert_int_equal(scene_port(A, fd), 40001);
	scene_close(A, fd);
	scene_close(B, listener);
}

/*
 * The only local port waits for the FIN of a peer that still works. connect() does not use the port
 * before that FIN has come, whatever tcp_tw_reuse is, as Linux since 6.12.
 */
static void a_port_whose_peer_still_works(void)
{
	int fd = scene_socket(A), listener;
	struct pair p;

	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40001 40001");
	p = scene_pair();
	scene_close(A, p.a);
	scene_sleep(3 * SEC);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	assert_int_equal(scene_connect(A, fd, B, p.bport), -EADDRNOTAVAIL);
	scene_close(B, p.b);
	listener = p.listener;
	scene_sleep(3 * SEC);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_int_equal(scene_connect(A, fd, B, p.bport), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

/* A tcp_tw_reuse of 2 permits the reuse of a port over the loopback only. */
static void a_port_of_the_loopback_that_waits(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int listener = scene_listen(A, 7, 4), fd = scene_socket(A), child;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* The route over the loopback stays, so it belongs to the baseline. */
	to.sin_port = htons(9);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), -ECONNREFUSED);
	host_set_baseline(A);
	to.sin_port = htons(7);
	scene_sysctl(A, "net/ipv4/ip_local_port_range", "40001 40001");
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), 0);
	child = scene_accept(A, listener);
	scene_close(A, fd);
	scene_close(A, child);
	scene_sleep(3 * SEC);
	assert_state(A, 40001, 7, TCP_TIME_WAIT);
	fd = scene_socket(A);
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "0");
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), -EADDRNOTAVAIL);
	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "2");
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), 0);
	scene_close(A, fd);
	scene_close(A, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(options_are_offered_or_not),
		SCENE(options_are_taken_or_not),
		SCENE(timestamps_without_a_secret),
		SCENE(how_often_a_syn_goes),
		SCENE(how_often_a_synack_goes),
		SCENE(how_many_may_be_half_open),
		SCENE(a_full_queue_waits),
		SCENE(a_full_queue_resets),
		SCENE(time_without_an_answer),
		SCENE(how_long_a_closed_window_is_probed),
		SCENE(a_router_after_very_many_timeouts),
		SCENE(when_another_route_is_looked_for),
		SCENE(how_long_an_orphan_tries),
		SCENE(how_many_orphans),
		SCENE(how_long_a_fin_is_waited_for),
		SCENE(a_short_wait_for_a_fin_is_counted),
		SCENE(keepalive_of_all),
		SCENE(urgent_byte_by_rfc1122),
		SCENE(duplicates_are_reported_or_not),
		SCENE(no_challenges),
		SCENE(how_often_old_segments_are_answered),
		SCENE(a_reset_in_time_wait),
		SCENE(no_time_to_wait),
		SCENE(a_port_that_waits),
		SCENE(a_port_whose_peer_still_works),
		SCENE(a_port_of_the_loopback_that_waits),
	};

	return scene_play(tests);
}

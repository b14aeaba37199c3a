/* SPDX-License-Identifier: MIT */
/* Flow control (RFC 9293 3.8.6): the window closes, is probed and opens again, but never by tiny amounts. */
#include "tests/hosted/scene_forge.h"

#define PORT 7
#define MIB  (1 << 20)

/* Makes a connection on which B has a small buffer, so that its window closes soon. */
static struct pair pair_with_buffer(int rcvbuf)
{
	struct pair p = {.bport = PORT};

	p.listener = scene_socket(B);
	scene_set(B, p.listener, SOL_SOCKET, SO_RCVBUF, rcvbuf);
	assert_int_equal(scene_bind(B, p.listener, PORT), 0);
	assert_int_equal(scene_call(B, SYS_listen, p.listener, 4), 0);
	p.a = scene_socket(A);
	assert_int_equal(scene_connect(A, p.a, B, PORT), 0);
	p.b = scene_accept(B, p.listener);
	p.aport = scene_port(A, p.a);
	return p;
}

static uint32_t window_of(const struct seg *s)
{
	return (uint32_t)s->window << scene_nth(B, SYNACK, 1)->wscale;
}

/* A writes @bytes and B reads none of them, until A only sends probes; returns the ticket of the write. */
static int64_t fill_up(struct pair *p, const uint8_t *bytes, size_t n)
{
	int64_t writer = scene_begin(A, SYS_write, p->a, PTR(bytes), n), result;

	scene_sleep(5 * SEC);
	assert_false(scene_is_back(A, writer, &result));
	assert_int_equal(scene_last(B, ACK)->window, 0);
	return writer;
}

static void the_reader_stops_and_goes_on(void)
{
	struct pair p = pair_with_buffer(16384);
	uint8_t *sent = malloc(MIB), *got = calloc(1, MIB);
	unsigned int full, data;
	int64_t writer;
	uint64_t begin;

	scene_fill(sent, MIB, 1);
	writer = fill_up(&p, sent, MIB);
	full = scene_last(A, DATA)->rseq + scene_last(A, DATA)->len;
	assert_in_range(full, 4000, 40000);
	data = scene_count(A, DATA);
	assert_in_range(scene_counter(B, "TcpExt.TCPToZeroWindowAdv"), 1, 3);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	/* After an hour the connection still exists, because the probes are answered. */
	scene_sleep(3600 * SEC);
	assert_state(A, p.aport, p.bport, TCP_ESTABLISHED);
	assert_int_equal(scene_count(A, DATA), data);
	begin = scene_now();
	scene_recv_all(B, p.b, got, MIB);
	assert_memory_equal(sent, got, MIB);
	assert_int_equal(scene_end(A, writer), MIB);
	/* The window update starts the transfer at once, before the next probe. */
	assert_ms(scene_now() - begin, 10, 60000);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

/* The first probe is sent after an RTO; then the interval doubles, up to two minutes (RFC 9293 3.8.6.1). */
static void probes_back_off(void)
{
	struct pair p = pair_with_buffer(8192);
	uint8_t *sent = malloc(MIB), *got = malloc(MIB);
	int64_t writer;
	unsigned int probes;
	uint64_t gap, last_gap = 0;
	uint32_t edge;

	scene_fill(sent, MIB, 2);
	writer = scene_begin(A, SYS_write, p.a, PTR(sent), MIB);
	scene_sleep(100 * MS);
	edge = scene_last(A, DATA)->rseq + scene_last(A, DATA)->len;
	scene_mark();
	scene_sleep(600 * SEC);
	assert_int_equal(scene_count(A, DATA), 0);
	probes = scene_count(A, ACK);
	assert_in_range(probes, 8, 14);
	for (unsigned int i = 1; i < probes; i++) {
		const struct seg *probe = scene_nth(A, ACK, i + 1);

		/* The probe has a number that B has acknowledged already, so B must answer with an ACK. */
		assert_int_equal(probe->rseq, edge - 1);
		gap = scene_gap(scene_nth(A, ACK, i), probe);
		if (last_gap && last_gap < 60 * SEC)
			assert_in_range(gap, last_gap * 2 - 20 * MS, last_gap * 2 + 20 * MS);
		assert_true(gap <= 121 * SEC);
		last_gap = gap;
	}
	/*
	 * Two probes within half a second get only one answer, which prevents endless loops of ACKs
	 * (as Linux's tcp_oow_rate_limited()).
	 */
	assert_in_range(scene_counter(B, "TcpExt.TCPACKSkippedSeq"), 0, 2);
	assert_int_equal(scene_count(B, ACK) + scene_counter(B, "TcpExt.TCPACKSkippedSeq"), probes);
	assert_int_equal(scene_nth(B, ACK, 1)->window, 0);
	assert_int_equal(scene_counter(A, "TcpExt.TCPWinProbe"), probes);
	scene_recv_all(B, p.b, got, MIB);
	assert_memory_equal(sent, got, MIB);
	assert_int_equal(scene_end(A, writer), MIB);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

/* The window update is lost: without probes, both sides would wait for ever. */
static void a_lost_window_update(void)
{
	struct pair p = pair_with_buffer(16384);
	uint8_t *sent = malloc(MIB), *got = malloc(MIB);
	int64_t writer;

	scene_fill(sent, MIB, 3);
	writer = fill_up(&p, sent, MIB);
	scene_drop(B, ACK, 1);
	scene_drop(B, ACK, 2);
	scene_recv_all(B, p.b, got, MIB);
	assert_memory_equal(sent, got, MIB);
	assert_int_equal(scene_end(A, writer), MIB);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

/* RFC 9293 3.8.6.2.2: if B reads single bytes, it does not open the window by single bytes. */
static void no_silly_windows(void)
{
	struct pair p = pair_with_buffer(16384);
	uint8_t *sent = malloc(MIB), *got = malloc(MIB);
	unsigned int read = 0, acks, filled;
	int64_t writer;

	scene_fill(sent, MIB, 4);
	writer = fill_up(&p, sent, MIB);
	filled = scene_last(A, DATA)->rseq + scene_last(A, DATA)->len - 1;
	scene_mark();
	for (; read < filled + 5000; read++) {
		scene_recv_all(B, p.b, got + read, 1);
		if (read % 64 == 0)
			scene_sleep(1 * MS);
	}
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		assert_true(scene_nth(A, DATA, i)->len >= 536);
	acks = scene_count(B, ACK);
	assert_in_range(acks, 1, 100);
	scene_recv_all(B, p.b, got + read, MIB - read);
	assert_memory_equal(sent, got, MIB);
	assert_int_equal(scene_end(A, writer), MIB);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

static void check_edges(void)
{
	uint32_t edge = 0, scale = scene_nth(B, SYNACK, 1)->wscale;

	for (unsigned int i = 1; i <= scene_count(B, ACK); i++) {
		const struct seg *s = scene_nth(B, ACK, i);
		uint32_t right = s->rack + window_of(s);

		assert_true(right + (1u << scale) > edge);
		edge = right > edge ? right : edge;
	}
	/* No data was sent beyond the window. */
	assert_int_equal(scene_drops(B, "TCP_OVERWINDOW"), 0);
	assert_int_equal(scene_drops(B, "TCP_ZEROWINDOW"), 0);
}

/* The offered window's right edge never moves left, whatever the segment sizes (RFC 9293 3.8.6, SHLD-14). */
static void the_right_edge_never_moves_left(void)
{
	struct pair p = pair_with_buffer(32768);

	scene_carry(A, p.a, B, p.b, MIB / 2);
	check_edges();
	scene_pair_close(&p);
}

/*
 * The right edge does not move left either when A sends small segments of different sizes, which
 * take more memory than they have bytes.
 */
static void the_right_edge_with_small_segments(void)
{
	struct pair p = pair_with_buffer(16384);
	uint8_t *sent = malloc(MIB), *got = malloc(MIB);
	size_t total = 0;

	scene_fill(sent, MIB, 9);
	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	for (unsigned int i = 0; i < 200; i++) {
		int64_t n = scene_call(A, SYS_sendto, p.a, PTR(sent + total), 150 + 37 * i % 600,
				       MSG_DONTWAIT, 0, 0);

		if (n <= 0)
			break;
		total += n;
		scene_sleep(50 * MS);
	}
	check_edges();
	scene_recv_all(B, p.b, got, total);
	assert_memory_equal(sent, got, total);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

static void the_window_grows_with_a_fast_reader(void)
{
	struct pair p = scene_pair();
	uint32_t at_first = window_of(scene_nth(A, ACK, 1)), at_last;

	(void)at_first;
	scene_carry(A, p.a, B, p.b, 2 * MIB);
	at_first = scene_nth(B, SYNACK, 1)->window;
	at_last = window_of(scene_last(B, ACK));
	assert_true(at_last > 2 * at_first);
	scene_pair_close(&p);
}

static void fin_behind_a_closed_window(void)
{
	struct pair p = pair_with_buffer(8192);
	uint8_t *sent = malloc(60000), *got = malloc(60000);

	scene_fill(sent, 60000, 5);
	scene_nonblock(A, p.a);
	int64_t n = scene_send(A, p.a, sent, 60000);

	assert_in_range(n, 10000, 60000);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(20 * SEC);
	/* The FIN must wait for the data before it. */
	assert_int_equal(scene_count(A, FIN), 0);
	scene_recv_all(B, p.b, got, n);
	assert_memory_equal(sent, got, n);
	scene_expect_eof(B, p.b);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

/* An orphan gives up if its peer's window is closed and no probe is answered. */
static void an_orphan_with_a_closed_window_gives_up(void)
{
	struct pair p = pair_with_buffer(8192);
	uint8_t *sent = calloc(1, 60000);

	scene_nonblock(A, p.a);
	assert_in_range(scene_send(A, p.a, sent, 60000), 10000, 60000);
	scene_sleep(1 * SEC);
	scene_drop_many(B, TCP, 1, ALWAYS);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(1200 * SEC);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_heal();
	scene_pair_close(&p);
	free(sent);
}

static void a_full_send_buffer_says_again(void)
{
	struct pair p = pair_with_buffer(8192);
	uint8_t *bytes = calloc(1, MIB);
	int64_t sent = 0, n;

	scene_nonblock(A, p.a);
	while ((n = scene_send(A, p.a, bytes, 10000)) > 0) {
		sent += n;
		scene_sleep(10 * MS);
	}
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(scene_poll(A, p.a) & POLLOUT, 0);
	for (int64_t got = 0; got < sent;)
		got += scene_recv(B, p.b, bytes, MIB);
	scene_sleep(10 * MS);
	assert_true(scene_poll(A, p.a) & POLLOUT);
	scene_pair_close(&p);
	free(bytes);
}

/*
 * Small segments take more memory than they have bytes.  The buffer is twice the requested size, so
 * that half of it may be overhead (socket(7)).  The requested number of bytes fits, because packets
 * are collapsed when the buffer is full.
 */
static void small_segments(size_t size, unsigned int bytes, int rcvbuf)
{
	struct pair p = pair_with_buffer(rcvbuf);
	uint8_t *sent = malloc(bytes), *got = malloc(bytes);
	char wrong[256];

	scene_fill(sent, bytes, 5);
	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_mark();
	for (unsigned int i = 0; i < bytes; i += size) {
		scene_send_all(A, p.a, sent + i, size);
		scene_sleep(5 * MS);
	}
	scene_sleep(1 * SEC);
	assert_true(scene_counter(B, "TcpExt.TCPRcvCollapsed") > 0);
	assert_int_equal(scene_counter(B, "TcpExt.RcvPruned"), 0);
	assert_int_equal(scene_counter(B, "TcpExt.TCPRcvQDrop"), 0);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	assert_queues(B, p.bport, p.aport, 0, bytes);
	if (B->inspect(wrong, sizeof(wrong)))
		fail_msg("%s", wrong);
	scene_recv_all(B, p.b, got, bytes);
	assert_memory_equal(sent, got, bytes);
	scene_carry(A, p.a, B, p.b, 50000);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

static void bytes_one_by_one(void)
{
	small_segments(1, 4000, 8192);
}

static void bytes_by_the_hundred(void)
{
	small_segments(100, 8000, 8192);
}

static void bytes_by_the_hundred_in_a_large_buffer(void)
{
	/* In a buffer of this size, the overhead of the queued packets adds up to the size of several packets. */
	small_segments(100, 40000, 60000);
}

/*
 * Makes a connection from port 999 of A's address to B, where the scene plays the peer; returns the
 * peer's next segment.
 */
static struct forged hand_made_connection(int *listener, int *fd, unsigned int window)
{
	struct forged f = {.sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};

	*listener = scene_listen(B, PORT, 4);
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_mark();
	forge(&f);
	f.flags = ACK_FLAG;
	f.seq++;
	f.ack = scene_nth(B, SYNACK, 1)->seq + 1;
	f.window = window;
	forge(&f);
	*fd = scene_accept(B, *listener);
	assert_true(*fd >= 0);
	return f;
}

/*
 * RFC 9293 3.8.6.2.1: if the window permits only a part of the unsent data, B does not send that
 * part at once; but it does after a while, or both sides would wait for ever.
 */
static void a_window_smaller_than_the_segment(void)
{
	static const uint8_t bytes[900];
	int listener, fd;
	struct forged f = hand_made_connection(&listener, &fd, 1000);
	uint32_t begin;

	/* The window is larger at first, so a full segment will be larger than the later window. */
	scene_send_all(B, fd, bytes, 900);
	scene_sleep(10 * MS);
	f.ack += 900;
	f.window = 100;
	forge(&f);
	begin = scene_nth(B, SYNACK, 1)->seq + 1 + 900;
	scene_mark();
	scene_send_all(B, fd, bytes, 300);
	scene_sleep(100 * MS);
	assert_int_equal(scene_count(B, DATA), 0);
	scene_sleep(1 * SEC);
	assert_int_equal(scene_nth(B, DATA, 1)->seq, begin);
	assert_int_equal(scene_nth(B, DATA, 1)->len, 100);
	/* The probe contains data, so it is retransmitted if it is lost. */
	scene_sleep(5 * SEC);
	assert_true(scene_count(B, DATA) > 1);
	assert_int_equal(scene_nth(B, DATA, 2)->seq, begin);
	assert_int_equal(scene_nth(B, DATA, 2)->len, 100);
	scene_mark();
	f.ack += 100;
	f.window = 1000;
	forge(&f);
	assert_int_equal(scene_count(B, DATA), 1);
	assert_int_equal(scene_nth(B, DATA, 1)->seq, f.ack);
	assert_int_equal(scene_nth(B, DATA, 1)->len, 200);
	f.flags = RST_FLAG;
	forge(&f);
	scene_close(B, fd);
	scene_close(B, listener);
}

/* RFC 9293 3.4: the FIN has a sequence number, which must lie in the window like any other. */
static void a_window_without_a_place_for_the_fin(void)
{
	static const uint8_t bytes[100];
	int listener, fd;
	struct forged f = hand_made_connection(&listener, &fd, 100);

	scene_set(B, fd, IPPROTO_TCP, TCP_CORK, 1);
	scene_send_all(B, fd, bytes, 100);
	scene_close(B, fd);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_nth(B, DATA, 1)->len, 100);
	assert_int_equal(scene_count(B, FIN), 0);
	f.ack += 100;
	scene_mark();
	forge(&f);
	assert_int_equal(scene_count(B, FIN), 1);
	assert_int_equal(scene_nth(B, FIN, 1)->seq, f.ack);
	assert_int_equal(scene_nth(B, FIN, 1)->len, 0);
	f.flags = RST_FLAG;
	forge(&f);
	scene_close(B, listener);
}

/*
 * RFC 9293 3.8.6: a receiver should not shrink its window, but a sender must cope with it.  The
 * segments that are now beyond the window are retransmitted as long as the peer answers, and no
 * longer.
 */
static void a_window_that_shrinks(void)
{
	static const uint8_t bytes[900];
	int listener, fd;
	struct forged f = hand_made_connection(&listener, &fd, 1000);
	char byte;

	scene_sysctl(B, "net/ipv4/tcp_retries2", "3");
	scene_send_all(B, fd, bytes, 900);
	scene_sleep(10 * MS);
	f.ack += scene_nth(B, DATA, 1)->len;
	f.no_window = true;
	for (unsigned int i = 0; i < 20; i++) {
		forge(&f);
		scene_mark();
		scene_sleep(121 * SEC);
		assert_true(scene_count(B, DATA) >= 1);
		assert_int_equal(scene_nth(B, DATA, 1)->seq, f.ack);
	}
	assert_state(B, PORT, 999, TCP_ESTABLISHED);
	/* From now on the peer is silent. */
	assert_int_equal(scene_recv(B, fd, &byte, 1), -ETIMEDOUT);
	assert_int_equal(scene_counter(B, "TcpExt.TCPAbortOnTimeout"), 1);
	scene_close(B, fd);
	scene_close(B, listener);
}

/*
 * tcp(7), TCP_USER_TIMEOUT: data that waits for longer ends the connection, even if the peer
 * answers each probe.
 */
static void a_window_closed_for_too_long(void)
{
	struct pair p = pair_with_buffer(8192);
	uint8_t *bytes = calloc(1, MIB);
	uint64_t begin;
	int64_t writer;

	scene_set(A, p.a, IPPROTO_TCP, TCP_USER_TIMEOUT, 60000);
	begin = scene_now();
	writer = fill_up(&p, bytes, MIB);
	assert_true(scene_end(A, writer) > 0); /* the bytes that fitted into the buffer */
	/* The connection ends at the first probe after that time; the intervals of the probes double. */
	assert_ms(scene_now() - begin, 60000, 125000);
	assert_true(scene_counter(A, "TcpExt.TCPWinProbe") > 5);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnTimeout"), 1);
	scene_pair_close(&p);
	free(bytes);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_reader_stops_and_goes_on),
		SCENE(probes_back_off),
		SCENE(a_lost_window_update),
		SCENE(no_silly_windows),
		SCENE(the_right_edge_never_moves_left),
		SCENE(the_right_edge_with_small_segments),
		SCENE(the_window_grows_with_a_fast_reader),
		SCENE(fin_behind_a_closed_window),
		SCENE(an_orphan_with_a_closed_window_gives_up),
		SCENE(a_full_send_buffer_says_again),
		SCENE(bytes_one_by_one),
		SCENE(bytes_by_the_hundred),
		SCENE(bytes_by_the_hundred_in_a_large_buffer),
		SCENE(a_window_smaller_than_the_segment),
		SCENE(a_window_without_a_place_for_the_fin),
		SCENE(a_window_that_shrinks),
		SCENE(a_window_closed_for_too_long),
	};

	return scene_play(tests);
}

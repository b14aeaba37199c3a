/* SPDX-License-Identifier: MIT */
/*
 * Data arrives complete, once and in order, whatever the wire does.  Other scenes check when segments
 * are sent (Nagle: RFC 9293 3.7.4, Minshall; delayed ACKs: RFC 5681 4.2), and the wrap of sequence
 * numbers.
 */
#include "tests/hosted/scene.h"

#include <stdio.h>

#define MIB  (1 << 20)
#define MSS  1448
#define TICK 64 /* ns that an initial sequence number takes to grow by one (RFC 6528) */

/* Both hosts write and read at once, in calls of different sizes that are no multiple of the MSS. */
static void both_ways(struct pair *p, size_t n)
{
	uint8_t *sent_a = malloc(n), *sent_b = malloc(n), *got_a = calloc(1, n),
		*got_b = calloc(1, n);
	struct stream all[] = {
		{.host = A, .fd = p->a, .writes = true, .bytes = sent_a, .len = n, .step = 50001},
		{.host = B, .fd = p->b, .writes = true, .bytes = sent_b, .len = n, .step = 7919},
		{.host = A, .fd = p->a, .bytes = got_a, .len = n, .step = 30011},
		{.host = B, .fd = p->b, .bytes = got_b, .len = n, .step = 4099},
	};

	scene_fill(sent_a, n, 1);
	scene_fill(sent_b, n, 2);
	scene_streams(all, 4);
	assert_memory_equal(got_b, sent_a, n);
	assert_memory_equal(got_a, sent_b, n);
	free(sent_a);
	free(sent_b);
	free(got_a);
	free(got_b);
}

static void a_mebibyte_both_ways_at_once(void)
{
	struct pair p = scene_pair();

	both_ways(&p, MIB);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_counter(B, "Tcp.RetransSegs"), 0);
	scene_pair_close(&p);
}

static void a_byte_at_a_time(void)
{
	struct pair p = scene_pair();
	uint8_t sent[500], got[500];

	scene_fill(sent, sizeof(sent), 3);
	for (unsigned int i = 0; i < sizeof(sent); i++)
		scene_send_all(A, p.a, sent + i, 1);
	for (unsigned int i = 0; i < sizeof(got); i++)
		scene_recv_all(B, p.b, got + i, 1);
	assert_memory_equal(sent, got, sizeof(got));
	scene_pair_close(&p);
}

static void vectors(void)
{
	struct pair p = scene_pair();
	char one[] = "gather ", two[] = "", three[] = "and scatter", left[3], right[20];
	struct iovec out[] = {{one, 7}, {two, 0}, {three, 11}};
	struct iovec in[] = {{left, 3}, {right, 20}};

	assert_int_equal(scene_call(A, SYS_writev, p.a, PTR(out), 3), 18);
	scene_sleep(10 * MS);
	assert_int_equal(scene_call(B, SYS_readv, p.b, PTR(in), 2), 18);
	assert_memory_equal(left, "gat", 3);
	assert_memory_equal(right, "her and scatter", 15);
	scene_pair_close(&p);
}

static void flags_of_recv(void)
{
	struct pair p = scene_pair();
	char got[16];
	int64_t all;

	scene_send_all(A, p.a, "abcdef", 6);
	scene_sleep(10 * MS);
	assert_int_equal(scene_call(B, SYS_recvfrom, p.b, PTR(got), 4, MSG_PEEK, 0, 0), 4);
	assert_memory_equal(got, "abcd", 4);
	/* MSG_TRUNC: the bytes are removed from the queue and not copied. */
	assert_int_equal(scene_call(B, SYS_recvfrom, p.b, 0, 2, MSG_TRUNC, 0, 0), 2);
	all = scene_begin(B, SYS_recvfrom, p.b, PTR(got), 8, MSG_WAITALL, 0, 0);
	scene_sleep(50 * MS);
	scene_send_all(A, p.a, "ghij", 4);
	assert_int_equal(scene_end(B, all), 8);
	assert_memory_equal(got, "cdefghij", 8);
	assert_int_equal(scene_recv_now(B, p.b, got, 1), -EAGAIN);
	assert_int_equal(scene_call(B, SYS_read, p.b, PTR(got), 0), 0);
	scene_pair_close(&p);
}

static void message_calls(void)
{
	struct pair p = scene_pair();
	char text[] = "a message", got[16] = "";
	struct iovec out = {text, 9}, in = {got, sizeof(got)};
	struct msghdr m = {.msg_iov = &out, .msg_iovlen = 1};

	assert_int_equal(scene_call(A, SYS_sendmsg, p.a, PTR(&m), 0), 9);
	m = (struct msghdr){.msg_iov = &in, .msg_iovlen = 1};
	assert_int_equal(scene_call(B, SYS_recvmsg, p.b, PTR(&m), 0), 9);
	assert_string_equal(got, "a message");
	scene_pair_close(&p);
}

static void reordered(void)
{
	struct pair p = scene_pair();
	uint8_t sent[10 * MSS], got[10 * MSS];

	scene_fill(sent, sizeof(sent), 5);
	scene_sleep(10 * MS);
	scene_mark();
	scene_hold(A, DATA, 2, 100 * 1000);
	scene_hold(A, DATA, 5, 200 * 1000);
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(got));
	assert_in_range(scene_counter(B, "TcpExt.TCPOFOQueue"), 1, 10);
	/* Three duplicate ACKs may cause a fast retransmission, but there is no timeout. */
	scene_sleep(1 * SEC);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	scene_pair_close(&p);
}

static void two_swapped_are_no_loss(void)
{
	struct pair p = scene_pair();
	uint8_t sent[4 * MSS], got[4 * MSS];

	scene_fill(sent, sizeof(sent), 6);
	scene_sleep(10 * MS);
	scene_mark();
	scene_hold(A, DATA, 2, 1000); /* the two segments behind it overtake it */
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(got));
	scene_sleep(1 * SEC);
	assert_int_equal(scene_count(A, DATA), 4);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	scene_pair_close(&p);
}

static void doubled(void)
{
	struct pair p = scene_pair();

	for (unsigned int i = 1; i < 12; i++) {
		scene_duplicate(A, TCP, 3 * i, 2);
		scene_duplicate(B, TCP, 4 * i, 1);
	}
	scene_carry(A, p.a, B, p.b, 100000);
	scene_sleep(1 * SEC);
	assert_in_range(scene_drops(B, "TCP_OLD_DATA"), 1, 30);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	scene_pair_close(&p);
}

static void a_doubled_syn_makes_one_connection(void)
{
	int listener = scene_listen(B, 7, 4), fd = scene_socket(A), accepted;

	scene_duplicate(A, SYN, 1, 3);
	scene_duplicate(B, SYNACK, 1, 2);
	scene_duplicate(A, ACK, 1, 2);
	assert_int_equal(scene_connect(A, fd, B, 7), 0);
	accepted = scene_accept(B, listener);
	scene_carry(A, fd, B, accepted, 5000);
	assert_int_equal(scene_nonblock(B, listener), 0);
	assert_int_equal(scene_accept(B, listener), -EAGAIN);
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void corrupted_bytes_are_lost_bytes(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_mark();
	scene_corrupt(A, DATA, 2, 100);
	scene_corrupt(A, DATA, 7, 1);
	scene_corrupt(B, ACK, 2, 30); /* a byte of its TCP header */
	scene_carry(A, p.a, B, p.b, 50000);
	assert_int_equal(scene_drops(B, "TCP_CSUM"), 2);
	assert_int_equal(scene_counter(B, "Tcp.InCsumErrors"), 2);
	assert_int_equal(scene_counter(B, "Tcp.InErrs"), 2);
	assert_int_equal(scene_drops(A, "TCP_CSUM"), 1);
	assert_in_range(scene_counter(A, "Tcp.RetransSegs"), 2, 10);
	scene_pair_close(&p);
}

static void corrupted_ip_header(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_mark();
	/* From the end: one byte of data, 32 bytes of TCP header, then the last byte of the IP header. */
	scene_corrupt(A, DATA, 1, 1 + 32 + 1);
	scene_carry(A, p.a, B, p.b, 1);
	assert_int_equal(scene_drops(B, "IP_CSUM"), 1);
	scene_pair_close(&p);
}

static void a_hostile_wire(void)
{
	struct pair p = scene_pair();

	scene_hostile(20);
	both_ways(&p, MIB / 8);
	scene_heal();
	scene_pair_close(&p);
}

static void a_slow_wire(void)
{
	struct pair p = scene_pair();
	uint64_t begin = scene_now();

	wire_set_rate(scene->wire, 8000); /* 1 Mbit/s */
	scene_carry(A, p.a, B, p.b, MIB / 4);
	/*
	 * The data takes 2.1 s on this wire, and its headers 0.1 s. Less than 2.5 s in all means
	 * that the wire was hardly ever idle.
	 */
	assert_ms(scene_now() - begin, 2100, 2500);
	wire_set_rate(scene->wire, 0);
	scene_pair_close(&p);
}

/* ---- the times of ACKs ------------------------------------------------------------------------------ */

/*
 * In a conversation the answer carries the ACK.  If there is no answer, the ACK is sent 40 to 200
 * ms later.
 */
static void delayed_ack(void)
{
	struct pair p = scene_pair();
	char got[5];

	for (unsigned int i = 0; i < 3; i++) {
		scene_send_all(A, p.a, "ask", 3);
		scene_recv_all(B, p.b, got, 3);
		scene_send_all(B, p.b, "reply", 5);
		scene_recv_all(A, p.a, got, 5);
	}
	scene_mark();
	scene_send_all(A, p.a, "ask", 3);
	scene_recv_all(B, p.b, got, 3);
	scene_send_all(B, p.b, "reply", 5);
	scene_sleep(300 * MS);
	/* A delays its own ACK, because it has no data to send. */
	scene_expect("a PA 10 16 3\n"
		     "b PA 16 13 5\n"
		     "a A 13 21 0\n");
	assert_gap_ms(scene_nth(B, DATA, 1), scene_nth(A, ACK, 1), 41, 202);
	assert_int_equal(scene_counter(A, "TcpExt.DelayedACKs"), 1);
	scene_recv_all(A, p.a, got, 5);
	scene_pair_close(&p);
}

/* RFC 5681 4.2: at least every second full segment is acknowledged. */
static void every_second_segment_is_acknowledged(void)
{
	struct pair p = scene_pair();
	unsigned int acks, segments;

	scene_carry(A, p.a, B, p.b, 200000);
	scene_sleep(1 * SEC);
	segments = scene_count(A, DATA);
	acks = scene_count(B, ACK);
	/* There may be fewer ACKs than one for two segments, because B may process many segments
	 * before it sends an ACK. */
	assert_in_range(acks, segments / 16, segments);
	assert_int_equal(scene_last(B, ACK)->rack, 200001);
	scene_pair_close(&p);
}

/* ---- the wrap -------------------------------------------------------------------------------------- */

/*
 * Makes a connection on which the ISN of A, or of B, is about @below numbers before the wrap.  An
 * ISN is a clock, which grows by one in TICK ns, plus a number that depends on the four-tuple. So
 * the ISN of a first connection tells at what time a later connection on the same ports will get
 * the wanted ISN.
 */
static struct pair pair_below_the_wrap(bool of_b, uint32_t below)
{
	struct pair p = scene_pair();
	const struct seg *s = of_b ? scene_nth(B, SYNACK, 1) : scene_nth(A, SYN, 1);
	uint32_t steps = -below - s->seq;
	/* B chooses its ISN when the SYN arrives. */
	uint64_t begins = s->ns - (of_b ? WIRE_DELAY : 0) + (uint64_t)steps * TICK;
	uint16_t port = p.aport;

	scene_close(A, p.a);
	scene_close(B, p.b);
	/*
	 * TIME_WAIT must be over when the new connection begins.  If it is not, the scene waits
	 * until the ISN's clock has wrapped once more.
	 */
	while (begins < scene_now() + 130 * SEC)
		begins += (uint64_t)TICK << 32;
	scene_sleep(begins - scene_now());
	scene_mark();
	p.a = scene_socket(A);
	assert_int_equal(scene_bind(A, p.a, port), 0);
	assert_int_equal(scene_connect(A, p.a, B, p.bport), 0);
	p.b = scene_accept(B, p.listener);
	s = of_b ? scene_nth(B, SYNACK, 1) : scene_nth(A, SYN, 1);
	assert_in_range(-s->seq, 1, below + 100000);
	return p;
}

static void numbers_of_a_wrap(void)
{
	struct pair p = pair_below_the_wrap(false, 20000);

	assert_in_range(-scene_nth(A, SYN, 1)->seq, 1, 20000);
	both_ways(&p, 200000);
	assert_true(scene_last(A, DATA)->seq < 0x80000000u);
	scene_pair_close(&p);
}

static void numbers_of_b_wrap_on_a_hostile_wire(void)
{
	struct pair p = pair_below_the_wrap(true, 60000);

	scene_hostile(15);
	both_ways(&p, 200000);
	scene_heal();
	assert_true(scene_last(B, DATA)->seq < 0x80000000u);
	scene_pair_close(&p);
}

/* The SYN has the last number before the wrap, so the first byte has number 0. */
static void the_wrap_right_behind_the_syn(void)
{
	struct pair p = pair_below_the_wrap(false, 1);

	assert_int_equal(scene_nth(A, SYN, 1)->seq, 0xffffffff);
	scene_drop(A, DATA, 1);
	scene_carry(A, p.a, B, p.b, 10);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_mebibyte_both_ways_at_once),
		SCENE(a_byte_at_a_time),
		SCENE(vectors),
		SCENE(flags_of_recv),
		SCENE(message_calls),
		SCENE(reordered),
		SCENE(two_swapped_are_no_loss),
		SCENE(doubled),
		SCENE(a_doubled_syn_makes_one_connection),
		SCENE(corrupted_bytes_are_lost_bytes),
		SCENE(corrupted_ip_header),
		SCENE(a_hostile_wire),
		SCENE(a_slow_wire),
		SCENE(delayed_ack),
		SCENE(every_second_segment_is_acknowledged),
		SCENE(numbers_of_a_wrap),
		SCENE(numbers_of_b_wrap_on_a_hostile_wire),
		SCENE(the_wrap_right_behind_the_syn),
	};

	return scene_play(tests);
}

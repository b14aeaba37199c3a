/* SPDX-License-Identifier: MIT */
/*
 * The work of an ACK with hostile SACK blocks, and of a segment out of order, for queues of 64, 512
 * and 4,096 segments.  Work is counted in edges (jumps of the control flow, sn_stat("edges")), so
 * that the result does not depend on a clock. Only for the race build: `make race`.
 *
 * A sends segments, B's kernel gets none of them, and the test forges B's ACKs.  An attack is a
 * sequence of ACKs, usually as many as there are segments.  Only the average cost of its ACKs
 * counts, because an ACK may be expensive if it makes later ones cheap, for example by marking all
 * segments.  Each attack is played in a child process, so that all begin with the same queue.
 *
 * The bound: an attack that costs c edges per ACK with 64 segments costs at most c +
 * EDGES_PER_DOUBLING * log2(n / 64) with n segments.  Some attacks may cost a constant more,
 * because a limit of the kernel bounds their work.  A tree of 4,096 segments is six levels deeper
 * than one of 64; a walk over the queue would cost thousands of edges.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#define LEAST              64
#define MOST               4096
#define EDGES_PER_DOUBLING 200
#define EDGES_OF_A_SEGMENT 30
#define BYTES              4 /* bytes of a small segment */
#define MSS                1448
#define BATCH              32 /* ACKs that arrive at one instant */
#define BATCH_NS           (100 * 1000)
#define BLOCKS             3 /* number of SACK blocks that fit beside a timestamp */
#define SACK               5 /* the option's kind */

/*
 * The segments in flight from A to B.  @una: the sequence number of the first byte; @ack: B's
 * acknowledgment number when the attack began.
 */
static struct queue {
	struct pair pair;
	unsigned int n, bytes; /* number of segments, bytes of each */
	uint32_t una, ack;
	uint32_t tsval, tsecr, old_tsecr;
} q;

struct block {
	uint32_t from, to; /* offsets in bytes */
};

/* Forges an ACK of B that acknowledges the first @acked bytes and has @n SACK blocks. */
static void answer(uint32_t acked, const struct block *blocks, unsigned int n, uint32_t tsecr)
{
	struct forged f = {.to = A, .p = &q.pair, .flags = ACK_FLAG, .window = 65535};
	uint8_t option[4 + 8 * BLOCKS] = {1, 1, SACK, (uint8_t)(2 + 8 * n)};

	f.ack = q.una + acked;
	f.seq = q.ack;
	stamp(&f, q.tsval, tsecr);
	for (unsigned int i = 0; i < n; i++) {
		pkt_put32(option + 4 + 8 * i, q.una + blocks[i].from);
		pkt_put32(option + 8 + 8 * i, q.una + blocks[i].to);
	}
	if (n)
		forge_option(&f, option, 4 + 8 * n);
	forge_now(&f);
}

/* Returns a block that covers the segments [from, to). */
static struct block segments(unsigned int from, unsigned int to)
{
	return (struct block){from * q.bytes, to * q.bytes};
}

/* ---- the attacks: each function sends the ACK with number @i of q.n ------------------------------ */

static void shifts_by_a_segment(unsigned int i)
{
	struct block b = segments(1 + i % (q.n - 1), 2 + i % (q.n - 1));

	answer(0, &b, 1, q.tsecr);
}

static void alternates_the_ends(unsigned int i)
{
	unsigned int k = 1 + i / 2 % (q.n / 2 - 2);
	struct block b = i % 2 ? segments(k, k + 1) : segments(q.n - k - 1, q.n - k);

	answer(0, &b, 1, q.tsecr);
}

static void every_second_from_the_end(unsigned int i)
{
	unsigned int k = q.n - 1 - 2 * i % (q.n - 2);
	struct block b = segments(k, k + 1);

	answer(0, &b, 1, q.tsecr);
}

static void all_but_the_first(unsigned int i)
{
	struct block b = segments(1, q.n);

	(void)i;
	answer(0, &b, 1, q.tsecr);
}

static void all_but_one_in_the_middle(unsigned int i)
{
	struct block b[] = {segments(q.n / 2 + 1, q.n), segments(1, q.n / 2)};

	(void)i;
	answer(0, b, 2, q.tsecr);
}

static void one_byte_each(unsigned int i)
{
	struct block b[BLOCKS];

	for (unsigned int k = 0; k < BLOCKS; k++) {
		b[k].from = 1 + (i * BLOCKS + k) * 37 % (q.n * q.bytes - 2);
		b[k].to = b[k].from + 1;
	}
	answer(0, b, BLOCKS, q.tsecr);
}

/*
 * Each ACK reports the segment before the last reported one, as if the segments arrived backwards,
 * so RACK waits for the earlier segments.
 */
static void backwards(unsigned int i)
{
	unsigned int k = q.n - 1 - i % (q.n - 1);
	struct block b = segments(k, k + 1);

	answer(0, &b, 1, q.tsecr);
}

/*
 * The first quarter of the segments is lost.  The second block of each ACK covers one more of the
 * later segments, so that A can retransmit.  The first block reports up to MSS of these bytes as a
 * duplicate (RFC 2883), as if one retransmission had contained many small segments.
 */
static void duplicates(unsigned int i)
{
	unsigned int from = q.n / 4, to = from + 3 + i, most = MSS / q.bytes;
	struct block b[] = {segments(to - from < most ? from : to - most, to), segments(from, to)};

	answer(0, b, 2, q.tsecr);
}

/* Each block begins and ends inside of segments, and covers most of the block before it again. */
static void ragged(unsigned int i)
{
	uint32_t all = q.n * q.bytes, at = 1 + i * q.bytes / 2 % (all - 2);
	struct block b[] = {{at, at + 3 * q.bytes < all ? at + 3 * q.bytes : all}};

	answer(0, b, 1, q.tsecr);
}

/*
 * All segments are lost.  Then each ACK acknowledges retransmitted segments with the timestamp of
 * their first transmission, so that the loss seems to be a mistake: A undoes its reduction of the
 * window, and RACK finds the loss again.  LIMIT(TCP_UNDO_MAX)
 */
static void takes_back_each_loss(unsigned int i)
{
	struct block b = segments(q.n - 3, q.n);

	if (i)
		answer(4 * i * q.bytes, NULL, 0, q.old_tsecr);
	else
		answer(0, &b, 1, q.tsecr);
}

static const struct attack {
	const char *name;
	void (*send)(unsigned int i);
	bool large;        /* the queue has packets of several segments */
	unsigned int part; /* if not 0, the attack has only n / part ACKs */
	/*
	 * Edges that an ACK may cost in addition if the queue is longer than 64 segments: a limit
	 * of the kernel bounds this work, and a queue of 64 does not reach it.
	 */
	unsigned int limit;
	bool slow;        /* 8 ms pass after each ACK */
	const char *does; /* counter that must grow; otherwise the attack is ineffective */
} attacks[] = {
	{"shifts by a segment", shifts_by_a_segment, .does = "TcpExt.TCPSackRecovery"},
	{"alternates the ends", alternates_the_ends, .does = "TcpExt.TCPSACKReorder"},
	{"every second from the end", every_second_from_the_end, .does = "TcpExt.TCPSACKReorder"},
	{"all but the first", all_but_the_first, .does = "TcpExt.TCPSackRecovery"},
	{"all but one in the middle", all_but_one_in_the_middle, .does = "TcpExt.TCPSackRecovery"},
	{"one byte each", one_byte_each},
	{"backwards", backwards, .does = "TcpExt.TCPSACKReorder"},
	{"duplicates", duplicates, .part = 4, .limit = 64 * EDGES_OF_A_SEGMENT,
	 .does = "TcpExt.TCPDSACKOfoRecv"},
	{"takes back each loss", takes_back_each_loss, .part = 8, .slow = true,
	 .does = "TcpExt.TCPPartialUndo"},
	{"parts of large packets", ragged, .large = true, .does = "TcpExt.TCPSackRecovery"},
	{"one byte each of large packets", one_byte_each, .large = true},
};

/* ---- the queue ----------------------------------------------------------------------------------- */

static unsigned int in_flight(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(scene_call(A, SYS_getsockopt, q.pair.a, IPPROTO_TCP, TCP_INFO, PTR(&info),
				    PTR(&len)),
			 0);
	return info.tcpi_unacked;
}

/* Makes A send @n segments of q.bytes, which the wire loses. */
static void fill(unsigned int n, unsigned int at_once)
{
	static uint8_t bytes[65536];

	for (unsigned int i = 0; i < n; i += at_once)
		assert_int_equal(scene_send(A, q.pair.a, bytes, at_once * q.bytes),
				 at_once * q.bytes);
}

static uint32_t sent_up_to(void)
{
	const struct seg *last = scene_last(A, DATA);

	return last->seq + last->len;
}

/* Opens A's window to @n segments in slow start, and fills it. */
static void queue_of(unsigned int n, bool large)
{
	unsigned int at_once = large ? 16 : 1;

	q.pair = scene_pair();
	scene_sleep(20 * MS);
	scene_set(A, q.pair.a, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_int_equal(scene_call(A, SYS_setsockopt, q.pair.a, IPPROTO_TCP, TCP_CONGESTION,
				    PTR("reno"), 4),
			 0);
	scene_set(A, q.pair.a, SOL_SOCKET, SO_SNDBUF, 1 << 25);
	q.bytes = large ? MSS : BYTES;
	q.n = n;
	scene_drop(A, TCP, 1);
	scene_send(A, q.pair.a, "x", 1);
	q.ack = scene_last(A, DATA)->ack;
	q.tsval = scene_last(B, TCP)->tsval;
	scene_drop_many(A, TCP, 1, ALWAYS);
	for (unsigned int window = 8; window < 2 * n; window *= 2) {
		unsigned int some = window < n ? window : n;

		fill(some, large ? 8 : 1);
		q.una = sent_up_to();
		answer(0, NULL, 0, scene_last(A, DATA)->tsval);
		scene_sleep(5 * MS);
		assert_int_equal(in_flight(), 0);
	}
	q.old_tsecr = scene_last(A, DATA)->tsval;
	scene_sleep(2 * MS);
	fill(n, at_once);
	q.tsecr = scene_last(A, DATA)->tsval;
	assert_int_equal(in_flight(), n);
	scene_sleep(4 * MS);
}

/* ---- counting the edges of an attack ------------------------------------------------------------- */

/* Plays @a on a copy of the queue; returns the average number of edges per ACK. */
static uint64_t cost(const struct attack *a)
{
	uint64_t edges = 0, acks = a->part ? q.n / a->part : q.n;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		scene_mark();
		edges = A->stat("edges");
		for (unsigned int i = 0; i < acks; i++) {
			a->send(i);
			if (a->slow || i % BATCH == BATCH - 1)
				scene_sleep(a->slow ? 8 * WIRE_DELAY : BATCH_NS);
		}
		scene_sleep(WIRE_DELAY);
		edges = (A->stat("edges") - edges) / acks;
		if (a->does && !scene_counter(A, a->does))
			edges = 0;
		_exit(A->warn_count() || write(fds[1], &edges, sizeof(edges)) != sizeof(edges));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &edges, sizeof(edges)), sizeof(edges));
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	if (!edges)
		fail_msg("%s: %s did not grow", a->name, a->does);
	return edges;
}

static void attack(bool large)
{
	static const unsigned int sizes[] = {LEAST, 512, MOST};
	uint64_t least[sizeof(attacks) / sizeof(attacks[0])];
	unsigned int failed = 0;

	for (unsigned int s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		queue_of(sizes[s], large);
		for (unsigned int i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
			uint64_t edges, bound;

			if (attacks[i].large != large)
				continue;
			edges = cost(&attacks[i]);
			if (!s)
				least[i] = edges;
			bound = least[i] +
				EDGES_PER_DOUBLING *
					(__builtin_ctz(sizes[s]) - __builtin_ctz(LEAST)) +
				(s ? attacks[i].limit : 0);
			print_message("%s: %u segments, %llu edges an ACK, at most %llu\n",
				      attacks[i].name, sizes[s], (unsigned long long)edges,
				      (unsigned long long)bound);
			failed += edges > bound;
		}
		scene_linger(A, q.pair.a, true, 0);
		scene_linger(B, q.pair.b, true, 0);
		scene_pair_close(&q.pair);
		scene_heal();
		scene_sleep(10 * MS);
	}
	assert_int_equal(failed, 0);
}

static void small_segments(void)
{
	scene_sysctl(A, "net/core/wmem_max", "33554432");
	attack(false);
}

static void large_packets(void)
{
	scene_sysctl(A, "net/core/wmem_max", "33554432");
	attack(true);
}

/* ---- segments out of order (CVE-2018-5390) ------------------------------------------------------- */

/*
 * B's queue has q.n segments of one byte, each behind a hole: byte 10 + 4 * i of the stream for
 * each i. If the flood has unread data, the queue has q.n segments of one byte in order instead.
 * Each function returns the offset of the byte that the attacker sends as segment @i of FLOOD.
 */
#define FLOOD 256

static uint32_t hole(unsigned int i)
{
	return 10 + 4 * i;
}

static uint32_t behind_the_last(unsigned int i)
{
	return hole(q.n + i);
}

static uint32_t in_the_holes(unsigned int i)
{
	return hole(i * 37 % q.n) + 2;
}

static uint32_t before_the_first(unsigned int i)
{
	return 9 - i % 8;
}

static uint32_t the_same_byte(unsigned int i)
{
	(void)i;
	return hole(q.n / 2);
}

static const struct {
	const char *name;
	uint32_t (*at)(unsigned int i);
	/* the receive buffer is full: each segment drops a queued segment, or is dropped */
	bool full;
	bool unread; /* the queued bytes are in order, and the application does not read them */
} floods[] = {
	{"behind the last", behind_the_last, false},
	{"in the holes", in_the_holes, false},
	{"before the first", before_the_first, false},
	{"the same byte", the_same_byte, false},
	{"behind the last of a full buffer", behind_the_last, true},
	{"in the holes of a full buffer", in_the_holes, true},
	{"the same byte of a full buffer", the_same_byte, true},
	{"behind unread data", behind_the_last, true, .unread = true},
};

/* Sends B one byte at the offset @at. */
static void out_of_order(const struct forged *next, uint32_t at)
{
	struct forged f = *next;

	f.seq += at;
	f.data = "x";
	forge_now(&f);
}

/* Plays flood @k on a queue of q.n segments; returns the average number of edges of a segment. */
static uint64_t cost_of_flood(unsigned int k)
{
	struct pair p;
	struct forged next;
	uint64_t edges;

	scene_sysctl(B, "net/ipv4/tcp_rmem", "4096 6291456 6291456");
	p = scene_pair();
	/* A segment of one byte takes 704 bytes (docs/memory.md); a buffer has twice the size of SO_RCVBUF. */
	if (floods[k].full)
		scene_set(B, p.b, SOL_SOCKET, SO_RCVBUF, 330 * q.n);
	scene_sleep(10 * MS);
	next = forged_of(&p, ACK_FLAG);
	scene_mark();
	scene_drop_many(B, TCP, 1, ALWAYS); /* A would answer ACKs of bytes that it did not send */
	for (unsigned int i = 0; i < q.n; i++) {
		out_of_order(&next, floods[k].unread ? i : hole(i));
		if (i % BATCH == BATCH - 1)
			scene_sleep(BATCH_NS);
	}
	scene_sleep(2 * MS);
	if (!floods[k].unread)
		assert_in_range(scene_counter(B, "TcpExt.TCPOFOQueue"), q.n * 9 / 10, q.n);
	scene_mark();
	edges = B->stat("edges");
	for (unsigned int i = 0; i < FLOOD; i++) {
		out_of_order(&next, floods[k].at(i));
		if (i % BATCH == BATCH - 1)
			scene_sleep(BATCH_NS);
	}
	scene_sleep(2 * MS);
	edges = (B->stat("edges") - edges) / FLOOD;
	assert_int_equal(scene_counter(B, "TcpExt.TCPOFOQueue") +
				 scene_counter(B, "TcpExt.TCPOFODrop"),
			 FLOOD);
	assert_true(!floods[k].full || floods[k].unread || scene_counter(B, "TcpExt.PruneCalled"));
	scene_heal();
	scene_linger(A, p.a, true, 0);
	scene_linger(B, p.b, true, 0);
	scene_pair_close(&p);
	scene_sleep(10 * MS);
	return edges;
}

static void segments_out_of_order(void)
{
	static const unsigned int sizes[] = {LEAST, 512, MOST};
	uint64_t least[sizeof(floods) / sizeof(floods[0])];
	unsigned int failed = 0;

	for (unsigned int s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		q.n = sizes[s];
		for (unsigned int k = 0; k < sizeof(floods) / sizeof(floods[0]); k++) {
			uint64_t edges = cost_of_flood(k), bound;

			if (!s)
				least[k] = edges;
			bound = least[k] +
				EDGES_PER_DOUBLING * (__builtin_ctz(q.n) - __builtin_ctz(LEAST));
			print_message("%s: %u segments, %llu edges a segment, at most %llu\n",
				      floods[k].name, q.n, (unsigned long long)edges,
				      (unsigned long long)bound);
			failed += edges > bound;
		}
	}
	assert_int_equal(failed, 0);
}

#define QUIET                                                                                      \
	{"irq_chance", 0}, {"race_chance", 0},                                                     \
	{                                                                                          \
		"ram", 128 << 20                                                                   \
	}
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(small_segments, QUIET),
		SCENE_WITH(large_packets, QUIET),
		SCENE_WITH(segments_out_of_order, QUIET),
	};

	return scene_play(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Explicit congestion notification (RFC 3168) between two kernels: which packets are ECN-capable,
 * how a mark is echoed and answered, and the counters and fields of TCP_INFO for it.
 *
 * The packet scripts in tests/packet/scripts/ecn test one host alone; Linux plays them too.
 */
#include "tests/hosted/info.h"

#include "tests/host/virtio_model.h"

#define PORT 7
#define ECE  0x40
#define CWR  0x80
/* the ECN field of a packet */
#define NOT_ECT 0
#define ECT_0   2

#define F_HOST_ECN (1ULL << 13)

static void a_offers(void)
{
	scene_sysctl(A, "net/ipv4/tcp_ecn", "1");
}

/* Returns how many segments of @kinds that @h sent have a flag of @flags. */
static unsigned int count_flags(struct host *h, unsigned int kinds, uint8_t flags)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= scene_count(h, kinds); i++)
		n += !!(scene_nth(h, kinds, i)->flags & flags);
	return n;
}

/* Returns how many segments of @kinds that @h sent have an ECN field other than not-ECT. */
static unsigned int count_ect(struct host *h, unsigned int kinds)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= scene_count(h, kinds); i++)
		n += (scene_nth(h, kinds, i)->tos & 3) != NOT_ECT;
	return n;
}

/* ---- the handshake ----------------------------------------------------------------------------- */

static void offered_and_accepted(void)
{
	struct pair p;

	a_offers();
	scene_mark();
	p = scene_pair();
	assert_int_equal(scene_nth(A, SYN, 1)->flags & (ECE | CWR), ECE | CWR);
	assert_int_equal(scene_nth(B, SYNACK, 1)->flags & (ECE | CWR), ECE);
	scene_carry(A, p.a, B, p.b, 20000);
	scene_carry(B, p.b, A, p.a, 20000);
	/* Data has ECT(0); a SYN, a SYN-ACK and an ACK without data have not. */
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		assert_int_equal(scene_nth(A, DATA, i)->tos, ECT_0);
	for (unsigned int i = 1; i <= scene_count(B, DATA); i++)
		assert_int_equal(scene_nth(B, DATA, i)->tos, ECT_0);
	assert_int_equal(count_ect(A, SYN | ACK) + count_ect(B, SYNACK | ACK), 0);
	assert_int_equal(count_flags(A, DATA | ACK, ECE | CWR), 0);
	assert_int_equal(count_flags(B, DATA | ACK, ECE | CWR), 0);
	assert_true(info_of(A, p.a).options & INFO_ECN);
	assert_true(info_of(B, p.b).options & INFO_ECN);
	assert_true(info_of(A, p.a).options & INFO_ECN_SEEN);
	scene_pair_close(&p);
	/* A FIN without data has no ECT either. */
	scene_sleep(1 * SEC);
	assert_int_equal(count_ect(A, FIN) + count_ect(B, FIN), 0);
}

/* ECN is used if A's sysctl makes A offer it and B's sysctl makes B accept it. */
static void modes(void)
{
	for (unsigned int a = 0; a < 3; a++) {
		for (unsigned int b = 0; b < 3; b++) {
			struct pair p;

			scene_sysctl(A, "net/ipv4/tcp_ecn", (const char *[]){"0", "1", "2"}[a]);
			scene_sysctl(B, "net/ipv4/tcp_ecn", (const char *[]){"0", "1", "2"}[b]);
			scene_mark();
			p = scene_pair();
			scene_carry(A, p.a, B, p.b, 5000);
			assert_int_equal(scene_nth(A, SYN, 1)->flags & (ECE | CWR),
					 a == 1 ? ECE | CWR : 0);
			assert_int_equal(scene_nth(B, SYNACK, 1)->flags & (ECE | CWR),
					 a == 1 && b ? ECE : 0);
			assert_int_equal(count_ect(A, DATA),
					 a == 1 && b ? scene_count(A, DATA) : 0);
			assert_int_equal(!!(info_of(A, p.a).options & INFO_ECN), a == 1 && b);
			assert_int_equal(!!(info_of(B, p.b).options & INFO_ECN), a == 1 && b);
			scene_pair_close(&p);
		}
	}
}

/* RFC 3168 6.1.1.1: the SYN may have been lost because it offered ECN. */
static void a_lost_syn_goes_again_without_the_offer(void)
{
	for (unsigned int fallback = 0; fallback < 2; fallback++) {
		struct pair p;

		a_offers();
		scene_sysctl(A, "net/ipv4/tcp_ecn_fallback", fallback ? "1" : "0");
		scene_mark();
		scene_drop(A, SYN, 1);
		p = scene_pair();
		assert_int_equal(scene_nth(A, SYN, 1)->flags & (ECE | CWR), ECE | CWR);
		assert_int_equal(scene_nth(A, SYN, 2)->flags & (ECE | CWR),
				 fallback ? 0 : ECE | CWR);
		scene_carry(A, p.a, B, p.b, 5000);
		assert_int_equal(count_ect(A, DATA), fallback ? 0 : scene_count(A, DATA));
		scene_pair_close(&p);
		scene_heal();
	}
}

/* The SYN-ACK that arrives is the answer to the first SYN, which offered ECN. */
static void a_late_answer_to_the_first_syn(void)
{
	struct pair p;

	a_offers();
	scene_hold(B, SYNACK, 1, 1200 * MS);
	scene_drop_many(B, SYNACK, 2, 3);
	p = scene_pair();
	assert_int_equal(scene_count(A, SYN), 2);
	scene_carry(A, p.a, B, p.b, 5000);
	assert_int_equal(count_ect(A, DATA), scene_count(A, DATA));
	scene_heal();
	scene_pair_close(&p);
}

/* Both sides connect at once (RFC 9293 3.5, figure 7): ECN is used only if both SYNs offer it. */
static void simultaneous_open(void)
{
	for (unsigned int both = 0; both < 2; both++) {
		int a = scene_socket(A), b = scene_socket(B);
		int64_t ta, tb;

		a_offers();
		scene_sysctl(B, "net/ipv4/tcp_ecn", both ? "1" : "2");
		assert_int_equal(scene_bind(A, a, 1000 + both), 0);
		assert_int_equal(scene_bind(B, b, 1000 + both), 0);
		scene_mark();
		ta = scene_begin_connect(A, a, B, 1000 + both);
		tb = scene_begin_connect(B, b, A, 1000 + both);
		assert_int_equal(scene_end(A, ta), 0);
		assert_int_equal(scene_end(B, tb), 0);
		assert_int_equal(scene_nth(A, SYNACK, 1)->flags & (ECE | CWR), both ? ECE : 0);
		assert_int_equal(scene_nth(B, SYNACK, 1)->flags & (ECE | CWR), both ? ECE : 0);
		scene_carry(A, a, B, b, 5000);
		scene_carry(B, b, A, a, 5000);
		assert_int_equal(count_ect(A, DATA), both ? scene_count(A, DATA) : 0);
		assert_int_equal(count_ect(B, DATA), both ? scene_count(B, DATA) : 0);
		scene_close(A, a);
		scene_close(B, b);
	}
}

/*
 * A socket that used ECN connects again without ECN: no ECN state of the first connection is left.
 */
static void another_connection_of_the_socket(void)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct pair p;
	int b;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 5000);
	assert_int_equal(scene_call(A, SYS_connect, p.a, PTR(&nowhere), sizeof(nowhere)), 0);
	assert_int_equal(scene_close(B, p.b), 0);
	scene_sysctl(A, "net/ipv4/tcp_ecn", "2");
	scene_sleep(1 * SEC);
	scene_mark();
	assert_int_equal(scene_connect(A, p.a, B, p.bport), 0);
	b = scene_accept(B, p.listener);
	scene_carry(A, p.a, B, b, 5000);
	assert_int_equal(count_ect(A, TCP), 0);
	assert_int_equal(count_flags(A, TCP, ECE | CWR), 0);
	p.b = b;
	scene_pair_close(&p);
}

/* ---- the effect of a CE mark ------------------------------------------------------------------- */

/*
 * One marked segment: the receiver echoes the mark until it sees CWR, the sender halves its window
 * once, and nothing is sent again.
 */
static void one_mark_halves_the_window(void)
{
	struct info before, after;
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_carry(A, p.a, B, p.b, 100000);
	scene_sleep(100 * MS);
	before = info_of(A, p.a);
	assert_int_equal(before.delivered_ce, 0);
	scene_mark();
	scene_congest(A, DATA, 1, 1);
	scene_carry(A, p.a, B, p.b, 300000);
	scene_sleep(10 * MS);
	after = info_of(A, p.a);
	assert_true(scene_nth(A, DATA, 1)->marked);
	assert_int_equal(after.total_retrans, 0);
	assert_in_range(after.snd_ssthresh, before.snd_cwnd / 2, before.snd_cwnd * 7 / 10 + 1);
	assert_int_equal(after.ca_state, INFO_OPEN);
	assert_int_equal(count_flags(A, DATA, CWR), 1);
	assert_true(count_flags(B, ACK, ECE) >= 1);
	assert_int_equal(scene_last(B, ACK)->flags & ECE, 0);
	/* The counters: one packet was marked, and some ACKs reported it. */
	assert_int_equal(scene_counter(B, "IpExt.InCEPkts"), 1);
	assert_int_equal(scene_counter(B, "IpExt.InECT0Pkts"), scene_count(A, DATA) - 1);
	assert_int_equal(scene_counter(B, "IpExt.InECT1Pkts"), 0);
	assert_int_equal(scene_counter(A, "IpExt.InNoECTPkts"), scene_count(B, TCP));
	assert_int_equal(scene_counter(A, "TcpExt.TCPDelivered"), scene_count(A, DATA));
	assert_int_equal(after.delivered - before.delivered, scene_count(A, DATA));
	assert_true(after.delivered_ce >= 1);
	assert_true(after.delivered_ce < after.delivered - before.delivered);
	assert_int_equal(scene_counter(A, "TcpExt.TCPDeliveredCE"), after.delivered_ce);
	scene_heal();
	scene_pair_close(&p);
}

/* The ACK of a marked segment is not delayed: the sender's window may be a single segment. */
static void a_mark_is_echoed_at_once(void)
{
	struct pair p;
	char byte;

	a_offers();
	p = scene_pair();
	/* Interactive traffic in both directions, in which ACKs wait for an answer. */
	for (unsigned int i = 0; i < 5; i++) {
		scene_send_all(A, p.a, "x", 1);
		scene_recv_all(B, p.b, &byte, 1);
		scene_send_all(B, p.b, "y", 1);
		scene_recv_all(A, p.a, &byte, 1);
	}
	scene_sleep(1 * SEC);
	scene_mark();
	scene_send_all(A, p.a, "x", 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, ACK), 0);
	scene_sleep(1 * SEC);
	scene_mark();
	scene_congest(A, DATA, 1, 1);
	scene_send_all(A, p.a, "x", 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, ACK), 1);
	assert_int_equal(scene_nth(B, ACK, 1)->flags & ECE, ECE);
	/* A data segment carries the echo, too. */
	scene_send_all(B, p.b, "y", 1);
	assert_int_equal(scene_nth(B, DATA, 1)->flags & ECE, ECE);
	assert_int_equal(scene_nth(B, DATA, 1)->tos, ECT_0);
	scene_heal();
	scene_pair_close(&p);
}

/* Every segment of a long transfer is marked: one reduction, and one CWR, in each round trip. */
static void all_segments_are_marked(void)
{
	uint64_t begin, trips;
	struct info info;
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 100000);
	scene_mark();
	scene_congest(A, DATA, 1, ALWAYS);
	begin = scene_now();
	scene_carry(A, p.a, B, p.b, 1000000);
	trips = (scene_now() - begin) / (2 * WIRE_DELAY);
	info = info_of(A, p.a);
	assert_int_equal(info.total_retrans, 0);
	assert_true(info.snd_cwnd <= 4);
	assert_in_range(count_flags(A, DATA, CWR), trips / 3, trips);
	assert_int_equal(count_flags(B, ACK, ECE), scene_count(B, ACK));
	scene_heal();
	scene_pair_close(&p);
}

/* A CE mark counts on a segment that arrives out of order, too. */
static void a_mark_behind_a_hole(void)
{
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 100000);
	scene_mark();
	scene_drop(A, DATA, 1);
	scene_congest(A, DATA, 3, 1);
	scene_carry(A, p.a, B, p.b, 14480);
	assert_true(count_flags(B, ACK, ECE) >= 1);
	scene_heal();
	scene_pair_close(&p);
}

/* ---- packets that are not ECN-capable ---------------------------------------------------------- */

static void retransmissions(void)
{
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 100000);
	scene_mark();
	scene_drop(A, DATA, 1);
	scene_carry(A, p.a, B, p.b, 14480);
	scene_carry(A, p.a, B, p.b, 14480);
	/* One segment was sent twice, and the first new segment after that has CWR. */
	assert_int_equal(count_ect(A, DATA), scene_count(A, DATA) - 1);
	assert_int_equal(count_flags(A, DATA, CWR), 1);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++) {
		const struct seg *s = scene_nth(A, DATA, i);

		if (s->flags & CWR)
			assert_int_equal(s->tos, ECT_0);
	}
	scene_heal();
	scene_pair_close(&p);
}

/* RFC 3168 6.1.6: window probes are not ECN-capable.  Keepalive probes are built in the same
 * way. */
static void probes(void)
{
	struct pair p;
	void *bytes = calloc(1, 4 << 20);
	int64_t ticket;

	a_offers();
	p = scene_pair();
	ticket = scene_begin(A, SYS_sendto, p.a, PTR(bytes), 4 << 20, MSG_NOSIGNAL, 0, 0);
	scene_sleep(5 * SEC);
	scene_mark();
	scene_sleep(60 * SEC);
	assert_true(scene_count(A, TCP) >= 3);
	assert_int_equal(count_ect(A, TCP), 0);
	scene_interrupt(A, ticket);
	scene_end(A, ticket);
	scene_pair_close(&p);
	free(bytes);
}

/* A reset is not ECN-capable, although the packet that it answers may be marked. */
static void resets(void)
{
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 5000);
	scene_linger(B, p.b, true, 0);
	scene_drop(B, RST, 1);
	assert_int_equal(scene_close(B, p.b), 0);
	p.b = -1;
	scene_mark();
	scene_congest(A, DATA, 1, 1);
	scene_send_all(A, p.a, "x", 1);
	scene_sleep(100 * MS);
	assert_int_equal(scene_nth(A, DATA, 1)->marked, true);
	assert_int_equal(scene_nth(B, RST, 1)->tos, NOT_ECT);
	scene_heal();
	scene_pair_close(&p);
}

/* IP_TOS sets the six upper bits; TCP sets the two bits of the ECN field. */
static void type_of_service(void)
{
	struct pair p;

	a_offers();
	p = scene_pair();
	scene_set(A, p.a, IPPROTO_IP, IP_TOS, 0xff);
	scene_mark();
	scene_carry(A, p.a, B, p.b, 5000);
	assert_int_equal(scene_nth(A, DATA, 1)->tos, 0xfc | ECT_0);
	scene_carry(B, p.b, A, p.a, 5000);
	assert_int_equal(scene_last(A, ACK)->tos, 0xfc);
	scene_pair_close(&p);
}

/* ---- large packets ----------------------------------------------------------------------------- */

/* CWR belongs to the first segment of a large packet, whether the device or the kernel splits it. */
static void cwr_in_a_large_packet(void)
{
	struct pair p;
	unsigned int nth = 0;

	a_offers();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 1000000);
	scene_mark();
	scene_congest(A, DATA, 1, 1);
	scene_carry(A, p.a, B, p.b, 2000000);
	assert_int_equal(count_flags(A, DATA, CWR), 1);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++) {
		if (scene_nth(A, DATA, i)->flags & CWR)
			nth = i;
	}
	/* The next segment left at the same moment: it was part of the same packet. */
	assert_true(scene_nth(A, DATA, nth + 1)->ns == scene_nth(A, DATA, nth)->ns);
	scene_heal();
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(offered_and_accepted),
		SCENE(modes),
		SCENE(a_lost_syn_goes_again_without_the_offer),
		SCENE(a_late_answer_to_the_first_syn),
		SCENE(simultaneous_open),
		SCENE(another_connection_of_the_socket),
		SCENE(one_mark_halves_the_window),
		SCENE(a_mark_is_echoed_at_once),
		SCENE(all_segments_are_marked),
		SCENE(a_mark_behind_a_hole),
		SCENE(retransmissions),
		SCENE(probes),
		SCENE(resets),
		SCENE(type_of_service),
		SCENE(cwr_in_a_large_packet),
		SCENE_WITH(cwr_in_a_large_packet,
			   {"features", MODEL_FEATURES_DEFAULT & ~F_HOST_ECN}),
	};

	return scene_play(tests);
}

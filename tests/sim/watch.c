/* SPDX-License-Identifier: MIT */
/*
 * Checks every segment that a host sends, on the wire.
 *
 * net.c calls watch_frame() and watch_fate() for each frame in each direction.  This file recognizes the
 * connections by their ports (plan_port) and learns all else from the observed segments: the first
 * sequence numbers from the SYNs, the windows from each header.
 *
 * The rules:
 * - lengths and both checksums are right, and options are well formed;
 * - a negotiated timestamp is in every segment (RFC 7323 3.2);
 * - no segment, options included, is larger than the MSS that the peer announced (RFC 9293 3.7.1, RFC 6691);
 * - the right edge of the offered window never moves to the left (RFC 9293 3.8.6: "should not"; Linux
 *   never does);
 * - ECN is used only as negotiated (RFC 3168 6.1);
 * - no data lies beyond the right edge that the peer offered;
 * - only sent data is acknowledged, and acknowledgment numbers never decrease;
 * - each byte of data is the byte that the stream has at this sequence number, also if it is sent again in
 *   other segments.
 * Sequence numbers are compared modulo 2^32.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/sim/watch.h"
#include "tests/wire/pkt.h"

#define MSS_DEFAULT    536
#define TIMESTAMP_LEN  12
#define ROW_DOUBLE_MAX 7         /* maximum number of doublings: 2^7 s is above TIMEOUT_MOST */
#define TIMEOUT_FIRST  (1 * SEC) /* RFC 6298 2.1 */
/* Losses within this time count as one.  It is less than the shortest timeout. */
#define MOMENT       (150 * MS)
#define TIMEOUT_MOST (120ULL * SEC) /* Linux's TCP_RTO_MAX */

static struct flow {
	struct half half[2];
	/* Losses since new data was acknowledged; losses within MOMENT count once. */
	unsigned int row, longest_row;
	uint64_t counted;
	uint32_t got_ack[2]; /* highest acknowledgment number that each side has received */
	bool has_ack[2];
	uint64_t cost;
} flows[CONNECTIONS_MAX];

void watch_begin(struct world *w)
{
	memset(flows, 0, sizeof(flows));
	for (unsigned int i = 0; i < w->plan.connections; i++) {
		for (unsigned int side = 0; side < 2; side++) {
			const char *control = w->connection[i].side[side].control;

			flows[i].half[side].is_dctcp = control && !strcmp(control, "dctcp");
		}
	}
	sack_begin();
}

bool watch_is_tcp(const uint8_t *frame, size_t len)
{
	return pkt_is_tcp(frame, len);
}

/* Finds the connection and the sending side of a segment; returns false if the connection is not in the plan. */
static bool find_flow(const uint8_t *tcp, struct segment *s)
{
	uint16_t from = pkt_get16(tcp), to = pkt_get16(tcp + 2);

	s->side = from < plan_port(0, 0);
	s->connection = s->side ? from - plan_port(0, 1) : from - plan_port(0, 0);
	return s->connection < CONNECTIONS_MAX && to == plan_port(s->connection, !s->side);
}

/* ---- the format of a segment ------------------------------------------------------------------ */

/* Parses the TCP header of @frame into @s; returns NULL, or a description of the error in its format. */
static const char *read_fields(const uint8_t *frame, size_t len, struct segment *s)
{
	struct pkt_options options;
	struct pkt_tcp t;
	const char *wrong = pkt_read_tcp(frame, len, &t);

	if (wrong)
		return wrong;
	wrong = pkt_read_options(t.options, t.options_len, &options);
	s->seq = t.seq;
	s->ack = t.ack;
	s->flags = t.flags;
	s->ecn = frame[PKT_ETH + 1] & 3;
	s->window = t.window;
	s->options = t.options_len;
	s->data = t.data;
	s->len = t.len;
	s->has_mss = options.has_mss;
	s->mss = options.mss;
	s->has_wscale = options.has_wscale;
	s->wscale = options.wscale;
	s->has_ts = options.has_ts;
	s->tsval = options.tsval;
	s->has_sack = options.sack_permitted;
	s->nr_blocks = options.nr_blocks;
	memcpy(s->blocks, options.blocks, sizeof(s->blocks));
	return wrong;
}

/* Parses @frame into @s and checks lengths and checksums; returns NULL, or a description of the error. */
static const char *read_segment(const struct world *w, const uint8_t *frame, size_t len,
				struct segment *s)
{
	unsigned int mtu = w->plan.mtu ? w->plan.mtu : 1500;
	const char *wrong = read_fields(frame, len, s);

	if (wrong)
		return wrong;
	if (frame[PKT_ETH] != 0x45)
		return "the IP header has options";
	if (pkt_get16(frame + PKT_ETH + 2) > mtu)
		return "larger than the MTU";
	return pkt_check_sums(frame);
}

/* ---- the sequence of segments ----------------------------------------------------------------- */

/*
 * Checks a segment with SYN, which has the sender's initial sequence number.  A SYN with another number than
 * before begins a new connection, after a half-open one was given up.
 */
static const char *take_syn(struct half *me, const struct half *other, const struct segment *s)
{
	if (me->known && me->isn == s->seq && !(s->flags & ACK))
		return s->len ? "data in a SYN" : NULL;
	if (!me->known || me->isn != s->seq)
		sack_stream(s->connection, s->side);
	*me = (struct half){.known = true,
			    .isn = s->seq,
			    .end = s->seq + 1,
			    .was_marked = me->was_marked,
			    .is_dctcp = me->is_dctcp};
	me->ecn_offered = (s->flags & (ACK | ECE | CWR)) == (ECE | CWR);
	me->ecn_accepted = (s->flags & (ACK | ECE | CWR)) == (ACK | ECE);
	me->mss = s->has_mss ? s->mss : MSS_DEFAULT;
	me->has_wscale = s->has_wscale;
	me->wscale = s->wscale;
	me->has_ts = s->has_ts;
	me->has_sack = s->has_sack;
	if (s->flags & ACK) {
		if (!other->known || s->ack != other->isn + 1)
			return "the SYN-ACK does not acknowledge the SYN";
		if ((s->has_ts && !other->has_ts) || (s->has_wscale && !other->has_wscale) ||
		    (s->has_sack && !other->has_sack))
			return "the SYN-ACK has an option that the SYN did not have";
		me->has_edge = me->has_ack = true;
		me->edge =
			s->ack + s->window; /* the window of a SYN is never scaled (RFC 7323 2.2) */
		me->ack = s->ack;
	}
	return s->len ? "data in a SYN" : NULL;
}

static const char *judge_ack(struct half *me, const struct half *other, const struct segment *s)
{
	bool scaled = me->has_wscale && other->has_wscale;
	uint32_t edge = s->ack + ((uint32_t)s->window << (scaled ? me->wscale : 0));
	/* A timewait object (TIME_WAIT, or FIN_WAIT2 of an orphan) rounds the window down to a unit of
	 * the window scale. */
	int32_t slack = me->fin && scaled ? 1 << me->wscale : 0;

	if (!other->known)
		return NULL;
	if (ahead(s->ack, other->end) > 0)
		return "acknowledges data that was never sent";
	if (me->has_ack && ahead(s->ack, me->ack) < 0)
		return "the acknowledgment number decreases";
	me->ack = s->ack;
	me->has_ack = true;
	if (me->has_edge && ahead(edge + slack, me->edge) < 0 &&
	    !(other->fin && s->ack == other->end))
		return "the window's right edge moves left";
	if (!me->has_edge || ahead(edge, me->edge) > 0)
		me->edge = edge;
	me->has_edge = true;
	return NULL;
}

static const char *judge_data(struct half *me, const struct half *other, const struct segment *s)
{
	uint32_t end = s->seq + s->len + !!(s->flags & FIN);
	uint32_t offset = s->seq - me->isn - 1;
	/* peer.py probes a closed window with a byte of data (RFC 9293 3.8.6.1), our kernel without data. */
	bool probe = s->is_peers && s->len == 1;

	if (ahead(s->seq, me->end) > 0)
		return "begins after the data that was sent before";
	if (s->len + s->options > other->mss && s->len)
		return "larger than the MSS that the other end announced";
	/*
	 * Only the data must be within the window: a FIN may be the first number beyond it, as Linux sends
	 * it when it splits a long segment at the window's edge.
	 */
	if (!probe && s->len && other->has_edge && ahead(s->seq + s->len, other->edge) > 0 &&
	    ahead(end, me->end) > 0)
		return "data beyond the window";
	if (me->fin && ahead(end, me->end) > 0)
		return "data after the FIN";
	/*
	 * A keepalive probe has an old sequence number.  If no data was sent yet, this is the
	 * SYN's number; the stream has no byte there.
	 */
	if (s->len && ahead(s->seq, me->isn) > 0 &&
	    content_differs(s->data, s->connection, s->side, offset, s->len) != s->len)
		return "the data is not that of the stream";
	if (ahead(end, me->end) > 0)
		me->end = end;
	if (s->len > me->longest)
		me->longest = s->len;
	me->fin |= s->flags & FIN;
	return NULL;
}

/*
 * RFC 3168 6.1: which segments of our kernel may have ECT, ECE or CWR.  ECE and CWR in a SYN offer
 * ECN; ECE in a SYN-ACK accepts the offer.  Afterwards only new data has ECT(0) and may have CWR.
 * DCTCP also sets ECT in its other segments.
 */
static const char *judge_ecn(const struct half *me, const struct half *other,
			     const struct segment *s)
{
	bool agreed = (me->ecn_offered && other->ecn_accepted) ||
		      (other->ecn_offered && me->ecn_accepted);
	bool is_new = s->len && ahead(s->seq, me->end) >= 0;

	if (s->flags & SYN) {
		if (s->ecn && !me->is_dctcp)
			return "a SYN with ECT (6.1.1)";
		if (s->flags & ACK && s->flags & CWR)
			return "a SYN-ACK with CWR (6.1.1)";
		if (s->flags & ACK && s->flags & ECE && !other->ecn_offered)
			return "a SYN-ACK with ECE that no SYN asked for (6.1.1)";
		if (!(s->flags & ACK) && s->flags & ECE && me->known && me->isn == s->seq)
			return "a second SYN that offers ECN (6.1.1.1)";
		return NULL;
	}
	if (s->flags & ECE && !agreed)
		return "ECE without negotiation";
	if (s->flags & ECE && !me->was_marked)
		return "ECE, and no packet was marked (6.1.3)";
	if (s->flags & CWR && !(agreed && is_new))
		return "CWR on a segment that is no new data (6.1.2)";
	if (s->ecn && !agreed)
		return "ECT without negotiation";
	if (s->ecn && !is_new && !me->is_dctcp)
		return s->len ? "a retransmission with ECT (6.1.5)" : "ECT without data (6.1.4)";
	if (agreed && is_new && s->ecn != ECT_0)
		return "new data without ECT(0)";
	return NULL;
}

static const char *judge(struct flow *f, const struct segment *s)
{
	struct half *me = &f->half[s->side], *other = &f->half[!s->side];
	const char *wrong = s->is_peers ? NULL : judge_ecn(me, other, s);

	if (wrong)
		return wrong;
	if (s->flags & RST)
		return s->len ? "data in a RST" : NULL;
	if (s->flags & SYN)
		return take_syn(me, other, s);
	if (!me->known)
		return "before any SYN";
	if (!(s->flags & ACK))
		return "no ACK";
	if (s->has_ts != (me->has_ts && other->has_ts))
		return s->has_ts ? "has a timestamp that was not negotiated"
				 : "lacks the timestamp that was negotiated";
	wrong = judge_ack(me, other, s);
	if (!wrong)
		wrong = sack_judge(me, other, s);
	return wrong ? wrong : judge_data(me, other, s);
}

void watch_frame(struct world *w, unsigned int port, const uint8_t *frame, size_t len)
{
	struct segment s = {.is_peers = port == PEER, .at = conductor_now(w->c)};
	const char *wrong;

	if (!find_flow(frame + PKT_ETH + PKT_IP, &s))
		return; /* a segment of meet() in world.c, before the run */
	wrong = read_segment(w, frame, len, &s);
	if (!wrong)
		wrong = judge(&flows[s.connection], &s);
	if (!wrong)
		return;
	story_frame(w, port, true, frame, len, wrong);
	sim_fail(w, "connection %u, side %u sends a segment (seq %u, %u bytes, ack %u): %s",
		 s.connection, s.side, s.seq - flows[s.connection].half[s.side].isn, s.len,
		 s.ack - flows[s.connection].half[!s.side].isn, wrong);
}

/* ---- causes of a broken or slow connection ------------------------------------------------- */

static void count_loss(struct world *w, struct flow *f)
{
	uint64_t trip = 2 * w->plan.delay_us * US, timeout = TIMEOUT_FIRST + 6 * trip;

	if (conductor_now(w->c) >= f->counted + MOMENT) {
		f->counted = conductor_now(w->c);
		f->row++;
	}
	if (f->row > f->longest_row)
		f->longest_row = f->row;
	/*
	 * A loss costs at most a timeout, doubled for each loss of the longest row.  The timeout
	 * is doubled once more because the measured RTT is too long after lost ACKs: the RTT
	 * counts from the first transmission (a receiver does not echo the timestamp of a
	 * duplicate, as on Linux).
	 */
	timeout <<= f->longest_row < ROW_DOUBLE_MAX ? f->longest_row + 1 : ROW_DOUBLE_MAX;
	f->cost += timeout < TIMEOUT_MOST ? timeout : TIMEOUT_MOST;
}

void watch_fate(struct world *w, const uint8_t *frame, size_t len, bool lost, bool last,
		uint64_t late_ns)
{
	uint64_t trip = 2 * w->plan.delay_us * US;
	struct segment s = {0};
	struct flow *f;
	uint32_t ack;

	if (!find_flow(frame + PKT_ETH + PKT_IP, &s))
		return;
	f = &flows[s.connection];
	/* At worst the sender concludes that a late frame is lost, and retransmits it after three duplicate ACKs. */
	f->cost += late_ns ? late_ns + 2 * trip : 0;
	if (lost) {
		count_loss(w, f);
		return;
	}
	ack = pkt_get32(frame + PKT_ETH + PKT_IP + 8);
	if (last && frame[PKT_ETH + PKT_IP + 13] & ACK &&
	    (!f->has_ack[!s.side] || ahead(ack, f->got_ack[!s.side]) > 0)) {
		f->got_ack[!s.side] = ack;
		f->has_ack[!s.side] = true;
		f->row = 0;
		w->moved = conductor_now(w->c);
	}
}

void watch_reneges(struct world *w, unsigned int i)
{
	count_loss(w, &flows[i]);
}

void watch_arrival(const uint8_t *frame, size_t len, uint64_t at)
{
	struct segment s = {.at = at};
	struct flow *f;

	if (!find_flow(frame + PKT_ETH + PKT_IP, &s) || read_fields(frame, len, &s))
		return;
	f = &flows[s.connection];
	if (!(s.flags & (SYN | RST)) && f->half[0].known && f->half[1].known)
		sack_arrival(f->half, &s);
}

void watch_mark(struct world *w, const uint8_t *frame)
{
	struct segment s = {0};

	if (!find_flow(frame + PKT_ETH + PKT_IP, &s))
		return;
	flows[s.connection].half[!s.side].was_marked = true;
	/* The mark may reduce the window to one segment, whose ACK is delayed. */
	flows[s.connection].cost += 4 * w->plan.delay_us * US + 2 * MOMENT;
}

uint64_t watch_cost(unsigned int i)
{
	return flows[i].cost;
}

unsigned int watch_row(unsigned int i)
{
	return flows[i].longest_row;
}

/* SPDX-License-Identifier: MIT */
/*
 * Checks the SACK blocks that our kernel sends, and that it does not retransmit data that was SACKed.
 *
 * watch.c calls sack_arrival() for each frame that arrives, and sack_judge() for each frame that a host sends.
 *
 * The rules for a receiver (RFC 2018, 2883): blocks are sent only if both SYNs permit SACK.  A block is above the
 * acknowledgment number, inside the offered window, and of data that arrived; blocks do not touch each other.
 * The exception is a DSACK: it is the first block, below the acknowledgment number or inside the second block, and of
 * data that arrived twice.  Data counts as arrived when its frame enters the link to the receiver undamaged.
 *
 * The rule for a sender: a SACKed segment is not retransmitted.  RFC 2018 5: "for each block in the SACK option, the data
 * sender will turn on the SACKed flags for all segments in the retransmission queue that are wholly contained within that
 * block".  So two blocks that each cover only a part of a segment leave it unSACKed.  A segment has the first and last
 * byte with which its data was sent last, and a retransmission is judged only if it has the same two.  A block counts
 * from the instant after its arrival, and only in an ACK that no check of the sender may refuse.  If the cumulative
 * acknowledgment stops at a byte that was SACKed, the other end has dropped it (reneging, RFC 2018 8): then all data
 * that was sent so far may be retransmitted.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/watch.h"

/* No stream is longer than this.  A larger offset means that a subtraction wrapped, for a probe before
 * the first byte. */
#define OFFSET_MAX (1U << 30)
/* With fewer segments in flight, a queue is below the limit of memory at which tcp_fragment()
 * refuses to split a segment. */
#define QUEUE_PIECES 100

/* A number for each byte of a stream. */
struct bytes {
	uint8_t *at;
	size_t size;
};

/* An ACK that is on its way to the sender. */
struct coming {
	struct segment s;
	struct coming *next;
};

/* One end of a connection. */
static struct end {
	/* A receiver: how often each byte of the other end's stream arrived, at most twice; the FIN is a byte too. */
	struct bytes times;
	/* A sender: 1 for each byte of its own stream that is in a SACKed segment. */
	struct bytes sacked;
	/* A sender: 1 for each byte that a block reported, even if the sender may have refused the
	 * ACK. */
	struct bytes perhaps;
	/* A sender: tag_of() the segment in which each byte was sent last. */
	struct bytes owner;
	struct coming *coming; /* ordered by the time of arrival */
	bool has_una;
	uint32_t una, tsval; /* highest ACK and TSval that arrived: PAWS may refuse older ones */
	bool reneged;        /* the other end dropped data; true until una has reached renege_end */
	uint32_t renege_end;
} ends[CONNECTIONS_MAX][2];

static void free_end(struct end *e)
{
	struct coming *c;

	while ((c = e->coming)) {
		e->coming = c->next;
		free(c);
	}
	free(e->times.at);
	free(e->sacked.at);
	free(e->perhaps.at);
	free(e->owner.at);
}

void sack_begin(void)
{
	for (unsigned int i = 0; i < 2 * CONNECTIONS_MAX; i++)
		free_end(&ends[i / 2][i % 2]);
	memset(ends, 0, sizeof(ends));
}

static void bytes_clear(struct bytes *b)
{
	if (b->at)
		memset(b->at, 0, b->size);
}

static unsigned int byte_number(const struct bytes *b, uint32_t offset)
{
	return offset < b->size ? b->at[offset] : 0;
}

/* Adds 1 to each of @n numbers from @offset on that is below @most. */
static void bytes_add(struct bytes *b, uint32_t offset, size_t n, uint8_t most)
{
	if (offset > OFFSET_MAX || n > OFFSET_MAX)
		return; /* before the first byte, or an invalid block */
	if (offset + n > b->size) {
		size_t size = 2 * (offset + n) + 4096;

		b->at = realloc(b->at, size);
		memset(b->at + b->size, 0, size - b->size);
		b->size = size;
	}
	for (size_t i = offset; i < offset + n; i++)
		b->at[i] += b->at[i] < most;
}

void sack_stream(unsigned int connection, unsigned int side)
{
	struct end *me = &ends[connection][side];

	bytes_clear(&ends[connection][!side].times);
	bytes_clear(&me->sacked);
	bytes_clear(&me->perhaps);
	bytes_clear(&me->owner);
	me->has_una = me->reneged = false;
}

/* ---- a receiver ------------------------------------------------------------------------------- */

/* Returns true if all bytes of @b, in the stream that begins behind @isn, arrived at least @times
 * times. */
static bool arrived(const struct end *e, struct pkt_block b, uint32_t isn, unsigned int times)
{
	for (uint32_t i = b.from - isn - 1; i != b.to - isn - 1; i++) {
		if (byte_number(&e->times, i) < times)
			return false;
	}
	return true;
}

static bool is_inside(struct pkt_block a, struct pkt_block b)
{
	return ahead(a.from, b.from) >= 0 && ahead(a.to, b.to) <= 0;
}

static bool is_dsack(const struct segment *s)
{
	return ahead(s->blocks[0].from, s->ack) < 0 ||
	       (s->nr_blocks > 1 && is_inside(s->blocks[0], s->blocks[1]));
}

static const char *judge_block(const struct half *me, const struct half *other, const struct end *e,
			       const struct segment *s, unsigned int i)
{
	struct pkt_block b = s->blocks[i];

	if (ahead(b.from, s->ack) <= 0)
		return "a SACK block that is not above the acknowledgment number";
	if (ahead(b.to, other->end) > 0)
		return "a SACK block of data that was never sent";
	if (ahead(b.to, me->edge) > 1) /* a FIN may be beyond the edge */
		return "a SACK block beyond the offered window";
	if (!arrived(e, b, other->isn, 1))
		return "a SACK block of data that did not arrive";
	for (unsigned int k = i + 1; k < s->nr_blocks; k++) {
		if (ahead(b.from, s->blocks[k].to) <= 0 && ahead(s->blocks[k].from, b.to) <= 0)
			return "SACK blocks that touch";
	}
	return NULL;
}

static const char *judge_blocks(const struct half *me, const struct half *other,
				const struct segment *s)
{
	const struct end *e = &ends[s->connection][s->side];
	unsigned int first = is_dsack(s);

	for (unsigned int i = 0; i < s->nr_blocks; i++) {
		if (ahead(s->blocks[i].to, s->blocks[i].from) <= 0)
			return "an empty SACK block";
	}
	if (first && !arrived(e, s->blocks[0], other->isn, 2))
		return "a DSACK of data that did not arrive twice";
	for (unsigned int i = first; i < s->nr_blocks; i++) {
		const char *wrong = judge_block(me, other, e, s, i);

		if (wrong)
			return wrong;
	}
	return NULL;
}

/* ---- a sender --------------------------------------------------------------------------------- */

/* Returns true if no check of the sender @me may refuse the ACK: it is in the window, and not older than the last one. */
static bool is_certain(const struct end *e, const struct half *me, const struct half *other,
		       const struct segment *s)
{
	if (s->len || s->flags & (SYN | RST | FIN) || ahead(s->seq, other->end) > 0 ||
	    ahead(s->seq, me->ack) < 0 || ahead(s->seq, me->edge) > 0 || ahead(s->ack, me->end) > 0)
		return false;
	/* The sender may refuse to split a packet of several segments at a block's edge (CVE-2019-11478). */
	if (me->longest && (me->end - s->ack) / me->longest > QUEUE_PIECES)
		return false;
	return !e->has_una || (ahead(s->ack, e->una) >= 0 && ahead(s->tsval, e->tsval) >= 0);
}

/* Marks the segments that the block @b contains wholly. */
static void mark_segments(struct end *e, struct pkt_block b, uint32_t isn)
{
	uint32_t at = b.from - isn - 1, end = b.to - isn - 1, next;

	for (; at < end; at = next) {
		bool whole = !at || byte_number(&e->owner, at - 1) != byte_number(&e->owner, at);

		for (next = at + 1;
		     next < end && byte_number(&e->owner, next) == byte_number(&e->owner, at);)
			next++;
		if (whole && byte_number(&e->owner, next) != byte_number(&e->owner, at))
			bytes_add(&e->sacked, at, next - at, 1);
	}
}

/* Processes an ACK that has arrived at @me. */
static void take_ack(struct end *e, const struct half *me, const struct half *other,
		     const struct segment *s)
{
	bool certain = is_certain(e, me, other, s);

	if (!e->has_una || ahead(s->ack, e->una) > 0)
		e->una = s->ack;
	if (!e->has_una || ahead(s->tsval, e->tsval) > 0)
		e->tsval = s->tsval;
	e->has_una = true;
	for (unsigned int i = 0; i < s->nr_blocks; i++) {
		struct pkt_block b = s->blocks[i];

		if (ahead(b.from, s->ack) <= 0 || ahead(b.to, b.from) <= 0 ||
		    ahead(b.to, me->end) > 0)
			continue;
		bytes_add(&e->perhaps, b.from - me->isn - 1, b.to - b.from, 1);
		if (certain && i >= is_dsack(s))
			mark_segments(e, b, me->isn);
	}
	/*
	 * Only an ACK that the sender surely accepts ends `reneged`: until then the sender
	 * retransmits from the old SND.UNA.
	 */
	if (certain && ahead(s->ack, e->renege_end) >= 0)
		e->reneged = false;
	if (byte_number(&e->perhaps, e->una - me->isn - 1)) {
		e->reneged = true;
		e->renege_end = me->end;
	}
}

/* Takes the ACKs that arrived at @me before the time @now. */
static void take_acks(struct end *e, const struct half *me, const struct half *other, uint64_t now)
{
	struct coming *c;

	while ((c = e->coming) && c->s.at < now) {
		e->coming = c->next;
		take_ack(e, me, other, &c->s);
		free(c);
	}
}

/* Returns a number from 1 to 255 for the segment that begins at @seq; bytes that were not sent have 0. */
static uint8_t tag_of(uint32_t seq)
{
	return 1 + seq * 2654435761u % 255;
}

static bool has_same_limits(const struct end *e, uint32_t seq, uint32_t offset, uint32_t n)
{
	uint8_t tag = tag_of(seq);

	return byte_number(&e->owner, offset) == tag &&
	       byte_number(&e->owner, offset + n - 1) == tag &&
	       byte_number(&e->owner, offset + n) != tag;
}

static void take_limits(struct end *e, uint32_t seq, uint32_t offset, uint32_t n)
{
	bytes_add(&e->owner, offset, n, 1); /* makes room */
	if (offset + n <= e->owner.size)
		memset(e->owner.at + offset, tag_of(seq), n);
}

/*
 * Retransmissions of fewer bytes are not judged.  When short segments fill a socket's queues, the sender may not split
 * a packet that is SACKed in part (TCPWqueueTooBig, CVE-2019-11478), so it sends the whole packet again.
 */
#define JUDGED_LENGTH 1000

static const char *judge_retransmission(struct end *e, const struct half *me,
					const struct half *other, const struct segment *s)
{
	uint32_t n = s->len + !!(s->flags & FIN), offset = s->seq - me->isn - 1;
	bool same;

	take_acks(e, me, other, s->at);
	if (!n || ahead(s->seq, me->isn) <= 0)
		return NULL;
	same = has_same_limits(e, s->seq, offset, n);
	take_limits(e, s->seq, offset, n);
	if (n < JUDGED_LENGTH || e->reneged || ahead(s->seq + n, me->end) > 0 || !same)
		return NULL;
	for (uint32_t i = offset; i != offset + n; i++) {
		if (!byte_number(&e->sacked, i))
			return NULL;
	}
	return "a retransmission of a segment that was SACKed";
}

/* ---- for watch.c ------------------------------------------------------------------------------ */

void sack_arrival(const struct half *half, const struct segment *s)
{
	size_t n = s->len + !!(s->flags & FIN);
	struct end *to = &ends[s->connection][!s->side];
	struct coming **at = &to->coming, *c;

	if (n)
		bytes_add(&to->times, s->seq - half[s->side].isn - 1, n, 2);
	if (!(s->flags & ACK))
		return;
	c = malloc(sizeof(*c));
	c->s = *s;
	c->s.data = NULL;
	while (*at && (*at)->s.at <= s->at)
		at = &(*at)->next;
	c->next = *at;
	*at = c;
}

const char *sack_judge(const struct half *me, const struct half *other, const struct segment *s)
{
	const char *wrong;

	if (s->nr_blocks && !(me->has_sack && other->has_sack))
		return "SACK blocks that were not negotiated";
	if (s->is_peers)
		return NULL;
	wrong = judge_blocks(me, other, s);
	return wrong ? wrong : judge_retransmission(&ends[s->connection][s->side], me, other, s);
}

/* SPDX-License-Identifier: MIT */
/*
 * Checks the SACK blocks that our kernel sends.
 *
 * sack_arrival(), sack_judge() <- watch.c: for each frame that arrives, and that a host sends.
 *
 * The rules for a receiver (RFC 2018, 2883): blocks are sent only if both SYNs permit SACK.  A block is above the
 * acknowledgment number, inside the offered window, and of data that arrived; blocks do not touch each other.
 * The exception is a DSACK: it is the first block, below the acknowledgment number or inside the second block, and of
 * data that arrived twice.  Data counts as arrived when its frame enters the link to the receiver undamaged.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/watch.h"

/* No stream is longer; a larger offset is that of a probe before the first byte. */
#define OFFSET_MAX (1U << 30)

/* A number for each byte of a stream. */
struct bytes {
	uint8_t *at;
	size_t size;
};

/* One end of a connection, as a receiver. */
static struct end {
	/* How often each byte of the other end's stream arrived, at most twice; the FIN is a byte too. */
	struct bytes times;
} ends[CONNECTIONS_MAX][2];

void sack_begin(void)
{
	for (unsigned int i = 0; i < 2 * CONNECTIONS_MAX; i++)
		free(ends[i / 2][i % 2].times.at);
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
	bytes_clear(&ends[connection][!side].times);
}

/* ---- a receiver ------------------------------------------------------------------------------- */

/* All bytes of @b of the stream that begins behind @isn arrived @times times. */
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

/* ---- for watch.c ------------------------------------------------------------------------------ */

void sack_arrival(const struct half *from, const struct segment *s)
{
	size_t n = s->len + !!(s->flags & FIN);

	if (n)
		bytes_add(&ends[s->connection][!s->side].times, s->seq - from->isn - 1, n, 2);
}

const char *sack_judge(const struct half *me, const struct half *other, const struct segment *s)
{
	if (s->nr_blocks && !(me->has_sack && other->has_sack))
		return "SACK blocks that were not negotiated";
	return s->is_peers ? NULL : judge_blocks(me, other, s);
}

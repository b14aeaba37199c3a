/* SPDX-License-Identifier: MIT */
/*
 * A simple reassembler of IPv4 datagrams (reassembler.h).  Callers: tests/fuzz/harness/fragments.c.  One thread, no
 * lock.  RFC 791 3.2, 3168 5.3, 5722.
 */
#include "tests/fuzz/reassembler.h"

#include <string.h>

#define DATAGRAMS_MAX PIECES_MAX
#define LEN_MAX       65535 /* RFC 791 3.1: the field "total length" has 16 bits */
#define SOURCE_MAX    64    /* docs/limits.md: IPFRAG_SOURCE_DATAGRAMS */
#define ECN_NOT_ECT   0

struct datagram {
	bool used;
	uint64_t created;
	unsigned int nr, pieces[PIECES_MAX]; /* indices in pieces[] */
};

struct reassembler_counts reassembler;

static struct piece pieces[PIECES_MAX];
static unsigned int nr_pieces;
/* The datagrams in the order of their first fragments. */
static struct datagram datagrams[DATAGRAMS_MAX];
static unsigned int nr_datagrams;
static uint8_t whole[LEN_MAX];

void reassembler_begin(void)
{
	nr_pieces = nr_datagrams = 0;
	memset(&reassembler, 0, sizeof(reassembler));
}

static void drop(struct datagram *d)
{
	d->used = false;
	reassembler.incomplete--;
}

static void fail(struct datagram *d)
{
	drop(d);
	reassembler.fails++;
}

static const struct piece *piece_of(const struct datagram *d, unsigned int i)
{
	return &pieces[d->pieces[i]];
}

static struct datagram *find(const struct piece *piece)
{
	for (unsigned int i = 0; i < nr_datagrams; i++) {
		const struct piece *first = piece_of(&datagrams[i], 0);

		if (datagrams[i].used && first->saddr == piece->saddr &&
		    first->daddr == piece->daddr && first->id == piece->id &&
		    first->proto == piece->proto)
			return &datagrams[i];
	}
	return NULL;
}

/* Begins a datagram.  If its source has SOURCE_MAX incomplete ones, the oldest of them is dropped. */
static struct datagram *begin(const struct piece *piece, uint64_t now)
{
	struct datagram *oldest = NULL, *d;
	unsigned int of_source = 0;

	for (unsigned int i = 0; i < nr_datagrams; i++) {
		if (!datagrams[i].used || piece_of(&datagrams[i], 0)->saddr != piece->saddr)
			continue;
		of_source++;
		if (!oldest)
			oldest = &datagrams[i];
	}
	if (of_source == SOURCE_MAX)
		fail(oldest);
	d = &datagrams[nr_datagrams++];
	d->used = true;
	d->created = now;
	d->nr = 0;
	reassembler.incomplete++;
	return d;
}

enum fit { FITS, DUPLICATE, CONTRADICTS };

/* Returns how @piece fits to the fragments of @d that are there. */
static enum fit fit_of(const struct datagram *d, const struct piece *piece)
{
	unsigned int end = piece->start + piece->len;
	enum fit fit = FITS;

	for (unsigned int i = 0; i < d->nr; i++) {
		const struct piece *other = piece_of(d, i);
		unsigned int other_end = other->start + other->len;

		/* Two fragments that disagree about the length of the datagram. */
		if ((!other->more && end > other_end) || (!piece->more && end < other_end) ||
		    (!other->more && !piece->more && end != other_end))
			return CONTRADICTS;
		if (end <= other->start || piece->start >= other_end)
			continue;
		fit = piece->start >= other->start && end <= other_end ? DUPLICATE : CONTRADICTS;
	}
	return fit;
}

/* Returns the datagram's length, and copies its payload to whole[], if all fragments are there; else 0. */
static size_t length_of(const struct datagram *d)
{
	size_t sum = 0, len = 0;

	for (unsigned int i = 0; i < d->nr; i++) {
		const struct piece *piece = piece_of(d, i);

		sum += piece->len;
		if (!piece->more)
			len = piece->start + piece->len;
	}
	if (sum != len)
		return 0;
	for (unsigned int i = 0; i < d->nr; i++)
		memcpy(whole + piece_of(d, i)->start, piece_of(d, i)->data, piece_of(d, i)->len);
	return len;
}

/* Returns whether a datagram of @len bytes of payload that is complete may be delivered. */
static bool is_valid(const struct datagram *d, size_t len)
{
	bool capable = false, not_capable = false;

	for (unsigned int i = 0; i < d->nr; i++) {
		const struct piece *piece = piece_of(d, i);

		*(piece->ecn == ECN_NOT_ECT ? &not_capable : &capable) = true;
		if (!piece->start && piece->header + len > LEN_MAX)
			return false;
	}
	return !capable || !not_capable;
}

size_t reassembler_add(const struct piece *piece, uint64_t now, const uint8_t **datagram)
{
	struct datagram *d;
	enum fit fit;
	size_t len;

	reassembler.requests++;
	if (!piece->len || (piece->more && piece->len % 8) ||
	    piece->header + piece->start + piece->len > LEN_MAX) {
		reassembler.fails++;
		return 0;
	}
	d = find(piece);
	if (!d)
		d = begin(piece, now);
	fit = fit_of(d, piece);
	if (fit == CONTRADICTS)
		fail(d);
	if (fit != FITS)
		return 0;
	pieces[nr_pieces] = *piece;
	d->pieces[d->nr++] = nr_pieces++;
	len = length_of(d);
	if (!len)
		return 0;
	if (!is_valid(d, len)) {
		fail(d);
		return 0;
	}
	drop(d);
	reassembler.oks++;
	*datagram = whole;
	return len;
}

static struct datagram *oldest(void)
{
	for (unsigned int i = 0; i < nr_datagrams; i++) {
		if (datagrams[i].used)
			return &datagrams[i];
	}
	return NULL;
}

uint64_t reassembler_oldest(void)
{
	const struct datagram *d = oldest();

	return d ? d->created : ~0ULL;
}

bool reassembler_expire(void)
{
	struct datagram *d = oldest();
	bool first = false;

	for (unsigned int i = 0; i < d->nr; i++)
		first |= !piece_of(d, i)->start;
	fail(d);
	reassembler.timeouts++;
	return first;
}

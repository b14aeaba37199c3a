/* SPDX-License-Identifier: MIT */
/*
 * Makes a plan from a seed, and from the plan the behaviour of each end of each connection (sim.h).
 *
 * Callers: main.c, world.c, goodput.c.  The functions keep no state.
 *
 * Many seeds are mild on purpose: a run in which everything fails at once finds few bugs, because no
 * connection gets far.  So each kind of trouble (loss, duplicates, aborts ...) is drawn separately; most
 * seeds have two or three kinds.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

/* Bytes after which the content repeats.  It is a prime, so that data shifted by a power of two differs. */
#define CONTENT_PERIOD 65521

/* ---- random numbers --------------------------------------------------------------------------- */

static uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

struct rng rng_make(uint64_t seed, uint64_t purpose)
{
	struct rng r = {seed * 0xd1342543de82ef95ULL + purpose};

	rng_next(&r);
	return r;
}

uint64_t rng_below(struct rng *r, uint64_t below)
{
	uint64_t n = rng_next(r);

	return below ? n % below : 0;
}

bool rng_chance(struct rng *r, uint64_t of_10000)
{
	return rng_below(r, 10000) < of_10000;
}

/* ---- fields ----------------------------------------------------------------------------------- */

/*
 * @simplest: the value towards which `run --shrink` changes the field; KEEP: `run --shrink` does
 * not change the field.
 */
#define KEEP (~0ULL)
#define FIELD(name, least, most, simplest)                                                         \
	{                                                                                          \
#name, offsetof(struct plan, name), least, most, simplest                          \
	}
static const struct field {
	const char *name;
	size_t offset;
	uint64_t least, most, simplest;
} fields[] = {
	FIELD(connections, 1, CONNECTIONS_MAX, 1),
	FIELD(kernels, 1, KERNELS_MAX, 2),
	FIELD(peer, 0, 1, KEEP),
	FIELD(aborts, 0, 100, 0),
	FIELD(early, 0, 100, 0),
	FIELD(cut_for_ms, 0, 600000, 0),
	FIELD(dup, 0, 10000, 0),
	FIELD(reorder, 0, 10000, 0),
	FIELD(corrupt, 0, 10000, 0),
	FIELD(loss, 0, 10000, 0),
	FIELD(jitter_us, 0, 10000000, 0),
	FIELD(bytes, 0, 1 << 30, 0),
	FIELD(pauses, 0, 100, 0),
	FIELD(nonblock, 0, 100, 0),
	FIELD(vectors, 0, 100, 0),
	FIELD(options, 0, 100, 0),
	FIELD(buffers, 0, 100, 0),
	FIELD(epolls, 0, 100, 0),
	FIELD(half, 0, 100, 0),
	FIELD(rate_kbit, 0, 1ULL << 40, 0),
	FIELD(wrap, 0, 1, 0),
	FIELD(irq, 0, 256, 0),
	FIELD(device, 0, 2, 0),
	FIELD(mtu, 0, 9000, 0),
	FIELD(small_mtu, 0, 9000, 0),
	FIELD(ecn, 0, (1 << KERNELS_MAX) - 1, 0),
	FIELD(mark, 0, 10000, 0),
	FIELD(sack, 0, (1 << PORTS_MAX) - 1, (1 << PORTS_MAX) - 1),
	FIELD(temper, 0, TEMPERS - 1, 0),
	FIELD(queue, 0, 1ULL << 40, 1 << 24),
	FIELD(delay_us, 0, 100000000, 1000),
	FIELD(reorder_us, 0, 100000000, KEEP),
	FIELD(sides, 0, (1 << 2 * PORTS_MAX) - 1, KEEP),
	FIELD(cut_ms, 0, 10000000, KEEP),
	FIELD(cut_sides, 0, (1 << 2 * PORTS_MAX) - 1, KEEP),
	FIELD(every, 1, 1000000, KEEP),
};
#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))

static uint64_t *field_of(struct plan *p, const struct field *f)
{
	return (uint64_t *)((char *)p + f->offset);
}

bool plan_set(struct plan *p, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char *end;
	uint64_t value;

	if (!equals)
		return false;
	value = strtoull(equals + 1, &end, 0);
	if (*end || end == equals + 1)
		return false;
	for (size_t i = 0; i < NR_FIELDS; i++) {
		const struct field *f = &fields[i];

		if (strlen(f->name) != (size_t)(equals - assignment) ||
		    memcmp(f->name, assignment, equals - assignment))
			continue;
		if (value < f->least || value > f->most)
			return false;
		*field_of(p, f) = value;
		return p->kernels >
		       !p->peer; /* a connection needs two hosts, of which one may be the peer */
	}
	return false;
}

void plan_print(const struct plan *p, bool all, FILE *out)
{
	struct plan made = plan_make(p->seed), mine = *p;

	for (size_t i = 0; i < NR_FIELDS; i++) {
		if (all || *field_of(&mine, &fields[i]) != *field_of(&made, &fields[i]))
			fprintf(out, " %s=%llu", fields[i].name,
				(unsigned long long)*field_of(&mine, &fields[i]));
	}
}

void plan_print_fields(FILE *out)
{
	for (size_t i = 0; i < NR_FIELDS; i++) {
		if (fields[i].simplest != KEEP)
			fprintf(out, "%s %llu\n", fields[i].name,
				(unsigned long long)fields[i].simplest);
	}
}

/* ---- seed -> plan ----------------------------------------------------------------------------- */

static uint64_t one_of(struct rng *r, const uint64_t *list, unsigned int n)
{
	return list[rng_below(r, n)];
}
#define ONE_OF(r, ...)                                                                             \
	one_of(r, (const uint64_t[]){__VA_ARGS__},                                                 \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void plan_network(struct plan *p, struct rng *r)
{
	p->delay_us = ONE_OF(r, 5, 100, 500, 2500, 10000, 50000);
	p->rate_kbit = ONE_OF(r, 0, 0, 1000, 10000, 100000, 1000000);
	p->queue = ONE_OF(r, 5000, 20000, 100000, 1 << 24);
	p->loss = ONE_OF(r, 0, 0, 50, 200, 1000);
	p->dup = ONE_OF(r, 0, 0, 0, 100, 1000);
	p->reorder = ONE_OF(r, 0, 0, 0, 100, 2000);
	p->reorder_us = 1 + rng_below(r, 4 * p->delay_us + 1000);
	p->corrupt = ONE_OF(r, 0, 0, 0, 100, 500);
	p->jitter_us = ONE_OF(r, 0, 0, 0, p->delay_us / 2, p->delay_us);
	p->sides = rng_chance(r, 6000) ? (1 << 2 * PORTS_MAX) - 1
				       : 1 + rng_below(r, (1 << 2 * PORTS_MAX) - 1);
	if (rng_chance(r, 1500)) {
		p->cut_ms = rng_below(r, 2000);
		p->cut_for_ms = ONE_OF(r, 50, 500, 3000, 20000);
		p->cut_sides = 1 + rng_below(r, (1 << 2 * PORTS_MAX) - 1);
	}
	p->mtu = ONE_OF(r, 0, 0, 0, 576, 1280, 4000);
	p->small_mtu = ONE_OF(r, 0, 0, 0, 296, 600);
}

struct plan plan_make(uint64_t seed)
{
	struct rng r = rng_make(seed, 1), ecn = rng_make(seed, 2), sack = rng_make(seed, 3);
	struct rng waits = rng_make(seed, 4);
	struct plan p = {.seed = seed, .every = 4};
	const uint64_t all = (1 << PORTS_MAX) - 1;

	p.peer = seed % 3 == 0;
	p.kernels = p.peer ? ONE_OF(&r, 1, 1, 2) : ONE_OF(&r, 2, 2, 2, 3, 4);
	p.connections = p.peer ? 1 + rng_below(&r, 2) : 1 + rng_below(&r, 5);
	p.bytes = p.peer ? ONE_OF(&r, 100, 4000, 30000) : ONE_OF(&r, 1000, 20000, 100000, 300000);
	plan_network(&p, &r);
	p.ecn = ONE_OF(&ecn, 0, 1, (1 << KERNELS_MAX) - 1);
	p.mark = ONE_OF(&ecn, 0, 0, 100, 1000, 5000);
	p.sack = ONE_OF(&sack, all, all, all, 0, rng_below(&sack, all + 1));
	p.temper = ONE_OF(&sack, 0, 0, 0, 1 << rng_below(&sack, 5), rng_below(&sack, TEMPERS));
	p.device = ONE_OF(&r, 0, 0, 1, 2);
	p.irq = ONE_OF(&r, 0, 16, 64, 200);
	p.wrap = rng_chance(&r, 3333);
	p.aborts = ONE_OF(&r, 0, 0, 0, 20, 50);
	p.early = ONE_OF(&r, 0, 0, 0, 20, 50);
	p.half = ONE_OF(&r, 0, 50, 100);
	p.pauses = ONE_OF(&r, 0, 0, 30, 100);
	p.nonblock = ONE_OF(&r, 0, 30, 100);
	p.vectors = ONE_OF(&r, 0, 30, 100);
	p.options = ONE_OF(&r, 0, 30, 100);
	p.buffers = ONE_OF(&r, 0, 30, 100);
	p.epolls = ONE_OF(&waits, 0, 50, 100);
	return p;
}

/* ---- plan -> connections ---------------------------------------------------------------------- */

const char *const sim_controls[] = {"reno", "cubic", "bbr", "dctcp", NULL};
#define NR_CONTROLS (sizeof(sim_controls) / sizeof(sim_controls[0]) - 1)

static struct side_plan plan_side(const struct plan *p, struct rng *r)
{
	struct side_plan s = {.abort_at = ~0ULL, .close_at = ~0ULL};
	uint64_t scale = rng_below(r, 10000), amount;
	bool pauses, aborts, early;

	/* Draw each number even if it is not used: then a change of one field changes nothing else. */
	s.bytes = p->bytes * (rng_chance(r, 1500) ? 0 : scale) / 10000;
	s.chunk = ONE_OF(r, 1, 100, 1448, 5000, 65536);
	/* Limit the number of calls to some hundred. */
	if (s.chunk < s.bytes / 200)
		s.chunk = s.bytes / 200;
	s.start = rng_chance(r, 3000) ? rng_below(r, 300 * MS) : 0;
	s.nonblock = rng_below(r, 100) < p->nonblock;
	s.vectors = rng_below(r, 100) < p->vectors;
	s.options = rng_below(r, 100) < p->options;
	s.half = rng_below(r, 100) < p->half;
	pauses = rng_below(r, 100) < p->pauses;
	s.pause_of_100 = ONE_OF(r, 1, 5, 50);
	s.pause = ONE_OF(r, 1 * MS, 50 * MS, 1 * SEC);
	if (!pauses)
		s.pause_of_100 = 0;
	aborts = rng_below(r, 100) < p->aborts;
	early = rng_below(r, 100) < p->early;
	amount = rng_below(r, s.bytes + p->bytes / 2 + 1);
	if (aborts)
		s.abort_at = amount;
	else if (early)
		s.close_at = amount;
	s.sndbuf = ONE_OF(r, 0, 1, 10000, 1 << 20);
	s.rcvbuf = ONE_OF(r, 0, 1, 5000, 20000, 1 << 20);
	s.maxseg = ONE_OF(r, 0, 0, 0, 88, 536);
	if (rng_below(r, 100) >= p->buffers)
		s.sndbuf = s.rcvbuf = s.maxseg = 0;
	s.control = sim_controls[rng_below(r, NR_CONTROLS)];
	return s;
}

struct connection_plan plan_connection(const struct plan *p, unsigned int i)
{
	struct rng r = rng_make(p->seed, 100 + i);
	struct connection_plan cp = {0};
	unsigned int way;

	if (p->script)
		return *p->script;

	cp.start = rng_chance(&r, 3000) ? rng_below(&r, 1 * SEC) : 0;
	way = rng_below(&r, 2);
	for (unsigned int s = 0; s < 2; s++) {
		struct rng own = rng_make(p->seed, 1000 + 2 * i + s);

		struct rng waits = rng_make(p->seed, 2000 + 2 * i + s);

		cp.side[s] = plan_side(p, &own);
		cp.side[s].waits = LEVEL + rng_below(&waits, EXCLUSIVE);
		if (rng_below(&waits, 100) >= p->epolls)
			cp.side[s].waits = BY_POLL;
	}
	cp.side[0].port = rng_below(&r, p->kernels);
	if (p->peer) {
		cp.side[1].port = cp.side[0].port;
		cp.side[way].port = PEER;
	} else {
		cp.side[1].port =
			(cp.side[0].port + 1 + rng_below(&r, p->kernels - 1)) % p->kernels;
	}
	/*
	 * A client always sends data or a FIN.  Otherwise, if the last ACK of the handshake and then all
	 * SYN-ACKs are lost, the server never learns of the connection, and the client would wait for ever,
	 * as TCP specifies.
	 */
	if (!cp.side[0].bytes)
		cp.side[0].half = true;
	return cp;
}

/* ---- the bytes of the streams ----------------------------------------------------------------- */

static const uint8_t *content(void)
{
	static uint8_t table[2 * CONTENT_PERIOD];
	static bool made;
	uint32_t x = 1;

	if (!made) {
		for (unsigned int i = 0; i < CONTENT_PERIOD; i++) {
			x = x * 1103515245u + 12345u;
			table[i] = table[i + CONTENT_PERIOD] = x >> 16;
		}
		made = true;
	}
	return table;
}

static const uint8_t *content_at(unsigned int connection, unsigned int from, uint64_t offset)
{
	return content() + (offset + 4099 * (2 * connection + from)) % CONTENT_PERIOD;
}

uint8_t content_byte(unsigned int connection, unsigned int from, uint64_t offset)
{
	return *content_at(connection, from, offset);
}

void content_fill(uint8_t *at, unsigned int connection, unsigned int from, uint64_t offset,
		  size_t len)
{
	while (len) {
		size_t n = len < CONTENT_PERIOD ? len : CONTENT_PERIOD;

		memcpy(at, content_at(connection, from, offset), n);
		at += n;
		offset += n;
		len -= n;
	}
}

size_t content_differs(const uint8_t *bytes, unsigned int connection, unsigned int from,
		       uint64_t offset, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = len - at < CONTENT_PERIOD ? len - at : CONTENT_PERIOD;

		if (memcmp(bytes + at, content_at(connection, from, offset + at), n))
			break;
		at += n;
	}
	while (at < len && bytes[at] == content_byte(connection, from, offset + at))
		at++;
	return at < len ? at : len;
}

/* SPDX-License-Identifier: MIT */
/*
 * The network of a run: a link for each host, a switch between the links, and the loss, damage and
 * delay of frames on a link (sim.h, struct plan).
 *
 * world.c calls net_build(); the conductor calls the hooks and takers of the wires while it runs the hosts.
 *
 * A link has two directions (struct way), each with its own queue, rate and delay.  `sides` of the plan tells which
 * directions lose and damage frames; all directions give CE marks.  ARP packets are never damaged or lost: they have no
 * checksum, and a missing neighbour entry is no test of TCP.
 */
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/wire/pkt.h"

#define NETWORK_ADDR   0x0a000001 /* 10.0.0.1, the address of the host at the first port */
#define FIRST_MAC_LAST 1

/* One direction of the link between a port of the switch and its host. */
struct way {
	struct world *world;
	struct wire *wire;
	unsigned int port;
	bool out; /* from the port's host to the switch */
	struct rng rng;
	/* A separate stream of random numbers for CE marks, so that marks change no other
	 * decision. */
	struct rng marks;
	uint64_t busy_until;
};

/* The directions of all links; a process plays one run at a time. */
static struct network {
	struct way way[PORTS_MAX][2];
} net;

uint32_t net_address(unsigned int port)
{
	return NETWORK_ADDR + port;
}

static bool hurts(const struct world *w, const struct way *way, uint64_t sides)
{
	return !w->calm && sides >> (2 * way->port + !way->out) & 1;
}

static bool cut_now(const struct world *w, const struct way *way)
{
	const struct plan *p = &w->plan;
	uint64_t now = conductor_now(w->c), from = w->started + p->cut_ms * MS;

	return p->cut_for_ms && now >= from && now < from + p->cut_for_ms * MS &&
	       hurts(w, way, p->cut_sides);
}

/*
 * Puts a frame of @len bytes into the queue before the link.  Returns false if the queue has no room.
 * Otherwise sets *@leaves to the time at which the frame has left the queue, and *@half_full to true if
 * more than half of the queue is used.
 */
static bool queue_up(struct way *way, size_t len, uint64_t *leaves, bool *half_full)
{
	const struct plan *p = &way->world->plan;
	uint64_t now = conductor_now(way->world->c), waits;

	*leaves = now;
	*half_full = false;
	if (!p->rate_kbit)
		return true;
	if (way->busy_until < now)
		way->busy_until = now;
	waits = (way->busy_until - now) * p->rate_kbit / (8 * MS);
	if (way->busy_until > now && waits + len > p->queue)
		return false;
	*half_full = waits > p->queue / 2;
	way->busy_until += len * 8 * MS / p->rate_kbit;
	*leaves = way->busy_until;
	return true;
}

/*
 * Changes one byte of the frame, which a 16-bit checksum always detects.  Called only on the link to the
 * destination: with a change on both links the checksum might be right again.
 */
static void damage(struct way *way, uint8_t *frame, size_t len)
{
	size_t at = 14 + rng_below(&way->rng, len - 14);

	frame[at] ^= 1 + rng_below(&way->rng, 255);
}

/*
 * Decides whether a frame is lost, damaged, duplicated or delayed: fills @fate and returns a word
 * for the run's record (story.c), or NULL. All random numbers are drawn for each frame.  So if one kind of trouble
 * is removed from a plan, the other kinds still affect the same frames.
 */
static const char *temper(struct way *way, uint8_t *frame, size_t len, struct fate *fate)
{
	const struct plan *p = &way->world->plan;
	bool lost = rng_chance(&way->rng, p->loss), doubled = rng_chance(&way->rng, p->dup);
	bool late = rng_chance(&way->rng, p->reorder), hurt = rng_chance(&way->rng, p->corrupt);
	uint64_t lateness = rng_below(&way->rng, p->reorder_us * US + 1);

	fate->extra_ns += rng_below(&way->rng, p->jitter_us * US + 1);
	fate->copy_apart_ns = rng_below(&way->rng, 1 * MS);
	if (lost) {
		fate->drop = true;
		return "lost";
	}
	if (late)
		fate->extra_ns += lateness;
	if (doubled)
		fate->copies = 1;
	if (hurt && !way->out) {
		damage(way, frame, len);
		return "damaged";
	}
	return doubled ? "doubled" : late ? "late" : NULL;
}

/* Gives an ECN-capable frame a CE mark (RFC 3168 5), at random as the plan says, or if the queue is more than
 * half full.  Returns true if it marked the frame. */
static bool mark(struct way *way, uint8_t *frame, bool half_full)
{
	struct world *w = way->world;
	bool chosen = rng_chance(&way->marks, w->plan.mark);

	if (w->calm || !(chosen || (half_full && w->plan.mark)) || !pkt_mark_ce(frame))
		return false;
	watch_mark(w, frame);
	return true;
}

static struct fate befall(void *arg, struct wire *wire, struct host *from, uint8_t *frame,
			  size_t *len)
{
	struct way *way = arg;
	struct world *w = way->world;
	struct fate fate = {0};
	const char *what = NULL;
	bool tcp = watch_is_tcp(frame, *len), has_room, half_full;
	uint64_t leaves;
	uint8_t copy[CONDUCTOR_FRAME_MAX];

	/* A host has one wire for both directions; a frame without sender comes from the switch. */
	if (!from && way->port != PEER)
		way = &net.way[way->port][1];
	if (tcp && way->out)
		watch_frame(w, way->port, frame, *len);
	has_room = queue_up(way, *len, &leaves, &half_full);
	if (tcp && mark(way, frame, half_full))
		what = "marked";
	memcpy(copy, frame, *len);
	if (!has_room && tcp && !w->calm) {
		fate.drop = true;
		what = "no room in the queue";
	} else if (tcp && cut_now(w, way)) {
		fate.drop = true;
		what = "cut off";
	} else if (tcp && hurts(w, way, w->plan.sides)) {
		const char *trouble = temper(way, frame, *len, &fate);

		what = trouble ? trouble : what;
	}
	if (tcp) {
		w->frames += way->out;
		w->lost += fate.drop;
		watch_fate(w, copy, *len, fate.drop || memcmp(copy, frame, *len), !way->out,
			   fate.extra_ns);
		story_frame(w, way->port, way->out, copy, *len, what);
	}
	/*
	 * Capture a frame on its second link, as it arrives; on the first link only if it was
	 * changed or lost there.
	 */
	if (w->capture && (!way->out || what))
		capture_frame(w->capture, conductor_now(w->c), frame, *len, what);
	fate.extra_ns += leaves - conductor_now(w->c) + w->plan.delay_us * US;
	if (tcp && !way->out && !fate.drop && !memcmp(copy, frame, *len)) {
		for (unsigned int i = 0; i <= fate.copies; i++)
			watch_arrival(copy, *len, conductor_now(w->c) + fate.extra_ns);
	}
	return fate;
}

/* ---- the switch ------------------------------------------------------------------------------- */

static void deliver(struct world *w, unsigned int port, const uint8_t *frame, size_t len)
{
	struct way *way = &net.way[port][1];

	if (port == PEER)
		wire_carry(way->wire, frame, len);
	else
		wire_inject(way->wire, w->host[port], frame, len);
}

/* A frame has arrived at the switch: passes it on to the port of its destination address, or to all. */
static void forward(void *arg, struct wire *wire, const uint8_t *frame, size_t len)
{
	struct way *way = arg;
	struct world *w = way->world;

	for (unsigned int port = 0; port < PORTS_MAX; port++) {
		if (port == way->port || !net.way[port][1].wire)
			continue;
		if (frame[0] & 1 || frame[5] == port + FIRST_MAC_LAST)
			deliver(w, port, frame, len);
	}
}

static void to_peer(void *arg, struct wire *wire, const uint8_t *frame, size_t len)
{
	struct way *way = arg;

	peer_frame(way->world, frame, len);
}

void net_from_peer(struct world *w, const uint8_t *frame, size_t len)
{
	wire_carry(net.way[PEER][0].wire, frame, len);
}

/* ---- building --------------------------------------------------------------------------------- */

static struct wire *plug(struct world *w, unsigned int port, bool out, struct host *h,
			 wire_taker taker)
{
	struct way *way = &net.way[port][!out];
	struct wire *wire = conductor_wire(w->c, h, NULL, 0);

	if (!wire)
		return NULL;
	wire_set_hook(wire, befall, way);
	wire_set_taker(wire, taker, way);
	return wire;
}

int net_build(struct world *w)
{
	memset(&net, 0, sizeof(net));
	for (unsigned int port = 0; port < PORTS_MAX; port++) {
		for (unsigned int in = 0; in < 2; in++)
			net.way[port][in] =
				(struct way){.world = w,
					     .port = port,
					     .out = !in,
					     .rng = rng_make(w->plan.seed, 10 + 2 * port + in),
					     .marks = rng_make(w->plan.seed, 30 + 2 * port + in)};
		if (port == PEER ? !w->plan.peer : port >= w->plan.kernels)
			continue;
		net.way[port][0].wire =
			plug(w, port, true, port == PEER ? NULL : w->host[port], forward);
		net.way[port][1].wire =
			port == PEER ? plug(w, port, false, NULL, to_peer) : net.way[port][0].wire;
		if (!net.way[port][0].wire || !net.way[port][1].wire)
			return -1;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The simulator: declarations that its files share.
 *
 * One seed is one run.  plan.c makes a struct plan of the seed: how many hosts, what the network does
 * to frames, what the applications are like.  All other random numbers come from streams that begin
 * with the same seed, so that the same plan is the same run, and a plan with one field made smaller
 * is nearly the same run: that is how a failure is shrunk.
 *
 *	main.c     arguments, processes: a child for each seed
 *	plan.c     seed -> plan -> connections; fields by name
 *	world.c    one run: hosts, clock, invariants between instants, the end
 *	net.c      links, a switch between them, what befalls a frame
 *	watch.c    every segment on the wire, judged
 *	app.c      applications: one at each end of a connection
 *	peer.c     the end that is not our kernel (peer.py), as one more port of the switch
 *	story.c    what happened: lines, and a capture in pcapng
 *	goodput.c  the table of golden transfers
 *
 * Times are virtual nanoseconds.  A failure is sim_fail(): the first one is kept and ends the run.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/host/conductor.h"

#define US  1000ULL
#define MS  1000000ULL
#define SEC 1000000000ULL

#define KERNELS_MAX     4
#define PORTS_MAX       (KERNELS_MAX + 1) /* of the switch: the last is the peer's */
#define PEER            KERNELS_MAX       /* its place among them */
#define CONNECTIONS_MAX 8

#define ROW_EXPLAINS 5 /* losses in a row (watch_row), from which a connection may break */
#define ACCEPT_WAITS                                                                               \
	(100 * SEC) /* for a client that gave up: a half-open one is dropped after 63 s */

/* ---- chance (plan.c) -------------------------------------------------------------------------- */

struct rng {
	uint64_t state;
};
/* A stream of its own for each @purpose. */
struct rng rng_make(uint64_t seed, uint64_t purpose);
uint64_t rng_below(struct rng *r, uint64_t below); /* uniform in [0, below) */
bool rng_chance(struct rng *r, uint64_t of_10000);

/* ---- the plan (plan.c) ------------------------------------------------------------------------ */

struct connection_plan;

/* All that a run depends on; each field can be set by name (plan_set). */
struct plan {
	uint64_t seed;
	uint64_t kernels; /* hosts with our kernel, 1..4 */
	uint64_t
		peer; /* 1: the minimal TCP is on the wire, and every connection has it at one end */
	uint64_t connections; /* 1..8 */
	uint64_t bytes;       /* most that one end of a connection sends */
	/* the network */
	uint64_t delay_us;                    /* of each link, one way; a path has two links */
	uint64_t rate_kbit;                   /* of each link, each way; 0: no limit */
	uint64_t queue;                       /* bytes that wait before a link; more are dropped */
	uint64_t loss, dup, reorder, corrupt; /* of 10,000 frames */
	uint64_t reorder_us;                  /* how late a reordered frame is, at most */
	uint64_t jitter_us;                   /* every frame is up to so much later */
	uint64_t
		sides; /* bit 2 * port: what a port sends, + 1: what it gets; where all this happens */
	uint64_t cut_ms, cut_for_ms, cut_sides; /* a partition: when, how long, where (as sides) */
	uint64_t mtu;                           /* of all; 0: 1500 */
	uint64_t small_mtu;                     /* of the first kernel, when not 0 */
	/* the machines */
	uint64_t device; /* 0: offloads as usual, 1: none, 2: all that the model knows */
	uint64_t irq;    /* of 256: how likely an interrupt comes wherever it may */
	uint64_t wrap;   /* 1: sequence numbers begin just below 2^32 */
	/* the applications: how many in 100 do this */
	uint64_t aborts, early, half, pauses, nonblock, vectors, options, buffers;
	uint64_t every; /* instants between two audits of the kernels' books */
	const struct connection_plan *script; /* not NULL: every connection is like this one */
};

struct plan plan_make(uint64_t seed);
/* "name=value"; false when there is no such field or it takes no such value. */
bool plan_set(struct plan *p, const char *assignment);
/* As words that plan_set() takes: those that differ from plan_make(), or all. */
void plan_print(const struct plan *p, bool all, FILE *out);
/* The fields that may be shrunk, each with the value that is simplest, for the front end. */
void plan_print_fields(FILE *out);

/* How one end of a connection behaves, as plan_connection() draws it. */
struct side_plan {
	unsigned int port; /* of the switch: which host */
	uint64_t bytes;    /* it sends */
	uint64_t chunk;    /* of one call, at most */
	uint64_t start;    /* it begins that much after the connection is there */
	bool nonblock, vectors, options, half;
	uint64_t pause_of_100;           /* how likely it pauses after a call */
	uint64_t pause;                  /* how long, at most */
	uint64_t abort_at;               /* RST after so many bytes read and written; ~0: never */
	uint64_t close_at;               /* closes then, whatever still comes; ~0: never */
	uint64_t sndbuf, rcvbuf, maxseg; /* 0: the default */
};
struct connection_plan {
	uint64_t start;
	struct side_plan side[2]; /* 0: who connects */
};
struct connection_plan plan_connection(const struct plan *p, unsigned int i);
static inline uint16_t plan_port(unsigned int connection, unsigned int side)
{
	return side ? 7000 + connection : 20000 + connection;
}
/* The @i-th connection's byte at @offset, as side @from sends it. */
uint8_t content_byte(unsigned int connection, unsigned int from, uint64_t offset);
void content_fill(uint8_t *at, unsigned int connection, unsigned int from, uint64_t offset,
		  size_t len);
/* The first position at which @bytes differ; @len: they are equal. */
size_t content_differs(const uint8_t *bytes, unsigned int connection, unsigned int from,
		       uint64_t offset, size_t len);

/* ---- one run (world.c) ------------------------------------------------------------------------ */

struct app;
struct world {
	struct plan plan;
	struct conductor *c;
	struct host *host[KERNELS_MAX];
	struct connection_plan connection[CONNECTIONS_MAX];
	struct app *app[CONNECTIONS_MAX][2]; /* NULL: the peer's */
	bool peer_done[CONNECTIONS_MAX];
	bool calm;        /* the network does nothing to frames any more */
	uint64_t started; /* when the applications began */
	uint64_t wake;    /* when an application or the peer wants to be asked next */
	uint64_t until;   /* as far as the clock may go before that is looked at */
	char failure[1024];
	FILE *story; /* NULL: no listener */
	struct capture *capture;
	uint64_t frames, lost, bytes;
};

void sim_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool sim_failed(const struct world *w)
{
	return w->failure[0];
}

struct outcome {
	bool failed;
	char why[1024];
	uint64_t virtual_ns, frames, lost, bytes;
};
/* Plays @plan from boot to the last timer.  @story, @pcapng may be NULL. */
struct outcome world_play(const struct plan *plan, const char *library, FILE *story,
			  const char *pcapng);

/* ---- the network (net.c) ---------------------------------------------------------------------- */

uint32_t net_address(unsigned int port); /* host order */
int net_build(struct world *w);
/* The peer's port sends a frame. */
void net_from_peer(struct world *w, const uint8_t *frame, size_t len);

/* ---- segments on the wire (watch.c) ----------------------------------------------------------- */

void watch_begin(struct world *w);
/* A port sends this frame. */
void watch_frame(struct world *w, unsigned int port, const uint8_t *frame, size_t len);
/* The treatment of a frame on a path: a possible cause of a failure or delay of its connection.
 * @last: the path ends at its destination. */
void watch_fate(struct world *w, const uint8_t *frame, size_t len, bool lost, bool last,
		uint64_t late_ns);
/* The delay that losses and late frames may have caused connection @i, ns. */
uint64_t watch_cost(unsigned int i);
/* The longest row of moments at which it lost frames, with nothing new acknowledged between. */
unsigned int watch_row(unsigned int i);
bool watch_is_tcp(const uint8_t *frame, size_t len);

/* ---- applications (app.c) --------------------------------------------------------------------- */

struct app *app_new(struct world *w, unsigned int connection, unsigned int side);
void app_free(struct app *a);
/*
 * Takes the results of calls and does the next step; true if it made a call: the instant is not
 * over.
 */
bool app_poke(struct app *a);
uint64_t app_wake(const struct app *a); /* when it wants to be poked without a reason; or never */
bool app_over(const struct app *a);
void app_print(const struct app *a, char *text, size_t max);
uint64_t app_paused(const struct app *a); /* ns in all */
unsigned int app_calls(const struct app *a);

/* ---- the peer (peer.c) ------------------------------------------------------------------------ */

/* Once a process: starts peer.py, which then plays one run after the other.  -1: it can't. */
int peer_start(void);
void peer_stop(void);
void peer_begin(struct world *w);
void peer_frame(struct world *w, const uint8_t *frame, size_t len);
void peer_time(struct world *w); /* its deadline is there */
uint64_t peer_deadline(void);
void peer_end(struct world *w); /* objects that are left become failures */

/* ---- the story (story.c) ---------------------------------------------------------------------- */

struct capture *capture_open(const char *path);
void capture_frame(struct capture *c, uint64_t ns, const uint8_t *frame, size_t len,
		   const char *comment);
void capture_close(struct capture *c);
/* A frame as a line. */
void story_frame(struct world *w, unsigned int port, bool out, const uint8_t *frame, size_t len,
		 const char *fate);

/* ---- golden transfers (goodput.c) ------------------------------------------------------------- */

int goodput_table(const char *library, FILE *out);

#endif

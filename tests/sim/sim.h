/* SPDX-License-Identifier: MIT */
/*
 * The simulator: declarations that its files share.
 *
 * One seed determines one run.  plan.c makes a struct plan from the seed: the number of hosts, the
 * network's losses and delays, the behaviour of the applications.  All other random numbers come from
 * streams that begin with the same seed.  So the same plan gives the same run, and a plan with one
 * smaller field gives nearly the same run, which makes it possible to shrink a failure.
 *
 *	main.c     arguments; a child process for each seed
 *	plan.c     seed -> plan -> connections; fields by name
 *	world.c    one run: hosts, clock, invariants between instants, the end
 *	net.c      links, a switch between them, loss and delay of frames
 *	watch.c    checks every segment on the wire; watch_sack.c its SACK blocks
 *	app.c      applications: one at each end of a connection; wait.c how they wait by epoll
 *	peer.c     connects peer.py, a TCP that is not our kernel's, to a port of the switch
 *	story.c    the record of a run as text lines ("the story"); tests/wire/capture.c writes pcapng
 *	goodput.c  the table of measured transfers that a test compares
 *
 * Times are in virtual nanoseconds.  A failure is reported with sim_fail(); the first one ends the run.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/host/conductor.h"
#include "tests/wire/capture.h"

#define US  1000ULL
#define MS  1000000ULL
#define SEC 1000000000ULL

#define KERNELS_MAX     4
#define PORTS_MAX       (KERNELS_MAX + 1) /* ports of the switch, the last for the peer */
#define PEER            KERNELS_MAX       /* number of the peer's port */
#define CONNECTIONS_MAX 8

/* Bits of the field `temper` of struct plan: how the peer's SACK blocks are wrong.  peer.py has the same numbers. */
#define TEMPER_RENEGES 1  /* drops data that it reported (RFC 2018 8) */
#define TEMPER_LIES    2  /* reports data that it does not have */
#define TEMPER_BYTES   4  /* reports only a byte of each block */
#define TEMPER_INVALID 8  /* blocks beyond the sent data, below snd_una, inverted, repeated */
#define TEMPER_DSACKS  16 /* reports duplicates that it did not receive */
#define TEMPERS        32

/* After this number of losses in a row (watch_row()), a broken connection is no failure. */
#define ROW_EXPLAINS 5
/* Time in ns that accept() may wait after its client gave up; a half-open connection ends after 63 s. */
#define ACCEPT_WAITS (100 * SEC)

/* ---- random numbers (plan.c) ------------------------------------------------------------------ */

struct rng {
	uint64_t state;
};
/* Returns a stream of random numbers; each @purpose has a stream of its own. */
struct rng rng_make(uint64_t seed, uint64_t purpose);
uint64_t rng_below(struct rng *r, uint64_t below); /* uniform in [0, below) */
bool rng_chance(struct rng *r, uint64_t of_10000);

/* ---- the plan (plan.c) ------------------------------------------------------------------------ */

struct connection_plan;

/* All parameters of a run; each field can be set by its name (plan_set). */
struct plan {
	uint64_t seed;
	uint64_t kernels;     /* hosts with our kernel, 1..4 */
	uint64_t peer;        /* 1: peer.py takes part, and is one end of every connection */
	uint64_t connections; /* 1..8 */
	uint64_t bytes;       /* maximum number of bytes that one end of a connection sends */
	/* the network */
	uint64_t delay_us;  /* delay of each link in one direction; a path has two links */
	uint64_t rate_kbit; /* kbit/s of each link in each direction; 0: no limit */
	uint64_t queue;     /* bytes that may wait before a link; more are dropped */
	uint64_t loss, dup, reorder, corrupt; /* frames in 10,000 to which this happens */
	uint64_t reorder_us;                  /* longest additional delay of a reordered frame */
	uint64_t jitter_us;                   /* longest additional delay of any frame */
	/*
	 * The directions of links in which loss, dup, reorder, corrupt, reorder_us and jitter_us apply,
	 * to TCP frames only.  Bit 2 * port: from the host to the switch; bit 2 * port + 1: from the
	 * switch to the host.
	 */
	uint64_t sides;
	/*
	 * A partition begins cut_ms after the start and lasts cut_for_ms (0: there is none).  All TCP frames in
	 * the directions cut_sides (bits as in sides) are lost meanwhile.
	 */
	uint64_t cut_ms, cut_for_ms, cut_sides;
	uint64_t mtu;       /* MTU of all hosts; 0 means 1500 */
	uint64_t small_mtu; /* MTU of the first kernel, if not 0 */
	uint64_t ecn;       /* bit i: kernel i offers ECN with its SYNs; all kernels accept it */
	/*
	 * Number of ECN-capable frames in 10,000 that get a CE mark. If it is not 0, an ECN-capable
	 * frame also gets a mark if its queue is more than half full.
	 */
	uint64_t mark;
	uint64_t sack; /* bit i: kernel i uses SACK; bit PEER: the peer does */
	/* How the peer's SACK blocks are wrong: bits of TEMPER_*; 0: they are correct. */
	uint64_t temper;
	/* the machines */
	uint64_t device; /* offloads of the device model: 0 the usual ones, 1 none, 2 all */
	/* Probability in 256ths of an interrupt at each point where one is possible. */
	uint64_t irq;
	uint64_t wrap; /* 1: sequence numbers begin just below 2^32 */
	/* the applications: percentage of connection ends that do each of these */
	uint64_t aborts, early, half, pauses, nonblock, vectors, options, buffers, epolls;
	uint64_t every; /* instants of the clock between two checks of the kernels (audit) */
	const struct connection_plan *script; /* not NULL: every connection is like this one */
};

struct plan plan_make(uint64_t seed);
/* Sets a field from "name=value"; returns false for an unknown field or an invalid value. */
bool plan_set(struct plan *p, const char *assignment);
/*
 * Prints fields in the form that plan_set() reads: all fields if @all, else only those whose value
 * differs from that of plan_make().
 */
void plan_print(const struct plan *p, bool all, FILE *out);
/* Prints for tests/sim/run the fields that may be shrunk, each with its simplest value. */
void plan_print_fields(FILE *out);

/* How an application waits after EAGAIN: poll(), or an epoll with these flags. */
enum waits { BY_POLL, LEVEL, EDGE, ONESHOT, EXCLUSIVE };

/* How one end of a connection behaves, as plan_connection() draws it. */
struct side_plan {
	unsigned int port; /* the host's port of the switch */
	uint64_t bytes;    /* number of bytes that it sends */
	uint64_t chunk;    /* maximum number of bytes of one read or write */
	uint64_t start;    /* ns that it waits after the connection is established */
	bool nonblock, vectors, options, half;
	enum waits
		waits; /* EXCLUSIVE: two threads also wait for the connection, each in its epoll */
	uint64_t pause_of_100; /* probability in percent of a pause after a call */
	uint64_t pause;        /* longest pause, ns */
	uint64_t abort_at;     /* bytes read and written before it sends a RST; ~0: never */
	uint64_t close_at;     /* bytes before it closes, although more data comes; ~0: never */
	uint64_t sndbuf, rcvbuf, maxseg; /* values of the socket options; 0: the default */
	const char *control;             /* congestion control; NULL: the default */
};
/* The kernel's congestion controls; the last name is NULL. */
extern const char *const sim_controls[];
struct connection_plan {
	uint64_t start;
	struct side_plan side[2]; /* [0] is the side that calls connect() */
};
struct connection_plan plan_connection(const struct plan *p, unsigned int i);
static inline uint16_t plan_port(unsigned int connection, unsigned int side)
{
	return side ? 7000 + connection : 20000 + connection;
}
/* Returns the byte at @offset of the stream that side @from of @connection sends. */
uint8_t content_byte(unsigned int connection, unsigned int from, uint64_t offset);
void content_fill(uint8_t *at, unsigned int connection, unsigned int from, uint64_t offset,
		  size_t len);
/* Returns the first position at which @bytes differ from the stream at @offset, or @len if they do not differ. */
size_t content_differs(const uint8_t *bytes, unsigned int connection, unsigned int from,
		       uint64_t offset, size_t len);

/* ---- one run (world.c) ------------------------------------------------------------------------ */

struct app;
struct world {
	struct plan plan;
	struct conductor *c;
	struct host *host[KERNELS_MAX];
	struct connection_plan connection[CONNECTIONS_MAX];
	struct app *app[CONNECTIONS_MAX][2]; /* NULL: peer.py is this end */
	bool peer_done[CONNECTIONS_MAX];
	bool calm;        /* the network no longer loses, damages or delays frames */
	uint64_t started; /* time at which the applications began */
	uint64_t
		moved; /* time of the last call of an application, or of the last ACK of new data */
	uint64_t wake; /* earliest time at which an application or the peer must run again */
	uint64_t until; /* time up to which the conductor may run before it returns */
	char failure[1024];
	FILE *story; /* receives a text line for each event of the run; NULL: no such lines */
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
/* Plays @plan from boot to the last timer.  Unless NULL, @story receives the events, the file @pcapng the frames. */
struct outcome world_play(const struct plan *plan, const char *library, FILE *story,
			  const char *pcapng);

/* ---- the network (net.c) ---------------------------------------------------------------------- */

uint32_t net_address(unsigned int port); /* the IP address of the host at @port, in host order */
int net_build(struct world *w);
/* Sends a frame from the peer's port. */
void net_from_peer(struct world *w, const uint8_t *frame, size_t len);

/* ---- segments on the wire (watch.c) ----------------------------------------------------------- */

void watch_begin(struct world *w);
/* Checks a frame that @port sends. */
void watch_frame(struct world *w, unsigned int port, const uint8_t *frame, size_t len);
/*
 * Records that a link lost or delayed a frame, which may later explain a failure or a delay of its
 * connection.  @last: true for the second link, which ends at the destination.
 */
void watch_fate(struct world *w, const uint8_t *frame, size_t len, bool lost, bool last,
		uint64_t late_ns);
/* Returns the longest delay in ns that losses and late frames may have caused connection @i. */
uint64_t watch_cost(unsigned int i);
/* Records that the peer dropped, or never had, data that it reported in SACK blocks.  This counts
 * as a loss. */
void watch_reneges(struct world *w, unsigned int i);
/* Records that a frame is undamaged on its last link; the frame (or its first copy) reaches the destination
 * host at the time @at. */
void watch_arrival(const uint8_t *frame, size_t len, uint64_t at);
/* Records that a link gave a frame a CE mark. */
void watch_mark(struct world *w, const uint8_t *frame);
/* Returns the largest number of losses of connection @i in a row, without new data acknowledged between
 * them. */
unsigned int watch_row(unsigned int i);
bool watch_is_tcp(const uint8_t *frame, size_t len);

/* ---- applications (app.c) --------------------------------------------------------------------- */

struct app *app_new(struct world *w, unsigned int connection, unsigned int side);
void app_free(struct app *a);
/*
 * Takes the results of finished calls and does the application's next step.  Returns true if it made a
 * call, so that the present instant of the clock is not over.
 */
bool app_poke(struct app *a);
uint64_t app_wake(const struct app *a); /* end of its pause; CONDUCTOR_NEVER: it waits for a call */
bool app_over(const struct app *a);     /* true if the application has ended */
void app_print(const struct app *a, char *text, size_t max);
uint64_t app_paused(const struct app *a); /* ns of all pauses together */
unsigned int app_calls(const struct app *a);

/* ---- the peer (peer.c) ------------------------------------------------------------------------ */

/*
 * Called once in a process: starts peer.py, which then plays one run after the other. Returns 0, or
 * -1 on failure.
 */
int peer_start(void);
void peer_stop(void);
void peer_begin(struct world *w);
void peer_frame(struct world *w, const uint8_t *frame, size_t len);
void peer_time(struct world *w); /* called when peer_deadline() is reached */
uint64_t peer_deadline(void);
void peer_end(struct world *w); /* tells peer.py that the run has ended */

/* ---- the story (story.c) ---------------------------------------------------------------------- */

/* Writes a frame as a line of the run's record; @fate: how the link treated the frame, or NULL. */
void story_frame(struct world *w, unsigned int port, bool out, const uint8_t *frame, size_t len,
		 const char *fate);

/* ---- the goodput of transfers (goodput.c) ----------------------------------------------------- */

/*
 * Prints the table that tests/sim/goodput.txt must equal. With @all, prints instead a table of
 * larger transfers and more seeds, which takes minutes. If @only is not NULL, prints only the rows
 * of this congestion control.
 */
int goodput_table(const char *library, bool all, const char *only, FILE *out);

#endif

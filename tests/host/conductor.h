/* SPDX-License-Identifier: MIT */
/*
 * The conductor: several hosted kernels, the wires between them, and the one clock.
 *
 * It loads a copy of libsoftnet.so for each host, steps each host that has work, carries the frames
 * that they send, and when no host has work left at this instant, jumps to the next deadline.  A
 * lost SYN-ACK and its 63 seconds of retransmission cost milliseconds.
 *
 *	struct conductor *c = conductor_new("build/host-asan/libsoftnet.so", seed);
 *	struct host *a = conductor_host(c, "ip=10.0.0.1/24"), *b = conductor_host(c, "ip=10.0.0.2/24");
 *	struct wire *w = conductor_wire(c, a, b, 1000000);
 *	fd = host_call(a, __NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
 *	...
 *	assert(conductor_check(c, stderr) == 0);	nothing leaked, nothing armed, no warning
 *	conductor_free(c);
 *
 * All on the caller's stack, in one thread; the kernels communicate only through wires. This is not
 * part of the library: a C runner compiles it in.
 */
#ifndef TESTS_HOST_CONDUCTOR_H
#define TESTS_HOST_CONDUCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONDUCTOR_HOSTS_MAX 16
#define CONDUCTOR_FRAME_MAX 65600
#define CONDUCTOR_NEVER     (~0ULL)

struct conductor;
struct wire;

/* A host is the library's functions (softnet_host.h), and what the conductor knows of it. */
struct host {
	struct conductor *conductor;
	unsigned int index;
	int (*set)(const char *name, uint64_t value);
	void (*release)(void);
	int (*boot)(uint64_t seed, const char *cmdline);
	uint64_t (*step)(void);
	uint64_t (*clock)(void);
	void (*set_clock)(uint64_t ns);
	int (*put_frame)(const void *frame, size_t len);
	size_t (*take_frame)(void *buf, size_t max);
	int64_t (*submit)(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
			  int64_t f);
	int (*poll)(int64_t ticket, int64_t *result);
	int (*interrupt)(int64_t ticket);
	uint32_t (*calls_in_flight)(void);
	int (*bad_range)(const void *addr, size_t len);
	const char *(*console)(void);
	int (*halt_code)(void);
	const char *(*panic_message)(void);
	uint32_t (*warn_count)(void);
	int (*cache)(uint32_t i, const char **name, uint64_t *live);
	uint64_t (*live_objects)(void);
	uint64_t (*free_pages)(void);
	uint32_t (*timers_armed)(void);
	uint32_t (*threads)(void);
	uint64_t (*stat)(const char *name);
	int32_t (*inspect)(char *text, size_t max);

	/* the conductor's own */
	void *dl;
	int fd; /* the copy, which lives in memory */
	struct wire *wire;
	uint64_t deadline;
	bool awake; /* something happened to it: step it */
	bool halted;
	struct host_baseline *baseline;
};

/* ---- setting the stage ------------------------------------------------------------------------ */

/* NULL, with the reason on stderr, when the library can't be read. */
struct conductor *conductor_new(const char *library, uint64_t seed);
void conductor_free(struct conductor *c);

/* conductor_host() loads a copy of the library and boots it.  host_new() only loads the copy, so
 * that the caller can set options (host->set()) before host_start() boots it.  On failure NULL or
 * -1, with the reason on stderr. */
struct host *conductor_host(struct conductor *c, const char *cmdline);
struct host *host_new(struct conductor *c);
int host_start(struct host *h, const char *cmdline);
/* The library itself, not a copy of it, so that a profiler finds its symbols.  For one host only. */
struct host *host_new_in_place(struct conductor *c, const char *library);

/* ---- wires ------------------------------------------------------------------------------------ */

/* The treatment of a frame; all zero: it arrives after the wire's delay, once. */
struct fate {
	bool drop;
	unsigned int copies;    /* arrives this many times more */
	uint64_t extra_ns;      /* later than it would: others overtake it */
	uint64_t copy_apart_ns; /* between the copies */
};
/* Called for every frame put on the wire; may change its bytes.  @from: the sender, NULL for the
 * test itself (wire_inject). */
typedef struct fate (*wire_hook)(void *arg, struct wire *w, struct host *from, uint8_t *frame,
				 size_t *len);

/* @b may be NULL: the test itself is the other end (wire_hook gets the frames, wire_inject sends).
 * Both may be NULL: then the wire has one direction, from wire_carry() to the function of
 * wire_set_taker(). */
struct wire *conductor_wire(struct conductor *c, struct host *a, struct host *b, uint64_t delay_ns);
void wire_set_hook(struct wire *w, wire_hook hook, void *arg);
/* A frame arrives at the test's end.  It may inject and carry, on any wire, but not run a host. */
typedef void (*wire_taker)(void *arg, struct wire *w, const uint8_t *frame, size_t len);
void wire_set_taker(struct wire *w, wire_taker taker, void *arg);
/* Serialisation: 0 = infinitely fast.  8 ns a byte = 1 Gbit/s. */
void wire_set_rate(struct wire *w, uint64_t ns_per_byte);
/* A frame to @to, as if it had come from the other end; arrives after the wire's delay. */
int wire_inject(struct wire *w, struct host *to, const void *frame, size_t len);
/* A frame to the test's end, of a wire without hosts. */
int wire_carry(struct wire *w, const void *frame, size_t len);
uint64_t wire_frames(const struct wire *w);
/* Everything on any wire goes into this pcap file, with virtual times. */
int conductor_pcap(struct conductor *c, const char *path);

/* ---- time ------------------------------------------------------------------------------------- */

uint64_t conductor_now(const struct conductor *c);
/* A number from the conductor's seed, for hooks: uniform in [0, below). */
uint64_t conductor_random(struct conductor *c, uint64_t below);
/*
 * Runs until @done returns true (called after each instant; NULL: never), or time would pass
 * @until_ns (the clock is then set to it), or no event is left.  True if @done returned true.
 */
bool conductor_run(struct conductor *c, uint64_t until_ns, bool (*done)(void *arg), void *arg);
void conductor_sleep(struct conductor *c, uint64_t ns);
/* Until no timer is armed anywhere and nothing is on a wire, at most @max_ns.  True when so. */
bool conductor_settle(struct conductor *c, uint64_t max_ns);

/* ---- calls ------------------------------------------------------------------------------------ */

/* Makes a system call and runs all hosts until it returns: its result, or HOST_CALL_HANGS when it
 * isn't after an hour of virtual time (it stays in flight). */
#define HOST_CALL_HANGS INT64_MIN
int64_t host_call(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
		  int64_t f);
/* Starts a system call; runs no host. */
int64_t host_submit(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d,
		    int64_t e, int64_t f);
/* Runs until that one is back, at most @max_ns: true and *@result. */
bool host_wait(struct host *h, int64_t ticket, uint64_t max_ns, int64_t *result);
int host_interrupt(struct host *h, int64_t ticket);

/* ---- the end ---------------------------------------------------------------------------------- */

/*
 * Records the objects that are alive now as the baseline: conductor_check() does not report them.
 * host_start() does this; a caller may repeat it.
 */
void host_set_baseline(struct host *h);
/*
 * The number of errors, each a line on @out: a halt, a warning, a call in flight, an object alive
 * beyond the baseline, a thread, a timer armed beyond it, pages beyond what caches may keep.
 */
unsigned int conductor_check(struct conductor *c, FILE *out);

#endif

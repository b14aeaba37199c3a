/* SPDX-License-Identifier: MIT */
/*
 * The conductor: several hosted kernels, the wires between them, and the one clock.
 *
 * The conductor loads a copy of libsoftnet.so for each host, runs each host that has work, and
 * carries the frames that hosts send.  When no host has work left, it sets the clock to the next
 * deadline.  So a lost SYN-ACK with its 63 seconds of retransmissions takes milliseconds of real time.
 *
 *	struct conductor *c = conductor_new("build/host-asan/libsoftnet.so", seed);
 *	struct host *a = conductor_host(c, "ip=10.0.0.1/24"), *b = conductor_host(c, "ip=10.0.0.2/24");
 *	struct wire *w = conductor_wire(c, a, b, 1000000);
 *	fd = host_call(a, __NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
 *	...
 *	assert(conductor_check(c, stderr) == 0);	no leak, no timer armed, no warning
 *	conductor_free(c);
 *
 * The conductor runs on its caller's stack, and everything runs in one thread.  The kernels
 * communicate only through wires.  The conductor is not part of libsoftnet.so: each test program in C
 * compiles it in.
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

/* A host: pointers to the functions of its copy of the library (softnet_host.h: sn_*), and the
 * conductor's own fields. */
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
	int (*refused)(uint32_t i, uint64_t *address);

	/* the conductor's own fields */
	void *dl;
	int fd; /* the file of the copy (memfd_create()) */
	struct wire *wire;
	uint64_t deadline; /* virtual time in ns of the host's next timer */
	bool awake;        /* a frame or a call waits for the host: run it at this instant */
	bool halted;
	struct host_baseline *baseline;
};

/* ---- conductor and hosts ---------------------------------------------------------------------- */

/*
 * @seed seeds all hosts and conductor_random(). Returns NULL, with the reason on stderr, if the
 * file @library can't be read.
 */
struct conductor *conductor_new(const char *library, uint64_t seed);
void conductor_free(struct conductor *c);

/* conductor_host() loads a copy of the library and boots it.  host_new() only loads the copy, so
 * that the caller can set options (host->set()) before host_start() boots it.  On failure they
 * return NULL or -1, with the reason on stderr. */
struct host *conductor_host(struct conductor *c, const char *cmdline);
struct host *host_new(struct conductor *c);
int host_start(struct host *h, const char *cmdline);
/* Like host_new(), but loads the file @library itself instead of a copy, so that a profiler finds its
 * symbols.  A process can make only one host in this way. */
struct host *host_new_in_place(struct conductor *c, const char *library);

/* ---- wires ------------------------------------------------------------------------------------ */

/* A hook's decision about a frame.  All zero: the frame arrives once, after the wire's delay. */
struct fate {
	bool drop;
	unsigned int copies; /* number of duplicates that arrive besides the frame */
	uint64_t extra_ns;   /* added to the wire's delay, so that later frames can overtake it */
	uint64_t copy_apart_ns; /* time between the arrivals of the frame and its duplicates */
};
/* A wire's hook is called for each frame that is put on the wire, and may change its bytes.  @from:
 * the sender, NULL for the test itself (wire_inject()). */
typedef struct fate (*wire_hook)(void *arg, struct wire *w, struct host *from, uint8_t *frame,
				 size_t *len);

/* Connects @a and @b.  If @b is NULL, the test itself is the other end: the wire's hook sees the
 * frames that @a sends, and wire_inject() sends frames to @a.  If both are NULL, the wire has one
 * direction: from wire_carry() to the function of wire_set_taker(). */
struct wire *conductor_wire(struct conductor *c, struct host *a, struct host *b, uint64_t delay_ns);
void wire_set_hook(struct wire *w, wire_hook hook, void *arg);
/* Called for each frame that arrives at the test's end of a wire.  The function may call
 * wire_inject() and wire_carry() for any wire, but must not run a host. */
typedef void (*wire_taker)(void *arg, struct wire *w, const uint8_t *frame, size_t len);
void wire_set_taker(struct wire *w, wire_taker taker, void *arg);
/* Sets the serialisation time of a byte: 8 ns is 1 Gbit/s; 0 (the default) is infinitely fast. */
void wire_set_rate(struct wire *w, uint64_t ns_per_byte);
/* Sends a frame to @to as if the host at the other end had sent it: it arrives after the wire's
 * delay. */
int wire_inject(struct wire *w, struct host *to, const void *frame, size_t len);
/* Sends a frame over a wire without hosts: it arrives at the function of wire_set_taker(). */
int wire_carry(struct wire *w, const void *frame, size_t len);
uint64_t wire_frames(const struct wire *w);
/* Writes all frames of all wires from now on to the pcap file @path, with virtual times. */
int conductor_pcap(struct conductor *c, const char *path);

/* ---- time ------------------------------------------------------------------------------------- */

uint64_t conductor_now(const struct conductor *c);
/* Returns a pseudo-random number, uniform in [0, below), for hooks; determined by the conductor's
 * seed and the calls before. */
uint64_t conductor_random(struct conductor *c, uint64_t below);
/*
 * Runs all hosts until one of three things happens: @done returns true (it is called after each
 * instant; NULL: no such condition), the next event is later than @until_ns (the clock is then
 * @until_ns), or no event is left.  Returns true if @done returned true.
 */
bool conductor_run(struct conductor *c, uint64_t until_ns, bool (*done)(void *arg), void *arg);
void conductor_sleep(struct conductor *c, uint64_t ns);
/* Runs until no host has more timers armed than at its baseline and no frame is on a wire; returns
 * false if that did not happen within @max_ns. */
bool conductor_settle(struct conductor *c, uint64_t max_ns);

/* ---- calls ------------------------------------------------------------------------------------ */

/* Makes a system call on @h and runs all hosts until it returns.  Returns the call's result, or
 * HOST_CALL_HANGS if the call has not returned after an hour of virtual time (it stays in flight),
 * or could not be started. */
#define HOST_CALL_HANGS INT64_MIN
int64_t host_call(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
		  int64_t f);
/* Starts a system call on @h without running a host.  Returns the ticket for host_wait() and
 * host_interrupt(), or -1. */
int64_t host_submit(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d,
		    int64_t e, int64_t f);
/*
 * Runs all hosts until the call of @ticket returns. Returns true, with the call's result in
 * *@result, or false if the call did not return within @max_ns.
 */
bool host_wait(struct host *h, int64_t ticket, uint64_t max_ns, int64_t *result);
int host_interrupt(struct host *h, int64_t ticket);

/* ---- the end ---------------------------------------------------------------------------------- */

/*
 * Records the present numbers of objects, threads, timers and free pages as the baseline:
 * conductor_check() reports only an excess over it.  host_start() calls this; a test may call it
 * again.
 */
void host_set_baseline(struct host *h);
/*
 * Checks all hosts, prints each error as a line on @out, and returns the number of errors.  Errors
 * are: the host halted; it printed warnings; calls are in flight; it has more threads, armed timers
 * or live objects than at the baseline, or fewer free pages by more than its caches may keep.
 */
unsigned int conductor_check(struct conductor *c, FILE *out);

#endif

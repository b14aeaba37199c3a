/* SPDX-License-Identifier: MIT */
/*
 * A scene: two hosted kernels on a wire, for tests that read like a play.
 *
 *	static void a_lost_syn_goes_again_after_a_second(void)
 *	{
 *		int listener = scene_listen(B, 7, 1), fd = scene_socket(A);
 *
 *		scene_drop(A, SYN, 1);
 *		assert_int_equal(scene_connect(A, fd, B, 7), 0);
 *		assert_gap_ms(scene_nth(A, SYN, 1), scene_nth(A, SYN, 2), 1000, 1002);
 *		...
 *	}
 *	int main(void) { const struct CMUnitTest tests[] = {SCENE(a_lost_syn_...)}; return scene_play(tests); }
 *
 * The stage: A is 10.0.0.1, B is 10.0.0.2, a frame takes a millisecond; each knows the other's link
 * address already.  A scene ends when its function returns: then time passes until no timer is armed
 * (TIME_WAIT and all), and nothing may be left alive (conductor_check()).  A scene that fails says its
 * seed, prints both consoles and leaves a pcap.  SEED= chooses another run, SCENE_LIBRARY= another
 * library; a word on the command line plays the scenes whose names have it.
 *
 * Constants and layouts are the host's own: the kernel's are Linux's.
 */
#ifndef TESTS_HOSTED_SCENE_H
#define TESTS_HOSTED_SCENE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "tests/host/conductor.h"

#define MS         1000000ULL
#define SEC        1000000000ULL
#define WIRE_DELAY (1 * MS)

/* ---- the stage -------------------------------------------------------------------------------- */

struct scene {
	const char *name;
	void (*play)(void);
	/* sn_set() of both hosts before they boot: pairs, up to a NULL */
	struct {
		const char *name;
		uint64_t value;
	} options[4];
	const char *words; /* more of A's command line, with a blank before it */
	bool over;         /* the function returned: nothing failed in it */
	uint64_t seed;
	struct conductor *conductor;
	struct host *a, *b;
	struct wire *wire;
};
extern struct scene *scene; /* the one that plays */
#define A (scene->a)
#define B (scene->b)

int scene_setup(void **state);
int scene_teardown(void **state);
void scene_perform(void **state);
#define SCENE(fn)                                                                                  \
	{                                                                                          \
#fn, scene_perform, scene_setup, scene_teardown, &(struct scene)                   \
		{                                                                                  \
			.name = #fn, .play = fn                                                    \
		}                                                                                  \
	}
/* With options: SCENE_WITH(fn, {"mtu", 576}) */
#define SCENE_WITH(fn, ...)                                                                        \
	{                                                                                          \
#fn, scene_perform, scene_setup, scene_teardown, &(struct scene)                   \
		{                                                                                  \
			.name = #fn, .play = fn, .options = { __VA_ARGS__ }                        \
		}                                                                                  \
	}
/* With words on A's command line: SCENE_WORDS(fn, " gw=10.0.0.2") */
#define SCENE_WORDS(fn, text)                                                                      \
	{                                                                                          \
#fn, scene_perform, scene_setup, scene_teardown, &(struct scene)                   \
		{                                                                                  \
			.name = #fn, .play = fn, .words = text                                     \
		}                                                                                  \
	}
#define scene_play(tests)                                                                          \
	(scene_select(argc, argv, tests, sizeof(tests) / sizeof((tests)[0])),                      \
	 cmocka_run_group_tests(tests, NULL, NULL))
/* argv[1] is a part of the names of the scenes to play; a word that selects none ends the program. */
void scene_select(int argc, char **argv, const struct CMUnitTest *tests, size_t n);

uint64_t scene_now(void);
void scene_sleep(uint64_t ns);
const char *scene_host_name(const struct host *h); /* "a", "b" */

/* ---- system calls ----------------------------------------------------------------------------- */

#define PTR(p) ((int64_t)(intptr_t)(p))

/* Makes a call and plays until it is back; its result as Linux has it: -errno. */
#define scene_call(h, nr, ...) scene_call_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t scene_call_args(struct host *h, long nr, const int64_t args[6]);
/* Begins a call, and plays until no more events occur at this instant; returns a ticket. */
#define scene_begin(h, nr, ...) scene_begin_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t scene_begin_args(struct host *h, long nr, const int64_t args[6]);
bool scene_is_back(struct host *h, int64_t ticket,
		   int64_t *result);               /* the ticket is used up then */
int64_t scene_end(struct host *h, int64_t ticket); /* plays on until it is back */
void scene_interrupt(struct host *h, int64_t ticket);

/* An address that lives as long as the scene. */
const struct sockaddr_in *scene_address(const struct host *h, uint16_t port);

int scene_socket(struct host *h); /* SOCK_STREAM; the test fails when there is none */
int scene_listen(struct host *h, uint16_t port, int backlog);
int scene_bind(struct host *h, int fd, uint16_t port);
int scene_connect(struct host *h, int fd, const struct host *to, uint16_t port);
int64_t scene_begin_connect(struct host *h, int fd, const struct host *to, uint16_t port);
int scene_accept(struct host *h, int fd);
int64_t scene_begin_accept(struct host *h, int fd);
int64_t scene_send(struct host *h, int fd, const void *bytes, size_t n);
int64_t scene_recv(struct host *h, int fd, void *bytes, size_t n);
int64_t scene_recv_now(struct host *h, int fd, void *bytes, size_t n); /* MSG_DONTWAIT */
int scene_close(struct host *h, int fd);
int scene_shutdown(struct host *h, int fd, int how);
int scene_set(struct host *h, int fd, int level, int option, int value);
int scene_get(struct host *h, int fd, int level, int option);
int scene_nonblock(struct host *h, int fd);
void scene_timeout(struct host *h, int fd, int option, unsigned int ms); /* SO_RCVTIMEO ... */
void scene_linger(struct host *h, int fd, bool on, int seconds);
short scene_poll(struct host *h, int fd); /* the events that hold now */
uint16_t scene_port(struct host *h, int fd);

/* All of it, or the test fails. */
void scene_send_all(struct host *h, int fd, const void *bytes, size_t n);
void scene_recv_all(struct host *h, int fd, void *bytes, size_t n);
void scene_expect_eof(struct host *h, int fd);
/* @n bytes that differ from place to place and from @salt to @salt. */
void scene_fill(uint8_t *bytes, size_t n, uint32_t salt);
/* Sends @n bytes from one to the other while that one reads, and compares. */
void scene_carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n);

/* A connection from A to B, accepted. */
struct pair {
	int listener, a, b;
	uint16_t aport, bport;
};
struct pair scene_pair(void);
void scene_pair_close(struct pair *p); /* the fields that are not -1 */

/* Streams: several transfers at once, each in calls of @step bytes. */
struct stream {
	struct host *host;
	int fd;
	bool writes;
	uint8_t *bytes;
	size_t len, step;
	size_t done;
	int64_t ticket;
};
void scene_streams(struct stream *s, unsigned int n);

/* ---- the wire --------------------------------------------------------------------------------- */

/* Kinds of frames; a set of them means any of these. */
enum {
	SYN = 1, /* without ACK */
	SYNACK = 2,
	DATA = 4, /* carries bytes */
	FIN = 8,
	RST = 16,
	ACK = 32, /* nothing but an ACK */
	TCP = 63,
	OTHER = 64, /* no TCP */
};
#define ALWAYS 1000000

struct seg {
	uint64_t ns; /* when it was put on the wire */
	struct host *from;
	unsigned int kind; /* all that apply */
	bool lost;         /* a rule dropped it */
	uint16_t sport, dport;
	uint32_t seq, ack;   /* as they stand there */
	uint32_t rseq, rack; /* from the first numbers of this connection */
	uint8_t flags, ttl, tos;
	bool may_be_cut; /* without IP's "don't fragment" */
	uint16_t window;
	uint32_t len;
	uint16_t mss; /* options; 0, -1: not there */
	int wscale;
	bool has_ts, sack_permitted;
	uint32_t tsval, tsecr;
};

/* The @nth frame (from 1, counted from now) of these kinds that this host sends: */
void scene_drop(struct host *from, unsigned int kinds, unsigned int nth);
void scene_drop_many(struct host *from, unsigned int kinds, unsigned int nth, unsigned int count);
void scene_duplicate(struct host *from, unsigned int kinds, unsigned int nth, unsigned int copies);
void scene_hold(struct host *from, unsigned int kinds, unsigned int nth, uint64_t ns);
/* Flips bits in one byte, counted from the end (1: the last). */
void scene_corrupt(struct host *from, unsigned int kinds, unsigned int nth, unsigned int from_end);
/* Every frame: one of @of is lost, one of @of late, one of @of doubled (by the conductor's seed). */
void scene_hostile(unsigned int of);
void scene_heal(void); /* the wire is good again */

/* The frames on the wire since the last scene_mark() (or the beginning). */
void scene_mark(void);
unsigned int scene_count(const struct host *from, unsigned int kinds);
/* The @nth of these; the test fails when there are not so many. */
const struct seg *scene_nth(const struct host *from, unsigned int kinds, unsigned int nth);
const struct seg *scene_last(const struct host *from, unsigned int kinds);
/*
 * All TCP segments since the mark, exactly: lines of "host flags seq ack bytes", numbers relative to
 * the first of the connection, " lost" when the wire lost it:
 *	a S 0 0 0
 *	b SA 0 1 0
 *	a A 1 1 0
 */
void scene_expect(const char *lines);
uint64_t scene_gap(const struct seg *first, const struct seg *second);

void assert_gap_ms_at(uint64_t gap_ns, uint64_t least_ms, uint64_t most_ms, const char *file,
		      int line);
#define assert_gap_ms(first, second, least, most)                                                  \
	assert_gap_ms_at(scene_gap(first, second), least, most, __FILE__, __LINE__)
#define assert_ms(ns, least, most) assert_gap_ms_at(ns, least, most, __FILE__, __LINE__)

/* ---- /proc ------------------------------------------------------------------------------------ */

/* The file's text, valid until the next call. */
const char *scene_proc(struct host *h, const char *path);
/* write()s a whole text to a file below /proc: its result, or -errno of the open(). */
int64_t scene_proc_write(struct host *h, const char *path, const char *text);
/* A sysctl, by "net/ipv4/tcp_retries2": set, which must succeed; as it reads back. */
void scene_sysctl(struct host *h, const char *name, const char *value);
const char *scene_sysctl_get(struct host *h, const char *name);
/* A line of /proc/net/tcp. */
struct connection {
	unsigned int state, timer, retransmits;
	uint32_t tx_queue, rx_queue;
};
bool scene_connection(struct host *h, uint16_t port, uint16_t peer_port, struct connection *c);
unsigned int scene_state(struct host *h, uint16_t port, uint16_t peer_port); /* 0: none */
/* Since the last scene_mark(): "Tcp.RetransSegs", "TcpExt.ListenDrops"; a drop reason. */
uint64_t scene_counter(struct host *h, const char *group_dot_name);
uint64_t scene_drops(struct host *h, const char *reason);

void assert_state_at(struct host *h, uint16_t port, uint16_t peer, unsigned int state,
		     const char *file, int line);
#define assert_state(h, port, peer, state) assert_state_at(h, port, peer, state, __FILE__, __LINE__)
/* Bytes that were written and not acknowledged, and that came and were not read; a FIN counts as one. */
void assert_queues_at(struct host *h, uint16_t port, uint16_t peer, uint32_t tx, uint32_t rx,
		      const char *file, int line);
#define assert_queues(h, port, peer, tx, rx)                                                       \
	assert_queues_at(h, port, peer, tx, rx, __FILE__, __LINE__)

/* ---- between scene.c, scene_wire.c and scene_proc.c --------------------------------------------- */
void scene_wire_begin(void);
void scene_wire_end(void);
void scene_proc_mark(void);
void scene_proc_end(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A scene is a test of two hosted kernels, hosts A and B, that a simulated Ethernet wire connects. The
 * test function makes system calls on both hosts, and tells the wire to lose, delay or change frames.
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
 *	int main(int argc, char **argv)
 *	{
 *		const struct CMUnitTest tests[] = {SCENE(a_lost_syn_goes_again_after_a_second)};
 *
 *		return scene_play(tests);
 *	}
 *
 * Host A is 10.0.0.1, host B is 10.0.0.2.  A frame takes a millisecond from one to the other, and each
 * host knows the other's link address already.  After a scene's function has returned, time passes
 * until no timer is armed, not even that of TIME_WAIT; then no object may be alive (conductor_check()).
 * If a scene fails, it prints its seed and both consoles, and leaves a pcap file.  In the environment,
 * SEED= chooses another run, and SCENE_LIBRARY= another library.  An argument of the program selects
 * the scenes whose names contain the argument.
 *
 * The tests take constants and struct layouts from the headers of the system that runs them, because
 * the kernel has the same constants and layouts as Linux.
 */
#ifndef TESTS_HOSTED_SCENE_H
#define TESTS_HOSTED_SCENE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for POLLRDHUP */
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

/* ---- the scene and its hosts ------------------------------------------------------------------ */

struct scene {
	const char *name;
	void (*play)(void);
	/* arguments of sn_set() for both hosts, before they boot; NULL ends the list */
	struct {
		const char *name;
		uint64_t value;
	} options[4];
	const char *words; /* appended to A's command line; begins with a blank */
	bool over;         /* the function returned, so no assertion failed */
	uint64_t seed;
	struct conductor *conductor;
	struct host *a, *b;
	struct wire *wire;
};
extern struct scene *scene; /* the running scene */
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
/* A scene with settings for both hosts: SCENE_WITH(fn, {"mtu", 576}) */
#define SCENE_WITH(fn, ...)                                                                        \
	{                                                                                          \
#fn, scene_perform, scene_setup, scene_teardown, &(struct scene)                   \
		{                                                                                  \
			.name = #fn, .play = fn, .options = { __VA_ARGS__ }                        \
		}                                                                                  \
	}
/* A scene with more options on A's command line: SCENE_WORDS(fn, " gw=10.0.0.2") */
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
/* Selects the scenes whose names contain argv[1]; if there are none, the program ends with an error. */
void scene_select(int argc, char **argv, const struct CMUnitTest *tests, size_t n);

/* Appends the call sites of @h whose allocations failed to the file REFUSED_SITES (alloc_sites.py). */
void scene_report_refused(const struct host *h);
const char *scene_library(void);

uint64_t scene_now(void);
void scene_sleep(uint64_t ns);
const char *scene_host_name(const struct host *h); /* "a", "b" */

/* ---- system calls ----------------------------------------------------------------------------- */

#define PTR(p) ((int64_t)(intptr_t)(p))

/* Makes a system call and lets time pass until it returns; the result is as on Linux: -errno for an error. */
#define scene_call(h, nr, ...) scene_call_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t scene_call_args(struct host *h, long nr, const int64_t args[6]);
/*
 * Begins a system call, and lets both hosts run until no more events occur at this instant; returns a
 * ticket for the call.
 */
#define scene_begin(h, nr, ...) scene_begin_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t scene_begin_args(struct host *h, long nr, const int64_t args[6]);
/* Returns true and the call's result if the call has returned; its ticket is then no longer valid. */
bool scene_is_back(struct host *h, int64_t ticket, int64_t *result);
/* Lets time pass until the call returns; returns the call's result. */
int64_t scene_end(struct host *h, int64_t ticket);
void scene_interrupt(struct host *h, int64_t ticket);

/* Returns an address that is valid until the scene ends. */
const struct sockaddr_in *scene_address(const struct host *h, uint16_t port);

int scene_socket(struct host *h); /* of type SOCK_STREAM; if the call fails, the test fails */
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
/* Sets SO_RCVTIMEO or SO_SNDTIMEO. */
void scene_timeout(struct host *h, int fd, int option, unsigned int ms);
void scene_linger(struct host *h, int fd, bool on, int seconds);
short scene_poll(struct host *h, int fd); /* the events that are ready now */
uint16_t scene_port(struct host *h, int fd);

/* These fail the test if not all @n bytes are sent or received, or if the stream does not end. */
void scene_send_all(struct host *h, int fd, const void *bytes, size_t n);
void scene_recv_all(struct host *h, int fd, void *bytes, size_t n);
void scene_expect_eof(struct host *h, int fd);
/* Fills @bytes with @n bytes that depend on their position and on @salt. */
void scene_fill(uint8_t *bytes, size_t n, uint32_t salt);
/* Sends @n bytes from @from to @to, which reads them at the same time, and compares them. */
void scene_carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n);

/* A connection from A to B that B has accepted: descriptors and ports. */
struct pair {
	int listener, a, b;
	uint16_t aport, bport;
};
struct pair scene_pair(void);
void scene_pair_close(struct pair *p); /* closes the descriptors that are not -1 */

/* One of several transfers at the same time, each in calls of at most @step bytes. */
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

/* Kinds of frames.  A set of several kinds matches a frame that has any of them. */
enum {
	SYN = 1, /* without ACK */
	SYNACK = 2,
	DATA = 4, /* carries bytes */
	FIN = 8,
	RST = 16,
	ACK = 32, /* an ACK without data, SYN, FIN or RST */
	TCP = 63,
	OTHER = 64, /* not TCP */
};
#define ALWAYS 1000000

struct seg {
	uint64_t ns; /* time at which the frame was put on the wire */
	struct host *from;
	unsigned int kind; /* all kinds that apply */
	bool lost;         /* a rule dropped the frame */
	bool marked;       /* scene_congest() gave it a CE mark; tos is the value before the mark */
	uint16_t sport, dport;
	uint32_t seq, ack;   /* as on the wire */
	uint32_t rseq, rack; /* relative to the initial sequence numbers of the connection */
	uint8_t flags, ttl, tos;
	bool may_be_cut; /* IP's "don't fragment" is not set */
	uint16_t id;     /* IP's identification */
	uint16_t window;
	uint32_t len;
	uint16_t mss; /* TCP option; 0: absent */
	int wscale;   /* TCP option; -1: absent */
	bool has_ts, sack_permitted;
	uint32_t tsval, tsecr;
};

/*
 * These functions add rules for the @nth frame of @kinds that @from sends from now on; 1 is the next
 * such frame.  scene_hold() delays that frame by @ns.
 */
void scene_drop(struct host *from, unsigned int kinds, unsigned int nth);
void scene_drop_many(struct host *from, unsigned int kinds, unsigned int nth, unsigned int count);
void scene_duplicate(struct host *from, unsigned int kinds, unsigned int nth, unsigned int copies);
void scene_hold(struct host *from, unsigned int kinds, unsigned int nth, uint64_t ns);
/*
 * Flips bits in one byte of the @nth frame of @kinds that @from sends.  @from_end: the byte,
 * counted from the frame's end; 1 is the last.
 */
void scene_corrupt(struct host *from, unsigned int kinds, unsigned int nth, unsigned int from_end);
/*
 * Acts as a congested router on the @nth frame of @kinds that @from sends, and on the @count - 1
 * frames of these kinds after it: marks an ECN-capable packet with CE, and drops any other packet.
 */
void scene_congest(struct host *from, unsigned int kinds, unsigned int nth, unsigned int count);
/*
 * From now on, each frame is lost with probability 1/@of, delayed with probability 1/@of, and
 * duplicated with probability 1/@of. The conductor's seed decides. With @of 0, frames are treated
 * normally again.
 */
void scene_hostile(unsigned int of);
/*
 * From now on IP packets of more than @mtu bytes are lost without an ICMP error; 0: no packet is
 * lost.
 */
void scene_black_hole(unsigned int mtu);
void scene_heal(void); /* removes all rules */

/* The functions below consider the frames since the last scene_mark(), or since the scene's beginning. */
void scene_mark(void);
unsigned int scene_count(const struct host *from, unsigned int kinds);
/* Returns the @nth frame of @kinds that @from sent; the test fails if there are fewer. */
const struct seg *scene_nth(const struct host *from, unsigned int kinds, unsigned int nth);
const struct seg *scene_last(const struct host *from, unsigned int kinds);
/*
 * Checks that the TCP segments since the mark are exactly @lines. Each line is "host flags seq ack bytes",
 * with " lost" at its end if the wire lost the segment. seq and ack are relative to the connection's
 * initial sequence numbers. For example, a handshake whose last ACK is lost:
 *	a S 0 0 0
 *	b SA 0 1 0
 *	a A 1 1 0 lost
 */
void scene_expect(const char *lines);
uint64_t scene_gap(const struct seg *first, const struct seg *second);

void assert_gap_ms_at(uint64_t gap_ns, uint64_t least_ms, uint64_t most_ms, const char *file,
		      int line);
#define assert_gap_ms(first, second, least, most)                                                  \
	assert_gap_ms_at(scene_gap(first, second), least, most, __FILE__, __LINE__)
#define assert_ms(ns, least, most) assert_gap_ms_at(ns, least, most, __FILE__, __LINE__)

/* ---- /proc ------------------------------------------------------------------------------------ */

/* Returns the text of a file below /proc, valid until the next call. */
const char *scene_proc(struct host *h, const char *path);
/* Writes @text to a file below /proc with one write(); returns its result, or -errno of the open(). */
int64_t scene_proc_write(struct host *h, const char *path, const char *text);
/*
 * scene_sysctl() sets a sysctl such as "net/ipv4/tcp_retries2", scene_sysctl_get() returns its text;
 * if that fails, the test fails.
 */
void scene_sysctl(struct host *h, const char *name, const char *value);
const char *scene_sysctl_get(struct host *h, const char *name);
/* Columns of a line of /proc/net/tcp. */
struct connection {
	unsigned int state, timer, retransmits;
	uint32_t tx_queue, rx_queue;
};
bool scene_connection(struct host *h, uint16_t port, uint16_t peer_port, struct connection *c);
unsigned int scene_state(struct host *h, uint16_t port, uint16_t peer_port); /* 0: no connection */
/*
 * These return by how much a counter such as "TcpExt.ListenDrops", or the count of a drop reason,
 * has grown since the last scene_mark().
 */
uint64_t scene_counter(struct host *h, const char *group_dot_name);
uint64_t scene_drops(struct host *h, const char *reason);

void assert_state_at(struct host *h, uint16_t port, uint16_t peer, unsigned int state,
		     const char *file, int line);
#define assert_state(h, port, peer, state) assert_state_at(h, port, peer, state, __FILE__, __LINE__)
/*
 * Checks a connection's queues: @tx bytes are written and not acknowledged, @rx are received and
 * not read; a FIN counts as one.
 */
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

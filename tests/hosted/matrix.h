/* SPDX-License-Identifier: MIT */
/*
 * The matrix: the result of every kind of segment in every state of a connection.
 *
 * A row is like a paragraph of RFC 9293 3.10.7: it gives the result of some events in some states.
 *
 *	{RST_WINDOW | RSTACK_WINDOW, ESTABLISHED | CLOSE_WAIT, "A nxt rcv", SAME,
 *		"TCPChallengeACK", "TCP_RST_INVALID", "RFC 5961 3.2"},
 *
 *   events       the kinds of segments that arrive (EVENTS below)
 *   states       the states in which they arrive (STATES below)
 *   answer       the segments that the kernel sends, exactly: flags, sequence number, acknowledgment
 *                number (a number that is left out is 0).  "" means no segment; "; " separates two
 *                segments; "~" marks a segment that a timer sends within 100 ms instead of at once.
 *   next         the state afterwards: SAME, CLOSED (no connection is left), or another
 *   counters     the counters of Tcp and TcpExt that grow, each by one; no others may grow, except
 *                InSegs, OutSegs, CurrEstab and TCPDelivered
 *   drop         the drop reason that is counted, "" if the segment was accepted
 *   cite         the sentence that requires the result; or "Linux:" and the reason, where Linux 4.11
 *                differs from the RFC
 *
 * Numbers are given by name, with the values that the kernel under test has before the segment arrives:
 *   iss una nxt     the kernel's own sequence numbers: the number of its SYN, its first unacknowledged number, the next
 *                   number that it will send
 *   irs rcv edge    the peer's sequence numbers: the number of its SYN, the next number that the kernel expects, the
 *                   first number beyond the kernel's window
 *   ok              an acceptable acknowledgment number: una, or nxt before our SYN is acknowledged
 *   seg.seq seg.end seg.ack    those of the arriving segment; seg.end is the number after its last
 * An offset may follow a name: "rcv+4".
 *
 * Every pair of state and event (a cell) has exactly one row, and every cell is played twice: with numbers in the
 * middle of their space, and with sequence numbers of both sides and timestamps of the peer that wrap
 * to 0 within the connection.
 */
#ifndef TESTS_HOSTED_MATRIX_H
#define TESTS_HOSTED_MATRIX_H

#include "tests/hosted/scene_forge.h"

/* clang-format off */
/*
 * X(name, how the test reaches the state).  In every state after the handshake, the kernel has read
 * 8 bytes of the peer and has sent 8 bytes, which are unacknowledged unless the text says "all was
 * acknowledged".
 */
#define STATES(X)                                                                                  \
	X(CLOSED,           "no socket has the port")                                              \
	X(LISTEN,           "a listener, and no connection")                                       \
	X(SYN_SENT,         "connect()")                                                           \
	X(SYN_RECV,         "a SYN came to a listener: a request, no socket yet")                  \
	X(SYN_RECV_SOCK,    "connect(), and the peer's SYN crossed ours: a socket")                \
	X(ESTABLISHED,      "accept()")                                                            \
	X(FIN_WAIT1,        "shutdown(SHUT_WR): the application still reads")                      \
	X(FIN_WAIT1_ORPHAN, "close(): the application reads no more")                              \
	X(FIN_WAIT2,        "shutdown(SHUT_WR), and all was acknowledged")                         \
	X(FIN_WAIT2_TW,     "close() and all was acknowledged: a small object waits for the FIN")  \
	X(CLOSE_WAIT,       "the peer's FIN came")                                                 \
	X(CLOSING,          "shutdown(SHUT_WR), and the FINs crossed")                             \
	X(LAST_ACK,         "the peer's FIN came, then close()")                                   \
	X(TIME_WAIT,        "close(), all was acknowledged, the peer's FIN came: a small object")

/*
 * X(name, flags, sequence number, acknowledgment number, bytes of data, peculiarity).  Flags: F S R
 * P A U; a segment with A has an acknowledgment number.
 */
#define EVENTS(X)                                                                                  \
	/* a SYN */                                                                                \
	X(SYN_FRESH,     "S",  "edge+1000000000", "0",     0, PLAIN)                               \
	X(SYN_WINDOW,    "S",  "rcv+100",         "0",     0, PLAIN)                               \
	X(SYN_OLD,       "S",  "rcv-1000000000",  "0",     0, PLAIN)                               \
	X(SYN_AGAIN,     "S",  "irs",             "0",     0, PLAIN)                               \
	X(SYN_DATA,      "S",  "irs",             "0",     4, PLAIN)                               \
	X(SYN_REBORN,    "S",  "rcv-1000000000",  "0",     0, TS_NEWER)                            \
	X(SYN_PAWS,      "S",  "edge+1000000000", "0",     0, TS_OLDER)                            \
	/* a SYN-ACK */                                                                            \
	X(SYNACK_RIGHT,  "SA", "irs",             "nxt",   0, PLAIN)                               \
	X(SYNACK_BELOW,  "SA", "irs",             "iss",   0, PLAIN)                               \
	X(SYNACK_ABOVE,  "SA", "irs",             "nxt+1", 0, PLAIN)                               \
	X(SYNACK_TSECR,  "SA", "irs",             "nxt",   0, TS_NOT_OURS)                         \
	/* an ACK */                                                                               \
	X(ACK_ANCIENT,   "A",  "rcv",  "una-1000000000",   0, PLAIN)                               \
	X(ACK_OLD,       "A",  "rcv",             "una-1", 0, PLAIN)                               \
	X(ACK_EQUAL,     "A",  "rcv",             "una",   0, PLAIN)                               \
	X(ACK_PART,      "A",  "rcv",             "nxt-1", 0, PLAIN)                               \
	X(ACK_ALL,       "A",  "rcv",             "nxt",   0, PLAIN)                               \
	X(ACK_ABOVE,     "A",  "rcv",             "nxt+1", 0, PLAIN)                               \
	X(ACK_ZERO,      "A",  "rcv",             "nxt",   0, NO_WINDOW)                           \
	/* bytes */                                                                                \
	X(DATA_NEXT,     "PA", "rcv",             "ok",    4, PLAIN)                               \
	X(DATA_AHEAD,    "PA", "rcv+100",         "ok",    4, PLAIN)                               \
	X(DATA_LEFT,     "PA", "rcv-2",           "ok",    4, PLAIN)                               \
	X(DATA_RIGHT,    "PA", "edge-2",          "ok",    4, PLAIN)                               \
	X(DATA_EDGE,     "PA", "edge",            "ok",    4, PLAIN)                               \
	X(DATA_BEYOND,   "PA", "edge+1",          "ok",    4, PLAIN)                               \
	X(DATA_OLD,      "PA", "rcv-4",           "ok",    4, PLAIN)                               \
	X(DATA_ANCIENT,  "PA", "rcv",  "una-1000000000",   4, PLAIN)                               \
	X(DATA_ABOVE,    "PA", "rcv",             "nxt+1", 4, PLAIN)                               \
	X(DATA_URGENT,   "PAU", "rcv",            "ok",    4, PLAIN)                               \
	/* a FIN */                                                                                \
	X(FIN_NEXT,      "FA", "rcv",             "ok",    0, PLAIN)                               \
	X(FIN_ACKS,      "FA", "rcv",             "nxt",   0, PLAIN)                               \
	X(FIN_AHEAD,     "FA", "rcv+100",         "ok",    0, PLAIN)                               \
	X(FIN_DATA,      "FPA", "rcv",            "ok",    4, PLAIN)                               \
	X(FIN_AGAIN,     "FA", "rcv-1",           "ok",    0, PLAIN)                               \
	X(FIN_BEYOND,    "FA", "edge+1",          "ok",    0, PLAIN)                               \
	X(FIN_NO_ACK,    "F",  "rcv",             "0",     0, PLAIN)                               \
	/* a reset */                                                                              \
	X(RST_EXACT,     "R",  "rcv",             "0",     0, PLAIN)                               \
	X(RST_MINUS1,    "R",  "rcv-1",           "0",     0, PLAIN)                               \
	X(RST_WINDOW,    "R",  "rcv+100",         "0",     0, PLAIN)                               \
	X(RST_EDGE,      "R",  "edge",            "0",     0, PLAIN)                               \
	X(RST_BEYOND,    "R",  "edge+1",          "0",     0, PLAIN)                               \
	X(RST_OLD,       "R",  "rcv-100",         "0",     0, PLAIN)                               \
	X(RST_PAWS,      "R",  "rcv",             "0",     0, TS_OLDER)                            \
	X(RSTACK_EXACT,  "RA", "rcv",             "nxt",   0, PLAIN)                               \
	X(RSTACK_WINDOW, "RA", "rcv+100",         "nxt",   0, PLAIN)                               \
	X(RSTACK_BEYOND, "RA", "edge+1",          "nxt",   0, PLAIN)                               \
	X(RSTACK_ABOVE,  "RA", "rcv",             "nxt+1", 0, PLAIN)                               \
	/* segments that no conforming peer sends */                                               \
	X(NO_FLAGS,      "",   "rcv",             "0",     0, PLAIN)                               \
	X(SYN_FIN,       "SF", "rcv",             "0",     0, PLAIN)                               \
	X(SYN_RST,       "SR", "rcv",             "0",     0, PLAIN)                               \
	X(BAD_SUM,       "PA", "rcv",             "ok",    4, SUM_WRONG)                           \
	X(TS_OLD,        "PA", "rcv",             "ok",    4, TS_OLDER)                            \
	/* the segment that the state waits for (SYN, SYN-ACK or data), with malformed options */   \
	X(OPT_LENGTH_0,  0,    0,                 0,       0, OPTION_LENGTH_0)                     \
	X(OPT_PAST_END,  0,    0,                 0,       0, OPTION_PAST_END)                     \
	X(OPT_WSCALE_15, 0,    0,                 0,       0, OPTION_WSCALE_15)                    \
	X(OPT_MSS_0,     0,    0,                 0,       0, OPTION_MSS_0)                        \
	X(OPT_TS_SHORT,  0,    0,                 0,       0, OPTION_TS_SHORT)                     \
	/* the option is sent twice; only the second copy is correct */                             \
	X(OPT_TWICE,     0,    0,                 0,       0, OPTION_TWICE)
/* clang-format on */

enum peculiarity {
	PLAIN,
	TS_NEWER,    /* a timestamp newer than the peer's last one */
	TS_OLDER,    /* a timestamp that PAWS rejects */
	TS_NOT_OURS, /* echoes a timestamp that we never sent */
	NO_WINDOW,
	SUM_WRONG,
	OPTION_LENGTH_0,
	OPTION_PAST_END,
	OPTION_WSCALE_15,
	OPTION_MSS_0,
	OPTION_TS_SHORT,
	OPTION_TWICE,
};

#define STATE_NUMBER(name, how) NR_##name,
enum { STATES(STATE_NUMBER) NR_STATES };
#undef STATE_NUMBER
#define STATE_BIT(name, how) name = 1 << NR_##name,
enum { SAME = 0, STATES(STATE_BIT) };
#undef STATE_BIT
#define EVENT_NUMBER(name, ...) NR_##name,
enum { EVENTS(EVENT_NUMBER) NR_EVENTS };
#undef EVENT_NUMBER
#define EVENT_BIT(name, ...) name = 1ULL << NR_##name,
enum { EVENTS(EVENT_BIT) };
#undef EVENT_BIT

/* Groups of events that often have the same result. */
#define SYN_ANY    (SYN_FRESH | SYN_WINDOW | SYN_OLD | SYN_AGAIN | SYN_DATA | SYN_REBORN)
#define SYNACK_ANY (SYNACK_RIGHT | SYNACK_BELOW | SYNACK_ABOVE | SYNACK_TSECR)
#define ACK_ANY    (ACK_ANCIENT | ACK_OLD | ACK_EQUAL | ACK_PART | ACK_ALL | ACK_ABOVE | ACK_ZERO)
#define DATA_IN    (DATA_NEXT | DATA_AHEAD | DATA_LEFT | DATA_RIGHT | DATA_URGENT)
#define DATA_OUT   (DATA_EDGE | DATA_BEYOND | DATA_OLD)
#define DATA_ANY   (DATA_IN | DATA_OUT | DATA_ANCIENT | DATA_ABOVE)
#define FIN_ANY    (FIN_NEXT | FIN_ACKS | FIN_AHEAD | FIN_DATA | FIN_AGAIN | FIN_BEYOND)
#define RST_OUT    (RST_BEYOND | RST_OLD)
#define RST_ANY    (RST_EXACT | RST_MINUS1 | RST_WINDOW | RST_EDGE | RST_OUT | RST_PAWS)
#define RSTACK_ANY (RSTACK_EXACT | RSTACK_WINDOW | RSTACK_BEYOND | RSTACK_ABOVE)
#define OPT_ANY    (OPT_LENGTH_0 | OPT_PAST_END | OPT_WSCALE_15 | OPT_MSS_0 | OPT_TS_SHORT | OPT_TWICE)

struct row {
	uint64_t events;
	unsigned int states;
	const char *answer;
	unsigned int next;
	const char *counters, *drop, *cite;
};
struct table {
	const char *name;
	const struct row *rows;
	unsigned int n;
};

/*
 * The rows, by section of RFC 9293:
 *   unconnected     3.10.7.1 and 3.10.7.2
 *   opening         3.10.7.3, and 3.10.7.4 for SYN-RECEIVED
 *   synchronized    3.10.7.4 for the later states of a full socket
 *   timewait        3.10.7.4 for FIN-WAIT-2 and TIME-WAIT of a timewait socket, the small object that
 *                   replaces the socket
 */
extern const struct table matrix_unconnected, matrix_opening, matrix_synchronized, matrix_timewait;

/*
 * Plays all rows of @state (a bit) in the running scene.  Prints the results that differ, and
 * returns false if there were any.
 */
bool matrix_play(unsigned int state, bool wraps);
/*
 * Returns the row of @event (a number) in @state (a bit), or NULL unless exactly one row matches;
 * *@n is the number of rows that match.
 */
const struct row *matrix_row(unsigned int state, unsigned int event, unsigned int *n);
const char *matrix_state_name(unsigned int state);
const char *matrix_event_name(unsigned int event);
unsigned int matrix_rows(void);

/* ---- between matrix.c and matrix_stage.c ------------------------------------------------------------ */

/* The numbers of a connection, under the names that rows use (see the top of this file). */
struct stand {
	uint32_t iss, una, nxt, irs, rcv, edge, ok;
	/* tsval: the peer's timestamp; tsecr: B's last timestamp, which the peer echoes */
	uint32_t tsval, tsecr;
	int listener, fd; /* descriptors of B; -1: closed */
};
#define MATRIX_PORT 7
#define MATRIX_PEER 1000

/* Waits until nothing is left of the last connection, then brings a new one into @state. */
void stage_enter(unsigned int state, bool wraps, struct stand *at);
void stage_leave(struct stand *at);
/* Appends a timestamp option to @f, with two NOPs before it: 12 bytes. */
void stage_stamp(struct forged *f, uint32_t tsval, uint32_t tsecr);
/*
 * Returns the connection's state as a bit.  Without a connection it is LISTEN if @started_in is
 * LISTEN and there is a listener, otherwise CLOSED.
 */
unsigned int stage_state(unsigned int started_in);

#endif

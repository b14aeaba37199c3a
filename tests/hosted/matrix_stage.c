/* SPDX-License-Identifier: MIT */
/*
 * The setup of the matrix's scenes.  B is the kernel under test; this file plays the peer, with A's
 * address.  The peer sends only the segments that this file forges, and never answers by itself, so
 * that each step to a state is one frame or call.
 *
 * Callers: matrix.c.  Host A only answers ARP requests: the wire records B's segments and does not
 * deliver them to A.
 */
#include "tests/hosted/matrix.h"

#include <stdio.h>

/* In ns: after this time, every orphan has given up and every TIME_WAIT is over. */
#define PATIENCE   (1000 * SEC)
#define PAUSE      (2 * SEC) /* after this pause no limit per second suppresses an answer */
#define CLOSE_PORT 9         /* no listener there */
#define PEER_WIN   512       /* the peer's window field; its scale factor is 128 */
#define DELACK     (60 * MS) /* a delayed ACK is sent within this time */
#define TEXT       8

/* ---- the peer's segments ------------------------------------------------------------------ */

void stage_stamp(struct forged *f, uint32_t tsval, uint32_t tsecr)
{
	struct forged only = {0};

	stamp(&only, tsval, tsecr);
	forge_option(f, only.options, only.options_len);
}

static void say(struct stand *at, uint8_t flags, uint32_t seq, uint32_t ack, const char *data)
{
	struct forged f = {.sport = MATRIX_PEER,
			   .dport = MATRIX_PORT,
			   .seq = seq,
			   .ack = ack,
			   .flags = flags,
			   .window = PEER_WIN,
			   .data = data};

	if (flags & SYN_FLAG)
		forge_option(&f, "\x02\x04\x05\xb4\x01\x03\x03\x07", 8); /* MSS 1460, scale 7 */
	stage_stamp(&f, at->tsval, flags & ACK_FLAG ? at->tsecr : 0);
	forge_now(&f);
	scene_sleep(WIRE_DELAY);
}

/* Checks that B's last segment has these fields; records its window and its timestamp. */
static void hear(struct stand *at, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	static int wscale; /* scale of B's window, from its SYN */
	const struct seg *s = scene_last(B, TCP);

	if (s->flags != flags || s->seq != seq || s->ack != ack || s->len != len)
		fail_msg("on the way to the state B sent flags %#x seq %u ack %u, %u bytes; "
			 "should be flags %#x seq %u ack %u, %u bytes",
			 s->flags, s->seq, s->ack, s->len, flags, seq, ack, len);
	if (flags & SYN_FLAG)
		wscale = s->wscale;
	at->edge = at->rcv + ((uint32_t)s->window << (flags & SYN_FLAG ? 0 : wscale));
	assert_true(s->has_ts);
	at->tsecr = s->tsval;
}

/*
 * Sends a segment to a closed port of B. B answers with a reset, so it must know the peer's link
 * address, and resolves the address if the entry has expired.
 */
static void greet(void)
{
	struct forged f = {.sport = MATRIX_PEER, .dport = CLOSE_PORT, .flags = ACK_FLAG};
	unsigned int resets = scene_count(B, RST);

	forge_now(&f);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, RST), resets + 1);
}

/* ---- the steps to each state ----------------------------------------------------------------- */

static void open_passively(struct stand *at)
{
	say(at, SYN_FLAG, at->irs, 0, NULL);
	hear(at, SYN_FLAG | ACK_FLAG, at->iss, at->rcv, 0);
}

static void open_actively(struct stand *at)
{
	at->fd = scene_socket(B);
	scene_set(B, at->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(B, at->fd, MATRIX_PORT), 0);
	scene_nonblock(B, at->fd);
	assert_int_equal(scene_connect(B, at->fd, A, MATRIX_PEER), -EINPROGRESS);
	hear(at, SYN_FLAG, at->iss, 0, 0);
}

/*
 * Brings the connection to ESTABLISHED.  B sends its data before the peer's data arrives.  So B has
 * no data left with which it could send its ACK of the peer's data, and sends that ACK at once.
 */
static void establish(struct stand *at)
{
	char got[TEXT];

	open_passively(at);
	at->una = at->nxt;
	say(at, ACK_FLAG, at->rcv, at->nxt, NULL);
	at->fd = scene_accept(B, at->listener);
	assert_true(at->fd >= 0);
	scene_send_all(B, at->fd, "our text", TEXT);
	hear(at, PSH_FLAG | ACK_FLAG, at->nxt, at->rcv, TEXT);
	at->nxt += TEXT;
	say(at, PSH_FLAG | ACK_FLAG, at->rcv, at->una, "its text");
	at->rcv += TEXT;
	hear(at, ACK_FLAG, at->nxt, at->rcv, 0);
	scene_recv_all(B, at->fd, got, TEXT);
}

/* Makes B send its FIN. */
static void finish(struct stand *at, bool close)
{
	if (close) {
		assert_int_equal(scene_close(B, at->fd), 0);
		at->fd = -1;
	} else {
		assert_int_equal(scene_shutdown(B, at->fd, SHUT_WR), 0);
	}
	hear(at, FIN_FLAG | ACK_FLAG, at->nxt, at->rcv, 0);
	at->nxt++;
}

static void acknowledge(struct stand *at)
{
	say(at, ACK_FLAG, at->rcv, at->nxt, NULL);
	at->una = at->nxt;
}

static void finish_peer(struct stand *at)
{
	say(at, FIN_FLAG | ACK_FLAG, at->rcv, at->una, NULL);
	at->rcv++;
	scene_sleep(DELACK);
	hear(at, ACK_FLAG, at->nxt, at->rcv, 0);
}

static void go_to(unsigned int state, struct stand *at)
{
	switch (state) {
	case CLOSED:
	case LISTEN:
		at->una = at->nxt; /* no segment was sent */
		at->edge = at->rcv + 30000;
		return;
	case SYN_RECV:
		open_passively(at);
		return;
	case SYN_SENT:
		open_actively(at);
		return;
	case SYN_RECV_SOCK:
		open_actively(at);
		say(at, SYN_FLAG, at->irs, 0, NULL);
		hear(at, SYN_FLAG | ACK_FLAG, at->iss, at->rcv, 0);
		return;
	default:
		establish(at);
	}
	if (state & (CLOSE_WAIT | LAST_ACK))
		finish_peer(at);
	if (state & (FIN_WAIT1 | FIN_WAIT2 | CLOSING))
		finish(at, false);
	if (state & (FIN_WAIT1_ORPHAN | LAST_ACK | FIN_WAIT2_TW | TIME_WAIT))
		finish(at, true);
	if (state & (FIN_WAIT2 | FIN_WAIT2_TW | TIME_WAIT))
		acknowledge(at);
	if (state & (CLOSING | TIME_WAIT))
		finish_peer(at);
}

/*
 * Chooses the numbers of a connection. With @wraps they wrap to 0 at critical points: B's sequence
 * numbers between its SYN and its first byte, or inside the data in flight; the peer's sequence
 * numbers inside the next bytes that it sends; the peer's timestamps at the next tick.
 */
static void choose_numbers(unsigned int state, bool wraps, struct stand *at)
{
	bool opening = state & (CLOSED | LISTEN | SYN_SENT | SYN_RECV | SYN_RECV_SOCK);

	*at = (struct stand){.listener = -1, .fd = -1, .tsval = 50000};
	at->iss = 0x60000000;
	at->irs = 0x50000000;
	if (wraps) {
		at->iss = opening ? 0xffffffff : 0xfffffffb;
		at->irs = (opening ? 0xfffffffe : 0xfffffffe - TEXT) - 1;
		at->tsval = 0xffffffff;
	}
	at->rcv = at->irs + 1;
	at->una = at->iss;
	at->nxt = at->iss + 1;
}

void stage_enter(unsigned int state, bool wraps, struct stand *at)
{
	unsigned int now;

	conductor_settle(scene->conductor, PATIENCE);
	scene_sleep(PAUSE);
	if (conductor_check(scene->conductor, stderr))
		fail_msg("objects of the last connection are left");
	greet();
	choose_numbers(state, wraps, at);
	B->set("iss", at->iss);
	if (!(state & (CLOSED | SYN_SENT | SYN_RECV_SOCK)))
		at->listener = scene_listen(B, MATRIX_PORT, 8);
	go_to(state, at);
	at->ok = state & (SYN_SENT | SYN_RECV | SYN_RECV_SOCK) ? at->nxt : at->una;
	now = stage_state(state);
	if (now != state)
		fail_msg("the state is not %s but %s", matrix_state_name(state),
			 matrix_state_name(now));
}

void stage_leave(struct stand *at)
{
	if (at->fd >= 0)
		scene_close(B, at->fd);
	if (at->listener >= 0)
		scene_close(B, at->listener);
}

/* ---- the state and the numbers --------------------------------------------------------------- */

/*
 * Returns the state in a line of /proc/net/tcp.  The line of a socket has 17 columns, up to the
 * congestion window; the lines of requests and of timewait sockets have fewer. The inode of an
 * orphan is 0.
 */
static unsigned int state_of_line(const char *line)
{
	static const unsigned int full[] = {0,          ESTABLISHED, SYN_SENT,  SYN_RECV_SOCK,
					    FIN_WAIT1,  FIN_WAIT2,   TIME_WAIT, 0,
					    CLOSE_WAIT, LAST_ACK,    LISTEN,    CLOSING};
	unsigned int st = 0, inode = 0, state, words = 0;

	assert_int_equal(
		sscanf(line, " %*u: %*8X:%*4X %*8X:%*4X %2X %*s %*s %*s %*u %*u %u", &st, &inode),
		2);
	assert_true(st < sizeof(full) / sizeof(full[0]));
	for (const char *p = line; *p && *p != '\n'; p++)
		words += *p != ' ' && (p[1] == ' ' || p[1] == '\n' || !p[1]);
	state = full[st];
	if (words < 17 && state == SYN_RECV_SOCK)
		return SYN_RECV;
	if (words < 17 && state == FIN_WAIT2)
		return FIN_WAIT2_TW;
	if (!inode && state == FIN_WAIT1)
		return FIN_WAIT1_ORPHAN;
	return state;
}

unsigned int stage_state(unsigned int started_in)
{
	const char *line = strchr(scene_proc(B, "/proc/net/tcp"), '\n');
	unsigned int state = CLOSED;

	while (line && *++line) {
		unsigned int local, remote;

		if (sscanf(line, " %*u: %*8X:%4X %*8X:%4X", &local, &remote) == 2 &&
		    local == MATRIX_PORT) {
			if (remote == MATRIX_PEER)
				return state_of_line(line);
			/* In LISTEN there is no connection yet, only the listener. */
			if (started_in == LISTEN && state_of_line(line) == LISTEN)
				state = LISTEN;
		}
		line = strchr(line, '\n');
	}
	return state;
}

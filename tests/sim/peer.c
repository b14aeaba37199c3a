/* SPDX-License-Identifier: MIT */
/*
 * Connects the simulator to peer.py, an independent TCP in a process that plays one run after the other.
 *
 * main.c calls peer_start() once in each worker; world.c and net.c call the other functions.  The simulator
 * waits for the answer to each message before it does anything else, so that the order of events depends
 * only on the seed.
 *
 *	to peer.py:    u8 kind, u64 now (ns), u32 length, bytes.  Kinds:
 *		       B beginning of a run (peer_begin), F frame, T peer_deadline() is reached, E end of the run
 *	from peer.py:  u64 deadline, u32 count, then count times: u8 kind, u32 length, bytes.  Kinds:
 *		       F frame, S line for the story, X failure, D the connection (a digit) is done,
 *		       L the SACK blocks of the connection (a digit) were not true, which costs the kernel a
 *		       timeout, R the connection (a digit) was reset although no side aborted: not a failure if
 *		       an orphan gave up after losses in a row
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define PYTHON    "/usr/bin/python3"
#define PROGRAM   "tests/sim/peer.py"
#define BEGIN_MAX 4096

static int channel = -1;
static pid_t process;
static uint64_t deadline = CONDUCTOR_NEVER;

int peer_start(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	fflush(stdout);
	process = fork();
	if (process == 0) {
		dup2(ends[1], 0);
		unsetenv(
			"LD_PRELOAD"); /* it names the sanitizer's library, which Python does not need */
		execl(PYTHON, PYTHON, PROGRAM, (char *)NULL);
		perror(PYTHON);
		_exit(127);
	}
	close(ends[1]);
	channel = ends[0];
	return process < 0 ? -1 : 0;
}

void peer_stop(void)
{
	if (process > 0) {
		close(channel);
		kill(process, SIGTERM);
		waitpid(process, NULL, 0);
	}
	process = 0;
	channel = -1;
}

static bool get(void *to, size_t n)
{
	return n == 0 || recv(channel, to, n, MSG_WAITALL) == (ssize_t)n;
}

static bool take_item(struct world *w)
{
	static uint8_t bytes[CONDUCTOR_FRAME_MAX + 1];
	uint8_t kind;
	uint32_t len;

	if (!get(&kind, 1) || !get(&len, 4) || len > CONDUCTOR_FRAME_MAX || !get(bytes, len))
		return false;
	bytes[len] = '\0';
	switch (kind) {
	case 'F':
		net_from_peer(w, bytes, len);
		break;
	case 'S':
		sim_say(w, "%s", bytes);
		break;
	case 'X':
		sim_fail(w, "the peer: %s", bytes);
		break;
	case 'R':
		if (watch_row(bytes[0] - '0') <= 1)
			sim_fail(w, "the peer: connection %c was reset, and no side left it",
				 bytes[0]);
		break;
	case 'L':
		watch_reneges(w, bytes[0] - '0');
		break;
	case 'D':
		w->peer_done[bytes[0] - '0'] = true;
		break;
	default:
		return false;
	}
	return true;
}

static void tell(struct world *w, char kind, const void *bytes, uint32_t len)
{
	uint8_t head[13] = {kind};
	uint64_t now = conductor_now(w->c);
	uint32_t count;

	memcpy(head + 1, &now, 8);
	memcpy(head + 9, &len, 4);
	if (send(channel, head, sizeof(head), MSG_NOSIGNAL | MSG_MORE) != sizeof(head) ||
	    send(channel, bytes, len, MSG_NOSIGNAL) != (ssize_t)len || !get(&deadline, 8) ||
	    !get(&count, 4)) {
		deadline = CONDUCTOR_NEVER;
		sim_fail(w, "the process of peer.py has ended");
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!take_item(w)) {
			sim_fail(w, "peer.py sent an invalid item");
			return;
		}
	}
}

/*
 * Sends the plan: a line with seed, MTU, whether the peer uses SACK, and how its SACK blocks are wrong (TEMPER_*), then
 * a line for each connection.  That line has the connection's index, the peer's side (0: the peer connects), the number
 * of the switch port at which the other end is, and the behaviour of the peer's side.
 */
void peer_begin(struct world *w)
{
	char text[BEGIN_MAX];
	size_t n = snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %d %" PRIu64, w->plan.seed,
			    w->plan.mtu ? w->plan.mtu : 1500, (int)(w->plan.sack >> PEER & 1),
			    w->plan.temper);

	for (unsigned int i = 0; i < w->plan.connections; i++) {
		const struct connection_plan *cp = &w->connection[i];
		unsigned int mine = cp->side[1].port == PEER;
		const struct side_plan *s = &cp->side[mine], *other = &cp->side[!mine];

		n += snprintf(text + n, sizeof(text) - n,
			      "\n%u %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			      " %d %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64
			      " %d %u",
			      i, mine, other->port, cp->start, s->bytes, other->bytes, s->chunk,
			      s->half, s->pause_of_100, s->pause, (int64_t)s->abort_at,
			      (int64_t)s->close_at, s->rcvbuf, (int)w->plan.wrap,
			      other->abort_at != ~0ULL || other->close_at != ~0ULL);
	}
	tell(w, 'B', text, n);
}

void peer_frame(struct world *w, const uint8_t *frame, size_t len)
{
	tell(w, 'F', frame, len);
}

void peer_time(struct world *w)
{
	tell(w, 'T', "", 0);
}

uint64_t peer_deadline(void)
{
	return deadline;
}

void peer_end(struct world *w)
{
	tell(w, 'E', "", 0);
}

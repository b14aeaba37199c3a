/* SPDX-License-Identifier: MIT */
/*
 * A simulated application at one end of a connection: it connects or accepts, writes and reads at the
 * same time, pauses, and ends as its plan says (sim.h, struct side_plan).
 *
 * world.c calls app_poke() after every instant of the clock.  An application has at most three system calls
 * of its host in progress: one that connects or closes, one that writes, one that reads.  Before accept(),
 * two threads may wait for the listener.
 *
 * An application with `half` shuts down its sending half when all is written, and reads until end
 * of file.  One without `half` closes as soon as it has written all and read all that it expects.
 * With `abort_at` it closes with SO_LINGER 0, with `close_at` it closes although data still
 * arrives.  After such an abort or early close the other side may see an error.  The data that it
 * has read must still be the beginning of the sent data.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tests/sim/sim.h"
#include "tests/sim/wait.h"

#define BUFFER      65536
#define VECTORS     5
#define OPTIONS_MAX 8
#define ACCEPTORS   2
#define PAUSES_MOST (15 * SEC) /* limit of the sum of all pauses: an orphan lasts only 60 s */
#define POLL_MS     500
#define PTR(p)      ((int64_t)(intptr_t)(p))

enum step {
	SOCKET,
	OPTION,
	BIND,
	LISTEN,
	GATHER,
	ACCEPT,
	WAIT,
	CONNECT,
	STREAM,
	LINGER,
	CLOSE,
	OVER
};
enum doing {
	NOTHING,
	WRITING,
	SHUTTING,
	SETTING,
	READING,
	PEEKING,
	POLLING,
	WAITING,
	NAPPING,
	WAKING
};

struct task {
	int64_t ticket; /* ticket of the system call in progress; 0: none */
	enum doing doing;
	uint64_t wake; /* time before which the task makes no call */
	uint8_t bytes[BUFFER];
	struct iovec vec[VECTORS];
	struct msghdr msg;
	struct pollfd poll;
	struct waiter epoll;
	struct nap nap;
	int value;
	size_t asked;
	bool done, again; /* again: wait before the next call, for example after EAGAIN */
};

struct app {
	struct world *world;
	unsigned int connection, side;
	const struct side_plan *plan;
	uint64_t expects; /* bytes that the other side sends */
	struct host *host;
	struct rng rng;
	enum step step;
	int64_t ticket;
	struct sockaddr_in here, there;
	struct {
		int level, name, value;
		const char *text; /* the option's value if it is a string, else NULL */
	} option[OPTIONS_MAX];
	unsigned int nr_options, at_option;
	int fd, listener;
	uint64_t wake, not_before;
	struct task writer, reader;
	struct waiter acceptor[ACCEPTORS];
	int64_t acceptor_ticket[ACCEPTORS];
	bool came, told; /* GATHER: a thread got the event (came), others are interrupted (told) */
	uint64_t written, read, paused;
	unsigned int calls;
	bool aborting, eof, corked, failed;
	bool left; /* this end closed before the end of the stream, as planned or after an error */
	struct linger linger;
};

static uint64_t now_of(const struct app *a)
{
	return conductor_now(a->world->c);
}

static const char *name_of(const struct app *a)
{
	static char name[32];

	snprintf(name, sizeof(name), "%u%c", a->connection, a->side ? 'b' : 'a');
	return name;
}

static struct app *other_end(const struct app *a)
{
	return a->world->app[a->connection][!a->side];
}

/* ---- setting up ------------------------------------------------------------------------------- */

static void add_option(struct app *a, int level, int name, uint64_t value)
{
	a->option[a->nr_options].level = level;
	a->option[a->nr_options].name = name;
	a->option[a->nr_options++].value = value;
}

struct app *app_new(struct world *w, unsigned int connection, unsigned int side)
{
	const struct connection_plan *cp = &w->connection[connection];
	struct app *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->world = w;
	a->connection = connection;
	a->side = side;
	a->plan = &cp->side[side];
	a->expects = cp->side[!side].bytes;
	a->host = w->host[a->plan->port];
	a->rng = rng_make(w->plan.seed, 10000 + 2 * connection + side);
	a->fd = a->listener = -1;
	waiter_init(&a->reader.epoll, a->plan->waits);
	waiter_init(&a->writer.epoll, a->plan->waits);
	for (unsigned int k = 0; k < ACCEPTORS; k++)
		waiter_init(&a->acceptor[k], a->plan->waits);
	a->not_before = w->started + cp->start;
	a->here.sin_family = a->there.sin_family = AF_INET;
	a->here.sin_port = htons(plan_port(connection, side));
	a->there.sin_port = htons(plan_port(connection, !side));
	a->here.sin_addr.s_addr = htonl(net_address(a->plan->port));
	a->there.sin_addr.s_addr = htonl(net_address(cp->side[!side].port));
	/* Keepalive: if the RST of an abort is lost, the other end must not wait for ever. */
	add_option(a, SOL_SOCKET, SO_KEEPALIVE, 1);
	add_option(a, IPPROTO_TCP, TCP_KEEPIDLE, 30);
	add_option(a, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	if (a->plan->sndbuf)
		add_option(a, SOL_SOCKET, SO_SNDBUF, a->plan->sndbuf);
	if (a->plan->rcvbuf)
		add_option(a, SOL_SOCKET, SO_RCVBUF, a->plan->rcvbuf);
	if (a->plan->maxseg)
		add_option(a, IPPROTO_TCP, TCP_MAXSEG, a->plan->maxseg);
	if (a->plan->control) {
		add_option(a, IPPROTO_TCP, TCP_CONGESTION, 0);
		a->option[a->nr_options - 1].text = a->plan->control;
	}
	return a;
}

void app_free(struct app *a)
{
	free(a);
}

static int64_t call(struct app *a, long nr, const int64_t args[6])
{
	int64_t ticket =
		host_submit(a->host, nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	a->calls++;
	if (ticket < 0)
		sim_fail(a->world, "%s: the host refused call %ld", name_of(a), nr);
	return ticket < 0 ? 0 : ticket;
}
#define CALL(a, nr, ...) call(a, nr, (const int64_t[6]){__VA_ARGS__})

static void fail_call(struct app *a, const char *what, int64_t result)
{
	a->failed = true;
	sim_fail(a->world, "%s: %s: %s", name_of(a), what, strerror(-result));
}

/*
 * Returns true if a broken connection is no failure: one side has left it, or many frames in a row
 * were lost.  For an orphan two losses are enough: the kernel gives it up after some 100 s, in
 * which it retransmits only a few times if its timeout is long.
 */
static bool explained(const struct app *a)
{
	const struct side_plan *s = a->world->connection[a->connection].side;
	const struct app *other = other_end(a);

	if (other && other->fd < 0 && other->step >= CLOSE && watch_row(a->connection) > 1)
		return true;
	return s[0].abort_at != ~0ULL || s[1].abort_at != ~0ULL || s[0].close_at != ~0ULL ||
	       s[1].close_at != ~0ULL || watch_row(a->connection) >= ROW_EXPLAINS;
}

static void broke(struct app *a, const char *what, int64_t error)
{
	sim_say(a->world, "%s %s: %s", name_of(a), what, strerror(-error));
	if (error != -ECONNRESET && error != -EPIPE && error != -ETIMEDOUT &&
	    !(error == -ECONNREFUSED && a->step == CONNECT))
		fail_call(a, what, error);
	else if (!explained(a))
		fail_call(a, what, error);
	a->failed = a->left = true;
}

/* Returns the next descriptor to close: the connection, the listener, then the epolls; NULL: all are closed. */
static int *to_close(struct app *a)
{
	struct waiter *epolls[] = {&a->reader.epoll, &a->writer.epoll, &a->acceptor[0],
				   &a->acceptor[1]};

	if (a->fd >= 0 || a->listener >= 0)
		return a->fd >= 0 ? &a->fd : &a->listener;
	for (unsigned int i = 0; i < 4; i++)
		if (epolls[i]->ep >= 0)
			return &epolls[i]->ep;
	return NULL;
}

/* Makes the next call that opens or closes the connection.  Returns false if there is none now. */
static bool next_step(struct app *a)
{
	const unsigned int i = a->at_option;

	switch (a->step) {
	case SOCKET:
		a->ticket = CALL(a, SYS_socket, AF_INET, SOCK_STREAM, 0);
		return true;
	case OPTION:
		a->ticket =
			CALL(a, SYS_setsockopt, a->fd, a->option[i].level, a->option[i].name,
			     a->option[i].text ? PTR(a->option[i].text) : PTR(&a->option[i].value),
			     a->option[i].text ? strlen(a->option[i].text) : sizeof(int));
		return true;
	case BIND:
		a->ticket = CALL(a, SYS_bind, a->fd, PTR(&a->here), sizeof(a->here));
		return true;
	case LISTEN:
		a->ticket = CALL(a, SYS_listen, a->fd, 1 + rng_below(&a->rng, 3));
		return true;
	case ACCEPT:
		a->ticket = CALL(a, SYS_accept, a->listener, 0, 0);
		return true;
	case WAIT:
		a->wake = a->not_before;
		a->step = CONNECT;
		return false;
	case CONNECT:
		a->wake = CONDUCTOR_NEVER;
		a->ticket = CALL(a, SYS_connect, a->fd, PTR(&a->there), sizeof(a->there));
		sim_say(a->world, "%s connects", name_of(a));
		return true;
	case LINGER:
		a->linger = (struct linger){.l_onoff = 1};
		a->ticket = CALL(a, SYS_setsockopt, a->fd, SOL_SOCKET, SO_LINGER, PTR(&a->linger),
				 sizeof(a->linger));
		return true;
	case CLOSE:
		a->ticket = CALL(a, SYS_close, *to_close(a));
		return true;
	default:
		return false;
	}
}

static void begin_stream(struct app *a)
{
	a->step = STREAM;
	a->writer.wake = a->reader.wake = now_of(a) + a->plan->start;
	sim_say(a->world, "%s is connected", name_of(a));
}

static void step_came_back(struct app *a, int64_t result)
{
	static const char *const names[] = {"socket", "setsockopt", "bind", "listen",
					    "",       "accept",     "",     "connect",
					    "",       "setsockopt", "close"};

	if (result < 0 && a->step != ACCEPT && a->step != CONNECT) {
		fail_call(a, names[a->step], result);
		return;
	}
	switch (a->step) {
	case SOCKET:
		a->fd = result;
		a->step = OPTION;
		break;
	case OPTION:
		a->step = ++a->at_option < a->nr_options ? OPTION : BIND;
		break;
	case BIND:
		a->step = a->side ? LISTEN : WAIT;
		break;
	case LISTEN:
		a->listener = a->fd;
		a->fd = -1;
		a->step = a->plan->waits == EXCLUSIVE ? GATHER : ACCEPT;
		break;
	case ACCEPT:
	case CONNECT:
		if (result < 0 && !(a->step == ACCEPT && result == -EINTR))
			broke(a, names[a->step], result);
		if (a->step == ACCEPT && result >= 0)
			a->fd = result;
		if (result < 0)
			a->step = CLOSE;
		else
			begin_stream(a);
		break;
	case LINGER:
		a->step = CLOSE;
		break;
	default: /* CLOSE */
		sim_say(a->world, "%s closed descriptor %d", name_of(a), *to_close(a));
		*to_close(a) = -1;
		a->step = to_close(a) ? CLOSE : OVER;
	}
}

/* ---- the stream ------------------------------------------------------------------------------- */

/* Fills the task's iovec with pieces of random length, some of them empty, that cover @n bytes. */
static unsigned int cut_up(struct app *a, struct task *t, size_t n)
{
	size_t at = 0;

	for (unsigned int i = 0; i < VECTORS; i++) {
		size_t piece = i == VECTORS - 1 ? n - at : rng_below(&a->rng, n - at + 1);

		t->vec[i] = (struct iovec){t->bytes + at, piece};
		at += piece;
	}
	t->msg = (struct msghdr){.msg_iov = t->vec, .msg_iovlen = VECTORS};
	return VECTORS;
}

static void begin(struct app *a, struct task *t, enum doing doing, int64_t ticket)
{
	(void)a;
	t->doing = doing;
	t->ticket = ticket;
}

/*
 * Returns true if the task must wait before its next call: always after EAGAIN, and with a
 * level-triggered epoll sometimes also without EAGAIN.
 */
static bool must_wait(struct app *a, struct task *t)
{
	if (a->plan->waits != BY_POLL && a->plan->waits != EDGE && !t->again &&
	    rng_below(&a->rng, 4) == 0)
		t->again = true;
	return t->again;
}

static int64_t wait_by_epoll(struct app *a, struct waiter *w, int fd, uint32_t events)
{
	int64_t args[6];
	long nr = waiter_call(w, fd, events, args);

	return call(a, nr, args);
}

/* Returns true if the thread has an event. */
static bool got_event(struct app *a, struct waiter *w, int64_t result)
{
	int done = waiter_came_back(w, result);

	if (done < 0)
		sim_fail(a->world, "%s: epoll_wait() gives %lld, events %#x of descriptor %d",
			 name_of(a), (long long)result, w->got.events, w->got.data.fd);
	return done > 0;
}

/* Waits for @events by poll() or an epoll: EPOLLIN and EPOLLOUT have the values of POLLIN and POLLOUT. */
static void wait_ready(struct app *a, struct task *t, short events)
{
	if (a->plan->waits != BY_POLL) {
		begin(a, t, WAITING, wait_by_epoll(a, &t->epoll, a->fd, events));
		return;
	}
	t->again = false;
	t->poll = (struct pollfd){.fd = a->fd, .events = events};
	begin(a, t, POLLING, CALL(a, SYS_poll, PTR(&t->poll), 1, POLL_MS));
}

static void set_now(struct app *a, struct task *t, int level, int name, int value)
{
	t->value = value;
	begin(a, t, SETTING,
	      CALL(a, SYS_setsockopt, a->fd, level, name, PTR(&t->value), sizeof(int)));
}

static void change_an_option(struct app *a, struct task *t)
{
	switch (rng_below(&a->rng, 4)) {
	case 0:
		a->corked = !a->corked;
		set_now(a, t, IPPROTO_TCP, TCP_CORK, a->corked);
		break;
	case 1:
		set_now(a, t, IPPROTO_TCP, TCP_NODELAY, rng_below(&a->rng, 2));
		break;
	case 2:
		set_now(a, t, SOL_SOCKET, SO_SNDBUF, 1 + rng_below(&a->rng, 100000));
		break;
	default:
		set_now(a, t, SOL_SOCKET, SO_RCVBUF, 1 + rng_below(&a->rng, 100000));
	}
}

static void write_some(struct app *a, struct task *t)
{
	uint64_t left = a->plan->bytes - a->written, n = 1 + rng_below(&a->rng, a->plan->chunk);
	int flags = MSG_NOSIGNAL;

	if (n > left)
		n = left;
	if (n > BUFFER)
		n = BUFFER;
	if (a->plan->nonblock && rng_below(&a->rng, 2))
		flags |= MSG_DONTWAIT;
	if (a->plan->options && n < left && rng_below(&a->rng, 10) == 0)
		flags |= MSG_MORE;
	content_fill(t->bytes, a->connection, a->side, a->written, n);
	t->asked = n;
	if (a->plan->vectors && rng_below(&a->rng, 2)) {
		unsigned int vecs = cut_up(a, t, n);

		begin(a, t, WRITING,
		      rng_below(&a->rng, 2) && !(flags & (MSG_DONTWAIT | MSG_MORE))
			      ? CALL(a, SYS_writev, a->fd, PTR(t->vec), vecs)
			      : CALL(a, SYS_sendmsg, a->fd, PTR(&t->msg), flags));
	} else {
		begin(a, t, WRITING, CALL(a, SYS_sendto, a->fd, PTR(t->bytes), n, flags));
	}
}

static void next_write(struct app *a)
{
	struct task *t = &a->writer;

	if (a->written < a->plan->bytes && must_wait(a, t))
		wait_ready(a, t, POLLOUT);
	else if (a->written == a->plan->bytes && a->corked)
		a->corked = false, set_now(a, t, IPPROTO_TCP, TCP_CORK, 0);
	else if (a->written == a->plan->bytes && a->plan->half)
		begin(a, t, SHUTTING, CALL(a, SYS_shutdown, a->fd, SHUT_WR));
	else if (a->written == a->plan->bytes)
		t->done = true;
	else if (a->plan->options && rng_below(&a->rng, 10) == 0)
		change_an_option(a, t);
	else
		write_some(a, t);
}

static void next_read(struct app *a)
{
	struct task *t = &a->reader;
	uint64_t n = 1 + rng_below(&a->rng, a->plan->chunk < 200 ? 2000 : 2 * a->plan->chunk);
	int flags = 0;

	if (a->read == a->expects && !a->plan->half) {
		t->done = true;
		return;
	}
	if (must_wait(a, t)) {
		wait_ready(a, t, POLLIN);
		return;
	}
	if (n > BUFFER)
		n = BUFFER;
	t->asked = n;
	if (a->plan->nonblock && rng_below(&a->rng, 2))
		flags |= MSG_DONTWAIT;
	else if (a->plan->vectors && rng_below(&a->rng, 4) == 0 && n <= a->expects - a->read)
		flags |= MSG_WAITALL;
	/*
	 * Do not combine MSG_WAITALL with MSG_PEEK: a call for more data than the receive buffer
	 * holds would never return.
	 */
	if (a->plan->options && rng_below(&a->rng, 10) == 0)
		flags = (flags & ~MSG_WAITALL) | MSG_PEEK;
	memset(t->bytes, 0xee, n);
	if (a->plan->vectors && rng_below(&a->rng, 2)) {
		cut_up(a, t, n);
		begin(a, t, flags & MSG_PEEK ? PEEKING : READING,
		      CALL(a, SYS_recvmsg, a->fd, PTR(&t->msg), flags));
	} else {
		begin(a, t, flags & MSG_PEEK ? PEEKING : READING,
		      CALL(a, SYS_recvfrom, a->fd, PTR(t->bytes), n, flags));
	}
}

static void maybe_pause(struct app *a, struct task *t)
{
	uint64_t ns = rng_below(&a->rng, a->plan->pause + 1);

	if (rng_below(&a->rng, 100) >= a->plan->pause_of_100 || a->paused + ns > PAUSES_MOST)
		return;
	a->paused += ns;
	if (a->plan->waits == BY_POLL)
		t->wake = now_of(a) + ns;
	else
		t->nap.ns = ns;
}

static struct nap *other_nap(struct app *a, const struct task *t)
{
	return t == &a->writer ? &a->reader.nap : &a->writer.nap;
}

/* Begins this thread's pause, or ends the other thread's.  Returns true if it made a call. */
static bool nap_or_wake(struct app *a, struct task *t)
{
	bool wake = a->plan->waits != BY_POLL && rng_below(&a->rng, 8) == 0;
	int64_t args[6];
	long nr = nap_call(&t->nap, other_nap(a, t), now_of(a), wake, args);

	if (nr)
		begin(a, t, NAPPING, call(a, nr, args));
	return nr;
}

static void got_bytes(struct app *a, struct task *t, size_t n)
{
	size_t good = content_differs(t->bytes, a->connection, !a->side, a->read, n);

	if (n > t->asked || a->read + n > a->expects)
		sim_fail(a->world, "%s: read %zu bytes after %llu, of %zu asked and %llu sent",
			 name_of(a), n, (unsigned long long)a->read, t->asked,
			 (unsigned long long)a->expects);
	else if (good != n)
		sim_fail(a->world, "%s: byte %llu of the stream is %02x, not %02x", name_of(a),
			 (unsigned long long)(a->read + good), t->bytes[good],
			 content_byte(a->connection, !a->side, a->read + good));
	if (t->doing == READING)
		a->read += n;
	sim_say(a->world, "%s %s %zu bytes, %llu in all", name_of(a),
		t->doing == READING ? "reads" : "peeks at", n, (unsigned long long)a->read);
}

static void got_eof(struct app *a, struct task *t)
{
	sim_say(a->world, "%s reads end of file", name_of(a));
	a->eof = t->done = true;
	if (a->read != a->expects && !explained(a))
		sim_fail(a->world, "%s: end of file after %llu of %llu bytes", name_of(a),
			 (unsigned long long)a->read, (unsigned long long)a->expects);
}

static void task_came_back(struct app *a, struct task *t, int64_t result)
{
	enum doing doing = t->doing;

	if (result == -EAGAIN && doing != SETTING) {
		t->again = true;
	} else if (result == -EINTR && a->aborting) {
		return;
	} else if (doing == NAPPING) {
		if (!nap_came_back(&t->nap, other_nap(a, t), now_of(a), result))
			fail_call(a, "futex", result);
	} else if (doing == SHUTTING && result == -ENOTCONN && explained(a)) {
		t->done = true; /* the connection was reset in the meantime */
	} else if (result < 0) {
		broke(a, doing == READING || doing == PEEKING ? "read" : "write", result);
		a->writer.done = a->reader.done = true;
	} else if (doing == WAITING) {
		t->again = !got_event(a, &t->epoll, result);
	} else if (doing == WRITING) {
		a->written += result;
		sim_say(a->world, "%s writes %lld of %zu bytes, %llu in all", name_of(a),
			(long long)result, t->asked, (unsigned long long)a->written);
		if (!result || (size_t)result > t->asked)
			sim_fail(a->world, "%s: write of %zu bytes gives %lld", name_of(a),
				 t->asked, (long long)result);
		maybe_pause(a, t);
	} else if (doing == SHUTTING) {
		sim_say(a->world, "%s shuts down its sending half", name_of(a));
		t->done = true;
	} else if ((doing == READING || doing == PEEKING) && result) {
		got_bytes(a, t, result);
		maybe_pause(a, t);
	} else if (doing == READING || doing == PEEKING) {
		got_eof(a, t);
	}
}

/* ---- steps ------------------------------------------------------------------------------------ */

static bool came_back(struct app *a, int64_t *ticket, int64_t *result)
{
	if (!*ticket || a->host->poll(*ticket, result) == 0)
		return false;
	*ticket = 0;
	return true;
}

static bool task_turn(struct app *a, struct task *t, void (*next)(struct app *a))
{
	int64_t result;

	if (came_back(a, &t->ticket, &result))
		task_came_back(a, t, result);
	if (t->ticket || t->done || a->aborting || sim_failed(a->world) || t->wake > now_of(a))
		return false;
	if (!nap_or_wake(a, t))
		next(a);
	return t->ticket;
}

/*
 * Continues writing and reading; ends early if the plan says so, or after an error.  The stream ends when no
 * call is in progress any more.  Returns true if a call was made.
 */
static bool stream_turn(struct app *a)
{
	bool called = task_turn(a, &a->writer, next_write);
	uint64_t amount;

	called |= task_turn(a, &a->reader, next_read);
	amount = a->written + a->read;
	if (!a->aborting && (amount >= a->plan->abort_at || amount >= a->plan->close_at ||
			     (a->failed && (a->writer.ticket || a->reader.ticket)))) {
		a->aborting = a->left = true;
		sim_say(a->world, "%s leaves", name_of(a));
		for (unsigned int i = 0; i < 2; i++) {
			struct task *t = i ? &a->reader : &a->writer;

			if (t->ticket) {
				host_interrupt(a->host, t->ticket);
				called = true;
			}
		}
	}
	if (a->writer.ticket || a->reader.ticket)
		return called;
	if (a->writer.nap.wakes != a->writer.nap.woken ||
	    a->reader.nap.wakes != a->reader.nap.woken)
		sim_fail(a->world, "%s: FUTEX_WAKE counted a wait that it did not end", name_of(a));
	if (a->aborting || (a->writer.done && a->reader.done))
		a->step = a->aborting && a->plan->abort_at != ~0ULL ? LINGER : CLOSE;
	return called;
}

/*
 * Returns true ACCEPT_WAITS after the client has ended without a connection: the caller must then
 * interrupt accept(), or the wait for the listener.  An unexplained end is reported as a failure.
 */
static bool gives_up(struct app *a)
{
	struct app *client = other_end(a);

	if (client ? client->step != OVER : !a->world->peer_done[a->connection])
		return false;
	if (a->wake == CONDUCTOR_NEVER || !a->wake)
		a->wake = now_of(a) + ACCEPT_WAITS;
	if (a->wake > now_of(a))
		return false;
	a->wake = now_of(a) + ACCEPT_WAITS;
	if (!explained(a))
		sim_fail(a->world, "%s: accept() got no connection", name_of(a));
	return true;
}

/* Takes the results of the threads that wait for the listener, and makes their next calls. */
static bool acceptors_turn(struct app *a)
{
	bool called = false;
	int64_t result;

	for (unsigned int k = 0; k < ACCEPTORS; k++) {
		if (came_back(a, &a->acceptor_ticket[k], &result) &&
		    !(result == -EINTR && a->told)) {
			if (result < 0)
				fail_call(a, "epoll", result);
			else if (got_event(a, &a->acceptor[k], result))
				a->came = true;
		}
		if (a->acceptor_ticket[k] || a->came || a->told || sim_failed(a->world))
			continue;
		a->acceptor_ticket[k] = wait_by_epoll(a, &a->acceptor[k], a->listener, EPOLLIN);
		called = true;
	}
	return called;
}

/*
 * The step GATHER: two threads wait for the listener, each in its own epoll, exclusively.  At least one gets
 * the event; the other is then interrupted.  Returns true if it made or interrupted a call.
 */
static bool gather(struct app *a)
{
	bool called = acceptors_turn(a);

	if (sim_failed(a->world))
		return false;
	if (!a->acceptor_ticket[0] && !a->acceptor_ticket[1]) {
		a->wake = CONDUCTOR_NEVER;
		a->step = a->came ? ACCEPT : CLOSE;
		return next_step(a);
	}
	if (called || a->told || (!a->came && !gives_up(a)))
		return called;
	a->told = true;
	for (unsigned int k = 0; k < ACCEPTORS; k++)
		if (a->acceptor_ticket[k])
			host_interrupt(a->host, a->acceptor_ticket[k]);
	return true;
}

bool app_poke(struct app *a)
{
	int64_t result;

	if (a->step == OVER || sim_failed(a->world))
		return false;
	if (came_back(a, &a->ticket, &result)) {
		a->wake = CONDUCTOR_NEVER;
		step_came_back(a, result);
	}
	if (a->ticket && a->step == ACCEPT && gives_up(a)) {
		host_interrupt(a->host, a->ticket);
		return true;
	}
	if (a->ticket)
		return false;
	if (a->step == GATHER)
		return gather(a);
	if (a->step == STREAM && stream_turn(a))
		return true;
	if (a->step == CONNECT && a->wake > now_of(a))
		return false;
	if (a->step == STREAM || sim_failed(a->world))
		return false;
	return next_step(a);
}

uint64_t app_wake(const struct app *a)
{
	uint64_t wake = CONDUCTOR_NEVER, now = now_of(a);
	const struct task *tasks[] = {&a->writer, &a->reader};

	if (a->step == CONNECT || a->step == GATHER || a->step == ACCEPT)
		wake = a->wake > now ? a->wake : wake;
	for (unsigned int i = 0; i < 2 && a->step == STREAM; i++) {
		if (!tasks[i]->ticket && !tasks[i]->done && tasks[i]->wake > now &&
		    tasks[i]->wake < wake)
			wake = tasks[i]->wake;
	}
	return wake;
}

bool app_over(const struct app *a)
{
	return a->step == OVER;
}

uint64_t app_paused(const struct app *a)
{
	return a->paused;
}

unsigned int app_calls(const struct app *a)
{
	return a->calls;
}

void app_print(const struct app *a, char *text, size_t max)
{
	static const char *const steps[] = {"opens",     "opens",   "binds",  "listens",
					    "waits for", "accepts", "waits",  "connects",
					    "streams",   "closes",  "closes", "is done"};

	snprintf(text, max, "%s %s: %llu of %llu written%s, %llu of %llu read%s", name_of(a),
		 steps[a->step], (unsigned long long)a->written, (unsigned long long)a->plan->bytes,
		 a->writer.ticket ? " (in a call)" : "", (unsigned long long)a->read,
		 (unsigned long long)a->expects, a->reader.ticket ? " (in a call)" : "");
}

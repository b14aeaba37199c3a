/* SPDX-License-Identifier: MIT */
/*
 * Plays one run, from boot to the last timer (sim.h).
 *
 * main.c, in a process of its own, and goodput.c call world_play().  The conductor owns the clock.  Between
 * two instants of the clock each application does its next step.  After as many instants as the plan's field
 * `every` says, the counters of each kernel are checked for consistency (sn_inspect).  When all applications
 * have ended, the network stops losing frames and time passes until no timer is armed; then no object may be
 * left.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/sim/sim.h"

#define RAM (16ULL << 20)
#define FEATURES_NONE                                                                              \
	(1ULL << 3 | 1ULL << 5 | 1ULL << 15 | 1ULL << 16) /* MTU MAC MRG_RXBUF STATUS */
#define FEATURES_ALL       (~0ULL)
#define WRAP_WITHIN        20000 /* with plan.wrap: each ISN is at most this far below 2^32 */
#define WARM_UP            (60 * SEC)
#define SETTLE_STEP        (60 * SEC)
#define SETTLE_STEPS       60 /* an hour in all, longer than any TIME_WAIT or orphan lasts */
#define HEADERS            80 /* bytes of headers in a data frame, and of the ACK that answers it */
#define STALLED            (3600 * SEC) /* longer than 15 retransmissions (924 s) and their losses */
#define KEEPALIVE_GIVES_UP (80 * SEC)   /* 30 s of silence, nine probes 5 s apart, and a reserve */

void sim_fail(struct world *w, const char *format, ...)
{
	va_list args;

	if (sim_failed(w))
		return;
	va_start(args, format);
	vsnprintf(w->failure, sizeof(w->failure), format, args);
	va_end(args);
	sim_say(w, "FAILS: %s", w->failure);
}

void sim_say(struct world *w, const char *format, ...)
{
	va_list args;

	if (!w->story)
		return;
	fprintf(w->story, "%12.6f  ", (double)(conductor_now(w->c) - w->started) / SEC);
	va_start(args, format);
	vfprintf(w->story, format, args);
	va_end(args);
	fputc('\n', w->story);
}

/* ---- preparing a run -------------------------------------------------------------------------- */

static int boot_host(struct world *w, unsigned int i)
{
	const struct plan *p = &w->plan;
	uint64_t mtu = i == 0 && p->small_mtu ? p->small_mtu : p->mtu;
	struct rng rng = rng_make(p->seed, 50 + i);
	char cmdline[128];

	w->host[i] = host_new(w->c);
	if (!w->host[i])
		return -1;
	w->host[i]->set("mac", 0x020000000001ULL + i);
	w->host[i]->set("ram", RAM);
	w->host[i]->set("irq_chance", p->irq);
	if (p->wrap)
		w->host[i]->set("iss", (uint32_t)(-1 - rng_below(&rng, WRAP_WITHIN)));
	if (mtu)
		w->host[i]->set("mtu", mtu);
	if (p->device)
		w->host[i]->set("features", p->device == 1 ? FEATURES_NONE : FEATURES_ALL);
	snprintf(cmdline, sizeof(cmdline), "ip=10.0.0.%u/24 app=none%s%s", i + 1,
		 p->ecn >> i & 1 ? " sysctl.net.ipv4.tcp_ecn=1" : "",
		 p->sack >> i & 1 ? "" : " sysctl.net.ipv4.tcp_sack=0");
	return host_start(w->host[i], cmdline);
}

/*
 * Before the network begins to lose and damage frames, @from and @to learn each other's link address:
 * @from connects to a port of @to that has no listener, and is refused.
 */
static int meet(struct world *w, unsigned int from, unsigned int to)
{
	struct host *h = w->host[from];
	uint8_t address[16] = {AF_INET, 0, 0, 1, 10, 0, 0, to + 1};
	int64_t fd = host_call(h, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
	int64_t result = host_call(h, SYS_connect, fd, (intptr_t)address, sizeof(address), 0, 0, 0);

	host_call(h, SYS_close, fd, 0, 0, 0, 0, 0);
	if (result != -ECONNREFUSED)
		sim_fail(w, "host %u meets port %u: %lld\n%s", from, to, (long long)result,
			 h->console());
	return sim_failed(w) ? -1 : 0;
}

static int set_stage(struct world *w)
{
	for (unsigned int i = 0; i < w->plan.kernels; i++) {
		if (boot_host(w, i) < 0)
			return -1;
	}
	w->calm = true;
	if (net_build(w) < 0)
		return -1;
	for (unsigned int i = 0; i < w->plan.connections; i++)
		w->connection[i] = plan_connection(&w->plan, i);
	if (w->plan.peer)
		peer_begin(w);
	for (unsigned int from = 0; from < w->plan.kernels; from++) {
		for (unsigned int to = 0; to < PORTS_MAX; to++) {
			if (to != from && (to < w->plan.kernels || (to == PEER && w->plan.peer)) &&
			    meet(w, from, to) < 0)
				return -1;
		}
	}
	conductor_sleep(w->c, WARM_UP);
	for (unsigned int i = 0; i < w->plan.kernels; i++)
		host_set_baseline(w->host[i]);
	watch_begin(w);
	w->calm = false;
	w->started = w->moved = conductor_now(w->c);
	for (unsigned int i = 0; i < 2 * w->plan.connections; i++) {
		const struct side_plan *s = &w->connection[i / 2].side[i % 2];

		w->bytes += s->bytes;
		if (s->port == PEER)
			continue;
		w->app[i / 2][i % 2] = app_new(w, i / 2, i % 2);
		if (!w->app[i / 2][i % 2])
			return -1;
	}
	return 0;
}

/* ---- between instants ------------------------------------------------------------------------- */

static unsigned int instant;

static void audit(struct world *w)
{
	char text[512];

	for (unsigned int i = 0; i < w->plan.kernels; i++) {
		if (w->host[i]->halted)
			sim_fail(w, "host %u halted: %s", i, w->host[i]->panic_message());
		else if (w->host[i]->warn_count())
			sim_fail(w, "host %u warned:\n%s", i, w->host[i]->console());
		else if (w->host[i]->inspect(text, sizeof(text)))
			sim_fail(w, "host %u: %s", i, text);
	}
}

static bool all_over(const struct world *w)
{
	for (unsigned int i = 0; i < 2 * w->plan.connections; i++) {
		const struct app *a = w->app[i / 2][i % 2];

		if (a ? !app_over(a) : !w->peer_done[i / 2])
			return false;
	}
	return true;
}

/*
 * Called by the conductor after each instant.  Returns true if it must stop: an application made a call, so
 * the instant is not over; or the run has ended or failed; or an application waits for an earlier time.
 */
static bool between(void *arg)
{
	struct world *w = arg;
	bool called = false;

	if (++instant % w->plan.every == 0)
		audit(w);
	w->wake = w->plan.peer ? peer_deadline() : CONDUCTOR_NEVER;
	for (unsigned int i = 0; i < 2 * w->plan.connections; i++) {
		struct app *a = w->app[i / 2][i % 2];

		if (!a)
			continue;
		called |= app_poke(a);
		if (app_wake(a) < w->wake)
			w->wake = app_wake(a);
	}
	if (called)
		w->moved = conductor_now(w->c);
	return called || sim_failed(w) || all_over(w) || w->wake < w->until;
}

/*
 * Returns the latest time at which the run must have ended.  It is the sum of all that the plan allows to
 * be slow:
 *  - the bytes over the slowest link, four times: Reno fills half of a link whose queue overflows, and all
 *    connections may share the link;
 *  - the pauses of the applications, doubled, because meanwhile the other end may have a closed window, and
 *    its probes back off; a partition, doubled for the same reason;
 *  - 250 ms a call, because Nagle's rule may wait for a delayed ACK (200 ms, RFC 9293 3.8.6.3), and for
 *    TCP_CORK;
 *  - for small buffers, a probe timeout for each piece of data, because with a window of less than a
 *    segment each piece may wait for a probe;
 *  - the cost of each loss (watch.c): a timeout, doubled for losses in a row;
 *  - twice 80 s, if a side may end without the other learning of it except by keepalive.
 */
static uint64_t allowed_end(const struct world *w)
{
	const struct plan *p = &w->plan;
	uint64_t trip = 2 * p->delay_us * US, ns = 20 * SEC + 200 * trip, cost = 0, calls = 0;

	for (unsigned int i = 0; i < 2 * p->connections; i++) {
		const struct connection_plan *cp = &w->connection[i / 2];
		const struct app *a = w->app[i / 2][i % 2];

		ns += cp->start + cp->side[i % 2].start;
		if (cp->side[i % 2].rcvbuf || cp->side[i % 2].options)
			ns += cp->side[!(i % 2)].bytes / 400 * (300 * MS + 2 * trip);
		ns += a ? 2 * app_paused(a) : 2 * w->bytes * MS;
		calls += a ? app_calls(a) : 100;
		if (watch_row(i / 2) >= ROW_EXPLAINS)
			ns += KEEPALIVE_GIVES_UP + ACCEPT_WAITS;
		cost += i % 2 ? watch_cost(i / 2) : 0;
	}
	if (p->rate_kbit)
		ns += 4 * (w->bytes + w->bytes / 80 * HEADERS) * 8 * MS / p->rate_kbit;
	if (p->aborts || p->early || p->cut_for_ms)
		ns += 2 * KEEPALIVE_GIVES_UP + ACCEPT_WAITS;
	return w->started + ns + calls * 250 * MS + 2 * p->cut_for_ms * MS + cost;
}

/*
 * Returns allowed_end(), but at most STALLED after the last call of an application or ACK of new data: if a thread
 * is never woken, lost keepalive probes would extend allowed_end() for ever.  The ACKs count because a peer with
 * TEMPER_BYTES may get only a segment every 120 s, long after the last write().
 */
static uint64_t latest_end(const struct world *w)
{
	uint64_t allowed = allowed_end(w);

	return allowed < w->moved + STALLED ? allowed : w->moved + STALLED;
}

static void say_who_waits(struct world *w)
{
	char text[sizeof(w->failure) / 2] = "";

	for (unsigned int i = 0; i < 2 * w->plan.connections; i++) {
		size_t n = strlen(text);

		if (w->app[i / 2][i % 2] && !app_over(w->app[i / 2][i % 2]) &&
		    n + 120 < sizeof(text)) {
			text[n] = text[n + 1] = '\n';
			app_print(w->app[i / 2][i % 2], text + n + 1, sizeof(text) - n - 1);
		}
	}
	sim_fail(w, "the run has not ended after %.1f s; the limit is %.1f s:%s",
		 (double)(conductor_now(w->c) - w->started) / SEC,
		 (double)(latest_end(w) - w->started) / SEC, text);
}

static void perform(struct world *w)
{
	while (!sim_failed(w) && !all_over(w)) {
		uint64_t late = latest_end(w);

		if (w->plan.peer && peer_deadline() <= conductor_now(w->c))
			peer_time(w);
		w->until = w->wake > conductor_now(w->c) && w->wake < late ? w->wake : late;
		conductor_run(w->c, w->until, between, w);
		if (conductor_now(w->c) >= late && conductor_now(w->c) >= latest_end(w))
			say_who_waits(w);
	}
}

/* ---- the end ---------------------------------------------------------------------------------- */

/* Lets time pass without losses until no timer is armed and no object is left; fails after an hour. */
static void settle(struct world *w)
{
	FILE *nowhere = fopen("/dev/null", "w"), *out;
	unsigned int wrong = 1;
	char *text = NULL;
	size_t size;

	w->calm = true;
	for (unsigned int i = 0; nowhere && wrong && i < SETTLE_STEPS; i++) {
		uint64_t until = conductor_now(w->c) + SETTLE_STEP;

		while (w->plan.peer && peer_deadline() < until) {
			conductor_run(w->c, peer_deadline(), NULL, NULL);
			peer_time(w);
		}
		conductor_run(w->c, until, NULL, NULL);
		wrong = conductor_check(w->c, nowhere);
	}
	if (nowhere)
		fclose(nowhere);
	if (wrong && (out = open_memstream(&text, &size))) {
		conductor_check(w->c, out);
		fclose(out);
		sim_fail(w, "objects or timers are left:\n%s", text);
		free(text);
	}
	audit(w);
}

struct outcome world_play(const struct plan *plan, const char *library, FILE *story,
			  const char *pcapng)
{
	struct world *w = calloc(1, sizeof(*w));
	struct outcome o = {0};

	w->plan = *plan;
	w->story = NULL;
	w->c = conductor_new(library, plan->seed + 1);
	if (!w->c || set_stage(w) < 0) {
		sim_fail(w, "the stage could not be set");
		goto out;
	}
	w->story = story;
	if (pcapng)
		w->capture = capture_open(pcapng);
	perform(w);
	o.virtual_ns = conductor_now(w->c) - w->started;
	if (!sim_failed(w))
		settle(w);
	if (plan->peer)
		peer_end(w);
	capture_close(w->capture);
out:
	o.failed = sim_failed(w);
	memcpy(o.why, w->failure, sizeof(o.why));
	o.frames = w->frames;
	o.lost = w->lost;
	o.bytes = w->bytes;
	for (unsigned int i = 0; i < 2 * CONNECTIONS_MAX; i++)
		app_free(w->app[i / 2][i % 2]);
	if (w->c)
		conductor_free(w->c);
	free(w);
	return o;
}

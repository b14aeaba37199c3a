/* SPDX-License-Identifier: MIT */
/*
 * The engine's clock: events, hosts and instants (engine.h).
 *
 * Callers: Python; net.c and flow.c add events.
 *
 * An instant is one value of the clock.  Three steps repeat until nothing is due: all events that are
 * due happen; each host that is awake or whose deadline is reached runs until it is idle, and its
 * frames go into the network; the applications of these hosts go on.  Then the clock jumps to the
 * next event or deadline.  Events of the same time keep the order in which they were made.
 */
#include "tools/lab/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/capture.h"

/* limit of the rounds in one instant: more mean that two hosts answer each other for ever */
#define ROUNDS_MAX 1000000

/* ---- growing arrays, random numbers ------------------------------------------------------------- */

void *array_add(struct array *a, size_t size)
{
	char *at;

	if (a->n == a->room) {
		a->room = a->room ? 2 * a->room : 16;
		a->at = realloc(a->at, a->room * size);
		if (!a->at) {
			fprintf(stderr, "lab: no memory for the measurements\n");
			abort();
		}
	}
	at = (char *)a->at + a->n++ * size;
	return memset(at, 0, size);
}

struct rng rng_make(uint64_t seed, uint64_t purpose)
{
	struct rng r = {seed * 0x9e3779b97f4a7c15ULL + purpose};

	rng_share(&r);
	return r;
}

double rng_share(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return ((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* ---- events: a binary heap ---------------------------------------------------------------------- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void lab_event(struct lab *l, uint64_t time, enum event_kind kind, int index, uint32_t generation,
	       struct packet *p)
{
	struct event new = {time, l->order++, kind, index, generation, p}, *heap;
	size_t i;

	array_add(&l->heap, sizeof(new));
	heap = l->heap.at;
	for (i = l->heap.n - 1; i && earlier(&new, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = new;
}

static struct event take_first(struct lab *l)
{
	struct event *heap = l->heap.at, first = heap[0], last = heap[--l->heap.n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < l->heap.n) {
		if (child + 1 < l->heap.n && earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!earlier(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

static uint64_t next_event(const struct lab *l)
{
	return l->heap.n ? ((struct event *)l->heap.at)->time : LAB_NEVER;
}

/* ---- creating an experiment --------------------------------------------------------------------- */

size_t lab_info_size(void)
{
	return sizeof(struct tcp_info);
}

struct lab *lab_new(uint64_t seed)
{
	struct lab *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->seed = seed;
	memset(l->flow_of_port, -1, sizeof(l->flow_of_port));
	return l;
}

void lab_free(struct lab *l)
{
	for (size_t i = 0; i < l->heap.n; i++)
		free(((struct event *)l->heap.at)[i].packet);
	net_free(l);
	flow_free(l);
	for (int i = 0; i < l->nr_nodes; i++) {
		capture_close(l->nodes[i].capture);
		free(l->nodes[i].pipes.at);
		free(l->nodes[i].flows.at);
	}
	free(l->heap.at);
	free(l->routes);
	free(l);
}

uint64_t lab_now(const struct lab *l)
{
	return l->now;
}

size_t lab_events(const struct lab *l)
{
	return l->heap.n;
}

static int add_node(struct lab *l, struct node node)
{
	if (l->nr_nodes == LAB_NODES_MAX)
		return -1;
	free(l->routes);
	l->routes = NULL;
	node.deadline = LAB_NEVER;
	l->nodes[l->nr_nodes] = node;
	return l->nr_nodes++;
}

int lab_host(struct lab *l, const struct lab_calls *calls, uint64_t mac)
{
	return add_node(l,
			(struct node){.is_host = true, .calls = *calls, .mac = mac, .awake = true});
}

int lab_switch(struct lab *l)
{
	return add_node(l, (struct node){0});
}

void lab_wake(struct lab *l, int node)
{
	l->nodes[node].awake = true;
}

int lab_capture_host(struct lab *l, int node, const char *path)
{
	l->nodes[node].capture = capture_open(path);
	return l->nodes[node].capture ? 0 : -1;
}

/* ---- time --------------------------------------------------------------------------------------- */

static void step(struct lab *l, int node)
{
	struct node *h = &l->nodes[node];
	size_t len;

	h->awake = false;
	h->calls.set_clock(l->now);
	h->deadline = h->calls.step();
	if (h->deadline == LAB_HALTED) {
		h->halted = true;
		h->deadline = LAB_NEVER;
	}
	while ((len = h->calls.take_frame(l->buffer, sizeof(l->buffer)))) {
		if (h->capture)
			capture_frame(h->capture, l->now, l->buffer, len, NULL);
		net_from_host(l, node, l->buffer, len);
	}
}

static void happen(struct lab *l)
{
	while (next_event(l) <= l->now) {
		struct event e = take_first(l);

		if (e.kind >= FLOW_START)
			flow_event(l, &e);
		else
			net_event(l, &e);
	}
}

bool lab_instant(struct lab *l)
{
	bool busy = true, good = true;

	for (unsigned int round = 0; busy; round++) {
		if (round == ROUNDS_MAX) {
			fprintf(stderr, "lab: no end to the instant %llu ns\n",
				(unsigned long long)l->now);
			abort();
		}
		busy = false;
		happen(l);
		for (int i = 0; i < l->nr_nodes; i++) {
			struct node *n = &l->nodes[i];

			if (!n->is_host || n->halted || (!n->awake && n->deadline > l->now))
				continue;
			busy = true;
			step(l, i);
			good &= !n->halted;
			flow_progress(l, i);
		}
		busy |= next_event(l) <= l->now;
	}
	return good;
}

/* Returns the time of the next event or deadline; LAB_NEVER if there is none. */
static uint64_t upcoming(const struct lab *l)
{
	uint64_t next = next_event(l);

	for (int i = 0; i < l->nr_nodes; i++) {
		if (l->nodes[i].deadline < next)
			next = l->nodes[i].deadline;
	}
	return next;
}

/*
 * Sets the clocks of all hosts when the engine returns, because Python may then read a host's
 * clock.
 */
static void set_clocks(struct lab *l)
{
	for (int i = 0; i < l->nr_nodes; i++) {
		if (l->nodes[i].is_host)
			l->nodes[i].calls.set_clock(l->now);
	}
}

static bool advance(struct lab *l, uint64_t until)
{
	uint64_t next = upcoming(l);

	if (next > until || next == LAB_NEVER) {
		if (until != LAB_NEVER && until > l->now)
			l->now = until;
		return false;
	}
	if (next > l->now)
		l->now = next;
	return true;
}

bool lab_advance(struct lab *l, uint64_t until)
{
	bool more = advance(l, until);

	set_clocks(l);
	return more;
}

int lab_run(struct lab *l, uint64_t until, bool to_the_end)
{
	enum lab_end end;

	for (;;) {
		if (!lab_instant(l)) {
			end = LAB_HALT;
			break;
		}
		if (to_the_end && !l->unfinished) {
			end = LAB_OVER;
			break;
		}
		if (!advance(l, until)) {
			end = until == LAB_NEVER ? LAB_IDLE : LAB_TIME;
			break;
		}
	}
	set_clocks(l);
	fflush(NULL);
	return end;
}

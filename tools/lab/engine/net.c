/* SPDX-License-Identifier: MIT */
/*
 * The network of an experiment: switches, and pipes with a queue, a rate, a delay, losses,
 * duplication and reordering.
 *
 * engine.c -> net_from_host() for each frame that a host sends; net_event() for each event of a
 * pipe. flow.c -> net_sample(). Python makes the pipes.
 *
 * The steps of a packet on a pipe: the queue's discipline takes or drops it; it waits; it is sent
 * at the present rate; then it may be lost, duplicated or delayed further; it arrives after the
 * delay.  The network has no loops (lab.py checks that), so a packet has only one path.  ARP frames
 * cross the network at once and are never lost: an experiment is about TCP, and a missing neighbour
 * would disturb it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/capture.h"
#include "tests/wire/pkt.h"
#include "tools/lab/engine/engine.h"

#define TYPE_ARP 0x0806
/* bytes of IP that one delivery opportunity of a trace can carry (Mahimahi) */
#define OPPORTUNITY_BYTES 1500

struct pipe {
	struct lab *lab;
	int index, from, to;
	double rate;  /* bit/s; 0: unlimited */
	bool stopped; /* the schedule of rates has the rate 0 at present */
	double delay_ns, jitter_ns, reorder_ns, processing_ns, every_ns;
	uint64_t processed; /* the time at which the processing of the last frame ended */
	double loss, duplicate, reorder; /* shares of the frames: 0 to 1 */
	/*
	 * model of Gilbert and Elliott: bad_enter and bad_leave are the probabilities that a frame
	 * makes the pipe enter or leave the bad state; bad_loss is the share of frames that are
	 * lost in the bad state
	 */
	double bad_enter, bad_leave, bad_loss;
	bool is_bad;
	/* arrays of doubles, as lab_pipe_list() got them */
	struct array rates, outages, trace, drop;
	struct queue queue;
	struct packet *sending;
	/*
	 * for the packet that is being sent: number of its bits that were not yet sent at the time
	 * @since
	 */
	double bits_left;
	uint64_t since;
	uint32_t generation; /* a DEPARTURE event with an older generation is ignored */
	bool waiting;        /* the pipe waits for an opportunity of the trace */
	size_t next_opportunity;
	size_t next_outage; /* index in @outages of the present outage, else of the next one */
	bool sampling;
	struct rng loss_rng, burst_rng, duplicate_rng, reorder_rng, jitter_rng, processing_rng;
	struct array samples, sojourns;
	uint64_t frames, bytes, data_segments, lost, duplicated, reordered;
	struct capture *capture;
	bool owns_capture;
};

static struct pipe *pipe_of(const struct lab *l, int i)
{
	return ((struct pipe **)l->pipes.at)[i];
}

/* ---- creating a pipe ---------------------------------------------------------------------------- */

static void drop(struct pipe *w, struct packet *p, const char *comment)
{
	flow_fate(w->lab, p, SEGMENT_LOST);
	if (w->capture)
		capture_frame(w->capture, w->lab->now, p->bytes, p->len, comment);
	free(p);
}

static void queue_drops(void *arg, struct packet *p)
{
	drop(arg, p, "dropped by the queue");
}

static void queue_marks(void *arg, struct packet *p)
{
	struct pipe *w = arg;

	flow_fate(w->lab, p, SEGMENT_MARKED);
}

int lab_pipe(struct lab *l, int from, int to)
{
	struct pipe *w = calloc(1, sizeof(*w));
	uint64_t purpose = 16 * l->pipes.n;

	if (!w)
		return -1;
	w->lab = l;
	w->from = from;
	w->to = to;
	w->index = l->pipes.n;
	w->bad_loss = 1;
	queue_init(&w->queue, l->seed, purpose + 1);
	w->queue.on_drop = queue_drops;
	w->queue.on_mark = queue_marks;
	w->queue.arg = w;
	w->loss_rng = rng_make(l->seed, purpose + 2);
	w->burst_rng = rng_make(l->seed, purpose + 3);
	w->duplicate_rng = rng_make(l->seed, purpose + 4);
	w->reorder_rng = rng_make(l->seed, purpose + 5);
	w->jitter_rng = rng_make(l->seed, purpose + 6);
	w->processing_rng = rng_make(l->seed, purpose + 7);
	*(struct pipe **)array_add(&l->pipes, sizeof(w)) = w;
	*(int *)array_add(&l->nodes[from].pipes, sizeof(int)) = w->index;
	free(l->routes);
	l->routes = NULL;
	return w->index;
}

static void free_pipe(struct pipe *w)
{
	while (w->queue.head) {
		struct packet *p = w->queue.head;

		w->queue.head = p->next;
		free(p);
	}
	free(w->sending);
	free(w->rates.at);
	free(w->outages.at);
	free(w->trace.at);
	free(w->drop.at);
	free(w->samples.at);
	free(w->sojourns.at);
	if (w->owns_capture)
		capture_close(w->capture);
	free(w);
}

void net_free(struct lab *l)
{
	for (size_t i = 0; i < l->pipes.n; i++)
		free_pipe(pipe_of(l, i));
	free(l->pipes.at);
}

/* ---- after the transmission: losses, delay ------------------------------------------------------ */

static bool cut_off(struct pipe *w)
{
	const double *at = w->outages.at;

	while (w->next_outage < w->outages.n && at[w->next_outage + 1] <= w->lab->now)
		w->next_outage += 2;
	return w->next_outage < w->outages.n && at[w->next_outage] <= w->lab->now;
}

static bool chosen(struct pipe *w, const struct packet *p)
{
	const double *at = w->drop.at;
	uint64_t number;

	if (!p->has_data)
		return false;
	number = w->data_segments++;
	for (size_t i = 0; i < w->drop.n; i++) {
		if (at[i] == number)
			return true;
	}
	return false;
}

/*
 * Returns true if the packet is lost.  Losses are independent of each other, or follow the model of
 * Gilbert and Elliott, which has two states.  Each of the two kinds has a random stream of its own,
 * so that a change of one kind's setting does not change the losses of the other kind.
 */
static bool unlucky(struct pipe *w)
{
	bool lost = rng_share(&w->loss_rng) < w->loss;

	if (!w->bad_enter)
		return lost;
	if (rng_share(&w->burst_rng) < (w->is_bad ? w->bad_leave : w->bad_enter))
		w->is_bad = !w->is_bad;
	if (w->is_bad)
		lost = rng_share(&w->burst_rng) < w->bad_loss;
	return lost;
}

/*
 * Returns how long a frame is delayed by its processing, which takes a random time and begins when the
 * frame before is done: frames keep their order.
 */
static double processing(struct pipe *w)
{
	uint64_t now = w->lab->now;

	if (!w->processing_ns)
		return 0;
	if (w->processed < now)
		w->processed = now;
	w->processed += (uint64_t)(w->processing_ns * rng_share(&w->processing_rng));
	return w->processed - now;
}

static void transmit(struct pipe *w, struct packet *p)
{
	struct lab *l = w->lab;
	double late = w->delay_ns + w->jitter_ns * rng_share(&w->jitter_rng) + processing(w);
	bool hit = chosen(w, p), lost = unlucky(w), cut = cut_off(w);

	w->frames++;
	w->bytes += p->len;
	if (hit || lost || cut) {
		w->lost++;
		drop(w, p, cut ? "lost: outage" : "lost");
		return;
	}
	if (rng_share(&w->reorder_rng) < w->reorder) {
		w->reordered++;
		late += w->reorder_ns;
	}
	if (w->capture)
		capture_frame(w->capture, l->now, p->bytes, p->len, NULL);
	if (rng_share(&w->duplicate_rng) < w->duplicate) {
		struct packet *copy = malloc(sizeof(*p) + p->len);

		if (copy) {
			memcpy(copy, p, sizeof(*p) + p->len);
			w->duplicated++;
			lab_event(l, l->now + (uint64_t)late, ARRIVAL, w->index, 0, copy);
		}
	}
	lab_event(l, l->now + (uint64_t)late, ARRIVAL, w->index, 0, p);
}

/* ---- the rate ----------------------------------------------------------------------------------- */

static struct packet *dequeue(struct pipe *w)
{
	struct packet *p = queue_get(&w->queue, w->lab->now);

	if (p)
		*(uint64_t *)array_add(&w->sojourns, sizeof(uint64_t)) = w->queue.sojourn;
	return p;
}

/* Adds the event of the end of the transmission, at the present rate. */
static void plan_departure(struct pipe *w)
{
	struct lab *l = w->lab;
	double ns = w->rate ? w->bits_left * NS_PER_S / w->rate : 0;

	w->since = l->now;
	w->generation++;
	if (!w->stopped)
		lab_event(l, l->now + (uint64_t)ns, DEPARTURE, w->index, w->generation, NULL);
}

static void send_next(struct pipe *w)
{
	w->sending = dequeue(w);
	if (!w->sending)
		return;
	w->bits_left = w->sending->len * 8.0;
	plan_departure(w);
}

static void departed(struct pipe *w)
{
	struct packet *p = w->sending;

	w->sending = NULL;
	transmit(w, p);
	send_next(w);
}

static void set_rate(struct pipe *w, double rate, bool stopped)
{
	if (w->sending && !w->trace.n && !w->stopped)
		w->bits_left -= (w->lab->now - w->since) * w->rate / NS_PER_S;
	if (w->bits_left < 0)
		w->bits_left = 0;
	w->rate = rate;
	w->stopped = stopped;
	w->queue.packet_ns = rate ? OPPORTUNITY_BYTES * 8 * NS_PER_S / rate : 0;
	if (w->sending && !w->trace.n)
		plan_departure(w);
}

/*
 * Returns the time of the next opportunity.  At each opportunity of a trace OPPORTUNITY_BYTES can
 * be sent; the trace begins again after its last opportunity.  An opportunity at which the queue is
 * empty is lost.
 */
static uint64_t opportunity_time(const struct pipe *w)
{
	const double *at = w->trace.at;

	return (w->next_opportunity / w->trace.n) * (uint64_t)at[w->trace.n - 1] +
	       (uint64_t)at[w->next_opportunity % w->trace.n];
}

static void await_opportunity(struct pipe *w)
{
	if (w->waiting)
		return;
	while (opportunity_time(w) < w->lab->now)
		w->next_opportunity++;
	w->waiting = true;
	lab_event(w->lab, opportunity_time(w), OPPORTUNITY, w->index, 0, NULL);
}

static void use_opportunity(struct pipe *w)
{
	double budget = OPPORTUNITY_BYTES * 8;

	w->waiting = false;
	w->next_opportunity++;
	while (budget > 0) {
		double bits;

		if (!w->sending) {
			w->sending = dequeue(w);
			if (!w->sending)
				return;
			w->bits_left = (w->sending->len - PKT_ETH) * 8.0;
		}
		bits = w->bits_left < budget ? w->bits_left : budget;
		budget -= bits;
		w->bits_left -= bits;
		if (w->bits_left > 0)
			break;
		transmit(w, w->sending);
		w->sending = NULL;
	}
	if (w->sending || w->queue.packets)
		await_opportunity(w);
}

static void enter(struct pipe *w, struct packet *p)
{
	struct lab *l = w->lab;

	if (p->is_arp) {
		lab_event(l, l->now, ARRIVAL, w->index, 0, p);
		return;
	}
	if (!w->rate && !w->stopped && !w->trace.n && !w->sending) {
		transmit(w, p);
		return;
	}
	if (!w->sending && !w->trace.n && !w->queue.packets) {
		/*
		 * The link is idle.  No limit may refuse a packet that need not wait, but RED's
		 * average must include it.
		 */
		double bytes = w->queue.limit_bytes, packets = w->queue.limit_packets;
		bool good;

		w->queue.limit_bytes = w->queue.limit_packets = 0;
		good = queue_put(&w->queue, l->now, p);
		w->queue.limit_bytes = bytes;
		w->queue.limit_packets = packets;
		if (good)
			send_next(w);
		else
			drop(w, p, "dropped by the queue");
		return;
	}
	if (!queue_put(&w->queue, l->now, p))
		drop(w, p, "dropped by the queue");
	else if (w->trace.n)
		await_opportunity(w);
}

/* ---- paths -------------------------------------------------------------------------------------- */

/*
 * For each node, finds the next pipe on the path to the node @to: a breadth-first search from @to.
 */
static void route_to(struct lab *l, int to)
{
	int list[LAB_NODES_MAX], n = 0;
	int16_t *routes = l->routes;

	list[n++] = to;
	for (int i = 0; i < n; i++) {
		for (size_t j = 0; j < l->pipes.n; j++) {
			const struct pipe *w = pipe_of(l, j);
			int16_t *route = &routes[w->from * l->nr_nodes + to];

			if (w->to != list[i] || w->from == to || *route >= 0)
				continue;
			*route = w->index;
			if (n < LAB_NODES_MAX)
				list[n++] = w->from;
		}
	}
}

static void compute_routes(struct lab *l)
{
	size_t n = (size_t)l->nr_nodes * l->nr_nodes;

	l->routes = malloc(n * sizeof(*l->routes));
	if (!l->routes)
		abort();
	memset(l->routes, -1, n * sizeof(*l->routes));
	for (int i = 0; i < l->nr_nodes; i++) {
		if (l->nodes[i].is_host)
			route_to(l, i);
	}
}

static int find_host(const struct lab *l, const uint8_t *mac)
{
	uint64_t address = (uint64_t)pkt_get16(mac) << 32 | pkt_get32(mac + 2);

	for (int i = 0; i < l->nr_nodes; i++) {
		if (l->nodes[i].is_host && l->nodes[i].mac == address)
			return i;
	}
	return -1;
}

/*
 * Passes @p on from @node to the next pipe.  @came_from is the node before @node; -1 if @node sent
 * the packet.
 */
static void forward(struct lab *l, int node, int came_from, struct packet *p)
{
	struct array *ways = &l->nodes[node].pipes;
	int to, way;

	if (p->bytes[0] & 1) { /* a group address: send a copy on every other pipe */
		for (size_t i = 0; i < ways->n; i++) {
			struct pipe *w = pipe_of(l, ((int *)ways->at)[i]);
			struct packet *copy = malloc(sizeof(*p) + p->len);

			if (!copy || w->to == came_from) {
				free(copy);
				continue;
			}
			memcpy(copy, p, sizeof(*p) + p->len);
			enter(w, copy);
		}
		free(p);
		return;
	}
	if (!l->routes)
		compute_routes(l);
	to = find_host(l, p->bytes);
	way = to < 0 ? -1 : l->routes[node * l->nr_nodes + to];
	if (way >= 0)
		enter(pipe_of(l, way), p);
	else
		free(p);
}

void net_from_host(struct lab *l, int node, const uint8_t *frame, size_t len)
{
	struct packet *p = calloc(1, sizeof(*p) + len);

	if (!p)
		abort();
	p->len = len;
	memcpy(p->bytes, frame, len);
	p->flow = p->record = -1;
	p->is_arp = len >= PKT_ETH && pkt_get16(frame + 12) == TYPE_ARP;
	flow_watch(l, node, p);
	forward(l, node, -1, p);
}

static void arrive(struct lab *l, struct pipe *w, struct packet *p)
{
	struct node *n = &l->nodes[w->to];

	if (!n->is_host) {
		forward(l, w->to, w->from, p);
		return;
	}
	if (n->capture)
		capture_frame(n->capture, l->now, p->bytes, p->len, NULL);
	if (n->calls.put_frame(p->bytes, p->len) == 0)
		n->awake = true;
	else
		flow_fate(l, p, SEGMENT_LOST);
	free(p);
}

/* ---- samples, events ---------------------------------------------------------------------------- */

static void sample(struct pipe *w)
{
	struct lab *l = w->lab;
	struct pipe_sample *s;

	w->sampling = l->unfinished > 0;
	if (!w->sampling)
		return;
	s = array_add(&w->samples, sizeof(*s));
	*s = (struct pipe_sample){.time = l->now,
				  .bytes = w->queue.bytes,
				  .packets = w->queue.packets,
				  .sojourn = w->queue.sojourn,
				  .sent_bytes = w->bytes,
				  .dropped = w->queue.dropped,
				  .marked = w->queue.marked};
	lab_event(l, l->now + (uint64_t)w->every_ns, QUEUE_SAMPLE, w->index, 0, NULL);
}

void net_sample(struct lab *l)
{
	for (size_t i = 0; i < l->pipes.n; i++) {
		struct pipe *w = pipe_of(l, i);

		if (w->every_ns && !w->sampling)
			sample(w);
	}
}

void net_event(struct lab *l, const struct event *e)
{
	struct pipe *w = pipe_of(l, e->index);

	switch (e->kind) {
	case ARRIVAL:
		arrive(l, w, e->packet);
		break;
	case DEPARTURE:
		if (e->generation == w->generation)
			departed(w);
		break;
	case RATE_CHANGE: {
		double rate = ((double *)w->rates.at)[2 * e->generation + 1];

		set_rate(w, rate, rate == 0);
		break;
	}
	case OPPORTUNITY:
		use_opportunity(w);
		break;
	case QUEUE_SAMPLE:
		sample(w);
		break;
	default:
		break;
	}
}

/* ---- Python's side ------------------------------------------------------------------------------ */

#define SETTING(name, member)                                                                      \
	{                                                                                          \
		name, offsetof(struct pipe, member)                                                \
	}
static const struct {
	const char *name;
	size_t offset;
} settings[] = {
	SETTING("delay", delay_ns),      SETTING("jitter", jitter_ns),
	SETTING("loss", loss),           SETTING("duplicate", duplicate),
	SETTING("reorder", reorder),     SETTING("reorder_delay", reorder_ns),
	SETTING("bad_enter", bad_enter), SETTING("bad_leave", bad_leave),
	SETTING("bad_loss", bad_loss),   SETTING("processing", processing_ns),
	SETTING("every", every_ns),
};

int lab_pipe_set(struct lab *l, int pipe, const char *name, double value)
{
	struct pipe *w = pipe_of(l, pipe);
	double *field = queue_setting(&w->queue, name);

	if (!strcmp(name, "rate")) {
		set_rate(w, value, false);
		return 0;
	}
	for (size_t i = 0; !field && i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!strcmp(settings[i].name, name))
			field = (double *)((char *)w + settings[i].offset);
	}
	if (!field)
		return -1;
	*field = value;
	return 0;
}

int lab_pipe_list(struct lab *l, int pipe, const char *name, const double *values, int n)
{
	struct pipe *w = pipe_of(l, pipe);
	struct array *list = !strcmp(name, "rates")     ? &w->rates
			     : !strcmp(name, "outages") ? &w->outages
			     : !strcmp(name, "trace")   ? &w->trace
			     : !strcmp(name, "drop")    ? &w->drop
							: NULL;

	if (!list)
		return -1;
	list->n = 0;
	if (list == &w->outages)
		w->next_outage = 0;
	for (int i = 0; i < n; i++)
		*(double *)array_add(list, sizeof(double)) = values[i];
	for (int i = 0; list == &w->rates && i < n / 2; i++)
		lab_event(l, (uint64_t)values[2 * i], RATE_CHANGE, pipe, i, NULL);
	return 0;
}

double lab_pipe_get(struct lab *l, int pipe, const char *name)
{
	const struct pipe *w = pipe_of(l, pipe);
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{"frames", w->frames},
		{"bytes", w->bytes},
		{"dropped", w->queue.dropped},
		{"marked", w->queue.marked},
		{"lost", w->lost},
		{"duplicated", w->duplicated},
		{"reordered", w->reordered},
		{"queue_bytes", w->queue.bytes},
		{"queue_packets", w->queue.packets},
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (!strcmp(counters[i].name, name))
			return counters[i].value;
	}
	return NAN;
}

size_t lab_pipe_samples(struct lab *l, int pipe, const struct pipe_sample **at)
{
	*at = pipe_of(l, pipe)->samples.at;
	return pipe_of(l, pipe)->samples.n;
}

size_t lab_pipe_sojourns(struct lab *l, int pipe, const uint64_t **at)
{
	*at = pipe_of(l, pipe)->sojourns.at;
	return pipe_of(l, pipe)->sojourns.n;
}

int lab_capture_link(struct lab *l, int pipe, int other, const char *path)
{
	struct capture *c = capture_open(path);

	if (!c)
		return -1;
	pipe_of(l, pipe)->capture = pipe_of(l, other)->capture = c;
	pipe_of(l, pipe)->owns_capture = true;
	return 0;
}

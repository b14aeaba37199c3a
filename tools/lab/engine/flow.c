/* SPDX-License-Identifier: MIT */
/*
 * The flows of an experiment: a writer and a reader at the ends of one connection, and its
 * measurements.
 *
 * Python makes the sockets and the flow. engine.c calls flow_event() at the start and the end of a
 * flow and at each sample, and flow_progress() after a host has run. net.c calls flow_watch() for
 * each frame that a host sends, and flow_fate() for each frame that is dropped or marked.
 *
 * Each end makes one system call at a time. sender_next() and receiver_next() choose it from the
 * state of the flow. A flow with a number of bytes ends when the reader has read the last byte. A
 * flow with a duration is reset at its end, so that none of its segments stay on the links.
 */
#include <stdlib.h>
#include <string.h>

#include "include/uapi/errno.h"
#include "include/uapi/socket.h"
#include "include/uapi/unistd.h"
#include "tests/wire/pkt.h"
#include "tools/lab/engine/engine.h"

#define CHUNK     65536 /* bytes of one read or write */
#define IP_LENGTH 2
#define IP_PROTO  9
#define TCP_SEQ   4
#define TCP_ACK   8
#define TCP_DOFF  12
#define TCP_FLAGS 13
#define FLAG_SYN  2
#define FLAG_RST  4
#define FLAG_ACK  16

enum call { NOTHING, CONNECT, WRITE, ACCEPT, CLOSE_LISTENER, READ, LINGER, CLOSE };
enum state { PLANNED, RUNNING, LAST_SAMPLE, OVER };

struct end {
	int node, fd;   /* @fd -1: no descriptor */
	int64_t ticket; /* ticket of the system call that has not returned; 0: none */
	enum call call;
	bool lingers;
	uint64_t highest; /* one more than the last byte that was sent */
	uint32_t isn;
	bool has_isn;
};

struct flow {
	struct lab *lab;
	int index, port, listener;
	struct end out, in; /* the sending end, the receiving end */
	uint8_t address[16];
	uint64_t start, end, bytes, every, record;
	enum state state;
	bool is_connected, aborted;
	int64_t info_ticket;
	struct tcp_info info;
	uint32_t info_size;
	uint64_t started, connected, finished;
	uint64_t written, read, segments, lost, marked, again;
	int64_t error;
	struct array samples, data, acks;
};

static uint8_t written_bytes[CHUNK], read_bytes[CHUNK];
static const struct linger reset_at_close = {1, 0};

static struct flow *flow_of(const struct lab *l, int i)
{
	return ((struct flow **)l->flows.at)[i];
}

static int64_t submit(struct lab *l, int node, int64_t nr, int64_t a, int64_t b, int64_t c,
		      int64_t d, int64_t e)
{
	l->nodes[node].awake = true;
	return l->nodes[node].calls.submit(nr, a, b, c, d, e, 0);
}

/* ---- samples, and the end of a flow ------------------------------------------------------------- */

static bool sender_goes_on(struct flow *f);
static bool receiver_goes_on(struct flow *f);

static void ask_for_info(struct flow *f)
{
	if (f->info_ticket)
		return;
	f->info_size = sizeof(f->info);
	f->info_ticket = submit(f->lab, f->out.node, __NR_getsockopt, f->out.fd, SOL_TCP, TCP_INFO,
				(intptr_t)&f->info, (intptr_t)&f->info_size);
	if (f->info_ticket < 0)
		f->info_ticket = 0;
}

static void interrupt_call(struct flow *f, const struct end *e)
{
	struct node *n = &f->lab->nodes[e->node];

	if (!e->ticket)
		return;
	n->awake = true;
	n->calls.interrupt(e->ticket);
}

static void close_all(struct flow *f)
{
	f->state = OVER;
	f->lab->unfinished--;
	interrupt_call(f, &f->out);
	interrupt_call(f, &f->in);
	sender_goes_on(f);
	receiver_goes_on(f);
}

/* Ends the flow: requests a last sample, then both ends are closed. */
static void finish(struct flow *f, int64_t error)
{
	if (f->state != RUNNING)
		return;
	f->state = LAST_SAMPLE;
	f->finished = f->lab->now;
	f->error = error;
	f->aborted |= error != 0;
	if (f->is_connected)
		ask_for_info(f);
	if (!f->info_ticket)
		close_all(f);
}

/* Stores a sample, if getsockopt(TCP_INFO) has returned. */
static void take_info(struct flow *f)
{
	struct flow_sample *s;
	int64_t result;

	if (!f->info_ticket || f->lab->nodes[f->out.node].calls.poll(f->info_ticket, &result) != 1)
		return;
	f->info_ticket = 0;
	if (result == 0) {
		s = array_add(&f->samples, sizeof(*s));
		s->time = f->lab->now;
		s->read = f->read;
		s->info = f->info;
	}
	if (f->state == LAST_SAMPLE)
		close_all(f);
}

/* ---- the sender --------------------------------------------------------------------------------- */

/*
 * Returns the call with which to close a descriptor.  An aborted flow is closed with a reset:
 * SO_LINGER is set first.
 */
static enum call closing_call(const struct flow *f, const struct end *e)
{
	if (e->fd < 0)
		return NOTHING;
	return f->aborted && !e->lingers ? LINGER : CLOSE;
}

static enum call sender_next(const struct flow *f)
{
	if (f->state == OVER)
		return closing_call(f, &f->out);
	if (f->state != RUNNING)
		return NOTHING;
	if (!f->is_connected)
		return CONNECT;
	return !f->bytes || f->written < f->bytes ? WRITE : NOTHING;
}

static enum call receiver_next(const struct flow *f)
{
	if (f->listener >= 0 && (f->in.fd >= 0 || f->state == OVER))
		return CLOSE_LISTENER;
	if (f->state == OVER)
		return closing_call(f, &f->in);
	if (f->state != RUNNING)
		return NOTHING;
	return f->in.fd < 0 ? ACCEPT : READ;
}

static int64_t submit_call(struct flow *f, const struct end *e, enum call call)
{
	struct lab *l = f->lab;
	uint64_t left = f->bytes - f->written;

	switch (call) {
	case CONNECT:
		return submit(l, e->node, __NR_connect, e->fd, (intptr_t)f->address,
			      sizeof(f->address), 0, 0);
	case WRITE:
		return submit(l, e->node, __NR_write, e->fd, (intptr_t)written_bytes,
			      f->bytes && left < CHUNK ? left : CHUNK, 0, 0);
	case ACCEPT:
		return submit(l, e->node, __NR_accept, f->listener, 0, 0, 0, 0);
	case CLOSE_LISTENER:
		return submit(l, e->node, __NR_close, f->listener, 0, 0, 0, 0);
	case READ:
		return submit(l, e->node, __NR_read, e->fd, (intptr_t)read_bytes, CHUNK, 0, 0);
	case LINGER:
		return submit(l, e->node, __NR_setsockopt, e->fd, SOL_SOCKET, SO_LINGER,
			      (intptr_t)&reset_at_close, sizeof(reset_at_close));
	case CLOSE:
		return submit(l, e->node, __NR_close, e->fd, 0, 0, 0, 0);
	case NOTHING:
		break;
	}
	return 0;
}

static void call_returned(struct flow *f, struct end *e, int64_t result)
{
	enum call call = e->call;

	e->call = NOTHING;
	switch (call) {
	case CONNECT:
		f->is_connected = result == 0;
		f->connected = f->lab->now;
		if (result == 0 && f->every)
			lab_event(f->lab, f->lab->now, FLOW_SAMPLE, f->index, 0, NULL);
		break;
	case WRITE:
		f->written += result > 0 ? result : 0;
		break;
	case ACCEPT:
		e->fd = result;
		break;
	case READ:
		if (f->state == RUNNING && result > 0)
			f->read += result;
		if (result == 0 || (f->bytes && f->read == f->bytes))
			finish(f, 0);
		break;
	case LINGER:
		e->lingers = true;
		result = 0;
		break;
	case CLOSE_LISTENER:
		f->listener = -1;
		break;
	case CLOSE:
		e->fd = -1;
		break;
	case NOTHING:
		break;
	}
	if (result < 0)
		finish(f, result);
}

/* Takes the result of the end's call, and makes the next call. Returns true if it made a call. */
static bool goes_on(struct flow *f, struct end *e, enum call (*next)(const struct flow *))
{
	int64_t result;

	if (e->ticket) {
		if (f->lab->nodes[e->node].calls.poll(e->ticket, &result) != 1)
			return false;
		e->ticket = 0;
		call_returned(f, e, result);
	}
	/* If the result ended the flow, a call for this end was made already. */
	if (e->ticket)
		return true;
	e->call = next(f);
	if (e->call == NOTHING)
		return false;
	e->ticket = submit_call(f, e, e->call);
	if (e->ticket < 0) {
		e->ticket = 0;
		e->call = NOTHING;
		finish(f, -EAGAIN);
	}
	return true;
}

static bool sender_goes_on(struct flow *f)
{
	return goes_on(f, &f->out, sender_next);
}

static bool receiver_goes_on(struct flow *f)
{
	return goes_on(f, &f->in, receiver_next);
}

static bool is_gone(const struct flow *f)
{
	return f->state == OVER && !f->out.ticket && !f->in.ticket && f->out.fd < 0 &&
	       f->in.fd < 0 && f->listener < 0;
}

bool flow_progress(struct lab *l, int node)
{
	struct array *list = &l->nodes[node].flows;
	int *numbers = list->at;
	bool called = false;

	for (size_t i = list->n; i-- > 0;) {
		struct flow *f = flow_of(l, numbers[i]);

		if (f->out.node == node) {
			take_info(f);
			called |= sender_goes_on(f);
		} else {
			called |= receiver_goes_on(f);
		}
		if (is_gone(f))
			numbers[i] = numbers[--list->n];
	}
	return called;
}

void flow_event(struct lab *l, const struct event *e)
{
	struct flow *f = flow_of(l, e->index);

	switch (e->kind) {
	case FLOW_START:
		f->state = RUNNING;
		f->started = l->now;
		if (f->end)
			lab_event(l, f->end, FLOW_END, f->index, 0, NULL);
		receiver_goes_on(f);
		sender_goes_on(f);
		break;
	case FLOW_END:
		f->aborted |= f->state == RUNNING;
		finish(f, 0);
		break;
	case FLOW_SAMPLE:
		if (f->state != RUNNING)
			break;
		ask_for_info(f);
		lab_event(l, l->now + f->every, FLOW_SAMPLE, f->index, 0, NULL);
		break;
	default:
		break;
	}
}

/* ---- the segments on the wire ------------------------------------------------------------------- */

/*
 * Returns the position in the stream to which the sequence number @seq belongs. Sequence numbers
 * repeat every 2^32 bytes, so of the possible positions the one nearest to @reference is returned.
 */
static uint64_t place(uint32_t seq, uint32_t isn, uint64_t reference)
{
	return reference + (int32_t)(seq - isn - 1 - (uint32_t)reference);
}

static void record(struct flow *f, struct packet *p, const struct flow_segment *s)
{
	struct array *list = p->is_ack ? &f->acks : &f->data;

	if (!f->record)
		return;
	p->record = list->n;
	*(struct flow_segment *)array_add(list, sizeof(*s)) = *s;
}

static void watch_segment(struct flow *f, struct end *from, struct end *other, struct packet *p,
			  const uint8_t *tcp, uint32_t length)
{
	struct flow_segment s = {.time = f->lab->now, .length = length};

	if (tcp[TCP_FLAGS] & FLAG_SYN) {
		from->isn = pkt_get32(tcp + TCP_SEQ);
		from->has_isn = true;
		return;
	}
	if (!from->has_isn)
		return;
	s.seq = place(pkt_get32(tcp + TCP_SEQ), from->isn, from->highest);
	if (tcp[TCP_FLAGS] & FLAG_ACK && other->has_isn)
		s.ack = place(pkt_get32(tcp + TCP_ACK), other->isn, other->highest);
	if (from == &f->in) {
		p->is_ack = true;
		if (tcp[TCP_FLAGS] & FLAG_ACK && !(tcp[TCP_FLAGS] & FLAG_RST))
			record(f, p, &s);
	} else if (length) {
		p->has_data = true;
		f->segments++;
		if (s.seq + length <= from->highest) {
			s.flags |= SEGMENT_AGAIN;
			f->again++;
		}
		record(f, p, &s);
	}
	if (s.seq + length > from->highest)
		from->highest = s.seq + length;
}

void flow_watch(struct lab *l, int node, struct packet *p)
{
	const uint8_t *ip = p->bytes + PKT_ETH, *tcp;
	uint32_t header;
	int32_t forth, back;

	if (p->len < PKT_ETH + PKT_IP + PKT_TCP || pkt_get16(p->bytes + 12) != PKT_TYPE_IP ||
	    ip[IP_PROTO] != PKT_PROTO_TCP)
		return;
	header = (ip[0] & 15) * 4;
	tcp = ip + header;
	forth = l->flow_of_port[pkt_get16(tcp + 2)];
	back = l->flow_of_port[pkt_get16(tcp)];
	header += (tcp[TCP_DOFF] >> 4) * 4;
	if (forth >= 0 && flow_of(l, forth)->out.node == node) {
		struct flow *f = flow_of(l, forth);

		p->flow = forth;
		watch_segment(f, &f->out, &f->in, p, tcp, pkt_get16(ip + IP_LENGTH) - header);
	} else if (back >= 0 && flow_of(l, back)->in.node == node) {
		struct flow *f = flow_of(l, back);

		p->flow = back;
		watch_segment(f, &f->in, &f->out, p, tcp, pkt_get16(ip + IP_LENGTH) - header);
	}
}

void flow_fate(struct lab *l, const struct packet *p, uint32_t flags)
{
	struct flow *f;
	struct array *list;

	if (p->flow < 0)
		return;
	f = flow_of(l, p->flow);
	if (p->has_data) {
		f->lost += flags & SEGMENT_LOST ? 1 : 0;
		f->marked += flags & SEGMENT_MARKED ? 1 : 0;
	}
	list = p->is_ack ? &f->acks : &f->data;
	if (p->record >= 0)
		((struct flow_segment *)list->at)[p->record].flags |= flags;
}

/* ---- Python's side ------------------------------------------------------------------------------ */

int lab_flow(struct lab *l, int from, int fd, int to, int listener, const void *address, int port)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->lab = l;
	f->index = l->flows.n;
	f->port = port;
	f->listener = listener;
	f->out = (struct end){.node = from, .fd = fd};
	f->in = (struct end){.node = to, .fd = -1};
	memcpy(f->address, address, sizeof(f->address));
	*(struct flow **)array_add(&l->flows, sizeof(f)) = f;
	return f->index;
}

int lab_flow_set(struct lab *l, int flow, const char *name, uint64_t value)
{
	struct flow *f = flow_of(l, flow);
	uint64_t *field = !strcmp(name, "start")    ? &f->start
			  : !strcmp(name, "end")    ? &f->end
			  : !strcmp(name, "bytes")  ? &f->bytes
			  : !strcmp(name, "every")  ? &f->every
			  : !strcmp(name, "record") ? &f->record
						    : NULL;

	if (!field)
		return -1;
	*field = value;
	return 0;
}

void lab_flow_begin(struct lab *l, int flow)
{
	struct flow *f = flow_of(l, flow);

	l->unfinished++;
	l->flow_of_port[f->port] = flow;
	*(int *)array_add(&l->nodes[f->out.node].flows, sizeof(int)) = flow;
	*(int *)array_add(&l->nodes[f->in.node].flows, sizeof(int)) = flow;
	lab_event(l, f->start > l->now ? f->start : l->now, FLOW_START, flow, 0, NULL);
	net_sample(l);
}

int64_t lab_flow_get(struct lab *l, int flow, const char *name)
{
	const struct flow *f = flow_of(l, flow);
	const struct {
		const char *name;
		int64_t value;
	} fields[] = {
		{"started", f->started},   {"connected", f->connected}, {"finished", f->finished},
		{"written", f->written},   {"read", f->read},           {"error", f->error},
		{"lost", f->lost},         {"marked", f->marked},       {"again", f->again},
		{"segments", f->segments}, {"done", f->state == OVER},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!strcmp(fields[i].name, name))
			return fields[i].value;
	}
	return -EINVAL;
}

size_t lab_flow_samples(struct lab *l, int flow, const struct flow_sample **at)
{
	*at = flow_of(l, flow)->samples.at;
	return flow_of(l, flow)->samples.n;
}

size_t lab_flow_segments(struct lab *l, int flow, bool acks, const struct flow_segment **at)
{
	const struct array *list = acks ? &flow_of(l, flow)->acks : &flow_of(l, flow)->data;

	*at = list->at;
	return list->n;
}

void flow_free(struct lab *l)
{
	for (size_t i = 0; i < l->flows.n; i++) {
		struct flow *f = flow_of(l, i);

		free(f->samples.at);
		free(f->data.at);
		free(f->acks.at);
		free(f);
	}
	free(l->flows.at);
}

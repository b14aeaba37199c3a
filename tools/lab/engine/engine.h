/* SPDX-License-Identifier: MIT */
/*
 * The laboratory's engine: the clock, the network and the applications of an experiment, in C, so
 * that a gigabit link can be simulated; docs/lab.md describes the experiments.
 *
 * Caller: tools/lab/softnet/engine.py, with ctypes.  The whole engine runs on one thread.
 *
 *	engine.c   the list of events, the hosts, the instants
 *	net.c      switches and pipes: rate, delay, loss, duplication, reordering
 *	queue.c    the disciplines of a pipe's queue: droptail, RED, CoDel, marking above a threshold, a policer
 *	flow.c     applications: one connection each, with its measurements
 *
 * Python boots the hosts (tests/host/softnet.py) and passes their functions to the engine.  A node
 * is a host or a switch; a pipe is one direction of a link between two nodes.  Nodes, pipes and
 * flows are numbered from 0 in the order of their creation.  Times are virtual nanoseconds, rates
 * bit/s.
 */
#ifndef TOOLS_LAB_ENGINE_H
#define TOOLS_LAB_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/uapi/tcp.h"

#define LAB_API __attribute__((visibility("default")))

#define LAB_NEVER     (~0ULL)
#define LAB_HALTED    (~0ULL - 1) /* SN_HALTED of tests/host/softnet_host.h */
#define LAB_NODES_MAX 512
#define LAB_FRAME_MAX 65600
#define LAB_PORTS     65536 /* number of TCP ports */
#define NS_PER_S      1000000000.0

/* ---- growing arrays, random numbers ------------------------------------------------------------- */

struct array {
	void *at;
	size_t n, room;
};
/* Appends @size zero bytes and returns their address; aborts if there is no memory. */
void *array_add(struct array *a, size_t size);

/*
 * splitmix64.  Each purpose has a random stream of its own, so that drawing more numbers for one
 * purpose does not change the numbers of the others.
 */
struct rng {
	uint64_t state;
};
struct rng rng_make(uint64_t seed, uint64_t purpose);
double rng_share(struct rng *r); /* uniform in [0, 1) */

/* ---- packets ------------------------------------------------------------------------------------ */

struct packet {
	struct packet *next; /* next packet in the same queue */
	uint64_t queued;     /* time at which it entered its queue */
	int32_t flow;        /* number of the packet's flow; -1: it belongs to no flow */
	/* index of its record among the flow's segments or ACKs; -1: not recorded */
	int32_t record;
	bool is_ack, is_arp, has_data;
	uint32_t len;
	uint8_t bytes[];
};

/* Returns true if the packet's ECN field (RFC 3168) says that it may be marked. */
bool packet_is_ect(const struct packet *p);
void packet_mark(struct packet *p); /* sets the ECN field to CE and corrects the checksum */

/* ---- queues (queue.c) --------------------------------------------------------------------------- */

enum discipline { DROPTAIL, RED, CODEL, STEP, POLICER, DISCIPLINES };

struct queue {
	double discipline; /* enum discipline */
	/* for all disciplines: limits of the bytes and of the packets that wait; 0: no limit */
	double limit_bytes, limit_packets;
	double ecn;       /* 1: the queue marks ECT packets where it would drop them early */
	double threshold; /* STEP: packets that wait; above this number ECT packets are marked */
	/* POLICER: token_rate: bit/s at which tokens come; burst: bytes, the most tokens that the bucket holds */
	double token_rate, burst;
	/* RED: low, high: thresholds in packets; most: max_p; weight: w_q; gentle: 1: the gentle variant */
	double low, high, most, weight, gentle;
	double packet_ns;              /* RED: transmission time of a typical packet */
	double target_ns, interval_ns; /* CoDel: target and interval, ns */

	struct packet *head, *tail;
	uint64_t bytes, packets;
	struct rng rng;
	/* RED */
	double average;
	int64_t count; /* packets since the last mark or drop; -1: the average is below the threshold */
	uint64_t idle_since;
	/* POLICER: bytes that may pass at the time @filled; -1: before the first packet */
	double tokens;
	uint64_t filled;
	/* CoDel, RFC 8289 */
	uint64_t first_above, drop_next;
	uint32_t drops, last_drops;
	bool dropping;
	/* statistics */
	uint64_t dropped, marked;
	uint64_t sojourn; /* ns that the packet which left last has spent in the queue */
	/* Called for each packet that queue_get() drops; the function then owns the packet. */
	void (*on_drop)(void *arg, struct packet *p);
	void (*on_mark)(void *arg, struct packet *p);
	void *arg;
	uint64_t trials; /* number of packets that queue_trial_put() has put */
};
void queue_init(struct queue *q, uint64_t seed, uint64_t purpose);
/* Returns false if the packet was dropped; the caller then still owns it. */
bool queue_put(struct queue *q, uint64_t now, struct packet *p);
/* Returns the next packet, or NULL if the queue is empty. */
struct packet *queue_get(struct queue *q, uint64_t now);
/* Returns the address of the discipline's setting @name, or NULL if there is no such setting. */
double *queue_setting(struct queue *q, const char *name);

/*
 * A queue alone, for tests. queue_trial_put() returns true if the queue took the packet.
 * queue_trial_get() returns the number of the packet that leaves, plus TRIAL_MARKED if the packet
 * is marked; -1 if no packet leaves.  The calls of queue_trial_put() number the packets from 0.
 */
#define TRIAL_MARKED (1 << 30)
LAB_API struct queue *queue_trial_new(uint64_t seed);
LAB_API void queue_trial_free(struct queue *q);
LAB_API int queue_trial_set(struct queue *q, const char *name, double value);
LAB_API bool queue_trial_put(struct queue *q, uint64_t now, uint32_t len, bool ect);
LAB_API int queue_trial_get(struct queue *q, uint64_t now);
LAB_API double queue_trial_average(const struct queue *q);

/* ---- the experiment (engine.c) ------------------------------------------------------------------ */

struct lab;
struct pipe;
struct flow;

/* The functions of a host: the sn_*() functions of its copy of the kernel. */
struct lab_calls {
	uint64_t (*step)(void);
	void (*set_clock)(uint64_t ns);
	int (*put_frame)(const void *frame, size_t len);
	size_t (*take_frame)(void *buf, size_t max);
	int64_t (*submit)(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
			  int64_t f);
	int (*poll)(int64_t ticket, int64_t *result);
	int (*interrupt)(int64_t ticket);
};

struct node {
	bool is_host;
	struct lab_calls calls;
	uint64_t mac, deadline;
	bool awake, halted;
	struct array pipes; /* array of int: the pipes that begin at this node */
	struct array flows; /* array of int: the unfinished flows that begin or end at this node */
	void *capture;      /* struct capture; NULL: the node's frames are not captured */
};

enum event_kind {
	ARRIVAL,
	DEPARTURE,
	RATE_CHANGE,
	OPPORTUNITY,
	QUEUE_SAMPLE,
	FLOW_START,
	FLOW_END,
	FLOW_SAMPLE
};
struct event {
	uint64_t time, order;
	enum event_kind kind;
	int32_t index; /* number of the pipe or flow */
	uint32_t generation;
	struct packet *packet;
};

struct lab {
	uint64_t seed, now, order;
	struct node nodes[LAB_NODES_MAX];
	int nr_nodes;
	struct array pipes, flows; /* arrays of pointers */
	struct array heap;         /* array of struct event */
	int unfinished;            /* number of flows that are not finished */
	int16_t *routes; /* [node][destination]: number of the next pipe; NULL: not yet computed */
	int32_t flow_of_port[LAB_PORTS];
	uint8_t buffer[LAB_FRAME_MAX];
};

enum lab_end { LAB_TIME, LAB_OVER, LAB_IDLE, LAB_HALT };

LAB_API size_t lab_info_size(void); /* bytes of struct tcp_info in this build of the engine */
LAB_API struct lab *lab_new(uint64_t seed);
LAB_API void lab_free(struct lab *l);
LAB_API uint64_t lab_now(const struct lab *l);
/* Returns the number of events that are still to come: packets on links, starts of flows ... */
LAB_API size_t lab_events(const struct lab *l);
/* Add a node, and return its number; -1 if there are too many nodes. */
LAB_API int lab_host(struct lab *l, const struct lab_calls *calls, uint64_t mac);
LAB_API int lab_switch(struct lab *l);
/* Tells the engine that the host has work: a system call was submitted, or a frame was put. */
LAB_API void lab_wake(struct lab *l, int node);
/* Plays the present instant until nothing is due.  Returns false if a host halted. */
LAB_API bool lab_instant(struct lab *l);
/*
 * Advances the clock to the next event or deadline of a host, but at most to @until. Returns false
 * if there is none until then.
 */
LAB_API bool lab_advance(struct lab *l, uint64_t until);
/*
 * Runs until @until; if @to_the_end, only until all flows are finished. Returns LAB_TIME at @until,
 * LAB_OVER when all flows are finished, LAB_IDLE if nothing will happen any more (@until is
 * LAB_NEVER), LAB_HALT if a host halted. When it returns, the files of captures are complete.
 */
LAB_API int lab_run(struct lab *l, uint64_t until, bool to_the_end);
/*
 * Write frames to a pcapng file from now on: those that a host sends and receives, or those of a
 * link, whose directions are @pipe and @other. Return -1 if the file cannot be opened.
 */
LAB_API int lab_capture_host(struct lab *l, int node, const char *path);
LAB_API int lab_capture_link(struct lab *l, int pipe, int other, const char *path);

void lab_event(struct lab *l, uint64_t time, enum event_kind kind, int index, uint32_t generation,
	       struct packet *p);

/* ---- pipes (net.c) ------------------------------------------------------------------------------ */

struct pipe_sample {
	/*
	 * state of the queue at that time: bytes and packets in it, and ns that the last packet
	 * spent in it
	 */
	uint64_t time, bytes, packets, sojourn;
	uint64_t sent_bytes, dropped, marked; /* counts since the beginning */
};

LAB_API int lab_pipe(struct lab *l, int from, int to);
/* Sets the setting @name of a pipe or of its queue.  Returns -1 if there is no such setting. */
LAB_API int lab_pipe_set(struct lab *l, int pipe, const char *name, double value);
/*
 * Sets a list.  A list of pairs: "rates" (time in ns, bit/s) or "outages" (begin and end in ns).  A
 * list of single numbers: "trace" (times in ns) or "drop" (numbers of data segments, counted from
 * 0). Returns -1 if there is no such list.
 */
LAB_API int lab_pipe_list(struct lab *l, int pipe, const char *name, const double *values, int n);
/*
 * Returns a counter: frames, bytes, dropped, marked, lost, duplicated, reordered, queue_bytes or
 * queue_packets; NAN if there is no such counter.
 */
LAB_API double lab_pipe_get(struct lab *l, int pipe, const char *name);
LAB_API size_t lab_pipe_samples(struct lab *l, int pipe, const struct pipe_sample **at);
/* Returns the number of packets that left the queue; *@at has the ns that each spent in it. */
LAB_API size_t lab_pipe_sojourns(struct lab *l, int pipe, const uint64_t **at);

void net_from_host(struct lab *l, int node, const uint8_t *frame, size_t len);
void net_event(struct lab *l, const struct event *e);
/* Starts the sampling of the queues, which ends when all flows are finished. */
void net_sample(struct lab *l);
void net_free(struct lab *l);

/* ---- flows (flow.c) ----------------------------------------------------------------------------- */

struct flow_sample {
	uint64_t time;
	uint64_t read; /* bytes that the reader has read */
	struct tcp_info info;
};
enum segment_flags { SEGMENT_LOST = 1, SEGMENT_AGAIN = 2, SEGMENT_MARKED = 4 };
struct flow_segment {
	/* @time in ns; @seq and @ack in bytes from the beginning of the stream that they count */
	uint64_t time, seq, ack;
	uint32_t length, flags;
};

/*
 * Adds a flow from @fd, a socket of the node @from, to @listener, a listening socket of the node
 * @to.  @address is a struct sockaddr_in.  Returns the flow's number; -1 if there is no memory.
 */
LAB_API int lab_flow(struct lab *l, int from, int fd, int to, int listener, const void *address,
		     int port);
/*
 * Sets the flow's value @name: start or end (times; end 0: no end), bytes (0: no limit), every (ns
 * between samples), or record (1: record the segments). Returns -1 if there is no such value.
 */
LAB_API int lab_flow_set(struct lab *l, int flow, const char *name, uint64_t value);
LAB_API void lab_flow_begin(struct lab *l, int flow);
/*
 * Returns the flow's value @name: started, connected, finished, written, read, error (a negative
 * errno), lost, marked, again, segments or done.
 */
LAB_API int64_t lab_flow_get(struct lab *l, int flow, const char *name);
LAB_API size_t lab_flow_samples(struct lab *l, int flow, const struct flow_sample **at);
LAB_API size_t lab_flow_segments(struct lab *l, int flow, bool acks,
				 const struct flow_segment **at);

/* Called for each packet @p that a host sends: finds the packet's flow and records the segment. */
void flow_watch(struct lab *l, int node, struct packet *p);
void flow_fate(struct lab *l, const struct packet *p, uint32_t flags);
/*
 * Takes the results of finished system calls of the node's flows, and makes the next calls. Returns
 * true if it made a call.
 */
bool flow_progress(struct lab *l, int node);
void flow_event(struct lab *l, const struct event *e);
void flow_free(struct lab *l);

#endif

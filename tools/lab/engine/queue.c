/* SPDX-License-Identifier: MIT */
/*
 * The disciplines of the queue in front of a link.
 *
 * Callers: net.c; tests/sim/test_lab_queues.py, which uses the functions queue_trial_*().
 *
 *   droptail  drops a packet that does not fit.
 *   RED       S. Floyd and V. Jacobson, "Random Early Detection Gateways for Congestion Avoidance"
 *             (1993), in packets, with the "gentle" variant (probability rises from max_p to 1
 *             between high and twice high); RFC 2309.
 *   CoDel     RFC 8289.
 *   step      marks each ECT packet while more than a threshold of packets wait, as DCTCP requires
 *             of a switch (RFC 8257 3.1); other packets are only dropped at the limit.
 *   policer   drops a packet that finds fewer tokens than it has bytes, and takes that many tokens
 *             for any other packet; tokens come at a rate, and the bucket holds a burst of them (RFC
 *             3290 appendix A, strict conformance).
 *
 * A queue with the setting ecn marks an ECT packet where it would drop another packet early (RFC
 * 3168 7).  At its limit, and, with RED, while the average is above the upper threshold, it drops an
 * ECT packet like any other.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/pkt.h"
#include "tools/lab/engine/engine.h"

#define FULL_PACKET 1514 /* CoDel's maxpacket, bytes: a full Ethernet frame */
/*
 * in intervals: if dropping ended less than this time ago, it resumes at its last rate (RFC 8289
 * 5.5)
 */
#define RECENT 16
/* packets: in the time to send this many, RED's average has decayed to zero */
#define MOST_IDLE 1e6
#define ECN_MASK  3
#define IP_TOS    1
#define IP_SUM    10

/* ---- ECN ---------------------------------------------------------------------------------------- */

bool packet_is_ect(const struct packet *p)
{
	return p->len >= PKT_ETH + PKT_IP && pkt_get16(p->bytes + 12) == PKT_TYPE_IP &&
	       p->bytes[PKT_ETH + IP_TOS] & ECN_MASK;
}

void packet_mark(struct packet *p)
{
	uint8_t *ip = p->bytes + PKT_ETH;

	ip[IP_TOS] |= ECN_MASK;
	pkt_put16(ip + IP_SUM, 0);
	pkt_put16(ip + IP_SUM, pkt_checksum(ip, (ip[0] & 15) * 4, 0));
}

/* Marks the packet.  Returns false if the queue does not mark, or the packet must not be marked. */
static bool mark(struct queue *q, struct packet *p)
{
	if (!q->ecn || !packet_is_ect(p))
		return false;
	packet_mark(p);
	q->marked++;
	if (q->on_mark)
		q->on_mark(q->arg, p);
	return true;
}

/* ---- the list of packets ------------------------------------------------------------------------ */

void queue_init(struct queue *q, uint64_t seed, uint64_t purpose)
{
	memset(q, 0, sizeof(*q));
	q->rng = rng_make(seed, purpose);
	q->count = -1;
	q->tokens = -1;
}

static struct packet *take_head(struct queue *q, uint64_t now)
{
	struct packet *p = q->head;

	if (!p)
		return NULL;
	q->head = p->next;
	if (!q->head)
		q->tail = NULL;
	q->bytes -= p->len;
	if (!--q->packets)
		q->idle_since = now;
	return p;
}

static bool fits(const struct queue *q, const struct packet *p)
{
	return (!q->limit_bytes || q->bytes + p->len <= q->limit_bytes) &&
	       (!q->limit_packets || q->packets + 1 <= q->limit_packets);
}

/* ---- RED ---------------------------------------------------------------------------------------- */

static void red_average(struct queue *q, uint64_t now)
{
	double idle;

	if (q->packets) {
		q->average += q->weight * (q->packets - q->average);
		return;
	}
	/*
	 * The queue was empty: let the average decay as if typical packets had arrived at the
	 * link's rate and each had found the queue empty.
	 */
	idle = q->packet_ns ? (now - q->idle_since) / q->packet_ns : 1;
	q->average *= pow(1 - q->weight, idle < MOST_IDLE ? idle : MOST_IDLE);
}

/* Returns the probability of a drop at this average, before drops are spaced evenly. */
static double red_probability(const struct queue *q)
{
	if (q->average < q->low)
		return 0;
	if (q->average < q->high)
		return q->most * (q->average - q->low) / (q->high - q->low);
	if (q->gentle && q->average < 2 * q->high)
		return q->most + (1 - q->most) * (q->average - q->high) / q->high;
	return 1;
}

/* Returns false if the packet must be dropped. */
static bool red_admits(struct queue *q, uint64_t now, struct packet *p)
{
	double chance, spread;

	red_average(q, now);
	chance = red_probability(q);
	if (chance == 0) {
		q->count = -1;
		return true;
	}
	if (chance < 1) {
		q->count++;
		/*
		 * Space the drops evenly: the probability grows with the number of packets since
		 * the last drop.
		 */
		spread = q->count * chance < 1 ? chance / (1 - q->count * chance) : 1;
		if (rng_share(&q->rng) >= spread)
			return true;
	}
	q->count = 0;
	return q->average < q->high && mark(q, p);
}

/* ---- the policer -------------------------------------------------------------------------------- */

/* Returns false if the packet must be dropped. */
static bool policer_admits(struct queue *q, uint64_t now, const struct packet *p)
{
	/* The bucket is full before the first packet. */
	if (q->tokens < 0)
		q->tokens = q->burst;
	q->tokens = fmin(q->burst, q->tokens + (now - q->filled) * q->token_rate / 8e9);
	q->filled = now;
	if (q->tokens < p->len)
		return false;
	q->tokens -= p->len;
	return true;
}

/* ---- CoDel -------------------------------------------------------------------------------------- */

/*
 * Returns the time of the next drop: the interval, divided by the square root of the number of
 * drops, after @from (RFC 8289 5.4).
 */
static uint64_t control_law(const struct queue *q, uint64_t from)
{
	return from + (uint64_t)(q->interval_ns / sqrt(q->drops));
}

/*
 * Takes the packet at the head.  *@above is true if the sojourn time has been above the target for
 * an interval.
 */
static struct packet *codel_take(struct queue *q, uint64_t now, bool *above)
{
	struct packet *p = take_head(q, now);

	*above = false;
	if (!p || now - p->queued < q->target_ns || q->bytes <= FULL_PACKET) {
		q->first_above = 0;
	} else if (!q->first_above) {
		q->first_above = now + (uint64_t)q->interval_ns;
	} else {
		*above = now >= q->first_above;
	}
	return p;
}

/* Marks @p and returns it; or drops @p and returns the packet behind it. */
static struct packet *codel_drop(struct queue *q, uint64_t now, struct packet *p, bool *above)
{
	if (mark(q, p))
		return p;
	q->dropped++;
	q->on_drop(q->arg, p);
	return codel_take(q, now, above);
}

static struct packet *codel_get(struct queue *q, uint64_t now)
{
	bool above;
	struct packet *p = codel_take(q, now, &above);

	if (q->dropping) {
		if (!above)
			q->dropping = false;
		while (q->dropping && now >= q->drop_next) {
			struct packet *victim = p;

			p = codel_drop(q, now, victim, &above);
			q->drops++;
			if (p != victim && !above) {
				q->dropping = false;
			} else {
				q->drop_next = control_law(q, q->drop_next);
				if (p == victim)
					break;
			}
		}
	} else if (above) {
		uint32_t since = q->drops - q->last_drops;

		p = codel_drop(q, now, p, &above);
		q->dropping = true;
		/* If dropping ended only a short time ago, resume it at nearly the last rate. */
		if (since > 1 && now < q->drop_next + RECENT * q->interval_ns)
			q->drops = since;
		else
			q->drops = 1;
		q->drop_next = control_law(q, now);
		q->last_drops = q->drops;
	}
	return p;
}

/* ---- functions for pipes ------------------------------------------------------------------------ */

bool queue_put(struct queue *q, uint64_t now, struct packet *p)
{
	bool good = fits(q, p);

	if (q->discipline == RED)
		good = red_admits(q, now, p) && good;
	if (q->discipline == POLICER)
		good = good && policer_admits(q, now, p);
	if (!good) {
		q->dropped++;
		return false;
	}
	if (q->discipline == STEP && q->packets + 1 > q->threshold)
		mark(q, p);
	p->next = NULL;
	p->queued = now;
	if (q->tail)
		q->tail->next = p;
	else
		q->head = p;
	q->tail = p;
	q->bytes += p->len;
	q->packets++;
	return true;
}

struct packet *queue_get(struct queue *q, uint64_t now)
{
	struct packet *p = q->discipline == CODEL ? codel_get(q, now) : take_head(q, now);

	if (p)
		q->sojourn = now - p->queued;
	return p;
}

#define SETTING(member)                                                                            \
	{                                                                                          \
#member, offsetof(struct queue, member)                                            \
	}
static const struct {
	const char *name;
	size_t offset;
} settings[] = {
	SETTING(discipline),
	SETTING(limit_bytes),
	SETTING(limit_packets),
	SETTING(ecn),
	SETTING(threshold),
	SETTING(token_rate),
	SETTING(burst),
	SETTING(low),
	SETTING(high),
	SETTING(most),
	SETTING(weight),
	SETTING(gentle),
	SETTING(packet_ns),
	{"target", offsetof(struct queue, target_ns)},
	{"interval", offsetof(struct queue, interval_ns)},
};

double *queue_setting(struct queue *q, const char *name)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!strcmp(settings[i].name, name))
			return (double *)((char *)q + settings[i].offset);
	}
	return NULL;
}

/* ---- a queue alone, for tests ------------------------------------------------------------------- */

static void trial_drop(void *arg, struct packet *p)
{
	free(p);
}

struct queue *queue_trial_new(uint64_t seed)
{
	struct queue *q = malloc(sizeof(*q));

	if (!q)
		return NULL;
	queue_init(q, seed, 0);
	q->on_drop = trial_drop;
	return q;
}

void queue_trial_free(struct queue *q)
{
	while (q->head) {
		struct packet *p = q->head;

		q->head = p->next;
		free(p);
	}
	free(q);
}

int queue_trial_set(struct queue *q, const char *name, double value)
{
	double *field = queue_setting(q, name);

	if (!field)
		return -1;
	*field = value;
	return 0;
}

bool queue_trial_put(struct queue *q, uint64_t now, uint32_t len, bool ect)
{
	struct packet *p = calloc(1, sizeof(*p) + len);
	bool taken;

	if (!p)
		abort();
	p->len = len;
	p->record = (int32_t)q->trials++;
	pkt_put16(p->bytes + 12, PKT_TYPE_IP);
	p->bytes[PKT_ETH] = 0x45;
	p->bytes[PKT_ETH + IP_TOS] = ect ? 2 : 0;
	taken = queue_put(q, now, p);
	if (!taken)
		free(p);
	return taken;
}

int queue_trial_get(struct queue *q, uint64_t now)
{
	struct packet *p = queue_get(q, now);
	int number;

	if (!p)
		return -1;
	number = p->record |
		 ((p->bytes[PKT_ETH + IP_TOS] & ECN_MASK) == ECN_MASK ? TRIAL_MARKED : 0);
	free(p);
	return number;
}

double queue_trial_average(const struct queue *q)
{
	return q->average;
}

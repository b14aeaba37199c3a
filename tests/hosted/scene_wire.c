/* SPDX-License-Identifier: MIT */
/*
 * The wire between A and B: parses and records each frame; loses, delays, copies or corrupts it by
 * the rules of the test (scene.h).
 *
 * Caller: the conductor, for every frame that a host puts on the wire.
 */
#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

#include <stdio.h>

#define RULES_MAX       32
#define CONNECTIONS_MAX 256
#define CHUNK           4096
#define CHUNKS_MAX      512
#define LINE_MAX_LEN    64

struct rule {
	struct host *from;
	unsigned int kinds;
	unsigned int nth, count; /* applies to the nth frame and to count - 1 after it */
	unsigned int seen;
	struct fate fate;
	unsigned int corrupt; /* the byte to change: 1 is the frame's last byte; 0: none */
	bool congest;
};

/* The first sequence number of one direction of a connection. */
struct origin {
	const struct host *from;
	uint16_t sport, dport;
	uint32_t isn;
};

static struct rule rules[RULES_MAX];
static unsigned int nr_rules, hostile_of, hole_mtu;
static struct origin origins[CONNECTIONS_MAX];
static unsigned int nr_origins;
/* The recorded frames, in blocks that never move, because tests keep pointers to them. */
static struct seg *chunks[CHUNKS_MAX];
static size_t nr_segs, mark;

static struct seg *seg(size_t i)
{
	return &chunks[i / CHUNK][i % CHUNK];
}

/* ---- reading ---------------------------------------------------------------------------------- */

static uint32_t *origin(const struct host *from, uint16_t sport, uint16_t dport, bool make)
{
	for (unsigned int i = 0; i < nr_origins; i++) {
		struct origin *o = &origins[i];

		if (o->from == from && o->sport == sport && o->dport == dport)
			return &o->isn;
	}
	if (!make || nr_origins == CONNECTIONS_MAX)
		return NULL;
	origins[nr_origins] = (struct origin){.from = from, .sport = sport, .dport = dport};
	return &origins[nr_origins++].isn;
}

static void number(struct seg *s)
{
	const struct host *peer = s->from == A ? B : A;
	bool syn = s->flags & 2;
	uint32_t *mine = origin(s->from, s->sport, s->dport, syn);
	uint32_t *theirs = origin(peer, s->dport, s->sport, false);

	if (syn && mine)
		*mine = s->seq;
	s->rseq = mine ? s->seq - *mine : s->seq;
	s->rack = !(s->flags & 16) ? 0 : theirs ? s->ack - *theirs : s->ack;
}

static unsigned int classify(const struct seg *s)
{
	unsigned int kind = 0;

	if (s->flags & 2)
		kind |= s->flags & 16 ? SYNACK : SYN;
	if (s->len)
		kind |= DATA;
	if (s->flags & 1)
		kind |= FIN;
	if (s->flags & 4)
		kind |= RST;
	return kind ? kind : ACK;
}

static struct seg read_frame(struct host *from, const uint8_t *p, size_t len)
{
	struct seg s = {.ns = scene_now(), .from = from, .kind = OTHER, .wscale = -1};
	const uint8_t *ip = p + PKT_ETH;
	struct pkt_options options = {0};
	struct pkt_tcp t = {0};
	const char *wrong;

	if (len >= PKT_ETH + PKT_IP && pkt_get16(p + 12) == PKT_TYPE_IP) {
		s.ttl = ip[8];
		s.tos = ip[1];
		s.id = pkt_get16(ip + 4);
		s.may_be_cut = !(ip[6] & 0x40);
	}
	if (!pkt_is_tcp(p, len))
		return s;
	wrong = pkt_read_tcp(p, len, &t);
	if (!wrong)
		wrong = pkt_read_options(t.options, t.options_len, &options);
	if (wrong)
		fail_msg("host %s sent a malformed segment: %s", scene_host_name(from), wrong);
	s.sport = t.sport;
	s.dport = t.dport;
	s.seq = t.seq;
	s.ack = t.ack;
	s.flags = t.flags;
	s.window = t.window;
	s.len = t.len;
	s.mss = options.mss;
	if (options.has_wscale)
		s.wscale = options.wscale;
	s.sack_permitted = options.sack_permitted;
	s.has_ts = options.has_ts;
	s.tsval = options.tsval;
	s.tsecr = options.tsecr;
	number(&s);
	s.kind = classify(&s);
	return s;
}

/* ---- losses, delays, copies ------------------------------------------------------------------ */

static struct fate apply_rules(struct seg *s, uint8_t *frame, size_t len)
{
	struct fate fate = {0};
	bool found = false;

	for (unsigned int i = 0; i < nr_rules; i++) {
		struct rule *r = &rules[i];

		if (r->from != s->from || !(r->kinds & s->kind))
			continue;
		r->seen++;
		if (found || r->seen < r->nth || r->seen - r->nth >= r->count)
			continue;
		found = true;
		fate = r->fate;
		if (r->corrupt && r->corrupt <= len)
			frame[len - r->corrupt] ^= 0x55;
		if (r->congest) {
			s->marked = pkt_mark_ce(frame);
			fate.drop = !s->marked;
		}
	}
	if (hole_mtu && len > PKT_ETH + hole_mtu)
		fate.drop = true;
	if (!found && hostile_of) {
		uint64_t dice = conductor_random(scene->conductor, hostile_of);

		fate.drop = dice == 0;
		fate.extra_ns = dice == 1 ? conductor_random(scene->conductor, 20 * MS) : 0;
		fate.copies = dice == 2;
	}
	return fate;
}

static struct fate hook(void *arg, struct wire *w, struct host *from, uint8_t *frame, size_t *len)
{
	struct seg s;

	if (!from) /* a frame that the test injects */
		return (struct fate){0};
	s = read_frame(from, frame, *len);
	struct fate fate = apply_rules(&s, frame, *len);

	s.lost = fate.drop;
	if (nr_segs == (size_t)CHUNK * CHUNKS_MAX)
		fail_msg("too many frames for one scene");
	if (!chunks[nr_segs / CHUNK])
		chunks[nr_segs / CHUNK] = malloc(CHUNK * sizeof(struct seg));
	assert_non_null(chunks[nr_segs / CHUNK]);
	*seg(nr_segs++) = s;
	return fate;
}

void scene_wire_begin(void)
{
	nr_rules = nr_origins = hostile_of = hole_mtu = 0;
	nr_segs = mark = 0;
	wire_set_hook(scene->wire, hook, NULL);
}

void scene_wire_end(void)
{
	for (unsigned int i = 0; i < CHUNKS_MAX; i++) {
		free(chunks[i]);
		chunks[i] = NULL;
	}
	nr_segs = 0;
}

static struct rule *add_rule(struct host *from, unsigned int kinds, unsigned int nth)
{
	struct rule *r;

	if (nr_rules == RULES_MAX)
		fail_msg("too many rules for the wire");
	r = &rules[nr_rules++];
	*r = (struct rule){.from = from, .kinds = kinds, .nth = nth, .count = 1};
	return r;
}

void scene_drop_many(struct host *from, unsigned int kinds, unsigned int nth, unsigned int count)
{
	struct rule *r = add_rule(from, kinds, nth);

	r->count = count;
	r->fate.drop = true;
}

void scene_drop(struct host *from, unsigned int kinds, unsigned int nth)
{
	scene_drop_many(from, kinds, nth, 1);
}

void scene_duplicate(struct host *from, unsigned int kinds, unsigned int nth, unsigned int copies)
{
	add_rule(from, kinds, nth)->fate.copies = copies;
}

void scene_hold(struct host *from, unsigned int kinds, unsigned int nth, uint64_t ns)
{
	add_rule(from, kinds, nth)->fate.extra_ns = ns;
}

void scene_corrupt(struct host *from, unsigned int kinds, unsigned int nth, unsigned int from_end)
{
	add_rule(from, kinds, nth)->corrupt = from_end;
}

void scene_congest(struct host *from, unsigned int kinds, unsigned int nth, unsigned int count)
{
	struct rule *r = add_rule(from, kinds, nth);

	r->count = count;
	r->congest = true;
}

void scene_hostile(unsigned int of)
{
	hostile_of = of;
}

void scene_black_hole(unsigned int mtu)
{
	hole_mtu = mtu;
}

void scene_heal(void)
{
	nr_rules = 0;
	hostile_of = 0;
}

/* ---- recorded frames ------------------------------------------------------------------------- */

void scene_mark(void)
{
	conductor_run(scene->conductor, scene_now(), NULL, NULL);
	mark = nr_segs;
	scene_proc_mark();
}

unsigned int scene_count(const struct host *from, unsigned int kinds)
{
	unsigned int n = 0;

	for (size_t i = mark; i < nr_segs; i++)
		n += seg(i)->from == from && seg(i)->kind & kinds;
	return n;
}

static const char *flag_letters(uint8_t flags)
{
	static char letters[9];
	unsigned int n = 0;

	for (unsigned int i = 0; i < 8; i++) {
		if (flags & 1 << i)
			letters[n++] = "FSRPAUEC"[i];
	}
	letters[n] = '\0';
	return letters;
}

static char *render(bool with_time)
{
	size_t room = (nr_segs - mark + 1) * (LINE_MAX_LEN + 16), at = 0;
	char *text = malloc(room);

	assert_non_null(text);
	text[0] = '\0';
	for (size_t i = mark; i < nr_segs; i++) {
		const struct seg *s = seg(i);

		if (!(s->kind & TCP))
			continue;
		if (with_time)
			at += snprintf(text + at, room - at, "%10.3f  ", s->ns / 1e6);
		at += snprintf(text + at, room - at, "%s %s %u %u %u%s\n", scene_host_name(s->from),
			       flag_letters(s->flags), s->rseq, s->rack, s->len,
			       s->lost ? " lost" : "");
	}
	return text;
}

static void no_such_segment(const struct host *from, unsigned int kinds, unsigned int nth)
{
	static char text[4096];
	char *all = render(true);

	snprintf(text, sizeof(text), "%s", all);
	free(all);
	fail_msg("host %s did not send %u frames of kinds %#x; the wire had:\n%s",
		 scene_host_name(from), nth, kinds, text);
}

const struct seg *scene_nth(const struct host *from, unsigned int kinds, unsigned int nth)
{
	unsigned int n = 0;

	for (size_t i = mark; i < nr_segs; i++) {
		if (seg(i)->from == from && seg(i)->kind & kinds && ++n == nth)
			return seg(i);
	}
	no_such_segment(from, kinds, nth);
	return NULL;
}

const struct seg *scene_last(const struct host *from, unsigned int kinds)
{
	return scene_nth(from, kinds, scene_count(from, kinds) ? scene_count(from, kinds) : 1);
}

void scene_expect(const char *lines)
{
	static char text[8192];
	char *all = render(false);

	snprintf(text, sizeof(text), "%s", all);
	free(all);
	if (strcmp(text, lines))
		fail_msg("on the wire should have been\n%sbut there was\n%s", lines, text);
}

uint64_t scene_gap(const struct seg *first, const struct seg *second)
{
	return second->ns - first->ns;
}

void assert_gap_ms_at(uint64_t gap_ns, uint64_t least_ms, uint64_t most_ms, const char *file,
		      int line)
{
	if (gap_ns < least_ms * MS || gap_ns > most_ms * MS) {
		char *all = render(true);

		print_error("%.3f ms are not within %llu and %llu ms\n%.4000s", gap_ns / 1e6,
			    (unsigned long long)least_ms, (unsigned long long)most_ms, all);
		free(all);
		_fail(file, line);
	}
}

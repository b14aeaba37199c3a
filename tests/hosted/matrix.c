/* SPDX-License-Identifier: MIT */
/*
 * Plays the matrix's rows: forges the segment of each cell and compares the result with the row
 * (matrix.h).
 *
 * Callers: test_matrix.c.  If a result differs, it is printed beside the row and the next cell is
 * played, so that one run shows all failures.  CELL=name plays the cells of one event only.
 */
#include "tests/hosted/matrix.h"

#include <ctype.h>
#include <stdio.h>

/*
 * B's answers are recorded for this time after a segment: long enough for a delayed ACK, too short
 * for a retransmission (200 ms at least).
 */
#define WATCH        (100 * MS)
#define COUNTERS_MAX 256
#define NAME_LEN     40
#define TEXT_LEN     256

static const struct table *const tables[] = {&matrix_unconnected, &matrix_opening,
					     &matrix_synchronized, &matrix_timewait};
#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

static const struct {
	const char *name, *flags, *seq, *ack;
	unsigned int bytes;
	enum peculiarity peculiarity;
} events[NR_EVENTS] = {
#define EVENT_TEXT(name, ...) {#name, __VA_ARGS__},
	EVENTS(EVENT_TEXT)
#undef EVENT_TEXT
};

/* ---- the table --------------------------------------------------------------------------------------- */

const char *matrix_state_name(unsigned int state)
{
	static const char *const names[NR_STATES] = {
#define STATE_TEXT(name, how) #name,
		STATES(STATE_TEXT)
#undef STATE_TEXT
	};

	for (unsigned int i = 0; i < NR_STATES; i++) {
		if (state == 1u << i)
			return names[i];
	}
	return "?";
}

const char *matrix_event_name(unsigned int event)
{
	return events[event].name;
}

const struct row *matrix_row(unsigned int state, unsigned int event, unsigned int *n)
{
	const struct row *found = NULL;

	*n = 0;
	for (unsigned int t = 0; t < NR_TABLES; t++) {
		for (unsigned int i = 0; i < tables[t]->n; i++) {
			const struct row *r = &tables[t]->rows[i];

			if (!(r->events & 1ULL << event) || !(r->states & state))
				continue;
			found = r;
			++*n;
		}
	}
	return *n == 1 ? found : NULL;
}

unsigned int matrix_rows(void)
{
	unsigned int n = 0;

	for (unsigned int t = 0; t < NR_TABLES; t++)
		n += tables[t]->n;
	return n;
}

/* ---- numbers by name ----------------------------------------------------------------------------------- */

static uint32_t number(const char *text, const struct stand *at, const struct forged *f)
{
	const struct {
		const char *name;
		uint32_t value;
	} names[] = {
		{"iss", at->iss},    {"una", at->una},
		{"nxt", at->nxt},    {"irs", at->irs},
		{"rcv", at->rcv},    {"edge", at->edge},
		{"ok", at->ok},      {"0", 0},
		{"seg.seq", f->seq}, {"seg.end", f->seq + forge_length(f)},
		{"seg.ack", f->ack},
	};
	size_t len = strcspn(text, "+- ;");

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == len && !memcmp(names[i].name, text, len))
			return names[i].value + (text[len] == '+' || text[len] == '-'
							 ? strtol(text + len, NULL, 10)
							 : 0);
	}
	fail_msg("no number is called %s", text);
	return 0;
}

/* ---- the segment --------------------------------------------------------------------------------------- */

static uint8_t flag_bits(const char *letters)
{
	static const char names[] = "FSRPAU";
	uint8_t flags = 0;

	for (; *letters; letters++) {
		assert_non_null(strchr(names, *letters));
		flags |= 1 << (strchr(names, *letters) - names);
	}
	return flags;
}

/* Writes options that are malformed, out of range or given twice. */
static void odd_options(struct forged *f, const struct stand *at, enum peculiarity what)
{
	switch (what) {
	case OPTION_LENGTH_0:
		forge_option(f, "\x08\x00\x01\x01", 4);
		break;
	case OPTION_PAST_END:
		forge_option(f, "\x01\x01\x08\x0a", 4);
		break;
	case OPTION_WSCALE_15:
		forge_option(f, "\x03\x03\x0f\x01", 4);
		break;
	case OPTION_MSS_0:
		forge_option(f, "\x02\x04\x00\x00", 4);
		break;
	case OPTION_TS_SHORT:
		forge_option(f, "\x08\x06\x00\x00\x00\x01\x01\x01", 8);
		break;
	case OPTION_TWICE:
		stage_stamp(f, at->tsval - 10000, at->tsecr);
		stage_stamp(f, at->tsval, f->flags & ACK_FLAG ? at->tsecr : 0);
		break;
	default:
		fail_msg("no such option");
	}
}

static void usual_options(struct forged *f, const struct stand *at, enum peculiarity what)
{
	uint32_t tsval = at->tsval, tsecr = f->flags & ACK_FLAG ? at->tsecr : 0;

	if (what == TS_NEWER)
		tsval += 1000;
	if (what == TS_OLDER)
		tsval -= 10000;
	if (what == TS_NOT_OURS)
		tsecr += 1 << 30;
	if (f->flags & SYN_FLAG)
		forge_option(f, "\x02\x04\x05\xb4\x01\x03\x03\x07", 8); /* MSS 1460, scale 7 */
	stage_stamp(f, tsval, tsecr);
}

/* Returns the event whose segment @state waits for: the OPT_* events send that segment, with odd options. */
static unsigned int awaited(unsigned int state)
{
	if (state & (CLOSED | LISTEN))
		return NR_SYN_AGAIN;
	return state == SYN_SENT ? NR_SYNACK_RIGHT : NR_DATA_NEXT;
}

static struct forged make_segment(unsigned int state, unsigned int event, const struct stand *at)
{
	unsigned int like = events[event].flags ? event : awaited(state);
	enum peculiarity what = events[event].peculiarity;
	struct forged f = {
		.sport = MATRIX_PEER,
		.dport = MATRIX_PORT,
		.flags = flag_bits(events[like].flags),
		.window = 512,
		.no_window = what == NO_WINDOW,
		.bad_sum = what == SUM_WRONG,
		.data = &"text"[4 - events[like].bytes],
	};

	f.seq = number(events[like].seq, at, &f);
	f.ack = number(events[like].ack, at, &f);
	f.urgent = f.flags & URG_FLAG ? 4 : 0;
	if (what >= OPTION_LENGTH_0)
		odd_options(&f, at, what);
	else
		usual_options(&f, at, what);
	return f;
}

/* ---- counters ------------------------------------------------------------------------------------------ */

struct counters {
	unsigned int n;
	struct {
		char name[NAME_LEN];
		uint64_t value;
	} c[COUNTERS_MAX];
};

static void add_counter(struct counters *all, const char *name, size_t len, const char *value)
{
	assert_true(all->n < COUNTERS_MAX && len < NAME_LEN);
	memcpy(all->c[all->n].name, name, len);
	all->c[all->n].name[len] = '\0';
	all->c[all->n++].value = strtoull(value, NULL, 10);
}

/* Reads the counters of @group: one line of the file has their names, the next has their values. */
static void read_group(struct counters *all, const char *path, const char *group)
{
	const char *names = strstr(scene_proc(B, path), group), *values;

	assert_non_null(names);
	values = strchr(names, '\n') + 1;
	while (*names != '\n') {
		size_t len = strcspn(names, " \n");

		add_counter(all, names, len, values);
		names += len + strspn(names + len, " ");
		values += strcspn(values, " \n");
		values += strspn(values, " ");
	}
}

/* Reads the drop counters: one line for each reason, with its name and its count. */
static void read_drops(struct counters *all)
{
	const char *line = scene_proc(B, "/proc/net/drops");

	while (*line) {
		size_t len = strcspn(line, " \n"), end = strcspn(line, "\n");

		add_counter(all, line, len, line + len);
		line += end + !!line[end];
	}
}

/*
 * Returns true for counters that rows do not list, because the test compares the answers and the
 * state anyway.
 */
static bool goes_without_saying(const char *name, uint64_t by)
{
	return (!strcmp(name, "InSegs") && by == 1) || !strcmp(name, "OutSegs") ||
	       !strcmp(name, "CurrEstab") || !strcmp(name, "TCPDelivered");
}

/* Writes the names of the counters that grew between @then and @now: "name", or "name*N" if by N > 1. */
static void describe_moved(const struct counters *then, const struct counters *now, char *text)
{
	size_t at = 0;

	text[0] = '\0';
	assert_int_equal(then->n, now->n);
	for (unsigned int i = 0; i < now->n; i++) {
		uint64_t by = now->c[i].value - then->c[i].value;

		if (!by || goes_without_saying(now->c[i].name, by))
			continue;
		at += snprintf(text + at, TEXT_LEN - at, by == 1 ? "%s%s" : "%s%s*%llu",
			       at ? " " : "", now->c[i].name, (unsigned long long)by);
		assert_true(at < TEXT_LEN);
	}
}

struct record {
	struct counters tcp, drops;
};

static void record(struct record *r)
{
	r->tcp.n = r->drops.n = 0;
	read_group(&r->tcp, "/proc/net/snmp", "Tcp:");
	read_group(&r->tcp, "/proc/net/netstat", "TcpExt:");
	read_drops(&r->drops);
}

/* Returns true if @a and @b have the same words, in any order. */
static bool same_words(const char *a, const char *b)
{
	char words[TEXT_LEN], *rest = NULL;

	if (strlen(a) != strlen(b))
		return false;
	snprintf(words, sizeof(words), "%s", a);
	for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		const char *found = strstr(b, w);
		size_t len = strlen(w);

		while (found && ((found != b && found[-1] != ' ') ||
				 (found[len] != ' ' && found[len] != '\0')))
			found = strstr(found + 1, w);
		if (!found)
			return false;
	}
	return true;
}

/* ---- playing and checking a cell ------------------------------------------------------------------------- */

/*
 * Writes the segments that B sent after its first @first segments, as in "A 17 42; ~S 16 0": flags,
 * sequence number, acknowledgment number.  "~" marks a segment that was sent later than @at_once.
 */
static void describe_heard(unsigned int first, uint64_t at_once, char *text)
{
	unsigned int n = scene_count(B, TCP);
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = first + 1; i <= n; i++) {
		const struct seg *s = scene_nth(B, TCP, i);
		char letters[9] = "";

		for (unsigned int k = 0, m = 0; k < 8; k++) {
			if (s->flags & 1 << k)
				letters[m++] = "FSRPAUEC"[k];
		}
		at += snprintf(text + at, TEXT_LEN - at, "%s%s%s %u %u", at ? "; " : "",
			       s->ns > at_once ? "~" : "", letters, s->seq, s->ack);
		if (s->len)
			at += snprintf(text + at, TEXT_LEN - at, " +%u", s->len);
		assert_true(at < TEXT_LEN);
	}
}

/* Writes the answer of a row in the form of describe_heard(): each name of a number becomes its value. */
static void describe_expected(const char *answer, const struct stand *at, const struct forged *f,
			      char *text)
{
	size_t length = 0;

	text[0] = '\0';
	while (*answer) {
		char flags[16], seq[16], ack[16] = "0";
		int read = 0;

		assert_true(sscanf(answer, "%15[^ ;] %15[^ ;]%n %15[^ ;]%n", flags, seq, &read, ack,
				   &read) >= 2);
		length +=
			snprintf(text + length, TEXT_LEN - length, "%s%s %u %u", length ? "; " : "",
				 flags, number(seq, at, f), number(ack, at, f));
		assert_true(length < TEXT_LEN);
		answer += read;
		answer += strspn(answer, "; ");
	}
}

static void complain(const struct row *r, unsigned int event, unsigned int state, bool wraps,
		     const char *expected, const char *heard, unsigned int next, const char *moved,
		     const char *drops)
{
	print_error("%s meets %s%s\n", matrix_state_name(state), events[event].name,
		    wraps ? ", numbers wrap" : "");
	print_error("  should be \"%s\" (%s) -> %s, counters \"%s\", drop \"%s\": %s\n", expected,
		    r->answer, matrix_state_name(r->next ? r->next : state), r->counters, r->drop,
		    r->cite);
	print_error("  but was   \"%s\" -> %s, counters \"%s\", drop \"%s\"\n", heard,
		    matrix_state_name(next), moved, drops);
}

static bool play_cell(const struct row *r, unsigned int event, unsigned int state, bool wraps)
{
	static struct record then, now;
	char expected[TEXT_LEN], heard[TEXT_LEN], moved[TEXT_LEN], drops[TEXT_LEN];
	struct forged f;
	unsigned int first, next;
	struct stand at;
	uint64_t sent;
	bool ok;

	stage_enter(state, wraps, &at);
	record(&then);
	first = scene_count(B, TCP);
	f = make_segment(state, event, &at);
	sent = scene_now();
	forge_now(&f);
	scene_sleep(WATCH);

	describe_expected(r->answer, &at, &f, expected);
	describe_heard(first, sent + WIRE_DELAY, heard);
	next = stage_state(state);
	record(&now);
	describe_moved(&then.tcp, &now.tcp, moved);
	describe_moved(&then.drops, &now.drops, drops);
	ok = !strcmp(expected, heard) && next == (r->next ? r->next : state) &&
	     same_words(r->counters, moved) && same_words(r->drop, drops);
	if (!ok)
		complain(r, event, state, wraps, expected, heard, next, moved, drops);
	stage_leave(&at);
	return ok;
}

bool matrix_play(unsigned int state, bool wraps)
{
	const char *only = getenv("CELL");
	bool ok = true, known = !only;

	for (unsigned int event = 0; event < NR_EVENTS; event++)
		known |= only && !strcmp(only, events[event].name);
	if (!known)
		fail_msg("CELL=%s: no event of EVENTS in tests/hosted/matrix.h", only);
	scene_drop_many(B, TCP, 1, ALWAYS); /* A must not hear B: the test plays the peer */
	for (unsigned int event = 0; event < NR_EVENTS; event++) {
		unsigned int n;
		const struct row *r = matrix_row(state, event, &n);

		if (r && (!only || !strcmp(only, events[event].name)))
			ok &= play_cell(r, event, state, wraps);
	}
	return ok;
}

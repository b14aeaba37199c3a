/* SPDX-License-Identifier: MIT */
/*
 * The conductor: hosts, wires and the clock (conductor.h).
 *
 * Callers: C test runners and the simulator, on their own stack.
 *
 * At each instant (a value of the clock), three steps repeat until nothing is due: all frames that
 * are due arrive; each host for which a frame or a call waits, or whose deadline is reached, runs
 * until it is idle; the frames that it sent go on its wire.  Then the clock jumps to the earliest
 * deadline or arrival. All frames on all wires are in one list sorted by arrival time.  Frames that
 * arrive in the same nanosecond keep the order in which they were sent, so that a wire reorders
 * only if a hook delays a frame.
 */
#define _GNU_SOURCE
#include "tests/host/conductor.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIRES_MAX       32
#define CACHES_MAX      128
#define PAGES_SLACK     160     /* pages that empty slabs and other caches may keep after a test */
#define ROUNDS_MAX      1000000 /* most rounds at one instant, after which the conductor aborts */
#define CALL_TIMEOUT_NS (3600ULL * 1000000000)
#define STEP_HALTED     (~0ULL - 1) /* equals SN_HALTED */

struct flying {
	struct flying *next;
	uint64_t arrives;
	struct wire *wire;
	struct host *to; /* NULL: the test is the receiver */
	size_t len;
	uint8_t bytes[];
};

struct wire {
	struct conductor *conductor;
	struct host *end[2];
	uint64_t delay_ns, ns_per_byte;
	/* Time in ns until which a frame is being sent.  [0]: towards end[1]; [1]: towards end[0]. */
	uint64_t busy_until[2];
	uint64_t frames;
	wire_hook hook;
	void *hook_arg;
	wire_taker taker;
	void *taker_arg;
};

struct host_baseline {
	struct {
		const char *name;
		uint64_t live;
	} caches[CACHES_MAX];
	unsigned int nr_caches;
	uint64_t free_pages;
	uint32_t timers, threads;
};

struct conductor {
	char *image; /* the contents of the file libsoftnet.so */
	size_t image_size;
	uint64_t seed, now, prng;
	struct host *hosts[CONDUCTOR_HOSTS_MAX];
	unsigned int nr_hosts;
	struct wire *wires[WIRES_MAX];
	unsigned int nr_wires;
	struct flying *flying, *flying_last; /* sorted by arrival */
	FILE *pcap;
	uint8_t buffer[CONDUCTOR_FRAME_MAX];
};

#if defined(__SANITIZE_ADDRESS__)
/*
 * LeakSanitizer is off: it would report every object of a kernel whose library is unloaded.
 * conductor_check() finds leaked objects instead.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* ---- conductor and hosts ---------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *bytes = NULL;
	long end;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (end = ftell(f)) > 0) {
		rewind(f);
		*size = end;
		bytes = malloc(end);
		if (bytes && fread(bytes, 1, end, f) != (size_t)end) {
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(f);
	return bytes;
}

struct conductor *conductor_new(const char *library, uint64_t seed)
{
	struct conductor *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->seed = seed;
	c->prng = seed;
	c->image = read_file(library, &c->image_size);
	if (!c->image) {
		perror(library);
		free(c);
		return NULL;
	}
	return c;
}

void conductor_free(struct conductor *c)
{
	while (c->flying) {
		struct flying *f = c->flying;

		c->flying = f->next;
		free(f);
	}
	for (unsigned int i = 0; i < c->nr_wires; i++)
		free(c->wires[i]);
	for (unsigned int i = 0; i < c->nr_hosts; i++) {
		if (c->hosts[i]->baseline)
			c->hosts[i]->release();
		dlclose(c->hosts[i]->dl);
		close(c->hosts[i]->fd);
		free(c->hosts[i]->baseline);
		free(c->hosts[i]);
	}
	if (c->pcap)
		fclose(c->pcap);
	free(c->image);
	free(c);
}

static int load(struct host *h, const char *path)
{
	h->dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h->dl) {
		fprintf(stderr, "conductor: %s\n", dlerror());
		return -1;
	}
	return 0;
}

/* Loads a new copy of the library.  Each copy needs its own file, because dlopen() of a file that is
 * loaded already would return the existing copy. */
static int load_copy(struct conductor *c, struct host *h)
{
	char path[64];

	h->fd = memfd_create("softnet", 0);
	if (h->fd < 0 || write(h->fd, c->image, c->image_size) != (ssize_t)c->image_size) {
		perror("conductor: copy of the library");
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	return load(h, path);
}

#define SYMBOL(member)                                                                             \
	{                                                                                          \
		"sn_" #member, offsetof(struct host, member)                                       \
	}
static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	SYMBOL(set),          SYMBOL(boot),      SYMBOL(step),         SYMBOL(clock),
	SYMBOL(release),      SYMBOL(set_clock), SYMBOL(put_frame),    SYMBOL(take_frame),
	SYMBOL(submit),       SYMBOL(poll),      SYMBOL(interrupt),    SYMBOL(calls_in_flight),
	SYMBOL(bad_range),    SYMBOL(console),   SYMBOL(halt_code),    SYMBOL(panic_message),
	SYMBOL(warn_count),   SYMBOL(cache),     SYMBOL(live_objects), SYMBOL(free_pages),
	SYMBOL(timers_armed), SYMBOL(threads),   SYMBOL(stat),         SYMBOL(inspect),
	SYMBOL(refused),
};

static struct host *new_host(struct conductor *c, const char *in_place)
{
	struct host *h;

	if (c->nr_hosts == CONDUCTOR_HOSTS_MAX)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (h)
		h->fd = -1;
	if (!h || (in_place ? load(h, in_place) : load_copy(c, h)) < 0)
		goto out_free;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(h->dl, symbols[i].name);

		if (!symbol) {
			fprintf(stderr, "conductor: no %s in the library\n", symbols[i].name);
			goto out_free;
		}
		memcpy((char *)h + symbols[i].offset, &symbol, sizeof(symbol));
	}
	h->conductor = c;
	h->deadline = CONDUCTOR_NEVER;
	h->index = c->nr_hosts;
	c->hosts[c->nr_hosts++] = h;
	return h;
out_free:
	free(h);
	return NULL;
}

struct host *host_new(struct conductor *c)
{
	return new_host(c, NULL);
}

struct host *host_new_in_place(struct conductor *c, const char *library)
{
	return new_host(c, library);
}

int host_start(struct host *h, const char *cmdline)
{
	struct conductor *c = h->conductor;
	uint64_t seed = c->seed ? c->seed + 1000003ULL * h->index : 0;

	h->set_clock(c->now);
	if (h->boot(seed, cmdline) < 0) {
		fprintf(stderr, "conductor: host %u did not boot: %s\n%s", h->index,
			h->panic_message(), h->console());
		h->halted = true;
		return -1;
	}
	h->awake = true;
	host_set_baseline(h);
	return 0;
}

struct host *conductor_host(struct conductor *c, const char *cmdline)
{
	struct host *h = host_new(c);

	if (!h)
		return NULL;
	/* By default each host has a MAC address of its own.  A test that wants two equal addresses
	 * sets the option "mac" between host_new() and host_start(). */
	h->set("mac", 0x020000000000ULL + h->index + 1);
	return host_start(h, cmdline) < 0 ? NULL : h;
}

/* ---- wires ------------------------------------------------------------------------------------ */

struct wire *conductor_wire(struct conductor *c, struct host *a, struct host *b, uint64_t delay_ns)
{
	struct wire *w;

	if (c->nr_wires == WIRES_MAX || (a && a->wire) || (b && b->wire))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->conductor = c;
	w->end[0] = a;
	w->end[1] = b;
	w->delay_ns = delay_ns;
	if (a)
		a->wire = w;
	if (b)
		b->wire = w;
	c->wires[c->nr_wires++] = w;
	return w;
}

void wire_set_hook(struct wire *w, wire_hook hook, void *arg)
{
	w->hook = hook;
	w->hook_arg = arg;
}

void wire_set_taker(struct wire *w, wire_taker taker, void *arg)
{
	w->taker = taker;
	w->taker_arg = arg;
}

void wire_set_rate(struct wire *w, uint64_t ns_per_byte)
{
	w->ns_per_byte = ns_per_byte;
}

uint64_t wire_frames(const struct wire *w)
{
	return w->frames;
}

static void pcap_write(struct conductor *c, uint64_t ns, const void *bytes, size_t len)
{
	uint32_t head[4] = {ns / 1000000000, ns % 1000000000, len, len};

	if (!c->pcap)
		return;
	fwrite(head, sizeof(head), 1, c->pcap);
	fwrite(bytes, len, 1, c->pcap);
}

int conductor_pcap(struct conductor *c, const char *path)
{
	/* The header of the pcap file: the magic number says that time stamps are in nanoseconds; link
	 * type 1 is Ethernet. */
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, link;
	} head = {0xa1b23c4d, 2, 4, 0, 0, CONDUCTOR_FRAME_MAX, 1};

	c->pcap = fopen(path, "wb");
	if (!c->pcap)
		return -1;
	fwrite(&head, sizeof(head), 1, c->pcap);
	return 0;
}

/* Inserts @f into the list of flying frames, which is sorted by arrival, behind frames that arrive at
 * the same time. */
static void take_off(struct conductor *c, struct flying *f)
{
	struct flying **link = &c->flying;

	/* Try the end of the list first: a new frame nearly always arrives last. */
	if (c->flying && c->flying_last->arrives <= f->arrives)
		link = &c->flying_last->next;
	while (*link && (*link)->arrives <= f->arrives)
		link = &(*link)->next;
	f->next = *link;
	*link = f;
	if (!f->next)
		c->flying_last = f;
}

static int wire_send(struct wire *w, struct host *from, struct host *to, uint8_t *bytes, size_t len)
{
	struct conductor *c = w->conductor;
	unsigned int side = to == w->end[0];
	struct fate fate = {0};
	uint64_t leaves;

	w->frames++;
	pcap_write(c, c->now, bytes, len);
	if (w->hook)
		fate = w->hook(w->hook_arg, w, from, bytes, &len);
	leaves = c->now > w->busy_until[side] ? c->now : w->busy_until[side];
	leaves += w->ns_per_byte * len;
	w->busy_until[side] = leaves;
	if (fate.drop || (!to && !w->taker))
		return 0;
	for (unsigned int i = 0; i <= fate.copies; i++) {
		struct flying *f = malloc(sizeof(*f) + len);

		if (!f)
			return -1;
		f->arrives = leaves + w->delay_ns + fate.extra_ns + i * fate.copy_apart_ns;
		f->wire = w;
		f->to = to;
		f->len = len;
		memcpy(f->bytes, bytes, len);
		take_off(c, f);
	}
	return 0;
}

int wire_inject(struct wire *w, struct host *to, const void *frame, size_t len)
{
	if (len > sizeof(w->conductor->buffer) || (to != w->end[0] && to != w->end[1]))
		return -1;
	memcpy(w->conductor->buffer, frame, len);
	return wire_send(w, NULL, to, w->conductor->buffer, len);
}

int wire_carry(struct wire *w, const void *frame, size_t len)
{
	if (len > sizeof(w->conductor->buffer) || w->end[0] || w->end[1])
		return -1;
	memcpy(w->conductor->buffer, frame, len);
	return wire_send(w, NULL, NULL, w->conductor->buffer, len);
}

/* ---- time ------------------------------------------------------------------------------------- */

uint64_t conductor_now(const struct conductor *c)
{
	return c->now;
}

uint64_t conductor_random(struct conductor *c, uint64_t below)
{
	uint64_t z = (c->prng += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return below ? (z ^ z >> 31) % below : 0;
}

static void step_host(struct conductor *c, struct host *h)
{
	size_t len;

	h->awake = false;
	h->deadline = h->step();
	if (h->deadline == STEP_HALTED) {
		h->halted = true;
		h->deadline = CONDUCTOR_NEVER;
	}
	while ((len = h->take_frame(c->buffer, sizeof(c->buffer)))) {
		struct wire *w = h->wire;

		if (w)
			wire_send(w, h, w->end[h == w->end[0]], c->buffer, len);
	}
}

/* Runs all hosts until no frame and no deadline is due at the present time. */
static void play_instant(struct conductor *c)
{
	bool busy = true;

	for (unsigned int round = 0; busy; round++) {
		if (round == ROUNDS_MAX) {
			fprintf(stderr, "conductor: no end to the instant %" PRIu64 " ns\n",
				c->now);
			abort();
		}
		busy = false;
		while (c->flying && c->flying->arrives <= c->now) {
			struct flying *f = c->flying;

			c->flying = f->next;
			if (!f->to)
				f->wire->taker(f->wire->taker_arg, f->wire, f->bytes, f->len);
			else if (!f->to->halted && f->to->put_frame(f->bytes, f->len) == 0)
				f->to->awake = true;
			free(f);
		}
		for (unsigned int i = 0; i < c->nr_hosts; i++) {
			struct host *h = c->hosts[i];

			if (h->halted || (!h->awake && h->deadline > c->now))
				continue;
			step_host(c, h);
			busy = true;
		}
	}
}

/* Returns the time of the next arrival or deadline, CONDUCTOR_NEVER if there is none. */
static uint64_t next_event(const struct conductor *c)
{
	uint64_t next = c->flying ? c->flying->arrives : CONDUCTOR_NEVER;

	for (unsigned int i = 0; i < c->nr_hosts; i++) {
		if (!c->hosts[i]->halted && c->hosts[i]->deadline < next)
			next = c->hosts[i]->deadline;
	}
	return next;
}

static void jump(struct conductor *c, uint64_t ns)
{
	if (ns <= c->now)
		return;
	c->now = ns;
	for (unsigned int i = 0; i < c->nr_hosts; i++)
		c->hosts[i]->set_clock(ns);
}

bool conductor_run(struct conductor *c, uint64_t until_ns, bool (*done)(void *arg), void *arg)
{
	for (;;) {
		uint64_t next;

		play_instant(c);
		if (done && done(arg))
			return true;
		next = next_event(c);
		if (next > until_ns) {
			if (until_ns != CONDUCTOR_NEVER)
				jump(c, until_ns);
			return false;
		}
		if (next == CONDUCTOR_NEVER)
			return false;
		jump(c, next);
	}
}

void conductor_sleep(struct conductor *c, uint64_t ns)
{
	conductor_run(c, c->now + ns, NULL, NULL);
}

static bool nothing_armed(void *arg)
{
	struct conductor *c = arg;

	for (unsigned int i = 0; i < c->nr_hosts; i++) {
		struct host *h = c->hosts[i];

		if (!h->halted && h->baseline && h->timers_armed() > h->baseline->timers)
			return false;
	}
	return !c->flying;
}

bool conductor_settle(struct conductor *c, uint64_t max_ns)
{
	return conductor_run(c, c->now + max_ns, nothing_armed, c);
}

/* ---- calls ------------------------------------------------------------------------------------ */

int64_t host_submit(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d,
		    int64_t e, int64_t f)
{
	h->awake = true;
	return h->submit(nr, a, b, c, d, e, f);
}

struct call_state {
	struct host *host;
	int64_t ticket, result;
	int state;
};

static bool call_is_back(void *arg)
{
	struct call_state *s = arg;

	s->state = s->host->poll(s->ticket, &s->result);
	return s->state != 0 || s->host->halted;
}

bool host_wait(struct host *h, int64_t ticket, uint64_t max_ns, int64_t *result)
{
	struct conductor *c = h->conductor;
	struct call_state s = {.host = h, .ticket = ticket};

	conductor_run(c, c->now + max_ns, call_is_back, &s);
	if (s.state == 1)
		*result = s.result;
	return s.state == 1;
}

int64_t host_call(struct host *h, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
		  int64_t f)
{
	int64_t ticket = host_submit(h, nr, a, b, c, d, e, f);
	int64_t result;

	if (ticket < 0 || !host_wait(h, ticket, CALL_TIMEOUT_NS, &result))
		return HOST_CALL_HANGS;
	return result;
}

int host_interrupt(struct host *h, int64_t ticket)
{
	h->awake = true;
	return h->interrupt(ticket);
}

/* ---- the end ---------------------------------------------------------------------------------- */

void host_set_baseline(struct host *h)
{
	struct host_baseline *b = h->baseline ? h->baseline : malloc(sizeof(*b));

	if (!b)
		return;
	h->baseline = b;
	b->nr_caches = 0;
	while (b->nr_caches < CACHES_MAX && h->cache(b->nr_caches, &b->caches[b->nr_caches].name,
						     &b->caches[b->nr_caches].live) == 0)
		b->nr_caches++;
	b->free_pages = h->free_pages();
	b->timers = h->timers_armed();
	b->threads = h->threads();
}

/* Returns the number of objects of cache @name that were alive at the baseline: 0 for a cache that
 * did not exist then. */
static uint64_t baseline_live(const struct host_baseline *b, const char *name)
{
	for (unsigned int i = 0; i < b->nr_caches; i++) {
		if (b->caches[i].name == name)
			return b->caches[i].live;
	}
	return 0;
}

static unsigned int check_host(struct host *h, FILE *out)
{
	const struct host_baseline *b = h->baseline;
	unsigned int wrong = 0;
	const char *name;
	uint64_t live;

#define COMPLAIN(cond, ...)                                                                        \
	do {                                                                                       \
		if (cond) {                                                                        \
			wrong++;                                                                   \
			fprintf(out, "host %u: ", h->index);                                       \
			fprintf(out, __VA_ARGS__);                                                 \
			fputc('\n', out);                                                          \
		}                                                                                  \
	} while (0)
	COMPLAIN(h->halted, "halted, code %d: %s", h->halt_code(), h->panic_message());
	COMPLAIN(h->warn_count(), "%u warnings", h->warn_count());
	COMPLAIN(h->calls_in_flight(), "%u calls in flight", h->calls_in_flight());
	COMPLAIN(h->timers_armed() > b->timers, "%u timers armed, %u at the start",
		 h->timers_armed(), b->timers);
	COMPLAIN(h->threads() > b->threads, "%u threads, %u at the start", h->threads(),
		 b->threads);
	COMPLAIN(h->free_pages() + PAGES_SLACK < b->free_pages,
		 "%" PRIu64 " free pages, %" PRIu64 " at the start", h->free_pages(),
		 b->free_pages);
	for (unsigned int i = 0; h->cache(i, &name, &live) == 0; i++) {
		COMPLAIN(live > baseline_live(b, name),
			 "%s: %" PRIu64 " objects alive, %" PRIu64 " at the start", name, live,
			 baseline_live(b, name));
	}
#undef COMPLAIN
	if (wrong && (h->warn_count() || h->halted))
		fputs(h->console(), out);
	return wrong;
}

unsigned int conductor_check(struct conductor *c, FILE *out)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < c->nr_hosts; i++) {
		if (c->hosts[i]->baseline)
			wrong += check_host(c->hosts[i], out);
	}
	return wrong;
}

/* SPDX-License-Identifier: MIT */
/*
 * The part that all harnesses share (fuzz.h): libFuzzer's entry points, the kernel, the checks at the end.
 *
 * libFuzzer calls LLVMFuzzerInitialize() and LLVMFuzzerTestOneInput().  The kernel's copy_from_user() and
 * copy_to_user() call __wrap_hal_copy_user().  One thread, no lock.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/fuzz/snapshot.h"
#include "tests/wire/pkt.h"

#define CALLS_MAX     64   /* calls of one input that are in flight */
#define CACHES_MAX    128  /* slab caches */
#define SLEEP_STEPS   2000 /* maximum number of expired timers in one fuzz_sleep() */
#define INSTANT_STEPS 1000 /* maximum number of runs of the kernel in one fuzz_run() */
#define SETTLE_STEPS  40   /* maximum number of waits of SETTLE_NS until no timer is armed */
#define SETTLE_NS     (60 * SEC)
#define FRAME_MAX     65600
#define CONSOLE_TAIL  6000 /* a failure prints this many last bytes of the console */
#define TABLE_SLACK   64   /* objects that a table of the kernel may keep after an input */
#define PAGES_SLACK   160  /* pages that empty slabs and other caches may keep */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t __wrap_hal_copy_user(void *dst, const void *src, size_t n);
const char *__asan_default_options(void);

uint8_t fuzz_user[FUZZ_USER_SIZE];

static struct {
	int64_t calls[CALLS_MAX];
	unsigned int nr_calls;
	bool boots_itself;
	bool no_leaks; /* fuzz_leaks_permitted() was called for this input */
	/* The state at the end of an empty input: other inputs may leave no more than this. */
	struct {
		const char *name;
		uint64_t live;
	} caches[CACHES_MAX];
	unsigned int nr_caches;
	uint64_t pages;
	uint32_t threads, timers;
} engine;

/* LeakSanitizer is off, because the kernel's own counts show leaks.  A small quarantine keeps the process small. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0:quarantine_size_mb=16:"
	       "allocator_may_return_null=1";
}

void fuzz_fail(const char *format, ...)
{
	const char *console = sn_console();
	size_t len = strlen(console);
	va_list args;

	if (len > CONSOLE_TAIL)
		console += len - CONSOLE_TAIL;
	fprintf(stderr, "%s\nfuzz: ", console);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* ---- the input -------------------------------------------------------------------------------- */

size_t take_bytes(struct input *in, void *to, size_t n)
{
	if (n > in->len)
		n = in->len;
	if (n)
		memcpy(to, in->at, n);
	in->at += n;
	in->len -= n;
	return n;
}

#define TAKE(bits)                                                                                 \
	uint##bits##_t take##bits(struct input *in)                                                \
	{                                                                                          \
		uint##bits##_t v = 0;                                                              \
		take_bytes(in, &v, sizeof(v));                                                     \
		return v;                                                                          \
	}
TAKE(8)
TAKE(16)
TAKE(32)
TAKE(64)

/* ---- time and frames -------------------------------------------------------------------------- */

__attribute__((weak)) bool harness_may_halt(const char *message)
{
	return false;
}

/* Answers an ARP request of the kernel, unless it is an announcement (a request for its own address).  Returns
 * false if the frame is no ARP request. */
static bool answer_arp(const uint8_t *frame, size_t len)
{
	uint8_t reply[42];

	if (len < 42 || pkt_get16(frame + 12) != 0x0806 || pkt_get16(frame + 20) != 1)
		return false;
	if (!memcmp(frame + 28, frame + 38, 4))
		return true; /* an announcement */
	memcpy(reply, frame, sizeof(reply));
	pkt_put_eth(reply, FUZZ_MAC, FUZZ_PEER, 0x0806);
	reply[21] = 2;
	memcpy(reply + 22, reply + 6, 6);
	memcpy(reply + 28, frame + 38, 4);
	memcpy(reply + 32, frame + 22, 10);
	fuzz_put(reply, sizeof(reply));
	return true;
}

void fuzz_put(const void *frame, size_t len)
{
	sn_put_frame(frame, len);
}

uint64_t fuzz_run(void)
{
	static uint8_t frame[FRAME_MAX];
	uint64_t next = 0;
	bool again = true;
	size_t len;

	for (unsigned int i = 0; again && i < INSTANT_STEPS; i++) {
		again = false;
		next = sn_step();
		while ((len = sn_take_frame(frame, sizeof(frame)))) {
			if (answer_arp(frame, len))
				again = true;
			else
				harness_sent(frame, len);
		}
		again |= next <= sn_clock();
	}
	return next;
}

void fuzz_sleep(uint64_t ns)
{
	uint64_t until = sn_clock() + ns;

	for (unsigned int i = 0; i < SLEEP_STEPS; i++) {
		uint64_t next = fuzz_run();

		if (next == SN_HALTED)
			return;
		if (next > until)
			break;
		sn_set_clock(next);
	}
	sn_set_clock(until);
	fuzz_run();
}

/* ---- calls ------------------------------------------------------------------------------------ */

/* Returns how many of the @n bytes at @p lie in the program's memory. */
static size_t user_bytes(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p - (uintptr_t)fuzz_user;

	if (at >= sizeof(fuzz_user))
		return 0;
	return n < sizeof(fuzz_user) - at ? n : sizeof(fuzz_user) - at;
}

/* Replaces hal_copy_user() of tests/host, which accepts nearly any address as the program's.  One of the two
 * addresses is the kernel's.  If neither is in fuzz_user, the program's address is invalid: nothing is copied. */
size_t __wrap_hal_copy_user(void *dst, const void *src, size_t n)
{
	size_t good = user_bytes(dst, n);

	if (!good)
		good = user_bytes(src, n);
	if (good)
		memcpy(dst, src, good);
	return n - good;
}

int64_t fuzz_call_args(int64_t nr, const int64_t args[6])
{
	int64_t ticket, result;

	if (engine.nr_calls == CALLS_MAX)
		return -1;
	ticket = sn_submit(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (ticket < 0)
		return -1;
	fuzz_run();
	if (sn_poll(ticket, &result) == 1)
		return result;
	engine.calls[engine.nr_calls++] = ticket;
	return FUZZ_BLOCKS;
}

int64_t fuzz_address(size_t at, uint32_t ip, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};

	memcpy(fuzz_user + at, &address, sizeof(address));
	return PTR(fuzz_user + at);
}

bool fuzz_write_file(const char *path, const char *text)
{
	int64_t fd, n;

	strcpy((char *)fuzz_user, path);
	fd = fuzz_call(SYS_open, PTR(fuzz_user), O_WRONLY);
	if (fd < 0)
		return false;
	strcpy((char *)fuzz_user, text);
	n = fuzz_call(SYS_write, fd, PTR(fuzz_user), strlen(text));
	if (n != (int64_t)strlen(text))
		fuzz_fail("cannot write %s to %s", text, path);
	fuzz_call(SYS_close, fd);
	return true;
}

/* ---- the end of an input ---------------------------------------------------------------------- */

static void finish_calls(void)
{
	unsigned int left = 0;
	int64_t result;

	for (unsigned int i = 0; i < engine.nr_calls; i++) {
		if (sn_poll(engine.calls[i], &result) == 0) {
			sn_interrupt(engine.calls[i]);
			engine.calls[left++] = engine.calls[i];
		}
	}
	engine.nr_calls = left;
	if (!left)
		return;
	fuzz_run();
	for (unsigned int i = 0; i < left; i++)
		sn_poll(engine.calls[i], &result);
	engine.nr_calls = 0;
}

static void settle(void)
{
	finish_calls();
	fuzz_call(SYS_close_range, 3, ~0u, 0);
	finish_calls();
	for (unsigned int i = 0; i < SETTLE_STEPS; i++) {
		fuzz_sleep(SETTLE_NS);
		if (sn_timers_armed() <= engine.timers)
			break;
	}
}

static void set_standard(void)
{
	settle();
	while (engine.nr_caches < CACHES_MAX &&
	       !sn_cache(engine.nr_caches, &engine.caches[engine.nr_caches].name,
			 &engine.caches[engine.nr_caches].live))
		engine.nr_caches++;
	engine.threads = sn_threads();
	engine.timers = sn_timers_armed();
	engine.pages = sn_free_pages();
}

/* Returns how many more objects of a slab cache than before are no leak, because a table of the kernel keeps them. */
static uint64_t kept_in_tables(const char *cache)
{
	static const char *const tables[] = {"ip_dst_cache", "neighbour", "dentry", "inode"};

	for (unsigned int i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!strcmp(cache, tables[i]))
			return TABLE_SLACK;
	}
	return 0;
}

/* Compares the kernel's counts with those after an empty input.  sn_cache() lists slab caches in the order of their
 * creation, so a cache beyond engine.nr_caches did not exist then and had no object. */
static void check_leaks(void)
{
	const char *name;
	uint64_t live;

	for (unsigned int i = 0; !sn_cache(i, &name, &live); i++) {
		uint64_t before = i < engine.nr_caches ? engine.caches[i].live : 0;

		if (live > before + kept_in_tables(name))
			fuzz_fail("%s: %llu objects alive at the end, %llu after an empty input",
				  name, (unsigned long long)live, (unsigned long long)before);
	}
	if (sn_calls_in_flight())
		fuzz_fail("%u calls cannot be interrupted", sn_calls_in_flight());
	if (sn_threads() > engine.threads)
		fuzz_fail("%u threads at the end, %u after an empty input", sn_threads(),
			  engine.threads);
	if (sn_timers_armed() > engine.timers)
		fuzz_fail("%u timers armed at the end, %u after an empty input", sn_timers_armed(),
			  engine.timers);
	if (sn_free_pages() + PAGES_SLACK < engine.pages)
		fuzz_fail("%llu free pages at the end, %llu after an empty input",
			  (unsigned long long)sn_free_pages(), (unsigned long long)engine.pages);
}

/* Returns false if the kernel halted as the harness permits: nothing more can be checked. */
static bool check_alive(void)
{
	char text[256] = "";

	if (sn_step() == SN_HALTED) {
		const char *message = sn_panic_message();

		if (!harness_may_halt(*message ? message : NULL))
			fuzz_fail("halted, code %d: %s", sn_halt_code(), message);
		return false;
	}
	if (sn_warn_count())
		fuzz_fail("the kernel warned");
	if (sn_inspect(text, sizeof(text)))
		fuzz_fail("inconsistent fields of a connection: %s", text);
	return true;
}

/* ---- boot, and libFuzzer ---------------------------------------------------------------------- */

void fuzz_boot(const char *cmdline, const struct fuzz_option *options, unsigned int n)
{
	sn_set("mac", FUZZ_MAC);
	sn_set("ram", 16 << 20);
	for (unsigned int i = 0; i < n; i++)
		sn_set(options[i].name, options[i].value);
	if (getenv("FUZZ_ECHO"))
		sn_set("echo", 1);
	if (sn_boot(1, cmdline) && !engine.boots_itself)
		fuzz_fail("no boot");
	fuzz_sleep(10 * SEC);
}

void fuzz_boots_itself(void)
{
	engine.boots_itself = true;
}

void fuzz_leaks_permitted(void)
{
	engine.no_leaks = true;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	harness_setup();
	snapshot_take();
	if (!engine.boots_itself) {
		set_standard();
		snapshot_restore();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.at = data, .len = size};

	snapshot_restore();
	engine.nr_calls = 0;
	engine.no_leaks = false;
	harness_play(&in);
	if (!check_alive() || engine.boots_itself || engine.no_leaks)
		return 0;
	settle();
	if (check_alive())
		check_leaks();
	return 0;
}

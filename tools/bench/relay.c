/* SPDX-License-Identifier: MIT */
/*
 * relay: a narrow path between the client's tap and a guest's dgram netdev (lossy.py).  Each
 * direction has a rate, a drop-tail queue, a delay and random loss.
 *
 *   relay -f TAPFD,QEMUFD -r KBIT -q BYTES -d US -l LOSS -s SEED [-w FILE]
 *
 *   -q   bytes that may wait in the queue of one direction
 *   -d   delay of one direction, after the queue
 *   -l   lost packets in 100,000, drawn before the queue
 *   -w   writes a capture (pcap) of the headers: each frame as it arrives
 *
 * Whether a packet is lost depends only on the seed, the direction and the packet's number, so two
 * guests with one seed lose the same packets.  Frames other than IPv4 are never lost: without an
 * ARP reply there is nothing to measure.
 *
 * The relay ends at SIGTERM and prints one line of JSON. `late_us` tells whether the relay was fast
 * enough: how much later than computed frames were forwarded, as 99th percentile and maximum. One
 * thread, no locks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX   1600 /* bytes: a frame of an Ethernet MTU; longer ones are dropped and counted */
#define FRAMES_MAX  8192 /* frames in one direction, a power of two: bounds the memory */
#define BATCH       64   /* frames read from one side before due frames are forwarded */
#define CAPTURE_MAX 128  /* bytes of a frame in the capture: all headers */
#define LATE_STEP   10   /* us: the width of a bucket of late[] */
#define LATE_STEPS  10000
#define PER         100000 /* -l is a number of lost packets in this many */
#define ETH_HLEN    14
#define US          1000ull

struct frame {
	uint64_t due;
	uint16_t len;
	uint8_t data[FRAME_MAX];
};

static struct way {
	int source, sink;
	uint64_t busy_until; /* when the link has sent all frames of the queue */
	uint64_t packets;    /* IPv4 packets that arrived */
	uint64_t frames, lost, overflowed, refused, too_long;
	unsigned int head, tail;
	struct frame ring[FRAMES_MAX];
} ways[2]; /* [0]: to the guest, [1]: from it */

static uint64_t rate_kbit = 50000, queue_bytes = 125000, delay_ns, loss, seed = 1;
static uint64_t late[LATE_STEPS], late_worst;
static FILE *capture;
static volatile sig_atomic_t over;

static void end(int signal)
{
	(void)signal;
	over = 1;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Mixes the bits of x (the finalizer of splitmix64, public domain). */
static uint64_t mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static bool is_lost(struct way *w, const uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN || frame[12] != 0x08 || frame[13] != 0x00)
		return false;
	return mixed(mixed(mixed(seed) + (w - ways)) + w->packets++) % PER < loss;
}

static void capture_begin(const char *path)
{
	/* pcap with times in nanoseconds: magic, version 2.4, zone, accuracy, length limit, Ethernet */
	const uint32_t head[] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, CAPTURE_MAX, 1};

	capture = fopen(path, "wb");
	if (!capture) {
		perror(path);
		exit(2);
	}
	fwrite(head, sizeof(head), 1, capture);
}

static void capture_frame(uint64_t t, const uint8_t *data, uint32_t len)
{
	uint32_t kept = len < CAPTURE_MAX ? len : CAPTURE_MAX;
	const uint32_t head[] = {t / 1000000000, t % 1000000000, kept, len};

	if (!capture)
		return;
	fwrite(head, sizeof(head), 1, capture);
	fwrite(data, kept, 1, capture);
}

/* Puts a frame into the queue of its direction, or drops it.  @f: the slot at the head of the ring. */
static void arrived(struct way *w, struct frame *f, uint64_t t)
{
	uint64_t waiting;

	w->frames++;
	capture_frame(t, f->data, f->len);
	if (w->busy_until < t)
		w->busy_until = t;
	waiting = (w->busy_until - t) * rate_kbit / (8 * 1000 * US);
	if (is_lost(w, f->data, f->len)) {
		w->lost++;
	} else if (waiting + f->len > queue_bytes) {
		w->overflowed++;
	} else {
		w->busy_until += f->len * 8 * 1000 * US / rate_kbit;
		f->due = w->busy_until + delay_ns;
		w->head++;
	}
}

static void take(struct way *w, uint64_t t)
{
	for (int i = 0; i < BATCH && w->head - w->tail < FRAMES_MAX; i++) {
		struct frame *f = &w->ring[w->head % FRAMES_MAX];
		ssize_t n = read(w->source, f->data, sizeof(f->data));

		if (n <= 0)
			return;
		f->len = n;
		if (n == sizeof(f->data))
			w->too_long++;
		else
			arrived(w, f, t);
	}
}

/* Forwards the frames that are due.  Returns the time at which the next one is due. */
static uint64_t forward(struct way *w, uint64_t t)
{
	while (w->tail != w->head) {
		struct frame *f = &w->ring[w->tail % FRAMES_MAX];
		uint64_t by;

		if (f->due > t)
			return f->due;
		by = t - f->due;
		late_worst = by > late_worst ? by : late_worst;
		by /= LATE_STEP * US;
		late[by < LATE_STEPS ? by : LATE_STEPS - 1]++;
		if (write(w->sink, f->data, f->len) != f->len)
			w->refused++;
		w->tail++;
	}
	return UINT64_MAX;
}

static void put(const char *name, uint64_t to, uint64_t from)
{
	printf("\"%s\":[%lu,%lu],", name, to, from);
}

static void report(void)
{
	uint64_t all = 0, below = 0;
	unsigned int step = 0;

	for (int i = 0; i < LATE_STEPS; i++)
		all += late[i];
	while (step < LATE_STEPS - 1 && (below += late[step]) * 100 < all * 99)
		step++;
	printf("{");
	put("frames", ways[0].frames, ways[1].frames);
	put("lost", ways[0].lost, ways[1].lost);
	put("overflowed", ways[0].overflowed, ways[1].overflowed);
	put("refused", ways[0].refused, ways[1].refused);
	put("too_long", ways[0].too_long, ways[1].too_long);
	printf("\"late_us\":[%u,%llu]}\n", (step + 1) * LATE_STEP, late_worst / US);
}

static void option(int o)
{
	switch (o) {
	case 'f':
		if (sscanf(optarg, "%d,%d", &ways[0].source, &ways[0].sink) != 2)
			exit(2);
		break;
	case 'r':
		rate_kbit = strtoull(optarg, 0, 10);
		break;
	case 'q':
		queue_bytes = strtoull(optarg, 0, 10);
		break;
	case 'd':
		delay_ns = strtoull(optarg, 0, 10) * US;
		break;
	case 'l':
		loss = strtoull(optarg, 0, 10);
		break;
	case 's':
		seed = strtoull(optarg, 0, 10);
		break;
	case 'w':
		capture_begin(optarg);
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sigaction ends = {.sa_handler = end};
	struct pollfd p[2];
	sigset_t term, none;
	int o;

	while ((o = getopt(argc, argv, "f:r:q:d:l:s:w:")) != -1)
		option(o);
	if (!rate_kbit) {
		fprintf(stderr, "relay: -r from 1\n");
		return 2;
	}
	ways[1].source = ways[0].sink;
	ways[1].sink = ways[0].source;
	for (int i = 0; i < 2; i++)
		p[i] = (struct pollfd){.fd = ways[i].source, .events = POLLIN};
	/*
	 * Other load of the machine must not change the path.  If the priority may not be set,
	 * `late_us` shows the effect.
	 */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 2});
	prctl(PR_SET_TIMERSLACK, 1ul);
	/* SIGTERM is delivered only within ppoll(), so none is lost between the test of `over` and the wait. */
	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigaction(SIGTERM, &ends, NULL);
	while (!over) {
		uint64_t t = now(), a = forward(&ways[0], t), b = forward(&ways[1], t);
		uint64_t due = a < b ? a : b, wait;
		struct timespec limit;

		t = now();
		wait = due > t ? due - t : 0;
		limit = (struct timespec){wait / 1000000000, wait % 1000000000};
		if (ppoll(p, 2, due == UINT64_MAX ? NULL : &limit, &none) < 0 && errno != EINTR)
			break;
		t = now();
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				take(&ways[i], t);
	}
	report();
	return 0;
}

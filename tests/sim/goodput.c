/* SPDX-License-Identifier: MIT */
/*
 * Prints the table of goodput that test_sim.py compares with goodput.txt: each entry is a transfer of a
 * megabyte from one host to another, in virtual time.
 *
 * main.c calls goodput_table() for --goodput.  Only the sender's frames are lost; round trip and rate are
 * those of the whole path; "buffer" is SO_SNDBUF and SO_RCVBUF, 0 means the kernel's default.  An entry is
 * the mean of a few seeds, because a loss at the end of a transfer costs a different time than an earlier
 * one.  The rows are the congestion controls that the kernel itself names.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/sim/sim.h"

#define CONTROLS "/proc/sys/net/ipv4/tcp_available_congestion_control"

#define RATE 50000 /* kbit/s */

/* The parameters of a table. The small table is for a test; the full table is for documents and takes minutes. */
struct table {
	uint64_t transfer; /* bytes */
	unsigned int seeds;
	bool buffers; /* also has rows with small buffers, which limit any algorithm */
};
static const struct table small = {.transfer = 1000000, .seeds = 5, .buffers = true};
static const struct table full = {.transfer = 20000000, .seeds = 20};

static const unsigned int losses[] = {0, 10, 100, 300, 500, 1000, 4000}; /* of 10,000 frames */
static const unsigned int trips_ms[] = {1, 10, 50, 200};
#define NR(list) (sizeof(list) / sizeof((list)[0]))

/* Returns the goodput in kbit/s from connect() to the sender's close(); < 0: a transfer failed. */
static double goodput(const char *library, const struct table *t, const char *control,
		      unsigned int loss, unsigned int trip_ms, unsigned int buffer)
{
	struct connection_plan script = {0};
	double sum = 0;

	for (unsigned int s = 0; s < 2; s++)
		script.side[s] = (struct side_plan){.port = s,
						    .control = control,
						    .bytes = s ? 0 : t->transfer,
						    .chunk = 30000,
						    .half = true,
						    .abort_at = ~0ULL,
						    .close_at = ~0ULL,
						    .sndbuf = buffer,
						    .rcvbuf = buffer};
	for (unsigned int seed = 1; seed <= t->seeds; seed++) {
		struct plan p = {.seed = seed,
				 .kernels = 2,
				 .connections = 1,
				 .delay_us = trip_ms * 1000 / 4, /* four links a round trip */
				 .rate_kbit = RATE,
				 .queue = 1 << 24,
				 .loss = loss,
				 .sides = 1,
				 .sack = ~0ULL,
				 .every = 64,
				 .script = &script};
		struct outcome o = world_play(&p, library, NULL, NULL);

		if (o.failed) {
			fprintf(stderr, "sim: loss %u, %u ms: %s\n", loss, trip_ms, o.why);
			return -1;
		}
		sum += t->transfer * 8.0 * SEC / 1000 / o.virtual_ns;
	}
	return sum / t->seeds;
}

static bool goodput_rows(const char *library, const struct table *t, const char *control,
			 unsigned int buffer, FILE *out)
{
	for (unsigned int l = 0; l < NR(losses); l++) {
		fprintf(out, "%-10s %6u  %6.1f", control, buffer, losses[l] / 100.0);
		for (unsigned int r = 0; r < NR(trips_ms); r++) {
			double kbit = goodput(library, t, control, losses[l], trips_ms[r], buffer);

			if (kbit < 0)
				return false;
			fprintf(out, " %8.0f", kbit);
			fflush(out);
		}
		fputc('\n', out);
	}
	return true;
}

/* Reads the names of the kernel's congestion controls, with blanks between them, into @names. */
static bool read_controls(const char *library, char *names, size_t max)
{
	struct conductor *c = conductor_new(library, 1);
	struct host *h = c ? conductor_host(c, "app=none") : NULL;
	int64_t fd, n = -1;

	if (h) {
		fd = host_call(h, SYS_open, (intptr_t)CONTROLS, O_RDONLY, 0, 0, 0, 0);
		n = host_call(h, SYS_read, fd, (intptr_t)names, max - 1, 0, 0, 0);
		names[n > 0 ? n : 0] = '\0';
	}
	if (c)
		conductor_free(c);
	if (n <= 0)
		fprintf(stderr, "sim: %s cannot be read\n", CONTROLS);
	return n > 0;
}

int goodput_table(const char *library, bool all, const char *only, FILE *out)
{
	const struct table *t = all ? &full : &small;
	char names[256];

	if (!read_controls(library, names, sizeof(names)))
		return 2;
	fprintf(out,
		"# Goodput in kbit/s, of links of %u kbit/s: %llu MB, mean of %u seeds, in\n"
		"# virtual time.  `tests/sim/run --goodput%s` prints it.\n"
		"# control  buffer  loss %%",
		RATE, (unsigned long long)t->transfer / 1000000, t->seeds, all ? "-full" : "");
	for (unsigned int r = 0; r < NR(trips_ms); r++)
		fprintf(out, " %5u ms", trips_ms[r]);
	fputc('\n', out);
	for (const char *name = strtok(names, " \n"); name; name = strtok(NULL, " \n")) {
		if ((!only || !strcmp(only, name)) && !goodput_rows(library, t, name, 0, out))
			return 1;
	}
	if (!only && t->buffers && !goodput_rows(library, t, "reno", 32768, out))
		return 1;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Prints the table of goodput that test_sim.py compares with goodput.txt: each entry is a transfer of a
 * megabyte from one host to another, in virtual time.
 *
 * goodput_table() <- main.c (--goodput).  Only the sender's frames are lost; round trip and rate are those
 * of the whole path; "buffer" is SO_SNDBUF and SO_RCVBUF, 0 means the kernel's default.  An entry is the
 * mean of a few seeds, because a loss at the end of a transfer costs a different time than an earlier one.
 */
#include <stdlib.h>

#include "tests/sim/sim.h"

#define RATE 50000 /* kbit/s */

/* The parameters of a table. The small table is for a test; the full table is for documents and takes minutes. */
struct table {
	uint64_t transfer; /* bytes */
	unsigned int seeds;
	bool buffers; /* also has rows with small buffers, which limit any algorithm */
};
static const struct table small = {.transfer = 1000000, .seeds = 5, .buffers = true};
static const struct table full = {.transfer = 20000000, .seeds = 20};

static const unsigned int losses[] = {0, 10, 100, 300, 1000}; /* of 10,000 frames */
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
		}
		fputc('\n', out);
		fflush(out);
	}
	return true;
}

int goodput_table(const char *library, bool all, FILE *out)
{
	const struct table *t = all ? &full : &small;

	fprintf(out,
		"# Goodput in kbit/s, of links of %u kbit/s: %llu MB, mean of %u seeds, in\n"
		"# virtual time.  `tests/sim/run --goodput%s` prints it.\n"
		"# control  buffer  loss %%",
		RATE, (unsigned long long)t->transfer / 1000000, t->seeds, all ? "-full" : "");
	for (unsigned int r = 0; r < NR(trips_ms); r++)
		fprintf(out, " %5u ms", trips_ms[r]);
	fputc('\n', out);
	for (unsigned int c = 0; sim_controls[c]; c++) {
		if (!goodput_rows(library, t, sim_controls[c], 0, out))
			return 1;
	}
	if (t->buffers && !goodput_rows(library, t, "reno", 32768, out))
		return 1;
	return 0;
}

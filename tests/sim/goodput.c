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

#define TRANSFER 1000000 /* bytes */
#define SEEDS    5
#define RATE     50000 /* kbit/s */

static const unsigned int losses[] = {0, 10, 100, 300, 1000}; /* of 10,000 frames */
static const unsigned int trips_ms[] = {1, 10, 50, 200};
static const unsigned int buffers[] = {0, 32768};
#define NR(list) (sizeof(list) / sizeof((list)[0]))

/* Returns the goodput in kbit/s from connect() to the sender's close(); < 0: a transfer failed. */
static double goodput(const char *library, unsigned int loss, unsigned int trip_ms,
		      unsigned int buffer)
{
	struct connection_plan script = {0};
	double sum = 0;

	for (unsigned int s = 0; s < 2; s++)
		script.side[s] = (struct side_plan){.port = s,
						    .bytes = s ? 0 : TRANSFER,
						    .chunk = 30000,
						    .half = true,
						    .abort_at = ~0ULL,
						    .close_at = ~0ULL,
						    .sndbuf = buffer,
						    .rcvbuf = buffer};
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
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
		sum += TRANSFER * 8.0 * SEC / 1000 / o.virtual_ns;
	}
	return sum / SEEDS;
}

int goodput_table(const char *library, FILE *out)
{
	fprintf(out,
		"# Goodput in kbit/s, of links of %u kbit/s: a megabyte, mean of %u seeds, in\n"
		"# virtual time.  `tests/sim/run --goodput` prints it.\n"
		"# control  buffer  loss %%",
		RATE, SEEDS);
	for (unsigned int t = 0; t < NR(trips_ms); t++)
		fprintf(out, " %5u ms", trips_ms[t]);
	fputc('\n', out);
	for (unsigned int b = 0; b < NR(buffers); b++) {
		for (unsigned int l = 0; l < NR(losses); l++) {
			fprintf(out, "reno       %6u  %6.1f", buffers[b], losses[l] / 100.0);
			for (unsigned int t = 0; t < NR(trips_ms); t++) {
				double kbit = goodput(library, losses[l], trips_ms[t], buffers[b]);

				if (kbit < 0)
					return 1;
				fprintf(out, " %8.0f", kbit);
			}
			fputc('\n', out);
		}
	}
	return 0;
}

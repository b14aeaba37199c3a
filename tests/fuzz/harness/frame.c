/* SPDX-License-Identifier: MIT */
/*
 * One raw frame, as a device receives it, at a host with a listener and an established connection.
 *
 * The first byte of an input says how its frame is changed: see enum how.  Callers, context: engine.c.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"

enum how {
	RAW = 0,         /* as it is */
	MEND_SUMS = 1,   /* with right checksums and lengths */
	TWICE = 2,       /* the frame comes twice, before the kernel runs */
	KEEP_LENGTH = 4, /* MEND_SUMS, but IP's length is that of the input */
};

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
}

void harness_play(struct input *in)
{
	static uint8_t frame[2048];
	uint8_t how = take8(in);
	size_t len = take_bytes(in, frame, sizeof(frame));

	if (!len)
		return;
	if (how & MEND_SUMS)
		wire_mend(frame, len, how & KEEP_LENGTH);
	fuzz_put(frame, len);
	if (how & TWICE)
		fuzz_put(frame, len);
	fuzz_run();
	fuzz_sleep(1 * SEC);
}

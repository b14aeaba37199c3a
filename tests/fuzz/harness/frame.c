/* SPDX-License-Identifier: MIT */
/*
 * Each input is one raw frame, which arrives at a host with a listener and established connections.
 *
 * The first byte of an input says how its frame is changed (enum how).  Callers and context: see engine.c.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"

enum how {
	RAW = 0,         /* the frame is not changed */
	MEND_SUMS = 1,   /* checksums and lengths are corrected */
	TWICE = 2,       /* the frame arrives twice before the kernel runs */
	KEEP_LENGTH = 4, /* MEND_SUMS does not change IP's length */
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

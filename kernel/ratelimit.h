/* SPDX-License-Identifier: MIT */
/*
 * A limit for log lines whose cause a device or a peer can repeat at will.
 *
 * The caller serialises calls with one struct ratelimit.  Any context.  Linux's lib/ratelimit.c.
 */
#ifndef KERNEL_RATELIMIT_H
#define KERNEL_RATELIMIT_H

#include "kernel/types.h"

struct ratelimit {
	u64 begin_ns;       /* of the interval; 0: none yet */
	unsigned int lines; /* allowed in it */
	u64 withheld;       /* lines since the last report of them */
};

/*
 * Returns true if one more line may be logged: at most LOG_BURST_LINES in LOG_BURST_MS.  If lines
 * were withheld, the next call that returns true first logs their number, in a line that begins
 * with @name.
 */
bool ratelimit_allows(struct ratelimit *limit, const char *name);

#endif

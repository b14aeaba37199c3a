/* SPDX-License-Identifier: MIT */
/*
 * A limit for the rate of log lines that a device or a peer can cause as often as it wants.
 *
 * The caller serialises calls with one struct ratelimit.  Any context.  Compare Linux's
 * lib/ratelimit.c.
 */
#ifndef KERNEL_RATELIMIT_H
#define KERNEL_RATELIMIT_H

#include "kernel/types.h"

struct ratelimit {
	u64 begin_ns;       /* ns: when the present interval began; 0: no interval has begun */
	unsigned int lines; /* lines logged so far in the present interval */
	u64 withheld;       /* lines suppressed since suppressed lines were last reported */
};

/*
 * Returns true if the caller may log one more line: at most LOG_BURST_LINES are allowed in
 * LOG_BURST_MS.  The first allowed call after others were refused also logs how many were refused,
 * in a line that begins with @name.
 */
bool ratelimit_allows(struct ratelimit *limit, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A limit for the rate of log lines that a device or a peer can cause as often as it wants.
 *
 * ratelimit_allows() <- drivers, before a line of that kind.  Any context; the caller serialises
 * calls with one struct ratelimit.  Compare Linux's lib/ratelimit.c.
 */
#include "kernel/ratelimit.h"

#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"

bool ratelimit_allows(struct ratelimit *limit, const char *name)
{
	u64 now = ktime_get_ns();

	if (!limit->begin_ns || now - limit->begin_ns >= LOG_BURST_MS * NSEC_PER_MSEC) {
		if (limit->withheld)
			pr_warn("%s: %llu lines like the next were withheld", name,
				(unsigned long long)limit->withheld);
		*limit = (struct ratelimit){.begin_ns = now};
	}
	if (limit->lines == LOG_BURST_LINES) {
		limit->withheld++;
		return false;
	}
	limit->lines++;
	return true;
}

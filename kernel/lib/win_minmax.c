/* SPDX-License-Identifier: MIT */
/*
 * The minimum or maximum of a sliding window, from three samples.
 *
 * minmax_running_min() <- tcp_ack_update_rtt(): the least round-trip time.
 *
 * Of all samples since s[0].t, s[0] is the best: a better one replaces all three.  When s[0] is
 * older than the window, s[1] takes its place, and then s[2].  So s[1] and s[2] must be good samples
 * of later times: a sample that is better than one of them replaces it, and as time passes without
 * such a sample, s[1] is taken from the second quarter of the window and s[2] from the second half.
 * Any context; no lock.  Corresponds to Linux's lib/win_minmax.c.
 */
#include "kernel/lib/win_minmax.h"

static u32 minmax_update(struct minmax *m, u32 win, struct minmax_sample new,
			 bool (*as_good)(u32 a, u32 b))
{
	struct minmax_sample *s = m->s;
	u32 age;

	/* All samples are older than the window if the last is. */
	if (as_good(new.v, s[0].v) || new.t - s[2].t > win) {
		minmax_reset(m, new.t, new.v);
		return new.v;
	}
	if (as_good(new.v, s[1].v))
		s[1] = s[2] = new;
	else if (as_good(new.v, s[2].v))
		s[2] = new;

	age = new.t - s[0].t;
	for (int i = 0; i < 2 && new.t - s[0].t > win; i++) {
		s[0] = s[1];
		s[1] = s[2];
		s[2] = new;
	}
	/* Equal times: the sample is still only a copy of the one before it. */
	if (age <= win) {
		if (s[1].t == s[0].t && age > win / 4)
			s[1] = s[2] = new;
		else if (s[2].t == s[1].t && age > win / 2)
			s[2] = new;
	}
	return s[0].v;
}

static bool at_least(u32 a, u32 b)
{
	return a >= b;
}

static bool at_most(u32 a, u32 b)
{
	return a <= b;
}

u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 v)
{
	return minmax_update(m, win, (struct minmax_sample){.t = t, .v = v}, at_least);
}

u32 minmax_running_min(struct minmax *m, u32 win, u32 t, u32 v)
{
	return minmax_update(m, win, (struct minmax_sample){.t = t, .v = v}, at_most);
}

/* SPDX-License-Identifier: MIT */
/*
 * The minimum or maximum of a sliding window, from three samples.
 *
 * minmax_running_min() <- tcp_ack_update_rtt(): the least round-trip time.
 * minmax_running_max() <- tcp_bbr.c: the bandwidth.
 *
 * The result is s[0], the best of all samples since s[0].t: a sample that is as good or better
 * replaces all three.  When s[0] is older than the window, s[1] replaces it, and s[2] replaces
 * s[1]. So s[1] and s[2] must be good samples that are newer than s[0]. A new sample that is at
 * least as good as s[1] or s[2] replaces it.  If no such sample comes, s[1] is taken when a quarter
 * of the window has passed since s[0].t, and s[2] when half of it has passed.  Any context; no
 * lock.  Compare Linux's lib/win_minmax.c.
 */
#include "kernel/lib/win_minmax.h"

static u32 minmax_update(struct minmax *m, u32 win, struct minmax_sample new,
			 bool (*as_good)(u32 a, u32 b))
{
	struct minmax_sample *s = m->s;
	u32 age;

	/* s[2] is the newest: if it is older than the window, all three are. */
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
	/* Two samples with the same time are copies: replace the second by the new sample. */
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

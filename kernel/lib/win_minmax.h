/* SPDX-License-Identifier: MIT */
/*
 * The minimum or maximum of the samples of a sliding window of time, from three samples only
 * (Kathleen Nichols' algorithm).
 *
 * The result is a sample in the window, and no later sample is better.  A sample that is better
 * than the result becomes the result, and remains the result for the whole window unless a better
 * one comes. Of the other samples only two are kept.  When the result becomes older than the
 * window, one of these two replaces it.  A better sample may have been dropped, so the new result
 * may be worse than the true one for a while.  An update costs a few comparisons, independent of
 * the number of samples.  The caller holds the lock that protects the struct.  The names are those
 * of Linux's include/linux/win_minmax.h.
 */
#ifndef KERNEL_LIB_WIN_MINMAX_H
#define KERNEL_LIB_WIN_MINMAX_H

#include "kernel/types.h"

struct minmax_sample {
	u32 t; /* time of the sample, in the caller's unit; may wrap */
	u32 v;
};
struct minmax {
	/* the result, then two newer samples, in the order of their times */
	struct minmax_sample s[3];
};

static inline u32 minmax_get(const struct minmax *m)
{
	return m->s[0].v;
}
/* Forgets all samples but this one. */
static inline void minmax_reset(struct minmax *m, u32 t, u32 v)
{
	m->s[0] = m->s[1] = m->s[2] = (struct minmax_sample){.t = t, .v = v};
}
/* Adds the sample @v of time @t; returns the maximum or minimum of the last @win units of time. */
u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 v);
u32 minmax_running_min(struct minmax *m, u32 win, u32 t, u32 v);

#endif

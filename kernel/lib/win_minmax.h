/* SPDX-License-Identifier: MIT */
/*
 * The minimum or maximum of the samples of a sliding window of time, from three samples only
 * (Kathleen Nichols' algorithm).
 *
 * The result is the best of all samples since its own time, which is in the window.  A sample that is
 * better than the result when it arrives is kept for the whole window; of worse ones, only the best
 * of later times are known when the result becomes too old, so the result may then be too bad for a
 * while.  An update costs a few comparisons, whatever the number of samples.  No lock: the caller's.  The names are those of Linux's include/linux/win_minmax.h.
 */
#ifndef KERNEL_LIB_WIN_MINMAX_H
#define KERNEL_LIB_WIN_MINMAX_H

#include "kernel/types.h"

struct minmax_sample {
	u32 t; /* time of the sample, in the caller's unit; may wrap */
	u32 v;
};
struct minmax {
	struct minmax_sample s[3]; /* the best, and the best two of later times; t never falls */
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

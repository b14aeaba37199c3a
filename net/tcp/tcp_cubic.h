/* SPDX-License-Identifier: MIT */
/*
 * The state of CUBIC in a socket, and its arithmetic, for tcp_cubic.c and its unit test.
 */
#ifndef NET_TCP_TCP_CUBIC_H
#define NET_TCP_TCP_CUBIC_H

#include "net/tcp/tcp_cong.h"

/* The variables of a stage before the last reduction, for the case that it was spurious. */
struct cubic_undo {
	u64 w_est;
	u32 w_max, cwnd_prior, epoch_start, k, origin;
	bool in_stage;
};

/* Windows in segments, times in jiffies (ms), unless the name says another unit. */
struct cubic {
	u64 w_est;      /* estimate of Reno's window, << 16 */
	u32 w_max;      /* window at the last loss, after fast convergence; 0: not known */
	u32 cwnd_prior; /* window at the last loss */
	u32 epoch_start; /* when the stage began; moved on by the time in which cwnd was not the limit */
	u32 k;           /* time from epoch_start to the plateau of the cubic function */
	u32 origin;      /* window of the plateau */
	u32 last_time; /* of the last ACK */

	/* HyStart: a round is the time until the data in flight at its begin is acknowledged */
	u32 delay_min_us;   /* least round-trip time of all; 0: none yet */
	u32 round_start;    /* us: begin of the round */
	u32 last_ack;       /* us: last ACK of the round's train */
	u32 round_end;      /* sequence number */
	u32 round_rtt_us;   /* least round-trip time of this round */
	u8 samples;         /* of round_rtt_us */
	bool hystart_found; /* slow start is over */
	bool in_stage;      /* congestion avoidance has begun */
	struct cubic_undo undo;
};
BUILD_BUG_ON(sizeof(struct cubic) > ICSK_CA_PRIV_SIZE);

u32 cubic_root(u64 x);
s64 cubic_window_fp(const struct cubic *c, s64 t);

#endif

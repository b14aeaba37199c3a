/* SPDX-License-Identifier: MIT */
/*
 * The state of CUBIC in a socket, and its arithmetic, for tcp_cubic.c and its unit test.
 */
#ifndef NET_TCP_TCP_CUBIC_H
#define NET_TCP_TCP_CUBIC_H

#include "net/tcp/tcp_cong.h"

/* Copies of fields of struct cubic from before the last reduction; an undo of the reduction restores them. */
struct cubic_undo {
	u64 w_est;
	u32 w_max, cwnd_prior, epoch_start, k, origin;
	bool in_stage;
};

/* Windows are in segments, times in jiffies (ms); a name that ends in _us is in microseconds. */
struct cubic {
	u64 w_est;      /* estimate of Reno's window, << 16 */
	u32 w_max;      /* window at the last loss, after fast convergence; 0: not known */
	u32 cwnd_prior; /* window at the last loss */
	u32 epoch_start; /* beginning of the stage, plus all periods in which cwnd was not the limit */
	u32 k;           /* time from epoch_start to the plateau of the cubic function */
	u32 origin;      /* window of the plateau */
	u32 last_time; /* when the last ACK arrived */

	/* HyStart: a round is the time until the data in flight at its beginning is acknowledged */
	u32 delay_min_us; /* least round-trip time since the last timeout; 0: none yet */
	u32 round_start;  /* us: beginning of the round */
	u32 last_ack;     /* us: when the last ACK of the round's train arrived */
	u32 round_end;    /* sequence number: an ACK beyond it ends the round */
	u32 round_rtt_us; /* least round-trip time of this round */
	u8 samples;       /* round-trip times measured in this round, at most HYSTART_MIN_SAMPLES */
	bool hystart_found; /* slow start is over */
	bool in_stage;      /* congestion avoidance has begun */
	struct cubic_undo undo;
};
BUILD_BUG_ON(sizeof(struct cubic) > ICSK_CA_PRIV_SIZE);

u32 cubic_root(u64 x);
s64 cubic_window_fp(const struct cubic *c, s64 t);

#endif

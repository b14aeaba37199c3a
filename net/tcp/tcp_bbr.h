/* SPDX-License-Identifier: MIT */
/*
 * The state of BBR in a socket, for tcp_bbr.c and its unit test.
 *
 * Bandwidths are segments per microsecond << BW_SCALE, gains have BBR_SCALE binary places.
 */
#ifndef NET_TCP_TCP_BBR_H
#define NET_TCP_TCP_BBR_H

#include "net/tcp/tcp_cong.h"

#define BW_SCALE  24
#define BW_UNIT   (1ull << BW_SCALE)
#define BBR_SCALE 8
#define BBR_UNIT  (1u << BBR_SCALE)

enum bbr_mode {
	BBR_STARTUP, /* the rate doubles each round, until the bandwidth grows no more */
	BBR_DRAIN,   /* the queue that STARTUP has built is drained */
	BBR_PROBE_BW, /* the rate is the bandwidth, but higher in phase 0 of 8 and lower in phase 1 */
	BBR_PROBE_RTT /* few segments in flight, so that the queue empties and min_rtt can be measured */
};

struct bbr {
	struct minmax bw; /* the largest bandwidth of the last BBR_BW_ROUNDS rounds */
	u32 min_rtt_us;
	u32 min_rtt_stamp;      /* jiffies: when min_rtt_us was measured */
	u32 probe_rtt_done;     /* jiffies: end of PROBE_RTT; 0: its 200 ms have not begun */
	u64 cycle_mstamp;       /* ns: beginning of the phase of PROBE_BW */
	u32 next_rtt_delivered; /* the round ends when prior_delivered is at least this */
	u32 round_count;        /* rounds until now */
	u32 prior_cwnd;         /* window before recovery or PROBE_RTT */
	u32 full_bw;            /* bandwidth at the last growth in STARTUP */
	u32 lt_bw;              /* rate of the last interval; with lt_use_bw: the policer's rate */
	u32 lt_last_delivered;  /* tp->delivered at the beginning of the sampling interval */
	u32 lt_last_lost;       /* tp->lost at the beginning of the sampling interval */
	u32 lt_last_stamp;      /* ms: beginning of the sampling interval */
	u16 pacing_gain, cwnd_gain;
	u8 mode : 2; /* enum bbr_mode */
	u8 prev_ca_state : 3;
	u8 packet_conservation : 1; /* first round of recovery: send only as much as is delivered */
	u8 round_start : 1;         /* this ACK begins a round */
	u8 idle_restart : 1;        /* data is sent after an idle time */
	u8 probe_rtt_round_done : 1;
	u8 cycle_idx : 3;     /* phase of PROBE_BW */
	u8 full_bw_count : 2; /* rounds without growth in STARTUP */
	u8 full_bw_reached : 1;
	u8 has_seen_rtt : 1;
	u8 lt_is_sampling : 1, lt_use_bw : 1;
	u8 lt_rtt_cnt : 7; /* rounds of the sampling interval */
};
BUILD_BUG_ON(sizeof(struct bbr) > ICSK_CA_PRIV_SIZE);

#define BBR_MIN_CWND 4 /* segments: with fewer, delayed ACKs would stop the sender */

/* ---- tcp_bbr.c ----------------------------------------------------------------------------------- */
void bbr_enter_probe_bw(struct sock *sk);

/* ---- tcp_bbr_cwnd.c ------------------------------------------------------------------------------ */
u32 bbr_min_tso_segs(struct sock *sk);
/* Returns the number of segments that may be in flight at the bandwidth @bw, times @gain. */
u32 bbr_inflight(struct sock *sk, u32 bw, u32 gain);
void bbr_save_cwnd(struct sock *sk);
void bbr_set_cwnd(struct sock *sk, const struct rate_sample *rs, u32 bw, u32 gain);

#endif

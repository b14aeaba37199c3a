/* SPDX-License-Identifier: MIT */
/*
 * BBR, version 1: a congestion control that builds a model of the path from delivery rates and round-trip times,
 * and sends at the rate of the bottleneck, so that its queue stays short.  A loss alone does not lower the rate.
 *
 *   tcp_cong_control (tcp_ack.c) -> bbr_main                      each ACK
 *     -> bbr_update_bw -> bbr_lt_bw_sampling (tcp_bbr_lt.c)
 *     -> bbr_update_cycle_phase, bbr_check_full_bw, bbr_check_drain, bbr_update_min_rtt
 *     -> bbr_set_pacing_rate, bbr_set_cwnd (tcp_bbr_cwnd.c)
 *   tcp_recovery.c -> bbr_set_state, bbr_ssthresh, bbr_undo_cwnd
 *
 * The model has two parameters: bw, the largest delivery rate of ten rounds, and min_rtt, the least round-trip
 * time of ten seconds.  Their product, the BDP, is the amount of data that the path holds without a queue.
 *
 *   STARTUP    pacing gain 2.89 (2/ln 2): the rate doubles each round, until three rounds together raise the
 *              bandwidth by less than 25 %
 *   DRAIN      pacing gain 1/2.89, until no more than the BDP is in flight
 *   PROBE_BW   eight phases of one min_rtt: the first, with gain 5/4, probes for more bandwidth, the second, with
 *              gain 3/4, drains the queue, the other six have gain 1
 *   PROBE_RTT  when min_rtt is ten seconds old: four segments in flight for 200 ms, to measure it again
 *
 * The pacing rate controls the sending (tcp_pacing.c); the window, twice the BDP, only stops a
 * sender whose ACKs do not come. If two intervals have many losses and the same delivery rate, BBR
 * assumes a policer that drops all data above that rate, and sends at that rate (tcp_bbr_lt.c).
 *
 * The caller owns the socket, or holds its bh lock while no thread owns it.  Cardwell and others, "BBR:
 * Congestion-Based Congestion Control" (2016); draft-cardwell-iccrg-bbr-congestion-control-00. Compare Linux's
 * tcp_bbr.c.
 */
#include "kernel/lib/random.h"
#include "net/core/limits.h"
#include "net/tcp/tcp_bbr.h"
#include "net/tcp/tcp_bbr_lt.h"
#include "net/tcp/tcp_send.h"

#define BBR_BW_ROUNDS      10 /* window of the bandwidth filter, in rounds */
#define BBR_MIN_RTT_WIN    (10 * HZ)
#define BBR_PROBE_RTT_TIME (200 * HZ / 1000)
#define BBR_FULL_BW_ROUNDS 3
#define BBR_PACING_MARGIN  1 /* percent below the bandwidth, so that no queue remains */

#define BBR_HIGH_GAIN  (BBR_UNIT * 2885 / 1000 + 1)
#define BBR_DRAIN_GAIN (BBR_UNIT * 1000 / 2885)
#define BBR_CWND_GAIN  (BBR_UNIT * 2)
static const u16 bbr_cycle[] = {BBR_UNIT * 5 / 4, BBR_UNIT * 3 / 4, BBR_UNIT, BBR_UNIT,
				BBR_UNIT,         BBR_UNIT,         BBR_UNIT, BBR_UNIT};
#define BBR_PHASES (sizeof(bbr_cycle) / sizeof(bbr_cycle[0]))

/* ---- the model as windows and rates -------------------------------------------------------------- */

static u32 bbr_bw(const struct bbr *b)
{
	return b->lt_use_bw ? b->lt_bw : minmax_get(&b->bw);
}

/* Returns the rate in bytes/s. */
static u64 bbr_rate(const struct sock *sk, u64 bw, u32 gain)
{
	u64 rate = bw * tcp_sk(sk)->mss_cache * gain >> BBR_SCALE;

	return rate * (USEC_PER_SEC / 100 * (100 - BBR_PACING_MARGIN)) >> BW_SCALE;
}

/*
 * Sets the rate to use before the first sample of the bandwidth: one window for each round trip, times the gain of
 * STARTUP.  An unknown round-trip time counts as a millisecond.
 */
static void bbr_init_pacing_rate(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 rtt_us = USEC_PER_SEC / 1000;

	if (tp->srtt_us) {
		rtt_us = max(tp->srtt_us >> 3, 1u);
		b->has_seen_rtt = 1;
	}
	sk->sk_pacing_rate = min(bbr_rate(sk, tp->snd_cwnd * BW_UNIT / rtt_us, BBR_HIGH_GAIN),
				 sk->sk_max_pacing_rate);
}

/* Sets the pacing rate.  In STARTUP the rate never falls, because the first samples are too small. */
static void bbr_set_pacing_rate(struct sock *sk, u32 bw, u32 gain)
{
	struct bbr *b = inet_csk_ca(sk);
	u64 rate = min(bbr_rate(sk, bw, gain), sk->sk_max_pacing_rate);

	if (!b->has_seen_rtt && tcp_sk(sk)->srtt_us)
		bbr_init_pacing_rate(sk);
	if (b->full_bw_reached || rate > sk->sk_pacing_rate)
		sk->sk_pacing_rate = rate;
}

/* ---- PROBE_BW ------------------------------------------------------------------------------------ */

/*
 * A phase lasts one min_rtt. The phase with gain 5/4 continues until 5/4 of the BDP is in flight or
 * a loss occurs, because a phase with less data in flight does not probe the path. The phase with
 * gain 3/4 also ends as soon as the queue is empty.
 */
static bool bbr_phase_is_over(struct sock *sk, const struct rate_sample *rs)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct bbr *b = inet_csk_ca(sk);
	bool over = tp->delivered_mstamp - b->cycle_mstamp > (u64)b->min_rtt_us * NSEC_PER_USEC;
	u32 bw = minmax_get(&b->bw);

	if (b->pacing_gain == BBR_UNIT || b->lt_use_bw)
		return over;
	if (b->pacing_gain > BBR_UNIT)
		return over &&
		       (rs->losses || rs->prior_in_flight >= bbr_inflight(sk, bw, b->pacing_gain));
	return over || rs->prior_in_flight <= bbr_inflight(sk, bw, BBR_UNIT);
}

static void bbr_next_phase(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	b->cycle_idx = (b->cycle_idx + 1) % BBR_PHASES;
	b->cycle_mstamp = tcp_sk(sk)->delivered_mstamp;
}

static void bbr_update_cycle_phase(struct sock *sk, const struct rate_sample *rs)
{
	const struct bbr *b = inet_csk_ca(sk);

	if (b->mode == BBR_PROBE_BW && bbr_phase_is_over(sk, rs))
		bbr_next_phase(sk);
}

/*
 * Begins PROBE_BW in a random phase, so that flows that start together probe at different times.  The phase with gain
 * 3/4 is never the first.
 */
void bbr_enter_probe_bw(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	b->mode = BBR_PROBE_BW;
	b->cycle_idx = BBR_PHASES - 1 - prandom_u32_max(BBR_PHASES - 1);
	bbr_next_phase(sk);
}

/* ---- the model ----------------------------------------------------------------------------------- */

/* A round ends when a segment that was sent in it is delivered. */
static void bbr_update_round(const struct tcp_sock *tp, struct bbr *b, const struct rate_sample *rs)
{
	if (before(rs->prior_delivered, b->next_rtt_delivered))
		return;
	b->next_rtt_delivered = tp->delivered;
	b->round_count++;
	b->round_start = 1;
	b->packet_conservation = 0;
}

/* A sample that the application limited may be below the path's bandwidth, so it counts only if it is the largest. */
static void bbr_update_bw(struct sock *sk, const struct rate_sample *rs)
{
	struct bbr *b = inet_csk_ca(sk);
	u64 bw;

	b->round_start = 0;
	if (rs->delivered < 0 || rs->interval_us <= 0)
		return;
	bbr_update_round(tcp_sk(sk), b, rs);
	bbr_lt_bw_sampling(sk, rs);
	bw = (u64)rs->delivered * BW_UNIT / rs->interval_us;
	if (!rs->is_app_limited || bw >= minmax_get(&b->bw))
		minmax_running_max(&b->bw, BBR_BW_ROUNDS, b->round_count, min_t(u64, bw, ~0u));
}

/* If the bandwidth grew by less than a quarter in three rounds, the path is full: STARTUP ends. */
static void bbr_check_full_bw(struct bbr *b, const struct rate_sample *rs)
{
	if (b->full_bw_reached || !b->round_start || rs->is_app_limited)
		return;
	if (minmax_get(&b->bw) >= (u64)b->full_bw * 5 / 4) {
		b->full_bw = minmax_get(&b->bw);
		b->full_bw_count = 0;
		return;
	}
	b->full_bw_reached = ++b->full_bw_count >= BBR_FULL_BW_ROUNDS;
}

static void bbr_check_drain(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);
	u32 bdp = bbr_inflight(sk, minmax_get(&b->bw), BBR_UNIT);

	if (b->mode == BBR_STARTUP && b->full_bw_reached) {
		b->mode = BBR_DRAIN;
		tcp_sk(sk)->snd_ssthresh = bdp;
	}
	if (b->mode == BBR_DRAIN && tcp_packets_in_flight(tcp_sk(sk)) <= bdp)
		bbr_enter_probe_bw(sk);
}

/* PROBE_RTT lasts at least 200 ms and one round, from the moment when no more than four segments are in flight. */
static void bbr_probe_rtt(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	/* The small window limits the rate now, so mark the samples as limited by the application. */
	tp->app_limited = max(tp->delivered + in_flight, 1u);
	if (!b->probe_rtt_done) {
		if (in_flight > BBR_MIN_CWND)
			return;
		b->probe_rtt_done = max(tcp_jiffies32 + BBR_PROBE_RTT_TIME, 1u);
		b->probe_rtt_round_done = 0;
		b->next_rtt_delivered = tp->delivered;
		return;
	}
	b->probe_rtt_round_done |= b->round_start;
	if (!b->probe_rtt_round_done || !after(tcp_jiffies32, b->probe_rtt_done))
		return;
	b->min_rtt_stamp = tcp_jiffies32;
	tp->snd_cwnd = max(tp->snd_cwnd, b->prior_cwnd);
	if (b->full_bw_reached)
		bbr_enter_probe_bw(sk);
	else
		b->mode = BBR_STARTUP;
}

static void bbr_update_min_rtt(struct sock *sk, const struct rate_sample *rs)
{
	struct bbr *b = inet_csk_ca(sk);
	bool old = after(tcp_jiffies32, b->min_rtt_stamp + BBR_MIN_RTT_WIN);

	/* When the minimum is outdated, a delayed ACK must not set the new minimum. */
	if (rs->rtt_us >= 0 && ((u32)rs->rtt_us < b->min_rtt_us || (old && !rs->is_ack_delayed))) {
		b->min_rtt_us = rs->rtt_us;
		b->min_rtt_stamp = tcp_jiffies32;
	}
	/* After an idle time the queue is empty, so PROBE_RTT is not needed. */
	if (old && !b->idle_restart && b->mode != BBR_PROBE_RTT) {
		bbr_save_cwnd(sk);
		b->mode = BBR_PROBE_RTT;
		b->probe_rtt_done = 0;
	}
	if (b->mode == BBR_PROBE_RTT)
		bbr_probe_rtt(sk);
	if (rs->delivered > 0)
		b->idle_restart = 0;
}

static void bbr_update_gains(struct bbr *b)
{
	switch ((enum bbr_mode)b->mode) {
	case BBR_STARTUP:
		b->pacing_gain = b->cwnd_gain = BBR_HIGH_GAIN;
		break;
	case BBR_DRAIN:
		b->pacing_gain = BBR_DRAIN_GAIN;
		b->cwnd_gain = BBR_HIGH_GAIN;
		break;
	case BBR_PROBE_BW:
		b->pacing_gain = b->lt_use_bw ? BBR_UNIT : bbr_cycle[b->cycle_idx];
		b->cwnd_gain = BBR_CWND_GAIN;
		break;
	case BBR_PROBE_RTT:
		b->pacing_gain = b->cwnd_gain = BBR_UNIT;
		break;
	}
}

static void bbr_main(struct sock *sk, const struct rate_sample *rs)
{
	struct bbr *b = inet_csk_ca(sk);
	u32 bw;

	bbr_update_bw(sk, rs);
	bbr_update_cycle_phase(sk, rs);
	bbr_check_full_bw(b, rs);
	bbr_check_drain(sk);
	bbr_update_min_rtt(sk, rs);
	bbr_update_gains(b);

	bw = bbr_bw(b);
	bbr_set_pacing_rate(sk, bw, b->pacing_gain);
	bbr_set_cwnd(sk, rs, bw, b->cwnd_gain);
}

/* ---- the beginning, events ----------------------------------------------------------------------- */

static void bbr_init(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);

	*b = (struct bbr){.min_rtt_us = tcp_min_rtt(tp),
			  .min_rtt_stamp = tcp_jiffies32,
			  .next_rtt_delivered = tp->delivered,
			  .prev_ca_state = TCP_CA_Open,
			  .mode = BBR_STARTUP,
			  .pacing_gain = BBR_HIGH_GAIN,
			  .cwnd_gain = BBR_HIGH_GAIN};
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	bbr_lt_reset_interval(tp, b);
	bbr_init_pacing_rate(sk);
	sk->sk_pacing_status = SK_PACING_NEEDED;
}

/*
 * Data is sent after an idle time: sets the rate to the estimated bandwidth, so that the data is not sent in a
 * burst.
 */
static void bbr_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	struct bbr *b = inet_csk_ca(sk);

	if (event != CA_EVENT_TX_START || !tcp_sk(sk)->app_limited)
		return;
	b->idle_restart = 1;
	b->cycle_mstamp = tcp_sk(sk)->tcp_mstamp;
	if (b->mode == BBR_PROBE_BW)
		bbr_set_pacing_rate(sk, bbr_bw(b), BBR_UNIT);
}

static u32 bbr_ssthresh(struct sock *sk)
{
	bbr_save_cwnd(sk);
	return tcp_sk(sk)->snd_ssthresh;
}

/*
 * The loss was spurious: restarts the measurements that the loss may have disturbed. cwnd stays:
 * bbr_set_cwnd() restores it after the recovery.
 */
static u32 bbr_undo_cwnd(struct sock *sk)
{
	struct bbr *b = inet_csk_ca(sk);

	b->full_bw = 0;
	b->full_bw_count = 0;
	bbr_lt_reset(tcp_sk(sk), b);
	return tcp_sk(sk)->snd_cwnd;
}

static void bbr_set_state(struct sock *sk, u8 new_state)
{
	struct bbr *b = inet_csk_ca(sk);
	const struct rate_sample rs = {.losses = 1};

	if (new_state != TCP_CA_Loss)
		return;
	b->prev_ca_state = TCP_CA_Loss;
	b->full_bw = 0;
	b->round_start = 1; /* a timeout ends a round */
	bbr_lt_bw_sampling(sk, &rs);
}

static size_t bbr_get_info(const struct sock *sk, union tcp_cc_info *info)
{
	const struct bbr *b = inet_csk_ca(sk);
	u64 bw = (u64)bbr_bw(b) * tcp_sk(sk)->mss_cache * USEC_PER_SEC >> BW_SCALE;

	info->bbr = (struct tcp_bbr_info){.bbr_bw_lo = bw,
					  .bbr_bw_hi = bw >> 32,
					  .bbr_min_rtt = b->min_rtt_us,
					  .bbr_pacing_gain = b->pacing_gain,
					  .bbr_cwnd_gain = b->cwnd_gain};
	return sizeof(info->bbr);
}

static u32 bbr_sndbuf_expand(struct sock *sk)
{
	(void)sk;
	return 3; /* three windows, because cwnd may be much larger than the data in flight */
}

struct tcp_congestion_ops tcp_bbr = {
	.flags = TCP_CONG_NON_RESTRICTED,
	.init = bbr_init,
	.ssthresh = bbr_ssthresh,
	.cong_control = bbr_main,
	.set_state = bbr_set_state,
	.cwnd_event = bbr_cwnd_event,
	.undo_cwnd = bbr_undo_cwnd,
	.min_tso_segs = bbr_min_tso_segs,
	.sndbuf_expand = bbr_sndbuf_expand,
	.get_info = bbr_get_info,
	.name = "bbr",
};

/* SPDX-License-Identifier: MIT */
/*
 * CUBIC (RFC 9438), the default congestion control, with HyStart.
 *
 *   tcp_cong_control (tcp_ack.c) -> cubic_cong_avoid              an ACK: cwnd follows a cubic function
 *     -> cubic_begin_stage, cubic_window_fp, cubic_reno_window
 *   tcp_recovery.c -> cubic_ssthresh, cubic_set_state, cubic_undo_cwnd
 *   tcp_clean_rtx_queue -> cubic_pkts_acked -> hystart_update     an ACK in slow start
 *
 * After a loss at the window W_max, cwnd becomes 0.7 W_max and then follows
 *
 *     W_cubic(t) = C (t - K)^3 + W_max,   K = cbrt((W_max - cwnd_epoch) / C),   C = 0.4 segments/s^3
 *
 * where t is the time since the congestion avoidance stage began, with the window cwnd_epoch.  The window
 * returns quickly to W_max, stays near it for a while, and then grows faster and faster.  It grows with time
 * and not with round trips, so flows with different round-trip times get similar shares.  Where Reno would
 * have a larger window (short round trips, small windows) cwnd follows an estimate of Reno's window instead.
 *
 * Windows are counted in segments, times in milliseconds; a name that ends in _fp has WINDOW_SHIFT binary
 * places.  The caller owns the socket, or holds its bh lock while no thread owns it.
 * RFC 9438. HyStart: Ha and Rhee, "Taming the elephants" (2011). Compare Linux's tcp_cubic.c.
 */
#include "net/core/limits.h"
#include "net/tcp/tcp_cubic.h"
#include "net/tcp/tcp_send.h"

/* C = 0.4 segments/s^3: one segment of the window corresponds to 2.5e9 ms^3 of (t - K)^3. */
#define CUBIC_MS3_PER_SEGMENT 2500000000ull
/* The same for 1/256 of a segment, the unit of a window with WINDOW_SHIFT binary places. */
#define WINDOW_SHIFT       8
#define CUBIC_MS3_PER_STEP (CUBIC_MS3_PER_SEGMENT >> WINDOW_SHIFT)
/* The limit of |t - K| in ms (17 minutes): its cube fits into 64 bits, and W_cubic is then above any window. */
#define CUBIC_OFFSET_MAX (1 << 20)
/* 10 * beta: the part of cwnd that is left after a loss is beta = 0.7. */
#define CUBIC_BETA_10 7
/* alpha = 3 (1 - beta) / (1 + beta) = 9/17: the segments by which W_est grows in a round trip (4.3). */
#define RENO_SHIFT 16
#define RENO_ALPHA ((9u << RENO_SHIFT) / 17)

#define HYSTART_LOW_WINDOW   16   /* segments: with a smaller window slow start goes on */
#define HYSTART_MIN_SAMPLES  8    /* round-trip times to measure in a round before they count */
#define HYSTART_ACK_DELTA_US 2000 /* largest gap between two ACKs of one train */
#define HYSTART_DELAY_MIN_US 4000
#define HYSTART_DELAY_MAX_US 16000

/* ---- arithmetic ---------------------------------------------------------------------------------- */

/*
 * Returns the integer part of the cube root of @x, for @x < 2^63.  It is found bit by bit: the largest
 * root whose cube is not above @x.
 */
u32 cubic_root(u64 x)
{
	u64 root = 0;

	for (u64 bit = 1u << 20; bit; bit >>= 1) {
		u64 more = root | bit;

		if (more * more * more <= x)
			root = more;
	}
	return root;
}

/* Returns W_cubic at @t ms, RFC 9438 (1). */
s64 cubic_window_fp(const struct cubic *c, s64 t)
{
	s64 offset = clamp_t(s64, t - c->k, -CUBIC_OFFSET_MAX, CUBIC_OFFSET_MAX);
	s64 gain = offset * offset * offset / (s64)CUBIC_MS3_PER_STEP;

	return ((s64)c->origin << WINDOW_SHIFT) + gain;
}

/* ---- congestion avoidance ------------------------------------------------------------------------ */

/*
 * Called for the first ACK of a congestion avoidance stage. If W_max is not known (slow start ended
 * without a loss, or with a timeout) "K is set to 0, and W_max is set to the congestion window size
 * at the beginning of the current congestion avoidance stage" (4.8, 4.10).
 */
static void cubic_begin_stage(struct cubic *c, u32 cwnd, u32 now)
{
	c->in_stage = true;
	c->epoch_start = now;
	c->k = 0;
	c->origin = cwnd;
	if (c->w_max > cwnd) {
		c->k = cubic_root((c->w_max - cwnd) * CUBIC_MS3_PER_SEGMENT);
		c->origin = c->w_max;
	}
	c->w_est = (u64)cwnd << RENO_SHIFT;
	c->cwnd_prior = max(c->cwnd_prior, cwnd);
}

/*
 * Raises W_est, the estimate of Reno's window, for @acked segments and returns it (4.3).  alpha is 1 as soon as
 * W_est has reached cwnd_prior, the window before the reduction: from there on W_est grows as fast as Reno's
 * window.
 */
static u32 cubic_reno_window(struct cubic *c, u32 cwnd, u32 acked)
{
	u32 alpha = c->w_est >> RENO_SHIFT >= c->cwnd_prior ? 1u << RENO_SHIFT : RENO_ALPHA;

	c->w_est += (u64)alpha * acked / cwnd;
	return c->w_est >> RENO_SHIFT;
}

/*
 * Called if cwnd was not the limit since the last ACK: this period does not count in t.  "t is the elapsed
 * time ... and MUST NOT include periods during which cwnd has not been updated due to
 * application-limited behavior" (4.2).
 */
static void cubic_exclude_time(struct cubic *c, u32 now)
{
	if (c->in_stage)
		c->epoch_start += now - c->last_time;
	c->last_time = now;
}

static void cubic_update(struct tcp_sock *tp, struct cubic *c, u32 acked, u32 now)
{
	u32 cwnd = tp->snd_cwnd, t, reno;
	s64 cwnd_fp = (s64)cwnd << WINDOW_SHIFT, target;

	if (!c->in_stage)
		cubic_begin_stage(c, cwnd, now);
	t = now - c->epoch_start;

	/* "If W_cubic(t) is less than W_est(t) ... cwnd SHOULD be set to W_est at each reception of a new ACK" */
	reno = cubic_reno_window(c, cwnd, acked);
	if (cubic_window_fp(c, t) < (s64)(c->w_est >> (RENO_SHIFT - WINDOW_SHIFT))) {
		tp->snd_cwnd = min(max(cwnd, reno), tp->snd_cwnd_clamp);
		return;
	}
	/*
	 * In the concave and in the convex region "cwnd MUST be incremented by (target - cwnd) / cwnd for
	 * each received new ACK", where the target is W_cubic(t + RTT), between cwnd and 1.5 * cwnd (4.4).
	 */
	target = cubic_window_fp(c, (s64)t + (tp->srtt_us >> 3) / (USEC_PER_SEC / HZ));
	target = min(target, cwnd_fp + cwnd_fp / 2);
	if (target > cwnd_fp)
		tcp_cong_avoid_ai(tp, min_t(s64, cwnd_fp / (target - cwnd_fp), 1u << 31), acked);
}

static void cubic_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = inet_csk_ca(sk);
	u32 now = tcp_mstamp_jiffies32(tp);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk)) {
		cubic_exclude_time(c, now);
		return;
	}
	c->last_time = now;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	cubic_update(tp, c, acked, now);
}

/* ---- losses -------------------------------------------------------------------------------------- */

/*
 * Called for a loss: W_max becomes the window at which the loss occurred. Fast convergence: if this
 * window is smaller than W_max of the previous loss, another flow needs room, so W_max is lowered
 * further (4.7). "The parameter beta_cubic SHOULD be set to 0.7" (4.6).
 */
static u32 cubic_ssthresh(struct sock *sk)
{
	struct cubic *c = inet_csk_ca(sk);
	u32 cwnd = tcp_sk(sk)->snd_cwnd;

	c->undo = (struct cubic_undo){.w_max = c->w_max,
				      .cwnd_prior = c->cwnd_prior,
				      .in_stage = c->in_stage,
				      .epoch_start = c->epoch_start,
				      .k = c->k,
				      .origin = c->origin,
				      .w_est = c->w_est};
	c->in_stage = false;
	c->cwnd_prior = cwnd;
	c->w_max = cwnd < c->w_max ? (u64)cwnd * (10 + CUBIC_BETA_10) / 20 : cwnd;
	return max_t(u32, (u64)cwnd * CUBIC_BETA_10 / 10, 2);
}

/*
 * The loss was spurious: "restores the original values" of the variables that the reduction changed
 * (4.9).
 */
static u32 cubic_undo_cwnd(struct sock *sk)
{
	struct cubic *c = inet_csk_ca(sk);

	c->w_max = c->undo.w_max;
	c->cwnd_prior = c->undo.cwnd_prior;
	c->in_stage = c->undo.in_stage;
	c->epoch_start = c->undo.epoch_start;
	c->k = c->undo.k;
	c->origin = c->undo.origin;
	c->w_est = c->undo.w_est;
	return tcp_reno_undo_cwnd(sk);
}

/* ---- HyStart: leaves slow start before the queue overflows --------------------------------------- */

static void hystart_begin_round(const struct tcp_sock *tp, struct cubic *c, u32 now_us)
{
	c->round_start = c->last_ack = now_us;
	c->round_end = tp->snd_nxt;
	c->round_rtt_us = ~0u;
	c->samples = 0;
}

/*
 * Returns how long in us pacing may hold back a burst: the time of four packets of GSO_MAX_SIZE at the pacing
 * rate, at most one millisecond.
 */
static u32 hystart_burst_us(const struct sock *sk)
{
	return min_t(u64, USEC_PER_SEC / 1000,
		     4ull * GSO_MAX_SIZE * USEC_PER_SEC / max_t(u64, sk->sk_pacing_rate, 1));
}

/*
 * ACKs that follow each other closely are a train. Segments that were sent in a burst arrive at the
 * pace of the bottleneck, so the train lasts as long as the bottleneck needs to send the data in
 * flight. If the train lasts longer than half of the least round-trip time, the path to the peer is
 * full. Pacing spreads the segments over the round trip before they reach the bottleneck, so then
 * the train must last longer than the whole round trip.
 */
static bool hystart_train_fills_path(const struct sock *sk, struct cubic *c, u32 now_us)
{
	u32 limit = c->delay_min_us + hystart_burst_us(sk);

	if (now_us - c->last_ack > HYSTART_ACK_DELTA_US)
		return false;
	c->last_ack = now_us;
	if (sk->sk_pacing_status == SK_PACING_NONE)
		limit >>= 1;
	return now_us - c->round_start > limit;
}

/* Returns true if the least round-trip time of this round is clearly above that of an empty path: a queue grows. */
static bool hystart_delay_rises(struct cubic *c, u32 rtt_us)
{
	u32 rise = clamp_t(u32, c->delay_min_us >> 3, HYSTART_DELAY_MIN_US, HYSTART_DELAY_MAX_US);

	c->round_rtt_us = min(c->round_rtt_us, rtt_us);
	if (c->samples < HYSTART_MIN_SAMPLES) {
		c->samples++;
		return false;
	}
	return c->round_rtt_us > c->delay_min_us + rise;
}

static noinline void hystart_update(struct sock *sk, u32 rtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = inet_csk_ca(sk);
	u32 now_us = tp->tcp_mstamp / NSEC_PER_USEC;

	/*
	 * When 2 GiB were sent since the last slow start, the round_end of that time seems to be
	 * ahead of snd_nxt: begin a round.
	 */
	if (after(tp->snd_una, c->round_end) || after(c->round_end, tp->snd_nxt))
		hystart_begin_round(tp, c, now_us);
	if (hystart_train_fills_path(sk, c, now_us)) {
		snmp_inc(SNMP_TcpExtTCPHystartTrainDetect);
		snmp_add(SNMP_TcpExtTCPHystartTrainCwnd, tp->snd_cwnd);
	} else if (hystart_delay_rises(c, rtt_us)) {
		snmp_inc(SNMP_TcpExtTCPHystartDelayDetect);
		snmp_add(SNMP_TcpExtTCPHystartDelayCwnd, tp->snd_cwnd);
	} else {
		return;
	}
	c->hystart_found = true;
	tp->snd_ssthresh = tp->snd_cwnd;
}

static void cubic_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = inet_csk_ca(sk);
	u32 rtt_us;

	if (sample->rtt_us < 0)
		return;
	/* In the first second after a reduction the queue is still changing: do not measure round-trip times. */
	if (c->in_stage && tcp_mstamp_jiffies32(tp) - c->epoch_start < HZ)
		return;
	rtt_us = max(sample->rtt_us, 1);
	c->delay_min_us = c->delay_min_us ? min(c->delay_min_us, rtt_us) : rtt_us;
	if (!c->hystart_found && tcp_in_slow_start(tp) && tp->snd_cwnd >= HYSTART_LOW_WINDOW)
		hystart_update(sk, rtt_us);
}

/* ---- the beginning, a timeout, idle times -------------------------------------------------------- */

static void cubic_init(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = inet_csk_ca(sk);

	*c = (struct cubic){.last_time = tcp_jiffies32};
	hystart_begin_round(tp, c, tp->tcp_mstamp / NSEC_PER_USEC);
}

/* After a timeout HyStart works again in slow start, and the next congestion avoidance stage has no W_max. */
static void cubic_set_state(struct sock *sk, u8 new_state)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = inet_csk_ca(sk);

	if (new_state != TCP_CA_Loss)
		return;
	c->w_max = 0;
	c->in_stage = false;
	c->delay_min_us = 0;
	c->hystart_found = false;
	hystart_begin_round(tp, c, tp->tcp_mstamp / NSEC_PER_USEC);
}

static void cubic_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	if (event == CA_EVENT_TX_START)
		cubic_exclude_time(inet_csk_ca(sk), tcp_mstamp_jiffies32(tcp_sk(sk)));
}

struct tcp_congestion_ops tcp_cubic = {
	.flags = TCP_CONG_NON_RESTRICTED,
	.init = cubic_init,
	.ssthresh = cubic_ssthresh,
	.cong_avoid = cubic_cong_avoid,
	.set_state = cubic_set_state,
	.cwnd_event = cubic_cwnd_event,
	.undo_cwnd = cubic_undo_cwnd,
	.pkts_acked = cubic_pkts_acked,
	.name = "cubic",
};

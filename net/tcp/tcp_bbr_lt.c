/* SPDX-License-Identifier: MIT */
/*
 * BBR's long-term sampling: detects a policer and finds its rate.
 *
 *   bbr_main -> bbr_update_bw -> bbr_lt_bw_sampling               each ACK
 *   bbr_set_state(TCP_CA_Loss) -> bbr_lt_bw_sampling              a timeout
 *
 * A policer (a token bucket) lets bursts pass, and drops all packets above its rate while the
 * bucket is empty. The bandwidth filter keeps the rate of the bursts, so BBR would go on to send at
 * that rate and lose many segments. Therefore the delivery rate is measured over an interval that
 * begins and ends with a loss and lasts four to sixteen rounds. If a fifth of its segments were
 * lost, and the previous interval had nearly the same rate, that rate is the policer's: it is used
 * for the next 48 rounds. Then the path is probed again.
 *
 * Context and sources: tcp_bbr.c.
 */
#include "net/tcp/tcp_bbr_lt.h"

#include "net/tcp/tcp_send.h"

#define LT_MIN_ROUNDS 4  /* least number of rounds in an interval */
#define LT_MAX_ROUNDS 48 /* number of rounds for which the policer's rate is used */
#define LT_LOSS_THRESH                                                                             \
	50 /* in 1/256: an interval that lost a smaller part of its segments shows no policer */
#define LT_BW_RATIO_PART 8          /* two rates are equal if they differ by less than an eighth */
#define LT_BW_DIFF       (4000 / 8) /* bytes/s: rates that differ by less than this are equal too */

static u32 lt_now_ms(const struct tcp_sock *tp)
{
	return tp->delivered_mstamp / NSEC_PER_MSEC;
}

void bbr_lt_reset_interval(const struct tcp_sock *tp, struct bbr *b)
{
	b->lt_last_stamp = lt_now_ms(tp);
	b->lt_last_delivered = tp->delivered;
	b->lt_last_lost = tp->lost;
	b->lt_rtt_cnt = 0;
}

void bbr_lt_reset(const struct tcp_sock *tp, struct bbr *b)
{
	b->lt_bw = 0;
	b->lt_use_bw = 0;
	b->lt_is_sampling = 0;
	bbr_lt_reset_interval(tp, b);
}

/*
 * An interval has ended; its delivery rate was @bw.  If the previous interval had nearly the same rate, the mean of
 * the two rates is the policer's rate.
 */
static void lt_interval_done(const struct tcp_sock *tp, struct bbr *b, u32 bw)
{
	if (b->lt_bw) {
		u32 diff = bw > b->lt_bw ? bw - b->lt_bw : b->lt_bw - bw;
		u64 bytes = (u64)diff * tp->mss_cache * USEC_PER_SEC >> BW_SCALE;

		if (diff <= b->lt_bw / LT_BW_RATIO_PART || bytes <= LT_BW_DIFF) {
			b->lt_bw = (bw + b->lt_bw) >> 1;
			b->lt_use_bw = 1;
			b->lt_rtt_cnt = 0;
			return;
		}
	}
	b->lt_bw = bw;
	bbr_lt_reset_interval(tp, b);
}

/*
 * The policer's rate is in use: after LT_MAX_ROUNDS rounds in PROBE_BW, probes the path again, from a random phase.
 * Otherwise all flows behind one policer would probe at once.
 */
static void lt_rate_in_use(struct sock *sk, const struct tcp_sock *tp, struct bbr *b)
{
	if (b->mode != BBR_PROBE_BW || !b->round_start || ++b->lt_rtt_cnt < LT_MAX_ROUNDS)
		return;
	bbr_lt_reset(tp, b);
	bbr_enter_probe_bw(sk);
}

void bbr_lt_bw_sampling(struct sock *sk, const struct rate_sample *rs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 delivered, lost, ms;

	if (b->lt_use_bw) {
		lt_rate_in_use(sk, tp, b);
		return;
	}
	/*
	 * Begin the interval at the first loss: if there is a policer, its token bucket is empty
	 * then.
	 */
	if (!b->lt_is_sampling) {
		if (!rs->losses)
			return;
		bbr_lt_reset_interval(tp, b);
		b->lt_is_sampling = 1;
	}
	/* The application had too little data, so the rate of this interval is not the policer's. */
	if (rs->is_app_limited) {
		bbr_lt_reset(tp, b);
		return;
	}
	if (b->round_start)
		b->lt_rtt_cnt++;
	if (b->lt_rtt_cnt < LT_MIN_ROUNDS)
		return;
	if (b->lt_rtt_cnt > 4 * LT_MIN_ROUNDS) {
		bbr_lt_reset(tp, b);
		return;
	}
	/* An interval ends at a loss, because the policer's bucket is empty again then. */
	if (!rs->losses)
		return;
	lost = tp->lost - b->lt_last_lost;
	delivered = tp->delivered - b->lt_last_delivered;
	if (!delivered || ((u64)lost << BBR_SCALE) < (u64)LT_LOSS_THRESH * delivered)
		return;
	ms = lt_now_ms(tp) - b->lt_last_stamp;
	if ((s32)ms < 1)
		return;
	lt_interval_done(tp, b, min_t(u64, (u64)delivered * BW_UNIT / ((u64)ms * 1000), ~0u));
}

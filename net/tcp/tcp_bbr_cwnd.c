/* SPDX-License-Identifier: MIT */
/*
 * BBR's congestion window: as many segments as the model says may be in flight, and fewer in recovery.
 *
 *   bbr_main -> bbr_set_cwnd -> bbr_inflight                      each ACK
 *   bbr_ssthresh, bbr_update_min_rtt -> bbr_save_cwnd             before a recovery, or PROBE_RTT
 *   tcp_tso_autosize -> bbr_min_tso_segs
 *
 * Context and sources: tcp_bbr.c.
 */
#include "net/core/limits.h"
#include "net/tcp/tcp_bbr.h"
#include "net/tcp/tcp_send.h"

#define BBR_MIN_TSO_BYTES_PS                                                                       \
	150000 /* bytes/s: 1.2 Mbit/s; below that rate a burst is one segment */

/* ---- the data in flight -------------------------------------------------------------------------- */

/* Returns the BDP, the segments that are sent in one min_rtt at the bandwidth @bw, times @gain. */
static u32 bbr_bdp(const struct sock *sk, u32 bw, u32 gain)
{
	const struct bbr *b = inet_csk_ca(sk);

	/* There is no round-trip time yet, because the SYN was sent more than once. */
	if (b->min_rtt_us == ~0u)
		return tcp_init_cwnd(tcp_sk(sk));
	return (((u64)bw * b->min_rtt_us * gain >> BBR_SCALE) + BW_UNIT - 1) >> BW_SCALE;
}

u32 bbr_min_tso_segs(struct sock *sk)
{
	return sk->sk_pacing_rate < BBR_MIN_TSO_BYTES_PS ? 1 : 2;
}

/*
 * Returns the BDP plus three bursts: one is being built, one is in the device, one waits for its ACK.  The result is
 * an even number of segments, because most peers acknowledge two segments at once.
 */
u32 bbr_inflight(struct sock *sk, u32 bw, u32 gain)
{
	const struct bbr *b = inet_csk_ca(sk);
	u32 mss = max(tcp_sk(sk)->mss_cache, 1u), segs, cwnd = bbr_bdp(sk, bw, gain);
	u64 bytes = min_t(u64, sk->sk_pacing_rate >> SK_PACING_SHIFT,
			  GSO_MAX_SIZE - 1 - MAX_TCP_HEADER);

	segs = max_t(u32, bytes / mss, bbr_min_tso_segs(sk));
	cwnd += 3 * segs;
	cwnd = (cwnd + 1) & ~1u;
	/*
	 * In the phase with gain 5/4 a small window needs two additional segments to find more
	 * bandwidth.
	 */
	if (b->mode == BBR_PROBE_BW && !b->cycle_idx)
		cwnd += 2;
	return cwnd;
}

/* ---- recovery ------------------------------------------------------------------------------------ */

void bbr_save_cwnd(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);

	if (b->prev_ca_state < TCP_CA_Recovery && b->mode != BBR_PROBE_RTT)
		b->prior_cwnd = tp->snd_cwnd;
	else /* cwnd is reduced already */
		b->prior_cwnd = max(b->prior_cwnd, tp->snd_cwnd);
}

/*
 * In the first round of a recovery the sender sends only as much as is delivered (packet conservation), because the
 * model may be wrong.  After the recovery the window is restored.  Stores the window in *@cwnd; returns true if it
 * must be used unchanged.
 */
static bool bbr_cwnd_of_recovery(struct sock *sk, const struct rate_sample *rs, u32 acked,
				 u32 *cwnd)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u8 state = inet_csk(sk)->icsk_ca_state;

	*cwnd = tp->snd_cwnd;
	if (rs->losses)
		*cwnd = max_t(s32, *cwnd - rs->losses, 1);
	if (state == TCP_CA_Recovery && b->prev_ca_state != TCP_CA_Recovery) {
		b->packet_conservation = 1;
		b->next_rtt_delivered = tp->delivered; /* a round begins now */
		*cwnd = tcp_packets_in_flight(tp) + acked;
	} else if (b->prev_ca_state >= TCP_CA_Recovery && state < TCP_CA_Recovery) {
		*cwnd = max(*cwnd, b->prior_cwnd);
		b->packet_conservation = 0;
	}
	b->prev_ca_state = state;
	if (!b->packet_conservation)
		return false;
	*cwnd = max(*cwnd, tcp_packets_in_flight(tp) + acked);
	return true;
}

void bbr_set_cwnd(struct sock *sk, const struct rate_sample *rs, u32 bw, u32 gain)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *b = inet_csk_ca(sk);
	u32 acked = rs->acked_sacked, target, cwnd = tp->snd_cwnd;

	if (acked && !bbr_cwnd_of_recovery(sk, rs, acked, &cwnd)) {
		target = bbr_inflight(sk, bw, gain);
		if (b->full_bw_reached)
			cwnd = min(cwnd + acked, target);
		else if (cwnd < target || tp->delivered < tcp_init_cwnd(tp))
			cwnd += acked;
		cwnd = max_t(u32, cwnd, BBR_MIN_CWND);
	}
	tp->snd_cwnd = min(cwnd, tp->snd_cwnd_clamp);
	if (b->mode == BBR_PROBE_RTT)
		tp->snd_cwnd = min_t(u32, tp->snd_cwnd, BBR_MIN_CWND);
}

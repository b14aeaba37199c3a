/* SPDX-License-Identifier: MIT */
/*
 * Round-trip times: the estimate from which the retransmission timeout follows, and the state with which data
 * transfer begins.
 *
 *   tcp_clean_rtx_queue (tcp_ack.c) -> tcp_ack_update_rtt -> tcp_rtt_estimator, tcp_set_rto
 *   tcp_check_req -> tcp_synack_rtt_meas; tcp_init_transfer -> tcp_init_metrics      the handshake's RTT
 *
 * A round-trip time has one of two sources.  Each segment keeps the time of sending in nanoseconds; this time
 * is ambiguous once the segment was sent twice (Karn's algorithm).  The timestamp option counts milliseconds
 * and is valid for retransmissions too.  Estimates are in microseconds: srtt_us is 8 * SRTT, mdev_us is 4 * the
 * mean deviation.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 6298, RFC 7323 4. Compare Linux's tcp_input.c.
 */
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/*
 * Moves the mean deviation toward the size of @error, the newest sample minus SRTT, by a quarter of the
 * difference.  A sample that is much shorter than SRTT is no reason for a longer timeout, so it raises the
 * deviation only by a thirty-second of the difference.
 */
static void tcp_mdev_update(struct tcp_sock *tp, long error)
{
	u32 size = error < 0 ? -error : error, mean = tp->mdev_us >> 2;

	if (size <= mean)
		tp->mdev_us -= mean - size;
	else
		tp->mdev_us += error < 0 ? (size - mean) >> 3 : size - mean;
}

/*
 * RTTVAR, which the timeout uses, follows the largest mean deviation of each round trip: it rises at
 * once, and falls by a quarter of the difference once in a round trip.
 */
static void tcp_rttvar_update(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->mdev_max_us = max(tp->mdev_max_us, tp->mdev_us);
	tp->rttvar_us = max(tp->rttvar_us, tp->mdev_max_us);
	if (!after(tp->snd_una, tp->rtt_seq))
		return;
	if (tp->mdev_max_us < tp->rttvar_us)
		tp->rttvar_us -= (tp->rttvar_us - tp->mdev_max_us) >> 2;
	tp->rtt_seq = tp->snd_nxt;
	tp->mdev_max_us = tcp_rto_min_us(sk);
}

/* Adds the sample @mrtt_us to SRTT and RTTVAR (RFC 6298 2.2 and 2.3). */
void tcp_rtt_estimator(struct sock *sk, long mrtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);
	long error;

	/* A peer must not make us wait longer than TCP_RTO_MAX. */
	mrtt_us = clamp_t(long, mrtt_us, 1, TCP_RTO_MAX *(1000000L / HZ));
	if (!tp->srtt_us) {
		tp->srtt_us = mrtt_us << 3;
		tp->mdev_us = mrtt_us << 1;
		tp->rttvar_us = max(tp->mdev_us, tcp_rto_min_us(sk));
		tp->mdev_max_us = tp->rttvar_us;
		tp->rtt_seq = tp->snd_nxt;
		return;
	}
	error = mrtt_us - (long)(tp->srtt_us >> 3);
	tp->srtt_us = max_t(long, (long)tp->srtt_us + error, 1);
	tcp_mdev_update(tp, error);
	tcp_rttvar_update(sk);
}

/* Returns the RTO in jiffies: SRTT + RTTVAR.  rttvar_us is at least tcp_rto_min_us(). */
u32 __tcp_set_rto(const struct tcp_sock *tp)
{
	return tcp_usecs_to_jiffies((u64)(tp->srtt_us >> 3) + tp->rttvar_us);
}

void tcp_set_rto(struct sock *sk)
{
	inet_csk(sk)->icsk_rto = __tcp_set_rto(tcp_sk(sk));
	tcp_bound_rto(sk);
}

/*
 * Returns the round-trip time from the echoed timestamp, or -1 without one.  The parser has already
 * subtracted this connection's offset from rcv_tsecr.
 */
static long tcp_tsecr_rtt_us(const struct tcp_sock *tp)
{
	u32 delta;

	if (!tp->rx_opt.saw_tstamp || !tp->rx_opt.rcv_tsecr)
		return -1;
	delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	/* A timestamp that is older than any RTO, or in the future, gives no sample. */
	if (delta > TCP_RTO_MAX * (1000u / HZ))
		return -1;
	return (long)max(delta, 1u) * 1000;
}

static void tcp_update_rtt_min(struct tcp_sock *tp, int flag, u32 rtt_us)
{
	/*
	 * If the peer delayed the ACK, the RTT measured from it is too large: it must not replace a minimum that the
	 * filter is about to forget.
	 */
	if ((flag & FLAG_ACK_MAYBE_DELAYED) && rtt_us > tcp_min_rtt(tp))
		return;
	minmax_running_min(&tp->rtt_min, sysctl_tcp_min_rtt_wlen, tcp_mstamp_jiffies32(tp), rtt_us);
}

bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us, long sack_rtt_us,
			long ca_rtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (seq_rtt_us < 0)
		seq_rtt_us = sack_rtt_us;
	if (seq_rtt_us < 0 && (flag & FLAG_ACKED))
		seq_rtt_us = ca_rtt_us = tcp_tsecr_rtt_us(tp);
	if (seq_rtt_us < 0)
		return false;
	tcp_update_rtt_min(tp, flag, max(ca_rtt_us, 1L));
	tcp_rtt_estimator(sk, max(seq_rtt_us, 1L));
	tcp_set_rto(sk);
	/* A valid sample ends the exponential backoff of the RTO (RFC 6298 5). */
	inet_csk(sk)->icsk_backoff = 0;
	return true;
}

/*
 * Takes the RTT sample of the handshake.  If @req is NULL, only an echoed timestamp gives a sample; the ACK's
 * options are parsed already.
 */
void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req)
{
	long rtt_us = -1;

	tcp_mstamp_refresh(tcp_sk(sk));
	if (req && !req->num_retrans && tcp_rsk(req)->snt_synack)
		rtt_us = (tcp_sk(sk)->tcp_mstamp - tcp_rsk(req)->snt_synack) / NSEC_PER_USEC;
	tcp_ack_update_rtt(sk, FLAG_SYN_ACKED, rtt_us, -1, rtt_us);
}

u32 tcp_init_cwnd(const struct tcp_sock *tp)
{
	return min_t(u32, TCP_INIT_CWND, tp->snd_cwnd_clamp);
}

/*
 * If the ACK of our SYN or SYN-ACK echoes the timestamp of the first transmission (retrans_stamp), that
 * transmission was not lost and the retransmission was premature: forget the loss.
 */
void tcp_try_undo_spurious_syn(struct tcp_sock *tp)
{
	if (tp->undo_marker && tp->retrans_stamp && tp->rx_opt.saw_tstamp &&
	    tp->retrans_stamp == tp->rx_opt.rcv_tsecr)
		tp->undo_marker = 0;
	tp->retrans_stamp = 0;
}

/* The handshake is complete: sets the RTO and the congestion window with which data transfer begins. */
void tcp_init_metrics(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_try_undo_spurious_syn(tp);
	if (!tp->srtt_us) {
		/*
		 * There is no RTT sample: the SYN was sent more than once and no timestamp tells which
		 * transmission was acknowledged (RFC 6298 5.7).
		 */
		tp->rttvar_us = TCP_TIMEOUT_FALLBACK * (1000000u / HZ);
		tp->mdev_us = tp->mdev_max_us = tp->rttvar_us;
		inet_csk(sk)->icsk_rto = TCP_TIMEOUT_FALLBACK;
	}
	/*
	 * RFC 5681 3.1: "If the SYN or SYN/ACK is lost, the initial window ...  MUST be one
	 * segment".  One retransmission may only mean that the round trip is longer than a second (RFC
	 * 6928 2), so the window is one segment only after two retransmissions.
	 */
	tp->snd_cwnd = tp->total_retrans > 1 && tp->undo_marker ? 1 : tcp_init_cwnd(tp);
	tp->snd_cwnd_stamp = tcp_jiffies32;
	/*
	 * A lost SYN has lowered ssthresh; undo that.  RFC 5681 3.1: "The initial value of ssthresh SHOULD
	 * be set arbitrarily high".
	 */
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
}

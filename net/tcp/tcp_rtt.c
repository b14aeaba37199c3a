/* SPDX-License-Identifier: MIT */
/*
 * The round trip: measured, smoothed, and made into a retransmission timeout.
 *
 *   tcp_clean_rtx_queue -> tcp_ack_update_rtt -> tcp_rtt_estimator -> tcp_set_rto
 *   tcp_check_req -> tcp_synack_rtt_meas          the handshake's, on the passive side
 *   tcp_finish_connect, SYN_RECV -> ESTABLISHED -> tcp_init_metrics
 *
 * Two sources: the time of sending, kept with each segment, in nanoseconds, useless once it was sent
 * twice (Karn); and the timestamp option, in milliseconds, good for retransmissions too.
 * All in microseconds: srtt_us is 8 * SRTT, mdev_us is 4 * the mean deviation.
 * The socket's owner, or the bh lock without one.  RFC 6298, 7323 4; Linux's tcp_input.c.
 */
#include "net/tcp/tcp_send.h"

#define TCP_RTO_MIN_US (TCP_RTO_MIN * (1000000u / HZ))

/*
 * The deviation's part: a quarter of the error is taken in.  When the round trip falls far, that is
 * an error too, but no reason to wait longer: then only a thirty-second.
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
 * RTTVAR, which the timeout uses, is the worst mean deviation of the last round trip: it rises at
 * once, and falls a quarter of the way each round trip.
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
	tp->mdev_max_us = TCP_RTO_MIN_US;
}

/* RFC 6298 2.2 and 2.3. */
void tcp_rtt_estimator(struct sock *sk, long mrtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);
	long error;

	/* No peer may make us wait for longer than we ever would. */
	mrtt_us = clamp_t(long, mrtt_us, 1, TCP_RTO_MAX *(1000000L / HZ));
	if (!tp->srtt_us) {
		tp->srtt_us = mrtt_us << 3;
		tp->mdev_us = mrtt_us << 1;
		tp->rttvar_us = max(tp->mdev_us, TCP_RTO_MIN_US);
		tp->mdev_max_us = tp->rttvar_us;
		tp->rtt_seq = tp->snd_nxt;
		return;
	}
	error = mrtt_us - (long)(tp->srtt_us >> 3);
	tp->srtt_us = max_t(long, (long)tp->srtt_us + error, 1);
	tcp_mdev_update(tp, error);
	tcp_rttvar_update(sk);
}

/* Jiffies; the floor of 200 ms stands in rttvar_us. */
u32 __tcp_set_rto(const struct tcp_sock *tp)
{
	return tcp_usecs_to_jiffies((u64)(tp->srtt_us >> 3) + tp->rttvar_us);
}

void tcp_set_rto(struct sock *sk)
{
	inet_csk(sk)->icsk_rto = __tcp_set_rto(tcp_sk(sk));
	tcp_bound_rto(sk);
}

/* The round trip by the echoed timestamp, or -1.  rcv_tsecr is without this connection's offset. */
static long tcp_tsecr_rtt_us(const struct tcp_sock *tp)
{
	u32 delta;

	if (!tp->rx_opt.saw_tstamp || !tp->rx_opt.rcv_tsecr)
		return -1;
	delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	/* An echo of what we never sent measures nothing. */
	if (delta > TCP_RTO_MAX * (1000u / HZ))
		return -1;
	return (long)max(delta, 1u) * 1000;
}

bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (seq_rtt_us < 0 && (flag & FLAG_ACKED))
		seq_rtt_us = tcp_tsecr_rtt_us(tp);
	if (seq_rtt_us < 0)
		return false;
	seq_rtt_us = max(seq_rtt_us, 1L);
	if (!tp->rtt_min_us || seq_rtt_us < (long)tp->rtt_min_us)
		tp->rtt_min_us = seq_rtt_us;
	tcp_rtt_estimator(sk, seq_rtt_us);
	tcp_set_rto(sk);
	/* RFC 6298 5.7: a valid sample ends the doubling. */
	inet_csk(sk)->icsk_backoff = 0;
	return true;
}

/* @req NULL: only a timestamp can tell (the ACK's options are parsed). */
void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req)
{
	long rtt_us = -1;

	tcp_mstamp_refresh(tcp_sk(sk));
	if (req && !req->num_retrans && tcp_rsk(req)->snt_synack)
		rtt_us = (tcp_sk(sk)->tcp_mstamp - tcp_rsk(req)->snt_synack) / NSEC_PER_USEC;
	tcp_ack_update_rtt(sk, FLAG_SYN_ACKED, rtt_us);
}

u32 tcp_init_cwnd(const struct tcp_sock *tp)
{
	return min_t(u32, TCP_INIT_CWND, tp->snd_cwnd_clamp);
}

/*
 * The ACK of our SYN or SYN-ACK echoes the time of the first one: the others went too early, and nothing was
 * lost.  Before retrans_stamp, which holds that time, is cleared.
 */
void tcp_try_undo_spurious_syn(struct tcp_sock *tp)
{
	if (tp->undo_marker && tp->retrans_stamp && tp->rx_opt.saw_tstamp &&
	    tp->retrans_stamp == tp->rx_opt.rcv_tsecr)
		tp->undo_marker = 0;
	tp->retrans_stamp = 0;
}

/* The handshake is over: the first RTO and window of the data phase. */
void tcp_init_metrics(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->srtt_us) {
		/* RFC 6298 5.7: the SYN went more than once and no timestamp tells which was heard. */
		tp->rttvar_us = TCP_TIMEOUT_FALLBACK * (1000000u / HZ);
		tp->mdev_us = tp->mdev_max_us = tp->rttvar_us;
		inet_csk(sk)->icsk_rto = TCP_TIMEOUT_FALLBACK;
	}
	/*
	 * RFC 5681 3.1: "If the SYN or SYN/ACK is lost, the initial window ... MUST be one segment".  After one
	 * retransmission the round trip may just be longer than a second (RFC 6928 2): so it takes two.
	 */
	tp->snd_cwnd = tp->total_retrans > 1 && tp->undo_marker ? 1 : tcp_init_cwnd(tp);
	tp->snd_cwnd_stamp = tcp_jiffies32;
	/* A lost SYN lowered it: "The initial value of ssthresh SHOULD be set arbitrarily high" (RFC 5681 3.1). */
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
}

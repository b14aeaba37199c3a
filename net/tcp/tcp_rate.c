/* SPDX-License-Identifier: MIT */
/*
 * The delivery rate: at what rate did the network carry the data that an ACK acknowledges?
 *
 *   tcp_transmit_skb -> tcp_rate_skb_sent                     a segment keeps the state at its sending
 *   tcp_sendmsg -> tcp_rate_check_app_limited                 the application is the limit from here on
 *   sack_segment, tcp_free_acked -> tcp_rate_skb_delivered    the ACK's segment that was sent last
 *   tcp_ack_in_flight -> tcp_rate_gen                         the sample; TCP_INFO keeps the best
 *     -> tcp_cong_control -> cong_control(rs)
 *
 * When a segment is sent it records tp->delivered, the segments delivered until then, and when the last of
 * these was (delivered_mstamp).  When it is delivered itself, the rate is the growth of tp->delivered since
 * then, divided by the longer of two times: in which the segments were sent, and in which their ACKs came.
 * The longer one is taken because ACKs may be compressed on their way, and segments may be sent in a burst;
 * neither shows the bottleneck.  A sample is "application limited" if the sender did not have enough data at
 * some time in its interval; then the network might have carried more.
 *
 * The caller owns the socket, or holds its bh lock while no thread owns it.
 * draft-cheng-iccrg-delivery-rate-estimation; Linux's tcp_rate.c.
 */
#include "net/core/limits.h"
#include "net/tcp/tcp_send.h"

/* @skb is sent, or sent again.  Called before it is added to packets_out. */
void tcp_rate_skb_sent(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	/*
	 * "If there are no packets in flight yet, then we can start delivery rate interval at the current
	 * time": the idle time before belongs to no interval.
	 */
	if (!tp->packets_out)
		tp->first_tx_mstamp = tp->delivered_mstamp = skb->skb_mstamp;
	tcb->tx.first_tx_mstamp = tp->first_tx_mstamp;
	tcb->tx.delivered_mstamp = tp->delivered_mstamp;
	tcb->tx.delivered = tp->delivered;
	tcb->tx.is_app_limited = !!tp->app_limited;
	tcb->tx.in_flight = tcb->end_seq - tp->snd_una;
}

/*
 * The present ACK delivered @skb.  Of its segments, the one that was sent last gives the sample, because its
 * interval is the most recent.
 */
void tcp_rate_skb_delivered(struct sock *sk, struct sk_buff *skb, struct rate_sample *rs)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	/* It was delivered before: a SACK block covered it. */
	if (!tcb->tx.delivered_mstamp)
		return;
	if (!rs->prior_mstamp || skb->skb_mstamp > tp->first_tx_mstamp ||
	    (skb->skb_mstamp == tp->first_tx_mstamp && after(tcb->end_seq, rs->last_end_seq))) {
		rs->prior_mstamp = tcb->tx.delivered_mstamp;
		rs->prior_delivered = tcb->tx.delivered;
		rs->is_app_limited = tcb->tx.is_app_limited;
		rs->is_retrans = tcb->sacked & TCPCB_RETRANS;
		rs->last_end_seq = tcb->end_seq;
		rs->interval_us = (skb->skb_mstamp - tcb->tx.first_tx_mstamp) / NSEC_PER_USEC;
		/* The next interval of sending begins when this segment was sent. */
		tp->first_tx_mstamp = skb->skb_mstamp;
	}
	tcb->tx.delivered_mstamp = 0;
}

/* Keeps the latest sample for TCP_INFO; one that the application limited only if it is not lower. */
static void tcp_rate_keep(struct tcp_sock *tp, const struct rate_sample *rs)
{
	if (rs->is_app_limited &&
	    (u64)rs->delivered * tp->rate_interval_us < (u64)tp->rate_delivered * rs->interval_us)
		return;
	tp->rate_delivered = rs->delivered;
	tp->rate_interval_us = rs->interval_us;
	tp->rate_app_limited = rs->is_app_limited;
}

/*
 * All segments of the ACK were passed to tcp_rate_skb_delivered(): completes @rs.  @delivered, @lost: segments
 * that the ACK delivered, and that it proved to be lost.  @reneged: the peer dropped data that it had SACKed,
 * so tp->delivered counts data twice.
 */
void tcp_rate_gen(struct sock *sk, u32 delivered, u32 lost, bool reneged, struct rate_sample *rs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	long ack_us;

	/* All that was in flight when the application became the limit has been delivered. */
	if (tp->app_limited && after(tp->delivered, tp->app_limited))
		tp->app_limited = 0;
	if (delivered)
		tp->delivered_mstamp = tp->tcp_mstamp;
	rs->acked_sacked = delivered;
	rs->losses = lost;

	if (!rs->prior_mstamp || reneged) {
		rs->delivered = -1;
		rs->interval_us = -1;
		return;
	}
	rs->delivered = tp->delivered - rs->prior_delivered;
	ack_us = (tp->tcp_mstamp - rs->prior_mstamp) / NSEC_PER_USEC;
	rs->interval_us = max(rs->interval_us, ack_us);
	/*
	 * No segment is delivered in less than the least round trip: the interval is wrong, for example
	 * because the ACK answers the original of a segment that was sent again.
	 */
	if (rs->interval_us < (long)tcp_min_rtt(tp)) {
		rs->interval_us = -1;
		return;
	}
	tcp_rate_keep(tp, rs);
}

/*
 * The application is about to write.  If less than a segment is unsent, nothing waits in the device, cwnd
 * permits more, and all lost segments were sent again, then the sender has been idle for want of data.
 */
void tcp_rate_check_app_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tp->write_seq - tp->snd_nxt < tp->mss_cache &&
	    (u32)atomic_read(&sk->sk_wmem_alloc) < SKB_TRUESIZE(1) && in_flight < tp->snd_cwnd &&
	    tp->lost_out <= tp->retrans_out)
		tp->app_limited = tp->delivered + in_flight ? tp->delivered + in_flight : 1;
}

u64 tcp_compute_delivery_rate(const struct tcp_sock *tp)
{
	if (!tp->rate_delivered || !tp->rate_interval_us)
		return 0;
	return (u64)tp->rate_delivered * tp->mss_cache * USEC_PER_SEC / tp->rate_interval_us;
}

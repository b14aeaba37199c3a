/* SPDX-License-Identifier: MIT */
/*
 * The delivery rate: the rate at which the network carried the data that an ACK acknowledges.
 *
 *   tcp_transmit_skb -> tcp_rate_skb_sent                     stores the present state in the segment
 *   tcp_sendmsg -> tcp_rate_check_app_limited                 finds out whether the application is the limit
 *   sack_segment, tcp_free_acked -> tcp_rate_skb_delivered    selects the segment that was sent last
 *   tcp_ack_in_flight -> tcp_rate_gen                         the sample, which TCP_INFO keeps (tcp_rate_keep)
 *     -> tcp_cong_control -> cong_control(rs)
 *
 * When a segment is sent, it records tp->delivered, the number of segments delivered so far, and the time of the
 * last of these deliveries (delivered_mstamp).  When this segment is delivered, the rate is the growth of
 * tp->delivered since then, divided by the longer of two times: the time in which the segments were sent, and the
 * time in which their ACKs arrived.  The longer one is used because ACKs may arrive compressed, and segments may be
 * sent in a burst; the shorter time then does not show the bottleneck.  A sample is "application limited" if the
 * sender did not have enough data at some time in the interval; then the network might have carried more.
 *
 * The caller owns the socket, or holds its bh lock while no thread owns it.
 * draft-cheng-iccrg-delivery-rate-estimation. Compare Linux's tcp_rate.c.
 */
#include "net/core/limits.h"
#include "net/tcp/tcp_send.h"

/* Called when @skb is sent or sent again, before it is added to packets_out. */
void tcp_rate_skb_sent(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	/*
	 * "If there are no packets in flight yet, then we can start delivery rate interval at the current
	 * time": the idle time before it must not count in an interval.
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
 * The present ACK delivered @skb.  Of all segments that the ACK delivered, the one that was sent last gives the
 * sample, because its interval is the most recent.
 */
void tcp_rate_skb_delivered(struct sock *sk, struct sk_buff *skb, struct rate_sample *rs)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	/* An earlier SACK block already reported this segment. */
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
}

/* Keeps the sample for TCP_INFO, unless the application limited it and the kept sample is higher. */
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
 * Completes @rs after all segments of the ACK were passed to tcp_rate_skb_delivered().  @delivered and @lost: the
 * numbers of segments that the ACK delivered and that it proved to be lost.  @reneged: the peer dropped data that it
 * had SACKed, so tp->delivered counts data twice.
 */
void tcp_rate_gen(struct sock *sk, u32 delivered, u32 lost, bool reneged, struct rate_sample *rs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	long ack_us;

	/* All segments that were in flight when the application became the limit have been delivered. */
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
	 * An interval shorter than the least round-trip time is wrong, for example because the ACK answers the
	 * original of a segment that was sent again.
	 */
	if (rs->interval_us < (long)tcp_min_rtt(tp)) {
		rs->interval_us = -1;
		return;
	}
	tcp_rate_keep(tp, rs);
}

/*
 * Called when the application is about to write.  If less than a segment is unsent, nothing waits in the device, cwnd
 * permits more, and all lost segments were sent again, then the sender had too little data.
 */
void tcp_rate_check_app_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tp->write_seq - tp->snd_nxt < tp->mss_cache && in_flight < tp->snd_cwnd &&
	    tp->lost_out <= tp->retrans_out && !tcp_device_holds(sk, SKB_TRUESIZE(1) - 1))
		tp->app_limited = tp->delivered + in_flight ? tp->delivered + in_flight : 1;
}

u64 tcp_compute_delivery_rate(const struct tcp_sock *tp)
{
	if (!tp->rate_delivered || !tp->rate_interval_us)
		return 0;
	return (u64)tp->rate_delivered * tp->mss_cache * USEC_PER_SEC / tp->rate_interval_us;
}

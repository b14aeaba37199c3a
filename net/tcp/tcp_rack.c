/* SPDX-License-Identifier: MIT */
/*
 * RACK-TLP (RFC 8985).  RACK compares send times to find lost segments.  TLP sends a probe after the last segment of a
 * flight.
 *
 * RACK: rack.mstamp is the newest send time of all delivered segments.  A segment that was sent at least a reordering
 * window (reo_wnd) before that time and has not arrived is lost.  The rule does not need three duplicate ACKs, and it
 * also finds lost retransmissions and lost tails.
 *
 *   tcp_clean_rtx_queue, sack_segment -> tcp_rack_advance      a delivery
 *   tcp_identify_packet_loss -> tcp_rack_mark_lost             an ACK that reports a delivery
 *     -> tcp_rack_detect_loss -> tcp_mark_skb_lost             lost segments; a timer for segments that may be lost soon
 *   tcp_write_timer_handler -> tcp_rack_reo_timeout            that timer expired
 *   tcp_ack -> tcp_rack_update_reo_wnd                         a DSACK makes reo_wnd larger
 *
 * While the path has shown no reordering, reo_wnd is 0 in recovery and as soon as three segments are SACKed,
 * as with duplicate ACKs.  Otherwise it is a quarter of the least round-trip time, times a factor that DSACKs
 * raise.
 *
 * TLP: no segment follows the last one of a flight, so no SACK block can show that it is lost.  Two round-trip
 * times after it was sent, a probe is sent: new data, or the last segment again.  The ACK of the probe shows
 * the hole, usually long before the retransmit timer would expire.
 *
 *   tcp_write_xmit, tcp_set_xmit_timer -> tcp_schedule_loss_probe
 *   tcp_write_timer_handler -> tcp_send_loss_probe
 *   tcp_ack -> tcp_process_tlp_ack                             finds out whether the probe repaired a loss
 *
 * RACK and TLP need SACK.  Context: the thread that owns the socket, or softirq with the bh lock while no
 * thread owns it; ACKs and timers are handled in softirq.
 * Compare Linux's tcp_recovery.c, and the TLP part of tcp_output.c and tcp_input.c.
 */
#include "net/tcp/limits.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

/* ---- RACK: a delivery ---------------------------------------------------------------------------- */

/*
 * Returns true if the first segment (sent at @t1, its end is @end1) was sent after the second one.  Segments of
 * one burst have equal times: then the sequence numbers decide.
 */
static bool sent_after(u64 t1, u32 end1, u64 t2, u32 end2)
{
	return t1 > t2 || (t1 == t2 && after(end1, end2));
}

/* A segment was delivered: RFC 8985 6.2, step 2. */
void tcp_rack_advance(struct tcp_sock *tp, u8 marks, u32 end_seq, u64 sent_ns)
{
	u32 rtt_us = (tp->tcp_mstamp - sent_ns) / NSEC_PER_USEC;

	/*
	 * The ACK comes sooner after the retransmission than the least round-trip time allows, so it answers
	 * the original, which was late.
	 */
	if ((marks & TCPCB_RETRANS) && rtt_us < tcp_min_rtt(tp))
		return;
	tp->rack.advanced = 1;
	tp->rack.rtt_us = rtt_us;
	if (sent_after(sent_ns, end_seq, tp->rack.mstamp, tp->rack.end_seq)) {
		tp->rack.mstamp = sent_ns;
		tp->rack.end_seq = end_seq;
	}
}

/* ---- RACK: the reordering window ----------------------------------------------------------------- */

/* Returns the reordering window in microseconds (RFC 8985 6.2, step 4). */
static u32 tcp_rack_reo_wnd(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	/* "If no reordering has been observed", the window is 0 in recovery or once DupThresh segments are SACKed. */
	if (!tp->reord_seen) {
		if (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
			return 0;
		if (tp->sacked_out >= tp->reordering &&
		    !(sysctl_tcp_recovery & TCP_RACK_NO_DUPTHRESH))
			return 0;
	}
	return min((tcp_min_rtt(tp) >> 2) * tp->rack.reo_wnd_steps, tp->srtt_us >> 3);
}

/*
 * RFC 8985 6.2, step 4: each round trip with a DSACK raises the reordering window by a quarter of the least
 * round-trip time.  After 16 recoveries without a DSACK the reordering window is one quarter again.
 */
void tcp_rack_update_reo_wnd(struct sock *sk, const struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if ((sysctl_tcp_recovery & TCP_RACK_STATIC_REO_WND) ||
	    tp->delivered == state->prior_delivered)
		return;
	if (!before(tp->snd_una, tp->rack.dsack_round))
		tp->rack.in_dsack_round = 0;
	if (tp->rack.dsack_seen && !tp->rack.in_dsack_round) {
		tp->rack.reo_wnd_steps = min(tp->rack.reo_wnd_steps + 1, TCP_RACK_STEPS_MAX);
		tp->rack.reo_wnd_persist = TCP_RACK_RECOVERY_THRESH;
		tp->rack.dsack_round = tp->snd_nxt;
		tp->rack.in_dsack_round = 1;
	} else if (!tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_steps = 1;
	}
	tp->rack.dsack_seen = 0;
}

/* ---- RACK: lost segments ------------------------------------------------------------------------- */

s64 tcp_rack_skb_timeout(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd)
{
	s64 age_us = (s64)(tp->tcp_mstamp - skb->skb_mstamp) / NSEC_PER_USEC;

	return (s64)tp->rack.rtt_us + reo_wnd - age_us;
}

/*
 * RFC 8985 6.2, step 5.  Marks the lost segments.  Segments that were sent before the last delivered segment,
 * but too recently to count as lost, may count as lost soon: returns the microseconds until all of these count
 * as lost, or 0 if there are none.
 *
 * The list is in the order of sending, so the lost segments come first; a segment that is marked
 * leaves the list. Behind the lost segments at most TCP_RACK_SOON segments are read, so that a peer
 * that SACKs the last of many segments cannot make every ACK walk over all of them. If more
 * segments follow, the timer expires early, and its handler reads the next segments.
 */
static u32 tcp_rack_detect_loss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 reo_wnd = tcp_rack_reo_wnd(sk), timeout = 0, soon = 0;
	struct sk_buff *skb, *next;

	list_for_each_entry_safe(skb, next, &tp->tsorted_sent_queue, tcp_tsorted_anchor) {
		s64 remaining;

		if (!sent_after(tp->rack.mstamp, tp->rack.end_seq, skb->skb_mstamp,
				TCP_SKB_CB(skb)->end_seq))
			break;
		remaining = tcp_rack_skb_timeout(tp, skb, reo_wnd);
		if (remaining <= 0) {
			tcp_mark_skb_lost(sk, skb);
			continue;
		}
		timeout = max_t(u32, timeout, remaining);
		if (++soon == TCP_RACK_SOON)
			break;
	}
	return timeout;
}

bool tcp_rack_mark_lost(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 timeout;

	if (!tp->rack.advanced)
		return false;
	tp->rack.advanced = 0;
	timeout = tcp_rack_detect_loss(sk);
	if (!timeout)
		return false;
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
				  tcp_usecs_to_jiffies(timeout) + TCP_TIMEOUT_MIN,
				  inet_csk(sk)->icsk_rto);
	return true;
}

void tcp_rack_reo_timeout(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp), lost = tp->lost, timeout;

	timeout = tcp_rack_detect_loss(sk);
	if (in_flight != tcp_packets_in_flight(tp)) {
		if (inet_csk(sk)->icsk_ca_state != TCP_CA_Recovery) {
			tcp_enter_recovery(sk, false);
			/* An algorithm with cong_control() sets the window itself, at the next ACK. */
			if (!inet_csk(sk)->icsk_ca_ops->cong_control)
				tcp_cwnd_reduction(sk, 1, tp->lost - lost, 0);
		}
		tcp_xmit_retransmit_queue(sk);
	}
	if (timeout)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
					  tcp_usecs_to_jiffies(timeout) + TCP_TIMEOUT_MIN,
					  inet_csk(sk)->icsk_rto);
	else if (inet_csk(sk)->icsk_pending != ICSK_TIME_RETRANS)
		tcp_rearm_rto(sk);
}

/* ---- TLP ----------------------------------------------------------------------------------------- */

/* Returns the time until a tail loss probe, in jiffies (RFC 8985 7.2). */
static u32 tcp_probe_timeout(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 us;

	if (!tp->srtt_us)
		return TCP_TIMEOUT_INIT;
	us = tp->srtt_us >> 2; /* 2 * SRTT, because srtt_us is 8 * SRTT */
	/* The peer may delay the ACK of a single segment. */
	if (tp->packets_out == 1)
		return tcp_usecs_to_jiffies(us + tcp_rto_min_us(sk));
	return tcp_usecs_to_jiffies(us) + TCP_TIMEOUT_MIN;
}

bool tcp_schedule_loss_probe(struct sock *sk, bool advancing_rto)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 timeout;
	s64 rto_us;

	/* RFC 8985 7.2: "the connection has no SACKed sequences".  If it has some, RACK may have set its own timer. */
	if (!sysctl_tcp_early_retrans || !tp->packets_out || tp->fastopen_passive ||
	    !tcp_is_sack(tp) || tp->sacked_out ||
	    (icsk->icsk_ca_state != TCP_CA_Open && icsk->icsk_ca_state != TCP_CA_CWR))
		return false;
	timeout = tcp_probe_timeout(sk);
	/* The probe must not be later than the retransmission timeout. */
	rto_us = advancing_rto ? (s64)icsk->icsk_rto * (1000000 / HZ) : tcp_rto_delta_us(sk);
	if (rto_us > 0)
		timeout = min_t(u64, timeout, tcp_usecs_to_jiffies(rto_us));
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_LOSS_PROBE, timeout, TCP_RTO_MAX);
	return true;
}

/*
 * Sends the last segment again, and does not mark it as lost: its ACK may be under way. Returns
 * false without sending if the segment was SACKed after the timer was set ("the data sender will
 * skip that segment", RFC 2018 5), or if the segment still waits in our own device.
 */
static bool tcp_probe_with_old_data(struct sock *sk, unsigned int mss)
{
	struct sk_buff *skb = tcp_rtx_queue_tail(sk);
	u32 segs;

	if (!skb || (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED) || tcp_skb_in_device(sk, skb))
		return false;
	segs = tcp_skb_pcount(skb);
	if (segs > 1 && skb->len > (segs - 1) * mss) {
		if (tcp_fragment(sk, true, skb, (segs - 1) * mss, mss, GFP_ATOMIC))
			return false;
		skb = skb_rb_next(skb);
	}
	if (__tcp_retransmit_skb(sk, skb, 1))
		return false;
	tcp_sk(sk)->tlp_retrans = 1;
	return true;
}

/*
 * Sends a tail loss probe (RFC 8985 7.3).  While a probe is unanswered (tlp_high_seq is not 0) no
 * other is sent.
 */
void tcp_send_loss_probe(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);
	const struct sk_buff *next = tcp_send_head(sk);
	bool sent;

	/* If the timer was set before a recovery began, send no probe: recovery finds losses without one. */
	if (tp->tlp_high_seq || inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
		goto out;
	tp->tlp_retrans = 0;
	if (next && tcp_snd_wnd_test(tp, next, mss)) {
		u32 before_probe = tp->packets_out;

		tcp_write_xmit(sk, mss, TCP_NAGLE_OFF, TCP_PUSH_PROBE, GFP_ATOMIC);
		sent = tp->packets_out > before_probe;
	} else {
		sent = tcp_probe_with_old_data(sk, mss);
	}
	if (sent) {
		tp->tlp_high_seq = tp->snd_nxt;
		snmp_inc(SNMP_TcpExtTCPLossProbes);
		/* The retransmit timer counts from now. */
		inet_csk(sk)->icsk_pending = 0;
	}
out:
	tcp_rearm_rto(sk);
}

/*
 * RFC 8985 7.4.2.  If the probe repeated a segment, an ACK beyond that segment does not tell whether the original was
 * lost.  A DSACK or a bare duplicate ACK proves that the original and the probe arrived.  Without such a proof the
 * probe repaired a loss, and the window is reduced as for any other loss.
 */
void tcp_process_tlp_ack(struct sock *sk, u32 ack, int flag)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (before(ack, tp->tlp_high_seq))
		return;
	if (!tp->tlp_retrans || (flag & FLAG_DSACK_TLP)) {
		tp->tlp_high_seq = 0;
	} else if (after(ack, tp->tlp_high_seq)) {
		tcp_init_cwnd_reduction(sk);
		tcp_set_ca_state(sk, TCP_CA_CWR);
		tcp_end_cwnd_reduction(sk);
		tcp_try_keep_open(sk);
		snmp_inc(SNMP_TcpExtTCPLossProbeRecovery);
	} else if (!(flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED))) {
		/* A bare duplicate ACK: the peer had the segment already. */
		tp->tlp_high_seq = 0;
	}
}

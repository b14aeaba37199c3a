/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery: detection of loss, reduction of the window, and undo of a spurious reduction.
 *
 *            dubious ACK                3 duplicates            snd_una passes high_seq
 *   Open ----------------> Disorder ----------------> Recovery ------------------------> Open
 *     \--- our device is full --> CWR                      \
 *      \------------------------- RTO ---------------------> Loss ---------------------> Open
 *
 *   tcp_ack -> tcp_fastretrans_alert;  tcp_retransmit_timer -> tcp_enter_loss
 *   tcp_transmit_skb (-ENOBUFS) -> tcp_enter_cwr;  tcp_cong_control -> tcp_cwnd_reduction
 *
 * Without SACK an ACK does not say which segment arrived.  So sacked_out counts duplicate ACKs:
 * each means that one segment arrived, without saying which; and the lost segment is the head
 * (NewReno). In flight is then packets_out - sacked_out - lost_out + retrans_out, as with SACK, and
 * all rules that follow are the same.
 *
 * The socket's owner, or the bh lock without one.
 * RFC 5681 3.2, 6582 (NewReno), 6937 (PRR), 3522 and 4015 (Eifel); Linux's tcp_input.c.
 */
#include "net/tcp/tcp_send.h"

/* ---- duplicate ACKs as segments ----------------------------------------------------------------------- */

static void tcp_reset_reno_sack(struct tcp_sock *tp)
{
	tp->sacked_out = 0;
}

/*
 * At least one segment is missing, or there would be no duplicates.  True: the count was too high.
 */
static bool tcp_limit_reno_sacked(struct tcp_sock *tp)
{
	u32 holes = min(max(tp->lost_out, 1u), tp->packets_out);

	if (tp->sacked_out + holes <= tp->packets_out)
		return false;
	tp->sacked_out = tp->packets_out - holes;
	return true;
}

/*
 * More duplicates than segments: segments were reordered, not lost; raises the reordering estimate.
 */
static void tcp_check_reno_reordering(struct sock *sk, u32 addend)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_limit_reno_sacked(tp))
		return;
	tp->reord_seen++;
	tp->reordering = max(tp->reordering,
			     min_t(u32, tp->packets_out + addend, sysctl_tcp_max_reordering));
}

static void tcp_add_reno_sack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior = tp->sacked_out;

	tp->sacked_out++;
	tcp_check_reno_reordering(sk, 0);
	if (tp->sacked_out > prior)
		tp->delivered++;
	tcp_verify_left_out(tp);
}

/* @acked segments in order: the first filled the hole, the others had caused duplicates before. */
void tcp_remove_reno_sacks(struct sock *sk, int acked)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (acked > 0) {
		tp->delivered += max(acked - (int)tp->sacked_out, 1);
		tp->sacked_out -= min(tp->sacked_out, (u32)acked - 1);
	}
	tcp_check_reno_reordering(sk, acked);
	tcp_verify_left_out(tp);
}

/* ---- marks ------------------------------------------------------------------------------------------------ */

/* @skb must be sent again.  If it already was, and that is lost too, it must be sent once more. */
static void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb)
{
	u8 marks = TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS;

	if ((marks & TCPCB_LOST) && (marks & TCPCB_SACKED_RETRANS)) {
		snmp_add(SNMP_TcpExtTCPLostRetransmit, tcp_skb_pcount(skb));
		marks &= ~TCPCB_SACKED_RETRANS;
	}
	tcp_rtx_set_marks(sk, skb, marks | TCPCB_LOST);
}

/* Marks the one segment that is surely missing: the first. */
static void tcp_mark_head_lost(struct sock *sk)
{
	struct sk_buff *skb = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss;

	if (!skb || (TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
		return;
	mss = tcp_skb_mss(skb);
	if (tcp_skb_pcount(skb) > 1 && skb->len > mss &&
	    tcp_fragment(sk, true, skb, mss, mss, GFP_ATOMIC))
		return;
	tcp_mark_skb_lost(sk, skb);
	/* sacked_out counts one segment as arrived for each duplicate ACK, but the lost segment has not arrived. */
	tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);
}

static bool tcp_any_retrans_done(const struct sock *sk)
{
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);

	return tcp_sk(sk)->retrans_out || (skb && (TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS));
}

/* ---- reductions -------------------------------------------------------------------------------------------- */

/* The effective ssthresh: in a reduction its target, else at least 3/4 of the window. */
u32 tcp_current_ssthresh(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_in_cwnd_reduction(sk))
		return tp->snd_ssthresh;
	return max(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
}

static void tcp_init_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->high_seq = tp->snd_nxt;
	tp->snd_cwnd_cnt = 0;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->prr_delivered = 0;
	tp->prr_out = 0;
	tp->snd_ssthresh = inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
}

/*
 * PRR: during a reduction segments are sent in proportion to those that arrive, so that the data in
 * flight falls to ssthresh over one round trip; below ssthresh slow start fills up again, if the
 * ACKs show progress.
 */
void tcp_cwnd_reduction(struct sock *sk, int newly_acked, int flag)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int in_flight = tcp_packets_in_flight(tp), delta = (int)tp->snd_ssthresh - in_flight,
	    sndcnt;

	if (newly_acked <= 0 || !tp->prior_cwnd)
		return;
	tp->prr_delivered += newly_acked;
	if (delta < 0) {
		u64 dividend = (u64)tp->snd_ssthresh * tp->prr_delivered + tp->prior_cwnd - 1;

		sndcnt = (int)(dividend / tp->prior_cwnd) - (int)tp->prr_out;
	} else if (flag & FLAG_RETRANS_DATA_ACKED) {
		sndcnt =
			min(delta, max((int)tp->prr_delivered - (int)tp->prr_out, newly_acked) + 1);
	} else {
		sndcnt = min(delta, newly_acked);
	}
	/* The fast retransmit itself is always sent. */
	sndcnt = max(sndcnt, tp->prr_out ? 0 : 1);
	tp->snd_cwnd = max(in_flight + sndcnt, 1);
}

static void tcp_end_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* After an undo the window is not changed. */
	if (tp->snd_ssthresh < TCP_INFINITE_SSTHRESH &&
	    (inet_csk(sk)->icsk_ca_state == TCP_CA_CWR || tp->undo_marker)) {
		tp->snd_cwnd = tp->snd_ssthresh;
		tp->snd_cwnd_stamp = tcp_jiffies32;
	}
	tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
}

/*
 * Congestion without a loss: reduces the window once for each window of data, and not inside a
 * recovery.
 */
void tcp_enter_cwr(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_CWR)
		return;
	tp->prior_ssthresh = 0;
	tp->undo_marker = 0;
	tcp_init_cwnd_reduction(sk);
	tcp_set_ca_state(sk, TCP_CA_CWR);
}

/* ---- undo ----------------------------------------------------------------------------------------------------- */

static void tcp_init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	tp->undo_retrans = tp->retrans_out ? (int)tp->retrans_out : -1;
}

/*
 * Eifel (RFC 3522): this ACK echoes a time before our first retransmission, so the original had
 * arrived.  Without a recorded time this cannot be decided: it is cleared while NewReno waits at
 * high_seq, and the ACK beyond that must not undo the reduction after a true loss (as Linux since
 * 5.1; 4.11 did).
 */
static bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	return tp->retrans_stamp && tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	       before(tp->rx_opt.rcv_tsecr, tp->retrans_stamp);
}

static bool tcp_may_undo(const struct tcp_sock *tp)
{
	return tp->undo_marker && (!tp->undo_retrans || tcp_packet_delayed(tp));
}

/* Restores the window; with @unmark_loss no segment counts as lost any more. */
static void tcp_undo_cwnd_reduction(struct sock *sk, bool unmark_loss)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unmark_loss)
		tcp_rtx_unmark_lost(sk);
	if (tp->prior_ssthresh) {
		tp->snd_cwnd = inet_csk(sk)->icsk_ca_ops->undo_cwnd(sk);
		tp->snd_ssthresh = max(tp->snd_ssthresh, tp->prior_ssthresh);
	}
	tp->snd_cwnd_stamp = tcp_jiffies32;
	tp->undo_marker = 0;
}

/* All data that was in flight has been acknowledged.  True: stay in this state (RFC 6582 3.2, step
 * 2): until data beyond high_seq is acknowledged, duplicates may be caused by our own
 * retransmissions. */
static bool tcp_try_undo_recovery(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_may_undo(tp)) {
		snmp_inc(inet_csk(sk)->icsk_ca_state == TCP_CA_Loss ? SNMP_TcpExtTCPLossUndo
								    : SNMP_TcpExtTCPFullUndo);
		tcp_undo_cwnd_reduction(sk, false);
	}
	if (tp->snd_una == tp->high_seq) {
		if (!tcp_any_retrans_done(sk))
			tp->retrans_stamp = 0;
		return true;
	}
	tcp_set_ca_state(sk, TCP_CA_Open);
	return false;
}

static bool tcp_try_undo_loss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_may_undo(tp))
		return false;
	tcp_undo_cwnd_reduction(sk, true);
	snmp_inc(SNMP_TcpExtTCPLossUndo);
	inet_csk(sk)->icsk_retransmits = 0;
	return true;
}

/* Without the retransmitted segments, is this state Open or Disorder? */
static void tcp_try_keep_open(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int state = TCP_CA_Open;

	if (tcp_left_out(tp) || tcp_any_retrans_done(sk))
		state = TCP_CA_Disorder;
	if (inet_csk(sk)->icsk_ca_state != state) {
		tcp_set_ca_state(sk, state);
		tp->high_seq = tp->snd_nxt;
	}
}

/* A partial ACK that the original caused, not the retransmission: the segments were only late. */
static bool tcp_try_undo_partial(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || !tcp_packet_delayed(tp))
		return false;
	/* Wait until the retransmissions in flight are answered. */
	if (tp->retrans_out)
		return true;
	if (!tcp_any_retrans_done(sk))
		tp->retrans_stamp = 0;
	tcp_undo_cwnd_reduction(sk, true);
	snmp_inc(SNMP_TcpExtTCPPartialUndo);
	tcp_try_keep_open(sk);
	return true;
}

/* ---- into the states -------------------------------------------------------------------------------------------- */

noinline void tcp_enter_recovery(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	snmp_inc(SNMP_TcpExtTCPRenoRecovery);
	tp->prior_ssthresh = 0;
	tcp_init_undo(tp);
	if (!tcp_in_cwnd_reduction(sk)) {
		tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tcp_init_cwnd_reduction(sk);
	}
	tcp_set_ca_state(sk, TCP_CA_Recovery);
}

/*
 * The retransmission timeout: all data in flight counts as lost, and slow start begins again.
 * ssthresh falls once for the data that was in flight then (RFC 5681 3.1), not with every timeout
 * of the same segment.
 */
noinline void tcp_enter_loss(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (icsk->icsk_ca_state <= TCP_CA_Disorder || !after(tp->high_seq, tp->snd_una) ||
	    (icsk->icsk_ca_state == TCP_CA_Loss && !icsk->icsk_retransmits)) {
		tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_cwnd = tp->snd_cwnd;
		tp->snd_ssthresh = icsk->icsk_ca_ops->ssthresh(sk);
		tcp_ca_event(sk, CA_EVENT_LOSS);
		tcp_init_undo(tp);
	}
	tp->snd_cwnd = 1;
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_jiffies32;

	tcp_reset_reno_sack(tp);
	for (struct sk_buff *skb = tcp_rtx_queue_head(sk); skb; skb = skb_rb_next(skb)) {
		tcp_mark_skb_lost(sk, skb);
		tcp_rtx_set_marks(sk, skb, TCPCB_LOST);
	}
	tcp_verify_left_out(tp);
	tcp_set_ca_state(sk, TCP_CA_Loss);
	tp->high_seq = tp->snd_nxt;
}

/*
 * The path accepts only smaller packets: larger segments were lost, but not through congestion.  In
 * Loss all of them count as lost already, and are retransmitted at once nevertheless.
 */
void tcp_simple_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);

	for (struct sk_buff *skb = tcp_rtx_queue_head(sk); skb; skb = skb_rb_next(skb)) {
		u32 seglen = tcp_skb_pcount(skb) > 1 ? (u32)tcp_skb_mss(skb) : skb->len;

		if (seglen > mss) {
			tcp_mark_skb_lost(sk, skb);
			tcp_rtx_set_marks(sk, skb, TCPCB_LOST);
		}
	}
	if (!tp->lost_out)
		return;
	tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss) {
		tp->high_seq = tp->snd_nxt;
		tp->snd_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_ssthresh = 0;
		tp->undo_marker = 0;
		tcp_set_ca_state(sk, TCP_CA_Loss);
	}
	tcp_xmit_retransmit_queue(sk);
}

/* ---- the meaning of an ACK ------------------------------------------------------------------- */

static bool tcp_time_to_recover(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *next = tcp_send_head(sk);

	if (tp->lost_out)
		return true;
	if (tp->sacked_out + 1 > tp->reordering)
		return true;
	/* The segments in flight are too few to cause as many duplicate ACKs as tp->reordering
	 * requires, and no new data may be sent that would cause more of them.  Then a smaller
	 * number of duplicates is enough (as in RFC 5827). */
	return tp->packets_out <= tp->reordering &&
	       tp->sacked_out >= max_t(u32, tp->packets_out / 2, sysctl_tcp_reordering) &&
	       (!next || !tcp_snd_wnd_test(tp, next, tp->mss_cache));
}

static void tcp_try_to_open(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_verify_left_out(tp);
	if (!tcp_any_retrans_done(sk))
		tp->retrans_stamp = 0;
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_CWR)
		tcp_try_keep_open(sk);
}

/* In Loss.  True: this ACK needs no further decision. */
static bool tcp_process_loss(struct sock *sk, int flag, bool is_dupack, enum tcp_rexmit *rexmit)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if ((flag & FLAG_SND_UNA_ADVANCED) && tcp_try_undo_loss(sk))
		return true;
	if (!before(tp->snd_una, tp->high_seq)) {
		tcp_try_undo_recovery(sk);
		return inet_csk(sk)->icsk_ca_state != TCP_CA_Open;
	}
	/* New data beyond high_seq was sent: duplicates may refer to that. */
	if (after(tp->snd_nxt, tp->high_seq) && is_dupack)
		tcp_add_reno_sack(sk);
	else if (flag & FLAG_SND_UNA_ADVANCED)
		tcp_reset_reno_sack(tp);
	*rexmit = REXMIT_LOST;
	return true;
}

/* high_seq was passed: CWR and Recovery end.  True: stay in the state nevertheless. */
static bool tcp_leave_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (inet_csk(sk)->icsk_ca_state) {
	case TCP_CA_CWR:
		/* Only when a segment that was sent after the reduction began is acknowledged. */
		if (tp->snd_una != tp->high_seq) {
			tcp_end_cwnd_reduction(sk);
			tcp_set_ca_state(sk, TCP_CA_Open);
		}
		return false;
	case TCP_CA_Recovery:
		tcp_reset_reno_sack(tp);
		if (tcp_try_undo_recovery(sk))
			return true;
		tcp_end_cwnd_reduction(sk);
		return false;
	default:
		return false;
	}
}

/*
 * The ACK is a duplicate, or the state is not Open.  @is_dupack: it advanced nothing and had no
 * data. *@rexmit: whether tcp_xmit_retransmit_queue() has segments to send.
 */
noinline void tcp_fastretrans_alert(struct sock *sk, bool is_dupack, int flag,
				    enum tcp_rexmit *rexmit)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool do_lost = is_dupack;

	if (!tp->packets_out)
		tcp_reset_reno_sack(tp);
	tcp_verify_left_out(tp);

	if (icsk->icsk_ca_state == TCP_CA_Open) {
		WARN_ON(tp->retrans_out);
		tp->retrans_stamp = 0;
	} else if (!before(tp->snd_una, tp->high_seq)) {
		if (tcp_leave_reduction(sk))
			return;
	}

	switch (icsk->icsk_ca_state) {
	case TCP_CA_Recovery:
		if (!(flag & FLAG_SND_UNA_ADVANCED)) {
			if (is_dupack)
				tcp_add_reno_sack(sk);
		} else {
			if (tcp_try_undo_partial(sk))
				return;
			/* RFC 6582 3.2, step 3: a partial ACK shows the next hole. */
			do_lost = true;
		}
		break;
	case TCP_CA_Loss:
		if (tcp_process_loss(sk, flag, is_dupack, rexmit))
			return;
		fallthrough;
	default:
		if (flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
		if (is_dupack)
			tcp_add_reno_sack(sk);
		if (!tcp_time_to_recover(sk)) {
			tcp_try_to_open(sk);
			return;
		}
		tcp_enter_recovery(sk);
		do_lost = true;
	}
	if (do_lost)
		tcp_mark_head_lost(sk);
	*rexmit = REXMIT_LOST;
}

/* SPDX-License-Identifier: MIT */
/*
 * The congestion state of a sender, and how an ACK or a timeout changes it.
 *
 *                      a hole                   a loss                high_seq acknowledged
 *   Open <----------------------> Disorder ----------------> Recovery ----------------------> Open
 *     \-- ECN, device queue full ---> CWR -------------------/  |                              ^
 *      \------------- the retransmit timer ------------> Loss <-/------------------------------/
 *
 *   tcp_ack -> tcp_fastretrans_alert                 a dubious ACK: decides on the state and on lost segments
 *   tcp_retransmit_timer -> tcp_enter_loss           tcp_rack_reo_timeout -> tcp_enter_recovery
 *   tcp_sync_mss after ICMP -> tcp_simple_retransmit
 *
 * Open: nothing unusual. Disorder: holes, or duplicate ACKs, but no loss is proven. CWR: the window
 * shrinks without a loss. Recovery: the window shrinks, and lost segments are sent again. Loss: the
 * retransmit timer expired, and slow start begins with one segment; or the MSS fell. transition[]
 * below is the table of legal transitions; docs/tcp-recovery.md draws it.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it; ACKs and timers
 * are handled in softirq.
 * RFC 5681 3, RFC 6582, RFC 6675, RFC 5682 (F-RTO), RFC 2018 8 (reneging). Compare Linux's tcp_input.c.
 */
#include "kernel/printk.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

/* ---- states -------------------------------------------------------------------------------------- */

static const char *const ca_state_names[] = {
	[TCP_CA_Open] = "Open",         [TCP_CA_Disorder] = "Disorder", [TCP_CA_CWR] = "CWR",
	[TCP_CA_Recovery] = "Recovery", [TCP_CA_Loss] = "Loss",
};

/*
 * transition[from][to] is the reason for a change of the state; NULL: the change is illegal.  tools/ca_states.py
 * draws this table in docs/tcp-recovery.md.
 */
static const char *const transition[TCP_CA_STATES][TCP_CA_STATES] = {
	[TCP_CA_Open][TCP_CA_Disorder] = "a SACK block or a duplicate ACK",
	[TCP_CA_Open][TCP_CA_CWR] = "ECN, a full queue in our own device, or a repaired tail loss",
	[TCP_CA_Open][TCP_CA_Recovery] = "a segment is lost",
	[TCP_CA_Open][TCP_CA_Loss] = "retransmission timeout, or a smaller MSS",
	[TCP_CA_Disorder][TCP_CA_Open] = "all holes are filled",
	[TCP_CA_Disorder][TCP_CA_CWR] = "as from Open",
	[TCP_CA_Disorder][TCP_CA_Recovery] = "a segment is lost",
	[TCP_CA_Disorder][TCP_CA_Loss] = "retransmission timeout, or a smaller MSS",
	[TCP_CA_CWR][TCP_CA_Open] = "high_seq is passed",
	[TCP_CA_CWR][TCP_CA_Disorder] = "a tail loss is repaired, and holes remain",
	[TCP_CA_CWR][TCP_CA_Recovery] = "a segment is lost",
	[TCP_CA_CWR][TCP_CA_Loss] = "retransmission timeout, or a smaller MSS",
	[TCP_CA_Recovery][TCP_CA_Open] = "high_seq is acknowledged, or the reduction is undone",
	[TCP_CA_Recovery][TCP_CA_Disorder] = "the reduction is undone, and holes remain",
	[TCP_CA_Recovery][TCP_CA_Loss] = "retransmission timeout, or a smaller MSS",
	[TCP_CA_Loss][TCP_CA_Open] = "high_seq is acknowledged, or the timeout was a mistake",
	[TCP_CA_Loss][TCP_CA_Recovery] = "a retransmission is lost",
};

void tcp_set_ca_state(struct sock *sk, u8 state)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (unlikely(state != icsk->icsk_ca_state && !transition[icsk->icsk_ca_state][state]))
		panic("TCP: congestion state %s may not follow %s", ca_state_names[state],
		      ca_state_names[icsk->icsk_ca_state]);
	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, state);
	icsk->icsk_ca_state = state;
}

bool tcp_any_retrans_done(const struct sock *sk)
{
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);

	return tcp_sk(sk)->retrans_out || (skb && (TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS));
}

void tcp_retrans_stamp_cleanup(struct sock *sk)
{
	if (!tcp_any_retrans_done(sk))
		tcp_sk(sk)->retrans_stamp = 0;
}

void tcp_try_keep_open(struct sock *sk)
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

static void tcp_try_to_open(struct sock *sk, const struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_verify_left_out(tp);
	tcp_retrans_stamp_cleanup(sk);
	/*
	 * RFC 3168 6.1.2: "The indication of congestion should be treated just as a congestion loss in
	 * non-ECN-Capable TCP."
	 */
	if (unlikely(state->flag & FLAG_ECE))
		tcp_enter_cwr(sk);
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_CWR)
		tcp_try_keep_open(sk);
}

/* ---- losses -------------------------------------------------------------------------------------- */

void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb)
{
	u8 marks = TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 segs = tcp_skb_pcount(skb);

	if (marks & TCPCB_SACKED_ACKED)
		return;
	if (!(marks & TCPCB_LOST)) {
		tp->lost += segs;
	} else if (marks & TCPCB_SACKED_RETRANS) {
		tp->lost += segs;
		snmp_add(SNMP_TcpExtTCPLostRetransmit, segs);
		marks &= ~TCPCB_SACKED_RETRANS;
	}
	tcp_rtx_set_marks(sk, skb, marks | TCPCB_LOST);
}

/* Marks the segments that this ACK proves to be lost. */
static void tcp_identify_packet_loss(struct sock *sk, struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 retrans = tp->retrans_out;

	if (tcp_rtx_queue_empty(sk))
		return;
	if (tcp_is_reno(tp)) {
		tcp_newreno_mark_lost(sk, state->flag & FLAG_SND_UNA_ADVANCED);
		return;
	}
	/* A connection has one timer for all its timeouts: do not replace the reordering timer that RACK armed. */
	if (tcp_rack_mark_lost(sk))
		state->flag &= ~FLAG_SET_XMIT_TIMER;
	if (retrans > tp->retrans_out)
		state->flag |= FLAG_LOST_RETRANS;
}

void tcp_enter_recovery(struct sock *sk, bool ece_ack)
{
	struct tcp_sock *tp = tcp_sk(sk);

	snmp_inc(tcp_is_reno(tp) ? SNMP_TcpExtTCPRenoRecovery : SNMP_TcpExtTCPSackRecovery);
	/*
	 * If this ACK has also ended another recovery, retrans_stamp is from that recovery: clear
	 * it.
	 */
	tcp_retrans_stamp_cleanup(sk);
	tp->prior_ssthresh = 0;
	tcp_init_undo(tp);
	if (!tcp_in_cwnd_reduction(sk)) {
		if (!ece_ack)
			tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tcp_init_cwnd_reduction(sk);
	}
	tp->tlp_high_seq = 0;
	tcp_update_rto_time(tp);
	tcp_set_ca_state(sk, TCP_CA_Recovery);
}

/*
 * The retransmit timer expired: the first segment is lost, and so is each segment that was sent at least RACK's
 * round-trip time ago.  If the first segment is SACKed, the peer has dropped data that it had reported, so
 * all segments count as lost (RFC 2018 8: "the data sender SHOULD ... turn off all of the SACKed bits").
 */
static void tcp_timeout_mark_lost(struct sock *sk)
{
	struct sk_buff *head = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool reneged = head && (TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED);

	if (reneged) {
		snmp_inc(SNMP_TcpExtTCPSACKReneging);
		tp->is_sack_reneg = 1;
	} else if (tcp_is_reno(tp)) {
		tcp_reset_reno_sack(tp);
	}
	for (struct sk_buff *skb = head; skb; skb = skb_rb_next(skb)) {
		if (!reneged && skb != head && tcp_rack_skb_timeout(tp, skb, 0) > 0)
			continue;
		/*
		 * A SACKed segment is in no list, so its place in the list by send time is not
		 * known. Clear its marks, so that tcp_mark_skb_lost() adds it to the list of lost
		 * segments, which is not ordered by send time. Then a retransmission of it that is
		 * still in flight counts as lost too.
		 */
		if (reneged && TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			tcp_rtx_set_marks(sk, skb, 0);
		tcp_mark_skb_lost(sk, skb);
	}
	tcp_verify_left_out(tp);
}

noinline void tcp_enter_loss(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool new_recovery = icsk->icsk_ca_state < TCP_CA_Recovery;
	bool disordered = icsk->icsk_ca_state <= TCP_CA_Disorder;
	u32 duplicates = tp->sacked_out;

	tcp_timeout_mark_lost(sk);
	/* ssthresh falls once for each window of data, not for each repeated timeout (RFC 5681 3.1). */
	if (disordered || !after(tp->high_seq, tp->snd_una) ||
	    (icsk->icsk_ca_state == TCP_CA_Loss && !icsk->icsk_retransmits)) {
		tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_cwnd = tp->snd_cwnd;
		tp->snd_ssthresh = icsk->icsk_ca_ops->ssthresh(sk);
		tcp_ca_event(sk, CA_EVENT_LOSS);
		tcp_init_undo(tp);
	}
	tp->snd_cwnd = tcp_packets_in_flight(tp) + 1;
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_jiffies32;
	/*
	 * tp->reordering was larger than the number of segments that arrived behind the loss, so no recovery
	 * began: lower it, because the path reorders less than estimated.
	 */
	if (disordered && duplicates >= (u32)sysctl_tcp_reordering)
		tp->reordering = min_t(u32, tp->reordering, sysctl_tcp_reordering);

	tcp_set_ca_state(sk, TCP_CA_Loss);
	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	tcp_ecn_queue_cwr(tp);
	/* RFC 5682 2.1, step 1: F-RTO does not begin while an earlier loss is being repaired. */
	tp->frto = sysctl_tcp_frto && (new_recovery || icsk->icsk_retransmits);
}

/*
 * The path MTU fell, so larger segments were lost, but not through congestion: cwnd stays. Such a segment is
 * retransmitted at once even if a retransmission of it is in flight, because that retransmission is too large
 * as well.
 */
void tcp_simple_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);

	for (struct sk_buff *skb = tcp_rtx_queue_head(sk); skb; skb = skb_rb_next(skb)) {
		u32 seglen = tcp_skb_pcount(skb) > 1 ? (u32)tcp_skb_mss(skb) : skb->len;

		if (seglen > mss && !(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)) {
			tcp_mark_skb_lost(sk, skb);
			tcp_rtx_set_marks(sk, skb, TCPCB_LOST);
		}
	}
	if (!tp->lost_out)
		return;
	if (tcp_is_reno(tp))
		tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);
	tcp_non_congestion_loss_retransmit(sk);
}

void tcp_non_congestion_loss_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss) {
		tp->high_seq = tp->snd_nxt;
		tp->snd_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_ssthresh = 0;
		tp->undo_marker = 0;
		tp->tlp_high_seq = 0;
		tp->frto = 0; /* F-RTO looks for a spurious timeout, and there was no timeout */
		tcp_set_ca_state(sk, TCP_CA_Loss);
	}
	tcp_xmit_retransmit_queue(sk);
}

/* ---- F-RTO: was the timeout a mistake? ----------------------------------------------------------- */

/*
 * F-RTO: RFC 5682 3.1 with SACK, 2.1 without.  The timeout sent the first segment again.  When an ACK then
 * advances snd_una, we send two new segments instead of the next lost ones.  If a segment below high_seq
 * arrives that was sent only once, the timeout was spurious.  Returns true if this ACK needs no further decision.
 */
static bool tcp_process_frto(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state,
			     enum tcp_rexmit *rexmit)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool recovered = !before(tp->snd_una, tp->high_seq);

	/* RFC 5682 3.1, step 3 (b): a segment arrived that was sent only once, so the timeout was spurious. */
	if ((state->flag & FLAG_ORIG_SACK_ACKED) && tcp_try_undo_loss(sk, true))
		return true;
	if (after(tp->snd_nxt, tp->high_seq)) {
		/* RFC 5682 3.1, step 3 (a): new data was sent, and a duplicate ACK answers it: the loss is real. */
		if ((state->flag & FLAG_DATA_SACKED) || is_dupack)
			tp->frto = 0;
	} else if ((state->flag & FLAG_SND_UNA_ADVANCED) && !recovered) {
		tp->high_seq = tp->snd_nxt;
		/* RFC 5682 3.1, step 2 (b): send new data if there is some and the peer's window has room. */
		if (!tcp_write_queue_empty(sk) && after(tcp_wnd_end(tp), tp->snd_nxt)) {
			*rexmit = REXMIT_NEW;
			return true;
		}
		tp->frto = 0;
	}
	return false;
}

static void tcp_process_loss(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state,
			     enum tcp_rexmit *rexmit)
{
	bool advanced = state->flag & FLAG_SND_UNA_ADVANCED;
	struct tcp_sock *tp = tcp_sk(sk);

	/* A child of Fast Open: the ACK of its SYN-ACK may show that the first SYN-ACK was not lost. */
	if ((advanced || tp->fastopen_passive) && tcp_try_undo_loss(sk, false))
		return;
	if (tp->frto && tcp_process_frto(sk, is_dupack, state, rexmit))
		return;
	if (!before(tp->snd_una, tp->high_seq)) {
		tcp_try_undo_recovery(sk);
		return;
	}
	if (tcp_is_reno(tp)) {
		/* A duplicate ACK after new data was sent beyond high_seq: one segment of that data arrived. */
		if (after(tp->snd_nxt, tp->high_seq) && is_dupack)
			tcp_add_reno_sack(sk, true, state->flag & FLAG_ECE);
		else if (advanced)
			tcp_reset_reno_sack(tp);
	}
	*rexmit = REXMIT_LOST;
}

/* ---- the meaning of an ACK ----------------------------------------------------------------------- */

/*
 * If the ACK advances snd_una to a segment that was SACKed, either the peer has dropped that
 * segment, or the peer's next ACK is on the way. Then sets the retransmit timer to a short delay;
 * if no ACK comes before the timer expires, tcp_enter_loss() removes the SACK marks. Returns true
 * if it has set that timer.
 */
static bool tcp_check_sack_reneging(struct sock *sk, struct tcp_sacktag_state *state)
{
	const u32 both = FLAG_SACK_RENEGING | FLAG_SND_UNA_ADVANCED;
	u32 delay;

	if ((state->flag & both) != both)
		return false;
	delay = max_t(u32, tcp_usecs_to_jiffies(tcp_sk(sk)->srtt_us >> 4), TCP_RENEGING_DELAY);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, delay, TCP_RTO_MAX);
	state->flag &= ~FLAG_SET_XMIT_TIMER;
	return true;
}

/* Ends CWR or Recovery when snd_una has reached high_seq.  Returns true if the state must stay (NewReno). */
static bool tcp_leave_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (inet_csk(sk)->icsk_ca_state) {
	case TCP_CA_CWR:
		/* CWR ends when a segment is acknowledged that was sent after the reduction began. */
		if (tp->snd_una != tp->high_seq) {
			tcp_end_cwnd_reduction(sk);
			tcp_set_ca_state(sk, TCP_CA_Open);
		}
		return false;
	case TCP_CA_Recovery:
		if (tcp_is_reno(tp))
			tcp_reset_reno_sack(tp);
		if (tcp_try_undo_recovery(sk))
			return true;
		tcp_end_cwnd_reduction(sk);
		return false;
	default:
		return false;
	}
}

/* An ACK in Recovery.  Returns true if Recovery goes on, or begins again: the lost segments are to be sent. */
static bool tcp_process_recovery(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(state->flag & FLAG_SND_UNA_ADVANCED)) {
		if (tcp_is_reno(tp))
			tcp_add_reno_sack(sk, is_dupack, state->flag & FLAG_ECE);
	} else if (tcp_try_undo_partial(sk, state->prior_snd_una)) {
		return false;
	}
	if (tcp_try_undo_dsack(sk))
		tcp_try_to_open(sk, state);
	tcp_identify_packet_loss(sk, state);
	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Recovery)
		return true;
	/* The reduction was undone, but this ACK may prove that other segments are lost. */
	if (!tp->lost_out)
		return false;
	tcp_enter_recovery(sk, state->flag & FLAG_ECE);
	return true;
}

/*
 * An ACK in Open, Disorder or CWR, or in Loss if it shows that a retransmission was lost.  Returns true if
 * Recovery begins.
 */
static bool tcp_process_disorder(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_is_reno(tp)) {
		if (state->flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
		tcp_add_reno_sack(sk, is_dupack, state->flag & FLAG_ECE);
	}
	if (inet_csk(sk)->icsk_ca_state <= TCP_CA_Disorder)
		tcp_try_undo_dsack(sk);
	tcp_identify_packet_loss(sk, state);
	if (!tp->lost_out) {
		tcp_try_to_open(sk, state);
		return false;
	}
	/* Only a probe of the path MTU was lost: that is no congestion. */
	if (tcp_mtup_lost(sk))
		return false;
	tcp_enter_recovery(sk, state->flag & FLAG_ECE);
	return true;
}

noinline void tcp_fastretrans_alert(struct sock *sk, bool is_dupack,
				    struct tcp_sacktag_state *state, enum tcp_rexmit *rexmit)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->packets_out)
		tcp_reset_reno_sack(tp);
	/* There was congestion, even if no segment was lost: do not undo the reduction. */
	if (unlikely(state->flag & FLAG_ECE))
		tp->prior_ssthresh = 0;
	if (tcp_check_sack_reneging(sk, state))
		return;
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
		if (tcp_process_recovery(sk, is_dupack, state))
			*rexmit = REXMIT_LOST;
		break;
	case TCP_CA_Loss:
		tcp_process_loss(sk, is_dupack, state, rexmit);
		if (icsk->icsk_ca_state != TCP_CA_Loss)
			tcp_update_rto_time(tp);
		tcp_identify_packet_loss(sk, state);
		if (icsk->icsk_ca_state != TCP_CA_Open && !(state->flag & FLAG_LOST_RETRANS))
			break;
		fallthrough;
	default:
		if (tcp_process_disorder(sk, is_dupack, state))
			*rexmit = REXMIT_LOST;
	}
}

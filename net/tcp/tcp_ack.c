/* SPDX-License-Identifier: MIT */
/*
 * Processes an acknowledgment: updates the peer's window, frees the acknowledged segments of the retransmit
 * queue, and takes a sample of the round-trip time.
 *
 *   tcp_rcv_established, tcp_rcv_state_process, tcp_rcv_synsent_state_process -> tcp_ack
 *     not acceptable                  -> tcp_send_challenge_ack
 *     the peer's window               -> tcp_ack_update_window
 *     segments that arrived           -> tcp_clean_rtx_queue -> tcp_ack_update_rtt (tcp_rtt.c)
 *     losses                          -> tcp_fastretrans_alert (tcp_recovery.c)
 *     how much may be in flight       -> tcp_cong_control -> cong_avoid (tcp_cong.c)
 *     retransmissions that are due    -> tcp_xmit_recovery
 * The caller then sends new data: tcp_data_snd_check().
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 9293 3.10.7.4 (fifth), RFC 5681, RFC 5961 5, RFC 6298 5, RFC 7323 4. Compare Linux's
 * tcp_input.c.
 */
#include "net/core/errqueue.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- timestamps ------------------------------------------------------------------------------------- */

void tcp_store_ts_recent(struct tcp_sock *tp)
{
	tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
	tp->rx_opt.ts_recent_stamp = get_jiffies_64() / HZ;
}

/*
 * Sets TS.Recent to the timestamp of a segment if the segment begins at or before the last sequence
 * number that we acknowledged, and its timestamp is not older than TS.Recent (RFC 7323 4.3).
 */
void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq)
{
	if (tp->rx_opt.saw_tstamp && !after(seq, tp->rcv_wup) && tcp_paws_check(&tp->rx_opt, 0))
		tcp_store_ts_recent(tp);
}

/* ---- the window ------------------------------------------------------------------------------------------ */

static void tcp_snd_una_update(struct tcp_sock *tp, u32 ack)
{
	tp->bytes_acked += ack - tp->snd_una;
	/* Without urgent data snd_up moves with snd_una, so that snd_up never seems to be ahead of snd_una. */
	if (likely(between(tp->snd_up, tp->snd_una, ack)))
		tp->snd_up = ack;
	tp->snd_una = ack;
}

/*
 * RFC 9293 3.10.7.4: an old segment that arrives late must not restore an old window. A segment
 * with the same SEQ and ACK as the last update may have been sent before or after that update
 * ("SND.WL2 =< SEG.ACK"). From such a segment a larger window is accepted, and a zero window too,
 * because the peer would drop data that is sent into a closed window (Linux does the same).
 */
bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin)
{
	return after(ack, tp->snd_una) || after(ack_seq, tp->snd_wl1) ||
	       (ack_seq == tp->snd_wl1 && (nwin > tp->snd_wnd || !nwin));
}

static int tcp_ack_update_window(struct sock *sk, const struct sk_buff *skb, u32 ack, u32 ack_seq)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);
	u32 nwin = ntohs(th->window);
	int flag = 0;

	if (!th->syn)
		nwin <<= tp->rx_opt.snd_wscale;
	if (tcp_may_update_window(tp, ack, ack_seq, nwin)) {
		flag = FLAG_WIN_UPDATE;
		tp->snd_wl1 = ack_seq;
		if (tp->snd_wnd != nwin) {
			tp->snd_wnd = nwin;
			/* Header prediction must now expect the new window. */
			tp->pred_flags = 0;
			tcp_fast_path_check(sk);
			if (tcp_send_head(sk))
				tcp_slow_start_after_idle_check(sk);
			if (nwin > tp->max_window) {
				tp->max_window = nwin;
				tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
			}
		}
	}
	tcp_snd_una_update(tp, ack);
	return flag;
}

/*
 * No data is in flight.  If data waits and now fits into the window, stops the probe timer; if it does
 * not fit, arms the timer for the next probe.
 */
static void tcp_ack_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct sk_buff *head = tcp_send_head(sk);

	if (!head)
		return;
	if (!after(TCP_SKB_CB(head)->end_seq, tcp_wnd_end(tcp_sk(sk)))) {
		/* tcp_data_snd_check() sends the data, or arms the timer again. */
		icsk->icsk_backoff = 0;
		inet_csk_clear_xmit_timer(sk, ICSK_TIME_PROBE0);
	} else {
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0,
					  tcp_next_probe0(sk, tcp_rto_max(sk)), TCP_RTO_MAX);
	}
}

/* ---- the retransmit queue ---------------------------------------------------------------------------------- */

s64 tcp_rto_delta_us(const struct sock *sk)
{
	const struct sk_buff *head = tcp_rtx_queue_head(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	s64 age_us = (s64)(tp->tcp_mstamp - head->skb_mstamp) / NSEC_PER_USEC;

	return (s64)inet_csk(sk)->icsk_rto * (1000000 / HZ) - age_us;
}

/*
 * Restarts the retransmit timer, or stops it if no data is in flight (RFC 6298 5.2 and 5.3).  If a probe timer or
 * RACK's timer was armed instead, the retransmit timer expires one RTO after the oldest segment was sent.
 */
void tcp_rearm_rto(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 rto = icsk->icsk_rto;

	/* Until the client's ACK arrives, a child of Fast Open uses the timer for its SYN-ACK. */
	if (unlikely(tcp_sk(sk)->fastopen_passive))
		return;
	if (!tcp_sk(sk)->packets_out) {
		inet_csk_clear_xmit_timer(sk, ICSK_TIME_RETRANS);
		return;
	}
	if (icsk->icsk_pending == ICSK_TIME_REO_TIMEOUT ||
	    icsk->icsk_pending == ICSK_TIME_LOSS_PROBE)
		rto = tcp_usecs_to_jiffies(max_t(s64, tcp_rto_delta_us(sk), 1));
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, rto, TCP_RTO_MAX);
}

/*
 * Arms the probe timer, or else restarts the retransmit timer: new data was acknowledged, or SACK
 * blocks have changed the estimate of the round trip.
 */
static void tcp_set_xmit_timer(struct sock *sk)
{
	if (!tcp_schedule_loss_probe(sk, true))
		tcp_rearm_rto(sk);
}

/*
 * @skb holds several segments and is acknowledged in part: cuts off the acknowledged bytes and
 * returns how many whole segments the bytes filled, or 0 if there is no memory.
 */
static u32 tcp_tso_acked(struct sock *sk, struct sk_buff *skb)
{
	u32 before_trim = tcp_skb_pcount(skb);

	if (tcp_trim_head(sk, skb, tcp_sk(sk)->snd_una - TCP_SKB_CB(skb)->seq))
		return 0;
	return before_trim - tcp_skb_pcount(skb);
}

/*
 * Returns true if the ACK of @skb echoes a timestamp from before our retransmission of @skb.  Then the original
 * arrived, and RACK must not use the time of the retransmission (RFC 8985 6.2, step 2).
 */
static bool tcp_skb_spurious_retrans(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	return (TCP_SKB_CB(skb)->sacked & TCPCB_RETRANS) &&
	       tcp_tsopt_ecr_before(tp, tcp_ns_to_stamp(skb->skb_mstamp));
}

/* Updates the counters and @state for @segs acknowledged segments of @skb. */
static void tcp_segs_acked(struct sock *sk, const struct sk_buff *skb, u32 segs,
			   struct tcp_sacktag_state *state)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcb->sacked & TCPCB_RETRANS) {
		if (tcb->sacked & TCPCB_SACKED_RETRANS)
			tp->retrans_out -= segs;
		state->flag |= FLAG_RETRANS_DATA_ACKED;
	}
	if (tcb->sacked & TCPCB_SACKED_ACKED) {
		tp->sacked_out -= segs;
	} else if (tcp_is_sack(tp)) {
		tcp_count_delivered(tp, segs, state->flag & FLAG_ECE);
		if (!tcp_skb_spurious_retrans(tp, skb))
			tcp_rack_advance(tp, tcb->sacked, tcb->end_seq, skb->skb_mstamp);
	}
	if (tcb->sacked & TCPCB_LOST)
		tp->lost_out -= segs;
	tp->packets_out -= segs;
	state->acked += segs;
	if (tcb->tcp_flags & TCPHDR_SYN) {
		tp->retrans_stamp = 0;
		state->flag |= FLAG_SYN_ACKED;
	} else {
		state->flag |= FLAG_DATA_ACKED;
	}
}

/*
 * Describes the newly acknowledged segments that were sent only once and were not SACKed before: first and last are
 * their send times in ns, reord is the lowest sequence number.  tcp_sacktag_state describes newly SACKed segments in
 * the same way.
 */
struct ack_times {
	u64 first, last;
	u32 reord;
};

/* SO_TIMESTAMPING: @skb, in the retransmit queue, is acknowledged. */
static noinline void tcp_ack_tstamp(struct sock *sk, struct sk_buff *skb)
{
	struct list_head anchor = skb->tcp_tsorted_anchor;

	/*
	 * tcp_tsorted_anchor shares memory with dst and destructor. The clone would copy its bytes,
	 * so clear them.
	 */
	skb->dst = NULL;
	skb->destructor = NULL;
	__skb_tstamp_tx(skb, sk, SCM_TSTAMP_ACK);
	skb->tcp_tsorted_anchor = anchor;
}

/*
 * Removes the segments below snd_una from the retransmit queue and frees them. Returns the first
 * segment that is left.
 */
static struct sk_buff *tcp_free_acked(struct sock *sk, struct tcp_sacktag_state *state,
				      struct ack_times *times)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = tcp_rtx_queue_head(sk))) {
		const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
		bool fully_acked = !after(tcb->end_seq, tp->snd_una);
		u32 segs = tcp_skb_pcount(skb), seq = tcb->seq;

		if (!fully_acked) {
			if (segs == 1 || !after(tp->snd_una, seq))
				break;
			segs = tcp_tso_acked(sk, skb);
			if (!segs)
				break;
		}
		if (!(tcb->sacked & (TCPCB_RETRANS | TCPCB_SACKED_ACKED))) {
			times->last = skb->skb_mstamp;
			if (!times->first)
				times->first = times->last;
			if (before(seq, times->reord))
				times->reord = seq;
			if (!after(tcb->end_seq, tp->high_seq))
				state->flag |= FLAG_ORIG_SACK_ACKED;
		}
		tcp_segs_acked(sk, skb, segs, state);
		state->in_flight = tcb->tx.in_flight;
		tcp_rate_skb_delivered(sk, skb, &state->rate);
		if (!fully_acked)
			break;
		if (unlikely(tcb->txstamp_ack))
			tcp_ack_tstamp(sk, skb);
		tcp_rtx_queue_unlink_and_free(skb, sk);
	}
	return skb;
}

static long tcp_us_since(const struct tcp_sock *tp, u64 ns)
{
	return (tp->tcp_mstamp - ns) / NSEC_PER_USEC;
}

/*
 * Returns true if the peer may have delayed the ACK: the ACK is for a single segment, and when this
 * segment was sent, less than an MSS was in flight, the segment included.
 */
static bool tcp_ack_may_be_delayed(const struct tcp_sock *tp, const struct tcp_sacktag_state *state)
{
	return state->acked == 1 && state->in_flight < tp->mss_cache && !state->prior_sacked &&
	       state->rate.prior_delivered + 1 == tp->delivered &&
	       !(state->flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED));
}

/*
 * Processes the cumulative acknowledgment: frees segments, takes a sample of the round trip, and
 * sets FLAG_SET_XMIT_TIMER if a timer must be set again.
 */
static noinline void tcp_clean_rtx_queue(struct sock *sk, struct tcp_sacktag_state *state)
{
	long seq_rtt_us = -1, sack_rtt_us = -1, ca_rtt_us = -1;
	struct tcp_sock *tp = tcp_sk(sk);
	struct ack_times times = {.reord = tp->snd_nxt};
	struct sk_buff *skb;
	bool rtt_update;

	skb = tcp_free_acked(sk, state, &times);
	if (!skb)
		tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	else if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
		state->flag |= FLAG_SACK_RENEGING;

	/*
	 * Karn's rule: an ACK that covers a retransmitted segment may answer either transmission,
	 * so the times of sending give no sample.
	 */
	if (times.first && !(state->flag & FLAG_RETRANS_DATA_ACKED)) {
		seq_rtt_us = tcp_us_since(tp, times.first);
		ca_rtt_us = tcp_us_since(tp, times.last);
		if (tcp_ack_may_be_delayed(tp, state))
			state->flag |= FLAG_ACK_MAYBE_DELAYED;
	}
	if (state->first_sackt) {
		sack_rtt_us = tcp_us_since(tp, state->first_sackt);
		ca_rtt_us = tcp_us_since(tp, state->last_sackt);
	}
	state->rate.rtt_us = ca_rtt_us;
	rtt_update = tcp_ack_update_rtt(sk, state->flag, seq_rtt_us, sack_rtt_us, ca_rtt_us);

	if (state->flag & FLAG_ACKED) {
		state->flag |= FLAG_SET_XMIT_TIMER;
		tcp_mtup_acked(sk);
		if (tcp_is_reno(tp)) {
			tcp_remove_reno_sacks(sk, state->acked, state->flag & FLAG_ECE);
			/*
			 * Without SACK an ACK that covers a retransmitted segment may answer the retransmission, so
			 * it does not prove that the original arrived.
			 */
			if (state->flag & FLAG_RETRANS_DATA_ACKED)
				state->flag &= ~FLAG_ORIG_SACK_ACKED;
		} else if (before(times.reord, state->prior_sack_end)) {
			/* A segment that was sent only once filled a hole, so the network reordered it. */
			tcp_check_sack_reordering(sk, times.reord, false);
		}
	} else if (skb && rtt_update && sack_rtt_us >= 0 &&
		   sack_rtt_us > tcp_us_since(tp, skb->skb_mstamp)) {
		/*
		 * RFC 6298 5.3 restarts the timer only if new data is acknowledged. Here only SACK
		 * blocks are new. But the head of the queue was last sent after the first segment
		 * that the blocks report, and the timeout of the head was computed from an older
		 * estimate of the round trip. So set the timer again with the new estimate.
		 */
		state->flag |= FLAG_SET_XMIT_TIMER;
	}
	if (inet_csk(sk)->icsk_ca_ops->pkts_acked) {
		struct ack_sample sample = {.pkts_acked = state->acked,
					    .rtt_us = ca_rtt_us,
					    .in_flight = state->in_flight};

		inet_csk(sk)->icsk_ca_ops->pkts_acked(sk, &sample);
	}
}

/* ---- congestion control ------------------------------------------------------------------------------------ */

/* Calls the congestion control for an ACK, after the segments that the ACK delivered were counted. */
static void tcp_in_ack_event(struct sock *sk, int flag)
{
	u32 event = 0;

	if (likely(!inet_csk(sk)->icsk_ca_ops->in_ack_event))
		return;
	if (flag & FLAG_WIN_UPDATE)
		event |= CA_ACK_WIN_UPDATE;
	if (flag & FLAG_SLOWPATH)
		event |= CA_ACK_SLOWPATH;
	if (flag & FLAG_ECE)
		event |= CA_ACK_ECE;
	inet_csk(sk)->icsk_ca_ops->in_ack_event(sk, event);
}

static bool tcp_ack_is_dubious(const struct sock *sk, int flag)
{
	return !(flag & FLAG_NOT_DUP) || (flag & FLAG_CA_ALERT) ||
	       inet_csk(sk)->icsk_ca_state != TCP_CA_Open;
}

/*
 * On a path that reorders segments (tp->reordering was raised) an ACK may raise cwnd if it acknowledges or SACKs new
 * data. On other paths only an ACK that acknowledges new data may.
 */
static bool tcp_may_raise_cwnd(const struct sock *sk, int flag)
{
	if (tcp_sk(sk)->reordering > (u32)sysctl_tcp_reordering)
		return flag & (FLAG_ACKED | FLAG_DATA_SACKED);
	return flag & FLAG_DATA_ACKED;
}

/*
 * Counts the segments that this ACK delivered, and returns their number. If the ACK has ECE, all of
 * these segments count as marked.
 */
static u32 tcp_newly_delivered(struct tcp_sock *tp, const struct tcp_sacktag_state *state)
{
	u32 delivered = tp->delivered - state->prior_delivered;

	snmp_add(SNMP_TcpExtTCPDelivered, delivered);
	if (unlikely(state->flag & FLAG_ECE))
		snmp_add(SNMP_TcpExtTCPDeliveredCE, delivered);
	return delivered;
}

static void tcp_cong_control(struct sock *sk, u32 ack, const struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 delivered = state->rate.acked_sacked;

	if (inet_csk(sk)->icsk_ca_ops->cong_control) {
		inet_csk(sk)->icsk_ca_ops->cong_control(sk, &state->rate);
		return;
	}
	if (tcp_in_cwnd_reduction(sk)) {
		tcp_cwnd_reduction(sk, delivered, state->rate.losses, state->flag);
	} else if (tcp_may_raise_cwnd(sk, state->flag)) {
		inet_csk(sk)->icsk_ca_ops->cong_avoid(sk, ack, delivered);
		tp->snd_cwnd_stamp = tcp_mstamp_jiffies32(tp);
	}
	tcp_update_pacing_rate(sk);
}

void tcp_xmit_recovery(struct sock *sk, enum tcp_rexmit rexmit)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (rexmit == REXMIT_NONE || sk->sk_state == TCP_SYN_SENT)
		return;
	if (rexmit == REXMIT_NEW) {
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
		if (after(tp->snd_nxt, tp->high_seq))
			return;
		/* No new data could be sent: leave F-RTO and retransmit the lost segments. */
		tp->frto = 0;
	}
	tcp_xmit_retransmit_queue(sk);
}

/*
 * Data was in flight when the ACK arrived: frees the acknowledged data, detects losses, adapts
 * cwnd, retransmits.
 */
static void tcp_ack_in_flight(struct sock *sk, u32 ack, struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);
	enum tcp_rexmit rexmit = REXMIT_NONE;

	tcp_clean_rtx_queue(sk, state);
	tcp_in_ack_event(sk, state->flag);
	tcp_rack_update_reo_wnd(sk, state);
	if (tp->tlp_high_seq)
		tcp_process_tlp_ack(sk, ack, state->flag);
	if (tcp_ack_is_dubious(sk, state->flag)) {
		bool is_dupack =
			!(state->flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK));

		tcp_fastretrans_alert(sk, is_dupack, state, &rexmit);
	}
	if (state->flag & FLAG_SET_XMIT_TIMER)
		tcp_set_xmit_timer(sk);
	/* The ACK proves that our segments arrive, so the next hop is reachable. */
	if (((state->flag & (FLAG_ACKED | FLAG_DATA_SACKED)) || !(state->flag & FLAG_NOT_DUP)) &&
	    sk->sk_dst_cache)
		dst_confirm(sk->sk_dst_cache);
	state->rate.is_ack_delayed = state->flag & FLAG_ACK_MAYBE_DELAYED;
	tcp_rate_gen(sk, tcp_newly_delivered(tp, state), tp->lost - state->prior_lost,
		     tp->is_sack_reneg, &state->rate);
	tcp_cong_control(sk, ack, state);
	tcp_xmit_recovery(sk, rexmit);
}

/* No data was in flight when the ACK arrived. */
static void tcp_ack_no_queue(struct sock *sk, u32 ack, struct tcp_sacktag_state *state)
{
	enum tcp_rexmit rexmit = REXMIT_NONE;

	tcp_in_ack_event(sk, state->flag);
	/* All data is acknowledged.  A DSACK that comes only now may still undo the last reduction of cwnd. */
	if (state->flag & FLAG_DSACKING_ACK) {
		tcp_fastretrans_alert(sk, false, state, &rexmit);
		tcp_newly_delivered(tcp_sk(sk), state);
	}
	tcp_ack_probe(sk);
	if (tcp_sk(sk)->tlp_high_seq)
		tcp_process_tlp_ack(sk, ack, state->flag);
}

/* An ACK below snd_una came late.  Its SACK blocks may report segments that no other ACK reported. */
static void tcp_old_ack(struct sock *sk, const struct sk_buff *skb, struct tcp_sacktag_state *state)
{
	enum tcp_rexmit rexmit = REXMIT_NONE;

	if (!TCP_SKB_CB(skb)->sacked)
		return;
	tcp_sacktag_write_queue(sk, skb, state);
	tcp_fastretrans_alert(sk, false, state, &rexmit);
	tcp_newly_delivered(tcp_sk(sk), state);
	tcp_xmit_recovery(sk, rexmit);
}

static bool tcp_ack_is_acceptable(struct sock *sk, u32 ack, int flag)
{
	if (tcp_ack_is_near(tcp_sk(sk), ack))
		return true;
	if (!(flag & FLAG_NO_CHALLENGE_ACK))
		tcp_send_challenge_ack(sk);
	return false;
}

noinline int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ack_seq = TCP_SKB_CB(skb)->seq, ack = TCP_SKB_CB(skb)->ack_seq;
	u32 prior_packets = tp->packets_out;
	struct tcp_sacktag_state state = {
		.flag = flag,
		.prior_snd_una = tp->snd_una,
		.prior_sack_end = tcp_highest_sack_seq(tp),
		.prior_delivered = tp->delivered,
		.prior_lost = tp->lost,
		.prior_sacked = tp->sacked_out,
		.rate.prior_in_flight = tcp_packets_in_flight(tp),
		.reord = tp->snd_nxt,
	};

	sock_owned_by_me(sk);
	if (!tcp_ack_is_acceptable(sk, ack, flag))
		return -1;
	if (before(ack, tp->snd_una)) {
		tcp_old_ack(sk, skb, &state);
		return 0;
	}

	if (after(ack, tp->snd_una)) {
		state.flag |= FLAG_SND_UNA_ADVANCED;
		icsk->icsk_retransmits = 0;
		tp->unanswered_stamp = 0;
	}
	if (flag & FLAG_UPDATE_TS_RECENT)
		tcp_replace_ts_recent(tp, ack_seq);

	if ((state.flag & (FLAG_SLOWPATH | FLAG_SND_UNA_ADVANCED)) == FLAG_SND_UNA_ADVANCED) {
		/* Header prediction has verified that the window is unchanged. */
		tp->snd_wl1 = ack_seq;
		tcp_snd_una_update(tp, ack);
		state.flag |= FLAG_WIN_UPDATE;
		snmp_inc(SNMP_TcpExtTCPHPAcks);
	} else {
		if (ack_seq != TCP_SKB_CB(skb)->end_seq)
			state.flag |= FLAG_DATA;
		else
			snmp_inc(SNMP_TcpExtTCPPureAcks);
		state.flag |= tcp_ack_update_window(sk, skb, ack, ack_seq);
		if (tcp_ecn_rcv_ecn_echo(tp, TCP_SKB_CB(skb)->tcp_flags))
			state.flag |= FLAG_ECE;
		if (TCP_SKB_CB(skb)->sacked)
			tcp_sacktag_write_queue(sk, skb, &state);
	}

	/* The peer answers, so an earlier ICMP error (sk_err_soft) no longer holds. */
	sk->sk_err_soft = 0;
	icsk->icsk_probes_out = 0;
	tp->rcv_tstamp = tcp_mstamp_jiffies32(tp);
	if (prior_packets)
		tcp_ack_in_flight(sk, ack, &state);
	else
		tcp_ack_no_queue(sk, ack, &state);
	return 1;
}

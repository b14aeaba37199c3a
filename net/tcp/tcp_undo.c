/* SPDX-License-Identifier: MIT */
/*
 * Undo: restores the window when it turns out that nothing was lost (RFC 4015).
 *
 * Four kinds of proof are accepted. No segment was retransmitted yet, so the ACK answers an
 * original. Eifel (RFC 3522): the timestamp that the peer echoes is older than our first
 * retransmission, so the original had arrived. (tcp_packet_delayed() tests for these two kinds.)
 * DSACK (RFC 2883): the peer reports every retransmission as a duplicate; undo_retrans counts the
 * retransmissions that it has not reported yet. F-RTO (RFC 5682): tcp_process_frto() in
 * tcp_recovery.c.
 *
 *   tcp_enter_recovery, tcp_enter_loss -> tcp_init_undo            a reduction begins
 *   tcp_fastretrans_alert, tcp_process_loss -> tcp_try_undo_*      each ACK
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * Compare Linux's tcp_input.c.
 */
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

void tcp_init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	/* Retransmissions that are in flight since before this reduction may also be reported as duplicates. */
	tp->undo_retrans = tp->retrans_out;
	if (tp->tlp_high_seq && tp->tlp_retrans)
		tp->undo_retrans++;
	/*
	 * Nothing was retransmitted yet. Store -1, because 0 would mean that every retransmission
	 * was reported as a duplicate.
	 */
	if (!tp->undo_retrans)
		tp->undo_retrans = -1;
}

/* ---- proofs -------------------------------------------------------------------------------------- */

bool tcp_tsopt_ecr_before(const struct tcp_sock *tp, u32 stamp)
{
	return tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr && before(tp->rx_opt.rcv_tsecr, stamp);
}

/*
 * Returns true if the ACK answers a segment that was sent before the first retransmission: by the
 * timestamp that it echoes, or because nothing was retransmitted yet.  Pacing, or a full queue of
 * our own device, can hold the first retransmission back until the segment that seemed lost has
 * arrived (Linux since 6.12).
 *
 * If retrans_stamp is 0, nothing was retransmitted, except in two cases, in which this function returns false.
 * First, without SACK: snd_una has reached high_seq, but the state lasts until a byte beyond high_seq is
 * acknowledged.  The loss may have been real, so the reduction must not be undone.  Second, in SYN_SENT: the
 * ACK of our SYN has cleared retrans_stamp.
 */
static bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	const struct sock *sk = (const struct sock *)tp;

	if (tp->retrans_stamp)
		return tcp_tsopt_ecr_before(tp, tp->retrans_stamp);
	return (tcp_is_sack(tp) || before(tp->snd_una, tp->high_seq)) &&
	       sk->sk_state != TCP_SYN_SENT;
}

static bool tcp_may_undo(const struct tcp_sock *tp)
{
	return tp->undo_marker && (!tp->undo_retrans || tcp_packet_delayed(tp));
}

/* Restores the window.  @unmark_loss: also removes the lost mark of all segments. */
static void tcp_undo_cwnd_reduction(struct sock *sk, bool unmark_loss)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unmark_loss)
		tcp_rtx_unmark_lost(sk);
	if (tp->prior_ssthresh) {
		tp->snd_cwnd = inet_csk(sk)->icsk_ca_ops->undo_cwnd(sk);
		if (tp->prior_ssthresh > tp->snd_ssthresh) {
			tp->snd_ssthresh = tp->prior_ssthresh;
			tcp_ecn_withdraw_cwr(tp);
		}
	}
	tp->snd_cwnd_stamp = tcp_jiffies32;
	tp->undo_marker = 0;
	/* Segments that had been marked as lost were delivered: let RACK look for losses again. */
	tp->rack.advanced = 1;
}

/* ---- one function for each state ----------------------------------------------------------------- */

bool tcp_try_undo_recovery(struct sock *sk)
{
	bool reno = tcp_is_reno(tcp_sk(sk));
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_may_undo(tp)) {
		snmp_inc(inet_csk(sk)->icsk_ca_state == TCP_CA_Loss ? SNMP_TcpExtTCPLossUndo
								    : SNMP_TcpExtTCPFullUndo);
		tcp_undo_cwnd_reduction(sk, false);
	} else if (tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_persist--;
	}
	/*
	 * RFC 6582 3.2, step 2: after a recovery, our own retransmissions may cause duplicate ACKs at high_seq.
	 * Stay in the state, so that these duplicate ACKs do not begin another recovery.
	 */
	if (reno && tp->snd_una == tp->high_seq) {
		tcp_retrans_stamp_cleanup(sk);
		return true;
	}
	tcp_set_ca_state(sk, TCP_CA_Open);
	tp->is_sack_reneg = 0;
	return false;
}

bool tcp_try_undo_dsack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || tp->undo_retrans)
		return false;
	/*
	 * RACK marked segments as lost that were not lost: keep the larger reordering window for
	 * one more recovery.
	 */
	tp->rack.reo_wnd_persist = min(tp->rack.reo_wnd_persist + 1, TCP_RACK_RECOVERY_THRESH);
	tcp_undo_cwnd_reduction(sk, false);
	snmp_inc(SNMP_TcpExtTCPDSACKUndo);
	return true;
}

bool tcp_try_undo_loss(struct sock *sk, bool frto_undo)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!frto_undo && !tcp_may_undo(tp))
		return false;
	tcp_undo_cwnd_reduction(sk, true);
	snmp_inc(SNMP_TcpExtTCPLossUndo);
	if (frto_undo)
		snmp_inc(SNMP_TcpExtTCPSpuriousRTOs);
	inet_csk(sk)->icsk_retransmits = 0;
	if (tcp_is_reno(tp) && tp->snd_una == tp->high_seq) {
		tcp_retrans_stamp_cleanup(sk);
		return true;
	}
	if (frto_undo || tcp_is_sack(tp)) {
		tcp_set_ca_state(sk, TCP_CA_Open);
		tp->is_sack_reneg = 0;
	}
	return true;
}

/*
 * If a partial ACK answers an original and not a retransmission, the segments marked as lost were only late.
 * Returns true if the undo must wait for the answers to retransmissions in flight.  After an undo, the caller
 * looks for losses as in Disorder: other segments of the flight may be lost (Linux since 5.14).
 */
bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || !tcp_packet_delayed(tp))
		return false;
	tcp_check_sack_reordering(sk, prior_snd_una, true);
	/* Bound the work of undos by the number of segments delivered (TCP_UNDO_MAX). */
	if (tp->lost_out > tp->delivered - tp->undo_delivered + TCP_UNDO_MAX)
		return false;
	/* Undo only after all retransmissions in flight are answered. */
	if (tp->retrans_out)
		return true;
	tcp_retrans_stamp_cleanup(sk);
	tp->undo_delivered = tp->delivered;
	tcp_undo_cwnd_reduction(sk, true);
	snmp_inc(SNMP_TcpExtTCPPartialUndo);
	tcp_try_keep_open(sk);
	return false;
}

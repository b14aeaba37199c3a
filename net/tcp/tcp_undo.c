/* SPDX-License-Identifier: MIT */
/*
 * Undo: takes a reduction of the window back when it turns out that nothing was lost.
 *
 * Two witnesses.  A timestamp that the peer echoes is older than our first retransmission: so the original
 * had arrived (Eifel, RFC 3522).  Or the peer reports each retransmission as a duplicate (DSACK, RFC 2883;
 * undo_retrans counts those not reported).  Then the window is what it was (RFC 4015).
 *
 *   tcp_enter_recovery, tcp_enter_loss -> tcp_init_undo            a reduction begins
 *   tcp_fastretrans_alert, tcp_process_loss -> tcp_try_undo_*      each ACK; F-RTO is a third witness
 *
 * The socket's owner, or the bh lock without one.  Answers to Linux's tcp_input.c.
 */
#include "net/tcp/limits.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

void tcp_init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	/* A retransmission that is still in flight may be reported as a duplicate too. */
	tp->undo_retrans = tp->retrans_out;
	if (tp->tlp_high_seq && tp->tlp_retrans)
		tp->undo_retrans++;
	/* Nothing was sent twice yet: 0 would mean that all of it was reported. */
	if (!tp->undo_retrans)
		tp->undo_retrans = -1;
}

/* ---- the witnesses ------------------------------------------------------------------------------- */

bool tcp_tsopt_ecr_before(const struct tcp_sock *tp, u32 stamp)
{
	return tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr && before(tp->rx_opt.rcv_tsecr, stamp);
}

/*
 * Without a recorded time this cannot be decided: it is cleared while NewReno waits at high_seq, and the
 * ACK beyond that must not undo the reduction after a true loss (as Linux since 5.1; 4.11 did).
 */
static bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	return tp->retrans_stamp && tcp_tsopt_ecr_before(tp, tp->retrans_stamp);
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
	/* Delivered, though marked lost: RACK may look at all of them again. */
	tp->rack.advanced = 1;
}

/* ---- each state's question ----------------------------------------------------------------------- */

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
	/* RFC 6582 3.2, step 2: duplicates may now be caused by our own retransmissions. */
	if (reno && tp->snd_una == tp->high_seq) {
		if (!tcp_any_retrans_done(sk))
			tp->retrans_stamp = 0;
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
	/* A mistake of RACK's: keep the larger reordering window for another recovery. */
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
		if (!tcp_any_retrans_done(sk))
			tp->retrans_stamp = 0;
		return true;
	}
	if (frto_undo || tcp_is_sack(tp)) {
		tcp_set_ca_state(sk, TCP_CA_Open);
		tp->is_sack_reneg = 0;
	}
	return true;
}

/* A partial ACK that the original caused, not the retransmission: the segments were only late. */
bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || !tcp_packet_delayed(tp))
		return false;
	tcp_check_sack_reordering(sk, prior_snd_una, true);
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

/* SPDX-License-Identifier: MIT */
/*
 * Proportional Rate Reduction (RFC 9937): lowers the window to ssthresh over one round trip.
 *
 *   tcp_enter_recovery, tcp_enter_cwr, tcp_process_tlp_ack -> tcp_init_cwnd_reduction -> ca_ops->ssthresh
 *   tcp_cong_control -> tcp_cwnd_reduction            each ACK in Recovery and CWR
 *   tcp_write_xmit, tcp_xmit_retransmit_queue         count the segments that they send in prr_out
 *   tcp_fastretrans_alert -> tcp_end_cwnd_reduction   high_seq was passed: cwnd = ssthresh
 *
 * A window that is halved at once stops the sender for half a round trip.  For each segment that arrives PRR
 * sends ssthresh / cwnd of a segment, where cwnd is the window before the reduction.  So ACKs go on to clock
 * the sending.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * Compare Linux's tcp_input.c.
 */
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

/* Returns the effective ssthresh: during a reduction its target, otherwise at least 3/4 of the window. */
u32 tcp_current_ssthresh(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_in_cwnd_reduction(sk))
		return tp->snd_ssthresh;
	return max(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
}

/* Begins a reduction (RFC 9937 6.1). */
void tcp_init_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	tp->snd_cwnd_cnt = 0;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->prr_delivered = 0;
	tp->prr_out = 0;
	tp->snd_ssthresh = inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
	tcp_ecn_queue_cwr(tp);
}

/*
 * RFC 9937 6.2.  With more than ssthresh segments in flight, sends in proportion to the segments
 * that arrive. With fewer, sends as many as arrive, and one more if the ACK is safe: it advanced
 * snd_una and showed no new loss.  So the data in flight grows to ssthresh as in slow start.
 *
 * The RFC divides by the data that was in flight (RecoverFS). Here, as in Linux, the divisor is the
 * window before the reduction. If the application did not fill the window, fewer segments are sent
 * than the RFC permits, until ssthresh is reached.
 */
void tcp_cwnd_reduction(struct sock *sk, u32 newly_delivered, u32 newly_lost, int flag)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int in_flight = tcp_packets_in_flight(tp), room = (int)tp->snd_ssthresh - in_flight, send;

	if (!newly_delivered)
		return;
	tp->prr_delivered += newly_delivered;
	if (room < 0) {
		u64 share = (u64)tp->prr_delivered * tp->snd_ssthresh;

		send = (int)DIV_ROUND_UP(share, tp->prior_cwnd) - (int)tp->prr_out;
	} else {
		bool safe_ack = (flag & FLAG_SND_UNA_ADVANCED) && !newly_lost;

		send = max((int)tp->prr_delivered - (int)tp->prr_out, (int)newly_delivered);
		send = min(send + safe_ack, room);
	}
	/* The first segment of a reduction, the fast retransmit, may always be sent. */
	send = max(send, tp->prr_out ? 0 : 1);
	tp->snd_cwnd = max(in_flight + send, 1);
}

void tcp_end_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* An algorithm with cong_control() sets the window itself. */
	if (inet_csk(sk)->icsk_ca_ops->cong_control)
		return;
	/* undo_marker is 0 after an undo: the window was restored and must not be lowered here. */
	if (tp->snd_ssthresh < TCP_INFINITE_SSTHRESH &&
	    (inet_csk(sk)->icsk_ca_state == TCP_CA_CWR || tp->undo_marker)) {
		tp->snd_cwnd = tp->snd_ssthresh;
		tp->snd_cwnd_stamp = tcp_jiffies32;
	}
	tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
}

/*
 * Congestion was reported without a loss: reduces the window, at most once for each window of data, and not during
 * Recovery or Loss.
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

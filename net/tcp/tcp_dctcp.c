/* SPDX-License-Identifier: MIT */
/*
 * DCTCP (RFC 8257): a congestion control for networks whose switches mark packets (CE) at a short queue.
 *
 *   tcp_ecn.c -> dctcp_cwnd_event(CA_EVENT_ECN_IS_CE, CA_EVENT_ECN_NO_CE)   receiver: reports each mark exactly
 *   tcp_ack -> dctcp_in_ack_event                                           sender: counts marked segments
 *     -> dctcp_update_alpha                                                 once in a round trip
 *   tcp_enter_cwr, tcp_enter_recovery -> dctcp_ssthresh                     reduces cwnd by alpha / 2
 *   tcp_cong_control -> tcp_reno_cong_avoid                                 growth is Reno's
 *
 * A sender with classic ECN halves its window for one mark.  DCTCP estimates alpha, the part of its segments
 * that are marked, and reduces the window by the factor alpha / 2.  If few segments are marked, the reduction
 * is small.  So the queue stays short, and the link does not become idle.  The estimate needs to know how many
 * segments were marked.  So the receiver sets ECE in an ACK if and only if the segments that the ACK
 * acknowledges were marked, and sends an ACK at once when the marks begin or end.
 *
 * A connection without ECN gets Reno.  DCTCP takes more than its share from flows with classic ECN, so it is meant
 * for networks of one operator (RFC 8257 5).
 *
 * The caller owns the socket, or holds its bh lock while no thread owns it.  Compare Linux's tcp_dctcp.c.
 */
#include "net/tcp/tcp_dctcp.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_send.h"

/* ---- the sender ---------------------------------------------------------------------------------- */

static void dctcp_begin_window(const struct tcp_sock *tp, struct dctcp *d)
{
	d->next_seq = tp->snd_nxt;
	d->old_delivered = tp->delivered;
	d->old_delivered_ce = tp->delivered_ce;
}

/*
 * Called at the end of an observation window (3.3): alpha = (1 - g) alpha + g M, where g = 1/16 and
 * M is the marked part of the segments in the window. An alpha below 16 units becomes 0: a
 * sixteenth of it rounds to 0, so the formula would never lower it.
 */
static void dctcp_update_alpha(const struct tcp_sock *tp, struct dctcp *d)
{
	u32 delivered = tp->delivered - d->old_delivered;
	u32 marked = tp->delivered_ce - d->old_delivered_ce;
	u32 decay = d->alpha >> DCTCP_SHIFT_G, alpha = d->alpha - (decay ? decay : d->alpha);

	if (marked)
		alpha += ((u64)marked << (DCTCP_ALPHA_SHIFT - DCTCP_SHIFT_G)) / max(delivered, 1u);
	d->alpha = min(alpha, DCTCP_MAX_ALPHA);
}

static void dctcp_in_ack_event(struct sock *sk, u32 flags)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);

	(void)flags;
	if (before(tp->snd_una, d->next_seq))
		return;
	dctcp_update_alpha(tp, d);
	dctcp_begin_window(tp, d);
}

/* "cwnd = cwnd * (1 - DCTCP.Alpha / 2)" (3.3). */
static u32 dctcp_ssthresh(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);
	u32 cut = (u64)tp->snd_cwnd * d->alpha >> (DCTCP_ALPHA_SHIFT + 1);

	d->loss_cwnd = tp->snd_cwnd;
	return max(tp->snd_cwnd - cut, 2u);
}

/*
 * "A DCTCP sender MUST react to loss episodes in the same way as conventional TCP" (3.5): the window is halved.
 * After a timeout dctcp_ssthresh() determines the window instead.
 */
static void dctcp_react_to_loss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);

	d->loss_cwnd = tp->snd_cwnd;
	tp->snd_ssthresh = max(tp->snd_cwnd >> 1, 2u);
}

static void dctcp_set_state(struct sock *sk, u8 new_state)
{
	if (new_state == TCP_CA_Recovery && inet_csk(sk)->icsk_ca_state != TCP_CA_Recovery)
		dctcp_react_to_loss(sk);
}

static u32 dctcp_undo_cwnd(struct sock *sk)
{
	const struct dctcp *d = inet_csk_ca(sk);

	return max(tcp_sk(sk)->snd_cwnd, d->loss_cwnd);
}

/* ---- the receiver -------------------------------------------------------------------------------- */

static void dctcp_set_ece(struct tcp_sock *tp, bool ce)
{
	if (ce)
		tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
	else
		tp->ecn_flags &= ~TCP_ECN_DEMAND_CWR;
}

/*
 * A packet arrived; @ce is true if it is marked (CE).  If the mark differs from the previous packet's, and the ACK of
 * the previous packet is still delayed, that ACK is sent first, with the old ECE flag.  The ACK of the new packet is
 * then sent without delay (RFC 8257 3.2).  This function is not called for retransmissions, which have no ECT.  So we
 * may have acknowledged prior_rcv_nxt already; then no second ACK with this number is sent (Linux sends one).
 */
static void dctcp_packet_arrived(struct sock *sk, bool ce)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct dctcp *d = inet_csk_ca(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 rcv_nxt = tp->rcv_nxt;

	if (d->ce != ce) {
		if (icsk->icsk_ack.pending & ICSK_ACK_TIMER &&
		    after(d->prior_rcv_nxt, tp->rcv_wup)) {
			dctcp_set_ece(tp, d->ce);
			tp->rcv_nxt = d->prior_rcv_nxt;
			tcp_send_ack(sk);
			tp->rcv_nxt = rcv_nxt;
		}
		icsk->icsk_ack.pending |= ICSK_ACK_NOW;
	}
	d->prior_rcv_nxt = rcv_nxt;
	d->ce = ce;
	dctcp_set_ece(tp, ce);
}

static void dctcp_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	switch (event) {
	case CA_EVENT_ECN_IS_CE:
	case CA_EVENT_ECN_NO_CE:
		dctcp_packet_arrived(sk, event == CA_EVENT_ECN_IS_CE);
		break;
	case CA_EVENT_LOSS:
		dctcp_react_to_loss(sk);
		break;
	default:
		break;
	}
}

/* ---- the beginning ------------------------------------------------------------------------------- */

/* For a connection without ECN: its packets must not claim to be ECN-capable. */
static struct tcp_congestion_ops dctcp_reno = {
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.name = "dctcp-reno",
};

/* alpha begins at 1 (3.3): the first mark halves the window. */
static void dctcp_init(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *d = inet_csk_ca(sk);

	if (!(tp->ecn_flags & TCP_ECN_OK)) {
		inet_csk(sk)->icsk_ca_ops = &dctcp_reno;
		return;
	}
	*d = (struct dctcp){.alpha = DCTCP_MAX_ALPHA, .prior_rcv_nxt = tp->rcv_nxt};
	dctcp_begin_window(tp, d);
}

static size_t dctcp_get_info(const struct sock *sk, union tcp_cc_info *info)
{
	const struct dctcp *d = inet_csk_ca(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	info->dctcp = (struct tcp_dctcp_info){
		.dctcp_enabled = 1,
		.dctcp_ce_state = d->ce,
		.dctcp_alpha = d->alpha,
		.dctcp_ab_ecn = tp->mss_cache * (tp->delivered_ce - d->old_delivered_ce),
		.dctcp_ab_tot = tp->mss_cache * (tp->delivered - d->old_delivered)};
	return sizeof(info->dctcp);
}

struct tcp_congestion_ops tcp_dctcp = {
	.flags = TCP_CONG_NEEDS_ECN | TCP_CONG_NON_RESTRICTED,
	.init = dctcp_init,
	.ssthresh = dctcp_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.set_state = dctcp_set_state,
	.cwnd_event = dctcp_cwnd_event,
	.in_ack_event = dctcp_in_ack_event,
	.undo_cwnd = dctcp_undo_cwnd,
	.get_info = dctcp_get_info,
	.name = "dctcp",
};

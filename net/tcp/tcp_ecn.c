/* SPDX-License-Identifier: MIT */
/*
 * Explicit congestion notification (RFC 3168): a router marks a packet (CE) instead of dropping it, the
 * receiver echoes the mark (ECE), and the sender reduces cwnd and reports that (CWR).
 *
 *   handshake   tcp_connect -> tcp_ecn_send_syn;  __tcp_retransmit_skb -> tcp_ecn_clear_syn
 *               tcp_synsent_acked -> tcp_ecn_rcv_synack;  tcp_synsent_crossed -> tcp_ecn_rcv_syn
 *               tcp_openreq_init -> tcp_ecn_accepts
 *   receiver    tcp_data_queue -> tcp_ecn_accept_cwr
 *               tcp_event_data_recv, tcp_data_queue_ofo -> tcp_ecn_check_ce
 *   sender      tcp_transmit_skb -> tcp_ecn_send
 *               tcp_ack -> tcp_ecn_rcv_ecn_echo, then FLAG_ECE (tcp_recovery.c)
 *               tcp_init_cwnd_reduction, tcp_enter_loss -> tcp_ecn_queue_cwr
 *
 * The ECN field of a packet is set through inet_sock.tos (net/inet/inet_ecn.h).  A congestion control
 * with TCP_CONG_NEEDS_ECN offers ECN whatever the sysctl's value is, sends all packets with ECT, and gets
 * CA_EVENT_ECN_IS_CE for each mark.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it;
 * tcp_ecn_accepts() runs in softirq and only reads the listener.
 * RFC 3168 5 and 6.1. Compare Linux's tcp_input.c and tcp_output.c.
 */
#include "net/inet/inet_ecn.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_in.h"

#define ECN_SETUP (TCPHDR_ECE | TCPHDR_CWR)
/*
 * Number of ACKs that are sent without delay after a mark or a retransmission: the peer's congestion window may be
 * one segment, so the peer waits for each ACK.
 */
#define ECN_QUICKACKS 2

/* ---- the handshake ----------------------------------------------------------------------------- */

/* RFC 3168 6.1.1: a SYN with both flags, ECE and CWR, offers ECN ("ECN-setup SYN packet"). */
u8 tcp_ecn_send_syn(struct sock *sk)
{
	bool needs_ecn = tcp_ca_needs_ecn(sk);

	tcp_sk(sk)->ecn_flags = 0;
	/* The socket may have been used for an earlier connection. */
	INET_ECN_dontxmit(sk);
	if (READ_ONCE(sysctl_tcp_ecn) != TCP_ECN_OFFER && !needs_ecn)
		return 0;
	tcp_sk(sk)->ecn_flags = TCP_ECN_OK;
	if (needs_ecn)
		INET_ECN_xmit(sk);
	return ECN_SETUP;
}

/*
 * Some middleboxes drop SYNs with ECE and CWR, so the SYN is sent again without these flags.
 * TCP_ECN_OK stays set, because the SYN-ACK may answer the first SYN.
 */
void tcp_ecn_clear_syn(struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	/* ECE without CWR accepts the peer's offer in a simultaneous open: do not clear it. */
	if ((tcb->tcp_flags & ECN_SETUP) == ECN_SETUP && READ_ONCE(sysctl_tcp_ecn_fallback))
		tcb->tcp_flags &= ~ECN_SETUP;
}

/*
 * RFC 3168 6.1.1: ECE without CWR accepts our offer ("ECN-setup SYN-ACK packet").  A SYN-ACK with both flags
 * does not accept it: its sender copies the reserved bits of the SYN without knowing their meaning.
 */
void tcp_ecn_rcv_synack(struct tcp_sock *tp, const struct tcphdr *th)
{
	if ((tcp_flag_byte(th) & ECN_SETUP) != TCPHDR_ECE)
		tp->ecn_flags = 0;
}

void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th)
{
	if ((tcp_flag_byte(th) & ECN_SETUP) != ECN_SETUP)
		tp->ecn_flags = 0;
}

/*
 * RFC 3168 6.1.1: "A host MUST NOT set ECT on SYN or SYN-ACK packets".  If the SYN has ECT, either the
 * path changes the field or the peer uses it in another way, so do not accept ECN.  A congestion control that sends
 * ECT in SYNs itself accepts such a SYN.
 */
bool tcp_ecn_accepts(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (tcp_ca_needs_ecn(sk))
		return true;
	return READ_ONCE(sysctl_tcp_ecn) && !(cb->ip_dsfield & INET_ECN_MASK);
}

/* ---- receiving --------------------------------------------------------------------------------- */

/*
 * RFC 3168 6.1.3: "When TCP receives a CE data packet at the destination end-system, the TCP data receiver
 * sets the ECN-Echo flag in the TCP header of the subsequent ACK packet", and in all that follow "until it
 * receives a CWR packet".
 */
static void tcp_ecn_marked(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_ca_needs_ecn(sk))
		tcp_ca_event(sk, CA_EVENT_ECN_IS_CE);
	if (!(tp->ecn_flags & TCP_ECN_DEMAND_CWR))
		tcp_enter_quickack_mode(sk, ECN_QUICKACKS);
	tp->ecn_flags |= TCP_ECN_DEMAND_CWR | TCP_ECN_SEEN;
}

void __tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (TCP_SKB_CB(skb)->ip_dsfield & INET_ECN_MASK) {
	case INET_ECN_NOT_ECT:
		/* All new data of this peer has ECT, so this is probably a retransmission. */
		if (tp->ecn_flags & TCP_ECN_SEEN)
			tcp_enter_quickack_mode(sk, ECN_QUICKACKS);
		break;
	case INET_ECN_CE:
		tcp_ecn_marked(sk);
		break;
	default:
		if (tcp_ca_needs_ecn(sk))
			tcp_ca_event(sk, CA_EVENT_ECN_NO_CE);
		tp->ecn_flags |= TCP_ECN_SEEN;
	}
}

void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (likely(!(cb->tcp_flags & TCPHDR_CWR)))
		return;
	tcp_sk(sk)->ecn_flags &= ~TCP_ECN_DEMAND_CWR;
	/* The peer's congestion window may be a single segment, so the peer waits for this ACK. */
	if (cb->seq != cb->end_seq)
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
}

/* ---- sending ----------------------------------------------------------------------------------- */

/*
 * Only new data has ECT.  Pure ACKs do not (RFC 3168 6.1.4), because their sender does not notice their loss.
 * Retransmissions do not (6.1.5), because a forged or old segment could simulate congestion; nor do window
 * probes (6.1.6).  CWR is set on "the first new data packet sent after the window reduction" (6.1.2).
 */
u8 __tcp_ecn_send(struct sock *sk, const struct tcp_skb_cb *tcb, unsigned int bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 flags = tp->ecn_flags & TCP_ECN_DEMAND_CWR ? TCPHDR_ECE : 0;

	if (bytes && !before(tcb->seq, tp->snd_nxt)) {
		INET_ECN_xmit(sk);
		if (tp->ecn_flags & TCP_ECN_QUEUE_CWR) {
			tp->ecn_flags &= ~TCP_ECN_QUEUE_CWR;
			flags |= TCPHDR_CWR;
		}
	} else if (!tcp_ca_needs_ecn(sk)) {
		INET_ECN_dontxmit(sk);
	}
	return flags;
}

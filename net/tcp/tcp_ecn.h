/* SPDX-License-Identifier: MIT */
/*
 * Explicit congestion notification: the flags of a connection, and the hooks of the sending and the
 * receiving side (tcp_ecn.c).  Callers own the socket, or hold its bh lock while no thread owns it.
 */
#ifndef NET_TCP_TCP_ECN_H
#define NET_TCP_TCP_ECN_H

#include "net/tcp/tcp.h"

/* tcp_sock.ecn_flags; without TCP_ECN_OK the others are 0 */
#define TCP_ECN_OK         1 /* both hosts agreed to use ECN; in SYN_SENT: our SYN offered it */
#define TCP_ECN_QUEUE_CWR  2 /* cwnd was reduced: the next new data segment carries CWR */
#define TCP_ECN_DEMAND_CWR 4 /* a CE mark arrived: each segment carries ECE until the peer's CWR */
#define TCP_ECN_SEEN       8 /* a data packet with ECT or CE arrived */

/* ---- the handshake ----------------------------------------------------------------------------- */
/* Returns the flags of our SYN: 0, or ECE and CWR if it offers ECN. */
u8 tcp_ecn_send_syn(struct sock *sk);
/* The SYN @skb will be sent again: removes the offer of ECN (RFC 3168 6.1.1.1). */
void tcp_ecn_clear_syn(struct sk_buff *skb);
/* Called for the answer to our offer: a SYN-ACK, or in a simultaneous open a SYN. */
void tcp_ecn_rcv_synack(struct tcp_sock *tp, const struct tcphdr *th);
void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th);
/* Returns true if the listener @sk accepts the offer of ECN in @skb, a SYN with tcp_ecn_offered(). */
bool tcp_ecn_accepts(const struct sock *sk, const struct sk_buff *skb);
/* Returns true if the SYN @skb offers ECN: it has ECE and CWR (RFC 3168 6.1.1). */
static inline bool tcp_ecn_offered(const struct sk_buff *skb)
{
	const u8 both = TCPHDR_ECE | TCPHDR_CWR;

	return (TCP_SKB_CB(skb)->tcp_flags & both) == both;
}
/* Returns the flags of a SYN-ACK.  @ecn_ok: the peer offered ECN and we accept it. */
static inline u8 tcp_ecn_synack_flags(bool ecn_ok)
{
	return ecn_ok ? TCPHDR_ECE : 0;
}

/* ---- receiving --------------------------------------------------------------------------------- */
void __tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb);
/* Called when the data of @skb is queued: processes a CE mark of its packet. */
static inline void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	if (unlikely(tcp_sk(sk)->ecn_flags & TCP_ECN_OK))
		__tcp_ecn_check_ce(sk, skb);
}
/* Processes CWR.  Call it before tcp_ecn_check_ce(), because a segment may carry CWR and be marked itself. */
void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb);

/* ---- sending ----------------------------------------------------------------------------------- */
/*
 * Sets the ECN field of the segment that is sent next: no SYN, with the control block @tcb and @bytes of data.
 * Returns the flags to add: ECE, CWR.
 */
u8 __tcp_ecn_send(struct sock *sk, const struct tcp_skb_cb *tcb, unsigned int bytes);
static inline u8 tcp_ecn_send(struct sock *sk, const struct tcp_skb_cb *tcb, unsigned int bytes)
{
	if (likely(!(tcp_sk(sk)->ecn_flags & TCP_ECN_OK)) || (tcb->tcp_flags & TCPHDR_SYN))
		return 0;
	return __tcp_ecn_send(sk, tcb, bytes);
}
/* Returns true if @flags, the TCP flags of an ACK, report that one of our packets was marked. */
static inline bool tcp_ecn_rcv_ecn_echo(const struct tcp_sock *tp, u8 flags)
{
	return unlikely((flags & (TCPHDR_ECE | TCPHDR_SYN)) == TCPHDR_ECE) &&
	       (tp->ecn_flags & TCP_ECN_OK);
}
/* cwnd is reduced, for any reason: sends CWR with the next new data. */
static inline void tcp_ecn_queue_cwr(struct tcp_sock *tp)
{
	if (tp->ecn_flags & TCP_ECN_OK)
		tp->ecn_flags |= TCP_ECN_QUEUE_CWR;
}
/* The reduction is undone: the next new data carries no CWR. */
static inline void tcp_ecn_withdraw_cwr(struct tcp_sock *tp)
{
	tp->ecn_flags &= ~TCP_ECN_QUEUE_CWR;
}

#endif

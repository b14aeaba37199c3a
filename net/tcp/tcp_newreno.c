/* SPDX-License-Identifier: MIT */
/*
 * NewReno: losses by duplicate ACKs, for a peer without SACK (RFC 5681 3.2, 6582).
 *
 *   tcp_fastretrans_alert -> tcp_add_reno_sack         a duplicate ACK
 *   tcp_fastretrans_alert -> tcp_newreno_mark_lost     three of them, or a partial ACK in recovery
 *   tcp_clean_rtx_queue   -> tcp_remove_reno_sacks     segments were acknowledged
 *
 * An ACK does not say which segment arrived.  So sacked_out counts duplicate ACKs: each means that one
 * segment arrived, behind a hole at the head.  In flight is then packets_out - sacked_out - lost_out +
 * retrans_out, as with SACK, and all rules that follow are the same.
 *
 * The socket's owner, or the bh lock without one.  Answers to Linux's tcp_input.c.
 */
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

/*
 * At least one segment is missing, or there would be no duplicates.  True: the count was too high.
 */
bool tcp_limit_reno_sacked(struct tcp_sock *tp)
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
	tp->reordering = max(tp->reordering,
			     min_t(u32, tp->packets_out + addend, sysctl_tcp_max_reordering));
	tp->reord_seen++;
	snmp_inc(SNMP_TcpExtTCPRenoReorder);
}

void tcp_add_reno_sack(struct sock *sk, bool is_dupack)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior = tp->sacked_out;

	if (!is_dupack)
		return;
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

/*
 * Marks the one segment that is surely missing, the first: when as many duplicates as tp->reordering came,
 * and in recovery when a partial ACK shows the next hole (RFC 6582 3.2, step 3).
 */
void tcp_newreno_mark_lost(struct sock *sk, bool snd_una_advanced)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct sk_buff *skb = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss;
	bool due = icsk->icsk_ca_state < TCP_CA_Recovery
			   ? tp->sacked_out >= tp->reordering
			   : icsk->icsk_ca_state == TCP_CA_Recovery && snd_una_advanced;

	if (!due || (TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
		return;
	mss = tcp_skb_mss(skb);
	if (tcp_skb_pcount(skb) > 1 && skb->len > mss &&
	    tcp_fragment(sk, true, skb, mss, mss, GFP_ATOMIC))
		return;
	tcp_mark_skb_lost(sk, skb);
	/* A segment that was counted as arrived may be the lost one. */
	tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);
}

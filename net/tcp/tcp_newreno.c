/* SPDX-License-Identifier: MIT */
/*
 * NewReno: finds losses by duplicate ACKs, for a peer without SACK (RFC 5681 3.2, 6582).
 *
 *   tcp_fastretrans_alert -> tcp_add_reno_sack         a duplicate ACK
 *   tcp_fastretrans_alert -> tcp_newreno_mark_lost     three duplicate ACKs, or a partial ACK in recovery
 *   tcp_clean_rtx_queue   -> tcp_remove_reno_sacks     segments were acknowledged
 *
 * A duplicate ACK does not show which segment arrived, only that one arrived behind a hole at the head of the
 * queue.  So sacked_out counts duplicate ACKs.  The number of segments in flight is then packets_out -
 * sacked_out - lost_out + retrans_out, as with SACK, and recovery and PRR work as with SACK.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * Compare Linux's tcp_input.c.
 */
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

/* A duplicate ACK means that at least one segment is missing, even if none is marked as lost. */
bool tcp_limit_reno_sacked(struct tcp_sock *tp)
{
	u32 holes = min(max(tp->lost_out, 1u), tp->packets_out);

	if (tp->sacked_out + holes <= tp->packets_out)
		return false;
	tp->sacked_out = tp->packets_out - holes;
	return true;
}

/*
 * If there were more duplicate ACKs than segments that can have arrived, segments were reordered and not lost:
 * raises tp->reordering.  @addend: segments that have left the queue with the present ACK.
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

void tcp_add_reno_sack(struct sock *sk, bool is_dupack, bool ece_ack)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior = tp->sacked_out;

	if (!is_dupack)
		return;
	tp->sacked_out++;
	tcp_check_reno_reordering(sk, 0);
	if (tp->sacked_out > prior)
		tcp_count_delivered(tp, 1, ece_ack);
	tcp_verify_left_out(tp);
}

/*
 * @acked segments were acknowledged in order.  The first filled the hole.  Each of the others had caused a duplicate
 * ACK when it arrived: subtracts these duplicate ACKs from sacked_out.
 */
void tcp_remove_reno_sacks(struct sock *sk, int acked, bool ece_ack)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (acked > 0) {
		tcp_count_delivered(tp, max(acked - (int)tp->sacked_out, 1), ece_ack);
		tp->sacked_out -= min(tp->sacked_out, (u32)acked - 1);
	}
	tcp_check_reno_reordering(sk, acked);
	tcp_verify_left_out(tp);
}

/*
 * Marks the first segment of the queue as lost: before recovery when tp->reordering duplicate ACKs have arrived,
 * in recovery when a partial ACK shows that it is the next hole (RFC 6582 3.2, step 3).
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
	/*
	 * sacked_out counts one segment as arrived for each duplicate ACK, but the lost segment has not
	 * arrived: keep sacked_out + lost_out within packets_out.
	 */
	tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);
}

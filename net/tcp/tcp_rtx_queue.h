/* SPDX-License-Identifier: MIT */
/*
 * The retransmit queue: the segments that were sent and are not cumulatively acknowledged, and what
 * is known about each (its marks, TCPCB_TAGBITS).
 *
 * Order by sequence number: sk->tcp_rtx_queue, a red-black tree.  Each node also knows whether its
 * subtree has a segment without SACKED_ACKED, and one that is lost and must be retransmitted.  So the next
 * such segment is found in O(log n), whatever blocks a peer sends (CVE-2018-5390 and its kin).
 * Linux walks the segments and merges SACKed ones to shorten the walk; here merging would save
 * nothing, and every segment keeps its own time of sending.
 *
 * Order by time of sending: a segment that is neither SACKed nor lost is in tsorted_sent_queue, a lost one that
 * was not sent again is in tsorted_lost_queue; both begin with the oldest.  A SACKed segment is in
 * neither.  RACK (tcp_rack.c) looks only at the first list, and moves what it finds lost to the second.
 * The list's anchor shares its bytes with skb->dst and skb->destructor: a queued segment has
 * neither, only the clone that is sent has them.
 *
 * Counts: packets_out is the number of segments in the queue; sacked_out, lost_out and retrans_out are those
 * with the respective mark.  All marks change through tcp_rtx_set_marks(), which keeps the counts,
 * the summaries and the lists.  Without SACK no segment is SACKED_ACKED, and sacked_out counts
 * duplicate ACKs (tcp_newreno.c).
 *
 * The socket's owner, or the bh lock without one; softirq or process context.
 */
#ifndef NET_TCP_TCP_RTX_QUEUE_H
#define NET_TCP_TCP_RTX_QUEUE_H

#include "net/core/sock.h"
#include "net/tcp/tcp_sock.h"

/* An empty queue. */
static inline void tcp_rtx_queue_init(struct sock *sk)
{
	sk->tcp_rtx_queue = RB_ROOT;
	INIT_LIST_HEAD(&tcp_sk(sk)->tsorted_sent_queue);
	INIT_LIST_HEAD(&tcp_sk(sk)->tsorted_lost_queue);
}
static inline bool tcp_rtx_queue_empty(const struct sock *sk)
{
	return RB_EMPTY_ROOT(&sk->tcp_rtx_queue);
}
static inline struct sk_buff *tcp_rtx_queue_head(const struct sock *sk)
{
	struct rb_node *n = rb_first(&sk->tcp_rtx_queue);

	return n ? rb_to_skb(n) : NULL;
}
static inline struct sk_buff *tcp_rtx_queue_tail(const struct sock *sk)
{
	struct rb_node *n = rb_last(&sk->tcp_rtx_queue);

	return n ? rb_to_skb(n) : NULL;
}
static inline struct sk_buff *skb_rb_next(const struct sk_buff *skb)
{
	struct rb_node *n = rb_next(&skb->rbnode);

	return n ? rb_to_skb(n) : NULL;
}

/* ---- tcp_rtx_queue.c ---- */
/* Adds a segment that was just sent for the first time.  No route, no destructor, no marks. */
void tcp_rtx_queue_add(struct sock *sk, struct sk_buff *skb);
/* Adds @skb, which was cut from the end of @before: its marks and its time of sending are @before's. */
void tcp_rtx_queue_add_after(struct sock *sk, struct sk_buff *before, struct sk_buff *skb);
/* Removes and frees @skb.  The caller has subtracted it from the counts. */
void tcp_rtx_queue_unlink_and_free(struct sk_buff *skb, struct sock *sk);

/* The first segment that ends after @seq; NULL: none does. */
struct sk_buff *tcp_rtx_find(const struct sock *sk, u32 seq);
/* The same, of those without SACKED_ACKED. */
struct sk_buff *tcp_rtx_next_unsacked(const struct sock *sk, u32 seq);
/* The first segment that is lost and was not sent again since; NULL: there is none. */
struct sk_buff *tcp_rtx_first_lost(const struct sock *sk);

/* @skb gets @marks (of TCPCB_TAGBITS) instead of those it has. */
void tcp_rtx_set_marks(struct sock *sk, struct sk_buff *skb, u8 marks);
/* @skb was sent again: makes it the last in the order of sending.  The caller marks it. */
void tcp_rtx_sent_again(struct sock *sk, struct sk_buff *skb);
/* No segment is lost any more: the reduction was undone. */
void tcp_rtx_unmark_lost(struct sock *sk);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The retransmit queue: the segments that were sent and are not cumulatively acknowledged, each with its
 * marks (TCPCB_TAGBITS: SACKed, lost, retransmitted).
 *
 * Order by sequence number: sk->tcp_rtx_queue, a red-black tree.  Each node has a summary of its subtree:
 * whether a segment without SACKED_ACKED is in it, and whether a segment is in it that is lost and must be
 * retransmitted.  So the next such segment is found in O(log n), whatever blocks a peer sends (CVE-2018-5390
 * and similar ones).  Linux walks the segments, and merges SACKed ones to shorten the walk; here merging would
 * save nothing, and every segment keeps its own time of sending.
 *
 * Order by time of sending: a lost segment that was not sent again is in tsorted_lost_queue; every
 * other segment that is not SACKed is in tsorted_sent_queue. tsorted_sent_queue begins with the
 * segment that was sent first, tsorted_lost_queue with the one that was found lost first. A SACKed
 * segment is in neither list. RACK (tcp_rack.c) reads only tsorted_sent_queue, and moves lost
 * segments from it to tsorted_lost_queue. The list's anchor shares its bytes with skb->dst and
 * skb->destructor: a queued segment has neither, because only its clone is sent.
 *
 * Counts: packets_out is the number of segments in the queue; sacked_out, lost_out and retrans_out are the numbers of
 * segments with the respective mark.  All marks change through tcp_rtx_set_marks(), which updates the counts, the
 * summaries and the lists.  Without SACK no segment is SACKED_ACKED, and sacked_out counts duplicate ACKs
 * (tcp_newreno.c).
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 */
#ifndef NET_TCP_TCP_RTX_QUEUE_H
#define NET_TCP_TCP_RTX_QUEUE_H

#include "net/core/sock.h"
#include "net/tcp/tcp_sock.h"

/* Makes the queue empty; frees no segment. */
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
/* Adds @skb, which was just sent for the first time.  It must have no route, no destructor and no marks. */
void tcp_rtx_queue_add(struct sock *sk, struct sk_buff *skb);
/* Adds @skb, which was cut from the end of @before and has the marks and the time of sending of @before. */
void tcp_rtx_queue_add_after(struct sock *sk, struct sk_buff *before, struct sk_buff *skb);
/* Removes and frees @skb.  The caller has subtracted it from the counts. */
void tcp_rtx_queue_unlink_and_free(struct sk_buff *skb, struct sock *sk);

/* Returns the first segment that ends after @seq, or NULL if there is none. */
struct sk_buff *tcp_rtx_find(const struct sock *sk, u32 seq);
/* Returns the first segment without SACKED_ACKED that ends after @seq, or NULL if there is none. */
struct sk_buff *tcp_rtx_next_unsacked(const struct sock *sk, u32 seq);
/*
 * Returns the first lost segment whose retransmission is not in flight, or NULL if there is none.
 */
struct sk_buff *tcp_rtx_first_lost(const struct sock *sk);

/* Replaces the marks of @skb (TCPCB_TAGBITS) by @marks. */
void tcp_rtx_set_marks(struct sock *sk, struct sk_buff *skb, u8 marks);
/* @skb was sent again: moves it to the end of tsorted_sent_queue, unless it is SACKed.  The caller marks it. */
void tcp_rtx_sent_again(struct sock *sk, struct sk_buff *skb);
/* Removes the lost mark of all segments, because the reduction was undone. */
void tcp_rtx_unmark_lost(struct sock *sk);

#endif

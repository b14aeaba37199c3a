/* SPDX-License-Identifier: MIT */
/*
 * The retransmit queue (tcp_rtx_queue.h has its contract): insertion, removal, marks, searches.
 *
 *   tcp_event_new_data_sent, tcp_connect -> tcp_rtx_queue_add
 *   tcp_fragment                         -> tcp_rtx_queue_add_after
 *   tcp_clean_rtx_queue                  -> tcp_rtx_queue_unlink_and_free
 *   tcp_sack.c                           -> tcp_rtx_next_unsacked, tcp_rtx_set_marks
 *   tcp_xmit_retransmit_queue            -> tcp_rtx_first_lost;  tcp_retransmit_skb -> tcp_rtx_sent_again
 *   tcp_mark_skb_lost                    -> tcp_rtx_set_marks;  undo -> tcp_rtx_unmark_lost
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.  Every function
 * is O(log n), except tcp_rtx_unmark_lost(): that is O(log n) for each lost segment, plus a walk over part of
 * tsorted_sent_queue.
 */
#include "kernel/lib/list_sort.h"
#include "net/tcp/tcp_rtx_queue.h"
#include "net/tcp/tcp_send.h"

/* ---- summaries ----------------------------------------------------------------------------------- */

/* Returns true if a segment with @marks is lost and its retransmission is not in flight. */
static bool marks_are_lost(u8 marks)
{
	return (marks & TCPCB_TAGBITS) == TCPCB_LOST;
}

/* Returns the bits that @skb itself adds to the summary of its subtree. */
static u8 own_summary(const struct sk_buff *skb)
{
	u8 marks = TCP_SKB_CB(skb)->sacked;

	return (marks & TCPCB_SACKED_ACKED ? 0 : RTX_HAS_UNSACKED) |
	       (marks_are_lost(marks) ? RTX_HAS_LOST : 0);
}

static u8 summary_of(const struct rb_node *n)
{
	return n ? TCP_SKB_CB(rb_to_skb(n))->rtx_summary : 0;
}

static bool summarise(struct rb_node *n)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(rb_to_skb(n));
	u8 old = tcb->rtx_summary;

	tcb->rtx_summary =
		own_summary(rb_to_skb(n)) | summary_of(n->rb_left) | summary_of(n->rb_right);
	return tcb->rtx_summary != old;
}

/* ---- searches ------------------------------------------------------------------------------------ */

/* Returns the first segment with the bit @want in the subtree of @n, which must have one. */
static struct sk_buff *first_in(struct rb_node *n, u8 want)
{
	for (;;) {
		if (summary_of(n->rb_left) & want)
			n = n->rb_left;
		else if (own_summary(rb_to_skb(n)) & want)
			return rb_to_skb(n);
		else
			n = n->rb_right;
	}
}

struct sk_buff *tcp_rtx_first_lost(const struct sock *sk)
{
	struct rb_node *root = sk->tcp_rtx_queue.rb_node;

	return summary_of(root) & RTX_HAS_LOST ? first_in(root, RTX_HAS_LOST) : NULL;
}

struct sk_buff *tcp_rtx_next_unsacked(const struct sock *sk, u32 seq)
{
	struct rb_node *n = sk->tcp_rtx_queue.rb_node, *best = NULL;

	/*
	 * Walk down towards @seq.  Each node on the way whose segment ends after @seq is a candidate, and
	 * so is its right subtree.  A candidate that is found later has lower numbers, so it is better.
	 */
	while (summary_of(n) & RTX_HAS_UNSACKED) {
		struct sk_buff *skb = rb_to_skb(n);

		if (!after(TCP_SKB_CB(skb)->end_seq, seq)) {
			n = n->rb_right;
			continue;
		}
		if ((own_summary(skb) | summary_of(n->rb_right)) & RTX_HAS_UNSACKED)
			best = n;
		n = n->rb_left;
	}
	if (!best)
		return NULL;
	if (own_summary(rb_to_skb(best)) & RTX_HAS_UNSACKED)
		return rb_to_skb(best);
	return first_in(best->rb_right, RTX_HAS_UNSACKED);
}

struct sk_buff *tcp_rtx_find(const struct sock *sk, u32 seq)
{
	struct rb_node *n = sk->tcp_rtx_queue.rb_node;
	struct sk_buff *best = NULL;

	while (n) {
		struct sk_buff *skb = rb_to_skb(n);

		if (after(TCP_SKB_CB(skb)->end_seq, seq)) {
			best = skb;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return best;
}

/* ---- insertion and removal ----------------------------------------------------------------------- */

static void insert(struct sock *sk, struct sk_buff *skb)
{
	struct rb_node **link = &sk->tcp_rtx_queue.rb_node, *parent = NULL;
	u32 seq = TCP_SKB_CB(skb)->seq;

	while (*link) {
		parent = *link;
		link = before(seq, TCP_SKB_CB(rb_to_skb(parent))->seq) ? &parent->rb_left
								       : &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_augmented(&skb->rbnode, &sk->tcp_rtx_queue, summarise);
}

void tcp_rtx_queue_add(struct sock *sk, struct sk_buff *skb)
{
	insert(sk, skb);
	list_add_tail(&skb->tcp_tsorted_anchor, &tcp_sk(sk)->tsorted_sent_queue);
}

void tcp_rtx_queue_add_after(struct sock *sk, struct sk_buff *before, struct sk_buff *skb)
{
	insert(sk, skb);
	if (list_empty(&before->tcp_tsorted_anchor))
		INIT_LIST_HEAD(&skb->tcp_tsorted_anchor);
	else
		list_add(&skb->tcp_tsorted_anchor, &before->tcp_tsorted_anchor);
}

void tcp_rtx_queue_unlink_and_free(struct sk_buff *skb, struct sock *sk)
{
	rb_erase_augmented(&skb->rbnode, &sk->tcp_rtx_queue, summarise);
	/*
	 * The tree's node overlaps skb->next and skb->prev, the anchor overlaps dst and destructor: clear all
	 * of these.
	 */
	skb->next = skb->prev = NULL;
	list_del(&skb->tcp_tsorted_anchor);
	tcp_wmem_free_skb(sk, skb);
}

/* ---- marks --------------------------------------------------------------------------------------- */

/*
 * Returns the list to which a segment with @marks belongs, or NULL if it is SACKed: it is then in
 * no list.
 */
static struct list_head *list_for(struct tcp_sock *tp, u8 marks)
{
	if (marks & TCPCB_SACKED_ACKED)
		return NULL;
	return marks_are_lost(marks) ? &tp->tsorted_lost_queue : &tp->tsorted_sent_queue;
}

void tcp_rtx_set_marks(struct sock *sk, struct sk_buff *skb, u8 marks)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	u8 old = tcb->sacked & TCPCB_TAGBITS, changed = old ^ marks;
	struct list_head *list = list_for(tp, marks);
	int segs = tcp_skb_pcount(skb);

	tcb->sacked ^= changed;
	if (changed & TCPCB_SACKED_ACKED)
		tp->sacked_out += marks & TCPCB_SACKED_ACKED ? segs : -segs;
	if (changed & TCPCB_LOST)
		tp->lost_out += marks & TCPCB_LOST ? segs : -segs;
	if (changed & TCPCB_SACKED_RETRANS)
		tp->retrans_out += marks & TCPCB_SACKED_RETRANS ? segs : -segs;

	if (list != list_for(tp, old)) {
		list_del_init(&skb->tcp_tsorted_anchor);
		if (list)
			list_add_tail(&skb->tcp_tsorted_anchor, list);
	}
	rb_propagate(&skb->rbnode, summarise);
}

void tcp_rtx_sent_again(struct sock *sk, struct sk_buff *skb)
{
	if (!(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED))
		list_move_tail(&skb->tcp_tsorted_anchor, &tcp_sk(sk)->tsorted_sent_queue);
}

static bool sent_later(const struct list_head *a, const struct list_head *b)
{
	const struct sk_buff *one = list_entry(a, struct sk_buff, tcp_tsorted_anchor);
	const struct sk_buff *other = list_entry(b, struct sk_buff, tcp_tsorted_anchor);

	/* Segments of one burst have equal times: order them as sent_after() in tcp_rack.c does. */
	if (one->skb_mstamp != other->skb_mstamp)
		return one->skb_mstamp > other->skb_mstamp;
	return after(TCP_SKB_CB(one)->end_seq, TCP_SKB_CB(other)->end_seq);
}

/*
 * Removes all lost marks.  Moves each segment of tsorted_lost_queue to its position by time in
 * tsorted_sent_queue: these segments are older than most others, so their positions are near the
 * beginning of that list.  Segments that were marked as lost and sent again are in that list
 * already, near its end.
 */
void tcp_rtx_unmark_lost(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct list_head *at = tp->tsorted_sent_queue.next;
	struct sk_buff *skb, *next;

	list_sort(&tp->tsorted_lost_queue, sent_later);
	list_for_each_entry_safe(skb, next, &tp->tsorted_lost_queue, tcp_tsorted_anchor) {
		while (at != &tp->tsorted_sent_queue && !sent_later(at, &skb->tcp_tsorted_anchor))
			at = at->next;
		tcp_rtx_set_marks(sk, skb, 0);
		list_move_tail(&skb->tcp_tsorted_anchor, at);
	}
	for (at = tp->tsorted_sent_queue.prev; tp->lost_out && at != &tp->tsorted_sent_queue;
	     at = at->prev) {
		skb = list_entry(at, struct sk_buff, tcp_tsorted_anchor);
		tcp_rtx_set_marks(sk, skb, TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS & ~TCPCB_LOST);
	}
}

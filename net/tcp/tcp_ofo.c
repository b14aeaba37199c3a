/* SPDX-License-Identifier: MIT */
/*
 * Data from ahead of its turn: a tree by sequence number, so that no order in which a peer sends makes
 * an insertion cost more than O(log n) (CVE-2018-5390).
 *
 * tcp_data_queue_ofo(), tcp_ofo_queue() <- tcp_data_queue; tcp_prune_ofo_queue() <- tcp_prune_queue;
 * tcp_ofo_purge() <- tcp_fin, tcp_disconnect, tcp_v4_destroy_sock.
 *
 * No two segments in the tree overlap wholly; where they overlap in part, tcp_ofo_queue() and the reader
 * skip the bytes that are there already.  ooo_last_skb is the one with the highest number: nearly all
 * segments are appended there.  At most TCP_OFO_PACKETS_MAX, and the receive buffer's limit; the
 * segments of the highest numbers go first, since they are needed last.
 * Context: softirq with the bh lock, or the owner.  Linux's net/ipv4/tcp_input.c.
 */
#include "kernel/limits.h"
#include "net/tcp/tcp_in.h"

static void ofo_erase(struct tcp_sock *tp, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, &tp->out_of_order_queue);
	/* The node's words become links again. */
	skb->next = skb->prev = NULL;
	tp->ofo_count--;
}

static struct sk_buff *rb_to_skb_safe(struct rb_node *node)
{
	return node ? rb_to_skb(node) : NULL;
}

static void ofo_drop_last(struct tcp_sock *tp)
{
	struct sk_buff *skb = tp->ooo_last_skb;

	tp->ooo_last_skb = rb_to_skb_safe(rb_prev(&skb->rbnode));
	ofo_erase(tp, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_PRUNE);
}

void tcp_ofo_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *node;

	while ((node = rb_first(&tp->out_of_order_queue))) {
		struct sk_buff *skb = rb_to_skb(node);

		ofo_erase(tp, skb);
		consume_skb(skb);
	}
	tp->ooo_last_skb = NULL;
}

bool tcp_prune_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue))
		return false;
	snmp_inc(SNMP_TcpExtOfoPruned);
	do {
		ofo_drop_last(tp);
	} while (tp->ooo_last_skb && (atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf ||
				      tcp_under_memory_pressure(sk)));
	return true;
}

/* ---- insertion ------------------------------------------------------------------------------------------- */

/* Room for one more?  Where the tree is full, the farthest gives way to a nearer one. */
static bool ofo_has_place(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (tp->ofo_count < TCP_OFO_PACKETS_MAX)
		return true;
	if (!before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(tp->ooo_last_skb)->seq))
		return false;
	snmp_inc(SNMP_TcpExtOfoPruned);
	ofo_drop_last(tp);
	return true;
}

/* @skb is in the tree: those behind it that it covers go. */
static void ofo_trim_right(struct tcp_sock *tp, struct sk_buff *skb)
{
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;
	struct sk_buff *next;

	while ((next = rb_to_skb_safe(rb_next(&skb->rbnode)))) {
		if (!after(end_seq, TCP_SKB_CB(next)->seq) ||
		    before(end_seq, TCP_SKB_CB(next)->end_seq))
			return;
		ofo_erase(tp, next);
		snmp_inc(SNMP_TcpExtTCPOFOMerge);
		kfree_skb_reason(next, SKB_DROP_REASON_TCP_OFO_MERGE);
	}
	tp->ooo_last_skb = skb;
}

enum ofo_fate { OFO_INSERTED, OFO_MERGED, OFO_COVERED };

/*
 * Puts @skb in its place.  COVERED: all of it is there already.  MERGED: another one took the data
 * (*@fragstolen: kfree_skb_partial).
 */
static enum ofo_fate ofo_insert(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node **link = &tp->out_of_order_queue.rb_node, *parent = NULL;
	const u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	while (*link) {
		struct sk_buff *other = rb_to_skb(*link);

		parent = *link;
		if (before(seq, TCP_SKB_CB(other)->seq)) {
			link = &parent->rb_left;
			continue;
		}
		if (before(seq, TCP_SKB_CB(other)->end_seq)) {
			if (!after(end_seq, TCP_SKB_CB(other)->end_seq))
				return OFO_COVERED;
			if (seq == TCP_SKB_CB(other)->seq) {
				/* The longer one takes the shorter one's place. */
				rb_replace_node(&other->rbnode, &skb->rbnode,
						&tp->out_of_order_queue);
				if (tp->ooo_last_skb == other)
					tp->ooo_last_skb = skb;
				snmp_inc(SNMP_TcpExtTCPOFOMerge);
				kfree_skb_reason(other, SKB_DROP_REASON_TCP_OFO_MERGE);
				goto out_trim;
			}
		} else if (tcp_try_coalesce(sk, other, skb, fragstolen)) {
			/* It may now reach over those that follow. */
			ofo_trim_right(tp, other);
			return OFO_MERGED;
		}
		link = &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tp->ofo_count++;
out_trim:
	ofo_trim_right(tp, skb);
	return OFO_INSERTED;
}

/* The usual case first: it follows what came last, and no search is needed. */
static enum ofo_fate ofo_append_or_insert(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *last = tp->ooo_last_skb;

	if (!last || before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(last)->end_seq))
		return ofo_insert(sk, skb, fragstolen);
	if (tcp_try_coalesce(sk, last, skb, fragstolen))
		return OFO_MERGED;
	rb_link_node(&skb->rbnode, &last->rbnode, &last->rbnode.rb_right);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tp->ofo_count++;
	tp->ooo_last_skb = skb;
	return OFO_INSERTED;
}

/* @skb begins after rcv_nxt, in the window; its header is off. */
void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen = false;

	if (tcp_try_rmem_schedule(sk, skb->truesize) || !ofo_has_place(tp, skb)) {
		snmp_inc(SNMP_TcpExtTCPOFODrop);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_PRUNE);
		return;
	}
	/* Before it may be merged.  Segments ahead of their turn tell the peer's size as well as others. */
	tcp_measure_rcv_mss(sk, skb);
	/* With a hole every segment is special. */
	tp->pred_flags = 0;
	inet_csk_schedule_ack(sk);
	snmp_inc(SNMP_TcpExtTCPOFOQueue);
	tp->rcv_ooopack += max_t(u16, 1, skb_shinfo(skb)->gso_segs);

	switch (ofo_append_or_insert(sk, skb, &fragstolen)) {
	case OFO_INSERTED:
		/* The window stays: without SACK only ACKs that are alike make the sender go back at once
		 * (RFC 5681 2, "duplicate acknowledgment" (e)). */
		skb_set_owner_r(skb, sk);
		break;
	case OFO_MERGED:
		kfree_skb_partial(skb, fragstolen);
		break;
	case OFO_COVERED:
		snmp_inc(SNMP_TcpExtTCPOFOMerge);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_MERGE);
		break;
	}
}

/* ---- the hole is filled ---------------------------------------------------------------------------------- */

void tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *node;

	while ((node = rb_first(&tp->out_of_order_queue))) {
		struct sk_buff *skb = rb_to_skb(node);
		struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
		u32 end_seq = TCP_SKB_CB(skb)->end_seq;
		bool fin = tcp_has_fin(skb), fragstolen;

		if (after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			return;
		if (tp->ooo_last_skb == skb)
			tp->ooo_last_skb = NULL;
		ofo_erase(tp, skb);
		if (!after(end_seq, tp->rcv_nxt)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OLD_DATA);
			continue;
		}
		if (tail && tcp_try_coalesce(sk, tail, skb, &fragstolen))
			kfree_skb_partial(skb, fragstolen);
		else
			__skb_queue_tail(&sk->sk_receive_queue, skb);
		tp->bytes_received += end_seq - tp->rcv_nxt;
		tp->rcv_nxt = end_seq;
		if (fin) {
			/* It empties the tree. */
			tcp_fin(sk);
			return;
		}
	}
}

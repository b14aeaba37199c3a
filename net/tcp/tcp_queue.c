/* SPDX-License-Identifier: MIT */
/*
 * The two queues of a sender, and the memory that they count.
 *
 *   tcp_sendmsg -> sk_stream_alloc_skb -> tcp_add_write_queue_tail      sk_write_queue: to be sent
 *   tcp_event_new_data_sent -> tcp_rbtree_insert                        tcp_rtx_queue: not acknowledged
 *   tcp_clean_rtx_queue -> tcp_rtx_queue_unlink_and_free
 *
 * A segment lies in one of them at a time, since the tree's node and the list's links share their
 * place.  Both count in sk_wmem_queued.  The socket's owner, or the bh lock without one.
 */
#include "net/tcp/tcp_send.h"

/* By sequence number; the caller has removed overlaps with queued segments. */
void tcp_rbtree_insert(struct rb_root *root, struct sk_buff *skb)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;
	u32 seq = TCP_SKB_CB(skb)->seq;

	while (*link) {
		parent = *link;
		link = before(seq, TCP_SKB_CB(rb_to_skb(parent))->seq) ? &parent->rb_left
								       : &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, root);
}

void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	BUG_ON(skb->truesize > sk->sk_wmem_queued);
	sk_wmem_queued_add(sk, -(int)skb->truesize);
	sock_set_flag(sk, SOCK_QUEUE_SHRUNK);
	consume_skb(skb);
}

void tcp_rtx_queue_unlink_and_free(struct sk_buff *skb, struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->retransmit_skb_hint == skb)
		tp->retransmit_skb_hint = NULL;
	rb_erase(&skb->rbnode, &sk->tcp_rtx_queue);
	/* The node's words become links again. */
	skb->next = skb->prev = NULL;
	tcp_wmem_free_skb(sk, skb);
}

void tcp_add_write_queue_tail(struct sock *sk, struct sk_buff *skb)
{
	__skb_queue_tail(&sk->sk_write_queue, skb);
	if (skb == tcp_send_head(sk))
		tcp_chrono_start(sk, TCP_CHRONO_BUSY);
}

void tcp_queue_skb(struct sock *sk, struct sk_buff *skb)
{
	tcp_sk(sk)->write_seq = TCP_SKB_CB(skb)->end_seq;
	skb_header_release(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	tcp_add_write_queue_tail(sk, skb);
}

/* Memory is short: let this socket ask for less of it. */
void sk_stream_moderate_sndbuf(struct sock *sk)
{
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		sk->sk_sndbuf = clamp_t(int, sk->sk_wmem_queued / 2, SOCK_MIN_SNDBUF,
					max(sk->sk_sndbuf, SOCK_MIN_SNDBUF));
}

/* Not counted yet: the caller links the segment and adds its truesize to sk_wmem_queued. */
struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb_fclone(MAX_TCP_HEADER + ALIGN_UP(size, 4), gfp);

	if (likely(skb)) {
		skb_reserve(skb, MAX_TCP_HEADER);
		return skb;
	}
	sk_stream_moderate_sndbuf(sk);
	return NULL;
}

/* SYN and FIN take one sequence number each. */
void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	memset(tcb, 0, sizeof(*tcb));
	tcb->tcp_flags = flags;
	tcp_skb_pcount_set(skb, 1);
	tcb->seq = seq;
	tcb->end_seq = seq + !!(flags & (TCPHDR_SYN | TCPHDR_FIN));
}

/* A segment without data that is in no queue: an ACK, a reset.  NULL: no memory. */
struct sk_buff *tcp_alloc_control(u32 seq, u8 flags)
{
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER, GFP_ATOMIC);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	tcp_init_nondata_skb(skb, seq, flags);
	return skb;
}

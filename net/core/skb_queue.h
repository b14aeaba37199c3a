/* SPDX-License-Identifier: MIT */
/*
 * sk_buff_head: a doubly linked list of packets. A packet is on at most one list. The caller that
 * adds a packet passes its reference to the list.
 *
 * The caller of each function must hold the lock that protects the list: the lock inside
 * sk_buff_head (a CPU's input queue), or the lock of the sock, neighbour or device that contains
 * the list. Any context in which this lock may be taken. Compare Linux's include/linux/skbuff.h.
 */
#ifndef NET_CORE_SKB_QUEUE_H
#define NET_CORE_SKB_QUEUE_H

#include "kernel/sched/spinlock.h"
#include "kernel/types.h"
#include "net/core/skbuff.h"

struct sk_buff_head {
	struct sk_buff *next, *prev; /* must be the first member, as in struct sk_buff */
	u32 qlen;
	spinlock_t lock;
};

static inline void __skb_queue_head_init(struct sk_buff_head *q)
{
	q->next = q->prev = (struct sk_buff *)q;
	q->qlen = 0;
}
static inline void skb_queue_head_init(struct sk_buff_head *q)
{
	spin_lock_init(&q->lock);
	__skb_queue_head_init(q);
}
static inline bool skb_queue_empty(const struct sk_buff_head *q)
{
	return q->next == (const struct sk_buff *)q;
}
static inline struct sk_buff *skb_peek(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->next;
}
static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->prev;
}
static inline bool skb_queue_is_last(const struct sk_buff_head *q, const struct sk_buff *skb)
{
	return skb->next == (const struct sk_buff *)q;
}
static inline void __skb_insert(struct sk_buff *skb, struct sk_buff *prev, struct sk_buff *next,
				struct sk_buff_head *q)
{
	skb->next = next;
	skb->prev = prev;
	prev->next = skb;
	next->prev = skb;
	q->qlen++;
}
static inline void __skb_queue_tail(struct sk_buff_head *q, struct sk_buff *skb)
{
	__skb_insert(skb, q->prev, (struct sk_buff *)q, q);
}
static inline void __skb_queue_head(struct sk_buff_head *q, struct sk_buff *skb)
{
	__skb_insert(skb, (struct sk_buff *)q, q->next, q);
}
static inline void __skb_queue_after(struct sk_buff_head *q, struct sk_buff *prev,
				     struct sk_buff *skb)
{
	__skb_insert(skb, prev, prev->next, q);
}
static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *q)
{
	q->qlen--;
	skb->next->prev = skb->prev;
	skb->prev->next = skb->next;
	skb->next = skb->prev = NULL;
}
static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *q)
{
	struct sk_buff *skb = skb_peek(q);

	if (skb)
		__skb_unlink(skb, q);
	return skb;
}
/* Moves all packets of @list to the tail of @q; @list is empty afterwards. */
static inline void skb_queue_splice_tail_init(struct sk_buff_head *list, struct sk_buff_head *q)
{
	if (skb_queue_empty(list))
		return;
	list->next->prev = q->prev;
	q->prev->next = list->next;
	list->prev->next = (struct sk_buff *)q;
	q->prev = list->prev;
	q->qlen += list->qlen;
	__skb_queue_head_init(list);
}
/* Frees all packets of @q, without counting them as dropped. */
void __skb_queue_purge(struct sk_buff_head *q);

#define skb_queue_walk(q, skb) for (skb = (q)->next; skb != (struct sk_buff *)(q); skb = skb->next)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Queues of packets with their own lock.
 *
 * Callers: loopback's input queue, sockets' receive queues.  Any context: the lock is taken with
 * interrupts off.  Who owns a queue by other means uses the __ forms of skbuff.h.
 */
#include "net/core/skbuff.h"

void skb_queue_tail(struct sk_buff_head *q, struct sk_buff *skb)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	__skb_queue_tail(q, skb);
	spin_unlock_irqrestore(&q->lock, flags);
}

struct sk_buff *skb_dequeue(struct sk_buff_head *q)
{
	struct sk_buff *skb;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	skb = __skb_dequeue(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return skb;
}

void __skb_queue_purge(struct sk_buff_head *q)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(q)))
		consume_skb(skb);
}

void skb_queue_purge(struct sk_buff_head *q)
{
	struct sk_buff *skb;

	/* One at a time: a destructor may take locks that must not be taken with interrupts off. */
	while ((skb = skb_dequeue(q)))
		consume_skb(skb);
}

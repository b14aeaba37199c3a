/* SPDX-License-Identifier: MIT */
/*
 * References on routes (dst_entry), without knowing the address family behind them.
 *
 * Callers: kfree_skb and friends through skb_dst_drop(), sockets' route caches, net/ipv4/route.c.
 * Any context; atomic counts, no lock.  Answers to Linux's net/core/dst.c.
 */
#include "net/core/dst.h"
#include "net/core/skbuff.h"

void dst_release(struct dst_entry *dst)
{
	if (dst && refcount_dec_and_test(&dst->refs))
		dst->ops->destroy(dst);
}

void skb_dst_drop(struct sk_buff *skb)
{
	/* A route begins with its dst_entry. */
	dst_release((struct dst_entry *)skb->dst);
	skb->dst = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * dst_entry: packets and sockets refer to a route of any address family by one: a counted
 * reference.  A family's route (struct rtable) begins with one.
 *
 * A socket's cache, each sk_buff and the route table's own cache hold a reference; the last one
 * destroys.  Any context.  Answers to Linux's include/net/dst.h.
 */
#ifndef NET_CORE_DST_H
#define NET_CORE_DST_H

#include "kernel/lib/atomic.h"
#include "kernel/types.h"

struct dst_entry;

struct dst_ops {
	void (*destroy)(struct dst_entry *dst); /* the last reference went */
};

struct dst_entry {
	refcount_t refs;
	const struct dst_ops *ops;
};

static inline void dst_hold(struct dst_entry *dst)
{
	refcount_inc(&dst->refs);
}
void dst_release(struct dst_entry *dst); /* NULL is fine */

#endif

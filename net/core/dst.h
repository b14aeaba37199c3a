/* SPDX-License-Identifier: MIT */
/*
 * dst_entry: a resolved route as packets, sockets and TCP see it, whatever its address family.  The
 * family's own struct (struct rtable for IPv4) begins with one.
 *
 * A socket's cache, each sk_buff and the route table's cache hold a counted reference; the last
 * dst_release() destroys it.  Any context, no lock.  Answers to Linux's include/net/dst.h.
 */
#ifndef NET_CORE_DST_H
#define NET_CORE_DST_H

#include "kernel/lib/atomic.h"
#include "kernel/types.h"

struct dst_entry;
struct net_device;

struct dst_ops {
	void (*destroy)(struct dst_entry *dst); /* the last reference is gone */
	/* A router on the path takes no packets larger than @mtu bytes. */
	void (*update_pmtu)(struct dst_entry *dst, u32 mtu);
	/* A transport received an acknowledgement from the peer: the next hop is reachable. */
	void (*confirm_neigh)(struct dst_entry *dst);
};

struct dst_entry {
	refcount_t refs;
	/* Fields rather than operations, as in Linux, because every segment reads them. */
	u32 mtu;    /* bytes of the largest packet that the path takes */
	u16 advmss; /* bytes of the largest TCP segment that the link takes: for the MSS option */
	const struct dst_ops *ops;
	struct net_device *dev;
};

static inline void dst_hold(struct dst_entry *dst)
{
	refcount_inc(&dst->refs);
}
/* @dst may be NULL. */
static inline void dst_release(struct dst_entry *dst)
{
	if (dst && refcount_dec_and_test(&dst->refs))
		dst->ops->destroy(dst);
}
static inline u32 dst_mtu(const struct dst_entry *dst)
{
	return READ_ONCE(dst->mtu);
}
static inline void dst_update_pmtu(struct dst_entry *dst, u32 mtu)
{
	dst->ops->update_pmtu(dst, mtu);
}
static inline void dst_confirm(struct dst_entry *dst)
{
	dst->ops->confirm_neigh(dst);
}

#endif

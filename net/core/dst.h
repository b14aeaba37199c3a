/* SPDX-License-Identifier: MIT */
/*
 * dst_entry: a resolved route as packets, sockets and TCP use it, independent of the address
 * family. Each family's own route struct (struct rtable for IPv4) has a dst_entry as its first
 * member.
 *
 * A socket's cache, each sk_buff and the route table's cache hold a counted reference; the last
 * dst_release() destroys the entry. Any context, no lock. Compare Linux's include/net/dst.h.
 */
#ifndef NET_CORE_DST_H
#define NET_CORE_DST_H

#include "kernel/lib/atomic.h"
#include "kernel/types.h"

struct dst_entry;
struct net_device;

struct dst_ops {
	void (*destroy)(struct dst_entry *dst); /* called when the last reference was released */
	/* Called after a router reported that it cannot forward packets larger than @mtu bytes. */
	void (*update_pmtu)(struct dst_entry *dst, u32 mtu);
	/* Called after a transport received an ACK, which proves that the next hop is reachable. */
	void (*confirm_neigh)(struct dst_entry *dst);
};

struct dst_entry {
	refcount_t refs;
	/* Fields rather than operations, as in Linux, because they are read for every segment. */
	u32 mtu; /* bytes of the largest packet that the path accepts */
	/* bytes of the largest TCP segment that our link can receive; sent in the MSS option */
	u16 advmss;
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

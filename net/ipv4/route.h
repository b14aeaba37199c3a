/* SPDX-License-Identifier: MIT */
/*
 * Routes: the device and the next hop for an address.  Longest prefix wins.  Any context.  Names
 * and roles of Linux's include/net/route.h.
 */
#ifndef NET_IPV4_ROUTE_H
#define NET_IPV4_ROUTE_H

#include "kernel/lib/atomic.h"
#include "kernel/time/time.h"
#include "kernel/types.h"
#include "net/core/skbuff.h"

struct neighbour;

extern u32 rt_genid; /* raised when the table changes: older routes are looked up again */

#define RTN_UNICAST     1
#define RTN_LOCAL       2
#define RTN_BROADCAST   3
#define RTN_MULTICAST   5
#define RTN_UNREACHABLE 7

/* A resolved route; reference-counted, shared between sockets and packets. */
struct rtable {
	struct dst_entry dst; /* first: reference count, path MTU, device */
	u8 rt_type;           /* RTN_* */
	bool obsolete;        /* the table changed: look up again */
	bool rt_mtu_locked;   /* the path is below the minimum MTU: no "don't fragment" */
	__be32 rt_gateway;    /* next hop: gateway, or the destination itself */
	__be32 rt_dst;        /* destination of the lookup */
	__be32 rt_src;        /* preferred source */
	u32 genid;
	unsigned long rt_pmtu_expires; /* jiffies until which an ICMP's MTU is used, 0 = none */
	__be32 fl_saddr;               /* key of the lookup, with rt_dst */
	int fl_oif;
	struct neighbour *neigh; /* of the next hop, once needed; holds a reference */
};

/* A transport's lookup key: addresses in network order, 0 = any. */
struct flowi4 {
	__be32 daddr, saddr;
	int oif;
	u8 proto;
	u8 tos;
};

/* ERR_PTR(-ENETUNREACH), or a reference. fl->saddr is filled in when it was 0. */
struct rtable *ip_route_output_key(struct flowi4 *fl);
/* Route of a received packet: sets skb->dst; returns 0, or a drop reason (skb_drop_reason). */
enum skb_drop_reason ip_route_input(struct sk_buff *skb, __be32 daddr, __be32 saddr,
				    struct net_device *dev);
static inline struct rtable *dst_rtable(const struct dst_entry *dst)
{
	return (struct rtable *)dst;
}
static inline struct rtable *skb_rtable(const struct sk_buff *skb)
{
	return dst_rtable(skb->dst);
}
static inline void rt_get(struct rtable *rt)
{
	dst_hold(&rt->dst);
}
/* @rt may be NULL. */
static inline void rt_put(struct rtable *rt)
{
	dst_release((struct dst_entry *)rt);
}
/* Would a lookup now give the same route? */
static inline bool rt_is_valid(const struct rtable *rt)
{
	if (READ_ONCE(rt->obsolete) || rt->genid != READ_ONCE(rt_genid))
		return false;
	return !rt->rt_pmtu_expires || time_before(jiffies, rt->rt_pmtu_expires);
}
/* Addresses, devices or routes changed: every route must be looked up again. */
void rt_cache_flush(void);
/* Frees the routes that only the cache holds; those in use stay valid. */
void rt_cache_drop(void);
/* A route for received packets of this host through @dev.  NULL: no memory. */
struct rtable *rt_alloc_input(struct net_device *dev, u8 type);
void ip_rt_init(void);

/* Is @addr on @dev's link by a route, so that it is resolved with ARP? Any context. */
bool ip_route_onlink(const struct net_device *dev, __be32 addr);
/*
 * 0, -EEXIST (this prefix through this device), -ENOSPC (ROUTES_MAX), -EINVAL. @prefix_len 0..32.
 * A @gateway must be on @dev's link by an earlier route.  Of two devices with one prefix the older
 * route is used.
 */
int ip_route_add(__be32 dst, unsigned int prefix_len, __be32 gateway, struct net_device *dev,
		 __be32 prefsrc, u8 type);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Routes: the device and the next hop for a destination. The route with the longest matching prefix
 * is used. Any context. Names and roles are those of Linux's include/net/route.h.
 */
#ifndef NET_IPV4_ROUTE_H
#define NET_IPV4_ROUTE_H

#include "kernel/lib/atomic.h"
#include "kernel/time/time.h"
#include "kernel/types.h"
#include "net/core/skbuff.h"

struct neighbour;

/* incremented when the table changes; rtables with an older genid are invalid */
extern u32 rt_genid;

#define RTN_UNICAST     1
#define RTN_LOCAL       2
#define RTN_BROADCAST   3
#define RTN_MULTICAST   5
#define RTN_UNREACHABLE 7

/* The result of a route lookup. Reference-counted; shared by sockets and packets. */
struct rtable {
	struct dst_entry dst; /* first; has the reference count, path MTU and device */
	u8 rt_type;           /* RTN_* */
	bool obsolete;        /* its neighbour entry was removed: look up a new route */
	bool rt_mtu_locked;   /* the path MTU is below the minimum: send without "don't fragment" */
	__be32 rt_gateway;    /* next hop: the gateway, or the destination if that is on the link */
	__be32 rt_dst;        /* destination of the lookup */
	__be32 rt_src;        /* source address for packets whose sender chose none */
	u32 genid;
	/* jiffies: until then dst.mtu is a reported MTU; 0: dst.mtu is the device's MTU */
	unsigned long rt_pmtu_expires;
	__be32 fl_saddr; /* fl_saddr, fl_oif and rt_dst are the key of the lookup */
	int fl_oif;
	u8 fl_flags; /* also a part of the key */
	/* entry of the next hop, NULL until the first packet; holds a reference */
	struct neighbour *neigh;
};

/* The key of a route lookup. Addresses in network byte order; 0: any. */
struct flowi4 {
	__be32 daddr, saddr;
	int oif;
	u8 proto;
	u8 tos;
	u8 flags; /* FLOWI_FLAG_* (inet_sock.h) */
};

/*
 * Returns the route for @fl with a reference, or ERR_PTR(-errno). Fills in fl->saddr if it was 0.
 */
struct rtable *ip_route_output_key(struct flowi4 *fl);
/* Looks up the route of a received packet and sets skb->dst. Returns 0 or a drop reason. */
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
/* Returns false if the route must be looked up again. */
static inline bool rt_is_valid(const struct rtable *rt)
{
	if (READ_ONCE(rt->obsolete) || rt->genid != READ_ONCE(rt_genid))
		return false;
	return !rt->rt_pmtu_expires || time_before(jiffies, rt->rt_pmtu_expires);
}
/* Invalidates every route, because addresses, devices or routes have changed. */
void rt_cache_flush(void);
/*
 * Gives @dev's new MTU to the routes in the cache, which sockets share, and invalidates every route.
 * A socket with another route learns the MTU at its next packet.
 */
void rt_mtu_changed(const struct net_device *dev);
/* Removes all routes from the cache. Routes that sockets or packets hold stay valid. */
void rt_cache_drop(void);
/*
 * Makes a route for packets that @dev receives for this host. Returns NULL if there is no memory.
 */
struct rtable *rt_alloc_input(struct net_device *dev, u8 type);
void ip_rt_init(void);

/* An entry of the table of routes, as a copy. */
struct ip_route_entry {
	__be32 dst, gateway, prefsrc;
	struct net_device *dev; /* NULL: the destination is unreachable */
	u8 prefix_len;
	u8 type; /* RTN_UNICAST or RTN_UNREACHABLE */
};
/*
 * Copies entry number @i of the table to @entry. Entries with longer prefixes come first; entries
 * of devices that are down are not counted. Returns false if there is no entry @i. Any context.
 */
bool ip_route_nth(unsigned int i, struct ip_route_entry *entry);

/* Returns true if @addr is on @dev's link, so that ARP can resolve it. Any context. */
bool ip_route_onlink(const struct net_device *dev, __be32 addr);
/*
 * Adds a route. @prefix_len is 0..32. If @gateway is not 0, the table must already have a direct
 * route (without a gateway) through @dev to @gateway. If two devices have routes with the same
 * prefix, the older route is used. Returns 0, -EEXIST (@dev has a route with this prefix), -ENOSPC
 * (ROUTES_MAX) or -EINVAL.
 */
int ip_route_add(__be32 dst, unsigned int prefix_len, __be32 gateway, struct net_device *dev,
		 __be32 prefsrc, u8 type);
/* Removes all routes through @dev. */
void ip_route_del_dev(const struct net_device *dev);
/* Removes the routes through @dev whose source address is @src. */
void ip_route_del_src(const struct net_device *dev, __be32 src);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The requests of NETLINK_ROUTE about IPv4 routes (RTM_GETROUTE), and the notifications of new
 * and removed ones.
 *
 * netlink_dump() -> inet_dump_fib(), rtnetlink_rcv_msg() -> inet_getroute() (process);
 * ip_route_add(), ip_route_del_src() -> rtmsg_route() (process or softirq). A dump shows the table of routes as table
 * "main", and then, as table "local", the routes to this host's own addresses and broadcast
 * addresses, which follow from the addresses of its devices (route.c's rt_resolve()). rtnetlink(7);
 * compare Linux's net/ipv4/fib_frontend.c, fib_semantics.c and route.c.
 */
#include "kernel/lib/byteorder.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/ipv4/rtnl.h"
#include "net/netlink/rtnetlink.h"

#define LOOPBACK_NET  0x7f000000u
#define LOOPBACK_ADDR 0x7f000001u
#define LOOPBACK_LAST 0x7fffffffu

/* One message about a route. */
struct route_msg {
	struct rtmsg rtm;
	__be32 dst, gateway, prefsrc; /* 0: no attribute; @dst is shown if rtm_dst_len is not 0 */
	const struct net_device *dev; /* NULL: none */
};

/* Appends an RTM_NEWROUTE or RTM_DELROUTE. Returns 0, or -EMSGSIZE if @skb is full. */
static int fill_route(struct sk_buff *skb, int type, const struct route_msg *r, u32 portid, u32 seq,
		      int flags)
{
	struct nlmsghdr *nlh = nlmsg_put(skb, portid, seq, type, sizeof(struct rtmsg), flags);
	struct rtmsg *rtm;
	int err = 0;

	if (!nlh)
		return -EMSGSIZE;
	rtm = nlmsg_data(nlh);
	*rtm = r->rtm;
	rtm->rtm_family = AF_INET;
	if (r->dev && !netif_carrier_ok(r->dev))
		rtm->rtm_flags |= RTNH_F_LINKDOWN;
	err |= nla_put_u32(skb, RTA_TABLE, rtm->rtm_table);
	if (rtm->rtm_dst_len)
		err |= nla_put_u32(skb, RTA_DST, r->dst);
	if (r->prefsrc)
		err |= nla_put_u32(skb, RTA_PREFSRC, r->prefsrc);
	if (r->gateway)
		err |= nla_put_u32(skb, RTA_GATEWAY, r->gateway);
	if (r->dev)
		err |= nla_put_u32(skb, RTA_OIF, r->dev->ifindex);
	if (err) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

/*
 * Returns the message for @e, an entry of the table of routes. A route without a gateway (the route
 * to a device's own subnet) counts as made by the kernel (RTPROT_KERNEL).
 */
static struct route_msg main_route(const struct ip_route_entry *e)
{
	const bool direct = !e->gateway && e->type == RTN_UNICAST;

	return (struct route_msg){.rtm = {.rtm_dst_len = e->prefix_len,
					  .rtm_table = RT_TABLE_MAIN,
					  .rtm_protocol = direct ? RTPROT_KERNEL : RTPROT_BOOT,
					  .rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
					  .rtm_type = e->type},
				  .dst = e->dst,
				  .gateway = e->gateway,
				  .prefsrc = direct ? e->prefsrc : 0,
				  .dev = e->dev};
}

static struct route_msg local_route(const struct net_device *dev, __be32 dst, int len, u8 type,
				    __be32 src)
{
	return (struct route_msg){
		.rtm = {.rtm_dst_len = len,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_KERNEL,
			.rtm_scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
			.rtm_type = type},
		.dst = dst,
		.prefsrc = src,
		.dev = dev};
}

/* ---- dumps ------------------------------------------------------------------------------------ */

/* A dump of the routes in progress. args[0] counts the routes that are done. */
struct route_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	unsigned int at;
};

/* Appends @r, unless an earlier part of the dump had it. Returns false if there is no room. */
static bool dump_one(struct route_dump *d, struct route_msg r)
{
	if (d->at++ < d->cb->args[0])
		return true;
	if (fill_route(d->skb, RTM_NEWROUTE, &r, d->cb->portid, d->cb->seq, NLM_F_MULTI))
		return false;
	d->cb->args[0]++;
	return true;
}

static bool dump_local(struct route_dump *d, const struct net_device *dev,
		       const struct in_device *in_dev)
{
	const struct in_ifaddr *ifa;

	if (dev->flags & IFF_LOOPBACK)
		return dump_one(d, local_route(dev, htonl(LOOPBACK_NET), 8, RTN_LOCAL,
					       htonl(LOOPBACK_ADDR))) &&
		       dump_one(d, local_route(dev, htonl(LOOPBACK_ADDR), 32, RTN_LOCAL,
					       htonl(LOOPBACK_ADDR))) &&
		       dump_one(d, local_route(dev, htonl(LOOPBACK_LAST), 32, RTN_BROADCAST,
					       htonl(LOOPBACK_ADDR)));
	for_each_ifa(ifa, in_dev)
	{
		if (!dump_one(d, local_route(dev, ifa->ifa_local, 32, RTN_LOCAL, ifa->ifa_local)))
			return false;
		if (ifa->ifa_broadcast && !dump_one(d, local_route(dev, ifa->ifa_broadcast, 32,
								   RTN_BROADCAST, ifa->ifa_local)))
			return false;
	}
	return true;
}

static void inet_dump_fib(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct route_dump d = {.skb = skb, .cb = cb};
	const struct net_device *dev;
	struct ip_route_entry e;

	for (unsigned int i = 0; ip_route_nth(i, &e); i++) {
		if (!dump_one(&d, main_route(&e)))
			return;
	}
	for_each_netdev(dev) {
		const struct in_device *in_dev = in_dev_get(dev);

		if (in_dev && dev->flags & IFF_UP && !dump_local(&d, dev, in_dev))
			return;
	}
}

/* ---- the route to one destination ------------------------------------------------------------- */

static int inet_getroute(struct sock *sk, const struct nlmsghdr *nlh)
{
	const struct rtmsg *asked = nlmsg_data(nlh);
	struct flowi4 fl = {0};
	const __be32 *attr;
	struct route_msg r;
	struct sk_buff *skb;
	struct rtable *rt;

	if (nlmsg_len(nlh) < (int)sizeof(*asked))
		return -EINVAL;
	attr = nlmsg_find_attr(nlh, sizeof(*asked), RTA_DST, sizeof(*attr));
	fl.daddr = attr ? *attr : 0;
	attr = nlmsg_find_attr(nlh, sizeof(*asked), RTA_SRC, sizeof(*attr));
	fl.saddr = attr ? *attr : 0;
	attr = nlmsg_find_attr(nlh, sizeof(*asked), RTA_OIF, sizeof(*attr));
	fl.oif = attr ? *attr : 0;
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	r = (struct route_msg){.rtm = {.rtm_dst_len = 32,
				       .rtm_table = RT_TABLE_MAIN,
				       .rtm_type = rt->rt_type,
				       .rtm_flags = RTM_F_CLONED},
			       .dst = rt->rt_dst,
			       .prefsrc = fl.saddr,
			       .dev = rt->dst.dev};
	if (rt->rt_type == RTN_LOCAL)
		r.rtm.rtm_flags |= RTCF_LOCAL;
	else if (rt->rt_type == RTN_BROADCAST)
		r.rtm.rtm_flags |= RTCF_BROADCAST;
	else if (rt->rt_type == RTN_MULTICAST)
		r.rtm.rtm_flags |= RTCF_MULTICAST;
	if (rt->rt_gateway != rt->rt_dst)
		r.gateway = rt->rt_gateway;
	rt_put(rt);
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOBUFS;
	WARN_ON(fill_route(skb, RTM_NEWROUTE, &r, netlink_portid(sk), nlh->nlmsg_seq, 0));
	return nlmsg_unicast(sk, skb);
}

/* ---- notifications ---------------------------------------------------------------------------- */

void rtmsg_route(int event, const struct ip_route_entry *route)
{
	struct route_msg r = main_route(route);
	struct sk_buff *skb;

	if (!netlink_has_listeners(RTNLGRP_IPV4_ROUTE))
		return;
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC);
	WARN_ON(skb && fill_route(skb, event, &r, 0, 0, 0));
	nlmsg_multicast(skb, RTNLGRP_IPV4_ROUTE);
}

void rtnl_route_init(void)
{
	rtnl_register(AF_INET, RTM_GETROUTE, inet_getroute, inet_dump_fib);
}

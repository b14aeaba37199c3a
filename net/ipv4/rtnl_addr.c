/* SPDX-License-Identifier: MIT */
/*
 * The requests of NETLINK_ROUTE about IPv4 addresses (RTM_GETADDR), and the notifications of new
 * and removed ones.
 *
 * netlink_dump() -> inet_dump_ifaddr() (process); inet_addr_add(), inet_addr_del() -> rtmsg_ifa()
 * (process or softirq). Addresses are read without a lock (devinet.c). rtnetlink(7); compare Linux's
 * net/ipv4/devinet.c.
 */
#include "kernel/lib/byteorder.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/rtnl.h"
#include "net/netlink/rtnetlink.h"

/* Appends the RTM_NEWADDR or RTM_DELADDR of @ifa. Returns 0, or -EMSGSIZE if @skb is full. */
static int fill_address(struct sk_buff *skb, int type, const struct net_device *dev,
			const struct in_ifaddr *ifa, u32 portid, u32 seq, int flags)
{
	const struct ifa_cacheinfo cache = {.ifa_prefered = ~0u, .ifa_valid = ~0u};
	const bool host = ipv4_is_loopback(ifa->ifa_local);
	struct nlmsghdr *nlh = nlmsg_put(skb, portid, seq, type, sizeof(struct ifaddrmsg), flags);
	int err = 0;

	if (!nlh)
		return -EMSGSIZE;
	*(struct ifaddrmsg *)nlmsg_data(nlh) =
		(struct ifaddrmsg){.ifa_family = AF_INET,
				   .ifa_prefixlen = ifa->ifa_prefixlen,
				   .ifa_flags = IFA_F_PERMANENT,
				   .ifa_scope = host ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
				   .ifa_index = dev->ifindex};
	/* No link is point-to-point: the other end's address is our own. */
	err |= nla_put_u32(skb, IFA_ADDRESS, ifa->ifa_local);
	err |= nla_put_u32(skb, IFA_LOCAL, ifa->ifa_local);
	if (ifa->ifa_broadcast)
		err |= nla_put_u32(skb, IFA_BROADCAST, ifa->ifa_broadcast);
	err |= nla_put_string(skb, IFA_LABEL, dev->name);
	err |= nla_put_u32(skb, IFA_FLAGS, IFA_F_PERMANENT);
	err |= nla_put(skb, IFA_CACHEINFO, sizeof(cache), &cache);
	if (err) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

/* args[0] counts the addresses, of all devices together, that the dump has shown so far. */
static void inet_dump_ifaddr(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	unsigned int i = 0;

	for_each_netdev(dev) {
		const struct in_device *in_dev = in_dev_get(dev);
		const struct in_ifaddr *ifa;

		if (!in_dev)
			continue;
		for_each_ifa(ifa, in_dev)
		{
			if (i++ < cb->args[0])
				continue;
			if (fill_address(skb, RTM_NEWADDR, dev, ifa, cb->portid, cb->seq,
					 NLM_F_MULTI))
				return;
			cb->args[0]++;
		}
	}
}

void rtmsg_ifa(int event, const struct net_device *dev, const struct in_ifaddr *ifa)
{
	struct sk_buff *skb;

	if (!netlink_has_listeners(RTNLGRP_IPV4_IFADDR))
		return;
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC);
	WARN_ON(skb && fill_address(skb, event, dev, ifa, 0, 0, 0));
	nlmsg_multicast(skb, RTNLGRP_IPV4_IFADDR);
}

void rtnl_addr_init(void)
{
	rtnl_register(AF_INET, RTM_GETADDR, NULL, inet_dump_ifaddr);
}

/* SPDX-License-Identifier: MIT */
/*
 * NETLINK_ROUTE: the table of requests, and the requests about links (RTM_GETLINK).
 *
 * rtnetlink_rcv_msg() <- netlink_rcv(), for each request of a write (process). It calls the function
 * that is registered for the request's family and type: rtnl_getlink() and rtnl_dump_ifinfo() here,
 * the functions of net/ipv4/rtnl_addr.c and rtnl_route.c. rtnl_link_event() tells programs of links
 * that change (process or softirq). Requests that would change something fail with -EOPNOTSUPP. No
 * lock is taken: while a message is filled, nothing sleeps, so no device is removed. rtnetlink(7);
 * compare Linux's net/core/rtnetlink.c.
 */
#include "net/netlink/rtnetlink.h"

#include "kernel/lib/string.h"
#include "net/core/dev_ioctl.h"
#include "net/core/limits.h"

/* ---- the table -------------------------------------------------------------------------------- */

#define HANDLERS_MAX 8 /* registered at boot: links, addresses, routes, and room for others */

static struct rtnl_handler {
	u8 family, type;
	rtnl_doit_func doit;
	rtnl_dumpit_func dumpit;
} handlers[HANDLERS_MAX];
static unsigned int nr_handlers;

void rtnl_register(int family, int type, rtnl_doit_func doit, rtnl_dumpit_func dumpit)
{
	BUG_ON(nr_handlers == HANDLERS_MAX);
	handlers[nr_handlers++] = (struct rtnl_handler){family, type, doit, dumpit};
}

/* Returns the entry for @family and @type, or NULL. */
static const struct rtnl_handler *find_handler(int family, int type)
{
	for (unsigned int i = 0; i < nr_handlers; i++) {
		if (handlers[i].family == family && handlers[i].type == type)
			return &handlers[i];
	}
	return NULL;
}

/* A dump of the entries of all families. args[1] counts the handlers whose entries are complete. */
static void rtnl_dump_all(struct sk_buff *skb, struct netlink_callback *cb, int type)
{
	for (; cb->args[1] < nr_handlers; cb->args[1]++) {
		const struct rtnl_handler *h = &handlers[cb->args[1]];

		if (h->type != type || !h->family || (cb->family && cb->family != h->family))
			continue;
		h->dumpit(skb, cb);
		if (skb->len)
			return; /* the next part continues with this family */
		cb->args[0] = 0;
	}
}

static void rtnl_dump_addrs(struct sk_buff *skb, struct netlink_callback *cb)
{
	rtnl_dump_all(skb, cb, RTM_GETADDR);
}

static void rtnl_dump_routes(struct sk_buff *skb, struct netlink_callback *cb)
{
	rtnl_dump_all(skb, cb, RTM_GETROUTE);
}

/* ---- links ------------------------------------------------------------------------------------ */

static u8 oper_state(const struct net_device *dev)
{
	if (!(dev->flags & IFF_UP))
		return IF_OPER_DOWN;
	if (dev->flags & IFF_LOOPBACK)
		return IF_OPER_UNKNOWN; /* as on Linux */
	return netif_carrier_ok(dev) ? IF_OPER_UP : IF_OPER_DOWN;
}

/* Appends the counters with 64 bits, then the same with 32 bits. */
static int put_stats(struct sk_buff *skb, const struct net_device_stats *s)
{
	const struct rtnl_link_stats64 wide = {.rx_packets = s->rx_packets,
					       .tx_packets = s->tx_packets,
					       .rx_bytes = s->rx_bytes,
					       .tx_bytes = s->tx_bytes,
					       .rx_errors = s->rx_errors,
					       .tx_errors = s->tx_errors,
					       .rx_dropped = s->rx_dropped,
					       .tx_dropped = s->tx_dropped,
					       .multicast = s->multicast,
					       .rx_frame_errors = s->rx_frame_errors};
	u64 counters[RTNL_LINK_STATS_NUM];
	u32 narrow[RTNL_LINK_STATS_NUM];

	memcpy(counters, &wide, sizeof(counters));
	for (unsigned int i = 0; i < RTNL_LINK_STATS_NUM; i++)
		narrow[i] = counters[i];
	return nla_put(skb, IFLA_STATS64, sizeof(wide), &wide) |
	       nla_put(skb, IFLA_STATS, sizeof(narrow), narrow);
}

/* Appends the RTM_NEWLINK or RTM_DELLINK (@type) of @dev. Returns 0, or -EMSGSIZE if @skb is full. */
static int fill_link(struct sk_buff *skb, const struct net_device *dev, u16 type, u32 portid,
		     u32 seq, int flags)
{
	struct nlmsghdr *nlh = nlmsg_put(skb, portid, seq, type, sizeof(struct ifinfomsg), flags);
	int err;

	if (!nlh)
		return -EMSGSIZE;
	*(struct ifinfomsg *)nlmsg_data(nlh) = (struct ifinfomsg){.ifi_type = dev_type(dev),
								  .ifi_index = dev->ifindex,
								  .ifi_flags = dev_get_flags(dev)};
	err = nla_put_string(skb, IFLA_IFNAME, dev->name) |
	      nla_put_u32(skb, IFLA_TXQLEN, NETDEV_TX_QUEUE_LEN) |
	      nla_put_u8(skb, IFLA_OPERSTATE, oper_state(dev)) | nla_put_u8(skb, IFLA_LINKMODE, 0) |
	      nla_put_u32(skb, IFLA_MTU, dev->mtu) | nla_put_u32(skb, IFLA_GROUP, 0) |
	      nla_put_u32(skb, IFLA_PROMISCUITY, 0) | nla_put_u32(skb, IFLA_NUM_TX_QUEUES, 1) |
	      nla_put_u32(skb, IFLA_NUM_RX_QUEUES, 1) |
	      nla_put_u8(skb, IFLA_CARRIER, netif_carrier_ok(dev)) |
	      nla_put(skb, IFLA_ADDRESS, ETH_ALEN, dev->dev_addr) |
	      nla_put(skb, IFLA_BROADCAST, ETH_ALEN, dev->broadcast) | put_stats(skb, &dev->stats);
	if (err) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

/* args[0] counts the devices that the dump has shown so far. */
static void rtnl_dump_ifinfo(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct net_device *dev;
	unsigned int i = 0;

	for_each_netdev(dev) {
		if (i++ < cb->args[0])
			continue;
		if (fill_link(skb, dev, RTM_NEWLINK, cb->portid, cb->seq, NLM_F_MULTI))
			return;
		cb->args[0]++;
	}
}

/* Finds the device of a request, by index or, if that is 0, by name. */
static int requested_device(const struct nlmsghdr *nlh, const struct net_device **dev)
{
	const struct ifinfomsg *ifi = nlmsg_data(nlh);
	const char *name;
	char text[IFNAMSIZ];

	if (nlmsg_len(nlh) < (int)sizeof(*ifi))
		return -EINVAL;
	name = nlmsg_find_attr(nlh, sizeof(*ifi), IFLA_IFNAME, 1);
	if (ifi->ifi_index <= 0 && !name)
		return -EINVAL;
	if (ifi->ifi_index > 0) {
		*dev = dev_get_by_index(ifi->ifi_index);
	} else {
		const struct nlattr *nla = (const struct nlattr *)name - 1;

		memset(text, 0, sizeof(text));
		memcpy(text, name, min_t(size_t, nla->nla_len - sizeof(*nla), IFNAMSIZ - 1));
		*dev = dev_get_by_name(text);
	}
	return *dev ? 0 : -ENODEV;
}

static int rtnl_getlink(struct sock *sk, const struct nlmsghdr *nlh)
{
	const struct net_device *dev;
	struct sk_buff *skb;
	int err = requested_device(nlh, &dev);

	if (err)
		return err;
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOBUFS;
	WARN_ON(fill_link(skb, dev, RTM_NEWLINK, netlink_portid(sk), nlh->nlmsg_seq, 0));
	return nlmsg_unicast(sk, skb);
}

/* Tells the members of RTNLGRP_LINK that a device went up or down, changed, or was removed. */
static void rtnl_link_event(struct net_device *dev, enum netdev_event event)
{
	struct sk_buff *skb;

	if (!netlink_has_listeners(RTNLGRP_LINK))
		return;
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC);
	WARN_ON(skb && fill_link(skb, dev, event == NETDEV_UNREGISTER ? RTM_DELLINK : RTM_NEWLINK,
				 0, 0, 0));
	nlmsg_multicast(skb, RTNLGRP_LINK);
}

/* ---- requests --------------------------------------------------------------------------------- */

/* The lowest two bits of a request's type: 0 is RTM_NEW*, 1 RTM_DEL*, 2 RTM_GET*, 3 RTM_SET*. */
#define KIND_GET 2

int rtnetlink_rcv_msg(struct sock *sk, const struct nlmsghdr *nlh)
{
	const struct rtgenmsg *gen = nlmsg_data(nlh);
	const struct rtnl_handler *h;
	bool dump = nlh->nlmsg_flags & NLM_F_DUMP;

	if (nlh->nlmsg_type > RTM_MAX)
		return -EOPNOTSUPP;
	if (nlmsg_len(nlh) < (int)sizeof(*gen))
		return 0; /* as in Linux, ignore a request that is too short */
	if ((nlh->nlmsg_type & 3) != KIND_GET)
		return -EOPNOTSUPP;
	h = find_handler(gen->rtgen_family, nlh->nlmsg_type);
	if (!h || !(dump ? (void *)h->dumpit : (void *)h->doit))
		h = find_handler(AF_UNSPEC, nlh->nlmsg_type);
	if (h && dump && h->dumpit) {
		struct netlink_callback cb = {.dump = h->dumpit, .family = gen->rtgen_family};

		return netlink_dump_start(sk, nlh, &cb);
	}
	if (h && !dump && h->doit)
		return h->doit(sk, nlh);
	return -EOPNOTSUPP;
}

void rtnetlink_init(void)
{
	static struct netdev_notifier notifier = {.event = rtnl_link_event};

	rtnl_register(AF_UNSPEC, RTM_GETLINK, rtnl_getlink, rtnl_dump_ifinfo);
	rtnl_register(AF_UNSPEC, RTM_GETADDR, NULL, rtnl_dump_addrs);
	rtnl_register(AF_UNSPEC, RTM_GETROUTE, NULL, rtnl_dump_routes);
	register_netdevice_notifier(&notifier);
}

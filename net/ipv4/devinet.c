/* SPDX-License-Identifier: MIT */
/*
 * The IPv4 addresses of this host's devices.
 *
 * Callers: ip_init (devinet_init); device notifiers (process, or softirq for a link change);
 * ipconfig.c adds addresses; route.c, arp.c, ip_input.c and sockets look up addresses. No lock is
 * needed. Only one context at a time adds addresses to a device (ipconfig.c gives each device one
 * entry). The count is increased after the address was written, so that a reader in any context
 * sees complete addresses only. inet_addr_del() and inetdev_destroy() say why removal is safe.
 * Compare Linux's net/ipv4/devinet.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "net/core/netdevice.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"
#include "net/ipv4/rtnl.h"
#include "net/netlink/rtnetlink.h"

/*
 * RFC 5227: an address is announced twice, two seconds apart, in case the first announcement is
 * lost.
 */
#define ANNOUNCE_NUM      2
#define ANNOUNCE_INTERVAL (2 * HZ)

/* ---- lookups ---------------------------------------------------------------------------------- */

static bool ifa_onlink(const struct in_ifaddr *ifa, __be32 addr)
{
	return !((ifa->ifa_local ^ addr) & ifa->ifa_mask);
}

bool inet_addr_is_ours(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in_dev = in_dev_get(dev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return false;
	for_each_ifa(ifa, in_dev)
	{
		if (ifa->ifa_local == addr)
			return true;
	}
	return false;
}

bool inet_is_local_addr(__be32 addr)
{
	const struct net_device *dev;

	if (ipv4_is_loopback(addr))
		return !inet_addr_is_broadcast(NULL, addr);
	for_each_netdev(dev) {
		if (inet_addr_is_ours(dev, addr))
			return true;
	}
	return false;
}

#define LOOPBACK_BROADCAST 0x7fffffffu /* 127.255.255.255 */

/*
 * 4.2BSD used the subnet's own address (host part zero) as the broadcast address. RFC 1122 3.3.6
 * asks hosts to accept it too; Linux does.
 */
static bool ifa_broadcast(const struct in_ifaddr *ifa, __be32 addr)
{
	if (!ifa->ifa_broadcast)
		return false;
	return addr == ifa->ifa_broadcast ||
	       (addr == (ifa->ifa_local & ifa->ifa_mask) && addr != ifa->ifa_local);
}

static bool dev_has_broadcast(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in_dev = in_dev_get(dev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return false;
	/*
	 * 127.255.255.255 is the broadcast address of 127/8, as on Linux. ifa_broadcast of the
	 * loopback device is 0, because that device has no IFF_BROADCAST.
	 */
	if ((dev->flags & IFF_LOOPBACK) && addr == htonl(LOOPBACK_BROADCAST))
		return true;
	for_each_ifa(ifa, in_dev)
	{
		if (ifa_broadcast(ifa, addr))
			return true;
	}
	return false;
}

bool inet_addr_is_broadcast(const struct net_device *dev, __be32 addr)
{
	if (dev)
		return dev_has_broadcast(dev, addr);
	for_each_netdev(dev) {
		if (dev_has_broadcast(dev, addr))
			return true;
	}
	return false;
}

bool inet_addr_is_group(__be32 addr)
{
	return ipv4_is_multicast(addr) || ipv4_is_lbcast(addr) ||
	       inet_addr_is_broadcast(NULL, addr);
}

u8 inet_addr_type(__be32 addr)
{
	const struct net_device *dev;
	u8 type = RTN_UNICAST;

	if (ipv4_is_loopback(addr))
		return inet_addr_is_broadcast(NULL, addr) ? RTN_BROADCAST : RTN_LOCAL;
	for_each_netdev(dev) {
		const struct in_device *in_dev = in_dev_get(dev);
		const struct in_ifaddr *ifa;

		/* All addresses of the loopback device are in 127/8, which was handled above. */
		if ((dev->flags & IFF_LOOPBACK) || !in_dev)
			continue;
		for_each_ifa(ifa, in_dev)
		{
			if (ifa->ifa_local == addr)
				return RTN_LOCAL;
			if (ifa_broadcast(ifa, addr))
				type = RTN_BROADCAST;
		}
	}
	return type;
}

__be32 inet_select_addr(const struct net_device *dev, __be32 dst)
{
	const struct in_device *in_dev = in_dev_get(dev);
	const struct in_ifaddr *ifa;
	__be32 first = 0;

	if (!in_dev)
		return 0;
	for_each_ifa(ifa, in_dev)
	{
		if (!first)
			first = ifa->ifa_local;
		if (ifa_onlink(ifa, dst))
			return ifa->ifa_local;
	}
	return first;
}

/* ---- adding an address ------------------------------------------------------------------------ */

const char *inet_addr_fault(__be32 addr, unsigned int prefix_len)
{
	__be32 mask = inet_make_mask(prefix_len);

	if (ipv4_is_zeronet(addr))
		return "an address of 0.0.0.0/8, which means this network";
	if (ipv4_is_loopback(addr))
		return "an address of 127.0.0.0/8, which never leaves a host";
	if (ipv4_is_multicast(addr))
		return "a multicast address";
	if (ipv4_is_reserved(addr))
		return "an address of 240.0.0.0/4, which is reserved";
	/*
	 * A /31 (RFC 3021) and a /32 have no address for the network itself and no broadcast
	 * address, so every address can be a host's.
	 */
	if (prefix_len >= 31)
		return NULL;
	if (!(addr & ~mask))
		return "the number of its network";
	return addr == (addr | ~mask) ? "the broadcast address of its network" : NULL;
}

int inet_addr_add(struct net_device *dev, __be32 addr, unsigned int prefix_len)
{
	struct in_device *in_dev = dev->ip_ptr;
	__be32 mask;

	if (!in_dev || !prefix_len || prefix_len > 32)
		return -EINVAL;
	if (dev->flags & IFF_LOOPBACK ? !ipv4_is_loopback(addr)
				      : !!inet_addr_fault(addr, prefix_len))
		return -EINVAL;
	if (inet_addr_is_ours(dev, addr))
		return -EEXIST;
	if (in_dev->nr_addrs == IFADDRS_MAX)
		return -ENOSPC;
	mask = inet_make_mask(prefix_len);
	in_dev->addrs[in_dev->nr_addrs] = (struct in_ifaddr){
		.ifa_local = addr,
		.ifa_mask = mask,
		.ifa_prefixlen = prefix_len,
		/* A /31 (RFC 3021) and a /32 have no broadcast address. */
		.ifa_broadcast = (dev->flags & IFF_BROADCAST) && prefix_len < 31 ? addr | ~mask : 0,
	};
	__atomic_store_n(&in_dev->nr_addrs, in_dev->nr_addrs + 1, __ATOMIC_RELEASE);
	rt_cache_flush();
	rtmsg_ifa(RTM_NEWADDR, dev, &in_dev->addrs[in_dev->nr_addrs - 1]);
	if (prefix_len == 32 || (dev->flags & IFF_LOOPBACK))
		return 0;
	return ip_route_add(addr & mask, prefix_len, 0, dev, addr, RTN_UNICAST);
}

/*
 * Softirqs are off, and one CPU runs, so a softirq never reads the list while it changes. A thread
 * that a softirq interrupted within for_each_ifa() may miss the last address, which moves to the
 * free place, or see its mask with the removed address. It then gets the answer for an address that
 * has just gone; routes made from that are invalid, because rt_genid changes afterwards.
 */
int inet_addr_del(struct net_device *dev, __be32 addr)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct in_ifaddr removed, *ifa, *last;

	if (!in_dev || !inet_addr_is_ours(dev, addr))
		return -ENOENT;
	local_bh_disable();
	last = &in_dev->addrs[in_dev->nr_addrs - 1];
	for (ifa = in_dev->addrs; ifa->ifa_local != addr; ifa++)
		;
	removed = *ifa;
	if (ifa != last)
		*ifa = *last;
	__atomic_store_n(&in_dev->nr_addrs, in_dev->nr_addrs - 1, __ATOMIC_RELEASE);
	local_bh_enable();
	ip_route_del_src(dev, addr);
	rtmsg_ifa(RTM_DELADDR, dev, &removed);
	return 0;
}

/* ---- announcing addresses --------------------------------------------------------------------- */

static void inetdev_announce(unsigned long data)
{
	struct in_device *in_dev = (struct in_device *)data;
	const struct in_ifaddr *ifa;

	if (!in_dev->announcements || !(in_dev->dev->flags & IFF_UP))
		return;
	for_each_ifa(ifa, in_dev) arp_announce(in_dev->dev, ifa->ifa_local);
	if (--in_dev->announcements)
		mod_timer(&in_dev->announce, jiffies + ANNOUNCE_INTERVAL);
}

/*
 * The link came up: announce our addresses, because other hosts may have outdated entries for them.
 */
static void inetdev_link_up(struct in_device *in_dev)
{
	if (!netif_carrier_ok(in_dev->dev) || (in_dev->dev->flags & (IFF_LOOPBACK | IFF_NOARP)))
		return;
	/* Let the timer send the announcements, because the device may not be fully up yet. */
	in_dev->announcements = ANNOUNCE_NUM;
	mod_timer(&in_dev->announce, jiffies);
}

/* ---- devices going up and down ---------------------------------------------------------------- */

static struct in_device *inetdev_create(struct net_device *dev)
{
	struct in_device *in_dev = kzalloc(sizeof(*in_dev), GFP_KERNEL);

	if (!in_dev)
		return NULL;
	in_dev->dev = dev;
	setup_timer(&in_dev->announce, inetdev_announce, (unsigned long)in_dev);
	in_dev->local_rt = rt_alloc_input(dev, RTN_LOCAL);
	igmp_if_init(in_dev);
	in_dev->broadcast_rt = rt_alloc_input(dev, RTN_BROADCAST);
	in_dev->multicast_rt = rt_alloc_input(dev, RTN_MULTICAST);
	if (!in_dev->local_rt || !in_dev->broadcast_rt || !in_dev->multicast_rt) {
		rt_put(in_dev->local_rt);
		rt_put(in_dev->broadcast_rt);
		rt_put(in_dev->multicast_rt);
		kfree(in_dev);
		return NULL;
	}
	__atomic_store_n(&dev->ip_ptr, in_dev, __ATOMIC_RELEASE);
	return in_dev;
}

static void inetdev_up(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;

	if (!in_dev)
		in_dev = inetdev_create(dev);
	if (!in_dev) {
		pr_err("%s: no memory for its addresses\n", dev->name);
		return;
	}
	if ((dev->flags & IFF_LOOPBACK) && !in_dev->nr_addrs)
		WARN_ON(inet_addr_add(dev, htonl(0x7f000001), 8));
	rt_cache_flush();
	igmp_up(in_dev);
	inetdev_link_up(in_dev);
}

/*
 * @dev is being unregistered: frees its addresses and removes the routes through it. That is safe,
 * because no reader keeps a pointer to a struct in_device while it sleeps, and @dev receives no
 * packets any more.
 */
static void inetdev_destroy(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;

	ip_route_del_dev(dev);
	if (!in_dev)
		return;
	__atomic_store_n(&dev->ip_ptr, NULL, __ATOMIC_RELEASE);
	rt_cache_flush();
	rt_put(in_dev->local_rt);
	rt_put(in_dev->broadcast_rt);
	rt_put(in_dev->multicast_rt);
	igmp_if_destroy(in_dev);
	kfree(in_dev);
}

static void inetdev_event(struct net_device *dev, enum netdev_event event)
{
	struct in_device *in_dev = dev->ip_ptr;

	switch (event) {
	case NETDEV_UP:
		inetdev_up(dev);
		break;
	case NETDEV_CHANGE:
	case NETDEV_NOTIFY_PEERS:
		if (in_dev) {
			if (netif_carrier_ok(dev))
				igmp_up(in_dev);
			inetdev_link_up(in_dev);
		}
		break;
	case NETDEV_CHANGEMTU:
		rt_mtu_changed(dev);
		break;
	case NETDEV_UNREGISTER:
		inetdev_destroy(dev);
		break;
	case NETDEV_DOWN:
		if (in_dev) {
			igmp_down(in_dev);
			in_dev->announcements = 0;
			del_timer_sync(&in_dev->announce);
		}
		rt_cache_flush();
		neigh_ifdown(&arp_tbl, dev);
		break;
	}
}

void devinet_init(void)
{
	static struct netdev_notifier notifier = {.event = inetdev_event};

	register_netdevice_notifier(&notifier);
	devinet_ioctl_init();
	rtnl_addr_init();
}

/* SPDX-License-Identifier: MIT */
/*
 * A device's IPv4 addresses. They are added when a device comes up or first gets a link, or added and
 * removed by the DHCP client, and read in any context without a lock (devinet.c explains why this is correct). Names and roles are those
 * of Linux's include/linux/inetdevice.h.
 */
#ifndef NET_IPV4_DEVINET_H
#define NET_IPV4_DEVINET_H

#include "kernel/time/timer.h"
#include "kernel/types.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/limits.h"

struct net_device;
struct rtable;

struct in_ifaddr {
	__be32 ifa_local;
	__be32 ifa_mask;
	__be32 ifa_broadcast; /* 0: none (loopback, /31, /32) */
	u8 ifa_prefixlen;
};

struct in_device {
	struct net_device *dev;
	unsigned int nr_addrs;
	struct in_ifaddr addrs[IFADDRS_MAX];
	/* Routes for received packets to this host; made together with this struct. */
	struct rtable *local_rt, *broadcast_rt, *multicast_rt;
	struct igmp_if mc;          /* the multicast groups that @dev receives */
	struct timer_list announce; /* sends the announcements of RFC 5227 */
	u8 announcements;           /* how many announcements are still to be sent */
	unsigned long defended;     /* jiffies: when ARP last defended an address; 0: never */
};

/*
 * Passes over the addresses of @in_dev. Any context: the count is read with acquire semantics, so
 * that each counted address is complete.
 */
#define for_each_ifa(ifa, in_dev)                                                                  \
	for (ifa = (in_dev)->addrs;                                                                \
	     ifa < (in_dev)->addrs + __atomic_load_n(&(in_dev)->nr_addrs, __ATOMIC_ACQUIRE);       \
	     ifa++)
/* @dev's addresses, or NULL if it was never up. Needs net/core/netdevice.h. */
#define in_dev_get(dev)                                                                            \
	((const struct in_device *)__atomic_load_n(&(dev)->ip_ptr, __ATOMIC_ACQUIRE))

static inline __be32 inet_make_mask(unsigned int prefix_len)
{
	return prefix_len ? __builtin_bswap32(~0u << (32 - prefix_len)) : 0;
}
/*
 * Returns why @addr cannot be a host's address in a network of @prefix_len bits, as text for a
 * message, or NULL if it can. RFC 1122 3.2.1.3, RFC 1112 section 4.
 */
const char *inet_addr_fault(__be32 addr, unsigned int prefix_len);
/*
 * Adds an address to @dev, and the route to its network. Process or softirq. Returns 0, -EEXIST,
 * -ENOSPC (IFADDRS_MAX) or -EINVAL.
 */
int inet_addr_add(struct net_device *dev, __be32 addr, unsigned int prefix_len);
/*
 * Removes an address of @dev, and the routes whose source it is. Connections from it stay open, but
 * send nothing until it is added again. Process or softirq. Returns 0 or -ENOENT.
 */
int inet_addr_del(struct net_device *dev, __be32 addr);
/*
 * Returns the address of @dev whose subnet contains @dst; if there is none, @dev's first address; 0
 * if @dev has no address.
 */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst);
/*
 * Returns true if @addr is a broadcast address of a subnet of @dev, or of any device if @dev is
 * NULL.
 */
bool inet_addr_is_broadcast(const struct net_device *dev, __be32 addr);
/*
 * Returns true for a multicast or broadcast address: bind() accepts it for receiving, but it is never
 * used as the source address of a packet.
 */
bool inet_addr_is_group(__be32 addr);
/*
 * Returns RTN_LOCAL if @addr is an address of any device, RTN_BROADCAST if @addr is a broadcast
 * address of a subnet of any device, else RTN_UNICAST.
 */
u8 inet_addr_type(__be32 addr);
/* Returns true if @addr is one of @dev's own addresses. */
bool inet_addr_is_ours(const struct net_device *dev, __be32 addr);
/*
 * The requests SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR and SIOCGIFNETMASK of ioctl(), -ENOTTY for
 * others (net/ipv4/devinet_ioctl.c). Process context.
 */
int devinet_ioctl(unsigned int cmd, void __user *arg);
void devinet_ioctl_init(void); /* registers the function that lists the addresses for SIOCGIFCONF */
void devinet_init(void);       /* registers the notifier for devices */

#endif

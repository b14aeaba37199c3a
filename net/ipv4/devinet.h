/* SPDX-License-Identifier: MIT */
/*
 * A device's IPv4 addresses.  Added when a device comes up or gets its first link, read in any context
 * without a lock (devinet.c says why that is right).  Names and roles of Linux's
 * include/linux/inetdevice.h.
 */
#ifndef NET_IPV4_DEVINET_H
#define NET_IPV4_DEVINET_H

#include "kernel/time/timer.h"
#include "kernel/types.h"
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
	/* Routes of received packets that are for this host; made with the device, never freed. */
	struct rtable *local_rt, *broadcast_rt;
	struct timer_list announce; /* RFC 5227: says it twice */
	u8 announcements;           /* still to come */
};

static inline __be32 inet_make_mask(unsigned int prefix_len)
{
	return prefix_len ? __builtin_bswap32(~0u << (32 - prefix_len)) : 0;
}
/*
 * The reason why @addr cannot be a host's address in a network of @prefix_len bits, as text; NULL:
 * it can.  RFC 1122 3.2.1.3, RFC 1112 section 4.
 */
const char *inet_addr_fault(__be32 addr, unsigned int prefix_len);
/* 0, -EEXIST, -ENOSPC (IFADDRS_MAX), -EINVAL.  Adds the prefix's route too.  Process or softirq. */
int inet_addr_add(struct net_device *dev, __be32 addr, unsigned int prefix_len);
/* Our address on @dev that lies in @dst's subnet, else @dev's first, else 0. */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst);
/* Is @addr on @dev (any device: NULL) a broadcast address of one of our subnets? */
bool inet_addr_is_broadcast(const struct net_device *dev, __be32 addr);
/* Is @addr one of @dev's own? */
bool inet_addr_is_ours(const struct net_device *dev, __be32 addr);
void devinet_init(void); /* the notifier */

#endif

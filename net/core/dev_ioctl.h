/* SPDX-License-Identifier: MIT */
/* Requests of programs about network devices: ioctl(), and values that netlink reports too. */
#ifndef NET_CORE_DEV_IOCTL_H
#define NET_CORE_DEV_IOCTL_H

#include "net/core/netdevice.h"

/*
 * The requests SIOCGIF* that do not concern addresses, and SIOCGIFCONF. Returns 0 or -errno; -ENOTTY
 * for another request. Process context.
 */
int dev_ioctl(unsigned int cmd, void __user *arg);
/*
 * A family's part of SIOCGIFCONF: stores an ifreq at @buf for each address of @dev, as many as fit
 * into @len bytes, and returns the bytes that it stored, or -EFAULT. @buf NULL: returns the bytes
 * that all addresses need.
 */
typedef int (*gifconf_func_t)(struct net_device *dev, u8 __user *buf, int len);
/* Registers the function of the only family, AF_INET. Boot only. */
void register_gifconf(gifconf_func_t gifconf);

/* The flags as programs see them: IFF_RUNNING and IFF_LOWER_UP only while the device is up. */
unsigned int dev_get_flags(const struct net_device *dev);
/* ARPHRD_*: the hardware type */
static inline u16 dev_type(const struct net_device *dev)
{
	return dev->flags & IFF_LOOPBACK ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
}
struct net_device *dev_get_by_index(int ifindex);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ioctl() requests about network devices: name, index, flags, MTU, hardware address, and the list of
 * addresses.
 *
 * ioctl() -> sock_ioctl() -> dev_ioctl(), for a request that the socket's family does not know
 * (process). SIOCGIFCONF holds rtnl while it passes over the devices and their addresses, because
 * it writes to the program's memory and so may sleep. The other requests that read take no lock:
 * each reads its value once. SIOCSIFFLAGS and SIOCSIFMTU change a device, with rtnl held; the other
 * requests with which Linux changes a device fail with -ENOTTY. netdevice(7); compare Linux's
 * net/core/dev_ioctl.c.
 */
#include "net/core/dev_ioctl.h"

#include "include/uapi/errno.h"
#include "include/uapi/ioctl.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/limits.h"

#define SOCKET_REQUEST 0x89 /* the second byte of a request: its type */

static gifconf_func_t gifconf_func;

void register_gifconf(gifconf_func_t gifconf)
{
	gifconf_func = gifconf;
}

struct net_device *dev_get_by_index(int ifindex)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if (dev->ifindex == ifindex)
			return dev;
	}
	return NULL;
}

unsigned int dev_get_flags(const struct net_device *dev)
{
	unsigned int flags = dev->flags & ~(IFF_RUNNING | IFF_LOWER_UP);

	if (dev->flags & IFF_UP && netif_carrier_ok(dev))
		flags |= IFF_RUNNING | IFF_LOWER_UP;
	/*
	 * In this kernel lo has IFF_NOARP. Linux's lo does not have the flag, so hide it from
	 * programs.
	 */
	return dev->flags & IFF_LOOPBACK ? flags & ~IFF_NOARP : flags;
}

/* A device without addresses adds nothing to the list. */
static int dev_ifconf(struct ifconf __user *arg)
{
	struct net_device *dev;
	struct ifconf ifc;
	int total = 0, n = 0;

	if (copy_from_user(&ifc, arg, sizeof(ifc)))
		return -EFAULT;
	rtnl_lock();
	for_each_netdev(dev) {
		u8 __user *buf = ifc.ifc_req ? (u8 __user *)ifc.ifc_req + total : NULL;

		n = gifconf_func(dev, buf, ifc.ifc_len - total);
		if (n < 0)
			break;
		total += n;
	}
	rtnl_unlock();
	if (n < 0)
		return n;
	ifc.ifc_len = total;
	return copy_to_user(arg, &ifc, sizeof(ifc)) ? -EFAULT : 0;
}

static int dev_ifname(struct ifreq *ifr)
{
	const struct net_device *dev = dev_get_by_index(ifr->ifr_ifindex);

	if (!dev)
		return -ENODEV;
	strscpy(ifr->ifr_name, dev->name, IFNAMSIZ);
	return 0;
}

/* Requests about the device that @ifr names. */
static int dev_ifsioc(unsigned int cmd, struct ifreq *ifr)
{
	const struct net_device *dev = dev_get_by_name(ifr->ifr_name);

	if (!dev)
		return -ENODEV;
	switch (cmd) {
	case SIOCGIFFLAGS:
		ifr->ifr_flags = dev_get_flags(dev);
		return 0;
	case SIOCGIFMETRIC:
		ifr->ifr_metric = 0; /* no device has one, as in Linux */
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = dev->mtu;
		return 0;
	case SIOCGIFHWADDR:
		ifr->ifr_addr = (struct sockaddr){.sa_family = dev_type(dev)};
		memcpy(ifr->ifr_addr.sa_data, dev->dev_addr, sizeof(dev->dev_addr));
		return 0;
	case SIOCGIFMAP:
		ifr->ifr_map = (struct ifmap){0};
		return 0;
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = dev->ifindex;
		return 0;
	default: /* SIOCGIFTXQLEN */
		ifr->ifr_qlen = NETDEV_TX_QUEUE_LEN;
		return 0;
	}
}

/* Flags that Linux lets a program change, and this kernel does not. */
#define IFF_FIXED                                                                                  \
	(IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_MULTICAST | IFF_PORTSEL | IFF_AUTOMEDIA |    \
	 IFF_DYNAMIC)

/* Requests that change the device that @ifr names. */
static int dev_ifsioc_set(unsigned int cmd, const struct ifreq *ifr)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	struct net_device *dev;
	int err;

	rtnl_lock();
	dev = dev_get_by_name(ifr->ifr_name);
	if (!dev)
		err = -ENODEV;
	else if (cmd == SIOCSIFMTU)
		err = ifr->ifr_mtu < 0 ? -EINVAL : dev_set_mtu(dev, ifr->ifr_mtu);
	else if ((flags ^ dev_get_flags(dev)) & IFF_FIXED)
		err = -EOPNOTSUPP;
	else
		err = dev_change_flags(dev, flags);
	rtnl_unlock();
	return err;
}

int dev_ioctl(unsigned int cmd, void __user *arg)
{
	struct ifreq ifr;
	char *alias;
	int err;

	if (cmd == SIOCGIFCONF)
		return dev_ifconf(arg);
	/* As in Linux, the argument of an unknown request is read too, if the request has the type SOCKET_REQUEST. */
	if ((cmd >> 8 & 0xff) != SOCKET_REQUEST)
		return -ENOTTY;
	if (copy_from_user(&ifr, arg, sizeof(ifr)))
		return -EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	switch (cmd) {
	case SIOCSIFFLAGS:
	case SIOCSIFMTU:
		return dev_ifsioc_set(cmd, &ifr);
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFMAP:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
		break;
	default:
		return -ENOTTY;
	}
	if (cmd == SIOCGIFNAME) {
		err = dev_ifname(&ifr);
	} else {
		/* "eth0:1" is a second address of eth0 (ifconfig's aliases): look up eth0. */
		alias = strchr(ifr.ifr_name, ':');
		if (alias)
			*alias = '\0';
		err = dev_ifsioc(cmd, &ifr);
		if (alias)
			*alias = ':';
	}
	if (!err && copy_to_user(arg, &ifr, sizeof(ifr)))
		err = -EFAULT;
	return err;
}

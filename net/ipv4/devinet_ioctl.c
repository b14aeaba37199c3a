/* SPDX-License-Identifier: MIT */
/*
 * ioctl() requests about IPv4 addresses.
 *
 * ioctl() -> sock_ioctl() -> inet_ioctl() -> devinet_ioctl(); dev_ioctl() -> inet_gifconf() for
 * SIOCGIFCONF (process). Addresses are read without a lock (devinet.c). netdevice(7); compare
 * Linux's net/ipv4/devinet.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/in.h"
#include "include/uapi/ioctl.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/dev_ioctl.h"
#include "net/ipv4/devinet.h"

static void store_address(struct ifreq *ifr, __be32 addr)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = addr};

	BUILD_BUG_ON(sizeof(sin) != sizeof(ifr->ifr_addr));
	memcpy(&ifr->ifr_addr, &sin, sizeof(sin));
}

/*
 * Returns the address that @ifr asks about. If @ifr contains one of the device's addresses, returns
 * that address, so that a program can ask about each address, as on Linux. Otherwise returns the
 * device's first address.
 */
static const struct in_ifaddr *find_address(const struct net_device *dev, const struct ifreq *ifr)
{
	const struct in_device *in_dev = in_dev_get(dev);
	const struct in_ifaddr *ifa, *first = NULL;
	struct sockaddr_in sin;

	if (!in_dev)
		return NULL;
	memcpy(&sin, &ifr->ifr_addr, sizeof(sin));
	for_each_ifa(ifa, in_dev)
	{
		if (sin.sin_family == AF_INET && ifa->ifa_local == sin.sin_addr.s_addr)
			return ifa;
		if (!first)
			first = ifa;
	}
	return first;
}

int devinet_ioctl(unsigned int cmd, void __user *arg)
{
	const struct net_device *dev;
	const struct in_ifaddr *ifa;
	struct ifreq ifr;
	char *alias;

	if (cmd != SIOCGIFADDR && cmd != SIOCGIFDSTADDR && cmd != SIOCGIFBRDADDR &&
	    cmd != SIOCGIFNETMASK)
		return -ENOTTY;
	if (copy_from_user(&ifr, arg, sizeof(ifr)))
		return -EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	/* "eth0:1" is the label of a second address of eth0. No address here has such a label. */
	alias = strchr(ifr.ifr_name, ':');
	if (alias)
		*alias = '\0';
	dev = dev_get_by_name(ifr.ifr_name);
	if (!dev)
		return -ENODEV;
	ifa = alias ? NULL : find_address(dev, &ifr);
	if (!ifa)
		return -EADDRNOTAVAIL;
	if (cmd == SIOCGIFBRDADDR)
		store_address(&ifr, ifa->ifa_broadcast);
	else if (cmd == SIOCGIFNETMASK)
		store_address(&ifr, ifa->ifa_mask);
	else /* No device is a point-to-point link, so the other end's address is our own. */
		store_address(&ifr, ifa->ifa_local);
	return copy_to_user(arg, &ifr, sizeof(ifr)) ? -EFAULT : 0;
}

static int inet_gifconf(struct net_device *dev, u8 __user *buf, int len)
{
	const struct in_device *in_dev = in_dev_get(dev);
	const struct in_ifaddr *ifa;
	struct ifreq ifr = {0};
	int done = 0;

	if (!in_dev)
		return 0;
	strscpy(ifr.ifr_name, dev->name, IFNAMSIZ);
	for_each_ifa(ifa, in_dev)
	{
		if (buf) {
			if (len - done < (int)sizeof(ifr))
				break;
			store_address(&ifr, ifa->ifa_local);
			if (copy_to_user(buf + done, &ifr, sizeof(ifr)))
				return -EFAULT;
		}
		done += sizeof(ifr);
	}
	return done;
}

void devinet_ioctl_init(void)
{
	register_gifconf(inet_gifconf);
}

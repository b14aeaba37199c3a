/* SPDX-License-Identifier: MIT */
/*
 * The group addresses that a device shall receive: its list of link-layer multicast addresses.
 *
 * Callers: dev_mc_add() and dev_mc_del() from the protocols above, when a socket joins or leaves a
 * group (process or softirq); dev_set_rx_mode() from dev.c, when the device comes up or its flags
 * change; dev_mc_flush(), when the device is unregistered; /proc/net/dev_mcast (netdev_proc.c).
 * dev->addr_lock, taken with softirqs off, protects the list, and is held around ->ndo_set_rx_mode,
 * which must not sleep. Compare Linux's net/core/dev_addr_lists.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

/*
 * Tells the driver that the list, IFF_ALLMULTI or IFF_PROMISC changed. The caller holds addr_lock.
 */
static void __dev_set_rx_mode(struct net_device *dev)
{
	lockdep_assert_held(&dev->addr_lock);
	if (dev->netdev_ops->ndo_set_rx_mode)
		dev->netdev_ops->ndo_set_rx_mode(dev);
}

void dev_set_rx_mode(struct net_device *dev)
{
	spin_lock_bh(&dev->addr_lock);
	__dev_set_rx_mode(dev);
	spin_unlock_bh(&dev->addr_lock);
}

/* The caller holds addr_lock. */
static struct netdev_hw_addr *mc_find(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;

	netdev_for_each_mc_addr(ha, dev)
	{
		if (!memcmp(ha->addr, addr, ETH_ALEN))
			return ha;
	}
	return NULL;
}

/* The caller holds addr_lock. */
static int mc_insert(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;

	if (dev->mc_count == NETDEV_MC_MAX)
		return -ENOBUFS;
	ha = kmalloc(sizeof(*ha), GFP_ATOMIC);
	if (!ha)
		return -ENOMEM;
	memcpy(ha->addr, addr, ETH_ALEN);
	ha->refcount = 1;
	list_add_tail(&ha->list, &dev->mc_list);
	dev->mc_count++;
	__dev_set_rx_mode(dev);
	return 0;
}

/* The caller holds addr_lock. */
static void mc_remove(struct net_device *dev, struct netdev_hw_addr *ha)
{
	list_del(&ha->list);
	dev->mc_count--;
	kfree(ha);
}

int dev_mc_add(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;
	int err = 0;

	if (!is_multicast_ether_addr(addr))
		return -EINVAL;
	spin_lock_bh(&dev->addr_lock);
	ha = mc_find(dev, addr);
	if (ha)
		ha->refcount++;
	else
		err = mc_insert(dev, addr);
	spin_unlock_bh(&dev->addr_lock);
	return err;
}

int dev_mc_del(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;

	spin_lock_bh(&dev->addr_lock);
	ha = mc_find(dev, addr);
	if (ha && !--ha->refcount) {
		mc_remove(dev, ha);
		__dev_set_rx_mode(dev);
	}
	spin_unlock_bh(&dev->addr_lock);
	return ha ? 0 : -ENOENT;
}

void dev_mc_flush(struct net_device *dev)
{
	spin_lock_bh(&dev->addr_lock);
	while (!list_empty(&dev->mc_list))
		mc_remove(dev, list_first_entry(&dev->mc_list, struct netdev_hw_addr, list));
	spin_unlock_bh(&dev->addr_lock);
}

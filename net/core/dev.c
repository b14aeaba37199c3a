/* SPDX-License-Identifier: MIT */
/*
 * Network devices: their list, bringing them up and down, and the calls of notifiers (struct netdev_notifier).
 *
 * Callers: drivers (alloc_netdev, register_netdevice, netif_carrier_on/off), init/main.c
 * (netdev_init, dev_open), IPv4 (notifiers, lookups). Process context, at boot or with rtnl_mutex
 * held; link changes also come in softirq. The list is read without a lock. A reader may stand at a
 * device that is removed from the list: the device is never freed, and still points to its
 * successor. Compare the administrative part of Linux's net/core/dev.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

LIST_HEAD(dev_base_head);
static unsigned int nr_devices;
static LIST_HEAD(notifiers);
static struct mutex rtnl_mutex;

/* The data of the boot CPU, which is the only one. With more CPUs each would have its own. */
static struct softnet_data boot_softnet;

DEFINE_LOG_SOURCE(net_log, "net");

void netdev_init(void)
{
	struct softnet_data *sd = &boot_softnet;

	log_register(&net_log);
	mutex_init(&rtnl_mutex);
	spin_lock_init(&sd->lock);
	INIT_LIST_HEAD(&sd->poll_list);
	INIT_LIST_HEAD(&sd->tx_list);
	skb_queue_head_init(&sd->input_pkt_queue);
	skb_queue_head_init(&sd->process_queue);
	this_cpu()->softnet = sd;
	napi_init(sd);
	open_softirq(NET_TX_SOFTIRQ, net_tx_action);
	sysctl_core_init();
	netdev_proc_init();
}

/* ---- the list of devices ---------------------------------------------------------------------- */

/* Copies @format to @name. A %d in @format is replaced by the first number that is not in use. */
static int dev_pick_name(char *name, const char *format)
{
	if (!strchr(format, '%')) {
		if (strlen(format) >= IFNAMSIZ)
			return -EINVAL;
		strscpy(name, format, IFNAMSIZ);
		return dev_get_by_name(name) ? -EEXIST : 0;
	}
	for (int i = 0; i < NETDEV_MAX; i++) {
		const char *mark = strchr(format, '%');

		if (mark[1] != 'd' || snprintf(name, IFNAMSIZ, "%.*s%d%s", (int)(mark - format),
					       format, i, mark + 2) >= IFNAMSIZ)
			return -EINVAL;
		if (!dev_get_by_name(name))
			return 0;
	}
	return -ENOSPC;
}

struct net_device *alloc_netdev(const char *name_format, void *priv)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	/* Keep the pattern as the name until registration replaces %d by a number. */
	if (strscpy(dev->name, name_format, IFNAMSIZ) < 0) {
		kfree(dev);
		return NULL;
	}
	dev->priv = priv;
	dev->txq_limit = nr_total_pages() * PAGE_SIZE / NETDEV_TX_QUEUE_PART;
	dev->gso_max_size = GSO_MAX_SIZE;
	dev->gso_max_segs = GSO_MAX_SIZE / 512;
	spin_lock_init(&dev->tx_lock);
	spin_lock_init(&dev->addr_lock);
	INIT_LIST_HEAD(&dev->mc_list);
	skb_queue_head_init(&dev->txq);
	INIT_LIST_HEAD(&dev->dev_list);
	INIT_LIST_HEAD(&dev->tx_wait);
	return dev;
}

int register_netdevice(struct net_device *dev)
{
	char name[IFNAMSIZ];
	int err;

	BUG_ON(!dev->netdev_ops || !dev->netdev_ops->ndo_start_xmit);
	if (nr_devices >= NETDEV_MAX)
		return -ENOSPC;
	err = dev_pick_name(name, dev->name);
	if (err)
		return err;
	strscpy(dev->name, name, IFNAMSIZ);
	dev->ifindex = ++nr_devices;
	list_add_tail(&dev->dev_list, &dev_base_head);
	return 0;
}

struct net_device *dev_get_by_name(const char *name)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if (!strcmp(dev->name, name))
			return dev;
	}
	return NULL;
}

struct net_device *loopback_dev(void)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if (dev->flags & IFF_LOOPBACK)
			return dev;
	}
	return NULL;
}

/* ---- up, down, and notification --------------------------------------------------------------- */

static void call_netdevice_notifiers(struct net_device *dev, enum netdev_event event)
{
	struct netdev_notifier *nb;

	list_for_each_entry(nb, &notifiers, list)
		nb->event(dev, event);
}

void register_netdevice_notifier(struct netdev_notifier *nb)
{
	struct net_device *dev;

	list_add_tail(&nb->list, &notifiers);
	/*
	 * A notifier that is registered after a device came up must still learn that the device is up.
	 */
	for_each_netdev(dev) {
		if (dev->flags & IFF_UP)
			nb->event(dev, NETDEV_UP);
	}
}

void netdev_notify_peers(struct net_device *dev)
{
	if (dev->flags & IFF_UP)
		call_netdevice_notifiers(dev, NETDEV_NOTIFY_PEERS);
}

void rtnl_lock(void)
{
	mutex_lock(&rtnl_mutex);
}

void rtnl_unlock(void)
{
	mutex_unlock(&rtnl_mutex);
}

/* Sets and clears flags. BHs are off, because a change of the link changes flags in softirq. */
static void dev_set_flags(struct net_device *dev, unsigned int set, unsigned int clear)
{
	local_bh_disable();
	dev->flags = (dev->flags & ~clear) | set;
	local_bh_enable();
}

int dev_open(struct net_device *dev)
{
	int err = 0;

	if (dev->flags & IFF_UP)
		return 0;
	/*
	 * Set IFF_UP before ndo_open, because the first packet may arrive while ndo_open still
	 * runs.
	 */
	dev_set_flags(dev, IFF_UP, 0);
	if (dev->netdev_ops->ndo_open)
		err = dev->netdev_ops->ndo_open(dev);
	if (err) {
		dev_set_flags(dev, 0, IFF_UP);
		return err;
	}
	dev_set_rx_mode(dev);
	call_netdevice_notifiers(dev, NETDEV_UP);
	return 0;
}

int dev_close(struct net_device *dev)
{
	struct softnet_data *sd = this_cpu()->softnet;
	struct sk_buff *skb;
	unsigned long flags;
	int err = 0;

	if (!(dev->flags & IFF_UP))
		return 0;
	dev_set_flags(dev, 0, IFF_UP);
	call_netdevice_notifiers(dev, NETDEV_DOWN);
	if (dev->netdev_ops->ndo_stop)
		err = dev->netdev_ops->ndo_stop(dev);

	spin_lock_bh(&dev->tx_lock);
	while ((skb = __skb_dequeue(&dev->txq))) {
		dev->stats.tx_dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
	}
	dev->txq_truesize = 0;
	dev->tx_stopped = false;
	spin_unlock_bh(&dev->tx_lock);

	spin_lock_irqsave(&sd->lock, flags);
	if (!list_empty(&dev->tx_wait))
		list_del_init(&dev->tx_wait);
	spin_unlock_irqrestore(&sd->lock, flags);
	return err;
}

/* The operations of a device whose driver has gone. The device is down, so none is called. */
static const struct net_device_ops no_driver_ops = {};

void unregister_netdevice(struct net_device *dev)
{
	dev_close(dev);
	call_netdevice_notifiers(dev, NETDEV_UNREGISTER);
	dev_mc_flush(dev);
	/*
	 * Keep the pointers in @dev: a reader of the list that stands at @dev continues from there.
	 */
	local_bh_disable();
	dev->dev_list.next->prev = dev->dev_list.prev;
	WRITE_ONCE(dev->dev_list.prev->next, dev->dev_list.next);
	local_bh_enable();
	dev->netdev_ops = &no_driver_ops;
	dev->priv = NULL;
}

int dev_change_flags(struct net_device *dev, unsigned int flags)
{
	const unsigned int rx_mode = IFF_PROMISC | IFF_ALLMULTI;

	if ((dev->flags ^ flags) & rx_mode) {
		dev_set_flags(dev, flags & rx_mode, rx_mode);
		dev_set_rx_mode(dev);
	}
	return flags & IFF_UP ? dev_open(dev) : dev_close(dev);
}

int dev_set_mtu(struct net_device *dev, unsigned int mtu)
{
	if (mtu == dev->mtu)
		return 0;
	if (mtu < ETH_MIN_MTU || mtu > dev->max_mtu)
		return -EINVAL;
	WRITE_ONCE(dev->mtu, mtu);
	call_netdevice_notifiers(dev, NETDEV_CHANGEMTU);
	return 0;
}

void netif_carrier_on(struct net_device *dev)
{
	if (dev->flags & IFF_RUNNING)
		return;
	dev_set_flags(dev, IFF_RUNNING, 0);
	if (dev->flags & IFF_UP)
		call_netdevice_notifiers(dev, NETDEV_CHANGE);
}

void netif_carrier_off(struct net_device *dev)
{
	if (!(dev->flags & IFF_RUNNING))
		return;
	dev_set_flags(dev, 0, IFF_RUNNING);
	if (dev->flags & IFF_UP)
		call_netdevice_notifiers(dev, NETDEV_CHANGE);
}

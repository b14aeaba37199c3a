/* SPDX-License-Identifier: MIT */
/*
 * virtio_net: probe, open and stop, the NAPI poll, the link, shutdown.
 *
 * Called, in order: virtio_net_init() from init/main.c; virtnet_probe() from virtio_probe();
 * virtnet_open() when the interface is brought up; then, for each interrupt, skb_recv_done() or
 * skb_xmit_done() (hard interrupt: disable callbacks, schedule NAPI) and virtnet_poll() (softirq)
 * until there is no more to do; virtnet_config_changed() (hard interrupt) and virtnet_link_work()
 * (softirq) when the link changes; virtnet_remove() when the device is removed. Locks: see
 * virtio_net.h.
 *
 * One NAPI instance serves both queues: its poll receives packets and reaps completions, whichever
 * queue interrupted. Virtio 1.1, 5.1; compare Linux's drivers/net/virtio_net.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/virtio_net.h"
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"
#include "net/core/eth.h"
#include "net/core/limits.h"

/*
 * most buffers in each ring, unless the device dictates its size (fixed_queue_size); with buffers
 * of one page, those of the receive ring take 1 MiB
 */
#define VIRTNET_RING_MAX 256
/* most bytes: a larger MTU is reduced to this, because a buffer must fit a page fragment block */
#define VIRTNET_MTU_MAX 9000

#define F(bit) (1ULL << VIRTIO_NET_F_##bit)

/* ---- interrupts and the poll ----------------------------------------------------------------- */

static void skb_recv_done(struct virtqueue *vq)
{
	struct virtnet_info *vi = vq->vdev->priv;

	virtqueue_disable_cb(vq);
	napi_schedule(&vi->napi);
}

static void skb_xmit_done(struct virtqueue *vq)
{
	struct virtnet_info *vi = vq->vdev->priv;

	virtqueue_disable_cb(vq);
	napi_schedule(&vi->napi);
}

/*
 * Resets the device, so that it no longer writes to our memory, then takes the buffers back.  If
 * even the reset fails, the buffers are never freed.  Softirqs are disabled; no poll runs besides.
 */
static void virtnet_silence(struct virtnet_info *vi)
{
	vi->failed = true;
	if (!virtio_silence(vi->vdev)) {
		vi->lost = true;
		virtqueue_break(vi->rx, "the device does not reset");
		virtqueue_break(vi->tx, "the device does not reset");
		pr_err("%s: the device does not reset, its buffers are lost", vi->dev->name);
		return;
	}
	virtnet_rx_drain(vi);
	virtnet_tx_drain(vi);
}

/* Shuts down a device that reported something impossible or asked for a reset. */
static void virtnet_fail(struct virtnet_info *vi)
{
	if (vi->failed)
		return;
	virtqueue_break(vi->rx, "the device is shut down");
	virtqueue_break(vi->tx, "the device is shut down");
	netif_carrier_off(vi->dev);
	virtnet_silence(vi);
}

/*
 * Receives, then enables callbacks while the instance is still scheduled, so that no buffer is
 * overlooked. There are three cases. A buffer that arrives before callbacks are enabled makes
 * virtqueue_enable_cb() return false, and the loop goes on. For a buffer that arrives afterwards,
 * but before napi_complete_done(), the device interrupts; napi_schedule() then sees that the
 * instance is scheduled, and sets MISSED. For a later buffer, napi_schedule() schedules the
 * instance again.
 */
static int virtnet_poll(struct napi_struct *napi, int budget)
{
	struct virtnet_info *vi = napi->dev->priv;
	int work = 0;

	virtnet_tx_poll(vi);
	do {
		virtqueue_disable_cb(vi->rx);
		work += virtnet_rx_poll(vi, budget - work);
		if (work >= budget)
			return work;
	} while (!virtqueue_enable_cb(vi->rx));

	if (unlikely(vi->rx->broken || vi->tx->broken))
		virtnet_fail(vi);
	if (!napi_complete_done(napi, work))
		virtqueue_disable_cb(vi->rx);
	return work;
}

/* ---- the link -------------------------------------------------------------------------------- */

static u16 virtnet_link_status(struct virtnet_info *vi)
{
	__le16 status;

	/* 5.1.4.2: if STATUS was not negotiated, the driver assumes that the link is up. */
	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_STATUS))
		return VIRTIO_NET_S_LINK_UP;
	vi->vdev->ops->config_read(vi->vdev, offsetof(struct virtio_net_config, status), &status,
				   sizeof(status));
	return status;
}

static void virtnet_set_link(struct virtnet_info *vi, bool up)
{
	if (up == netif_carrier_ok(vi->dev))
		return;
	if (ratelimit_allows(&vi->link_lines, vi->dev->name))
		pr_notice("%s: link %s", vi->dev->name, up ? "up" : "down");
	if (up)
		netif_carrier_on(vi->dev);
	else
		netif_carrier_off(vi->dev);
}

static void virtnet_update_link(struct virtnet_info *vi)
{
	u16 status = virtnet_link_status(vi);

	virtnet_set_link(vi, status & VIRTIO_NET_S_LINK_UP);
	/*
	 * 5.1.6.5.4: a driver that negotiated GUEST_ANNOUNCE "SHOULD notify network peers of its new
	 * location after it sees the VIRTIO_NET_S_ANNOUNCE bit in status", and then acknowledges.
	 */
	if (status & VIRTIO_NET_S_ANNOUNCE &&
	    virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
		netdev_notify_peers(vi->dev);
		virtnet_ctrl_announced(vi);
	}
}

/*
 * Runs in softirq, because reading the device's registers and notifying the stack are not allowed
 * in hard interrupt.
 */
static void virtnet_link_work(unsigned long data)
{
	struct virtnet_info *vi = (struct virtnet_info *)data;
	u8 status;

	if (vi->failed || !(vi->dev->flags & IFF_UP))
		return;
	status = vi->vdev->ops->get_status(vi->vdev);
	/*
	 * If DRIVER_OK is not set, another party has reset the device, which then has forgotten its
	 * queues.
	 */
	if (status & VIRTIO_STATUS_NEEDS_RESET || !(status & VIRTIO_STATUS_DRIVER_OK)) {
		virtqueue_break(vi->rx, "the device needs a reset");
		napi_schedule(&vi->napi);
		return;
	}
	virtnet_update_link(vi);
}

static void virtnet_config_changed(struct virtio_device *vdev)
{
	struct virtnet_info *vi = vdev->priv;

	mod_timer(&vi->link_timer, jiffies);
}

/* ---- open and stop -------------------------------------------------------------------------- */

static int virtnet_open(struct net_device *dev)
{
	struct virtnet_info *vi = dev->priv;

	WARN_ON(in_interrupt());
	if (vi->failed)
		return -EIO;
	virtnet_rx_refill(vi);
	napi_enable(&vi->napi);
	virtnet_update_link(vi);
	/*
	 * Packets may have arrived before polling began: the first poll receives them and enables
	 * callbacks.
	 */
	napi_schedule(&vi->napi);
	return 0;
}

/*
 * Stops the interface.  The device keeps its receive buffers: it fills them, and then drops frames.
 * Packets that it has not sent after VIRTNET_STOP_MS are freed when the interface is opened again.
 */
static int virtnet_stop(struct net_device *dev)
{
	struct virtnet_info *vi = dev->priv;

	WARN_ON(in_interrupt());
	napi_disable(&vi->napi);
	virtnet_tx_settle(vi);
	del_timer_sync(&vi->refill_timer);
	del_timer_sync(&vi->tx_timer);
	del_timer_sync(&vi->link_timer);
	virtqueue_disable_cb(vi->rx);
	netif_carrier_off(dev);
	return 0;
}

static const struct net_device_ops virtnet_ops = {
	.ndo_open = virtnet_open,
	.ndo_stop = virtnet_stop,
	.ndo_start_xmit = virtnet_start_xmit,
	.ndo_tx_await = virtnet_tx_await,
	.ndo_set_rx_mode = virtnet_set_rx_mode,
};

/* ---- probe ----------------------------------------------------------------------------------- */

/*
 * Removes features whose dependencies are missing (5.1.3.1). Without MRG_RXBUF, which lets a packet
 * occupy several buffers, packets of 64 KiB cannot be received, so GUEST_TSO4 is removed too.
 */
static u64 virtnet_trim_features(u64 features)
{
	/*
	 * 5.1.6.6: without VERSION_1 and ANY_LAYOUT, the header has a descriptor of its own in the
	 * first buffer of a packet, but not in further buffers.  A buffer in the ring could become
	 * either, so do not accept MRG_RXBUF: each packet is then received in one buffer.
	 */
	if (!(features & (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_ANY_LAYOUT)))
		features &= ~F(MRG_RXBUF);
	if (!(features & F(CSUM)))
		features &= ~(F(HOST_TSO4) | F(HOST_ECN));
	if (!(features & F(HOST_TSO4)))
		features &= ~F(HOST_ECN);
	if (!(features & F(GUEST_CSUM)) || !(features & F(MRG_RXBUF)))
		features &= ~(F(GUEST_TSO4) | F(GUEST_ECN));
	if (!(features & F(GUEST_TSO4)))
		features &= ~F(GUEST_ECN);
	/* The field `status` exists only with STATUS (5.1.4). */
	if (!(features & F(CTRL_VQ)) || !(features & F(STATUS)))
		features &= ~F(GUEST_ANNOUNCE);
	if (!(features & F(CTRL_VQ)))
		features &= ~F(CTRL_RX);
	return features;
}

static void virtnet_set_address(struct virtnet_info *vi)
{
	u8 *addr = vi->dev->dev_addr;

	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_MAC)) {
		vi->vdev->ops->config_read(vi->vdev, offsetof(struct virtio_net_config, mac), addr,
					   ETH_ALEN);
		return;
	}
	get_random_bytes(addr, ETH_ALEN);
	addr[0] = (addr[0] & ~0x01) | 0x02; /* a unicast address, locally administered */
}

/*
 * Sets the MTU, and the largest MTU that can be set later. 5.1.3.1: with the feature MTU, the device
 * names the largest. Without it, only the receive buffers limit the MTU: a device with MRG_RXBUF may
 * use several buffers for a packet.
 */
static void virtnet_set_mtu(struct virtnet_info *vi)
{
	__le16 mtu;

	if (!virtio_has_feature(vi->vdev, VIRTIO_NET_F_MTU)) {
		if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_MRG_RXBUF))
			vi->dev->max_mtu = VIRTNET_MTU_MAX;
		return;
	}
	vi->vdev->ops->config_read(vi->vdev, offsetof(struct virtio_net_config, mtu), &mtu,
				   sizeof(mtu));
	if (mtu < ETH_MIN_MTU) {
		pr_warn("%s: the device's MTU of %u is below %u, which IPv4 needs: %u is used",
			vi->vdev->bus_name, mtu, ETH_MIN_MTU, vi->dev->mtu);
		return;
	}
	vi->dev->mtu = min_t(unsigned int, mtu, VIRTNET_MTU_MAX);
	vi->dev->max_mtu = vi->dev->mtu;
}

static void virtnet_set_header(struct virtnet_info *vi)
{
	bool legacy = vi->vdev->legacy;

	vi->hdr_len = sizeof(struct virtio_net_hdr);
	if (legacy && !virtio_has_feature(vi->vdev, VIRTIO_NET_F_MRG_RXBUF))
		vi->hdr_len = VIRTIO_NET_LEGACY_HDR_LEN;
	vi->header_apart = legacy && !virtio_has_feature(vi->vdev, VIRTIO_F_ANY_LAYOUT);
}

static void virtnet_set_features(struct virtnet_info *vi)
{
	struct net_device *dev = vi->dev;

	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_CSUM))
		dev->features |= NETIF_F_HW_CSUM;
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_HOST_TSO4))
		dev->features |= NETIF_F_TSO;
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_HOST_ECN))
		dev->features |= NETIF_F_TSO_ECN;
	if (virtio_has_feature(vi->vdev, VIRTIO_NET_F_GUEST_CSUM))
		dev->features |= NETIF_F_RXCSUM;
	dev->gso_max_size = GSO_MAX_SIZE;
	dev->gso_max_segs = 0xffff;
}

static int virtnet_create_queues(struct virtnet_info *vi)
{
	unsigned int n = vi->vdev->index;

	scnprintf(vi->rx_name, sizeof(vi->rx_name), "virtio%u-input.0", n);
	scnprintf(vi->tx_name, sizeof(vi->tx_name), "virtio%u-output.0", n);
	vi->rx = virtqueue_create(vi->vdev, VIRTNET_RXQ, VIRTNET_RING_MAX, vi->rx_name,
				  skb_recv_done);
	if (IS_ERR(vi->rx))
		return PTR_ERR(vi->rx);
	vi->tx = virtqueue_create(vi->vdev, VIRTNET_TXQ, VIRTNET_RING_MAX, vi->tx_name,
				  skb_xmit_done);
	if (IS_ERR(vi->tx)) {
		vi->vdev->ops->set_status(vi->vdev, 0);
		virtqueue_destroy(vi->rx);
		return PTR_ERR(vi->tx);
	}
	return 0;
}

/*
 * Registers the device.  Must be the last step that can fail: a struct net_device is never freed.
 */
static int virtnet_register(struct virtnet_info *vi)
{
	struct net_device *dev = vi->dev;

	ether_setup(dev);
	dev->netdev_ops = &virtnet_ops;
	virtnet_set_address(vi);
	virtnet_set_mtu(vi);
	virtnet_set_features(vi);
	vi->napi.dev = dev;
	virtnet_rx_setup(vi);
	return register_netdevice(dev);
}

static int virtnet_probe(struct virtio_device *vdev)
{
	struct virtnet_info *vi = kzalloc(sizeof(*vi), GFP_KERNEL);
	int err;

	if (!vi)
		return -ENOMEM;
	vi->vdev = vdev;
	vdev->priv = vi;
	virtnet_set_header(vi);
	setup_timer(&vi->link_timer, virtnet_link_work, (unsigned long)vi);
	/*
	 * Initialise the NAPI instance before the queues exist: a queue's interrupt that comes too
	 * early then finds the instance disabled.
	 */
	netif_napi_add(NULL, &vi->napi, virtnet_poll, NAPI_POLL_WEIGHT);
	err = virtnet_create_queues(vi);
	if (err)
		goto out_free;
	err = virtnet_tx_setup(vi);
	if (err)
		goto out_queues;
	err = -ENOMEM;
	vi->dev = alloc_netdev("eth%d", vi);
	if (!vi->dev)
		goto out_tx;
	virtnet_ctrl_setup(vi); /* needs vi->dev, because the device may answer a command at once */
	err = virtnet_register(vi);
	if (err)
		goto out_tx;
	virtio_device_ready(vdev);
	pr_info("%s: virtio_net %s%s, %pM, mtu %u, rings %u/%u, features %#llx", vi->dev->name,
		vdev->bus_name, vdev->legacy ? " (legacy)" : "", vi->dev->dev_addr, vi->dev->mtu,
		vi->rx->num, vi->tx->num, (unsigned long long)vdev->features);
	return 0;

out_tx:
	virtqueue_silence(vi->rx);
	virtqueue_silence(vi->tx);
	virtnet_tx_cleanup(vi);
out_queues:
	vdev->ops->set_status(vdev, 0);
	virtnet_ctrl_cleanup(vi);
	virtqueue_destroy(vi->tx);
	virtqueue_destroy(vi->rx);
out_free:
	vdev->priv = NULL;
	kfree(vi);
	return err;
}

/*
 * The device is being removed: unregisters its interface, resets it, then frees the memory of the
 * driver. Packets that the device has not sent are dropped and counted.
 */
static int virtnet_remove(struct virtio_device *vdev)
{
	struct virtnet_info *vi = vdev->priv;

	WARN_ON(in_interrupt());
	rtnl_lock();
	unregister_netdevice(vi->dev);
	rtnl_unlock();
	/*
	 * If the interface was closed before, its timers may have been armed since then, because
	 * dev_tx_await() also calls ndo_tx_await of closed interfaces. From here on no timer is armed.
	 */
	del_timer_sync(&vi->link_timer);
	del_timer_sync(&vi->tx_timer);
	del_timer_sync(&vi->refill_timer);
	local_bh_disable();
	if (!vi->failed)
		virtnet_silence(vi);
	local_bh_enable();
	pr_notice("%s: %s was removed", vi->dev->name, vdev->bus_name);
	if (vi->lost)
		return -EIO;
	virtqueue_silence(vi->rx);
	virtqueue_silence(vi->tx);
	virtnet_tx_cleanup(vi);
	virtnet_ctrl_cleanup(vi);
	virtqueue_destroy(vi->tx);
	virtqueue_destroy(vi->rx);
	/* not earlier, because the interrupt handler of a queue reads vdev->priv */
	vdev->priv = NULL;
	kfree(vi);
	return 0;
}

static struct virtio_driver virtio_net_driver = {
	.name = "virtio_net",
	.device_id = VIRTIO_ID_NET,
	.features = F(MAC) | F(STATUS) | F(MTU) | F(CSUM) | F(HOST_TSO4) | F(HOST_ECN) |
		    F(GUEST_CSUM) | F(GUEST_TSO4) | F(GUEST_ECN) | F(MRG_RXBUF) | F(CTRL_VQ) |
		    F(CTRL_RX) | F(GUEST_ANNOUNCE) | 1ULL << VIRTIO_F_EVENT_IDX,
	.trim_features = virtnet_trim_features,
	.probe = virtnet_probe,
	.remove = virtnet_remove,
	.config_changed = virtnet_config_changed,
};

static bool virtnet_all_sent(const struct virtnet_info *vi)
{
	return vi->failed || (skb_queue_empty(&vi->dev->txq) && virtqueue_all_used(vi->tx));
}

/*
 * Called before the machine powers off: waits until the device has sent the last packets, at most
 * until @deadline.
 */
static void virtnet_flush(u64 deadline)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		/* The device may be removed while this thread sleeps. */
		while (dev->netdev_ops == &virtnet_ops && !virtnet_all_sent(dev->priv) &&
		       ktime_get_ns() < deadline)
			schedule_timeout_uninterruptible(1);
	}
}

static struct shutdown_hook virtnet_hook = {
	.name = "virtio_net",
	.stage = SHUTDOWN_DEVICES,
	.stop = virtnet_flush,
};

void virtio_net_init(void)
{
	shutdown_register(&virtnet_hook);
	virtio_register_driver(&virtio_net_driver);
}

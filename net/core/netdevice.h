/* SPDX-License-Identifier: MIT */
/*
 * Network devices and NAPI. Of net/, a driver includes only this header, skbuff.h, eth.h and
 * limits.h.
 *
 * Receive: the driver's hard interrupt only calls napi_schedule(). net_rx_action() (softirq) then
 * calls ->poll with a budget of packets. The poll passes packets to napi_gro_receive(); if it took
 * fewer than its budget, it ends with napi_complete_done(). Transmit: dev_queue_xmit() (process or
 * softirq) calls ->ndo_start_xmit with softirqs (BHs) off and tx_lock held. Names and roles are
 * those of Linux's include/linux/netdevice.h.
 */
#ifndef NET_CORE_NETDEVICE_H
#define NET_CORE_NETDEVICE_H

#include "include/uapi/if.h"
#include "kernel/lib/list.h"
#include "kernel/sched/spinlock.h"
#include "kernel/types.h"
#include "net/core/skb_queue.h"
#include "net/core/skbuff.h"
#include "net/wire/ether.h"

#define ETH_DATA_LEN 1500
#define ETH_MIN_MTU  68 /* RFC 791: the smallest MTU of an IPv4 link */

#define IFF_UP        0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK  0x8
#define IFF_RUNNING   0x40 /* carrier: the link is up */
#define IFF_NOARP     0x80
#define IFF_PROMISC   0x100 /* receive every frame */
#define IFF_ALLMULTI  0x200 /* receive the frames of all groups */
#define IFF_MULTICAST 0x1000
/* Flags that no device here has. */
#define IFF_DEBUG      0x4
#define IFF_NOTRAILERS 0x20
#define IFF_PORTSEL    0x2000
#define IFF_AUTOMEDIA  0x4000
#define IFF_DYNAMIC    0x8000

/* Bits of net_device.features: work that the device does instead of the kernel. */
#define NETIF_F_HW_CSUM 0x01 /* transmit: computes the checksum of a CHECKSUM_PARTIAL packet */
#define NETIF_F_SG      0x02 /* transmit: accepts packets with page fragments */
#define NETIF_F_TSO     0x04 /* transmit: cuts TCP over IPv4 packets into segments of gso_size */
#define NETIF_F_RXCSUM  0x08 /* receive: verifies checksums and reports the result */
#define NETIF_F_GRO     0x10
#define NETIF_F_TSO_ECN 0x20

#define GSO_MAX_SIZE 65536

typedef enum netdev_tx { NETDEV_TX_OK = 0, NETDEV_TX_BUSY = 0x10 } netdev_tx_t;

struct net_device_stats {
	u64 rx_packets, rx_bytes, rx_errors, rx_dropped, rx_frame_errors, multicast;
	u64 tx_packets, tx_bytes, tx_errors, tx_dropped;
};

struct net_device_ops {
	int (*ndo_open)(struct net_device *dev); /* process context */
	int (*ndo_stop)(struct net_device *dev);
	/*
	 * Returns NETDEV_TX_OK if the driver took the packet; this includes a packet that the
	 * driver dropped and counted. NETDEV_TX_BUSY means that the packet still belongs to the
	 * caller; the driver may return it only after netif_stop_queue(). Called with BHs off and
	 * dev->tx_lock held. If skb->xmit_more is set, another packet follows at once, so the
	 * doorbell may be postponed.
	 */
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev);
	/*
	 * Frees the packets that the device has sent. The driver then frees each remaining packet
	 * soon after the device has sent it. NULL if the driver never keeps a sent packet. Softirq
	 * or process; locks of sockets may be held.
	 */
	void (*ndo_tx_await)(struct net_device *dev);
	/*
	 * Lets the device receive the groups of mc_list, and what IFF_ALLMULTI and IFF_PROMISC say.
	 * Must not sleep: called with BHs off and dev->addr_lock held. NULL: the device passes all
	 * frames up, and the layers above drop those of other groups.
	 */
	void (*ndo_set_rx_mode)(struct net_device *dev);
};

/* How a link layer writes its header; Ethernet's functions are in net/core/eth.c. */
struct header_ops {
	/*
	 * Writes the header in front of skb->data, where the caller has reserved headroom. @daddr
	 * NULL means broadcast, @saddr NULL the device's own address. Returns the header's length
	 * or -errno.
	 */
	int (*create)(struct sk_buff *skb, struct net_device *dev, u16 type, const u8 *daddr,
		      const u8 *saddr);
};

struct in_device;

/* An entry of a device's list of group addresses. */
struct netdev_hw_addr {
	struct list_head list;
	u8 addr[ETH_ALEN];
	unsigned int refcount; /* dev_mc_add() calls without their dev_mc_del() */
};

struct net_device {
	char name[IFNAMSIZ];
	int ifindex;
	unsigned int flags; /* IFF_* */
	unsigned int mtu;
	unsigned int max_mtu;  /* the largest MTU that dev_set_mtu() accepts */
	unsigned int features; /* NETIF_F_* */
	unsigned int gso_max_size;
	u16 gso_max_segs;
	u16 hard_header_len;
	u8 dev_addr[ETH_ALEN];
	u8 broadcast[ETH_ALEN];
	const struct net_device_ops *netdev_ops;
	/* NULL: the device's packets have no link header (loopback) */
	const struct header_ops *header_ops;
	struct in_device *ip_ptr; /* IPv4's per-device data: its addresses */
	void *priv;               /* driver's private data */
	struct net_device_stats stats;
	spinlock_t tx_lock; /* held while a packet is passed to the driver */
	bool tx_stopped;    /* the ring is full: new packets wait in txq */
	/* packets waiting for space in the ring; at most NETDEV_TX_QUEUE_LEN; under tx_lock */
	struct sk_buff_head txq;
	u64 txq_truesize; /* sum of the truesize of all packets in txq */
	/* bytes; maximum of txq_truesize: 1/NETDEV_TX_QUEUE_PART of memory */
	u64 txq_limit;
	/* protects mc_list; held while ->ndo_set_rx_mode runs */
	spinlock_t addr_lock;
	struct list_head mc_list; /* struct netdev_hw_addr: groups that the device shall receive */
	unsigned int mc_count;    /* entries in mc_list; at most NETDEV_MC_MAX */
	struct list_head dev_list;
	struct list_head tx_wait; /* in softnet_data.tx_list while a NET_TX run is pending */
};

/* ---- NAPI ------------------------------------------------------------------------------------ */
struct napi_struct {
	struct list_head poll_list;
	unsigned long state; /* NAPI_STATE_* */
	int weight;
	/* softirq; returns the number of packets received */
	int (*poll)(struct napi_struct *napi, int budget);
	struct net_device *dev;
	struct sk_buff *gro_list; /* packets held for merging, oldest first */
	unsigned int gro_count;   /* packets in gro_list; at most GRO_HELD_MAX */
};
#define NAPI_STATE_SCHED   0
#define NAPI_STATE_DISABLE 1
#define NAPI_STATE_MISSED  2

void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    int (*poll)(struct napi_struct *, int), int weight);
void napi_enable(struct napi_struct *napi);
/*
 * Waits until no poll of the instance runs; afterwards none starts until napi_enable(). Process
 * context.
 */
void napi_disable(struct napi_struct *napi);
/*
 * Puts the instance on this CPU's poll list and raises the NET_RX softirq, unless it is scheduled
 * already. Any context.
 */
void napi_schedule(struct napi_struct *napi);
/*
 * Called by a poll that took fewer packets than its budget. Returns false if napi_schedule() was
 * called meanwhile: the instance is then scheduled again, and the driver must not enable
 * interrupts.
 */
bool napi_complete_done(struct napi_struct *napi, int work);
/*
 * Passes a received packet from a driver's poll up the stack, perhaps merged with others. skb->data
 * must be at the network header, as eth_type_trans() leaves it.
 */
void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb);

/* sysctls (sysctl_net_core.c) */
extern int netdev_budget, netdev_max_backlog;

/* One CPU's data of the network stack. */
struct softnet_data {
	/* protects poll_list and tx_list; taken in hard interrupts too */
	spinlock_t lock;
	struct list_head poll_list; /* napi_structs to poll */
	/* devices with packets in txq that NET_TX shall send */
	struct list_head tx_list;
	/* loopback packets not yet processed; at most netdev_max_backlog */
	struct sk_buff_head input_pkt_queue;
	/* packets that process_backlog() took from input_pkt_queue; softirq only */
	struct sk_buff_head process_queue;
	struct napi_struct backlog;
	u64 processed, dropped, time_squeeze;
};

/* ---- devices --------------------------------------------------------------------------------- */
/* registers the softirqs, this CPU's softnet_data, /proc/net/dev, softnet_stat and drops */
void netdev_init(void);
/* @name_format such as "eth%d" */
struct net_device *alloc_netdev(const char *name_format, void *priv);
/*
 * Adds @dev to the list of devices. Returns 0, -ENOSPC, -EEXIST or -EINVAL (bad name). Process
 * context.
 */
int register_netdevice(struct net_device *dev);
/*
 * At run time, calls that change a device are made one at a time: the caller holds this mutex.
 * Process context. It is taken before every other lock.
 */
void rtnl_lock(void);
void rtnl_unlock(void);
/*
 * dev_open() sets IFF_UP and calls ndo_open, then the notifiers; dev_close() undoes this, and drops
 * the packets that wait for space in the ring. Both return 0, also if there is nothing to do, or the
 * driver's -errno. May sleep; at run time with rtnl held.
 */
int dev_open(struct net_device *dev);
int dev_close(struct net_device *dev);
/*
 * Sets IFF_UP, IFF_PROMISC and IFF_ALLMULTI as in @flags; other flags are ignored. Returns 0 or
 * -errno. May sleep; rtnl is held.
 */
int dev_change_flags(struct net_device *dev, unsigned int flags);
/*
 * Sets the size of the largest packet that @dev sends. Returns 0 or -EINVAL: less than ETH_MIN_MTU,
 * or more than dev->max_mtu. rtnl is held.
 */
int dev_set_mtu(struct net_device *dev, unsigned int mtu);
void netif_carrier_on(struct net_device *dev);
void netif_carrier_off(struct net_device *dev);
static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return dev->flags & IFF_RUNNING;
}
/*
 * Closes @dev and removes it from the list of devices, with its addresses and routes. The driver
 * may then free its own data. @dev itself is never freed, because routes that sockets hold, and
 * packets in queues, point to it; it stays down. rtnl is held. May sleep.
 */
void unregister_netdevice(struct net_device *dev);
struct net_device *dev_get_by_name(const char *name);
struct net_device *loopback_dev(void);
/*
 * Makes and registers the device "lo" (drivers/loopback.c). Call it after netdev_init() and before
 * any address is assigned.
 */
void loopback_init(void);
/* All registered devices, in the order of registration; filled at boot. */
extern struct list_head dev_base_head;
#define for_each_netdev(dev) list_for_each_entry(dev, &dev_base_head, dev_list)

/*
 * ---- group addresses (net/core/dev_addr_lists.c) ------------------------------------------------
 */
/*
 * dev_mc_add() adds the group address @addr to the addresses that @dev receives, or counts one more
 * user of it; dev_mc_del() undoes one such call. dev_mc_add() returns 0, -EINVAL (not a group
 * address), -ENOBUFS (NETDEV_MC_MAX) or -ENOMEM; dev_mc_del() returns 0, or -ENOENT if @addr is
 * not in the list. Process or softirq. The list exists whether or not the device is up.
 */
int dev_mc_add(struct net_device *dev, const u8 *addr);
int dev_mc_del(struct net_device *dev, const u8 *addr);
/* Calls ->ndo_set_rx_mode, if the driver has one. Process or softirq. */
void dev_set_rx_mode(struct net_device *dev);
/* Empties the list of group addresses of @dev, which is being unregistered. */
void dev_mc_flush(struct net_device *dev);
/* Passes over the group addresses of @dev. The caller holds dev->addr_lock. */
#define netdev_for_each_mc_addr(ha, dev) list_for_each_entry(ha, &(dev)->mc_list, list)

/*
 * Notifiers are called when a device goes up or down or its link changes; ARP and IP use them.
 * Process context or softirq.
 */
enum netdev_event {
	NETDEV_UP,
	NETDEV_DOWN,
	NETDEV_CHANGE, /* the link came up or went down */
	NETDEV_CHANGEMTU,
	NETDEV_UNREGISTER, /* the device, which is already down, is removed for good */
	/* announce our addresses: the device may be attached to another link now */
	NETDEV_NOTIFY_PEERS,
};
struct netdev_notifier {
	void (*event)(struct net_device *dev, enum netdev_event event);
	struct list_head list;
};
void register_netdevice_notifier(struct netdev_notifier *nb);
/* Lets the protocols announce @dev's addresses to its link, if @dev is up. Process or softirq. */
void netdev_notify_peers(struct net_device *dev);

/*
 * Sends the packet, or queues it while the device's ring is full. Takes @skb in any case. Returns
 * 0, or -errno if the whole packet was dropped (and counted).
 */
int dev_queue_xmit(struct sk_buff *skb);
/*
 * Frees the packets that the devices have sent, and lets each driver free the remaining packets
 * soon after they are sent. Without this call a driver may keep a sent packet until the next packet
 * comes or leaves. Call this function to wait for the destructors of packets. Softirq or process;
 * locks of sockets may be held.
 */
void dev_tx_await(void);
/*
 * netif_stop_queue(): the driver's ring is full. netif_wake_queue(): the ring has space again. The
 * driver calls them from ndo_start_xmit (under tx_lock) or from its completion.
 */
void netif_stop_queue(struct net_device *dev);
void netif_wake_queue(struct net_device *dev);
static inline bool netif_queue_stopped(const struct net_device *dev)
{
	return READ_ONCE(dev->tx_stopped);
}

/*
 * netif_rx() and netif_receive_skb() pass a received packet up the stack. netif_rx() queues it for
 * this CPU's softirq and may be called in any context; netif_receive_skb() calls the handler at
 * once, in softirq only.
 */
int netif_rx(struct sk_buff *skb);
void netif_receive_skb(struct sk_buff *skb);
/* From now on each received packet gets its time of day (skb_mstamp). Any context. */
void net_enable_timestamp(void);

/* ---- handlers of EtherTypes -------------------------------------------------------------------- */
struct packet_type {
	__be16 type; /* network order */
	/*
	 * Handles a received packet. Softirq; skb->data is at the network header. Follows the
	 * contract of net/core/dropreason.h.
	 */
	enum skb_drop_reason (*func)(struct sk_buff *skb, struct net_device *dev,
				     struct packet_type *pt);
	struct list_head list;
};
void dev_add_pack(struct packet_type *pt);

/*
 * ---- merging of received packets (net/core/gro.c) -----------------------------------------------
 */
struct packet_offload {
	u8 protocol; /* of the IPv4 header: each transport has an offload of its own */
	/*
	 * Returns true if @skb may be merged into a larger packet; then all its headers are linear,
	 * and *@last is true if no further packet may be appended to it. Softirq; skb->data is at
	 * the network header.
	 */
	bool (*gro_look)(struct sk_buff *skb, bool *last);
	/*
	 * Returns true if @skb, which must not be merged, belongs to a flow that may have a held
	 * packet; then its headers are linear as far as gro_same_flow() reads them.
	 */
	bool (*gro_has_flow)(struct sk_buff *skb);
	/*
	 * Returns true if @held and @skb belong to the same flow. gro_look() has returned true for
	 * @held, and gro_look() or gro_has_flow() for @skb.
	 */
	bool (*gro_same_flow)(const struct sk_buff *held, const struct sk_buff *skb);
	/*
	 * Merges @skb into @held and returns true, or leaves both unchanged and returns false.
	 * *@last is true if no further packet may be appended to @held.
	 */
	bool (*gro_merge)(struct sk_buff *held, struct sk_buff *skb, bool *last);
	/*
	 * Corrects the headers of @skb after other packets were merged into it (gso_size is set).
	 */
	void (*gro_complete)(struct sk_buff *skb);
	struct list_head list;
};
void dev_add_offload(struct packet_offload *po); /* boot */

/* ---- functions that only net/core calls ------------------------------------------------------- */
void napi_init(struct softnet_data *sd);                   /* napi.c */
int process_backlog(struct napi_struct *napi, int budget); /* dev_rx.c */
/* dev_tx.c: handler of the NET_TX softirq */
void net_tx_action(void);
void napi_gro_flush(struct napi_struct *napi); /* gro.c: passes up all held packets */
void netdev_proc_init(void);                   /* netdev_proc.c */
void sysctl_core_init(void);                   /* sysctl_net_core.c */

#define NET_RX_SUCCESS 0
#define NET_RX_DROP    1

#endif

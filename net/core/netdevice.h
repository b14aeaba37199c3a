/* SPDX-License-Identifier: MIT */
/*
 * Network devices and NAPI: the only header of net/ that a driver includes (with skbuff.h and eth.h).
 *
 * In: the driver's hard interrupt calls napi_schedule() and nothing else; net_rx_action (softirq)
 * calls ->poll with a budget; poll hands packets to napi_gro_receive() and ends with
 * napi_complete_done() when it took fewer than its budget.
 * Out: dev_queue_xmit() (process or softirq, BHs off around ->ndo_start_xmit under tx_lock).
 * Names and roles of Linux's include/linux/netdevice.h.
 */
#ifndef NET_CORE_NETDEVICE_H
#define NET_CORE_NETDEVICE_H

#include "kernel/lib/list.h"
#include "kernel/sched/spinlock.h"
#include "kernel/types.h"
#include "net/core/skb_queue.h"
#include "net/core/skbuff.h"
#include "net/wire/ether.h"

#define ETH_DATA_LEN 1500
#define IFNAMSIZ     16

#define IFF_UP        0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK  0x8
#define IFF_RUNNING   0x40 /* link is up */
#define IFF_NOARP     0x80

/* Work that the device takes over. */
#define NETIF_F_HW_CSUM 0x01 /* transmit: CHECKSUM_PARTIAL */
#define NETIF_F_SG      0x02 /* transmit: page fragments */
#define NETIF_F_TSO     0x04 /* transmit: gso_size, TCP over IPv4 */
#define NETIF_F_RXCSUM  0x08 /* receive: reports verified checksums */
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
	 * Takes the packet (NETDEV_TX_OK: it belongs to the driver, also when dropped and counted)
	 * or not (NETDEV_TX_BUSY: only after netif_stop_queue()).  BHs off, dev->tx_lock held.
	 * skb->xmit_more: another packet follows, so the doorbell may wait.
	 */
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev);
};

/* How a link layer adds its header: Ethernet's in net/core/eth.c. */
struct header_ops {
	/* @daddr NULL: broadcast.  Header length, or -errno.  skb has headroom. */
	int (*create)(struct sk_buff *skb, struct net_device *dev, u16 type, const u8 *daddr,
		      const u8 *saddr);
};

struct in_device;

struct net_device {
	char name[IFNAMSIZ];
	int ifindex;
	unsigned int flags; /* IFF_* */
	unsigned int mtu;
	unsigned int features; /* NETIF_F_* */
	unsigned int gso_max_size;
	u16 gso_max_segs;
	u16 hard_header_len;
	u8 dev_addr[ETH_ALEN];
	u8 broadcast[ETH_ALEN];
	const struct net_device_ops *netdev_ops;
	const struct header_ops *header_ops; /* NULL: none (loopback) */
	struct in_device *ip_ptr;            /* IPv4's data about the device: addresses */
	void *priv;                          /* the driver's */
	struct net_device_stats stats;
	spinlock_t tx_lock;      /* one transmitter at a time */
	bool tx_stopped;         /* ring full: packets wait in txq */
	struct sk_buff_head txq; /* at most NETDEV_TX_QUEUE_LEN; under tx_lock */
	u64 txq_truesize;        /* of the packets in txq */
	u64 txq_limit;           /* of txq_truesize: 1/NETDEV_TX_QUEUE_PART of memory */
	struct list_head dev_list;
	struct list_head tx_wait; /* in softnet_data's list of devices that want NET_TX */
};

/* ---- NAPI ------------------------------------------------------------------------------------ */
struct napi_struct {
	struct list_head poll_list;
	unsigned long state; /* NAPI_STATE_* */
	int weight;
	int (*poll)(struct napi_struct *napi, int budget); /* softirq; packets received */
	struct net_device *dev;
	struct sk_buff *gro_list; /* packets that may still grow, oldest first */
	unsigned int gro_count;   /* at most GRO_HELD_MAX */
};
#define NAPI_STATE_SCHED   0
#define NAPI_STATE_DISABLE 1
#define NAPI_STATE_MISSED  2

void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    int (*poll)(struct napi_struct *, int), int weight);
void napi_enable(struct napi_struct *napi);
/* Waits until no poll runs; afterwards none will.  Process context. */
void napi_disable(struct napi_struct *napi);
/* Any context; puts the instance on this CPU's list and raises NET_RX.  Idempotent. */
void napi_schedule(struct napi_struct *napi);
/* The poll took less than its budget.  False: napi_schedule() was called meanwhile and the instance
 * was scheduled again; then the driver must not enable callbacks. */
bool napi_complete_done(struct napi_struct *napi, int work);
/* A packet from a driver's poll, data at the network header (after eth_type_trans). */
void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb);

/* sysctls (sysctl_net_core.c) */
extern int netdev_budget, netdev_max_backlog;

/* The network's data of one CPU. */
struct softnet_data {
	spinlock_t lock;                     /* of the two lists; hard interrupts take it */
	struct list_head poll_list;          /* napi_structs to poll */
	struct list_head tx_list;            /* devices whose queue may run again */
	struct sk_buff_head input_pkt_queue; /* loopback; <= netdev_max_backlog */
	struct sk_buff_head process_queue;   /* packets that process_backlog took of it; softirq */
	struct napi_struct backlog;
	u64 processed, dropped, time_squeeze;
};

/* ---- devices --------------------------------------------------------------------------------- */
void netdev_init(void); /* softirqs, this CPU's softnet_data, /proc/net/dev, softnet_stat, drops */
struct net_device *alloc_netdev(const char *name_format, void *priv); /* "eth%d" */
/* 0, -ENOSPC, -EEXIST.  Process context. */
int register_netdevice(struct net_device *dev);
int dev_open(struct net_device *dev); /* ndo_open, IFF_UP, tells the notifiers */
int dev_close(struct net_device *dev);
void netif_carrier_on(struct net_device *dev);
void netif_carrier_off(struct net_device *dev);
static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return dev->flags & IFF_RUNNING;
}
struct net_device *dev_get_by_name(const char *name);
struct net_device *loopback_dev(void);
/* drivers/loopback.c: makes and registers "lo"; after netdev_init(), before addresses are given out. */
void loopback_init(void);
/* All of them, in the order in which they were registered; filled at boot. */
extern struct list_head dev_base_head;
#define for_each_netdev(dev) list_for_each_entry(dev, &dev_base_head, dev_list)

/*
 * Listeners are called when a device comes up or its link changes: ARP, IP. Process context or
 * softirq.
 */
enum netdev_event { NETDEV_UP, NETDEV_DOWN, NETDEV_CHANGE };
struct netdev_notifier {
	void (*event)(struct net_device *dev, enum netdev_event event);
	struct list_head list;
};
void register_netdevice_notifier(struct netdev_notifier *nb);

/* Takes the packet in any case; 0, or -errno if all of it was dropped (and counted). */
int dev_queue_xmit(struct sk_buff *skb);
/* Only under tx_lock (from ndo_start_xmit) or from the driver's completion. */
void netif_stop_queue(struct net_device *dev);
void netif_wake_queue(struct net_device *dev);
static inline bool netif_queue_stopped(const struct net_device *dev)
{
	return READ_ONCE(dev->tx_stopped);
}

/* Into the stack.  netif_rx: any context, through this CPU's queue.  netif_receive_skb: softirq. */
int netif_rx(struct sk_buff *skb);
void netif_receive_skb(struct sk_buff *skb);

/* ---- handlers of EtherTypes -------------------------------------------------------------------- */
struct packet_type {
	__be16 type; /* network order */
	/* Softirq; data at the network header.  The contract of net/core/dropreason.h. */
	enum skb_drop_reason (*func)(struct sk_buff *skb, struct net_device *dev,
				     struct packet_type *pt);
	struct list_head list;
};
void dev_add_pack(struct packet_type *pt);

/*
 * ---- merging of received packets (net/core/gro.c) -----------------------------------------------
 */
struct packet_offload {
	__be16 type; /* network order */
	/* Softirq; data at the network header.  May @skb be merged into a larger packet?  True: all
	 * headers are linear, and *@last says whether nothing may follow it. */
	bool (*gro_look)(struct sk_buff *skb, bool *last);
	/* Does @skb, which must not be held, belong to a flow?  True: its headers are linear as far
	 * as gro_same_flow() reads them. */
	bool (*gro_has_flow)(struct sk_buff *skb);
	/* gro_look() was called for @held; gro_look() or gro_has_flow() for @skb. */
	bool (*gro_same_flow)(const struct sk_buff *held, const struct sk_buff *skb);
	/* Merges @skb into @held and returns true, or leaves both unchanged. *@last: as above. */
	bool (*gro_merge)(struct sk_buff *held, struct sk_buff *skb, bool *last);
	/* Packets were merged into @skb (gso_size is set): corrects its headers. */
	void (*gro_complete)(struct sk_buff *skb);
	struct list_head list;
};
void dev_add_offload(struct packet_offload *po); /* boot */

/* ---- between the files of the device layer; not for others ------------------------------------ */
void napi_init(struct softnet_data *sd);                   /* napi.c */
int process_backlog(struct napi_struct *napi, int budget); /* dev_rx.c */
void net_tx_action(void);                                  /* dev_tx.c: NET_TX softirq */
void napi_gro_flush(struct napi_struct *napi);             /* gro.c: passes up every held packet */
void netdev_proc_init(void);                               /* netdev_proc.c */
void sysctl_core_init(void);                               /* sysctl_net_core.c */

#define NET_RX_SUCCESS 0
#define NET_RX_DROP    1

#endif

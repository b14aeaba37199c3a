/* SPDX-License-Identifier: MIT */
/*
 * virtio_net: the network device of virtio 1.1, section 5.1; declarations shared by its four files.
 *
 *   virtio_net.c       the device: features, opening, the NAPI poll, the link, shutdown
 *   virtio_net_rx.c    receive: filling the ring with buffers, making packets out of them
 *   virtio_net_tx.c    transmit: descriptors for a packet, completions
 *   virtio_net_ctrl.c  the control queue: which frames the device receives, announcements
 *
 * Locks: the receive queue is accessed only by the context that runs the NAPI instance (by ndo_open
 * before the instance is enabled); dev->tx_lock protects the transmit queue, dev->addr_lock the
 * control queue.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_NET_H
#define DRIVERS_VIRTIO_VIRTIO_NET_H

#include "drivers/virtio/virtqueue.h"
#include "kernel/mm/page_frag.h"
#include "kernel/time/timer.h"
#include "kernel/types.h"
#include "net/core/netdevice.h"

/* Feature bits, 5.1.3. */
#define VIRTIO_NET_F_CSUM           0
#define VIRTIO_NET_F_GUEST_CSUM     1
#define VIRTIO_NET_F_MTU            3
#define VIRTIO_NET_F_MAC            5
#define VIRTIO_NET_F_GUEST_TSO4     7
#define VIRTIO_NET_F_GUEST_ECN      9
#define VIRTIO_NET_F_HOST_TSO4      11
#define VIRTIO_NET_F_HOST_ECN       13
#define VIRTIO_NET_F_MRG_RXBUF      15
#define VIRTIO_NET_F_STATUS         16
#define VIRTIO_NET_F_CTRL_VQ        17
#define VIRTIO_NET_F_CTRL_RX        18
#define VIRTIO_NET_F_GUEST_ANNOUNCE 21

/* Configuration space, 5.1.4. */
struct virtio_net_config {
	u8 mac[ETH_ALEN];
	__le16 status;
	__le16 max_virtqueue_pairs;
	__le16 mtu;
} __packed;
#define VIRTIO_NET_S_LINK_UP  1
#define VIRTIO_NET_S_ANNOUNCE 2 /* the device asks the driver to announce its addresses */

/*
 * The header before every packet, in both directions (5.1.6).  The field num_buffers exists with
 * VERSION_1 or MRG_RXBUF; a legacy device without MRG_RXBUF has a header without it (5.1.6.1).
 */
struct virtio_net_hdr {
	u8 flags;
	u8 gso_type;
	__le16 hdr_len;
	__le16 gso_size;
	__le16 csum_start;
	__le16 csum_offset;
	__le16 num_buffers; /* receive with MRG_RXBUF: number of buffers that the packet occupies */
};
BUILD_BUG_ON(sizeof(struct virtio_net_hdr) != 12);
#define VIRTIO_NET_LEGACY_HDR_LEN 10

#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2
#define VIRTIO_NET_HDR_GSO_NONE     0
#define VIRTIO_NET_HDR_GSO_TCPV4    1
#define VIRTIO_NET_HDR_GSO_ECN      0x80

#define VIRTNET_RXQ   0
#define VIRTNET_TXQ   1
#define VIRTNET_CTRLQ 2 /* without VIRTIO_NET_F_MQ */

/* Offset of the frame in a receive buffer; it puts the IP header on a 4-byte boundary. */
#define VIRTNET_RX_FRAME (NET_SKB_PAD + NET_IP_ALIGN + sizeof(struct virtio_net_hdr))

struct virtnet_info {
	struct virtio_device *vdev;
	struct net_device *dev;
	struct virtqueue *rx;
	struct virtqueue *tx;
	struct virtnet_ctrl *ctrl; /* NULL: the device has no control queue */
	struct napi_struct napi;
	/* the device does not reset, so its buffers and rings are never freed */
	bool lost;
	bool failed; /* shut down: the device reported something impossible, or asked for a reset */
	u8 hdr_len;  /* bytes of struct virtio_net_hdr in front of each packet */
	/* legacy device without ANY_LAYOUT: the header needs a descriptor of its own */
	bool header_apart;

	/* receive */
	bool mergeable;
	/* bytes of a receive buffer, including its struct skb_shared_info */
	unsigned int rx_buf_size;
	unsigned int rx_fill; /* descriptors that the device has when the receive ring is full */
	struct page_frag rx_frag; /* the page block from which buffers are cut */
	/*
	 * limits the pages of all blocks that have a buffer in use, to the pages that a full ring
	 * needs plus the part of memory that FRAG_BLOCKS_PART gives
	 */
	struct page_budget rx_budget;
	/* list of buffers for the next refill; each buffer begins with a pointer to the next one */
	u8 *rx_spare;
	/* packets that were copied because no new buffer could replace their buffer in the ring */
	u64 rx_copied;
	u64 refill_failed; /* times that no buffer could be allocated */
	struct timer_list refill_timer;

	/* transmit */
	/* most descriptors of a packet; the queue is stopped while fewer are free */
	unsigned int tx_need;
	/* a sender waits for completions, so request a callback until all packets are sent */
	bool tx_awaited;
	struct timer_list tx_timer; /* reaps sent packets if no packet is received or sent */
	/* headers, one for each descriptor, for packets that have no usable headroom */
	struct virtio_net_hdr *tx_hdrs;

	/* defers a change of the link from hard interrupt to softirq */
	struct timer_list link_timer;
	struct ratelimit link_lines;
	char rx_name[24]; /* "virtio0-input.0" */
	char tx_name[24];
};

void virtio_net_init(void); /* registers the driver; call before hal_probe_devices() */

/* ---- virtio_net_rx.c ------------------------------------------------------------------------- */
void virtnet_rx_setup(struct virtnet_info *vi);
/*
 * Gives buffers to the device until the ring is full.  If there is no memory, a timer tries again.
 */
void virtnet_rx_refill(struct virtnet_info *vi);
/*
 * Passes up to @budget packets to the stack; returns the number of packets, including dropped ones.
 */
int virtnet_rx_poll(struct virtnet_info *vi, int budget);
/* Frees all receive buffers.  The device must have been reset. */
void virtnet_rx_drain(struct virtnet_info *vi);

/* ---- virtio_net_tx.c ------------------------------------------------------------------------- */
int virtnet_tx_setup(struct virtnet_info *vi);
void virtnet_tx_cleanup(struct virtnet_info *vi);
netdev_tx_t virtnet_start_xmit(struct sk_buff *skb, struct net_device *dev);
/* Frees packets that the device has sent.  Softirq. */
void virtnet_tx_poll(struct virtnet_info *vi);
void virtnet_tx_await(struct net_device *dev); /* ndo_tx_await */
/* Waits until the device has sent its packets, at most VIRTNET_STOP_MS, and frees them.  Process. */
void virtnet_tx_settle(struct virtnet_info *vi);
void virtnet_tx_drain(struct virtnet_info *vi);

/* ---- virtio_net_ctrl.c ----------------------------------------------------------------------- */
/*
 * Creates the control queue, if the device has one. Without it the device passes all frames up, so
 * a failure is only reported.
 */
void virtnet_ctrl_setup(struct virtnet_info *vi);
/* Frees the control queue, if there is one.  The device must have been reset.  Process context. */
void virtnet_ctrl_cleanup(struct virtnet_info *vi);
void virtnet_set_rx_mode(struct net_device *dev); /* ndo_set_rx_mode */
/* Tells the device that the announcements it asked for are being sent.  Softirq or process. */
void virtnet_ctrl_announced(struct virtnet_info *vi);

#endif

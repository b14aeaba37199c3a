/* SPDX-License-Identifier: MIT */
/*
 * The network device of the hosted kernel: a model of a virtio-net device as virtio 1.1 specifies it.
 * It has its own implementation of the rings and shares no code with virtqueue.c or virtio_net.c.
 *
 * Options of sn_set(), read at the end of the kernel's boot, when it probes for devices:
 *   device       0: no network device (default 1)
 *   mac          48 bits, first byte highest (default 52:54:00:12:34:56)
 *   mtu          in bytes, offered to the driver; 0: not offered (default)
 *   features     a mask: of the features that the model implements, only these are offered
 *                (default MODEL_FEATURES_DEFAULT; VERSION_1 is always offered, unless legacy)
 *   queue_size   entries of each ring (default 256)
 *   data_valid   1: the device marks received packets as having good checksums (with GUEST_CSUM;
 *                default 0)
 *   shuffle      1: buffers are returned in random order, which the specification allows (default 0:
 *                in the order of the ring)
 *   legacy       1: a device from before virtio 1.0; only such a device offers ANY_LAYOUT.
 *                2: such a device on PCI, where the device fixes the size of its queues (default 0)
 *   ctrl_refuse  a mask of commands that the device refuses: 1 promiscuous mode, 2 all-multicast mode,
 *                4 the table of multicast groups, 8 the acknowledgement of announcements (default 0)
 *   ctrl_early   1: already when the control queue is made, before DRIVER_OK, the device reports the
 *                end of a command and raises the queue's interrupt (default 0)
 *   ctrl_late    N: when it is reset, the device reports the end of another command in the control
 *                queue's ring. It raises the queue's interrupt later, at the Nth point at which the
 *                kernel enables interrupts (default 0: never)
 *   stuck        1: a device that is in use does not reset (default 0)
 *   refuse       1: the device rejects the driver's features: it clears FEATURES_OK (default 0)
 *
 * The model is strict: if the driver violates the specification, the model panics with a message that
 * names the violation.  virtio_model_lie() makes the model itself violate the specification.
 */
#ifndef TESTS_HOST_VIRTIO_MODEL_H
#define TESTS_HOST_VIRTIO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/host/softnet_host.h"

/* All features that the model implements: CSUM GUEST_CSUM MTU MAC GUEST_TSO4 HOST_TSO4 MRG_RXBUF
 * HOST_ECN STATUS CTRL_VQ CTRL_RX GUEST_ANNOUNCE ANY_LAYOUT EVENT_IDX VERSION_1. */
#define MODEL_FEATURES_ALL                                                                         \
	((1ULL << 0) | (1ULL << 1) | (1ULL << 3) | (1ULL << 5) | (1ULL << 7) | (1ULL << 11) |      \
	 (1ULL << 13) | (1ULL << 15) | (1ULL << 16) | MODEL_FEATURES_CTRL | (1ULL << 27) |         \
	 (1ULL << 29) | (1ULL << 32))
/* CTRL_VQ, and the features that need it: CTRL_RX and GUEST_ANNOUNCE. */
#define MODEL_FEATURES_CTRL ((1ULL << 17) | (1ULL << 18) | (1ULL << 21))
/*
 * The features that QEMU offers for a tap device, without GUEST_TSO4 and the control queue: with
 * GUEST_TSO4 the driver uses receive buffers of a page, and with the control queue the device drops
 * frames for other MAC addresses. Most tests want neither.
 */
#define MODEL_FEATURES_DEFAULT (MODEL_FEATURES_ALL & ~((1ULL << 7) | MODEL_FEATURES_CTRL))

/* The wrong behaviour that virtio_model_lie() orders; each happens once. */
enum virtio_model_lie {
	MODEL_HONEST,
	/* The next used buffer of a queue has: */
	MODEL_LIE_USED_ID,    /* an id beyond the end of the ring */
	MODEL_LIE_USED_FREE,  /* the id of a descriptor that the device does not have */
	MODEL_LIE_USED_TWICE, /* two entries in the used ring for one chain */
	MODEL_LIE_USED_LEN,   /* a length greater than the buffer's */
	MODEL_LIE_USED_BACK,  /* a used index that went backwards */
	MODEL_LIE_USED_IDX,   /* a used index ahead by the size of the ring */
	/* The next received packet has: */
	MODEL_LIE_EMPTY,       /* length 0 */
	MODEL_LIE_SHORT,       /* fewer bytes than struct virtio_net_hdr */
	MODEL_LIE_RUNT,        /* a virtio_net_hdr and an incomplete Ethernet header */
	MODEL_LIE_NUM_BUFFERS, /* a num_buffers greater than the number of the packet's buffers */
	MODEL_LIE_NO_BUFFERS,  /* num_buffers 0 */
	MODEL_LIE_CSUM_START,  /* NEEDS_CSUM with csum_start outside the packet */
	MODEL_LIE_CSUM_OFFSET, /* NEEDS_CSUM with csum_offset outside the packet */
	MODEL_LIE_CSUM_LOW,    /* NEEDS_CSUM with csum_start in the Ethernet header */
	MODEL_LIE_GSO_TYPE,    /* a gso_type that was not negotiated */
	MODEL_LIE_GSO_SIZE,    /* gso_type TCPV4 with gso_size 0 */
	MODEL_LIE_HINTS, /* hdr_len beyond the packet and undefined flags; drivers ignore both */
	/* At once: */
	MODEL_LIE_INTERRUPT,   /* interrupts of both queues, without a used buffer */
	MODEL_LIE_NEEDS_RESET, /* status DEVICE_NEEDS_RESET and a configuration interrupt */
	MODEL_LIE_FORGETS,     /* loss of all state as by a reset, and a configuration interrupt */
	/* At the next used buffer, a lie that the driver can't always detect: */
	MODEL_LIE_USED_AHEAD, /* a used index one too high: it covers an old entry */
	MODEL_LIES
};
/*
 * Orders a lie. For a lie about used buffers, @queue is 0 for the receive queue, 1 for the transmit
 * queue or, if the driver has accepted CTRL_VQ, 2 for the control queue. For a lie about received
 * packets @queue must be 0; other lies ignore it.
 */
SN_API void virtio_model_lie(uint32_t lie, uint32_t queue);
/*
 * Writes @value where a device may write, whatever the specification says.  @at: the entry of the used ring,
 * or the byte of the configuration.  From now on a violation of the specification by the driver may be a
 * consequence of this; the model still panics.
 */
enum virtio_model_field {
	MODEL_FIELD_USED_IDX,
	MODEL_FIELD_USED_ID,
	MODEL_FIELD_USED_LEN,
	MODEL_FIELD_USED_FLAGS,
	MODEL_FIELD_AVAIL_EVENT,
	MODEL_FIELD_CONFIG,
	MODEL_FIELD_STATUS,
	MODEL_FIELD_INTERRUPT, /* raises the queue's interrupt; with @at 1 the configuration's */
	MODEL_FIELDS
};
SN_API void virtio_model_forge(uint32_t field, uint32_t queue, uint32_t at, uint32_t value);
/* Changes the state of the link (cable) and raises the configuration interrupt. */
SN_API void virtio_model_set_link(bool up);
/* Pulls the device out of its slot: its registers read as ones, and it ignores the driver. */
SN_API void virtio_model_pull(void);
/* Removes the device as a transport does when it is asked to.  Called in a thread of the kernel. */
int virtio_model_remove(void);
/* Asks the driver for announcements and raises the configuration interrupt, as after a migration. */
SN_API void virtio_model_announce(void);
/* Like virtio_model_rx(), but the caller gives the twelve bytes of struct virtio_net_hdr; the model
 * sets num_buffers in them. */
SN_API bool virtio_model_rx_header(const void *header, const void *frame, size_t len);

/* Returns a counter or a register: kicks_rx, kicks_tx, irqs_rx, irqs_tx, commands (executed),
 * rx_filtered, promisc, allmulti, groups (in the table), announce (asked for), rx_frames, rx_no_buffer,
 * rx_too_long, tx_frames, tx_gso, tx_csum, resets, status, features (negotiated).  ~0 for an unknown
 * name. */
SN_API uint64_t virtio_model_stat(const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The network device of the hosted kernel: a virtio device as virtio 1.1 specifies it, with its own
 * implementation of the rings; it shares no line with virtqueue.c or virtio_net.c.
 *
 * Options of sn_set(), read when the device is found:
 *   device       0: there is none (default 1)
 *   mac          48 bits, first byte highest (default 52:54:00:12:34:56)
 *   mtu          offered to the driver; 0: not offered (default)
 *   features     feature bits offered, a mask over those that the model knows
 *                (default MODEL_FEATURES_DEFAULT; VERSION_1 is always offered, unless legacy)
 *   queue_size   entries of each ring (default 256)
 *   data_valid   1: received packets are said to have good checksums (with GUEST_CSUM; default 0)
 *   shuffle      1: buffers are used in any order, as a device may (default 0: as they were given)
 *   legacy       1: a device of before virtio 1.0 (ANY_LAYOUT is offered to such a one only);
 *                2: and as on PCI, where the size of its queues is fixed (default 0)
 *   refuse       1: the device does not keep FEATURES_OK
 *
 * It is strict: what the driver does against the text is a panic that says what.  And it can lie.
 */
#ifndef TESTS_HOST_VIRTIO_MODEL_H
#define TESTS_HOST_VIRTIO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/host/softnet_host.h"

/* Every bit that the model can do: CSUM GUEST_CSUM MTU MAC GUEST_TSO4 HOST_TSO4 MRG_RXBUF STATUS
 * ANY_LAYOUT EVENT_IDX VERSION_1. */
#define MODEL_FEATURES_ALL                                                                         \
	((1ULL << 0) | (1ULL << 1) | (1ULL << 3) | (1ULL << 5) | (1ULL << 7) | (1ULL << 11) |      \
	 (1ULL << 15) | (1ULL << 16) | (1ULL << 27) | (1ULL << 29) | (1ULL << 32))
/*
 * The features that QEMU offers over a tap, without GUEST_TSO4, whose buffers of a page each are
 * not the usual case.
 */
#define MODEL_FEATURES_DEFAULT (MODEL_FEATURES_ALL & ~(1ULL << 7))

enum virtio_model_lie {
	MODEL_HONEST,
	/* At the next completion of a queue: */
	MODEL_LIE_USED_ID,    /* an id that the ring does not have */
	MODEL_LIE_USED_FREE,  /* the id of a descriptor that the driver did not give */
	MODEL_LIE_USED_TWICE, /* the same buffer again */
	MODEL_LIE_USED_LEN,   /* more bytes than the buffer has */
	MODEL_LIE_USED_BACK,  /* an index that goes back */
	MODEL_LIE_USED_IDX,   /* an index far ahead */
	/* In the next packet received: */
	MODEL_LIE_EMPTY,       /* no bytes at all */
	MODEL_LIE_SHORT,       /* fewer bytes than a header */
	MODEL_LIE_RUNT,        /* a header, and less than Ethernet's behind it */
	MODEL_LIE_NUM_BUFFERS, /* more buffers than were used */
	MODEL_LIE_NO_BUFFERS,  /* num_buffers 0 */
	MODEL_LIE_CSUM_START,  /* a checksum of bytes outside the packet, ... */
	MODEL_LIE_CSUM_OFFSET, /* ... that stands outside the packet, ... */
	MODEL_LIE_CSUM_LOW,    /* ... that covers the Ethernet header */
	MODEL_LIE_GSO_TYPE,    /* a kind of segmentation that was not negotiated */
	MODEL_LIE_GSO_SIZE,    /* segments of no bytes */
	MODEL_LIE_HINTS,       /* hdr_len beyond the packet, undefined flags: to be ignored */
	/* At once: */
	MODEL_LIE_INTERRUPT,   /* both queues, for nothing */
	MODEL_LIE_NEEDS_RESET, /* the device says that it is lost */
	MODEL_LIE_FORGETS,     /* as after a reset, and a configuration change */
	/* At the next completion, one that the driver can't always tell from the truth: */
	MODEL_LIE_USED_AHEAD, /* an index ahead by one, with the old entry */
	MODEL_LIES
};
/* Queue 0 receives, 1 transmits; queue is meaningful for the first group. */
SN_API void virtio_model_lie(uint32_t lie, uint32_t queue);
/* Takes the cable out or puts it in. */
SN_API void virtio_model_set_link(bool up);
/* As virtio_model_rx(), with the twelve bytes of header given (num_buffers is filled in). */
SN_API bool virtio_model_rx_header(const void *header, const void *frame, size_t len);

/* Counters: kicks_rx, kicks_tx, irqs_rx, irqs_tx, rx_frames, rx_no_buffer, rx_too_long, tx_frames,
 * tx_gso, tx_csum, resets, status, features (negotiated).  ~0 for an unknown name. */
SN_API uint64_t virtio_model_stat(const char *name);

#endif

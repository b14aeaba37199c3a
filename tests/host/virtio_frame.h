/* SPDX-License-Identifier: MIT */
/*
 * The offloads of the device model: completes a packet's checksum and cuts it into segments before it
 * goes onto the wire.
 */
#ifndef TESTS_HOST_VIRTIO_FRAME_H
#define TESTS_HOST_VIRTIO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTIO_FRAME_ECN 0x80 /* a bit of gso_type (virtio 1.2, 5.1.6) */

struct virtio_frame {
	uint8_t *bytes; /* the packet, from its Ethernet header on; changed in place */
	size_t len;
	bool csum; /* the device must complete the checksum */
	uint16_t csum_start, csum_offset;
	uint16_t gso_size; /* payload bytes of a segment; 0: no segmentation */
	bool gso_ecn;      /* gso_type had VIRTIO_FRAME_ECN: the packet has CWR */
	size_t at;         /* payload bytes of the segments made up to now; initially 0 */
	bool sent; /* true after a frame without segmentation was returned; initially false */
};

/* Copies the next frame for the wire to @buf, at most @max bytes.  Returns its length, 0 if there is no
 * further frame. */
size_t virtio_frame_next(struct virtio_frame *f, void *buf, size_t max);

#endif

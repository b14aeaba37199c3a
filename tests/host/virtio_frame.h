/* SPDX-License-Identifier: MIT */
/*
 * The work of a device with offloads on a packet before it goes onto the wire: completes its
 * checksum, cuts it into segments.  Part of the device model.
 */
#ifndef TESTS_HOST_VIRTIO_FRAME_H
#define TESTS_HOST_VIRTIO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_frame {
	uint8_t *bytes; /* from the Ethernet header; is written to */
	size_t len;
	bool csum; /* the checksum is to be completed */
	uint16_t csum_start, csum_offset;
	uint16_t gso_size; /* 0: one frame */
	size_t at;         /* payload bytes that went out; starts as 0 */
	bool sent;
};

/* The next frame for the wire into @buf (cut at @max): its length, 0: that was all. */
size_t virtio_frame_next(struct virtio_frame *f, void *buf, size_t max);

#endif

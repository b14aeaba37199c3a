/* SPDX-License-Identifier: MIT */
/*
 * The limits of the virtio drivers. Each comment has the unit, what happens at the limit, and
 * the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef DRIVERS_VIRTIO_LIMITS_H
#define DRIVERS_VIRTIO_LIMITS_H

/* descriptors: of a ring that the driver takes. QEMU's VIRTQUEUE_MAX_SIZE. */
#define VIRTQ_SIZE_MAX 1024
/* part of memory: receive buffers in the ring, a 4th; 256 of a page each from 4 MiB on. */
#define VIRTNET_RX_PART 4
/* bytes: asked of the host for the seed; a device may give less. Twice the generator's key. */
#define VIRTIO_RNG_BYTES 64

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The limits of the virtio drivers. Each comment has the unit, what happens at the limit, and
 * the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef DRIVERS_VIRTIO_LIMITS_H
#define DRIVERS_VIRTIO_LIMITS_H

/* descriptors: of a ring that the driver takes. QEMU's VIRTQUEUE_MAX_SIZE. */
#define VIRTQ_SIZE_MAX 1024
/*
 * part of memory: of which receive buffers in the ring use a 4th. With 4 MiB of memory or
 * more, a ring of 256 buffers of a page each fits.
 */
#define VIRTNET_RX_PART 4
/* bytes: asked of the device for the seed; it may give fewer. Twice the generator's key. */
#define VIRTIO_RNG_BYTES 64

#endif

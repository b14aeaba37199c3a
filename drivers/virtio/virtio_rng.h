/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio's entropy device.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_RNG_H
#define DRIVERS_VIRTIO_VIRTIO_RNG_H

/* Boot, after virtio_init(). */
void virtio_rng_init(void);

#endif

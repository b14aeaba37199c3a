/* SPDX-License-Identifier: MIT */
/*
 * The limits of the virtio drivers.
 */
#ifndef DRIVERS_VIRTIO_LIMITS_H
#define DRIVERS_VIRTIO_LIMITS_H

#define VIRTQ_SIZE_MAX 1024 /* descriptors of a ring that the driver takes */
#define VIRTNET_RX_PART                                                                            \
	4 /* receive buffers in the ring: a 4th of memory; 256 of a page each from 4 MiB on */
#define VIRTIO_RNG_BYTES                                                                           \
	64 /* asked of the host: twice the generator's key; a device may give less */

#endif

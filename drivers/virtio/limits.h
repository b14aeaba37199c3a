/* SPDX-License-Identifier: MIT */
/*
 * The limits of the virtio drivers. Each comment has the unit, what happens at the limit, and
 * the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef DRIVERS_VIRTIO_LIMITS_H
#define DRIVERS_VIRTIO_LIMITS_H

/*
 * descriptors in one ring: if a device offers more, the driver uses this many; but a ring of fixed
 * size (legacy PCI) is then not used at all. The value is that of QEMU's VIRTQUEUE_MAX_SIZE.
 */
#define VIRTQ_SIZE_MAX 1024
/*
 * part of memory: buffers in the receive ring use at most a 4th of all memory; but the ring always
 * has enough buffers for the largest packet. With 4 MiB of memory or more, this part holds 256
 * buffers of one page each.
 */
#define VIRTNET_RX_PART 4
/*
 * descriptors with the device: from this many on, the driver requests a callback for sent packets.
 * Fewer descriptors are freed when the next packet is sent or received, or after
 * VIRTNET_TX_KEPT_MS. An ACK, an answer and a FIN take at most 6 descriptors, so a single request
 * causes no callback.
 */
#define VIRTNET_TX_QUIET 16
/*
 * milliseconds: a sent packet for which no callback was requested is freed after this time at the
 * latest. At ten runs a second, the timer costs next to nothing.
 */
#define VIRTNET_TX_KEPT_MS 100
/*
 * milliseconds: an interface that is closed waits this long for its device to send the last packets.
 * A device that works needs microseconds.
 */
#define VIRTNET_STOP_MS 100
/*
 * group addresses in the table that the device gets: with more groups, the device passes the frames
 * of all groups up. QEMU's device has room for 64 addresses.
 */
#define VIRTNET_GROUPS_MAX 64
/*
 * bytes of a seed that is requested from the device: the device may return fewer. This is twice the
 * length of the generator's key.
 */
#define VIRTIO_RNG_BYTES 64

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The virtqueue: its ring, and its decisions whether to ring the doorbell, against the device model.
 *
 * The program consists of this file, drivers/virtio/virtqueue.c, drivers/virtio/virtio.c,
 * tests/host/virtio_model*.c, tests/host/virtio_frame.c and cmocka.  ring_platform.h replaces the parts
 * of the kernel that the virtqueue calls (pages, interrupts, the log), so that a test controls them.
 *
 * The model reads a ring only after a doorbell that it asked for, and interrupts only when the driver
 * asked for it.  A lost wake-up, in either direction, therefore shows as missing buffers in a test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "tests/host/host.h"
#include "tests/host/virtio_model.h"
#include "tests/unit/ring_platform.h"

#define EVENT_IDX (1ULL << VIRTIO_F_EVENT_IDX)
#define BUF       2048
#define RING      256

static struct virtqueue *rx, *tx;
static struct virtio_device *device;
static unsigned int callbacks[2];
static u8 buffers[RING * 4][BUF];

/* ---- a driver that only has queues ------------------------------------------------------------- */

static void test_callback(struct virtqueue *vq)
{
	callbacks[vq->index]++;
}

static int test_probe(struct virtio_device *vdev)
{
	device = vdev;
	rx = virtqueue_create(vdev, 0, RING, "rx", test_callback);
	tx = virtqueue_create(vdev, 1, RING, "tx", test_callback);
	assert_false(IS_ERR(rx) || IS_ERR(tx));
	virtio_device_ready(vdev);
	return 0;
}

static struct virtio_driver test_driver = {
	.name = "test",
	.device_id = VIRTIO_ID_NET,
	.features = EVENT_IDX,
	.probe = test_probe,
};

static void begin(u64 features, u64 ring)
{
	static bool registered;

	opt_features = features;
	opt_ring = ring;
	callbacks[0] = callbacks[1] = 0;
	if (!registered)
		virtio_register_driver(&test_driver);
	registered = true;
	virtio_model_probe();
}

static void end(void)
{
	device->ops->set_status(device, 0);
	while (virtqueue_detach_unused_buf(rx) || virtqueue_detach_unused_buf(tx))
		;
	assert_int_equal(virtqueue_outstanding(rx), 0);
	assert_int_equal(virtqueue_outstanding(tx), 0);
	virtqueue_destroy(rx);
	virtqueue_destroy(tx);
	assert_int_equal(allocations, 0);
}

/* Adds a packet of 60 bytes that carries @number, split into @pieces descriptors, to the transmit queue. */
static void give_tx(u32 number, unsigned int pieces)
{
	u8 *buf = buffers[number % (RING * 4)];
	struct vq_sg sg[32];
	u32 len = 12 + 60, part = len / pieces;

	memset(buf, 0, 12);
	memcpy(buf + 12, &number, sizeof(number));
	for (unsigned int i = 0; i < pieces; i++) {
		sg[i].addr = buf + i * part;
		sg[i].len = i + 1 < pieces ? part : len - i * part;
	}
	assert_int_equal(virtqueue_add(tx, sg, pieces, 0, buf), 0);
}

static void take_tx(u32 number)
{
	u8 frame[2048];
	u32 got;

	assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
	memcpy(&got, frame, sizeof(got));
	assert_int_equal(got, number);
}

static void give_rx(void *buf)
{
	struct vq_sg sg = {buf, BUF};

	assert_int_equal(virtqueue_add(rx, &sg, 0, 1, buf), 0);
}

/* ---- batches ----------------------------------------------------------------------------------- */

/* Sends at least @total packets, in batches of every size that fits the ring, with one kick per batch. */
static void tx_batches(u64 features, unsigned int pieces, unsigned int total)
{
	u32 number = 0, len;

	begin(features, RING);
	while (number < total) {
		for (unsigned int batch = 1; batch <= RING / pieces; batch++) {
			u32 first = number;

			for (unsigned int i = 0; i < batch; i++)
				give_tx(first + i, pieces);
			virtqueue_kick(tx);
			for (unsigned int i = 0; i < batch; i++)
				take_tx(first + i);
			assert_int_equal(virtio_model_tx(&len, sizeof(len)), 0);
			for (unsigned int i = 0; i < batch; i++) {
				u8 *token = virtqueue_get_buf(tx, &len);

				assert_ptr_equal(token, buffers[(first + i) % (RING * 4)]);
				assert_int_equal(len, 0);
			}
			assert_null(virtqueue_get_buf(tx, &len));
			number += batch;
		}
	}
	assert_false(tx->broken);
	end();
}

static void test_tx_batches_event_idx(void **state)
{
	tx_batches(EVENT_IDX, 1, 200000);
	tx_batches(EVENT_IDX, 3, 70000);
}

static void test_tx_batches_flags(void **state)
{
	tx_batches(0, 1, 200000);
	tx_batches(0, 19, 1000);
}

/*
 * Fills the receive queue as a driver does: completely at first, later with @missing buffers in one batch.
 * After each refill, frames arrive until the device has no buffer left.
 */
static void rx_refills(u64 features, unsigned int missing)
{
	u8 frame[60] = {0};
	unsigned int received = 0;
	u32 len;

	begin(features, RING);
	for (unsigned int i = 0; i < RING; i++)
		give_rx(buffers[i]);
	virtqueue_kick(rx);
	while (received < 140000) {
		unsigned int gone = 0, come = 0;
		void *buf[RING];

		while (virtio_model_rx(frame, sizeof(frame)))
			come++;
		assert_int_equal(come, received ? missing : RING);
		while (gone < come && (buf[gone] = virtqueue_get_buf(rx, &len))) {
			assert_int_equal(len, 12 + sizeof(frame));
			gone++;
		}
		assert_int_equal(gone, come);
		received += come;
		for (unsigned int i = 0; i < missing; i++)
			give_rx(buf[i]);
		virtqueue_kick(rx);
	}
	end();
}

/*
 * Receives batches of one frame up to as many as the ring holds, so often that the indices wrap.  With
 * @shuffle the device uses buffers in random order.  The driver gives each buffer back at once.
 */
static void rx_batches(u64 features, bool shuffle)
{
	u8 frame[60] = {0};
	unsigned int batch = 0, number = 0;
	u32 len;

	opt_shuffle = shuffle;
	begin(features, RING);
	opt_shuffle = false;
	for (unsigned int i = 0; i < RING; i++)
		give_rx(buffers[i]);
	while (number < 140000) {
		virtqueue_kick(rx);
		batch = batch % RING + 1;
		for (unsigned int i = 0; i < batch; i++, number++) {
			memcpy(frame, &number, sizeof(number));
			assert_true(virtio_model_rx(frame, sizeof(frame)));
		}
		for (unsigned int i = 0; i < batch; i++) {
			u8 *buf = virtqueue_get_buf(rx, &len);
			u32 got;

			assert_non_null(buf);
			assert_int_equal(len, 12 + sizeof(frame));
			memcpy(&got, buf + 12, sizeof(got));
			assert_int_equal(got, number - batch + i);
			give_rx(buf);
		}
		assert_null(virtqueue_get_buf(rx, &len));
	}
	assert_false(rx->broken);
	end();
}

static void test_rx_batches(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		rx_batches(i & 1 ? EVENT_IDX : 0, i & 2);
}

static void test_rx_refill_every_batch(void **state)
{
	for (unsigned int missing = 1; missing <= RING; missing += 1 + missing / 8) {
		rx_refills(EVENT_IDX, missing);
		rx_refills(0, missing);
	}
}

/* Random adds, kicks and runs of the device: after each kick the device can take all packets added before it. */
static void test_kick_random(void **state)
{
	for (unsigned int round = 0; round < 2; round++) {
		u32 given = 0, taken = 0, home = 0, len;

		srand(round);
		begin(round ? EVENT_IDX : 0, 64);
		while (given < 200000) {
			unsigned int batch = rand() % 8;
			u8 frame[2048];

			while (batch-- && tx->num_free)
				give_tx(given++, 1);
			if (rand() % 4)
				virtqueue_kick(tx);
			batch = rand() % 8;
			while (batch-- && virtio_model_tx(frame, sizeof(frame)))
				taken++;
			if (rand() % 3 == 0) {
				virtqueue_kick(tx);
				while (virtio_model_tx(frame, sizeof(frame)))
					taken++;
				assert_int_equal(taken, given);
			}
			while (rand() % 8 && virtqueue_get_buf(tx, &len))
				home++;
		}
		while (virtqueue_get_buf(tx, &len))
			home++;
		end();
	}
}

/* With EVENT_IDX, kicks ring no doorbell while the device still has packets to take. */
static void test_kick_suppressed_while_device_works(void **state)
{
	u64 kicks;

	begin(EVENT_IDX, RING);
	for (u32 i = 0; i < 10; i++)
		give_tx(i, 1);
	virtqueue_kick(tx);
	kicks = tx->kicks;
	assert_int_equal(kicks, 1);
	take_tx(0);
	for (u32 i = 10; i < 20; i++) {
		give_tx(i, 1);
		virtqueue_kick(tx);
	}
	assert_int_equal(tx->kicks, kicks);
	for (u32 i = 1; i < 20; i++)
		take_tx(i);
	end();
}

/* ---- callbacks --------------------------------------------------------------------------------- */

/*
 * While callbacks are disabled, no callback comes.  If the function that enables them returns true, a callback
 * comes when the next buffer is used, or, if @delayed, before all buffers are used.
 */
static void callbacks_random(u64 features, bool delayed)
{
	u32 number = 0, len;
	u8 frame[2048];

	srand(7);
	begin(features, 64);
	while (number < 150000) {
		unsigned int batch = 1 + rand() % 64, before, used = rand() % (batch + 1);
		bool armed;

		for (unsigned int i = 0; i < batch; i++)
			give_tx(number++, 1);
		virtqueue_kick(tx);
		virtqueue_disable_cb(tx);
		before = callbacks[1];
		for (unsigned int i = 0; i < used; i++)
			assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
		assert_int_equal(callbacks[1], before);
		armed = delayed ? virtqueue_enable_cb_delayed(tx) : virtqueue_enable_cb(tx);
		/*
		 * All buffers are already used, so no callback would come later: enabling must return
		 * false.
		 */
		if (used == batch)
			assert_false(armed);
		if (!delayed)
			assert_int_equal(armed, used == 0);
		if (armed && rand() % 2 && used < batch) {
			assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
			used++;
			if (!delayed)
				assert_int_not_equal(callbacks[1], before);
		}
		for (; used < batch; used++)
			assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
		if (armed)
			assert_int_not_equal(callbacks[1], before);
		for (unsigned int i = 0; i < batch; i++)
			assert_non_null(virtqueue_get_buf(tx, &len));
	}
	end();
}

static void test_callbacks(void **state)
{
	callbacks_random(EVENT_IDX, false);
	callbacks_random(EVENT_IDX, true);
	callbacks_random(0, false);
	callbacks_random(0, true);
}

/* ---- limits and lies --------------------------------------------------------------------------- */

static void test_ring_full(void **state)
{
	struct vq_sg sg[2] = {{buffers[0], 12}, {buffers[0] + 12, 60}};

	begin(EVENT_IDX, 8);
	assert_int_equal(tx->num, 8);
	for (unsigned int i = 0; i < 3; i++)
		give_tx(i, 2);
	give_tx(3, 1);
	assert_int_equal(tx->num_free, 1);
	assert_int_equal(virtqueue_add(tx, sg, 2, 0, sg), -ENOSPC);
	assert_int_equal(tx->num_free, 1);
	give_tx(4, 1);
	assert_int_equal(virtqueue_add(tx, sg, 1, 0, sg), -ENOSPC);
	end();
}

static void test_ring_size_is_rounded_down(void **state)
{
	begin(EVENT_IDX, 100);
	assert_int_equal(rx->num, 64);
	end();
	begin(EVENT_IDX, 1024);
	assert_int_equal(rx->num, RING);
	end();
}

static void lie_breaks(u64 features, u32 lie)
{
	struct vq_sg sg = {buffers[0], 72};
	unsigned int home = 0;
	u8 frame[2048];
	u32 len;

	begin(features, 64);
	for (u32 i = 0; i < 32; i++)
		give_tx(i, 2 - i % 2);
	virtqueue_kick(tx);
	take_tx(0);
	assert_ptr_equal(virtqueue_get_buf(tx, &len), buffers[0]);
	home++;
	virtio_model_lie(lie, 1);
	assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
	while (virtqueue_get_buf(tx, &len))
		home++;
	assert_true(home <= 2);
	assert_true(tx->broken);
	assert_int_equal(tx->bad_used, 1);
	assert_int_equal(virtqueue_add(tx, &sg, 1, 0, &sg), -EIO);
	/* For a broken queue these functions must return true: false would mean that used buffers are waiting. */
	assert_true(virtqueue_enable_cb(tx));
	assert_true(virtqueue_enable_cb_delayed(tx));
	device->ops->set_status(device, 0);
	while (virtqueue_detach_unused_buf(tx))
		home++;
	assert_int_equal(home, 32);
	end();
}

static void test_lies_break_the_queue(void **state)
{
	for (u32 lie = MODEL_LIE_USED_ID; lie <= MODEL_LIE_USED_IDX; lie++) {
		lie_breaks(EVENT_IDX, lie);
		lie_breaks(0, lie);
	}
}

/* Spurious interrupts are counted but call no callback; a real interrupt afterwards still calls its
 * callback. */
static void test_interrupts_for_nothing(void **state)
{
	begin(EVENT_IDX, 64);
	for (unsigned int i = 0; i < 100000; i++)
		virtio_model_lie(MODEL_LIE_INTERRUPT, 0);
	assert_int_equal(callbacks[0] + callbacks[1], 0);
	assert_int_equal(rx->interrupts, 100000);
	assert_int_equal(tx->interrupts, 100000);
	give_tx(0, 1);
	assert_true(virtqueue_enable_cb(tx));
	virtqueue_kick(tx);
	take_tx(0);
	assert_int_equal(callbacks[1], 1);
	end();
}

/*
 * Begins with a ring of eight entries. All eight buffers have been used once, and the device has all of them
 * again.
 */
static void second_round(void)
{
	u32 len;

	begin(EVENT_IDX, 8);
	for (u32 i = 0; i < 8; i++)
		give_tx(i, 1);
	virtqueue_kick(tx);
	for (u32 i = 0; i < 8; i++) {
		take_tx(i);
		assert_non_null(virtqueue_get_buf(tx, &len));
	}
	for (u32 i = 8; i < 16; i++)
		give_tx(i, 1);
	virtqueue_kick(tx);
}

/*
 * The used index claims more buffers than the device has: no entry is accepted, even if it names a buffer
 * that the device has.
 */
static void test_index_beyond_the_given_buffers(void **state)
{
	static const u32 lies[] = {MODEL_LIE_USED_IDX, MODEL_LIE_USED_BACK};
	u8 frame[2048];
	u32 len;

	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		second_round();
		virtio_model_lie(lies[i], 1);
		assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 60);
		assert_null(virtqueue_get_buf(tx, &len));
		assert_true(tx->broken);
		assert_int_equal(virtqueue_outstanding(tx), 8);
		end();
	}
}

/*
 * The used index is one too high, so it covers an entry from the previous round of the ring.  If the device has
 * that entry's buffer again, the driver takes the buffer too early; when the device later really uses that
 * buffer, the driver marks the queue as broken.  No buffer is returned to the driver twice.
 */
static void test_entry_of_the_last_round(void **state)
{
	unsigned int home = 0;
	u8 frame[2048];
	u32 len;

	second_round();
	virtio_model_lie(MODEL_LIE_USED_AHEAD, 1);
	while (virtio_model_tx(frame, sizeof(frame))) {
		while (virtqueue_get_buf(tx, &len))
			home++;
	}
	assert_true(tx->broken);
	assert_int_equal(tx->bad_used, 1);
	assert_true(home <= 8);
	device->ops->set_status(device, 0);
	while (virtqueue_detach_unused_buf(tx))
		home++;
	assert_int_equal(home, 8);
	end();
}

static u16 endless(struct virtio_device *vdev, unsigned int index)
{
	return 32768;
}

static int accept_any(struct virtio_device *vdev, struct virtqueue *vq)
{
	return 0;
}

/*
 * A device may offer the largest possible ring (virtio 1.1, 2.6): the driver uses VIRTQ_SIZE_MAX of it.
 *
 * LIMIT(VIRTQ_SIZE_MAX)
 */
static void test_ring_size_has_a_limit(void **state)
{
	static const struct virtio_transport_ops ops = {.queue_max_size = endless,
							.enable_queue = accept_any};
	struct virtio_device vdev = {.ops = &ops};
	struct virtqueue *vq = virtqueue_create(&vdev, 0, 0xffff, "endless", test_callback);

	assert_false(IS_ERR(vq));
	assert_int_equal(vq->num, VIRTQ_SIZE_MAX);
	assert_int_equal(vq->num_free, VIRTQ_SIZE_MAX);
	virtqueue_destroy(vq);
	assert_int_equal(allocations, 0);
}

static u16 told_size;

static u16 as_told(struct virtio_device *vdev, unsigned int index)
{
	return told_size;
}

static const struct virtio_transport_ops legacy_ops = {.queue_max_size = as_told,
						       .enable_queue = accept_any};

/*
 * The legacy layout (virtio 1.1, 2.6.2): descriptors of 16 bytes at the start of a page, followed by the
 * available ring of 6 + 2 * num bytes; the used ring of 6 + 8 * num bytes at the next multiple of 4096.
 */
static void test_legacy_layout(void **state)
{
	struct virtio_device vdev = {.ops = &legacy_ops, .legacy = true, .fixed_queue_size = true};

	for (told_size = 1; told_size <= VIRTQ_SIZE_MAX; told_size *= 2) {
		struct virtqueue *vq = virtqueue_create(&vdev, 0, 2, "legacy", test_callback);
		size_t used = (16 * told_size + 6 + 2 * told_size + 4095) / 4096 * 4096;
		u8 *page;

		assert_false(IS_ERR(vq));
		page = (u8 *)vq->desc;
		assert_int_equal(vq->num, told_size);
		assert_int_equal((uintptr_t)page % 4096, 0);
		assert_ptr_equal(vq->avail, page + 16 * told_size);
		assert_ptr_equal(vq->used, page + used);
		/* Write all of it: the sanitizer reports if the allocation is too small. */
		memset(page, 0, used + 6 + 8 * told_size);
		virtqueue_destroy(vq);
		assert_int_equal(allocations, 0);
	}
}

/* A legacy device fixes the size of a queue: with a size that the driver cannot use, no queue is created. */
static void test_legacy_sizes_that_cannot_be(void **state)
{
	static const u16 sizes[] = {0, 3, 1000, VIRTQ_SIZE_MAX + 1, 2 * VIRTQ_SIZE_MAX, 0xffff};
	struct virtio_device vdev = {.ops = &legacy_ops, .legacy = true, .fixed_queue_size = true};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		told_size = sizes[i];
		assert_int_equal(PTR_ERR(virtqueue_create(&vdev, 0, 256, "legacy", test_callback)),
				 -ENODEV);
		assert_int_equal(allocations, 0);
	}
}

/*
 * The device may overwrite the descriptor table, so the driver keeps its own copy of what it needs and never reads
 * the table back, as Linux does since 5.14 (vring_desc_extra).
 */
static void test_descriptors_that_the_device_overwrites(void **state)
{
	(void)state;
	begin(0, RING);
	for (u32 i = 0; i < 3 * RING; i++) {
		u32 len;

		give_tx(i, 3);
		virtqueue_kick(tx);
		take_tx(i);
		for (unsigned int d = 0; d < tx->num; d++)
			tx->desc[d].next = i % 2 ? 0xfffe : (d + 7) % tx->num;
		assert_ptr_equal(virtqueue_get_buf(tx, &len), buffers[i % (RING * 4)]);
		assert_int_equal(virtqueue_outstanding(tx), 0);
	}
	assert_false(tx->broken);
	end();
}

/* A device can cause any number of failed reads of its configuration: all are counted, but at most ten in five
 * seconds are logged (as with Linux's printk_ratelimit).  LIMIT(LOG_BURST_LINES) LIMIT(LOG_BURST_MS) */
static void test_failures_of_the_configuration_are_logged_within_a_limit(void **state)
{
	struct virtio_device vdev = {.bus_name = "0000:00:03.0"};

	(void)state;
	log_lines = 0;
	for (unsigned int i = 0; i < 1000; i++)
		virtio_config_failed(&vdev, 6, "it changed during every read");
	assert_int_equal(log_lines, 10);
	assert_int_equal(vdev.config_failures, 1000);
	clock_ns += 4999 * NSEC_PER_MSEC;
	virtio_config_failed(&vdev, 6, "it changed during every read");
	assert_int_equal(log_lines, 10);
	/* In a new interval, one line says how many lines were withheld; then the new line is logged. */
	clock_ns += NSEC_PER_MSEC;
	virtio_config_failed(&vdev, 6, "it changed during every read");
	assert_int_equal(log_lines, 12);
	assert_int_equal(vdev.config_failures, 1002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tx_batches_event_idx),
		cmocka_unit_test(test_tx_batches_flags),
		cmocka_unit_test(test_rx_batches),
		cmocka_unit_test(test_rx_refill_every_batch),
		cmocka_unit_test(test_kick_random),
		cmocka_unit_test(test_kick_suppressed_while_device_works),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_ring_size_is_rounded_down),
		cmocka_unit_test(test_ring_size_has_a_limit),
		cmocka_unit_test(test_legacy_layout),
		cmocka_unit_test(test_legacy_sizes_that_cannot_be),
		cmocka_unit_test(test_lies_break_the_queue),
		cmocka_unit_test(test_interrupts_for_nothing),
		cmocka_unit_test(test_index_beyond_the_given_buffers),
		cmocka_unit_test(test_entry_of_the_last_round),
		cmocka_unit_test(test_descriptors_that_the_device_overwrites),
		cmocka_unit_test(test_failures_of_the_configuration_are_logged_within_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

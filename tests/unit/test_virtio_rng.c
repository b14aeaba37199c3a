/* SPDX-License-Identifier: MIT */
/*
 * virtio-rng on a device that violates the specification.  The kernel never waits for the device, so the
 * boot continues and random numbers are available in any case.  A reported length beyond the buffer must
 * be refused.
 */
#include "tests/unit/unit_hal.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/lib/random.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

static struct virtio_device device;
static struct virtqueue *queue;
static unsigned int doorbells, resets;
static u8 status;
static bool no_queue;

static u8 get_status(struct virtio_device *vdev)
{
	return status;
}

static int set_status(struct virtio_device *vdev, u8 value)
{
	resets += value == 0;
	status = value;
	return 0;
}

static u64 get_features(struct virtio_device *vdev)
{
	return 1ULL << VIRTIO_F_VERSION_1;
}

static void set_features(struct virtio_device *vdev, u64 features)
{
}

static u16 queue_max_size(struct virtio_device *vdev, unsigned int index)
{
	return index == 0 && !no_queue ? 8 : 0;
}

static int enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	queue = vq;
	return 0;
}

static void notify(struct virtio_device *vdev, struct virtqueue *vq)
{
	doorbells++;
}

static int set_config_irq(struct virtio_device *vdev, unsigned int irq)
{
	return 0;
}

static const struct virtio_transport_ops ops = {
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.queue_max_size = queue_max_size,
	.enable_queue = enable_queue,
	.notify = notify,
	.set_config_irq = set_config_irq,
};

static int probe(void)
{
	device =
		(struct virtio_device){.ops = &ops, .device_id = VIRTIO_ID_RNG, .bus_name = "test"};
	queue = NULL;
	doorbells = resets = 0;
	unit_console_clear();
	return virtio_probe(&device);
}

/* Resets the device and frees the driver's memory: the driver has no function that removes the device. */
static void forget(void)
{
	set_status(&device, 0);
	virtqueue_detach_unused_buf(queue);
	virtqueue_destroy(queue);
	kfree(device.priv);
}

/* Simulates the device: puts (@id, @len) into the used ring and raises the queue's interrupt. */
static void answer(u32 id, u32 len)
{
	queue->used->ring[queue->used->idx % queue->num] = (struct vring_used_elem){id, len};
	queue->used->idx++;
	generic_handle_irq(queue->irq);
}

static u8 *lent(void)
{
	return hal_phys_to_virt(queue->desc[queue->avail->ring[0]].addr);
}

static void assert_numbers_are_given(void)
{
	u8 a[32], b[32];

	get_random_bytes(a, sizeof(a));
	get_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void test_written_bytes_are_taken_once(void **state)
{
	static const u8 none[VIRTIO_RNG_BYTES];

	assert_int_equal(probe(), 0);
	assert_int_equal(doorbells, 1);
	memset(lent(), 0xa5, VIRTIO_RNG_BYTES);
	answer(queue->avail->ring[0], VIRTIO_RNG_BYTES);
	assert_non_null(strstr(unit_console(), " bytes of seed from the host"));
	/* The seed is secret, so its buffer has been cleared. */
	assert_memory_equal(lent(), none, VIRTIO_RNG_BYTES);
	/* The device returns the buffer again, although it was given only once: the queue is broken. */
	unit_console_clear();
	answer(queue->avail->ring[0], VIRTIO_RNG_BYTES);
	assert_null(strstr(unit_console(), "seed from the host"));
	assert_true(queue->broken);
	assert_numbers_are_given();
	forget();
}

static void test_no_bytes(void **state)
{
	assert_int_equal(probe(), 0);
	answer(queue->avail->ring[0], 0);
	assert_non_null(strstr(unit_console(), ": 0 bytes of seed from the host"));
	assert_false(queue->broken);
	assert_numbers_are_given();
	forget();
}

/* A length beyond the buffer is refused: the bytes after the buffer are other data or unmapped. */
static void test_more_bytes_than_were_lent(void **state)
{
	static const u32 lengths[] = {VIRTIO_RNG_BYTES + 1, 1 << 20, ~0U};

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(probe(), 0);
		answer(queue->avail->ring[0], lengths[i]);
		assert_null(strstr(unit_console(), "seed from the host"));
		assert_true(queue->broken);
		assert_numbers_are_given();
		forget();
	}
}

static void test_an_id_that_was_not_given(void **state)
{
	assert_int_equal(probe(), 0);
	answer(queue->avail->ring[0] ^ 1, 16);
	assert_null(strstr(unit_console(), "seed from the host"));
	assert_true(queue->broken);
	assert_numbers_are_given();
	forget();
}

static void test_no_answer_and_interrupts_for_nothing(void **state)
{
	assert_int_equal(probe(), 0);
	generic_handle_irq(queue->irq);
	generic_handle_irq(queue->irq);
	assert_null(strstr(unit_console(), "seed from the host"));
	assert_false(queue->broken);
	assert_numbers_are_given();
	forget();
}

/* Without a queue the probe fails and sets FAILED in the device's status, without other effects. */
static void test_no_queue(void **state)
{
	no_queue = true;
	assert_true(probe() < 0);
	no_queue = false;
	assert_null(queue);
	assert_true(status & VIRTIO_STATUS_FAILED);
	assert_numbers_are_given();
}

static u64 all_live(void)
{
	struct kmem_cache *cache;
	u64 live = 0;

	list_for_each_entry(cache, kmem_caches(), caches)
		live += cache->live;
	return live;
}

static u64 live_before;

static int before_each(void **state)
{
	live_before = all_live();
	return 0;
}

static int after_each(void **state)
{
	assert_int_equal(all_live(), live_before);
	return 0;
}

static int setup(void **state)
{
	unit_memory(4096, false);
	console_loglevel = LOG_INFO;
	random_init();
	virtio_rng_init();
	return 0;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_written_bytes_are_taken_once),
		each(test_no_bytes),
		each(test_more_bytes_than_were_lent),
		each(test_an_id_that_was_not_given),
		each(test_no_answer_and_interrupts_for_nothing),
		each(test_no_queue),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

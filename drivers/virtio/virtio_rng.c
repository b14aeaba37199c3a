/* SPDX-License-Identifier: MIT */
/*
 * virtio-rng: reads random bytes from the host once, at boot.
 *
 * Called: virtio_rng_init() from init/main.c; probe from virtio_probe(); rng_done() in hard
 * interrupt, when the one request is answered. The probe makes the request and no code waits for
 * the answer: the generator already has a seed, and the host's bytes are added when they arrive.
 * Afterwards the device is not used. Virtio 1.1, 5.4; compare Linux's
 * drivers/char/hw_random/virtio-rng.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtqueue.h"
#include "include/uapi/errno.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define RNG_QUEUE      0
#define RNG_QUEUE_SIZE 2 /* descriptors; the driver makes one request in all */

struct virtio_rng {
	struct virtqueue *vq;
	u8 bytes[VIRTIO_RNG_BYTES];
	char name[20]; /* name of the queue: "virtio1-random" */
};

static void rng_done(struct virtqueue *vq)
{
	struct virtio_rng *rng;
	u32 len;

	rng = virtqueue_get_buf(vq, &len);
	if (!rng)
		return;
	virtqueue_disable_cb(vq);
	add_entropy(rng->bytes, len);
	memset(rng->bytes, 0, sizeof(rng->bytes));
	pr_info("%s: %u bytes of seed from the host", rng->name, len);
}

static int rng_probe(struct virtio_device *vdev)
{
	struct virtio_rng *rng = kzalloc(sizeof(*rng), GFP_KERNEL);
	struct vq_sg sg;
	int err;

	if (!rng)
		return -ENOMEM;
	scnprintf(rng->name, sizeof(rng->name), "virtio%u-random", vdev->index);
	rng->vq = virtqueue_create(vdev, RNG_QUEUE, RNG_QUEUE_SIZE, rng->name, rng_done);
	if (IS_ERR(rng->vq)) {
		err = PTR_ERR(rng->vq);
		goto out_free;
	}
	/*
	 * No request is outstanding yet, so no callback can have been missed: ignore the return
	 * value.
	 */
	virtqueue_enable_cb(rng->vq);
	sg = (struct vq_sg){rng->bytes, sizeof(rng->bytes)};
	err = virtqueue_add(rng->vq, &sg, 0, 1, rng);
	if (err)
		goto out_destroy;
	vdev->priv = rng;
	virtio_device_ready(vdev);
	virtqueue_kick(rng->vq);
	return 0;

out_destroy:
	vdev->ops->set_status(vdev, 0);
	virtqueue_destroy(rng->vq);
out_free:
	kfree(rng);
	return err;
}

static int rng_remove(struct virtio_device *vdev)
{
	struct virtio_rng *rng = vdev->priv;

	if (!virtio_silence(vdev))
		return -EIO;
	virtqueue_destroy(rng->vq);
	kfree(rng);
	return 0;
}

static struct virtio_driver rng_driver = {
	.name = "virtio_rng",
	.device_id = VIRTIO_ID_RNG,
	.probe = rng_probe,
	.remove = rng_remove,
};

void virtio_rng_init(void)
{
	virtio_register_driver(&rng_driver);
}

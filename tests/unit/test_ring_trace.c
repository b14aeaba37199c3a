/* SPDX-License-Identifier: MIT */
/*
 * Replays recorded writes of QEMU's virtio device and of our driver to their rings.  So an error is found
 * even if our device model and our driver misread the specification in the same way.  The traces are in
 * tests/unit/traces; tests/qemu/record_rings.py recorded them, unit.mk unpacks them below build/unit.
 *
 * - The model gets the driver's recorded writes.  It must write the same used rings as QEMU's device,
 *   send frames of the same lengths, and interrupt in the same steps, also in steps where the recorder
 *   itself wrote used_event or the flags.
 * - The driver gets the recorded writes of QEMU's device.  It must report the lengths of the frames that
 *   were on the wire, and for the same operations write the recorded available rings and ring the
 *   doorbell as often as recorded.
 *
 * The comparison leaves out addresses, and two things that the specification leaves open: how early the
 * device asks for doorbells of receive buffers, and how early the driver asks for transmit interrupts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/virtio/virtqueue.h"
#include "tests/host/virtio_model.h"
#include "tests/unit/ring_platform.h"

#define RX     0
#define TX     1
#define NUM    256
#define BUF    2048
#define FRAMES 8 /* maximum number of frames in one step */

/* The three parts of a ring, with their layout in memory. */
struct memory {
	u8 desc[16 * NUM] __aligned(16);
	u8 avail[6 + 2 * NUM] __aligned(4);
	u8 used[6 + 8 * NUM] __aligned(4);
};

/* The recorded events of a step. */
struct step {
	bool poked; /* the recorder overwrote used_event or the flags in the receive queue's available ring */
	unsigned int poke_at;               /* byte offset of that write in the available ring */
	char poke_hex[16];                  /* the bytes of that write, in hexadecimal */
	unsigned int in;                    /* length of the received frame; 0: none */
	unsigned int out[FRAMES], nr_out;   /* lengths and number of the sent frames */
	unsigned int kicks[2], notifies[2]; /* doorbells and interrupts of each queue */
};

static FILE *trace;
static bool event_idx;
/*
 * The trace is from a PCI device. Such a trace also counts doorbells that QEMU itself rings when it
 * resumes the guest, so our driver rings fewer.
 */
static bool on_pci;
static struct memory after[2]; /* both rings after the step, as recorded */
static struct step step;
static unsigned int steps;
static u8 bytes[2][NUM][BUF];

static u16 word(const u8 *at)
{
	return at[0] | at[1] << 8;
}

static u16 avail_idx(unsigned int q)
{
	return word(after[q].avail + 2);
}

/* ---- the file ---------------------------------------------------------------------------------- */

static u8 *area(struct memory *m, const char *name)
{
	return !strcmp(name, "desc") ? m->desc : !strcmp(name, "avail") ? m->avail : m->used;
}

static void put_hex(u8 *at, const char *hex)
{
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		*at++ = byte;
}

static void read_line(const char *line)
{
	unsigned int q, n, at;
	char name[16], hex[80];

	if (sscanf(line, "in %u", &n) == 1) {
		step.in = n;
	} else if (sscanf(line, "out %u", &n) == 1) {
		assert_true(step.nr_out < FRAMES);
		step.out[step.nr_out++] = n;
	} else if (sscanf(line, "kick %u %u", &q, &n) == 2) {
		step.kicks[q] = n;
	} else if (sscanf(line, "notify %u %u", &q, &n) == 2) {
		step.notifies[q] = n;
	} else if (sscanf(line, "poke %u %15s", &step.poke_at, step.poke_hex) == 2) {
		step.poked = true;
		put_hex(after[RX].avail + step.poke_at, step.poke_hex);
	} else if (sscanf(line, "mem %u %15s %u %79s", &q, name, &at, hex) == 4) {
		put_hex(area(&after[q], name) + at, hex);
	} else {
		fail_msg("a line of the trace: %s", line);
	}
}

/*
 * Reads the next step; returns false at the end.  A step with two sent packets also ends the replay: the guest
 * also sent an ARP request in that step, and the second packet may have reused the descriptor of the first.
 */
static bool next_step(void)
{
	unsigned int lines = 0;
	char line[256];

	memset(&step, 0, sizeof(step));
	while (fgets(line, sizeof(line), trace) && strncmp(line, "step", 4)) {
		read_line(line);
		lines++;
	}
	steps += lines != 0;
	return lines && step.nr_out < 2;
}

static void open_trace(const char *name)
{
	char path[128], line[256];
	unsigned int q, num, event;

	snprintf(path, sizeof(path), TRACES "/%s.trace", name);
	trace = fopen(path, "r");
	assert_non_null(trace);
	on_pci = !strncmp(name, "q35", 3);
	memset(after, 0, sizeof(after));
	steps = 0;
	while (fgets(line, sizeof(line), trace)) {
		if (sscanf(line, "ring %u %u %u", &q, &num, &event) == 3) {
			assert_int_equal(num, NUM);
			event_idx = event;
		} else if (!strncmp(line, "step", 4)) {
			break;
		}
	}
}

static void close_trace(void)
{
	fclose(trace);
	assert_true(steps > 60);
}

/* ---- the model, with the driver's recorded writes ----------------------------------------------- */

static struct virtio_device *model;
static struct memory mem[2];
static struct virtqueue queues[2];
static unsigned int raised[2];

static void count_interrupt(void *arg)
{
	++*(unsigned int *)arg;
}

static int replay_probe(struct virtio_device *vdev)
{
	model = vdev;
	for (unsigned int q = 0; q < 2; q++) {
		queues[q] = (struct virtqueue){
			.index = q,
			.num = NUM,
			.irq = request_irq("replay", count_interrupt, &raised[q]),
			.desc = (struct vring_desc *)mem[q].desc,
			.avail = (struct vring_avail *)mem[q].avail,
			.used = (struct vring_used *)mem[q].used,
		};
		assert_int_equal(vdev->ops->enable_queue(vdev, &queues[q]), 0);
	}
	virtio_device_ready(vdev);
	return 0;
}

static struct virtio_driver replay_driver = {
	.name = "replay",
	.device_id = VIRTIO_ID_NET,
	.features = 1ULL << VIRTIO_F_EVENT_IDX,
	.probe = replay_probe,
};

/* Copies the recorded descriptors and available rings, with buffer addresses of this process. */
static void driver_writes(void)
{
	for (unsigned int q = 0; q < 2; q++) {
		memcpy(mem[q].avail, after[q].avail, sizeof(mem[q].avail));
		memcpy(mem[q].desc, after[q].desc, sizeof(mem[q].desc));
		for (unsigned int i = 0; i < NUM; i++)
			queues[q].desc[i].addr = (uintptr_t)bytes[q][i];
	}
}

static void model_step(void)
{
	static u8 frame[BUF];

	raised[RX] = 0;
	if (step.poked)
		put_hex(mem[RX].avail + step.poke_at, step.poke_hex);
	if (step.in) {
		assert_true(virtio_model_rx(frame, step.in));
		assert_int_equal(raised[RX], step.notifies[RX]);
	}
	driver_writes();
	for (unsigned int q = 0; q < 2; q++) {
		if (step.kicks[q])
			model->ops->notify(model, &queues[q]);
	}
	for (unsigned int i = 0; i < step.nr_out; i++)
		assert_int_equal(virtio_model_tx(frame, sizeof(frame)), step.out[i]);
	assert_int_equal(virtio_model_tx(frame, sizeof(frame)), 0);
	for (unsigned int q = 0; q < 2; q++)
		assert_memory_equal(mem[q].used + 2, after[q].used + 2, 2 + 8 * NUM);
	/* The model and QEMU's device have used all transmit buffers: both must ask for a doorbell for the next one. */
	if (event_idx)
		assert_int_equal(word(mem[TX].used + 4 + 8 * NUM),
				 word(after[TX].used + 4 + 8 * NUM));
	else
		assert_int_equal(word(mem[TX].used), word(after[TX].used));
}

static void replay_model(const char *name)
{
	open_trace(name);
	memset(mem, 0, sizeof(mem));
	opt_features = event_idx ? 1ULL << VIRTIO_F_EVENT_IDX : 0;
	opt_ring = NUM;
	virtio_model_probe();
	while (next_step())
		model_step();
	model->ops->set_status(model, 0);
	free_irq(queues[RX].irq);
	free_irq(queues[TX].irq);
	close_trace();
}

/* ---- the driver, with the device's recorded writes ---------------------------------------------- */

static unsigned int doorbells[2];
static struct virtqueue *vq[2];
/* Lengths and number of the received frames that the driver has not taken yet. */
static unsigned int wire[FRAMES], on_wire;

static u16 any_size(struct virtio_device *vdev, unsigned int index)
{
	return NUM;
}

static int accept_any(struct virtio_device *vdev, struct virtqueue *q)
{
	return 0;
}

static void count_doorbell(struct virtio_device *vdev, struct virtqueue *q)
{
	doorbells[q->index]++;
}

static void no_callback(struct virtqueue *q)
{
}

/* Adds the descriptor chain that the trace has in the next entry of the available ring. */
static void give_next(unsigned int q)
{
	u16 id = word(after[q].avail + 4 + 2 * (vq[q]->avail_idx % NUM)), head = id;
	struct vq_sg sg[20];
	unsigned int n = 0;
	const struct vring_desc *desc;

	do {
		desc = (const struct vring_desc *)after[q].desc + id;
		sg[n++] = (struct vq_sg){bytes[q][id], desc->len};
		id = desc->next;
	} while (desc->flags & VRING_DESC_F_NEXT);
	assert_int_equal(virtqueue_add(vq[q], sg, q == TX ? n : 0, q == TX ? 0 : n, bytes[q][head]),
			 0);
	assert_int_equal(vq[q]->desc[head].flags, after[q].desc[16 * head + 12]);
}

static void give_all(unsigned int q)
{
	while (vq[q]->avail_idx != avail_idx(q))
		give_next(q);
	virtqueue_kick(vq[q]);
	assert_memory_equal(&vq[q]->avail->idx, after[q].avail + 2, 2 + 2 * NUM);
}

static void take_received(void)
{
	u32 len;

	for (unsigned int i = 0; i < on_wire; i++) {
		u16 at = vq[RX]->last_used_idx % NUM;
		void *token = virtqueue_get_buf(vq[RX], &len);

		/* The driver must return the buffer that the recorded used ring names. */
		assert_ptr_equal(token, bytes[RX][word(after[RX].used + 4 + 8 * at)]);
		assert_int_equal(len, 12 + wire[i]);
	}
	on_wire = 0;
	assert_null(virtqueue_get_buf(vq[RX], &len));
}

static void driver_step(void)
{
	u32 len;

	memset(doorbells, 0, sizeof(doorbells));
	memcpy(vq[RX]->used, after[RX].used, sizeof(after[RX].used));
	if (step.in)
		wire[on_wire++] = step.in;
	/* Without an interrupt the driver does nothing in this step. */
	if (step.in && !step.notifies[RX])
		return;
	while (virtqueue_get_buf(vq[TX], &len))
		assert_int_equal(len, 0);
	take_received();
	give_all(RX);
	assert_true(virtqueue_enable_cb(vq[RX]));
	if (event_idx)
		assert_int_equal(word((u8 *)&vq[RX]->avail->ring[NUM]),
				 word(after[RX].avail + 4 + 2 * NUM));
	else
		assert_int_equal(vq[RX]->avail->flags, word(after[RX].avail));
	give_all(TX);
	for (unsigned int q = 0; q < 2; q++)
		assert_in_range(doorbells[q], on_pci ? 0 : step.kicks[q], step.kicks[q]);
	memcpy(vq[TX]->used, after[TX].used, sizeof(after[TX].used));
}

static void replay_driver_side(const char *name)
{
	static const struct virtio_transport_ops ops = {
		.queue_max_size = any_size, .enable_queue = accept_any, .notify = count_doorbell};
	struct virtio_device vdev = {.ops = &ops};

	open_trace(name);
	if (event_idx)
		vdev.features = 1ULL << VIRTIO_F_EVENT_IDX;
	for (unsigned int q = 0; q < 2; q++) {
		vq[q] = virtqueue_create(&vdev, q, NUM, "replay", no_callback);
		assert_false(IS_ERR(vq[q]));
	}
	while (next_step())
		driver_step();
	virtqueue_destroy(vq[RX]);
	virtqueue_destroy(vq[TX]);
	assert_int_equal(allocations, 0);
	close_trace();
}

static const char *const traces[] = {"microvm-event", "microvm-flags", "q35-event", "q35-flags"};

static void test_model(void **state)
{
	virtio_register_driver(&replay_driver);
	for (unsigned int i = 0; i < ARRAY_SIZE(traces); i++)
		replay_model(traces[i]);
}

static void test_driver(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(traces); i++)
		replay_driver_side(traces[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The device's side of the rings: a network device that writes arbitrary values into the used rings and the
 * configuration, passes up frames with arbitrary virtio_net_hdr, and raises interrupts at arbitrary times.
 *
 * Each step of an input is an opcode (enum op) and its arguments.  Between the steps the kernel sends and
 * receives data.  The model of tests/host is strict: after a forged field, the driver may return a buffer
 * that the model has, and the model panics.  Such a halt is permitted; a halt with another message is a
 * failure.  Callers and context: see engine.c.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/host/virtio_model.h"

#define STEPS_MAX 24

enum op {
	OP_FORGE, /* field, queue, entry, value */
	OP_LIE,   /* the model violates virtio once (enum virtio_model_lie) */
	OP_FRAME, /* a frame with an arbitrary virtio_net_hdr */
	OP_LINK,
	OP_WRITE, /* the kernel sends */
	OP_DATA,  /* the kernel receives */
	OP_SLEEP,
	OPS,
};

static bool forged;

void harness_setup(void)
{
	const struct fuzz_option options[] = {{"features", MODEL_FEATURES_ALL}, {"queue_size", 16}};

	fuzz_boot(FUZZ_CMDLINE, options, 2);
	wire_setup();
}

bool harness_may_halt(const char *message)
{
	return forged && message && !strncmp(message, "virtio_model: ", 14);
}

/* Returns a value for a field: mostly one near the ring's size (16), sometimes one just below 2^32 or any other. */
static uint32_t take_value(struct input *in)
{
	uint8_t n = take8(in);

	return n < 128 ? n % 40 : n < 192 ? take16(in) : n < 224 ? (uint32_t)n - 256 : take32(in);
}

static void forge(struct input *in)
{
	uint8_t field = take8(in);
	uint8_t at = take8(in);

	forged = true;
	fuzz_leaks_permitted();
	virtio_model_forge(field % MODEL_FIELDS, field / MODEL_FIELDS, at, take_value(in));
	virtio_model_forge(MODEL_FIELD_INTERRUPT, field / MODEL_FIELDS, at >> 7, 0);
}

static void lie(struct input *in)
{
	uint8_t n = take8(in);

	forged = true;
	fuzz_leaks_permitted();
	virtio_model_lie(n % MODEL_LIES, n / MODEL_LIES);
}

static void send_frame(struct input *in)
{
	uint8_t header[12] = {0}, frame[1600] = {0};
	size_t len = 14 + take16(in) % (sizeof(frame) - 14);

	take_bytes(in, header, sizeof(header));
	take_bytes(in, frame, 14 + take8(in) % 64);
	if (take8(in) & 1)
		wire_mend(frame, len, false);
	/* After a forged field the model may panic, so let it process the frame while the kernel runs. */
	if (forged)
		fuzz_put(frame, len);
	else
		virtio_model_rx_header(header, frame, len);
}

static void send_data(struct input *in)
{
	struct flow *f = &flows[FLOW_PLAIN];
	struct segment s = {.flags = WIRE_ACK,
			    .seq = f->snd_nxt,
			    .ack = f->rcv_nxt,
			    .window = 65535,
			    .len = take8(in) * 5u};

	wire_send(f, &s);
	f->snd_nxt += (uint32_t)s.len;
}

void harness_play(struct input *in)
{
	forged = false;
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++) {
		switch (take8(in) % OPS) {
		case OP_FORGE:
			forge(in);
			break;
		case OP_LIE:
			lie(in);
			break;
		case OP_FRAME:
			send_frame(in);
			break;
		case OP_LINK:
			virtio_model_set_link(take8(in) & 1);
			break;
		case OP_WRITE:
			fuzz_call(SYS_sendto, flows[FLOW_PLAIN].fd, PTR(fuzz_user), take16(in),
				  MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
			break;
		case OP_DATA:
			send_data(in);
			break;
		default:
			fuzz_sleep(take8(in) * 10 * MS);
		}
		fuzz_run();
	}
	virtio_model_set_link(true);
}

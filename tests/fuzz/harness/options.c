/* SPDX-License-Identifier: MIT */
/*
 * TCP options: segments with arbitrary option bytes, and with correct sequence numbers and checksums.  They are
 * a SYN to the listener, a SYN-ACK to a connecting socket, and segments of established connections.
 *
 * Each step of an input has the number of a connection (enum flow_name), flags, the length of the options in
 * words, and the option bytes.  Callers and context: see engine.c.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX 8

enum {
	WITH_DATA = 1,
	PATCH_ECR = 2, /* the last eight option bytes become a valid pair of timestamps */
	KERNEL_WRITES = 4,
	PAUSE = 8,
};

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
}

static uint8_t flags_of(enum flow_name name)
{
	switch (name) {
	case FLOW_NEW:
		return WIRE_SYN;
	case FLOW_CONNECTING:
		return WIRE_SYN | WIRE_ACK;
	default:
		return WIRE_ACK;
	}
}

static void play_step(struct input *in)
{
	enum flow_name name = take8(in) % FLOWS;
	struct flow *f = &flows[name];
	uint8_t how = take8(in);
	struct segment s = {
		.flags = flags_of(name), .seq = f->snd_nxt, .ack = f->rcv_nxt, .window = 8192};

	if (f->seen && name == FLOW_NEW)
		s.flags = WIRE_ACK;
	s.options_len = take8(in) % 11 * 4u;
	take_bytes(in, s.options, s.options_len);
	if (how & PATCH_ECR && s.options_len >= 8) {
		pkt_put32(s.options + s.options_len - 8, (uint32_t)(sn_clock() / MS));
		pkt_put32(s.options + s.options_len - 4, f->ts_recent);
	}
	s.len = how & WITH_DATA ? 100 : 0;
	if (how & KERNEL_WRITES && f->fd >= 0)
		fuzz_call(SYS_sendto, f->fd, PTR(fuzz_user), 4000, MSG_DONTWAIT | MSG_NOSIGNAL, 0,
			  0);
	wire_send(f, &s);
	f->snd_nxt += (uint32_t)s.len + !!(s.flags & WIRE_SYN);
	fuzz_run();
	if (how & PAUSE)
		fuzz_sleep(300 * MS);
}

void harness_play(struct input *in)
{
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++)
		play_step(in);
}

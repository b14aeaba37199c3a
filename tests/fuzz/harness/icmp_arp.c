/* SPDX-License-Identifier: MIT */
/*
 * ICMP messages and ARP packets: arbitrary ones, and ICMP errors about segments of the kernel's connections.
 *
 * Each step of an input is an opcode (enum op) and its arguments.  OP_SLEEP lets time pass, so that neighbour
 * entries and path MTUs grow old.  Callers and context: see engine.c.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX 16

enum op {
	OP_ICMP,   /* an ICMP message of arbitrary bytes, with a correct checksum */
	OP_ERROR,  /* an ICMP error about a segment of a connection, with some bytes changed */
	OP_ARP,    /* an ARP packet of arbitrary bytes */
	OP_ANSWER, /* a correct ARP packet, with some bytes changed */
	OP_SLEEP,
	OP_WRITE, /* the kernel sends data */
	OPS,
};

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
}

static void send_icmp(struct input *in)
{
	uint8_t message[600];
	size_t len = take_bytes(in, message, take16(in) % sizeof(message));

	if (len < 4)
		return;
	pkt_sum_icmp(message, len);
	wire_send_ip(FUZZ_REMOTE, PKT_PROTO_ICMP, message, len);
}

/* Replaces bytes at @at.  The input has the number of these bytes, then the position and the value of each. */
static void change(struct input *in, uint8_t *at, size_t len)
{
	for (unsigned int n = take8(in) % 8; n > 0; n--)
		at[take8(in) % len] = take8(in);
}

static void send_error(struct input *in)
{
	uint8_t message[PKT_ICMP + PKT_IP + PKT_TCP] = {0}, *ip = message + PKT_ICMP;
	const struct flow *f = &flows[take8(in) % FLOWS];
	size_t len = sizeof(message) - take8(in) % 29;

	message[0] = take8(in) % 20;
	message[1] = take8(in) % 20;
	pkt_put16(message + 6, take16(in));
	pkt_put_ip(ip, PKT_PROTO_TCP, FUZZ_IP, FUZZ_REMOTE, PKT_TCP);
	pkt_put16(ip + PKT_IP, f->kernel_port);
	pkt_put16(ip + PKT_IP + 2, f->port);
	pkt_put32(ip + PKT_IP + 4, f->rcv_nxt - take8(in));
	change(in, message, sizeof(message));
	pkt_sum_icmp(message, len);
	wire_send_ip(FUZZ_GATEWAY, PKT_PROTO_ICMP, message, len);
}

static void send_arp(struct input *in, bool right)
{
	uint8_t frame[60] = {0}, *arp = frame + PKT_ETH;

	pkt_put_eth(frame, take8(in) & 1 ? 0xffffffffffffULL : FUZZ_MAC, FUZZ_PEER, 0x0806);
	if (right) {
		pkt_put32(arp, 0x00010800);
		pkt_put32(arp + 4, 0x06040000u + 1 + take8(in) % 2);
		memcpy(arp + 8, frame + 6, 6);
		pkt_put32(arp + 14, take8(in) & 1 ? FUZZ_GATEWAY : FUZZ_IP + take8(in));
		memcpy(arp + 18, frame, 6);
		pkt_put32(arp + 24, FUZZ_IP);
		change(in, arp, 28);
	} else {
		take_bytes(in, arp, 28);
	}
	fuzz_put(frame, take8(in) & 1 ? sizeof(frame) : PKT_ETH + 28);
}

void harness_play(struct input *in)
{
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++) {
		switch (take8(in) % OPS) {
		case OP_ICMP:
			send_icmp(in);
			break;
		case OP_ERROR:
			send_error(in);
			break;
		case OP_ARP:
			send_arp(in, false);
			break;
		case OP_ANSWER:
			send_arp(in, true);
			break;
		case OP_SLEEP:
			fuzz_sleep((1 + take8(in)) * (take8(in) & 1 ? 4 * SEC : 10 * MS));
			break;
		default:
			fuzz_call(SYS_sendto, flows[take8(in) % FLOWS].fd, PTR(fuzz_user),
				  take16(in), MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
		}
		fuzz_run();
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The peer's side of TCP connections, for harnesses: opens one connection for each state, follows sequence
 * numbers, sends segments relative to them, corrects checksums and lengths of frames.
 *
 * harness_setup() calls wire_setup().  Before each input, the fuzzer restores the kernel's memory, but not the array
 * flows[] below.  So harness_play() calls wire_begin() first, which resets flows[].
 */
#ifndef TESTS_FUZZ_WIRE_H
#define TESTS_FUZZ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PORT 7 /* the kernel's listener */

enum flow_name {
	FLOW_NEW,         /* closed; a SYN meets the listener */
	FLOW_ESTABLISHED, /* with timestamps, SACK, window scaling */
	FLOW_PLAIN,       /* established, without options */
	FLOW_CONNECTING,  /* SYN_SENT */
	FLOW_HALF_OPEN,   /* a request of the listener */
	FLOW_FIN_WAIT,    /* the kernel sent FIN, and the peer acknowledged it */
	FLOW_CLOSE_WAIT,
	FLOW_TIME_WAIT,
	FLOWS,
};

struct flow {
	uint16_t port, kernel_port;
	uint32_t snd_nxt, rcv_nxt; /* next sequence numbers that the peer sends and expects */
	uint32_t ts_recent;        /* the kernel's last TSval */
	bool seen;                 /* the kernel has sent a segment */
	int fd;                    /* the kernel's descriptor; -1: none */
};
extern struct flow flows[FLOWS];
extern int wire_listener; /* the listener's descriptor */

void wire_setup(void);
void wire_begin(void);

#define WIRE_FIN 1
#define WIRE_SYN 2
#define WIRE_RST 4
#define WIRE_PSH 8
#define WIRE_ACK 16

struct segment {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t options[40];
	size_t options_len; /* a multiple of 4 */
	const uint8_t *data;
	size_t len;
	uint8_t ttl, tos; /* ttl 0: 64 */
};
/* Sends @s from the peer's end of @f; the kernel sees it when it runs. */
void wire_send(const struct flow *f, const struct segment *s);
/* Sends @len bytes behind an IP header with these values, from @from to the kernel. */
void wire_send_ip(uint32_t from, unsigned int proto, const uint8_t *body, size_t len);

/*
 * Corrects the fields of a frame that the kernel checks first: IP version, length and checksum, then the
 * checksum of TCP or ICMP, as far as the frame has these fields.  @keep_length: IP's total length stays.
 */
void wire_mend(uint8_t *frame, size_t len, bool keep_length);

#endif

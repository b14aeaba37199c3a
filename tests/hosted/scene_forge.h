/* SPDX-License-Identifier: MIT */
/*
 * Segments that neither host sent. A scene fills in the fields of a segment and puts the segment on
 * the wire, as if the peer had sent it.
 *
 *	struct forged f = forged_of(&p, RST_FLAG);	the next segment of A, with another flag
 *
 *	f.seq += 1000;
 *	forge(&f);
 */
#ifndef TESTS_HOSTED_SCENE_FORGE_H
#define TESTS_HOSTED_SCENE_FORGE_H

#include "tests/hosted/scene.h"

#define FIN_FLAG    0x01
#define SYN_FLAG    0x02
#define RST_FLAG    0x04
#define PSH_FLAG    0x08
#define ACK_FLAG    0x10
#define URG_FLAG    0x20
#define OPTIONS_MAX 40

struct forged {
	struct host *to;       /* receiver, NULL means B; the other host is the apparent sender */
	struct pair *p;        /* the connection whose ports are used; NULL: use sport and dport */
	uint32_t saddr, daddr; /* 0: the sender's and the receiver's address */
	uint64_t link;         /* Ethernet destination as a number; 0: the receiver's address */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint8_t options[OPTIONS_MAX];
	unsigned int options_len; /* a multiple of four */
	const char *data;
	unsigned int doff;   /* header length in 32-bit words; 0: the correct length */
	unsigned int window; /* window field; 0 means 1000 */
	bool no_window;      /* sets the window field to 0 */
	uint16_t urgent;
	bool bad_sum;
};

/* Sends @f, which arrives a millisecond later, and lets 10 ms pass. */
void forge(const struct forged *f);
/* Sends @f and lets no time pass, so that many segments can arrive at once. */
void forge_now(const struct forged *f);
/* Returns the sequence number after the last segment of @h. */
uint32_t next_of(struct host *h);
/*
 * Appends an option of @n bytes as they are; the length of all options together must be a multiple
 * of four.
 */
void forge_option(struct forged *f, const void *bytes, unsigned int n);
/* Returns how many sequence numbers @f takes, for its data, SYN and FIN. */
uint32_t forge_length(const struct forged *f);
/* Makes a timestamp option the only option of @f. */
void stamp(struct forged *f, uint32_t tsval, uint32_t tsecr);
/*
 * Sends the sender of @s an ICMP error about @s, "host unreachable" (RFC 792, type 3, code 1), and
 * lets 10 ms pass.
 */
void forge_unreachable(const struct seg *s);
/* Returns the segment that A would send next on @p, but with @flags. */
struct forged forged_of(struct pair *p, uint8_t flags);

/* An ICMP error to A that quotes a segment which A sent on @p. */
struct icmp_error {
	struct pair *p;
	uint8_t type, code;
	uint16_t mtu;     /* of the next hop, if the code is "fragmentation needed" */
	uint32_t seq;     /* sequence number of the quoted segment */
	uint16_t tot_len; /* length of the quoted packet in bytes; 0: 1500 */
	uint32_t from;    /* address of the router that reports; 0: B's */
};
/* Sends @e, which arrives a millisecond later, and lets no time pass. */
void forge_icmp(const struct icmp_error *e);

/* Sends @f as fragments of at most @mtu bytes, the last one first, and lets no time pass. */
void forge_in_fragments(const struct forged *f, size_t mtu);
/*
 * Sends B a ping of A with @len bytes of data, as fragments of at most @mtu bytes, the last one
 * first, and lets no time pass.
 */
void forge_ping(size_t len, size_t mtu);

#endif

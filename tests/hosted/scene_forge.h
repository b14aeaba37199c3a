/* SPDX-License-Identifier: MIT */
/*
 * Segments that neither host sent: a scene writes one field by field and puts it on the wire, as if it
 * came from the peer.
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
	struct host *to;       /* the receiver, NULL: B; the other host is the apparent sender */
	struct pair *p;        /* on this connection; NULL: ports are given */
	uint32_t saddr, daddr; /* 0: those of these two */
	uint64_t link;         /* Ethernet destination as a number; 0: right */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint8_t options[OPTIONS_MAX];
	unsigned int options_len; /* a multiple of four */
	const char *data;
	unsigned int doff;   /* 0: right */
	unsigned int window; /* 0: 1000 */
	bool no_window;      /* really 0 */
	uint16_t urgent;
	bool bad_sum;
};

/* Arrives a millisecond later; so much time passes, and a little more. */
void forge(const struct forged *f);
/* The same, and no time passes: for many at once. */
void forge_now(const struct forged *f);
/* The number that follows all that @h sent. */
uint32_t next_of(struct host *h);
/* One more option, as it stands; the whole must come to words. */
void forge_option(struct forged *f, const void *bytes, unsigned int n);
/* Sequence numbers that it takes: bytes, SYN and FIN. */
uint32_t forge_length(const struct forged *f);
/* The timestamp option, and no other. */
void stamp(struct forged *f, uint32_t tsval, uint32_t tsecr);
/*
 * ICMP: a router tells the sender of @s that its host cannot be reached (RFC 792, type 3, code 1).
 * As forge().
 */
void forge_unreachable(const struct seg *s);
/* The segment that A would send to B on @p, now. */
struct forged forged_of(struct pair *p, uint8_t flags);

/* An ICMP error to A about a segment of its side of @p; @from: 0 is B, else any router's address. */
struct icmp_error {
	struct pair *p;
	uint8_t type, code;
	uint16_t mtu;     /* of the next hop, where the code is "fragmentation needed" */
	uint32_t seq;     /* of the segment that it quotes */
	uint16_t tot_len; /* and its length; 0: 1500 */
	uint32_t from;
};
/* Arrives a millisecond later; no time passes. */
void forge_icmp(const struct icmp_error *e);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Declarations that watch.c and watch_sack.c share: an observed segment, and one end of a connection.
 */
#ifndef TESTS_SIM_WATCH_H
#define TESTS_SIM_WATCH_H

#include "tests/sim/sim.h"
#include "tests/wire/pkt.h"

#define FIN   0x01
#define SYN   0x02
#define RST   0x04
#define ACK   0x10
#define ECE   0x40
#define CWR   0x80
#define ECT_0 2

/* One end of a connection, as far as its segments have shown it. */
struct half {
	bool known; /* its SYN was seen; the fields below are valid */
	uint32_t isn;
	uint32_t end; /* highest sequence number that it sent, + 1 */
	/* right edge of the window that it offered, in sequence numbers of the other end */
	uint32_t edge;
	bool has_edge;
	uint32_t ack; /* acknowledgment number that it sent last */
	bool has_ack, fin;
	unsigned int longest; /* bytes in the longest segment that it sent */
	bool has_wscale, has_ts, has_sack;
	unsigned int wscale, mss;
	bool ecn_offered;  /* a SYN of this end had ECE and CWR */
	bool ecn_accepted; /* its SYN-ACK had ECE alone */
	bool was_marked;   /* a packet to this end got a CE mark */
	bool is_dctcp;     /* its congestion control sends all packets with ECT (RFC 8257) */
};

struct segment {
	unsigned int connection, side;
	const uint8_t *data;
	uint32_t seq, ack;
	unsigned int flags, window, options, len, ecn;
	bool is_peers; /* sent by peer.py, not by our kernel */
	/* options */
	unsigned int mss, wscale;
	bool has_mss, has_wscale, has_ts, has_sack; /* has_sack: "SACK permitted" */
	uint32_t tsval;
	uint64_t at; /* ns: the time at which it is sent, or arrives */
	unsigned int nr_blocks;
	struct pkt_block blocks[PKT_BLOCKS_MAX];
};

/* Returns how far sequence number @a is ahead of @b; negative: behind. */
static inline int32_t ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* ---- watch_sack.c ----------------------------------------------------------------------------- */

void sack_begin(void); /* a run begins */
/* The end @side of @connection begins a new stream. */
void sack_stream(unsigned int connection, unsigned int side);
/* The segment @s arrives at the time s->at; @half: both ends of its connection. */
void sack_arrival(const struct half *half, const struct segment *s);
/* Checks the blocks of @s, which @me sends, and whether its data was SACKed before; returns NULL, or the error. */
const char *sack_judge(const struct half *me, const struct half *other, const struct segment *s);

#endif

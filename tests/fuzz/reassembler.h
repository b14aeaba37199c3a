/* SPDX-License-Identifier: MIT */
/*
 * A simple reassembler of IPv4 datagrams, with which the harness `fragments` compares the kernel's.
 *
 * It knows the rules of RFC 791 3.2, RFC 5722 (a datagram with fragments that overlap is dropped) and RFC 3168 5.3,
 * and the limit of incomplete datagrams of one source.  It has no clock and no limit of memory: the harness says which
 * datagrams expired.  It keeps fragments in a list that it searches from the beginning; the kernel has a tree.
 *
 * Callers: tests/fuzz/harness/fragments.c.  One thread, no lock.
 */
#ifndef TESTS_FUZZ_REASSEMBLER_H
#define TESTS_FUZZ_REASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIECE_MAX  1480 /* bytes of a fragment's payload */
#define PIECES_MAX 1200 /* fragments of one input */

/* A fragment as it is on the wire. */
struct piece {
	uint32_t saddr, daddr;
	uint16_t id;
	uint8_t proto, ecn;
	bool more;           /* the bit "more fragments" */
	unsigned int header; /* bytes of the IP header */
	unsigned int start;  /* offset of the payload in the datagram, a multiple of 8 */
	unsigned int len;    /* bytes of the payload */
	const uint8_t *data;
};

/* Counters with the meaning of the kernel's in /proc/net/snmp. */
struct reassembler_counts {
	uint64_t requests, oks, fails, timeouts;
	uint64_t incomplete; /* datagrams that wait for fragments */
};
extern struct reassembler_counts reassembler;

/* Forgets all datagrams and counts. */
void reassembler_begin(void);
/* Takes a fragment at the time @now, whose data must stay valid.  Returns the length of the datagram that it completes,
 * of which *@datagram has the payload until the next call, or 0. */
size_t reassembler_add(const struct piece *piece, uint64_t now, const uint8_t **datagram);
/* Returns the time of the first fragment of the oldest incomplete datagram, or ~0 if there is none. */
uint64_t reassembler_oldest(void);
/* Drops the oldest incomplete datagram.  Returns whether its first fragment had arrived. */
bool reassembler_expire(void);

#endif

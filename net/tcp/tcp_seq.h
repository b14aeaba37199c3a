/* SPDX-License-Identifier: MIT */
/*
 * Sequence numbers (RFC 9293 3.4) have 32 bits and wrap, so they must not be compared with < or >.
 * Use these three functions; tests/tidy rejects < and > on such names.  Any context.
 */
#ifndef NET_TCP_TCP_SEQ_H
#define NET_TCP_TCP_SEQ_H

#include "kernel/types.h"

/* Returns true if @seq1 is before @seq2; correct as long as they are less than 2^31 apart. */
static inline bool before(u32 seq1, u32 seq2)
{
	return (s32)(seq1 - seq2) < 0;
}

#define after(seq2, seq1) before(seq1, seq2)

/* Returns true if @seq1 is in [@seq2, @seq3], both ends included. */
static inline bool between(u32 seq1, u32 seq2, u32 seq3)
{
	return seq3 - seq2 >= seq1 - seq2;
}

#endif

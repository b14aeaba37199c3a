/* SPDX-License-Identifier: MIT */
/*
 * Reads numbers in the tables of source lines and of stack frames (tools/elf.py writes them).  A
 * number consists of nibbles with three bits each, the low bits first; the fourth bit is set if
 * more nibbles follow.  In a byte, the low nibble comes first.  Any context, also in a panic: never
 * reads outside of the table.
 */
#ifndef KERNEL_X86_NIBBLES_H
#define KERNEL_X86_NIBBLES_H

#include "kernel/types.h"

/* Largest shift of a nibble: a number has at most 33 bits. The tables hold differences, which are smaller. */
#define NIBBLES_SHIFT_MAX 30

struct nibbles {
	const u8 *p, *end;
	bool high; /* the low nibble of *p was read already */
	bool over; /* the table has ended, or has an invalid value */
};

static inline u64 nibbles_read(struct nibbles *r)
{
	unsigned int shift = 0;
	u64 value = 0;
	u8 half;

	do {
		if (r->p >= r->end || shift > NIBBLES_SHIFT_MAX) {
			r->over = true;
			return 0;
		}
		half = r->high ? *r->p++ >> 4 : *r->p & 15;
		r->high = !r->high;
		value |= (u64)(half & 7) << shift;
		shift += 3;
	} while (half & 8);
	return value;
}

#endif

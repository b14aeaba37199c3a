/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the tables of lines and of frames: three bits a nibble, the low ones first, the fourth bit
 * says that more follow; the low half of a byte comes first (tools/elf.py writes them).
 * Any context, also while dying: nothing is read outside of the table.
 */
#ifndef KERNEL_X86_NIBBLES_H
#define KERNEL_X86_NIBBLES_H

#include "kernel/types.h"

#define NIBBLES_SHIFT_MAX 30 /* of a number's three bits: no address and no line needs more */

struct nibbles {
	const u8 *p, *end;
	bool high; /* the low half of *p was read */
	bool over; /* the table ended, or has a senseless value */
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

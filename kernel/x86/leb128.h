/* SPDX-License-Identifier: MIT */
/*
 * Reads numbers in the tables that are linked into the image.  The format is DWARF's unsigned
 * LEB128: seven bits in each byte, the low bits first; the top bit is set if more bytes follow.
 * Any context.
 */
#ifndef KERNEL_X86_LEB128_H
#define KERNEL_X86_LEB128_H

#include "kernel/types.h"

/* Reads a number and advances *@p.  At @end returns 0 and leaves *@p unchanged. */
static inline u64 leb128_read(const u8 **p, const u8 *end)
{
	unsigned int shift = 0;
	u64 value = 0;
	u8 byte = 0x80;

	while (*p < end && shift < 64 && (byte & 0x80)) {
		byte = *(*p)++;
		value |= (u64)(byte & 0x7f) << shift;
		shift += 7;
	}
	return value;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the tables that are linked into the image: seven bits a byte, the low ones first, the
 * top bit says that more follow (DWARF's unsigned LEB128).  Any context.
 */
#ifndef KERNEL_X86_LEB128_H
#define KERNEL_X86_LEB128_H

#include "kernel/types.h"

/* 0, and @p stays, at @end: further reads fail too. */
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

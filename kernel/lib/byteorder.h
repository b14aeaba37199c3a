/* SPDX-License-Identifier: MIT */
/*
 * Byte order conversions, and loads and stores at unaligned addresses.  Any context.  The names are
 * those of Linux's asm/byteorder.h and asm/unaligned.h; the machine is little-endian.
 */
#ifndef KERNEL_LIB_BYTEORDER_H
#define KERNEL_LIB_BYTEORDER_H

#include "kernel/types.h"

static inline u16 ntohs(__be16 x)
{
	return __builtin_bswap16(x);
}
static inline __be16 htons(u16 x)
{
	return __builtin_bswap16(x);
}
static inline u32 ntohl(__be32 x)
{
	return __builtin_bswap32(x);
}
static inline __be32 htonl(u32 x)
{
	return __builtin_bswap32(x);
}
/* htons() as a constant expression, for static initializers. */
#define HTONS_CONST(x) ((__be16)((((x)&0xff) << 8) | (((x) >> 8) & 0xff)))

static inline u16 get_unaligned_be16(const void *p)
{
	u16 v;
	__builtin_memcpy(&v, p, sizeof(v));
	return ntohs(v);
}
static inline u32 get_unaligned_be32(const void *p)
{
	u32 v;
	__builtin_memcpy(&v, p, sizeof(v));
	return ntohl(v);
}
static inline void put_unaligned_be16(u16 v, void *p)
{
	v = htons(v);
	__builtin_memcpy(p, &v, sizeof(v));
}
static inline void put_unaligned_be32(u32 v, void *p)
{
	v = htonl(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif

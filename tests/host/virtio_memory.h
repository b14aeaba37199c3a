/* SPDX-License-Identifier: MIT */
/*
 * The device model's access to memory that it shares with the driver: little-endian, and volatile
 * because the driver may change it at any time.
 */
#ifndef TESTS_HOST_VIRTIO_MEMORY_H
#define TESTS_HOST_VIRTIO_MEMORY_H

#include "kernel/types.h"

static inline u16 load16(const u8 *p)
{
	return *(const volatile u16 *)p;
}

static inline void store16(u8 *p, u16 v)
{
	*(volatile u16 *)p = v;
}

static inline u32 load32(const u8 *p)
{
	return *(const volatile u32 *)p;
}

static inline void store32(u8 *p, u32 v)
{
	*(volatile u32 *)p = v;
}

static inline u64 load64(const u8 *p)
{
	return *(const volatile u64 *)p;
}

#endif

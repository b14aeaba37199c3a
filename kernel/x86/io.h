/* SPDX-License-Identifier: MIT */
/*
 * Port input and output, and access to device registers in memory.  Any context.  Callers serialise
 * their accesses to a device.  Device registers are little-endian, as the CPU is.  Compare
 * Linux's asm/io.h.
 */
#ifndef KERNEL_X86_IO_H
#define KERNEL_X86_IO_H

#include "kernel/types.h"

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/*
 * Each function from readb() to writel() makes exactly one access of the given width, which the
 * compiler does not merge, split or reorder.
 */
static inline u8 readb(const volatile void *reg)
{
	return *(const volatile u8 *)reg;
}

static inline u16 readw(const volatile void *reg)
{
	return *(const volatile u16 *)reg;
}

static inline u32 readl(const volatile void *reg)
{
	return *(const volatile u32 *)reg;
}

static inline void writeb(u8 value, volatile void *reg)
{
	*(volatile u8 *)reg = value;
}

static inline void writew(u16 value, volatile void *reg)
{
	*(volatile u16 *)reg = value;
}

static inline void writel(u32 value, volatile void *reg)
{
	*(volatile u32 *)reg = value;
}

/*
 * Reads a field of @len bytes: with one access if it is aligned and 2 or 4 bytes wide, as devices
 * require; else byte by byte.
 */
static inline void read_field(void *buf, const volatile u8 *reg, unsigned int len)
{
	if (len == 2 && !((u64)reg & 1)) {
		u16 v = readw(reg);
		__builtin_memcpy(buf, &v, sizeof(v));
	} else if (len == 4 && !((u64)reg & 3)) {
		u32 v = readl(reg);
		__builtin_memcpy(buf, &v, sizeof(v));
	} else {
		for (unsigned int i = 0; i < len; i++)
			((u8 *)buf)[i] = readb(reg + i);
	}
}

#endif

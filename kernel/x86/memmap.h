/* SPDX-License-Identifier: MIT */
/*
 * The memory map of struct boot_info: how a door fills it, and how early code takes from it.
 *
 * Boot only, interrupts off, before kernel_main().  Answers to Linux's arch/x86/kernel/e820.c and
 * mm/memblock.c.
 */
#ifndef KERNEL_X86_MEMMAP_H
#define KERNEL_X86_MEMMAP_H

#include "boot/boot_info.h"

/*
 * Says that [@base, @base + @size) is of @type.  Any earlier type of a part of it is
 * overridden; the map stays sorted and free of overlaps, and neighbours of one type are one entry.
 * False when BOOT_MEM_MAX was reached, so that a piece of the map was lost (memory is then wasted,
 * never given out twice).
 */
bool memmap_set(struct boot_info *boot, phys_addr_t base, u64 size, enum boot_mem_type type);

/* The entry that holds @pa, or NULL. */
const struct boot_mem *memmap_find(const struct boot_info *boot, phys_addr_t pa);

#endif

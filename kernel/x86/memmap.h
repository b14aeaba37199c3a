/* SPDX-License-Identifier: MIT */
/*
 * The memory map of struct boot_info: functions to fill it and to take memory from it early in the
 * boot.
 *
 * Boot only, interrupts off, before kernel_main().  Compare Linux's arch/x86/kernel/e820.c and
 * mm/memblock.c.
 */
#ifndef KERNEL_X86_MEMMAP_H
#define KERNEL_X86_MEMMAP_H

#include "boot/boot_info.h"

/*
 * Marks [@base, @base + @size) as memory of type @type, whatever type its parts had before.  The
 * map stays sorted and without overlaps, and neighbours of the same type are joined.  Returns false
 * if the map has reached BOOT_MEM_MAX entries and has lost a piece: the memory of that piece is
 * then not used.
 */
bool memmap_set(struct boot_info *boot, phys_addr_t base, u64 size, enum boot_mem_type type);

/*
 * Marks the pages of @boot's initrd in the map.  If they do not lie in usable memory, the initrd is
 * dropped: its size becomes 0.  Returns false in that case, or if the map is full.
 */
bool memmap_add_initrd(struct boot_info *boot);

/* Returns the entry of the map that contains @pa, or NULL. */
const struct boot_mem *memmap_find(const struct boot_info *boot, phys_addr_t pa);

#endif

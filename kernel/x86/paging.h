/* SPDX-License-Identifier: MIT */
/*
 * The final page tables, and functions to map more memory later.
 *
 * paging_init() at boot, before kernel_main().  paging_map() and paging_unmap() in process context
 * once the page allocator is up; the caller owns the virtual range.
 */
#ifndef KERNEL_X86_PAGING_H
#define KERNEL_X86_PAGING_H

#include "boot/boot_info.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_USER     BIT(2) /* ring 3 may access the page */
#define PTE_UNCACHED (BIT(3) | BIT(4))
/* the entry maps a page of 2 MiB or 1 GiB; only in tables above the last level */
#define PTE_LARGE   BIT(7)
#define PTE_NX      BIT(63)
#define PTE_ADDRESS 0x000ffffffffff000UL

/* An entry of a table maps 4 KiB at level 0, 2 MiB at level 1, 1 GiB at level 2. */
#define TABLE_SLOTS        512
#define LEVEL_SHIFT(level) (12 + 9 * (level))
#define LEVEL_SIZE(level)  (1UL << LEVEL_SHIFT(level))

#define MAP_RX     (PTE_PRESENT)
#define MAP_RO     (PTE_PRESENT | PTE_NX)
#define MAP_RW     (PTE_PRESENT | PTE_WRITE | PTE_NX)
#define MAP_DEVICE (MAP_RW | PTE_UNCACHED)

/*
 * Builds and loads the final page tables.  Marks the memory of the image and of the tables as used
 * in @boot's memory map.
 */
void paging_init(struct boot_info *boot);

/*
 * Maps [@pa, @pa + @size) at @va, all page-aligned, in 4 KiB pages.  Returns false if there is no
 * memory for a table.  The pages that were mapped until then stay mapped: the caller unmaps them or
 * maps over them.
 */
bool paging_map(u64 va, phys_addr_t pa, size_t size, u64 flags);
/* Unmaps one 4 KiB page.  Returns its physical address, or 0 if nothing was mapped at @va. */
phys_addr_t paging_unmap(u64 va);

/* The table of the highest level (3). */
u64 *paging_root(void);
/* The number of tables of the program's half, without the root. */
extern u64 paging_user_tables;
static inline unsigned int paging_slot(u64 va, unsigned int level)
{
	return (va >> LEVEL_SHIFT(level)) % TABLE_SLOTS;
}
/*
 * Returns the table entry for @va at @level.  With @make, creates the missing tables above it.
 * Returns NULL if a table is missing, or if there is no memory for one, or if a larger page covers
 * @va.
 */
u64 *paging_entry(u64 va, unsigned int level, bool make);

/*
 * Maps a table of the firmware, cached and read-only, in the device area.  Returns NULL if there is
 * no memory.
 */
const void *paging_map_firmware(phys_addr_t pa, size_t size);

/* Any context. */
bool paging_is_text(u64 address);
bool paging_is_stack_guard(u64 address);
/*
 * Returns true if @address lies in the area of hal_stack_alloc()'s stacks (stack.c).  If nothing is
 * mapped at such an address, a fault there means that a stack has overflowed.
 */
bool stack_is_guard(u64 address);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Page tables: the final ones, and what is mapped into them later.
 *
 * paging_init() at boot, before kernel_main().  paging_map() and paging_unmap() in process context
 * once the page allocator is up; the caller owns the virtual range.
 */
#ifndef KERNEL_X86_PAGING_H
#define KERNEL_X86_PAGING_H

#include "boot/boot_info.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_UNCACHED (BIT(3) | BIT(4))
#define PTE_LARGE    BIT(7) /* in a directory: a page of 2 MiB or 1 GiB, not a table */
#define PTE_NX       BIT(63)
#define PTE_ADDRESS  0x000ffffffffff000UL

#define MAP_RX     (PTE_PRESENT)
#define MAP_RO     (PTE_PRESENT | PTE_NX)
#define MAP_RW     (PTE_PRESENT | PTE_WRITE | PTE_NX)
#define MAP_DEVICE (MAP_RW | PTE_UNCACHED)

/* Builds and loads the final tables; enters the image and the tables into @boot's memory map. */
void paging_init(struct boot_info *boot);

/*
 * Maps [@pa, @pa + @size) at @va, all page-aligned, in 4 KiB pages.  False when there is no memory
 * for a table; pages mapped until then stay (the caller unmaps them or maps over them).
 */
bool paging_map(u64 va, phys_addr_t pa, size_t size, u64 flags);
/* Unmaps one 4 KiB page and returns its physical address, or 0 when nothing was mapped there. */
phys_addr_t paging_unmap(u64 va);

/* Firmware's tables: cached, read-only, in the device area.  NULL when out of memory. */
const void *paging_map_firmware(phys_addr_t pa, size_t size);

/* Any context. */
bool paging_is_text(u64 address);
bool paging_is_stack_guard(u64 address);
/* stack.c: does @address lie in the area of guarded stacks (hal_stack_alloc()), below a slot's stack? */
bool stack_is_guard(u64 address);

#endif

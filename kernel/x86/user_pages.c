/* SPDX-License-Identifier: MIT */
/*
 * The page tables of the program's half of the address space.
 *
 * Callers: kernel/mm, for mmap, munmap, mprotect and page faults, and the ELF loader, in process
 * context.  No lock here: kernel/mm excludes two changes of the same address, and there is one CPU.
 * kernel/hal.h has the contracts.
 *
 * An entry that is not 0 holds a page, present or not: with protection 0 (PROT_NONE) the present bit
 * is clear, and the address stays in the entry.  Compare Linux's mm/memory.c and
 * arch/x86/include/asm/pgtable.h.
 */
#include "kernel/hal.h"

#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"

#define ROOT_LEVEL 3

/* The bit of an entry that software may use: it keeps an entry for physical address 0 from being 0. */
#define PTE_KEPT BIT(9)

static u64 entry_of(phys_addr_t pa, unsigned int prot)
{
	u64 entry = pa | PTE_KEPT;

	if (prot)
		entry |= PTE_PRESENT | PTE_USER;
	if (prot & HAL_PROT_WRITE)
		entry |= PTE_WRITE;
	if (!(prot & HAL_PROT_EXEC))
		entry |= PTE_NX;
	return entry;
}

static unsigned int prot_of(u64 entry)
{
	unsigned int prot = HAL_PROT_READ;

	if (!(entry & PTE_PRESENT))
		return 0;
	if (entry & PTE_WRITE)
		prot |= HAL_PROT_WRITE;
	if (!(entry & PTE_NX))
		prot |= HAL_PROT_EXEC;
	return prot;
}

static void check_address(u64 va)
{
	BUG_ON(va % PAGE_SIZE || va < HAL_USER_START || va >= HAL_USER_END);
}

/* Flush only if the old entry was present: the TLB holds no other entries. */
static void set_entry(u64 *entry, u64 va, u64 value)
{
	u64 old = *entry;

	*entry = value;
	if (old & PTE_PRESENT)
		invlpg((const void *)va);
}

bool hal_user_has_table(u64 va)
{
	check_address(va);
	return paging_entry(va, 0, false);
}

u64 hal_user_tables(void)
{
	return paging_user_tables;
}

int hal_user_map(u64 va, phys_addr_t pa, unsigned int prot)
{
	u64 *entry;

	check_address(va);
	entry = paging_entry(va, 0, true);
	if (!entry)
		return -ENOMEM;
	set_entry(entry, va, entry_of(pa, prot));
	return 0;
}

phys_addr_t hal_user_lookup(u64 va, unsigned int *prot)
{
	const u64 *entry;

	check_address(va);
	entry = paging_entry(va, 0, false);
	if (!entry || !*entry)
		return 0;
	if (prot)
		*prot = prot_of(*entry);
	return *entry & PTE_ADDRESS;
}

phys_addr_t hal_user_unmap(u64 va)
{
	phys_addr_t pa;
	u64 *entry;

	check_address(va);
	entry = paging_entry(va, 0, false);
	if (!entry || !*entry)
		return 0;
	pa = *entry & PTE_ADDRESS;
	set_entry(entry, va, 0);
	return pa;
}

void hal_user_protect(u64 va, unsigned int prot)
{
	u64 *entry;

	check_address(va);
	entry = paging_entry(va, 0, false);
	if (entry && *entry)
		set_entry(entry, va, entry_of(*entry & PTE_ADDRESS, prot));
}

/* Returns the first address behind the range that the entry for @va at @level covers. */
static u64 range_end(u64 va, unsigned int level)
{
	return ALIGN_DOWN(va, LEVEL_SIZE(level)) + LEVEL_SIZE(level);
}

u64 hal_user_next(u64 va, u64 end)
{
	while (va < end) {
		const u64 *table = paging_root();
		unsigned int level;

		for (level = ROOT_LEVEL; level > 0; level--) {
			u64 entry = table[paging_slot(va, level)];

			if (!(entry & PTE_PRESENT))
				break;
			table = hal_phys_to_virt(entry & PTE_ADDRESS);
		}
		if (level > 0) {
			va = range_end(va, level);
			continue;
		}
		for (unsigned int slot = paging_slot(va, 0); slot < TABLE_SLOTS; slot++) {
			if (table[slot])
				return min(va, end);
			va += PAGE_SIZE;
		}
	}
	return end;
}

static bool table_is_empty(const u64 *table)
{
	for (unsigned int slot = 0; slot < TABLE_SLOTS; slot++)
		if (table[slot])
			return false;
	return true;
}

/*
 * Frees the empty tables below @table that overlap [@start, @end). @table is of @level and maps
 * addresses from @base on.
 */
static void free_below(u64 *table, unsigned int level, u64 base, u64 start, u64 end)
{
	for (unsigned int slot = 0; slot < TABLE_SLOTS; slot++) {
		u64 first = base + slot * LEVEL_SIZE(level);
		u64 *lower;

		if (first >= end)
			return;
		if (!(table[slot] & PTE_PRESENT) || first + LEVEL_SIZE(level) <= start)
			continue;
		lower = hal_phys_to_virt(table[slot] & PTE_ADDRESS);
		if (level > 1)
			free_below(lower, level - 1, first, start, end);
		if (!table_is_empty(lower))
			continue;
		table[slot] = 0;
		/* This also drops the CPU's cached entries of higher levels (SDM vol. 3, 4.10.4.1). */
		invlpg((const void *)first);
		free_pages(lower, 0);
		paging_user_tables--;
	}
}

void hal_user_free_tables(u64 start, u64 end)
{
	BUG_ON(end > HAL_USER_END);
	free_below(paging_root(), ROOT_LEVEL, 0, start, end);
}

/* ---- the CPU, as the program sees it -------------------------------------------------------- */

u32 hal_user_hwcap(void)
{
	return cpuid(1, 0).edx;
}

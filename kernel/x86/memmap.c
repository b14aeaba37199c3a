/* SPDX-License-Identifier: MIT */
/*
 * The memory map of struct boot_info.
 *
 * Callers in order: boot/pvh.c in the kernel, or boot/efi_memory.c in the UEFI application (this
 * file is linked into both); they add RAM first and the reserved ranges afterwards.  Then paging.c,
 * which adds the image and the page tables behind the image.  Boot only, interrupts off, no lock.
 * Compare Linux's arch/x86/kernel/e820.c and mm/memblock.c.
 */
#include "kernel/x86/memmap.h"

#include "kernel/x86/layout.h"

static void remove_entry(struct boot_info *boot, unsigned int i)
{
	for (boot->nr_mem--; i < boot->nr_mem; i++)
		boot->mem[i] = boot->mem[i + 1];
}

/* Returns true if @b begins where @a ends and has the same type. */
static bool continues(const struct boot_mem *a, const struct boot_mem *b)
{
	return a->base + a->size == b->base && a->type == b->type;
}

/*
 * Inserts an entry and joins it with its neighbours of the same type, because firmware splits
 * memory into hundreds of pieces.  Returns false if the map is full.
 */
static bool insert_entry(struct boot_info *boot, struct boot_mem entry)
{
	unsigned int i = 0, n;

	while (i < boot->nr_mem && boot->mem[i].base < entry.base)
		i++;
	if (i > 0 && continues(&boot->mem[i - 1], &entry)) {
		boot->mem[i - 1].size += entry.size;
		if (i < boot->nr_mem && continues(&boot->mem[i - 1], &boot->mem[i])) {
			boot->mem[i - 1].size += boot->mem[i].size;
			remove_entry(boot, i);
		}
		return true;
	}
	if (i < boot->nr_mem && continues(&entry, &boot->mem[i])) {
		boot->mem[i].base = entry.base;
		boot->mem[i].size += entry.size;
		return true;
	}
	if (boot->nr_mem == BOOT_MEM_MAX)
		return false;
	for (n = boot->nr_mem; n > i; n--)
		boot->mem[n] = boot->mem[n - 1];
	boot->mem[i] = entry;
	boot->nr_mem++;
	return true;
}

/* Removes [@base, @end) from all entries of the map. Returns false if the map is full. */
static bool clear_range(struct boot_info *boot, phys_addr_t base, phys_addr_t end)
{
	unsigned int i = 0;

	while (i < boot->nr_mem) {
		struct boot_mem *mem = &boot->mem[i];
		phys_addr_t mem_end = mem->base + mem->size;
		struct boot_mem tail = {end, mem_end - end, mem->type};

		if (mem_end <= base || mem->base >= end) {
			i++;
			continue;
		}
		if (mem->base < base) {
			mem->size = base - mem->base;
			/*
			 * The range lies in the middle of the entry: the part behind the range
			 * becomes a new entry.
			 */
			if (mem_end > end)
				return insert_entry(boot, tail);
			i++;
		} else if (mem_end > end) {
			mem->base = end;
			mem->size = mem_end - end;
			i++;
		} else {
			remove_entry(boot, i);
		}
	}
	return true;
}

bool memmap_set(struct boot_info *boot, phys_addr_t base, u64 size, enum boot_mem_type type)
{
	struct boot_mem entry = {base, size, type};
	bool complete;

	if (size == 0)
		return true;
	/* The boot loader gave a range that wraps around: cut it at the highest address. */
	if (size > ~0ULL - base)
		entry.size = ~0ULL - base;
	complete = clear_range(boot, base, base + entry.size);
	return insert_entry(boot, entry) && complete;
}

const struct boot_mem *memmap_find(const struct boot_info *boot, phys_addr_t pa)
{
	unsigned int i;

	for (i = 0; i < boot->nr_mem; i++) {
		const struct boot_mem *mem = &boot->mem[i];

		if (pa >= mem->base && pa - mem->base < mem->size)
			return mem;
	}
	return NULL;
}

bool memmap_add_initrd(struct boot_info *boot)
{
	phys_addr_t first = ALIGN_DOWN(boot->initrd, (phys_addr_t)PAGE_4K);
	const struct boot_mem *mem = memmap_find(boot, first);
	u64 offset = boot->initrd - first, room;

	if (!boot->initrd_size)
		return true;
	/* Count whole pages only: the direct map does not map a part of a page. */
	room = mem ? ALIGN_DOWN(mem->base + mem->size, (phys_addr_t)PAGE_4K) - first : 0;
	if (!mem || mem->type != BOOT_MEM_USABLE || offset >= room ||
	    boot->initrd_size > room - offset) {
		boot->initrd_size = 0;
		return false;
	}
	return memmap_set(boot, first, ALIGN_UP(offset + boot->initrd_size, (u64)PAGE_4K),
			  BOOT_MEM_INITRD);
}

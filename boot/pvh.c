/* SPDX-License-Identifier: MIT */
/*
 * The C part of the PVH entry (boot/pvh.S): converts the loader's struct hvm_start_info into struct
 * boot_info.
 *
 * Caller: boot/pvh.S, once.  Context: interrupts off, boot stack, boot page tables, which map the
 * first 4 GiB in the direct map.
 *
 * Everything is copied, because the allocator later gives out the memory of the loader's
 * structures.
 * Compare Xen's public/arch-x86/hvm/start_info.h, Linux's arch/x86/platform/pvh/enlighten.c.
 */
#include "boot/boot_info.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/memmap.h"
#include "kernel/x86/setup.h"

#define HVM_START_MAGIC 0x336ec578
#define HVM_MEMMAP_RAM  1
/* the boot page tables map memory below this address in the direct map */
#define BOOT_MAPPED         (4ULL << 30)
#define REAL_MODE_AREA_SIZE 0x1000 /* bytes; interrupt vectors and BIOS data: reserved */

struct hvm_start_info {
	u32 magic;
	u32 version; /* in version 0 the struct ends before memmap_paddr */
	u32 flags;
	u32 nr_modules;
	u64 modlist_paddr;
	u64 cmdline_paddr;
	u64 rsdp_paddr;
	u64 memmap_paddr;
	u32 memmap_entries;
	u32 reserved;
};

struct hvm_modlist_entry {
	u64 paddr;
	u64 size;
	u64 cmdline_paddr;
	u64 reserved;
};

struct hvm_memmap_entry {
	u64 addr;
	u64 size;
	u32 type;
	u32 reserved;
};

void __noreturn pvh_main(u32 start_info_pa, s64 offset, u64 entry_tsc);

static struct boot_info boot_info;

/*
 * Returns a pointer to the physical range [@pa, @pa + @size), or NULL if the boot page tables do
 * not map all of it or @pa is 0.
 */
static const void *boot_view(u64 pa, u64 size)
{
	if (pa == 0 || pa >= BOOT_MAPPED || size > BOOT_MAPPED - pa)
		return NULL;
	return (const void *)(DIRECT_MAP_BASE + pa);
}

static void copy_cmdline(struct boot_info *boot, u64 pa)
{
	const char *from = boot_view(pa, BOOT_CMDLINE_MAX);
	unsigned int n = 0;

	if (!from)
		return;
	while (n < BOOT_CMDLINE_MAX - 1 && from[n]) {
		boot->cmdline[n] = from[n];
		n++;
	}
	boot->cmdline_cut = from[n] != '\0';
	boot->cmdline[n] = '\0';
}

/*
 * Adds the ranges of RAM first and the other types afterwards, so that the reserved type wins if
 * the loader's entries overlap.
 */
static void copy_memmap(struct boot_info *boot, const struct hvm_memmap_entry *map, unsigned int nr)
{
	bool complete = true;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (map[i].type == HVM_MEMMAP_RAM)
			complete &= memmap_set(boot, map[i].addr, map[i].size, BOOT_MEM_USABLE);
	for (i = 0; i < nr; i++)
		if (map[i].type != HVM_MEMMAP_RAM)
			complete &= memmap_set(boot, map[i].addr, map[i].size, BOOT_MEM_RESERVED);
	complete &= memmap_set(boot, 0, REAL_MODE_AREA_SIZE, BOOT_MEM_RESERVED);
	if (!complete)
		x86_boot_warning("the memory map has too many entries: some memory is not used");
}

/* The first module is the initrd.  Loaders put it into RAM that the memory map calls usable. */
static void find_initrd(struct boot_info *boot, const struct hvm_start_info *info)
{
	const struct hvm_modlist_entry *module = boot_view(info->modlist_paddr, sizeof(*module));

	if (info->nr_modules == 0 || !module)
		return;
	if (info->nr_modules > 1)
		x86_boot_warning("PVH: only the first module is used, as the initrd");
	boot->initrd = module->paddr;
	boot->initrd_size = module->size;
	if (!memmap_add_initrd(boot))
		x86_boot_warning("PVH: the initrd does not lie in usable memory: not used");
}

void __noreturn pvh_main(u32 start_info_pa, s64 offset, u64 entry_tsc)
{
	struct boot_info *boot = &boot_info;
	const struct hvm_start_info *info;
	const struct hvm_memmap_entry *map;

	image_offset = offset;
	x86_console_init();

	info = boot_view(start_info_pa, sizeof(*info));
	if (!info || info->magic != HVM_START_MAGIC)
		x86_boot_failure("PVH: the loader left no start info");
	if (info->version < 1)
		x86_boot_failure("PVH: the loader's start info is too old to hold a memory map");
	map = boot_view(info->memmap_paddr, (u64)info->memmap_entries * sizeof(*map));
	if (!map || info->memmap_entries == 0)
		x86_boot_failure("PVH: the loader left no memory map");

	boot->door = "PVH";
	boot->entry_tsc = entry_tsc;
	boot->rsdp = info->rsdp_paddr;
	copy_cmdline(boot, info->cmdline_paddr);
	copy_memmap(boot, map, info->memmap_entries);
	find_initrd(boot, info);
	x86_start(boot);
}

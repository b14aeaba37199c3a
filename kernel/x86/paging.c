/* SPDX-License-Identifier: MIT */
/*
 * The final page tables, which replace the boot tables.
 *
 * Callers in order: x86_start_moved() -> paging_init(), once, interrupts off, on the boot tables;
 * then stack.c, user_pages.c, hal_map_device() and acpi.c in process context; hal_virt_to_phys() in
 * any context.  No lock: there is one address space and one CPU, and each caller of paging_map() and
 * paging_entry() has its own part of virtual memory.
 *
 * No page is writable and executable, and no alias of a page breaks this: the image has text r-x,
 * rodata r--, data rw-; the direct map is never executable and maps text and rodata read-only.
 * check_permissions() verifies all tables once.  Compare Linux's arch/x86/mm/init_64.c,
 * ioremap.c, dump_pagetables.c.
 */
#include "kernel/x86/paging.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/kaslr.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/memmap.h"
#include "kernel/x86/setup.h"

#define LEVELS         4
#define BOOT_MAPPED    (4UL << 30) /* bytes of the direct map that the boot tables map */
#define CPUID_GB_PAGES BIT(26)

extern u8 __image_start[], __image_end[], __text_start[], __text_end[], __rodata_start[],
	__rodata_end[], __data_start[], __data_end[], boot_stack_guard[];

s64 image_offset;

static u64 *root;
/* Level of the largest pages in the direct map: 1, or 2 if the CPU has 1 GiB pages. */
static unsigned int largest_level;
static phys_addr_t ram_end; /* physical address at which the direct map ends */
/*
 * Physical address for the next page table early in the boot; 0: tables come from the page
 * allocator.
 */
static phys_addr_t early_next;
static phys_addr_t early_end;
static u64 device_next = DEVICE_AREA_BASE;
u64 paging_user_tables;

static phys_addr_t image_phys(const void *p)
{
	return (u64)p - KERNEL_VIRT_BASE - image_slide + image_offset;
}

/*
 * Returns a zeroed page for a table.  Before the page allocator works, pages are taken from the
 * memory right behind the image.
 */
static u64 *new_table(void)
{
	struct page *page;
	u64 *table;
	unsigned int i;

	if (!early_next) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);
		return page ? page_address(page) : NULL;
	}
	if (early_next + PAGE_4K > early_end)
		x86_boot_failure("no memory behind the image for page tables");
	table = hal_phys_to_virt(early_next);
	early_next += PAGE_4K;
	for (i = 0; i < TABLE_SLOTS; i++)
		table[i] = 0;
	return table;
}

u64 *paging_root(void)
{
	return root;
}

u64 *paging_entry(u64 va, unsigned int level, bool make)
{
	/*
	 * The tables above the last level allow every access: only the entry of the page itself
	 * restricts it.  But ring 3 may use no table of the kernel's half.
	 */
	u64 flags = PTE_PRESENT | PTE_WRITE | (va < HAL_USER_END ? PTE_USER : 0);
	u64 *table = root;
	unsigned int l;

	for (l = LEVELS - 1; l > level; l--) {
		u64 *entry = &table[paging_slot(va, l)];

		if (*entry & PTE_PRESENT) {
			if (*entry & PTE_LARGE)
				return NULL;
			table = hal_phys_to_virt(*entry & PTE_ADDRESS);
			continue;
		}
		if (!make)
			return NULL;
		table = new_table();
		if (!table)
			return NULL;
		*entry = hal_virt_to_phys(table) | flags;
		paging_user_tables += va < HAL_USER_END;
	}
	return &table[paging_slot(va, level)];
}

/* Returns the level of the largest page that can map @pa at @va and is no larger than @size. */
static unsigned int level_for(u64 va, phys_addr_t pa, u64 size, unsigned int largest)
{
	unsigned int level;

	for (level = largest; level > 0; level--)
		if ((va | pa) % LEVEL_SIZE(level) == 0 && size >= LEVEL_SIZE(level))
			break;
	return level;
}

static bool map_pages(u64 va, phys_addr_t pa, u64 size, u64 flags, unsigned int largest)
{
	while (size > 0) {
		unsigned int level = level_for(va, pa, size, largest);
		u64 *entry = paging_entry(va, level, true);

		if (!entry)
			return false;
		*entry = pa | flags | (level ? PTE_LARGE : 0);
		va += LEVEL_SIZE(level);
		pa += LEVEL_SIZE(level);
		size -= LEVEL_SIZE(level);
	}
	return true;
}

/* Maps physical memory [@base, @end) in the direct map. */
static void map_direct(phys_addr_t base, phys_addr_t end, u64 flags)
{
	if (base < end)
		map_pages(DIRECT_MAP_BASE + base, base, end - base, flags, largest_level);
}

/*
 * Maps the whole pages of one range of RAM.  The part with the image's text and rodata is
 * read-only.
 */
static void map_ram(const struct boot_mem *mem)
{
	phys_addr_t base = ALIGN_UP(mem->base, PAGE_4K);
	phys_addr_t end = ALIGN_DOWN(mem->base + mem->size, PAGE_4K);
	phys_addr_t fixed_start = image_phys(__text_start);
	phys_addr_t fixed_end = image_phys(__rodata_end);

	end = min(end, (phys_addr_t)DIRECT_MAP_SIZE);
	if (base >= end)
		return;
	map_direct(base, min(end, fixed_start), MAP_RW);
	map_direct(max(base, fixed_start), min(end, fixed_end), MAP_RO);
	map_direct(max(base, fixed_end), end, MAP_RW);
	ram_end = max(ram_end, end);
}

static void map_section(const u8 *start, const u8 *end, u64 flags)
{
	map_pages((u64)start, image_phys(start), end - start, flags, 0);
}

static void map_image(void)
{
	unsigned int i;

	map_section(__text_start, __text_end, MAP_RX);
	map_section(__rodata_start, __rodata_end, MAP_RO);
	map_section(__data_start, __data_end, MAP_RW);
	*paging_entry((u64)boot_stack_guard, 0, true) = 0;
	for (i = 0; i < NR_IST; i++)
		*paging_entry((u64)ist_stacks[i].guard, 0, true) = 0;
}

/*
 * Panics if a page is both writable and executable, or if text or rodata is writable through some
 * alias.
 */
static void check_permissions(const u64 *table, unsigned int level)
{
	phys_addr_t fixed_start = image_phys(__text_start);
	phys_addr_t fixed_end = image_phys(__rodata_end);
	unsigned int i;

	for (i = 0; i < TABLE_SLOTS; i++) {
		u64 entry = table[i];
		phys_addr_t pa = entry & PTE_ADDRESS;

		if (!(entry & PTE_PRESENT))
			continue;
		if (level > 0 && !(entry & PTE_LARGE)) {
			check_permissions(hal_phys_to_virt(pa), level - 1);
			continue;
		}
		if (!(entry & PTE_WRITE))
			continue;
		if (!(entry & PTE_NX))
			panic("page tables: a page is writable and executable: %016lx",
			      (unsigned long)entry);
		if (pa < fixed_end && pa + LEVEL_SIZE(level) > fixed_start)
			panic("page tables: text or rodata is writable: %016lx",
			      (unsigned long)entry);
	}
}

void paging_init(struct boot_info *boot)
{
	phys_addr_t image_base = image_phys(__image_start);
	const struct boot_mem *home = memmap_find(boot, image_base);
	unsigned int i;

	if (!home || home->type != BOOT_MEM_USABLE)
		x86_boot_failure("the image does not lie in RAM");
	early_next = image_phys(__image_end);
	early_end = min(home->base + home->size, (phys_addr_t)BOOT_MAPPED);
	largest_level = cpuid(0x80000001, 0).edx & CPUID_GB_PAGES ? 2 : 1;

	root = new_table();
	map_image();
	for (i = 0; i < boot->nr_mem; i++)
		if (boot->mem[i].type != BOOT_MEM_RESERVED)
			map_ram(&boot->mem[i]);
	check_permissions(root, LEVELS - 1);
	write_cr3(hal_virt_to_phys(root));

	memmap_set(boot, image_base, early_next - image_base, BOOT_MEM_KERNEL);
	early_next = 0;
}

bool paging_map(u64 va, phys_addr_t pa, size_t size, u64 flags)
{
	size_t done;

	for (done = 0; done < size; done += PAGE_4K) {
		u64 *entry = paging_entry(va + done, 0, true);

		if (!entry)
			return false;
		*entry = (pa + done) | flags;
		invlpg((const void *)(va + done));
	}
	return true;
}

phys_addr_t paging_unmap(u64 va)
{
	u64 *entry = paging_entry(va, 0, false);
	phys_addr_t pa;

	if (!entry || !(*entry & PTE_PRESENT))
		return 0;
	pa = *entry & PTE_ADDRESS;
	*entry = 0;
	invlpg((const void *)va);
	return pa;
}

/*
 * Maps [@pa, @pa + @size) in the next free part of the device area.  After a failure half-way, the
 * next call maps over the pages that were already mapped.
 */
static void *map_foreign(phys_addr_t pa, size_t size, u64 flags)
{
	u64 offset = pa % PAGE_4K;
	u64 room = DEVICE_AREA_BASE + DEVICE_AREA_SIZE - device_next;
	u64 va = device_next;

	if (size == 0 || size > room || pa > PTE_ADDRESS)
		return NULL;
	/*
	 * Refuse a firmware or device address inside the image: the mapping would give the image a
	 * writable alias.
	 */
	if (pa < image_phys(__image_end) && pa + size > image_phys(__image_start))
		return NULL;
	size = ALIGN_UP(offset + size, PAGE_4K);
	if (size > room || !paging_map(va, pa - offset, size, flags))
		return NULL;
	device_next += size;
	return (void *)(va + offset);
}

void *hal_map_device(phys_addr_t pa, size_t size)
{
	return map_foreign(pa, size, MAP_DEVICE);
}

const void *paging_map_firmware(phys_addr_t pa, size_t size)
{
	return map_foreign(pa, size, MAP_RO);
}

phys_addr_t hal_virt_to_phys(const void *p)
{
	u64 address = (u64)p, offset = address - DIRECT_MAP_BASE;

	/*
	 * Until paging_init() has finished, the direct map is that of the boot tables, which ends
	 * at early_end.
	 */
	if (likely(offset < max(ram_end, (phys_addr_t)early_end)))
		return offset;
	BUG_ON(address < (u64)__image_start || address >= (u64)__image_end);
	return image_phys(p);
}

void *hal_phys_to_virt(phys_addr_t pa)
{
	return (void *)(DIRECT_MAP_BASE + pa);
}

bool paging_is_text(u64 address)
{
	return address >= (u64)__text_start && address < (u64)__text_end;
}

bool paging_is_stack_guard(u64 address)
{
	unsigned int i;

	if (address - (u64)boot_stack_guard < PAGE_4K || stack_is_guard(address))
		return true;
	for (i = 0; i < NR_IST; i++)
		if (address - (u64)ist_stacks[i].guard < PAGE_4K)
			return true;
	return false;
}

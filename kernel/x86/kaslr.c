/* SPDX-License-Identifier: MIT */
/*
 * KASLR: the kernel image moves itself to a random virtual address, before any other code stores
 * pointers into the image.
 *
 * Caller: x86_start(), once, on the boot stack and the boot tables, interrupts off.
 *
 * The physical memory stays; only the virtual address changes.  First the boot tables map the image
 * a second time, higher up.  Then each address in the image is raised by the distance of the two
 * mappings (tools/mkrelocs.py makes the table of addresses).  Meanwhile code and data may point
 * into either mapping.  Both are valid, so it does no harm that the addresses in this code are
 * changed, too.  Then the code jumps to the new mapping.  The final page tables (paging.c) contain
 * only the new mapping.
 *
 * There are 504 possible positions, almost 9 bits: the image's virtual gigabyte has room for so
 * many steps of 2 MiB.  An attacker could find the position by enough guesses, but each wrong guess
 * ends in a panic, which halts the machine by default.  Compare Linux's
 * arch/x86/boot/compressed/kaslr.c and misc.c.
 */
#include "kernel/x86/kaslr.h"
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/leb128.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/setup.h"

/*
 * Positions, in steps of 2 MiB: the new mapping begins behind the old one, and ends within the
 * image's gigabyte.
 */
#define FIRST_PLACE BOOT_IMAGE_TABLES
#define PLACES      (PAGE_1G / PAGE_2M - BOOT_IMAGE_TABLES - FIRST_PLACE)

extern const u8 __relocs_start[], __relocs_end[], __image_start[], __image_end[];

u64 image_slide;

/*
 * Returns the address @p as a number.  The asm statement hides from the compiler that the number is a constant.
 * So the compiler must keep the number, and cannot load it again from an instruction that raise_all() has changed.
 */
static u64 hidden(const void *p)
{
	__asm__ volatile("" : "+r"(p));
	return (u64)p;
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);
	const char *at = line;

	while ((at = strstr(at, word)) != NULL) {
		bool begins = at == line || at[-1] == ' ';

		if (begins && (at[n] == '\0' || at[n] == ' '))
			return true;
		at += n;
	}
	return false;
}

/*
 * Maps the image a second time, @slide bytes higher.  Nothing was mapped there, so no TLB entry
 * must be flushed.
 */
static void add_view(u64 slide)
{
	u64 *table = hal_phys_to_virt(read_cr3() & PTE_ADDRESS);
	unsigned int i;

	table = hal_phys_to_virt(table[KERNEL_VIRT_BASE >> 39 & 511] & PTE_ADDRESS);
	table = hal_phys_to_virt(table[KERNEL_VIRT_BASE >> 30 & 511] & PTE_ADDRESS);
	for (i = 0; i < BOOT_IMAGE_TABLES; i++)
		table[slide / PAGE_2M + i] = table[i];
}

/* Adds @slide to all addresses of one section.  Returns where the next section's list begins. */
static const u8 *raise_addresses(const u8 *p, const u8 *end, u64 slide)
{
	u64 place = (u64)p + *(const s32 *)p;
	u32 left = *(const u32 *)(p + 4);

	for (p += 8; left > 0; left--) {
		u64 step = leb128_read(&p, end);

		place += step >> 1;
		if (step & 1)
			*(u64 *)place += slide;
		else
			*(u32 *)place += (u32)slide;
	}
	return (const u8 *)ALIGN_UP((u64)p, 4UL);
}

/*
 * Adds @slide to all addresses in the image.  The bounds of the list are read only once: the
 * instructions that hold them change meanwhile, and a loop that read them again would never end.
 */
static noinline void raise_all(u64 slide)
{
	const u8 *p = (const u8 *)hidden(__relocs_start);
	const u8 *end = (const u8 *)hidden(__relocs_end);

	while (p < end)
		p = raise_addresses(p, end, slide);
}

static u64 choose_slide(const struct boot_info *boot)
{
	u32 random, seed;

	if (has_word(boot->cmdline, "nokaslr"))
		return 0;
	hal_entropy(&random, sizeof(random));
	memcpy(&seed, boot->seed, sizeof(seed)); /* zeroes if the boot loader gave no seed */
	random ^= seed;
	return (FIRST_PLACE + random % PLACES) * PAGE_2M;
}

static void *moved(const void *p, u64 slide)
{
	u64 address = (u64)p;

	if (address >= (u64)__image_start && address < (u64)__image_end)
		address += slide;
	return (void *)address;
}

void __noreturn kaslr_start(struct boot_info *boot)
{
	u64 slide = choose_slide(boot);
	u64 stack, go;

	/*
	 * Move these pointers here: the entry code stored them at run time, so they are not in the
	 * relocation table.
	 */
	boot->door = moved(boot->door, slide);
	boot = moved(boot, slide);
	image_slide = slide;
	if (slide) {
		add_view(slide);
		raise_all(slide);
	}
	/*
	 * LEA relative to RIP gives the addresses in the old mapping, which still runs; the slide
	 * is added below.
	 */
	__asm__ volatile("lea boot_stack_top(%%rip), %0\n\t"
			 "lea x86_start_moved(%%rip), %1"
			 : "=r"(stack), "=r"(go));
	stack += slide;
	go += slide;
	/* CPUID is a serialising instruction: afterwards the CPU fetches the changed code anew. */
	cpuid(0, 0);
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "ud2"
			 :
			 : "r"(stack), "r"(go), "D"(boot)
			 : "memory");
	__builtin_unreachable();
}

void kaslr_announce(void)
{
	char line[64];
	int n;

	if (console_loglevel < LOG_DEBUG)
		return;
	n = scnprintf(line, sizeof(line), "image: moved up by %#lx\n", (unsigned long)image_slide);
	hal_console_write(line, n, NULL);
}

static int accept_word(const char *value)
{
	return *value ? -EINVAL : 0;
}

void kaslr_register_param(void)
{
	static const struct cmdline_param params[] = {
		{.name = "nokaslr", .usage = "nokaslr", .parse = accept_word},
	};

	cmdline_register(params, ARRAY_SIZE(params));
}

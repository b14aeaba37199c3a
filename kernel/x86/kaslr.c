/* SPDX-License-Identifier: MIT */
/*
 * KASLR: the image moves itself to a random virtual address before any pointer into it exists.
 *
 * Caller: x86_start(), once, on the boot stack and the boot tables, interrupts off.
 *
 * The physical memory stays; only the virtual address changes.  First the boot tables map the image
 * a second time, higher up.  Then each address in the image is raised by the distance
 * (tools/mkrelocs.py makes the table of addresses).  Meanwhile code and data may point to either
 * mapping, and both are valid, so the code that does this may itself be changed.  Then it jumps to
 * the new mapping, and the final page tables (paging.c) contain only that one.
 *
 * There are 504 places, almost 9 bits: as many as 2 MiB steps fit in the image's gigabyte.  An
 * attacker with enough guesses finds the place, but each wrong guess ends in a dump and a halt.
 * Answers to Linux's arch/x86/boot/compressed/kaslr.c and misc.c.
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

/* In steps of 2 MiB: the new view begins behind the old one, and ends within the gigabyte. */
#define FIRST_PLACE BOOT_IMAGE_TABLES
#define PLACES      (PAGE_1G / PAGE_2M - BOOT_IMAGE_TABLES - FIRST_PLACE)

extern const u8 __relocs_start[], __relocs_end[], __image_start[], __image_end[];

u64 image_slide;

/* Hides a value from the compiler, which would otherwise take it from an address in the code. */
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

/* Maps the image @slide higher up as well.  Nothing was mapped there: no flush is needed. */
static void add_view(u64 slide)
{
	u64 *table = hal_phys_to_virt(read_cr3() & PTE_ADDRESS);
	unsigned int i;

	table = hal_phys_to_virt(table[KERNEL_VIRT_BASE >> 39 & 511] & PTE_ADDRESS);
	table = hal_phys_to_virt(table[KERNEL_VIRT_BASE >> 30 & 511] & PTE_ADDRESS);
	for (i = 0; i < BOOT_IMAGE_TABLES; i++)
		table[slide / PAGE_2M + i] = table[i];
}

/* One section's addresses; returns where the next one's begin. */
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
 * Read the bounds from the code once: the addresses in the code are raised meanwhile, and a loop
 * that read them again would never end.
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
	memcpy(&seed, boot->seed, sizeof(seed)); /* zeroes, if the door had none */
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

	/* The entry code's own stores are in no relocation table. */
	boot->door = moved(boot->door, slide);
	boot = moved(boot, slide);
	image_slide = slide;
	if (slide) {
		add_view(slide);
		raise_all(slide);
	}
	/*
	 * Relative to the instruction pointer: this gives the address in the mapping that still
	 * runs.
	 */
	__asm__ volatile("lea boot_stack_top(%%rip), %0\n\t"
			 "lea x86_start_moved(%%rip), %1"
			 : "=r"(stack), "=r"(go));
	stack += slide;
	go += slide;
	/*
	 * CPUID serialises: from here on the CPU runs the changed code and nothing that it fetched
	 * before.
	 */
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

/* SPDX-License-Identifier: MIT */
/*
 * The boot from the entry code (boot/pvh.c, boot/uefi.c) to kernel_main(), as a list of calls.
 *
 * Interrupts off, boot stack.  Compare Linux's arch/x86/kernel/head64.c and setup.c.
 */
#include "kernel/x86/setup.h"
#include "kernel/hal.h"
#include "kernel/sched/cpu.h"
#include "kernel/timeline.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/kaslr.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/platform.h"
#include "kernel/x86/user.h"

#define CPUID_MCE  BIT(7)  /* leaf 1, edx */
#define CPUID_SMEP BIT(7)  /* leaf 7, ebx */
#define CPUID_SMAP BIT(20) /* leaf 7, ebx */
#define CPUID_UMIP BIT(2)  /* leaf 7, ecx */

/*
 * A place in the code where a NOP of three bytes becomes STAC or CLAC.  @place is relative to the
 * address of the field itself.
 */
struct smap_site {
	s32 place;
	u32 opcode; /* last byte of the STAC or CLAC; the first two are 0f 01 */
};
extern const struct smap_site __smap_sites_start[], __smap_sites_end[];

extern const u8 pack_start[], pack_end[]; /* boot/pack.S */

/* GS points here until there is a struct cpu, so that hal_this_cpu() returns NULL. */
static struct cpu *no_cpu;

/*
 * Writes STAC and CLAC into the code.  The code is still writable here: the final page tables are
 * loaded later.
 */
static void open_smap_sites(void)
{
	const struct smap_site *site;

	for (site = __smap_sites_start; site < __smap_sites_end; site++) {
		u8 *code = (u8 *)&site->place + site->place;

		code[0] = 0x0f;
		code[1] = 0x01;
		code[2] = (u8)site->opcode;
	}
}

/*
 * Returns the bits of CR4 for the protections that the CPU supports.  Ring 0 must not execute an
 * application's pages (SMEP), nor access them without STAC (SMAP).  Ring 3 must not read the
 * addresses of the descriptor tables (UMIP).
 */
static u64 protections(void)
{
	u64 cr4 = cpuid(1, 0).edx & CPUID_MCE ? CR4_MCE : 0;
	struct cpuid_result leaf;

	if (cpuid(0, 0).eax < 7)
		return cr4;
	leaf = cpuid(7, 0);
	if (leaf.ebx & CPUID_SMEP)
		cr4 |= CR4_SMEP;
	if (leaf.ebx & CPUID_SMAP) {
		open_smap_sites();
		cr4 |= CR4_SMAP;
	}
	if (leaf.ecx & CPUID_UMIP)
		cr4 |= CR4_UMIP;
	return cr4;
}

/*
 * Sets the control registers: ring 0 respects write protection, too (WP), the program may use the
 * vector registers, and unaligned accesses fault in ring 3 if the program sets AC (AM).
 */
static void cpu_init(void)
{
	u32 mxcsr = MXCSR_DEFAULT;

	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | protections());
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP | CR0_AM);
	__asm__ volatile("fninit");
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	wrmsr(MSR_GS_BASE, (u64)&no_cpu);
	fpu_init();
	syscall_entry_init();
}

void __noreturn x86_start(struct boot_info *boot)
{
	boot->hall_tsc = hal_clock_raw();
	kaslr_start(boot);
}

void __noreturn x86_start_moved(struct boot_info *boot)
{
	/*
	 * Only now record the stages that are over: boot_stage_at() keeps a pointer to the name, and before
	 * the image moved, the names were not at their final addresses.  "door" is the entry code, boot/pvh.S
	 * or boot/uefi.S.
	 */
	if (boot->firmware_tsc)
		boot_stage_at("UEFI application", boot->firmware_tsc);
	boot_stage_at("door", boot->hall_tsc);
	boot_stage("moving the image");
	stack_protector_init();
	desc_init();
	cpu_init();
	paging_init(boot);
	boot->pack = hal_virt_to_phys(pack_start);
	boot->pack_size = pack_end - pack_start;
	boot_stage("page tables");
	platform_init(boot);
	kernel_main(boot);
}

void x86_boot_warning(const char *what)
{
	size_t n = 0;

	while (what[n])
		n++;
	hal_console_write("softnet: ", 9, NULL);
	hal_console_write(what, n, NULL);
	hal_console_write("\n", 1, NULL);
}

void __noreturn x86_boot_failure(const char *why)
{
	x86_boot_warning(why);
	hal_halt(HAL_HALT_STOP, 1);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a door to kernel_main(), as a list.
 *
 * Caller: boot/pvh.c (and the UEFI door).  Interrupts off, boot stack.
 * Answers to Linux's arch/x86/kernel/head64.c and setup.c.
 */
#include "kernel/x86/setup.h"
#include "kernel/hal.h"
#include "kernel/sched/cpu.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/platform.h"

#define MXCSR_DEFAULT 0x1f80 /* all SIMD exceptions masked, round to nearest */

/* What GS points to before there is a struct cpu: hal_this_cpu() reads its NULL. */
static struct cpu *no_cpu;

/* Faults of ours fault (WP), and applications may use the vector registers. */
static void cpu_init(void)
{
	u32 mxcsr = MXCSR_DEFAULT;

	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	__asm__ volatile("fninit");
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	wrmsr(MSR_GS_BASE, (u64)&no_cpu);
}

void __noreturn x86_start(struct boot_info *boot)
{
	desc_init();
	cpu_init();
	paging_init(boot);
	platform_init(boot);
	kernel_main(boot);
}

void x86_boot_warning(const char *what)
{
	size_t n = 0;

	while (what[n])
		n++;
	hal_console_write("softnet: ", 9);
	hal_console_write(what, n);
	hal_console_write("\n", 1);
}

void __noreturn x86_boot_failure(const char *why)
{
	x86_boot_warning(why);
	hal_halt(HAL_HALT_STOP, 1);
}

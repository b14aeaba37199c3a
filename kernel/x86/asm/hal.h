/* SPDX-License-Identifier: MIT */
/*
 * The functions of kernel/hal.h that are inline on the machine, because each has only a few
 * instructions and runs hundreds of times for a packet.
 *
 * kernel/hal.h has the contracts; it includes this file as <asm/hal.h>, and the hosted build finds
 * tests/host/asm/hal.h under the same name.  Callers: all code.  Any context, no lock.
 */
#ifndef ASM_HAL_H
#define ASM_HAL_H

#include "kernel/types.h"

struct cpu;
struct task_struct;

/* The platform's part of struct cpu (kernel/sched/cpu.h), its second field. */
struct hal_cpu {
	u64 kernel_sp; /* top of the current thread's kernel stack, if that thread runs in ring 3 */
	u64 scratch;   /* for entry.S (CPU_SCRATCH), with irq off */
	/* The thread whose vector registers the CPU holds; NULL: it holds those of no thread. */
	struct task_struct *fpu_owner;
	/*
	 * The program's FS and GS bases in the CPU.  Not valid if thread user_pid has loaded a
	 * selector.
	 */
	u64 fs_base, gs_base;
	int user_pid; /* the thread of the program that ran last */
};

/* The platform's part of struct task_struct, for threads of the program. */
struct hal_thread {
	u64 fs_base, gs_base;
	/* The last exception in ring 3, for the signal frame. */
	u64 trap_nr, error_code, cr2;
};

/* This bit of RFLAGS is set while interrupts are on (Intel SDM vol. 1, 3.4.3). */
#define HAL_RFLAGS_IF 0x200UL

void hal_user_switch(struct task_struct *next); /* kernel/x86/user.c */

static inline unsigned long hal_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void hal_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void hal_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void hal_irq_restore(unsigned long flags)
{
	if (flags & HAL_RFLAGS_IF)
		hal_irq_enable();
	else
		hal_irq_disable();
}

static inline bool hal_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; pop %0" : "=r"(flags) : : "memory");
	return !(flags & HAL_RFLAGS_IF);
}

static inline bool hal_access_ok(const void *p, size_t n)
{
	return n <= HAL_USER_END && (u64)p <= HAL_USER_END - n;
}

static inline struct cpu *hal_this_cpu(void)
{
	struct cpu *cpu;

	/*
	 * volatile, because a thread that slept since the last call may run on another CPU once
	 * there are several
	 */
	__asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

#endif

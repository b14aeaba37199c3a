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

/* This bit of RFLAGS is set while interrupts are on (Intel SDM vol. 1, 3.4.3). */
#define HAL_RFLAGS_IF 0x200UL

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

/* SPDX-License-Identifier: MIT */
/*
 * The hosted build's version of kernel/x86/asm/hal.h.  On the machine the functions below are
 * inline; here they are ordinary functions, because each of them may deliver a pending interrupt.
 * hal_host.c implements them; unit tests have their own implementation, tests/unit/unit_hal.c.
 */
#ifndef ASM_HAL_H
#define ASM_HAL_H

#include "kernel/types.h"

struct cpu;
struct task_struct;

struct hal_cpu {
};
struct hal_thread {
};

unsigned long hal_irq_save(void);
void hal_irq_restore(unsigned long flags);
void hal_irq_enable(void);
void hal_irq_disable(void);
bool hal_irqs_disabled(void);
struct cpu *hal_this_cpu(void);

static inline void hal_user_switch(struct task_struct *next)
{
	(void)next;
}

static inline bool hal_access_ok(const void *p, size_t n)
{
	(void)p;
	(void)n;
	return true;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The hosted build's version of kernel/x86/asm/hal.h: ordinary functions (hal_host.c; unit tests
 * have their own in tests/unit/unit_hal.c), so that each of them may deliver a pending interrupt.
 */
#ifndef ASM_HAL_H
#define ASM_HAL_H

#include "kernel/types.h"

struct cpu;

unsigned long hal_irq_save(void);
void hal_irq_restore(unsigned long flags);
void hal_irq_enable(void);
void hal_irq_disable(void);
bool hal_irqs_disabled(void);
struct cpu *hal_this_cpu(void);

#endif

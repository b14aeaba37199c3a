/* SPDX-License-Identifier: MIT */
/*
 * The CPU's descriptor tables: segments, task state, interrupts. desc_init() is called once per
 * CPU, with interrupts off.  Until then, any exception resets the machine.
 */
#ifndef KERNEL_X86_DESC_H
#define KERNEL_X86_DESC_H

#include "kernel/types.h"
#include "kernel/x86/layout.h"

/* A stack with a guard page below it, which paging.c leaves unmapped. */
struct ist_stack {
	u8 guard[PAGE_4K];
	u8 stack[IST_STACK_SIZE];
};
extern struct ist_stack ist_stacks[NR_IST];

void desc_init(void);
/* Sets the stack for entries from ring 3.  irq off. */
void desc_set_kernel_stack(u64 top);

#endif

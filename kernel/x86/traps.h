/* SPDX-License-Identifier: MIT */
/*
 * From entry.S into C, and looking at a stack.
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "kernel/x86/ptrace.h"

/* Every vector arrives here, interrupts off, on the interrupted thread's stack (or an IST one). */
void x86_trap(struct pt_regs *regs);

/* Shows @regs and the calls that led there, straight to the console.  Any context. */
void x86_show_regs(const struct pt_regs *regs);

#endif

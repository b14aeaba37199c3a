/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: the C function that entry.S calls, the register dump, and non-maskable
 * interrupts (NMIs).
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "kernel/x86/ptrace.h"

/*
 * The handler of every vector.  Interrupts are off.  Runs on the interrupted thread's stack, or on
 * an IST stack.
 */
void x86_trap(struct pt_regs *regs);

/* Prints @regs and the backtrace of the interrupted code directly on the console.  Any context. */
void x86_show_regs(const struct pt_regs *regs);

/*
 * Registers the interrupt that reports NMIs; earlier NMIs are only counted.  Called by
 * hal_probe_devices().
 */
void nmi_init(void);
/*
 * Handles an NMI: counts it and has it reported later.  Called by x86_trap() on the NMI stack.  It
 * must not fault: the IRET of a nested exception would allow the next NMI, which would overwrite
 * the same stack.
 */
void nmi_interrupt(void);

#endif

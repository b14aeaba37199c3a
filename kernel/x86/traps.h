/* SPDX-License-Identifier: MIT */
/*
 * From entry.S into C, looking at a stack, and non-maskable interrupts: counted, reported, survived.
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "kernel/x86/ptrace.h"

/* Every vector arrives here, interrupts off, on the interrupted thread's stack (or an IST one). */
void x86_trap(struct pt_regs *regs);

/* Shows @regs and the calls that led there, straight to the console.  Any context. */
void x86_show_regs(const struct pt_regs *regs);

/* From hal_probe_devices(): NMIs before it are counted and not reported. */
void nmi_init(void);
/* From x86_trap(), on the NMI stack.  It must not fault: the IRET of a nested exception would let the
 * next NMI in, onto the same stack. */
void nmi_interrupt(void);

#endif

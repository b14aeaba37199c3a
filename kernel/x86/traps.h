/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: the C function that entry.S calls, the register dump, and non-maskable
 * interrupts (NMIs).
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "kernel/x86/ptrace.h"

/* The vectors of the exceptions that the code names. */
#define TRAP_DIVIDE       0
#define TRAP_DEBUG        1
#define TRAP_NMI          2
#define TRAP_BREAKPOINT   3
#define TRAP_OVERFLOW     4
#define TRAP_BOUND        5
#define TRAP_OPCODE       6
#define TRAP_DOUBLE_FAULT 8
#define TRAP_SEGMENT      11
#define TRAP_STACK        12
#define TRAP_GENERAL      13
#define TRAP_PAGE_FAULT   14
#define TRAP_X87          16
#define TRAP_ALIGNMENT    17
#define TRAP_SIMD         19
#define NR_TRAPS          32

/* Bits of a page fault's error code. */
#define FAULT_PRESENT 0x01
#define FAULT_WRITE   0x02
#define FAULT_USER    0x04 /* an access of ring 3 */
#define FAULT_FETCH   0x10

/*
 * The handler of every vector.  Interrupts are off.  Runs on the interrupted thread's stack, or on
 * an IST stack.
 */
void x86_trap(struct pt_regs *regs);

/* Returns the kind of access (HAL_PROT_*) that the page fault of @regs was. */
unsigned int page_fault_access(const struct pt_regs *regs);

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

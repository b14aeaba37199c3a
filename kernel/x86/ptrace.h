/* SPDX-License-Identifier: MIT */
/*
 * The registers of the interrupted code that the CPU and entry.S save.  All registers are saved, so
 * that code can print and change them, and pass them to a signal handler. entry.S pushes them
 * beginning with the last field; change the struct and entry.S together.  Compare Linux's
 * asm/ptrace.h.
 */
#ifndef KERNEL_X86_PTRACE_H
#define KERNEL_X86_PTRACE_H

#include "kernel/types.h"

struct pt_regs {
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 vector; /* VECTOR_SYSCALL: a system call */
	union {
		u64 error;   /* error code of the exception; 0 for vectors without one */
		u64 orig_ax; /* number of the system call */
	};
	/* Pushed by the CPU. */
	u64 ip, cs, flags, sp, ss;
};

BUILD_BUG_ON(sizeof(struct pt_regs) != 22 * 8);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The registers of the interrupted code that the CPU and entry.S save: complete, so that they can
 * be shown, changed, and one day handed to a signal handler. entry.S pushes them in this order,
 * from the end; change both together.  Answers to Linux's asm/ptrace.h.
 */
#ifndef KERNEL_X86_PTRACE_H
#define KERNEL_X86_PTRACE_H

#include "kernel/types.h"

struct pt_regs {
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 vector;
	u64 error; /* 0 for vectors that have none */
	/* Pushed by the CPU. */
	u64 ip, cs, flags, sp, ss;
};

BUILD_BUG_ON(sizeof(struct pt_regs) != 22 * 8);

#endif

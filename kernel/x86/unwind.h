/* SPDX-License-Identifier: MIT */
/*
 * Walks the frames of a stack, for backtraces.
 *
 * The checked build follows frame pointers (kernel/x86/checked/unwind.c); the shipped build has
 * none, and uses a table (kernel/x86/shipped/unwind.c).  Any context, also in a panic: no lock, no
 * memory allocation.  The stack is read with hal_copy_user(), so an invalid address ends the walk
 * and does not fault.  Each walk has at most @max steps.
 */
#ifndef KERNEL_X86_UNWIND_H
#define KERNEL_X86_UNWIND_H

#include "kernel/types.h"

/*
 * The start of a walk: the instruction pointer, stack pointer and frame pointer at one instruction.
 */
struct unwind_start {
	u64 ip, sp, bp;
};

/*
 * Stores the return addresses of the frames above @start in @pcs, the innermost first.  Returns
 * their number.  If the walk passes an interrupted instruction, its address plus 1 is stored:
 * readers look up the byte before each address, because a return address points behind its call.
 */
unsigned int unwind_frames(const struct unwind_start *start, u64 *pcs, unsigned int max);

/*
 * Returns a return address that unwind_frames() may have missed, or 0.  Checked build: the word on
 * top of the stack, which is a return address if the innermost function has no frame or has only
 * just begun.  Shipped build: a guess for a stack that was overwritten.
 */
u64 unwind_guess(const struct unwind_start *start);

#endif

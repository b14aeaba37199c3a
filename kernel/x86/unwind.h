/* SPDX-License-Identifier: MIT */
/*
 * The frames of a stack.
 *
 * The checked build follows frame pointers (kernel/x86/checked/unwind.c); the shipped build has
 * none, and uses a table (kernel/x86/shipped/unwind.c).  Any context, also in a panic: no lock, no
 * memory.  The stack is read with hal_copy_user(), so a damaged one ends the walk and does not
 * fault; each walk has at most @max steps.
 */
#ifndef KERNEL_X86_UNWIND_H
#define KERNEL_X86_UNWIND_H

#include "kernel/types.h"

/* Where a walk begins: the registers of the instruction at @ip. */
struct unwind_start {
	u64 ip, sp, bp;
};

/*
 * Stores the return addresses above @start, the innermost first; how many.  An interrupted instruction on
 * the way is stored with a byte added: readers look one byte before each address, because a return address
 * stands behind its call.
 */
unsigned int unwind_frames(const struct unwind_start *start, u64 *pcs, unsigned int max);

/*
 * A return address that unwind_frames() may have left out, 0 if there is none.  Checked: if the
 * innermost function has no frame, or has only just begun, the word at the stack's end.  Shipped: a
 * guess for a stack that was overwritten.
 */
u64 unwind_guess(const struct unwind_start *start);

#endif

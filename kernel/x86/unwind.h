/* SPDX-License-Identifier: MIT */
/*
 * The frames of a stack.  The checked build follows frame pointers (kernel/x86/checked/unwind.c); the
 * shipped one has none, and asks a table (kernel/x86/shipped/unwind.c).
 *
 * Any context, also while dying: no lock, no memory.  The stack is read as if it were an application's, so a
 * damaged one ends the walk and does not fault; each walk has at most @max steps.
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
 * A return address that unwind_frames() may have left out, 0 if there is none.  Checked: of a function without
 * a frame, or that has only just begun, what lies at the stack's end.  Shipped: of a stack that was overwritten.
 */
u64 unwind_guess(const struct unwind_start *start);

#endif

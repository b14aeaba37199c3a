/* SPDX-License-Identifier: MIT */
/*
 * Walks the frames of a stack by the chain of frame pointers (-fno-omit-frame-pointer).
 *
 * Callers: dumps and hal_backtrace() (kernel/x86/traps.c).  Any context.
 */
#include "kernel/x86/unwind.h"
#include "kernel/hal.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/paging.h"

extern const u8 trap_return[]; /* entry.S: the return address of its call of x86_trap() */

unsigned int unwind_frames(const struct unwind_start *start, u64 *pcs, unsigned int max)
{
	u64 bp = start->bp;
	unsigned int n = 0;
	/* the two words at rbp: the caller's frame pointer, then the return address */
	u64 frame[2];

	while (n < max && bp >= DIRECT_MAP_BASE && bp % sizeof(u64) == 0) {
		if (hal_copy_user(frame, (const void *)bp, sizeof(frame)) != 0)
			break;
		if (!paging_is_text(frame[1]))
			break;
		pcs[n] = frame[1] + (n > 0 && pcs[n - 1] == (u64)trap_return);
		n++;
		bp = frame[0];
	}
	return n;
}

u64 unwind_guess(const struct unwind_start *start)
{
	u64 pc;

	if (start->sp % sizeof(u64) != 0 ||
	    hal_copy_user(&pc, (const void *)start->sp, sizeof(pc)) != 0)
		return 0;
	return paging_is_text(pc) ? pc : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Walks the frames of a stack with a table of their sizes, because this build has no frame
 * pointers.
 *
 * Callers: dumps and hal_backtrace() (kernel/x86/traps.c).  Any context.  Compare Linux's
 * arch/x86/kernel/unwind_orc.c.
 */
#include "kernel/x86/unwind.h"
#include "kernel/hal.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/ptrace.h"
#include "kernel/x86/shipped/unwind_table.h"

extern const u8 trap_return[]; /* entry.S: the return address of its call of x86_trap() */
extern const u8 __unwind_start[], __unwind_end[], __text_start[];

/* entry.S pushes two words between struct pt_regs and the return address of x86_trap(). */
#define TRAP_FRAME_WORDS 2
#define GUESS_WORDS      128 /* words of a stack in which unwind_guess() searches */

struct frame {
	u64 ip, sp, bp;
	/* True: ip is the address of an interrupted instruction; false: a return address. */
	bool exact;
};

static bool read_stack(void *to, u64 address, size_t size)
{
	return address >= DIRECT_MAP_BASE && address % sizeof(u64) == 0 &&
	       hal_copy_user(to, (const void *)address, size) == 0;
}

/* Moves from x86_trap()'s caller to the interrupted code, which may have another stack. */
static bool cross_trap(struct frame *f)
{
	struct pt_regs regs;

	if (!read_stack(&regs, f->sp + TRAP_FRAME_WORDS * sizeof(u64), sizeof(regs)))
		return false;
	*f = (struct frame){.ip = regs.ip, .sp = regs.sp, .bp = regs.bp, .exact = true};
	return paging_is_text(f->ip);
}

static bool step(struct frame *f)
{
	const struct unwind_table table = {__unwind_start, __unwind_end, (u64)__text_start};
	struct unwind_rule rule;
	u64 cfa;

	if (f->ip == (u64)trap_return)
		return cross_trap(f);
	/*
	 * For a return address, look up the byte before it, which belongs to the call: the call may
	 * be the last instruction of its function.
	 */
	if (!unwind_rule_find(&table, f->ip - !f->exact, &rule))
		return false;
	cfa = (rule.by_bp ? f->bp : f->sp) + rule.cfa;
	if (cfa <= f->sp) /* the table is wrong: the caller's frame is always at a higher address */
		return false;
	if (rule.bp_down && !read_stack(&f->bp, cfa - rule.bp_down, sizeof(f->bp)))
		return false;
	if (!read_stack(&f->ip, cfa - sizeof(u64), sizeof(f->ip)))
		return false;
	f->sp = cfa;
	f->exact = false;
	return paging_is_text(f->ip);
}

/*
 * The first step of a walk.  If a call through an invalid pointer faulted, no function was entered,
 * and the return address is on top of the stack.
 */
static bool first_step(struct frame *f)
{
	if (paging_is_text(f->ip))
		return step(f);
	if (!read_stack(&f->ip, f->sp, sizeof(f->ip)))
		return false;
	f->sp += sizeof(u64);
	f->exact = false;
	return paging_is_text(f->ip);
}

unsigned int unwind_frames(const struct unwind_start *start, u64 *pcs, unsigned int max)
{
	struct frame f = {.ip = start->ip, .sp = start->sp, .bp = start->bp, .exact = true};
	unsigned int n = 0;

	while (n < max && (n == 0 ? first_step(&f) : step(&f)))
		pcs[n++] = f.ip + f.exact;
	return n;
}

/*
 * For a stack that was overwritten: returns the first word of the stack that may be a return
 * address, or 0.
 */
u64 unwind_guess(const struct unwind_start *start)
{
	struct frame f = {.ip = start->ip, .sp = start->sp, .bp = start->bp, .exact = true};
	unsigned int i;
	u64 word;

	if (first_step(&f))
		return 0;
	for (i = 0; i < GUESS_WORDS; i++) {
		if (!read_stack(&word, start->sp + i * sizeof(u64), sizeof(word)))
			return 0;
		if (paging_is_text(word))
			return word;
	}
	return 0;
}

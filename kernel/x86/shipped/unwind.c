/* SPDX-License-Identifier: MIT */
/*
 * Walks frames by a table, since this build has no frame pointers.
 *
 * Callers: dumps and hal_backtrace() (kernel/x86/traps.c).  Any context.  Answers to Linux's
 * arch/x86/kernel/unwind_orc.c.
 */
#include "kernel/x86/unwind.h"
#include "kernel/hal.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/ptrace.h"
#include "kernel/x86/shipped/unwind_table.h"

extern const u8 trap_return[]; /* entry.S: behind the call of x86_trap() */
extern const u8 __unwind_start[], __unwind_end[], __text_start[];

/* entry.S: two words lie between the return address of x86_trap() and struct pt_regs. */
#define TRAP_FRAME_WORDS 2
#define GUESS_WORDS      128 /* of a stack that are looked through */

struct frame {
	u64 ip, sp, bp;
	bool exact; /* ip is an instruction that was interrupted; else a return address */
};

static bool read_stack(void *to, u64 address, size_t size)
{
	return address >= DIRECT_MAP_BASE && address % sizeof(u64) == 0 &&
	       hal_copy_user(to, (const void *)address, size) == 0;
}

/* From the caller of x86_trap() to the interrupted code, perhaps on another stack. */
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
	 * A call may be the last instruction of its function: look up the row of the call itself.
	 */
	if (!unwind_rule_find(&table, f->ip - !f->exact, &rule))
		return false;
	cfa = (rule.by_bp ? f->bp : f->sp) + rule.cfa;
	if (cfa <= f->sp) /* the caller's frame is always at a higher address */
		return false;
	if (rule.bp_down && !read_stack(&f->bp, cfa - rule.bp_down, sizeof(f->bp)))
		return false;
	if (!read_stack(&f->ip, cfa - sizeof(u64), sizeof(f->ip)))
		return false;
	f->sp = cfa;
	f->exact = false;
	return paging_is_text(f->ip);
}

/* A call through a bad pointer only pushed its return address. */
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

/* When the stack was overwritten: the first word above the end that may be a return address. */
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

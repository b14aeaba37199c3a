/* SPDX-License-Identifier: MIT */
/*
 * The vector and floating-point registers of the program's threads.
 *
 * Callers: x86_start_moved() -> fpu_init(); hal_user_switch() -> fpu_switch(); thread creation,
 * signals, exceptions.  The kernel uses no vector registers, except copies (usercopy.S), which
 * restore them.  So they keep the values of the thread that was in ring 3 last, their owner, and are
 * saved only if another thread of the program gets the CPU.
 *
 * Each thread's area is at the top of its stack, in the layout of XSAVE, whose size is fixed because
 * XCR0 is: x87, SSE and AVX.  Compare Linux's arch/x86/kernel/fpu/.
 */
#include "include/uapi/signal.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/user.h"

#define CPUID_XSAVE BIT(26) /* leaf 1, ecx */
#define CPUID_AVX   BIT(28)

#define XFEATURES_SSE 3u /* x87 and SSE */
#define XFEATURES_AVX 7u

#define FXSAVE_SIZE  512
#define XHEADER_SIZE 64
#define YMM_SIZE     256
#define X87_INVALID  0x01
#define X87_DIVIDE   0x04
#define X87_OVERFLOW 0x08
/* denormal operand and underflow */
#define X87_SMALL   0x12
#define X87_INEXACT 0x20

/* The beginning of the area: the layout of FXSAVE. */
struct fxregs {
	u16 control, status;
	u32 tag_and_opcode;
	u64 ip, dp;
	u32 mxcsr, mxcsr_mask;
};

BUILD_BUG_ON(FXSAVE_SIZE + XHEADER_SIZE + YMM_SIZE != FPU_AREA_SIZE || FPU_AREA_SIZE % 64);

static u32 xfeatures; /* 0: the CPU has no XSAVE */

void fpu_init(void)
{
	u32 features = cpuid(1, 0).ecx;

	if (!(features & CPUID_XSAVE))
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	xfeatures = XFEATURES_SSE;
	if (features & CPUID_AVX && (cpuid(0xd, 0).eax & XFEATURES_AVX) == XFEATURES_AVX)
		xfeatures = XFEATURES_AVX;
	__asm__ volatile("xsetbv" : : "c"(0), "a"(xfeatures), "d"(0));
}

static struct fxregs *area_of(const struct task_struct *p)
{
	return (struct fxregs *)user_stack_top(p);
}

static void save(void *area)
{
	if (xfeatures)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(xfeatures), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void restore(const void *area)
{
	if (xfeatures)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(xfeatures), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* An XSAVE header of zeroes gives all registers their initial values. */
void fpu_reset(struct task_struct *p)
{
	struct fxregs *area = area_of(p);

	memset(area, 0, FPU_AREA_SIZE);
	area->control = X87_CONTROL_DEFAULT;
	area->mxcsr = MXCSR_DEFAULT;
	if (this_cpu()->hal.fpu_owner == p)
		restore(area);
}

void fpu_switch(struct task_struct *next)
{
	struct task_struct *owner = this_cpu()->hal.fpu_owner;

	if (owner == next)
		return;
	if (owner)
		save(area_of(owner));
	restore(area_of(next));
	this_cpu()->hal.fpu_owner = next;
}

void fpu_forget(struct task_struct *p)
{
	if (this_cpu()->hal.fpu_owner == p)
		this_cpu()->hal.fpu_owner = NULL;
}

int fpu_exception_code(u64 vector)
{
	const struct fxregs *area = area_of(current);
	u32 pending;

	save(area_of(current));
	if (vector == TRAP_SIMD)
		pending = area->mxcsr & ~(area->mxcsr >> 7);
	else
		pending = area->status & ~area->control;
	if (pending & X87_INVALID)
		return FPE_FLTINV;
	if (pending & X87_DIVIDE)
		return FPE_FLTDIV;
	if (pending & X87_OVERFLOW)
		return FPE_FLTOVF;
	if (pending & X87_SMALL)
		return FPE_FLTUND;
	return pending & X87_INEXACT ? FPE_FLTRES : 0;
}

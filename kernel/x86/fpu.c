/* SPDX-License-Identifier: MIT */
/*
 * The vector and floating-point registers of the program's threads.
 *
 * Callers: x86_start_moved() -> fpu_init(); hal_user_switch() -> fpu_switch(); thread creation,
 * signals, exceptions.  The kernel uses no vector registers, except copies (usercopy.S), which
 * restore them.  So the registers keep the values of the thread that was in ring 3 last, their
 * owner, and are saved only if another thread of the program gets the CPU.
 *
 * Each thread's area is at the top of its stack, in the layout of XSAVE, whose size is fixed because
 * XCR0 is: x87, SSE and AVX.  Compare Linux's arch/x86/kernel/fpu/.
 */
#include "include/uapi/errno.h"
#include "include/uapi/signal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
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

/* XSAVE's header, behind the registers of FXSAVE. */
struct xheader {
	u64 present; /* bit n: component n has a value; else it has its initial value */
	u64 compacted;
	u64 reserved[6];
};

/*
 * In the frame of a signal handler, the end of FXSAVE's area tells that XSAVE's header and further
 * registers follow; FRAME_MAGIC2 follows these.
 */
#define FRAME_MAGIC1  0x46505853
#define FRAME_MAGIC2  0x46505845
#define FRAME_INFO_AT 464
struct frame_info {
	u32 magic1;
	u32 size_with_magic2;
	u64 xfeatures;
	u32 size;
	u32 unused[7];
};
BUILD_BUG_ON(FRAME_INFO_AT + sizeof(struct frame_info) != FXSAVE_SIZE);

/* The bits of MXCSR that every CPU has. If FXSAVE stores a mask of 0, the CPU has only these. */
#define MXCSR_MASK_DEFAULT 0xffbf

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

void fpu_copy(struct task_struct *child)
{
	save(area_of(current));
	memcpy(area_of(child), area_of(current), FPU_AREA_SIZE);
}

/* ---- signal frames -------------------------------------------------------------------------- */

bool fpu_has_xsave(void)
{
	return xfeatures;
}

/* Returns the bytes that the registers themselves take. */
static u32 registers_size(void)
{
	if (!xfeatures)
		return FXSAVE_SIZE;
	return FXSAVE_SIZE + XHEADER_SIZE + (xfeatures == XFEATURES_AVX ? YMM_SIZE : 0);
}

size_t fpu_frame_size(void)
{
	return registers_size() + (xfeatures ? sizeof(u32) : 0);
}

static struct xheader *header_of(struct fxregs *area)
{
	return (struct xheader *)((u8 *)area + FXSAVE_SIZE);
}

int fpu_save_frame(u64 address)
{
	/*
	 * Do not copy from the thread's own area: a copy may sleep, and the switch to another thread
	 * saves there the registers that the copy itself is using.
	 */
	u8 buffer[FPU_AREA_SIZE] __aligned(64);
	struct fxregs *area = (struct fxregs *)buffer;
	const u32 magic2 = FRAME_MAGIC2;
	const struct frame_info info = {
		.magic1 = FRAME_MAGIC1,
		.size_with_magic2 = fpu_frame_size(),
		.xfeatures = xfeatures,
		.size = registers_size(),
	};
	u8 *to = (u8 *)address;

	save(area_of(current));
	memcpy(buffer, area_of(current), FPU_AREA_SIZE);
	if (!xfeatures)
		return copy_to_user(to, area, FXSAVE_SIZE) ? -EFAULT : 0;
	/*
	 * Set the bits of x87 and SSE in the XSAVE header: a handler may write these registers into the
	 * frame without setting the bits, and XRSTOR ignores saved registers whose bit is 0.
	 */
	header_of(area)->present |= XFEATURES_SSE;
	if (copy_to_user(to, area, info.size) ||
	    copy_to_user(to + FRAME_INFO_AT, &info, sizeof(info)) ||
	    copy_to_user(to + info.size, &magic2, sizeof(magic2)))
		return -EFAULT;
	return 0;
}

/*
 * Reads XSAVE's header and the registers behind it, if the frame has them; without them, only the
 * registers of FXSAVE get values from the frame.
 */
static int read_extended(struct fxregs *area, u64 address)
{
	struct xheader *header = header_of(area);
	const u8 *from = (const u8 *)address;
	struct frame_info info;
	u32 magic2;

	memcpy(&info, (u8 *)area + FRAME_INFO_AT, sizeof(info));
	memset(header, 0, FPU_AREA_SIZE - FXSAVE_SIZE);
	header->present = XFEATURES_SSE;
	if (info.magic1 != FRAME_MAGIC1 || info.size < FXSAVE_SIZE + XHEADER_SIZE ||
	    info.size > registers_size() || info.size_with_magic2 < info.size)
		return 0;
	if (copy_from_user(&magic2, from + info.size, sizeof(magic2)))
		return -EFAULT;
	if (magic2 != FRAME_MAGIC2)
		return 0;
	if (copy_from_user(header, from + FXSAVE_SIZE, info.size - FXSAVE_SIZE))
		return -EFAULT;
	/* XRSTOR raises an exception for each of the errors that are tested here. */
	if (header->present & ~(u64)xfeatures || header->compacted)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(header->reserved); i++)
		if (header->reserved[i])
			return -EINVAL;
	header->present &= info.xfeatures;
	return 0;
}

int fpu_restore_frame(u64 address)
{
	/*
	 * Do not copy into the thread's own area: a copy may sleep, and the switch to another
	 * thread saves this thread's registers there.
	 */
	u8 buffer[FPU_AREA_SIZE] __aligned(64);
	struct fxregs *area = (struct fxregs *)buffer;
	u32 mxcsr_mask;
	int err = 0;

	/* Linux reads the frame with XRSTOR, which refuses such an address. */
	if (address % (xfeatures ? 64 : 16))
		return -EINVAL;
	save(area_of(current));
	mxcsr_mask = area_of(current)->mxcsr_mask;
	if (!mxcsr_mask)
		mxcsr_mask = MXCSR_MASK_DEFAULT;
	if (copy_from_user(area, (const void *)address, FXSAVE_SIZE))
		return -EFAULT;
	area->mxcsr &= mxcsr_mask;
	if (xfeatures)
		err = read_extended(area, address);
	if (!err)
		restore(area);
	return err;
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

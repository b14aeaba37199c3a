/* SPDX-License-Identifier: MIT */
/*
 * The program's registers as the rest of the kernel sees them: the frame of a signal handler, the
 * restart of a system call, the registers of a new thread.
 *
 * Callers: kernel/process (signals, clone), in process context, for the current thread.  No lock: the
 * registers belong to the thread.
 *
 * The frame has the layout of Linux's struct rt_sigframe, which C libraries, Go and debuggers read.  The
 * program may have written anything into it when rt_sigreturn() reads it.  Compare Linux's
 * arch/x86/kernel/signal_64.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/signal.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/user.h"

#define RED_ZONE        128 /* bytes below the stack pointer that a leaf function may use */
#define SYSCALL_SIZE    2   /* bytes of the instruction SYSCALL */
#define FRAME_ALIGN     16
#define FPU_FRAME_ALIGN 64

/* The flags that a handler may change for the interrupted code. */
#define FLAGS_OF_PROGRAM                                                                           \
	(X86_FLAGS_CF | X86_FLAGS_PF | X86_FLAGS_AF | X86_FLAGS_ZF | X86_FLAGS_SF | X86_FLAGS_TF | \
	 X86_FLAGS_DF | X86_FLAGS_OF | X86_FLAGS_RF | X86_FLAGS_AC)

/* Bits of uc_flags. */
#define UC_FP_XSTATE         1 /* the signal frame has an XSAVE area */
#define UC_SIGCONTEXT_SS     2 /* the signal frame has a value for SS */
#define UC_STRICT_RESTORE_SS 4 /* rt_sigreturn() loads that value into SS */

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate; /* address of the vector registers, or 0 */
	u64 reserved[8];
};

struct ucontext {
	u64 uc_flags;
	u64 uc_link;
	struct user_stack uc_stack;
	struct sigcontext uc_mcontext;
	u64 uc_sigmask;
};

struct rt_sigframe {
	u64 pretcode; /* the handler's return address: the code that calls rt_sigreturn() */
	struct ucontext uc;
	u8 info[SIGINFO_SIZE];
};

BUILD_BUG_ON(sizeof(struct sigcontext) != 256);
BUILD_BUG_ON(sizeof(struct rt_sigframe) != 440);

static struct pt_regs *own_regs(void)
{
	return user_regs(current);
}

/* ---- system calls --------------------------------------------------------------------------- */

long hal_syscall_result(void)
{
	const struct pt_regs *regs = own_regs();

	return regs->vector == VECTOR_SYSCALL ? (long)regs->ax : 0;
}

void hal_syscall_set_result(long result)
{
	own_regs()->ax = result;
}

void hal_syscall_restart(long nr)
{
	struct pt_regs *regs = own_regs();

	regs->ax = nr < 0 ? regs->orig_ax : nr;
	regs->ip -= SYSCALL_SIZE;
	regs->vector = 0; /* the call is over: the next signal finds no result */
}

u64 hal_user_sp(void)
{
	return own_regs()->sp;
}

/* ---- new threads ---------------------------------------------------------------------------- */

/* The first code of a new thread of the program; irq off. */
static void begin(void *arg)
{
	user_work();
	user_begin(arg);
}

int hal_user_fork_regs(struct task_struct *child, u64 sp, u64 tls, bool set_tls)
{
	struct pt_regs *regs = user_regs(child);

	if (set_tls && tls >= HAL_USER_END)
		return -EPERM;
	*regs = *own_regs();
	regs->ax = 0;
	if (sp)
		regs->sp = sp;
	child->hal = (struct hal_thread){
		.fs_base = set_tls ? tls : current->hal.fs_base,
		.gs_base = current->hal.gs_base,
	};
	fpu_copy(child);
	hal_context_init(&child->ctx, child->ctx.stack, child->ctx.stack_size, begin, regs);
	return 0;
}

/* ---- the frame of a signal handler ---------------------------------------------------------- */

static void save_context(struct sigcontext *sc, const struct pt_regs *regs, u64 mask, u64 fpstate)
{
	const struct hal_thread *thread = &current->hal;

	*sc = (struct sigcontext){
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.di = regs->di,
		.si = regs->si,
		.bp = regs->bp,
		.bx = regs->bx,
		.dx = regs->dx,
		.ax = regs->ax,
		.cx = regs->cx,
		.sp = regs->sp,
		.ip = regs->ip,
		.flags = regs->flags,
		.cs = USER_CS,
		.ss = USER_SS,
		.err = thread->error_code,
		.trapno = thread->trap_nr,
		.oldmask = mask,
		.cr2 = thread->cr2,
		.fpstate = fpstate,
	};
}

int hal_signal_deliver(const struct ksignal *ksig, const u64 *mask)
{
	struct pt_regs *regs = own_regs();
	u64 top = signal_stack(ksig, regs->sp - RED_ZONE);
	struct rt_sigframe frame = {.pretcode = ksig->action.restorer};
	struct rt_sigframe *at;
	u64 fpstate, sp;

	/*
	 * Linux requires SA_RESTORER, too: there is no code on the stack that the handler could
	 * return to.
	 */
	if (!(ksig->action.flags & SA_RESTORER))
		return -EFAULT;
	fpstate = ALIGN_DOWN(top - fpu_frame_size(), FPU_FRAME_ALIGN);
	/* At its entry a function's stack pointer is a multiple of 16, less 8. */
	sp = ALIGN_DOWN(fpstate - sizeof(frame), FRAME_ALIGN) - sizeof(u64);
	at = (struct rt_sigframe *)sp;
	if (on_altstack(top) && !on_altstack(sp))
		return -EFAULT;

	frame.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (fpu_has_xsave())
		frame.uc.uc_flags |= UC_FP_XSTATE;
	signal_save_altstack(&frame.uc.uc_stack, regs->sp);
	save_context(&frame.uc.uc_mcontext, regs, *mask, fpstate);
	frame.uc.uc_sigmask = *mask;
	if (fpu_save_frame(fpstate) || copy_to_user(at, &frame, sizeof(frame)) ||
	    copy_siginfo_to_user(at->info, &ksig->info))
		return -EFAULT;

	regs->di = ksig->sig;
	regs->si = (u64)at->info;
	regs->dx = (u64)&at->uc;
	regs->ax = 0;
	regs->sp = sp;
	regs->ip = ksig->action.handler;
	regs->flags &= ~(X86_FLAGS_DF | X86_FLAGS_RF | X86_FLAGS_TF);
	regs->vector = 0; /* the next signal interrupts the handler, not the call */
	fpu_reset(current);
	return 0;
}

static void restore_context(struct pt_regs *regs, const struct sigcontext *sc)
{
	u64 flags = (regs->flags & ~FLAGS_OF_PROGRAM) | (sc->flags & FLAGS_OF_PROGRAM);

	*regs = (struct pt_regs){
		.r15 = sc->r15,
		.r14 = sc->r14,
		.r13 = sc->r13,
		.r12 = sc->r12,
		.bp = sc->bp,
		.bx = sc->bx,
		.r11 = sc->r11,
		.r10 = sc->r10,
		.r9 = sc->r9,
		.r8 = sc->r8,
		.ax = sc->ax,
		.cx = sc->cx,
		.dx = sc->dx,
		.si = sc->si,
		.di = sc->di,
		.ip = sc->ip,
		.cs = USER_CS,
		.flags = flags,
		.sp = sc->sp,
		.ss = USER_SS,
	};
}

int hal_sigreturn(u64 *mask, long *result)
{
	struct pt_regs *regs = own_regs();
	struct ucontext uc;

	/* The handler's RET removed pretcode from the stack, so the frame begins one word below sp. */
	if (copy_from_user(&uc, &((struct rt_sigframe *)(regs->sp - sizeof(u64)))->uc, sizeof(uc)))
		return -EFAULT;
	if (uc.uc_mcontext.fpstate) {
		if (fpu_restore_frame(uc.uc_mcontext.fpstate))
			return -EFAULT;
	} else {
		fpu_reset(current);
	}
	/* As in Linux since 6.12, do this while the stack pointer is still the handler's. */
	signal_restore_altstack(&uc.uc_stack);
	restore_context(regs, &uc.uc_mcontext);
	*mask = uc.uc_sigmask;
	*result = (long)regs->ax;
	return 0;
}

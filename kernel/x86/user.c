/* SPDX-License-Identifier: MIT */
/*
 * Ring 3: system calls, exceptions and interrupts of the program, the return to it, and the switch
 * between its threads.
 *
 * Callers: entry.S -> x86_syscall() for the instruction SYSCALL, x86_user_trap() for all other entries
 * from ring 3, with interrupts off; schedule() -> hal_user_switch(); init/program.c ->
 * hal_user_start(). No lock: the registers belong to the thread.
 *
 * The program cannot cause a report about the kernel: each exception of ring 3 becomes a signal.
 * Compare Linux's arch/x86/entry/common.c, kernel/traps.c and kernel/process_64.c.
 */
#include "kernel/hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/user.h"

#define DR6_SINGLE_STEP BIT(14)
#define DR6_DEFAULT     0xffff0ff0UL

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

void entry_SYSCALL_64(void);

/* ---- the signals of exceptions -------------------------------------------------------------- */

/*
 * The signals of the exceptions for which user_exception() calls no function. A vector without a
 * row causes SIGSEGV.
 */
static const struct {
	int sig, code;
	bool at_ip; /* si_addr is the address of the instruction */
} faults[NR_TRAPS] = {
	[TRAP_DIVIDE] = {SIGFPE, FPE_INTDIV, true}, [TRAP_BREAKPOINT] = {SIGTRAP, SI_KERNEL},
	[TRAP_OVERFLOW] = {SIGSEGV, SI_KERNEL},     [TRAP_BOUND] = {SIGSEGV, SI_KERNEL},
	[TRAP_OPCODE] = {SIGILL, ILL_ILLOPN, true}, [TRAP_SEGMENT] = {SIGBUS, SI_KERNEL},
	[TRAP_STACK] = {SIGBUS, SI_KERNEL},         [TRAP_GENERAL] = {SIGSEGV, SI_KERNEL},
	[TRAP_ALIGNMENT] = {SIGBUS, BUS_ADRALN},
};

/* No page is left for the program: it ends, because it cannot continue. */
static void out_of_memory(u64 address)
{
	pr_err("out of memory: no page for address %lx of the program\n", (unsigned long)address);
	send_signal_to_thread(SIGKILL, NULL, current);
}

static void page_fault(const struct pt_regs *regs, u64 address)
{
	int err = -EFAULT;

	/*
	 * The CPU itself accessed memory with the rights of ring 0.  QEMU does so for the stack of
	 * an IRET or a far RET in ring 3.  With SMAP such an access faults, however the page is
	 * mapped.
	 */
	if (!(regs->error & FAULT_USER)) {
		force_sig_fault(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	if (address < HAL_USER_END)
		err = mm_fault(address, page_fault_access(regs));
	if (err == -EFAULT)
		force_sig_fault(SIGSEGV, SEGV_MAPERR, address);
	else if (err == -EACCES)
		force_sig_fault(SIGSEGV, SEGV_ACCERR, address);
	else if (err == -EIO)
		force_sig_fault(SIGBUS, BUS_ADRERR, address);
	else if (err)
		out_of_memory(address);
}

static void debug_exception(const struct pt_regs *regs)
{
	u64 dr6 = read_dr6();

	write_dr6(DR6_DEFAULT);
	force_sig_fault(SIGTRAP, dr6 & DR6_SINGLE_STEP ? TRAP_TRACE : TRAP_BRKPT, regs->ip);
}

static void float_exception(const struct pt_regs *regs)
{
	int code = fpu_exception_code(regs->vector);

	if (code)
		force_sig_fault(SIGFPE, code, regs->ip);
}

static void user_exception(struct pt_regs *regs, u64 cr2)
{
	struct hal_thread *thread = &current->hal;
	u64 vector = regs->vector;

	thread->trap_nr = vector;
	thread->error_code = regs->error;
	if (vector == TRAP_PAGE_FAULT)
		thread->cr2 = cr2;

	if (vector == TRAP_PAGE_FAULT)
		page_fault(regs, cr2);
	else if (vector == TRAP_DEBUG)
		debug_exception(regs);
	else if (vector == TRAP_X87 || vector == TRAP_SIMD)
		float_exception(regs);
	else if (faults[vector].sig)
		force_sig_fault(faults[vector].sig, faults[vector].code,
				faults[vector].at_ip ? regs->ip : 0);
	else
		force_sig_fault(SIGSEGV, SI_KERNEL, 0);
}

BUILD_BUG_ON(offsetof(struct cpu, hal.kernel_sp) != CPU_KERNEL_SP);
BUILD_BUG_ON(offsetof(struct cpu, hal.scratch) != CPU_SCRATCH);

/* ---- entries from ring 3 -------------------------------------------------------------------- */

void syscall_entry_init(void)
{
	wrmsr(MSR_STAR, (u64)GDT_KERNEL_CODE << 32 | (u64)(GDT_USER_CODE32 | 3) << 48);
	wrmsr(MSR_LSTAR, (u64)entry_SYSCALL_64);
	wrmsr(MSR_SYSCALL_MASK, X86_FLAGS_IF | X86_FLAGS_DF | X86_FLAGS_TF | X86_FLAGS_AC |
					X86_FLAGS_NT | X86_FLAGS_RF);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

void user_work(void)
{
	while (unlikely(this_cpu()->need_resched || signal_pending(current))) {
		hal_irq_enable();
		exit_to_user();
		hal_irq_disable();
	}
}

void x86_user_trap(struct pt_regs *regs)
{
	u64 cr2 = 0;

	if (regs->vector >= NR_TRAPS) {
		x86_trap(regs);
	} else {
		if (regs->vector == TRAP_PAGE_FAULT)
			cr2 = read_cr2(); /* read it before another page fault can change it */
		hal_irq_enable();
		user_exception(regs, cr2);
		hal_irq_disable();
	}
	user_work();
}

/*
 * SYSRET takes RIP from RCX and RFLAGS from R11.  With a non-canonical RIP, Intel's CPUs would
 * raise the exception in ring 0, with the program's stack pointer (CVE-2012-0217).  SYSRET cannot
 * restore RF, and with TF the exception would come one instruction too early.  CS and SS
 * always have the program's selectors.
 */
static bool sysret_is_exact(const struct pt_regs *regs)
{
	return regs->cx == regs->ip && regs->r11 == regs->flags && regs->ip < HAL_USER_END &&
	       !(regs->flags & (X86_FLAGS_RF | X86_FLAGS_TF));
}

bool x86_syscall(struct pt_regs *regs)
{
	hal_irq_enable();
	/* Linux takes the lower 32 bits for the number, too. */
	regs->ax = kernel_syscall((int)regs->ax, regs->di, regs->si, regs->dx, regs->r10, regs->r8,
				  regs->r9);
	hal_irq_disable();
	user_work();
	return sysret_is_exact(regs);
}

/* ---- threads -------------------------------------------------------------------------------- */

/*
 * Replaces the selectors that a thread has loaded by null selectors, so that no other thread reads
 * them.  Loading a selector into GS changes GS's base.  The kernel's base must not change, so GS is
 * loaded between two SWAPGS, while it has the program's base.
 */
static void clear_selectors(void)
{
	u32 fs, gs, ds, es;

	asm volatile("mov %%fs, %0; mov %%gs, %1; mov %%ds, %2; mov %%es, %3"
		     : "=r"(fs), "=r"(gs), "=r"(ds), "=r"(es));
	if (likely(!(fs | gs | ds | es)))
		return;
	asm volatile("mov %0, %%fs; mov %0, %%ds; mov %0, %%es; swapgs; mov %0, %%gs; swapgs"
		     :
		     : "r"(0)
		     : "memory");
}

void hal_user_switch(struct task_struct *next)
{
	struct hal_cpu *cpu = &this_cpu()->hal;
	bool other = cpu->user_pid != next->pid;

	cpu->kernel_sp = user_stack_top(next);
	desc_set_kernel_stack(cpu->kernel_sp);
	if (other) {
		cpu->user_pid = next->pid;
		clear_selectors();
	}
	/*
	 * cpu->fs_base and cpu->gs_base are the values that this function last wrote. Another
	 * thread that ran since then may have loaded a selector into FS or GS, even a null
	 * selector, which changes the CPU's base. So write the base again after another thread,
	 * unless both values are 0.
	 */
	if (cpu->fs_base != next->hal.fs_base || (other && cpu->fs_base)) {
		cpu->fs_base = next->hal.fs_base;
		wrmsr(MSR_FS_BASE, cpu->fs_base);
	}
	if (cpu->gs_base != next->hal.gs_base || (other && cpu->gs_base)) {
		cpu->gs_base = next->hal.gs_base;
		wrmsr(MSR_KERNEL_GS, cpu->gs_base);
	}
	fpu_switch(next);
}

void __noreturn hal_user_start(u64 ip, u64 sp)
{
	struct task_struct *self = current;
	struct pt_regs *regs = user_regs(self);

	BUG_ON(!(self->flags & PF_USER));
	*regs = (struct pt_regs){
		.ip = ip,
		.cs = USER_CS,
		.flags = X86_FLAGS_IF | BIT(1),
		.sp = sp,
		.ss = USER_SS,
	};
	self->hal = (struct hal_thread){};
	hal_irq_disable();
	fpu_reset(self);
	hal_user_switch(self);
	user_work();
	user_begin(regs);
}

/* ---- FS and GS ------------------------------------------------------------------------------ */

static long set_base(u64 *base, u64 value)
{
	if (value >= HAL_USER_END)
		return -EPERM;
	hal_irq_disable();
	*base = value;
	/*
	 * As on Linux, a selector that the thread has loaded into FS or GS becomes null: with user_pid 0,
	 * hal_user_switch() clears the selectors.
	 */
	this_cpu()->hal.user_pid = 0;
	hal_user_switch(current);
	hal_irq_enable();
	return 0;
}

/* Reads the base from the CPU, because a selector that the program loaded may have changed it. */
static long get_base(u32 msr, void __user *to)
{
	u64 base = rdmsr(msr);

	return copy_to_user(to, &base, sizeof(base)) ? -EFAULT : 0;
}

static long sys_arch_prctl(int option, u64 address)
{
	struct hal_thread *thread = &current->hal;

	if (!(current->flags & PF_USER))
		return -EINVAL;
	switch (option) {
	case ARCH_SET_FS:
		return set_base(&thread->fs_base, address);
	case ARCH_SET_GS:
		return set_base(&thread->gs_base, address);
	case ARCH_GET_FS:
		return get_base(MSR_FS_BASE, (void *)address);
	case ARCH_GET_GS:
		return get_base(MSR_KERNEL_GS, (void *)address);
	default:
		return -EINVAL;
	}
}

static const struct syscall_def calls[] = {
	SYSCALL_DEF(__NR_arch_prctl, sys_arch_prctl),
};

void user_syscalls_init(void)
{
	register_syscalls(calls, ARRAY_SIZE(calls));
}

/* ---- the report of a fatal signal ----------------------------------------------------------- */

#define FRAMES_MAX 32

void hal_user_report(void)
{
	const struct pt_regs *regs = user_regs(current);
	u64 bp = regs->bp, frame[2];

#define REG(name) ((unsigned long)regs->name)
	pr_err("rip %016lx  rsp %016lx  rflags %08lx\n", REG(ip), REG(sp), REG(flags));
	pr_err("rax %016lx  rbx %016lx  rcx %016lx\n", REG(ax), REG(bx), REG(cx));
	pr_err("rdx %016lx  rsi %016lx  rdi %016lx\n", REG(dx), REG(si), REG(di));
	pr_err("rbp %016lx  r8  %016lx  r9  %016lx\n", REG(bp), REG(r8), REG(r9));
	pr_err("r10 %016lx  r11 %016lx  r12 %016lx\n", REG(r10), REG(r11), REG(r12));
	pr_err("r13 %016lx  r14 %016lx  r15 %016lx\n", REG(r13), REG(r14), REG(r15));
	pr_err("fs %016lx  gs %016lx  last fault: trap %lu, error code %lx, cr2 %016lx\n",
	       (unsigned long)current->hal.fs_base, (unsigned long)current->hal.gs_base,
	       (unsigned long)current->hal.trap_nr, (unsigned long)current->hal.error_code,
	       (unsigned long)current->hal.cr2);
#undef REG
	for (unsigned int n = 0; n < FRAMES_MAX && bp % sizeof(u64) == 0; n++) {
		/* Each caller's frame lies at a higher address. */
		if (copy_from_user(frame, (const void *)bp, sizeof(frame)) || !frame[1])
			break;
		pr_err("  called from %016lx\n", (unsigned long)frame[1]);
		if (frame[0] <= bp)
			break;
		bp = frame[0];
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Ring 3: where the kernel keeps the program's registers, and the entry from ring 3 and the return.
 *
 * The top of a thread's stack has the area for its vector registers, and below it struct pt_regs,
 * which each entry from ring 3 stores at the same place.
 */
#ifndef KERNEL_X86_USER_H
#define KERNEL_X86_USER_H

#include "kernel/sched/sched.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/ptrace.h"

#define USER_AREA_SIZE (FPU_AREA_SIZE + sizeof(struct pt_regs))

static inline u64 user_stack_top(const struct task_struct *p)
{
	return (u64)p->ctx.stack + p->ctx.stack_size - FPU_AREA_SIZE;
}
/* The registers with which @p returns to ring 3. */
static inline struct pt_regs *user_regs(const struct task_struct *p)
{
	return (struct pt_regs *)user_stack_top(p) - 1;
}

/* Sets the MSRs of the SYSCALL instruction.  Called at boot. */
void syscall_entry_init(void);
void user_syscalls_init(void); /* registers arch_prctl(); called at boot */

/*
 * Called by entry.S with irq off, for an exception or interrupt of ring 3.  Returns with irq off,
 * after the work before the return to ring 3 is done.
 */
void x86_user_trap(struct pt_regs *regs);
/* Like x86_user_trap(), but for a system call.  Returns true if SYSRET restores exactly @regs. */
bool x86_syscall(struct pt_regs *regs);
/* Does what must be done before the return to ring 3. irq off, also on return. */
void user_work(void);
/* entry.S: the first return to ring 3. irq off. */
void __noreturn user_begin(const struct pt_regs *regs);

/* ---- vector registers (fpu.c) --------------------------------------------------------------- */

/* Enables the vector registers.  Boot. */
void fpu_init(void);
/* Gives @p the values with which a program starts.  @p is new, or current. */
void fpu_reset(struct task_struct *p);
/*
 * Saves the vector registers that the CPU holds for another thread, and loads those of @next. irq
 * off.
 */
void fpu_switch(struct task_struct *next);
/* Called when @p ends: its vector registers need not be saved. irq off. */
void fpu_forget(struct task_struct *p);
/* Gives the new thread @child the vector registers of the current one. */
void fpu_copy(struct task_struct *child);
bool fpu_has_xsave(void);
/* Bytes that the vector registers take in the frame of a signal handler. */
size_t fpu_frame_size(void);
/*
 * Store the current thread's vector registers at @address of the program, and load them from there.
 * Return 0 or -EFAULT. The load also returns -EINVAL: the CPU does not accept the values, or
 * @address is not aligned.
 */
int fpu_save_frame(u64 address);
int fpu_restore_frame(u64 address);
/* Returns the code of a SIGFPE (FPE_*) for the current thread, or 0: no exception is pending. */
int fpu_exception_code(u64 vector);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Functions of kernel/hal.h on the machine that need no file of their own: idle, threads, vector
 * registers.
 *
 * kernel/hal.h has the contexts; no lock.  The shortest functions are inline in asm/hal.h.  The
 * others are in paging.c (memory), stack.c, tsc.c (clock), serial.c, entropy.c, power.c (power off
 * and reset), traps.c (dumps), entry.S (context switch, copies), platform.c (start of the
 * platform).
 */
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/user.h"

void context_start(void);

/*
 * The initial frame at the top of a new thread's stack.  The first hal_context_switch() to the
 * thread pops it.
 */
struct first_frame {
	u64 r15, r14, r13, r12, bx, bp;
	u64 ip;
	u64 end[2]; /* zero return address and frame pointer, at which a backtrace ends */
};

void hal_idle(void)
{
	/*
	 * STI takes effect after the next instruction, so no interrupt can come between STI and
	 * HLT.
	 */
	__asm__ volatile("sti; hlt" : : : "memory");
}

/*
 * On a real CPU the locked instruction is enough.  But QEMU's TCG omits every barrier and ignores
 * every lock prefix when it emulates a machine with one CPU (seen in 7.2; -smp 1,maxcpus=2 keeps
 * them), while the device is another thread of the host.  Our index could then still be in the
 * host's store buffer when we read the device's index.  Driver and device would each believe that
 * the other side will send a notification, and the queue would stop forever.  POPF makes TCG leave
 * the translated code to look for interrupts, which includes a barrier.
 */
void hal_device_mb(void)
{
	__asm__ volatile("lock orq $0, (%%rsp)\n\tpushfq\n\tpopfq" : : : "memory", "cc");
}

void hal_cpu_relax(void)
{
	cpu_relax();
}

void hal_context_init(struct hal_context *ctx, void *stack, size_t size, void (*fn)(void *arg),
		      void *arg)
{
	struct first_frame *frame;

	frame = (struct first_frame *)((u8 *)stack + size - USER_AREA_SIZE) - 1;
	*frame = (struct first_frame){
		.bx = (u64)fn,
		.r12 = (u64)arg,
		.ip = (u64)context_start,
	};
	ctx->sp = frame;
	ctx->fake_stack = NULL;
	ctx->stack = stack;
	ctx->stack_size = size;
}

void __noreturn hal_context_exit(struct hal_context *from, struct hal_context *to)
{
	fpu_forget(container_of(from, struct task_struct, ctx));
	hal_context_switch(from, to);
	panic("a thread that ended was resumed");
}

void hal_set_this_cpu(struct cpu *cpu)
{
	wrmsr(MSR_GS_BASE, (u64)cpu);
}

/*
 * Saves the vector registers, empties the x87 stack and sets both control words to their defaults.
 * The next thread gave up the CPU in a function call, where the ABI requires an empty x87 stack; with
 * the interrupted code's entries left in it, the next thread's values would overflow the stack.
 */
void hal_fpu_save(void *area)
{
	const u32 mxcsr = MXCSR_DEFAULT;

	__asm__ volatile("fxsave64 (%0); fninit; ldmxcsr %1" : : "r"(area), "m"(mxcsr) : "memory");
}

void hal_fpu_restore(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void hal_poison(const void *p, size_t size)
{
}

void hal_unpoison(const void *p, size_t size)
{
}

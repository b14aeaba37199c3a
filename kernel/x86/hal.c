/* SPDX-License-Identifier: MIT */
/*
 * The small part of kernel/hal.h on the machine: idle, threads, vector registers.
 *
 * Contexts as that header says; no lock.  Functions shorter than a call are inline: asm/hal.h.  The
 * rest: paging.c (memory), stack.c, tsc.c (clock), serial.c, entropy.c, power.c (the end), traps.c
 * (dumps), entry.S (context switch, copies), platform.c (bringing up).
 */
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/cpu.h"

void context_start(void);

/* The frame that hal_context_switch() pops, at the top of a stack that has not run yet. */
struct first_frame {
	u32 mxcsr;
	u16 x87_control, unused;
	u64 r15, r14, r13, r12, bx, bp;
	u64 ip;
	u64 end[2]; /* zero, so that a backtrace that comes this far ends */
};

void hal_idle(void)
{
	/* STI takes effect after the next instruction, so no interrupt can come between the two. */
	__asm__ volatile("sti; hlt" : : : "memory");
}

/*
 * A CPU needs only the locked instruction.  But QEMU's TCG drops every barrier and every lock
 * prefix when it emulates a machine with one CPU (seen in 7.2; -smp 1,maxcpus=2 keeps them), while
 * the device is another thread of the host.  Our index could then still be in the host's store
 * buffer when we read the device's index; each side believes that the other one will notify, and
 * the queue stops for good.  POPF makes TCG look for interrupts outside of the translated code,
 * which includes a barrier of its own.
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

	frame = (struct first_frame *)((u8 *)stack + size) - 1;
	*frame = (struct first_frame){
		.mxcsr = MXCSR_DEFAULT,
		.x87_control = X87_CONTROL_DEFAULT,
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
	hal_context_switch(from, to);
	panic("a thread that ended was resumed");
}

void hal_set_this_cpu(struct cpu *cpu)
{
	wrmsr(MSR_GS_BASE, (u64)cpu);
}

/*
 * The next thread gave the CPU up in a call, where the x87 stack is empty.  Clear the interrupted
 * code's entries, or the next thread's numbers would find no room.
 */
void hal_fpu_save(void *area)
{
	__asm__ volatile("fxsave64 (%0); fninit" : : "r"(area) : "memory");
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

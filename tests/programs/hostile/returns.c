/* SPDX-License-Identifier: MIT */
/* Signal frames with forged registers, and handlers and stacks that cannot work. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "hostile.h"

static void (*forge)(ucontext_t *context);

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	forge(context);
}

/* Raises a signal whose handler changes the frame to which it returns. */
static void forged(void (*change)(ucontext_t *))
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	forge = change;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

#define FORGE(name, statement)                                                                     \
	static void change_##name(ucontext_t *context)                                             \
	{                                                                                          \
		greg_t *r = context->uc_mcontext.gregs;                                            \
		(void)r;                                                                           \
		statement;                                                                         \
	}                                                                                          \
	static void return_##name(void)                                                            \
	{                                                                                          \
		forged(change_##name);                                                             \
	}

/* The kernel ignores forged selectors and system flags in the frame: the program goes on. */
FORGE(kernel_cs, r[REG_CSGSFS] = 0x0010000000000008)
FORGE(null_segments, r[REG_CSGSFS] = 0)
FORGE(io_flags, r[REG_EFL] = 0x3002)
FORGE(nested_flag, r[REG_EFL] |= 0x4000)
FORGE(all_flags, r[REG_EFL] = 0xffffffffffffffff & ~0x40100)
FORGE(kernel_ip, r[REG_RIP] = KERNEL_IMAGE)
FORGE(odd_ip, r[REG_RIP] = NON_CANONICAL)
FORGE(negative_ip, r[REG_RIP] = -1)
FORGE(null_ip, r[REG_RIP] = 0)
FORGE(odd_stack, r[REG_RSP] = NON_CANONICAL)
FORGE(kernel_stack, r[REG_RSP] = STACK_AREA + 4 * PAGE)
FORGE(vectors_in_kernel, context->uc_mcontext.fpregs = (void *)DIRECT_MAP)
FORGE(vectors_nowhere, context->uc_mcontext.fpregs = (void *)8)
FORGE(vectors_unaligned,
      context->uc_mcontext.fpregs = (void *)((char *)context->uc_mcontext.fpregs + 1))
FORGE(no_vectors, context->uc_mcontext.fpregs = NULL)
FORGE(mxcsr, context->uc_mcontext.fpregs->mxcsr = 0xffffffff)
FORGE(xstate, memset((char *)context->uc_mcontext.fpregs + 464, 0xff, 48 + 64))
FORGE(mask, memset(&context->uc_sigmask, 0xff, 8))
FORGE(altstack, context->uc_stack.ss_sp = (void *)DIRECT_MAP; context->uc_stack.ss_size = -1;
      context->uc_stack.ss_flags = 77)

/* Calls rt_sigreturn() without a frame. */
static void return_from_nothing(void)
{
	__asm__ volatile("xor %%esp, %%esp; mov $15, %%eax; syscall" : : : "memory");
}

static void return_from_kernel(void)
{
	__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall"
			 :
			 : "r"(DIRECT_MAP + PAGE)
			 : "memory");
}

static void return_from_garbage(void)
{
	static char stack[4 * PAGE] __attribute__((aligned(16)));

	memset(stack, 0xff, sizeof(stack));
	__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" : : "r"(stack + PAGE) : "memory");
}

/* Raises a signal with a stack pointer at which no frame can be built. */
static void handler_without_stack(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &action, NULL);
	__asm__ volatile("mov $8, %%rsp; push %%rax" : : : "memory");
}

static void handler_on_bad_stack(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = (void *)(USER_END - 8 * PAGE), .ss_size = 4 * PAGE};

	munmap((void *)(USER_END - 8 * PAGE), 4 * PAGE);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void handler_in_kernel(void)
{
	struct sigaction action = {.sa_handler = (void (*)(int))KERNEL_IMAGE};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void again(int sig)
{
	raise(sig);
}

/* Runs a handler that interrupts itself until the stack ends. */
static void handler_recursion(void)
{
	struct sigaction action = {.sa_handler = again, .sa_flags = SA_NODEFER};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void fault_while_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGSEGV, again);
	*(volatile char *)8 = 1;
}

static void ignored_fault(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)8 = 1;
}

#define ENDS(name, sig)                                                                            \
	{                                                                                          \
#name, name, sig, false                                                            \
	}

const struct attack return_attacks[] = {
	{"return_kernel_cs", return_kernel_cs, 0, true},
	{"return_null_segments", return_null_segments, 0, true},
	ENDS(return_io_flags, 0),
	ENDS(return_nested_flag, 0),
	ENDS(return_all_flags, 0),
	ENDS(return_kernel_ip, SIGSEGV),
	ENDS(return_odd_ip, SIGSEGV),
	ENDS(return_negative_ip, SIGSEGV),
	ENDS(return_null_ip, SIGSEGV),
	ENDS(return_odd_stack, SIGBUS),
	ENDS(return_kernel_stack, SIGSEGV),
	ENDS(return_vectors_in_kernel, SIGSEGV),
	ENDS(return_vectors_nowhere, SIGSEGV),
	ENDS(return_vectors_unaligned, SIGSEGV),
	ENDS(return_no_vectors, 0),
	{"return_mxcsr", return_mxcsr, 0, true},
	ENDS(return_xstate, 0),
	ENDS(return_mask, 0),
	ENDS(return_altstack, 0),
	ENDS(return_from_nothing, SIGSEGV),
	ENDS(return_from_kernel, SIGSEGV),
	ENDS(return_from_garbage, SIGSEGV),
	ENDS(handler_without_stack, SIGSEGV),
	ENDS(handler_on_bad_stack, SIGSEGV),
	ENDS(handler_in_kernel, SIGSEGV),
	ENDS(handler_recursion, SIGSEGV),
	ENDS(fault_while_blocked, SIGSEGV),
	ENDS(ignored_fault, SIGSEGV),
	{NULL, NULL, 0, false},
};

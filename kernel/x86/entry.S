/* SPDX-License-Identifier: MIT */
/*
 * The entry code of interrupts, exceptions and system calls, which calls C, and the switch between
 * two threads.
 *
 * Order of an interrupt: vector_stubs (one per vector) -> common -> x86_trap() (traps.c) -> back.
 * From ring 3: common -> from_user -> x86_user_trap() (user.c) -> user_return.  Of a system call:
 * entry_SYSCALL_64 -> x86_syscall() (user.c) -> SYSRET or user_return.  Interrupts are off at the
 * entry, because every gate of the IDT is an interrupt gate, and at the return to ring 3.  Compare
 * Linux's arch/x86/entry/entry_64.S.
 */
#include "kernel/x86/layout.h"
#include "kernel/x86/smap.h"

	.cfi_sections .debug_frame
	.text

/*
 * One stub of 16 bytes for each vector.  The CPU pushes an error code for the vectors 8, 10-14, 17,
 * 21, 29 and 30.  The other stubs push a 0 instead, so that struct pt_regs always has the same
 * layout.
 */
#define ERROR_CODE_VECTORS 0x60227d00
	.balign 16
	.globl vector_stubs
vector_stubs:
vector = 0
	.rept NR_VECTORS
	.balign 16
	.if vector >= 32 || ((ERROR_CODE_VECTORS >> (vector & 31)) & 1) == 0
	push	$0
	.endif
	.if vector < 128
	push	$vector
	.else
	pushq	$vector
	.endif
	.if vector == 1
	jmp	debug_exception
	.elseif vector == 2 || vector == 8 || vector == 18	/* NMI, double fault, machine check */
	jmp	paranoid
	.elseif vector >= 11 && vector <= 13			/* segment, stack, protection */
	jmp	maybe_iret
	.else
	jmp	common
	.endif
vector = vector + 1
	.endr

	.macro PUSH_REGS
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro POP_REGS
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	.endm

	/*
	 * Push a return address and rbp, as if the interrupted code had called x86_trap().  So a
	 * backtrace continues in the interrupted code.  rdi = struct pt_regs.
	 */
	.macro LINK_FRAMES
	push	136(%rdi)
	push	%rbp
	mov	%rsp, %rbp
	.endm

/* Offsets in the stack at the entry: what the stub and the CPU pushed. */
#define ERROR 8
#define RIP   16
#define CS    24
#define RSP   40

	.balign 16
	.type common, @function
common:
	testb	$3, CS(%rsp)
	jnz	from_user
	PUSH_REGS
	mov	%rsp, %rdi
	LINK_FRAMES
	cld
	SMAP_SITE(CLAC)			/* the interrupted code may have done STAC */
	call	x86_trap
	.globl	trap_return
	.type	trap_return, @object	/* not a function, so that backtraces show no name for it */
trap_return:
	add	$16, %rsp
	POP_REGS
	add	$16, %rsp		/* drops vector and error code */
	iretq

	/* From ring 3, on the thread's kernel stack: GS has the program's base. */
from_user:
	swapgs
from_user_gs_done:
	PUSH_REGS
	xor	%ebp, %ebp		/* ends every backtrace */
	mov	%rsp, %rdi
	cld
	SMAP_SITE(CLAC)			/* the program may have set AC */
	call	x86_user_trap
	/* Every return to ring 3 takes this way, except one by SYSRET.  irq off, rsp = struct pt_regs. */
	.globl	user_return
	.type	user_return, @object
user_return:
	POP_REGS
	add	$16, %rsp
	swapgs
user_iret:
	iretq
	.size common, . - common

/*
 * A segment, stack or protection fault.  The IRET to ring 3 (user_iret) faults in ring 0 if a program has set
 * invalid registers with sigreturn.  GS then has the program's base already.  Such a fault becomes one of the program:
 * drop the frame that the CPU pushed for the fault, so that the frame of the failed IRET describes
 * the interrupted code.
 */
	.balign 16
	.type maybe_iret, @function
maybe_iret:
	testb	$3, CS(%rsp)
	jnz	from_user
	push	%rax
	lea	user_iret(%rip), %rax
	cmp	%rax, RIP + 8(%rsp)
	pop	%rax
	jne	common
	swapgs
	mov	%rax, %gs:CPU_SCRATCH
	mov	ERROR(%rsp), %rax
	mov	RSP(%rsp), %rsp		/* the frame for IRET */
	push	%rax
	push	$13			/* general protection */
	mov	%gs:CPU_SCRATCH, %rax
	jmp	from_user_gs_done
	.size maybe_iret, . - maybe_iret

/*
 * An exception that may come between an entry and its swapgs, or between swapgs and the return.  At
 * these places CS says ring 0, but GS has the program's base: so test the base itself.  The
 * kernel's base lies in the upper half, and the program cannot set such a base.
 */
	.balign 16
	.type paranoid, @function
paranoid:
	PUSH_REGS
	mov	%rsp, %rdi
	LINK_FRAMES
	cld
	SMAP_SITE(CLAC)
	xor	%ebx, %ebx
	mov	$MSR_GS_BASE, %ecx
	rdmsr
	test	%edx, %edx
	js	1f
	swapgs
	inc	%ebx
1:	call	x86_trap
	test	%ebx, %ebx
	jz	2f
	swapgs
2:	add	$16, %rsp
	POP_REGS
	add	$16, %rsp
	iretq
	.size paranoid, . - paranoid

/*
 * A debug exception has a stack of its own, because a debug exception in ring 0 may come before the
 * stack is valid.  A debug exception of ring 3 continues on the thread's stack, where a signal can
 * be delivered.
 */
	.balign 16
	.type debug_exception, @function
debug_exception:
	testb	$3, CS(%rsp)
	jz	paranoid
	swapgs
	mov	%rax, %gs:CPU_SCRATCH
	mov	%rsp, %rax
	mov	%gs:CPU_KERNEL_SP, %rsp
	.irp	offset, 48, 40, 32, 24, 16, 8, 0
	push	\offset(%rax)
	.endr
	mov	%gs:CPU_SCRATCH, %rax
	jmp	from_user_gs_done
	.size debug_exception, . - debug_exception

/*
 * The instruction SYSCALL in ring 3: rcx = return address, r11 = RFLAGS, rsp still the program's;
 * MSR_SYSCALL_MASK turned interrupts off.  Stores a whole struct pt_regs; the error code's place has
 * the number of the call, which a restart needs.
 */
	.balign 16
	.globl entry_SYSCALL_64, entry_SYSCALL_64_end
	.type entry_SYSCALL_64, @function
entry_SYSCALL_64:
	swapgs
	mov	%rsp, %gs:CPU_SCRATCH
	mov	%gs:CPU_KERNEL_SP, %rsp
	push	$USER_SS
	push	%gs:CPU_SCRATCH
	push	%r11
	push	$USER_CS
	push	%rcx
	push	%rax
	push	$VECTOR_SYSCALL
	PUSH_REGS
	xor	%ebp, %ebp		/* ends every backtrace */
	mov	%rsp, %rdi
	call	x86_syscall
	test	%al, %al		/* not 0: SYSRET can restore these registers */
	jz	user_return
	POP_REGS
	mov	RSP(%rsp), %rsp
	swapgs
	sysretq
entry_SYSCALL_64_end:
	.size entry_SYSCALL_64, . - entry_SYSCALL_64

/*
 * void hal_context_switch(struct hal_context *from, struct hal_context *to)
 *
 * For the compiler this is a function call, so only the callee-saved registers must be kept.  In
 * the ABI these include the control words of both floating-point units (x87 and SSE), but the
 * kernel never changes the control words: they belong to a thread of the program, as the vector
 * registers do (hal_user_switch()).
 */
	.globl hal_context_switch
	.type hal_context_switch, @function
hal_context_switch:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset rbp, -16
	push	%rbx
	.cfi_adjust_cfa_offset 8
	push	%r12
	.cfi_adjust_cfa_offset 8
	push	%r13
	.cfi_adjust_cfa_offset 8
	push	%r14
	.cfi_adjust_cfa_offset 8
	push	%r15
	.cfi_adjust_cfa_offset 8
	mov	%rsp, (%rdi)
	mov	(%rsi), %rsp
	pop	%r15
	.cfi_adjust_cfa_offset -8
	pop	%r14
	.cfi_adjust_cfa_offset -8
	pop	%r13
	.cfi_adjust_cfa_offset -8
	pop	%r12
	.cfi_adjust_cfa_offset -8
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	ret
	.cfi_endproc
	.size hal_context_switch, . - hal_context_switch

/*
 * The first code of a new thread. hal_context_init() put the thread's function into rbx and the
 * argument into r12.
 */
	.globl context_start
	.type context_start, @function
context_start:
	mov	%r12, %rdi
	xor	%ebp, %ebp
	call	*%rbx
	ud2
	.size context_start, . - context_start

/* void user_begin(const struct pt_regs *regs): the first return to ring 3 of a thread; irq off. */
	.globl user_begin
	.type user_begin, @function
user_begin:
	mov	%rdi, %rsp
	jmp	user_return
	.size user_begin, . - user_begin

	.section .note.GNU-stack, "", @progbits

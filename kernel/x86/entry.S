/* SPDX-License-Identifier: MIT */
/*
 * The entry code of interrupts and exceptions, which calls C, and the switch between two threads.
 *
 * Order of an interrupt: vector_stubs (one per vector) -> common -> x86_trap() (traps.c) -> back.
 * Interrupts are off at the entry, because every gate of the IDT is an interrupt gate.  Compare
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
	jmp	common
vector = vector + 1
	.endr

	.balign 16
	.type common, @function
common:
	/*
	 * If the interrupted code was in ring 3, exchange the application's GS base for the kernel's.
	 * An NMI between the entry and the swapgs would see ring 0 with the wrong base, and would
	 * need to check the base itself.  There is no ring 3 yet.
	 */
	testb	$3, 24(%rsp)
	jz	1f
	swapgs
1:	push	%rdi
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
	mov	%rsp, %rdi
	/*
	 * Push a return address and rbp, as if the interrupted code had called x86_trap().  So a
	 * backtrace continues in the interrupted code.
	 */
	push	136(%rdi)
	push	%rbp
	mov	%rsp, %rbp
	cld
	SMAP_SITE(CLAC)			/* the interrupted code may have done STAC */
	call	x86_trap
	.globl	trap_return
	.type	trap_return, @object	/* not a function, so that backtraces show no name for it */
trap_return:
	add	$16, %rsp
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
	testb	$3, 24(%rsp)
	jz	2f
	swapgs
2:	add	$16, %rsp		/* vector and error code */
	iretq
	.size common, . - common

/*
 * void hal_context_switch(struct hal_context *from, struct hal_context *to)
 *
 * For the compiler this is a function call, so only the callee-saved registers must be kept.  In
 * the ABI these include the control words of both floating-point units (x87 and SSE), so each
 * thread has its own rounding mode and exception masks.
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
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, (%rdi)
	mov	(%rsi), %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
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

	.section .note.GNU-stack, "", @progbits

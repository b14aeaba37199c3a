/* SPDX-License-Identifier: MIT */
/*
 * The doors from an interrupt or exception into C, and what else only assembly can do: the switch
 * between two threads and the copy that may fault.
 *
 * Order of an interrupt: vector_stubs (one per vector) -> common -> x86_trap() (traps.c) -> back.
 * Entered with interrupts off, since every gate is an interrupt gate.
 * Answers to Linux's arch/x86/entry/entry_64.S, arch/x86/lib/copy_user_64.S.
 */
#include "kernel/x86/layout.h"

	.text

/*
 * Room for STAC or CLAC, which a CPU without SMAP does not know: x86_start() fills it in where the
 * CPU has it (kernel/x86/setup.c).  STAC opens an application's pages to the kernel, CLAC closes
 * them.
 */
#define STAC 0xcb
#define CLAC 0xca
#define SMAP_SITE(opcode)				\
661:	.byte	0x0f, 0x1f, 0x00;			\
	.pushsection .smap_sites, "a", @progbits;	\
	.balign 4;					\
	.long	661b - .;				\
	.long	opcode;					\
	.popsection

/*
 * One stub of 16 bytes per vector.  The CPU pushes an error code for vectors 8, 10-14, 17, 21, 29
 * and 30; the others push a 0 in its place, so that struct pt_regs has one shape.
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
	 * From ring 3, GS holds the application's base until swapgs.  An exception between the two
	 * (NMI) would need to look at the GS base itself; that comes with ring 3.
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
	/* A frame that looks like a call from the interrupted place: backtraces cross here. */
	push	136(%rdi)
	push	%rbp
	mov	%rsp, %rbp
	cld
	SMAP_SITE(CLAC)			/* what was interrupted may have had them open */
	call	x86_trap
	.globl	trap_return
	.type	trap_return, @object	/* not a function: no name in backtraces */
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
 * A call as far as the compiler knows, so only the callee-saved registers are kept.  To these the
 * ABI counts the control words of both floating-point units: rounding and masks are each thread's own.
 */
	.globl hal_context_switch
	.type hal_context_switch, @function
hal_context_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, (%rdi)
	mov	(%rsi), %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size hal_context_switch, . - hal_context_switch

/* Where a new thread begins: hal_context_init() put its function into rbx, the argument into r12. */
	.globl context_start
	.type context_start, @function
context_start:
	mov	%r12, %rdi
	xor	%ebp, %ebp
	call	*%rbx
	ud2
	.size context_start, . - context_start

/*
 * size_t hal_copy_user(void *dst, const void *src, size_t n): the number of bytes not copied.
 *
 * Wide moves first.  Where one faults, the byte loop takes over from the last finished group and
 * goes on to the byte that really cannot be reached: so the answer is exact.
 */
#define MAY_FAULT(label, fixup)			\
	.pushsection .extable, "a", @progbits;	\
	.balign 4;				\
	.long label - .;			\
	.long fixup - .;			\
	.popsection

	.globl hal_copy_user
	.type hal_copy_user, @function
hal_copy_user:
	push	%rbp
	mov	%rsp, %rbp
	SMAP_SITE(STAC)
	cmp	$32, %rdx
	jb	2f
1:
10:	mov	(%rsi), %rax
11:	mov	8(%rsi), %rcx
12:	mov	16(%rsi), %r8
13:	mov	24(%rsi), %r9
20:	mov	%rax, (%rdi)
21:	mov	%rcx, 8(%rdi)
22:	mov	%r8, 16(%rdi)
23:	mov	%r9, 24(%rdi)
	add	$32, %rsi
	add	$32, %rdi
	sub	$32, %rdx
	cmp	$32, %rdx
	jae	1b
2:	cmp	$8, %rdx
	jb	3f
14:	mov	(%rsi), %rax
24:	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %rdx
	jmp	2b
3:	test	%rdx, %rdx
	jz	4f
15:	movzbl	(%rsi), %eax
25:	mov	%al, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%rdx
	jmp	3b
4:	SMAP_SITE(CLAC)
	mov	%rdx, %rax
	pop	%rbp
	ret
	MAY_FAULT(10b, 3b)
	MAY_FAULT(11b, 3b)
	MAY_FAULT(12b, 3b)
	MAY_FAULT(13b, 3b)
	MAY_FAULT(14b, 3b)
	MAY_FAULT(15b, 4b)
	MAY_FAULT(20b, 3b)
	MAY_FAULT(21b, 3b)
	MAY_FAULT(22b, 3b)
	MAY_FAULT(23b, 3b)
	MAY_FAULT(24b, 3b)
	MAY_FAULT(25b, 4b)
	.size hal_copy_user, . - hal_copy_user

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * hal_copy_user(): a copy whose addresses may be invalid; hal_user_cmpxchg(): a compare and
 * exchange at such an address.
 *
 * Callers: copy_from_user(), copy_to_user() and the functions that use them, in process context;
 * dumps, in any context.  An application may have passed an invalid source or destination.  So each
 * instruction that accesses memory is in the exception table, which the page fault handler searches
 * (traps.c).  Compare Linux's arch/x86/lib/copy_user_64.S.
 */
#include "include/uapi/errno.h"
#include "kernel/x86/smap.h"

	.cfi_sections .debug_frame
	.text

/*
 * size_t hal_copy_user(void *dst, const void *src, size_t n)
 *
 * Returns the number of bytes that were not copied.
 *
 * The copy uses wide moves first.  If one of them faults, the byte loop continues after the last
 * complete group, up to the byte that cannot be accessed.  So the result is exact.
 *
 * Copies of more than WIDE bytes move 64 bytes at a time through vector registers.  The vector
 * registers hold values of the application, so they are saved and restored.  No other code uses the
 * vector registers meanwhile: the kernel's C code is compiled to use general registers only, and a
 * thread is not preempted in a system call.  If a page fault of the copy sleeps, the switch to another
 * thread saves the vector registers as the copy has left them in this thread's area.
 */
#define WIDE 192

#define MAY_FAULT(label, fixup)			\
	.pushsection .extable, "a", @progbits;	\
	.balign 4;				\
	.long label - .;			\
	.long fixup - .;			\
	.popsection

	.globl hal_copy_user
	.type hal_copy_user, @function
hal_copy_user:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	SMAP_SITE(STAC)
	cmp	$WIDE, %rdx
	jae	5f
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
	.cfi_remember_state
	pop	%rbp
	.cfi_def_cfa rsp, 8
	.cfi_restore rbp
	ret
	.cfi_restore_state

5:	sub	$64, %rsp
	movups	%xmm0, (%rsp)
	movups	%xmm1, 16(%rsp)
	movups	%xmm2, 32(%rsp)
	movups	%xmm3, 48(%rsp)
6:
30:	movups	(%rsi), %xmm0
31:	movups	16(%rsi), %xmm1
32:	movups	32(%rsi), %xmm2
33:	movups	48(%rsi), %xmm3
40:	movups	%xmm0, (%rdi)
41:	movups	%xmm1, 16(%rdi)
42:	movups	%xmm2, 32(%rdi)
43:	movups	%xmm3, 48(%rdi)
	add	$64, %rsi
	add	$64, %rdi
	sub	$64, %rdx
	cmp	$64, %rdx
	jae	6b
7:	movups	(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	mov	%rbp, %rsp
	jmp	2b
	.cfi_endproc

	MAY_FAULT(30b, 7b)
	MAY_FAULT(31b, 7b)
	MAY_FAULT(32b, 7b)
	MAY_FAULT(33b, 7b)
	MAY_FAULT(40b, 7b)
	MAY_FAULT(41b, 7b)
	MAY_FAULT(42b, 7b)
	MAY_FAULT(43b, 7b)
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

/*
 * int hal_user_cmpxchg(u32 *p, u32 *expected, u32 new)
 *
 * *@expected is the kernel's, so only the compare and exchange may fault.
 */
	.globl hal_user_cmpxchg
	.type hal_user_cmpxchg, @function
hal_user_cmpxchg:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	mov	(%rsi), %eax
	SMAP_SITE(STAC)
50:	lock cmpxchg %edx, (%rdi)
	SMAP_SITE(CLAC)
	mov	%eax, (%rsi)
	xor	%eax, %eax
	.cfi_remember_state
	pop	%rbp
	.cfi_def_cfa rsp, 8
	.cfi_restore rbp
	ret
	.cfi_restore_state
8:	SMAP_SITE(CLAC)
	mov	$-EFAULT, %eax
	pop	%rbp
	.cfi_def_cfa rsp, 8
	.cfi_restore rbp
	ret
	.cfi_endproc

	MAY_FAULT(50b, 8b)
	.size hal_user_cmpxchg, . - hal_user_cmpxchg

	.section .note.GNU-stack, "", @progbits

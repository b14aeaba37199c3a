/* SPDX-License-Identifier: MIT */
/*
 * Programs of ring 3 that need no loader (ring3.c).  Each is position-independent and less than a page; it
 * begins with all registers 0 and a stack, and has a page of data at DATA.
 */
#include "include/uapi/unistd.h"

#define DATA	0x600000
#define KERNEL	0xffff888000100000
#define CODE_OF_EXIT 7

	.macro PROGRAM name
	.pushsection .rodata
name_\name:
	.asciz	"\name"
	.popsection
	.pushsection .rodata.programs, "a", @progbits
	.quad	name_\name, start_\name, end_\name
	.popsection
	.pushsection .rodata.ring3, "a", @progbits
	.balign	16
start_\name:
	.endm

	.macro END name
end_\name:
	.popsection
	.endm

	.macro CALL_KERNEL number
	mov	$\number, %eax
	syscall
	.endm

	/* write(1, text, length of text) */
	.macro SAY text
	mov	$1, %edi
	lea	8f(%rip), %rsi
	mov	$(9f - 8f), %edx
	CALL_KERNEL	__NR_write
	jmp	9f
8:	.ascii	"\text\n"
9:
	.endm

	.macro LEAVE code
	mov	$\code, %edi
	CALL_KERNEL __NR_exit_group
	ud2
	.endm

	.macro FAIL_UNLESS condition
	\condition 7f
	LEAVE	99
7:
	.endm

	.pushsection .rodata.programs, "a", @progbits
	.balign	8
	.globl	programs
programs:
	.popsection

PROGRAM hello
	SAY	"hello from ring 3"
	LEAVE	CODE_OF_EXIT
END hello

/* A system call changes rax, rcx and r11 only. */
PROGRAM registers
	.irp	r, rbx, rbp, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14, r15
	lea	0x1234(%rsp), %\r
	.endr
	lea	1f(%rip), %r15
	mov	%rsp, %rbx
	CALL_KERNEL	__NR_getpid
1:	cmp	%r15, %rcx
	FAIL_UNLESS je
	cmp	%rsp, %rbx
	FAIL_UNLESS je
	pushf
	pop	%rax
	and	$~0x10000, %r11
	cmp	%rax, %r11		/* CMP and AND changed the arithmetic flags */
	lea	0x1234(%rsp), %rax
	.irp	r, rbp, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14
	cmp	%rax, %\r
	FAIL_UNLESS je
	.endr
	mov	%cs, %eax
	cmp	$0x2b, %eax
	FAIL_UNLESS je
	LEAVE	CODE_OF_EXIT
END registers

/* Flags that SFMASK clears have no effect in the kernel, and the program has them again after the call. */
PROGRAM flags
	pushf
	orl	$0x44401, (%rsp)	/* AC, NT, DF, CF */
	popf
	CALL_KERNEL	__NR_getpid
	pushf
	pop	%rax
	push	$2
	popf
	and	$0x44401, %eax
	cmp	$0x44401, %eax
	FAIL_UNLESS je
	/* the same with an interrupt: spin for some time slices */
	pushf
	orl	$0x44400, (%rsp)
	popf
	mov	$30000000, %ecx
1:	dec	%ecx
	jnz	1b
	pushf
	pop	%rax
	push	$2
	popf
	and	$0x44400, %eax
	cmp	$0x44400, %eax
	FAIL_UNLESS je
	LEAVE	CODE_OF_EXIT
END flags

/* Passes a pointer into the kernel, a pointer to nothing, and a pointer that wraps: each call
 * fails with EFAULT. */
PROGRAM pointers
	mov	$1, %edi
	movabs	$KERNEL, %rsi
	mov	$8, %edx
	CALL_KERNEL	__NR_write
	cmp	$-14, %rax
	FAIL_UNLESS je
	movabs	$0x00007ffffffffff8, %rsi
	mov	$16, %edx
	CALL_KERNEL	__NR_write
	cmp	$-14, %rax
	FAIL_UNLESS je
	mov	$-4, %rsi
	CALL_KERNEL	__NR_write
	cmp	$-14, %rax
	FAIL_UNLESS je
	mov	$0x500000, %esi
	CALL_KERNEL	__NR_write
	cmp	$-14, %rax
	FAIL_UNLESS je
	mov	$DATA, %edi		/* pipe2(DATA, 0), then read into the code */
	xor	%esi, %esi
	CALL_KERNEL	__NR_pipe2
	test	%rax, %rax
	FAIL_UNLESS jz
	mov	DATA + 4, %edi
	mov	$DATA, %esi
	mov	$4, %edx
	CALL_KERNEL	__NR_write
	mov	DATA, %edi
	lea	start_pointers(%rip), %rsi
	CALL_KERNEL	__NR_read
	cmp	$-14, %rax
	FAIL_UNLESS je
	LEAVE	CODE_OF_EXIT
END pointers

/* Executes SYSCALL with stack pointers that the kernel must never use. */
PROGRAM stacks
	mov	%rsp, %r12
	xor	%esp, %esp
	CALL_KERNEL	__NR_getpid
	test	%eax, %eax
	FAIL_UNLESS jg
	movabs	$KERNEL, %rsp
	CALL_KERNEL	__NR_getpid
	test	%eax, %eax
	FAIL_UNLESS jg
	movabs	$0x8000000000000000, %rsp
	mov	$30000000, %ecx		/* interrupts arrive */
1:	dec	%ecx
	jnz	1b
	CALL_KERNEL	__NR_getpid
	test	%eax, %eax
	FAIL_UNLESS jg
	mov	%r12, %rsp
	LEAVE	CODE_OF_EXIT
END stacks

/*
 * An unknown number gives ENOSYS; so do the calls that only applications in ring 0 may make.  Only the lower 32 bits
 * of the number count.
 */
PROGRAM numbers
	mov	$-1, %rax
	syscall
	cmp	$-38, %rax
	FAIL_UNLESS je
	mov	$0x7fffffff, %eax
	syscall
	cmp	$-38, %rax
	FAIL_UNLESS je
	lea	start_numbers(%rip), %rdi
	CALL_KERNEL __NR_softnet_thread_create
	cmp	$-38, %rax
	FAIL_UNLESS je
	CALL_KERNEL __NR_softnet_power
	cmp	$-38, %rax
	FAIL_UNLESS je
	movabs	$0x100000000 + __NR_getpid, %rax
	syscall
	test	%rax, %rax
	FAIL_UNLESS jg
	LEAVE	CODE_OF_EXIT
END numbers

/* Only the second of these two programs makes CALLS system calls: test_user.py compares their instruction counts. */
#define CALLS 1000000
PROGRAM calls_few
	LEAVE	CODE_OF_EXIT
END calls_few
PROGRAM calls_many
	mov	$CALLS, %ebx
1:	CALL_KERNEL __NR_getpid
	dec	%ebx
	jnz	1b
	LEAVE	CODE_OF_EXIT
END calls_many

/* arch_prctl() accepts only bases in the lower half.  The bases are still set after sched_yield(). */
PROGRAM bases
	mov	$0x1002, %edi		/* ARCH_SET_FS */
	mov	$DATA, %esi
	CALL_KERNEL	__NR_arch_prctl
	test	%rax, %rax
	FAIL_UNLESS jz
	movl	$4711, DATA
	cmpl	$4711, %fs:0
	FAIL_UNLESS je
	mov	$0x1001, %edi		/* ARCH_SET_GS */
	mov	$DATA + 8, %esi
	CALL_KERNEL	__NR_arch_prctl
	movl	$4712, %gs:0
	CALL_KERNEL	__NR_sched_yield
	cmpl	$4712, DATA + 8
	FAIL_UNLESS je
	cmpl	$4712, %gs:0
	FAIL_UNLESS je
	mov	$0x1001, %edi
	movabs	$KERNEL, %rsi
	CALL_KERNEL	__NR_arch_prctl
	cmp	$-1, %rax
	FAIL_UNLESS je
	mov	$0x1002, %edi
	movabs	$0x800000000000, %rsi
	CALL_KERNEL	__NR_arch_prctl
	cmp	$-1, %rax
	FAIL_UNLESS je
	mov	$0x1003, %edi		/* ARCH_GET_FS */
	mov	$DATA + 16, %esi
	CALL_KERNEL	__NR_arch_prctl
	cmpq	$DATA, DATA + 16
	FAIL_UNLESS je
	mov	$0x1004, %edi		/* ARCH_GET_GS */
	movabs	$KERNEL, %rsi
	CALL_KERNEL	__NR_arch_prctl
	cmp	$-14, %rax
	FAIL_UNLESS je
	mov	$0x3001, %edi
	CALL_KERNEL	__NR_arch_prctl
	cmp	$-22, %rax
	FAIL_UNLESS je
	LEAVE	CODE_OF_EXIT
END bases

/* Instructions whose exception ends the program.  test_user.py expects the signal of each. */
PROGRAM read_kernel
	movabs	KERNEL, %rax
END read_kernel
PROGRAM write_kernel
	movabs	%rax, KERNEL
END write_kernel
PROGRAM call_kernel
	movabs	$0xffffffff80100000, %rax
	jmp	*%rax
END call_kernel
PROGRAM write_code
	movb	$0, start_write_code(%rip)
END write_code
PROGRAM run_data
	mov	$DATA, %eax
	jmp	*%rax
END run_data
PROGRAM null
	mov	0, %eax
END null
PROGRAM noncanonical
	movabs	$0x8000000000000000, %rax
	jmp	*%rax
END noncanonical
PROGRAM read_noncan
	movabs	$0x8000000000000000, %rax
	mov	(%rax), %rax
END read_noncan
PROGRAM hlt
	hlt
END hlt
PROGRAM cli
	cli
END cli
PROGRAM in
	in	$0x60, %al
END in
PROGRAM out
	mov	$0xf4, %edx
	out	%al, %dx
END out
PROGRAM wrmsr
	mov	$0xc0000101, %ecx
	wrmsr
END wrmsr
PROGRAM cr3
	mov	%cr3, %rax
END cr3
PROGRAM swapgs
	swapgs
END swapgs
PROGRAM int80
	int	$0x80
END int80
PROGRAM int_timer
	int	$0xf0
END int_timer
PROGRAM int_nmi
	int	$2
END int_nmi
PROGRAM sysenter
	sysenter
END sysenter
PROGRAM wrgsbase
	wrgsbase %rax
END wrgsbase
PROGRAM sgdt
	sgdt	DATA
END sgdt
PROGRAM far_32
	lea	1f(%rip), %rax
	mov	%eax, DATA
	movw	$0x1b, DATA + 4		/* the segment for 32-bit code */
	ljmp	*DATA
1:
END far_32
PROGRAM far_kernel
	lea	1f(%rip), %rax
	mov	%eax, DATA
	movw	$0x08, DATA + 4
	ljmp	*DATA
1:
END far_kernel
PROGRAM int3
	int3
END int3
PROGRAM ud2
	ud2
END ud2
PROGRAM divide
	xor	%edx, %edx
	xor	%ecx, %ecx
	div	%ecx
END divide
PROGRAM step
	pushf
	orl	$0x100, (%rsp)
	popf
	nop
	nop
END step
/* SYSCALL is single-stepped: the exception comes after the call, in ring 3. */
PROGRAM step_syscall
	mov	$__NR_getpid, %eax
	pushf
	orl	$0x100, (%rsp)
	popf
	syscall
	nop
	nop
END step_syscall
PROGRAM x87
	movw	$0x037b, DATA		/* a division by zero is an exception */
	fldcw	DATA
	fld1
	fldz
	fdivrp
	fwait
END x87

/* Reads an address without a page, after two frames and registers that the report must show. */
PROGRAM report
	movabs	$0x1111, %r12
	movabs	$0x123456789abcdef0, %rbx
	push	%rbp
	mov	%rsp, %rbp
	call	1f
1:	push	%rbp
	mov	%rsp, %rbp
	mov	0x10, %rax
END report

#include "tests/qemu/kernel/inside/signals.inc"

	.pushsection .rodata.programs, "a", @progbits
	.quad	0, 0, 0
	.popsection

	.section .note.GNU-stack, "", @progbits

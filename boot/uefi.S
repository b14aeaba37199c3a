/* SPDX-License-Identifier: MIT */
/*
 * The UEFI entry: boot/efi_main.c jumps here after ExitBootServices(), in 64-bit mode on the
 * firmware's page tables (virtual = physical address), interrupts off, %rdi = physical address of
 * struct uefi_handoff.  The image is below 4 GiB, its bss is zero.
 *
 * In order: switch to our own stack, page tables and segments, jump to the higher half, call
 * uefi_main() (boot/uefi.c), which never returns.
 */
#define ANCHOR uefi_start
#include "boot/tables.inc"
#include "kernel/x86/layout.h"

	.section .note.softnet, "a", @note
	.balign 4
	.long 8, 8, 1			/* UEFI_NOTE_TYPE */
	.asciz "softnet"
	.quad uefi_start - KERNEL_VIRT_BASE

	.section .boot.text, "ax", @progbits
	.code64
	.globl uefi_start
	.type uefi_start, @function
uefi_start:
	cli
	cld
	mov	%edi, %ebx
	lea	uefi_start(%rip), %ebp
	lea	AT(boot_stack_top), %esp
	build_boot_tables

	/* Replace the firmware's CR0, CR4 and EFER by the same values as after a PVH boot. */
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME_NXE, %eax
	wrmsr
	mov	$CR4_PAE, %eax
	mov	%rax, %cr4		/* this write also drops global TLB entries */
	lea	AT(boot_pml4), %eax
	mov	%rax, %cr3
	mov	$(CR0_PG | CR0_WP | CR0_PE), %eax
	mov	%rax, %cr0

	lea	AT(boot_gdt), %eax
	mov	%eax, AT(boot_gdt_pointer + 2)
	lgdt	AT(boot_gdt_pointer)
	mov	$boot_stack_top, %rsp
	pushq	$GDT_KERNEL_CODE
	pushq	$uefi_higher_half
	lretq
uefi_higher_half:
	mov	$GDT_KERNEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%ebx, %edi		/* struct uefi_handoff */
	mov	%ebp, %eax
	mov	$(uefi_start - KERNEL_VIRT_BASE), %ecx
	sub	%rcx, %rax
	mov	%rax, %rsi		/* 2nd argument: load address minus linked address */
	xor	%ebp, %ebp		/* a frame pointer of 0 ends every backtrace */
	call	uefi_main
	ud2
	.size uefi_start, . - uefi_start

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * The PVH entry, where QEMU's -kernel and Firecracker enter the kernel: 32-bit protected mode,
 * paging off, interrupts off, flat segments, no stack, %ebx = physical address of struct
 * hvm_start_info.
 *
 * In order: find the load address, clear bss, build the boot page tables, enter long mode,
 * jump to the higher half, call pvh_main() (boot/pvh.c), which never returns.  boot/uefi.S also
 * uses the tables, the boot GDT and the boot stack at the end of this file.
 *
 * The 32-bit part computes every address relative to the load address, so the loader may put
 * the image at any 4 KiB boundary below 4 GiB.  The tables made here are coarse and writable
 * everywhere; kernel/x86/paging.c replaces them before kernel_main().
 */
#define ANCHOR pvh_start
#include "boot/tables.inc"
#include "kernel/x86/layout.h"

#define COM1	      0x3f8

/* Note of type XEN_ELFNOTE_PHYS32_ENTRY (18): the physical address of the 32-bit entry. */
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pvh_start - KERNEL_VIRT_BASE

	.section .boot.text, "ax", @progbits
	.code32
	.globl pvh_start
	.type pvh_start, @function
pvh_start:
	cli
	cld
	/* TSC at the kernel's first instruction, for boot_info.entry_tsc */
	rdtsc
	mov	%eax, %esi
	mov	%edx, %edi

	/*
	 * A call needs a stack: use the four bytes of hvm_start_info's magic number as the stack,
	 * and restore them.  The return address that the call pushes tells at which address this
	 * code runs.
	 */
	mov	(%ebx), %ecx
	lea	4(%ebx), %esp
	call	1f
1:	pop	%ebp
	mov	%ecx, (%ebx)
	sub	$(1b - pvh_start), %ebp	/* from now on %ebp = physical address of pvh_start */

	/*
	 * Clear bss, sixteen bytes per iteration: a string instruction is slower under emulation.
	 */
	lea	AT(__bss_start), %eax
	lea	AT(__bss_end), %ecx
	xor	%edx, %edx
2:	mov	%edx, (%eax)
	mov	%edx, 4(%eax)
	mov	%edx, 8(%eax)
	mov	%edx, 12(%eax)
	add	$16, %eax
	cmp	%ecx, %eax
	jb	2b

	lea	AT(boot_stack_top), %esp
	mov	%esi, AT(pvh_entry_tsc)
	mov	%edi, AT(pvh_entry_tsc + 4)

	/* All later code needs long mode and no-execute pages, so stop if the CPU lacks either. */
	push	%ebx
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	and	$0x20100000, %edx	/* LM and NX */
	cmp	$0x20100000, %edx
	jne	no_long_mode
	pop	%ebx

	build_boot_tables

	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	lea	AT(boot_pml4), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME_NXE, %eax
	wrmsr
	mov	$(CR0_PG | CR0_WP | CR0_PE), %eax
	mov	%eax, %cr0

	/* lret loads the 64-bit code segment without needing an absolute address. */
	lea	AT(boot_gdt), %eax
	mov	%eax, AT(boot_gdt_pointer + 2)
	lgdt	AT(boot_gdt_pointer)
	lea	AT(pvh_start64), %eax
	push	$GDT_KERNEL_CODE
	push	%eax
	lret

no_long_mode:
	lea	AT(no_long_mode_text), %esi
	mov	$COM1, %edx
4:	lodsb
	test	%al, %al
	jz	5f
	outb	%al, %dx
	jmp	4b
5:	hlt
	jmp	5b
no_long_mode_text:
	.asciz "softnet: this CPU has no 64-bit mode or no no-execute pages\r\n"

	.code64
pvh_start64:
	mov	$pvh_higher_half, %rax
	jmp	*%rax
pvh_higher_half:
	mov	$GDT_KERNEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$boot_stack_top, %rsp
	mov	%ebx, %edi		/* hvm_start_info */
	mov	%ebp, %eax
	mov	$(pvh_start - KERNEL_VIRT_BASE), %ecx
	sub	%rcx, %rax
	mov	%rax, %rsi		/* 2nd argument: load address minus linked address */
	mov	pvh_entry_tsc(%rip), %rdx
	xor	%ebp, %ebp		/* a frame pointer of 0 ends every backtrace */
	call	pvh_main
	ud2
	.size pvh_start, . - pvh_start

	.section .data.boot, "aw", @progbits
	.balign 8
	.globl boot_gdt, boot_gdt_pointer
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* kernel code, 64 bit */
	.quad 0x00cf93000000ffff	/* kernel data */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad 0

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.globl boot_pml4, boot_pdpt_low, boot_pd_low, boot_pdpt_image, boot_pd_image, boot_pt_image
boot_pml4:	 .skip 4096
boot_pdpt_low:	 .skip 4096
boot_pd_low:	 .skip 4 * 4096
boot_pdpt_image: .skip 4096
boot_pd_image:	 .skip 4096
boot_pt_image:	 .skip BOOT_IMAGE_TABLES * 4096
	/* Guard page below the boot stack: paging.c leaves it unmapped in the final page tables. */
	.globl boot_stack_guard
boot_stack_guard: .skip 4096
	.skip	BOOT_STACK_SIZE
	.globl boot_stack_top
boot_stack_top:
	.bss
	.balign 8
pvh_entry_tsc:	.skip 8

	.section .note.GNU-stack, "", @progbits

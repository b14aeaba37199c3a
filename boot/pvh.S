/* SPDX-License-Identifier: MIT */
/*
 * The PVH door: QEMU's -kernel and Firecracker enter here, in 32-bit protected mode, paging off,
 * interrupts off, flat segments, no stack, %ebx = physical address of struct hvm_start_info.
 *
 * In order: learn where we were loaded, clear bss, build the boot page tables, enter long mode,
 * jump to the higher half, call pvh_main() (boot/pvh.c), which never returns.
 *
 * The 32-bit part computes every address from where it finds itself running, so the loader may put
 * the image at any 4 KiB boundary below 4 GiB.  The tables made here are coarse and writable
 * everywhere; kernel/x86/paging.c replaces them before kernel_main().
 */
#include "kernel/x86/layout.h"

#define CR0_PE	      0x00000001
#define CR0_WP	      0x00010000
#define CR0_PG	      0x80000000
#define CR4_PAE	      0x00000020
#define MSR_EFER      0xc0000080
#define EFER_LME_NXE  0x00000900
#define PTE_TABLE     0x003		/* present, writable */
#define PTE_LARGE     0x083		/* present, writable, 2 MiB */
#define PML4_DIRECT   ((DIRECT_MAP_BASE >> 39) & 511)
#define COM1	      0x3f8

/* XEN_ELFNOTE_PHYS32_ENTRY = 18: the physical address of the 32-bit entry. */
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
	rdtsc				/* the boot timeline starts here */
	mov	%eax, %esi
	mov	%edx, %edi

	/* A stack of one word, borrowed from the magic number, tells where we run. */
	mov	(%ebx), %ecx
	lea	4(%ebx), %esp
	call	1f
1:	pop	%ebp
	mov	%ecx, (%ebx)
	sub	$(1b - pvh_start), %ebp	/* %ebp = physical address of pvh_start, from now on */
#define AT(sym) (sym - pvh_start)(%ebp)

	/* bss: sixteen bytes a turn; a string instruction is slower where the CPU is emulated. */
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

	/* Long mode and no-execute pages are what everything else is built on. */
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

	/* The first 4 GiB in 2 MiB pages, at 0 (for the next instructions) and in the direct map. */
	lea	AT(boot_pd_low), %edi
	mov	$PTE_LARGE, %eax
	mov	$2048, %ecx
3:	mov	%eax, (%edi)
	add	$8, %edi
	add	$PAGE_2M, %eax
	dec	%ecx
	jnz	3b

	lea	AT(boot_pdpt_low), %edi
	lea	AT(boot_pd_low), %eax
	or	$PTE_TABLE, %eax
	mov	$4, %ecx
	call	fill_table

	/* The image, in 4 KiB pages from its first to its last one. */
	lea	AT(boot_pt_image), %edi
	lea	AT(__image_start), %eax
	lea	AT(__image_end), %ecx
	sub	%eax, %ecx
	shr	$12, %ecx
	or	$PTE_TABLE, %eax
	mov	$(__image_start - KERNEL_VIRT_BASE), %edx
	shr	$12, %edx
	lea	(%edi, %edx, 8), %edi
	call	fill_table

	lea	AT(boot_pd_image), %edi
	lea	AT(boot_pt_image), %eax
	or	$PTE_TABLE, %eax
	mov	$BOOT_IMAGE_TABLES, %ecx
	call	fill_table

	lea	AT(boot_pd_image), %eax
	or	$PTE_TABLE, %eax
	mov	%eax, AT(boot_pdpt_image + 510 * 8)
	lea	AT(boot_pdpt_image), %eax
	or	$PTE_TABLE, %eax
	mov	%eax, AT(boot_pml4 + 511 * 8)
	lea	AT(boot_pdpt_low), %eax
	or	$PTE_TABLE, %eax
	mov	%eax, AT(boot_pml4)
	mov	%eax, AT(boot_pml4 + PML4_DIRECT * 8)

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

	/* A far return loads the 64-bit code segment without an absolute address. */
	lea	AT(boot_gdt), %eax
	mov	%eax, AT(boot_gdt_pointer + 2)
	lgdt	AT(boot_gdt_pointer)
	lea	AT(pvh_start64), %eax
	push	$GDT_KERNEL_CODE
	push	%eax
	lret

/* %ecx entries from %edi on: %eax, then each one page further. */
fill_table:
	mov	%eax, (%edi)
	add	$8, %edi
	add	$PAGE_4K, %eax
	dec	%ecx
	jnz	fill_table
	ret

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
	mov	%rax, %rsi		/* how far from its linked place the image lies */
	mov	pvh_entry_tsc(%rip), %rdx
	xor	%ebp, %ebp		/* the end of every backtrace */
	call	pvh_main
	ud2
	.size pvh_start, . - pvh_start

	.section .data.boot, "aw", @progbits
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* kernel code, 64 bit */
	.quad 0x00cf93000000ffff	/* kernel data */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad 0

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
boot_pml4:	 .skip 4096
boot_pdpt_low:	 .skip 4096
boot_pd_low:	 .skip 4 * 4096
boot_pdpt_image: .skip 4096
boot_pd_image:	 .skip 4096
boot_pt_image:	 .skip BOOT_IMAGE_TABLES * 4096
	/* The guard page is unmapped when paging.c builds the final tables. */
	.globl boot_stack_guard
boot_stack_guard: .skip 4096
	.skip	BOOT_STACK_SIZE
	.globl boot_stack_top
boot_stack_top:
	.bss
	.balign 8
pvh_entry_tsc:	.skip 8

	.section .note.GNU-stack, "", @progbits

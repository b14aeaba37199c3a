/* SPDX-License-Identifier: MIT */
/*
 * The constants of the machine that C and assembly share: the map of virtual memory, the segment
 * selectors, the interrupt vectors.
 *
 * No context, no lock: constants only.  Compare Linux's asm/page_64_types.h, asm/segment.h and
 * asm/irq_vectors.h.
 */
#ifndef KERNEL_X86_LAYOUT_H
#define KERNEL_X86_LAYOUT_H

#define PAGE_4K 0x1000
#define PAGE_2M 0x200000
#define PAGE_1G 0x40000000

/*
 * The map of virtual memory.  The lower half belongs to the program in ring 3 (HAL_USER_START to
 * HAL_USER_END); page 0 is never mapped.
 *   direct map   all RAM, never executable, and read-only where the image's text and rodata lie
 *   stacks       kernel/x86/stack.c: slots with an unmapped guard page below each stack
 *   devices      registers (uncached) and firmware tables
 *   image        the kernel image, as linker.ld lays it out
 */
#define DIRECT_MAP_BASE  0xffff888000000000
#define DIRECT_MAP_SIZE  0x0000400000000000
#define STACK_AREA_BASE  0xffffc90000000000
#define DEVICE_AREA_BASE 0xffffc98000000000
#define DEVICE_AREA_SIZE 0x0000000040000000
#define KERNEL_VIRT_BASE 0xffffffff80000000
/* Number of page tables that boot/pvh.S has for the image; they map 8 MiB. */
#define BOOT_IMAGE_TABLES 4

/*
 * Segment selectors, in the order that SYSCALL and SYSRET require: SYSCALL loads CS, and SS = CS +
 * 8; SYSRET loads SS = base + 8 and CS = base + 16, with the base GDT_USER_CODE32, whose slot is empty:
 * the program cannot run 32-bit code.
 */
#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_USER_CODE32 0x18
#define GDT_USER_DATA   0x20
#define GDT_USER_CODE   0x28
#define GDT_TSS         0x30 /* takes two slots */
#define GDT_SLOTS       8
#define USER_CS         (GDT_USER_CODE | 3)
#define USER_SS         (GDT_USER_DATA | 3)

#define MSR_GS_BASE 0xc0000101

/* Offsets in struct cpu, for entry.S; struct hal_cpu (asm/hal.h) is its second field. */
#define CPU_KERNEL_SP 8
#define CPU_SCRATCH   16

/*
 * Interrupt vectors.  The sixteen above the exceptions belong to the PIC, which is masked but can
 * still raise spurious interrupts.
 */
#define VECTOR_PIC 0x20
/* First of NR_IRQS vectors; the number that request_irq() returned is added. */
#define VECTOR_IRQ      0x30
#define VECTOR_TIMER    0xf0
#define VECTOR_DUMP     0xf1 /* raised by an INT instruction in hal_dump() */
#define VECTOR_SPURIOUS 0xff
#define NR_VECTORS      256
/* The number in pt_regs.vector for an entry by SYSCALL, which has no vector. */
#define VECTOR_SYSCALL 256

/*
 * Indices in TSS.ist: the stacks for exceptions that may come when the current stack is not usable.
 */
#define IST_NONE          0
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define IST_DEBUG         4
#define NR_IST            4

#define BOOT_STACK_SIZE 16384
#define IST_STACK_SIZE  8192
/*
 * Bytes at the top of a thread's stack that hold the vector registers of a thread of the program.  The
 * stack itself begins below them.
 */
#define FPU_AREA_SIZE 832

#endif

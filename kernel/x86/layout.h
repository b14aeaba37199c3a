/* SPDX-License-Identifier: MIT */
/*
 * The machine's fixed numbers that C and assembly share: the map of virtual memory, the segment
 * selectors, the interrupt vectors.
 *
 * No context, no lock: constants only.  Answers to Linux's asm/page_64_types.h, asm/segment.h and
 * asm/irq_vectors.h.
 */
#ifndef KERNEL_X86_LAYOUT_H
#define KERNEL_X86_LAYOUT_H

#define PAGE_4K 0x1000
#define PAGE_2M 0x200000
#define PAGE_1G 0x40000000

/*
 * Virtual memory.  Page 0 and the whole lower half are empty: they are for applications, later.
 *   direct map   all RAM, never executable, and read-only where the image's text and rodata lie
 *   stacks       kernel/x86/stack.c: slots with an unmapped guard below each stack
 *   devices      registers (uncached) and firmware tables
 *   image        linker.ld
 */
#define DIRECT_MAP_BASE   0xffff888000000000
#define DIRECT_MAP_SIZE   0x0000400000000000
#define STACK_AREA_BASE   0xffffc90000000000
#define DEVICE_AREA_BASE  0xffffc98000000000
#define DEVICE_AREA_SIZE  0x0000000040000000
#define KERNEL_VIRT_BASE  0xffffffff80000000
#define BOOT_IMAGE_TABLES 4 /* page tables that boot/pvh.S has for the image: 8 MiB */

/*
 * Segments, in the order that SYSCALL and SYSRET compute with: SYSCALL takes CS, and SS = CS + 8;
 * SYSRET takes SS = base + 8 and CS = base + 16 from the base GDT_USER_CODE32.
 */
#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_USER_CODE32 0x18
#define GDT_USER_DATA   0x20
#define GDT_USER_CODE   0x28
#define GDT_TSS         0x30 /* two slots */
#define GDT_SLOTS       8

/*
 * Vectors.  Above the exceptions come sixteen for the PIC, which is masked but can still raise
 * spurious interrupts.
 */
#define VECTOR_PIC      0x20
#define VECTOR_IRQ      0x30 /* + the number that request_irq() returned */
#define VECTOR_TIMER    0xf0
#define VECTOR_DUMP     0xf1 /* hal_dump() raises it by an instruction */
#define VECTOR_SPURIOUS 0xff
#define NR_VECTORS      256

/*
 * Stacks of their own (TSS.ist) for exceptions that may come when the current stack is not usable.
 */
#define IST_NONE          0
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define NR_IST            3

#define BOOT_STACK_SIZE 16384
#define IST_STACK_SIZE  8192

#endif

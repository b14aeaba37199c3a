/* SPDX-License-Identifier: MIT */
/*
 * Segments, task state and interrupt descriptors.
 *
 * Caller: x86_start_moved(), interrupts off, boot stack.  Later only the stack pointer for entries
 * from ring 3 changes.  The handlers of double fault, NMI, machine check and debug exception have
 * their own stacks: a stack overflow causes a double fault, and the others may come at any
 * instruction, when the current stack may be unusable.  Compare Linux's
 * arch/x86/kernel/cpu/common.c and idt.c.
 */
#include "kernel/x86/desc.h"
#include "kernel/x86/cpu.h"

#define GATE_INTERRUPT 0x8e /* present, turns interrupts off */
#define GATE_RING3     0x60 /* ring 3 may use the gate, with an INT instruction */
#define TSS_AVAILABLE  0x89 /* present, 64-bit TSS */
#define STUB_SIZE      16   /* bytes of each vector's stub in entry.S */

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_BREAKPOINT    3
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_MACHINE_CHECK 18

struct tss {
	u32 reserved0;
	u64 rsp[3]; /* rsp[0]: the kernel stack of the current thread, if that runs in ring 3 */
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	/* The end of the TSS: there is no I/O bitmap, so ring 3 may access no port. */
	u16 iomap_base;
} __packed;

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

extern const u8 vector_stubs[];

static u64 gdt[GDT_SLOTS] = {
	[GDT_KERNEL_CODE / 8] = 0x00af9b000000ffff,
	[GDT_KERNEL_DATA / 8] = 0x00cf93000000ffff,
	[GDT_USER_DATA / 8] = 0x00cff3000000ffff,
	[GDT_USER_CODE / 8] = 0x00affb000000ffff,
};
static struct tss tss;
static struct gate idt[NR_VECTORS] __aligned(16);

struct ist_stack ist_stacks[NR_IST] __section(".bss.page_aligned") __aligned(PAGE_4K);

static void set_tss(void)
{
	u64 base = (u64)&tss;
	unsigned int i;

	for (i = 0; i < NR_IST; i++)
		tss.ist[i] = (u64)(ist_stacks[i].stack + IST_STACK_SIZE);
	tss.iomap_base = sizeof(tss);
	gdt[GDT_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | (u64)TSS_AVAILABLE << 40 |
			   (base >> 24 & 0xff) << 56;
	gdt[GDT_TSS / 8 + 1] = base >> 32;
}

void desc_set_kernel_stack(u64 top)
{
	tss.rsp[0] = top;
}

static void set_gate(unsigned int vector, u8 ist)
{
	u64 stub = (u64)vector_stubs + vector * STUB_SIZE;

	idt[vector] = (struct gate){
		.offset_low = (u16)stub,
		.selector = GDT_KERNEL_CODE,
		.ist = ist,
		.type = GATE_INTERRUPT,
		.offset_middle = (u16)(stub >> 16),
		.offset_high = (u32)(stub >> 32),
	};
}

static void load_segments(void)
{
	struct table_pointer pointer = {sizeof(gdt) - 1, (u64)gdt};

	__asm__ volatile("lgdt %0\n\t"
			 "push %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %2, %%ss\n\t"
			 "ltr %w3"
			 :
			 : "m"(pointer), "i"(GDT_KERNEL_CODE), "r"(GDT_KERNEL_DATA), "r"(GDT_TSS)
			 : "rax", "memory");
}

void desc_init(void)
{
	struct table_pointer pointer = {sizeof(idt) - 1, (u64)idt};
	unsigned int vector;

	set_tss();
	load_segments();

	for (vector = 0; vector < NR_VECTORS; vector++)
		set_gate(vector, IST_NONE);
	set_gate(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT);
	set_gate(VECTOR_NMI, IST_NMI);
	set_gate(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK);
	set_gate(VECTOR_DEBUG, IST_DEBUG);
	/*
	 * Ring 3 may use the instruction INT3.  All other gates are closed: any other INT in ring 3
	 * is a protection fault.
	 */
	idt[VECTOR_BREAKPOINT].type |= GATE_RING3;
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

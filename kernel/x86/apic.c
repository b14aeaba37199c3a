/* SPDX-License-Identifier: MIT */
/*
 * The CPU's interrupt controller (xAPIC), and the old one (PIC) that it replaces.
 *
 * Callers: hal_late_init() -> apic_init() once; x86_trap() -> apic_eoi(); tsc.c -> the functions of
 * the timer; the PCI transport and ioapic.c -> apic_msi_compose(); nmi.c -> apic_raise(). No lock:
 * the registers belong to this CPU, and each call is one access. Compare Linux's
 * arch/x86/kernel/apic/apic.c, msi.c, i8259.c; Intel SDM volume 3, chapter 10.
 */
#include "kernel/x86/apic.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"
#include "kernel/x86/layout.h"

BUILD_BUG_ON(VECTOR_IRQ + NR_IRQS > VECTOR_TIMER);

#define APIC_ID         0x020
#define APIC_TPR        0x080
#define APIC_EOI        0x0b0
#define APIC_SPURIOUS   0x0f0
#define APIC_ICR        0x300
#define APIC_LVT_TIMER  0x320
#define APIC_LVT_LINT0  0x350
#define APIC_LVT_LINT1  0x360
#define APIC_LVT_ERROR  0x370
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_NOW  0x390
#define APIC_TIMER_DIV  0x3e0

#define SPURIOUS_ENABLE BIT(8)
/* Destination: this CPU, so the high half of the ICR is not used. */
#define ICR_SELF           (1U << 18)
#define LVT_MASKED         BIT(16)
#define LVT_NMI            (4U << 8)
#define LVT_TIMER_DEADLINE (2U << 17)
#define TIMER_DIV_16       0x3

#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_X2APIC  BIT(10)
#define APIC_BASE_ADDRESS 0x000ffffffffff000UL
#define APIC_SIZE         0x400
#define MSI_ADDRESS       0xfee00000U

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
/* Edge-triggered, two cascaded PICs, a fourth initialisation word follows. */
#define PIC_INIT 0x11
#define PIC_8086 0x01

static volatile u8 *apic;

static u32 apic_read(unsigned int reg)
{
	return readl(apic + reg);
}

static void apic_write(unsigned int reg, u32 value)
{
	writel(value, apic + reg);
}

/*
 * The PIC is not used.  But it must be masked, because its interrupts have the vectors of
 * exceptions.  Since a masked PIC can still raise a spurious interrupt, first move it to other
 * vectors.
 */
static void pic_disable(void)
{
	outb(PIC1_COMMAND, PIC_INIT);
	outb(PIC2_COMMAND, PIC_INIT);
	outb(PIC1_DATA, VECTOR_PIC);
	outb(PIC2_DATA, VECTOR_PIC + 8);
	outb(PIC1_DATA, 1 << 2); /* the second PIC is connected to line 2 of the first */
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, PIC_8086);
	outb(PIC2_DATA, PIC_8086);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	pic_disable();
	/*
	 * The only way out of x2APIC mode is to turn the APIC off (SDM 3A, x2APIC state
	 * transitions).
	 */
	if (base & APIC_BASE_X2APIC) {
		base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base);
	}
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	apic = hal_map_device(base & APIC_BASE_ADDRESS, APIC_SIZE);
	if (!apic)
		panic("apic: its registers can't be mapped");

	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TIMER_DIV, TIMER_DIV_16);
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_eoi(); /* acknowledges an interrupt that the firmware may have left in service */
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_msi_compose(unsigned int irq, u64 *address, u32 *data)
{
	BUG_ON(irq >= NR_IRQS);
	*address = MSI_ADDRESS | (apic_read(APIC_ID) >> 24) << 12;
	*data = VECTOR_IRQ + irq;
}

void apic_raise(unsigned int irq)
{
	BUG_ON(irq >= NR_IRQS);
	apic_write(APIC_ICR, ICR_SELF | (VECTOR_IRQ + irq));
}

void apic_timer_start(u32 count)
{
	apic_write(APIC_TIMER_INIT, count);
}

u32 apic_timer_remaining(void)
{
	return apic_read(APIC_TIMER_NOW);
}

void apic_timer_use_deadline(void)
{
	apic_write(APIC_LVT_TIMER, LVT_TIMER_DEADLINE | VECTOR_TIMER);
	/*
	 * Setting the mode is a memory access, setting a deadline is an MSR write: without a
	 * barrier, the CPU may set a deadline before the mode.
	 */
	__asm__ volatile("mfence" : : : "memory");
}

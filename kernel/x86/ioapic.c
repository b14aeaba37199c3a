/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC (82093AA and its successors).
 *
 * Callers in order: acpi.c -> ioapic_add(), ioapic_override() for the entries of the MADT;
 * hal_late_init() -> ioapic_init(); the MMIO transport and the power button -> ioapic_route();
 * ioapic_mask() in a hard interrupt.  To access a register, its number is written to an index
 * register; its value is then accessed through a window register.  No lock protects these pairs of
 * accesses: lines are routed at boot in one thread, and masked with interrupts off on the only CPU.
 * Compare Linux's arch/x86/kernel/apic/io_apic.c; ACPI 6.4, 5.2.12.
 */
#include "kernel/x86/ioapic.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/printk.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/io.h"
#include "kernel/x86/limits.h"

#define IOAPIC_DEFAULT 0xfec00000 /* address of a PC's first I/O APIC, also without ACPI tables */
#define IOAPIC_SIZE    0x20
#define IOAPIC_INDEX   0x00
#define IOAPIC_WINDOW  0x10
#define REG_VERSION    0x01
/* Low 32 bits of the redirection entry of interrupt line @n.  The high 32 bits are in the next register. */
#define REG_LINE(n)  (0x10 + 2 * (n))
#define VERSION_MIN  0x10 /* the 82489DX and older controllers have other registers */
#define VERSION_NONE 0xff /* value read if no device answers */
#define LINE_LOW     BIT(13)
#define LINE_LEVEL   BIT(15)
#define LINE_MASKED  BIT(16)
#define NR_ISA_LINES 16

struct ioapic {
	phys_addr_t address;
	volatile u8 *regs; /* NULL: not usable */
	u32 gsi_base;
	u32 lines;
};

struct isa_override {
	bool there;
	u32 gsi;
	unsigned int flags;
};

static struct ioapic ioapics[IOAPICS_MAX];
static unsigned int nr_ioapics;
static struct isa_override overrides[NR_ISA_LINES];

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	writel(reg, io->regs + IOAPIC_INDEX);
	return readl(io->regs + IOAPIC_WINDOW);
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 value)
{
	writel(reg, io->regs + IOAPIC_INDEX);
	writel(value, io->regs + IOAPIC_WINDOW);
}

void ioapic_add(phys_addr_t address, u32 gsi_base)
{
	if (nr_ioapics == IOAPICS_MAX) {
		pr_warn("ioapic: more than %u controllers: the one at %lx is not used", IOAPICS_MAX,
			(unsigned long)address);
		return;
	}
	ioapics[nr_ioapics++] = (struct ioapic){.address = address, .gsi_base = gsi_base};
}

void ioapic_override(u8 isa, u32 gsi, unsigned int flags)
{
	if (isa < NR_ISA_LINES)
		overrides[isa] = (struct isa_override){true, gsi, flags};
}

u32 ioapic_isa_line(u8 isa, unsigned int *flags)
{
	if (isa >= NR_ISA_LINES || !overrides[isa].there)
		return isa;
	*flags = overrides[isa].flags;
	return overrides[isa].gsi;
}

static void start(struct ioapic *io)
{
	u32 version;

	io->regs = hal_map_device(io->address, IOAPIC_SIZE);
	if (!io->regs)
		return;
	version = ioapic_read(io, REG_VERSION);
	if ((version & 0xff) < VERSION_MIN || (version & 0xff) == VERSION_NONE) {
		io->regs = NULL;
		return;
	}
	io->lines = (version >> 16 & 0xff) + 1;
	for (u32 line = 0; line < io->lines; line++)
		ioapic_write(io, REG_LINE(line), LINE_MASKED);
	printk(LOG_DEBUG, "ioapic: %u lines at %lx, from GSI %u", io->lines,
	       (unsigned long)io->address, io->gsi_base);
}

void ioapic_init(void)
{
	if (!nr_ioapics)
		ioapic_add(IOAPIC_DEFAULT, 0);
	for (unsigned int i = 0; i < nr_ioapics; i++)
		start(&ioapics[i]);
}

static const struct ioapic *find(u32 gsi)
{
	for (unsigned int i = 0; i < nr_ioapics; i++) {
		const struct ioapic *io = &ioapics[i];

		if (io->regs && gsi >= io->gsi_base && gsi - io->gsi_base < io->lines)
			return io;
	}
	return NULL;
}

int ioapic_route(u32 gsi, unsigned int irq, unsigned int flags)
{
	const struct ioapic *io = find(gsi);
	u64 address;
	u32 low, reg;

	if (!io)
		return -ENODEV;
	reg = REG_LINE(gsi - io->gsi_base);
	if (!(ioapic_read(io, reg) & LINE_MASKED))
		return -EBUSY;
	/* A line's entry has the vector and the CPU in the same bits as an MSI message. */
	apic_msi_compose(irq, &address, &low);
	if (flags & IOAPIC_LEVEL)
		low |= LINE_LEVEL;
	if (flags & IOAPIC_LOW)
		low |= LINE_LOW;
	ioapic_write(io, reg + 1, (u32)(address >> 12 & 0xff) << 24);
	ioapic_write(io, reg, low);
	return 0;
}

void ioapic_mask(u32 gsi)
{
	const struct ioapic *io = find(gsi);

	if (io)
		ioapic_write(io, REG_LINE(gsi - io->gsi_base), LINE_MASKED);
}

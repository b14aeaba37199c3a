/* SPDX-License-Identifier: MIT */
/*
 * PCI's interrupt lines, for devices without MSI-X: INTA to INTD, level-triggered and shared.
 *
 * Called: pci_intx_request() from a driver's probe (process context, boot); then intx_interrupt()
 * in hard interrupt, which calls the handler of every device on the line.  A line with too many
 * interrupts that no device explains is masked; from then on intx_poll() calls the line's handlers
 * in softirq. intx_lock protects the devices and the counts of each line; the list of lines changes
 * at boot only.
 *
 * The board connects each pin to an input of the I/O APIC. ACPI describes the wiring in AML (_PRT),
 * which this kernel does not interpret. So this file contains the wiring of the chipsets that
 * hypervisors combine with virtio devices, and reads the configurable part of the wiring from the
 * chipsets' registers:
 *   PIIX3 (pc)  four PIRQs; registers 0x60..0x63 map them to ISA interrupts; PIRQ = slot + pin - 1
 *   ICH9 (q35)  eight PIRQs, in APIC mode GSI 16..23; registers map the pins of slots 25..29 and
 *               31; the mapping of the other slots is fixed
 *   GPEX (QEMU's generic host bridge, microvm)  four links with constant GSIs in ACPI's tables;
 *               link = slot + pin
 * On another chipset the interrupt line register (PCI 3.0, 6.2.4) is used, into which the firmware
 * of a PC writes the ISA interrupt.  Intel's 82371SB and ICH9 datasheets (4.1.10; 10.1.14 and
 * 13.1.31) describe the registers; QEMU models these chipsets in hw/pci-host/i440fx.c and
 * hw/isa/lpc_ich9.c.
 */
#include "drivers/pci.h"
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/timer.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/io.h"
#include "kernel/x86/ioapic.h"

#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN  0x3d
#define PCI_PINS           4 /* the pin register holds 1 .. 4 for INTA .. INTD, 0 for none */

#define INTEL       0x8086
#define PIIX3       0x7000
#define PIIX3_SLOT  1
#define PIIX3_PIRQ  0x60 /* registers 0x60 .. 0x63: one for each PIRQ */
#define PIIX3_OFF   0x80 /* in a PIRQ register: the PIRQ is not connected */
#define ICH9_SLOT   31
#define ICH9_CLASS  0x0601 /* class code of an ISA bridge, which the LPC device of every ICH has */
#define ICH9_RCBA   0xf0   /* address of the chipset's configuration registers; bit 0: enabled */
#define ICH9_GSI    16     /* the GSI of PIRQA */
#define ICH9_CONFIG 0x4000
/* ISA interrupts are 0 to 15; a larger number means that there is none (the firmware writes 0xff) */
#define ISA_NONE 16

/*
 * A device that never releases its line causes an interrupt after each instruction.  An interrupt
 * for which no device on the line had new work is "without a cause".  As in Linux's
 * note_interrupt(), the line is masked when more than STORM_IN_VAIN of STORM_INTERRUPTS had no
 * cause; its devices are then polled every STORM_POLL_MS.  The count of interrupts without a cause
 * restarts after STORM_QUIET_MS without such an interrupt.
 */
#define STORM_INTERRUPTS 100000
#define STORM_IN_VAIN    99900
#define STORM_QUIET_MS   100
#define STORM_POLL_MS    100

struct intx_line {
	struct list_head list; /* links all lines */
	struct list_head devices;
	u32 gsi;
	int irq;
	unsigned int interrupts; /* interrupts since the last test for a storm */
	unsigned int in_vain;    /* interrupts without a cause since the last test for a storm */
	u64 in_vain_ns;          /* time of the last interrupt without a cause, ns */
	bool masked;
	struct timer_list poll_timer;
	char name[16]; /* "pci-gsi17" */
};

static LIST_HEAD(lines);
static DEFINE_SPINLOCK(intx_lock);

/* ---- finding the line --------------------------------------------------------------------------- */

static int isa_gsi(unsigned int isa, u32 *gsi, unsigned int *flags)
{
	if (!isa || isa >= ISA_NONE)
		return -ENODEV;
	*gsi = ioapic_isa_line(isa, flags);
	return 0;
}

static int piix3_gsi(const struct pci_device *isa, unsigned int slot, unsigned int pin, u32 *gsi,
		     unsigned int *flags)
{
	u8 route = pci_read8(isa, PIIX3_PIRQ + (slot + pin + PCI_PINS - PIIX3_SLOT) % PCI_PINS);

	return route & PIIX3_OFF ? -ENODEV : isa_gsi(route, gsi, flags);
}

/*
 * Slots 25 to 29 and slot 31 have a register each (D25IR to D29IR, D31IR) with four bits for each
 * pin: the number of the pin's PIRQ.  The other slots have fixed PIRQs.
 */
static int ich9_gsi(const struct pci_device *lpc, const struct pci_device *pdev, unsigned int pin,
		    u32 *gsi)
{
	static const u16 regs[] = {0x3150, 0x314c, 0x3148, 0x3146, 0x3144, 0, 0x3140};
	unsigned int slot = pdev->intx_slot, pirq = (slot + pin) % PCI_PINS + PCI_PINS;
	u32 rcba = pci_read32(lpc, ICH9_RCBA);
	u8 *config;

	if (pdev->extra_root) /* only AML (_PRT) describes the wiring of such a root bus */
		return -ENODEV;
	if (slot == 30) { /* the bridge to conventional PCI */
		pirq = PCI_PINS + pin;
	} else if (slot >= 25) {
		config = rcba & 1 ? hal_map_device(rcba & ~(ICH9_CONFIG - 1u), ICH9_CONFIG) : NULL;
		if (!config)
			return -ENODEV;
		pirq = readw(config + regs[slot - 25]) >> (4 * pin) & 7;
	}
	*gsi = ICH9_GSI + pirq;
	return 0;
}

static int link_gsi(unsigned int link, u32 *gsi)
{
	if (acpi_devices.links[link] < 0)
		return -ENODEV;
	*gsi = (u32)acpi_devices.links[link];
	return 0;
}

static bool find_chip(struct pci_device *chip, u8 slot)
{
	*chip = (struct pci_device){.slot = slot};
	chip->vendor = pci_read16(chip, PCI_VENDOR_ID);
	chip->device = pci_read16(chip, PCI_DEVICE_ID);
	return chip->vendor == INTEL;
}

static int intx_gsi(const struct pci_device *pdev, u32 *gsi, unsigned int *flags)
{
	unsigned int pin = pci_read8(pdev, PCI_INTERRUPT_PIN);
	struct pci_device chip;

	if (!pin || pin > PCI_PINS)
		return -ENODEV;
	/*
	 * Each bridge between the root bus and the device adds its slot to the pin (PCI-to-PCI
	 * Bridge 1.2, 9.1).
	 */
	pin = (pin - 1 + pdev->intx_swizzle) % PCI_PINS;
	*flags = IOAPIC_LEVEL;
	if (find_chip(&chip, PIIX3_SLOT) && chip.device == PIIX3)
		return piix3_gsi(&chip, pdev->intx_slot, pin, gsi, flags);
	if (find_chip(&chip, ICH9_SLOT) && pci_read16(&chip, PCI_CLASS_DEVICE) == ICH9_CLASS)
		return ich9_gsi(&chip, pdev, pin, gsi);
	if (acpi_devices.links[0] >= 0)
		return link_gsi((pdev->intx_slot + pin) % PCI_PINS, gsi);
	return isa_gsi(pci_read8(pdev, PCI_INTERRUPT_LINE), gsi, flags);
}

/* ---- the line -------------------------------------------------------------------------------- */

/*
 * Calls the handler of every device on the line; returns true if one had new work.  intx_lock held.
 */
static bool intx_ask(const struct intx_line *line)
{
	struct pci_intx *intx;
	bool progress = false;

	list_for_each_entry(intx, &line->devices, list)
		progress |= intx->handler(intx->arg);
	return progress;
}

/* Counts an interrupt; returns true if the line must be masked.  intx_lock held. */
static bool intx_is_storm(struct intx_line *line, bool progress)
{
	u64 now = ktime_get_ns();
	bool storm;

	if (!progress) {
		if (now - line->in_vain_ns > STORM_QUIET_MS * NSEC_PER_MSEC)
			line->in_vain = 0;
		line->in_vain++;
		line->in_vain_ns = now;
	}
	if (likely(++line->interrupts < STORM_INTERRUPTS))
		return false;
	storm = line->in_vain > STORM_IN_VAIN;
	line->interrupts = line->in_vain = 0;
	return storm;
}

/*
 * The handler of a line.  An interrupt may come without a cause, if the line was still high after
 * the last EOI; and it may come after the line was masked, if it was raised before.  Both cases are
 * harmless.
 */
static void intx_interrupt(void *arg)
{
	struct intx_line *line = arg;

	spin_lock(&intx_lock);
	if (intx_is_storm(line, intx_ask(line)) && !line->masked) {
		line->masked = true;
		ioapic_mask(line->gsi);
		pr_err("%s: of %u interrupts more than %u had no cause: masked, its devices are "
		       "polled",
		       line->name, STORM_INTERRUPTS, STORM_IN_VAIN);
		mod_timer(&line->poll_timer, jiffies + msecs_to_jiffies(STORM_POLL_MS));
	}
	spin_unlock(&intx_lock);
}

static void intx_poll(unsigned long data)
{
	struct intx_line *line = (struct intx_line *)data;
	unsigned long flags;

	spin_lock_irqsave(&intx_lock, flags);
	intx_ask(line);
	spin_unlock_irqrestore(&intx_lock, flags);
	mod_timer(&line->poll_timer, jiffies + msecs_to_jiffies(STORM_POLL_MS));
}

static struct intx_line *intx_new_line(u32 gsi, unsigned int flags)
{
	struct intx_line *line = kzalloc(sizeof(*line), GFP_KERNEL);
	int err = -ENOMEM;

	if (!line)
		return ERR_PTR(err);
	line->gsi = gsi;
	INIT_LIST_HEAD(&line->devices);
	setup_timer(&line->poll_timer, intx_poll, (unsigned long)line);
	scnprintf(line->name, sizeof(line->name), "pci-gsi%u", gsi);
	err = line->irq = request_irq(line->name, intx_interrupt, line);
	if (line->irq < 0)
		goto out_free;
	err = ioapic_route(gsi, line->irq, flags);
	if (err)
		goto out_irq;
	list_add_tail(&line->list, &lines);
	return line;

out_irq:
	free_irq(line->irq);
out_free:
	kfree(line);
	return ERR_PTR(err);
}

static struct intx_line *intx_get_line(u32 gsi, unsigned int flags)
{
	struct intx_line *line;

	list_for_each_entry(line, &lines, list) {
		if (line->gsi == gsi)
			return line;
	}
	return intx_new_line(gsi, flags);
}

int pci_intx_request(struct pci_device *pdev, bool (*handler)(void *arg), void *arg)
{
	u16 command = pci_read16(pdev, PCI_COMMAND);
	struct intx_line *line;
	unsigned long irq_flags;
	unsigned int flags;
	u32 gsi;
	int err = intx_gsi(pdev, &gsi, &flags);

	if (err)
		return err;
	line = intx_get_line(gsi, flags);
	if (IS_ERR(line))
		return PTR_ERR(line);
	pdev->intx.handler = handler;
	pdev->intx.arg = arg;
	spin_lock_irqsave(&intx_lock, irq_flags);
	list_add_tail(&pdev->intx.list, &line->devices);
	spin_unlock_irqrestore(&intx_lock, irq_flags);
	pci_write16(pdev, PCI_COMMAND, command & ~PCI_COMMAND_INTX_DISABLE);
	pr_info("pci %s: interrupt line, GSI %u", pdev->name, gsi);
	return 0;
}

void pci_intx_free(struct pci_device *pdev)
{
	unsigned long irq_flags;

	pci_intx_disable(pdev);
	spin_lock_irqsave(&intx_lock, irq_flags);
	list_del(&pdev->intx.list);
	spin_unlock_irqrestore(&intx_lock, irq_flags);
}

void pci_intx_disable(const struct pci_device *pdev)
{
	u16 command = pci_read16(pdev, PCI_COMMAND);

	pci_write16(pdev, PCI_COMMAND, command | PCI_COMMAND_INTX_DISABLE);
}

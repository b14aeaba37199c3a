/* SPDX-License-Identifier: MIT */
/*
 * Access to PCI's configuration space: through two ports, or in memory.
 *
 * Called: pci_config_init() from pci_init(); pci_read8() and the like from the scan and the
 * drivers. Context: process, at boot, one thread: the address port needs no lock. A PC has ports
 * 0xcf8 and 0xcfc (PCI Local Bus 3.0, 3.2.2.3.2), and they reach all 256 buses. Where the ports do
 * not answer (QEMU's microvm), the memory that ACPI names is used (PCI Express Base 3.0, 7.2.2).
 * This memory has 4 KiB for each function, of which only the first 256 bytes are accessed. Compare
 * Linux's arch/x86/pci/direct.c, mmconfig_64.c.
 */
#include "drivers/pci.h"
#include "kernel/hal.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/io.h"

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA    0xcfc
#define PCI_CONFIG_ENABLE  0x80000000u

#define ECAM_BUS_SHIFT  20
#define ECAM_SLOT_SHIFT 15
#define ECAM_FN_SHIFT   12

static bool in_memory;            /* access in memory, not through the ports */
static u8 *ecam_buses[PCI_BUSES]; /* each bus is mapped at its first use */
/* registers of a bus that does not exist read as all ones */
static u8 nowhere[4] = {255, 255, 255, 255};

bool pci_config_init(void)
{
	u32 saved = inl(PCI_CONFIG_ADDRESS);
	bool there;

	outl(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE);
	there = inl(PCI_CONFIG_ADDRESS) == PCI_CONFIG_ENABLE;
	outl(PCI_CONFIG_ADDRESS, saved);
	in_memory = !there;
	return there || acpi_devices.ecam;
}

bool pci_config_in_memory(void)
{
	return in_memory;
}

static void pci_select(const struct pci_device *pdev, u8 offset)
{
	outl(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE | (u32)pdev->bus << 16 | (u32)pdev->slot << 11 |
					 (u32)pdev->fn << 8 | (offset & 0xfc));
}

/*
 * Returns the register's address in memory, or NULL if the bus does not exist or cannot be mapped.
 */
static u8 *ecam(const struct pci_device *pdev, u8 offset)
{
	u8 **bus = &ecam_buses[pdev->bus];

	if (!*bus && pdev->bus <= acpi_devices.ecam_last_bus)
		*bus = hal_map_device(acpi_devices.ecam + ((u64)pdev->bus << ECAM_BUS_SHIFT),
				      1UL << ECAM_BUS_SHIFT);
	if (!*bus)
		return NULL;
	return *bus + ((u32)pdev->slot << ECAM_SLOT_SHIFT | (u32)pdev->fn << ECAM_FN_SHIFT) +
	       offset;
}

/*
 * Like ecam(), but for reads: if the bus does not exist, returns the address of four bytes of 255.
 */
static const u8 *ecam_or_nowhere(const struct pci_device *pdev, u8 offset)
{
	const u8 *reg = ecam(pdev, offset);

	return reg ? reg : nowhere;
}

u8 pci_read8(const struct pci_device *pdev, u8 offset)
{
	if (in_memory)
		return readb(ecam_or_nowhere(pdev, offset));
	pci_select(pdev, offset);
	return inb(PCI_CONFIG_DATA + (offset & 3));
}

u16 pci_read16(const struct pci_device *pdev, u8 offset)
{
	if (in_memory)
		return readw(ecam_or_nowhere(pdev, offset & 0xfe));
	pci_select(pdev, offset);
	return inw(PCI_CONFIG_DATA + (offset & 2));
}

u32 pci_read32(const struct pci_device *pdev, u8 offset)
{
	if (in_memory)
		return readl(ecam_or_nowhere(pdev, offset & 0xfc));
	pci_select(pdev, offset);
	return inl(PCI_CONFIG_DATA);
}

void pci_write16(const struct pci_device *pdev, u8 offset, u16 value)
{
	u8 *reg;

	if (!in_memory) {
		pci_select(pdev, offset);
		outw(PCI_CONFIG_DATA + (offset & 2), value);
		return;
	}
	reg = ecam(pdev, offset & 0xfe);
	if (reg)
		writew(value, reg);
}

void pci_write32(const struct pci_device *pdev, u8 offset, u32 value)
{
	u8 *reg;

	if (!in_memory) {
		pci_select(pdev, offset);
		outl(PCI_CONFIG_DATA, value);
		return;
	}
	reg = ecam(pdev, offset & 0xfc);
	if (reg)
		writel(value, reg);
}

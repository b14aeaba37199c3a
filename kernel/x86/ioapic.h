/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC: the interrupt controller for devices that have an interrupt line and no MSI
 * (virtio-mmio, ACPI's SCI).
 *
 * A line is named by its global system interrupt (GSI). acpi.c adds the controllers, and the ISA
 * lines with an unusual GSI or wiring, from the MADT.  If the MADT names no controller,
 * ioapic_init() tries the standard address.
 */
#ifndef KERNEL_X86_IOAPIC_H
#define KERNEL_X86_IOAPIC_H

#include "kernel/types.h"

#define IOAPIC_LEVEL BIT(0) /* level-triggered, else edge-triggered */
#define IOAPIC_LOW   BIT(1) /* active low, else high */

/* Adds a controller that the MADT names.  Before ioapic_init(). */
void ioapic_add(phys_addr_t address, u32 gsi_base);
/* Records an entry of the MADT: ISA line @isa is GSI @gsi, with these IOAPIC_* flags. */
void ioapic_override(u8 isa, u32 gsi, unsigned int flags);

/* Maps the controllers and masks all their lines.  Boot, after acpi_init() and apic_init(). */
void ioapic_init(void);

/*
 * Connects the line @gsi to @irq (request_irq()'s number) on this CPU and unmasks it.  Returns
 * -ENODEV if no controller has that line, -EBUSY if it is already connected.  Process context.
 */
int ioapic_route(u32 gsi, unsigned int irq, unsigned int flags);
/*
 * Masks a line permanently.  For a line that keeps raising interrupts and that no driver can clear.
 * Any context.
 */
void ioapic_mask(u32 gsi);

/*
 * Returns the GSI of ISA line @isa.  Stores its IOAPIC_* flags in *@flags if the MADT has an entry
 * for the line; else *@flags is unchanged.
 */
u32 ioapic_isa_line(u8 isa, unsigned int *flags);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC: interrupt lines of devices that cannot write a message (virtio-mmio, ACPI's SCI).
 *
 * A line is named by its global system interrupt (GSI). acpi.c adds the controllers and the
 * exceptions of ISA lines that the MADT names; if it names none, ioapic_init() tries the standard
 * address.
 */
#ifndef KERNEL_X86_IOAPIC_H
#define KERNEL_X86_IOAPIC_H

#include "kernel/types.h"

#define IOAPIC_LEVEL BIT(0) /* else edge */
#define IOAPIC_LOW   BIT(1) /* active low, else high */

/* From the MADT, before ioapic_init(). */
void ioapic_add(phys_addr_t address, u32 gsi_base);
/* The MADT says that ISA line @isa is GSI @gsi, with these IOAPIC_* flags. */
void ioapic_override(u8 isa, u32 gsi, unsigned int flags);

/* Maps the controllers and masks every line.  Boot, after acpi_init() and apic_init(). */
void ioapic_init(void);

/*
 * @gsi raises @irq (request_irq()'s number) on this CPU from now on.  -ENODEV when no controller has
 * that line, -EBUSY when it is routed already.  Process context.
 */
int ioapic_route(u32 gsi, unsigned int irq, unsigned int flags);
/* Masks a line permanently, when no driver can silence it.  Any context. */
void ioapic_mask(u32 gsi);

/*
 * The GSI of ISA line @isa, and its wiring: in @flags, which keeps its value if there is no
 * exception.
 */
u32 ioapic_isa_line(u8 isa, unsigned int *flags);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The values that are read from ACPI's tables: the addresses of two timers, the interrupt lines,
 * the power button, how to power off and how to reset.
 */
#ifndef KERNEL_X86_ACPI_H
#define KERNEL_X86_ACPI_H

#include "kernel/types.h"

/* An 8-bit register of the machine: at a port, or in memory (then memory is not NULL). */
struct acpi_register {
	u16 port;
	volatile u8 *memory;
};

struct acpi_info {
	phys_addr_t hpet;  /* 0: none */
	u16 pm_timer_port; /* 0: none, as in the fields below */
	u16 pm1a_event, pm1b_event;
	u8 pm1_event_length; /* bytes of each of the two blocks */
	/* The machine has a fixed power button, reported by a bit of the PM1 event registers. */
	bool power_button;
	u16 gpe0; /* block of general-purpose events: status bytes, then as many enable bytes */
	u8 gpe0_length; /* bytes */
	u8 sci;         /* ISA interrupt line (SCI) that reports PM1 events */
	u16 pm1a_control, pm1b_control;
	u16 smi_command;
	bool no_cmos_rtc; /* the firmware says that the machine has no CMOS real-time clock */
	u8 rtc_century;   /* number of the clock's century register */
	/*
	 * If this value is written to smi_command, the firmware gives the kernel control of the PM1
	 * registers.
	 */
	u8 smi_acpi_enable;
	bool sleep_known; /* sleep_type_a and sleep_type_b were found */
	u8 sleep_type_a, sleep_type_b;
	/* Register that powers the machine off; used if the machine has no PM1 registers. */
	struct acpi_register sleep_control;
	struct acpi_register reset;
	u8 reset_value;
};
extern struct acpi_info acpi;

/*
 * Reads ACPI's tables into acpi and acpi_devices, if the machine has such tables.  Boot, process
 * context; the page allocator works already.
 */
void acpi_init(phys_addr_t rsdp);

/*
 * Makes the firmware give the kernel control of the PM1 registers, if it has not done so yet
 * (power.c).  Returns false if the firmware does not give control.
 */
bool power_acpi_on(void);
/*
 * Requests the interrupt of the fixed power button, if the machine has one (powerbutton.c).
 * Process context, interrupts on.
 */
void power_button_init(void);
/*
 * Calls @event in hard interrupt when the host reports a PCI hot-plug event (powerbutton.c). Returns
 * false if the machine does not report such events. Call it after power_button_init().
 */
bool acpi_hotplug_enable(void (*event)(void));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The facts that are read from ACPI: the addresses of two timers, the interrupt lines, the power
 * button, how to power off and how to reset.
 */
#ifndef KERNEL_X86_ACPI_H
#define KERNEL_X86_ACPI_H

#include "kernel/types.h"

/* One 8-bit register of the machine, as a port or in memory. */
struct acpi_register {
	u16 port;
	volatile u8 *memory;
};

struct acpi_info {
	phys_addr_t hpet;  /* 0: none */
	u16 pm_timer_port; /* 0: none, and likewise below */
	u16 pm1a_event, pm1b_event;
	u8 pm1_event_length; /* of either block, bytes */
	bool power_button;   /* its bit is among the PM1 events */
	u8 sci;              /* ISA line that reports them */
	u16 pm1a_control, pm1b_control;
	u16 smi_command;
	bool no_cmos_rtc;   /* the firmware says that there is no such clock */
	u8 rtc_century;     /* its register of the century */
	u8 smi_acpi_enable; /* writing it there makes the firmware hand the power registers over */
	bool sleep_known;   /* the two values below were found */
	u8 sleep_type_a, sleep_type_b;
	struct acpi_register sleep_control; /* of a machine without PM1 registers */
	struct acpi_register reset;
	u8 reset_value;
};
extern struct acpi_info acpi;

/* Reads the tables; a machine without any is fine.  Boot, process context, the allocator is up. */
void acpi_init(phys_addr_t rsdp);

/* power.c: has the firmware hand the PM1 registers over, if it has not yet.  False when it does not. */
bool power_acpi_on(void);
/* powerbutton.c: listens to the fixed power button, where there is one.  Process context, interrupts on. */
void power_button_init(void);

#endif

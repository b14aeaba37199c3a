/* SPDX-License-Identifier: MIT */
/*
 * Ends the machine: power off, reset, or stop.
 *
 * Callers: kernel_shutdown(), panic(), a fault within a panic.  Any context; interrupts are turned
 * off and stay off.  No lock and no memory allocation: acpi_init() has read all values.  No single
 * method works on all machines.  So the methods are tried in turn, and each gets some time to take
 * effect.  Compare Linux's arch/x86/kernel/reboot.c and drivers/acpi/sleep.c.
 */
#include "kernel/hal.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"

/* QEMU's isa-debug-exit: QEMU exits with the status (value << 1) | 1. */
#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_NONE 0xff /* value read if no device answers */

#define PM1_ACPI_ON    BIT(0)
#define PM1_SLEEP_TYPE 10
#define PM1_SLEEP_MASK (7U << PM1_SLEEP_TYPE)
#define PM1_SLEEP      BIT(13)
/* Position of the sleep type in the sleep control register, on machines without PM1 registers. */
#define SLEEP_TYPE   2
#define SLEEP_ENABLE BIT(5)
#define QEMU_Q35_PM1 0x604 /* QEMU's PM1 control register, for machines without ACPI tables */
#define QEMU_PC_PM1  0xb004

#define RESET_CONTROL   0xcf9
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_BUSY   0x02
#define KEYBOARD_RESET  0xfe
#define PATIENCE        20000 /* reads of a port; each takes a microsecond or more */

/* Waits about 20 ms, so that the last register write can take effect. */
static void wait_a_while(void)
{
	unsigned int i;

	for (i = 0; i < PATIENCE; i++)
		inb(0x80);
}

static void write_register(const struct acpi_register *reg, u8 value)
{
	if (reg->memory)
		writeb(value, reg->memory);
	else if (reg->port)
		outb(reg->port, value);
}

static void pm1_sleep(u16 port, u8 type)
{
	if (port)
		outw(port, (inw(port) & ~PM1_SLEEP_MASK) | type << PM1_SLEEP_TYPE | PM1_SLEEP);
}

bool power_acpi_on(void)
{
	if (!acpi.pm1a_control)
		return false;
	if (acpi.smi_command && acpi.smi_acpi_enable && !(inw(acpi.pm1a_control) & PM1_ACPI_ON)) {
		outb(acpi.smi_command, acpi.smi_acpi_enable);
		for (unsigned int i = 0; i < PATIENCE; i++) {
			if (inw(acpi.pm1a_control) & PM1_ACPI_ON)
				break;
			cpu_relax();
		}
	}
	return inw(acpi.pm1a_control) & PM1_ACPI_ON;
}

static void acpi_power_off(void)
{
	if (!acpi.sleep_known)
		return;
	if (acpi.sleep_control.memory || acpi.sleep_control.port) {
		write_register(&acpi.sleep_control,
			       (u8)(acpi.sleep_type_a << SLEEP_TYPE | SLEEP_ENABLE));
		wait_a_while();
		return;
	}
	if (!acpi.pm1a_control)
		return;
	power_acpi_on();
	pm1_sleep(acpi.pm1a_control, acpi.sleep_type_a);
	pm1_sleep(acpi.pm1b_control, acpi.sleep_type_b);
	wait_a_while();
}

static void keyboard_reset(void)
{
	unsigned int i;

	for (i = 0; i < PATIENCE && (inb(KEYBOARD_STATUS) & KEYBOARD_BUSY); i++)
		cpu_relax();
	outb(KEYBOARD_STATUS, KEYBOARD_RESET);
	wait_a_while();
}

/*
 * Resets the CPU: without an interrupt table, an exception cannot be delivered, and the CPU resets.
 */
static void triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed nothing = {0, 0};

	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

/*
 * Tries to power off.  Without ACPI tables the machine's power-off register is not known.  Then,
 * under a hypervisor, QEMU's ports are tried, and after them a reset, because microvm and
 * Firecracker end on a reset.
 */
static void power_off(void)
{
	acpi_power_off();
	if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR))
		return;
	/*
	 * Write to QEMU's ports only under a hypervisor: a real machine may have any device there.
	 */
	outw(QEMU_Q35_PM1, PM1_SLEEP);
	outw(QEMU_PC_PM1, PM1_SLEEP);
	wait_a_while();
	if (!acpi.sleep_known) {
		keyboard_reset();
		triple_fault();
	}
}

static void reboot(void)
{
	write_register(&acpi.reset, acpi.reset_value);
	wait_a_while();
	outb(RESET_CONTROL, 0x02); /* chooses a hard reset, not a soft one */
	outb(RESET_CONTROL, 0x06); /* starts the hard reset */
	wait_a_while();
	keyboard_reset();
	triple_fault();
}

void __noreturn hal_halt(enum hal_halt how, int code)
{
	hal_irq_disable();
	/*
	 * First report a failure through isa-debug-exit, so that a test sees it even if the next
	 * steps have no effect.
	 */
	if (code != 0 && how != HAL_HALT_STOP && inb(DEBUG_EXIT_PORT) != DEBUG_EXIT_NONE)
		outl(DEBUG_EXIT_PORT, code);
	if (how == HAL_HALT_REBOOT)
		reboot();
	if (how == HAL_HALT_POWEROFF)
		power_off();
	for (;;)
		__asm__ volatile("hlt");
}

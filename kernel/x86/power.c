/* SPDX-License-Identifier: MIT */
/*
 * The end: power off, reset, or stop.
 *
 * Callers: kernel_shutdown(), panic(), a fault within a panic.  Any context, interrupts go off and
 * stay off.  No lock, no memory: acpi_init() looked everything up.  Each method is tried and waited
 * for, then the next one, because none is sure to exist.  Answers to Linux's
 * arch/x86/kernel/reboot.c and drivers/acpi/sleep.c.
 */
#include "kernel/hal.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"

#define DEBUG_EXIT_PORT 0xf4 /* QEMU's isa-debug-exit: its status becomes (value << 1) | 1 */
#define DEBUG_EXIT_NONE 0xff /* read where no device answers */

#define PM1_ACPI_ON    BIT(0)
#define PM1_SLEEP_TYPE 10
#define PM1_SLEEP_MASK (7U << PM1_SLEEP_TYPE)
#define PM1_SLEEP      BIT(13)
#define SLEEP_TYPE     2 /* the same in the sleep control register of a reduced machine */
#define SLEEP_ENABLE   BIT(5)
#define QEMU_Q35_PM1   0x604 /* the register on QEMU's machines, for when there were no tables */
#define QEMU_PC_PM1    0xb004

#define RESET_CONTROL   0xcf9
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_BUSY   0x02
#define KEYBOARD_RESET  0xfe
#define PATIENCE        20000 /* reads of a port, a microsecond each or more */

/* Gives the machine time to act on the write. */
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

/* Without an interrupt table, the next exception cannot be delivered, and the CPU resets. */
static void triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed nothing = {0, 0};

	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

/*
 * Without ACPI tables the kernel knows no power-off register: microvm and Firecracker end the
 * machine on a reset instead.
 */
static void power_off(void)
{
	acpi_power_off();
	if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR))
		return;
	/* QEMU's ports: only under a hypervisor, since a real machine may have any device there. */
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
	outb(RESET_CONTROL, 0x02); /* a hard reset, ... */
	outb(RESET_CONTROL, 0x06); /* ... now */
	wait_a_while();
	keyboard_reset();
	triple_fault();
}

void __noreturn hal_halt(enum hal_halt how, int code)
{
	hal_irq_disable();
	/*
	 * Report a failure through isa-debug-exit first, so that a test sees it whatever follows.
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

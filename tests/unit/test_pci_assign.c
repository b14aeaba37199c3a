/* SPDX-License-Identifier: MIT */
/*
 * Bus numbers behind bridges on a machine without a firmware that sets PCI up (microvm with pcie=on): they
 * end below the next root bus, whose numbers are its own.
 *
 * Linked with drivers/pci_assign.c alone: the registers of the bridges, ACPI's devices and the log are here.
 * Expected numbers: PCI-to-PCI Bridge Architecture 1.2, 3.2.5.3 to 3.2.5.5, and ACPI 6.4, 6.5.5 (_BBN, "the
 * PCI bus number" from which on a root's buses are numbered).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drivers/pci.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi_devices.h"

#define WINDOW 0xc0000000u

struct acpi_devices acpi_devices;

static u32 buses[PCI_BUSES]; /* register 0x18 of the bridge in slot i of bus 0 */

bool pci_config_in_memory(void)
{
	return true;
}

u16 pci_read16(const struct pci_device *pdev, u8 offset)
{
	return 0;
}

void pci_write16(const struct pci_device *pdev, u8 offset, u16 value)
{
}

void pci_write32(const struct pci_device *pdev, u8 offset, u32 value)
{
	if (offset == 0x18)
		buses[pdev->slot] = value;
}

struct log_source kernel_log;

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
{
}

static u8 open_bridge(u8 slot, struct pci_window *window)
{
	struct pci_device bridge = {.slot = slot};
	struct pci_window behind;
	u8 bus = pci_open_bridge(&bridge, window, &behind);

	if (bus)
		assert_true(behind.next >= WINDOW && behind.end <= window->end);
	return bus;
}

static void close_bridge(u8 slot, u8 secondary)
{
	pci_close_bridge(&(struct pci_device){.slot = slot}, secondary);
}

static void test_bridges_stay_below_the_next_root_bus(void **state)
{
	struct pci_window window;

	(void)state;
	/* Not in rising order, as the table may have them. */
	acpi_devices = (struct acpi_devices){.roots = {9, 3}, .nr_roots = 2, .ecam_last_bus = 255};
	acpi_devices.window = WINDOW;
	acpi_devices.window_size = 0x10000000;
	pci_window_init(&window);

	assert_int_equal(open_bridge(1, &window), 1);
	/* While it is scanned, all numbers that bus 0 may have lead to it, and none of the next root. */
	assert_int_equal(buses[1], 0x00020100);
	close_bridge(1, 1);
	assert_int_equal(buses[1], 0x00010100);
	assert_int_equal(open_bridge(2, &window), 2);
	assert_int_equal(buses[2], 0x00020200);
	close_bridge(2, 2);
	/* 3 is the next root's. */
	assert_int_equal(open_bridge(3, &window), 0);
	assert_int_equal(buses[3], 0);

	/* Without other roots: all that configuration space has. */
	acpi_devices.nr_roots = 0;
	acpi_devices.ecam_last_bus = 4;
	assert_int_equal(open_bridge(3, &window), 3);
	assert_int_equal(buses[3], 0x00040300);
	assert_int_equal(open_bridge(4, &window), 4);
	assert_int_equal(open_bridge(5, &window), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bridges_stay_below_the_next_root_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

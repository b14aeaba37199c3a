/* SPDX-License-Identifier: MIT */
/*
 * Setting up PCI where no firmware does it (QEMU's microvm with pcie=on): addresses for the devices' memory,
 * and numbers for the buses behind bridges. Such a bus number must be below the number of the next root bus.
 *
 * Linked with drivers/pci_assign.c alone; this file simulates the bridges' registers, ACPI's devices and the log.
 * Expected addresses: PCI Local Bus 3.0, 6.2.5.1 (a BAR of N bytes is at a multiple of N; a 64-bit BAR has two
 * registers, the lower half first).  Expected numbers: PCI-to-PCI Bridge Architecture 1.2, 3.2.5.3 to 3.2.5.5, and
 * ACPI 6.4, 6.5.5 (_BBN: the first bus number of a root bus).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci.h"
#include "kernel/printk.h"
#include "kernel/x86/acpi_devices.h"

#define WINDOW 0xc0000000u

struct acpi_devices acpi_devices;

static u32 buses[PCI_BUSES]; /* bus numbers (register 0x18) of the bridge in each slot of bus 0 */
static u32 bars[PCI_BARS];   /* base address registers of the device */
static unsigned int log_lines;

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
	if (offset == 0x18) /* a bridge's bus numbers; in a device this register is BAR 2 */
		buses[pdev->slot] = value;
	if (offset >= PCI_BASE_ADDRESS_0 && offset < PCI_BASE_ADDRESS_0 + 4 * PCI_BARS)
		bars[(offset - PCI_BASE_ADDRESS_0) / 4] = value;
}

struct log_source kernel_log;

void printk_from(const struct log_source *source, enum loglevel level, const char *fmt, ...)
{
	log_lines++;
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
	/* The ACPI table may list the root buses in any order. */
	acpi_devices = (struct acpi_devices){.roots = {9, 3}, .nr_roots = 2, .ecam_last_bus = 255};
	acpi_devices.window = WINDOW;
	acpi_devices.window_size = 0x10000000;
	pci_window_init(&window);

	assert_int_equal(open_bridge(1, &window), 1);
	/* While the buses behind the bridge are scanned, the bridge has all numbers below the next root bus (3): 1
	 * and 2. */
	assert_int_equal(buses[1], 0x00020100);
	close_bridge(1, 1);
	assert_int_equal(buses[1], 0x00010100);
	assert_int_equal(open_bridge(2, &window), 2);
	assert_int_equal(buses[2], 0x00020200);
	close_bridge(2, 2);
	/* No number is left: 3 is the next root bus. */
	assert_int_equal(open_bridge(3, &window), 0);
	assert_int_equal(buses[3], 0);

	/* Without other root buses, the last bus in configuration space is the limit. */
	acpi_devices.nr_roots = 0;
	acpi_devices.ecam_last_bus = 4;
	assert_int_equal(open_bridge(3, &window), 3);
	assert_int_equal(buses[3], 0x00040300);
	assert_int_equal(open_bridge(4, &window), 4);
	assert_int_equal(open_bridge(5, &window), 0);
}

static void test_each_bar_at_a_multiple_of_its_size(void **state)
{
	struct pci_window window = {WINDOW + 0x100, WINDOW + 0x8000};
	struct pci_device pdev = {.bar = {
					  [0] = {.size = 0x1000},
					  [1] = {.size = 0x20, .io = true},
					  [2] = {.size = 0x4000, .is_64 = true},
					  [4] = {.size = 0x1000, .addr = 0xfe000000},
					  [5] = {.size = 0x10},
				  }};
	struct pci_device large = {.bar = {{.size = 0x8000}, {.size = 0x10}}};

	(void)state;
	memset(bars, 0xff, sizeof(bars));
	pci_assign_bars(&pdev, &window);
	assert_int_equal(bars[0], WINDOW + 0x1000);
	assert_int_equal(bars[1], 0xffffffff); /* an I/O BAR stays unchanged */
	assert_int_equal(bars[2], WINDOW + 0x4000);
	assert_int_equal(bars[3], 0);
	assert_int_equal(bars[4], 0xffffffff); /* unchanged: this BAR had an address before */
	assert_int_equal(pdev.bar[4].addr, 0xfe000000);
	assert_int_equal(pdev.bar[5].addr, 0); /* the window is full */
	assert_int_equal(log_lines, 1);

	/* A BAR that does not fit gets no address and uses nothing of the window, so the next BAR fits. */
	window = (struct pci_window){WINDOW + 0x100, WINDOW + 0x8000};
	pci_assign_bars(&large, &window);
	assert_int_equal(large.bar[0].addr, 0);
	assert_int_equal(bars[1], WINDOW + 0x100);
	assert_int_equal(log_lines, 2);

	/* On a PC the firmware has assigned all addresses, so there is no window: nothing is assigned or logged. */
	window = (struct pci_window){0, 0};
	large.bar[1].addr = 0;
	pci_assign_bars(&large, &window);
	assert_int_equal(large.bar[1].addr, 0);
	assert_int_equal(log_lines, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bar_at_a_multiple_of_its_size),
		cmocka_unit_test(test_bridges_stay_below_the_next_root_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

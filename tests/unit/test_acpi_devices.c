/* SPDX-License-Identifier: MIT */
/*
 * Finding devices in ACPI tables: the tables that QEMU 7.2 writes, other valid encodings, and damaged
 * tables.  The sanitizers report a read outside of a table.
 */
#include "tests/unit/unit_hal.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/x86/acpi_devices.h"

/* From QEMU's -machine microvm: the virtio-mmio slot of the network card.  It is the last of 24 slots
 * (hw/i386/microvm.c: registers at 0xfeb00000 + 23 * 512); its GSI is the last of the second I/O APIC (24 + 23). */
static const u8 mmio_slot[] = {
	0x5b, 0x82, 0x42, 0x04, 0x56, 0x52, 0x32, 0x33, 0x08, 0x5f, 0x48, 0x49, 0x44, 0x0d,
	0x4c, 0x4e, 0x52, 0x4f, 0x30, 0x30, 0x30, 0x35, 0x00, 0x08, 0x5f, 0x55, 0x49, 0x44,
	0x0a, 0x17, 0x08, 0x5f, 0x43, 0x43, 0x41, 0x01, 0x08, 0x5f, 0x43, 0x52, 0x53, 0x11,
	0x1a, 0x0a, 0x17, 0x86, 0x09, 0x00, 0x01, 0x00, 0x2e, 0xb0, 0xfe, 0x00, 0x02, 0x00,
	0x00, 0x89, 0x06, 0x00, 0x01, 0x01, 0x2f, 0x00, 0x00, 0x00, 0x79, 0x00,
};

/* From QEMU's -machine microvm,pcie=on: the root bus's _CBA method (address of the configuration space) and its
 * _CRS (address windows). */
static const u8 root_method_and_resources[] = {
	0x14, 0x0c, 0x5f, 0x43, 0x42, 0x41, 0x00, 0xa4, 0x0c, 0x00, 0x00, 0x00, 0xe0, 0x08, 0x5f,
	0x43, 0x52, 0x53, 0x11, 0x4e, 0x05, 0x0a, 0x5a, 0x88, 0x0d, 0x00, 0x02, 0x0c, 0x00, 0x00,
	0x00, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x01, 0x87, 0x17, 0x00, 0x00, 0x0c, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0xff, 0xff, 0xff, 0xdf, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x20, 0x8a, 0x2b, 0x00, 0x00, 0x0c, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x79, 0x00,
};
/* From the same machine: the interrupt link device of INTA, which is GSI 16. */
static const u8 link_a[] = {
	0x5b, 0x82, 0x49, 0x04, 0x47, 0x53, 0x49, 0x30, 0x08, 0x5f, 0x48, 0x49, 0x44, 0x0d, 0x50,
	0x4e, 0x50, 0x30, 0x43, 0x30, 0x46, 0x00, 0x08, 0x5f, 0x55, 0x49, 0x44, 0x00, 0x08, 0x5f,
	0x50, 0x52, 0x53, 0x11, 0x0e, 0x0a, 0x0b, 0x89, 0x06, 0x00, 0x01, 0x01, 0x10, 0x00, 0x00,
	0x00, 0x79, 0x00, 0x08, 0x5f, 0x43, 0x52, 0x53, 0x11, 0x0e, 0x0a, 0x0b, 0x89, 0x06, 0x00,
	0x01, 0x01, 0x10, 0x00, 0x00, 0x00, 0x79, 0x00, 0x14, 0x06, 0x5f, 0x53, 0x52, 0x53, 0x01,
};

/* From QEMU's -machine q35: its registers for hot plug, at 0xcc0 (hw/acpi/ich9.c). */
static const u8 hotplug_regions[] = {
	0x5b, 0x80, 0x50, 0x43, 0x53, 0x54, 0x01, 0x0b, 0xc0, 0x0c, 0x0a, 0x08, 0x5b, 0x81,
	0x10, 0x50, 0x43, 0x53, 0x54, 0x43, 0x50, 0x43, 0x49, 0x55, 0x20, 0x50, 0x43, 0x49,
	0x44, 0x20, 0x5b, 0x80, 0x53, 0x45, 0x4a, 0x5f, 0x01, 0x0b, 0xc8, 0x0c, 0x0a, 0x04,
	0x5b, 0x81, 0x0b, 0x53, 0x45, 0x4a, 0x5f, 0x43, 0x42, 0x30, 0x45, 0x4a, 0x20, 0x5b,
	0x80, 0x42, 0x4e, 0x4d, 0x52, 0x01, 0x0b, 0xd0, 0x0c, 0x0a, 0x08,
};
/* From the same machine, with a root port in slot 1: the port, its BSEL, and the slot behind it. */
static const u8 hotplug_port[] = {
	0x5b, 0x82, 0x44, 0x09, 0x53, 0x30, 0x38, 0x5f, 0x08, 0x5f, 0x41, 0x44, 0x52, 0x0c, 0x00,
	0x00, 0x01, 0x00, 0x08, 0x42, 0x53, 0x45, 0x4c, 0x01, 0x5b, 0x82, 0x49, 0x04, 0x53, 0x30,
	0x30, 0x5f, 0x08, 0x5f, 0x41, 0x44, 0x52, 0x00, 0x08, 0x41, 0x53, 0x55, 0x4e, 0x00, 0x14,
	0x1d, 0x5f, 0x44, 0x53, 0x4d, 0x0c, 0x70, 0x12, 0x0a, 0x02, 0x42, 0x53, 0x45, 0x4c, 0x41,
	0x53, 0x55, 0x4e, 0x60, 0xa4, 0x50, 0x44, 0x53, 0x4d, 0x68, 0x69, 0x6a, 0x6b, 0x60, 0x08,
	0x5f, 0x53, 0x55, 0x4e, 0x00, 0x14, 0x12, 0x5f, 0x45, 0x4a, 0x30, 0x01, 0x50, 0x43, 0x45,
	0x4a, 0x42, 0x53, 0x45, 0x4c, 0x5f, 0x53, 0x55, 0x4e, 0x14, 0x12, 0x44, 0x56, 0x4e, 0x54,
	0x02, 0xa0, 0x0b, 0x7b, 0x68, 0x01, 0x00, 0x86, 0x53, 0x30, 0x30, 0x5f, 0x69, 0x14, 0x1f,
	0x50, 0x43, 0x4e, 0x54, 0x00, 0x70, 0x01, 0x42, 0x4e, 0x55, 0x4d, 0x44, 0x56, 0x4e, 0x54,
	0x50, 0x43, 0x49, 0x55, 0x01, 0x44, 0x56, 0x4e, 0x54, 0x50, 0x43, 0x49, 0x44, 0x0a, 0x03,
};

static struct acpi_devices found;
static u8 table[4096];
static size_t length;

static void put(const void *bytes, size_t n)
{
	assert_true(length + n <= sizeof(table));
	memcpy(table + length, bytes, n);
	length += n;
}

/* Begins "Device (NAME) {...}".  Its length field has two bytes and includes itself (ACPI 6.4, 20.2.4). */
static size_t open_device(const char *name)
{
	put("\x5b\x82\0\0", 4);
	put(name, 4);
	return length - 6;
}

static void close_device(size_t at)
{
	size_t n = length - at;

	table[at] = 0x40 | (n & 0xf);
	table[at + 1] = n >> 4;
}

static void put_integer(const char *name, u8 value)
{
	put("\x08", 1);
	put(name, 4);
	put((u8[]){0x0a, value}, 2);
}

static void put_root(u8 bus)
{
	size_t at = open_device("PC00");

	put_integer("_BBN", bus);
	put("\x08_HID\x0c\x41\xd0\x0a\x03", 10); /* EISAID ("PNP0A03") */
	close_device(at);
}

/* Parses a copy whose allocation ends with the table, so that the sanitizer reports a read past the end. */
static void read_table(size_t len)
{
	u8 *copy = malloc(len ? len : 1);

	memcpy(copy, table, len);
	acpi_devices_init(&found);
	acpi_read_dsdt_devices(&found, copy, len);
	free(copy);
	assert_true(found.nr_mmio <= VIRTIO_MMIO_MAX && found.nr_roots <= PCI_ROOTS_MAX);
}

static void begin(void)
{
	length = 0;
}

static void put_generic_host_bridge(void)
{
	size_t at = open_device("PCI0");

	put("\x08_HID\x0dPNP0A08", 14);
	put_integer("_BBN", 0);
	put(link_a, sizeof(link_a));
	put(root_method_and_resources, sizeof(root_method_and_resources));
	close_device(at);
}

static void test_slot_of_microvm(void **state)
{
	begin();
	put(mmio_slot, sizeof(mmio_slot));
	read_table(length);
	assert_int_equal(found.nr_mmio, 1);
	assert_int_equal(found.mmio[0].address, 0xfeb00000 + 23 * 512);
	assert_int_equal(found.mmio[0].size, 512);
	assert_int_equal(found.mmio[0].gsi, 24 + 23);
	assert_int_equal(found.mmio_left_out, 0);
}

/* The bridge contains a link device, whose _CRS comes first and must not be taken for the bridge's own. */
static void test_generic_host_bridge(void **state)
{
	begin();
	put_generic_host_bridge();
	read_table(length);
	assert_int_equal(found.ecam, 0xe0000000);
	assert_int_equal(found.window, 0xc0000000);
	assert_int_equal(found.window_size, 0x20000000);
	assert_int_equal(found.links[0], 16);
	assert_int_equal(found.links[1], -1);
	assert_int_equal(found.nr_roots, 0);
}

/* LIMIT(PCI_ROOTS_MAX) */
static void test_root_buses(void **state)
{
	begin();
	for (unsigned int i = 0; i < PCI_ROOTS_MAX + 2; i++)
		put_root(0x80 + i);
	read_table(length);
	assert_int_equal(found.nr_roots, PCI_ROOTS_MAX);
	assert_int_equal(found.roots_left_out, 2);
	for (unsigned int i = 0; i < PCI_ROOTS_MAX; i++)
		assert_int_equal(found.roots[i], 0x80 + i);
}

static void test_more_slots_than_there_may_be(void **state)
{
	begin();
	for (unsigned int i = 0; i < VIRTIO_MMIO_MAX + 3; i++)
		put(mmio_slot, sizeof(mmio_slot));
	read_table(length);
	assert_int_equal(found.nr_mmio, VIRTIO_MMIO_MAX);
	assert_int_equal(found.mmio_left_out, 3);
}

/* A method computes the slot's resources, so the parser cannot read them: it counts the slot as left out. */
static void test_slot_without_resources(void **state)
{
	size_t at;

	begin();
	at = open_device("VR00");
	put("\x08_HID\x0dLNRO0005", 15);
	put("\x14\x08_CRS\x00\xa4\x00", 9);
	close_device(at);
	read_table(length);
	assert_int_equal(found.nr_mmio, 0);
	assert_int_equal(found.mmio_left_out, 1);
}

/* ---- hot plug ------------------------------------------------------------------------------------ */

/* Puts a bridge with BSEL @n in slot @slot. */
static void put_bridge(u8 n, u8 slot)
{
	size_t at = open_device("S00_");

	put("\x08_ADR\x0c\0\0", 8);
	put((u8[]){slot, 0}, 2);
	put_integer("BSEL", n);
	close_device(at);
}

/* Begins "Scope (NAME) {...}".  Returns the place of its length for close_device(). */
static size_t open_scope(const char *name)
{
	put("\x10\0\0", 3);
	put(name, 4);
	return length - 6;
}

static void test_hotplug_of_q35(void **state)
{
	begin();
	put(hotplug_regions, sizeof(hotplug_regions));
	put(hotplug_port, sizeof(hotplug_port));
	put_bridge(3, 2);
	read_table(length);
	assert_int_equal(found.hotplug.status_port, 0xcc0);
	assert_int_equal(found.hotplug.eject_port, 0xcc8);
	assert_int_equal(found.hotplug.select_port, 0xcd0);
	assert_int_equal(found.hotplug.bus[1].kind, ACPI_HOTPLUG_BRIDGE);
	assert_int_equal(found.hotplug.bus[1].slot, 1);
	assert_int_equal(found.hotplug.bus[1].fn, 0);
	assert_int_equal(found.hotplug.bus[0].kind, ACPI_HOTPLUG_NONE);
	assert_int_equal(found.hotplug.bus[3].slot, 2);
}

/* On a machine of type pc, bus 0 itself has hot-pluggable slots. */
static void test_hotplug_of_bus_0(void **state)
{
	size_t outer, inner;

	begin();
	outer = open_scope("_SB_");
	inner = open_scope("PCI0");
	put_integer("BSEL", 5);
	put_bridge(1, 4);
	close_device(inner);
	close_device(outer);
	read_table(length);
	assert_int_equal(found.hotplug.status_port, 0); /* no registers: nothing can be unplugged */
	assert_int_equal(found.hotplug.bus[5].kind, ACPI_HOTPLUG_ROOT);
	assert_int_equal(found.hotplug.bus[1].kind, ACPI_HOTPLUG_BRIDGE);
	assert_int_equal(found.hotplug.bus[1].slot, 4);
}

/* A bridge behind a bridge is left out: its _ADR does not tell the bus. */
static void test_hotplug_behind_two_bridges(void **state)
{
	size_t at;

	begin();
	at = open_device("S08_");
	put_integer("_ADR", 0);
	put_integer("BSEL", 1);
	put_bridge(2, 3);
	close_device(at);
	put_bridge(4, 5);
	read_table(length);
	assert_int_equal(found.hotplug.bus[1].kind, ACPI_HOTPLUG_BRIDGE);
	assert_int_equal(found.hotplug.bus[2].kind, ACPI_HOTPLUG_NONE);
	assert_int_equal(found.hotplug.bus[4].kind, ACPI_HOTPLUG_BRIDGE);
}

/* LIMIT(PCI_HOTPLUG_BUSES) */
static void test_more_hotplug_buses_than_there_may_be(void **state)
{
	begin();
	for (unsigned int n = 0; n < PCI_HOTPLUG_BUSES + 3; n++)
		put_bridge(n, n);
	read_table(length);
	for (unsigned int n = 0; n < PCI_HOTPLUG_BUSES; n++)
		assert_int_equal(found.hotplug.bus[n].slot, n);
}

/* ---- damaged tables ------------------------------------------------------------------------------ */

static void put_all(void)
{
	begin();
	put(mmio_slot, sizeof(mmio_slot));
	put_generic_host_bridge();
	put_root(0x80);
	put(hotplug_regions, sizeof(hotplug_regions));
	put(hotplug_port, sizeof(hotplug_port));
}

static void test_every_end(void **state)
{
	put_all();
	for (size_t len = 0; len <= length; len++)
		read_table(len);
	assert_int_equal(found.nr_mmio + found.nr_roots, 2);
}

/* Sets each byte of the table to each value: this damages lengths, counts, names and tags. */
static void test_every_byte(void **state)
{
	put_all();
	for (size_t i = 0; i < length; i++) {
		u8 right = table[i];

		for (unsigned int value = 0; value < 256; value++) {
			table[i] = value;
			read_table(length);
		}
		table[i] = right;
	}
}

static void test_noise(void **state)
{
	static const u8 pieces[] = {0x5b, 0x82, 0x08, 0x11, 0x0a, 0x0d, 0x86, 0x89, 0x87, 0x79};

	srand(1);
	for (unsigned int round = 0; round < 20000; round++) {
		put_all();
		for (unsigned int n = rand() % 8; n; n--)
			table[rand() % length] = rand() % 3 ? rand() : pieces[rand() % 10];
		read_table(rand() % 4 ? length : rand() % length);
	}
}

static void test_mcfg(void **state)
{
	/*
	 * The last entry is that of QEMU's q35: buses 0 to 255 at 0xb0000000.  The two before it must be ignored: the
	 * first is for another PCI segment, the second begins at a later bus.
	 */
	static const u8 entries[] = {
		0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0xff, 0, 0, 0, 0, /* segment 1 */
		0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0, 8, 0x0f, 0, 0, 0, 0, /* from bus 8 on */
		0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0,
	};

	for (size_t len = 0; len <= sizeof(entries); len++) {
		u8 *copy = malloc(len ? len : 1);

		memcpy(copy, entries, len);
		acpi_devices_init(&found);
		acpi_read_mcfg(&found, copy, len);
		free(copy);
		assert_int_equal(found.ecam, len == sizeof(entries) ? 0xb0000000 : 0);
	}
	assert_int_equal(found.ecam_last_bus, 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slot_of_microvm),
		cmocka_unit_test(test_generic_host_bridge),
		cmocka_unit_test(test_root_buses),
		cmocka_unit_test(test_more_slots_than_there_may_be),
		cmocka_unit_test(test_slot_without_resources),
		cmocka_unit_test(test_hotplug_of_q35),
		cmocka_unit_test(test_hotplug_of_bus_0),
		cmocka_unit_test(test_hotplug_behind_two_bridges),
		cmocka_unit_test(test_more_hotplug_buses_than_there_may_be),
		cmocka_unit_test(test_every_end),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_mcfg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

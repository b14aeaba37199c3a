/* SPDX-License-Identifier: MIT */
/*
 * Finds devices in ACPI's differentiated description table (DSDT), without an AML interpreter.
 *
 * Caller: acpi.c at boot, for the DSDT and the MCFG.  No lock, no memory allocation.  A machine
 * without a firmware that configures devices (microvm) describes them only in the DSDT.  In such a
 * DSDT the descriptions are constants: Device (name) {Name (_HID, id) Name (_CRS, buffer) ...}.  So
 * this code searches the table for the bytes of a device definition, and each definition for the
 * names in it.  It does not find a device whose resources are computed by a method.  It may mistake
 * other data for a definition.  Then the id is wrong, or the driver finds no device at the address.
 * Every length in the table is checked against the enclosing object before it is used.  ACPI 6.4:
 * 20.2 (AML), 6.1.5 (_HID), 6.4 (resource descriptors), and 4.1.2 of the PCI Firmware Specification
 * 3.3 (MCFG). Compare Linux's drivers/acpi/scan.c, pci_root.c, resource.c.
 */
#include "kernel/x86/acpi_devices.h"
#include "kernel/lib/string.h"
#include "kernel/x86/limits.h"

#define AML_ZERO      0x00
#define AML_ONE       0x01
#define AML_NAME      0x08
#define AML_BYTE      0x0a
#define AML_WORD      0x0b
#define AML_DWORD     0x0c
#define AML_STRING    0x0d
#define AML_QWORD     0x0e
#define AML_BUFFER    0x11
#define AML_SCOPE     0x10
#define AML_METHOD    0x14
#define AML_EXTENDED  0x5b
#define AML_REGION    0x80 /* after AML_EXTENDED */
#define AML_DEVICE    0x82 /* after AML_EXTENDED */
#define AML_RETURN    0xa4
#define AML_NAME_SIZE 4

/*
 * Resource descriptors: a large one has RES_LARGE set in its first byte, which is its type.  A
 * small one has its type and its length in the first byte.
 */
#define RES_LARGE          0x80
#define RES_SMALL_END      0x0f
#define RES_MEMORY32_FIXED 0x86
#define RES_DWORD_SPACE    0x87
#define RES_INTERRUPT      0x89
#define SPACE_MEMORY       0
#define REGION_IO          1 /* an operation region of ports */

#define HID_SIZE      9 /* room for "LNRO0005" or "PNP0A08", and NUL */
#define MCFG_ENTRY    16
#define ECAM_BUS_SIZE 0x100000

struct span {
	const u8 *p, *end;
};

struct acpi_devices acpi_devices;

static size_t left(const struct span *s)
{
	return s->end - s->p;
}

/* ---- AML ------------------------------------------------------------------------------------- */

static u64 little_endian(const u8 *p, unsigned int n)
{
	u64 value = 0;

	while (n--)
		value = value << 8 | p[n];
	return value;
}

/*
 * Stores the contents of the package whose length field is at @s->p, without the length field.
 * Returns false if the package goes beyond the end of @s.
 */
static bool package(const struct span *s, struct span *contents)
{
	unsigned int extra;
	size_t length;

	if (!left(s))
		return false;
	extra = *s->p >> 6;
	if (left(s) < 1 + extra)
		return false;
	length = *s->p & 0x3f;
	if (extra)
		length = (length & 0x0f) | little_endian(s->p + 1, extra) << 4;
	/* The length includes the length field itself. */
	if (length < 1 + extra || length > left(s))
		return false;
	*contents = (struct span){s->p + 1 + extra, s->p + length};
	return true;
}

static bool integer(struct span *s, u64 *value)
{
	unsigned int size;

	if (!left(s))
		return false;
	switch (*s->p++) {
	case AML_ZERO:
		*value = 0;
		return true;
	case AML_ONE:
		*value = 1;
		return true;
	case AML_BYTE:
		size = 1;
		break;
	case AML_WORD:
		size = 2;
		break;
	case AML_DWORD:
		size = 4;
		break;
	case AML_QWORD:
		size = 8;
		break;
	default:
		return false;
	}
	if (left(s) < size)
		return false;
	*value = little_endian(s->p, size);
	s->p += size;
	return true;
}

static bool is_name(const u8 *p)
{
	for (unsigned int i = 0; i < AML_NAME_SIZE; i++) {
		bool letter = (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_';

		if (!letter && (!i || p[i] < '0' || p[i] > '9'))
			return false;
	}
	return true;
}

/* Returns true if Device (NAME) {...} is defined at @s->p; @body is then the part in braces. */
static bool device_at(const struct span *s, struct span *body)
{
	struct span rest = {s->p + 2, s->end};

	if (left(s) < 2 || s->p[0] != AML_EXTENDED || s->p[1] != AML_DEVICE ||
	    !package(&rest, body) || left(body) < AML_NAME_SIZE || !is_name(body->p))
		return false;
	body->p += AML_NAME_SIZE;
	return true;
}

/*
 * Finds the bytes that follow @op @name in @body.  Skips the devices that are defined inside @body.
 */
static bool find_object(const struct span *body, u8 op, const char *name, struct span *value)
{
	struct span s = *body, inner;

	while (left(&s) > AML_NAME_SIZE) {
		if (device_at(&s, &inner)) {
			s.p = inner.end;
			continue;
		}
		if (*s.p == op && !memcmp(s.p + 1, name, AML_NAME_SIZE)) {
			*value = (struct span){s.p + 1 + AML_NAME_SIZE, s.end};
			return true;
		}
		s.p++;
	}
	return false;
}

static bool find_integer(const struct span *body, const char *name, u64 *value)
{
	struct span s;

	return find_object(body, AML_NAME, name, &s) && integer(&s, value);
}

/*
 * Finds an integer that is defined as a name, or returned by a method without other statements.
 * Firmware defines _CBA in either way.
 */
static bool find_returned(const struct span *body, const char *name, u64 *value)
{
	struct span s = *body, inner;

	if (find_integer(body, name, value))
		return true;
	for (; left(&s); s.p++) {
		struct span rest = {s.p + 1, s.end};

		/* A method consists of its length, name, flags, and statements. */
		if (*s.p != AML_METHOD || !package(&rest, &inner) ||
		    left(&inner) < AML_NAME_SIZE + 2 || memcmp(inner.p, name, AML_NAME_SIZE))
			continue;
		inner.p += AML_NAME_SIZE + 1;
		return *inner.p++ == AML_RETURN && integer(&inner, value);
	}
	return false;
}

/*
 * Reads _HID as text.  It is a string, or an integer that encodes three letters and four digits
 * (6.1.5).
 */
static bool find_hid(const struct span *body, char *hid)
{
	static const char digits[] = "0123456789ABCDEF";
	struct span s;
	u64 eisa;
	u8 b[4];

	if (!find_object(body, AML_NAME, "_HID", &s) || !left(&s))
		return false;
	if (*s.p == AML_STRING) {
		for (unsigned int i = 0; i < HID_SIZE && ++s.p < s.end; i++) {
			hid[i] = *s.p;
			if (!*s.p)
				return true;
		}
		return false;
	}
	if (!integer(&s, &eisa))
		return false;
	for (unsigned int i = 0; i < 4; i++)
		b[i] = (u8)(eisa >> 8 * i);
	hid[0] = '@' + (b[0] >> 2 & 0x1f);
	hid[1] = '@' + ((b[0] & 3) << 3 | b[1] >> 5);
	hid[2] = '@' + (b[1] & 0x1f);
	for (unsigned int i = 0; i < 4; i++)
		hid[3 + i] = digits[b[2 + i / 2] >> (i % 2 ? 0 : 4) & 0xf];
	hid[7] = '\0';
	return true;
}

/* ---- resources ------------------------------------------------------------------------------- */

/* Finds the resource descriptors of a device: Name (_CRS, Buffer (size) {@resources}). */
static bool find_resources(const struct span *body, struct span *resources)
{
	struct span s;
	u64 size;

	if (!find_object(body, AML_NAME, "_CRS", &s) || !left(&s) || *s.p++ != AML_BUFFER ||
	    !package(&s, resources) || !integer(resources, &size))
		return false;
	if (size < left(resources))
		resources->end = resources->p + size;
	return true;
}

/*
 * Returns the type and the data of the next resource descriptor, and advances @s.  Returns false at
 * the end tag, or if the descriptor goes beyond the end of @s.
 */
static bool next_resource(struct span *s, u8 *tag, struct span *data)
{
	size_t length, header = 1;

	if (!left(s))
		return false;
	*tag = *s->p;
	length = *tag & 7;
	if (*tag & RES_LARGE) {
		header = 3;
		if (left(s) < header)
			return false;
		length = little_endian(s->p + 1, 2);
	} else if (*tag >> 3 == RES_SMALL_END) {
		return false;
	}
	if (left(s) - header < length)
		return false;
	*data = (struct span){s->p + header, s->p + header + length};
	s->p = data->end;
	return true;
}

/* Reads a fixed 32-bit memory range, which consists of an information byte, base and length. */
static bool as_memory(u8 tag, const struct span *data, u32 *base, u32 *size)
{
	if (tag != RES_MEMORY32_FIXED || left(data) < 9)
		return false;
	*base = little_endian(data->p + 1, 4);
	*size = little_endian(data->p + 5, 4);
	return true;
}

/*
 * Reads an extended interrupt descriptor, which consists of flags, a count, and that many GSIs.
 * Only the first GSI is used.
 */
static bool as_interrupt(u8 tag, const struct span *data, u32 *gsi)
{
	if (tag != RES_INTERRUPT || left(data) < 6 || !data->p[1])
		return false;
	*gsi = little_endian(data->p + 2, 4);
	return true;
}

/*
 * Reads an address space descriptor, which consists of type and two bytes of flags, then
 * granularity, first, last, offset and length.
 */
static bool as_window(u8 tag, const struct span *data, u64 *base, u64 *size)
{
	u64 first, last;

	if (tag != RES_DWORD_SPACE || left(data) < 23 || data->p[0] != SPACE_MEMORY)
		return false;
	first = little_endian(data->p + 7, 4);
	last = little_endian(data->p + 11, 4);
	if (!first || last < first)
		return false;
	*base = first;
	*size = last - first + 1;
	return true;
}

/* ---- the devices ----------------------------------------------------------------------------- */

static void read_mmio_slot(struct acpi_devices *devices, const struct span *body)
{
	struct span resources, data;
	u32 base = 0, size = 0, gsi = 0;
	bool memory = false, interrupt = false;
	u8 tag;

	if (find_resources(body, &resources)) {
		while (next_resource(&resources, &tag, &data)) {
			memory |= !memory && as_memory(tag, &data, &base, &size);
			interrupt |= !interrupt && as_interrupt(tag, &data, &gsi);
		}
	}
	if (!memory || !interrupt || devices->nr_mmio == VIRTIO_MMIO_MAX)
		devices->mmio_left_out++;
	else
		devices->mmio[devices->nr_mmio++] = (struct acpi_mmio_slot){base, size, gsi};
}

static void read_first_root(struct acpi_devices *devices, const struct span *body)
{
	struct span resources, data;
	u64 ecam;
	u8 tag;

	if (!devices->ecam && find_returned(body, "_CBA", &ecam) && ecam % ECAM_BUS_SIZE == 0) {
		devices->ecam = ecam;
		devices->ecam_last_bus = 0xff;
	}
	if (devices->window_size || !find_resources(body, &resources))
		return;
	while (next_resource(&resources, &tag, &data)) {
		if (as_window(tag, &data, &devices->window, &devices->window_size))
			return;
	}
}

static void read_pci_root(struct acpi_devices *devices, const struct span *body)
{
	u64 bus = 0;

	find_integer(body, "_BBN", &bus);
	if (!bus)
		read_first_root(devices, body);
	else if (bus > 0xff || devices->nr_roots == PCI_ROOTS_MAX)
		devices->roots_left_out++;
	else
		devices->roots[devices->nr_roots++] = (u8)bus;
}

/*
 * Reads a PCI interrupt link device.  On QEMU's generic host bridge its _UID is the number of the
 * interrupt pin.
 */
static void read_pci_link(struct acpi_devices *devices, const struct span *body)
{
	struct span resources, data;
	u64 pin;
	u32 gsi;
	u8 tag;

	if (!find_integer(body, "_UID", &pin) || pin >= PCI_LINKS ||
	    !find_resources(body, &resources))
		return;
	while (next_resource(&resources, &tag, &data)) {
		if (as_interrupt(tag, &data, &gsi))
			devices->links[pin] = gsi;
	}
}

/* ---- hot plug -------------------------------------------------------------------------------- */

/* Reads the port of the region NAME, if OperationRegion (NAME, SystemIO, port, length) is at @s->p. */
static void read_region(const struct span *s, const char *name, u16 *port)
{
	struct span rest = {s->p + 3 + AML_NAME_SIZE, s->end};
	u64 value;

	if (left(s) < 3 + AML_NAME_SIZE || s->p[0] != AML_EXTENDED || s->p[1] != AML_REGION ||
	    memcmp(s->p + 2, name, AML_NAME_SIZE) || s->p[2 + AML_NAME_SIZE] != REGION_IO)
		return;
	if (integer(&rest, &value) && value <= 0xffff)
		*port = (u16)value;
}

/* If @body, the definition of a bridge or of bus 0, defines the integer BSEL, stores the bus under that number. */
static bool read_hotplug_bus(struct acpi_hotplug *hp, const struct span *body, u8 kind)
{
	u64 n, address = 0;

	if (!find_integer(body, "BSEL", &n))
		return false;
	/* _ADR of a bridge has its slot in the upper half, its function in the lower. */
	if (kind == ACPI_HOTPLUG_BRIDGE && !find_integer(body, "_ADR", &address))
		return true;
	if (n < PCI_HOTPLUG_BUSES)
		hp->bus[n] = (struct acpi_hotplug_bus){
			.kind = kind, .slot = address >> 16 & 0x1f, .fn = address & 7};
	return true;
}

/*
 * Reads the definition at @s->p, if it is one of QEMU's registers or a hot-pluggable bus. @nested is the
 * end of the outermost bridge around it: a bridge behind another one is left out, because its _ADR does
 * not say on which bus it is.
 */
static void read_hotplug(struct acpi_hotplug *hp, const struct span *s, const u8 **nested)
{
	struct span rest = {s->p + 1, s->end}, body;

	read_region(s, "PCST", &hp->status_port);
	read_region(s, "SEJ_", &hp->eject_port);
	read_region(s, "BNMR", &hp->select_port);
	if (device_at(s, &body)) {
		if (s->p >= *nested && read_hotplug_bus(hp, &body, ACPI_HOTPLUG_BRIDGE))
			*nested = body.end;
	} else if (left(s) && *s->p == AML_SCOPE && s->p >= *nested && package(&rest, &body)) {
		read_hotplug_bus(hp, &body, ACPI_HOTPLUG_ROOT);
	}
}

void acpi_devices_init(struct acpi_devices *devices)
{
	*devices = (struct acpi_devices){.nr_mmio = 0};
	for (unsigned int i = 0; i < PCI_LINKS; i++)
		devices->links[i] = -1;
}

void acpi_read_dsdt_devices(struct acpi_devices *devices, const u8 *aml, size_t len)
{
	struct span s = {aml, aml + len}, body;
	const u8 *nested = aml;
	char hid[HID_SIZE];

	/* Search at every byte, because device definitions lie inside other device definitions. */
	for (; left(&s); s.p++) {
		read_hotplug(&devices->hotplug, &s, &nested);
		if (!device_at(&s, &body) || !find_hid(&body, hid))
			continue;
		if (!strcmp(hid, "LNRO0005"))
			read_mmio_slot(devices, &body);
		else if (!strcmp(hid, "PNP0A08") || !strcmp(hid, "PNP0A03"))
			read_pci_root(devices, &body);
		else if (!strcmp(hid, "PNP0C0F"))
			read_pci_link(devices, &body);
	}
}

/*
 * Each entry of the MCFG has the address of bus 0, segment, first bus, last bus, and reserved
 * bytes.  Only segment 0 is used.
 */
void acpi_read_mcfg(struct acpi_devices *devices, const u8 *entries, size_t len)
{
	for (; len >= MCFG_ENTRY; entries += MCFG_ENTRY, len -= MCFG_ENTRY) {
		u64 base = little_endian(entries, 8);

		if (little_endian(entries + 8, 2) || entries[10] || !base || base % ECAM_BUS_SIZE)
			continue;
		devices->ecam = base;
		devices->ecam_last_bus = entries[11];
		return;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Reads the few values that the kernel needs from ACPI's tables.
 *
 * Caller: hal_late_init() -> acpi_init(), once, at boot.  A panic that powers off must not have to
 * map and parse tables, so acpi_init() reads all values.  No lock.  The tables come from the
 * firmware: their lengths and checksums are verified before they are used.  There is no AML
 * interpreter: \_S5 is a constant package and is found by its bytes, as are a few devices
 * (acpi_devices.c).  Compare Linux's drivers/acpi/tables.c, sleep.c; ACPI 6.4, chapters 5.2, 7.4.2,
 * 20.2.
 */
#include "kernel/x86/acpi.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/hal.h"
#include "kernel/x86/acpi_devices.h"
#include "kernel/x86/ioapic.h"
#include "kernel/x86/paging.h"

#define TABLE_MAX (1U << 20) /* bytes; a table with a larger length is ignored */

#define MCFG_RESERVED 8 /* reserved bytes of the MCFG before its entries */

#define GAS_MEMORY 0
#define GAS_PORT   1

#define FADT_BOOT_NO_CMOS_RTC BIT(5)

#define FADT_POWER_BUTTON_AML BIT(4)
#define FADT_RESET_SUPPORTED  BIT(10)
#define FADT_HW_REDUCED       BIT(20)

#define AML_NAME    0x08
#define AML_PACKAGE 0x12
#define AML_BYTE    0x0a
#define AML_ONE     0x01

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	/* the following fields exist from revision 2 on */
	u32 length;
	u64 xsdt;
	u8 checksum2;
	u8 reserved[3];
} __packed;
#define RSDP_V1_SIZE 20

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem[6];
	char oem_table[8];
	u32 oem_revision;
	u32 creator;
	u32 creator_revision;
} __packed;

struct acpi_address {
	u8 space;
	u8 width;
	u8 offset;
	u8 access;
	u64 address;
} __packed;

struct acpi_fadt {
	struct acpi_header header;
	u32 facs;
	u32 dsdt;
	u8 model, profile;
	u16 sci;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4bios, pstate;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
	u32 gpe0, gpe1;
	u8 lengths[8];
	u16 latencies[2];
	u16 flush[2];
	u8 duty[2];
	u8 rtc_day_alarm, rtc_month_alarm, rtc_century;
	u16 boot_flags;
	u8 reserved;
	u32 flags;
	struct acpi_address reset;
	u8 reset_value;
	u16 arm_flags;
	u8 minor;
	u64 x_facs;
	u64 x_dsdt;
	/*
	 * 64-bit addresses of events, controls, timer, GPEs; not used, because the 32-bit fields
	 * have them, too.
	 */
	struct acpi_address x_pm[8];
	struct acpi_address sleep_control;
	struct acpi_address sleep_status;
} __packed;
BUILD_BUG_ON(offsetof(struct acpi_fadt, flags) != 112);
BUILD_BUG_ON(offsetof(struct acpi_fadt, x_dsdt) != 140);
BUILD_BUG_ON(offsetof(struct acpi_fadt, sleep_control) != 244);

struct acpi_hpet {
	struct acpi_header header;
	u32 id;
	struct acpi_address address;
} __packed;

struct acpi_madt {
	struct acpi_header header;
	u32 apic;
	u32 flags;
} __packed;

/* The two types of MADT entries that the kernel reads (5.2.12.3, 5.2.12.5). */
#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2

struct madt_ioapic {
	u8 type, length;
	u8 id;
	u8 reserved;
	u32 address;
	u32 gsi_base;
} __packed;

struct madt_override {
	u8 type, length;
	u8 bus;
	u8 source;
	u32 gsi;
	u16 flags;
} __packed;
#define OVERRIDE_POLARITY(flags) ((flags)&3)
#define OVERRIDE_TRIGGER(flags)  ((flags) >> 2 & 3)
#define POLARITY_LOW             3
#define TRIGGER_LEVEL            3

struct acpi_info acpi;

static bool checksum_ok(const void *p, size_t n)
{
	const u8 *bytes = p;
	u8 sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += bytes[i];
	return sum == 0;
}

/* Maps the table at @pa.  Returns NULL if its length or its checksum is wrong. */
static const struct acpi_header *map_table(phys_addr_t pa)
{
	const struct acpi_header *table;
	u32 length;

	if (!pa)
		return NULL;
	table = paging_map_firmware(pa, sizeof(*table));
	if (!table)
		return NULL;
	length = table->length;
	if (length < sizeof(*table) || length > TABLE_MAX)
		return NULL;
	table = paging_map_firmware(pa, length);
	return table && checksum_ok(table, length) ? table : NULL;
}

static bool has_signature(const struct acpi_header *table, const char *signature)
{
	return memcmp(table->signature, signature, sizeof(table->signature)) == 0;
}

/*
 * Returns true if @table is long enough to include @field.  The tables of older firmware end before
 * the fields that were added later.
 */
#define HAS_FIELD(table, field)                                                                    \
	((table)->header.length >= offsetof(__typeof__(*(table)), field) + sizeof((table)->field))

static struct acpi_register map_register(const struct acpi_address *address)
{
	struct acpi_register reg = {0, NULL};

	if (address->space == GAS_PORT && address->address <= 0xffff)
		reg.port = (u16)address->address;
	else if (address->space == GAS_MEMORY && address->address)
		reg.memory = hal_map_device(address->address, 1);
	return reg;
}

/*
 * Reads the AML integer constant at *@p, which must fit into a byte, and advances *@p.  Returns
 * false for anything else.
 */
static bool aml_byte(const u8 **p, const u8 *end, u8 *value)
{
	if (*p == end)
		return false;
	*value = *(*p)++;
	if (*value <= AML_ONE)
		return true;
	if (*value != AML_BYTE || *p == end)
		return false;
	*value = *(*p)++;
	return true;
}

/* Parses the definition Name (_S5, Package () {a, b, ...}).  @p points behind the name. */
static bool parse_s5(const u8 *p, const u8 *end)
{
	u8 elements;

	if (end - p < 3 || *p++ != AML_PACKAGE)
		return false;
	/* The two upper bits of the first length byte give the number of further length bytes. */
	p += 1 + (*p >> 6);
	if (p >= end)
		return false;
	elements = *p++;
	if (!aml_byte(&p, end, &acpi.sleep_type_a))
		return false;
	/* On a machine with only one PM1 control register, the package may have only one value. */
	return elements < 2 || aml_byte(&p, end, &acpi.sleep_type_b);
}

static void find_s5(const struct acpi_header *dsdt)
{
	const u8 *end = (const u8 *)dsdt + dsdt->length;
	const u8 *p;

	for (p = (const u8 *)(dsdt + 1) + 2; end - p >= 4; p++) {
		if (p[0] != '_' || memcmp(p, "_S5_", 4) != 0)
			continue;
		/*
		 * Accept only a definition (Name), not a reference.  A backslash, which means the
		 * root, may precede the name.
		 */
		if (p[-1] != AML_NAME && !(p[-1] == '\\' && p[-2] == AML_NAME))
			continue;
		if (parse_s5(p + 4, end)) {
			acpi.sleep_known = true;
			return;
		}
	}
}

static void read_fadt(const struct acpi_fadt *fadt)
{
	const struct acpi_header *dsdt = NULL;

	if (!HAS_FIELD(fadt, flags))
		return;
	if (HAS_FIELD(fadt, x_dsdt))
		dsdt = map_table(fadt->x_dsdt);
	if (!dsdt)
		dsdt = map_table(fadt->dsdt);
	if (dsdt && has_signature(dsdt, "DSDT")) {
		find_s5(dsdt);
		acpi_read_dsdt_devices(&acpi_devices, (const u8 *)(dsdt + 1),
				       dsdt->length - sizeof(*dsdt));
	}

	if (HAS_FIELD(fadt, reset_value) && (fadt->flags & FADT_RESET_SUPPORTED)) {
		acpi.reset = map_register(&fadt->reset);
		acpi.reset_value = fadt->reset_value;
	}
	acpi.no_cmos_rtc = fadt->boot_flags & FADT_BOOT_NO_CMOS_RTC;
	acpi.rtc_century = fadt->rtc_century;
	if (fadt->flags & FADT_HW_REDUCED) {
		if (HAS_FIELD(fadt, sleep_control))
			acpi.sleep_control = map_register(&fadt->sleep_control);
		return;
	}
	acpi.pm_timer_port = (u16)fadt->pm_timer;
	acpi.pm1a_event = (u16)fadt->pm1a_event;
	acpi.pm1b_event = (u16)fadt->pm1b_event;
	acpi.pm1_event_length = fadt->lengths[0];
	acpi.power_button = !(fadt->flags & FADT_POWER_BUTTON_AML) && fadt->lengths[0] >= 4;
	acpi.gpe0 = (u16)fadt->gpe0;
	acpi.gpe0_length = fadt->lengths[4];
	acpi.sci = (u8)fadt->sci;
	acpi.pm1a_control = (u16)fadt->pm1a_control;
	acpi.pm1b_control = (u16)fadt->pm1b_control;
	acpi.smi_command = (u16)fadt->smi_command;
	acpi.smi_acpi_enable = fadt->acpi_enable;
}

static void read_hpet(const struct acpi_hpet *hpet)
{
	if (HAS_FIELD(hpet, address) && hpet->address.space == GAS_MEMORY)
		acpi.hpet = hpet->address.address;
}

/* ISA interrupt lines are edge-triggered and active high unless the entry says otherwise. */
static void read_override(const struct madt_override *o)
{
	unsigned int flags = 0;

	if (OVERRIDE_TRIGGER(o->flags) == TRIGGER_LEVEL)
		flags |= IOAPIC_LEVEL;
	if (OVERRIDE_POLARITY(o->flags) == POLARITY_LOW)
		flags |= IOAPIC_LOW;
	ioapic_override(o->source, o->gsi, flags);
}

static void read_madt(const struct acpi_madt *madt)
{
	const u8 *entry = (const u8 *)(madt + 1);
	const u8 *end = (const u8 *)madt + madt->header.length;

	while (end - entry >= 2 && entry[1] >= 2 && entry[1] <= end - entry) {
		const struct madt_ioapic *io = (const void *)entry;

		if (entry[0] == MADT_IOAPIC && entry[1] >= sizeof(*io))
			ioapic_add(io->address, io->gsi_base);
		else if (entry[0] == MADT_OVERRIDE && entry[1] >= sizeof(struct madt_override))
			read_override((const void *)entry);
		entry += entry[1];
	}
}

static void read_mcfg(const struct acpi_header *mcfg)
{
	size_t skip = sizeof(*mcfg) + MCFG_RESERVED;

	if (mcfg->length >= skip)
		acpi_read_mcfg(&acpi_devices, (const u8 *)mcfg + skip, mcfg->length - skip);
}

static void read_tables(const struct acpi_header *root, size_t entry_size)
{
	const u8 *entry = (const u8 *)(root + 1);
	const u8 *end = (const u8 *)root + root->length;

	for (; (size_t)(end - entry) >= entry_size; entry += entry_size) {
		const struct acpi_header *table;
		u64 pa = 0;

		__builtin_memcpy(&pa, entry, entry_size);
		table = map_table(pa);
		if (!table)
			continue;
		if (has_signature(table, "FACP"))
			read_fadt((const struct acpi_fadt *)table);
		else if (has_signature(table, "HPET"))
			read_hpet((const struct acpi_hpet *)table);
		else if (has_signature(table, "MCFG"))
			read_mcfg(table);
		else if (has_signature(table, "APIC") && table->length >= sizeof(struct acpi_madt))
			read_madt((const struct acpi_madt *)table);
	}
}

void acpi_init(phys_addr_t rsdp_pa)
{
	const struct acpi_rsdp *rsdp;
	const struct acpi_header *root;

	acpi_devices_init(&acpi_devices);
	if (!rsdp_pa)
		return;
	rsdp = paging_map_firmware(rsdp_pa, sizeof(*rsdp));
	if (!rsdp || memcmp(rsdp->signature, "RSD PTR ", 8) != 0 ||
	    !checksum_ok(rsdp, RSDP_V1_SIZE)) {
		pr_warn("acpi: no valid root pointer (RSDP) at %lx", (unsigned long)rsdp_pa);
		return;
	}
	if (rsdp->revision >= 2) {
		root = map_table(rsdp->xsdt);
		if (root && has_signature(root, "XSDT")) {
			read_tables(root, sizeof(u64));
			return;
		}
	}
	root = map_table(rsdp->rsdt);
	if (root && has_signature(root, "RSDT"))
		read_tables(root, sizeof(u32));
	else
		pr_warn("acpi: the root table can't be read");
}

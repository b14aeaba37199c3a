/* SPDX-License-Identifier: MIT */
/*
 * Allocates memory from the firmware, and makes the kernel's memory map out of the firmware's map.
 *
 * Caller: efi_main().  Its last call here, efi_leave(), ends the firmware's services.  UEFI
 * specification 2.10, table 7.10, says what each type of memory means after ExitBootServices().
 * Compare Linux's arch/x86/platform/efi and drivers/firmware/efi/libstub.
 */
#include "boot/efi_app.h"
#include "kernel/lib/string.h"
#include "kernel/x86/memmap.h"

#define MAP_SLACK 64 /* spare map entries: the map may grow after its size was read */
/* the map may change before each try of ExitBootServices(); more changes mean broken firmware */
#define LEAVE_TRIES         8
#define REAL_MODE_AREA_SIZE 0x1000 /* bytes; interrupt vectors and BIOS data: reserved */
/*
 * page tables for other purposes than the memory ranges: the root, the tables of the image, one for
 * each 512 GiB of the first 8 TiB, and the tables of the initrd's two ends
 */
#define TABLES_OTHER 36
#define GIB_SHIFT    30

#ifndef EFI_MEMORY_SP
/* "specific purpose": memory that the firmware reserves for a driver */
#define EFI_MEMORY_SP 0x40000
#endif

struct memory_map {
	void *entries;
	UINTN room;       /* bytes of @entries */
	UINTN size;       /* bytes of @entries in use */
	UINTN entry_size; /* bytes; may be larger than EFI_MEMORY_DESCRIPTOR */
	UINTN key;
};

static struct memory_map map;

void *efi_alloc_low(UINTN pages)
{
	EFI_PHYSICAL_ADDRESS address = EFI_BELOW_4G;
	EFI_STATUS status;

	status = efi_boot->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, &address);
	if (EFI_ERROR(status)) {
		efi_failed(status, "memory below 4 GiB");
		return NULL;
	}
	memset((void *)address, 0, pages * EFI_PAGE);
	return (void *)address;
}

void efi_free(void *p, UINTN pages)
{
	EFI_STATUS status;

	if (!p)
		return;
	status = efi_boot->FreePages((EFI_PHYSICAL_ADDRESS)p, pages);
	if (EFI_ERROR(status))
		efi_failed(status, "giving memory back");
}

static EFI_STATUS get_map(void)
{
	UINT32 version;

	map.size = map.room;
	return efi_boot->GetMemoryMap(&map.size, map.entries, &map.key, &map.entry_size, &version);
}

/*
 * Allocates a buffer for the memory map, with slack: the allocation itself changes the map, and
 * after a failed ExitBootServices() no memory can be allocated.
 */
static EFI_STATUS make_room(void)
{
	EFI_STATUS status = get_map();
	UINTN pages;

	if (status != EFI_BUFFER_TOO_SMALL)
		return EFI_ERROR(status) ? status : EFI_LOAD_ERROR;
	if (map.entry_size < sizeof(EFI_MEMORY_DESCRIPTOR))
		return EFI_LOAD_ERROR;
	pages = EFI_PAGES(map.size + MAP_SLACK * map.entry_size);
	map.entries = efi_alloc_low(pages);
	if (!map.entries)
		return EFI_OUT_OF_RESOURCES;
	map.room = pages * EFI_PAGE;
	return get_map();
}

static const EFI_MEMORY_DESCRIPTOR *descriptor(UINTN i)
{
	return (const void *)((const u8 *)map.entries + i * map.entry_size);
}

/*
 * Returns true if the kernel may use the range once the firmware's boot services have ended.  The
 * kernel may not use the memory of runtime services, ACPI tables (which it reads later), and
 * persistent, unaccepted or uncacheable memory.
 */
static bool is_usable(const EFI_MEMORY_DESCRIPTOR *d)
{
	switch (d->Type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiConventionalMemory:
		return (d->Attribute & EFI_MEMORY_WB) && !(d->Attribute & EFI_MEMORY_SP);
	default:
		return false;
	}
}

EFI_STATUS efi_count_tables(UINTN *pages)
{
	const EFI_MEMORY_DESCRIPTOR *d;
	EFI_STATUS status = make_room();
	u64 before = 0, last; /* before: last byte of the usable range before this one */
	UINTN i;

	if (EFI_ERROR(status))
		return efi_failed(status, "the memory map");
	/*
	 * Each usable range needs one page directory for each GiB that it touches, and one page
	 * table for each of its two ends.
	 */
	*pages = TABLES_OTHER;
	for (i = 0; i < map.size / map.entry_size; i++) {
		d = descriptor(i);
		if (!is_usable(d) || !d->NumberOfPages)
			continue;
		last = d->PhysicalStart + d->NumberOfPages * EFI_PAGE - 1;
		if (before && d->PhysicalStart == before + 1)
			*pages += (last >> GIB_SHIFT) - (before >> GIB_SHIFT);
		else
			*pages += (last >> GIB_SHIFT) - (d->PhysicalStart >> GIB_SHIFT) + 1 + 2;
		before = last;
	}
	return EFI_SUCCESS;
}

/*
 * Adds the ranges of RAM first and the other types afterwards, so that the reserved type wins if
 * the firmware's entries overlap. Returns false if an entry was dropped.
 */
static bool fill_memmap(struct boot_info *boot)
{
	const EFI_MEMORY_DESCRIPTOR *d;
	bool complete = true;
	unsigned int pass;
	UINTN i;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < map.size / map.entry_size; i++) {
			d = descriptor(i);
			if (is_usable(d) == (pass == 0))
				complete &= memmap_set(boot, d->PhysicalStart,
						       d->NumberOfPages * EFI_PAGE,
						       pass ? BOOT_MEM_RESERVED : BOOT_MEM_USABLE);
		}
	}
	return memmap_set(boot, 0, REAL_MODE_AREA_SIZE, BOOT_MEM_RESERVED) && complete;
}

EFI_STATUS efi_leave(EFI_HANDLE image, struct uefi_handoff *handoff)
{
	unsigned int tries;
	EFI_STATUS status;

	for (tries = 0; tries < LEAVE_TRIES; tries++) {
		status = get_map();
		if (EFI_ERROR(status)) {
			/*
			 * After ExitBootServices() has failed once, the firmware's console may no
			 * longer work.
			 */
			if (tries > 0)
				break;
			return efi_failed(status, "the memory map");
		}
		status = efi_boot->ExitBootServices(image, map.key);
		if (!EFI_ERROR(status)) {
			handoff->map_cut = !fill_memmap(&handoff->boot);
			handoff->map_cut |= !memmap_add_initrd(&handoff->boot);
			return EFI_SUCCESS;
		}
	}
	efi_stop("UEFI: ExitBootServices() failed");
}

/* SPDX-License-Identifier: MIT */
/*
 * The UEFI application's last calls to the firmware (boot/efi_memory.c).  This file simulates a
 * firmware that changes its memory map before ExitBootServices(), once or every time.
 *
 * ExitBootServices() takes the key of the newest map (UEFI 2.10, 7.4.6).  If the key is older, the
 * call is refused; after a refusal the caller may only get the map again and repeat the call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/efi_app.h"

/* Size of a map entry in bytes: more than EFI_MEMORY_DESCRIPTOR, because firmware may append fields. */
#define ENTRY_SIZE  48
#define ENTRIES_MAX 8
#define FOR_EVER    1000

EFI_SYSTEM_TABLE *efi_system;
EFI_BOOT_SERVICES *efi_boot;

static struct {
	EFI_MEMORY_DESCRIPTOR entries[ENTRIES_MAX];
	unsigned int nr;
	UINTN key;
	unsigned int refusals; /* number of further calls of ExitBootServices() that are refused */
	unsigned int exits, maps, others_after_exit;
	bool left;
	EFI_STATUS map_status; /* GetMemoryMap() returns this after the first ExitBootServices() */
	void *allocated;
} fw;

/* The pages that efi_count_tables() allocated for the map; freed at the end of the program. */
static void *map_room;
static jmp_buf stopped;
static bool may_stop;
static const char *stop_text, *failed_text;

void efi_stop(const char *why)
{
	if (!may_stop)
		fail_msg("stopped: %s", why);
	stop_text = why;
	longjmp(stopped, 1);
}

EFI_STATUS efi_failed(EFI_STATUS status, const char *what)
{
	failed_text = what;
	/*
	 * Counts as a call to the firmware, because the real efi_failed() writes to the firmware's
	 * console.
	 */
	fw.others_after_exit += fw.exits > 0;
	return status;
}

static EFI_STATUS EFIAPI get_memory_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key,
					UINTN *entry_size, UINT32 *version)
{
	UINTN wanted = fw.nr * ENTRY_SIZE, room = *size;

	fw.maps++;
	*size = wanted;
	*entry_size = ENTRY_SIZE;
	*version = 1;
	if (fw.exits && EFI_ERROR(fw.map_status))
		return fw.map_status;
	if (room < wanted)
		return EFI_BUFFER_TOO_SMALL;
	for (unsigned int i = 0; i < fw.nr; i++)
		memcpy((char *)map + i * ENTRY_SIZE, &fw.entries[i], sizeof(fw.entries[i]));
	*key = fw.key;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE memory, UINTN pages,
					EFI_PHYSICAL_ADDRESS *address)
{
	void *p = aligned_alloc(EFI_PAGE, pages * EFI_PAGE);

	fw.others_after_exit += fw.exits > 0;
	assert_non_null(p);
	assert_int_equal(type, AllocateMaxAddress);
	assert_true(*address <= EFI_BELOW_4G);
	assert_null(fw.allocated);
	fw.allocated = p;
	fw.key++; /* an allocation changes the map, which then has a new key */
	*address = (EFI_PHYSICAL_ADDRESS)p;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
	fw.exits++;
	if (key != fw.key)
		return EFI_INVALID_PARAMETER;
	if (fw.refusals) {
		/* The firmware itself allocated memory since GetMemoryMap(), so the map and its key have changed. */
		fw.refusals--;
		fw.key++;
		fw.entries[1].NumberOfPages--;
		return EFI_INVALID_PARAMETER;
	}
	fw.left = true;
	return EFI_SUCCESS;
}

static EFI_BOOT_SERVICES services = {
	.GetMemoryMap = get_memory_map,
	.AllocatePages = allocate_pages,
	.ExitBootServices = exit_boot_services,
};

static void add(UINT32 type, u64 start, u64 pages, u64 attribute)
{
	fw.entries[fw.nr++] = (EFI_MEMORY_DESCRIPTOR){.Type = type,
						      .PhysicalStart = start,
						      .NumberOfPages = pages,
						      .Attribute = attribute};
}

static int begin(void **state)
{
	memset(&fw, 0, sizeof(fw));
	stop_text = failed_text = NULL;
	may_stop = false;
	efi_boot = &services;
	fw.key = 100;
	add(EfiBootServicesData, 0, 0x9f, EFI_MEMORY_WB);
	add(EfiConventionalMemory, 0x100000, 0x700, EFI_MEMORY_WB);
	add(EfiRuntimeServicesData, 0x800000, 0x10, EFI_MEMORY_WB);
	add(EfiConventionalMemory, 0x900000, 0x10, EFI_MEMORY_UC);
	return 0;
}

/* Runs before the tests, as in efi_main(): efi_count_tables() allocates the buffer for the memory map. */
static int count_tables(void **state)
{
	UINTN tables;

	begin(state);
	assert_int_equal(efi_count_tables(&tables), EFI_SUCCESS);
	assert_true(tables > 0);
	map_room = fw.allocated;
	return 0;
}

static int free_room(void **state)
{
	free(map_room);
	return 0;
}

static const struct boot_mem *entry_of(const struct uefi_handoff *handoff, u64 address)
{
	for (unsigned int i = 0; i < handoff->boot.nr_mem; i++) {
		const struct boot_mem *m = &handoff->boot.mem[i];

		if (address >= m->base && address - m->base < m->size)
			return m;
	}
	return NULL;
}

static void test_exits_with_the_newest_map(void **state)
{
	static struct uefi_handoff handoff;

	memset(&handoff, 0, sizeof(handoff));
	assert_int_equal(efi_leave(NULL, &handoff), EFI_SUCCESS);
	assert_true(fw.left);
	assert_int_equal(fw.exits, 1);
	assert_false(handoff.map_cut);
	assert_int_equal(entry_of(&handoff, 0x7fffff)->type, BOOT_MEM_USABLE);
	assert_int_equal(entry_of(&handoff, 0x0)->type, BOOT_MEM_RESERVED);
	assert_int_equal(entry_of(&handoff, 0x800000)->type, BOOT_MEM_RESERVED);
	assert_int_equal(entry_of(&handoff, 0x900000)->type, BOOT_MEM_RESERVED);
}

static void test_refused_once_gets_the_map_again(void **state)
{
	static struct uefi_handoff handoff;

	memset(&handoff, 0, sizeof(handoff));
	fw.refusals = 1;
	assert_int_equal(efi_leave(NULL, &handoff), EFI_SUCCESS);
	assert_true(fw.left);
	assert_int_equal(fw.exits, 2);
	assert_int_equal(fw.maps, 2);
	assert_int_equal(fw.others_after_exit, 0);
	/* The page that the firmware allocated meanwhile is in no range of the new map. */
	assert_int_equal(entry_of(&handoff, 0x7fefff)->type, BOOT_MEM_USABLE);
	assert_null(entry_of(&handoff, 0x7ff000));
}

/*
 * After a refusal the map may have more entries than before: the spare room of its buffer must
 * suffice.
 */
static void test_a_larger_map_fits_the_slack(void **state)
{
	static struct uefi_handoff handoff;

	memset(&handoff, 0, sizeof(handoff));
	fw.refusals = 1;
	for (unsigned int i = 0; fw.nr < ENTRIES_MAX; i++)
		add(EfiConventionalMemory, 0x10000000 + i * 0x200000, 0x10, EFI_MEMORY_WB);
	assert_int_equal(efi_leave(NULL, &handoff), EFI_SUCCESS);
	assert_int_equal(fw.others_after_exit, 0);
	assert_int_equal(entry_of(&handoff, 0x10600000)->type, BOOT_MEM_USABLE);
}

static void test_refused_for_ever_stops_with_a_message(void **state)
{
	static struct uefi_handoff handoff;

	fw.refusals = FOR_EVER;
	may_stop = true;
	if (!setjmp(stopped)) {
		efi_leave(NULL, &handoff);
		fail_msg("efi_leave() came back");
	}
	assert_non_null(strstr(stop_text, "ExitBootServices"));
	assert_in_range(fw.exits, 2, 100);
	assert_false(fw.left);
	/* Nothing may be written to the firmware's console: after ExitBootServices() it may no longer work. */
	assert_null(failed_text);
	assert_int_equal(fw.others_after_exit, 0);
}

static void test_no_map_after_a_refusal_stops_too(void **state)
{
	static struct uefi_handoff handoff;

	fw.refusals = FOR_EVER;
	fw.map_status = EFI_DEVICE_ERROR;
	may_stop = true;
	if (!setjmp(stopped)) {
		efi_leave(NULL, &handoff);
		fail_msg("efi_leave() came back");
	}
	assert_non_null(stop_text);
	assert_int_equal(fw.exits, 1);
	assert_int_equal(fw.others_after_exit, 0);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup(test, begin)
	const struct CMUnitTest tests[] = {
		each(test_exits_with_the_newest_map),
		each(test_refused_once_gets_the_map_again),
		each(test_a_larger_map_fits_the_slack),
		each(test_refused_for_ever_stops_with_a_message),
		each(test_no_map_after_a_refusal_stops_too),
	};

	return cmocka_run_group_tests(tests, count_tables, free_room);
}

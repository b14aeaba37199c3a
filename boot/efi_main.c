/* SPDX-License-Identifier: MIT */
/*
 * The UEFI application's main function, a list of calls: reads the firmware's tables, loads the
 * kernel, ends the firmware's services, enters the kernel at boot/uefi.S.
 *
 * Caller: GNU-EFI's start-up code, which has relocated this program.  The firmware's boot manager
 * started that code.
 * An error before ExitBootServices() is reported on the firmware's console, and the boot manager
 * tries its next entry.
 */
#include "boot/efi_app.h"

#define CPUID_EXTENDED 0x80000001
#define CPUID_NX       BIT(20)
#define CR4_LA57       BIT(12)

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_SYSTEM_TABLE *efi_system;
EFI_BOOT_SERVICES *efi_boot;

u64 efi_read_tsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/*
 * Checks that the CPU and the firmware's paging mode meet the needs of the kernel's first page
 * tables.
 */
static EFI_STATUS check_cpu(void)
{
	u32 eax = CPUID_EXTENDED, ebx, ecx = 0, edx;
	u64 cr4;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(edx & CPUID_NX)) {
		efi_say("this CPU has no no-execute pages");
		return EFI_UNSUPPORTED;
	}
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & CR4_LA57) {
		/*
		 * The kernel runs on four levels.  Changing the number of levels requires leaving
		 * 64-bit mode, which the kernel's entry code does not do.
		 */
		efi_say("the firmware runs on five-level page tables; softnet supports only four "
			"levels");
		return EFI_UNSUPPORTED;
	}
	return EFI_SUCCESS;
}

static bool same_guid(const EFI_GUID *a, const EFI_GUID *b)
{
	return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * Returns the physical address of the newest ACPI root pointer that the firmware offers, or 0 if
 * there is none.
 */
static phys_addr_t find_rsdp(void)
{
	static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID, acpi_1 = ACPI_TABLE_GUID;
	const EFI_CONFIGURATION_TABLE *table = efi_system->ConfigurationTable;
	phys_addr_t old = 0;
	UINTN i;

	for (i = 0; i < efi_system->NumberOfTableEntries; i++) {
		if (same_guid(&table[i].VendorGuid, &acpi_2))
			return (phys_addr_t)table[i].VendorTable;
		if (same_guid(&table[i].VendorGuid, &acpi_1))
			old = (phys_addr_t)table[i].VendorTable;
	}
	return old;
}

/*
 * Reads random bytes, if the firmware has a source of them.  Otherwise the kernel seeds its
 * generator from its other sources alone.
 */
static void find_seed(struct boot_info *boot)
{
	static EFI_GUID rng_guid = EFI_RNG_PROTOCOL_GUID;
	EFI_RNG_PROTOCOL *rng;
	EFI_STATUS status;

	status = efi_boot->LocateProtocol(&rng_guid, NULL, (void **)&rng);
	if (status == EFI_NOT_FOUND)
		return;
	if (!EFI_ERROR(status))
		status = rng->GetRNG(rng, NULL, sizeof(boot->seed), boot->seed);
	if (EFI_ERROR(status))
		efi_failed(status, "the firmware's random number generator");
	else
		boot->seed_len = sizeof(boot->seed);
}

static void __noreturn enter_kernel(const struct efi_kernel *kernel, struct uefi_handoff *handoff)
{
	__asm__ volatile("cli; jmp *%0" : : "r"(kernel->entry), "D"(handoff) : "memory");
	__builtin_unreachable();
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	u64 entry_tsc = efi_read_tsc(); /* start of the boot timeline */
	UINTN handoff_pages = EFI_PAGES(sizeof(struct uefi_handoff));
	struct uefi_handoff *handoff;
	struct efi_kernel kernel = {0};
	EFI_FILE_HANDLE volume;
	EFI_STATUS status;
	UINTN tables;

	efi_system = system;
	efi_boot = system->BootServices;
	status = check_cpu();
	if (EFI_ERROR(status))
		return status;
	handoff = efi_alloc_low(handoff_pages);
	if (!handoff)
		return EFI_OUT_OF_RESOURCES;
	handoff->magic = UEFI_HANDOFF_MAGIC;
	handoff->size = sizeof(*handoff);
	handoff->boot.entry_tsc = entry_tsc;
	handoff->boot.rsdp = find_rsdp();
	find_seed(&handoff->boot);
	efi_find_time(&handoff->boot);
	volume = efi_open_volume(image);
	efi_find_cmdline(image, volume, &handoff->boot);
	efi_find_initrd(volume, &handoff->boot);
	if (volume)
		volume->Close(volume);

	status = efi_count_tables(&tables);
	if (EFI_ERROR(status))
		goto out_free;
	status = efi_load_kernel(&kernel, tables);
	if (EFI_ERROR(status))
		goto out_free;
	status = efi_leave(image, handoff);
	if (EFI_ERROR(status))
		goto out_free;
	handoff->boot.firmware_tsc = efi_read_tsc();
	enter_kernel(&kernel, handoff);

out_free:
	efi_free(kernel.pages, kernel.nr_pages);
	efi_free((void *)handoff->boot.initrd, EFI_PAGES(handoff->boot.initrd_size));
	efi_free(handoff, handoff_pages);
	return status;
}

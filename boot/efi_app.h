/* SPDX-License-Identifier: MIT */
/*
 * Inside the UEFI application build/softnet.efi: declarations that its files share.
 *
 * The application is a program of its own: it runs on the firmware, one thread, interrupts the
 * firmware's, and ends where the kernel begins.  efi_main.c is its main(), as a list of calls.
 * Answers to the UEFI specification 2.10, and to Linux's drivers/firmware/efi/libstub.
 */
#ifndef BOOT_EFI_APP_H
#define BOOT_EFI_APP_H

/* <efi.h> is only for the application's own files; the kernel never sees a firmware type. */
#include <efi.h>

#include "boot/uefi_handoff.h"
#include "kernel/types.h"

#define EFI_PAGE     4096UL
#define EFI_BELOW_4G 0xffffffffUL /* the kernel's entry and boot tables reach no further */
#define EFI_PAGES(n) (((n) + EFI_PAGE - 1) / EFI_PAGE)

struct efi_kernel {
	u64 entry; /* physical address of uefi_start, where it was loaded */
	void *pages;
	UINTN nr_pages;
};

extern EFI_SYSTEM_TABLE *efi_system;
extern EFI_BOOT_SERVICES *efi_boot;

/* ---- efi_say.c ---- */
/* A line on the firmware's console, "softnet: " before it.  Not after ExitBootServices(). */
void efi_say(const char *fmt, ...) __printf_like(1, 2);
/* Reports that @what failed, with the reason in words; returns @status. */
EFI_STATUS efi_failed(EFI_STATUS status, const char *what);
/* After ExitBootServices() was tried: prints to the serial port, then stops the CPU. */
void __noreturn efi_stop(const char *why);

/* ---- efi_main.c ---- */
u64 efi_read_tsc(void);

/* ---- efi_clock.c ---- */
/* The time of day, where the firmware has it. */
void efi_find_time(struct boot_info *boot);

/* ---- efi_cmdline.c ---- */
/* Load options, else cmdline.txt on the volume we came from, else the built-in text. */
void efi_find_cmdline(EFI_HANDLE image, struct boot_info *boot);

/* ---- efi_elf.c ---- */
/* Loads the kernel that is embedded in this file, with @tail pages free behind it. */
EFI_STATUS efi_load_kernel(struct efi_kernel *kernel, UINTN tail);

/* ---- efi_memory.c ---- */
/* Zeroed pages below 4 GiB, which the kernel may reuse later; NULL: there are none. */
void *efi_alloc_low(UINTN pages);
/* Before returning to the firmware; NULL does nothing. */
void efi_free(void *p, UINTN pages);
/* How many pages the kernel may need behind its image for its first page tables. */
EFI_STATUS efi_count_tables(UINTN *pages);
/* The end of the firmware: ExitBootServices(), then its last memory map into @handoff. */
EFI_STATUS efi_leave(EFI_HANDLE image, struct uefi_handoff *handoff);

#endif

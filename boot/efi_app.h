/* SPDX-License-Identifier: MIT */
/*
 * The UEFI application build/softnet.efi: declarations shared by its files.
 *
 * The application is a separate program.  It runs on the firmware, in one thread; the firmware
 * handles interrupts.  At the end the application jumps into the kernel.  efi_main.c has the main
 * function, a list of calls.  Compare the UEFI specification 2.10, and Linux's
 * drivers/firmware/efi/libstub.
 */
#ifndef BOOT_EFI_APP_H
#define BOOT_EFI_APP_H

/* Only the application's own files may include <efi.h>: the kernel uses no type of the firmware. */
#include <efi.h>

#include "boot/uefi_handoff.h"
#include "kernel/types.h"

#define EFI_PAGE 4096UL
/* the kernel's entry and boot page tables only use memory below this address */
#define EFI_BELOW_4G 0xffffffffUL
#define EFI_PAGES(n) (((n) + EFI_PAGE - 1) / EFI_PAGE)

struct efi_kernel {
	u64 entry; /* physical address at which the loaded kernel's uefi_start lies */
	void *pages;
	UINTN nr_pages;
};

extern EFI_SYSTEM_TABLE *efi_system;
extern EFI_BOOT_SERVICES *efi_boot;

/* ---- efi_say.c ---- */
/*
 * Prints a line, prefixed by "softnet: ", on the firmware's console.  Must not be called after
 * ExitBootServices().
 */
void efi_say(const char *fmt, ...) __printf_like(1, 2);
/* Prints a line that says that @what failed, with a text for @status.  Returns @status. */
EFI_STATUS efi_failed(EFI_STATUS status, const char *what);
/*
 * Prints @why on the serial port and stops the CPU.  For errors after the first try of
 * ExitBootServices(), when the firmware's console may no longer work.
 */
void __noreturn efi_stop(const char *why);

/* ---- efi_main.c ---- */
u64 efi_read_tsc(void);

/* ---- efi_clock.c ---- */
/* Reads the time of day into @boot, if the firmware has a clock. */
void efi_find_time(struct boot_info *boot);

/* ---- efi_cmdline.c ---- */
/*
 * Sets the command line: load options, else cmdline.txt on @volume (which may be NULL), else the
 * built-in text.
 */
void efi_find_cmdline(EFI_HANDLE image, EFI_FILE_HANDLE volume, struct boot_info *boot);

/* ---- efi_initrd.c ---- */
/*
 * Opens the root directory of the volume that this application was loaded from.  NULL if the
 * application was loaded over the network or by QEMU instead.
 */
EFI_FILE_HANDLE efi_open_volume(EFI_HANDLE image);
/* If the volume has an initrd, allocates memory and reads the initrd into it. */
void efi_find_initrd(EFI_FILE_HANDLE volume, struct boot_info *boot);

/* ---- efi_elf.c ---- */
/*
 * Loads the kernel that is embedded in the application, and reserves @tail pages behind the kernel.
 */
EFI_STATUS efi_load_kernel(struct efi_kernel *kernel, UINTN tail);

/* ---- efi_memory.c ---- */
/*
 * Allocates zeroed pages below 4 GiB, which the kernel may reuse later.  Returns NULL if there are
 * none.
 */
void *efi_alloc_low(UINTN pages);
/* Frees pages of efi_alloc_low(), before a return to the firmware.  @p may be NULL. */
void efi_free(void *p, UINTN pages);
/* Computes how many pages the kernel may need behind its image for its first page tables. */
EFI_STATUS efi_count_tables(UINTN *pages);
/* Calls ExitBootServices() and stores the firmware's last memory map in @handoff. */
EFI_STATUS efi_leave(EFI_HANDLE image, struct uefi_handoff *handoff);

#endif

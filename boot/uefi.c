/* SPDX-License-Identifier: MIT */
/*
 * The kernel's part of the UEFI boot: copies the UEFI application's struct boot_info.
 *
 * Caller: boot/uefi.S, once.  Context: interrupts off, boot stack, boot page tables, which map the
 * first 4 GiB in the direct map.  boot/efi_main.c, which ran before, is a separate program on the
 * firmware.
 */
#include "boot/boot_info.h"
#include "boot/uefi_handoff.h"
#include "kernel/lib/string.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/setup.h"

void __noreturn uefi_main(u32 handoff_pa, s64 offset);

static struct boot_info boot_info;

void __noreturn uefi_main(u32 handoff_pa, s64 offset)
{
	struct uefi_handoff *handoff = (void *)(DIRECT_MAP_BASE + handoff_pa);
	struct boot_info *boot = &boot_info;

	image_offset = offset;
	x86_console_init();
	if (handoff->magic != UEFI_HANDOFF_MAGIC || handoff->size != sizeof(*handoff))
		x86_boot_failure(
			"UEFI: the application that loaded this kernel is not of its build");
	if (handoff->map_cut)
		x86_boot_warning("the memory map has too many entries: some memory is not used");

	*boot = handoff->boot;
	boot->door = "UEFI";
	/* The allocator gives out this page later, so erase the seed in it. */
	memset(handoff, 0, sizeof(*handoff));
	x86_start(boot);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a door to kernel_main(): called by both entries once they run in the higher half, in 64-bit
 * mode, with the first 4 GiB of memory in the direct map.
 *
 * Boot only, interrupts off, on the boot stack.
 */
#ifndef KERNEL_X86_SETUP_H
#define KERNEL_X86_SETUP_H

#include "boot/boot_info.h"

/* How far from its linked physical address the image was loaded; set before anything else. */
extern s64 image_offset;

/* Called first, so that the door itself can report errors: initialises the serial port only. */
void x86_console_init(void);

/*
 * Moves the image; sets CPU modes, descriptor tables, exceptions, the final page tables; then calls
 * kernel_main().  @boot holds the loader's memory map; the image and its page tables are added to
 * it here.
 */
void __noreturn x86_start(struct boot_info *boot);
/* The second half of x86_start(), with the image in its final place (kernel/x86/kaslr.c). */
void __noreturn x86_start_moved(struct boot_info *boot);

/* The stack protector's canary, random at each boot; the caller, and its callers, must never return. */
void stack_protector_init(void);

/* Before there is a log: a line on the console. */
void x86_boot_warning(const char *what);
/* The same, then the CPU stops. */
void __noreturn x86_boot_failure(const char *why);

#endif

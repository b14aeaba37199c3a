/* SPDX-License-Identifier: MIT */
/*
 * The boot from the entry code to kernel_main().  Both entries (boot/pvh.S, boot/uefi.S) call these
 * functions once they run in 64-bit mode at the image's high virtual addresses, with the first 4
 * GiB of memory in the direct map.
 *
 * Boot only, interrupts off, on the boot stack.
 */
#ifndef KERNEL_X86_SETUP_H
#define KERNEL_X86_SETUP_H

#include "boot/boot_info.h"

/*
 * Distance from the image's linked physical address to the physical address where it was loaded.
 * The entry code sets it before anything else.
 */
extern s64 image_offset;

/* Initialises the serial port.  Called first, so that the entry code itself can report errors. */
void x86_console_init(void);

/*
 * Moves the image; sets CPU modes, descriptor tables, exceptions, and the final page tables; then
 * calls kernel_main().  @boot has the boot loader's memory map, to which the image and its page
 * tables are added.
 */
void __noreturn x86_start(struct boot_info *boot);
/*
 * The second half of x86_start(), called by kaslr_start() when the image is at its final address.
 */
void __noreturn x86_start_moved(struct boot_info *boot);

/*
 * Sets the stack protector's canary, random at each boot.  The caller, and all its callers, must
 * never return, because the canary has changed since they began.
 */
void stack_protector_init(void);

/* Prints a line on the console, before there is a log. */
void x86_boot_warning(const char *what);
/* Prints a line on the console, and stops the CPU. */
void __noreturn x86_boot_failure(const char *why);

#endif

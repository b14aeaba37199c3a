/* SPDX-License-Identifier: MIT */
/*
 * The random position of the kernel image in virtual memory.
 */
#ifndef KERNEL_X86_KASLR_H
#define KERNEL_X86_KASLR_H

#include "boot/boot_info.h"

/*
 * Distance of the image's virtual address from the one for which it was linked: bytes upwards, a
 * multiple of 2 MiB; 0 with the option `nokaslr`.
 */
extern u64 image_slide;

/*
 * Moves the image and continues at its new address, on an empty boot stack, with
 * x86_start_moved(@boot) (kernel/x86/setup.c). x86_start() calls this first, on the boot tables.
 */
void __noreturn kaslr_start(struct boot_info *boot);
/*
 * Prints the slide at loglevel=debug, to the console only and not to the log: an application may
 * show the log to its peers, and the address is a secret.
 */
void kaslr_announce(void);
/*
 * Registers the option `nokaslr`, so that cmdline_parse() does not report it as unknown.
 * kaslr_start() has searched the command line for it long before.
 */
void kaslr_register_param(void);

#endif

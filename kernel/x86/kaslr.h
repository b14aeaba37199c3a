/* SPDX-License-Identifier: MIT */
/*
 * The image's place in virtual memory.
 */
#ifndef KERNEL_X86_KASLR_H
#define KERNEL_X86_KASLR_H

#include "boot/boot_info.h"

/* How far above its linked virtual address the image lies, a multiple of 2 MiB; 0 with `nokaslr`. */
extern u64 image_slide;

/*
 * Called first, behind the door, on the boot tables: moves the image, and continues in its new
 * place, on an empty boot stack, with x86_start_moved(@boot) (kernel/x86/setup.c).
 */
void __noreturn kaslr_start(struct boot_info *boot);
/*
 * At loglevel=debug, to the console only: any peer may read the log, and the address is a secret.
 */
void kaslr_announce(void);
/*
 * Registers the word `nokaslr`, which was read long before, so that it is not reported as unknown.
 */
void kaslr_register_param(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The UEFI application's information for the kernel: a struct boot_info, at a physical address
 * below 4 GiB, in memory that the kernel's allocator later gives out.
 *
 * boot/efi_memory.c and boot/efi_main.c fill it, boot/uefi.c copies it.  The application and the
 * kernel are built into one file, build/softnet.efi.  The kernel compares the size nevertheless,
 * because a user may combine the application with another kernel.
 */
#ifndef BOOT_UEFI_HANDOFF_H
#define BOOT_UEFI_HANDOFF_H

#include "boot/boot_info.h"

#define UEFI_HANDOFF_MAGIC 0x74656e74666f7331 /* "1softnet" */

/*
 * The application finds the kernel's entry by this ELF note, whose value is the entry's linked
 * physical address.
 */
#define UEFI_NOTE_NAME "softnet"
#define UEFI_NOTE_TYPE 1

struct uefi_handoff {
	u64 magic;
	u64 size;              /* sizeof(struct uefi_handoff) */
	bool map_cut;          /* the memory map had more than BOOT_MEM_MAX entries after merging */
	struct boot_info boot; /* every field except .door is set */
};

#endif

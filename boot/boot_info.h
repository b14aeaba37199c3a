/* SPDX-License-Identifier: MIT */
/*
 * The boot's input to the kernel.
 *
 * Both doors (PVH entry, UEFI application) and the hosted build fill one struct boot_info, so that
 * kernel_main() need not know which one it came from.  Written once before kernel_main(), read-only
 * afterwards.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "kernel/types.h"

#define BOOT_CMDLINE_MAX 2048 /* bytes, including the NUL; a longer one is cut and said to be cut */
#define BOOT_MEM_MAX     128  /* entries of the memory map; more are dropped, and said to be */
#define BOOT_SEED_MAX    64   /* bytes of the door's randomness: twice the generator's key */

enum boot_mem_type {
	BOOT_MEM_USABLE,   /* RAM that the kernel may take */
	BOOT_MEM_RESERVED, /* firmware, ACPI, holes: never touched by the allocator */
	BOOT_MEM_KERNEL,   /* the image itself, its page tables and this struct */
};

struct boot_mem {
	phys_addr_t base; /* any alignment; the allocator rounds inwards */
	u64 size;         /* bytes */
	enum boot_mem_type type;
};

struct boot_info {
	const char *door; /* "PVH", "UEFI" or "host": for the log */
	phys_addr_t rsdp; /* ACPI root pointer, 0 where there is none */
	u64 entry_tsc;    /* TSC at our first instruction, for the boot timeline, ... */
	u64 firmware_tsc; /* ... after ExitBootServices() (0: no firmware), ... */
	u64 hall_tsc;     /* ... and where the doors meet, in x86_start() */
	u64 wall_tsc;     /* TSC at @wall_seconds; 0: the door does not know the time of day */
	s64 wall_seconds; /* since 1970-01-01 UTC */
	unsigned int nr_mem;
	bool cmdline_cut;      /* the command line was longer than BOOT_CMDLINE_MAX */
	unsigned int seed_len; /* bytes of @seed; 0 where the door has no randomness to give */
	u8 seed[BOOT_SEED_MAX];
	struct boot_mem mem[BOOT_MEM_MAX];
	char cmdline[BOOT_CMDLINE_MAX];
};

#endif

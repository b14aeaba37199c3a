/* SPDX-License-Identifier: MIT */
/*
 * The loader's information for the kernel.
 *
 * The PVH entry, the UEFI application and the hosted build each fill one struct boot_info, so that
 * kernel_main() need not know how the kernel was started.  Written once before kernel_main(),
 * read-only afterwards.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "kernel/types.h"

/* bytes of the command line with its NUL; a longer one is cut, which the kernel reports */
#define BOOT_CMDLINE_MAX 2048
/* entries of the memory map; further entries are dropped, which the kernel reports */
#define BOOT_MEM_MAX 128
/* bytes of randomness that the loader can pass: twice the size of the generator's key */
#define BOOT_SEED_MAX 64

enum boot_mem_type {
	BOOT_MEM_USABLE,   /* RAM that the kernel may use */
	BOOT_MEM_RESERVED, /* firmware, ACPI, holes: never given to the allocator */
	BOOT_MEM_KERNEL,   /* the image, its page tables and this struct */
	BOOT_MEM_INITRD,   /* whole pages of the initrd: each is freed or becomes a file's page */
};

struct boot_mem {
	/* any alignment; the allocator rounds the range to whole pages inside it */
	phys_addr_t base;
	u64 size; /* bytes */
	enum boot_mem_type type;
};

struct boot_info {
	const char *door; /* how the kernel was entered: "PVH", "UEFI" or "host"; for the log */
	phys_addr_t rsdp; /* physical address of ACPI's root pointer; 0: the loader found none */
	u64 entry_tsc;    /* TSC at the first instruction of the kernel or the UEFI application */
	/* TSC after ExitBootServices(); 0: the kernel was not started by UEFI firmware */
	u64 firmware_tsc;
	u64 hall_tsc;       /* TSC at x86_start(), after boot/pvh.S or boot/uefi.S */
	u64 wall_tsc;       /* TSC at the time @wall_seconds; 0: time of day unknown */
	s64 wall_seconds;   /* since 1970-01-01 UTC */
	phys_addr_t initrd; /* the initrd's physical address */
	u64 initrd_size;    /* bytes; 0: there is none */
	/* the archive that is linked into the image (boot/pack.S), in whole pages; used if there is no initrd */
	phys_addr_t pack;
	u64 pack_size; /* bytes; 0: there is none */
	unsigned int nr_mem;
	bool cmdline_cut;      /* the command line was cut at BOOT_CMDLINE_MAX */
	unsigned int seed_len; /* bytes in @seed; 0: the loader gave no randomness */
	u8 seed[BOOT_SEED_MAX];
	struct boot_mem mem[BOOT_MEM_MAX];
	char cmdline[BOOT_CMDLINE_MAX];
};

#endif

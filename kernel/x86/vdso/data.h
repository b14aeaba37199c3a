/* SPDX-License-Identifier: MIT */
/*
 * The page that the kernel and the vDSO share: the factors of the clock.  The kernel writes it, the
 * program can only read it.
 */
#ifndef KERNEL_X86_VDSO_DATA_H
#define KERNEL_X86_VDSO_DATA_H

#include "kernel/types.h"

struct vdso_data {
	u32 sequence; /* odd while the kernel changes the fields below */
	u32 pad;
	u64 base_tsc;
	u64 ns_per_tsc;  /* << 32 */
	u64 wall_offset; /* time of day minus the monotonic clock, ns */
};

#endif

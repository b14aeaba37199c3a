/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses of the kernel's text.
 *
 * Any context, also while dying: no lock, no memory.
 */
#ifndef KERNEL_X86_KSYMS_H
#define KERNEL_X86_KSYMS_H

#include "kernel/types.h"

#define KSYM_NAME_MAX 64 /* bytes of a name with its NUL; tools/ksyms.py cuts a longer one */

struct ksym {
	char name[KSYM_NAME_MAX];
	u64 offset; /* of the address in the function */
	u64 size;   /* to the next function */
};

/* False where @address lies in no function of the image. */
bool ksym_find(u64 address, struct ksym *sym);

#endif

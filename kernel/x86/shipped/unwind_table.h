/* SPDX-License-Identifier: MIT */
/* The table of frames that tools/unwind.py makes and describes. */
#ifndef KERNEL_X86_SHIPPED_UNWIND_TABLE_H
#define KERNEL_X86_SHIPPED_UNWIND_TABLE_H

#include "kernel/types.h"

struct unwind_table {
	const u8 *start, *end;
	u64 text; /* the address that it counts from */
};

/* How to get from an instruction's registers to its caller's. */
struct unwind_rule {
	u64 cfa;     /* bytes from the register below to the caller's rsp */
	bool by_bp;  /* from rbp; else from rsp */
	u64 bp_down; /* the caller's rbp is saved so many bytes below its rsp; 0: it is in rbp */
};

/* False where no rule is known for @address, or the table is damaged.  Never reads outside of it. */
bool unwind_rule_find(const struct unwind_table *table, u64 address, struct unwind_rule *rule);

#endif

/* SPDX-License-Identifier: MIT */
/* The table of stack frames. tools/unwind.py makes it and describes its format. */
#ifndef KERNEL_X86_SHIPPED_UNWIND_TABLE_H
#define KERNEL_X86_SHIPPED_UNWIND_TABLE_H

#include "kernel/types.h"

struct unwind_table {
	const u8 *start, *end;
	u64 text; /* the address at which the table's first row begins */
};

/* The rule to compute the caller's registers from the registers at an instruction. */
struct unwind_rule {
	u64 cfa;    /* distance from rbp or rsp (see by_bp) to the caller's rsp, bytes */
	bool by_bp; /* cfa is relative to rbp, not to rsp */
	/*
	 * The caller's rbp is saved this many bytes below the caller's rsp; 0: it is still in rbp.
	 */
	u64 bp_down;
};

/*
 * Finds the rule for @address.  Returns false if there is none, or the table is damaged.  Never
 * reads outside of the table.
 */
bool unwind_rule_find(const struct unwind_table *table, u64 address, struct unwind_rule *rule);

#endif

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

struct ksym_table {
	const u8 *start, *end;
	u64 text, text_end; /* the addresses that it speaks of */
};

struct ksym {
	char name[KSYM_NAME_MAX];
	u64 offset; /* of the address in the function */
	u64 size;   /* to the next function */
};

extern const struct ksym_table image_symbols;

/* False where @address lies in no function of the image, or the table is not there. */
bool ksym_find(const struct ksym_table *table, u64 address, struct ksym *sym);

/*
 * Prints "name+0x12/0x80 net/tcp/tcp_ipv4.c:231"; the line only if it is known; "?" without a symbol.
 * It describes the instruction that begins at @pc.  With @after: the instruction that ends at @pc,
 * because a return address points behind its call.
 */
void ksym_print(u64 pc, bool after, char *buf, size_t size);

#endif
